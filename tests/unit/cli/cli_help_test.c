/* The help names every option and fits a terminal. */
#include "base_limits.h"
#include "cli_help.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

static void every_option_is_explained(void **state)
{
    (void)state;
    static const char *const names[] = {
        "--config FILE",
        "--listen ADDR:PORT",
        "--cert FILE",
        "--key FILE",
        "--root DIR",
        "--echo PATH",
        "--http LIST",
        "--extended-connect on|off",
        "--no-extended-connect",
        "--early-data",
        "--early-data-websocket wait|425",
        "--deflate off|shared|dedicated",
        "--slow wait|drop|close",
        "--subprotocol LIST",
        "--origin LIST",
        "--cleartext ADDR:PORT",
        "--cleartext-redirect",
        "--keylog FILE",
        "--qlog DIR",
        "--secret-file FILE",
        "--log FILE",
        "--log-format",
        "--verbose",
        "--drain-seconds N",
        "--version",
        "--help",
        "--max-message N",
        "--max-queue N",
        "--max-streams N",
        "--max-connections N",
        "--max-connections-per-address N",
        "--memory-max N",
        "--max-half-open N",
        "--max-sockets N",
        "--max-fragments N",
        "--max-control-frames N",
        "--ping-interval N",
        "--idle-timeout N",
        "--close-timeout N",
        "--handshake-timeout N",
        "--request-timeout N",
        "--keepalive-timeout N",
        "--response-timeout N",
        "--deflate-memory N",
        "--deflate-least N",
        "--deflate-window N",
        "--deflate-level N",
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_non_null(strstr(cli_help_serve(), names[i]));
    }
}

static void every_option_of_bench_is_explained(void **state)
{
    (void)state;
    static const char *const names[] = {
        "--http LIST",
        "--sockets N",
        "--connections N",
        "--size BYTES",
        "--in-flight N",
        "--rate N",
        "--duration TIME",
        "--warmup TIME",
        "--rounds N",
        "--threads N",
        "--fresh",
        "--resume",
        "--verify",
        "--server-pid N",
        "--header 'NAME: VALUE'",
        "--origin ORIGIN",
        "--subprotocol LIST",
        "--ca FILE",
        "--insecure",
        "--json FILE",
        "--html FILE",
        "--compare A B",
        "--label TEXT",
        "--seed N",
        "--deflate off|shared|dedicated",
        "--mode echo|open|idle|push|broadcast",
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_non_null(strstr(cli_help_bench(), names[i]));
    }
}

static void every_application_is_named(void **state)
{
    (void)state;
    static const char *const paths[] = {"/echo", "/hello", "/stream", "/rooms/NAME",
                                        "/push?size=N"};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        assert_non_null(strstr(cli_help_serve(), paths[i]));
    }
}

/* The default that the help names behind |option|. */
static unsigned long long default_of(const char *option)
{
    const char *at = strstr(cli_help_serve(), option);
    assert_non_null(at);
    at = strstr(at, "(default ");
    assert_non_null(at);
    return strtoull(at + strlen("(default "), NULL, 10);
}

static void the_defaults_are_those_of_the_library(void **state)
{
    (void)state;
    struct tri_limits limits;
    tri_limits_default(&limits);
    assert_int_equal(default_of("--max-message "), limits.message_bytes_max);
    assert_int_equal(default_of("--max-queue "), limits.queue_bytes_max);
    assert_int_equal(default_of("--max-streams "), limits.streams_max);
    assert_int_equal(default_of("--max-connections "), limits.connections_max);
    assert_int_equal(default_of("--max-connections-per-address "), limits.connections_address_max);
    assert_int_equal(default_of("--memory-max "), limits.memory_bytes_max);
    assert_int_equal(default_of("--response-timeout "), limits.response_timeout_ms);
    assert_int_equal(default_of("--max-half-open "), limits.half_open_max);
    assert_int_equal(default_of("--max-sockets "), limits.sockets_max);
    assert_int_equal(default_of("--max-fragments "), limits.fragments_max);
    assert_int_equal(default_of("--max-control-frames "), limits.control_frames_max);
    assert_int_equal(default_of("--deflate-memory "), limits.deflate_bytes_max);
    assert_int_equal(default_of("--deflate-least "), limits.deflate_bytes_least);
    assert_int_equal(default_of("--deflate-window "), limits.deflate_window_bits);
    assert_int_equal(default_of("--deflate-level "), limits.deflate_level);
}

static void assert_narrow(const char *text)
{
    while (*text) {
        size_t len = strcspn(text, "\n");
        assert_true(len <= 90);
        assert_int_equal(text[len], '\n');
        text += len + 1;
    }
}

static void lines_are_short_and_end(void **state)
{
    (void)state;
    assert_narrow(cli_help());
    assert_narrow(cli_help_serve());
    assert_narrow(cli_help_bench());
    assert_non_null(strstr(cli_help(), "serve"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_option_is_explained),
        cmocka_unit_test(every_option_of_bench_is_explained),
        cmocka_unit_test(every_application_is_named),
        cmocka_unit_test(the_defaults_are_those_of_the_library),
        cmocka_unit_test(lines_are_short_and_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
