#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base_limits.h"
#include "h1_reader.h"
#include "test_alloc.h"

#define REQUEST "GET /a HTTP/1.1\r\nHost: b\r\nX-Y: z\r\n\r\n"

static const char request[] = REQUEST;

static enum tri_err feed(struct tri_h1_reader *r, const char *data, size_t len, size_t step,
                         size_t *used)
{
    *used = 0;
    for (size_t at = 0; at < len; at += step) {
        const size_t part = len - at < step ? len - at : step;
        size_t some;
        const enum tri_err err = tri_h1_reader_feed(r, (const uint8_t *)data + at, part, &some);
        *used += some;
        if (err != TRI_PARTIAL) {
            return err;
        }
    }
    return TRI_PARTIAL;
}

static void reads_a_head_however_it_is_split(void **state)
{
    (void)state;
    const char text[] = REQUEST "behind";
    for (size_t step = 1; step < sizeof text; step++) {
        struct test_alloc t;
        test_alloc_init(&t);
        struct tri_h1_reader r;
        tri_h1_reader_init(&r, &t.alloc);
        size_t used;
        assert_int_equal(feed(&r, text, sizeof text - 1, step, &used), TRI_OK);
        assert_int_equal(used, strlen(REQUEST));
        assert_true(tri_slice_equal(r.head.request.path, TRI_SLICE("/a")));
        assert_true(tri_slice_equal(r.head.request.authority, TRI_SLICE("b")));
        assert_int_equal(r.head.request.fields_len, 2);
        assert_true(tri_slice_equal(r.head.request.fields[1].name, TRI_SLICE("x-y")));
        tri_h1_reader_deinit(&r);
        assert_int_equal(t.live, 0);
    }
}

static void holds_no_memory_between_heads(void **state)
{
    (void)state;
    struct test_alloc t;
    test_alloc_init(&t);
    struct tri_h1_reader r;
    tri_h1_reader_init(&r, &t.alloc);
    for (int i = 0; i < 3; i++) {
        size_t used;
        assert_false(tri_h1_reader_has_begun(&r));
        assert_int_equal(t.live, 0);
        assert_int_equal(feed(&r, request, 3, 1, &used), TRI_PARTIAL);
        assert_true(tri_h1_reader_has_begun(&r));
        assert_int_equal(feed(&r, &request[3], strlen(request) - 3, 5, &used), TRI_OK);
        tri_h1_reader_reset(&r);
    }
    tri_h1_reader_deinit(&r);
    assert_int_equal(t.live, 0);
}

static void tells_what_to_answer_to_a_bad_head(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum tri_err err;
        int status;
    } cases[] = {
        {"GET / HTTP/1.1\n", TRI_ERR_PROTOCOL, 400},
        {"GET / HTTP/1.1\r\n\r\n", TRI_ERR_PROTOCOL, 400},
        {"GET / HTTP/2.0\r\nHost: a\r\n\r\n", TRI_ERR_PROTOCOL, 505},
        {"CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n", TRI_ERR_PROTOCOL, 501},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct test_alloc t;
        test_alloc_init(&t);
        struct tri_h1_reader r;
        tri_h1_reader_init(&r, &t.alloc);
        size_t used;
        assert_int_equal(feed(&r, cases[i].text, strlen(cases[i].text), 4, &used), cases[i].err);
        assert_int_equal(r.status, cases[i].status);
        tri_h1_reader_deinit(&r);
        assert_int_equal(t.live, 0);
    }
}

static void U7_a_head_of_the_largest_size_is_read_and_one_byte_more_refused(void **state)
{
    (void)state;
    const size_t max = TRI_REQUEST_HEAD_BYTES_MAX;
    char *text = malloc(max + 1);
    assert_non_null(text);
    for (size_t over = 0; over < 2; over++) {
        memset(text, 'x', max + 1);
        memcpy(text, request, sizeof request - 5);
        memcpy(text + max + over - 4, &request[sizeof request - 5], 4);
        struct test_alloc t;
        test_alloc_init(&t);
        struct tri_h1_reader r;
        tri_h1_reader_init(&r, &t.alloc);
        size_t used;
        const enum tri_err err = feed(&r, text, max + over, 999, &used);
        assert_int_equal(err, over ? TRI_ERR_LIMIT : TRI_OK);
        assert_int_equal(r.status, over ? 431 : 0);
        tri_h1_reader_deinit(&r);
        assert_int_equal(t.live, 0);
    }
    free(text);
}

static void each_failed_allocation_is_reported_and_nothing_leaks(void **state)
{
    (void)state;
    size_t failures = 0;
    for (bool is_over = false; !is_over; failures++) {
        struct test_alloc t;
        test_alloc_init(&t);
        t.fail_at = failures + 1;
        struct tri_h1_reader r;
        tri_h1_reader_init(&r, &t.alloc);
        size_t used;
        const enum tri_err err = feed(&r, REQUEST, strlen(REQUEST), 3, &used);
        is_over = !test_alloc_has_failed(&t);
        assert_int_equal(err, is_over ? TRI_OK : TRI_ERR_NOMEM);
        tri_h1_reader_deinit(&r);
        assert_int_equal(t.live, 0);
    }
    assert_true(failures >= 3); /* the bytes, the fields, and the run that has none */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_a_head_however_it_is_split),
        cmocka_unit_test(holds_no_memory_between_heads),
        cmocka_unit_test(tells_what_to_answer_to_a_bad_head),
        cmocka_unit_test(U7_a_head_of_the_largest_size_is_read_and_one_byte_more_refused),
        cmocka_unit_test(each_failed_allocation_is_reported_and_nothing_leaks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
