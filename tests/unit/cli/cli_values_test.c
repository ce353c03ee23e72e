/* The values of the options of `trisock serve`, each through the option that takes it. */
#include "cli_values.h"
#include "parse_line.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static char error[CLI_ERROR_MAX];

static enum tri_err parse(struct cli_options *o, const char *line)
{
    return parse_line(o, line, error);
}

static void assert_fails(const char *line, const char *sentence)
{
    struct cli_options o;
    assert_int_equal(parse(&o, line), TRI_ERR_INVALID);
    assert_string_equal(error, sentence);
}

static void http_versions_are_a_list(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        unsigned http;
    } rows[] = {
        {"--http 1.1", TRI_HTTP_1_1},     {"--http 2", TRI_HTTP_2},
        {"--http 3", TRI_HTTP_3},         {"--http 1.1,2,3", TRI_HTTP_ALL},
        {"--http 3,2,1.1", TRI_HTTP_ALL}, {"--http 2,2", TRI_HTTP_2},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct cli_options o;
        assert_int_equal(parse(&o, rows[i].line), TRI_OK);
        assert_int_equal(o.http, rows[i].http);
    }
    static const char *const bad[] = {"4", "1", "1.1,", ",2", "2;3", "1.1,2,3,4", "all"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct cli_options o;
        char line[64];
        (void)snprintf(line, sizeof line, "--http %s", bad[i]);
        assert_int_equal(parse(&o, line), TRI_ERR_INVALID);
        assert_non_null(strstr(error, bad[i]));
        assert_non_null(strstr(error, "1.1,2,3"));
    }
}

static void words_choose_what_is_done(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        enum tri_deflate deflate;
        enum tri_slow slow;
    } rows[] = {
        {"--deflate off --slow wait", TRI_DEFLATE_OFF, TRI_SLOW_WAIT},
        {"--deflate shared --slow drop", TRI_DEFLATE_SHARED, TRI_SLOW_DROP},
        {"--deflate dedicated --slow close", TRI_DEFLATE_DEDICATED, TRI_SLOW_CLOSE},
        {"--slow close --slow wait", TRI_DEFLATE_OFF, TRI_SLOW_WAIT}, /* the last one counts */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct cli_options o;
        assert_int_equal(parse(&o, rows[i].line), TRI_OK);
        assert_int_equal(o.deflate, rows[i].deflate);
        assert_int_equal(o.slow, rows[i].slow);
    }
    struct cli_options o;
    assert_int_equal(parse(&o, "--extended-connect off --extended-connect on"), TRI_OK);
    assert_true(o.extended_connect);
    assert_int_equal(parse(&o, "--log-format json --log-format text"), TRI_OK);
    assert_int_equal(o.log_format, TRI_LOG_TEXT);
}

static void every_limit_has_its_option(void **state)
{
    (void)state;
    static const struct {
        const char *option;
        uint64_t value;
        enum tri_limit limit;
    } rows[] = {
        {"--max-message", 1234, TRI_LIMIT_MESSAGE_BYTES},
        {"--max-queue", 1234, TRI_LIMIT_QUEUE_BYTES},
        {"--max-streams", 1234, TRI_LIMIT_STREAMS},
        {"--max-connections", 1234, TRI_LIMIT_CONNECTIONS},
        {"--max-connections-per-address", 1234, TRI_LIMIT_CONNECTIONS_ADDRESS},
        {"--memory-max", 123456789, TRI_LIMIT_MEMORY_BYTES},
        {"--max-half-open", 1234, TRI_LIMIT_HALF_OPEN},
        {"--max-sockets", 1234, TRI_LIMIT_SOCKETS},
        {"--max-fragments", 1234, TRI_LIMIT_FRAGMENTS},
        {"--max-control-frames", 1234, TRI_LIMIT_CONTROL_FRAMES},
        {"--ping-interval", 1234, TRI_LIMIT_PING_INTERVAL_MS},
        {"--idle-timeout", 1234, TRI_LIMIT_IDLE_TIMEOUT_MS},
        {"--close-timeout", 1234, TRI_LIMIT_CLOSE_TIMEOUT_MS},
        {"--handshake-timeout", 1234, TRI_LIMIT_HANDSHAKE_TIMEOUT_MS},
        {"--request-timeout", 1234, TRI_LIMIT_REQUEST_TIMEOUT_MS},
        {"--keepalive-timeout", 1234, TRI_LIMIT_KEEPALIVE_TIMEOUT_MS},
        {"--response-timeout", 1234, TRI_LIMIT_RESPONSE_TIMEOUT_MS},
        {"--deflate-memory", 1234567, TRI_LIMIT_DEFLATE_BYTES},
        {"--deflate-least", 1234, TRI_LIMIT_DEFLATE_LEAST_BYTES},
        {"--deflate-window", 13, TRI_LIMIT_DEFLATE_WINDOW_BITS},
        {"--deflate-level", 7, TRI_LIMIT_DEFLATE_LEVEL},
    };
    assert_int_equal(sizeof rows / sizeof rows[0], CLI_LIMITS_LEN);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct cli_options o;
        char line[64];
        (void)snprintf(line, sizeof line, "%s %" PRIu64, rows[i].option, rows[i].value);
        assert_int_equal(parse(&o, line), TRI_OK);
        assert_true(o.limits[rows[i].limit].given);
        assert_int_equal(o.limits[rows[i].limit].limit, rows[i].limit);
        assert_int_equal(o.limits[rows[i].limit].value, rows[i].value);
    }
}

static void a_limit_must_be_a_number_in_its_range(void **state)
{
    (void)state;
    static const char *const bad[] = {"-1", "1k", "0x10", "+1", "1.5"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct cli_options o;
        char line[64];
        (void)snprintf(line, sizeof line, "--max-message %s", bad[i]);
        assert_int_equal(parse(&o, line), TRI_ERR_INVALID);
        assert_non_null(strstr(error, bad[i]));
        assert_non_null(strstr(error, "no number"));
    }
    assert_fails("--max-message 0", "--max-message 0 is out of range; give 1 to 1073741824");
    assert_fails("--drain-seconds -1", "--drain-seconds -1 is no number; give digits only");
    assert_fails("--drain-seconds 5s", "--drain-seconds 5s is no number; give digits only");
    assert_fails("--drain-seconds 86401",
                 "--drain-seconds 86401 is longer than a day; give 86400 or less");
    assert_fails("--max-streams 4294967296",
                 "--max-streams 4294967296 is out of range; give 1 to 65536");
    assert_fails("--max-streams 99999999999999999999999",
                 "--max-streams 99999999999999999999999 is out of range; give 1 to 65536");
    assert_fails("--idle-timeout 9",
                 "--idle-timeout 9 is out of range; give 10 to 604800000, or 0");
    assert_fails("--deflate-window 8", "--deflate-window 8 is out of range; give 9 to 15");
    assert_fails("--deflate-level 10", "--deflate-level 10 is out of range; give 1 to 9");
}

static void E9_a_drain_is_given_in_seconds(void **state)
{
    (void)state;
    struct cli_options o;
    assert_int_equal(parse(&o, "--drain-seconds 30"), TRI_OK);
    assert_int_equal(o.drain_ms, 30000);
    assert_int_equal(parse(&o, "--drain-seconds=86400"), TRI_OK);
    assert_int_equal(o.drain_ms, TRI_DRAIN_MS_MAX);
    assert_int_equal(parse(&o, "--drain-seconds 0"), TRI_OK);
    assert_int_equal(o.drain_ms, 0);
}

static void a_value_that_is_none_of_its_option_is_told_with_a_good_one(void **state)
{
    (void)state;
    assert_fails("--echo echo", "--echo echo is no path; give one like /echo");
    assert_fails("--echo /a?b", "--echo /a?b is no path; give one like /echo");
    assert_fails("--deflate gzip", "--deflate gzip is not known; give off, shared or dedicated");
    assert_fails("--slow wai", "--slow wai is not known; give wait, drop or close");
    assert_fails("--log-format xml", "--log-format xml is not known; give text or json");
    assert_fails("--extended-connect maybe",
                 "--extended-connect maybe is not known; give on or off");
}

static void the_admin_address_is_of_this_machine_alone(void **state)
{
    (void)state;
    struct cli_options o;
    assert_int_equal(parse(&o, "--echo /e"), TRI_OK);
    assert_null(o.admin);
    assert_int_equal(parse(&o, "--admin [::1]:0"), TRI_OK);
    assert_string_equal(o.admin, "[::1]:0");
    assert_fails("--admin 9100",
                 "--admin 9100 is no address; give one like 127.0.0.1:9100 or [::1]:9100");
    assert_fails("--admin 0.0.0.0:9100",
                 "--admin 0.0.0.0:9100 can be reached from elsewhere, and whoever reaches it may "
                 "drain the server; give one like 127.0.0.1:9100 or [::1]:9100");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_admin_address_is_of_this_machine_alone),
        cmocka_unit_test(http_versions_are_a_list),
        cmocka_unit_test(words_choose_what_is_done),
        cmocka_unit_test(every_limit_has_its_option),
        cmocka_unit_test(a_limit_must_be_a_number_in_its_range),
        cmocka_unit_test(E9_a_drain_is_given_in_seconds),
        cmocka_unit_test(a_value_that_is_none_of_its_option_is_told_with_a_good_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
