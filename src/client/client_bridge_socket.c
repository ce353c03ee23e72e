#include "client_bridge_state.h"

#include "client_bridge_fields.h"
#include "http_body.h"

#include <assert.h>
#include <stdio.h>

/* Of a sentence that a local program is given. */
#define TEXT_MAX 512

static struct tri_client_bridge_socket *socket_of(struct tri_client_call *call)
{
    return TRI_CONTAINER_OF(call, struct tri_client_bridge_socket, call);
}

static void free_socket(struct tri_client_bridge_socket *s)
{
    struct tri_client_bridge *b = s->bridge;
    tri_list_remove(&s->node);
    s->exchange->owner = NULL;
    tri_alloc_release(b->alloc, s);
}

/* ---- answers of our own */

static int choose_status(enum tri_fault fault)
{
    switch (fault) {
    case TRI_FAULT_TIMEOUT:
        return 504; /* RFC 9110 section 15.6.5 */
    case TRI_FAULT_STREAMS:
    case TRI_FAULT_MEMORY:
        return 503;
    case TRI_FAULT_NONE:
    case TRI_FAULT_URL:
    case TRI_FAULT_RESOLVE:
    case TRI_FAULT_CONNECT:
    case TRI_FAULT_TLS:
    case TRI_FAULT_CERTIFICATE:
    case TRI_FAULT_VERSION:
    case TRI_FAULT_NO_CONNECT:
    case TRI_FAULT_STATUS:
    case TRI_FAULT_HANDSHAKE:
    case TRI_FAULT_PROTOCOL:
    case TRI_FAULT_LOST:
        return 502;
    }
    assert(false);
    return 502;
}

/* |text| as the body, if there is memory for it. */
static void respond_text(const struct tri_client_bridge *b, struct tri_exchange *x, int status,
                         const char *text)
{
    static const struct tri_field type = {.name = TRI_SLICE("content-type"),
                                          .value = TRI_SLICE("text/plain; charset=utf-8")};
    char line[TEXT_MAX];
    (void)snprintf(line, sizeof line - 1, "%s\n", text);
    struct tri_response r = {.answer = TRI_ANSWER_PLAIN, .status = status};
    struct tri_http_body *body = NULL;
    if (tri_http_body_new_copy(&body, b->alloc, &x->stream, line, strlen(line)) == TRI_OK) {
        r.fields = &type;
        r.fields_len = 1;
        r.content_length = strlen(line);
        r.events = &tri_http_body_stream_events;
        r.session = body;
    }
    if (x->ops->respond(x, &r) != TRI_OK && body) {
        tri_http_body_discard(body);
    }
}

static void respond_bare(struct tri_exchange *x, enum tri_answer answer, int status)
{
    const struct tri_response r = {.answer = answer, .status = status};
    enum tri_err ignored = x->ops->respond(x, &r); /* without memory the stream is aborted */
    (void)ignored;
}

static void fail(struct tri_client_bridge_socket *s, const struct tri_failure *why)
{
    tri_client_bridge_note(s->bridge, true, "%.*s: %s", (int)s->path.len,
                           (const char *)s->path.data, why->text);
    respond_text(s->bridge, s->exchange, choose_status(why->fault), why->text);
    free_socket(s);
}

void tri_client_bridge_fail_waiting(struct tri_client_bridge *b, const struct tri_failure *why)
{
    while (!tri_list_is_empty(&b->waiting)) {
        b->waiting_len--;
        fail(TRI_CONTAINER_OF(b->waiting.next, struct tri_client_bridge_socket, node), why);
    }
}

void tri_client_bridge_fail_asked(struct tri_client_bridge *b, const struct tri_failure *why)
{
    while (!tri_list_is_empty(&b->asked)) {
        struct tri_client_bridge_socket *s =
            TRI_CONTAINER_OF(b->asked.next, struct tri_client_bridge_socket, node);
        tri_client_call_cancel(&s->call);
        fail(s, why);
    }
}

/* ---- a handshake comes */

static struct tri_client_bridge_socket *new_socket(struct tri_client_bridge *b,
                                                   struct tri_exchange *x,
                                                   const struct tri_request_head *head)
{
    const size_t fields_max = head->fields_len + b->more_len;
    struct tri_client_bridge_socket *s =
        tri_alloc_zero(b->alloc, sizeof *s + fields_max * sizeof s->fields[0]);
    if (s) {
        s->bridge = b;
        s->exchange = x;
        s->path = head->path;
        s->fields_len = tri_client_bridge_fields_up(head, b->more, b->more_len, s->fields);
        tri_list_init(&s->node);
    }
    return s;
}

void tri_client_bridge_take_request(struct tri_client_bridge *b, struct tri_exchange *x,
                                    const struct tri_request_head *head)
{
    x->owner = NULL;
    if (head->protocol.len == 0) {
        respond_bare(x, TRI_ANSWER_UPGRADE_NEEDED, 0);
        return;
    }
    if (b->is_stopping) {
        respond_text(b, x, 503, "the bridge is stopping");
        return;
    }
    struct tri_client_bridge_socket *s = new_socket(b, x, head);
    if (!s) {
        respond_bare(x, TRI_ANSWER_PLAIN, 503);
        return;
    }
    x->owner = s;
    tri_list_append(&b->waiting, &s->node);
    b->waiting_len++;
    tri_client_bridge_pump(b);
}

void tri_client_bridge_take_cancel(struct tri_exchange *x)
{
    struct tri_client_bridge_socket *s = x->owner;
    assert(s);
    if (s->call.conn) {
        tri_client_call_cancel(&s->call);
    } else {
        s->bridge->waiting_len--;
    }
    free_socket(s);
}

/* ---- it crosses */

static void fill_request(struct tri_client_call *call, struct tri_call_request *out)
{
    struct tri_client_bridge_socket *s = socket_of(call);
    out->path = s->path;
    out->fields = s->fields;
    out->fields_len = s->fields_len;
}

static void take_fail(struct tri_client_call *call, const struct tri_failure *why)
{
    fail(socket_of(call), why);
}

static void take_half(void *user, struct tri_client_splice *splice)
{
    struct tri_client_bridge *b = user;
    tri_timeout_arm(&b->halves, &splice->timeout, tri_loop_now_ns(b->client->loop));
}

static void take_over(void *user, struct tri_client_splice *splice)
{
    (void)user;
    (void)splice; /* takes itself off the lists */
}

static const struct tri_client_splice_events splice_events = {.on_half = take_half,
                                                              .on_over = take_over};

/* Both streams have a tenant afterwards, or neither: then that of the server is reset. */
static void join(struct tri_client_bridge_socket *s, struct tri_call *far,
                 const struct tri_response *answer)
{
    struct tri_client_bridge *b = s->bridge;
    struct tri_exchange *near = s->exchange;
    struct tri_client_splice *splice = tri_client_splice_new(b->alloc, &splice_events, b);
    if (!splice) {
        respond_bare(near, TRI_ANSWER_PLAIN, 503);
        return;
    }
    struct tri_response r = *answer;
    r.answer = TRI_ANSWER_WEBSOCKET;
    r.content_length = TRI_LENGTH_NONE;
    r.events = &tri_client_splice_stream_events;
    r.session = &splice->near;
    if (near->ops->respond(near, &r) != TRI_OK) {
        tri_client_splice_discard(splice);
        return;
    }
    splice->near.stream = &near->stream;
    splice->far.stream = &far->stream;
    far->stream.events = &tri_client_splice_stream_events;
    far->stream.session = &splice->far;
    tri_list_append(&b->splices, &splice->node);
}

/* What the server said no with; its body does not cross. */
static void refuse(struct tri_client_bridge_socket *s, int status,
                   const struct tri_response *answer)
{
    tri_client_bridge_note(s->bridge, false, "%.*s: refused with status %d", (int)s->path.len,
                           (const char *)s->path.data, status);
    struct tri_response r = *answer;
    r.answer = TRI_ANSWER_PLAIN;
    r.status = status;
    enum tri_err ignored = s->exchange->ops->respond(s->exchange, &r);
    (void)ignored;
}

static void take_answer(struct tri_client_call *call, struct tri_call *stream,
                        const struct tri_call_answer *answer)
{
    struct tri_client_bridge_socket *s = socket_of(call);
    struct tri_client_bridge *b = s->bridge;
    struct tri_field *fields = tri_alloc_get(b->alloc, (answer->fields_len + 1) * sizeof *fields);
    if (!fields) {
        respond_bare(s->exchange, TRI_ANSWER_PLAIN, 503);
        free_socket(s);
        return;
    }
    const struct tri_response response = {
        .fields = fields,
        .fields_len = tri_client_bridge_fields_down(answer->fields, answer->fields_len, fields),
    };
    if (answer->is_accepted) {
        join(s, stream, &response);
    } else {
        refuse(s, answer->status >= 200 && answer->status <= 599 ? answer->status : 502, &response);
    }
    tri_alloc_release(b->alloc, fields);
    free_socket(s);
}

static const struct tri_client_call_events call_events = {
    .on_ask = fill_request, .on_answer = take_answer, .on_fail = take_fail};

void tri_client_bridge_ask(struct tri_client_bridge_socket *s, struct tri_client_conn *conn)
{
    assert(!tri_list_is_linked(&s->node));
    s->call = (struct tri_client_call){.events = &call_events};
    if (tri_client_call_open(conn, &s->call) != TRI_OK) {
        const struct tri_failure why = {.fault = TRI_FAULT_STREAMS,
                                        .text = "the connection takes no more sockets"};
        s->call.conn = NULL;
        fail(s, &why);
        return;
    }
    tri_list_append(&s->bridge->asked, &s->node);
}

/* ---- ends */

void tri_client_bridge_end_splices(struct tri_client_bridge *b)
{
    for (struct tri_list *at = b->splices.next; at != &b->splices; at = at->next) {
        tri_client_splice_end(TRI_CONTAINER_OF(at, struct tri_client_splice, node));
    }
}

void tri_client_bridge_expire_splices(struct tri_client_bridge *b, uint64_t now_ns)
{
    for (struct tri_timeout *t; (t = tri_timeout_list_pop(&b->halves, now_ns));) {
        tri_client_splice_cut(TRI_CONTAINER_OF(t, struct tri_client_splice, timeout));
    }
}
