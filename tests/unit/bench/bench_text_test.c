/* Text from outside, and figures as they are written. */
#include "bench_text.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <string.h>

static void what_a_terminal_would_obey_is_taken_out(void **state)
{
    (void)state;
    static const struct {
        const char *text, *clean;
    } rows[] = {
        {"", ""},
        {"plain text", "plain text"},
        {"\x1b[2J\a\r\n\t\x7f", "?[2J?????"},
        {"gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80",
         "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80"},
        {"\xc2\x9b\x31m", "??1m"},    /* CSI as one control character */
        {"a\x80z\xff", "a?z?"},       /* no lead */
        {"\xc3", "?"},                /* cut off */
        {"\xe2\x82", "??"},           /* cut off */
        {"\xf0\x9f\x98", "???"},      /* cut off */
        {"\xc0\xaf", "??"},           /* too long a form */
        {"\xe0\x80\xaf", "???"},      /* too long a form */
        {"\xf0\x80\x80\xaf", "????"}, /* too long a form */
        {"\xed\xa0\x80", "???"},      /* a surrogate */
        {"\xf4\x90\x80\x80", "????"}, /* over U+10FFFF */
        {"\xf5\x80\x80\x80", "????"}, /* over U+10FFFF */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char out[64];
        assert_string_equal(bench_text_clean(out, sizeof out, rows[i].text), rows[i].clean);
    }
}

static void what_does_not_fit_is_cut_between_characters(void **state)
{
    (void)state;
    static const char *const cut[] = {"", "", "a", "a", "a", "a\xe2\x82\xac", "a\xe2\x82\xac\x62"};
    for (size_t max = 1; max < sizeof cut / sizeof cut[0]; max++) {
        char out[8];
        assert_string_equal(bench_text_clean(out, max, "a\xe2\x82\xac\x62"), cut[max]);
    }
    assert_int_equal(bench_text_columns("a\xe2\x82\xac\x62"), 3);
}

static void quantities_have_three_digits_and_their_unit(void **state)
{
    (void)state;
    static const struct {
        double value;
        enum bench_unit unit;
        const char *text;
    } rows[] = {
        {0, BENCH_UNIT_TIME, "0 ns"},
        {1, BENCH_UNIT_TIME, "1 ns"},
        {0.5, BENCH_UNIT_TIME, "0.50 ns"},
        {999, BENCH_UNIT_TIME, "999 ns"},
        {1000, BENCH_UNIT_TIME, "1.00 us"},
        {12345, BENCH_UNIT_TIME, "12.3 us"},
        {123456, BENCH_UNIT_TIME, "123 us"},
        {1234567, BENCH_UNIT_TIME, "1.23 ms"},
        {61e9, BENCH_UNIT_TIME, "61.0 s"},
        {5000e9, BENCH_UNIT_TIME, "5,000 s"},
        {32, BENCH_UNIT_BYTES, "32 B"},
        {52.4, BENCH_UNIT_BYTES, "52.4 B"},
        {16384, BENCH_UNIT_BYTES, "16.4 kB"},
        {1e6, BENCH_UNIT_BYTES, "1.00 MB"},
        {-1500, BENCH_UNIT_BYTES, "-1.50 kB"},
        {9.94e6, BENCH_UNIT_SPEED, "9.94 MB/s"},
        {2.5e9, BENCH_UNIT_SPEED, "2.50 GB/s"},
        {1234567, BENCH_UNIT_NUMBER, "1,234,567"},
        {123, BENCH_UNIT_NUMBER, "123"},
        {-1234567.9, BENCH_UNIT_NUMBER, "-1,234,568"},
        {3.14159, BENCH_UNIT_NUMBER, "3.14"},
        {99.96, BENCH_UNIT_NUMBER, "100"},
        {12.345, BENCH_UNIT_PERCENT, "12.3%"},
        {(double)NAN, BENCH_UNIT_TIME, "-"},
        {(double)INFINITY, BENCH_UNIT_BYTES, "-"},
        {1e300, BENCH_UNIT_NUMBER, "-"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char out[BENCH_NUMBER_MAX];
        assert_string_equal(bench_quantity(out, rows[i].value, rows[i].unit), rows[i].text);
    }
}

static void a_row_has_one_scale(void **state)
{
    (void)state;
    char out[BENCH_NUMBER_MAX];
    const struct bench_scale scale = bench_scale_of(BENCH_UNIT_TIME, 1500);
    assert_string_equal(scale.name, "us");
    assert_string_equal(scale.shown, "\xc2\xb5s");
    assert_string_equal(bench_number(out, 1500, &scale), "1.50");
    assert_string_equal(bench_number(out, 12345678, &scale), "12,346");
}

static void marks_are_short(void **state)
{
    (void)state;
    static const struct {
        double value;
        enum bench_unit unit;
        const char *text;
    } rows[] = {
        {0, BENCH_UNIT_TIME, "0"},
        {200e3, BENCH_UNIT_TIME, "200 \xc2\xb5s"},
        {1e6, BENCH_UNIT_TIME, "1 ms"},
        {1.5e6, BENCH_UNIT_TIME, "1.5 ms"},
        {1e6, BENCH_UNIT_NUMBER, "1,000,000"},
        {5, BENCH_UNIT_PERCENT, "5%"},
        {1e300, BENCH_UNIT_TIME, "-"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char out[BENCH_NUMBER_MAX];
        assert_string_equal(bench_tick(out, rows[i].value, rows[i].unit), rows[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_terminal_would_obey_is_taken_out),
        cmocka_unit_test(what_does_not_fit_is_cut_between_characters),
        cmocka_unit_test(quantities_have_three_digits_and_their_unit),
        cmocka_unit_test(a_row_has_one_scale),
        cmocka_unit_test(marks_are_short),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
