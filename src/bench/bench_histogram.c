/* See bench_histogram.h. */
#include "bench_histogram.h"

#include <assert.h>

/* Values below 2^EXACT_BITS have a bucket each; above, the STEP_BITS below the first bit tell it. */
#define STEP_BITS 7u
#define STEPS (1u << STEP_BITS)

void bench_histogram_add(struct bench_histogram *h, const struct bench_histogram *other)
{
    if (other->total == 0) {
        return;
    }
    for (size_t i = 0; i < BENCH_HISTOGRAM_BUCKETS; i++) {
        h->counts[i] += other->counts[i];
    }
    h->min = h->total == 0 || other->min < h->min ? other->min : h->min;
    h->max = other->max > h->max ? other->max : h->max;
    h->total += other->total;
    h->sum += other->sum;
}

/* How many of |total| values are at most the |q|-quantile: at least one. */
static uint64_t count_below(uint64_t total, double q)
{
    const double wanted = q * (double)total;
    uint64_t count = (uint64_t)wanted;
    /* 0.9 * 10 is a little over 9, which must not make it the tenth. */
    if (wanted - (double)count > 1e-12 * (double)total) {
        count += 1;
    }
    if (count == 0) {
        return 1;
    }
    return count < total ? count : total;
}

static uint64_t clamp(uint64_t value, uint64_t min, uint64_t max)
{
    if (value < min) {
        return min;
    }
    return value < max ? value : max;
}

uint64_t bench_histogram_quantile(const struct bench_histogram *h, double q)
{
    assert(q >= 0 && q <= 1);
    if (h->total == 0) {
        return 0;
    }
    const uint64_t wanted = count_below(h->total, q);
    if (wanted == h->total) {
        return h->max;
    }
    uint64_t seen = 0;
    size_t i = 0;
    while ((seen += h->counts[i]) < wanted && i + 1 < BENCH_HISTOGRAM_BUCKETS) {
        i++;
    }
    return clamp(bench_histogram_high(i) - 1, h->min, h->max);
}

double bench_histogram_mean(const struct bench_histogram *h)
{
    return h->total > 0 ? h->sum / (double)h->total : 0;
}

uint64_t bench_histogram_low(size_t index)
{
    assert(index <= BENCH_HISTOGRAM_BUCKETS);
    if (index < 2 * (size_t)STEPS) {
        return index;
    }
    const size_t shift = index / STEPS - 1;
    return (uint64_t)(index % STEPS + STEPS) << shift;
}

uint64_t bench_histogram_high(size_t index)
{
    assert(index < BENCH_HISTOGRAM_BUCKETS);
    return bench_histogram_low(index + 1);
}
