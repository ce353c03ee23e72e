/* The beat of the open loop. */
#include "bench_pace.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

static void messages_are_evenly_spaced_over_all_sockets(void **state)
{
    (void)state;
    const struct bench_pace p = {.start_ns = 1000, .interval_ns = 10, .sockets = 3};
    uint64_t due = 1000;
    for (uint64_t number = 0; number < 5; number++) {
        for (uint64_t socket = 0; socket < 3; socket++) {
            assert_int_equal(bench_pace_due(&p, socket, number), due);
            due += 10;
        }
    }
}

static void a_beat_that_is_no_whole_number_does_not_drift(void **state)
{
    (void)state;
    const struct bench_pace p = {.start_ns = 0, .interval_ns = 1e9 / 3000, .sockets = 1};
    assert_in_range(bench_pace_due(&p, 0, 3000), 999999999, 1000000000);
    const uint64_t day = UINT64_C(3000) * 24 * 3600;
    assert_in_range(bench_pace_due(&p, 0, day), UINT64_C(86400000000000) - 100,
                    UINT64_C(86400000000000) + 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_are_evenly_spaced_over_all_sockets),
        cmocka_unit_test(a_beat_that_is_no_whole_number_does_not_drift),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
