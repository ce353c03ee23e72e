#include "client_bridge_state.h"

#include <assert.h>

/* A connection to the server. */
struct far {
    struct tri_client_bridge *bridge;
    struct tri_client_conn *conn;
    struct tri_list node; /* in bridge->fars */
    bool is_up;
};

static struct far *far_of(struct tri_list *node)
{
    return TRI_CONTAINER_OF(node, struct far, node);
}

static void take_ready(void *user, struct tri_client_conn *conn)
{
    struct far *f = user;
    struct tri_client_bridge *b = f->bridge;
    const struct tri_carrier *carrier = tri_client_conn_carrier(conn);
    f->is_up = true;
    b->opening_len--;
    b->is_single = strcmp(carrier->http, "http/1.1") == 0;
    tri_client_bridge_note(b, false, "connected to %s by %s", carrier->remote, carrier->http);
    if (tri_client_conn_room(conn) == 0) {
        /* Another connection would be no better. */
        const struct tri_failure why = {.fault = TRI_FAULT_STREAMS,
                                        .text = "the server takes no sockets on a new connection"};
        tri_client_bridge_fail_waiting(b, &why);
    }
    tri_client_bridge_pump(b);
}

static void take_closed(void *user, struct tri_client_conn *conn, const struct tri_failure *why)
{
    (void)conn;
    struct far *f = user;
    struct tri_client_bridge *b = f->bridge;
    if (f->is_up) {
        tri_client_bridge_note(b, false, "a connection ended: %s", why->text);
    } else {
        b->opening_len--;
    }
    b->fars_len--;
    tri_list_remove(&f->node);
    if (!f->is_up && b->opening_len == 0) {
        tri_client_bridge_fail_waiting(b, why);
    }
    tri_alloc_release(b->alloc, f);
    if (!b->is_stopping) {
        tri_client_bridge_pump(b);
    }
}

static enum tri_err open_far(struct tri_client_bridge *b)
{
    struct far *f = tri_alloc_zero(b->alloc, sizeof *f);
    if (!f) {
        return TRI_ERR_NOMEM;
    }
    const struct tri_client_conn_setup setup = {
        .url = b->url,
        .http = b->http,
        .h3_first = b->h3_first,
        .on_ready = take_ready,
        .on_closed = take_closed,
        .user = f,
    };
    f->bridge = b;
    const enum tri_err err = tri_client_connect(&f->conn, b->client, &setup, NULL, 0);
    if (err != TRI_OK) {
        tri_alloc_release(b->alloc, f);
        return err;
    }
    tri_list_init(&f->node);
    tri_list_append(&b->fars, &f->node);
    b->fars_len++;
    b->opening_len++;
    return TRI_OK;
}

static struct far *find_room(const struct tri_client_bridge *b)
{
    for (struct tri_list *at = b->fars.next; at != &b->fars; at = at->next) {
        struct far *f = far_of(at);
        if (f->is_up && tri_client_conn_room(f->conn) > 0) {
            return f;
        }
    }
    return NULL;
}

static void ask_waiting(struct tri_client_bridge *b)
{
    for (struct far *f; b->waiting_len > 0 && (f = find_room(b));) {
        /* As many as it takes: on the next one the room is looked for again. */
        for (size_t room = tri_client_conn_room(f->conn); room > 0 && b->waiting_len > 0; room--) {
            struct tri_list *node = tri_list_pop(&b->waiting);
            b->waiting_len--;
            tri_client_bridge_ask(TRI_CONTAINER_OF(node, struct tri_client_bridge_socket, node),
                                  f->conn);
        }
    }
}

/* How many connections should be on their way now. */
static size_t count_wanted(const struct tri_client_bridge *b)
{
    const bool is_single = b->is_single || b->http == TRI_HTTP_1_1;
    const size_t most = is_single ? TRI_CLIENT_BRIDGE_OPENINGS_MAX : 1;
    return b->waiting_len < most ? b->waiting_len : most;
}

void tri_client_bridge_pump(struct tri_client_bridge *b)
{
    ask_waiting(b);
    while (b->opening_len < count_wanted(b)) {
        enum tri_err err = TRI_ERR_LIMIT;
        if (b->fars_len < TRI_CLIENT_BRIDGE_FARS_MAX) {
            err = open_far(b);
        }
        if (err != TRI_OK) {
            const struct tri_failure why = {.fault = TRI_FAULT_STREAMS,
                                            .text = "no connection to the server can be opened"};
            tri_client_bridge_fail_waiting(b, &why);
        }
    }
}

void tri_client_bridge_close_fars(struct tri_client_bridge *b)
{
    for (struct tri_list *at = b->fars.next; at != &b->fars; at = at->next) {
        tri_client_conn_close(far_of(at)->conn);
    }
}

void tri_client_bridge_cut_fars(struct tri_client_bridge *b)
{
    for (struct tri_list *at = b->fars.next; at != &b->fars; at = at->next) {
        tri_client_conn_abort(far_of(at)->conn);
    }
}
