/* The fields of a response: which the program may give, and which the server adds. */
#include "server_fields.h"
#include "test_hub.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

static enum tri_err add(const char *name, const char *value)
{
    struct tri_fields f = {.len = 0};
    const struct tri_header header = {name, value};
    enum tri_err err = tri_fields_add_headers(&f, &header, 1);
    assert_int_equal(f.len, err == TRI_OK);
    return err;
}

static void common_fields_are_fine(void **state)
{
    (void)state;
    assert_int_equal(add("content-type", "text/html; charset=utf-8"), TRI_OK);
    assert_int_equal(add("x-1.2_3~`|!#$%&'*+^", ""), TRI_OK);
    assert_int_equal(add("set-cookie", "a=b; \"c\"\td"), TRI_OK);
    assert_int_equal(add("x", "caf\xc3\xa9"), TRI_OK);
}

static void names_that_are_no_lower_case_token_are_refused(void **state)
{
    (void)state;
    static const char *const names[] = {"",      "Content-Type", "a b", "a:", ":status", "a\r",
                                        "a\x7f", "\xc3\xa9",     "a/b", "a(", "a\t"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_int_equal(add(names[i], "x"), TRI_ERR_INVALID);
    }
    assert_int_equal(add(NULL, "x"), TRI_ERR_INVALID);
}

static void names_of_the_connection_are_refused(void **state)
{
    (void)state;
    static const char *const names[] = {
        "connection", "content-length", "keep-alive", "proxy-connection",
        "te",         "trailer",        "upgrade",    "transfer-encoding"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_int_equal(add(names[i], "x"), TRI_ERR_INVALID);
    }
}

static void values_that_could_split_a_response_are_refused(void **state)
{
    (void)state;
    static const char *const values[] = {"a\r\nb: c", "a\n", "\r", "a\x01",
                                         "a\x7f",     " a",  "a ", "\ta"};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        assert_int_equal(add("x", values[i]), TRI_ERR_INVALID);
    }
    assert_int_equal(add("x", NULL), TRI_ERR_INVALID);
}

static void fields_end_at_the_limit(void **state)
{
    (void)state;
    struct tri_header headers[TRI_RESPONSE_FIELDS_MAX + 1];
    for (size_t i = 0; i <= TRI_RESPONSE_FIELDS_MAX; i++) {
        headers[i] = (struct tri_header){"x", "y"};
    }
    struct test_hub t;
    test_hub_init(&t);
    t.link.alt_svc = "h3=\":1\"";
    struct tri_fields f = {.len = 0};
    assert_int_equal(tri_fields_add_headers(&f, headers, TRI_RESPONSE_FIELDS_MAX + 1),
                     TRI_ERR_INVALID);
    f.len = 0;
    assert_int_equal(tri_fields_add_headers(&f, headers, TRI_RESPONSE_FIELDS_MAX), TRI_OK);
    tri_fields_add_own(&f, &t.link);
    assert_int_equal(f.len, TRI_RESPONSE_FIELDS_MAX + 3);
    test_hub_deinit(&t);
}

static void the_bytes_of_all_fields_end_at_the_limit(void **state)
{
    (void)state;
    static char value[TRI_RESPONSE_FIELDS_BYTES_MAX / 2];
    memset(value, 'v', sizeof value - 1);
    const struct tri_header fitting[] = {{"x", value}, {"y", value}};
    const struct tri_header large[] = {{"x", value}, {"yy", value}};
    struct tri_fields f = {.len = 0};
    assert_int_equal(tri_fields_add_headers(&f, fitting, 2), TRI_OK);
    f.len = 0;
    assert_int_equal(tri_fields_add_headers(&f, large, 2), TRI_ERR_INVALID);
}

static void assert_field(const struct tri_field *field, const char *name, const char *value)
{
    assert_true(tri_slice_equal(field->name, tri_slice_of_string(name)));
    if (value) {
        assert_true(tri_slice_equal(field->value, tri_slice_of_string(value)));
    }
}

static void N5_alt_svc_is_added_where_there_is_one(void **state)
{
    (void)state;
    struct test_hub t;
    test_hub_init(&t);
    struct tri_fields f = {.len = 0};
    tri_fields_add_own(&f, &t.link);
    assert_int_equal(f.len, 2);
    assert_field(&f.list[0], "server", "trisock");
    assert_field(&f.list[1], "date", NULL);
    assert_int_equal(f.list[1].value.len, TRI_DATE_LEN);
    t.link.alt_svc = "h3=\":8443\"; ma=86400";
    f.len = 0;
    tri_fields_add_own(&f, &t.link);
    assert_int_equal(f.len, 3);
    assert_field(&f.list[2], "alt-svc", "h3=\":8443\"; ma=86400");
    test_hub_deinit(&t);
}

static void what_the_program_gave_is_not_added_again(void **state)
{
    (void)state;
    struct test_hub t;
    test_hub_init(&t);
    t.link.alt_svc = "h3=\":1\"";
    static const struct tri_header headers[] = {
        {"date", "Sun, 06 Nov 1994 08:49:37 GMT"}, {"server", "mine"}, {"alt-svc", "clear"}};
    struct tri_fields f = {.len = 0};
    assert_int_equal(tri_fields_add_headers(&f, headers, 3), TRI_OK);
    tri_fields_add_own(&f, &t.link);
    assert_int_equal(f.len, 3);
    test_hub_deinit(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(common_fields_are_fine),
        cmocka_unit_test(names_that_are_no_lower_case_token_are_refused),
        cmocka_unit_test(names_of_the_connection_are_refused),
        cmocka_unit_test(values_that_could_split_a_response_are_refused),
        cmocka_unit_test(fields_end_at_the_limit),
        cmocka_unit_test(the_bytes_of_all_fields_end_at_the_limit),
        cmocka_unit_test(N5_alt_svc_is_added_where_there_is_one),
        cmocka_unit_test(what_the_program_gave_is_not_added_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
