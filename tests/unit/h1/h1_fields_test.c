#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include "h1_fields.h"

static void a_length_is_digits_and_nothing_else(void **state)
{
    (void)state;
    uint64_t len = 1;
    assert_true(tri_h1_parse_length(TRI_SLICE("0"), &len));
    assert_int_equal(len, 0);
    assert_true(tri_h1_parse_length(TRI_SLICE("1048576"), &len));
    assert_int_equal(len, 1048576);
    assert_false(tri_h1_parse_length(TRI_SLICE(""), &len));
    assert_false(tri_h1_parse_length(TRI_SLICE("1a"), &len));
    assert_false(tri_h1_parse_length(TRI_SLICE("-1"), &len));
    assert_int_equal(len, 1048576);
}

static void a_length_that_does_not_fit_is_the_largest(void **state)
{
    (void)state;
    uint64_t len = 0;
    assert_true(tri_h1_parse_length(TRI_SLICE("18446744073709551615"), &len));
    assert_true(len == UINT64_MAX);
    assert_true(tri_h1_parse_length(TRI_SLICE("18446744073709551620"), &len));
    assert_true(len == UINT64_MAX);
    assert_true(tri_h1_parse_length(TRI_SLICE("184467440737095516150"), &len));
    assert_true(len == UINT64_MAX);
}

static int check(const char *first, const char *second)
{
    const struct tri_field fields[] = {
        {TRI_SLICE("transfer-encoding"), tri_slice_of_string(first)},
        {TRI_SLICE("te"), TRI_SLICE("gzip")},
        {TRI_SLICE("transfer-encoding"), tri_slice_of_string(second)},
    };
    const struct tri_request_head head = {.fields = fields, .fields_len = 3};
    return tri_h1_check_codings(&head);
}

static void U7_only_chunked_alone_is_known(void **state)
{
    (void)state;
    assert_int_equal(check("chunked", ""), 0);
    assert_int_equal(check("", "Chunked"), 0);
    assert_int_equal(check("gzip", "chunked"), 501);
    assert_int_equal(check("chunked", "chunked"), 400);
    assert_int_equal(check("chunked", "gzip"), 400);
    assert_int_equal(check("", ""), 400);
    assert_int_equal(check("gzip, chunked, chunked", ""), 400);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_length_is_digits_and_nothing_else),
        cmocka_unit_test(a_length_that_does_not_fit_is_the_largest),
        cmocka_unit_test(U7_only_chunked_alone_is_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
