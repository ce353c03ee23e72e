/* Frames to bytes, and what the stream takes of them. RFC 6455 sections 5.2 and 5.3. */
#include "ws_session_internal.h"

#include "ws_mask.h"

#include <assert.h>

enum tri_err tri_session_output_frame(struct tri_session *s, struct tri_frame frame,
                                      struct tri_slice payload)
{
    assert(s->state == TRI_SESSION_OPEN && !s->is_close_queued);
    frame.payload_len = payload.len;
    frame.masked = s->role == TRI_SESSION_CLIENT; /* RFC 6455 section 5.1 */
    const size_t header_len = tri_frame_header_len(&frame);
    if (payload.len > SIZE_MAX - header_len) {
        return TRI_ERR_NOMEM;
    }
    uint8_t *room = tri_queue_extend(&s->queue, header_len + payload.len);
    if (!room) {
        return TRI_ERR_NOMEM;
    }
    if (frame.masked) {
        tri_session_worker_mask(s->worker, frame.mask);
    }
    (void)tri_frame_encode(&frame, room);
    if (frame.masked) {
        tri_mask_apply(room + header_len, payload.data, payload.len, frame.mask, 0);
    } else if (payload.len > 0) {
        memcpy(room + header_len, payload.data, payload.len);
    }
    s->stream->ops->wake_write(s->stream);
    return TRI_OK;
}

enum tri_err tri_session_output_control(struct tri_session *s, enum tri_opcode opcode,
                                        struct tri_slice payload)
{
    assert(tri_opcode_is_control(opcode));
    const struct tri_frame frame = {.opcode = opcode, .fin = true};
    return tri_session_output_frame(s, frame, payload);
}

/* Whether nothing can follow what is queued. */
static bool is_at_end(const struct tri_session *s)
{
    switch (s->state) {
    case TRI_SESSION_ENDING:
        return !s->waits_for_fin || s->is_fin_received;
    case TRI_SESSION_FINISHING:
        return true;
    case TRI_SESSION_OPEN:
    case TRI_SESSION_CLOSING:
    case TRI_SESSION_ABORTED:
    case TRI_SESSION_CLOSED:
        return false;
    }
    return false;
}

size_t tri_session_output_peek(void *session, struct tri_slice *out, size_t out_max, bool *fin)
{
    struct tri_session *s = session;
    assert(out_max > 0);
    *fin = false;
    if (s->state >= TRI_SESSION_ABORTED) {
        return 0;
    }
    const size_t count = tri_queue_peek(&s->queue, out, out_max);
    size_t bytes = 0;
    for (size_t i = 0; i < count; i++) {
        bytes += out[i].len;
    }
    *fin = bytes == s->queue.unsent_bytes && is_at_end(s);
    if (*fin && s->state == TRI_SESSION_ENDING) {
        tri_session_set_state(s, TRI_SESSION_FINISHING);
    }
    return count;
}

void tri_session_output_sent(void *session, size_t len)
{
    struct tri_session *s = session;
    tri_queue_sent(&s->queue, len);
    if (s->is_close_queued && !tri_queue_has_unsent(&s->queue)) {
        s->is_close_sent = true; /* nothing is queued behind it */
    }
}

void tri_session_output_released(void *session, size_t len)
{
    struct tri_session *s = session;
    tri_queue_released(&s->queue, len);
    const bool is_low = s->queue.held <= s->worker->limits->queue_bytes_max / 2;
    if (s->wants_drain && is_low && s->state == TRI_SESSION_OPEN) {
        s->wants_drain = false; /* first: on_drain may fill the queue again */
        if (s->events->on_drain) {
            s->events->on_drain(s->owner);
        }
    }
}
