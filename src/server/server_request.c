/* See server_request.h and, for the public functions, trisock.h. */
#include "server_request.h"

#include "http_handshake.h"
#include "server_reply.h"
#include "server_ws.h"

#include <assert.h>

/*
 * One block of memory: the struct, its fields, and every string. The head's bytes are the
 * adapter's and have no NUL, and a program wants strings.
 */
struct tri_request {
    struct tri_link *link;         /* borrowed: the connection outlives its requests */
    struct tri_exchange *exchange; /* borrowed: until answered or cancelled */
    const struct tri_route *route; /* borrowed */
    bool websocket;                /* a valid opening handshake */
    const char *method, *authority, *path, *query;
    size_t fields_len;
    struct tri_header fields[];
};

static size_t strings_bytes(const struct tri_request_head *head)
{
    size_t bytes = head->method.len + 1 + head->authority.len + 1;
    bytes += tri_request_head_path(head).len + 1 + tri_request_head_query(head).len + 1;
    for (size_t i = 0; i < head->fields_len; i++) {
        bytes += head->fields[i].name.len + 1 + head->fields[i].value.len + 1;
    }
    return bytes;
}

/* Copies |s| with a NUL to |*at|, which moves on. */
static const char *put_string(char **at, struct tri_slice s)
{
    char *string = *at;
    if (s.len > 0) {
        memcpy(string, s.data, s.len);
    }
    string[s.len] = '\0';
    *at += s.len + 1;
    return string;
}

static bool is_cookie(const struct tri_field *field)
{
    return tri_slice_equal(field->name, TRI_SLICE("cookie"));
}

/*
 * RFC 9113 section 8.2.3, RFC 9114 section 4.2.1: cookie fields MUST be made one, with "; " between,
 * before a program sees them. The room is there: each further one leaves out its name.
 */
static const char *put_cookies(char **at, const struct tri_request_head *head)
{
    char *string = *at;
    for (size_t i = 0; i < head->fields_len; i++) {
        if (is_cookie(&head->fields[i])) {
            if (*at != string) {
                memcpy(*at - 1, "; ", 2); /* over the NUL of the one before */
                *at += 1;
            }
            (void)put_string(at, head->fields[i].value);
        }
    }
    return string;
}

/* All cookie fields are put where the first one is. */
static void put_fields(struct tri_request *req, char **at, const struct tri_request_head *head)
{
    bool has_cookies = false;
    for (size_t i = 0; i < head->fields_len; i++) {
        const struct tri_field *field = &head->fields[i];
        if (is_cookie(field) && has_cookies) {
            continue;
        }
        struct tri_header *header = &req->fields[req->fields_len++];
        header->name = put_string(at, field->name);
        if (is_cookie(field)) {
            has_cookies = true;
            header->value = put_cookies(at, head);
        } else {
            header->value = put_string(at, field->value);
        }
    }
}

static struct tri_request *make_request(struct tri_link *link, struct tri_exchange *x,
                                        const struct tri_request_head *head,
                                        const struct tri_route *route)
{
    size_t fields_bytes = head->fields_len * sizeof(struct tri_header);
    size_t size = sizeof(struct tri_request) + fields_bytes + strings_bytes(head);
    struct tri_request *req = tri_alloc_get(link->hub->shared->alloc, size);
    if (!req) {
        return NULL;
    }
    *req = (struct tri_request){.link = link, .exchange = x, .route = route};
    char *at = (char *)&req->fields[head->fields_len];
    req->method = put_string(&at, head->method);
    req->authority = put_string(&at, head->authority);
    req->path = put_string(&at, tri_request_head_path(head));
    req->query = put_string(&at, tri_request_head_query(head));
    put_fields(req, &at, head);
    assert(at <= (char *)req + size); /* less where cookies were made one */
    x->owner = req;
    return req;
}

/* Takes it off its exchange, which is still to be answered. */
static struct tri_exchange *take_off(struct tri_request *req)
{
    struct tri_exchange *x = req->exchange;
    assert(x->owner == req);
    x->owner = NULL;
    return x;
}

static void free_request(struct tri_request *req)
{
    tri_alloc_release(req->link->hub->shared->alloc, req);
}

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
    struct tri_request *req = make_request(link, x, head, route);
    if (!req) {
        refuse_status(link, x, head, 503, "The server is short of memory. Try again later.");
        return;
    }
    route->http->on_request(route->http_user, req);
}

static void ask_ws(struct tri_link *link, struct tri_exchange *x,
                   const struct tri_request_head *head, const struct tri_route *route)
{
    if (link->hub->stopping) {
        refuse_status(link, x, head, 503, "The server is stopping. Try again later.");
        return;
    }
    if (!route->ws->on_request) {
        const struct tri_ws_opening opening = {
            .link = link,
            .exchange = x,
            .handler = route->ws,
            .user = route->ws_user,
            .path = tri_request_head_path(head),
        };
        /* If it failed it was answered, and nobody is there who would want to know. */
        enum tri_err err = tri_ws_accept(&opening);
        (void)err;
        return;
    }
    struct tri_request *req = make_request(link, x, head, route);
    if (!req) {
        refuse_status(link, x, head, 503, "The server is short of memory. Try again later.");
        return;
    }
    req->websocket = true;
    route->ws->on_request(route->ws_user, req);
}

static void take_request(void *user, struct tri_exchange *x, const struct tri_request_head *head)
{
    struct tri_link *link = user;
    x->owner = NULL;
    (void)tri_hub_now_ns(link->hub);
    const struct tri_route *route =
        tri_routes_find(&tri_hub_config(link->hub)->routes, tri_request_head_path(head));
    struct tri_response refusal;
    const char *reason = "";
    switch (tri_handshake_verdict(head, route, &refusal, &reason)) {
    case TRI_VERDICT_WEBSOCKET:
        ask_ws(link, x, head, route);
        return;
    case TRI_VERDICT_PLAIN:
        ask_http(link, x, head, route);
        return;
    case TRI_VERDICT_REFUSE:
        refuse(link, x, head, &refusal, reason);
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
    (void)take_off(req);
    free_request(req);
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

/* -------------------------------------------------------------------- what the program sees */

const char *tri_request_method(const struct tri_request *req)
{
    return req->method;
}

const char *tri_request_authority(const struct tri_request *req)
{
    return req->authority;
}

const char *tri_request_path(const struct tri_request *req)
{
    return req->path;
}

const char *tri_request_query(const struct tri_request *req)
{
    return req->query;
}

const char *tri_request_field(const struct tri_request *req, const char *name)
{
    for (size_t i = 0; i < req->fields_len; i++) {
        if (strcmp(req->fields[i].name, name) == 0) {
            return req->fields[i].value;
        }
    }
    return NULL;
}

const struct tri_carrier *tri_request_carrier(const struct tri_request *req)
{
    return req->exchange->carrier;
}

enum tri_err tri_request_accept(struct tri_request *req, void *user)
{
    struct tri_link *link = req->link;
    if (!req->websocket) {
        tri_request_refuse(req, 500, "The server accepted what is no WebSocket handshake.");
        return TRI_ERR_INVALID;
    }
    if (link->hub->stopping) {
        tri_request_refuse(req, 503, "The server is stopping. Try again later.");
        return TRI_ERR_CLOSED;
    }
    struct tri_ws_opening opening = {
        .link = link,
        .exchange = req->exchange,
        .handler = req->route->ws,
        .user = user,
        .path = tri_slice_of_string(req->path),
    };
    /* on_open may do anything, so the request must not be found on the exchange then. */
    (void)take_off(req);
    enum tri_err err = tri_ws_accept(&opening);
    free_request(req);
    return err;
}

/* What the three answers have in common. */
static enum tri_err answer(struct tri_request *req, struct tri_reply *reply)
{
    reply->head_only = is_head(tri_slice_of_string(req->method));
    enum tri_err err = tri_reply_send(req->link, take_off(req), reply);
    log_request(req);
    free_request(req);
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
    tri_reply_refuse(req->link, take_off(req), &refusal);
    log_request(req);
    free_request(req);
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
