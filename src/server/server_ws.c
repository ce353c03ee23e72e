/* See server_ws.h and, for the public functions, trisock.h. */
#include "server_ws.h"

#include "server_reply.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

struct tri_ws {
    struct tri_session *session;
    struct tri_link *link;             /* borrowed: the connection outlives its streams */
    const struct tri_carrier *carrier; /* borrowed: valid as long as the stream */
    const struct tri_ws_handler *handler;
    void *user;
    uint64_t id;
    struct tri_list node; /* in hub->sockets */
};

static const struct tri_log *log_of(const struct tri_ws *ws)
{
    return tri_hub_log(ws->link->hub);
}

/* As much of a path as a log line has room for, besides the rest. */
#define LOGGED_PATH_MAX 512

static void log_open(const struct tri_ws *ws, struct tri_slice path)
{
    const struct tri_carrier *c = ws->carrier;
    TRI_LOG(log_of(ws), INFO, "ws.open", TRI_KV_U("id", ws->id), TRI_KV_S("http", c->http),
            TRI_KV_U("conn", c->conn_id), TRI_KV_I("stream", c->stream_id),
            TRI_KV_SLICE("path", path), TRI_KV_S("remote", c->remote));
}

static void log_close(const struct tri_ws *ws, const struct tri_ws_end *end)
{
    if (!tri_log_wants(log_of(ws), TRI_LOG_INFO)) {
        return;
    }
    char seconds[32];
    (void)snprintf(seconds, sizeof seconds, "%" PRIu64 ".%03u", end->duration_ms / 1000,
                   (unsigned)(end->duration_ms % 1000));
    const struct tri_carrier *c = ws->carrier;
    TRI_LOG(log_of(ws), INFO, "ws.close", TRI_KV_U("id", ws->id), TRI_KV_S("http", c->http),
            TRI_KV_U("conn", c->conn_id), TRI_KV_I("stream", c->stream_id),
            TRI_KV_U("code", end->code), TRI_KV_S("reason", end->reason),
            TRI_KV_U("clean", end->clean), TRI_KV_U("bytes_in", end->bytes_in),
            TRI_KV_U("bytes_out", end->bytes_out), TRI_KV_U("messages_in", end->messages_in),
            TRI_KV_U("messages_out", end->messages_out), TRI_KV_S("seconds", seconds));
}

/* ------------------------------------------------------------------ what the session tells */

static void take_message(void *owner, enum tri_type type, const uint8_t *data, size_t len)
{
    struct tri_ws *ws = owner;
    if (ws->handler->on_message) {
        ws->handler->on_message(ws->user, ws, type, data, len);
    }
}

static void take_drain(void *owner)
{
    struct tri_ws *ws = owner;
    if (ws->handler->on_drain) {
        ws->handler->on_drain(ws->user, ws);
    }
}

static void take_close(void *owner, const struct tri_ws_end *end)
{
    struct tri_ws *ws = owner;
    struct tri_link *link = ws->link;
    log_close(ws, end);
    if (ws->handler->on_close) {
        ws->handler->on_close(ws->user, ws, end);
    }
    assert(*link->sockets_open > 0);
    *link->sockets_open -= 1;
    tri_list_remove(&ws->node);
    tri_alloc_release(link->hub->shared->alloc, ws);
    if (link->hub->stopping) {
        link->wake(link); /* the last socket lets the connection end */
    }
}

static const struct tri_session_events session_events = {
    .on_message = take_message,
    .on_drain = take_drain,
    .on_close = take_close,
};

/* ------------------------------------------------------------------------------------ opening */

static struct tri_ws *make_ws(const struct tri_ws_opening *opening)
{
    struct tri_hub *hub = opening->link->hub;
    struct tri_ws *ws = tri_alloc_get(hub->shared->alloc, sizeof *ws);
    if (!ws) {
        return NULL;
    }
    *ws = (struct tri_ws){
        .link = opening->link,
        .carrier = opening->exchange->carrier,
        .handler = opening->handler,
        .user = opening->user,
    };
    tri_list_init(&ws->node);
    if (tri_session_new(&ws->session, &hub->sessions, TRI_SESSION_SERVER,
                        &opening->exchange->stream, &session_events, ws) != TRI_OK) {
        tri_alloc_release(hub->shared->alloc, ws);
        return NULL;
    }
    return ws;
}

static enum tri_err respond(const struct tri_ws_opening *opening, const struct tri_ws *ws)
{
    const struct tri_response response = {
        .answer = TRI_ANSWER_WEBSOCKET,
        .content_length = TRI_LENGTH_NONE,
        .events = &tri_session_stream_events,
        .session = ws->session,
    };
    return opening->exchange->ops->respond(opening->exchange, &response);
}

enum tri_err tri_ws_accept(const struct tri_ws_opening *opening)
{
    assert(opening->handler && opening->exchange->carrier);
    struct tri_hub *hub = opening->link->hub;
    (void)tri_hub_now_ns(hub);
    struct tri_ws *ws = make_ws(opening);
    if (!ws) {
        const struct tri_refusal refusal = {
            .status = 503, .text = "The server is short of memory. Try again later."};
        tri_reply_refuse(opening->link, opening->exchange, &refusal);
        return TRI_ERR_NOMEM;
    }
    /* The path may be the request's, and that goes with the answer. */
    uint8_t path[LOGGED_PATH_MAX];
    size_t path_len = opening->path.len < sizeof path ? opening->path.len : sizeof path;
    memcpy(path, opening->path.data, path_len);
    enum tri_err err = respond(opening, ws);
    if (err != TRI_OK) {
        tri_session_discard(ws->session);
        tri_alloc_release(hub->shared->alloc, ws);
        return err;
    }
    ws->id = atomic_fetch_add(&hub->shared->sockets_made, 1) + 1;
    tri_list_append(&hub->sockets, &ws->node);
    *opening->link->sockets_open += 1;
    log_open(ws, tri_slice_of(path, path_len));
    if (ws->handler->on_open) {
        ws->handler->on_open(ws->user, ws);
    }
    return TRI_OK;
}

void tri_ws_close_all(struct tri_hub *hub, uint16_t code)
{
    for (struct tri_list *at = hub->sockets.next; at != &hub->sockets; at = at->next) {
        struct tri_ws *ws = TRI_CONTAINER_OF(at, struct tri_ws, node);
        /* Closing only queues a frame: no socket leaves the list here. */
        enum tri_err err = tri_session_close(ws->session, code, TRI_SLICE(""));
        assert(err != TRI_ERR_INVALID);
        if (err == TRI_ERR_NOMEM) {
            tri_session_abort(ws->session);
        }
    }
}

/* -------------------------------------------------------------------- what the program sees */

enum tri_err tri_ws_send(struct tri_ws *ws, enum tri_type type, const void *data, size_t len)
{
    return tri_session_send(ws->session, type, data, len);
}

enum tri_err tri_ws_close(struct tri_ws *ws, uint16_t code, const char *reason)
{
    (void)tri_hub_now_ns(ws->link->hub);
    return tri_session_close(ws->session, code, tri_slice_of_string(reason ? reason : ""));
}

void tri_ws_abort(struct tri_ws *ws)
{
    tri_session_abort(ws->session);
}

uint64_t tri_ws_id(const struct tri_ws *ws)
{
    return ws->id;
}

const struct tri_carrier *tri_ws_carrier(const struct tri_ws *ws)
{
    return ws->carrier;
}

size_t tri_ws_queued_bytes(const struct tri_ws *ws)
{
    return tri_session_queued_bytes(ws->session);
}
