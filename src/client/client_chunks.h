/*
 * A queue of bytes that stay where they are until they are released: what a tenant of the seam that
 * has them from somebody else needs (ws_stream.h, lines 1 and 2). Memory by what is held: none while
 * it is empty.
 *
 * Invariant: released <= sent <= appended.
 */
#ifndef TRI_CLIENT_CHUNKS_H
#define TRI_CLIENT_CHUNKS_H

#include "base_alloc.h"
#include "base_slice.h"
#include "trisock/trisock.h"

struct tri_client_chunk;

struct tri_client_chunks {
    const struct tri_alloc *alloc;
    struct tri_client_chunk *first, *last; /* NULL: nothing is held */
    struct tri_client_chunk *at;           /* where the unsent bytes begin; NULL: there are none */
    size_t at_off;                         /* in |at| */
    size_t held;                           /* appended - released */
    size_t unsent;                         /* appended - sent */
    size_t max;                            /* held <= max */
};

void tri_client_chunks_init(struct tri_client_chunks *c, const struct tri_alloc *alloc, size_t max);
void tri_client_chunks_deinit(struct tri_client_chunks *c); /* empty, and usable, afterwards */

/* Copies |data| to the end. TRI_OK; TRI_ERR_LIMIT, TRI_ERR_NOMEM: a part of it may be there. */
TRI_MUST_USE enum tri_err tri_client_chunks_append(struct tri_client_chunks *c, const uint8_t *data,
                                                   size_t len);

/* Up to |max| slices of what is not sent; returns how many. |*all|: nothing is behind them. */
size_t tri_client_chunks_peek(const struct tri_client_chunks *c, struct tri_slice *out, size_t max,
                              bool *all);

void tri_client_chunks_sent(struct tri_client_chunks *c, size_t len);
void tri_client_chunks_release(struct tri_client_chunks *c, size_t len);

#endif
