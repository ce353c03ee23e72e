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
    struct tri_response refusal;
    const char *reason = NULL;
    assert_int_equal(tri_handshake_verdict(head, route, &refusal, &reason), want);
}

static void check_refusal(const struct tri_request_head *head, const struct tri_route *route,
                          enum tri_answer answer, int status)
{
    struct tri_response refusal = {.status = -1};
    const char *reason = NULL;
    assert_int_equal(tri_handshake_verdict(head, route, &refusal, &reason), TRI_VERDICT_REFUSE);
    assert_int_equal(refusal.answer, answer);
    if (answer == TRI_ANSWER_PLAIN) {
        assert_int_equal(refusal.status, status);
    }
    assert_int_equal(refusal.fields_len, 0);
    assert_null(refusal.events);
    assert_non_null(reason);
    assert_true(reason[0] != '\0');
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

static void a_websocket_is_served_at_its_path_and_not_below(void **state)
{
    (void)state;
    struct tri_request_head head = make_head("CONNECT", "websocket");
    head.path = TRI_SLICE("/echo/");
    check_verdict(&head, &folder_route, TRI_VERDICT_WEBSOCKET);
    head.path = TRI_SLICE("/echo/deeper");
    check_refusal(&head, &folder_route, TRI_ANSWER_PLAIN, 404);
    head.method = TRI_SLICE("GET");
    check_verdict(&head, &folder_route, TRI_VERDICT_PLAIN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_verdict_table_holds),
        cmocka_unit_test(U5_E2_any_version_but_one_13_is_refused),
        cmocka_unit_test(a_plain_route_does_not_look_at_the_version),
        cmocka_unit_test(a_missing_authority_is_answered_400),
        cmocka_unit_test(a_websocket_is_served_at_its_path_and_not_below),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
