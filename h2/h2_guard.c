/* See h2_guard.h. */
#include "h2_guard.h"

#include <nghttp2/nghttp2.h>

#define ENDED (UINT32_C(1) << 31)

/* What the flags say must be there: RFC 9113 sections 6.1, 6.2. */
static uint32_t min_length(const struct tri_h2_frame_head *head)
{
    const uint32_t pad = head->flags & NGHTTP2_FLAG_PADDED ? 1 : 0;
    const uint32_t priority = head->flags & NGHTTP2_FLAG_PRIORITY ? 5 : 0;
    switch (head->type) {
    case NGHTTP2_DATA:
        return pad;
    case NGHTTP2_HEADERS:
        return pad + priority;
    default:
        return 0;
    }
}

static bool is_last_word(const struct tri_h2_frame_head *head)
{
    return head->type == NGHTTP2_RST_STREAM || (head->flags & NGHTTP2_FLAG_END_STREAM) != 0;
}

/* DATA, HEADERS or RST_STREAM on a client's stream. */
static uint32_t judge_stream(struct tri_h2_guard *g, const struct tri_h2_frame_head *head)
{
    const uint32_t id = head->stream_id;
    uint32_t *entry = &g->streams[id / 2 % TRI_H2_GUARD_STREAMS];
    if (id > g->highest) {
        if (head->type != NGHTTP2_HEADERS) {
            return NGHTTP2_NO_ERROR; /* idle: the engine knows */
        }
        g->highest = id;
        *entry = id;
    }
    const uint32_t known = *entry & ~ENDED;
    const bool is_reset = head->type == NGHTTP2_RST_STREAM; /* never wrong on a closed stream */
    if (known < id && !is_reset) {
        /* RFC 9113 section 5.1.1: an id that was passed over; section 6.1 for DATA */
        return head->type == NGHTTP2_HEADERS ? NGHTTP2_PROTOCOL_ERROR : NGHTTP2_STREAM_CLOSED;
    }
    if (known == id && (*entry & ENDED) != 0 && !is_reset) {
        return NGHTTP2_STREAM_CLOSED; /* RFC 9113 section 5.1: half-closed (remote), or closed */
    }
    if (known == id && is_last_word(head)) {
        *entry |= ENDED;
    }
    return NGHTTP2_NO_ERROR;
}

uint32_t tri_h2_guard_judge(struct tri_h2_guard *g, const struct tri_h2_frame_head *head)
{
    const bool ends_block = (head->flags & NGHTTP2_FLAG_END_HEADERS) != 0;
    if (g->is_in_block) { /* anything but CONTINUATION ends the connection: the engine knows */
        g->is_in_block = head->type != NGHTTP2_CONTINUATION || !ends_block;
        return NGHTTP2_NO_ERROR;
    }
    g->is_in_block = head->type == NGHTTP2_HEADERS && !ends_block;
    if (head->length < min_length(head)) {
        return NGHTTP2_FRAME_SIZE_ERROR; /* RFC 9113 section 4.2: too small for what it must hold */
    }
    switch (head->type) {
    case NGHTTP2_DATA:
    case NGHTTP2_HEADERS:
    case NGHTTP2_RST_STREAM:
        return head->stream_id % 2 == 1 ? judge_stream(g, head) : NGHTTP2_NO_ERROR;
    default:
        return NGHTTP2_NO_ERROR;
    }
}
