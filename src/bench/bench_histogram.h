/*
 * A histogram of durations with buckets of equal relative width: every value is known to less than
 * 1 % (128 buckets an octave), from 1 ns to over an hour. Recording takes no allocation.
 */
#ifndef BENCH_HISTOGRAM_H
#define BENCH_HISTOGRAM_H

#include <stddef.h>
#include <stdint.h>

/* Values below 256 are exact; then 128 buckets an octave, for 36 octaves: up to 2^43 ns. */
#define BENCH_HISTOGRAM_BUCKETS (256u + 128u * 35u)

/* What is longer counts as that. */
#define BENCH_HISTOGRAM_MAX ((UINT64_C(1) << 43) - 1)

/* All zero is an empty one. */
struct bench_histogram {
    uint64_t counts[BENCH_HISTOGRAM_BUCKETS];
    uint64_t total;
    uint64_t min, max; /* as recorded; 0 while empty */
    double sum;
};

/*
 * Without a branch: a value is shifted down until eight bits are left (of which the first is set), and
 * each shift is a block of 128 buckets further. What is below 256 is not shifted.
 */
static inline size_t bench_histogram_bucket(uint64_t value)
{
    const uint64_t kept = value < BENCH_HISTOGRAM_MAX ? value : BENCH_HISTOGRAM_MAX;
    const unsigned shift = 63u - 7u - (unsigned)__builtin_clzll(kept | 128u);
    return (size_t)(kept >> shift) + (size_t)shift * 128u;
}

static inline void bench_histogram_record(struct bench_histogram *h, uint64_t value)
{
    h->counts[bench_histogram_bucket(value)] += 1;
    h->min = h->total == 0 || value < h->min ? value : h->min;
    h->max = value > h->max ? value : h->max;
    h->total += 1;
    h->sum += (double)value;
}

void bench_histogram_add(struct bench_histogram *h, const struct bench_histogram *other);

/* The value that |q| (0 to 1) of all values do not exceed; 0 if it is empty. */
uint64_t bench_histogram_quantile(const struct bench_histogram *h, double q);
double bench_histogram_mean(const struct bench_histogram *h);

/* The bucket |index|: its lowest value, and the lowest of the next. */
uint64_t bench_histogram_low(size_t index);
uint64_t bench_histogram_high(size_t index);

#endif
