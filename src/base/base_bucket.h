/*
 * A leaky bucket: counts what somebody may do in a burst and then at a rate. It holds no clock and no
 * limit of its own, so that a table of them is one small array.
 */
#ifndef TRI_BASE_BUCKET_H
#define TRI_BASE_BUCKET_H

#include <stdbool.h>
#include <stdint.h>

/* What is free; both at least 1. */
struct tri_bucket_rate {
    uint32_t burst;
    uint32_t per_second;
};

/* All zero is a new one. Invariant: used <= burst. */
struct tri_bucket {
    uint32_t used;      /* of the burst */
    uint64_t leaked_ns; /* until when the rate has been taken off |used| */
};

/*
 * Counts one. False when it is one too many: it is not counted then. |now_ns| must not go back, and
 * |rate| must stay the same.
 */
bool tri_bucket_add(struct tri_bucket *b, struct tri_bucket_rate rate, uint64_t now_ns);

/* Takes up to |n| off the count again. */
void tri_bucket_forgive(struct tri_bucket *b, uint32_t n);

#endif
