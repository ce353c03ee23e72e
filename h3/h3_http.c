/* See h3_http.h. */
#include "h3_http.h"

#include "base_limits.h"
#include "h3_call.h"
#include "h3_priority.h"
#include "h3_stream.h"

#include <assert.h>

/* Overhead of a field in the size of a field section: RFC 9114 section 4.2.2. */
#define FIELD_OVERHEAD_BYTES 32u

/*
 * QPACK. Requests may use a small table. None may wait for table entries on their way: that would
 * let a lost packet of one stream hold up the others, and bytes of blocked streams would be held
 * outside of any limit. Our own answers are short, and static entries do for them.
 */
#define QPACK_TABLE_BYTES 4096u
#define QPACK_BLOCKED_STREAMS 0u
#define QPACK_OWN_TABLE_BYTES 0u

static struct tri_slice slice_of(const nghttp3_rcbuf *buf)
{
    nghttp3_vec v = nghttp3_rcbuf_get_buf(buf);
    return tri_slice_of(v.base, v.len);
}

/* The stream that QUIC knows becomes the one that HTTP/3 knows. */
static int begin_headers(nghttp3_conn *http, int64_t id, void *user, void *stream_user)
{
    struct tri_h3_conn *c = user;
    (void)stream_user;
    struct tri_h3_stream *s = ngtcp2_conn_get_stream_user_data2(c->quic, id);
    assert(s); /* h3_quic.c hands on no data of a stream that it has no struct for */
    return nghttp3_conn_set_stream_user_data(http, id, s) == 0 ? 0 : NGHTTP3_ERR_CALLBACK_FAILURE;
}

/* NOLINTNEXTLINE(readability-function-size): nghttp3's signature */
static int recv_header(nghttp3_conn *http, int64_t id, int32_t token, nghttp3_rcbuf *name,
                       nghttp3_rcbuf *value, uint8_t flags, void *user, void *stream_user)
{
    (void)http;
    (void)id;
    (void)flags;
    (void)user;
    struct tri_h3_stream *s = stream_user;
    s->guard.fields++;
    if (token == NGHTTP3_QPACK_TOKEN__STATUS) { /* in no request: nghttp3 has seen to that */
        tri_h3_call_status(s, slice_of(value));
        return 0;
    }
    tri_h3_stream_field(s, slice_of(name), slice_of(value));
    return 0;
}

/* NOLINTNEXTLINE(readability-function-size): nghttp3's signature */
static int recv_trailer(nghttp3_conn *http, int64_t id, int32_t token, nghttp3_rcbuf *name,
                        nghttp3_rcbuf *value, uint8_t flags, void *user, void *stream_user)
{
    (void)http;
    (void)id;
    (void)token;
    (void)name;
    (void)value;
    (void)flags;
    (void)user;
    struct tri_h3_stream *s = stream_user;
    s->guard.fields++;
    return 0;
}

/* nghttp3 leaves out fields that must not be there: RFC 9114 sections 4.1.2, 10.3. */
static bool refuse_lost_fields(struct tri_h3_stream *s)
{
    const bool has_lost = tri_h3_guard_lost_fields(&s->guard);
    if (has_lost) {
        tri_h3_stream_refuse(s, TRI_REFUSED_MALFORMED, NGHTTP3_H3_MESSAGE_ERROR);
    }
    return has_lost;
}

static int end_headers(nghttp3_conn *http, int64_t id, int fin, void *user, void *stream_user)
{
    (void)http;
    (void)id;
    (void)fin; /* end_stream comes too */
    (void)user;
    if (!refuse_lost_fields(stream_user)) {
        tri_h3_stream_head(stream_user);
    }
    return 0;
}

static int end_trailers(nghttp3_conn *http, int64_t id, int fin, void *user, void *stream_user)
{
    (void)http;
    (void)id;
    (void)fin;
    (void)user;
    (void)refuse_lost_fields(stream_user);
    return 0;
}

static int recv_data(nghttp3_conn *http, int64_t id, const uint8_t *data, size_t len, void *user,
                     void *stream_user)
{
    (void)http;
    (void)id;
    (void)user;
    tri_h3_stream_data(stream_user, data, len);
    return 0;
}

static int end_stream(nghttp3_conn *http, int64_t id, void *user, void *stream_user)
{
    (void)http;
    (void)id;
    (void)user;
    tri_h3_stream_fin(stream_user);
    return 0;
}

/* nghttp3 wants the peer to stop: a stream of a kind that is not known, a request after GOAWAY. */
static int stop_sending(nghttp3_conn *http, int64_t id, uint64_t code, void *user,
                        void *stream_user)
{
    (void)http;
    (void)stream_user;
    struct tri_h3_conn *c = user;
    int rv = ngtcp2_conn_shutdown_stream_read(c->quic, 0, id, code);
    return rv == 0 ? 0 : NGHTTP3_ERR_CALLBACK_FAILURE;
}

/* nghttp3 wants our direction to be reset. */
static int reset_stream(nghttp3_conn *http, int64_t id, uint64_t code, void *user,
                        void *stream_user)
{
    (void)http;
    (void)stream_user;
    struct tri_h3_conn *c = user;
    int rv = ngtcp2_conn_shutdown_stream_write(c->quic, 0, id, code);
    return rv == 0 ? 0 : NGHTTP3_ERR_CALLBACK_FAILURE;
}

/* Bytes that waited for the QPACK table. None do, as the settings stand. */
static int deferred_consume(nghttp3_conn *http, int64_t id, size_t len, void *user,
                            void *stream_user)
{
    (void)http;
    (void)stream_user;
    struct tri_h3_conn *c = user;
    int rv = ngtcp2_conn_extend_max_stream_offset(c->quic, id, len);
    return rv == 0 ? 0 : NGHTTP3_ERR_CALLBACK_FAILURE;
}

/* Seeds a hash table of stream ids, which peers cannot choose freely; it has no user pointer. */
static void fill_random(uint8_t *out, size_t len)
{
    const struct tri_random *random = tri_random_system();
    random->fill(random->user, out, len);
}

static int recv_settings(nghttp3_conn *http, const nghttp3_proto_settings *settings, void *user)
{
    (void)http;
    struct tri_h3_conn *c = user;
    if (tri_h3_conn_is_client(c)) {
        tri_h3_call_settings(c, settings);
    }
    return 0;
}

static int recv_goaway(nghttp3_conn *http, int64_t id, void *user)
{
    (void)http;
    struct tri_h3_conn *c = user;
    if (tri_h3_conn_is_client(c)) {
        tri_h3_call_goaway(c, id);
    }
    return 0;
}

static const nghttp3_callbacks callbacks = {
    .recv_data = recv_data,
    .deferred_consume = deferred_consume,
    .begin_headers = begin_headers,
    .recv_header = recv_header,
    .end_headers = end_headers,
    .recv_trailer = recv_trailer,
    .end_trailers = end_trailers,
    .stop_sending = stop_sending,
    .end_stream = end_stream,
    .reset_stream = reset_stream,
    .rand = fill_random,
    .recv_settings2 = recv_settings,
    .shutdown = recv_goaway,
};

static int make_http(struct tri_h3_conn *c)
{
    const struct tri_h3_config *config = &c->shared->config;
    nghttp3_settings settings;
    nghttp3_settings_default(&settings);
    settings.enable_connect_protocol = config->extended_connect; /* RFC 9220 section 3, row E1 */
    settings.max_field_section_size =
        TRI_REQUEST_HEAD_BYTES_MAX + TRI_REQUEST_FIELDS_MAX * FIELD_OVERHEAD_BYTES;
    settings.qpack_max_dtable_capacity = QPACK_TABLE_BYTES;
    settings.qpack_blocked_streams = QPACK_BLOCKED_STREAMS;
    settings.qpack_encoder_max_dtable_capacity = QPACK_OWN_TABLE_BYTES;
    if (tri_h3_conn_is_client(c)) {
        return nghttp3_conn_client_new(&c->http, &callbacks, &settings, &c->shared->http_mem, c);
    }
    int rv = nghttp3_conn_server_new(&c->http, &callbacks, &settings, &c->shared->http_mem, c);
    if (rv != 0) {
        return rv;
    }
    nghttp3_conn_set_max_client_streams_bidi(c->http, config->limits->streams_max);
    nghttp3_conn_set_max_concurrent_streams(c->http, config->limits->streams_max);
    return 0;
}

int tri_h3_http_open(struct tri_h3_conn *c)
{
    assert(!c->http);
    /* RFC 9114 section 6.2: a peer must allow at least three unidirectional streams. */
    if (ngtcp2_conn_get_streams_uni_left2(c->quic) < 3) {
        return tri_h3_conn_app_error(c, NGHTTP3_H3_GENERAL_PROTOCOL_ERROR);
    }
    int64_t ids[3];
    for (size_t i = 0; i < 3; i++) {
        int rv = ngtcp2_conn_open_uni_stream(c->quic, &ids[i], NULL);
        if (rv != 0) {
            return NGTCP2_ERR_CALLBACK_FAILURE;
        }
    }
    int rv = make_http(c);
    if (rv == 0) {
        rv = nghttp3_conn_bind_control_stream(c->http, ids[0]);
    }
    if (rv == 0) {
        rv = nghttp3_conn_bind_qpack_streams(c->http, ids[1], ids[2]);
    }
    return rv == 0 ? 0 : tri_h3_conn_http_error(c, rv);
}

static nghttp3_ssize read_stream(struct tri_h3_conn *c, int64_t id, struct tri_slice data, bool fin)
{
    return nghttp3_conn_read_stream2(c->http, id, data.data, data.len, fin,
                                     ngtcp2_conn_get_timestamp(c->quic));
}

/* One for a stream that is not open yet, or not any more, is nghttp3's to remember. */
static void take_update(struct tri_h3_conn *c, const struct tri_h3_control_piece *piece)
{
    struct tri_h3_stream *s = ngtcp2_conn_get_stream_user_data2(c->quic, (int64_t)piece->stream_id);
    if (s) {
        tri_h3_priority_update(s, piece->value);
    }
}

static nghttp3_ssize read_control(struct tri_h3_conn *c, struct tri_slice data, bool fin)
{
    const int64_t id = c->unis.control_id;
    for (size_t at = 0; at < data.len;) {
        struct tri_h3_control_piece piece;
        tri_h3_control_next(&c->control, data.data + at, data.len - at, &piece);
        at += piece.used;
        nghttp3_ssize used = piece.bytes.len > 0 ? read_stream(c, id, piece.bytes, false) : 0;
        if (used < 0) {
            return used;
        }
        if (piece.is_update) { /* and nghttp3 has found nothing wrong with it */
            take_update(c, &piece);
        }
    }
    nghttp3_ssize used = fin ? read_stream(c, id, tri_slice_of(NULL, 0), true) : 0;
    return used < 0 ? used : (nghttp3_ssize)data.len;
}

nghttp3_ssize tri_h3_http_read(struct tri_h3_conn *c, int64_t id, uint64_t offset,
                               struct tri_slice data, bool fin)
{
    /* What says its kind comes apart (h3_input.h). Before that there is no id, and 0 is a request's. */
    const bool is_control = c->unis.control_id != 0 && id == c->unis.control_id && offset > 0 &&
                            !tri_h3_conn_is_client(c); /* nghttp3 refuses a server's updates */
    return is_control ? read_control(c, data, fin) : read_stream(c, id, data, fin);
}

void tri_h3_http_hand_over(struct tri_h3_stream *s)
{
    if (s->is_websocket && s->phase == TRI_H3_BOUND) {
        s->is_plain = true;
    }
    if (!s->is_plain || !s->is_head_acked || s->is_let_go) {
        return;
    }
    s->is_let_go = true;
    int rv = nghttp3_conn_close_stream(s->conn->http, s->id, NGHTTP3_H3_NO_ERROR);
    assert(rv == 0); /* it is there, and it is a request's */
    (void)rv;
}
