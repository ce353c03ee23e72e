/* The help names every option and fits a terminal. */
#include "cli_help.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

static void every_option_is_explained(void **state)
{
    (void)state;
    static const char *const names[] = {
        "--listen ADDR:PORT",
        "--cert FILE",
        "--key FILE",
        "--root DIR",
        "--echo PATH",
        "--http LIST",
        "--extended-connect",
        "--cleartext ADDR:PORT",
        "--cleartext-redirect",
        "--keylog FILE",
        "--qlog DIR",
        "--log FILE",
        "--log-format",
        "--verbose",
        "--version",
        "--help",
        "--max-message N",
        "--max-queue N",
        "--max-streams N",
        "--max-connections N",
        "--ping-interval N",
        "--idle-timeout N",
        "--close-timeout N",
        "--handshake-timeout N",
        "--request-timeout N",
        "--keepalive-timeout N",
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_non_null(strstr(cli_help_serve(), names[i]));
    }
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
    assert_non_null(strstr(cli_help(), "serve"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_option_is_explained),
        cmocka_unit_test(lines_are_short_and_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
