/* The arguments of `trisock bench`: what they mean together, and what is said about wrong ones. */
#include "bench_line.h"
#include "bench_options.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#define URL "wss://h/echo "

static struct bench_options o;
static char error[BENCH_ERROR_MAX];

static void assert_parses(const char *line)
{
    assert_int_equal(bench_line(&o, line, error), TRI_OK);
    assert_string_equal(error, "");
}

static void assert_fails(const char *line, const char *sentence)
{
    assert_int_equal(bench_line(&o, line, error), TRI_ERR_INVALID);
    assert_string_equal(error, sentence);
}

static void a_url_is_enough(void **state)
{
    (void)state;
    assert_parses("wss://h/echo");
    assert_string_equal(o.url, "wss://h/echo");
    assert_int_equal(o.https_len, 3);
    assert_int_equal(o.https[0], TRI_HTTP_1_1);
    assert_int_equal(o.https[1], TRI_HTTP_2);
    assert_int_equal(o.https[2], TRI_HTTP_3);
    assert_false(o.https_given || o.verify || o.insecure || o.fresh || o.resume || o.epoll ||
                 o.help);
    assert_int_equal(o.mode, BENCH_ECHO);
    assert_int_equal(o.sockets, 100);
    assert_int_equal(o.connections, 1);
    assert_int_equal(o.sizes.min, 32);
    assert_int_equal(o.sizes.max, 32);
    assert_int_equal(o.in_flight, 1);
    assert_true(o.rate == 0 && o.duration_s == 5 && o.warmup_s == 1);
    assert_int_equal(o.rounds, 3);
    assert_int_equal(o.threads, 1);
    assert_int_equal(o.seed, 1);
    assert_int_equal(o.deflate, TRI_DEFLATE_OFF);
    assert_int_equal(o.server_pid, 0);
    assert_int_equal(o.headers_len, 0);
    assert_null(o.origin);
    assert_null(o.subprotocols);
    assert_null(o.ca);
    assert_null(o.json_file);
    assert_null(o.html_file);
    assert_null(o.label);
    assert_null(o.compare[0]);
}

static void every_option_is_taken_before_and_behind_the_url(void **state)
{
    (void)state;
    assert_parses("--sockets 7 --connections 2 --mode echo --duration 2s --warmup 0 --rounds 4 "
                  "--threads 2 " URL
                  "--verify --insecure --ca a --origin b --subprotocol c --json d --html e "
                  "--label f --seed 9 --resume --epoll");
    assert_int_equal(o.sockets, 7);
    assert_int_equal(o.connections, 2);
    assert_true(o.duration_s == 2 && o.warmup_s == 0);
    assert_int_equal(o.rounds, 4);
    assert_int_equal(o.threads, 2);
    assert_true(o.verify && o.insecure && o.resume && o.epoll);
    assert_string_equal(o.ca, "a");
    assert_string_equal(o.origin, "b");
    assert_string_equal(o.subprotocols, "c");
    assert_string_equal(o.json_file, "d");
    assert_string_equal(o.html_file, "e");
    assert_string_equal(o.label, "f");
    assert_int_equal(o.seed, 9);
}

static void a_value_may_stand_behind_an_equals_sign(void **state)
{
    (void)state;
    assert_parses("--sockets=7 " URL "--label=a=b --size=1,2 --header=X:y=z");
    assert_int_equal(o.sockets, 7);
    assert_string_equal(o.label, "a=b");
    assert_int_equal(o.sizes.list_len, 2);
    assert_string_equal(o.headers[0].name, "x");
    assert_string_equal(o.headers[0].value, "y=z");
}

static void a_rate_is_an_open_loop(void **state)
{
    (void)state;
    assert_parses(URL "--rate 20k");
    assert_true(o.rate == 20000);
    assert_int_equal(o.in_flight, 0);
    assert_parses(URL "--in-flight 8");
    assert_int_equal(o.in_flight, 8);
    assert_parses("wss://h/push --mode push");
    assert_int_equal(o.in_flight, 1);
}

static void what_does_not_go_together_is_told(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"", "bench needs a URL, such as wss://localhost:8443/echo"},
        {"wss://a/ wss://b/", "there are two URLs, wss://a/ and wss://b/; give one"},
        {URL "--rate 5 --in-flight 2",
         "--rate and --in-flight exclude each other; give one of them"},
        {URL "--mode push --rate 5", "--mode push sends no messages; leave out --rate"},
        {URL "--mode idle --in-flight 5", "--mode idle sends no messages; leave out --in-flight"},
        {URL "--mode broadcast --in-flight 2",
         "--mode broadcast sends one message at a time, or by --rate; leave out --in-flight"},
        {URL "--sockets 5 --connections 6",
         "--connections 6 is more than --sockets 5; give fewer of them, or more sockets"},
        {URL "--fresh", "--fresh is for --mode open; leave it out"},
        {URL "--mode push --verify", "--verify is for --mode echo; leave it out"},
        {URL "--mode broadcast --size 7",
         "--mode broadcast needs messages of at least 8 bytes; give a larger --size"},
        {URL "--bogus", "unknown option --bogus; see trisock bench --help"},
        {URL "--headr=X:secret", "unknown option --headr; see trisock bench --help"},
        {URL "--header=secret",
         "--header: what it was given is not understood; give it like 'Name: value'"},
        {URL "--verify=1", "--verify takes no value; see trisock bench --help"},
        {"--compare=a b", "--compare takes two values, without =; see trisock bench --help"},
        {URL "--ca=", "--ca needs the name of a file; it is empty"},
        {URL "--json=", "--json needs the name of a file; it is empty"},
        {"--compare a b --html=", "--html needs the name of a file; it is empty"},
        {URL "--sockets", "--sockets needs a value; see trisock bench --help"},
        {"--compare a", "--compare needs two values; see trisock bench --help"},
        {"wss://h?x", "wss://h?x has no path; give one, such as wss://localhost:8443/echo"},
        {"wss://h/a#b", "wss://h/a#b has a fragment, which is not sent; leave it out"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_fails(rows[i][0], rows[i][1]);
    }
}

static void help_and_a_comparison_need_no_url(void **state)
{
    (void)state;
    assert_parses("--help");
    assert_true(o.help);
    assert_parses("--compare a.json b.json --html c.html");
    assert_string_equal(o.compare[0], "a.json");
    assert_string_equal(o.compare[1], "b.json");
}

static void names_are_those_of_the_report(void **state)
{
    (void)state;
    assert_string_equal(bench_http_name(TRI_HTTP_1_1), "h1");
    assert_string_equal(bench_http_name(TRI_HTTP_2), "h2");
    assert_string_equal(bench_http_name(TRI_HTTP_3), "h3");
    assert_string_equal(bench_mode_name(BENCH_ECHO), "echo");
    assert_string_equal(bench_mode_name(BENCH_BROADCAST), "broadcast");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_url_is_enough),
        cmocka_unit_test(every_option_is_taken_before_and_behind_the_url),
        cmocka_unit_test(a_value_may_stand_behind_an_equals_sign),
        cmocka_unit_test(a_rate_is_an_open_loop),
        cmocka_unit_test(what_does_not_go_together_is_told),
        cmocka_unit_test(help_and_a_comparison_need_no_url),
        cmocka_unit_test(names_are_those_of_the_report),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
