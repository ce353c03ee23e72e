/* Origins: lists that a program may write, and fields against them. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include "http_origins.h"

static void a_list_holds_origins_and_nothing_else(void **state)
{
    (void)state;
    static const char *const good[] = {
        "",
        "null",
        "https://example.com",
        "http://localhost:3000",
        "https://[::1]:8443",
        "https://192.0.2.1",
        "https://a.b-c_d.example:65535, HTTPS://Example.ORG,null",
        "chrome-extension://abcdefghijklmnop",
        "x+y.z://host",
    };
    static const char *const bad[] = {
        "*",
        " ",
        "example.com",
        "https:",
        "https://",
        "https:///",
        "https://example.com/",
        "https://example.com/path",
        "https://example.com:",
        "https://example.com:x",
        "https://example.com:123456",
        "https://example.com?",
        "https://user@example.com",
        "https://ex ample.com",
        "https://[]",
        "https://[::1",
        "https://::1",
        "https://[::g!]",
        "://example.com",
        "1http://example.com",
        "-a://b",
        "https//example.com",
        "https://a https://b",
        "https://a,",
        ",https://a",
        "https://a,,https://b",
        "https://\xc3\xbc.example",
    };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_true(tri_origins_are_valid(good[i]));
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (tri_origins_are_valid(bad[i])) {
            fail_msg("taken: %s", bad[i]);
        }
    }
}

static bool is_allowed(const char *list, const char *first, const char *second)
{
    const struct tri_field fields[] = {
        {TRI_SLICE("host"), TRI_SLICE("localhost")},
        {TRI_SLICE("origin"), tri_slice_of_string(first ? first : "")},
        {TRI_SLICE("origin"), tri_slice_of_string(second ? second : "")},
    };
    const struct tri_request_head head = {
        .fields = fields,
        .fields_len = second  ? 3
                      : first ? 2
                              : 1,
    };
    return tri_origin_is_allowed(&head, list);
}

static void an_origin_must_be_in_the_list(void **state)
{
    (void)state;
    static const char list[] = "https://example.com, http://localhost:3000";
    static const struct {
        const char *origin;
        bool allowed;
    } rows[] = {
        {"https://example.com", true},
        {"http://localhost:3000", true},
        {"HTTPS://Example.COM", true},
        {"https://example.com:443", false},
        {"http://example.com", false},
        {"https://example.com.evil.example", false},
        {"https://www.example.com", false},
        {"http://localhost", false},
        {"http://localhost:30000", false},
        {"null", false},
        {"", false},
        {"https://example.com, http://localhost:3000", false},
        {"https://example.com http://localhost:3000", false},
        {"https://example.com/", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(is_allowed(list, rows[i].origin, NULL), rows[i].allowed);
    }
}

static void without_a_list_or_a_field_everything_goes(void **state)
{
    (void)state;
    assert_true(is_allowed(NULL, "https://evil.example", NULL));
    assert_true(is_allowed("", "https://evil.example", NULL));
    assert_true(is_allowed(NULL, "null", "null"));
    assert_true(is_allowed("https://example.com", NULL, NULL));
}

static void two_fields_are_one_too_many(void **state)
{
    (void)state;
    assert_false(is_allowed("https://example.com", "https://example.com", "https://example.com"));
    assert_false(is_allowed("https://example.com", "https://example.com", "https://evil.example"));
}

static void null_is_allowed_only_where_it_is_listed(void **state)
{
    (void)state;
    assert_true(is_allowed("https://a, null", "null", NULL));
    assert_false(is_allowed("https://null", "null", NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_list_holds_origins_and_nothing_else),
        cmocka_unit_test(an_origin_must_be_in_the_list),
        cmocka_unit_test(without_a_list_or_a_field_everything_goes),
        cmocka_unit_test(two_fields_are_one_too_many),
        cmocka_unit_test(null_is_allowed_only_where_it_is_listed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
