/* Control frames: pings, pongs, the peer's Close. RFC 6455 section 5.5. */
#include "ws_session_internal.h"

#include "ws_mask.h"

#include <assert.h>

#define NS_PER_SECOND UINT64_C(1000000000)

/* Each frame costs an answer or a look, and the peer nearly nothing. */
static bool is_too_often(struct tri_session *s)
{
    const uint32_t second = (uint32_t)(s->worker->now_ns / NS_PER_SECOND);
    const uint32_t max = s->worker->limits->control_frames_max;
    if (second != s->control_second) {
        s->control_second = second;
        s->control_count = 0;
    }
    s->control_count++;
    return max > 0 && s->control_count > max;
}

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
    if (tri_session_output_control(s, TRI_OP_PONG, payload) != TRI_OK) {
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

static void handle_control(struct tri_session *s)
{
    struct tri_reading *r = s->reading;
    const struct tri_slice payload = tri_slice_of(r->control, (size_t)r->frame.payload_len);
    r->in_frame = false;
    if (is_too_often(s)) {
        tri_session_fail(s, TRI_CLOSE_POLICY, "too many control frames");
        return;
    }
    switch (r->frame.opcode) {
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

void tri_session_control_begin_frame(struct tri_session *s)
{
    if (!s->reading->in_frame) {
        handle_control(s);
    }
}

size_t tri_session_control_take(struct tri_session *s, struct tri_slice data)
{
    struct tri_reading *r = s->reading;
    assert(r->frame.payload_len <= sizeof r->control);
    const size_t left = (size_t)(r->frame.payload_len - r->taken);
    const size_t len = data.len < left ? data.len : left;
    if (r->frame.masked) {
        tri_mask_apply(r->control + r->taken, data.data, len, r->frame.mask, r->taken);
    } else {
        memcpy(r->control + r->taken, data.data, len);
    }
    r->taken += len;
    if (len == left) {
        handle_control(s);
    }
    return len;
}
