/*
 * Bytes from the peer on their way to the engine: as they come, in runs as long as can be, with a
 * look at each frame's head. A frame with a fault that ends the connection ends it before the
 * engine sees the frame. A WINDOW_UPDATE with a fault of its stream (RFC 9113 sections 6.9, 6.9.1)
 * is kept from the engine, which would end the connection for it, and its stream is reset.
 */
#ifndef TRI_H2_INPUT_H
#define TRI_H2_INPUT_H

#include "h2_guard.h"

#include <stddef.h>

/* RFC 9113 section 4.1, and the payload of a WINDOW_UPDATE */
#define TRI_H2_INPUT_HELD_BYTES ((size_t)(9 + 4))

struct tri_h2_input {
    size_t skip_bytes;                     /* of a payload, or the preface, until the next head */
    size_t held_len;                       /* of a head that is not whole */
    uint8_t held[TRI_H2_INPUT_HELD_BYTES]; /* not yet given to the engine */
    struct tri_h2_guard guard;
};

struct tri_h2_conn;

/* A new connection: the preface comes first. */
void tri_h2_input_init(struct tri_h2_input *in);

/* Takes |len| bytes; the connection's phase says whether it failed. */
void tri_h2_input_take(struct tri_h2_conn *c, const uint8_t *data, size_t len);

#endif
