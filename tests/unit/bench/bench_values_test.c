/* The values of the options of `trisock bench`, each with the wrong ones beside the right. */
#include "bench_line.h"
#include "bench_values.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#define URL "wss://h/echo "

static struct bench_options o;
static char error[BENCH_ERROR_MAX];

static void assert_parses(const char *line)
{
    assert_int_equal(bench_line(&o, line, error), TRI_OK);
}

static void assert_fails(const char *line, const char *sentence)
{
    assert_int_equal(bench_line(&o, line, error), TRI_ERR_INVALID);
    assert_string_equal(error, sentence);
}

static void versions_come_in_the_order_of_the_list(void **state)
{
    (void)state;
    assert_parses(URL "--http 3,1.1");
    assert_true(o.https_given);
    assert_int_equal(o.https_len, 2);
    assert_int_equal(o.https[0], TRI_HTTP_3);
    assert_int_equal(o.https[1], TRI_HTTP_1_1);
    static const char *const bad[] = {"4", "1", "2,", ",2", "2,2", "1.1 ,2"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const char *argv[] = {"wss://h/", "--http", bad[i]};
        assert_int_equal(bench_options_parse(&o, 3, argv, error), TRI_ERR_INVALID);
        assert_non_null(strstr(error, "is not understood; give some of 1.1,2,3, each once"));
    }
}

static void sizes_are_one_a_range_or_a_list(void **state)
{
    (void)state;
    assert_parses(URL "--size 16k");
    assert_true(o.sizes.min == 16384 && o.sizes.max == 16384 && o.sizes.list_len == 0);
    assert_parses(URL "--size 32-1k");
    assert_true(o.sizes.min == 32 && o.sizes.max == 1024 && o.sizes.list_len == 0);
    assert_parses(URL "--size 32,1k,0,64m");
    assert_int_equal(o.sizes.list_len, 4);
    assert_true(o.sizes.min == 0 && o.sizes.max == BENCH_SIZE_MAX && o.sizes.list[1] == 1024);
    assert_parses(URL "--size 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16");
    assert_int_equal(o.sizes.list_len, BENCH_SIZES_MAX);
}

static void sizes_that_are_none_are_told(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "x",    "-", "1-",  "-1",    "2-1",
        "1,,2", ",", "65m", "1-2-3", "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const char *argv[] = {"wss://h/", "--size", bad[i]};
        assert_int_equal(bench_options_parse(&o, 3, argv, error), TRI_ERR_INVALID);
        char sentence[BENCH_ERROR_MAX];
        (void)snprintf(sentence, sizeof sentence,
                       "--size %s is not understood; give bytes up to 64m, like 32 or 16k, a "
                       "range like 32-1024, or up to 16 of them with commas",
                       bad[i]);
        assert_string_equal(error, sentence);
    }
}

static void every_mode_and_compression_has_its_word(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        enum bench_mode mode;
    } rows[] = {{URL "--mode open --fresh", BENCH_OPEN},
                {URL "--mode idle", BENCH_IDLE},
                {URL "--mode push", BENCH_PUSH},
                {URL "--mode broadcast", BENCH_BROADCAST},
                {URL "--mode echo", BENCH_ECHO}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_parses(rows[i].line);
        assert_int_equal(o.mode, rows[i].mode);
    }
    assert_parses(URL "--deflate shared");
    assert_int_equal(o.deflate, TRI_DEFLATE_SHARED);
    assert_parses(URL "--deflate dedicated");
    assert_int_equal(o.deflate, TRI_DEFLATE_DEDICATED);
}

static void what_is_out_of_range_is_told_with_the_range(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {URL "--sockets 0", "--sockets 0 is not understood; give a number from 1 to 1000000"},
        {URL "--sockets 1000001",
         "--sockets 1000001 is not understood; give a number from 1 to 1000000"},
        {URL "--in-flight 65537",
         "--in-flight 65537 is not understood; give a number from 1 to 65536"},
        {URL "--rounds 1001", "--rounds 1001 is not understood; give a number from 1 to 1000"},
        {URL "--threads 65", "--threads 65 is not understood; give a number from 1 to 64"},
        {URL "--duration 49ms", "--duration 49ms is not understood; give a time from 50ms to "
                                "7 days, like 500ms, 5s or 2m"},
        {URL "--warmup 5h",
         "--warmup 5h is not understood; give a time from 0 to 7 days, like 500ms, 5s or 2m"},
        {URL "--rate 0", "--rate 0 is not understood; give messages a second, like 500 or 20k"},
        {URL "--mode x", "--mode x is not understood; give echo, open, idle, push or broadcast"},
        {URL "--deflate x", "--deflate x is not understood; give off, shared or dedicated"},
        {URL "--server-pid 0", "--server-pid 0 is not understood; give the number of a process"},
        {URL "--seed x", "--seed x is not understood; give a number"},
        {URL "--header x",
         "--header: what it was given is not understood; give it like 'Name: value'"},
        {URL "--header :x",
         "--header: what it was given is not understood; give it like 'Name: value'"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_fails(rows[i][0], rows[i][1]);
    }
}

static void headers_are_split_trimmed_and_in_lower_case(void **state)
{
    (void)state;
    const char *argv[] = {"wss://h/", "--header", "X-One:  a b \t", "--header", "Two:b:c",
                          "--header", "e:"};
    assert_int_equal(bench_options_parse(&o, 7, argv, error), TRI_OK);
    assert_int_equal(o.headers_len, 3);
    assert_string_equal(o.headers[0].name, "x-one");
    assert_string_equal(o.headers[0].value, "a b");
    assert_string_equal(o.headers[1].name, "two");
    assert_string_equal(o.headers[1].value, "b:c");
    assert_string_equal(o.headers[2].name, "e");
    assert_string_equal(o.headers[2].value, "");
}

static void as_many_headers_as_there_is_room_for(void **state)
{
    (void)state;
    const char *argv[2 * (BENCH_HEADERS_MAX + 1) + 1] = {"wss://h/"};
    for (size_t i = 0; i <= BENCH_HEADERS_MAX; i++) {
        argv[2 * i + 1] = "--header";
        argv[2 * i + 2] = "a: b";
    }
    assert_int_equal(bench_options_parse(&o, 2 * BENCH_HEADERS_MAX + 1, argv, error), TRI_OK);
    assert_int_equal(bench_options_parse(&o, 2 * BENCH_HEADERS_MAX + 3, argv, error),
                     TRI_ERR_INVALID);
    assert_string_equal(error, "--header is given too often; up to 32 of them are taken, of 16384 "
                               "bytes together");
    static char longest[BENCH_HEADER_BYTES_MAX + 1];
    memset(longest, 'v', sizeof longest - 1);
    memcpy(longest, "n:", 2);
    const char *one[] = {"wss://h/", "--header", longest};
    assert_int_equal(bench_options_parse(&o, 3, one, error), TRI_ERR_INVALID);
    longest[sizeof longest - 2] = '\0';
    assert_int_equal(bench_options_parse(&o, 3, one, error), TRI_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(versions_come_in_the_order_of_the_list),
        cmocka_unit_test(sizes_are_one_a_range_or_a_list),
        cmocka_unit_test(sizes_that_are_none_are_told),
        cmocka_unit_test(every_mode_and_compression_has_its_word),
        cmocka_unit_test(what_is_out_of_range_is_told_with_the_range),
        cmocka_unit_test(headers_are_split_trimmed_and_in_lower_case),
        cmocka_unit_test(as_many_headers_as_there_is_room_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
