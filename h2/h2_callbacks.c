/* See h2_callbacks.h. */
#include "h2_callbacks.h"

#include "h2_answer.h"
#include "h2_engine.h"
#include "h2_priority.h"
#include "h2_request.h"

#include <assert.h>

/*
 * A peer may make the engine decode this many times TRI_REQUEST_HEAD_BYTES_MAX and still gets its
 * 431; past it the stream is reset and the engine stops looking at its fields. One byte of HPACK
 * can stand for a field of 4 KiB.
 */
#define FIELDS_BYTES_FACTOR ((size_t)4)

/* RFC 9113 section 4.2: SETTINGS_MAX_FRAME_SIZE, which we leave at its initial value */
#define FRAME_BYTES_MAX ((size_t)16384)

/* What the engine does not check, and what it does not count. */
static int on_begin_frame(nghttp2_session *session, const nghttp2_frame_hd *hd, void *user)
{
    (void)session;
    struct tri_h2_conn *c = user;
    switch (hd->type) {
    case NGHTTP2_PRIORITY: /* RFC 9113 section 6.3 */
        if (hd->stream_id == 0) {
            tri_h2_core_terminate(c, NGHTTP2_PROTOCOL_ERROR);
        }
        break;
    case NGHTTP2_CONTINUATION: /* RFC 9113 section 4.2 */
        if (hd->length > FRAME_BYTES_MAX) {
            tri_h2_core_terminate(c, NGHTTP2_FRAME_SIZE_ERROR);
        }
        break;
    case NGHTTP2_RST_STREAM:
        tri_h2_core_count(c, TRI_H2_FLOOD_RESET);
        break;
    case NGHTTP2_SETTINGS:
    case NGHTTP2_PING:
        tri_h2_core_count(c, TRI_H2_FLOOD_ACK);
        break;
    case NGHTTP2_WINDOW_UPDATE:
        tri_h2_core_count(c, TRI_H2_FLOOD_WINDOW);
        break;
    default:
        break;
    }
    return tri_h2_engine_result(c);
}

static bool opens_stream(const nghttp2_frame *frame)
{
    return frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST;
}

/* RFC 9113 section 8.7: retry it. */
static int refuse_stream(struct tri_h2_conn *c, int32_t id, enum tri_refused why)
{
    tri_h2_core_refuse(c, &c->config.carrier, why, 0);
    return tri_h2_engine_refuse_block(c, id, NGHTTP2_REFUSED_STREAM);
}

static int open_stream(struct tri_h2_conn *c, int32_t id)
{
    c->last_stream_id = id;
    if (c->is_draining) {
        return refuse_stream(c, id, TRI_REFUSED_STOPPING);
    }
    if (c->open_len >= c->streams_max) { /* RFC 9113 section 5.1.2 */
        return refuse_stream(c, id, TRI_REFUSED_SOCKETS);
    }
    struct tri_h2_stream *s = tri_h2_stream_new(c, id);
    if (!s) {
        return refuse_stream(c, id, TRI_REFUSED_MEMORY);
    }
    s->exchange.ops = &tri_h2_answer_ops;
    s->exchange.carrier = &s->carrier;
    tri_h2_priority_keep(s);
    int rv = nghttp2_session_set_stream_user_data(c->session, id, s);
    assert(rv == 0); /* the engine has just opened it */
    (void)rv;
    c->head = s;
    c->head_since_ns = c->now_ns;
    return 0;
}

static int on_begin_headers(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
    struct tri_h2_conn *c = user;
    const int32_t id = frame->hd.stream_id;
    if (opens_stream(frame)) {
        return open_stream(c, id);
    }
    const struct tri_h2_stream *s = tri_h2_engine_find(session, id);
    if (s && s->is_websocket) {
        /* RFC 9113 section 8.5: frames other than DATA MUST be treated as a stream error. */
        return tri_h2_engine_refuse_block(c, id, NGHTTP2_PROTOCOL_ERROR);
    }
    return 0; /* trailers: nobody asks for them */
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, nghttp2_rcbuf *name,
                     nghttp2_rcbuf *value, uint8_t flags, void *user)
{
    (void)flags;
    struct tri_h2_conn *c = user;
    struct tri_h2_stream *s = tri_h2_engine_find(session, frame->hd.stream_id);
    if (!s || !opens_stream(frame)) {
        return 0;
    }
    assert(s->state == TRI_H2_STREAM_HEAD);
    const struct tri_slice n = tri_h2_engine_slice(name);
    const struct tri_slice v = tri_h2_engine_slice(value);
    s->request->fields_bytes += n.len + v.len;
    if (s->request->fields_bytes > FIELDS_BYTES_FACTOR * TRI_REQUEST_HEAD_BYTES_MAX) {
        return tri_h2_engine_refuse_block(c, s->id, NGHTTP2_ENHANCE_YOUR_CALM);
    }
    if (tri_request_builder_add(&s->request->builder, n, v) == TRI_ERR_NOMEM) {
        return tri_h2_engine_refuse_block(c, s->id, NGHTTP2_INTERNAL_ERROR);
    }
    return 0; /* over the limit: the builder remembers, and 431 is answered at the end */
}

static void take_head(nghttp2_session *session, const nghttp2_frame *frame)
{
    struct tri_h2_stream *s = tri_h2_engine_find(session, frame->hd.stream_id);
    if (s && opens_stream(frame)) {
        tri_h2_request_ask(s);
    }
}

static bool is_all_padding(const nghttp2_frame *frame)
{
    return frame->hd.type == NGHTTP2_DATA && frame->data.padlen > 0 &&
           frame->hd.length == frame->data.padlen;
}

static int on_frame_recv(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
    struct tri_h2_conn *c = user;
    const bool has_fin = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
    switch (frame->hd.type) {
    case NGHTTP2_HEADERS:
    case NGHTTP2_DATA:
        if (is_all_padding(frame) && !has_fin) {
            tri_h2_core_count(c, TRI_H2_FLOOD_PADDING);
        }
        if (has_fin) { /* first, so that who is asked knows it */
            tri_h2_engine_peer_fin(session, frame->hd.stream_id);
        }
        if (frame->hd.type == NGHTTP2_HEADERS) {
            take_head(session, frame);
        }
        break;
    case NGHTTP2_SETTINGS:
        if (frame->hd.flags & NGHTTP2_FLAG_ACK) {
            c->is_settings_acked = true;
        }
        break;
    case NGHTTP2_PRIORITY_UPDATE:
        tri_h2_priority_update(c, frame->ext.payload);
        break;
    default:
        break;
    }
    return tri_h2_engine_result(c);
}

static int on_stream_close(nghttp2_session *session, int32_t stream_id, uint32_t error_code,
                           void *user)
{
    (void)error_code; /* the cause is in the stream's own flags */
    (void)user;
    struct tri_h2_stream *s = tri_h2_engine_find(session, stream_id);
    if (s) {
        tri_h2_stream_closed(s);
    }
    return 0;
}

static void take_our_fin(nghttp2_session *session, int32_t stream_id)
{
    struct tri_h2_stream *s = tri_h2_engine_find(session, stream_id);
    if (!s) {
        return;
    }
    s->is_fin_sent = true;
    if (!s->is_peer_fin && !s->is_websocket) {
        /* RFC 9113 section 8.1: the rest of the request is not needed. */
        tri_h2_core_reset(s->conn, stream_id, NGHTTP2_NO_ERROR);
    }
}

/* A reset that the peer provoked is counted once, when the stream was refused or else now: of our own
 * accord we send only CANCEL, and NO_ERROR behind an answer. */
static void count_reset(struct tri_h2_conn *c, uint32_t error_code)
{
    if (error_code == NGHTTP2_CANCEL || error_code == NGHTTP2_NO_ERROR) {
        return;
    }
    if (c->refusals_unsent > 0) {
        c->refusals_unsent--;
    } else {
        tri_h2_core_count(c, TRI_H2_FLOOD_RESET);
    }
}

static int on_frame_send(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
    struct tri_h2_conn *c = user;
    switch (frame->hd.type) {
    case NGHTTP2_HEADERS:
    case NGHTTP2_DATA:
        if (frame->hd.type == NGHTTP2_DATA) {
            tri_h2_flood_forgive(&c->flood, TRI_H2_FLOOD_WINDOW, TRI_H2_WINDOWS_PER_DATA);
        }
        if (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) {
            take_our_fin(session, frame->hd.stream_id);
        }
        break;
    case NGHTTP2_RST_STREAM:
        count_reset(c, frame->rst_stream.error_code);
        break;
    case NGHTTP2_SETTINGS:
        c->is_settings_sent = true;
        break;
    case NGHTTP2_GOAWAY:
        if (frame->goaway.error_code == NGHTTP2_ENHANCE_YOUR_CALM && !c->is_terminating) {
            tri_metrics_flood(c->config.metrics, TRI_FLOOD_OTHER); /* the engine's own limits */
        }
        break;
    default:
        break;
    }
    return tri_h2_engine_result(c);
}

/* A response head that the engine could not send, for example one over its size limit. */
static int on_frame_not_send(nghttp2_session *session, const nghttp2_frame *frame,
                             int lib_error_code, void *user)
{
    (void)lib_error_code;
    struct tri_h2_conn *c = user;
    if (frame->hd.type == NGHTTP2_HEADERS && tri_h2_engine_find(session, frame->hd.stream_id)) {
        tri_h2_core_reset(c, frame->hd.stream_id, NGHTTP2_INTERNAL_ERROR);
    }
    return tri_h2_engine_result(c);
}

void tri_h2_callbacks_set(nghttp2_session_callbacks *callbacks)
{
    nghttp2_session_callbacks_set_on_begin_frame_callback(callbacks, on_begin_frame);
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback2(callbacks, on_header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame_recv);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_close);
    nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, on_frame_send);
    nghttp2_session_callbacks_set_on_frame_not_send_callback(callbacks, on_frame_not_send);
}
