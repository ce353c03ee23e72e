/* The arguments of `trisock serve`: what they mean, and what is said about wrong ones. */
#include "cli_options.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define ARGS_MAX 48

static char error[CLI_ERROR_MAX];

/* Parses "a b c": arguments without blanks. */
static enum tri_err parse(struct cli_options *o, const char *line)
{
    static char text[1024];
    const char *argv[ARGS_MAX];
    int argc = 0;
    assert_true(strlen(line) < sizeof text);
    memcpy(text, line, strlen(line) + 1);
    for (char *at = text; *at;) {
        assert_true(argc < ARGS_MAX);
        argv[argc++] = at;
        at += strcspn(at, " ");
        if (*at) {
            *at++ = '\0';
        }
    }
    return cli_options_parse(o, argc, argv, error);
}

static void assert_fails(const char *line, const char *sentence)
{
    struct cli_options o;
    assert_int_equal(parse(&o, line), TRI_ERR_INVALID);
    assert_string_equal(error, sentence);
}

static void without_arguments_all_is_at_its_default(void **state)
{
    (void)state;
    struct cli_options o;
    assert_int_equal(parse(&o, ""), TRI_OK);
    assert_int_equal(o.listen_len + o.cleartext_len, 0);
    assert_string_equal(o.echo, "/echo");
    assert_int_equal(o.http, TRI_HTTP_ALL);
    assert_true(o.extended_connect);
    assert_int_equal(o.log_format, TRI_LOG_TEXT);
    assert_false(o.verbose || o.help || o.version || o.cleartext_redirect);
    assert_int_equal(o.cert_len + o.key_len, 0);
    assert_int_equal(o.drain_ms, 0);
    assert_null(o.root);
    assert_null(o.log);
    assert_null(o.keylog);
    assert_null(o.qlog);
    assert_int_equal(o.deflate, TRI_DEFLATE_OFF);
    assert_int_equal(o.slow, TRI_SLOW_WAIT);
    assert_null(o.subprotocols);
    assert_null(o.origins);
    for (size_t i = 0; i < CLI_LIMITS_LEN; i++) {
        assert_false(o.limits[i].given);
    }
}

static void assert_all_given(const struct cli_options *o)
{
    assert_int_equal(o->listen_len, 2);
    assert_string_equal(o->listen[0], "127.0.0.1:1");
    assert_string_equal(o->listen[1], "[::1]:2");
    assert_int_equal(o->cert_len, 1);
    assert_int_equal(o->key_len, 1);
    assert_string_equal(o->cert[0], "c.pem");
    assert_string_equal(o->key[0], "k.pem");
    assert_string_equal(o->root, "www");
    assert_string_equal(o->echo, "/e");
    assert_int_equal(o->http, TRI_HTTP_1_1 | TRI_HTTP_3);
    assert_false(o->extended_connect);
    assert_int_equal(o->deflate, TRI_DEFLATE_DEDICATED);
    assert_int_equal(o->slow, TRI_SLOW_CLOSE);
    assert_string_equal(o->subprotocols, "chat,superchat");
    assert_string_equal(o->origins, "https://a.example,https://b.example:1");
    assert_int_equal(o->cleartext_len, 1);
    assert_string_equal(o->cleartext[0], "localhost:80");
    assert_true(o->cleartext_redirect);
    assert_string_equal(o->keylog, "keys");
    assert_string_equal(o->qlog, "q");
    assert_string_equal(o->secret_file, "s");
    assert_string_equal(o->log, "-");
    assert_int_equal(o->log_format, TRI_LOG_JSON);
    assert_true(o->verbose);
}

static void every_option_is_read_in_both_spellings(void **state)
{
    (void)state;
    struct cli_options o;
    assert_int_equal(parse(&o, "--listen 127.0.0.1:1 --listen [::1]:2 --cert c.pem --key k.pem "
                               "--root www --echo /e --http 3,1.1 --extended-connect off "
                               "--deflate dedicated --slow close --subprotocol chat,superchat "
                               "--origin https://a.example,https://b.example:1 "
                               "--cleartext localhost:80 --cleartext-redirect --keylog keys "
                               "--qlog q --secret-file s --log - --log-format json --verbose"),
                     TRI_OK);
    assert_all_given(&o);
    assert_int_equal(parse(&o, "--listen=127.0.0.1:1 --listen=[::1]:2 --cert=c.pem --key=k.pem "
                               "--root=www --echo=/e --http=3,1.1 --extended-connect=off "
                               "--deflate=dedicated --slow=close --subprotocol=chat,superchat "
                               "--origin=https://a.example,https://b.example:1 "
                               "--cleartext=localhost:80 --cleartext-redirect --keylog=keys "
                               "--qlog=q --secret-file=s --log=- --log-format=json --verbose"),
                     TRI_OK);
    assert_all_given(&o);
}

static void N6_certificates_and_keys_are_paired_in_order(void **state)
{
    (void)state;
    struct cli_options o;
    assert_int_equal(parse(&o, "--cert c1 --cert c2 --key k1 --cert c3 --key k2 --key k3"), TRI_OK);
    assert_int_equal(o.cert_len, 3);
    assert_int_equal(o.key_len, 3);
    assert_string_equal(o.cert[1], "c2");
    assert_string_equal(o.key[1], "k2");
    assert_string_equal(o.key[2], "k3");
    assert_fails("--cert c1 --key k1 --cert c2",
                 "--cert c2 is given without its key; add --key FILE");
    assert_fails("--cert c1 --key k1 --key k2",
                 "--key k2 is given without its certificate; add --cert FILE");
}

static void N6_certificates_have_a_limit(void **state)
{
    (void)state;
    static const char *const names[] = {"--cert", "--key"};
    for (size_t n = 0; n < 2; n++) {
        const char *argv[2 * (TRI_CERTIFICATES_MAX + 1)];
        for (size_t i = 0; i < TRI_CERTIFICATES_MAX + 1; i++) {
            argv[2 * i] = names[n];
            argv[2 * i + 1] = "file";
        }
        struct cli_options o;
        assert_int_equal(cli_options_parse(&o, (int)(2 * (TRI_CERTIFICATES_MAX + 1)), argv, error),
                         TRI_ERR_INVALID);
        assert_non_null(strstr(error, "is given more than 64 times; leave some out"));
        assert_int_equal(cli_options_parse(&o, (int)(2 * TRI_CERTIFICATES_MAX), argv, error),
                         TRI_ERR_INVALID); /* the other file of each is missing */
        assert_non_null(strstr(error, "file is given without its"));
    }
}

static void a_value_may_hold_an_equals_sign(void **state)
{
    (void)state;
    struct cli_options o;
    assert_int_equal(parse(&o, "--root=a=b"), TRI_OK);
    assert_string_equal(o.root, "a=b");
    assert_int_equal(parse(&o, "--root --cert"), TRI_OK); /* a folder may be called anything */
    assert_string_equal(o.root, "--cert");
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
    static const char *const bad[] = {"-1", "1k", "0x10", "+1", "1.5", "99999999999999999999999"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct cli_options o;
        char line[64];
        (void)snprintf(line, sizeof line, "--max-message %s", bad[i]);
        assert_int_equal(parse(&o, line), TRI_ERR_INVALID);
        assert_non_null(strstr(error, bad[i]));
        assert_non_null(strstr(error, "no number"));
    }
    assert_fails("--max-message 0", "--max-message 0 is out of range; see trisock serve --help");
    assert_fails("--drain-seconds -1", "--drain-seconds -1 is no number; give digits only");
    assert_fails("--drain-seconds 5s", "--drain-seconds 5s is no number; give digits only");
    assert_fails("--drain-seconds 86401",
                 "--drain-seconds 86401 is longer than a day; give 86400 or less");
    assert_fails("--max-streams 4294967296",
                 "--max-streams 4294967296 is out of range; see trisock serve --help");
    assert_fails("--deflate-window 8",
                 "--deflate-window 8 is out of range; see trisock serve --help");
    assert_fails("--deflate-level 10",
                 "--deflate-level 10 is out of range; see trisock serve --help");
}

static void what_is_not_known_is_named(void **state)
{
    (void)state;
    assert_fails("--lisen 127.0.0.1:1", "unknown option --lisen; see trisock serve --help");
    assert_fails("--list", "unknown option --list; see trisock serve --help");
    assert_fails("--nothing=1", "unknown option --nothing; see trisock serve --help");
    assert_fails("-v", "unknown option -v; see trisock serve --help");
    assert_fails("www", "unknown argument www; see trisock serve --help");
    assert_fails("--verbose www", "unknown argument www; see trisock serve --help");
}

static void a_value_that_lacks_or_is_too_much_is_told(void **state)
{
    (void)state;
    assert_fails("--listen", "--listen wants a value; see trisock serve --help");
    assert_fails("--verbose --cert", "--cert wants a value; see trisock serve --help");
    assert_fails("--root=", "--root wants a value; see trisock serve --help");
    assert_fails("--verbose=yes", "--verbose takes no value; leave out =yes");
}

static void a_bad_value_is_told_with_a_good_one(void **state)
{
    (void)state;
    assert_fails("--listen 127.0.0.1", "--listen 127.0.0.1 is no address; give one like "
                                       "127.0.0.1:8443 or [::1]:8443");
    assert_fails("--cleartext x:80",
                 "--cleartext x:80 is no address; give one like 127.0.0.1:8443 or [::1]:8443");
    assert_fails("--echo echo", "--echo echo is no path; give one like /echo");
    assert_fails("--echo /a?b", "--echo /a?b is no path; give one like /echo");
    assert_fails("--echo /hello", "--echo /hello is taken by the greeting; give another path");
    assert_fails("--echo /stream", "--echo /stream is taken by the stream; give another path");
    assert_fails("--echo /rooms/", "--echo /rooms/ is taken by the rooms; give another path");
    assert_fails("--deflate gzip", "--deflate gzip is not known; give off, shared or dedicated");
    assert_fails("--slow wai", "--slow wai is not known; give wait, drop or close");
    assert_fails("--origin=", "--origin wants a value; see trisock serve --help");
    assert_fails("--log-format xml", "--log-format xml is not known; give text or json");
    assert_fails("--extended-connect maybe",
                 "--extended-connect maybe is not known; give on or off");
}

static void what_belongs_together_is_asked_for(void **state)
{
    (void)state;
    assert_fails("--cert c.pem", "--cert c.pem is given without its key; add --key FILE");
    assert_fails("--key k.pem", "--key k.pem is given without its certificate; add --cert FILE");
    assert_fails("--cleartext-redirect",
                 "--cleartext-redirect needs a port to redirect from; add --cleartext ADDR:PORT");
}

static void addresses_end_at_the_limit(void **state)
{
    (void)state;
    static const char *const options[] = {"--listen", "--cleartext"};
    for (size_t i = 0; i < 2; i++) {
        const char *argv[2 * (TRI_LISTENERS_MAX + 1)];
        for (size_t n = 0; n <= TRI_LISTENERS_MAX; n++) {
            argv[2 * n] = options[i];
            argv[2 * n + 1] = "127.0.0.1:0";
        }
        struct cli_options o;
        assert_int_equal(cli_options_parse(&o, 2 * TRI_LISTENERS_MAX, argv, error), TRI_OK);
        assert_int_equal(cli_options_parse(&o, 2 * (TRI_LISTENERS_MAX + 1), argv, error),
                         TRI_ERR_INVALID);
        assert_non_null(strstr(error, "more than 16 times"));
    }
}

static void help_and_version_stop_the_reading(void **state)
{
    (void)state;
    struct cli_options o;
    assert_int_equal(parse(&o, "--help --nonsense"), TRI_OK);
    assert_true(o.help);
    assert_int_equal(parse(&o, "-h"), TRI_OK);
    assert_true(o.help);
    assert_int_equal(parse(&o, "--version --cert x"), TRI_OK);
    assert_true(o.version);
    assert_int_equal(parse(&o, "--nonsense --help"), TRI_ERR_INVALID);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(E9_a_drain_is_given_in_seconds),
        cmocka_unit_test(without_arguments_all_is_at_its_default),
        cmocka_unit_test(every_option_is_read_in_both_spellings),
        cmocka_unit_test(N6_certificates_and_keys_are_paired_in_order),
        cmocka_unit_test(N6_certificates_have_a_limit),
        cmocka_unit_test(a_value_may_hold_an_equals_sign),
        cmocka_unit_test(http_versions_are_a_list),
        cmocka_unit_test(words_choose_what_is_done),
        cmocka_unit_test(every_limit_has_its_option),
        cmocka_unit_test(a_limit_must_be_a_number_in_its_range),
        cmocka_unit_test(what_is_not_known_is_named),
        cmocka_unit_test(a_value_that_lacks_or_is_too_much_is_told),
        cmocka_unit_test(a_bad_value_is_told_with_a_good_one),
        cmocka_unit_test(what_belongs_together_is_asked_for),
        cmocka_unit_test(addresses_end_at_the_limit),
        cmocka_unit_test(help_and_version_stop_the_reading),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
