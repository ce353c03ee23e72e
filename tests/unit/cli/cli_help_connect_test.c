/* The help of `trisock connect` names every option and fits a terminal. */
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
    static const char *const names[] = {"--http LIST",     "--header 'NAME: VALUE'",
                                        "--origin ORIGIN", "--subprotocol LIST",
                                        "--deflate off",   "--ping TIME",
                                        "--binary",        "--raw",
                                        "--once MESSAGE",  "--wait TIME",
                                        "--json",          "--max-message SIZE",
                                        "--ca FILE",       "--insecure",
                                        "-v, --verbose",   "--keylog FILE",
                                        "--qlog DIR",      "--bridge [ADDR:]PORT",
                                        "--help"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (!strstr(cli_help_connect(), names[i])) {
            fail_msg("the help does not name %s", names[i]);
        }
    }
    assert_non_null(strstr(cli_help(), "connect"));
}

static void every_exit_status_is_explained(void **state)
{
    (void)state;
    const char *at = strstr(cli_help_connect(), "Exit status: ");
    assert_non_null(at);
    static const char *const codes[] = {"0 closed", "1 it did", "2 the", "3 closed", "; 4 ended"};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        assert_non_null(strstr(at, codes[i]));
    }
}

static void it_fits_a_terminal(void **state)
{
    (void)state;
    for (const char *at = cli_help_connect(); *at != '\0';) {
        const size_t len = strcspn(at, "\n");
        assert_int_equal(at[len], '\n');
        assert_true(len <= 92 && (len == 0 || at[len - 1] != ' '));
        at += len + 1;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_option_is_explained),
        cmocka_unit_test(every_exit_status_is_explained),
        cmocka_unit_test(it_fits_a_terminal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
