/* See h2_answer.h. */
#include "h2_answer.h"

#include "h2_priority.h"
#include "http_connect.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

/* Responses with more fields than this take a temporary allocation. */
#define FIELDS_ON_STACK ((size_t)32)

/* :status, content-length, sec-websocket-version */
#define FIELDS_OF_OURS ((size_t)3)

struct answer {
    nghttp2_nv on_stack[FIELDS_ON_STACK];
    nghttp2_nv *fields; /* on_stack, or allocated */
    size_t len;
    size_t cap;
    char status[4];
    char length[21]; /* of 64 bits in decimal */
};

/* ---- field lists */

/* nghttp2 copies names and values, but its struct wants pointers to bytes that are not const. */
static uint8_t *bytes_of(const uint8_t *data)
{
    return (uint8_t *)(uintptr_t)data;
}

static void add_field(struct answer *a, struct tri_slice name, struct tri_slice value)
{
    assert(a->len < a->cap);
    a->fields[a->len++] = (nghttp2_nv){
        .name = bytes_of(name.data),
        .namelen = name.len,
        .value = bytes_of(value.data),
        .valuelen = value.len,
        .flags = NGHTTP2_NV_FLAG_NONE,
    };
}

static void add_status(struct answer *a, int status)
{
    assert(status >= 200 && status <= 599); /* 101 is never sent: RFC 9113 section 8.6 */
    int len = snprintf(a->status, sizeof a->status, "%d", status);
    add_field(a, TRI_SLICE(":status"), tri_slice_of(a->status, (size_t)len));
}

static void add_length(struct answer *a, uint64_t bytes)
{
    int len = snprintf(a->length, sizeof a->length, "%" PRIu64, bytes);
    add_field(a, TRI_SLICE("content-length"), tri_slice_of(a->length, (size_t)len));
}

/* RFC 9113 section 8.2.2: an endpoint MUST NOT generate connection-specific fields. */
static bool is_connection_specific(struct tri_slice name)
{
    return tri_slice_equal(name, TRI_SLICE("connection")) ||
           tri_slice_equal(name, TRI_SLICE("upgrade")) ||
           tri_slice_equal(name, TRI_SLICE("keep-alive")) ||
           tri_slice_equal(name, TRI_SLICE("proxy-connection")) ||
           tri_slice_equal(name, TRI_SLICE("transfer-encoding"));
}

static void add_response(struct answer *a, const struct tri_response *r)
{
    add_status(a, tri_connect_status(r));
    for (size_t i = 0; i < r->fields_len; i++) {
        assert(!is_connection_specific(r->fields[i].name));
        add_field(a, r->fields[i].name, r->fields[i].value);
    }
    if (r->answer == TRI_ANSWER_VERSION_NEEDED) { /* RFC 6455 section 4.4, row E2 */
        add_field(a, TRI_SLICE("sec-websocket-version"), TRI_SLICE("13"));
    }
    if (tri_connect_has_length(r)) {
        add_length(a, r->content_length);
    }
}

static enum tri_err init_answer(struct answer *a, const struct tri_alloc *alloc, size_t fields)
{
    a->len = 0;
    a->cap = FIELDS_OF_OURS + fields;
    a->fields = a->on_stack;
    if (a->cap > FIELDS_ON_STACK) {
        a->fields = tri_alloc_get(alloc, a->cap * sizeof *a->fields);
    }
    return a->fields ? TRI_OK : TRI_ERR_NOMEM;
}

static void deinit_answer(struct answer *a, const struct tri_alloc *alloc)
{
    if (a->fields != a->on_stack) {
        tri_alloc_release(alloc, a->fields);
    }
}

/* ---- answering */

/* The engine copies the fields. Without a body END_STREAM goes with them. */
static enum tri_err submit_head(struct tri_h2_stream *s, const struct answer *a, bool has_body)
{
    if (s->conn->phase != TRI_H2_LIVE) {
        return TRI_ERR_NOMEM; /* no answer can be sent any more: the caller takes it back */
    }
    if (s->is_closed) {
        return TRI_OK; /* the peer has gone; whoever is bound will be told */
    }
    uint8_t flags = has_body ? NGHTTP2_FLAG_NONE : NGHTTP2_FLAG_END_STREAM;
    int rv = nghttp2_submit_headers(s->conn->session, flags, s->id, NULL, a->fields, a->len, NULL);
    return rv == 0 ? TRI_OK : TRI_ERR_NOMEM;
}

/* Nothing was sent and nobody bound; the next drive step resets the stream. */
static void give_up(struct tri_h2_stream *s)
{
    tri_h2_stream_set_state(s, TRI_H2_STREAM_OVER);
    s->wants_abort = true;
    tri_h2_stream_mark(s);
}

static enum tri_err respond(struct tri_exchange *x, const struct tri_response *r)
{
    struct tri_h2_stream *s = TRI_CONTAINER_OF(x, struct tri_h2_stream, exchange);
    assert(s->state == TRI_H2_STREAM_ASKED); /* exactly once, and not after on_cancel */
    assert(r->answer != TRI_ANSWER_WEBSOCKET || r->events);
    struct answer a;
    enum tri_err err = init_answer(&a, s->conn->config.alloc, r->fields_len);
    if (err == TRI_OK) {
        add_response(&a, r);
        err = submit_head(s, &a, r->events);
        deinit_answer(&a, s->conn->config.alloc);
    }
    if (err != TRI_OK) {
        give_up(s);
        return err;
    }
    x->status = tri_connect_status(r);
    x->stream.events = r->events;
    x->stream.session = r->session;
    s->is_websocket = r->answer == TRI_ANSWER_WEBSOCKET;
    s->conn->sockets_len += s->is_websocket;
    tri_h2_priority_merge(s, r);
    s->wants_write = true; /* the tenant is peeked once without being asked */
    tri_h2_stream_set_state(s, TRI_H2_STREAM_ANSWERED);
    tri_h2_stream_mark(s);
    return TRI_OK;
}

const struct tri_exchange_ops tri_h2_answer_ops = {.respond = respond};

void tri_h2_answer_status(struct tri_h2_stream *s, int status)
{
    assert(!s->seam.events);
    struct answer a;
    enum tri_err err = init_answer(&a, s->conn->config.alloc, 0);
    assert(err == TRI_OK); /* it fits on the stack */
    add_status(&a, status);
    if (submit_head(s, &a, false) != TRI_OK) {
        give_up(s);
        return;
    }
    tri_h2_core_refuse(s->conn, &s->carrier, TRI_REFUSED_MALFORMED, status);
    tri_h2_stream_set_state(s, TRI_H2_STREAM_ANSWERED);
    tri_h2_stream_mark(s);
}
