/* base_log_text: what a value chosen by a peer cannot do to a line. */
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

static const struct tri_log log_of_text = {
    .write = compare, .level = TRI_LOG_INFO, .format = TRI_LOG_TEXT, .wall_ms = epoch};

static void check(struct tri_slice value, const char *want)
{
    static char line[TRI_LOG_LINE_MAX];
    assert_true(strlen(want) < 900);
    const char start[] = "1970-01-01T00:00:00.000Z info x v=";
    memcpy(line, start, sizeof start - 1);
    memcpy(line + sizeof start - 1, want, strlen(want) + 1);
    wanted = line;
    TRI_LOG(&log_of_text, INFO, "x", TRI_KV_SLICE("v", value));
}

static void values_are_quoted_and_escaped_as_needed(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        const char *want;
    } cases[] = {
        {"/echo", "/echo"},
        {"[::1]:50321", "[::1]:50321"},
        {"", "\"\""},
        {"a b", "\"a b\""},
        {"a=b", "\"a=b\""},
        {"say \"hi\"", "\"say \\\"hi\\\"\""},
        {"back\\slash", "\"back\\\\slash\""},
        {"two\nlines", "\"two\\nlines\""},
        {"a\ttab", "\"a\\ttab\""},
        {"cr\r", "\"cr\\x0d\""},
        {"\x1b[31m", "\"\\x1b[31m\""},
        {"\x7f", "\"\\x7f\""},
        {"\xc3\xa4", "\"\\xc3\\xa4\""},
        {"\xff", "\"\\xff\""},
        {"~!#$%&'()*+,-./:;<>?@[]^_`{|}", "~!#$%&'()*+,-./:;<>?@[]^_`{|}"},
    };
    checked = 0;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        check(tri_slice_of_string(cases[i].value), cases[i].want);
    }
    check(TRI_SLICE("a\0b"), "\"a\\x00b\"");
    check(tri_slice_of(NULL, 0), "\"\"");
    assert_int_equal(checked, (int)(sizeof cases / sizeof cases[0]) + 2);
}

/* No byte ends the line or the quotes early, and none but printable ASCII gets through. */
static void no_byte_breaks_the_line(void **state)
{
    (void)state;
    checked = 0;
    for (unsigned byte = 0; byte < 256; byte++) {
        const uint8_t value[] = {' ', (uint8_t)byte};
        char want[16];
        if (byte == '"' || byte == '\\') {
            (void)snprintf(want, sizeof want, "\" \\%c\"", (int)byte);
        } else if (byte == '\n' || byte == '\t') {
            (void)snprintf(want, sizeof want, "\" \\%c\"", byte == '\n' ? 'n' : 't');
        } else if (byte < ' ' || byte >= 0x7f) {
            (void)snprintf(want, sizeof want, "\" \\x%02x\"", byte);
        } else {
            (void)snprintf(want, sizeof want, "\" %c\"", (int)byte);
        }
        check(tri_slice_of(value, 2), want);
    }
    assert_int_equal(checked, 256);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_quoted_and_escaped_as_needed),
        cmocka_unit_test(no_byte_breaks_the_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
