/* Numbers as they are typed. */
#include "bench_numbers.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

static void a_count_is_decimal_and_in_its_range(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool is_read;
        uint64_t value;
    } rows[] = {
        {"1", true, 1},   {"100", true, 100}, {"007", true, 7},
        {"0", false, 0},  {"101", false, 0},  {"", false, 0},
        {"-1", false, 0}, {"+1", false, 0},   {"1x", false, 0},
        {" 1", false, 0}, {"0x1", false, 0},  {"18446744073709551617", false, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint64_t value = 42;
        assert_int_equal(bench_read_count(rows[i].text, 1, 100, &value), rows[i].is_read);
        assert_int_equal(value, rows[i].is_read ? rows[i].value : 42);
    }
    uint64_t most = 0;
    assert_true(bench_read_count("18446744073709551615", 0, UINT64_MAX, &most));
    assert_true(most == UINT64_MAX);
}

static void a_size_has_a_suffix_or_none(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool is_read;
        size_t value;
    } rows[] = {
        {"0", true, 0},
        {"32", true, 32},
        {"1k", true, 1024},
        {"16K", true, 16384},
        {"1m", true, 1048576},
        {"2M", true, 2097152},
        {"2049k", false, 0},
        {"3m", false, 0},
        {"2097153", false, 0},
        {"k", false, 0},
        {"1kk", false, 0},
        {"1.5k", false, 0},
        {"18014398509481985k", false, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *text = rows[i].text;
        size_t value = 42;
        assert_int_equal(bench_read_size(text, text + strlen(text), 2 << 20, &value),
                         rows[i].is_read);
        assert_int_equal(value, rows[i].is_read ? rows[i].value : 42);
    }
}

static void a_size_ends_where_its_text_does(void **state)
{
    (void)state;
    const char *text = "32-1024";
    size_t value = 0;
    assert_true(bench_read_size(text, text + 2, 100, &value));
    assert_int_equal(value, 32);
    assert_false(bench_read_size(text, text, 100, &value));
}

static void a_rate_is_of_ones_thousands_or_millions(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double value; /* 0: not read */
    } rows[] = {
        {"250", 250},  {"2.5", 2.5}, {"10k", 10000}, {"1m", 1e6},
        {"0.5k", 500}, {"0", 0},     {"2m", 0},      {"k", 0},
        {"1.k", 0},    {".5", 0},    {"1e3", 0},     {"-1", 0},
        {"1kk", 0},    {"", 0},      {"nan", 0},     {"111111111111111111111", 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        double value = 0;
        assert_int_equal(bench_read_rate(rows[i].text, 1e6, &value), rows[i].value > 0);
        assert_true(value == rows[i].value);
    }
}

static void a_duration_is_of_seconds_unless_it_says_else(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double value; /* 0: not read */
    } rows[] = {
        {"5", 5},     {"5s", 5},  {"2.5s", 2.5}, {"500ms", 0.5}, {"2m", 120},
        {"10m", 600}, {"11m", 0}, {"99ms", 0},   {"5h", 0},      {"5 s", 0},
        {"ms", 0},    {"5ss", 0}, {"-5s", 0},    {"", 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        double value = 0;
        assert_int_equal(bench_read_duration(rows[i].text, 0.1, 600, &value), rows[i].value > 0);
        assert_true(value == rows[i].value);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_count_is_decimal_and_in_its_range),
        cmocka_unit_test(a_size_has_a_suffix_or_none),
        cmocka_unit_test(a_size_ends_where_its_text_does),
        cmocka_unit_test(a_rate_is_of_ones_thousands_or_millions),
        cmocka_unit_test(a_duration_is_of_seconds_unless_it_says_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
