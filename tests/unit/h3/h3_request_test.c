#include "h3_request.h"
#include "test_alloc.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

static void a_head_is_collected(void **state)
{
    (void)state;
    struct test_alloc alloc;
    test_alloc_init(&alloc);
    struct tri_h3_request *r = tri_h3_request_new(&alloc.alloc, NULL);
    assert_non_null(r);
    tri_h3_request_add(r, TRI_SLICE(":method"), TRI_SLICE("GET"));
    tri_h3_request_add(r, TRI_SLICE("a"), TRI_SLICE("b"));
    assert_int_equal(tri_h3_request_finish(r), TRI_OK);
    assert_true(tri_slice_equal(r->head.method, TRI_SLICE("GET")));
    assert_int_equal(r->head.fields_len, 1);
    tri_h3_request_free(r);
    tri_h3_request_free(NULL);
    assert_int_equal(alloc.live, 0);
}

static void a_failure_shows_in_finish(void **state)
{
    (void)state;
    for (size_t n = 1; n < 6; n++) {
        struct test_alloc alloc;
        test_alloc_init(&alloc);
        alloc.fail_at = n;
        struct tri_h3_request *r = tri_h3_request_new(&alloc.alloc, NULL);
        if (r) {
            tri_h3_request_add(r, TRI_SLICE(":method"), TRI_SLICE("GET"));
            tri_h3_request_add(r, TRI_SLICE("a"), TRI_SLICE("b"));
            enum tri_err err = tri_h3_request_finish(r);
            assert_int_equal(err, test_alloc_has_failed(&alloc) ? TRI_ERR_NOMEM : TRI_OK);
        }
        tri_h3_request_free(r);
        assert_int_equal(alloc.live, 0);
    }
}

static void a_head_over_its_limit_says_so(void **state)
{
    (void)state;
    static uint8_t big[TRI_REQUEST_HEAD_BYTES_MAX];
    struct tri_h3_request *r = tri_h3_request_new(tri_alloc_heap(), NULL);
    assert_non_null(r);
    tri_h3_request_add(r, TRI_SLICE("x"), tri_slice_of(big, sizeof big));
    tri_h3_request_add(r, TRI_SLICE("a"), TRI_SLICE("b"));
    assert_int_equal(tri_h3_request_finish(r), TRI_ERR_LIMIT);
    tri_h3_request_free(r);
}

static void it_leaves_the_list_of_timeouts(void **state)
{
    (void)state;
    struct tri_timeout_list list;
    tri_timeout_list_init(&list, 5);
    struct tri_h3_request *r = tri_h3_request_new(tri_alloc_heap(), NULL);
    assert_non_null(r);
    tri_timeout_arm(&list, &r->timeout, 10);
    assert_int_equal(tri_timeout_list_deadline_ns(&list), 15);
    tri_h3_request_free(r);
    assert_int_equal(tri_timeout_list_deadline_ns(&list), TRI_NEVER_NS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_head_is_collected),
        cmocka_unit_test(a_failure_shows_in_finish),
        cmocka_unit_test(a_head_over_its_limit_says_so),
        cmocka_unit_test(it_leaves_the_list_of_timeouts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
