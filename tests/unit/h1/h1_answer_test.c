/* What an answer says; each of its faults: h1_client_input_test.c. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "h1_answer.h"
#include "test_alloc.h"

#define KEY "dGhlIHNhbXBsZSBub25jZQ=="
#define GOOD                                                                                       \
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\n"            \
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"

static enum tri_err feed(struct tri_h1_answer *a, const char *in, size_t *used)
{
    return tri_h1_answer_feed(a, (const uint8_t *)in, strlen(in), used);
}

static void a_head_is_read_and_what_is_behind_it_is_left(void **state)
{
    (void)state;
    struct tri_h1_answer a;
    tri_h1_answer_init(&a, tri_alloc_heap());
    size_t used;
    for (int round = 0; round < 2; round++) {
        assert_int_equal(feed(&a, "HTTP/1.0 404 ", &used), TRI_PARTIAL);
        assert_int_equal(feed(&a, "\r\nA: b\r\n\r\nbody", &used), TRI_OK);
        assert_int_equal(used, 10);
        assert_int_equal(a.status, 404);
        assert_int_equal(a.minor, 0);
        assert_int_equal(a.fields_len, 1);
        assert_true(tri_slice_equal(a.fields[0].name, TRI_SLICE("a")));
        tri_h1_answer_reset(&a); /* and then the next */
    }
    tri_h1_answer_deinit(&a);
}

static void a_right_answer_is_checked_against_its_key(void **state)
{
    (void)state;
    struct tri_h1_answer a;
    tri_h1_answer_init(&a, tri_alloc_heap());
    size_t used;
    assert_int_equal(feed(&a, GOOD, &used), TRI_OK);
    assert_null(tri_h1_answer_check(&a, TRI_SLICE(KEY)));
    assert_non_null(tri_h1_answer_check(&a, TRI_SLICE("AGhlIHNhbXBsZSBub25jZQ==")));
    tri_h1_answer_deinit(&a);
}

static void each_allocation_may_fail(void **state)
{
    (void)state;
    for (size_t n = 1;; n++) {
        struct test_alloc alloc;
        test_alloc_init(&alloc);
        alloc.fail_at = n;
        struct tri_h1_answer a;
        tri_h1_answer_init(&a, &alloc.alloc);
        size_t used;
        const enum tri_err err = feed(&a, GOOD, &used);
        tri_h1_answer_deinit(&a);
        assert_int_equal(alloc.live, 0);
        if (err == TRI_OK) {
            assert_true(n > 2);
            return;
        }
        assert_int_equal(err, TRI_ERR_NOMEM);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_head_is_read_and_what_is_behind_it_is_left),
        cmocka_unit_test(a_right_answer_is_checked_against_its_key),
        cmocka_unit_test(each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
