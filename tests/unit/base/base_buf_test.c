/* base_buf: a growable run of bytes with a limit. */
#include "base_buf.h"
#include "test_alloc.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

static struct test_alloc heap;

static int set_up(void **state)
{
    (void)state;
    test_alloc_init(&heap);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    return heap.live == 0 ? 0 : -1;
}

static void assert_held(const struct tri_buf *b, const char *text)
{
    const struct tri_slice held = tri_buf_peek(b);
    assert_int_equal(held.len, strlen(text));
    assert_memory_equal(held.len > 0 ? held.data : (const void *)"", text, held.len);
}

static void bytes_come_out_in_the_order_they_went_in(void **state)
{
    (void)state;
    struct tri_buf b;
    tri_buf_init(&b, &heap.alloc, 1000);
    assert_held(&b, "");
    assert_int_equal(tri_buf_append(&b, "hello ", 6), TRI_OK);
    assert_int_equal(tri_buf_append(&b, "world", 5), TRI_OK);
    assert_int_equal(tri_buf_append(&b, NULL, 0), TRI_OK);
    assert_held(&b, "hello world");
    tri_buf_consume(&b, 6);
    assert_held(&b, "world");
    assert_int_equal(tri_buf_append(&b, "!", 1), TRI_OK);
    assert_held(&b, "world!");
    tri_buf_deinit(&b);
}

static void an_empty_buffer_owns_no_memory(void **state)
{
    (void)state;
    struct tri_buf b;
    tri_buf_init(&b, &heap.alloc, 1000);
    assert_int_equal(tri_buf_append(&b, "", 0), TRI_OK);
    assert_int_equal(heap.live, 0);
    assert_int_equal(tri_buf_append(&b, "abc", 3), TRI_OK);
    assert_int_equal(heap.live, 1);
    tri_buf_consume(&b, 3);
    assert_int_equal(heap.live, 0);
    assert_int_equal(tri_buf_append(&b, "again", 5), TRI_OK);
    assert_held(&b, "again");
    tri_buf_deinit(&b);
    assert_int_equal(heap.live, 0);
    assert_int_equal(tri_buf_append(&b, "and again", 9), TRI_OK);
    assert_held(&b, "and again");
    tri_buf_deinit(&b);
}

static void the_limit_is_on_what_is_held_not_on_what_passed(void **state)
{
    (void)state;
    struct tri_buf b;
    tri_buf_init(&b, &heap.alloc, 10);
    assert_int_equal(tri_buf_append(&b, "01234567890", 11), TRI_ERR_LIMIT);
    assert_held(&b, "");
    assert_int_equal(tri_buf_append(&b, "0123456789", 10), TRI_OK);
    assert_int_equal(tri_buf_append(&b, "x", 1), TRI_ERR_LIMIT);
    assert_held(&b, "0123456789");
    tri_buf_consume(&b, 4);
    assert_int_equal(tri_buf_append(&b, "abcde", 5), TRI_ERR_LIMIT);
    assert_int_equal(tri_buf_append(&b, "abcd", 4), TRI_OK);
    assert_held(&b, "456789abcd");
    assert_true(b.cap <= b.max);
    tri_buf_deinit(&b);

    tri_buf_init(&b, &heap.alloc, 0);
    assert_int_equal(tri_buf_append(&b, "x", 1), TRI_ERR_LIMIT);
    assert_int_equal(tri_buf_append(&b, "", 0), TRI_OK);
    enum tri_err err;
    assert_null(tri_buf_reserve(&b, 0, &err));
    assert_int_equal(err, TRI_ERR_LIMIT);
}

static void growth_doubles_so_that_appending_is_linear(void **state)
{
    (void)state;
    struct tri_buf b;
    tri_buf_init(&b, &heap.alloc, SIZE_MAX);
    for (size_t i = 0; i < 100000; i++) {
        assert_int_equal(tri_buf_append(&b, "x", 1), TRI_OK);
    }
    assert_true(heap.calls < 20);
    assert_true(b.cap < 300000);
    assert_int_equal(tri_buf_append(&b, "x", SIZE_MAX - 10), TRI_ERR_LIMIT);
    tri_buf_deinit(&b);
}

static void reserved_room_counts_only_once_committed(void **state)
{
    (void)state;
    struct tri_buf b;
    enum tri_err err = TRI_ERR_IO;
    tri_buf_init(&b, &heap.alloc, 100);
    uint8_t *room = tri_buf_reserve(&b, 100, &err);
    assert_int_equal(err, TRI_OK);
    assert_non_null(room);
    memset(room, 'a', 100);
    assert_held(&b, "");
    tri_buf_commit(&b, 3);
    assert_held(&b, "aaa");
    assert_null(tri_buf_reserve(&b, 98, &err));
    assert_int_equal(err, TRI_ERR_LIMIT);
    assert_non_null(tri_buf_reserve(&b, 0, &err));
    assert_int_equal(err, TRI_OK);
    tri_buf_deinit(&b);
}

/* A window that slides through many bytes, compared with the bytes themselves. */
static void a_sliding_window_keeps_its_bytes(void **state)
{
    (void)state;
    struct tri_buf b;
    size_t in = 0, out = 0;
    uint32_t seed = 3;
    tri_buf_init(&b, &heap.alloc, 1000);
    while (out < 200000) {
        seed = seed * 1664525u + 1013904223u;
        const size_t n = (seed >> 16) % 300;
        for (size_t i = 0; i < n && in - out < 1000; i++, in++) {
            const uint8_t byte = (uint8_t)(in * 7);
            assert_int_equal(tri_buf_append(&b, &byte, 1), TRI_OK);
        }
        const struct tri_slice held = tri_buf_peek(&b);
        assert_int_equal(held.len, in - out);
        const size_t m = (seed >> 8) % (held.len + 1);
        for (size_t i = 0; i < m; i++, out++) {
            assert_int_equal(held.data[i], (uint8_t)(out * 7));
        }
        tri_buf_consume(&b, m);
    }
    tri_buf_deinit(&b);
}

static void a_failed_allocation_appends_nothing(void **state)
{
    (void)state;
    struct tri_buf b;
    tri_buf_init(&b, &heap.alloc, 100000);
    heap.fail_at = 1;
    assert_int_equal(tri_buf_append(&b, "abc", 3), TRI_ERR_NOMEM);
    assert_held(&b, "");
    assert_int_equal(tri_buf_append(&b, "abc", 3), TRI_OK);
    heap.fail_at = heap.calls + 1;
    static const uint8_t big[5000] = {0};
    assert_int_equal(tri_buf_append(&b, big, sizeof big), TRI_ERR_NOMEM);
    assert_held(&b, "abc");
    tri_buf_deinit(&b);
}

static void printf_appends_short_and_long_text(void **state)
{
    (void)state;
    struct tri_buf b;
    char word[601];
    memset(word, 'w', 600);
    word[600] = '\0';
    tri_buf_init(&b, &heap.alloc, 603);
    assert_int_equal(tri_buf_printf(&b, "%d-", 42), TRI_OK);
    assert_int_equal(tri_buf_printf(&b, "%s", word), TRI_OK); /* just fits, without a NUL */
    assert_int_equal(tri_buf_peek(&b).len, 603);
    assert_memory_equal(tri_buf_peek(&b).data, "42-www", 6);
    assert_int_equal(tri_buf_printf(&b, "x"), TRI_ERR_LIMIT);
    assert_int_equal(tri_buf_printf(&b, "%s", word), TRI_ERR_LIMIT);
    assert_int_equal(tri_buf_printf(&b, "%s", ""), TRI_OK);
    assert_int_equal(tri_buf_peek(&b).len, 603);
    tri_buf_deinit(&b);
}

static void printf_survives_each_failed_allocation(void **state)
{
    (void)state;
    char word[601];
    memset(word, 'w', 600);
    word[600] = '\0';
    for (size_t fail_at = 1; fail_at <= 2; fail_at++) {
        struct tri_buf b;
        tri_buf_init(&b, &heap.alloc, 10000);
        heap.fail_at = heap.calls + fail_at;
        assert_int_equal(tri_buf_printf(&b, "%s", word), TRI_ERR_NOMEM);
        assert_held(&b, "");
        assert_int_equal(heap.live, 0);
    }
}

static void growth_tells_what_an_append_will_take(void **state)
{
    (void)state;
    struct test_alloc t;
    test_alloc_init(&t);
    struct tri_buf b;
    tri_buf_init(&b, &t.alloc, 100000);
    static const uint8_t zeros[30000];
    static const size_t lens[] = {1, 200, 300, 30000, 30000, 5000};
    for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
        const size_t cap = b.cap;
        const size_t growth = tri_buf_growth(&b, lens[i]);
        assert_int_equal(tri_buf_append(&b, zeros, lens[i]), TRI_OK);
        assert_int_equal(b.cap - cap, growth);
    }
    tri_buf_consume(&b, 60000); /* what is consumed makes room */
    assert_int_equal(tri_buf_growth(&b, b.cap - b.len + 60000), 0);
    assert_int_equal(tri_buf_growth(&b, 100001), 0); /* it will be refused */
    tri_buf_deinit(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(growth_tells_what_an_append_will_take),
        cmocka_unit_test_setup_teardown(bytes_come_out_in_the_order_they_went_in, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(an_empty_buffer_owns_no_memory, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_limit_is_on_what_is_held_not_on_what_passed, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(growth_doubles_so_that_appending_is_linear, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(reserved_room_counts_only_once_committed, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_sliding_window_keeps_its_bytes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_failed_allocation_appends_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(printf_appends_short_and_long_text, set_up, tear_down),
        cmocka_unit_test_setup_teardown(printf_survives_each_failed_allocation, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
