#include "client_bridge_state.h"

#include "h1_conn.h"

#include <assert.h>
#include <errno.h>

/* The connection of a local program. */
struct local {
    struct tri_client_bridge *bridge;
    struct tri_tcp *tcp;   /* goes by itself after on_closed */
    struct tri_conn *conn; /* owned; NULL before on_ready */
    struct tri_list node;  /* in bridge->locals */
    struct tri_list dirty; /* in bridge->dirty */
    struct tri_heap_node deadline;
    bool has_ended; /* net was told to close or cut it */
    char remote[TRI_ADDR_TEXT_MAX];
};

static void mark_dirty(void *user)
{
    struct local *l = user;
    if (!tri_list_is_linked(&l->dirty)) {
        tri_list_append(&l->bridge->dirty, &l->dirty);
    }
}

static void cut(struct local *l)
{
    l->has_ended = true;
    tri_tcp_abort(l->tcp);
}

/* ---- what the adapter tells */

static void take_request(void *user, struct tri_exchange *x, const struct tri_request_head *head)
{
    struct local *l = user;
    tri_client_bridge_take_request(l->bridge, x, head);
}

static void take_cancel(void *user, struct tri_exchange *x)
{
    (void)user;
    tri_client_bridge_take_cancel(x);
}

static const struct tri_exchange_events exchange_events = {
    .on_request = take_request,
    .on_cancel = take_cancel,
    .on_wake = mark_dirty,
};

/* ---- what net tells */

static void take_ready(void *user, const char *alpn)
{
    (void)alpn; /* in clear it is http/1.1 */
    struct local *l = user;
    const struct tri_client_config *config = &l->bridge->client->config;
    const struct tri_conn_config conn_config = {
        .alloc = l->bridge->alloc,
        .limits = &config->limits,
        .log = &config->log,
        .events = &exchange_events,
        .user = l,
        .carrier = {.http = "http/1.1",
                    .remote = l->remote,
                    .tls_version = "",
                    .tls_cipher = "",
                    .tls_group = ""},
    };
    if (tri_h1_conn_new(&l->conn, &conn_config, tri_client_turn_ns(l->bridge->client)) != TRI_OK) {
        l->conn = NULL;
        cut(l);
        return;
    }
    mark_dirty(l); /* its deadline counts */
}

static void take_data(void *user, const uint8_t *data, size_t len)
{
    struct local *l = user;
    if (!l->conn || l->has_ended) {
        return;
    }
    /* A failed connection says so by is_done, once its last words were sent. */
    enum tri_err ignored =
        l->conn->ops->recv(l->conn, data, len, tri_client_turn_ns(l->bridge->client));
    (void)ignored;
    mark_dirty(l);
}

static void take_eof(void *user, bool orderly)
{
    struct local *l = user;
    if (l->conn && !l->has_ended) {
        l->conn->ops->recv_eof(l->conn, orderly, tri_client_turn_ns(l->bridge->client));
        mark_dirty(l);
    }
}

static size_t pull(void *user, struct tri_slice *out, size_t max)
{
    struct local *l = user;
    if (!l->conn || l->has_ended) {
        return 0;
    }
    const size_t count =
        l->conn->ops->send(l->conn, out, max, tri_client_turn_ns(l->bridge->client));
    if (count == 0) {
        mark_dirty(l); /* it may be done now */
    }
    return count;
}

static void take_closed(void *user, enum tri_tcp_end end)
{
    (void)end;
    struct local *l = user;
    struct tri_client_bridge *b = l->bridge;
    (void)tri_client_turn_ns(b->client);
    l->has_ended = true;
    if (l->conn) {
        l->conn->ops->free(l->conn);
    }
    tri_list_remove(&l->dirty);
    tri_list_remove(&l->node);
    tri_heap_remove(&b->deadlines, &l->deadline);
    assert(b->locals_len > 0);
    b->locals_len--;
    tri_alloc_release(b->alloc, l);
}

static const struct tri_tcp_events tcp_events = {
    .on_ready = take_ready,
    .on_data = take_data,
    .on_eof = take_eof,
    .pull = pull,
    .on_closed = take_closed,
};

/* ---- the port */

static void *accept_local(void *owner, struct tri_tcp *tcp, const struct tri_tcp_events **events)
{
    struct tri_client_bridge *b = owner;
    struct local *l = NULL;
    if (b->locals_len < TRI_CLIENT_BRIDGE_LOCALS_MAX && tri_heap_reserve(&b->deadlines) == TRI_OK) {
        l = tri_alloc_zero(b->alloc, sizeof *l);
    }
    if (!l) {
        tri_client_bridge_note(b, true, "a connection is not taken: there are too many");
        return NULL;
    }
    l->bridge = b;
    l->tcp = tcp;
    tri_addr_format(tri_tcp_remote(tcp), l->remote);
    tri_list_init(&l->node);
    tri_list_init(&l->dirty);
    tri_list_append(&b->locals, &l->node);
    b->locals_len++;
    tri_heap_set(&b->deadlines, &l->deadline, UINT64_MAX);
    *events = &tcp_events;
    return l;
}

static void take_stall(void *owner, int error)
{
    tri_client_bridge_note(owner, true, "no connection can be taken for a moment: %s",
                           strerror(error));
}

enum tri_err tri_client_bridge_listen(struct tri_client_bridge *b, struct tri_addr *addr)
{
    const struct tri_tcp_accept accept = {
        .on_accept = accept_local, .on_stall = take_stall, .owner = b};
    const enum tri_err err = tri_tcp_listen(&b->listener, b->client->loop, addr, &accept);
    if (err == TRI_OK) {
        tri_addr_format(addr, b->address);
    }
    return err;
}

/* ---- the turn */

/* After all was pulled that could be: does the connection end here? */
static void settle(struct local *l)
{
    const struct tri_conn_ops *ops = l->conn->ops;
    if (ops->is_aborted(l->conn)) {
        cut(l);
    } else if (ops->is_done(l->conn)) {
        l->has_ended = true;
        tri_tcp_close(l->tcp, TRI_LINGER_MS);
    } else {
        tri_tcp_read(l->tcp, ops->wants_read(l->conn));
        tri_heap_set(&l->bridge->deadlines, &l->deadline, ops->deadline_ns(l->conn));
        return;
    }
    tri_heap_set(&l->bridge->deadlines, &l->deadline, UINT64_MAX);
}

static void flush_local(struct local *l)
{
    if (l->conn && !l->has_ended) {
        tri_tcp_flush(l->tcp);
    }
    tri_list_remove(&l->dirty);
    if (l->conn && !l->has_ended) { /* the flush may have ended it */
        settle(l);
    }
}

/* Those that are dirty now: what becomes it meanwhile has the next round. */
void tri_client_bridge_flush_locals(struct tri_client_bridge *b, uint64_t now_ns)
{
    (void)now_ns;
    struct tri_list round;
    tri_list_init(&round);
    for (struct tri_list *at; (at = tri_list_pop(&b->dirty));) {
        tri_list_append(&round, at);
    }
    for (struct tri_list *at; (at = tri_list_pop(&round));) {
        flush_local(TRI_CONTAINER_OF(at, struct local, dirty));
    }
}

void tri_client_bridge_expire_locals(struct tri_client_bridge *b, uint64_t now_ns)
{
    for (struct tri_heap_node *first = tri_heap_first(&b->deadlines);
         first && first->key_ns <= now_ns; first = tri_heap_first(&b->deadlines)) {
        struct local *l = TRI_CONTAINER_OF(first, struct local, deadline);
        /* The flush sets the next one; till then it must not be found again. */
        tri_heap_set(&b->deadlines, first, UINT64_MAX);
        if (l->conn && !l->has_ended) {
            l->conn->ops->expire(l->conn, now_ns);
            mark_dirty(l);
        }
    }
}

static struct local *local_of(struct tri_list *node)
{
    return TRI_CONTAINER_OF(node, struct local, node);
}

void tri_client_bridge_shut_locals(struct tri_client_bridge *b, uint64_t now_ns)
{
    for (struct tri_list *at = b->locals.next; at != &b->locals; at = at->next) {
        struct local *l = local_of(at);
        if (l->conn && !l->has_ended) {
            l->conn->ops->shutdown(l->conn, now_ns);
            mark_dirty(l);
        }
    }
}

void tri_client_bridge_cut_locals(struct tri_client_bridge *b)
{
    for (struct tri_list *at = b->locals.next; at != &b->locals; at = at->next) {
        cut(local_of(at)); /* also one that is about to close in order */
    }
}
