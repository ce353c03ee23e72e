/*
 * Payload of data frames to messages: what may come, unmasking and decompression. RFC 6455 section
 * 5.4; RFC 7692 section 6.2. What it yields goes to ws_session_deliver.c.
 *
 * What arrives whole and small is unmasked or decompressed into the worker's scratch and delivered
 * from there. Any other whole message grows a buffer by what has arrived; pieces are never kept.
 */
#include "ws_session_internal.h"

#include "ws_mask.h"

#include <assert.h>

/* The scratch while decompressing: compressed bytes unmasked, and behind them what they yield. */
#define COMPRESSED_BYTES ((size_t)(16 * 1024))
#define INFLATED_BYTES (TRI_SCRATCH_BYTES - COMPRESSED_BYTES)

/* --- what may come */

static bool refuse(struct tri_session *s, enum tri_close_code code, const char *reason)
{
    tri_session_fail(s, code, reason);
    return false;
}

/* Limits of a message that is held until it is whole. */
static bool check_limits(struct tri_session *s, const struct tri_frame *f)
{
    const struct tri_reading *r = s->reading;
    const struct tri_limits *limits = s->worker->limits;
    const bool is_compressed = r->fragments > 0 ? r->is_compressed : f->rsv1;
    if (!is_compressed && f->payload_len > tri_session_deliver_room(s)) {
        return refuse(s, TRI_CLOSE_TOO_BIG, "message too big");
    }
    if (r->fragments >= limits->fragments_max) {
        return refuse(s, TRI_CLOSE_POLICY, "too many fragments");
    }
    return true;
}

bool tri_session_message_check(struct tri_session *s, const struct tri_frame *f)
{
    const struct tri_reading *r = s->reading;
    const bool is_continuation = f->opcode == TRI_OP_CONTINUATION;
    if (is_continuation && r->fragments == 0) { /* RFC 6455 section 5.4 */
        return refuse(s, TRI_CLOSE_PROTOCOL_ERROR, "continuation without a message");
    }
    if (!is_continuation && r->fragments > 0) { /* RFC 6455 section 5.4: not interleaved */
        return refuse(s, TRI_CLOSE_PROTOCOL_ERROR, "a new message within a message");
    }
    if (is_continuation && f->rsv1) { /* RFC 7692 section 6.1: only on the first frame */
        return refuse(s, TRI_CLOSE_PROTOCOL_ERROR, "RSV1 on a continuation");
    }
    /* After our Close it will be dropped, so it costs nothing. */
    return s->state == TRI_SESSION_CLOSING || tri_session_takes_pieces(s) || check_limits(s, f);
}

/* --- decompression */

static void fail_deflate(struct tri_session *s, enum tri_err err)
{
    switch (err) {
    case TRI_ERR_PROTOCOL:
        tri_session_fail(s, TRI_CLOSE_BAD_DATA, "compressed data is broken");
        break;
    case TRI_ERR_LIMIT:
        tri_session_fail(s, TRI_CLOSE_TRY_AGAIN_LATER, "no memory is left for decompression");
        break;
    default:
        tri_session_fail(s, TRI_CLOSE_INTERNAL_ERROR, "out of memory");
        break;
    }
}

static bool is_last_byte(const struct tri_reading *r)
{
    return r->frame.fin && r->taken == r->frame.payload_len;
}

/* The end of the message: |len| bytes are in |out| already, and go with what is left. */
static void end_inflating(struct tri_session *s, uint8_t *out, size_t len)
{
    struct tri_reading *r = s->reading;
    size_t more = 0;
    bool is_done = false;
    r->is_ending = true;
    if (len < INFLATED_BYTES) {
        const enum tri_err err =
            tri_deflate_socket_end(s->deflate, out + len, INFLATED_BYTES - len, &more, &is_done);
        if (err != TRI_OK) {
            fail_deflate(s, err);
            return;
        }
    }
    r->inflated_bytes += more;
    s->worker->coded_bytes += more;
    r->is_ending = !is_done;
    tri_session_deliver(s, tri_slice_of(out, len + more), is_done);
}

/* Decompresses from |in| as much as the scratch holds, and hands it on. */
static void inflate_some(struct tri_session *s, struct tri_slice *in)
{
    struct tri_reading *r = s->reading;
    uint8_t *out = s->worker->scratch + COMPRESSED_BYTES;
    const size_t in_len = in->len;
    size_t len = 0;
    const enum tri_err err = tri_deflate_socket_inflate(s->deflate, in, out, INFLATED_BYTES, &len);
    if (err != TRI_OK) {
        fail_deflate(s, err);
        return;
    }
    r->taken += in_len - in->len;
    r->inflated_bytes += len;
    s->worker->coded_bytes += len + TRI_INFLATE_INPUT_WEIGHT * (in_len - in->len);
    r->has_more = len == INFLATED_BYTES;
    r->in_frame = r->taken < r->frame.payload_len;
    if (is_last_byte(r) && !r->has_more) {
        end_inflating(s, out, len);
    } else {
        tri_session_deliver(s, tri_slice_of(out, len), false);
    }
}

void tri_session_message_fetch(struct tri_session *s)
{
    struct tri_reading *r = s->reading;
    assert(r->is_compressed);
    if (r->has_more) {
        struct tri_slice none = tri_slice_of(s->worker->scratch, 0);
        inflate_some(s, &none);
    } else {
        end_inflating(s, s->worker->scratch + COMPRESSED_BYTES, 0);
    }
}

/* --- payload */

static void unmask(const struct tri_session *s, uint8_t *dst, struct tri_slice src)
{
    const struct tri_reading *r = s->reading;
    if (r->frame.masked) {
        tri_mask_apply(dst, src.data, src.len, r->frame.mask, r->taken);
    } else {
        memcpy(dst, src.data, src.len);
    }
}

static size_t take_compressed(struct tri_session *s, struct tri_slice data)
{
    struct tri_slice in = data;
    if (s->reading->frame.masked) {
        in.len = data.len < COMPRESSED_BYTES ? data.len : COMPRESSED_BYTES;
        unmask(s, s->worker->scratch, in);
        in.data = s->worker->scratch;
    }
    const size_t offered = in.len;
    inflate_some(s, &in);
    return offered - in.len; /* the rest is unmasked again when its turn comes */
}

/* As much as the scratch holds, and handed on from there. */
static size_t take_through_scratch(struct tri_session *s, struct tri_slice data)
{
    struct tri_reading *r = s->reading;
    struct tri_slice plain = data;
    if (r->frame.masked) {
        plain.len = data.len < TRI_SCRATCH_BYTES ? data.len : TRI_SCRATCH_BYTES;
        unmask(s, s->worker->scratch, plain);
        plain.data = s->worker->scratch;
    }
    r->taken += plain.len;
    r->in_frame = r->taken < r->frame.payload_len;
    tri_session_deliver(s, plain, is_last_byte(r));
    return plain.len;
}

/* Moves a piece of a large message to where it will be delivered from. */
static size_t take_to_buffer(struct tri_session *s, struct tri_slice data)
{
    struct tri_reading *r = s->reading;
    uint8_t *room = tri_session_deliver_reserve(s, data.len);
    if (!room) {
        return data.len;
    }
    unmask(s, room, data);
    r->taken += data.len;
    r->in_frame = r->taken < r->frame.payload_len;
    tri_session_deliver_reserved(s, tri_slice_of(room, data.len), is_last_byte(r));
    return data.len;
}

/* Whether |data| is all of a message, and fits the scratch. */
static bool is_whole(const struct tri_reading *r, struct tri_slice data)
{
    return r->frame.fin && data.len == r->frame.payload_len &&
           (!r->frame.masked || data.len <= TRI_SCRATCH_BYTES) &&
           tri_buf_peek(&r->message).len == 0;
}

static size_t drop_payload(struct tri_reading *r, struct tri_slice data)
{
    r->taken += data.len;
    r->in_frame = r->taken < r->frame.payload_len;
    if (is_last_byte(r)) {
        r->fragments = 0;
    }
    return data.len;
}

size_t tri_session_message_take(struct tri_session *s, struct tri_slice data)
{
    struct tri_reading *r = s->reading;
    assert(r->in_frame && r->taken < r->frame.payload_len);
    const uint64_t left = r->frame.payload_len - r->taken;
    if (data.len > left) {
        data.len = (size_t)left;
    }
    if (s->state != TRI_SESSION_OPEN) {
        return drop_payload(r, data);
    }
    if (r->is_compressed) {
        return take_compressed(s, data);
    }
    return tri_session_takes_pieces(s) || is_whole(r, data) ? take_through_scratch(s, data)
                                                            : take_to_buffer(s, data);
}

/* --- frames */

/* False: the session has failed. */
static bool begin_message(struct tri_session *s)
{
    struct tri_reading *r = s->reading;
    r->type = r->frame.opcode == TRI_OP_TEXT ? TRI_TEXT : TRI_BINARY;
    tri_utf8_init(&r->utf8);
    if (!r->frame.rsv1 || s->state != TRI_SESSION_OPEN) {
        return true;
    }
    const enum tri_err err = tri_deflate_socket_begin(s->deflate);
    if (err != TRI_OK) {
        fail_deflate(s, err);
        return false;
    }
    r->is_compressed = true;
    return true;
}

void tri_session_message_begin_frame(struct tri_session *s)
{
    struct tri_reading *r = s->reading;
    if (r->fragments == 0 && !begin_message(s)) {
        return;
    }
    if (r->fragments < UINT32_MAX) { /* without a limit it need not count on */
        r->fragments++;
    }
    if (r->in_frame || !r->frame.fin) {
        return;
    }
    if (s->state != TRI_SESSION_OPEN) {
        r->fragments = 0; /* dropped: we have sent our Close */
    } else if (r->is_compressed) {
        r->is_ending = true;
    } else {
        tri_session_deliver(s, tri_slice_of(NULL, 0), true);
    }
}

void tri_session_message_drop(struct tri_session *s)
{
    struct tri_reading *r = s->reading;
    tri_buf_deinit(&r->message);
    if (r->is_compressed) {
        tri_deflate_socket_end_early(s->deflate);
    }
    if (tri_session_message_is_pending(r) && is_last_byte(r)) {
        r->fragments = 0; /* nothing of it is still to come */
    }
    r->is_compressed = false;
    r->is_begun = false;
    r->has_more = false;
    r->is_ending = false;
}
