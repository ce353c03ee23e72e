/* The histogram against a sorted list of the same values. */
#include "bench_histogram.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define VALUES 20000u

static struct bench_histogram h;
static uint64_t list[VALUES];

static uint64_t state_of_random;

/* xorshift64*: the same values in every run. */
static uint64_t next_random(void)
{
    state_of_random ^= state_of_random >> 12;
    state_of_random ^= state_of_random << 25;
    state_of_random ^= state_of_random >> 27;
    return state_of_random * UINT64_C(2685821657736338717);
}

/* Over 0, up to and with 1. */
static double next_share(void)
{
    return (double)((next_random() >> 11) + 1) / (double)(UINT64_C(1) << 53);
}

static uint64_t draw_uniform(size_t i)
{
    (void)i;
    return next_random() % 10000000;
}

static uint64_t draw_exponential(size_t i)
{
    (void)i;
    return (uint64_t)(-log(next_share()) * 50000);
}

static uint64_t draw_bimodal(size_t i)
{
    return i % 10 == 0 ? 40000000 + next_random() % 1000000 : 30000 + next_random() % 5000;
}

static uint64_t draw_constant(size_t i)
{
    (void)i;
    return 123456789;
}

static uint64_t draw_power_of_two(size_t i)
{
    return UINT64_C(1) << (i % 43);
}

static uint64_t draw_below_power_of_two(size_t i)
{
    return (UINT64_C(1) << (i % 43 + 1)) - 1;
}

static uint64_t draw_small(size_t i)
{
    return i % 300;
}

static uint64_t draw_zero(size_t i)
{
    (void)i;
    return 0;
}

static uint64_t draw_any_magnitude(size_t i)
{
    (void)i;
    return next_random() >> (21 + next_random() % 43);
}

static uint64_t draw_one_late(size_t i)
{
    return i == 77 ? UINT64_C(3600000000000) : 1000;
}

static const struct {
    const char *name;
    uint64_t (*draw)(size_t i);
} rows[] = {
    {"uniform", draw_uniform},
    {"exponential", draw_exponential},
    {"bimodal", draw_bimodal},
    {"constant", draw_constant},
    {"powers of two", draw_power_of_two},
    {"one less than powers of two", draw_below_power_of_two},
    {"small", draw_small},
    {"zero", draw_zero},
    {"any magnitude", draw_any_magnitude},
    {"one late", draw_one_late},
};
#define ROWS (sizeof rows / sizeof rows[0])

static int compare_values(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a;
    const uint64_t y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static void fill(uint64_t (*draw)(size_t i))
{
    memset(&h, 0, sizeof h);
    state_of_random = 88172645463325252U;
    for (size_t i = 0; i < VALUES; i++) {
        list[i] = draw(i);
        bench_histogram_record(&h, list[i]);
    }
    qsort(list, VALUES, sizeof list[0], compare_values);
}

static void assert_near(const char *name, double q, uint64_t exact)
{
    const uint64_t got = bench_histogram_quantile(&h, q);
    if (got < exact || (double)(got - exact) > (double)exact * 0.01) {
        fail_msg("%s: quantile %g is %llu, not %llu", name, q, (unsigned long long)got,
                 (unsigned long long)exact);
    }
}

static void quantiles_agree_with_a_sorted_list_to_one_percent(void **state)
{
    (void)state;
    static const struct {
        double q;
        size_t rank; /* of 20,000, from 1 */
    } quantiles[] = {
        {0, 1},         {0.00001, 1},    {0.01, 200},      {0.1, 2000},      {0.25, 5000},
        {0.5, 10000},   {0.75, 15000},   {0.9, 18000},     {0.95, 19000},    {0.99, 19800},
        {0.999, 19980}, {0.9999, 19998}, {0.99995, 19999}, {0.99996, 20000}, {1, 20000},
    };
    for (size_t row = 0; row < ROWS; row++) {
        fill(rows[row].draw);
        for (size_t i = 0; i < sizeof quantiles / sizeof quantiles[0]; i++) {
            assert_near(rows[row].name, quantiles[i].q, list[quantiles[i].rank - 1]);
        }
    }
}

static void least_most_and_mean_are_exact(void **state)
{
    (void)state;
    for (size_t row = 0; row < ROWS; row++) {
        fill(rows[row].draw);
        double sum = 0;
        for (size_t i = 0; i < VALUES; i++) {
            sum += (double)list[i];
        }
        assert_int_equal(h.total, VALUES);
        assert_int_equal(h.min, list[0]);
        assert_int_equal(h.max, list[VALUES - 1]);
        assert_int_equal(bench_histogram_quantile(&h, 1), list[VALUES - 1]);
        const double mean = sum / VALUES;
        assert_true(fabs(bench_histogram_mean(&h) - mean) <= mean * 1e-9);
    }
}

static void buckets_meet_and_are_narrow(void **state)
{
    (void)state;
    for (size_t i = 0; i < BENCH_HISTOGRAM_BUCKETS; i++) {
        const uint64_t low = bench_histogram_low(i);
        const uint64_t high = bench_histogram_high(i);
        assert_true(low < high);
        assert_true((high - low - 1) * 100 < low || low + 1 == high);
        if (i + 1 < BENCH_HISTOGRAM_BUCKETS) {
            assert_int_equal(bench_histogram_low(i + 1), high);
        }
    }
    assert_int_equal(bench_histogram_low(0), 0);
    assert_int_equal(bench_histogram_high(BENCH_HISTOGRAM_BUCKETS - 1), UINT64_C(1) << 43);
}

static void the_ends_of_each_bucket_fall_into_it(void **state)
{
    (void)state;
    memset(&h, 0, sizeof h);
    for (size_t i = 0; i < BENCH_HISTOGRAM_BUCKETS; i++) {
        bench_histogram_record(&h, bench_histogram_low(i));
        bench_histogram_record(&h, bench_histogram_high(i) - 1);
        assert_int_equal(h.counts[i], 2);
    }
    assert_int_equal(h.total, 2 * BENCH_HISTOGRAM_BUCKETS);
}

static void what_is_too_long_is_in_the_last_bucket(void **state)
{
    (void)state;
    memset(&h, 0, sizeof h);
    static const uint64_t values[] = {UINT64_C(1) << 43, UINT64_C(1) << 63, UINT64_MAX};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        bench_histogram_record(&h, values[i]);
    }
    assert_int_equal(h.counts[BENCH_HISTOGRAM_BUCKETS - 1], 3);
    assert_true(h.max == UINT64_MAX);
    assert_true(bench_histogram_quantile(&h, 1) == UINT64_MAX);
}

static void an_empty_one_tells_zero(void **state)
{
    (void)state;
    memset(&h, 0, sizeof h);
    assert_int_equal(bench_histogram_quantile(&h, 0.5), 0);
    assert_int_equal(bench_histogram_quantile(&h, 1), 0);
    assert_true(bench_histogram_mean(&h) == 0);
}

static void two_added_are_as_one_that_took_all(void **state)
{
    (void)state;
    static struct bench_histogram parts[2];
    static struct bench_histogram sum;
    memset(parts, 0, sizeof parts);
    memset(&sum, 0, sizeof sum);
    fill(draw_bimodal);
    for (size_t i = 0; i < VALUES; i++) {
        bench_histogram_record(&parts[i % 3 == 0], list[i]);
    }
    bench_histogram_add(&sum, &parts[0]);
    bench_histogram_add(&sum, &parts[1]);
    assert_memory_equal(sum.counts, h.counts, sizeof h.counts);
    assert_int_equal(sum.total, h.total);
    assert_int_equal(sum.min, h.min);
    assert_int_equal(sum.max, h.max);
    assert_true(sum.sum == h.sum);
}

static void adding_an_empty_one_changes_nothing(void **state)
{
    (void)state;
    static struct bench_histogram empty;
    static struct bench_histogram before;
    fill(draw_uniform);
    before = h;
    bench_histogram_add(&h, &empty);
    assert_memory_equal(&before, &h, sizeof h);
    static struct bench_histogram copy;
    memset(&copy, 0, sizeof copy);
    bench_histogram_add(&copy, &h);
    assert_memory_equal(&copy, &h, sizeof h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quantiles_agree_with_a_sorted_list_to_one_percent),
        cmocka_unit_test(least_most_and_mean_are_exact),
        cmocka_unit_test(buckets_meet_and_are_narrow),
        cmocka_unit_test(the_ends_of_each_bucket_fall_into_it),
        cmocka_unit_test(what_is_too_long_is_in_the_last_bucket),
        cmocka_unit_test(an_empty_one_tells_zero),
        cmocka_unit_test(two_added_are_as_one_that_took_all),
        cmocka_unit_test(adding_an_empty_one_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
