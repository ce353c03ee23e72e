/*
 * Received bytes to messages: headers, unmasking, fragments, UTF-8, control frames. RFC 6455
 * sections 5 and 8.1. A message that arrives whole is unmasked into the worker's scratch and
 * delivered from there; any other grows a buffer by what has arrived.
 *
 * on_message may close or abort the session, so delivering is always the last step.
 */
#include "ws_session_internal.h"

#include "ws_mask.h"

#include <assert.h>

void tri_session_input_init(struct tri_session *s)
{
    tri_buf_init(&s->input.message, s->worker->alloc, s->worker->limits->message_bytes_max);
}

void tri_session_input_drop_message(struct tri_session *s)
{
    tri_buf_deinit(&s->input.message);
}

void tri_session_input_deinit(struct tri_session *s)
{
    tri_session_input_drop_message(s);
    tri_alloc_release(s->worker->alloc, s->input.control);
    s->input.control = NULL;
}

static bool is_reading(const struct tri_session *s)
{
    return s->state <= TRI_SESSION_CLOSING;
}

static void unmask(const struct tri_session *s, uint8_t *dst, struct tri_slice src)
{
    const struct tri_session_input *in = &s->input;
    if (in->frame.masked) {
        tri_mask_apply(dst, src.data, src.len, in->frame.mask, in->taken);
    } else {
        memcpy(dst, src.data, src.len);
    }
}

/* --- whole messages */

/* Hands a message over. It is the last thing to do: the owner may have closed the session. */
static void deliver(struct tri_session *s, const uint8_t *data, size_t len)
{
    assert(s->state == TRI_SESSION_OPEN);
    s->messages_in++;
    s->bytes_in += len;
    if (s->events->on_message) {
        s->events->on_message(s->owner, s->input.type, data, len);
    }
}

static void fail_text(struct tri_session *s)
{
    tri_session_fail(s, TRI_CLOSE_BAD_DATA, "text is not UTF-8"); /* RFC 6455 section 8.1 */
}

/* Whether |piece| is all of a message of one frame, and can be delivered without a buffer. */
static bool is_whole(const struct tri_session *s, struct tri_slice piece)
{
    const struct tri_session_input *in = &s->input;
    return in->frame.fin && in->fragments == 1 && piece.len == in->frame.payload_len &&
           (!in->frame.masked || piece.len <= TRI_SCRATCH_BYTES);
}

static void deliver_whole(struct tri_session *s, struct tri_slice piece)
{
    struct tri_session_input *in = &s->input;
    const uint8_t *data = piece.data;
    if (in->frame.masked) {
        unmask(s, s->worker->scratch, piece);
        data = s->worker->scratch;
    }
    in->in_frame = false;
    in->fragments = 0;
    if (in->type == TRI_TEXT && !tri_utf8_is_valid(data, piece.len)) {
        fail_text(s);
        return;
    }
    deliver(s, data, piece.len);
}

/* The last frame of a message has ended. */
static void end_message(struct tri_session *s)
{
    struct tri_session_input *in = &s->input;
    in->fragments = 0;
    if (s->state != TRI_SESSION_OPEN) {
        return; /* dropped: we have sent our Close */
    }
    if (in->type == TRI_TEXT && !tri_utf8_is_complete(&in->utf8)) {
        fail_text(s);
        return;
    }
    /* Ours for the call: the owner may close the session, which drops what the input has. */
    struct tri_buf message = in->message;
    tri_buf_init(&in->message, message.alloc, message.max);
    const struct tri_slice all = tri_buf_peek(&message);
    deliver(s, all.data ? all.data : s->worker->scratch, all.len);
    tri_buf_deinit(&message);
}

/* Moves a piece of a data frame into the message. */
static void buffer_piece(struct tri_session *s, struct tri_slice piece)
{
    struct tri_session_input *in = &s->input;
    enum tri_err err;
    uint8_t *room = tri_buf_reserve(&in->message, piece.len, &err);
    if (!room) {
        assert(err == TRI_ERR_NOMEM); /* the limit was checked with the header */
        tri_session_fail(s, TRI_CLOSE_INTERNAL_ERROR, "out of memory");
        return;
    }
    unmask(s, room, piece);
    tri_buf_commit(&in->message, piece.len);
    if (in->type == TRI_TEXT && !tri_utf8_feed(&in->utf8, room, piece.len)) {
        fail_text(s);
    }
}

static void take_data(struct tri_session *s, struct tri_slice piece)
{
    struct tri_session_input *in = &s->input;
    if (s->state == TRI_SESSION_OPEN) {
        if (is_whole(s, piece)) {
            deliver_whole(s, piece);
            return;
        }
        buffer_piece(s, piece);
    }
    in->taken += piece.len;
    if (is_reading(s) && in->taken == in->frame.payload_len) {
        in->in_frame = false;
        if (in->frame.fin) {
            end_message(s);
        }
    }
}

/* --- control frames */

static void answer_ping(struct tri_session *s, struct tri_slice payload)
{
    if (s->state != TRI_SESSION_OPEN) {
        return; /* nothing follows our Close. RFC 6455 section 1.4 */
    }
    if (s->queue.controls >= TRI_CONTROL_FRAMES_QUEUED_MAX) {
        tri_session_fail(s, TRI_CLOSE_POLICY, "too many unanswered pings");
        return;
    }
    /* RFC 6455 section 5.5.2, 5.5.3: MUST answer; with identical application data. */
    if (tri_session_output_frame(s, TRI_OP_PONG, payload) != TRI_OK) {
        tri_session_abort_because(s, "out of memory");
        return;
    }
    tri_queue_mark_control(&s->queue);
}

static void read_close(struct tri_session *s, struct tri_slice payload)
{
    struct tri_close close;
    const enum tri_err err = tri_close_decode(payload.data, payload.len, &close);
    if (err == TRI_OK) {
        tri_session_receive_close(s, &close);
    } else if (err == TRI_ERR_UTF8) {
        tri_session_fail(s, TRI_CLOSE_BAD_DATA, "the close reason is not UTF-8");
    } else {
        tri_session_fail(s, TRI_CLOSE_PROTOCOL_ERROR, "a close code that may not be sent");
    }
}

static void handle_control(struct tri_session *s, struct tri_slice payload)
{
    s->input.in_frame = false;
    switch (s->input.frame.opcode) {
    case TRI_OP_PING:
        answer_ping(s, payload);
        break;
    case TRI_OP_PONG: /* that it came is all there is to it. RFC 6455 section 5.5.3 */
        break;
    case TRI_OP_CLOSE:
        read_close(s, payload);
        break;
    case TRI_OP_CONTINUATION:
    case TRI_OP_TEXT:
    case TRI_OP_BINARY:
        assert(!"a data frame is no control frame");
        break;
    }
}

static void take_control(struct tri_session *s, struct tri_slice piece)
{
    struct tri_session_input *in = &s->input;
    const size_t payload_len = (size_t)in->frame.payload_len;
    uint8_t whole[TRI_CONTROL_PAYLOAD_MAX];
    assert(payload_len <= sizeof whole);
    if (!in->control && piece.len < payload_len) {
        in->control = tri_alloc_get(s->worker->alloc, payload_len);
        if (!in->control) {
            tri_session_abort_because(s, "out of memory");
            return;
        }
    }
    uint8_t *payload = in->control ? in->control : whole;
    unmask(s, payload + in->taken, piece);
    in->taken += piece.len;
    if (in->taken == payload_len) {
        in->control = NULL; /* ours for the call */
        handle_control(s, tri_slice_of(payload, payload_len));
        tri_alloc_release(s->worker->alloc, payload == whole ? NULL : payload);
    }
}

/* --- headers */

static bool refuse(struct tri_session *s, enum tri_close_code code, const char *reason)
{
    tri_session_fail(s, (uint16_t)code, reason);
    return false;
}

/* Whether a data frame may come now, and is within the limits. Else the session has failed. */
static bool check_data_frame(struct tri_session *s, const struct tri_frame *f)
{
    const struct tri_session_input *in = &s->input;
    const bool is_continuation = f->opcode == TRI_OP_CONTINUATION;
    if (is_continuation && in->fragments == 0) { /* RFC 6455 section 5.4 */
        return refuse(s, TRI_CLOSE_PROTOCOL_ERROR, "continuation without a message");
    }
    if (!is_continuation && in->fragments > 0) { /* RFC 6455 section 5.4: not interleaved */
        return refuse(s, TRI_CLOSE_PROTOCOL_ERROR, "a new message within a message");
    }
    if (s->state == TRI_SESSION_CLOSING) {
        return true; /* will be dropped, so it costs nothing */
    }
    if (f->payload_len > in->message.max - tri_buf_peek(&in->message).len) {
        return refuse(s, TRI_CLOSE_TOO_BIG, "message too big");
    }
    if (in->fragments >= TRI_MESSAGE_FRAGMENTS_MAX) {
        return refuse(s, TRI_CLOSE_POLICY, "too many fragments");
    }
    return true;
}

static bool check_frame(struct tri_session *s, const struct tri_frame *f)
{
    const bool is_server = s->role == TRI_SESSION_SERVER;
    if (f->masked != is_server) { /* RFC 6455 section 5.1: MUST close, either way */
        return refuse(s, TRI_CLOSE_PROTOCOL_ERROR,
                      is_server ? "a frame without a mask" : "a masked frame from a server");
    }
    if (f->rsv1) { /* RFC 6455 section 5.2: no extension gave it a meaning */
        return refuse(s, TRI_CLOSE_PROTOCOL_ERROR, "RSV1 without an extension");
    }
    return tri_opcode_is_control(f->opcode) || check_data_frame(s, f);
}

static void begin_data_frame(struct tri_session *s)
{
    struct tri_session_input *in = &s->input;
    if (in->fragments == 0) {
        in->type = in->frame.opcode == TRI_OP_TEXT ? TRI_TEXT : TRI_BINARY;
        tri_utf8_init(&in->utf8);
    }
    if (in->fragments < TRI_MESSAGE_FRAGMENTS_MAX) { /* more only where they are dropped */
        in->fragments++;
    }
}

static void begin_frame(struct tri_session *s, const struct tri_frame *f)
{
    struct tri_session_input *in = &s->input;
    if (!check_frame(s, f)) {
        return;
    }
    in->frame = *f;
    in->taken = 0;
    in->in_frame = f->payload_len > 0;
    if (tri_opcode_is_control(f->opcode)) {
        if (!in->in_frame) {
            handle_control(s, tri_slice_of(NULL, 0));
        }
        return;
    }
    begin_data_frame(s);
    if (!in->in_frame && f->fin) {
        end_message(s);
    }
}

/* Keeps the |len| bytes of a header that is not whole. */
static void keep_header(struct tri_session_input *in, const uint8_t *data, size_t len)
{
    assert(in->header_len + len < sizeof in->header);
    memcpy(in->header + in->header_len, data, len);
    in->header_len = (uint8_t)(in->header_len + len);
}

/* Decodes a header that may have begun in an earlier call; |*used| are bytes of |data|. */
static enum tri_err decode_header(const struct tri_session_input *in, struct tri_slice data,
                                  struct tri_frame *f, size_t *used)
{
    if (in->header_len == 0) {
        return tri_frame_decode(data.data, data.len, f, used);
    }
    uint8_t joined[TRI_FRAME_HEADER_MAX];
    const size_t room = sizeof joined - in->header_len;
    const size_t more = data.len < room ? data.len : room;
    memcpy(joined, in->header, in->header_len);
    memcpy(joined + in->header_len, data.data, more);
    const enum tri_err err = tri_frame_decode(joined, in->header_len + more, f, used);
    if (err == TRI_OK) {
        assert(*used > in->header_len); /* or it had been whole before */
        *used -= in->header_len;
    }
    return err;
}

/* Returns the bytes used. */
static size_t take_header(struct tri_session *s, struct tri_slice data)
{
    struct tri_frame frame;
    size_t used = 0;
    const enum tri_err err = decode_header(&s->input, data, &frame, &used);
    if (err == TRI_PARTIAL) {
        keep_header(&s->input, data.data, data.len);
        return data.len;
    }
    if (err != TRI_OK) {
        tri_session_fail(s, TRI_CLOSE_PROTOCOL_ERROR, "malformed frame header");
        return data.len;
    }
    s->input.header_len = 0;
    begin_frame(s, &frame);
    return used;
}

/* Returns the bytes used. */
static size_t take_payload(struct tri_session *s, struct tri_slice data)
{
    const struct tri_session_input *in = &s->input;
    assert(in->taken < in->frame.payload_len);
    const uint64_t left = in->frame.payload_len - in->taken;
    const size_t len = data.len < left ? data.len : (size_t)left;
    if (tri_opcode_is_control(in->frame.opcode)) {
        take_control(s, tri_slice_of(data.data, len));
    } else {
        take_data(s, tri_slice_of(data.data, len));
    }
    return len;
}

void tri_session_input_feed(struct tri_session *s, struct tri_slice data)
{
    while (data.len > 0 && is_reading(s)) {
        const size_t used = s->input.in_frame ? take_payload(s, data) : take_header(s, data);
        assert(used > 0 && used <= data.len);
        data = tri_slice_of(data.data + used, data.len - used);
    }
}
