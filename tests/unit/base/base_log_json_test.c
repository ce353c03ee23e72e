/* base_log_json: what a value chosen by a peer cannot do to a line. */
#include "base_log.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

static const char *wanted;
static int checked;

static void compare(void *user, enum tri_log_level level, const char *line)
{
    (void)user;
    (void)level;
    assert_string_equal(line, wanted);
    checked++;
}

static uint64_t epoch(void)
{
    return 0;
}

static const struct tri_log log_of_json = {
    .write = compare, .level = TRI_LOG_INFO, .format = TRI_LOG_JSON, .wall_ms = epoch};

static void check(struct tri_slice value, const char *want)
{
    static char line[TRI_LOG_LINE_MAX];
    (void)snprintf(line, sizeof line,
                   "{\"time\":\"1970-01-01T00:00:00.000Z\",\"level\":\"info\",\"event\":\"x\","
                   "\"v\":\"%s\",\"n\":-1}",
                   want);
    wanted = line;
    TRI_LOG(&log_of_json, INFO, "x", TRI_KV_SLICE("v", value), TRI_KV_I("n", -1));
}

static void values_are_escaped_as_json_wants(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        const char *want;
    } cases[] = {
        {"/echo", "/echo"},
        {"", ""},
        {"a b=c", "a b=c"},
        {"say \"hi\"", "say \\\"hi\\\""},
        {"back\\slash", "back\\\\slash"},
        {"two\nlines\tand", "two\\nlines\\tand"},
        {"\r\x1b\x7f", "\\u000d\\u001b\\u007f"},
    };
    checked = 0;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        check(tri_slice_of_string(cases[i].value), cases[i].want);
    }
    check(TRI_SLICE("a\0b"), "a\\u0000b");
    check(tri_slice_of(NULL, 0), "");
    assert_int_equal(checked, (int)(sizeof cases / sizeof cases[0]) + 2);
}

static void valid_utf8_passes_and_each_bad_byte_is_replaced(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        const char *want;
    } cases[] = {
        {"\xc3\xa4", "\xc3\xa4"},
        {"\xe2\x82\xac", "\xe2\x82\xac"},
        {"\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80"},
        {"\xed\x9f\xbf\xee\x80\x80", "\xed\x9f\xbf\xee\x80\x80"},
        {"\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf"},
        {"\xff", "\\ufffd"},
        {"a\x80"
         "b",
         "a\\ufffdb"},
        {"\xc0\xaf", "\\ufffd\\ufffd"},                       /* overlong */
        {"\xe0\x9f\xbf", "\\ufffd\\ufffd\\ufffd"},            /* overlong */
        {"\xf0\x8f\xbf\xbf", "\\ufffd\\ufffd\\ufffd\\ufffd"}, /* overlong */
        {"\xed\xa0\x80", "\\ufffd\\ufffd\\ufffd"},            /* a surrogate */
        {"\xf4\x90\x80\x80", "\\ufffd\\ufffd\\ufffd\\ufffd"}, /* above U+10FFFF */
        {"\xf5\x80\x80\x80", "\\ufffd\\ufffd\\ufffd\\ufffd"},
        {"\xe2\x82", "\\ufffd\\ufffd"}, /* cut off */
        {"\xe2\x82z", "\\ufffd\\ufffdz"},
        {"\xc3", "\\ufffd"},
    };
    checked = 0;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        check(tri_slice_of_string(cases[i].value), cases[i].want);
    }
    assert_int_equal(checked, (int)(sizeof cases / sizeof cases[0]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_escaped_as_json_wants),
        cmocka_unit_test(valid_utf8_passes_and_each_bad_byte_is_replaced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
