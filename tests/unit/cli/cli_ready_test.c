/* What is said when the server serves, and when it cannot. */
#include "cli_ready.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

/* The server, as far as the lines need it. */
struct tri_server {
    const char *addresses[2], *cleartext, *admin, *made;
};

const char *tri_server_address(const struct tri_server *server, size_t index)
{
    return index < 2 ? server->addresses[index] : NULL;
}

const char *tri_server_cleartext_address(const struct tri_server *server, size_t index)
{
    return index < 1 ? server->cleartext : NULL;
}

const char *tri_server_admin_address(const struct tri_server *server)
{
    return server->admin;
}

const char *tri_server_spki_pin(const struct tri_server *server)
{
    (void)server;
    return "PIN=";
}

const char *tri_server_made_certificate(const struct tri_server *server)
{
    return server->made;
}

static const char *print(const struct tri_server *server, const struct cli_options *options)
{
    static char text[2048];
    memset(text, 0, sizeof text);
    FILE *out = fmemopen(text, sizeof text - 1, "w");
    assert_non_null(out);
    cli_ready_print(out, server, options);
    (void)fclose(out);
    return text;
}

static void each_address_has_its_line(void **state)
{
    (void)state;
    const struct tri_server server = {.addresses = {"127.0.0.1:8443", "[::1]:8443"}};
    const struct cli_options options = {.http = TRI_HTTP_ALL};
    assert_string_equal(print(&server, &options),
                        "trisock: serving https://127.0.0.1:8443 (h3, h2, http/1.1)\n"
                        "trisock: serving https://[::1]:8443 (h3, h2, http/1.1)\n");
}

static void only_what_is_offered_is_named(void **state)
{
    (void)state;
    static const char *const names[] = {"",   "http/1.1",     "h2",     "h2, http/1.1",
                                        "h3", "h3, http/1.1", "h3, h2", "h3, h2, http/1.1"};
    const struct tri_server server = {.addresses = {"127.0.0.1:1"}};
    for (unsigned http = 1; http <= TRI_HTTP_ALL; http++) {
        const struct cli_options options = {.http = http};
        char line[128];
        (void)snprintf(line, sizeof line, "trisock: serving https://127.0.0.1:1 (%s)\n",
                       names[http]);
        assert_string_equal(print(&server, &options), line);
    }
}

static void the_cleartext_port_has_a_line(void **state)
{
    (void)state;
    const struct tri_server server = {.addresses = {"127.0.0.1:1"}, .cleartext = "127.0.0.1:2"};
    struct cli_options options = {.http = TRI_HTTP_2};
    assert_string_equal(print(&server, &options), "trisock: serving https://127.0.0.1:1 (h2)\n"
                                                  "trisock: refusing http://127.0.0.1:2\n");
    options.cleartext_redirect = true;
    assert_string_equal(print(&server, &options), "trisock: serving https://127.0.0.1:1 (h2)\n"
                                                  "trisock: redirecting http://127.0.0.1:2\n");
}

static void the_admin_address_has_a_line(void **state)
{
    (void)state;
    const struct tri_server server = {.addresses = {"127.0.0.1:1"}, .admin = "[::1]:9100"};
    const struct cli_options options = {.http = TRI_HTTP_2};
    assert_string_equal(print(&server, &options),
                        "trisock: serving https://127.0.0.1:1 (h2)\n"
                        "trisock: metrics at http://[::1]:9100/metrics\n");
}

static void N8_the_command_that_trusts_a_made_certificate_is_printed(void **state)
{
    (void)state;
    const struct tri_server server = {.addresses = {"127.0.0.1:8443"}, .made = "/s/localhost.crt"};
    struct cli_options options = {.http = TRI_HTTP_ALL};
    const char *text = print(&server, &options);
    assert_non_null(strstr(text, "/s/localhost.crt"));
    assert_non_null(strstr(text, " --ignore-certificate-errors-spki-list=PIN= "));
    assert_non_null(strstr(text, " --enable-quic --origin-to-force-quic-on=127.0.0.1:8443 "
                                 "--enable-features=EnableWebsocketsOverHttp3 "));
    assert_non_null(strstr(text, " https://127.0.0.1:8443/\n"));
    options.http = TRI_HTTP_2;
    assert_null(strstr(print(&server, &options), "quic"));
}

static void a_used_port_is_told_with_the_option_that_changes_it(void **state)
{
    (void)state;
    char out[CLI_ERROR_MAX];
    struct cli_options options = {.http = TRI_HTTP_ALL};
    const char *sentence = "127.0.0.1:80 is in use by another program; choose another port";
    cli_ready_explain(out, TRI_ERR_INUSE, sentence, &options);
    assert_string_equal(out, "127.0.0.1:80 is in use by another program; choose another with "
                             "--listen ADDR:PORT");
    options.cleartext[0] = "127.0.0.1:80";
    options.cleartext_len = 1;
    cli_ready_explain(out, TRI_ERR_INUSE, sentence, &options);
    assert_string_equal(out, "127.0.0.1:80 is in use by another program; choose another with "
                             "--cleartext ADDR:PORT");
    options.cleartext_len = 0;
    options.admin = "127.0.0.1:80";
    cli_ready_explain(out, TRI_ERR_INUSE, sentence, &options);
    assert_string_equal(out, "127.0.0.1:80 is in use by another program; choose another with "
                             "--admin ADDR:PORT");
}

static void other_sentences_stay_as_they_are(void **state)
{
    (void)state;
    char out[CLI_ERROR_MAX];
    const struct cli_options options = {.http = TRI_HTTP_ALL};
    cli_ready_explain(out, TRI_ERR_TLS, "the key is not good; give another", &options);
    assert_string_equal(out, "the key is not good; give another");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_address_has_its_line),
        cmocka_unit_test(only_what_is_offered_is_named),
        cmocka_unit_test(the_cleartext_port_has_a_line),
        cmocka_unit_test(the_admin_address_has_a_line),
        cmocka_unit_test(N8_the_command_that_trusts_a_made_certificate_is_printed),
        cmocka_unit_test(a_used_port_is_told_with_the_option_that_changes_it),
        cmocka_unit_test(other_sentences_stay_as_they_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
