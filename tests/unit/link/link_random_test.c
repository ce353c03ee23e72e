/* The dice of the link. */
#include "link_random.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#define THROWS 100000u

static unsigned count(uint64_t seed, uint64_t stream, double probability)
{
    unsigned hits = 0;
    for (uint64_t i = 1; i <= THROWS; i++) {
        hits += link_random_chance(seed, stream, i, probability);
    }
    return hits;
}

static void the_share_is_kept_within_a_tenth(void **state)
{
    (void)state;
    static const double shares[] = {0.01, 0.02, 0.1, 0.5};
    for (size_t i = 0; i < sizeof shares / sizeof shares[0]; i++) {
        for (uint64_t seed = 0; seed < 8; seed++) {
            double hits = count(seed, seed % 4, shares[i]);
            assert_true(hits > 0.9 * shares[i] * THROWS && hits < 1.1 * shares[i] * THROWS);
        }
    }
}

static void nothing_and_everything_are_exact(void **state)
{
    (void)state;
    assert_int_equal(count(7, 0, 0), 0);
    assert_int_equal(count(7, 0, 1), THROWS);
}

static void a_number_has_its_fate_whatever_was_asked_before(void **state)
{
    (void)state;
    bool forth[1000];
    for (uint64_t i = 0; i < 1000; i++) {
        forth[i] = link_random_chance(7, 2, i, 0.3);
    }
    for (uint64_t i = 1000; i-- > 0;) {
        assert_int_equal(link_random_chance(7, 2, i, 0.3), forth[i]);
    }
}

/* Chance alone makes two of them agree on a hit in one of 100 cases. */
static void assert_independent(uint64_t seed_a, uint64_t stream_a, uint64_t seed_b,
                               uint64_t stream_b)
{
    unsigned both = 0;
    for (uint64_t i = 1; i <= THROWS; i++) {
        both += link_random_chance(seed_a, stream_a, i, 0.1) &&
                link_random_chance(seed_b, stream_b, i, 0.1);
    }
    assert_in_range(both, THROWS / 100 * 8 / 10, THROWS / 100 * 12 / 10);
}

static void seeds_and_streams_are_independent(void **state)
{
    (void)state;
    assert_independent(7, 0, 8, 0);
    assert_independent(7, 0, 7, 1);
    assert_independent(7, 0, 7, 2);
    assert_independent(0, 1, 1, 0);
}

/* Losses that come in runs would be another kind of link. */
static void one_hit_tells_nothing_of_the_next(void **state)
{
    (void)state;
    unsigned pairs = 0;
    for (uint64_t i = 1; i <= THROWS; i++) {
        pairs += link_random_chance(7, 0, i, 0.1) && link_random_chance(7, 0, i + 1, 0.1);
    }
    assert_in_range(pairs, THROWS / 100 * 8 / 10, THROWS / 100 * 12 / 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_share_is_kept_within_a_tenth),
        cmocka_unit_test(nothing_and_everything_are_exact),
        cmocka_unit_test(a_number_has_its_fate_whatever_was_asked_before),
        cmocka_unit_test(seeds_and_streams_are_independent),
        cmocka_unit_test(one_hit_tells_nothing_of_the_next),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
