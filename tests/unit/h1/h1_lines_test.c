#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "h1_lines.h"

#define TEXT_MAX 128

/* Parses the lines of |in|; the fields as "name=value;", the result. */
static enum tri_err parse(const char *in, char out[TEXT_MAX], size_t *rest_len)
{
    char text[TEXT_MAX];
    snprintf(text, sizeof text, "%s", in);
    struct tri_h1_lines rest = {.data = (uint8_t *)text, .len = strlen(text)};
    struct tri_field fields[8];
    size_t len;
    const enum tri_err err = tri_h1_lines_fields(&rest, fields, 8, &len);
    out[0] = '\0';
    for (size_t i = 0; i < len; i++) {
        const size_t at = strlen(out);
        snprintf(out + at, TEXT_MAX - at, "%.*s=%.*s;", (int)fields[i].name.len,
                 (const char *)fields[i].name.data, (int)fields[i].value.len,
                 (const char *)fields[i].value.data);
    }
    *rest_len = rest.len;
    return err;
}

static void lines_are_taken_one_by_one_without_their_ends(void **state)
{
    (void)state;
    char text[] = "first\r\n\r\nlast\r\n";
    struct tri_h1_lines rest = {.data = (uint8_t *)text, .len = sizeof text - 1};
    struct tri_h1_lines line = tri_h1_lines_take(&rest);
    assert_int_equal(line.len, 5);
    assert_memory_equal(line.data, "first", 5);
    assert_int_equal(tri_h1_lines_take(&rest).len, 0);
    line = tri_h1_lines_take(&rest);
    assert_memory_equal(line.data, "last", 4);
    assert_int_equal(rest.len, 0);
}

static void fields_get_lower_case_names_and_trimmed_values(void **state)
{
    (void)state;
    static const struct {
        const char *in, *out;
    } rows[] = {
        {"\r\n", ""},
        {"Host: a\r\n\r\n", "host=a;"},
        {"AZ-az:\t B c \r\nx:\r\n\r\n", "az-az=B c;x=;"},
        {"a: b:c\r\n\r\n", "a=b:c;"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char out[TEXT_MAX];
        size_t rest_len;
        assert_int_equal(parse(rows[i].in, out, &rest_len), TRI_OK);
        assert_string_equal(out, rows[i].out);
        assert_int_equal(rest_len, 0);
    }
}

static void what_is_no_field_is_refused_behind_those_that_are(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "a: b\r\nc\r\n\r\n",   "a: b\r\nc : d\r\n\r\n", "a: b\r\n c: d\r\n\r\n",
        "a: b\r\n\tc\r\n\r\n", "a: b\r\n:\r\n\r\n",     "a: b\r\nc(: d\r\n\r\n",
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char out[TEXT_MAX];
        size_t rest_len;
        assert_int_equal(parse(rows[i], out, &rest_len), TRI_ERR_PROTOCOL);
        assert_string_equal(out, "a=b;");
    }
}

static void until_takes_the_separator_too(void **state)
{
    (void)state;
    struct tri_slice s = TRI_SLICE("a b");
    assert_true(tri_slice_equal(tri_h1_lines_until(&s, ' '), TRI_SLICE("a")));
    assert_true(tri_slice_equal(s, TRI_SLICE("b")));
    assert_true(tri_slice_equal(tri_h1_lines_until(&s, ' '), TRI_SLICE("b")));
    assert_int_equal(s.len, 0);
    assert_int_equal(tri_h1_lines_until(&s, ' ').len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_taken_one_by_one_without_their_ends),
        cmocka_unit_test(fields_get_lower_case_names_and_trimmed_values),
        cmocka_unit_test(what_is_no_field_is_refused_behind_those_that_are),
        cmocka_unit_test(until_takes_the_separator_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
