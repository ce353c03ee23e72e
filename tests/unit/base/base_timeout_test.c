/* base_timeout: equal timeouts in order of deadline. */
#include "base_timeout.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

static void the_oldest_expires_first_and_only_when_due(void **state)
{
    (void)state;
    struct tri_timeout_list l;
    struct tri_timeout a, b;
    tri_timeout_list_init(&l, 100);
    tri_timeout_init(&a);
    tri_timeout_init(&b);
    assert_int_equal(tri_timeout_list_deadline_ns(&l), TRI_NEVER_NS);
    tri_timeout_arm(&l, &a, 1000);
    tri_timeout_arm(&l, &b, 1050);
    assert_int_equal(tri_timeout_list_deadline_ns(&l), 1100);
    assert_null(tri_timeout_list_pop(&l, 1099));
    assert_ptr_equal(tri_timeout_list_pop(&l, 1100), &a);
    assert_null(tri_timeout_list_pop(&l, 1100));
    assert_int_equal(tri_timeout_list_deadline_ns(&l), 1150);
    assert_ptr_equal(tri_timeout_list_pop(&l, 5000), &b);
    assert_null(tri_timeout_list_pop(&l, UINT64_MAX));
}

static void arming_again_moves_a_timeout_to_the_end(void **state)
{
    (void)state;
    struct tri_timeout_list l;
    struct tri_timeout a, b;
    tri_timeout_list_init(&l, 100);
    tri_timeout_init(&a);
    tri_timeout_init(&b);
    tri_timeout_arm(&l, &a, 0);
    tri_timeout_arm(&l, &b, 10);
    tri_timeout_arm(&l, &a, 20);
    assert_ptr_equal(tri_timeout_list_pop(&l, 200), &b);
    assert_ptr_equal(tri_timeout_list_pop(&l, 200), &a);
    assert_null(tri_timeout_list_pop(&l, 200));
}

static void a_disarmed_timeout_does_not_expire(void **state)
{
    (void)state;
    struct tri_timeout_list l;
    struct tri_timeout a;
    tri_timeout_list_init(&l, 100);
    tri_timeout_init(&a);
    tri_timeout_disarm(&a);
    tri_timeout_arm(&l, &a, 0);
    tri_timeout_disarm(&a);
    tri_timeout_disarm(&a);
    assert_int_equal(tri_timeout_list_deadline_ns(&l), TRI_NEVER_NS);
    assert_null(tri_timeout_list_pop(&l, UINT64_MAX));
}

static void a_timeout_can_change_lists(void **state)
{
    (void)state;
    struct tri_timeout_list slow, fast;
    struct tri_timeout a;
    tri_timeout_list_init(&slow, 1000);
    tri_timeout_list_init(&fast, 10);
    tri_timeout_init(&a);
    tri_timeout_arm(&slow, &a, 0);
    tri_timeout_arm(&fast, &a, 0);
    assert_int_equal(tri_timeout_list_deadline_ns(&slow), TRI_NEVER_NS);
    assert_ptr_equal(tri_timeout_list_pop(&fast, 10), &a);
}

static void a_duration_of_zero_means_never(void **state)
{
    (void)state;
    struct tri_timeout_list never, fast;
    struct tri_timeout a;
    tri_timeout_list_init(&never, 0);
    tri_timeout_list_init(&fast, 10);
    tri_timeout_init(&a);
    tri_timeout_arm(&fast, &a, 0);
    tri_timeout_arm(&never, &a, 0);
    assert_int_equal(tri_timeout_list_deadline_ns(&never), TRI_NEVER_NS);
    assert_int_equal(tri_timeout_list_deadline_ns(&fast), TRI_NEVER_NS);
    assert_null(tri_timeout_list_pop(&never, UINT64_MAX));
    assert_false(tri_list_is_linked(&a.node));
}

static void another_duration_counts_for_those_that_run(void **state)
{
    (void)state;
    struct tri_timeout_list l;
    struct tri_timeout a, b;
    tri_timeout_list_init(&l, 100);
    tri_timeout_init(&a);
    tri_timeout_init(&b);
    tri_timeout_arm(&l, &a, 10);
    tri_timeout_arm(&l, &b, 20);
    tri_timeout_list_change(&l, 50);
    assert_int_equal(tri_timeout_list_deadline_ns(&l), 60);
    assert_ptr_equal(tri_timeout_list_pop(&l, 60), &a);
    tri_timeout_arm(&l, &a, 60);
    tri_timeout_list_change(&l, 1000);
    assert_ptr_equal(tri_timeout_list_pop(&l, 1020), &b);
    assert_null(tri_timeout_list_pop(&l, 1059));
    tri_timeout_list_change(&l, 0);
    assert_int_equal(tri_timeout_list_deadline_ns(&l), TRI_NEVER_NS);
    assert_false(tri_list_is_linked(&a.node));
    tri_timeout_list_change(&l, 7);
    assert_int_equal(tri_timeout_list_deadline_ns(&l), TRI_NEVER_NS);
    tri_timeout_arm(&l, &a, 2000);
    assert_int_equal(tri_timeout_list_deadline_ns(&l), 2007);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_oldest_expires_first_and_only_when_due),
        cmocka_unit_test(another_duration_counts_for_those_that_run),
        cmocka_unit_test(arming_again_moves_a_timeout_to_the_end),
        cmocka_unit_test(a_disarmed_timeout_does_not_expire),
        cmocka_unit_test(a_timeout_can_change_lists),
        cmocka_unit_test(a_duration_of_zero_means_never),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
