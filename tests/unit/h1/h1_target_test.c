#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include "h1_target.h"

static bool parse(struct tri_request_head *head, const char *method, const char *target)
{
    *head = (struct tri_request_head){.method = tri_slice_of_string(method)};
    return tri_h1_target_parse(head, tri_slice_of_string(target));
}

static void an_origin_form_is_the_path(void **state)
{
    (void)state;
    struct tri_request_head head;
    assert_true(parse(&head, "GET", "/a?b"));
    assert_true(tri_slice_equal(head.path, TRI_SLICE("/a?b")));
    assert_int_equal(head.scheme.len + head.authority.len, 0);
}

static void an_absolute_form_brings_scheme_and_authority(void **state)
{
    (void)state;
    struct tri_request_head head;
    assert_true(parse(&head, "GET", "HttpS://b:1/a?b"));
    assert_true(tri_slice_equal(head.scheme, TRI_SLICE("https")));
    assert_true(tri_slice_equal(head.authority, TRI_SLICE("b:1")));
    assert_true(tri_slice_equal(head.path, TRI_SLICE("/a?b")));
    assert_true(parse(&head, "GET", "http://b"));
    assert_true(tri_slice_equal(head.path, TRI_SLICE("/")));
}

static void an_asterisk_is_for_OPTIONS(void **state)
{
    (void)state;
    struct tri_request_head head;
    assert_true(parse(&head, "OPTIONS", "*"));
    assert_false(parse(&head, "GET", "*"));
    assert_false(parse(&head, "options", "*"));
}

static void every_byte_that_no_target_has_is_refused(void **state)
{
    (void)state;
    for (unsigned c = 0; c < 256; c++) {
        const uint8_t target[] = {'/', 'a', (uint8_t)c};
        struct tri_request_head head = {.method = TRI_SLICE("GET")};
        const bool is_fine = c > ' ' && c < 0x7f && c != '#';
        assert_int_equal(tri_h1_target_parse(&head, tri_slice_of(target, 3)), is_fine);
    }
    struct tri_request_head head;
    assert_false(parse(&head, "GET", ""));
}

static void every_byte_that_no_authority_has_is_refused(void **state)
{
    (void)state;
    for (unsigned c = 0; c < 256; c++) {
        const uint8_t host[] = {'a', (uint8_t)c};
        const bool is_alnum =
            (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        /* ":" begins a port, which may be empty. */
        const bool is_mark = c != 0 && strchr("-._~!$&'()*+,;=:", (int)c) != NULL;
        assert_int_equal(tri_h1_is_authority(tri_slice_of(host, 2)), is_alnum || is_mark);
    }
    assert_false(tri_h1_is_authority(TRI_SLICE("")));
}

static void U7_a_host_that_could_be_read_in_two_ways_is_refused(void **state)
{
    (void)state;
    static const char *const good[] = {
        "a",   "a:",   "a:443",     "a.b-c_d",       "127.0.0.1:8443",
        "%41", "a%20", "[::1]:443", "[2001:db8::7]", "[::ffff:127.0.0.1]:",
    };
    static const char *const bad[] = {
        ":",   ":443",    "a:b",    "a:443x", "a:1:2", "a:-1", "a:+1",   "a@b",     "a/b",
        "a%",  "a%4",     "a%4g",   "[::1",   "::1",   "[]",   "[::1]a", "[::1]:x", "a[::1]",
        "[a]", "[::%31]", "[v1.a]", "[::1]]", "a\\b",  "a?b",  "a#b",
    };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_true(tri_h1_is_authority(tri_slice_of_string(good[i])));
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(tri_h1_is_authority(tri_slice_of_string(bad[i])));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_origin_form_is_the_path),
        cmocka_unit_test(an_absolute_form_brings_scheme_and_authority),
        cmocka_unit_test(an_asterisk_is_for_OPTIONS),
        cmocka_unit_test(every_byte_that_no_target_has_is_refused),
        cmocka_unit_test(every_byte_that_no_authority_has_is_refused),
        cmocka_unit_test(U7_a_host_that_could_be_read_in_two_ways_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
