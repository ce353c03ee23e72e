/* The options of the link. */
#include "link_options.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#define WORDS_MAX 32
#define MS UINT64_C(1000000)

static char error[LINK_ERROR_MAX];
static char words[512];

/* Parses "a b c"; the options borrow from |words|. */
static bool parse(struct link_options *o, const char *line)
{
    static char *argv[WORDS_MAX];
    int argc = 0;
    char *rest = NULL;
    error[0] = '\0';
    (void)snprintf(words, sizeof words, "link %s", line);
    for (char *word = strtok_r(words, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
        argv[argc++] = word;
    }
    argv[argc] = NULL;
    return link_options_parse(o, argc, argv, error);
}

static void times_have_a_unit(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t ns;
    } rows[] = {{"25ms", 25 * MS}, {"0.5s", 500 * MS}, {"100us", 100000},
                {"0", 0},          {"0.5ms", 500000},  {"60s", 60000 * MS}};
    uint64_t ns = 0;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_true(link_options_time(rows[i].text, &ns));
        assert_true(ns == rows[i].ns);
    }
    static const char *const bad[] = {"25",  "ms", "-1ms", "25 ms", "25msx",
                                      "61s", "",   "nan",  "1e999s"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(link_options_time(bad[i], &ns));
    }
}

static void shares_are_percent_or_fractions(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double share;
    } rows[] = {{"1%", 0.01}, {"0.01", 0.01}, {"0.5%", 0.005}, {"0", 0},
                {"0%", 0},    {"100%", 1},    {"1", 1}};
    double share = 0;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_true(link_options_share(rows[i].text, &share));
        assert_float_equal((float)share, (float)rows[i].share, 1e-6F);
    }
    static const char *const bad[] = {"101%", "1.5", "-1%", "%", "1%%", "one"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(link_options_share(bad[i], &share));
    }
}

static void rates_are_bits_a_second(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t bps;
    } rows[] = {
        {"20mbit", 20000000}, {"500kbit", 500000}, {"1gbit", 1000000000}, {"1.5mbit", 1500000}};
    uint64_t bps = 0;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_true(link_options_rate(rows[i].text, &bps));
        assert_true(bps == rows[i].bps);
    }
    static const char *const bad[] = {"20", "20mb", "0mbit", "0.5kbit", "101gbit", "-1mbit"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(link_options_rate(bad[i], &bps));
    }
}

static void all_options_together(void **state)
{
    (void)state;
    struct link_options o;
    assert_true(parse(&o,
                      "--delay 25ms --loss 1% --rate 20mbit --queue 50ms --reorder 0.5% --seed 7 "
                      "--mtu 1400 --server serve --ready 8443 --stats out -- run --delay x"));
    assert_true(o.line.delay_ns == 25 * MS && o.line.rate_bps == 20000000);
    assert_true(o.line.queue_ns == 50 * MS && o.line.hold_ns == 25 * MS / 4);
    assert_float_equal((float)o.loss, 0.01F, 1e-6F);
    assert_float_equal((float)o.reorder, 0.005F, 1e-6F);
    assert_int_equal(o.seed, 7);
    assert_int_equal(o.mtu, 1400);
    assert_string_equal(o.server, "serve");
    assert_string_equal(o.ready, "8443");
    assert_string_equal(o.stats, "out");
    assert_string_equal(o.command[0], "run");
    assert_string_equal(o.command[1], "--delay");
    assert_string_equal(o.command[2], "x");
    assert_null(o.command[3]);
}

static void without_options_the_link_is_perfect(void **state)
{
    (void)state;
    struct link_options o;
    assert_true(parse(&o, "-- true"));
    assert_true(o.line.delay_ns == 0 && o.line.rate_bps == 0 && o.loss == 0 && o.reorder == 0);
    assert_int_equal(o.seed, 1);
    assert_int_equal(o.mtu, 1500);
    assert_null(o.server);
    assert_true(o.line.queue_ns == 100 * MS);
    assert_true(o.line.hold_ns == MS); /* what is held back is held back by something */
}

static void a_queue_in_bytes_is_a_time_at_that_rate(void **state)
{
    (void)state;
    struct link_options o;
    assert_true(parse(&o, "--queue 100kB --rate 8mbit -- true"));
    assert_true(o.line.queue_ns == 100 * MS);
    assert_true(parse(&o, "--queue 1500B --rate 8mbit -- true"));
    assert_true(o.line.queue_ns == 3 * MS / 2);
    assert_false(parse(&o, "--queue 100kB -- true"));
    assert_string_equal(error, "--queue in bytes wants a --rate");
}

static void what_is_wrong_is_named(void **state)
{
    (void)state;
    static const struct {
        const char *line, *sentence;
    } rows[] = {
        {"--delay 25 -- true", "--delay wants a time of at most 60s, such as 25ms, not 25"},
        {"--loss 1.5 -- true", "--loss wants a share, such as 1% or 0.01, not 1.5"},
        {"--rate fast -- true",
         "--rate wants a rate from 1kbit to 100gbit, such as 20mbit, not fast"},
        {"--mtu 1279 -- true", "--mtu wants bytes, 1280 to 65535, not 1279"},
        {"--mtu 65536 -- true", "--mtu wants bytes, 1280 to 65535, not 65536"},
        {"--seed -1 -- true", "--seed wants a whole number, not -1"},
        {"--queue 68MB --rate 1mbit -- true",
         "--queue wants a time or a size, such as 50ms or 64kB, not 68MB"},
        {"--jitter 5ms -- true", "unknown option: --jitter"},
        {"--seed", "--seed wants a whole number, not nothing"},
        {"--seed 7", "there is no command: put it behind --"},
        {"--seed 7 --", "there is no command: put it behind --"},
        {"true", "unknown option: true"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct link_options o;
        assert_false(parse(&o, rows[i].line));
        assert_string_equal(error, rows[i].sentence);
    }
}

static void help_wants_no_command(void **state)
{
    (void)state;
    struct link_options o;
    assert_true(parse(&o, "--help"));
    assert_true(o.help);
    assert_non_null(strstr(link_options_usage, "one way"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_have_a_unit),
        cmocka_unit_test(shares_are_percent_or_fractions),
        cmocka_unit_test(rates_are_bits_a_second),
        cmocka_unit_test(all_options_together),
        cmocka_unit_test(without_options_the_link_is_perfect),
        cmocka_unit_test(a_queue_in_bytes_is_a_time_at_that_rate),
        cmocka_unit_test(what_is_wrong_is_named),
        cmocka_unit_test(help_wants_no_command),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
