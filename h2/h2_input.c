/* See h2_input.h. */
#include "h2_input.h"

#include "h2_engine.h"

#include <assert.h>

#define HEAD_BYTES ((size_t)9)
#define WINDOW_MAX UINT32_C(0x7fffffff)
#define ID_MASK UINT32_C(0x7fffffff) /* RFC 9113 section 4.1: the reserved bit is ignored */

void tri_h2_input_init(struct tri_h2_input *in)
{
    *in = (struct tri_h2_input){.skip_bytes = NGHTTP2_CLIENT_MAGIC_LEN};
}

static uint32_t read_u32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static struct tri_h2_frame_head read_head(const uint8_t *at)
{
    return (struct tri_h2_frame_head){
        .length = read_u32(at) >> 8,
        .type = at[3],
        .flags = at[4],
        .stream_id = read_u32(at + 5) & ID_MASK,
    };
}

static bool is_stream_window(const struct tri_h2_frame_head *head)
{
    return head->type == NGHTTP2_WINDOW_UPDATE && head->length == 4 && head->stream_id != 0;
}

/* How much of a frame has to be there for a verdict. */
static size_t count_needed(const struct tri_h2_frame_head *head)
{
    return is_stream_window(head) ? HEAD_BYTES + 4 : HEAD_BYTES;
}

/* RFC 9113 sections 6.9, 6.9.1. A stream that the engine does not know has no window. */
static uint32_t judge_window(const struct tri_h2_conn *c, int32_t id, uint32_t increment)
{
    const int32_t window = nghttp2_session_get_stream_remote_window_size(c->session, id);
    if (window < 0) {
        return NGHTTP2_NO_ERROR;
    }
    if (increment == 0) {
        return NGHTTP2_PROTOCOL_ERROR;
    }
    return increment > WINDOW_MAX - (uint32_t)window ? NGHTTP2_FLOW_CONTROL_ERROR
                                                     : NGHTTP2_NO_ERROR;
}

/* The engine has all that came before. Returns whether it may have this frame too. */
static bool admit_window(struct tri_h2_conn *c, int32_t id, const uint8_t *payload)
{
    const uint32_t code = judge_window(c, id, read_u32(payload) & WINDOW_MAX);
    if (code == NGHTTP2_NO_ERROR) {
        return true;
    }
    tri_h2_core_count(c, TRI_H2_FLOOD_WINDOW); /* as the engine's callback would */
    tri_h2_core_reset(c, id, code);
    return false;
}

/*
 * The frame at |at|, of which what is needed is there; |before| has not been given to the engine.
 * Returns whether the engine may have the frame; unless it surely may, |before| has been given.
 */
static bool admit(struct tri_h2_conn *c, const struct tri_h2_frame_head *head, const uint8_t *at,
                  struct tri_slice *before)
{
    struct tri_h2_input *in = &c->input;
    const bool is_window = is_stream_window(head) && !in->guard.is_in_block;
    const uint32_t code = tri_h2_guard_judge(&in->guard, head);
    in->skip_bytes = head->length + HEAD_BYTES - count_needed(head);
    if (code == NGHTTP2_NO_ERROR && !is_window) {
        return true;
    }
    tri_h2_engine_feed(c, before->data, before->len);
    *before = tri_slice_of(at, 0);
    if (code != NGHTTP2_NO_ERROR) {
        tri_h2_core_terminate(c, code);
        return true; /* it looks at nothing any more */
    }
    return c->phase != TRI_H2_LIVE || admit_window(c, (int32_t)head->stream_id, at + HEAD_BYTES);
}

/* Holds bytes of a head that is cut. Returns how many it took; *whole if no more are needed. */
static size_t hold(struct tri_h2_input *in, const uint8_t *data, size_t len, bool *whole)
{
    size_t taken = 0;
    size_t needed = HEAD_BYTES;
    for (;;) {
        if (in->held_len >= HEAD_BYTES) {
            const struct tri_h2_frame_head head = read_head(in->held);
            needed = count_needed(&head);
        }
        if (in->held_len == needed || taken == len) {
            break;
        }
        in->held[in->held_len++] = data[taken++];
    }
    *whole = in->held_len == needed;
    return taken;
}

static void take_held(struct tri_h2_conn *c)
{
    struct tri_h2_input *in = &c->input;
    const struct tri_h2_frame_head head = read_head(in->held);
    struct tri_slice none = tri_slice_of(in->held, 0);
    if (admit(c, &head, in->held, &none)) {
        tri_h2_engine_feed(c, in->held, in->held_len);
    }
    in->held_len = 0;
}

/* A head at data + at, whole: moves behind it. |from| is where the engine has not been yet. */
static size_t take_whole(struct tri_h2_conn *c, const uint8_t *data, size_t at, size_t *from)
{
    const struct tri_h2_frame_head head = read_head(data + at);
    const size_t needed = count_needed(&head);
    struct tri_slice before = tri_slice_of(data + *from, at - *from);
    const bool is_in = admit(c, &head, data + at, &before);
    if (!is_in) {
        *from = at + needed;
    } else if (before.len == 0) {
        *from = at;
    }
    return at + needed;
}

void tri_h2_input_take(struct tri_h2_conn *c, const uint8_t *data, size_t len)
{
    struct tri_h2_input *in = &c->input;
    size_t from = 0;
    size_t at = 0;
    while (at < len && c->phase == TRI_H2_LIVE) {
        if (in->skip_bytes > 0) {
            const size_t n = in->skip_bytes < len - at ? in->skip_bytes : len - at;
            in->skip_bytes -= n;
            at += n;
        } else if (in->held_len > 0 || len - at < TRI_H2_INPUT_HELD_BYTES) {
            bool whole;
            tri_h2_engine_feed(c, data + from, at - from);
            at += hold(in, data + at, len - at, &whole);
            from = at;
            if (whole) {
                take_held(c);
            }
        } else {
            at = take_whole(c, data, at, &from);
        }
    }
    tri_h2_engine_feed(c, data + from, at - from);
}
