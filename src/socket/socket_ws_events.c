/* See socket_ws.h: a socket's making, and what its session tells it. */
#include "socket_ws.h"

#include <assert.h>

/* ------------------------------------------------------------------ what the session tells */

static void take_message(void *owner, enum tri_type type, const uint8_t *data, size_t len)
{
    struct tri_ws *ws = owner;
    ws->metrics->messages_in++;
    ws->metrics->bytes_in += len;
    if (ws->handler->on_message) {
        ws->handler->on_message(ws->user, ws, type, data, len);
    }
}

static void take_fragment(void *owner, const struct tri_fragment *fragment)
{
    struct tri_ws *ws = owner;
    ws->metrics->messages_in += fragment->last;
    ws->metrics->bytes_in += fragment->len;
    ws->handler->on_fragment(ws->user, ws, fragment);
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
    const struct tri_ws_host *host = ws->host;
    void *ws_owner = ws->owner;
    tri_ws_log_close(ws, end);
    if (ws->handler->on_close) {
        ws->handler->on_close(ws->user, ws, end);
    }
    tri_metrics_socket_closed(ws->metrics, end->code);
    host->on_closed(ws);
    assert(!tri_list_is_linked(&ws->node));
    tri_alloc_release(host->alloc, ws);
    if (host->on_gone) {
        host->on_gone(ws_owner);
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

/* ------------------------------------------------------------------------------------- making */

static struct tri_ws *alloc_ws(const struct tri_ws_host *host, const struct tri_ws_setup *setup)
{
    const struct tri_slice subprotocol = setup->subprotocol;
    struct tri_ws *ws = tri_alloc_get(host->alloc, sizeof *ws + subprotocol.len + 1);
    if (!ws) {
        return NULL;
    }
    *ws = (struct tri_ws){
        .host = host,
        .metrics = setup->metrics,
        .carrier = setup->carrier,
        .handler = setup->handler,
        .user = setup->user,
        .owner = setup->owner,
    };
    if (subprotocol.len > 0) {
        memcpy(ws->subprotocol, subprotocol.data, subprotocol.len);
    }
    ws->subprotocol[subprotocol.len] = '\0';
    tri_list_init(&ws->node);
    return ws;
}

struct tri_ws *tri_ws_new(const struct tri_ws_host *host, const struct tri_ws_setup *setup)
{
    assert(host->on_closed && setup->handler && setup->carrier && setup->metrics);
    struct tri_ws *ws = alloc_ws(host, setup);
    if (!ws) {
        return NULL;
    }
    const struct tri_session_setup session = {
        .role = setup->role,
        .stream = setup->stream,
        .events = ws->handler->on_fragment ? &fragment_events : &message_events,
        .owner = ws,
        .slow = setup->slow,
        .deflate = setup->deflate,
    };
    if (tri_session_new(&ws->session, host->sessions, &session) != TRI_OK) {
        tri_alloc_release(host->alloc, ws);
        return NULL;
    }
    return ws;
}

void tri_ws_discard(struct tri_ws *ws)
{
    tri_session_discard(ws->session);
    tri_alloc_release(ws->host->alloc, ws);
}
