/* Lines a second, and what is told of the rest. */
#include "base_log_limit.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#define SECOND UINT64_C(1000000000)

static void so_many_lines_a_second_are_written(void **state)
{
    (void)state;
    struct tri_log_limit l = {.lines = 0};
    for (uint64_t at = 7; at < 10; at++) {
        assert_true(tri_log_limit_take(&l, 3, at * SECOND));
        assert_true(tri_log_limit_take(&l, 3, at * SECOND + 1));
        assert_true(tri_log_limit_take(&l, 3, at * SECOND + SECOND / 2));
        assert_false(tri_log_limit_take(&l, 3, at * SECOND + SECOND / 2));
        assert_false(tri_log_limit_take(&l, 3, at * SECOND + SECOND - 1));
    }
}

static void what_is_left_out_is_told_once_when_the_second_is_over(void **state)
{
    (void)state;
    struct tri_log_limit l = {.lines = 0};
    assert_int_equal(tri_log_limit_deadline_ns(&l), TRI_NEVER_NS);
    assert_true(tri_log_limit_take(&l, 1, SECOND + 1));
    assert_int_equal(tri_log_limit_deadline_ns(&l), TRI_NEVER_NS);
    for (int i = 0; i < 1000; i++) {
        assert_false(tri_log_limit_take(&l, 1, SECOND + 2));
    }
    assert_int_equal(tri_log_limit_deadline_ns(&l), 2 * SECOND);
    assert_int_equal(tri_log_limit_tell(&l, 2 * SECOND - 1), 0);
    assert_int_equal(tri_log_limit_tell(&l, 2 * SECOND), 1000);
    assert_int_equal(tri_log_limit_tell(&l, 2 * SECOND), 0);
    assert_int_equal(tri_log_limit_deadline_ns(&l), TRI_NEVER_NS);
}

static void a_flood_that_goes_on_does_not_put_off_the_telling(void **state)
{
    (void)state;
    struct tri_log_limit l = {.lines = 0};
    for (uint64_t at = SECOND; at < 3 * SECOND; at += SECOND / 10) {
        (void)tri_log_limit_take(&l, 1, at);
    }
    assert_int_equal(tri_log_limit_deadline_ns(&l), 2 * SECOND);
    assert_int_equal(tri_log_limit_tell(&l, 3 * SECOND), 18);
}

static void none_a_second_is_none(void **state)
{
    (void)state;
    struct tri_log_limit l = {.lines = 0};
    assert_false(tri_log_limit_take(&l, 0, 0));
    assert_int_equal(tri_log_limit_tell(&l, SECOND), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(so_many_lines_a_second_are_written),
        cmocka_unit_test(what_is_left_out_is_told_once_when_the_second_is_over),
        cmocka_unit_test(a_flood_that_goes_on_does_not_put_off_the_telling),
        cmocka_unit_test(none_a_second_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
