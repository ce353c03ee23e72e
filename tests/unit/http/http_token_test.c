/* Tokens, quoted tokens and written lists. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include "http_token.h"

static void a_token_has_no_separator(void **state)
{
    (void)state;
    static const char good[] = "!#$%&'*+-.^_`|~0123456789azAZ";
    static const char bad[] = "()<>@,;:\\\"/[]?={} \t\x7f\x80\xff\x01\x1f";
    assert_true(tri_token_is(tri_slice_of_string(good)));
    for (size_t i = 0; i < sizeof bad; i++) { /* with the NUL */
        const char text[2] = {'a', bad[i]};
        assert_false(tri_token_is(tri_slice_of(text, 2)));
        assert_false(tri_token_is(tri_slice_of(text + 1, 1)));
        struct tri_slice rest = tri_slice_of(text, 2);
        assert_int_equal(tri_token_take(&rest).len, 1);
        assert_int_equal(rest.len, 1);
    }
    assert_false(tri_token_is(TRI_SLICE("")));
    assert_false(tri_token_is(tri_slice_of(NULL, 0)));
}

static void every_byte_that_no_token_has_is_refused(void **state)
{
    (void)state;
    for (unsigned c = 0; c < 256; c++) {
        const uint8_t token[] = {'a', (uint8_t)c};
        const bool is_alnum =
            (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        const bool is_mark = c != 0 && strchr("!#$%&'*+-.^_`|~", (int)c) != NULL;
        assert_int_equal(tri_token_is(tri_slice_of(token, 2)), is_alnum || is_mark);
    }
    assert_false(tri_token_is(TRI_SLICE("")));
}

static void nothing_is_taken_of_nothing(void **state)
{
    (void)state;
    struct tri_slice rest = tri_slice_of(NULL, 0);
    struct tri_token_text value;
    tri_token_skip_space(&rest);
    assert_false(tri_token_take_byte(&rest, ','));
    assert_int_equal(tri_token_take(&rest).len, 0);
    assert_false(tri_token_take_value(&rest, &value));
    assert_int_equal(rest.len, 0);
}

static void a_value_is_a_token_or_unquotes_to_one(void **state)
{
    (void)state;
    static const struct {
        const char *text, *value; /* NULL: none */
        size_t left;
    } rows[] = {
        {"10", "10", 0},        {"10;x", "10", 2},
        {"\"10\"", "10", 0},    {"\"10\" ;", "10", 2},
        {"\"1\\0\"", "10", 0},  {"\"\\1\\0\"", "10", 0},
        {"", NULL, 0},          {";", NULL, 0},
        {"=", NULL, 0},         {"\"\"", NULL, 0},
        {"\"", NULL, 0},        {"\"10", NULL, 0},
        {"\"10\\\"", NULL, 0},  {"\"10\\", NULL, 0},
        {"\"1 0\"", NULL, 0},   {"\"1\\ 0\"", NULL, 0},
        {"\"1\\\\\"", NULL, 0}, {"\"1\\\"\"", NULL, 0},
        {"\"1,0\"", NULL, 0},   {"\"\xc3\xa4\"", NULL, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct tri_slice rest = tri_slice_of_string(rows[i].text);
        struct tri_token_text value;
        assert_int_equal(tri_token_take_value(&rest, &value), rows[i].value != NULL);
        if (rows[i].value) {
            assert_int_equal(value.len, strlen(rows[i].value));
            assert_memory_equal(value.start, rows[i].value, value.len);
            assert_int_equal(rest.len, rows[i].left);
        }
    }
}

static void a_long_value_is_counted_and_its_start_is_kept(void **state)
{
    (void)state;
    static const char *const texts[] = {"123456789;", "\"123456789\";"};
    for (size_t i = 0; i < 2; i++) {
        struct tri_slice rest = tri_slice_of_string(texts[i]);
        struct tri_token_text value;
        assert_true(tri_token_take_value(&rest, &value));
        assert_int_equal(value.len, 9);
        assert_memory_equal(value.start, "1234", TRI_TOKEN_TEXT_MAX);
        assert_int_equal(rest.len, 1);
    }
}

static void a_written_list_has_no_empty_element(void **state)
{
    (void)state;
    static const char *const good[] = {"", "a", "a,b", "a, b", " a ,\tb "};
    static const char *const bad[] = {" ", ",", "a,", ",a", "a,,b", "a b", "a, ,b"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_true(tri_token_is_written_list(good[i], tri_token_is));
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(tri_token_is_written_list(bad[i], tri_token_is));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_has_no_separator),
        cmocka_unit_test(every_byte_that_no_token_has_is_refused),
        cmocka_unit_test(nothing_is_taken_of_nothing),
        cmocka_unit_test(a_value_is_a_token_or_unquotes_to_one),
        cmocka_unit_test(a_long_value_is_counted_and_its_start_is_kept),
        cmocka_unit_test(a_written_list_has_no_empty_element),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
