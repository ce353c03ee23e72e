/* See server_request.h and, for the public functions, trisock.h. */
#include "server_request.h"

#include "http_handshake.h"
#include "server_reply.h"
#include "server_request_head.h"
#include "server_ws.h"

#include <assert.h>

/* After the answer: only the adapter knows which status it has sent. 0: it could send none. */
static void log_answer(const struct tri_link *link, const struct tri_exchange *x,
                       struct tri_slice method, struct tri_slice path)
{
    TRI_LOG(tri_hub_log(link->hub), DEBUG, "request", TRI_KV_S("http", x->carrier->http),
            TRI_KV_U("conn", x->carrier->conn_id), TRI_KV_I("stream", x->carrier->stream_id),
            TRI_KV_SLICE("method", method), TRI_KV_SLICE("path", path),
            TRI_KV_I("status", x->status), TRI_KV_S("remote", x->carrier->remote));
}

static void log_request(const struct tri_request *req)
{
    if (tri_log_wants(tri_hub_log(req->link->hub), TRI_LOG_DEBUG)) {
        log_answer(req->link, req->exchange, tri_slice_of_string(req->method),
                   tri_slice_of_string(req->path));
    }
}

/* ------------------------------------------------------------------ what the adapters tell */

static bool is_head(struct tri_slice method)
{
    return tri_slice_equal(method, TRI_SLICE("HEAD"));
}

/* As much as a log line has room for, besides the rest. */
#define LOGGED_METHOD_MAX ((size_t)32)
#define LOGGED_PATH_MAX ((size_t)512)

/* Copies the start of |s|, up to |max| bytes, to |out|. */
static struct tri_slice copy_start(uint8_t *out, size_t max, struct tri_slice s)
{
    size_t len = s.len < max ? s.len : max;
    if (len > 0) {
        memcpy(out, s.data, len);
    }
    return tri_slice_of(out, len);
}

/* A refusal's reason becomes its body. */
static void refuse(struct tri_link *link, struct tri_exchange *x,
                   const struct tri_request_head *head, const struct tri_response *refusal,
                   const char *reason)
{
    /* The head goes with the answer. */
    uint8_t method_bytes[LOGGED_METHOD_MAX];
    uint8_t path_bytes[LOGGED_PATH_MAX];
    const struct tri_slice method = copy_start(method_bytes, sizeof method_bytes, head->method);
    const struct tri_slice path =
        copy_start(path_bytes, sizeof path_bytes, tri_request_head_path(head));
    const struct tri_refusal reply = {
        .answer = refusal->answer,
        .status = refusal->status,
        .text = reason,
        .head_only = is_head(head->method),
    };
    tri_reply_refuse(link, x, &reply);
    log_answer(link, x, method, path);
}

static void refuse_status(struct tri_link *link, struct tri_exchange *x,
                          const struct tri_request_head *head, int status, const char *reason)
{
    const struct tri_response refusal = {.answer = TRI_ANSWER_PLAIN, .status = status};
    refuse(link, x, head, &refusal, reason);
}

static void ask_http(struct tri_link *link, struct tri_exchange *x,
                     const struct tri_request_head *head, const struct tri_route *route)
{
    struct tri_request *req = tri_request_make(link, x, head, route);
    if (!req) {
        refuse_status(link, x, head, 503, "The server is short of memory. Try again later.");
        return;
    }
    route->http->on_request(route->http_user, req);
}

/* Why the connection may open no other WebSocket now; NULL: it may. */
static const char *find_obstacle(const struct tri_link *link)
{
    if (link->hub->stopping) {
        return "The server is stopping. Try again later.";
    }
    if (link->sockets >= tri_hub_config(link->hub)->limits.sockets_max) {
        return "Too many WebSockets on this connection.";
    }
    return NULL;
}

/* The handler wants to be asked. */
static void ask_ws(struct tri_link *link, struct tri_exchange *x,
                   const struct tri_request_head *head, const struct tri_route *route,
                   const struct tri_handshake *handshake)
{
    struct tri_request *req = tri_request_make(link, x, head, route);
    if (!req) {
        refuse_status(link, x, head, 503, "The server is short of memory. Try again later.");
        return;
    }
    req->websocket = true;
    req->offers = handshake->deflate;
    req->subprotocol = handshake->subprotocol;
    route->ws->on_request(route->ws_user, req);
}

static void take_handshake(struct tri_link *link, struct tri_exchange *x,
                           const struct tri_request_head *head, const struct tri_route *route,
                           const struct tri_handshake *handshake)
{
    const char *obstacle = find_obstacle(link);
    if (obstacle) {
        refuse_status(link, x, head, 503, obstacle);
        return;
    }
    if (route->ws->on_request) {
        ask_ws(link, x, head, route, handshake);
        return;
    }
    const struct tri_ws_opening opening = {
        .link = link,
        .exchange = x,
        .route = route,
        .user = route->ws_user,
        .path = tri_request_head_path(head),
        .offers = &handshake->deflate,
        .subprotocol = handshake->subprotocol,
    };
    /* If it failed it was answered, and nobody is there who would want to know. */
    enum tri_err err = tri_ws_accept(&opening);
    (void)err;
}

static void take_request(void *user, struct tri_exchange *x, const struct tri_request_head *head)
{
    struct tri_link *link = user;
    x->owner = NULL;
    (void)tri_hub_now_ns(link->hub);
    const struct tri_route *route =
        tri_routes_find(&tri_hub_config(link->hub)->routes, tri_request_head_path(head));
    struct tri_handshake handshake;
    switch (tri_handshake_verdict(head, route, &handshake)) {
    case TRI_VERDICT_WEBSOCKET:
        take_handshake(link, x, head, route, &handshake);
        return;
    case TRI_VERDICT_PLAIN:
        ask_http(link, x, head, route);
        return;
    case TRI_VERDICT_REFUSE:
        refuse(link, x, head, &handshake.refusal, handshake.reason);
        return;
    }
}

static void cancel_request(void *user, struct tri_exchange *x)
{
    (void)user;
    struct tri_request *req = x->owner;
    if (!req) {
        return;
    }
    const struct tri_route *route = req->route;
    if (req->websocket && route->ws->on_cancel) {
        route->ws->on_cancel(route->ws_user, req);
    } else if (!req->websocket && route->http->on_cancel) {
        route->http->on_cancel(route->http_user, req);
    }
    assert(x->owner == req); /* on_cancel must not answer */
    (void)tri_request_take_off(req);
    tri_request_release(req);
}

static void wake_connection(void *user)
{
    struct tri_link *link = user;
    link->wake(link);
}

const struct tri_exchange_events tri_request_exchange_events = {
    .on_request = take_request,
    .on_cancel = cancel_request,
    .on_wake = wake_connection,
};

/* ----------------------------------------------------------------- what the program answers */

enum tri_err tri_request_accept(struct tri_request *req, void *user)
{
    struct tri_link *link = req->link;
    if (!req->websocket) {
        tri_request_refuse(req, 500, "The server accepted what is no WebSocket handshake.");
        return TRI_ERR_INVALID;
    }
    /* What was no obstacle when the handler was asked may be one by now. */
    const char *obstacle = find_obstacle(link);
    if (obstacle) {
        tri_request_refuse(req, 503, obstacle);
        return link->hub->stopping ? TRI_ERR_CLOSED : TRI_ERR_LIMIT;
    }
    const struct tri_ws_opening opening = {
        .link = link,
        .exchange = req->exchange,
        .route = req->route,
        .user = user,
        .path = tri_slice_of_string(req->path),
        .offers = &req->offers,
        .subprotocol = req->subprotocol,
    };
    /* on_open may do anything, so the request must not be found on the exchange then. */
    (void)tri_request_take_off(req);
    enum tri_err err = tri_ws_accept(&opening);
    tri_request_release(req);
    return err;
}

/* What the three answers have in common. */
static enum tri_err answer(struct tri_request *req, struct tri_reply *reply)
{
    reply->head_only = is_head(tri_slice_of_string(req->method));
    enum tri_err err = tri_reply_send(req->link, tri_request_take_off(req), reply);
    log_request(req);
    tri_request_release(req);
    return err;
}

void tri_request_refuse(struct tri_request *req, int status, const char *reason)
{
    bool is_refusal = status >= 400 && status <= 599;
    const struct tri_refusal refusal = {
        .status = is_refusal ? status : 500,
        .text = reason ? reason : "",
        .head_only = is_head(tri_slice_of_string(req->method)),
    };
    tri_reply_refuse(req->link, tri_request_take_off(req), &refusal);
    log_request(req);
    tri_request_release(req);
}

enum tri_err tri_request_reply(struct tri_request *req, int status,
                               const struct tri_header *headers, size_t headers_len,
                               const void *body, size_t body_len)
{
    struct tri_reply reply = {
        .answer = TRI_ANSWER_PLAIN,
        .status = status,
        .headers = headers,
        .headers_len = headers_len,
        .body = tri_slice_of(body, body_len),
    };
    return answer(req, &reply);
}

enum tri_err tri_request_reply_body(struct tri_request *req, int status,
                                    const struct tri_header *headers, size_t headers_len,
                                    const struct tri_body *body)
{
    struct tri_reply reply = {
        .answer = TRI_ANSWER_PLAIN,
        /* A body that cannot be read makes the answer the 500 of a bad status. */
        .status = body->read || body->length == 0 ? status : 0,
        .headers = headers,
        .headers_len = headers_len,
        .source = body,
    };
    return answer(req, &reply);
}
