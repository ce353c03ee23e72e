/* base_heap: deadlines that all differ, compared with a plain search. */
#include "base_heap.h"
#include "test_alloc.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#define NODES 200u

static uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

/* The smallest key by search, and whether there is any. */
static uint64_t search_smallest(const struct tri_heap_node *nodes, size_t *count)
{
    uint64_t smallest = UINT64_MAX;
    *count = 0;
    for (size_t i = 0; i < NODES; i++) {
        if (nodes[i].index != 0) {
            (*count)++;
            smallest = nodes[i].key_ns < smallest ? nodes[i].key_ns : smallest;
        }
    }
    return smallest;
}

static void an_empty_heap_has_no_first(void **state)
{
    (void)state;
    struct test_alloc t;
    struct tri_heap h;
    struct tri_heap_node n = {0};
    test_alloc_init(&t);
    tri_heap_init(&h, &t.alloc);
    assert_null(tri_heap_first(&h));
    tri_heap_remove(&h, &n);
    tri_heap_deinit(&h);
    assert_int_equal(t.calls, 0);
}

static void nodes_come_off_in_order_of_key(void **state)
{
    (void)state;
    static const uint64_t keys[] = {50, 10, 40, 10, UINT64_MAX, 0, 30};
    enum { LEN = sizeof keys / sizeof keys[0] };
    struct test_alloc t;
    struct tri_heap h;
    struct tri_heap_node nodes[LEN] = {{0}};
    test_alloc_init(&t);
    tri_heap_init(&h, &t.alloc);
    for (size_t i = 0; i < LEN; i++) {
        assert_int_equal(tri_heap_reserve(&h), TRI_OK);
        tri_heap_set(&h, &nodes[i], keys[i]);
    }
    uint64_t last = 0;
    for (size_t i = 0; i < LEN; i++) {
        struct tri_heap_node *first = tri_heap_first(&h);
        assert_true(first->key_ns >= last);
        last = first->key_ns;
        tri_heap_remove(&h, first);
        assert_int_equal(first->index, 0);
    }
    assert_int_equal(last, UINT64_MAX);
    assert_null(tri_heap_first(&h));
    tri_heap_deinit(&h);
    assert_int_equal(t.live, 0);
}

static void random_sets_moves_and_removals_agree_with_a_search(void **state)
{
    (void)state;
    struct test_alloc t;
    struct tri_heap h;
    static struct tri_heap_node nodes[NODES];
    uint32_t seed = 7;
    test_alloc_init(&t);
    tri_heap_init(&h, &t.alloc);
    for (int round = 0; round < 20000; round++) {
        struct tri_heap_node *n = &nodes[next_random(&seed) % NODES];
        if (next_random(&seed) % 3 == 0) {
            tri_heap_remove(&h, n);
        } else {
            assert_int_equal(tri_heap_reserve(&h), TRI_OK);
            tri_heap_set(&h, n, next_random(&seed) % 1000);
        }
        size_t count;
        const uint64_t smallest = search_smallest(nodes, &count);
        assert_int_equal(h.len, count);
        if (count > 0) {
            assert_int_equal(tri_heap_first(&h)->key_ns, smallest);
        } else {
            assert_null(tri_heap_first(&h));
        }
    }
    tri_heap_deinit(&h);
    assert_int_equal(t.live, 0);
}

static void a_failed_reserve_leaves_the_heap_as_it_was(void **state)
{
    (void)state;
    struct test_alloc t;
    struct tri_heap h;
    struct tri_heap_node nodes[17] = {{0}};
    test_alloc_init(&t);
    tri_heap_init(&h, &t.alloc);
    t.fail_at = 1;
    assert_int_equal(tri_heap_reserve(&h), TRI_ERR_NOMEM);
    for (size_t i = 0; i < 16; i++) {
        assert_int_equal(tri_heap_reserve(&h), TRI_OK);
        tri_heap_set(&h, &nodes[i], 100 - i);
    }
    t.fail_at = t.calls + 1;
    assert_int_equal(tri_heap_reserve(&h), TRI_ERR_NOMEM);
    assert_ptr_equal(tri_heap_first(&h), &nodes[15]);
    assert_int_equal(tri_heap_reserve(&h), TRI_OK);
    tri_heap_set(&h, &nodes[16], 1);
    assert_ptr_equal(tri_heap_first(&h), &nodes[16]);
    tri_heap_deinit(&h);
    assert_int_equal(t.live, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_heap_has_no_first),
        cmocka_unit_test(nodes_come_off_in_order_of_key),
        cmocka_unit_test(random_sets_moves_and_removals_agree_with_a_search),
        cmocka_unit_test(a_failed_reserve_leaves_the_heap_as_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
