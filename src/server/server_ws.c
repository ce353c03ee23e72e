/* See server_ws.h. */
#include "server_ws.h"

#include "server_refusal.h"
#include "server_reply.h"

#include <assert.h>

static void count_in(struct tri_ws *ws)
{
    struct tri_link *link = ws->owner;
    tri_list_append(&link->hub->sockets, &ws->node);
    link->hub->sockets_len++;
    link->sockets++;
    if (link->sockets > link->sockets_peak) {
        link->sockets_peak = link->sockets;
    }
    *link->sockets_open += 1;
    link->metrics->sockets_opened++;
}

static void count_out(struct tri_ws *ws)
{
    struct tri_link *link = ws->owner;
    assert(link->hub->sockets_len > 0 && link->sockets > 0 && *link->sockets_open > 0);
    tri_list_remove(&ws->node);
    link->hub->sockets_len--;
    link->sockets--;
    *link->sockets_open -= 1;
}

static void wake_if_stopping(void *owner)
{
    struct tri_link *link = owner;
    if (link->hub->stopping) {
        link->wake(link); /* the last socket lets the connection end */
    }
}

void tri_ws_host_init(struct tri_ws_host *host, struct tri_hub *hub)
{
    *host = (struct tri_ws_host){
        .alloc = hub->shared->alloc,
        .log = tri_hub_log(hub),
        .sessions = &hub->sessions,
        .loop = hub->loop,
        .on_closed = count_out,
        .on_gone = wake_if_stopping,
    };
}

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

static struct tri_ws *make_ws(const struct tri_ws_opening *opening,
                              const struct tri_deflate_params *deflate)
{
    const struct tri_ws_setup setup = {
        .role = TRI_SESSION_SERVER,
        .stream = &opening->exchange->stream,
        .metrics = opening->link->metrics,
        .carrier = opening->exchange->carrier,
        .handler = opening->route->ws,
        .user = opening->user,
        .owner = opening->link,
        .slow = opening->route->slow,
        .deflate = *deflate,
        .subprotocol = opening->subprotocol,
    };
    return tri_ws_new(&opening->link->hub->ws_host, &setup);
}

/* RFC 6455 section 4.2.2, point 5: the first two are there only where something was agreed. The third
 * tells who came over TCP of HTTP/3: RFC 7838 section 3 has it on any response. */
static enum tri_err respond(const struct tri_ws_opening *opening, const struct tri_ws *ws,
                            const struct tri_deflate_params *deflate)
{
    char extensions[TRI_DEFLATE_ANSWER_MAX];
    struct tri_field fields[3];
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
    if (opening->link->alt_svc[0] != '\0') {
        fields[fields_len++] =
            (struct tri_field){TRI_SLICE("alt-svc"), tri_slice_of_string(opening->link->alt_svc)};
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
        tri_ws_discard(ws);
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
    uint8_t bytes[TRI_WS_LOGGED_PATH_MAX];
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
    tri_ws_log_open(ws, path);
    if (ws->handler->on_open) {
        ws->handler->on_open(ws->user, ws);
    }
    return TRI_OK;
}
