/* Which addresses a server listens on, of each kind, and in which order they are told. */
#include "server_worker.h"

#include "test_server.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

static void each_kind_of_address_is_listened_on(void **state)
{
    (void)state;
    struct test_server s;
    test_server_init(&s); /* one with TLS */
    assert_int_equal(tri_config_listen(s.config, "127.0.0.1:0"), TRI_OK);
    assert_int_equal(tri_config_cleartext(s.config, "127.0.0.1:0", TRI_CLEARTEXT_REFUSE), TRI_OK);
    assert_int_equal(tri_config_admin(s.config, "127.0.0.1:0"), TRI_OK);
    test_server_start(&s);
    const char *addresses[] = {
        tri_server_address(s.server, 0),
        tri_server_address(s.server, 1),
        tri_server_cleartext_address(s.server, 0),
        tri_server_admin_address(s.server),
    };
    for (size_t i = 0; i < sizeof addresses / sizeof addresses[0]; i++) {
        assert_non_null(addresses[i]);
        assert_int_equal(strncmp(addresses[i], "127.0.0.1:", 10), 0);
        assert_string_not_equal(addresses[i], "127.0.0.1:0");
        for (size_t k = 0; k < i; k++) {
            assert_string_not_equal(addresses[i], addresses[k]);
        }
        char line[128];
        (void)snprintf(line, sizeof line, "info listen address=%s ", addresses[i]);
        assert_non_null(strstr(s.log, line));
    }
    assert_null(tri_server_address(s.server, 2));
    assert_null(tri_server_cleartext_address(s.server, 1));
    assert_non_null(strstr(s.log, " admin=1\n"));
    test_server_deinit(&s);
}

static void one_that_fails_closes_those_before_it(void **state)
{
    (void)state;
    struct test_server first;
    struct test_server second;
    test_server_init(&first);
    assert_int_equal(tri_config_admin(first.config, "127.0.0.1:0"), TRI_OK);
    test_server_start(&first);
    test_server_init(&second);
    const char *taken = tri_server_admin_address(first.server);
    assert_int_equal(tri_config_admin(second.config, taken), TRI_OK);
    assert_int_equal(
        tri_server_new(&second.server, second.config, second.error, sizeof second.error),
        TRI_ERR_INUSE);
    assert_null(second.server);
    assert_int_equal(strncmp(second.error, taken, strlen(taken)), 0);
    test_server_deinit(&second);
    test_server_deinit(&first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_kind_of_address_is_listened_on),
        cmocka_unit_test(one_that_fails_closes_those_before_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
