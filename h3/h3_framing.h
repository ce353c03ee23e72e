/*
 * How the tenant's bytes go out on a stream: cut in DATA frames, and what the peer's acknowledgements
 * mean to them. It holds the lengths of the frames that are not acknowledged yet, and no bytes: those
 * are the tenant's, and the heads of frames are constants. RFC 9114 section 7.2.1.
 */
#ifndef TRI_H3_FRAMING_H
#define TRI_H3_FRAMING_H

#include "base_alloc.h"
#include "base_slice.h"
#include "trisock/trisock.h"

/* Payload of one frame, bytes: the most that a length of two bytes says. */
#define TRI_H3_FRAME_BYTES_MAX ((size_t)16383)

/* Frames of one stream that may wait for acknowledgement: so many turns of the loop in a round trip,
 * after which what there is to send waits, and goes in larger ones. */
#define TRI_H3_FRAMES_MAX ((size_t)4096)

/* So many are kept room for when none is on the way. */
#define TRI_H3_FRAMES_KEPT ((size_t)32)

/* As many as most streams ever have on the way at a time; more are kept in memory of their own. */
#define TRI_H3_FRAMES_INLINE ((size_t)4)

/* All zero is a new one. Invariant: a frame that is begun and not sent whole is the last. */
struct tri_h3_framing {
    uint16_t *lens; /* owned; NULL: the inline ones. A ring of |cap|, a power of two */
    uint16_t inline_lens[TRI_H3_FRAMES_INLINE];
    uint16_t cap; /* of |lens| */
    uint16_t first, len;
    uint16_t acked;    /* bytes of the first frame, head and payload, that are acknowledged */
    uint16_t left;     /* payload of the last frame that is still to be sent */
    uint8_t head_left; /* and of its head */
};

void tri_h3_framing_deinit(struct tri_h3_framing *f, const struct tri_alloc *alloc);

/* Whether a frame is begun and not sent whole: |left| of its payload has to follow. */
static inline bool tri_h3_framing_is_within(const struct tri_h3_framing *f)
{
    return f->left > 0 || f->head_left > 0;
}

/*
 * Makes room for one more frame. TRI_OK; TRI_ERR_LIMIT or TRI_ERR_NOMEM: not before one of those on the way
 * is acknowledged, and there are some.
 */
TRI_MUST_USE enum tri_err tri_h3_framing_reserve(struct tri_h3_framing *f,
                                                 const struct tri_alloc *alloc);

/* Begins a frame of |len| bytes of payload, 1 to TRI_H3_FRAME_BYTES_MAX, for which there is room.
 * None is begun. */
void tri_h3_framing_begin(struct tri_h3_framing *f, size_t len);

/* The bytes of a head for |len| bytes of payload. They stay for ever. */
struct tri_slice tri_h3_framing_head(size_t len);

/* What is still to be sent of the head of the frame that is begun. */
struct tri_slice tri_h3_framing_head_left(const struct tri_h3_framing *f);

/* |n| bytes were sent of the frame that is begun. Returns how many of them were payload. */
size_t tri_h3_framing_sent(struct tri_h3_framing *f, size_t n);

/* The next |n| bytes of what was sent were acknowledged. Returns how many of them were payload. */
size_t tri_h3_framing_acked(struct tri_h3_framing *f, uint64_t n, const struct tri_alloc *alloc);

#endif
