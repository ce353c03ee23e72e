/*
 * Payload of data frames to messages: unmasking, decompression, UTF-8, and delivery, whole or piece
 * by piece. RFC 6455 sections 5.4, 6.2 and 8.1; RFC 7692 section 6.2.
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

static bool takes_pieces(const struct tri_session *s)
{
    return s->events->on_fragment != NULL;
}

/* How many bytes more the message may have. A reload may have set the limit below what it has. */
static size_t find_room(const struct tri_session *s)
{
    const size_t max = s->worker->limits->message_bytes_max;
    const size_t held = tri_buf_peek(&s->reading->message).len;
    return held < max ? max - held : 0;
}

/* Limits of a message that is held until it is whole. */
static bool check_limits(struct tri_session *s, const struct tri_frame *f)
{
    const struct tri_reading *r = s->reading;
    const struct tri_limits *limits = s->worker->limits;
    const bool is_compressed = r->fragments > 0 ? r->is_compressed : f->rsv1;
    if (!is_compressed && f->payload_len > find_room(s)) {
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
    return s->state == TRI_SESSION_CLOSING || takes_pieces(s) || check_limits(s, f);
}

/* --- delivery */

static void fail_text(struct tri_session *s)
{
    tri_session_fail(s, TRI_CLOSE_BAD_DATA, "text is not UTF-8"); /* RFC 6455 section 8.1 */
}

/* Whether |data|, the next bytes of the message, and its end if it is |last|, are good text. */
static bool check_text(struct tri_session *s, struct tri_slice data, bool last)
{
    struct tri_reading *r = s->reading;
    if (r->type != TRI_TEXT) {
        return true;
    }
    return tri_utf8_feed(&r->utf8, data.data, data.len) &&
           (!last || tri_utf8_is_complete(&r->utf8));
}

/* The message is over as far as reading goes; its owner is told next. */
static void close_message(struct tri_session *s)
{
    struct tri_reading *r = s->reading;
    r->fragments = 0;
    r->is_compressed = false;
    r->is_begun = false;
    s->messages_in++;
}

static void deliver_whole(struct tri_session *s, struct tri_slice data)
{
    assert(s->state == TRI_SESSION_OPEN);
    s->bytes_in += data.len;
    close_message(s);
    if (s->events->on_message) {
        const uint8_t *bytes = data.data ? data.data : s->worker->scratch; /* never NULL */
        s->events->on_message(s->owner, s->reading->type, bytes, data.len);
    }
}

static void deliver_piece(struct tri_session *s, struct tri_slice data, bool last)
{
    assert(s->state == TRI_SESSION_OPEN);
    struct tri_reading *r = s->reading;
    const struct tri_fragment piece = {
        .type = r->type,
        .first = !r->is_begun,
        .last = last,
        .data = data.data ? data.data : s->worker->scratch,
        .len = data.len,
    };
    s->bytes_in += data.len;
    r->is_begun = true;
    if (last) {
        close_message(s);
    }
    s->events->on_fragment(s->owner, &piece);
}

/* Ours for the call: the owner may close the session, which drops what the reader has. */
static void deliver_buffered(struct tri_session *s)
{
    struct tri_buf *kept = &s->reading->message;
    struct tri_buf message = *kept;
    tri_buf_init(kept, message.alloc, message.max);
    deliver_whole(s, tri_buf_peek(&message));
    tri_buf_deinit(&message);
}

static bool fail_append(struct tri_session *s, enum tri_err err)
{
    if (err == TRI_ERR_LIMIT) {
        return refuse(s, TRI_CLOSE_TOO_BIG, "message too big");
    }
    return refuse(s, TRI_CLOSE_INTERNAL_ERROR, "out of memory");
}

/* For |len| bytes more of the message; NULL: the session has failed. */
static uint8_t *make_room(struct tri_session *s, size_t len)
{
    struct tri_buf *message = &s->reading->message;
    if (!tri_session_check_memory(s, message, len)) {
        return NULL;
    }
    enum tri_err err = TRI_OK;
    uint8_t *room = tri_buf_reserve(message, len, &err);
    if (!room) {
        (void)fail_append(s, err);
    }
    return room;
}

static bool append(struct tri_session *s, struct tri_slice data)
{
    uint8_t *room = make_room(s, data.len);
    if (room) {
        memcpy(room, data.data, data.len);
        tri_buf_commit(&s->reading->message, data.len);
    }
    return room != NULL;
}

/* The next bytes of the message, as the owner is to see them; the last ones if |last|. */
static void put(struct tri_session *s, struct tri_slice data, bool last)
{
    struct tri_reading *r = s->reading;
    if (!check_text(s, data, last)) {
        fail_text(s);
    } else if (takes_pieces(s)) {
        if (data.len > 0 || last) {
            deliver_piece(s, data, last);
        }
    } else if (data.len > find_room(s)) {
        (void)fail_append(s, TRI_ERR_LIMIT);
    } else if (last && tri_buf_peek(&r->message).len == 0) {
        deliver_whole(s, data);
    } else if ((data.len == 0 || append(s, data)) && last) {
        deliver_buffered(s);
    }
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
    put(s, tri_slice_of(out, len + more), is_done);
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
        put(s, tri_slice_of(out, len), false);
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
    put(s, plain, is_last_byte(r));
    return plain.len;
}

/* Moves a piece of a large message to where it will be delivered from. */
static size_t take_to_buffer(struct tri_session *s, struct tri_slice data)
{
    struct tri_reading *r = s->reading;
    uint8_t *room = make_room(s, data.len);
    if (!room) {
        return data.len;
    }
    unmask(s, room, data);
    tri_buf_commit(&r->message, data.len);
    r->taken += data.len;
    r->in_frame = r->taken < r->frame.payload_len;
    if (!check_text(s, tri_slice_of(room, data.len), is_last_byte(r))) {
        fail_text(s);
    } else if (is_last_byte(r)) {
        deliver_buffered(s);
    }
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
    return takes_pieces(s) || is_whole(r, data) ? take_through_scratch(s, data)
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
        put(s, tri_slice_of(NULL, 0), true);
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
