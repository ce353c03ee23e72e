/* See h2_client_callbacks.h. */
#include "h2_client_callbacks.h"

#include "h2_call.h"
#include "h2_engine.h"

#include <assert.h>

/* RFC 9113 section 8.4: we have said ENABLE_PUSH = 0. The engine would wait for its acknowledgement. */
static int on_begin_frame(nghttp2_session *session, const nghttp2_frame_hd *hd, void *user)
{
    (void)session;
    struct tri_h2_conn *c = user;
    if (hd->type == NGHTTP2_PUSH_PROMISE) {
        tri_h2_core_fail(c, TRI_ERR_PROTOCOL, NGHTTP2_PROTOCOL_ERROR);
    }
    return tri_h2_engine_result(c);
}

static int on_begin_headers(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
    struct tri_h2_conn *c = user;
    struct tri_h2_stream *s = tri_h2_engine_find(session, frame->hd.stream_id);
    if (s && s->state == TRI_H2_STREAM_ASKED) {
        c->head = s;
        c->head_since_ns = c->now_ns;
    } else if (s && s->is_websocket) {
        /* RFC 9113 section 8.5: frames other than DATA MUST be treated as a stream error. */
        return tri_h2_engine_refuse_block(c, frame->hd.stream_id, NGHTTP2_PROTOCOL_ERROR);
    }
    return 0;
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, nghttp2_rcbuf *name,
                     nghttp2_rcbuf *value, uint8_t flags, void *user)
{
    (void)flags;
    const struct tri_h2_conn *c = user;
    struct tri_h2_stream *s = tri_h2_engine_find(session, frame->hd.stream_id);
    if (!s || s->state != TRI_H2_STREAM_ASKED ||
        tri_h2_call_field(s, tri_h2_engine_slice(name), tri_h2_engine_slice(value)) == TRI_OK) {
        return 0;
    }
    return c->phase == TRI_H2_LIVE ? NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE
                                   : NGHTTP2_ERR_CALLBACK_FAILURE;
}

static void take_headers(nghttp2_session *session, const nghttp2_frame *frame)
{
    struct tri_h2_stream *s = tri_h2_engine_find(session, frame->hd.stream_id);
    if (s && s->state == TRI_H2_STREAM_ASKED) {
        tri_h2_call_head(s);
    }
}

static void take_reset(nghttp2_session *session, const nghttp2_frame *frame)
{
    struct tri_h2_stream *s = tri_h2_engine_find(session, frame->hd.stream_id);
    if (s) {
        tri_h2_call_reset(s, frame->rst_stream.error_code);
    }
}

static void take_settings(struct tri_h2_conn *c, const nghttp2_frame *frame)
{
    struct tri_h2_client *k = tri_h2_client_of(c);
    if (frame->hd.flags & NGHTTP2_FLAG_ACK) {
        c->is_settings_acked = true;
    } else if (k->is_ready) {
        k->is_room_due = true;
    } else {
        k->is_ready = true;
        /* RFC 8441 section 3; that it is not taken back, the engine sees to. */
        const uint32_t connect = nghttp2_session_get_remote_settings(
            c->session, NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL);
        k->events->on_ready(c->config.user, connect == 1);
    }
}

/* RFC 9113 section 6.8. The streams above its id are closed by the engine. */
static void take_goaway(struct tri_h2_conn *c, const nghttp2_frame *frame)
{
    struct tri_h2_client *k = tri_h2_client_of(c);
    const uint32_t code = frame->goaway.error_code;
    c->is_draining = true;
    k->goaway_code = code;
    if (code != NGHTTP2_NO_ERROR) {
        tri_h2_client_note(k, TRI_FAULT_LOST, code, nghttp2_http2_strerror(code));
    }
}

static int on_frame_recv(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
    struct tri_h2_conn *c = user;
    switch (frame->hd.type) {
    case NGHTTP2_HEADERS:
    case NGHTTP2_DATA:
        if (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) { /* first, so that the answer finds it */
            tri_h2_engine_peer_fin(session, frame->hd.stream_id);
        }
        if (frame->hd.type == NGHTTP2_HEADERS) {
            take_headers(session, frame);
        }
        break;
    case NGHTTP2_RST_STREAM:
        take_reset(session, frame);
        break;
    case NGHTTP2_SETTINGS:
        take_settings(c, frame);
        break;
    case NGHTTP2_GOAWAY:
        take_goaway(c, frame);
        break;
    default:
        break;
    }
    return tri_h2_engine_result(c);
}

static int on_stream_close(nghttp2_session *session, int32_t stream_id, uint32_t error_code,
                           void *user)
{
    (void)user;
    struct tri_h2_stream *s = tri_h2_engine_find(session, stream_id);
    if (s) {
        tri_h2_call_closed(s, error_code);
    }
    return 0;
}

static void take_sent(nghttp2_session *session, const nghttp2_frame *frame)
{
    struct tri_h2_stream *s = tri_h2_engine_find(session, frame->hd.stream_id);
    if (!s) {
        return;
    }
    if (frame->hd.type == NGHTTP2_HEADERS && s->request) {
        s->request->is_sent = true;
    }
    if (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) {
        s->is_fin_sent = true;
    }
}

static int on_frame_send(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
    struct tri_h2_conn *c = user;
    switch (frame->hd.type) {
    case NGHTTP2_HEADERS:
        take_sent(session, frame);
        break;
    case NGHTTP2_DATA:
        if (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) {
            take_sent(session, frame);
        }
        break;
    case NGHTTP2_SETTINGS:
        c->is_settings_sent = true;
        break;
    case NGHTTP2_GOAWAY: /* mostly the engine's own verdict on what came */
        if (frame->goaway.error_code != NGHTTP2_NO_ERROR) {
            tri_h2_client_note(tri_h2_client_of(c), TRI_FAULT_PROTOCOL, 0,
                               nghttp2_http2_strerror(frame->goaway.error_code));
        }
        break;
    default:
        break;
    }
    return tri_h2_engine_result(c);
}

void tri_h2_client_callbacks_set(nghttp2_session_callbacks *callbacks)
{
    nghttp2_session_callbacks_set_on_begin_frame_callback(callbacks, on_begin_frame);
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback2(callbacks, on_header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame_recv);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_close);
    nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, on_frame_send);
}
