/* base_alloc: the heap allocator and the helpers on top of any allocator. */
#include "test_alloc.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

static void heap_memory_grows_and_keeps_its_bytes(void **state)
{
    (void)state;
    const struct tri_alloc *heap = tri_alloc_heap();
    char *p = tri_alloc_get(heap, 4);
    assert_non_null(p);
    memcpy(p, "abc", 4);
    p = tri_alloc_resize(heap, p, 4096);
    assert_non_null(p);
    assert_string_equal(p, "abc");
    tri_alloc_release(heap, p);
    tri_alloc_release(heap, NULL);
}

static void zeroed_memory_is_zero(void **state)
{
    (void)state;
    static const uint8_t zeros[300] = {0};
    uint8_t *p = tri_alloc_zero(tri_alloc_heap(), sizeof zeros);
    assert_non_null(p);
    assert_memory_equal(p, zeros, sizeof zeros);
    tri_alloc_release(tri_alloc_heap(), p);
}

static void string_is_a_terminated_copy(void **state)
{
    (void)state;
    struct test_alloc t;
    test_alloc_init(&t);
    char *s = tri_alloc_string(&t.alloc, "hello, world", 5);
    assert_string_equal(s, "hello");
    char *empty = tri_alloc_string(&t.alloc, NULL, 0);
    assert_string_equal(empty, "");
    assert_int_equal(t.live, 2);
    tri_alloc_release(&t.alloc, s);
    tri_alloc_release(&t.alloc, empty);
    assert_int_equal(t.live, 0);
    assert_null(tri_alloc_string(&t.alloc, "", SIZE_MAX));
}

static void a_failing_allocation_returns_null_and_leaves_the_old_memory(void **state)
{
    (void)state;
    struct test_alloc t;
    test_alloc_init(&t);
    t.fail_at = 2;
    char *s = tri_alloc_string(&t.alloc, "x", 1);
    assert_false(test_alloc_has_failed(&t));
    assert_null(tri_alloc_resize(&t.alloc, s, 100));
    assert_true(test_alloc_has_failed(&t));
    assert_string_equal(s, "x");
    assert_int_equal(t.live, 1);
    s = tri_alloc_resize(&t.alloc, s, 100);
    assert_string_equal(s, "x");
    tri_alloc_release(&t.alloc, s);

    t.fail_at = t.calls + 1;
    assert_null(tri_alloc_get(&t.alloc, 1));
    t.fail_at = t.calls + 1;
    assert_null(tri_alloc_zero(&t.alloc, 1));
    t.fail_at = t.calls + 1;
    assert_null(tri_alloc_string(&t.alloc, "x", 1));
    assert_int_equal(t.live, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(heap_memory_grows_and_keeps_its_bytes),
        cmocka_unit_test(zeroed_memory_is_zero),
        cmocka_unit_test(string_is_a_terminated_copy),
        cmocka_unit_test(a_failing_allocation_returns_null_and_leaves_the_old_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
