/* See client_tcp.h and client_link.h. */
#include "client_tcp.h"

#include "h1_client.h"
#include "h2_client.h"
#include "net_tcp.h"

#include <assert.h>

struct tcp_link {
    struct tri_client_link link; /* first */
    struct tri_client *client;
    struct tri_tcp *tcp;
    struct tri_list node; /* in client->tcp_links */
    bool is_finishing;
};

static struct tcp_link *tcp_of(struct tri_client_link *link)
{
    return TRI_CONTAINER_OF(link, struct tcp_link, link);
}

static void free_adapter(struct tcp_link *t)
{
    struct tri_conn *adapter = t->link.adapter;
    if (adapter) {
        adapter->ops->free(adapter); /* while its connection still knows it: calls end by it */
        t->link.adapter = NULL;
    }
}

static struct tri_client_traffic traffic_of(const struct tri_client_link *link)
{
    const struct tcp_link *t = (const struct tcp_link *)link;
    return (struct tri_client_traffic){.bytes_in = tri_tcp_read_bytes(t->tcp),
                                       .bytes_out = tri_tcp_taken_bytes(t->tcp)};
}

static void save_ticket(struct tri_client_link *link)
{
    struct tcp_link *t = tcp_of(link);
    const struct tri_client_conn *c = link->conn;
    if (t->client->config.resumption) {
        tri_client_tickets_put(&t->client->tickets, c->url.authority, c->tcp_versions,
                               tri_tcp_take_session(t->tcp));
    }
}

/* The connection goes on without this link. */
static void leave(struct tcp_link *t)
{
    struct tri_client_conn *c = t->link.conn;
    const struct tri_client_traffic traffic = traffic_of(&t->link);
    save_ticket(&t->link);
    free_adapter(t);
    c->link = NULL;
    c->traffic.bytes_in += traffic.bytes_in;
    c->traffic.bytes_out += traffic.bytes_out;
    t->link.conn = NULL;
}

/* ------------------------------------------------------------------------- what net tells */

static void take_connected(void *user)
{
    struct tcp_link *t = user;
    (void)tri_client_turn_ns(t->client);
    if (t->link.conn) {
        tri_client_conn_connected(t->link.conn);
        t->link.conn->phase_deadline_ns = UINT64_MAX; /* net has that time */
    }
}

/* Fails the attempt; the socket's on_closed comes to nobody. */
static void give_up(struct tcp_link *t)
{
    struct tri_client_conn *c = t->link.conn;
    leave(t);
    tri_tcp_abort(t->tcp);
    tri_client_conn_lost(c, false);
}

static enum tri_err make_adapter(struct tcp_link *t, bool is_h2, uint64_t now_ns)
{
    const struct tri_call_config config =
        tri_client_conn_call_config(t->link.conn, is_h2 ? "h2" : "http/1.1");
    if (is_h2) {
        t->link.calls = &tri_h2_client_calls;
        return tri_h2_client_new(&t->link.adapter, &config, now_ns);
    }
    t->link.calls = &tri_h1_client_calls;
    if (t->client->config.io_uring) {
        tri_tcp_use_ring(t->tcp); /* one socket a connection: there are many */
    }
    return tri_h1_client_new(&t->link.adapter, &config, now_ns);
}

static void take_ready(void *user, const char *alpn)
{
    struct tcp_link *t = user;
    struct tri_client_conn *c = t->link.conn;
    const uint64_t now_ns = tri_client_turn_ns(t->client);
    if (!c) {
        return;
    }
    const bool is_h2 = strcmp(alpn, "h2") == 0;
    if (!(c->tcp_versions & (is_h2 ? TRI_HTTP_2 : TRI_HTTP_1_1))) {
        tri_client_fault_set(&c->fault, TRI_FAULT_VERSION, "%s was offered, and the server took %s",
                             tri_client_versions_text(c->tcp_versions), alpn);
        give_up(t);
        return;
    }
    const struct tri_carrier carrier = {
        .http = is_h2 ? "h2" : "http/1.1",
        .tls_version = tri_tcp_tls_version(t->tcp),
        .tls_cipher = tri_tcp_tls_cipher(t->tcp),
        .tls_group = tri_tcp_tls_group(t->tcp),
    };
    tri_client_conn_secured(c, &carrier, tri_tcp_tls_is_resumed(t->tcp));
    if (make_adapter(t, is_h2, now_ns) != TRI_OK) {
        t->link.adapter = NULL;
        tri_client_fault_set(&c->fault, TRI_FAULT_MEMORY, "memory is short");
        give_up(t);
    }
}

static void take_data(void *user, const uint8_t *data, size_t len)
{
    struct tcp_link *t = user;
    const uint64_t now_ns = tri_client_turn_ns(t->client);
    struct tri_conn *adapter = t->link.adapter;
    if (!t->link.conn || !adapter) {
        return;
    }
    /* A failed connection says so by is_done, once its last words were sent. */
    const enum tri_err err = adapter->ops->recv(adapter, data, len, now_ns);
    (void)err;
    tri_tcp_read(t->tcp, adapter->ops->wants_read(adapter)); /* perhaps no more within the turn */
    tri_client_conn_mark_dirty(t->link.conn);
}

static void take_eof(void *user, bool orderly)
{
    struct tcp_link *t = user;
    const uint64_t now_ns = tri_client_turn_ns(t->client);
    struct tri_conn *adapter = t->link.adapter;
    if (t->link.conn && adapter) {
        adapter->ops->recv_eof(adapter, orderly, now_ns);
        tri_client_conn_mark_dirty(t->link.conn);
    }
}

static size_t pull(void *user, struct tri_slice *out, size_t max)
{
    struct tcp_link *t = user;
    struct tri_conn *adapter = t->link.adapter;
    if (!t->link.conn || !adapter || t->is_finishing) {
        return 0;
    }
    const size_t len = adapter->ops->send(adapter, out, max, tri_client_turn_ns(t->client));
    if (len == 0 && (adapter->ops->is_done(adapter) || adapter->ops->is_aborted(adapter))) {
        tri_client_conn_mark_dirty(t->link.conn); /* else nothing is new, and turns would not end */
    }
    return len;
}

/* TLS failed: by the certificate, by the choice of a version, or by anything else. */
static void say_tls(const struct tcp_link *t, struct tri_client_conn *c)
{
    const char *text = tri_tcp_error_text(t->tcp);
    if (tri_tcp_is_certificate_fault(t->tcp)) {
        tri_client_fault_set(&c->fault, TRI_FAULT_CERTIFICATE,
                             "the certificate of %s is not to be trusted: %s", c->url.authority,
                             text);
    } else if (tri_tcp_is_version_fault(t->tcp)) {
        tri_client_fault_set(&c->fault, TRI_FAULT_VERSION,
                             "%s was offered, and the server took none of it: %s",
                             tri_client_versions_text(c->tcp_versions), text);
    } else {
        tri_client_fault_set(&c->fault, TRI_FAULT_TLS, "TLS with %s failed: %s", c->url.authority,
                             text);
    }
}

static void say_end(const struct tcp_link *t, struct tri_client_conn *c, enum tri_tcp_end end)
{
    const char *text = tri_tcp_error_text(t->tcp);
    switch (end) {
    case TRI_TCP_TLS_FAILED:
        say_tls(t, c);
        break;
    case TRI_TCP_UNREACHED:
        tri_client_fault_set(&c->fault, TRI_FAULT_CONNECT, "%s cannot be reached: %s", c->remote,
                             text);
        break;
    case TRI_TCP_CONNECT_TIMEOUT:
        tri_client_fault_set(&c->fault, TRI_FAULT_TIMEOUT, "nobody at %s answered in time",
                             c->remote);
        break;
    case TRI_TCP_HANDSHAKE_TIMEOUT:
        tri_client_fault_set(&c->fault, TRI_FAULT_TIMEOUT, "TLS with %s took too long", c->remote);
        break;
    case TRI_TCP_CLOSED:
    case TRI_TCP_LOST:
        tri_client_fault_set(&c->fault, TRI_FAULT_LOST, "the connection to %s was lost%s%s",
                             c->remote, text[0] != '\0' ? ": " : "", text);
        break;
    }
}

static void take_closed(void *user, enum tri_tcp_end end)
{
    struct tcp_link *t = user;
    struct tri_client *client = t->client;
    struct tri_client_conn *c = t->link.conn;
    (void)tri_client_turn_ns(client);
    if (c) {
        say_end(t, c, end);
        leave(t);
        tri_client_conn_lost(c, end == TRI_TCP_UNREACHED || end == TRI_TCP_CONNECT_TIMEOUT);
    }
    tri_list_remove(&t->node);
    tri_alloc_release(client->config.alloc, t);
}

static const struct tri_tcp_events events = {
    .on_ready = take_ready,
    .on_data = take_data,
    .on_eof = take_eof,
    .pull = pull,
    .on_closed = take_closed,
    .on_connected = take_connected,
};

/* -------------------------------------------------------------------- what the connection asks */

static void progress(struct tri_client_link *link)
{
    (void)link; /* net tells each step by itself */
}

static void flush(struct tri_client_link *link, uint64_t now_ns)
{
    (void)now_ns;
    struct tcp_link *t = tcp_of(link);
    const struct tri_client_conn *c = link->conn;
    tri_tcp_flush(t->tcp);
    if (c->link == link && link->adapter) {
        tri_tcp_read(t->tcp, link->adapter->ops->wants_read(link->adapter));
    }
}

static uint64_t deadline_ns(const struct tri_client_link *link)
{
    return link->adapter ? link->adapter->ops->deadline_ns(link->adapter) : UINT64_MAX;
}

static void expire(struct tri_client_link *link, uint64_t now_ns)
{
    link->adapter->ops->expire(link->adapter, now_ns);
}

static void finish(struct tri_client_link *link)
{
    struct tcp_link *t = tcp_of(link);
    t->is_finishing = true;
    tri_tcp_close(t->tcp, TRI_LINGER_MS);
}

static void drop(struct tri_client_link *link)
{
    struct tcp_link *t = tcp_of(link);
    free_adapter(t);
    link->conn = NULL;
    if (!t->is_finishing) {
        tri_tcp_abort(t->tcp);
    }
}

static const struct tri_client_link_ops ops = {
    .progress = progress,
    .flush = flush,
    .deadline_ns = deadline_ns,
    .expire = expire,
    .finish = finish,
    .drop = drop,
    .traffic = traffic_of,
    .save_ticket = save_ticket,
};

static enum tri_err dial(struct tcp_link *t, struct tri_client_conn *c, const struct tri_addr *addr)
{
    const struct tri_client *client = t->client;
    const uint64_t timeout_ms = client->config.limits.handshake_timeout_ms;
    WOLFSSL_SESSION *resume =
        tri_client_tickets_take(&t->client->tickets, c->url.authority, c->tcp_versions);
    const struct tri_tcp_dial dial = {
        .remote = addr,
        .tls = &client->tcp_tls,
        .host = c->url.host,
        .versions = c->tcp_versions,
        .resume = resume,
        .connect_timeout_ms = timeout_ms,
        .handshake_timeout_ms = timeout_ms,
    };
    const enum tri_err err = tri_tcp_dial(&t->tcp, client->loop, &dial, &events, t);
    wolfSSL_SESSION_free(resume); /* NULL is fine */
    return err;
}

void tri_client_tcp_start(struct tri_client_conn *c, const struct tri_addr *addr)
{
    struct tri_client *client = c->client;
    struct tcp_link *t = tri_alloc_zero(client->config.alloc, sizeof *t);
    if (!t) {
        tri_client_fault_set(&c->fault, TRI_FAULT_MEMORY, "memory is short");
        return;
    }
    t->client = client;
    tri_list_init(&t->node);
    t->link = (struct tri_client_link){.ops = &ops, .conn = c};
    const enum tri_err err = dial(t, c, addr);
    if (err != TRI_OK) {
        tri_client_fault_set(&c->fault, err == TRI_ERR_NOMEM ? TRI_FAULT_MEMORY : TRI_FAULT_CONNECT,
                             "no connection to %s can be started: %s", c->remote,
                             tri_err_text(err));
        tri_alloc_release(client->config.alloc, t);
        return;
    }
    tri_list_append(&client->tcp_links, &t->node);
    c->link = &t->link;
}

void tri_client_tcp_cut_all(struct tri_client *client)
{
    for (struct tri_list *at = client->tcp_links.next; at != &client->tcp_links; at = at->next) {
        tri_tcp_abort(TRI_CONTAINER_OF(at, struct tcp_link, node)->tcp);
    }
}
