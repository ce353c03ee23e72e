/* See server_request.h and, for the public functions, trisock.h. */
#include "server_request.h"

#include "http_handshake.h"
#include "server_early.h"
#include "server_refusal.h"
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

/* What is said where no WebSocket is opened, or no plain request served. */
struct denial {
    enum tri_refused why;
    enum tri_err err; /* for who wanted to accept it */
    enum tri_answer answer;
    int status;       /* for TRI_ANSWER_PLAIN */
    const char *text; /* a sentence, the body */
};

static const struct denial no_memory = {
    .why = TRI_REFUSED_MEMORY,
    .err = TRI_ERR_NOMEM,
    .answer = TRI_ANSWER_PLAIN,
    .status = 503,
    .text = "The server is short of memory. Try again later.",
};

static struct tri_refusal make_refusal(const struct denial *d, struct tri_slice method)
{
    return (struct tri_refusal){
        .answer = d->answer, .status = d->status, .text = d->text, .head_only = is_head(method)};
}

static void refuse(struct tri_link *link, struct tri_exchange *x,
                   const struct tri_request_head *head, const struct denial *d)
{
    /* The head goes with the answer. */
    uint8_t method_bytes[LOGGED_METHOD_MAX];
    uint8_t path_bytes[LOGGED_PATH_MAX];
    const struct tri_slice method = copy_start(method_bytes, sizeof method_bytes, head->method);
    const struct tri_slice path =
        copy_start(path_bytes, sizeof path_bytes, tri_request_head_path(head));
    const struct tri_refusal reply = make_refusal(d, head->method);
    tri_reply_refuse(link, x, &reply);
    log_answer(link, x, method, path);
    tri_refusal_note(link, x->carrier, d->why, x->status, path);
}

/* Near the limit of memory nothing new is begun: what is open shall not suffer from it. */
static bool is_memory_short(const struct tri_link *link)
{
    return !tri_budget_takes_requests(&link->hub->shared->budget);
}

static void ask_http(struct tri_link *link, struct tri_exchange *x,
                     const struct tri_request_head *head, const struct tri_route *route)
{
    struct tri_request *req = is_memory_short(link) ? NULL : tri_request_make(link, x, head, route);
    if (!req) {
        refuse(link, x, head, &no_memory);
        return;
    }
    route->http->on_request(route->http_user, req);
}

static const struct denial is_stopping = {
    .why = TRI_REFUSED_STOPPING,
    .err = TRI_ERR_CLOSED,
    .answer = TRI_ANSWER_PLAIN,
    .status = 503,
    .text = "The server is stopping. Try again later.",
};

static const struct denial too_many_sockets = {
    .why = TRI_REFUSED_SOCKETS,
    .err = TRI_ERR_LIMIT,
    .answer = TRI_ANSWER_PLAIN,
    .status = 503,
    .text = "Too many WebSockets on this connection.",
};

/* Why the connection may open no other WebSocket now; NULL: it may. */
static const struct denial *find_obstacle(const struct tri_link *link)
{
    if (link->hub->stopping) {
        return &is_stopping;
    }
    if (link->sockets >= tri_hub_config(link->hub)->limits.sockets_max) {
        return &too_many_sockets;
    }
    if (is_memory_short(link)) {
        return &no_memory;
    }
    return NULL;
}

/* With a subprotocol of its own: until the answer the route may get another list. NULL: no memory. */
static struct tri_request *make_opening(struct tri_link *link, struct tri_exchange *x,
                                        const struct tri_request_head *head,
                                        const struct tri_route *route,
                                        const struct tri_handshake *handshake)
{
    struct tri_request *req = tri_request_make(link, x, head, route);
    const struct tri_slice agreed = handshake->subprotocol;
    if (!req || agreed.len == 0) {
        return req;
    }
    req->subprotocol =
        tri_alloc_string(link->hub->shared->alloc, (const char *)agreed.data, agreed.len);
    if (!req->subprotocol) {
        (void)tri_request_take_off(req);
        tri_request_release(req);
        return NULL;
    }
    return req;
}

/* The handler wants to be asked. */
static void ask_ws(struct tri_link *link, struct tri_exchange *x,
                   const struct tri_request_head *head, const struct tri_route *route,
                   const struct tri_handshake *handshake)
{
    struct tri_request *req = make_opening(link, x, head, route, handshake);
    if (!req) {
        refuse(link, x, head, &no_memory);
        return;
    }
    req->websocket = true;
    req->offers = handshake->deflate;
    route->ws->on_request(route->ws_user, req);
}

static void take_handshake(struct tri_link *link, struct tri_exchange *x,
                           const struct tri_request_head *head, const struct tri_route *route,
                           const struct tri_handshake *handshake)
{
    const struct denial *obstacle = find_obstacle(link);
    if (obstacle) {
        refuse(link, x, head, obstacle);
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

static void take_verdict(struct tri_link *link, struct tri_exchange *x,
                         const struct tri_request_head *head, const struct tri_handshake *handshake)
{
    const struct denial denial = {
        .why = handshake->refused,
        .answer = handshake->refusal.answer,
        .status = handshake->refusal.status,
        .text = handshake->reason,
    };
    refuse(link, x, head, &denial);
}

static const struct denial too_early = {
    .why = TRI_REFUSED_EARLY,
    .answer = TRI_ANSWER_PLAIN,
    .status = 425,
    .text = "This request came in early data, and may be a repetition. Send it again.",
};

static void take_request(void *user, struct tri_exchange *x, const struct tri_request_head *head)
{
    struct tri_link *link = user;
    x->owner = NULL;
    (void)tri_hub_now_ns(link->hub);
    link->metrics->requests++;
    const struct tri_route *route =
        tri_routes_find(&tri_hub_config(link->hub)->routes, tri_request_head_path(head));
    if (tri_early_is_too_early(head, route)) {
        refuse(link, x, head, &too_early);
        return;
    }
    struct tri_handshake handshake;
    switch (tri_handshake_verdict(head, route, &handshake)) {
    case TRI_VERDICT_WEBSOCKET:
        take_handshake(link, x, head, route, &handshake);
        return;
    case TRI_VERDICT_PLAIN:
        ask_http(link, x, head, route);
        return;
    case TRI_VERDICT_REFUSE:
        take_verdict(link, x, head, &handshake);
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

static void take_refusal(void *user, const struct tri_carrier *carrier, enum tri_refused why,
                         int status)
{
    tri_refusal_note(user, carrier, why, status, TRI_SLICE(""));
}

const struct tri_exchange_events tri_request_exchange_events = {
    .on_request = take_request,
    .on_cancel = cancel_request,
    .on_wake = wake_connection,
    .on_refuse = take_refusal,
    .takes_early = tri_early_takes,
};

/* ----------------------------------------------------------------- what the program answers */

static void deny(struct tri_request *req, const struct denial *d)
{
    struct tri_exchange *x = tri_request_take_off(req);
    const struct tri_refusal reply = make_refusal(d, tri_slice_of_string(req->method));
    tri_reply_refuse(req->link, x, &reply);
    log_request(req);
    tri_refusal_note(req->link, x->carrier, d->why, x->status, tri_slice_of_string(req->path));
    tri_request_release(req);
}

enum tri_err tri_request_accept(struct tri_request *req, void *user)
{
    struct tri_link *link = req->link;
    if (!req->websocket) {
        tri_request_refuse(req, 500, "The server accepted what is no WebSocket handshake.");
        return TRI_ERR_INVALID;
    }
    /* What was no obstacle when the handler was asked may be one by now. */
    const struct denial *obstacle = find_obstacle(link);
    if (obstacle) {
        deny(req, obstacle);
        return obstacle->err;
    }
    const struct tri_ws_opening opening = {
        .link = link,
        .exchange = req->exchange,
        .route = req->route,
        .user = user,
        .path = tri_slice_of_string(req->path),
        .offers = &req->offers,
        .subprotocol = tri_slice_of_string(req->subprotocol ? req->subprotocol : ""),
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
    const struct denial denial = {
        .why = TRI_REFUSED_APPLICATION,
        .answer = TRI_ANSWER_PLAIN,
        .status = is_refusal ? status : 500,
        .text = reason ? reason : "",
    };
    deny(req, &denial);
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
