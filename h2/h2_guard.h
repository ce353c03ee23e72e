/*
 * Looks at the head of each frame before the engine gets it, for faults to which nghttp2 answers
 * with another code than RFC 9113, or with none. It remembers the streams that the peer opened
 * last, because a frame on a closed stream is a fault only of a peer that knows that it is closed:
 *
 *   - one that said its last word there, END_STREAM or RST_STREAM;
 *   - one that passed over the id, which closes it without a word (section 5.1.1).
 *
 * What comes on a stream that we have reset was perhaps under way, and is the engine's to pass
 * over. A closed stream that was forgotten is taken for one of these.
 */
#ifndef TRI_H2_GUARD_H
#define TRI_H2_GUARD_H

#include <stdbool.h>
#include <stdint.h>

/* Streams in a row that are remembered for certain; an entry goes when a later stream needs it. */
#define TRI_H2_GUARD_STREAMS 64u

/* RFC 9113 section 4.1 */
struct tri_h2_frame_head {
    uint32_t length;
    uint8_t type;
    uint8_t flags;
    uint32_t stream_id; /* without the reserved bit */
};

/* All zero is a new one. Invariant: streams[i] is 0 or a client's id with (id / 2) % len == i. */
struct tri_h2_guard {
    uint32_t streams[TRI_H2_GUARD_STREAMS]; /* ids, and the top bit once the peer has ended it */
    uint32_t highest;                       /* id that the peer has opened */
    bool is_in_block;                       /* a field block goes on in CONTINUATION */
};

/*
 * Takes the next frame's head. Returns NO_ERROR if it may go on to the engine, which has rules of
 * its own; else the code with which RFC 9113 has the connection end.
 */
uint32_t tri_h2_guard_judge(struct tri_h2_guard *g, const struct tri_h2_frame_head *head);

#endif
