/* A leaky bucket: a burst, then a rate. */
#include "base_bucket.h"

#include "base_timeout.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define SECOND_NS (1000 * TRI_NS_PER_MS)

static const struct tri_bucket_rate rate = {.burst = 10, .per_second = 4};

/* How many are free now. */
static uint32_t fill(struct tri_bucket *b, uint64_t now_ns)
{
    uint32_t n = 0;
    while (tri_bucket_add(b, rate, now_ns)) {
        n++;
    }
    return n;
}

static void a_burst_is_free_and_then_a_rate(void **state)
{
    (void)state;
    struct tri_bucket b = {.used = 0};
    assert_int_equal(fill(&b, 5 * SECOND_NS), 10);
    assert_int_equal(fill(&b, 5 * SECOND_NS), 0);
    assert_int_equal(fill(&b, 6 * SECOND_NS), 4);
    assert_int_equal(fill(&b, 600 * SECOND_NS), 10); /* never more than a burst */
}

static void parts_of_a_period_are_not_lost(void **state)
{
    (void)state;
    struct tri_bucket b = {.used = 0};
    assert_int_equal(fill(&b, 0), 10);
    uint32_t n = 0;
    for (uint64_t ms = 1; ms <= 3000; ms++) { /* looked at far more often than it leaks */
        n += fill(&b, ms * TRI_NS_PER_MS);
    }
    assert_int_equal(n, 12);
}

static void what_had_a_reason_is_taken_off_again(void **state)
{
    (void)state;
    struct tri_bucket b = {.used = 0};
    tri_bucket_forgive(&b, 5); /* nothing to take off */
    assert_int_equal(fill(&b, 1), 10);
    tri_bucket_forgive(&b, 3);
    assert_int_equal(fill(&b, 1), 3);
    tri_bucket_forgive(&b, 100);
    assert_int_equal(fill(&b, 1), 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_burst_is_free_and_then_a_rate),
        cmocka_unit_test(parts_of_a_period_are_not_lost),
        cmocka_unit_test(what_had_a_reason_is_taken_off_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
