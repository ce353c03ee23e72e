#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "client_chunks.h"
#include "test_alloc.h"

#define MAX ((size_t)100000)

/* The byte at |at| of all that is ever appended. */
static uint8_t byte_at(size_t at)
{
    return (uint8_t)(at * 31 + at / 256);
}

static void append(struct tri_client_chunks *c, size_t *appended, size_t len)
{
    uint8_t *data = malloc(len + 1);
    assert_non_null(data);
    for (size_t i = 0; i < len; i++) {
        data[i] = byte_at(*appended + i);
    }
    assert_int_equal(tri_client_chunks_append(c, data, len), TRI_OK);
    free(data);
    *appended += len;
}

/* All that peek shows in |max| slices is what was appended behind |sent|. Returns how much. */
static size_t check_peek(const struct tri_client_chunks *c, size_t sent, size_t max, bool *all)
{
    struct tri_slice out[16];
    const size_t count = tri_client_chunks_peek(c, out, max, all);
    assert_true(count <= max);
    size_t at = sent;
    for (size_t i = 0; i < count; i++) {
        assert_true(out[i].len > 0);
        for (size_t n = 0; n < out[i].len; n++, at++) {
            assert_int_equal(out[i].data[n], byte_at(at));
        }
    }
    assert_int_equal(*all, at - sent == c->unsent);
    return at - sent;
}

static void bytes_come_out_in_order_whatever_the_pieces(void **state)
{
    (void)state;
    static const size_t ins[] = {1, 999, 1, 5000, 16384, 40000, 7};
    for (size_t out = 1; out < 70000; out = out * 7 + 1) {
        struct test_alloc alloc;
        test_alloc_init(&alloc);
        struct tri_client_chunks c;
        tri_client_chunks_init(&c, &alloc.alloc, MAX);
        size_t appended = 0, sent = 0;
        for (size_t i = 0; i < sizeof ins / sizeof *ins; i++) {
            append(&c, &appended, ins[i]);
            bool all;
            size_t shown = check_peek(&c, sent, 16, &all);
            while (shown > 0 && (out > 100 || sent < 2000)) {
                const size_t part = shown < out ? shown : out;
                tri_client_chunks_sent(&c, part);
                tri_client_chunks_release(&c, part);
                sent += part;
                shown = check_peek(&c, sent, 16, &all);
            }
            assert_int_equal(c.held, appended - sent);
        }
        tri_client_chunks_deinit(&c);
        assert_int_equal(alloc.live, 0);
    }
}

static void what_was_shown_stays_where_it_is_until_it_is_released(void **state)
{
    (void)state;
    struct tri_client_chunks c;
    tri_client_chunks_init(&c, tri_alloc_heap(), MAX);
    size_t appended = 0;
    append(&c, &appended, 10);
    struct tri_slice before, after;
    bool all;
    assert_int_equal(tri_client_chunks_peek(&c, &before, 1, &all), 1);
    tri_client_chunks_sent(&c, 4);
    for (int i = 0; i < 50; i++) {
        append(&c, &appended, 1000);
    }
    assert_int_equal(tri_client_chunks_peek(&c, &after, 1, &all), 1);
    assert_ptr_equal(after.data, before.data + 4);
    assert_false(all);
    assert_int_equal(before.data[0], byte_at(0)); /* sent, not released */
    tri_client_chunks_deinit(&c);
}

static void an_empty_queue_owns_no_memory(void **state)
{
    (void)state;
    struct test_alloc alloc;
    test_alloc_init(&alloc);
    struct tri_client_chunks c;
    tri_client_chunks_init(&c, &alloc.alloc, MAX);
    bool all;
    assert_int_equal(check_peek(&c, 0, 4, &all), 0);
    assert_true(all);
    size_t appended = 0;
    append(&c, &appended, 50000);
    tri_client_chunks_sent(&c, 50000);
    assert_true(alloc.live > 0);
    tri_client_chunks_release(&c, 50000);
    assert_int_equal(alloc.live, 0);
}

static void no_more_is_held_than_the_limit(void **state)
{
    (void)state;
    struct tri_client_chunks c;
    tri_client_chunks_init(&c, tri_alloc_heap(), 20);
    size_t appended = 0;
    append(&c, &appended, 20);
    assert_int_equal(tri_client_chunks_append(&c, (const uint8_t *)"x", 1), TRI_ERR_LIMIT);
    tri_client_chunks_sent(&c, 5);
    assert_int_equal(tri_client_chunks_append(&c, (const uint8_t *)"x", 1), TRI_ERR_LIMIT);
    tri_client_chunks_release(&c, 5); /* not what is sent, what is released makes room */
    append(&c, &appended, 5);
    tri_client_chunks_deinit(&c);
}

static void a_failed_allocation_is_told(void **state)
{
    (void)state;
    struct test_alloc alloc;
    test_alloc_init(&alloc);
    alloc.fail_at = 2;
    struct tri_client_chunks c;
    tri_client_chunks_init(&c, &alloc.alloc, MAX);
    uint8_t data[20000] = {0};
    assert_int_equal(tri_client_chunks_append(&c, data, sizeof data), TRI_ERR_NOMEM);
    tri_client_chunks_deinit(&c);
    assert_int_equal(alloc.live, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_come_out_in_order_whatever_the_pieces),
        cmocka_unit_test(what_was_shown_stays_where_it_is_until_it_is_released),
        cmocka_unit_test(an_empty_queue_owns_no_memory),
        cmocka_unit_test(no_more_is_held_than_the_limit),
        cmocka_unit_test(a_failed_allocation_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
