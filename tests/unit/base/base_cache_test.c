/* base_cache: what is kept, for whom, and how much of it. */
#include "base_cache.h"

#include "base_budget.h"
#include "base_poison.h"
#include "test_alloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

struct fixture {
    struct test_alloc heap;
    struct tri_cache cache;
};

static void open_fixture(struct fixture *f)
{
    test_alloc_init(&f->heap);
    tri_cache_init(&f->cache, &f->heap.alloc);
}

static void close_fixture(struct fixture *f)
{
    tri_cache_deinit(&f->cache);
    assert_int_equal(f->cache.bytes, 0);
    assert_int_equal(f->heap.live, 0);
}

static void a_released_block_goes_to_the_next_of_its_size(void **state)
{
    (void)state;
    struct fixture f;
    open_fixture(&f);
    for (size_t size = 1; size <= TRI_CACHE_BLOCK_BYTES_MAX; size++) {
        void *one = tri_alloc_get(&f.cache.alloc, size);
        memset(one, 0xa5, size);
        tri_alloc_release(&f.cache.alloc, one);
        const size_t calls = f.heap.calls;
        void *other = tri_alloc_zero(&f.cache.alloc, size);
        assert_ptr_equal(one, other);
        assert_int_equal(f.heap.calls, calls);
        for (size_t i = 0; i < size; i++) {
            assert_int_equal(((uint8_t *)other)[i], 0);
        }
        tri_alloc_release(&f.cache.alloc, other);
    }
    close_fixture(&f);
}

/* Whatever the heap has made of a size, nobody gets less than asked for. */
static void nobody_gets_a_block_that_is_too_small(void **state)
{
    (void)state;
    enum { BLOCKS = 64 };
    struct fixture f;
    open_fixture(&f);
    void *blocks[BLOCKS];
    uint32_t x = 1;
    for (size_t round = 0; round < 200; round++) {
        for (size_t i = 0; i < BLOCKS; i++) {
            x = x * 1664525u + 1013904223u;
            const size_t size = 1 + (x >> 8) % 1100;
            blocks[i] = tri_alloc_get(&f.cache.alloc, size);
            assert_true(f.cache.alloc.size(f.cache.alloc.user, blocks[i]) >= size);
            memset(blocks[i], 0x5a, size); /* the sanitizer looks on */
        }
        for (size_t i = 0; i < BLOCKS; i++) {
            tri_alloc_release(&f.cache.alloc, blocks[i]);
        }
    }
    close_fixture(&f);
}

static void large_blocks_are_not_kept(void **state)
{
    (void)state;
    struct fixture f;
    open_fixture(&f);
    void *large = tri_alloc_get(&f.cache.alloc, TRI_CACHE_BLOCK_BYTES_MAX + 100);
    tri_alloc_release(&f.cache.alloc, large);
    assert_int_equal(f.heap.live, 0);
    close_fixture(&f);
}

static void no_more_is_kept_than_the_limit(void **state)
{
    (void)state;
    enum { BLOCKS = 1000 };
    struct fixture f;
    open_fixture(&f);
    static void *blocks[BLOCKS];
    for (size_t i = 0; i < BLOCKS; i++) {
        blocks[i] = tri_alloc_get(&f.cache.alloc, 1000);
    }
    for (size_t i = 0; i < BLOCKS; i++) {
        tri_alloc_release(&f.cache.alloc, blocks[i]);
    }
    assert_in_range(f.cache.bytes, TRI_CACHE_BYTES_MAX - 1100, TRI_CACHE_BYTES_MAX);
    assert_in_range(f.heap.live, 250, 262);
    close_fixture(&f);
}

/* So that the sanitizer finds who uses a block that was released. */
static void what_is_kept_is_poisoned(void **state)
{
    (void)state;
#if defined(TRI_HAS_ASAN)
    struct fixture f;
    open_fixture(&f);
    uint8_t *block = tri_alloc_get(&f.cache.alloc, 100);
    tri_alloc_release(&f.cache.alloc, block);
    assert_true(__asan_address_is_poisoned(block) && __asan_address_is_poisoned(block + 90));
    block = tri_alloc_get(&f.cache.alloc, 100);
    assert_null(__asan_region_is_poisoned(block, 100));
    tri_alloc_release(&f.cache.alloc, block);
    close_fixture(&f);
#else
    skip();
#endif
}

/* It grows as on any heap, and may come to rest in another size. */
static void a_block_may_be_resized(void **state)
{
    (void)state;
    struct fixture f;
    open_fixture(&f);
    uint8_t *block = tri_alloc_get(&f.cache.alloc, 10);
    memcpy(block, "0123456789", 10);
    block = tri_alloc_resize(&f.cache.alloc, block, 700);
    assert_memory_equal(block, "0123456789", 10);
    tri_alloc_release(&f.cache.alloc, block);
    const size_t calls = f.heap.calls;
    block = tri_alloc_get(&f.cache.alloc, 690);
    assert_int_equal(f.heap.calls, calls);
    tri_alloc_release(&f.cache.alloc, block);
    close_fixture(&f);
}

static void a_failed_allocation_changes_nothing(void **state)
{
    (void)state;
    struct fixture f;
    open_fixture(&f);
    f.heap.fail_at = 1;
    assert_null(tri_alloc_get(&f.cache.alloc, 100));
    assert_non_null(f.cache.alloc.size);
    close_fixture(&f);
}

static void what_is_kept_counts_in_no_budget(void **state)
{
    (void)state;
    struct fixture f;
    struct tri_budget budget;
    open_fixture(&f);
    tri_budget_init(&budget, &f.cache.alloc, 0);
    tri_alloc_release(&budget.alloc, tri_alloc_get(&budget.alloc, 100));
    assert_int_equal(budget.bytes, 0);
    tri_alloc_release(&budget.alloc, NULL);
    close_fixture(&f);
}

static void without_sizes_nothing_is_kept(void **state)
{
    (void)state;
    struct fixture f;
    open_fixture(&f);
    struct tri_alloc blind = f.heap.alloc;
    blind.size = NULL;
    tri_cache_init(&f.cache, &blind);
    assert_null(f.cache.alloc.size);
    tri_alloc_release(&f.cache.alloc, tri_alloc_get(&f.cache.alloc, 100));
    assert_int_equal(f.heap.live, 0);
    close_fixture(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_released_block_goes_to_the_next_of_its_size),
        cmocka_unit_test(nobody_gets_a_block_that_is_too_small),
        cmocka_unit_test(large_blocks_are_not_kept),
        cmocka_unit_test(no_more_is_kept_than_the_limit),
        cmocka_unit_test(what_is_kept_is_poisoned),
        cmocka_unit_test(a_block_may_be_resized),
        cmocka_unit_test(a_failed_allocation_changes_nothing),
        cmocka_unit_test(what_is_kept_counts_in_no_budget),
        cmocka_unit_test(without_sizes_nothing_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
