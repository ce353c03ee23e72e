/*
 * Received bytes to frames: headers, whose payload is whose, and what is held back while the owner
 * pauses. RFC 6455 section 5.2.
 *
 * The owner may close, abort or pause the session in each of its callbacks, so whatever delivers
 * does nothing afterwards but ask may_read again.
 */
#include "ws_session_internal.h"

#include <assert.h>

/* --- headers */

static bool refuse(struct tri_session *s, const char *reason)
{
    tri_session_fail(s, TRI_CLOSE_PROTOCOL_ERROR, reason);
    return false;
}

static bool check_frame(struct tri_session *s, const struct tri_frame *f)
{
    const bool is_server = s->role == TRI_SESSION_SERVER;
    if (f->masked != is_server) { /* RFC 6455 section 5.1: MUST close, either way */
        return refuse(s, is_server ? "a frame without a mask" : "a masked frame from a server");
    }
    if (f->rsv1 && !s->deflate) { /* RFC 6455 section 5.2: no extension gave it a meaning */
        return refuse(s, "RSV1 without an extension");
    }
    return tri_opcode_is_control(f->opcode) || tri_session_message_check(s, f);
}

static void begin_frame(struct tri_session *s, const struct tri_frame *f)
{
    if (!check_frame(s, f)) {
        return;
    }
    struct tri_reading *r = s->reading;
    r->frame = *f;
    r->taken = 0;
    r->in_frame = f->payload_len > 0;
    if (tri_opcode_is_control(f->opcode)) {
        tri_session_control_begin_frame(s);
    } else {
        tri_session_message_begin_frame(s);
    }
}

/* Keeps the |len| bytes of a header that is not whole. */
static void keep_header(struct tri_reading *r, const uint8_t *data, size_t len)
{
    assert(r->header_len + len < sizeof r->header);
    memcpy(r->header + r->header_len, data, len);
    r->header_len = (uint8_t)(r->header_len + len);
}

/* Decodes a header that may have begun in an earlier call; |*used| are bytes of |data|. */
static enum tri_err decode_header(const struct tri_reading *r, struct tri_slice data,
                                  struct tri_frame *f, size_t *used)
{
    if (r->header_len == 0) {
        return tri_frame_decode(data.data, data.len, f, used);
    }
    uint8_t joined[TRI_FRAME_HEADER_MAX];
    const size_t room = sizeof joined - r->header_len;
    const size_t more = data.len < room ? data.len : room;
    memcpy(joined, r->header, r->header_len);
    memcpy(joined + r->header_len, data.data, more);
    const enum tri_err err = tri_frame_decode(joined, r->header_len + more, f, used);
    if (err == TRI_OK) {
        assert(*used > r->header_len); /* or it had been whole before */
        *used -= r->header_len;
    }
    return err;
}

/* Returns the bytes used. */
static size_t take_header(struct tri_session *s, struct tri_slice data)
{
    struct tri_frame frame;
    size_t used = 0;
    const enum tri_err err = decode_header(s->reading, data, &frame, &used);
    if (err == TRI_PARTIAL) {
        keep_header(s->reading, data.data, data.len);
        return data.len;
    }
    if (err != TRI_OK) {
        tri_session_fail(s, TRI_CLOSE_PROTOCOL_ERROR, "malformed frame header");
        return data.len;
    }
    s->reading->header_len = 0;
    begin_frame(s, &frame);
    return used;
}

/* --- frames */

/* Whether decompressing has had its part of this turn: the session's own, or that of all, which
 * stops nobody who has nothing to decompress. */
static bool is_spent(const struct tri_session *s)
{
    return s->reading->inflated_bytes >= s->worker->inflate_share ||
           (s->deflate && s->worker->coded_bytes >= TRI_INFLATE_BYTES_PER_TURN);
}

/* A session that closes reads on, paused or not: the peer's Close is what it waits for. */
static bool is_held_back(const struct tri_session *s)
{
    return s->is_paused && s->state == TRI_SESSION_OPEN;
}

static bool may_read(const struct tri_session *s)
{
    return tri_session_is_reading(s) && !is_held_back(s) && !is_spent(s);
}

/* Takes what comes next off the front of |data| (not empty); returns the bytes used. */
static size_t take(struct tri_session *s, struct tri_slice data)
{
    const struct tri_reading *r = s->reading;
    if (!r->in_frame) {
        return take_header(s, data);
    }
    return tri_opcode_is_control(r->frame.opcode) ? tri_session_control_take(s, data)
                                                  : tri_session_message_take(s, data);
}

/* Reads what it may; returns the bytes used. */
static size_t read_frames(struct tri_session *s, struct tri_slice data)
{
    size_t used = 0;
    while (may_read(s)) {
        if (tri_session_message_is_pending(s->reading)) {
            tri_session_message_fetch(s);
        } else if (used == data.len) {
            break;
        } else {
            used += take(s, tri_slice_of(data.data + used, data.len - used));
        }
        assert(used <= data.len);
    }
    return used;
}

/* --- holding back */

static void give_credit(struct tri_session *s, size_t len)
{
    if (len > 0 && s->state != TRI_SESSION_CLOSED) { /* then there is no stream any more */
        s->stream->ops->consume(s->stream, len);
    }
}

/* Whether there is something that a turn could go on with. */
static bool has_waiting(const struct tri_reading *r)
{
    return tri_buf_peek(&r->held).len > 0 || tri_session_message_is_pending(r);
}

static bool is_at_rest(const struct tri_reading *r)
{
    return !r->in_frame && r->fragments == 0 && r->header_len == 0 && !has_waiting(r);
}

static void give_reading(struct tri_session *s)
{
    struct tri_reading *r = s->reading;
    s->reading = NULL;
    r->inflated_bytes = 0;
    tri_session_worker_give_reading(s->worker, r);
}

static void drop_reading(struct tri_session *s)
{
    struct tri_reading *r = s->reading;
    tri_session_message_drop(s);
    give_credit(s, tri_buf_peek(&r->held).len);
    tri_buf_deinit(&r->held);
    r->in_frame = false;
    r->fragments = 0;
    r->header_len = 0;
}

/* Ends a round of reading: the reader is kept only where there is something to remember. */
static void end_feeding(struct tri_session *s)
{
    struct tri_reading *r = s->reading;
    r->is_feeding = false;
    if (!tri_session_is_reading(s)) {
        drop_reading(s);
    }
    if (is_at_rest(r)) {
        give_reading(s);
    }
}

static bool begin_feeding(struct tri_session *s)
{
    if (!s->reading) {
        s->reading = tri_session_worker_take_reading(s->worker);
    }
    if (!s->reading) {
        tri_session_abort_because(s, "out of memory");
        return false;
    }
    s->reading->is_feeding = true;
    return true;
}

/* What of |data| was not used waits, if it is still wanted. */
static void hold(struct tri_session *s, struct tri_slice data, size_t used)
{
    const size_t len = data.len - used;
    if (len > 0 && tri_session_is_reading(s) &&
        tri_session_check_memory(s, &s->reading->held, len)) {
        if (tri_buf_append(&s->reading->held, data.data + used, len) == TRI_OK) {
            return;
        }
        tri_session_abort_because(s, "out of memory");
    }
    give_credit(s, len);
}

void tri_session_input_feed(struct tri_session *s, struct tri_slice data)
{
    if (!tri_session_is_reading(s) || !begin_feeding(s)) {
        give_credit(s, data.len);
        return;
    }
    const bool is_behind = tri_buf_peek(&s->reading->held).len > 0;
    const size_t used = is_behind ? 0 : read_frames(s, data);
    give_credit(s, used);
    hold(s, data, used);
    end_feeding(s);
    tri_session_input_schedule(s);
}

/* What the owner was kept waiting with was read: the peer's end may be told. */
static void tell_fin(struct tri_session *s)
{
    if (s->is_fin_received && tri_session_is_reading(s) && !is_held_back(s)) {
        tri_session_receive_fin(s);
    }
}

void tri_session_input_go_on(struct tri_session *s)
{
    struct tri_reading *r = s->reading;
    if (r && tri_session_is_reading(s)) {
        r->is_feeding = true;
        r->inflated_bytes = 0;
        const size_t used = read_frames(s, tri_buf_peek(&r->held));
        give_credit(s, used);
        tri_buf_consume(&r->held, used);
        end_feeding(s);
    }
    if (!s->reading || !has_waiting(s->reading)) {
        tell_fin(s);
    }
    tri_session_input_schedule(s);
}

static bool can_go_on(const struct tri_session *s)
{
    if (!tri_session_is_reading(s) || is_held_back(s)) {
        return false;
    }
    return s->is_fin_received || (s->reading && has_waiting(s->reading));
}

void tri_session_input_schedule(struct tri_session *s)
{
    if (!can_go_on(s)) {
        tri_list_remove(&s->resumed);
    } else if (!tri_list_is_linked(&s->resumed)) {
        tri_list_append(&s->worker->resumed, &s->resumed);
    }
}

void tri_session_input_stop(struct tri_session *s)
{
    tri_list_remove(&s->resumed);
    if (!s->reading || s->reading->is_feeding) {
        return; /* whoever feeds gives it back */
    }
    drop_reading(s);
    give_reading(s);
}
