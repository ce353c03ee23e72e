/* Axes: round ends, marks in order, and points that never leave the drawing. */
#include "bench_svg.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>

static void an_axis_ends_at_round_numbers(void **state)
{
    (void)state;
    static const struct {
        bool is_log;
        double least, most, from, to;
    } rows[] = {
        {false, 0, 0, 0, 1},      {false, 0, 5.5, 0, 6},      {false, 0, 838040, 0, 1000000},
        {false, 0, 100, 0, 100},  {true, 83, 3990, 50, 5000}, {true, 100, 1000, 100, 1000},
        {true, 7, 7, 5, 10},      {true, 5, 5, 5, 50},        {true, 0, 0, 1, 10},
        {true, 1, 1e19, 1, 1e19},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct bench_axis axis = {.is_log = rows[i].is_log};
        bench_axis_fit(&axis, rows[i].least, rows[i].most);
        if (fabs(axis.from - rows[i].from) > 1e-6 * axis.to ||
            fabs(axis.to - rows[i].to) > 1e-6 * axis.to) {
            fail_msg("%g to %g: %g to %g", rows[i].least, rows[i].most, axis.from, axis.to);
        }
    }
}

static void marks_are_few_in_order_and_on_the_axis(void **state)
{
    (void)state;
    for (int i = 0; i < 37; i++) {
        const double most = 0.001 * pow(3.7, i);
        for (int is_log = 0; is_log < 2; is_log++) {
            struct bench_axis axis = {.is_log = is_log};
            bench_axis_fit(&axis, most / 40, most);
            double ticks[BENCH_TICKS_MAX];
            const size_t len = bench_axis_ticks(&axis, ticks);
            assert_true(len >= 2 && len <= 12);
            for (size_t k = 0; k < len; k++) {
                assert_true(ticks[k] >= axis.from * (1 - 1e-6));
                assert_true(ticks[k] <= axis.to * (1 + 1e-6));
                assert_true(k == 0 || ticks[k] > ticks[k - 1]);
            }
        }
    }
}

static void what_is_beyond_the_ends_is_drawn_at_them(void **state)
{
    (void)state;
    const struct bench_axis even = {.from = 0, .to = 10, .start = 100, .end = 200};
    const struct bench_axis logarithmic = {
        .from = 1, .to = 100, .start = 300, .end = 100, .is_log = true};
    assert_true(bench_axis_at(&even, 5) == 150);
    assert_true(bench_axis_at(&even, -5) == 100 && bench_axis_at(&even, 1e30) == 200);
    assert_true(bench_axis_at(&even, (double)NAN) == 100);
    assert_true(bench_axis_at(&even, (double)INFINITY) == 200);
    assert_true(fabs(bench_axis_at(&logarithmic, 10) - 200) < 1e-9);
    assert_true(bench_axis_at(&logarithmic, 0) == 300 && bench_axis_at(&logarithmic, -1) == 300);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_axis_ends_at_round_numbers),
        cmocka_unit_test(marks_are_few_in_order_and_on_the_axis),
        cmocka_unit_test(what_is_beyond_the_ends_is_drawn_at_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
