/*
 * The link's dice. What is thrown depends on the seed, on what is thrown for and on a number, and on
 * nothing else: not on the time, nor on what was thrown before. So packet 17 of a direction meets
 * the same fate in every run with the same seed.
 */
#ifndef LINK_RANDOM_H
#define LINK_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

/* True for a share |probability| (0 to 1) of all numbers of |stream|. */
bool link_random_chance(uint64_t seed, uint64_t stream, uint64_t number, double probability);

#endif
