/* See server_tcp_conn.h: all connections of a hub, at a turn's end, a deadline and a stop. */
#include "server_tcp_internal.h"

#include <assert.h>

static struct tri_tcp_conn *conn_of(struct tri_list *node)
{
    return TRI_CONTAINER_OF(node, struct tri_tcp_conn, node);
}

/* -------------------------------------------------------------------------- the turn's end */

/* While the server stops, a connection without sockets is asked to end. */
static void stop_if_free(struct tri_tcp_conn *c, uint64_t now_ns)
{
    if (c->link.hub->stopping && !c->shut && c->sockets_open == 0) {
        c->shut = true;
        c->conn->ops->shutdown(c->conn, now_ns);
        tri_tcp_conn_mark_dirty(&c->link);
    }
}

/* With WebSockets on it a connection may wait: they have pings and an application to end them. */
static void watch_stall(struct tri_tcp_conn *c, uint64_t now_ns)
{
    if (c->sockets_open > 0) {
        tri_stall_init(&c->stall);
    } else {
        const struct tri_limits *limits = &tri_hub_config(c->link.hub)->limits;
        tri_stall_watch(&c->stall, c->tcp, now_ns, limits->response_timeout_ms);
    }
}

static uint64_t find_deadline_ns(const struct tri_tcp_conn *c)
{
    const uint64_t deadline_ns = c->conn->ops->deadline_ns(c->conn);
    return deadline_ns < c->stall.deadline_ns ? deadline_ns : c->stall.deadline_ns;
}

/* After all was pulled that could be: does the connection end here? */
static void settle(struct tri_tcp_conn *c, uint64_t now_ns)
{
    assert(c->phase == TRI_TCP_PHASE_OPEN && c->conn && c->tcp);
    struct tri_hub *hub = c->link.hub;
    const struct tri_conn_ops *ops = c->conn->ops;
    if (ops->is_aborted(c->conn)) {
        tri_tcp_conn_set_phase(c, TRI_TCP_PHASE_LINGER);
        tri_tcp_abort(c->tcp);
    } else if (ops->is_done(c->conn)) {
        tri_tcp_conn_set_phase(c, TRI_TCP_PHASE_LINGER);
        tri_tcp_close(c->tcp, TRI_LINGER_MS);
    } else {
        tri_tcp_read(c->tcp, ops->wants_read(c->conn));
        watch_stall(c, now_ns);
    }
    uint64_t deadline_ns = c->phase == TRI_TCP_PHASE_OPEN ? find_deadline_ns(c) : UINT64_MAX;
    tri_heap_set(&hub->deadlines, &c->deadline, deadline_ns);
}

static void flush_conn(struct tri_tcp_conn *c, uint64_t now_ns)
{
    if (c->phase != TRI_TCP_PHASE_OPEN) {
        return;
    }
    tri_tcp_flush(c->tcp);
    /* What it became dirty by meanwhile was pulled in the same flush. */
    tri_list_remove(&c->dirty);
    if (c->phase == TRI_TCP_PHASE_OPEN) {
        settle(c, now_ns);
    }
    if (c->phase == TRI_TCP_PHASE_OPEN) {
        stop_if_free(c, now_ns);
    }
}

void tri_tcp_conns_flush(struct tri_hub *hub)
{
    uint64_t now_ns = tri_hub_now_ns(hub);
    for (struct tri_list *at = tri_list_pop(&hub->dirty); at; at = tri_list_pop(&hub->dirty)) {
        flush_conn(TRI_CONTAINER_OF(at, struct tri_tcp_conn, dirty), now_ns);
    }
    for (struct tri_list *at = tri_list_pop(&hub->dead); at; at = tri_list_pop(&hub->dead)) {
        tri_alloc_release(hub->shared->alloc, conn_of(at));
    }
}

/* ---------------------------------------------------------------------- deadlines and ends */

uint64_t tri_tcp_conns_deadline_ns(const struct tri_hub *hub)
{
    const struct tri_heap_node *first = tri_heap_first(&hub->deadlines);
    return first ? first->key_ns : UINT64_MAX;
}

static void cut_stalled(struct tri_tcp_conn *c)
{
    struct tri_hub *hub = c->link.hub;
    hub->metrics.responses_unread++;
    TRI_LOG(tri_hub_log(hub), INFO, "conn.unread", TRI_KV_U("conn", c->id),
            TRI_KV_S("remote", c->remote));
    tri_tcp_conn_set_phase(c, TRI_TCP_PHASE_LINGER);
    tri_tcp_abort(c->tcp);
}

static void expire_conn(struct tri_tcp_conn *c, uint64_t now_ns)
{
    const struct tri_conn_ops *ops = c->conn->ops;
    if (ops->deadline_ns(c->conn) <= now_ns) {
        ops->expire(c->conn, now_ns);
    }
    if (ops->is_aborted(c->conn)) {
        return; /* it is cut when it is flushed */
    }
    watch_stall(c, now_ns);
    if (c->stall.deadline_ns <= now_ns) {
        cut_stalled(c);
    }
}

void tri_tcp_conns_expire(struct tri_hub *hub, uint64_t now_ns)
{
    for (struct tri_heap_node *first = tri_heap_first(&hub->deadlines);
         first && first->key_ns <= now_ns; first = tri_heap_first(&hub->deadlines)) {
        struct tri_tcp_conn *c = TRI_CONTAINER_OF(first, struct tri_tcp_conn, deadline);
        assert(c->phase == TRI_TCP_PHASE_OPEN);
        expire_conn(c, now_ns);
        /* The turn's end sets the next one; till then it must not be found again. */
        tri_heap_set(&hub->deadlines, &c->deadline, UINT64_MAX);
        tri_tcp_conn_mark_dirty(&c->link);
    }
}

void tri_tcp_conns_stop(struct tri_hub *hub)
{
    assert(hub->stopping);
    for (struct tri_list *at = hub->conns.next; at != &hub->conns; at = at->next) {
        struct tri_tcp_conn *c = conn_of(at);
        if (c->phase == TRI_TCP_PHASE_HANDSHAKE) {
            tri_tcp_conn_set_phase(c, TRI_TCP_PHASE_LINGER);
            tri_tcp_abort(c->tcp);
        } else {
            tri_tcp_conn_mark_dirty(&c->link);
        }
    }
}

void tri_tcp_conns_drop(struct tri_hub *hub)
{
    for (struct tri_list *at = hub->conns.next; at != &hub->conns; at = at->next) {
        struct tri_tcp_conn *c = conn_of(at);
        if (c->phase != TRI_TCP_PHASE_LINGER) {
            tri_tcp_conn_set_phase(c, TRI_TCP_PHASE_LINGER);
        }
        tri_list_remove(&c->dirty);
        tri_heap_set(&hub->deadlines, &c->deadline, UINT64_MAX);
        tri_tcp_conn_free_adapter(c);
        tri_tcp_abort(c->tcp);
    }
}
