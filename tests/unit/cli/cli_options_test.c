/* The arguments of `trisock serve`: what they mean, and what is said about wrong ones. */
#include "cli_config.h"
#include "cli_options.h"
#include "parse_line.h"
#include "temp_dir.h"

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

static void N7_early_data_is_off_and_a_websocket_in_it_waits_unless_said_otherwise(void **state)
{
    (void)state;
    struct cli_options o;
    assert_int_equal(parse(&o, ""), TRI_OK);
    assert_false(o.early_data || o.early_data_425);
    assert_int_equal(parse(&o, "--early-data --early-data-websocket 425"), TRI_OK);
    assert_true(o.early_data && o.early_data_425);
    assert_int_equal(parse(&o, "--early-data-websocket=wait --early-data"), TRI_OK);
    assert_true(o.early_data && !o.early_data_425);
    assert_fails("--early-data-websocket 426",
                 "--early-data-websocket 426 is not known; give wait or 425");
    assert_fails("--early-data-websocket 425",
                 "--early-data-websocket 425 says nothing while no early data is taken; add "
                 "--early-data");
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
    assert_fails("--echo /hello", "--echo /hello is taken by the greeting; give another path");
    assert_fails("--echo /stream", "--echo /stream is taken by the stream; give another path");
    assert_fails("--echo /rooms/", "--echo /rooms/ is taken by the rooms; give another path");
    assert_fails("--echo /push", "--echo /push is taken by the push; give another path");
    assert_fails("--origin=", "--origin wants a value; see trisock serve --help");
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

/* Parses |line| with --config and a file that holds |text| before it. */
static enum tri_err parse_with(struct cli_options *o, const char *text, const char *line)
{
    struct temp_dir dir;
    char whole[1024];
    temp_dir_make(&dir);
    temp_dir_text(&dir, "t.conf", text);
    (void)snprintf(whole, sizeof whole, "--config %s%s%s", temp_dir_path(&dir, "t.conf"),
                   *line ? " " : "", line);
    const enum tri_err err = parse(o, whole);
    temp_dir_remove(&dir);
    return err;
}

static void assert_file_fails(const char *text, const char *sentence)
{
    struct cli_options o;
    assert_int_equal(parse_with(&o, text, ""), TRI_ERR_INVALID);
    assert_null(o.text);
    const char *at = strstr(error, "t.conf:");
    assert_non_null(at);
    assert_string_equal(at + strlen("t.conf:"), sentence);
}

static void a_file_holds_options_one_a_line(void **state)
{
    (void)state;
    struct cli_options o;
    assert_int_equal(parse_with(&o,
                                "# what we serve\n"
                                "listen 127.0.0.1:1\n"
                                "  listen\t[::1]:2  \r\n"
                                "no-extended-connect\n"
                                "\n"
                                "origin https://a.example, https://b.example\n"
                                "   # max-queue 5000\n"
                                "max-message 1234\n"
                                "verbose",
                                ""),
                     TRI_OK);
    assert_int_equal(o.listen_len, 2);
    assert_string_equal(o.listen[0], "127.0.0.1:1");
    assert_string_equal(o.listen[1], "[::1]:2");
    assert_false(o.listen_no_extended_connect[0]);
    assert_true(o.listen_no_extended_connect[1]);
    assert_true(o.extended_connect);
    assert_string_equal(o.origins, "https://a.example, https://b.example");
    assert_int_equal(o.limits[TRI_LIMIT_MESSAGE_BYTES].value, 1234);
    assert_false(o.limits[TRI_LIMIT_QUEUE_BYTES].given);
    assert_true(o.verbose);
    cli_options_deinit(&o);
    assert_null(o.text);
}

static void arguments_count_more_than_the_file(void **state)
{
    (void)state;
    struct cli_options o;
    static const char text[] = "max-message 1\nmax-queue 5000\nlisten 127.0.0.1:1\n"
                               "listen 127.0.0.1:2\ncert c1\nkey k1\ncert c2\nkey k2\n"
                               "cleartext 127.0.0.1:3\n";
    assert_int_equal(parse_with(&o, text,
                                "--no-extended-connect --max-message 2 --listen [::1]:4 "
                                "--key k3 --cert c3"),
                     TRI_OK);
    assert_int_equal(o.limits[TRI_LIMIT_MESSAGE_BYTES].value, 2);
    assert_int_equal(o.limits[TRI_LIMIT_QUEUE_BYTES].value, 5000);
    assert_int_equal(o.listen_len, 1); /* lists do not mix */
    assert_string_equal(o.listen[0], "[::1]:4");
    assert_false(o.listen_no_extended_connect[0]);
    assert_false(o.extended_connect);
    assert_int_equal(o.cert_len, 1);
    assert_string_equal(o.cert[0], "c3");
    assert_string_equal(o.key[0], "k3");
    assert_int_equal(o.cleartext_len, 1); /* nothing was said of these */
    cli_options_deinit(&o);
}

static void what_is_wrong_in_a_file_is_told_with_its_line(void **state)
{
    (void)state;
    assert_file_fails("verbose\n\nmax-mesage 1\n",
                      "3: unknown option max-mesage; see trisock serve --help");
    assert_file_fails("--verbose\n", "1: --verbose has dashes; leave them out here");
    assert_file_fails("config x\n", "1: config has no place in a file; give it as an argument");
    assert_file_fails("help\n", "1: help has no place in a file; give it as an argument");
    assert_file_fails("version\n", "1: version has no place in a file; give it as an argument");
    assert_file_fails("h\n", "1: unknown option h; see trisock serve --help");
    assert_file_fails("#\nverbose yes\n", "2: verbose takes no value; leave out yes");
    assert_file_fails("root\n", "1: root wants a value; see trisock serve --help");
    assert_file_fails("max-message 1k\n", "1: --max-message 1k is no number; give digits only");
    static char text[CLI_CONFIG_LINE_BYTES_MAX + 64];
    (void)snprintf(text, sizeof text, "verbose\nroot %0*d\n", (int)CLI_CONFIG_LINE_BYTES_MAX, 0);
    assert_file_fails(text, "2: the line is longer than 4 KiB; make it shorter");
}

static void a_file_is_checked_as_a_whole(void **state)
{
    (void)state;
    struct cli_options o;
    assert_int_equal(parse_with(&o, "cert c1\n", ""), TRI_ERR_INVALID);
    assert_string_equal(error, "--cert c1 is given without its key; add --key FILE");
    assert_null(o.text);
    assert_fails("--config /no/such",
                 "--config /no/such cannot be read: No such file or directory; give a file that "
                 "can");
}

static void E1_extended_connect_is_switched_off_for_one_address_or_all(void **state)
{
    (void)state;
    struct cli_options o;
    assert_int_equal(parse(&o, "--listen [::1]:1 --no-extended-connect --listen [::1]:2"), TRI_OK);
    assert_true(o.extended_connect);
    assert_true(o.listen_no_extended_connect[0]);
    assert_false(o.listen_no_extended_connect[1]);
    assert_int_equal(parse(&o, "--no-extended-connect --listen [::1]:1"), TRI_OK);
    assert_false(o.extended_connect);
    assert_false(o.listen_no_extended_connect[0]);
    assert_fails("--no-extended-connect=x", "--no-extended-connect takes no value; leave out =x");
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_arguments_all_is_at_its_default),
        cmocka_unit_test(every_option_is_read_in_both_spellings),
        cmocka_unit_test(N7_early_data_is_off_and_a_websocket_in_it_waits_unless_said_otherwise),
        cmocka_unit_test(N6_certificates_and_keys_are_paired_in_order),
        cmocka_unit_test(N6_certificates_have_a_limit),
        cmocka_unit_test(a_value_may_hold_an_equals_sign),
        cmocka_unit_test(what_is_not_known_is_named),
        cmocka_unit_test(a_value_that_lacks_or_is_too_much_is_told),
        cmocka_unit_test(a_bad_value_is_told_with_a_good_one),
        cmocka_unit_test(what_belongs_together_is_asked_for),
        cmocka_unit_test(addresses_end_at_the_limit),
        cmocka_unit_test(a_file_holds_options_one_a_line),
        cmocka_unit_test(arguments_count_more_than_the_file),
        cmocka_unit_test(what_is_wrong_in_a_file_is_told_with_its_line),
        cmocka_unit_test(a_file_is_checked_as_a_whole),
        cmocka_unit_test(E1_extended_connect_is_switched_off_for_one_address_or_all),
        cmocka_unit_test(help_and_version_stop_the_reading),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
