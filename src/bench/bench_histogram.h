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

/* All zero is an empty one. */
struct bench_histogram {
    uint64_t counts[BENCH_HISTOGRAM_BUCKETS];
    uint64_t total;
    uint64_t min, max; /* as recorded; 0 while empty */
    double sum;
};

void bench_histogram_record(struct bench_histogram *h, uint64_t value);
void bench_histogram_add(struct bench_histogram *h, const struct bench_histogram *other);

/* The value that |q| (0 to 1) of all values do not exceed; 0 if it is empty. */
uint64_t bench_histogram_quantile(const struct bench_histogram *h, double q);
double bench_histogram_mean(const struct bench_histogram *h);

/* The bucket |index|: its lowest value, and the lowest of the next. */
uint64_t bench_histogram_low(size_t index);
uint64_t bench_histogram_high(size_t index);

#endif
