/*
 * Messages to frames: whole, as a payload or in pieces; compressed where that was agreed; within the
 * queue's limit, and what happens above it. RFC 6455 section 6.1, RFC 7692 section 6.1.
 */
#include "ws_session_internal.h"

#include <assert.h>

/* Above this the memory for compressing is not kept from one message to the next. */
#define DEFLATED_BYTES_KEPT ((size_t)(64 * 1024))

static enum tri_opcode opcode_of(enum tri_type type)
{
    return type == TRI_TEXT ? TRI_OP_TEXT : TRI_OP_BINARY;
}

/* --- the queue's limit */

/*
 * Whether |len| more bytes would pass the limit. An empty queue takes any message. They are counted
 * before compression, which may add five bytes for each few KiB that it cannot make smaller.
 */
static bool is_full(const struct tri_session *s, size_t len)
{
    const size_t max = s->worker->limits->queue_bytes_max;
    const size_t held = s->queue.held;
    return held > 0 && (held >= max || len > max - held);
}

static enum tri_err refuse_full(struct tri_session *s)
{
    switch (s->slow) {
    case TRI_SLOW_WAIT:
        s->wants_drain = true;
        break;
    case TRI_SLOW_DROP:
        if (s->in_message) {
            s->wants_drain = true; /* a message cannot lose a piece */
        } else {
            s->messages_dropped++;
        }
        break;
    case TRI_SLOW_CLOSE:
        /* It waits in the queue like the rest; the close timeout bounds how long. */
        if (tri_session_close(s, TRI_CLOSE_TRY_AGAIN_LATER, TRI_SLICE("slow consumer")) != TRI_OK) {
            assert(!"this code and reason may be sent");
        }
        break;
    }
    return TRI_ERR_FULL;
}

/* At the server's limit of memory a queue that is not empty counts as full. One that is, for a message
 * that is not small, ends the socket: waiting would not help it. */
static enum tri_err check_memory(struct tri_session *s, size_t len)
{
    if (!tri_session_is_memory_short(s, s->queue.held + len, len)) {
        return TRI_OK;
    }
    if (s->queue.held > 0) {
        return refuse_full(s);
    }
    tri_session_fail(s, TRI_CLOSE_TRY_AGAIN_LATER, "the server is short of memory");
    return TRI_ERR_NOMEM;
}

/* Whether a message of |len| bytes can be queued now; TRI_OK or why not. */
static enum tri_err check_room(struct tri_session *s, size_t len)
{
    if (s->state != TRI_SESSION_OPEN) {
        return TRI_ERR_CLOSED;
    }
    const struct tri_frame frame = {.masked = s->role == TRI_SESSION_CLIENT, .payload_len = len};
    const size_t header_len = tri_frame_header_len(&frame);
    if (len > SIZE_MAX - header_len || is_full(s, header_len + len)) {
        return refuse_full(s);
    }
    return TRI_OK;
}

/* The same for one that is not a piece: none may come between the pieces of another. */
static enum tri_err check_whole(struct tri_session *s, size_t len)
{
    const bool is_between = s->state == TRI_SESSION_OPEN && s->in_message;
    return is_between ? TRI_ERR_INVALID : check_room(s, len);
}

/* --- compression */

static bool is_worth_compressing(const struct tri_session *s, size_t len)
{
    return s->deflate && len >= s->worker->limits->deflate_bytes_least;
}

/*
 * Compresses a whole message into the worker's buffer, and says whether that is what to send: a
 * compressor that remembers has seen the message, and so must the peer's.
 */
static bool compress_message(struct tri_session *s, struct tri_slice data)
{
    struct tri_buf *out = &s->worker->deflated;
    if (!is_worth_compressing(s, data.len)) {
        return false;
    }
    s->worker->coded_bytes += data.len;
    if (tri_deflate_socket_compress(s->deflate, data, true, out) != TRI_OK) {
        return false; /* without memory the message still can go as it is */
    }
    return tri_deflate_socket_remembers(s->deflate) || tri_buf_peek(out).len < data.len;
}

static void clear_deflated(struct tri_session *s)
{
    struct tri_buf *out = &s->worker->deflated;
    if (out->cap > DEFLATED_BYTES_KEPT) {
        tri_buf_deinit(out);
    } else {
        tri_buf_clear(out);
    }
}

/* --- whole messages */

static enum tri_err queue_message(struct tri_session *s, enum tri_type type, struct tri_slice data)
{
    const bool is_compressed = compress_message(s, data);
    const struct tri_frame frame = {.opcode = opcode_of(type), .fin = true, .rsv1 = is_compressed};
    const struct tri_slice payload = is_compressed ? tri_buf_peek(&s->worker->deflated) : data;
    const enum tri_err err = tri_session_output_frame(s, frame, payload);
    if (s->deflate) {
        clear_deflated(s);
    }
    if (err != TRI_OK && is_compressed) {
        tri_deflate_socket_forget(s->deflate); /* the peer never sees it */
    }
    return err;
}

static void count_message(struct tri_session *s, size_t len)
{
    s->messages_out++;
    s->bytes_out += len;
}

enum tri_err tri_session_send(struct tri_session *s, enum tri_type type, const uint8_t *data,
                              size_t len)
{
    assert(type == TRI_TEXT || type == TRI_BINARY);
    enum tri_err err = check_whole(s, len);
    if (err == TRI_OK) {
        err = check_memory(s, len);
    }
    if (err == TRI_OK) {
        err = queue_message(s, type, tri_slice_of(data, len));
    }
    if (err == TRI_OK) {
        count_message(s, len);
    }
    return err;
}

/* --- payloads */

/* The frame that this peer can read. */
static struct tri_slice choose_frame(struct tri_session *s, struct tri_payload *payload)
{
    if (!s->deflate) {
        return tri_payload_frame(payload);
    }
    const unsigned bits = tri_deflate_socket_bits(s->deflate);
    const struct tri_slice deflated = tri_payload_deflated(payload, &s->worker->deflate, bits);
    if (deflated.len == 0) {
        return tri_payload_frame(payload);
    }
    if (tri_deflate_socket_remembers(s->deflate)) {
        tri_deflate_socket_forget(s->deflate);
    }
    return deflated;
}

enum tri_err tri_session_send_payload(struct tri_session *s, struct tri_payload *payload)
{
    const struct tri_slice message = tri_payload_message(payload);
    if (s->role == TRI_SESSION_CLIENT) { /* it must mask: RFC 6455 section 5.3 */
        return tri_session_send(s, tri_payload_type(payload), message.data, message.len);
    }
    const enum tri_err err = check_whole(s, message.len);
    if (err != TRI_OK) {
        return err;
    }
    if (!tri_queue_append_payload(&s->queue, payload, choose_frame(s, payload))) {
        return TRI_ERR_NOMEM;
    }
    s->stream->ops->wake_write(s->stream);
    count_message(s, message.len);
    return TRI_OK;
}

/* --- pieces */

enum tri_err tri_session_send_begin(struct tri_session *s, enum tri_type type)
{
    assert(type == TRI_TEXT || type == TRI_BINARY);
    if (s->state != TRI_SESSION_OPEN) {
        return TRI_ERR_CLOSED;
    }
    if (s->in_message) {
        return TRI_ERR_INVALID;
    }
    s->in_message = true;
    s->has_sent_piece = false;
    s->out_type = type;
    /* A shared compressor cannot wait for the next piece. */
    s->compresses_pieces = s->deflate && tri_deflate_socket_remembers(s->deflate);
    return TRI_OK;
}

/* The frame of the next piece. */
static enum tri_err queue_piece(struct tri_session *s, struct tri_slice payload, bool last)
{
    const bool is_first = !s->has_sent_piece;
    const struct tri_frame frame = {
        .opcode = is_first ? opcode_of(s->out_type) : TRI_OP_CONTINUATION,
        .fin = last,
        .rsv1 = is_first && s->compresses_pieces,
    };
    const enum tri_err err = tri_session_output_frame(s, frame, payload);
    if (err == TRI_OK) {
        s->has_sent_piece = true;
    }
    return err;
}

/*
 * The peer has seen pieces that the compressor remembers no more, or the other way round: the
 * message cannot go on, and a first piece goes as it is.
 */
static enum tri_err lose_compressor(struct tri_session *s, struct tri_slice data)
{
    if (s->has_sent_piece) {
        tri_session_abort_because(s, "out of memory");
        return TRI_ERR_NOMEM;
    }
    s->compresses_pieces = false;
    tri_deflate_socket_forget(s->deflate);
    return queue_piece(s, data, false);
}

static enum tri_err queue_compressed_piece(struct tri_session *s, struct tri_slice data)
{
    struct tri_buf *out = &s->worker->deflated;
    s->worker->coded_bytes += data.len;
    enum tri_err err = tri_deflate_socket_compress(s->deflate, data, false, out);
    if (err == TRI_OK) {
        err = queue_piece(s, tri_buf_peek(out), false);
    }
    clear_deflated(s);
    return err == TRI_OK ? TRI_OK : lose_compressor(s, data);
}

enum tri_err tri_session_send_append(struct tri_session *s, const uint8_t *data, size_t len)
{
    if (!s->in_message) {
        return s->state == TRI_SESSION_OPEN ? TRI_ERR_INVALID : TRI_ERR_CLOSED;
    }
    enum tri_err err = check_room(s, len);
    if (err == TRI_OK) {
        err = check_memory(s, len);
    }
    if (err != TRI_OK || len == 0) {
        return err;
    }
    const struct tri_slice piece = tri_slice_of(data, len);
    err = s->compresses_pieces ? queue_compressed_piece(s, piece) : queue_piece(s, piece, false);
    if (err == TRI_OK) {
        s->bytes_out += len;
    }
    return err;
}

enum tri_err tri_session_send_end(struct tri_session *s)
{
    if (s->state != TRI_SESSION_OPEN) {
        return TRI_ERR_CLOSED;
    }
    if (!s->in_message) {
        return TRI_ERR_INVALID;
    }
    /* RFC 7692 section 7.2.3.6: an empty piece is one byte. An empty message need not be one. */
    static const uint8_t empty_block[1] = {0};
    const bool is_compressed = s->compresses_pieces && s->has_sent_piece;
    s->compresses_pieces = is_compressed;
    const enum tri_err err = queue_piece(s, tri_slice_of(empty_block, is_compressed ? 1 : 0), true);
    if (err == TRI_OK) {
        s->in_message = false;
        s->messages_out++;
    }
    return err;
}
