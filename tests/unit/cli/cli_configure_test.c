/* The options as a configuration. */
#include "cli_configure.h"
#include "server_config.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

static struct tri_config *config;

static int set_up(void **state)
{
    (void)state;
    config = tri_config_new();
    return config ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    tri_config_free(config);
    return 0;
}

/* Configures by |argv|, |argc| of them. */
static void configure(int argc, const char *const *argv)
{
    struct cli_options o;
    char error[CLI_ERROR_MAX];
    assert_int_equal(cli_options_parse(&o, argc, argv, error), TRI_OK);
    assert_int_equal(cli_configure(config, &o), TRI_OK);
    cli_options_deinit(&o);
}

static void without_options_all_is_at_its_default(void **state)
{
    (void)state;
    struct tri_limits limits;
    tri_limits_default(&limits);
    configure(0, NULL);
    assert_int_equal(config->listen_len + config->cleartext_len + config->certs_len, 0);
    assert_int_equal(config->http, TRI_HTTP_ALL);
    assert_true(config->extended_connect);
    assert_int_equal(config->early_data, TRI_EARLY_DATA_OFF);
    assert_int_equal(config->limits.message_bytes_max, limits.message_bytes_max);
    assert_int_equal(config->limits.deflate_level, limits.deflate_level);
    assert_null(config->keylog_file);
    assert_null(config->qlog_dir);
    assert_null(config->secret_file);
}

static void every_option_arrives(void **state)
{
    (void)state;
    static const char *const argv[] = {
        "--listen=127.0.0.1:1",
        "--listen=127.0.0.1:2",
        "--no-extended-connect",
        "--cleartext=127.0.0.1:3",
        "--cleartext-redirect",
        "--cert=c1",
        "--key=k1",
        "--cert=c2",
        "--key=k2",
        "--http=2",
        "--keylog=keys",
        "--qlog=q",
        "--secret-file=s",
        "--max-message=7",
        "--admin=127.0.0.1:4",
        "--drain-seconds=5",
        "--early-data",
    };
    configure(sizeof argv / sizeof argv[0], argv);
    assert_int_equal(config->listen_len, 2);
    assert_int_equal(tri_addr_port(&config->listen[1].addr), 2);
    assert_false(config->listen[0].has_extended_connect);
    assert_true(config->listen[1].has_extended_connect);
    assert_false(config->listen[1].extended_connect);
    assert_true(config->extended_connect);
    assert_int_equal(config->cleartext_len, 1);
    assert_int_equal(config->cleartext[0].answer, TRI_CLEARTEXT_REDIRECT);
    assert_int_equal(config->certs_len, 2);
    assert_string_equal(config->certs[1].cert, "c2");
    assert_string_equal(config->certs[1].key, "k2");
    assert_int_equal(config->http, TRI_HTTP_2);
    assert_string_equal(config->keylog_file, "keys");
    assert_string_equal(config->qlog_dir, "q");
    assert_string_equal(config->secret_file, "s");
    assert_int_equal(config->limits.message_bytes_max, 7);
    assert_int_equal(tri_addr_port(&config->admin), 4);
    assert_int_equal(config->drain_ms, 5000);
    assert_int_equal(config->early_data, TRI_EARLY_DATA_WAIT);
}

static void E1_extended_connect_goes_off_everywhere(void **state)
{
    (void)state;
    static const char *const argv[] = {"--no-extended-connect", "--listen=127.0.0.1:1"};
    configure(2, argv);
    assert_false(config->extended_connect);
    assert_false(config->listen[0].has_extended_connect);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(without_options_all_is_at_its_default),
        CASE(every_option_arrives),
        CASE(E1_extended_connect_goes_off_everywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
