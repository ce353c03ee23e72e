/* See h2_call.h. */
#include "h2_call.h"

#include <assert.h>

/* Requests with more fields than this take a temporary allocation. */
#define FIELDS_ON_STACK ((size_t)32)

/* RFC 8441 section 4: :method, :protocol, :scheme, :path, :authority */
#define PSEUDO_FIELDS ((size_t)5)

/* RFC 9113 section 6.5.2: each field counts 32 bytes more than its text. */
#define FIELD_OVERHEAD_BYTES ((size_t)32)

/* The engine sends no head of more than 64 KiB. */
#define HEAD_BYTES_MAX ((size_t)(60 * 1024))

/* A server may make the engine decode this many times TRI_REQUEST_HEAD_BYTES_MAX, interim answers
 * included. One byte of HPACK can stand for a field of 4 KiB. */
#define FIELDS_BYTES_FACTOR ((size_t)4)

static struct tri_h2_stream *stream_of(struct tri_call *call)
{
    return TRI_CONTAINER_OF(call, struct tri_h2_stream, call);
}

/* ---- asking */

struct ask {
    nghttp2_nv on_stack[FIELDS_ON_STACK];
    nghttp2_nv *fields; /* on_stack, or allocated */
    size_t len;
    size_t bytes; /* as MAX_HEADER_LIST_SIZE counts */
};

static void add_field(struct ask *a, struct tri_slice name, struct tri_slice value)
{
    /* nghttp2 copies names and values, but its struct wants pointers to bytes that are not const. */
    a->fields[a->len++] = (nghttp2_nv){
        .name = (uint8_t *)(uintptr_t)name.data,
        .namelen = name.len,
        .value = (uint8_t *)(uintptr_t)value.data,
        .valuelen = value.len,
        .flags = NGHTTP2_NV_FLAG_NONE,
    };
    a->bytes += name.len + value.len + FIELD_OVERHEAD_BYTES;
}

static enum tri_err init_ask(struct ask *a, const struct tri_alloc *alloc,
                             const struct tri_call_request *request)
{
    const size_t cap = PSEUDO_FIELDS + request->fields_len;
    a->len = 0;
    a->bytes = 0;
    a->fields = cap > FIELDS_ON_STACK ? tri_alloc_get(alloc, cap * sizeof *a->fields) : a->on_stack;
    if (!a->fields) {
        return TRI_ERR_NOMEM;
    }
    add_field(a, TRI_SLICE(":method"), TRI_SLICE("CONNECT"));
    add_field(a, TRI_SLICE(":protocol"), TRI_SLICE("websocket"));
    add_field(a, TRI_SLICE(":scheme"), TRI_SLICE("https"));
    add_field(a, TRI_SLICE(":path"), request->path);
    add_field(a, TRI_SLICE(":authority"), request->authority);
    for (size_t i = 0; i < request->fields_len; i++) {
        add_field(a, request->fields[i].name, request->fields[i].value);
    }
    return TRI_OK;
}

static void deinit_ask(struct ask *a, const struct tri_alloc *alloc)
{
    if (a->fields != a->on_stack) {
        tri_alloc_release(alloc, a->fields);
    }
}

static size_t head_bytes_max(struct tri_h2_conn *c)
{
    const size_t peers = nghttp2_session_get_remote_settings(
        c->session, NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE); /* RFC 9113 section 6.5.2 */
    return peers < HEAD_BYTES_MAX ? peers : HEAD_BYTES_MAX;
}

/* The stream is the engine's once its HEADERS are sent; END_STREAM does not go with them. */
static enum tri_err submit_ask(struct tri_h2_conn *c, const struct ask *a, void *owner,
                               struct tri_call **out)
{
    if (a->bytes > head_bytes_max(c)) {
        return TRI_ERR_LIMIT;
    }
    struct tri_h2_stream *s = tri_h2_stream_new(c, 0);
    if (!s) {
        return TRI_ERR_NOMEM;
    }
    const int32_t id =
        nghttp2_submit_headers(c->session, NGHTTP2_FLAG_NONE, -1, NULL, a->fields, a->len, s);
    if (id < 0) {
        tri_h2_stream_undo(s);
        return TRI_ERR_NOMEM;
    }
    tri_h2_stream_set_id(s, id);
    tri_h2_stream_set_state(s, TRI_H2_STREAM_ASKED);
    s->call.carrier = &s->carrier;
    s->call.owner = owner;
    s->is_tunnel = true;
    s->is_scheduled = true; /* what we send is in the order in which it is asked for */
    *out = &s->call;
    return TRI_OK;
}

enum tri_err tri_h2_call_open(struct tri_conn *conn, const struct tri_call_request *request,
                              void *owner, struct tri_call **out)
{
    struct tri_h2_conn *c = TRI_CONTAINER_OF(conn, struct tri_h2_conn, conn);
    *out = NULL;
    if (c->phase != TRI_H2_LIVE || c->is_draining || c->is_terminating) {
        return TRI_ERR_CLOSED;
    }
    assert(tri_h2_client_of(c)->is_ready);
    struct ask a;
    enum tri_err err = init_ask(&a, c->config.alloc, request);
    if (err == TRI_OK) {
        err = submit_ask(c, &a, owner, out);
        deinit_ask(&a, c->config.alloc);
    }
    if (err == TRI_OK) {
        tri_h2_core_wake(c);
    }
    return err;
}

void tri_h2_call_cancel(struct tri_conn *conn, struct tri_call *call)
{
    (void)conn;
    struct tri_h2_stream *s = stream_of(call);
    assert(s->state == TRI_H2_STREAM_ASKED);
    tri_h2_stream_set_state(s, TRI_H2_STREAM_OVER);
    if (!s->is_closed) {
        tri_h2_core_reset(s->conn, s->id, NGHTTP2_CANCEL);
    }
}

/* ---- the answer */

/* The call ends here, for a reason of our own. */
static void fail_call(struct tri_h2_stream *s, uint32_t code, enum tri_fault fault,
                      const char *text)
{
    s->request->end = (struct tri_call_end){.fault = fault, .text = text};
    tri_h2_stream_kill(s, code);
}

/* The engine has checked that there are three digits. */
static int read_status(struct tri_slice value)
{
    int status = 0;
    for (size_t i = 0; i < value.len && i < 3; i++) {
        status = status * 10 + (value.data[i] - '0');
    }
    return status;
}

enum tri_err tri_h2_call_field(struct tri_h2_stream *s, struct tri_slice name,
                               struct tri_slice value)
{
    struct tri_h2_request *r = s->request;
    r->fields_bytes += name.len + value.len;
    if (r->fields_bytes > FIELDS_BYTES_FACTOR * TRI_REQUEST_HEAD_BYTES_MAX) {
        fail_call(s, NGHTTP2_ENHANCE_YOUR_CALM, TRI_FAULT_HANDSHAKE,
                  "the head of the answer is too large");
        return TRI_ERR_LIMIT;
    }
    if (name.data[0] == ':') { /* :status, first of all: RFC 9113 section 8.3.2 */
        r->status = read_status(value);
        return TRI_OK;
    }
    if (r->status < 200) {
        return TRI_OK; /* an interim answer is passed over */
    }
    if (tri_request_builder_add(&r->builder, name, value) == TRI_ERR_NOMEM) {
        fail_call(s, NGHTTP2_INTERNAL_ERROR, TRI_FAULT_MEMORY, "");
        return TRI_ERR_NOMEM;
    }
    return TRI_OK; /* over the limit: the builder remembers, and the call fails at the end */
}

/* A refused call's tenant: it lets the body go by, and both directions end in order. A reset would
 * count as an attack at servers that count resets (CVE-2023-44487). */
static void drop_data(void *session, const uint8_t *data, size_t len)
{
    (void)data;
    struct tri_h2_stream *s = session;
    s->seam.ops->consume(&s->seam, len);
}

static void drop_fin(void *session)
{
    (void)session;
}

static size_t peek_fin(void *session, struct tri_slice *out, size_t out_max, bool *fin)
{
    (void)session;
    (void)out;
    (void)out_max;
    *fin = true;
    return 0;
}

static void drop_len(void *session, size_t len)
{
    (void)session;
    (void)len;
}

static void drop_closed(void *session, enum tri_stream_cause cause)
{
    (void)session;
    (void)cause;
}

static const struct tri_stream_events refused_events = {
    .on_data = drop_data,
    .on_fin = drop_fin,
    .peek = peek_fin,
    .on_sent = drop_len,
    .on_released = drop_len,
    .on_closed = drop_closed,
};

bool tri_h2_call_is_refused(const struct tri_h2_stream *s)
{
    return s->state == TRI_H2_STREAM_ANSWERED && s->seam.events == &refused_events;
}

static void tell_answer(struct tri_h2_stream *s)
{
    const struct tri_h2_client *k = tri_h2_client_of(s->conn);
    const struct tri_h2_request *r = s->request;
    const struct tri_call_answer answer = {
        .is_accepted = r->status / 100 == 2, /* RFC 9110 section 9.3.6 */
        .status = r->status,
        .fields = r->head.fields,
        .fields_len = r->head.fields_len,
    };
    tri_h2_stream_set_state(s, TRI_H2_STREAM_ANSWERED);
    s->is_websocket = answer.is_accepted;
    s->conn->sockets_len += s->is_websocket;
    k->events->on_answer(k->h2.config.user, &s->call, &answer);
    if (!answer.is_accepted) {
        s->seam.events = &refused_events;
        s->seam.session = s;
    } else if (!s->seam.events) {
        tri_h2_stream_kill(s, NGHTTP2_CANCEL);
        return;
    }
    s->wants_write = true; /* the tenant is peeked once without being asked */
    tri_h2_stream_mark(s);
}

void tri_h2_call_head(struct tri_h2_stream *s)
{
    struct tri_h2_request *r = s->request;
    if (r->status < 200) {
        s->conn->head = NULL;
        r->status = 0;
        if (++r->interims > TRI_H2_INTERIMS_MAX) {
            fail_call(s, NGHTTP2_ENHANCE_YOUR_CALM, TRI_FAULT_PROTOCOL,
                      "one interim answer after the other");
        }
        return;
    }
    switch (tri_request_builder_finish(&r->builder, &r->head)) {
    case TRI_OK:
        tell_answer(s);
        return;
    case TRI_ERR_LIMIT:
        fail_call(s, NGHTTP2_CANCEL, TRI_FAULT_HANDSHAKE, "the head of the answer is too large");
        return;
    default:
        fail_call(s, NGHTTP2_INTERNAL_ERROR, TRI_FAULT_MEMORY, "");
        return;
    }
}

/* ---- the end */

void tri_h2_call_reset(struct tri_h2_stream *s, uint32_t code)
{
    if (s->state == TRI_H2_STREAM_ASKED) {
        s->request->end = (struct tri_call_end){
            .fault = TRI_FAULT_LOST,
            .code = code,
            .is_retryable = code == NGHTTP2_REFUSED_STREAM, /* RFC 9113 section 8.7 */
            .text = nghttp2_http2_strerror(code),
        };
    }
}

/* What has made the engine close a stream that the server did not reset. */
static struct tri_call_end end_of_close(const struct tri_h2_client *k, uint32_t code)
{
    if (code == NGHTTP2_REFUSED_STREAM) { /* above GOAWAY's id, or never sent */
        return (struct tri_call_end){.fault = TRI_FAULT_LOST,
                                     .code = k->goaway_code,
                                     .is_retryable = true,
                                     .text = nghttp2_http2_strerror(k->goaway_code)};
    }
    return (struct tri_call_end){.fault = TRI_FAULT_PROTOCOL, .text = nghttp2_http2_strerror(code)};
}

void tri_h2_call_closed(struct tri_h2_stream *s, uint32_t code)
{
    struct tri_h2_client *k = tri_h2_client_of(s->conn);
    if (s->state == TRI_H2_STREAM_ASKED && s->request->end.fault == TRI_FAULT_NONE) {
        s->request->end = end_of_close(k, code);
    }
    k->is_room_due = true;
    tri_h2_stream_closed(s);
}

void tri_h2_call_end(struct tri_h2_stream *s, enum tri_h2_stream_state before,
                     enum tri_stream_cause cause)
{
    assert(before == TRI_H2_STREAM_ASKED);
    (void)before;
    (void)cause;
    const struct tri_h2_client *k = tri_h2_client_of(s->conn);
    struct tri_call_end end = s->request->end;
    if (end.fault == TRI_FAULT_NONE) { /* the connection has ended */
        end = tri_h2_client_end(k);
        end.is_retryable = !s->request->is_sent;
    }
    if (end.fault == TRI_FAULT_NONE) {
        end.fault = TRI_FAULT_LOST;
        end.text = "the connection was closed";
    }
    k->events->on_fail(k->h2.config.user, &s->call, &end);
}
