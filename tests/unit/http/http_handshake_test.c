#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include "http_handshake.h"

static const struct tri_ws_handler ws;
static const struct tri_http_handler http;
static char echo_path[] = "/echo";
static char folder_path[] = "/echo/";

static const struct tri_route ws_route = {.path = echo_path, .ws = &ws};
static const struct tri_route http_route = {.path = echo_path, .http = &http};
static const struct tri_route both_route = {.path = echo_path, .ws = &ws, .http = &http};
static const struct tri_route folder_route = {.path = folder_path, .ws = &ws, .http = &http};

static const struct tri_route ws_folder_route = {.path = folder_path, .ws = &ws};

static char subprotocols[] = "chat, superchat";
static char origins[] = "https://other.example:8443, https://example.com";
static const struct tri_route guarded_route = {
    .path = echo_path, .ws = &ws, .subprotocols = subprotocols, .origins = origins};

static const struct tri_field version_13[] = {
    {TRI_SLICE("sec-websocket-version"), TRI_SLICE("13")}};

static struct tri_request_head make_head(const char *method, const char *protocol)
{
    return (struct tri_request_head){.method = tri_slice_of_string(method),
                                     .scheme = TRI_SLICE("https"),
                                     .authority = TRI_SLICE("localhost"),
                                     .path = TRI_SLICE("/echo?a=b"),
                                     .protocol = tri_slice_of_string(protocol),
                                     .fields = version_13,
                                     .fields_len = 1};
}

static void check_verdict(const struct tri_request_head *head, const struct tri_route *route,
                          enum tri_verdict want)
{
    struct tri_handshake out;
    memset(&out, 0x5a, sizeof out);
    assert_int_equal(tri_handshake_verdict(head, route, &out), want);
    assert_int_equal(out.deflate.len + out.subprotocol.len, 0); /* nothing was asked for */
}

static void check_refusal(const struct tri_request_head *head, const struct tri_route *route,
                          enum tri_answer answer, int status)
{
    struct tri_handshake out = {.refusal = {.status = -1, .fields_len = 7}};
    assert_int_equal(tri_handshake_verdict(head, route, &out), TRI_VERDICT_REFUSE);
    assert_int_equal(out.refusal.answer, answer);
    if (answer == TRI_ANSWER_PLAIN) {
        assert_int_equal(out.refusal.status, status);
    }
    assert_int_equal(out.refusal.fields_len, 0);
    assert_null(out.refusal.events);
    assert_non_null(out.reason);
    assert_true(out.reason[0] != '\0');
}

static void the_verdict_table_holds(void **state)
{
    (void)state;
    static const struct {
        const char *method, *protocol;
        const struct tri_route *route;
        enum tri_verdict verdict;
        enum tri_answer answer;
        int status;
    } rows[] = {
        {"GET", "", NULL, TRI_VERDICT_REFUSE, TRI_ANSWER_PLAIN, 404},
        {"GET", "", &http_route, TRI_VERDICT_PLAIN, TRI_ANSWER_PLAIN, 0},
        {"POST", "", &http_route, TRI_VERDICT_PLAIN, TRI_ANSWER_PLAIN, 0},
        {"GET", "", &both_route, TRI_VERDICT_PLAIN, TRI_ANSWER_PLAIN, 0},
        {"GET", "", &ws_route, TRI_VERDICT_REFUSE, TRI_ANSWER_UPGRADE_NEEDED, 0},
        {"CONNECT", "", NULL, TRI_VERDICT_REFUSE, TRI_ANSWER_PLAIN, 501},
        {"CONNECT", "", &http_route, TRI_VERDICT_REFUSE, TRI_ANSWER_PLAIN, 501},
        {"CONNECT", "", &ws_route, TRI_VERDICT_REFUSE, TRI_ANSWER_PLAIN, 501},
        {"GET", "websocket", NULL, TRI_VERDICT_REFUSE, TRI_ANSWER_PLAIN, 404},
        {"CONNECT", "websocket", NULL, TRI_VERDICT_REFUSE, TRI_ANSWER_PLAIN, 404},
        {"GET", "websocket", &http_route, TRI_VERDICT_PLAIN, TRI_ANSWER_PLAIN, 0},
        {"CONNECT", "websocket", &http_route, TRI_VERDICT_REFUSE, TRI_ANSWER_PLAIN, 404},
        {"GET", "websocket", &ws_route, TRI_VERDICT_WEBSOCKET, TRI_ANSWER_PLAIN, 0},
        {"CONNECT", "websocket", &ws_route, TRI_VERDICT_WEBSOCKET, TRI_ANSWER_PLAIN, 0},
        {"CONNECT", "WebSocket", &both_route, TRI_VERDICT_WEBSOCKET, TRI_ANSWER_PLAIN, 0},
        {"CONNECT", "h2c", NULL, TRI_VERDICT_REFUSE, TRI_ANSWER_PLAIN, 501},
        {"CONNECT", "h2c", &ws_route, TRI_VERDICT_REFUSE, TRI_ANSWER_PLAIN, 501},
        {"CONNECT", "connect-udp", &both_route, TRI_VERDICT_REFUSE, TRI_ANSWER_PLAIN, 501},
        {"CONNECT", "websockets", &ws_route, TRI_VERDICT_REFUSE, TRI_ANSWER_PLAIN, 501},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct tri_request_head head = make_head(rows[i].method, rows[i].protocol);
        if (rows[i].verdict == TRI_VERDICT_REFUSE) {
            check_refusal(&head, rows[i].route, rows[i].answer, rows[i].status);
        } else {
            check_verdict(&head, rows[i].route, rows[i].verdict);
        }
    }
}

static void U5_E2_any_version_but_one_13_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"12", "", "013", "13 ", "13, 8", "8, 13", "14"};
    struct tri_request_head head = make_head("GET", "websocket");
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const struct tri_field field = {TRI_SLICE("sec-websocket-version"),
                                        tri_slice_of_string(bad[i])};
        head.fields = &field;
        head.fields_len = 1;
        check_refusal(&head, &ws_route, TRI_ANSWER_VERSION_NEEDED, 0);
    }
    head.fields_len = 0;
    check_refusal(&head, &ws_route, TRI_ANSWER_VERSION_NEEDED, 0);
    const struct tri_field twice[] = {version_13[0], version_13[0]};
    head.fields = twice;
    head.fields_len = 2;
    check_refusal(&head, &ws_route, TRI_ANSWER_VERSION_NEEDED, 0);
}

static void a_plain_route_does_not_look_at_the_version(void **state)
{
    (void)state;
    struct tri_request_head head = make_head("GET", "websocket");
    head.fields_len = 0;
    check_verdict(&head, &http_route, TRI_VERDICT_PLAIN);
}

static void a_missing_authority_is_answered_400(void **state)
{
    (void)state;
    static const char *const protocols[] = {"", "websocket", "h2c"};
    for (size_t i = 0; i < 3; i++) {
        struct tri_request_head head = make_head("GET", protocols[i]);
        head.authority = TRI_SLICE("");
        check_refusal(&head, &both_route, TRI_ANSWER_PLAIN, 400);
        check_refusal(&head, NULL, TRI_ANSWER_PLAIN, 400);
    }
}

/* Which paths those are is tri_routes_find's to say. */
static void a_folder_route_serves_what_is_below_it(void **state)
{
    (void)state;
    struct tri_request_head head = make_head("CONNECT", "websocket");
    static const char *const paths[] = {"/echo/", "/echo/deeper", "/echo/a/b?c"};
    for (size_t i = 0; i < 3; i++) {
        head.path = tri_slice_of_string(paths[i]);
        head.method = TRI_SLICE("CONNECT");
        head.protocol = TRI_SLICE("websocket");
        check_verdict(&head, &folder_route, TRI_VERDICT_WEBSOCKET);
        head.method = TRI_SLICE("GET");
        check_verdict(&head, &folder_route, TRI_VERDICT_WEBSOCKET);
        head.protocol = TRI_SLICE("");
        check_verdict(&head, &folder_route, TRI_VERDICT_PLAIN);
        check_refusal(&head, &ws_folder_route, TRI_ANSWER_UPGRADE_NEEDED, 0);
    }
}

/* ------------------------------------------------------------- extensions, subprotocol, origin */

#define FIELD(name, value)                                                                         \
    {                                                                                              \
        TRI_SLICE(name), TRI_SLICE(value)                                                          \
    }
#define VERSION FIELD("sec-websocket-version", "13")

static struct tri_request_head make_opening(const struct tri_field *fields, size_t len)
{
    struct tri_request_head head = make_head("CONNECT", "websocket");
    head.fields = fields;
    head.fields_len = len;
    return head;
}

static void what_may_be_agreed_comes_with_the_verdict(void **state)
{
    (void)state;
    static const struct tri_field fields[] = {
        VERSION,
        FIELD("sec-websocket-extensions", "permessage-deflate; client_max_window_bits, x"),
        FIELD("sec-websocket-protocol", "mqtt, superchat, chat"),
        FIELD("origin", "https://example.com"),
    };
    const struct tri_request_head head = make_opening(fields, 4);
    struct tri_handshake out;
    memset(&out, 0x5a, sizeof out);
    assert_int_equal(tri_handshake_verdict(&head, &guarded_route, &out), TRI_VERDICT_WEBSOCKET);
    assert_int_equal(out.deflate.len, 1);
    assert_int_equal(out.deflate.offers[0].client_max_window_bits, 15);
    assert_true(tri_slice_equal(out.subprotocol, TRI_SLICE("superchat")));
    assert_ptr_equal(out.subprotocol.data, strstr(guarded_route.subprotocols, "superchat"));
    /* A route that has no list agrees on none, and asks nobody where they come from. */
    assert_int_equal(tri_handshake_verdict(&head, &ws_route, &out), TRI_VERDICT_WEBSOCKET);
    assert_int_equal(out.subprotocol.len, 0);
}

static void what_is_malformed_or_not_allowed_is_refused(void **state)
{
    (void)state;
    static const struct {
        struct tri_field fields[3];
        size_t len;
        int status; /* 0: accepted */
    } rows[] = {
        {{VERSION, FIELD("sec-websocket-extensions", "a;")}, 2, 400},
        {{VERSION, FIELD("sec-websocket-extensions", "a b")}, 2, 400},
        {{VERSION, FIELD("sec-websocket-extensions", "a"),
          FIELD("sec-websocket-extensions", "\"b\"")},
         3,
         400},
        {{VERSION, FIELD("sec-websocket-extensions", "unknown; a=b")}, 2, 0},
        {{VERSION, FIELD("sec-websocket-protocol", "a b")}, 2, 400},
        {{VERSION, FIELD("sec-websocket-protocol", "chat, (x)")}, 2, 400},
        {{VERSION, FIELD("sec-websocket-protocol", "unknown")}, 2, 0},
        {{VERSION, FIELD("origin", "https://example.com")}, 2, 0},
        {{VERSION, FIELD("origin", "https://EXAMPLE.com")}, 2, 0},
        {{VERSION, FIELD("origin", "https://evil.example")}, 2, 403},
        {{VERSION, FIELD("origin", "http://example.com")}, 2, 403},
        {{VERSION, FIELD("origin", "null")}, 2, 403},
        {{VERSION, FIELD("origin", "")}, 2, 403},
        {{VERSION, FIELD("origin", "https://example.com"), FIELD("origin", "https://example.com")},
         3,
         403},
        /* what is malformed is told first */
        {{VERSION, FIELD("origin", "https://evil.example"),
          FIELD("sec-websocket-extensions", "a;")},
         3,
         400},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct tri_request_head head = make_opening(rows[i].fields, rows[i].len);
        if (rows[i].status != 0) {
            check_refusal(&head, &guarded_route, TRI_ANSWER_PLAIN, rows[i].status);
            continue;
        }
        struct tri_handshake out;
        assert_int_equal(tri_handshake_verdict(&head, &guarded_route, &out), TRI_VERDICT_WEBSOCKET);
        assert_int_equal(out.deflate.len + out.subprotocol.len, 0);
    }
}

static void a_wrong_version_is_told_before_anything_else(void **state)
{
    (void)state;
    static const struct tri_field fields[] = {
        FIELD("sec-websocket-version", "8"),
        FIELD("sec-websocket-extensions", "a;"),
        FIELD("origin", "https://evil.example"),
    };
    const struct tri_request_head head = make_opening(fields, 3);
    check_refusal(&head, &guarded_route, TRI_ANSWER_VERSION_NEEDED, 0);
}

static void a_plain_request_is_not_asked_for_any_of_them(void **state)
{
    (void)state;
    static const struct tri_field fields[] = {
        FIELD("sec-websocket-extensions", "a;"),
        FIELD("sec-websocket-protocol", "a b"),
        FIELD("origin", "https://evil.example"),
    };
    struct tri_request_head head = make_head("GET", "");
    head.fields = fields;
    head.fields_len = 3;
    check_verdict(&head, &http_route, TRI_VERDICT_PLAIN);
    head.protocol = TRI_SLICE("websocket");
    check_verdict(&head, &http_route, TRI_VERDICT_PLAIN);
}

static void E10_each_refusal_has_its_reason(void **state)
{
    (void)state;
    static const struct tri_field foreign[] = {
        {TRI_SLICE("sec-websocket-version"), TRI_SLICE("13")},
        {TRI_SLICE("origin"), TRI_SLICE("https://evil.example")}};
    static const struct tri_field torn[] = {
        {TRI_SLICE("sec-websocket-version"), TRI_SLICE("13")},
        {TRI_SLICE("sec-websocket-extensions"), TRI_SLICE("a; =")}};
    static const struct tri_field nameless[] = {
        {TRI_SLICE("sec-websocket-version"), TRI_SLICE("13")},
        {TRI_SLICE("sec-websocket-protocol"), TRI_SLICE("a b")}};
    static const struct tri_field old[] = {{TRI_SLICE("sec-websocket-version"), TRI_SLICE("8")}};
    static const struct {
        const char *method, *protocol;
        const struct tri_route *route;
        const struct tri_field *fields;
        size_t fields_len;
        enum tri_refused why;
    } rows[] = {
        {"GET", "", NULL, version_13, 1, TRI_REFUSED_PATH},
        {"GET", "websocket", NULL, version_13, 1, TRI_REFUSED_PATH},
        {"CONNECT", "websocket", &http_route, version_13, 1, TRI_REFUSED_PATH},
        {"GET", "", &ws_route, version_13, 1, TRI_REFUSED_PLAIN},
        {"CONNECT", "", &ws_route, version_13, 1, TRI_REFUSED_PROTOCOL},
        {"CONNECT", "h2c", &ws_route, version_13, 1, TRI_REFUSED_PROTOCOL},
        {"GET", "websocket", &ws_route, old, 1, TRI_REFUSED_VERSION},
        {"GET", "websocket", &ws_route, NULL, 0, TRI_REFUSED_VERSION},
        {"GET", "websocket", &guarded_route, foreign, 2, TRI_REFUSED_ORIGIN},
        {"GET", "websocket", &ws_route, torn, 2, TRI_REFUSED_MALFORMED},
        {"GET", "websocket", &guarded_route, nameless, 2, TRI_REFUSED_MALFORMED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct tri_request_head head = make_head(rows[i].method, rows[i].protocol);
        head.fields = rows[i].fields;
        head.fields_len = rows[i].fields_len;
        struct tri_handshake out;
        assert_int_equal(tri_handshake_verdict(&head, rows[i].route, &out), TRI_VERDICT_REFUSE);
        assert_int_equal(out.refused, rows[i].why);
        head.authority = TRI_SLICE("");
        assert_int_equal(tri_handshake_verdict(&head, rows[i].route, &out), TRI_VERDICT_REFUSE);
        assert_int_equal(out.refused, TRI_REFUSED_MALFORMED);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(E10_each_refusal_has_its_reason),
        cmocka_unit_test(the_verdict_table_holds),
        cmocka_unit_test(U5_E2_any_version_but_one_13_is_refused),
        cmocka_unit_test(a_plain_route_does_not_look_at_the_version),
        cmocka_unit_test(a_missing_authority_is_answered_400),
        cmocka_unit_test(a_folder_route_serves_what_is_below_it),
        cmocka_unit_test(what_may_be_agreed_comes_with_the_verdict),
        cmocka_unit_test(what_is_malformed_or_not_allowed_is_refused),
        cmocka_unit_test(a_wrong_version_is_told_before_anything_else),
        cmocka_unit_test(a_plain_request_is_not_asked_for_any_of_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
