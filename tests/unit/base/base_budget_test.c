/* base_budget: counting, and the stages. */
#include "base_budget.h"

#include "test_alloc.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#define KIB ((size_t)1024)

static void it_counts_what_its_allocator_has_given_out(void **state)
{
    (void)state;
    struct test_alloc heap;
    struct tri_budget b;
    test_alloc_init(&heap);
    tri_budget_init(&b, &heap.alloc, 0);
    void *one = tri_alloc_get(&b.alloc, 100);
    void *two = tri_alloc_zero(&b.alloc, 5000);
    assert_in_range(b.bytes, 5100, 5100 + 200);
    assert_int_equal(b.bytes, heap.bytes);
    one = tri_alloc_resize(&b.alloc, one, 100000);
    assert_int_equal(b.bytes, heap.bytes);
    two = tri_alloc_resize(&b.alloc, two, 10);
    assert_int_equal(b.bytes, heap.bytes);
    tri_alloc_release(&b.alloc, one);
    tri_alloc_release(&b.alloc, NULL);
    assert_int_equal(b.bytes, heap.bytes);
    tri_alloc_release(&b.alloc, two);
    assert_int_equal(b.bytes, 0);
    assert_int_equal(heap.live, 0);
}

static void a_failed_allocation_counts_nothing(void **state)
{
    (void)state;
    struct test_alloc heap;
    struct tri_budget b;
    test_alloc_init(&heap);
    tri_budget_init(&b, &heap.alloc, 0);
    void *one = tri_alloc_get(&b.alloc, 100);
    const size_t before = b.bytes;
    heap.fail_at = 2;
    assert_null(tri_alloc_resize(&b.alloc, one, 100000));
    assert_int_equal(b.bytes, before);
    tri_alloc_release(&b.alloc, one);
    assert_int_equal(b.bytes, 0);
}

static void what_is_held_elsewhere_is_charged(void **state)
{
    (void)state;
    struct tri_budget b;
    tri_budget_init(&b, tri_alloc_heap(), 16 * KIB);
    tri_budget_charge(&b, 16 * KIB);
    assert_false(tri_budget_has_room(&b, 1));
    tri_budget_refund(&b, 1);
    assert_true(tri_budget_has_room(&b, 1));
    assert_false(tri_budget_has_room(&b, 2));
}

static void the_stages_come_one_after_the_other(void **state)
{
    (void)state;
    struct tri_budget b;
    tri_budget_init(&b, tri_alloc_heap(), 16 * KIB);
    b.bytes = 14 * KIB - 1;
    assert_true(tri_budget_takes_conns(&b));
    b.bytes = 14 * KIB;
    assert_false(tri_budget_takes_conns(&b));
    assert_true(tri_budget_takes_requests(&b));
    b.bytes = 15 * KIB;
    assert_false(tri_budget_takes_requests(&b));
    assert_true(tri_budget_has_room(&b, KIB));
    assert_false(tri_budget_has_room(&b, KIB + 1));
    b.bytes = 17 * KIB; /* small things go on, and may pass it */
    assert_false(tri_budget_has_room(&b, 0));
}

static void without_a_limit_everything_is_taken(void **state)
{
    (void)state;
    struct tri_budget b;
    tri_budget_init(&b, tri_alloc_heap(), 0);
    b.bytes = SIZE_MAX / 2;
    assert_true(tri_budget_takes_conns(&b));
    assert_true(tri_budget_takes_requests(&b));
    assert_true(tri_budget_has_room(&b, SIZE_MAX));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_counts_what_its_allocator_has_given_out),
        cmocka_unit_test(a_failed_allocation_counts_nothing),
        cmocka_unit_test(what_is_held_elsewhere_is_charged),
        cmocka_unit_test(the_stages_come_one_after_the_other),
        cmocka_unit_test(without_a_limit_everything_is_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
