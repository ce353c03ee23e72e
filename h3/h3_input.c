/* See h3_input.h. */
#include "h3_input.h"

#include "h3_http.h"

/* Frames of kinds that nobody knows, on sockets: as many as nghttp3 takes on other streams. */
#define GLITCHES_BURST 1000u
#define GLITCHES_PER_SECOND 33u

/*
 * A malformed message is an error of its stream: RFC 9114 section 4.1.2; and so is a literal longer
 * than the decoder takes, but on the encoder's stream: RFC 9204 section 7.4.
 */
static int input_error(struct tri_h3_conn *c, struct tri_h3_stream *s, int error)
{
    if (error == NGHTTP3_ERR_QPACK_HEADER_TOO_LARGE) {
        if (!s) {
            return tri_h3_conn_app_error(c, NGHTTP3_QPACK_ENCODER_STREAM_ERROR);
        }
        tri_h3_stream_refuse(s, TRI_REFUSED_MALFORMED, NGHTTP3_QPACK_DECOMPRESSION_FAILED);
        return 0;
    }
    bool malformed =
        error == NGHTTP3_ERR_MALFORMED_HTTP_HEADER || error == NGHTTP3_ERR_MALFORMED_HTTP_MESSAGING;
    if (malformed && s) {
        tri_h3_stream_refuse(s, TRI_REFUSED_MALFORMED, NGHTTP3_H3_MESSAGE_ERROR);
        return 0;
    }
    return tri_h3_conn_http_error(c, error);
}

/* DATA is the tenant's to return credit for; the rest was HTTP/3's own. */
static int feed(struct tri_h3_conn *c, struct tri_h3_stream *s, const struct tri_h3_chunk *chunk)
{
    if (chunk->data.len == 0 && !chunk->fin) {
        return 0;
    }
    nghttp3_ssize used =
        tri_h3_http_read(c, chunk->stream_id, chunk->offset, chunk->data, chunk->fin);
    if (used < 0) {
        return input_error(c, s, (int)used);
    }
    return ngtcp2_conn_extend_max_stream_offset(c->quic, chunk->stream_id, (uint64_t)used);
}

/* The first |n| bytes of |chunk|, and, if |fin|, its end. */
static struct tri_h3_chunk cut(const struct tri_h3_chunk *chunk, size_t n, bool fin)
{
    struct tri_h3_chunk piece = *chunk;
    piece.data = tri_slice_of(chunk->data.data, n);
    piece.fin = fin;
    return piece;
}

static void advance(struct tri_h3_chunk *chunk, size_t n)
{
    chunk->data = tri_slice_of(chunk->data.data + n, chunk->data.len - n);
    chunk->offset += n;
}

/* ---- requests */

static int end_with(struct tri_h3_conn *c, struct tri_h3_stream *s, uint64_t code)
{
    if (code == NGHTTP3_H3_REQUEST_INCOMPLETE) {
        tri_h3_stream_refuse(s, TRI_REFUSED_MALFORMED, code);
        return 0;
    }
    return code == NGHTTP3_H3_NO_ERROR ? 0 : tri_h3_conn_app_error(c, code);
}

/* RFC 9114 sections 4.4, 7.2.8, 11.2.1, RFC 9218 section 7.2: kinds that we know, and none of which may be
 * there once CONNECT has succeeded. */
static bool is_forbidden(uint64_t type)
{
    return (type >= 0x01 && type <= 0x09) || type == 0x0d || type == 0xf0700 || type == 0xf0701;
}

/* A frame begins. 0 or what a callback of ngtcp2 then returns. */
static int judge_frame(struct tri_h3_conn *c, uint64_t type)
{
    if (type == TRI_H3_FRAME_DATA) {
        return 0;
    }
    if (is_forbidden(type)) {
        return tri_h3_conn_app_error(c, NGHTTP3_H3_FRAME_UNEXPECTED);
    }
    const struct tri_bucket_rate rate = {GLITCHES_BURST, GLITCHES_PER_SECOND};
    return tri_bucket_add(&c->glitches, rate, c->shared->now_ns)
               ? 0
               : tri_h3_conn_app_error(c, NGHTTP3_H3_EXCESSIVE_LOAD);
}

/* One step through a socket's frames. |*used|: bytes. */
static int take_step(struct tri_h3_conn *c, struct tri_h3_stream *s, struct tri_slice data,
                     size_t *used)
{
    struct tri_h3_walk *walk = &s->guard.walk;
    enum tri_h3_walk_event event;
    *used = tri_h3_walk_next(walk, data.data, data.len, &event);
    if (event == TRI_H3_WALK_DATA && walk->type == TRI_H3_FRAME_DATA) {
        tri_h3_stream_data(s, data.data, *used);
        return 0;
    }
    s->credit += *used; /* it is nobody's to consume */
    return event == TRI_H3_WALK_HEAD ? judge_frame(c, walk->type) : 0;
}

static int end_plain(struct tri_h3_conn *c, struct tri_h3_stream *s)
{
    if (!tri_h3_walk_is_between(&s->guard.walk)) {
        return tri_h3_conn_app_error(c, NGHTTP3_H3_FRAME_ERROR); /* RFC 9114 section 7.1 */
    }
    tri_h3_stream_fin(s);
    return 0;
}

/* Of a socket, past both heads: DATA, and nothing that nghttp3 would have a say in. */
static int take_plain(struct tri_h3_conn *c, struct tri_h3_stream *s, struct tri_h3_chunk *rest)
{
    while (rest->data.len > 0) {
        size_t used;
        int rv = take_step(c, s, rest->data, &used);
        if (rv != 0 || s->ending || s->phase == TRI_H3_OVER) {
            return rv;
        }
        advance(rest, used);
    }
    if (s->credit >= tri_h3_conn_credit_least(c)) {
        tri_h3_stream_mark(s);
    }
    return rest->fin ? end_plain(c, s) : 0;
}

static bool is_plain(struct tri_h3_stream *s)
{
    if (!s->is_plain) {
        tri_h3_http_hand_over(s);
    }
    return s->is_plain;
}

/* HEADERS by HEADERS: at the end of each, what nghttp3 told of is compared with what was there. The guard
 * has seen all that came, so the rest of a frame may be plain. */
static int take_request(struct tri_h3_conn *c, struct tri_h3_stream *s, struct tri_h3_chunk *rest)
{
    for (;;) {
        if (is_plain(s)) {
            return take_plain(c, s, rest);
        }
        uint64_t code;
        const size_t n = tri_h3_guard_next(&s->guard, rest->data, &code);
        const bool is_last = n == rest->data.len;
        if (code == NGHTTP3_H3_NO_ERROR && is_last && rest->fin) {
            code = tri_h3_guard_end(&s->guard);
        }
        const bool has_fin = is_last && rest->fin && code == NGHTTP3_H3_NO_ERROR;
        const struct tri_h3_chunk piece = cut(rest, n, has_fin);
        int rv = feed(c, s, &piece);
        if (rv != 0 || s->ending || s->phase == TRI_H3_OVER) {
            return rv;
        }
        if (is_last || code != NGHTTP3_H3_NO_ERROR) {
            return end_with(c, s, code);
        }
        advance(rest, n);
    }
}

/* ---- unidirectional streams */

/*
 * RFC 9114 section 6.2: one may end, or be reset, before it has said its kind. nghttp3 would take
 * that for the end of a critical stream, so it hears of a stream once the kind is whole.
 */
static int take_kind(struct tri_h3_conn *c, struct tri_h3_chunk *rest)
{
    struct tri_h3_kind *k = tri_h3_guard_kind(&c->unis, rest->stream_id);
    k = k ? k : tri_h3_guard_kind_new(&c->unis, rest->stream_id);
    if (!k) {
        return tri_h3_conn_app_error(c, NGHTTP3_H3_EXCESSIVE_LOAD); /* RFC 9114 section 10.5 */
    }
    uint8_t bytes[sizeof k->bytes];
    struct tri_h3_chunk head = {.stream_id = rest->stream_id, .offset = 0};
    const size_t before = rest->data.len;
    size_t len;
    if (!tri_h3_guard_kind_take(&c->unis, k, &rest->data, bytes, &len)) {
        if (rest->fin) {
            tri_h3_guard_kind_drop(&c->unis, rest->stream_id);
            rest->fin = false;
        }
        return 0;
    }
    rest->offset += before - rest->data.len;
    head.data = tri_slice_of(bytes, len);
    head.fin = rest->fin && rest->data.len == 0;
    rest->fin = rest->fin && !head.fin;
    return feed(c, NULL, &head);
}

static int take_control(struct tri_h3_conn *c, const struct tri_h3_chunk *rest)
{
    uint64_t code;
    const size_t n = tri_h3_guard_control(&c->unis, rest->data, &code);
    const struct tri_h3_chunk piece = cut(rest, n, rest->fin && code == NGHTTP3_H3_NO_ERROR);
    int rv = feed(c, NULL, &piece);
    return rv == 0 && code != NGHTTP3_H3_NO_ERROR ? tri_h3_conn_app_error(c, code) : rv;
}

static int take_uni(struct tri_h3_conn *c, struct tri_h3_chunk *rest)
{
    if (rest->offset == 0 || tri_h3_guard_kind(&c->unis, rest->stream_id)) {
        int rv = take_kind(c, rest);
        if (rv != 0) {
            return rv;
        }
    }
    return rest->stream_id == c->unis.control_id ? take_control(c, rest) : feed(c, NULL, rest);
}

int tri_h3_input_take(struct tri_h3_conn *c, struct tri_h3_stream *s,
                      const struct tri_h3_chunk *chunk)
{
    struct tri_h3_chunk rest = *chunk;
    return s ? take_request(c, s, &rest) : take_uni(c, &rest);
}
