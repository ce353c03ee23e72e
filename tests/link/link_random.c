/* See link_random.h. The mixing is that of SplitMix64. */
#include "link_random.h"

#define GOLDEN UINT64_C(0x9e3779b97f4a7c15)
#define BITS_OF_A_DOUBLE 53

static uint64_t mix(uint64_t x)
{
    x += GOLDEN;
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

bool link_random_chance(uint64_t seed, uint64_t stream, uint64_t number, double probability)
{
    uint64_t thrown = mix(mix(mix(seed) ^ stream) ^ number) >> (64 - BITS_OF_A_DOUBLE);
    return (double)thrown < probability * (double)(UINT64_C(1) << BITS_OF_A_DOUBLE);
}
