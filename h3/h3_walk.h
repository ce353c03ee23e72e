/*
 * Where the frames of an HTTP/3 stream begin and end, as its bytes arrive in pieces. What a frame
 * means, and whether it may be there, is for others to say. RFC 9114 section 7.1.
 */
#ifndef TRI_H3_WALK_H
#define TRI_H3_WALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TRI_H3_FRAME_DATA UINT64_C(0x00) /* RFC 9114 section 11.2.1 */

/* An integer that arrives byte by byte: RFC 9000 section 16. All zero is a new one. */
struct tri_h3_varint {
    uint64_t value; /* as far as it came */
    uint8_t left;   /* bytes to come; 0: none has come, or all have */
};

/* Takes one byte. Returns whether it was the last; the next one begins another integer. */
bool tri_h3_varint_take(struct tri_h3_varint *v, uint8_t byte);

enum tri_h3_walk_step { TRI_H3_WALK_TYPE, TRI_H3_WALK_LENGTH, TRI_H3_WALK_PAYLOAD };

enum tri_h3_walk_event {
    TRI_H3_WALK_MORE, /* inside a type or a length */
    TRI_H3_WALK_HEAD, /* a frame of |type|, with |left| bytes of payload, begins */
    TRI_H3_WALK_DATA, /* bytes of its payload; |left| more are to come */
};

/* All zero is a new one. */
struct tri_h3_walk {
    uint64_t type;
    uint64_t left;
    struct tri_h3_varint varint;
    enum tri_h3_walk_step step;
};

/*
 * Goes on with |data|, len > 0, up to the first event. Returns how many bytes belong to it, 1 at
 * least: all of HEAD are its type and length, as far as they were still missing, all of DATA are
 * payload. A frame is complete with a HEAD or DATA after which |left| is 0.
 */
size_t tri_h3_walk_next(struct tri_h3_walk *w, const uint8_t *data, size_t len,
                        enum tri_h3_walk_event *event);

/* Whether what came so far ends with a whole frame, or is nothing. */
static inline bool tri_h3_walk_is_between(const struct tri_h3_walk *w)
{
    return w->step == TRI_H3_WALK_TYPE && w->varint.left == 0;
}

/* Whether it ends inside a frame's type. */
static inline bool tri_h3_walk_is_in_type(const struct tri_h3_walk *w)
{
    return w->step == TRI_H3_WALK_TYPE && w->varint.left > 0;
}

#endif
