/* The path of a URL, as the handshake asks for it. */
#include "cli_connect_run.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

static void the_path_is_what_stands_behind_the_host(void **state)
{
    (void)state;
    static const struct {
        const char *url, *path;
    } rows[] = {
        {"wss://localhost", "/"},
        {"wss://localhost:8443", "/"},
        {"wss://localhost/", "/"},
        {"wss://localhost/a/b?c=d&e", "/a/b?c=d&e"},
        {"wss://localhost?c=d", "/?c=d"},
        {"wss://[::1]:8443/echo", "/echo"},
        {"wss://localhost/a?b=wss://c/d", "/a?b=wss://c/d"},
        {"localhost/a", "/a"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char path[64];
        assert_int_equal(cli_connect_path(path, sizeof path, rows[i].url), TRI_OK);
        assert_string_equal(path, rows[i].path);
    }
}

static void a_url_has_no_fragment_and_an_end(void **state)
{
    (void)state;
    char path[8];
    assert_int_equal(cli_connect_path(path, sizeof path, "wss://h/a#b"), TRI_ERR_INVALID);
    assert_int_equal(cli_connect_path(path, sizeof path, "wss://h#b"), TRI_ERR_INVALID);
    assert_int_equal(cli_connect_path(path, sizeof path, "wss://h/234567"), TRI_OK);
    assert_int_equal(cli_connect_path(path, sizeof path, "wss://h/2345678"), TRI_ERR_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_path_is_what_stands_behind_the_host),
        cmocka_unit_test(a_url_has_no_fragment_and_an_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
