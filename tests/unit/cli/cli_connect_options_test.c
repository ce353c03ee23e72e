/* The options of `trisock connect`. */
#include "cli_connect_options.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#define ARGUMENTS_MAX 80
#define URL "wss://localhost:8443/echo"

static char error[CLI_ERROR_MAX];

/* |arguments| end with NULL. */
static enum tri_err parse(struct cli_connect_options *out, const char *const *arguments)
{
    int argc = 0;
    while (arguments[argc]) {
        argc += 1;
    }
    return cli_connect_options_parse(out, argc, arguments, error);
}

#define PARSE(out, ...) parse(out, (const char *const[]){__VA_ARGS__, NULL})

static void without_options_it_is_all_by_default(void **state)
{
    (void)state;
    struct cli_connect_options o;
    assert_int_equal(PARSE(&o, URL), TRI_OK);
    assert_string_equal(o.url, URL);
    assert_int_equal(o.http, 0);
    assert_int_equal(o.wait_ms, 500);
    assert_int_equal(o.deflate, TRI_DEFLATE_OFF);
    assert_false(o.has_ping || o.has_wait || o.json || o.raw || o.binary || o.insecure ||
                 o.verbose || o.help);
    assert_null(o.once);
    assert_null(o.bridge);
    cli_connect_options_deinit(&o);
}

static void every_option_is_taken(void **state)
{
    (void)state;
    struct cli_connect_options o;
    assert_int_equal(
        PARSE(&o, "--http", "1.1,3", "--header", "X-Name:  a value \t", "--header=Cookie: a=b: c",
              "--origin", "https://example.com", "--subprotocol=chat,superchat", "--deflate",
              "dedicated", "--ping", "20s", "--wait=0", "--once", "hello", "--binary", "-v", URL,
              "--insecure", "--json", "--max-message", "64k", "--keylog", "k", "--qlog", "q"),
        TRI_OK);
    assert_int_equal(o.http, TRI_HTTP_1_1 | TRI_HTTP_3);
    assert_false(o.h3_first);
    assert_int_equal(o.headers_len, 2);
    assert_string_equal(o.headers[0].name, "x-name");
    assert_string_equal(o.headers[0].value, "a value");
    assert_string_equal(o.headers[1].name, "cookie");
    assert_string_equal(o.headers[1].value, "a=b: c");
    assert_string_equal(o.origin, "https://example.com");
    assert_string_equal(o.subprotocols, "chat,superchat");
    assert_int_equal(o.deflate, TRI_DEFLATE_DEDICATED);
    assert_true(o.has_ping && o.has_wait);
    assert_int_equal(o.ping_ms, 20000);
    assert_int_equal(o.wait_ms, 0);
    assert_string_equal(o.once, "hello");
    assert_true(o.binary && o.verbose && o.insecure && o.json);
    assert_int_equal(o.max_message, 65536);
    assert_string_equal(o.keylog, "k");
    assert_string_equal(o.qlog, "q");
    assert_string_equal(o.url, URL);
    cli_connect_options_deinit(&o);
}

static void http_3_comes_first_where_it_is_given_first(void **state)
{
    (void)state;
    static const struct {
        const char *list;
        unsigned http;
        bool h3_first;
    } rows[] = {{"3", TRI_HTTP_3, true},
                {"3,2", TRI_HTTP_2 | TRI_HTTP_3, true},
                {"2,3", TRI_HTTP_2 | TRI_HTTP_3, false},
                {"2", TRI_HTTP_2, false},
                {"1.1,2,3", TRI_HTTP_ALL, false}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct cli_connect_options o;
        assert_int_equal(PARSE(&o, "--http", rows[i].list, URL), TRI_OK);
        assert_int_equal(o.http, rows[i].http);
        assert_int_equal(o.h3_first, rows[i].h3_first);
    }
}

static void an_empty_message_is_one(void **state)
{
    (void)state;
    struct cli_connect_options o;
    assert_int_equal(PARSE(&o, "--once", "", URL), TRI_OK);
    assert_string_equal(o.once, "");
    assert_int_equal(PARSE(&o, "--once=", URL), TRI_OK);
    assert_string_equal(o.once, "");
}

static void what_is_wrong_is_told_with_the_remedy(void **state)
{
    (void)state;
    static const struct {
        const char *arguments[4];
        const char *sentence;
    } rows[] = {
        {{NULL}, "there is no URL; give one like wss://localhost:8443/echo"},
        {{URL, URL}, URL " is a second URL; give one"},
        {{"--none", URL}, "unknown option --none; see trisock connect --help"},
        {{"--none=x", URL}, "unknown option --none=x; see trisock connect --help"},
        {{URL, "--http"}, "--http wants a value; see trisock connect --help"},
        {{URL, "--origin="}, "--origin wants a value; see trisock connect --help"},
        {{URL, "--json=yes"}, "--json takes no value; leave out =yes"},
        {{URL, "--http", "4"}, "--http 4 is not understood; give some of 1.1,2,3"},
        {{URL, "--http", "2,"}, "--http 2, is not understood; give some of 1.1,2,3"},
        {{URL, "--deflate", "on"}, "--deflate on is not understood; give off, shared or dedicated"},
        {{URL, "--ping", "often"},
         "--ping often is no time up to a day; give one like 500ms or 20s"},
        {{URL, "--wait", "-1"}, "--wait -1 is no time up to a day; give one like 500ms or 20s"},
        {{URL, "--max-message", "0"},
         "--max-message 0 is no size up to 1024m; give one like 65536 or 64k"},
        {{URL, "--header", "no colon"},
         "--header no colon is no field; give one like 'Name: value'"},
        {{URL, "--header", ": x"}, "--header : x is no field; give one like 'Name: value'"},
        {{URL, "--ca=x", "--insecure"}, "--ca and --insecure exclude each other; leave out one"},
        {{URL, "--raw", "--json"}, "--raw and --json exclude each other; leave out one"},
        {{URL, "--bridge=8080", "--json"},
         "--bridge sends and prints no messages; leave out "
         "--once, --json, --binary and --raw"},
        {{URL, "--bridge=8080", "--origin=https://a"},
         "--bridge passes on what its clients ask for; leave out --origin, --subprotocol and "
         "--deflate"},
        {{URL, "--bridge=8080", "--subprotocol=a"},
         "--bridge passes on what its clients ask for; leave out --origin, --subprotocol and "
         "--deflate"},
        {{URL, "--bridge=8080", "--deflate=shared"},
         "--bridge passes on what its clients ask for; leave out --origin, --subprotocol and "
         "--deflate"},
        {{URL, "--bridge=8080", "--ping=0"},
         "--bridge leaves pings, ends and messages to its clients and the server; leave out "
         "--ping, --wait and --max-message"},
        {{URL, "--bridge=8080", "--wait=500ms"},
         "--bridge leaves pings, ends and messages to its clients and the server; leave out "
         "--ping, --wait and --max-message"},
        {{URL, "--bridge=8080", "--max-message=1"},
         "--bridge leaves pings, ends and messages to its clients and the server; leave out "
         "--ping, --wait and --max-message"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct cli_connect_options o;
        assert_int_equal(parse(&o, rows[i].arguments), TRI_ERR_INVALID);
        assert_string_equal(error, rows[i].sentence);
    }
}

static void headers_are_bounded(void **state)
{
    (void)state;
    const char *arguments[ARGUMENTS_MAX] = {URL};
    for (size_t i = 0; i < CLI_CONNECT_HEADERS_MAX; i++) {
        arguments[1 + i] = "--header=a: b";
    }
    struct cli_connect_options o;
    assert_int_equal(parse(&o, arguments), TRI_OK);
    assert_int_equal(o.headers_len, CLI_CONNECT_HEADERS_MAX);
    cli_connect_options_deinit(&o);
    arguments[1 + CLI_CONNECT_HEADERS_MAX] = "--header=a: b";
    assert_int_equal(parse(&o, arguments), TRI_ERR_INVALID);
    assert_string_equal(error, "--header is given more than 32 times");
}

static void help_is_help_whatever_else_is_there(void **state)
{
    (void)state;
    struct cli_connect_options o;
    assert_int_equal(PARSE(&o, "--help", "--none"), TRI_OK);
    assert_true(o.help);
    assert_int_equal(PARSE(&o, "-h"), TRI_OK);
    assert_true(o.help);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_options_it_is_all_by_default),
        cmocka_unit_test(every_option_is_taken),
        cmocka_unit_test(http_3_comes_first_where_it_is_given_first),
        cmocka_unit_test(an_empty_message_is_one),
        cmocka_unit_test(what_is_wrong_is_told_with_the_remedy),
        cmocka_unit_test(headers_are_bounded),
        cmocka_unit_test(help_is_help_whatever_else_is_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
