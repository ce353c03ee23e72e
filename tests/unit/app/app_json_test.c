/* Escaping for JSON: what must be is, the rest stays, and the count is right. */
#include "app_json.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

static void assert_escaped(const char *text, size_t len, const char *expected)
{
    size_t expected_len = strlen(expected);
    assert_int_equal(tri_json_escape(NULL, (const uint8_t *)text, len), expected_len);
    char *out = malloc(expected_len + 1); /* exactly: ASan sees a byte more */
    assert_non_null(out);
    assert_int_equal(tri_json_escape(out, (const uint8_t *)text, len), expected_len);
    out[expected_len] = '\0';
    assert_string_equal(out, expected);
    free(out);
}

static void plain_text_stays_as_it_is(void **state)
{
    (void)state;
    assert_escaped("", 0, "");
    assert_escaped("hello / <b>'&'</b>", 18, "hello / <b>'&'</b>");
    assert_escaped("t\xc3\xbcr \xe2\x80\xa8 \xf0\x9d\x84\x9e \x7f", 15,
                   "t\xc3\xbcr \xe2\x80\xa8 \xf0\x9d\x84\x9e \x7f");
}

static void quotes_and_backslashes_are_escaped(void **state)
{
    (void)state;
    assert_escaped("\"", 1, "\\\"");
    assert_escaped("\\", 1, "\\\\");
    assert_escaped("\\\"\\u0041", 8, "\\\\\\\"\\\\u0041");
    assert_escaped("\"}{\"", 4, "\\\"}{\\\"");
}

static void every_control_character_is_escaped(void **state)
{
    (void)state;
    char all[32];
    for (size_t i = 0; i < sizeof all; i++) {
        all[i] = (char)i;
    }
    assert_escaped(all, sizeof all,
                   "\\u0000\\u0001\\u0002\\u0003\\u0004\\u0005\\u0006\\u0007\\b\\t\\n\\u000b\\f\\r"
                   "\\u000e\\u000f\\u0010\\u0011\\u0012\\u0013\\u0014\\u0015\\u0016\\u0017\\u0018"
                   "\\u0019\\u001a\\u001b\\u001c\\u001d\\u001e\\u001f");
}

static void nothing_grows_above_the_bound(void **state)
{
    (void)state;
    for (unsigned byte = 0; byte < 256; byte++) {
        const uint8_t text[1] = {(uint8_t)byte};
        size_t len = tri_json_escape(NULL, text, 1);
        assert_true(len >= 1 && len <= TRI_JSON_ESCAPE_MAX);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_text_stays_as_it_is),
        cmocka_unit_test(quotes_and_backslashes_are_escaped),
        cmocka_unit_test(every_control_character_is_escaped),
        cmocka_unit_test(nothing_grows_above_the_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
