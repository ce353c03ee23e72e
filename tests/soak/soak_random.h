/* A generator with a seed, so that what a client chose can be chosen again. */
#ifndef TRI_TESTS_SOAK_RANDOM_H
#define TRI_TESTS_SOAK_RANDOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct soak_random {
    uint64_t state; /* not 0 */
};

/* Any seed will do. */
static inline void soak_random_init(struct soak_random *r, uint64_t seed)
{
    r->state = (seed + 1) * UINT64_C(0x9e3779b97f4a7c15) | 1;
}

/* 0 to |limit| - 1; xorshift64*, its upper half. */
static inline size_t soak_random_below(struct soak_random *r, size_t limit)
{
    r->state ^= r->state >> 12;
    r->state ^= r->state << 25;
    r->state ^= r->state >> 27;
    return limit == 0 ? 0 : (size_t)((r->state * UINT64_C(0x2545f4914f6cdd1d) >> 32) % limit);
}

static inline bool soak_random_chance(struct soak_random *r, unsigned percent)
{
    return soak_random_below(r, 100) < percent;
}

#endif
