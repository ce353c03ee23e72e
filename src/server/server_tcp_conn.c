/* See server_tcp_conn.h: one connection, and what net tells it; turns are in server_tcp_conns.c. */
#include "server_tcp_internal.h"

#include "h1_conn.h"
#include "h1_refuser.h"
#include "h2_conn.h"
#include "server_request.h"

#include <assert.h>

void tri_tcp_conn_set_phase(struct tri_tcp_conn *c, enum tri_tcp_phase phase)
{
    assert(phase > c->phase);
    c->phase = phase;
}

void tri_tcp_conn_mark_dirty(struct tri_link *link)
{
    struct tri_tcp_conn *c = TRI_CONTAINER_OF(link, struct tri_tcp_conn, link);
    if (!tri_list_is_linked(&c->dirty)) {
        tri_list_append(&link->hub->dirty, &c->dirty);
    }
}

void tri_tcp_conn_free_adapter(struct tri_tcp_conn *c)
{
    if (c->conn) {
        struct tri_conn *conn = c->conn;
        conn->ops->free(conn);
        c->conn = NULL;
        assert(c->sockets_open == 0);
    }
}

/* ------------------------------------------------------------------------- what net tells */

static struct tri_conn_config make_config(struct tri_tcp_conn *c, const char *http)
{
    const struct tri_hub *hub = c->link.hub;
    const struct tri_config *config = tri_hub_config(hub);
    return (struct tri_conn_config){
        .alloc = hub->shared->alloc,
        .limits = &config->limits,
        .log = &config->log,
        .events = &tri_request_exchange_events,
        .user = &c->link,
        .carrier =
            {
                .conn_id = c->id,
                .http = http,
                .remote = c->remote,
                .tls_version = tri_tcp_tls_version(c->tcp),
                .tls_cipher = tri_tcp_tls_cipher(c->tcp),
                .tls_group = tri_tcp_tls_group(c->tcp),
            },
        .extended_connect = c->port->extended_connect,
        .metrics = c->link.metrics,
    };
}

static enum tri_err make_adapter(struct tri_tcp_conn *c, bool is_h2, uint64_t now_ns)
{
    const struct tri_conn_config config = make_config(c, is_h2 ? "h2" : "http/1.1");
    if (c->port->cleartext) {
        return tri_h1_refuser_new(&c->conn, &config, c->port->redirect_port, now_ns);
    }
    return is_h2 ? tri_h2_conn_new(&c->conn, &config, now_ns)
                 : tri_h1_conn_new(&c->conn, &config, now_ns);
}

static void log_open(const struct tri_tcp_conn *c, const char *http)
{
    TRI_LOG(tri_hub_log(c->link.hub), DEBUG, "conn.open", TRI_KV_U("conn", c->id),
            TRI_KV_S("http", http), TRI_KV_S("remote", c->remote),
            TRI_KV_S("tls", tri_tcp_tls_version(c->tcp)),
            TRI_KV_S("cipher", tri_tcp_tls_cipher(c->tcp)),
            TRI_KV_S("group", tri_tcp_tls_group(c->tcp)));
}

static void charge_tls(struct tri_tcp_conn *c, size_t len)
{
    struct tri_budget *budget = &c->link.hub->shared->budget;
    tri_budget_refund(budget, c->tls_bytes);
    tri_budget_charge(budget, len);
    c->tls_bytes = len;
}

static void take_ready(void *user, const char *alpn)
{
    struct tri_tcp_conn *c = user;
    if (c->phase != TRI_TCP_PHASE_HANDSHAKE) {
        return;
    }
    charge_tls(c, c->port->cleartext ? 0 : TRI_TLS_OPEN_BYTES);
    bool is_h2 = strcmp(alpn, "h2") == 0;
    c->link.metrics = &c->link.hub->metrics.http[is_h2 ? TRI_METRICS_H2 : TRI_METRICS_H1];
    if (make_adapter(c, is_h2, tri_hub_now_ns(c->link.hub)) != TRI_OK) {
        c->conn = NULL;
        tri_tcp_conn_set_phase(c, TRI_TCP_PHASE_LINGER);
        tri_tcp_abort(c->tcp);
        return;
    }
    tri_tcp_conn_set_phase(c, TRI_TCP_PHASE_OPEN);
    c->opened = true;
    tri_metrics_conn_opened(c->link.metrics);
    c->link.hub->metrics.resumed += tri_tcp_tls_is_resumed(c->tcp);
    log_open(c, is_h2 ? "h2" : "http/1.1");
    tri_tcp_conn_mark_dirty(&c->link); /* h2 has something to say first */
}

static void take_data(void *user, const uint8_t *data, size_t len)
{
    struct tri_tcp_conn *c = user;
    if (c->phase != TRI_TCP_PHASE_OPEN) {
        return;
    }
    /* A failed connection says so by is_done, once its last words were sent. */
    enum tri_err err = c->conn->ops->recv(c->conn, data, len, tri_hub_now_ns(c->link.hub));
    if (err != TRI_OK) {
        TRI_LOG(tri_hub_log(c->link.hub), DEBUG, "conn.fail", TRI_KV_U("conn", c->id),
                TRI_KV_S("remote", c->remote), TRI_KV_S("cause", tri_err_text(err)));
    }
    tri_tcp_read(c->tcp, c->conn->ops->wants_read(c->conn)); /* perhaps no more within the turn */
    tri_tcp_conn_mark_dirty(&c->link);
}

static void take_eof(void *user, bool orderly)
{
    struct tri_tcp_conn *c = user;
    if (c->phase != TRI_TCP_PHASE_OPEN) {
        return;
    }
    c->conn->ops->recv_eof(c->conn, orderly, tri_hub_now_ns(c->link.hub));
    tri_tcp_conn_mark_dirty(&c->link);
}

static size_t pull(void *user, struct tri_slice *out, size_t max)
{
    struct tri_tcp_conn *c = user;
    if (c->phase != TRI_TCP_PHASE_OPEN) {
        return 0;
    }
    size_t len = c->conn->ops->send(c->conn, out, max, tri_hub_now_ns(c->link.hub));
    if (len == 0) {
        tri_tcp_conn_mark_dirty(&c->link); /* it may be done now */
    }
    return len;
}

static void log_close(const struct tri_tcp_conn *c, enum tri_tcp_end end)
{
    static const char *const causes[] = {
        [TRI_TCP_CLOSED] = "closed", [TRI_TCP_TLS_FAILED] = "tls", [TRI_TCP_LOST] = "lost"};
    if (end == TRI_TCP_TLS_FAILED) {
        TRI_LOG(tri_hub_log(c->link.hub), INFO, "tls.fail", TRI_KV_U("conn", c->id),
                TRI_KV_S("remote", c->remote), TRI_KV_S("cause", tri_tcp_error_text(c->tcp)));
    }
    if (c->opened) {
        TRI_LOG(tri_hub_log(c->link.hub), DEBUG, "conn.close", TRI_KV_U("conn", c->id),
                TRI_KV_S("remote", c->remote), TRI_KV_S("cause", causes[end]));
    }
}

static void take_closed(void *user, enum tri_tcp_end end)
{
    struct tri_tcp_conn *c = user;
    struct tri_hub *hub = c->link.hub;
    (void)tri_hub_now_ns(hub);
    log_close(c, end);
    if (c->opened) {
        tri_metrics_conn_closed(c->link.metrics);
        tri_metrics_conn_sockets(c->link.metrics, c->link.sockets_peak);
    } else {
        hub->metrics.handshakes_failed++;
    }
    if (c->phase != TRI_TCP_PHASE_LINGER) {
        tri_tcp_conn_set_phase(c, TRI_TCP_PHASE_LINGER);
    }
    tri_tcp_conn_free_adapter(c);
    c->tcp = NULL;
    tri_heap_remove(&hub->deadlines, &c->deadline);
    tri_list_remove(&c->dirty);
    tri_list_remove(&c->node);
    tri_list_append(&hub->dead, &c->node);
    charge_tls(c, 0);
    tri_gate_leave(hub, c->peer);
}

static const struct tri_tcp_events tcp_events = {
    .on_ready = take_ready,
    .on_data = take_data,
    .on_eof = take_eof,
    .pull = pull,
    .on_closed = take_closed,
};

void *tri_tcp_conn_accept(void *owner, struct tri_tcp *tcp, const struct tri_tcp_events **events)
{
    const struct tri_tcp_port *port = owner;
    struct tri_hub *hub = port->hub;
    const struct tri_addr *remote = tri_tcp_remote(tcp);
    const uint64_t id = tri_gate_enter(hub, remote);
    if (id == 0) {
        return NULL;
    }
    struct tri_peer *peer = NULL;
    struct tri_tcp_conn *c =
        tri_gate_admit(hub, remote, &peer) ? tri_alloc_zero(hub->shared->alloc, sizeof *c) : NULL;
    if (!c || tri_heap_reserve(&hub->deadlines) != TRI_OK) {
        tri_alloc_release(hub->shared->alloc, c);
        tri_gate_leave(hub, peer);
        return NULL;
    }
    c->link = (struct tri_link){.hub = hub,
                                .alt_svc = port->alt_svc,
                                .sockets_open = &c->sockets_open,
                                .wake = tri_tcp_conn_mark_dirty};
    c->port = port;
    c->tcp = tcp;
    c->id = id;
    c->peer = peer;
    charge_tls(c, port->cleartext ? 0 : TRI_TLS_HANDSHAKE_BYTES);
    tri_stall_init(&c->stall);
    tri_addr_format(remote, c->remote);
    tri_list_init(&c->dirty);
    tri_list_init(&c->node);
    tri_list_append(&hub->conns, &c->node);
    tri_heap_set(&hub->deadlines, &c->deadline, UINT64_MAX);
    *events = &tcp_events;
    return c;
}
