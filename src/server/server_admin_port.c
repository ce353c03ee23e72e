/* See server_admin_port.h. */
#include "server_admin_port.h"

#include "h1_conn.h"

#include <assert.h>
#include <errno.h>

struct admin_conn {
    struct tri_admin_link link; /* first: the adapter's user */
    struct tri_admin_port *port;
    struct tri_tcp *tcp;   /* goes by itself after on_closed */
    struct tri_conn *conn; /* owned; NULL before on_ready */
    struct tri_list node;  /* in port->conns, then port->dead */
    struct tri_list dirty; /* in port->dirty */
    struct tri_timeout timeout;
    bool is_shut;        /* it was asked to close politely */
    bool has_ended;      /* net was told to close or cut it */
    size_t sockets_open; /* none ever: a link wants to have it */
    char remote[TRI_ADDR_TEXT_MAX];
};

static struct admin_conn *conn_of(struct tri_list *node)
{
    return TRI_CONTAINER_OF(node, struct admin_conn, node);
}

static void mark_dirty(struct tri_link *link)
{
    struct admin_conn *c = TRI_CONTAINER_OF(link, struct admin_conn, link.link);
    if (!tri_list_is_linked(&c->dirty)) {
        tri_list_append(&c->port->dirty, &c->dirty);
    }
}

static void free_adapter(struct admin_conn *c)
{
    if (c->conn) {
        struct tri_conn *conn = c->conn;
        conn->ops->free(conn);
        c->conn = NULL;
    }
}

static void cut(struct admin_conn *c)
{
    c->has_ended = true;
    tri_tcp_abort(c->tcp);
}

/* ------------------------------------------------------------------------- what net tells */

static void take_ready(void *user, const char *alpn)
{
    (void)alpn; /* in clear it is http/1.1 */
    struct admin_conn *c = user;
    const struct tri_hub *hub = c->port->hub;
    const struct tri_config *config = tri_hub_config(hub);
    const struct tri_conn_config conn_config = {
        .alloc = hub->shared->alloc,
        .limits = &config->limits,
        .log = &config->log,
        .events = &tri_admin_exchange_events,
        .user = &c->link,
        .carrier = {.http = "http/1.1",
                    .remote = c->remote,
                    .tls_version = "",
                    .tls_cipher = "",
                    .tls_group = ""},
    };
    if (tri_h1_conn_new(&c->conn, &conn_config, tri_hub_now_ns(c->port->hub)) != TRI_OK) {
        c->conn = NULL;
        cut(c);
    }
}

static void take_data(void *user, const uint8_t *data, size_t len)
{
    struct admin_conn *c = user;
    if (!c->conn || c->has_ended) {
        return;
    }
    const uint64_t now_ns = tri_hub_now_ns(c->port->hub);
    /* A failed connection says so by is_done, once its last words were sent. */
    enum tri_err ignored = c->conn->ops->recv(c->conn, data, len, now_ns);
    (void)ignored;
    mark_dirty(&c->link.link);
}

static void take_eof(void *user, bool orderly)
{
    struct admin_conn *c = user;
    if (c->conn && !c->has_ended) {
        c->conn->ops->recv_eof(c->conn, orderly, tri_hub_now_ns(c->port->hub));
        mark_dirty(&c->link.link);
    }
}

static size_t pull(void *user, struct tri_slice *out, size_t max)
{
    struct admin_conn *c = user;
    if (!c->conn || c->has_ended) {
        return 0;
    }
    const size_t len = c->conn->ops->send(c->conn, out, max, tri_hub_now_ns(c->port->hub));
    if (len == 0) {
        mark_dirty(&c->link.link); /* it may be done now */
    }
    return len;
}

static void take_closed(void *user, enum tri_tcp_end end)
{
    (void)end;
    struct admin_conn *c = user;
    (void)tri_hub_now_ns(c->port->hub);
    free_adapter(c);
    c->tcp = NULL;
    tri_timeout_disarm(&c->timeout);
    tri_list_remove(&c->dirty);
    tri_list_remove(&c->node);
    tri_list_append(&c->port->dead, &c->node);
    assert(c->port->conns_len > 0);
    c->port->conns_len--;
}

static const struct tri_tcp_events tcp_events = {
    .on_ready = take_ready,
    .on_data = take_data,
    .on_eof = take_eof,
    .pull = pull,
    .on_closed = take_closed,
};

static void *accept_conn(void *owner, struct tri_tcp *tcp, const struct tri_tcp_events **events)
{
    struct tri_admin_port *port = owner;
    struct tri_hub *hub = port->hub;
    if (port->conns_len == TRI_ADMIN_CONNECTIONS_MAX) {
        TRI_LOG(tri_hub_log(hub), DEBUG, "admin.limit", TRI_KV_U("connections", port->conns_len));
        return NULL;
    }
    struct admin_conn *c = tri_alloc_zero(hub->shared->alloc, sizeof *c);
    if (!c) {
        return NULL;
    }
    c->link.link = (struct tri_link){.hub = hub,
                                     .alt_svc = "",
                                     .sockets_open = &c->sockets_open,
                                     .metrics = &port->metrics,
                                     .wake = mark_dirty};
    c->link.admin = &port->admin;
    c->port = port;
    c->tcp = tcp;
    tri_addr_format(tri_tcp_remote(tcp), c->remote);
    tri_list_init(&c->dirty);
    tri_list_init(&c->node);
    tri_list_append(&port->conns, &c->node);
    port->conns_len++;
    tri_timeout_init(&c->timeout);
    tri_timeout_arm(&port->timeouts, &c->timeout, tri_hub_now_ns(hub));
    *events = &tcp_events;
    return c;
}

/* -------------------------------------------------------------------------- the turn's end */

/* After all was pulled that could be: does the connection end here? */
static void settle(struct admin_conn *c)
{
    const struct tri_conn_ops *ops = c->conn->ops;
    if (ops->is_aborted(c->conn)) {
        cut(c);
    } else if (ops->is_done(c->conn)) {
        c->has_ended = true;
        tri_tcp_close(c->tcp, TRI_LINGER_MS);
    } else {
        tri_tcp_read(c->tcp, ops->wants_read(c->conn));
    }
}

static void flush_conn(struct admin_conn *c)
{
    if (c->conn && !c->has_ended) {
        tri_tcp_flush(c->tcp);
    }
    tri_list_remove(&c->dirty);
    if (c->conn && !c->has_ended) { /* the flush may have ended it */
        settle(c);
    }
}

void tri_admin_port_flush(struct tri_admin_port *port)
{
    for (struct tri_list *at; (at = tri_list_pop(&port->dirty));) {
        flush_conn(TRI_CONTAINER_OF(at, struct admin_conn, dirty));
    }
    for (struct tri_list *at; (at = tri_list_pop(&port->dead));) {
        tri_alloc_release(port->hub->shared->alloc, conn_of(at));
    }
}

/* ---------------------------------------------------------------------- deadlines and ends */

static void shut(struct admin_conn *c, uint64_t now_ns)
{
    if (c->conn && !c->is_shut && !c->has_ended) {
        c->is_shut = true;
        c->conn->ops->shutdown(c->conn, now_ns);
        mark_dirty(&c->link.link);
    }
}

uint64_t tri_admin_port_deadline_ns(const struct tri_admin_port *port)
{
    const uint64_t timeout_ns = tri_timeout_list_deadline_ns(&port->timeouts);
    return port->give_up_ns < timeout_ns ? port->give_up_ns : timeout_ns;
}

/* The first time it is asked to go with its next answer, the second time it goes. */
static void expire_conn(struct admin_conn *c, uint64_t now_ns)
{
    if (c->has_ended) {
        return;
    }
    if (c->is_shut) {
        cut(c);
        return;
    }
    shut(c, now_ns);
    tri_timeout_arm(&c->port->timeouts, &c->timeout, now_ns);
}

void tri_admin_port_expire(struct tri_admin_port *port, uint64_t now_ns)
{
    for (struct tri_timeout *t; (t = tri_timeout_list_pop(&port->timeouts, now_ns));) {
        expire_conn(TRI_CONTAINER_OF(t, struct admin_conn, timeout), now_ns);
    }
    if (port->give_up_ns <= now_ns) {
        tri_admin_port_drop(port);
    }
}

static void stop_listening(struct tri_admin_port *port)
{
    tri_tcp_listener_close(port->tcp);
    port->tcp = NULL;
}

void tri_admin_port_finish(struct tri_admin_port *port, uint64_t now_ns)
{
    if (port->is_finishing) {
        return;
    }
    port->is_finishing = true;
    stop_listening(port);
    if (tri_admin_port_is_gone(port)) {
        return;
    }
    port->give_up_ns = now_ns + TRI_LINGER_MS * TRI_NS_PER_MS;
    for (struct tri_list *at = port->conns.next; at != &port->conns; at = at->next) {
        shut(conn_of(at), now_ns);
    }
}

void tri_admin_port_drop(struct tri_admin_port *port)
{
    stop_listening(port);
    port->is_finishing = true;
    port->give_up_ns = UINT64_MAX;
    for (struct tri_list *at = port->conns.next; at != &port->conns; at = at->next) {
        struct admin_conn *c = conn_of(at);
        tri_list_remove(&c->dirty);
        cut(c);
    }
}

/* ------------------------------------------------------------------------------- the opening */

/* Too many files are open, or memory is short. */
static void take_stall(void *owner, int error)
{
    const struct tri_admin_port *port = owner;
    char text[128];
    TRI_LOG(tri_hub_log(port->hub), WARN, "accept.stall", TRI_KV_S("address", port->text),
            TRI_KV_S("cause", strerror_r(error, text, sizeof text)));
}

void tri_admin_port_init(struct tri_admin_port *port, struct tri_hub *hub,
                         const struct tri_admin *admin)
{
    *port = (struct tri_admin_port){.hub = hub, .admin = *admin, .give_up_ns = UINT64_MAX};
    tri_list_init(&port->conns);
    tri_list_init(&port->dirty);
    tri_list_init(&port->dead);
    tri_timeout_list_init(&port->timeouts, TRI_ADMIN_CONNECTION_MS * TRI_NS_PER_MS);
}

enum tri_err tri_admin_port_open(struct tri_admin_port *port, const struct tri_addr *addr,
                                 int *number)
{
    assert(!port->tcp && addr->len > 0);
    port->addr = *addr;
    const struct tri_tcp_accept accept = {
        .on_accept = accept_conn, .owner = port, .on_stall = take_stall};
    const enum tri_err err = tri_tcp_listen(&port->tcp, port->hub->loop, &port->addr, &accept);
    *number = errno;
    if (err != TRI_OK) {
        port->tcp = NULL;
    }
    tri_addr_format(&port->addr, port->text);
    return err;
}
