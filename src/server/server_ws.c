/* See server_ws.h. */
#include "server_ws_internal.h"

#include "server_refusal.h"
#include "server_reply.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

static const struct tri_log *log_of(const struct tri_ws *ws)
{
    return tri_hub_log(ws->link->hub);
}

/* As much of a path as a log line has room for, besides the rest. */
#define LOGGED_PATH_MAX 512

static const char *name_of(enum tri_deflate mode)
{
    switch (mode) {
    case TRI_DEFLATE_OFF:
        return "off";
    case TRI_DEFLATE_SHARED:
        return "shared";
    case TRI_DEFLATE_DEDICATED:
        return "dedicated";
    }
    assert(!"a mode");
    return "";
}

static void log_open(const struct tri_ws *ws, struct tri_slice path)
{
    if (!tri_log_wants(log_of(ws), TRI_LOG_INFO)) {
        return;
    }
    const struct tri_carrier *c = ws->carrier;
    const struct tri_log_field fields[] = {
        TRI_KV_U("id", ws->id),
        TRI_KV_S("http", c->http),
        TRI_KV_U("conn", c->conn_id),
        TRI_KV_I("stream", c->stream_id),
        TRI_KV_SLICE("path", path),
        TRI_KV_S("remote", c->remote),
        TRI_KV_S("deflate", name_of(tri_ws_deflate(ws))),
        TRI_KV_S("subprotocol", ws->subprotocol), /* last: left out where there is none */
    };
    const size_t len = sizeof fields / sizeof fields[0];
    tri_log_event(log_of(ws), TRI_LOG_INFO, "ws.open", fields,
                  ws->subprotocol[0] != '\0' ? len : len - 1);
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
    const struct tri_log_field fields[] = {
        TRI_KV_U("id", ws->id),
        TRI_KV_S("http", c->http),
        TRI_KV_U("conn", c->conn_id),
        TRI_KV_I("stream", c->stream_id),
        TRI_KV_U("code", end->code),
        TRI_KV_S("reason", end->reason),
        TRI_KV_U("clean", end->clean),
        TRI_KV_U("bytes_in", end->bytes_in),
        TRI_KV_U("bytes_out", end->bytes_out),
        TRI_KV_U("messages_in", end->messages_in),
        TRI_KV_U("messages_out", end->messages_out),
        TRI_KV_S("seconds", seconds),
        TRI_KV_U("messages_dropped", end->messages_dropped), /* last: left out where it is 0 */
    };
    const size_t len = sizeof fields / sizeof fields[0];
    tri_log_event(log_of(ws), TRI_LOG_INFO, "ws.close", fields,
                  end->messages_dropped > 0 ? len : len - 1);
}

/* ------------------------------------------------------------------ what the session tells */

static void take_message(void *owner, enum tri_type type, const uint8_t *data, size_t len)
{
    struct tri_ws *ws = owner;
    ws->link->metrics->messages_in++;
    ws->link->metrics->bytes_in += len;
    if (ws->handler->on_message) {
        ws->handler->on_message(ws->user, ws, type, data, len);
    }
}

static void take_fragment(void *owner, const struct tri_fragment *fragment)
{
    struct tri_ws *ws = owner;
    ws->link->metrics->messages_in += fragment->last;
    ws->link->metrics->bytes_in += fragment->len;
    ws->handler->on_fragment(ws->user, ws, fragment);
}

static void take_drain(void *owner)
{
    struct tri_ws *ws = owner;
    if (ws->handler->on_drain) {
        ws->handler->on_drain(ws->user, ws);
    }
}

static void count_in(struct tri_ws *ws)
{
    struct tri_link *link = ws->link;
    tri_list_append(&link->hub->sockets, &ws->node);
    link->hub->sockets_len++;
    link->sockets++;
    if (link->sockets > link->sockets_peak) {
        link->sockets_peak = link->sockets;
    }
    *link->sockets_open += 1;
    link->metrics->sockets_opened++;
}

static void count_out(struct tri_ws *ws, uint16_t code)
{
    struct tri_link *link = ws->link;
    assert(link->hub->sockets_len > 0 && link->sockets > 0 && *link->sockets_open > 0);
    tri_list_remove(&ws->node);
    link->hub->sockets_len--;
    link->sockets--;
    *link->sockets_open -= 1;
    tri_metrics_socket_closed(link->metrics, code);
}

static void take_close(void *owner, const struct tri_ws_end *end)
{
    struct tri_ws *ws = owner;
    struct tri_link *link = ws->link;
    log_close(ws, end);
    if (ws->handler->on_close) {
        ws->handler->on_close(ws->user, ws, end);
    }
    count_out(ws, end->code);
    tri_alloc_release(link->hub->shared->alloc, ws);
    if (link->hub->stopping) {
        link->wake(link); /* the last socket lets the connection end */
    }
}

static const struct tri_session_events message_events = {
    .on_message = take_message,
    .on_drain = take_drain,
    .on_close = take_close,
};

static const struct tri_session_events fragment_events = {
    .on_fragment = take_fragment,
    .on_drain = take_drain,
    .on_close = take_close,
};

/* ------------------------------------------------------------------------------------ opening */

/* What is agreed with the peer. A used-up budget costs a socket its memory, not its life. */
static void agree(const struct tri_ws_opening *opening, struct tri_deflate_params *out)
{
    const struct tri_hub *hub = opening->link->hub;
    enum tri_deflate mode = opening->route->deflate;
    if (mode == TRI_DEFLATE_DEDICATED && !tri_deflate_worker_has_room(&hub->sessions.deflate)) {
        mode = TRI_DEFLATE_SHARED;
    }
    tri_deflate_agree(opening->offers, mode, tri_hub_config(hub)->limits.deflate_window_bits, out);
}

static struct tri_ws *alloc_ws(const struct tri_ws_opening *opening)
{
    const struct tri_slice subprotocol = opening->subprotocol;
    const struct tri_alloc *alloc = opening->link->hub->shared->alloc;
    struct tri_ws *ws = tri_alloc_get(alloc, sizeof *ws + subprotocol.len + 1);
    if (!ws) {
        return NULL;
    }
    *ws = (struct tri_ws){
        .link = opening->link,
        .carrier = opening->exchange->carrier,
        .handler = opening->route->ws,
        .user = opening->user,
    };
    if (subprotocol.len > 0) {
        memcpy(ws->subprotocol, subprotocol.data, subprotocol.len);
    }
    ws->subprotocol[subprotocol.len] = '\0';
    tri_list_init(&ws->node);
    return ws;
}

static struct tri_ws *make_ws(const struct tri_ws_opening *opening,
                              const struct tri_deflate_params *deflate)
{
    struct tri_hub *hub = opening->link->hub;
    struct tri_ws *ws = alloc_ws(opening);
    if (!ws) {
        return NULL;
    }
    const struct tri_session_setup setup = {
        .role = TRI_SESSION_SERVER,
        .stream = &opening->exchange->stream,
        .events = ws->handler->on_fragment ? &fragment_events : &message_events,
        .owner = ws,
        .slow = opening->route->slow,
        .deflate = *deflate,
    };
    if (tri_session_new(&ws->session, &hub->sessions, &setup) != TRI_OK) {
        tri_alloc_release(hub->shared->alloc, ws);
        return NULL;
    }
    return ws;
}

/* RFC 6455 section 4.2.2, point 5: the two fields are there only where something was agreed. */
static enum tri_err respond(const struct tri_ws_opening *opening, const struct tri_ws *ws,
                            const struct tri_deflate_params *deflate)
{
    char extensions[TRI_DEFLATE_ANSWER_MAX];
    struct tri_field fields[2];
    size_t fields_len = 0;
    if (deflate->mode != TRI_DEFLATE_OFF) {
        const size_t len = tri_deflate_answer(deflate, extensions);
        fields[fields_len++] = (struct tri_field){TRI_SLICE("sec-websocket-extensions"),
                                                  tri_slice_of(extensions, len)};
    }
    if (ws->subprotocol[0] != '\0') {
        fields[fields_len++] = (struct tri_field){TRI_SLICE("sec-websocket-protocol"),
                                                  tri_slice_of_string(ws->subprotocol)};
    }
    const struct tri_response response = {
        .answer = TRI_ANSWER_WEBSOCKET,
        .fields = fields,
        .fields_len = fields_len,
        .content_length = TRI_LENGTH_NONE,
        .events = &tri_session_stream_events,
        .session = ws->session,
    };
    return opening->exchange->ops->respond(opening->exchange, &response);
}

static void refuse_for_memory(const struct tri_ws_opening *opening)
{
    const struct tri_refusal refusal = {.status = 503,
                                        .text = "The server is short of memory. Try again later."};
    tri_reply_refuse(opening->link, opening->exchange, &refusal);
}

/* Makes the socket and answers. NULL: there was no memory for that, and the exchange has ended. */
static struct tri_ws *make_and_respond(const struct tri_ws_opening *opening)
{
    struct tri_deflate_params deflate;
    agree(opening, &deflate);
    struct tri_ws *ws = make_ws(opening, &deflate);
    if (!ws) {
        refuse_for_memory(opening);
        return NULL;
    }
    if (respond(opening, ws, &deflate) != TRI_OK) {
        tri_session_discard(ws->session);
        tri_alloc_release(opening->link->hub->shared->alloc, ws);
        return NULL;
    }
    return ws;
}

enum tri_err tri_ws_accept(const struct tri_ws_opening *opening)
{
    assert(opening->route->ws && opening->exchange->carrier);
    struct tri_hub *hub = opening->link->hub;
    (void)tri_hub_now_ns(hub);
    /* The path may be the request's, and that goes with the answer. */
    uint8_t bytes[LOGGED_PATH_MAX];
    const size_t len = opening->path.len < sizeof bytes ? opening->path.len : sizeof bytes;
    memcpy(bytes, opening->path.data, len);
    const struct tri_slice path = tri_slice_of(bytes, len);
    struct tri_ws *ws = make_and_respond(opening);
    if (!ws) {
        const struct tri_exchange *x = opening->exchange;
        tri_refusal_note(opening->link, x->carrier, TRI_REFUSED_MEMORY, x->status, path);
        return TRI_ERR_NOMEM;
    }
    ws->id = atomic_fetch_add(&hub->shared->sockets_made, 1) + 1;
    count_in(ws);
    log_open(ws, path);
    if (ws->handler->on_open) {
        ws->handler->on_open(ws->user, ws);
    }
    return TRI_OK;
}
