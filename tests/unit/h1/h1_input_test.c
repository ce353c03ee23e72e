#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "h1_rig.h"

#define GET(path) "GET " path " HTTP/1.1\r\nHost: a\r\n\r\n"
#define OK(len, path) "HTTP/1.1 200 OK\r\nContent-Length: " len "\r\n\r\n" path
#define LAST(len, path)                                                                            \
    "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: " len "\r\n\r\n" path
#define ERROR(status) "HTTP/1.1 " status "\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"

/* What comes back to |in| is |out|, in whatever pieces it arrives; then |is_done| or not. */
static void check(const char *in, const char *out, bool is_done)
{
    const size_t len = strlen(in);
    for (size_t split = 0; split < 2 * len; split++) {
        struct h1_rig r;
        h1_rig_open(&r);
        r.is_chunky = split % 2 == 1;
        if (split < len) {
            h1_rig_feed(&r, in, split);
            h1_rig_feed(&r, &in[split], len - split);
        } else {
            h1_rig_drip(&r, in, len, split - len + 1);
        }
        if (strcmp(r.out, out) != 0) {
            print_error("%s\n", in);
        }
        assert_string_equal(r.out, out);
        assert_int_equal(h1_rig_is_done(&r), is_done);
        assert_false(h1_rig_is_aborted(&r));
        h1_rig_close(&r);
    }
}

static void a_request_is_answered_and_the_connection_kept(void **state)
{
    (void)state;
    check(GET("/a"), OK("2", "/a"), false);
    check("HEAD /abc HTTP/1.1\r\nHost: a\r\n\r\n", OK("4", ""), false);
    check("\r\n" GET("/a"), OK("2", "/a"), false);
}

static void U8_requests_in_turn_and_pipelined_are_answered_in_order(void **state)
{
    (void)state;
    check(GET("/a") GET("/bc") GET("/def"), OK("2", "/a") OK("3", "/bc") OK("4", "/def"), false);
    check("HEAD /a HTTP/1.1\r\nHost: a\r\n\r\n" GET("/bc"), OK("2", "") OK("3", "/bc"), false);
}

static void U8_the_peers_wish_to_close_is_followed(void **state)
{
    (void)state;
    check(GET("/a") "GET /b HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" GET("/never"),
          OK("2", "/a") LAST("2", "/b"), true);
    check("GET /b HTTP/1.0\r\nHost: a\r\n\r\n" GET("/never"), LAST("2", "/b"), true);
}

static void the_handler_sees_the_request_normalised(void **state)
{
    (void)state;
    struct h1_rig r;
    h1_rig_open(&r);
    h1_rig_text(&r, GET("/a?b") "GET http://h:1/x HTTP/1.1\r\nHost: a\r\n\r\n"
                                "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n" H1_RIG_HANDSHAKE);
    assert_int_equal(r.requests_len, 4);
    assert_string_equal(r.lines[0], "GET https a /a?b ");
    assert_string_equal(r.lines[1], "GET http h:1 /x ");
    assert_string_equal(r.lines[2], "OPTIONS https a * ");
    assert_string_equal(r.lines[3], "GET https localhost /echo websocket");
    h1_rig_close(&r);
}

static void U3_N3_other_upgrades_are_ignored_and_the_connection_lives(void **state)
{
    (void)state;
    check("GET /a HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA"
          "\r\nConnection: Upgrade, HTTP2-Settings\r\n\r\n" GET("/b"),
          OK("2", "/a") OK("2", "/b"), false);
    check("GET /a HTTP/1.1\r\nHost: a\r\nUpgrade: TLS/1.2, foo\r\nConnection: upgrade\r\n\r\n",
          OK("2", "/a"), false);
}

static void U2_websocket_without_the_connection_option_is_plain(void **state)
{
    (void)state;
    check("GET /a HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: keep-alive\r\n"
          "Sec-WebSocket-Key: x\r\n\r\n" GET("/b"),
          OK("2", "/a") OK("2", "/b"), false);
}

static void U7_malformed_requests_are_refused_and_the_rest_discarded(void **state)
{
    (void)state;
    static const struct {
        const char *in, *out;
    } cases[] = {
        {"GET /a HTTP/1.1\nHost: a\n\n", ERROR("400 Bad Request")},
        {"GET /a HTTP/1.1\r\nHost: a\r\n b\r\n\r\n", ERROR("400 Bad Request")},
        {"GET /a HTTP/1.1\r\nHost : a\r\n\r\n", ERROR("400 Bad Request")},
        {"GET /a HTTP/1.1\r\nHost: a\r\nX: \x01\r\n\r\n", ERROR("400 Bad Request")},
        {"GET /a HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", ERROR("400 Bad Request")},
        {"GET /a HTTP/1.1\r\n\r\n", ERROR("400 Bad Request")},
        {"GET /a HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
         ERROR("400 Bad Request")},
        {"GET /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
         ERROR("501 Not Implemented")},
        {"GET /a HTTP/1.1\r\nHost: a\r\nExpect: x\r\n\r\n", ERROR("417 Expectation Failed")},
        {"POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
         ERROR("400 Bad Request")},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char in[512];
        snprintf(in, sizeof in, "%s%s", cases[i].in, GET("/never"));
        check(in, cases[i].out, true);
    }
}

static void N3_the_preface_of_HTTP_2_is_refused(void **state)
{
    (void)state;
    check("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", ERROR("505 HTTP Version Not Supported"), true);
}

static void U6_CONNECT_is_refused_and_what_follows_discarded(void **state)
{
    (void)state;
    check("CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n" GET("/never"),
          ERROR("501 Not Implemented"), true);
}

#define UPGRADE(line, fields)                                                                      \
    line "\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" fields                     \
         "Sec-WebSocket-Version: 13\r\n\r\n"
#define KEY "Sec-WebSocket-Key: " H1_RIG_KEY "\r\n"

static void U5_a_malformed_handshake_is_refused(void **state)
{
    (void)state;
    check(UPGRADE("GET /echo HTTP/1.1", ""), ERROR("400 Bad Request"), true);
    check(UPGRADE("GET /echo HTTP/1.1", KEY KEY), ERROR("400 Bad Request"), true);
    check(UPGRADE("GET /echo HTTP/1.1", "Sec-WebSocket-Key: abc\r\n"), ERROR("400 Bad Request"),
          true);
    check(UPGRADE("POST /echo HTTP/1.1", KEY), ERROR("400 Bad Request"), true);
    check(UPGRADE("GET /echo HTTP/1.0", KEY), ERROR("400 Bad Request"), true);
}

static void U7_a_body_on_an_upgrade_request_is_refused(void **state)
{
    (void)state;
    check(UPGRADE("GET /echo HTTP/1.1", KEY "Content-Length: 3\r\n") "abc",
          ERROR("400 Bad Request"), true);
    check(UPGRADE("GET /echo HTTP/1.1", KEY "Transfer-Encoding: chunked\r\n") "0\r\n\r\n",
          ERROR("400 Bad Request"), true);
}

static void U7_a_request_body_is_read_and_dropped(void **state)
{
    (void)state;
    check("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 7\r\n\r\nGET /x " GET("/b"),
          OK("2", "/a") OK("2", "/b"), false);
    check("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n" GET("/b"),
          OK("2", "/a") OK("2", "/b"), false);
    check("POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
          "5;x=y\r\nGET /\r\n0\r\nT: x\r\n\r\n" GET("/b"),
          OK("2", "/a") OK("2", "/b"), false);
}

static void an_expectation_is_met_before_the_body(void **state)
{
    (void)state;
    const char head[] = "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n"
                        "Expect: 100-continue\r\n\r\n";
    struct h1_rig r;
    h1_rig_open(&r);
    h1_rig_text(&r, head);
    assert_string_equal(r.out, "HTTP/1.1 100 Continue\r\n\r\n");
    assert_int_equal(r.requests_len, 0);
    h1_rig_text(&r, "abc");
    assert_string_equal(r.out, "HTTP/1.1 100 Continue\r\n\r\n" OK("2", "/a"));
    h1_rig_close(&r);
    check("GET /a HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n", OK("2", "/a"), false);
}

static void U7_a_body_may_be_as_long_as_the_limit_and_no_longer(void **state)
{
    (void)state;
    for (uint64_t over = 0; over < 2; over++) {
        struct h1_rig r;
        h1_rig_open(&r);
        char head[128];
        snprintf(head, sizeof head, "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: %llu\r\n\r\n",
                 (unsigned long long)(TRI_REQUEST_BODY_BYTES_MAX + over));
        h1_rig_text(&r, head);
        char *body = calloc(1, TRI_REQUEST_BODY_BYTES_MAX);
        assert_non_null(body);
        h1_rig_drip(&r, body, TRI_REQUEST_BODY_BYTES_MAX, 65536);
        free(body);
        assert_string_equal(r.out, over ? ERROR("413 Content Too Large") : OK("2", "/a"));
        assert_int_equal(h1_rig_is_done(&r), over);
        assert_int_equal(r.err, over ? TRI_ERR_LIMIT : TRI_OK);
        assert_int_equal(r.requests_len, over ? 0 : 1);
        h1_rig_close(&r);
    }
}

static void U7_each_limit_of_a_head_has_its_status(void **state)
{
    (void)state;
    struct h1_rig r;
    char *text = malloc(TRI_REQUEST_HEAD_BYTES_MAX + 100);
    assert_non_null(text);
    memset(text, 'a', TRI_REQUEST_HEAD_BYTES_MAX + 100);
    h1_rig_open(&r);
    h1_rig_feed(&r, text, TRI_REQUEST_LINE_BYTES_MAX + 1);
    assert_string_equal(r.out, ERROR("414 URI Too Long"));
    assert_int_equal(r.err, TRI_ERR_LIMIT);
    assert_true(h1_rig_is_done(&r));
    h1_rig_close(&r);

    h1_rig_open(&r);
    h1_rig_text(&r, "GET /a HTTP/1.1\r\n");
    h1_rig_feed(&r, text, TRI_REQUEST_HEAD_BYTES_MAX + 1 - strlen("GET /a HTTP/1.1\r\n"));
    assert_string_equal(r.out, ERROR("431 Request Header Fields Too Large"));
    h1_rig_close(&r);
    free(text);

    h1_rig_open(&r);
    h1_rig_text(&r, "GET /a HTTP/1.1\r\n");
    for (size_t i = 0; i <= TRI_REQUEST_FIELDS_MAX; i++) {
        h1_rig_text(&r, "a: b\r\n");
    }
    assert_string_equal(r.out, ERROR("431 Request Header Fields Too Large"));
    h1_rig_close(&r);
}

/* ---- what comes before its turn */

static void U8_a_pipelined_request_waits_for_the_answer_before_it(void **state)
{
    (void)state;
    struct h1_rig r;
    h1_rig_open(&r);
    r.answer = H1_RIG_LATER;
    h1_rig_text(&r, GET("/a") GET("/b"));
    assert_int_equal(r.requests_len, 1);
    assert_string_equal(r.out, "");
    tenant_refuse(&r.tenants[0], 404);
    h1_rig_drain(&r);
    assert_int_equal(r.requests_len, 2);
    assert_int_equal(h1_rig_statuses(&r), 1);
    tenant_refuse(&r.tenants[1], 403);
    h1_rig_drain(&r);
    assert_int_equal(h1_rig_status(&r, 0), 404);
    assert_int_equal(h1_rig_status(&r, 1), 403);
    h1_rig_close(&r);
}

static void U8_pipelining_over_the_limit_makes_the_response_the_last(void **state)
{
    (void)state;
    for (size_t over = 0; over < 2; over++) {
        struct h1_rig r;
        h1_rig_open(&r);
        r.answer = H1_RIG_LATER;
        h1_rig_text(&r, GET("/a"));
        /* Held bytes that are no request: one would be parsed when its turn comes. */
        char *held = malloc(TRI_HELD_BYTES_MAX + 1);
        assert_non_null(held);
        memset(held, 'G', TRI_HELD_BYTES_MAX + 1);
        h1_rig_drip(&r, held, TRI_HELD_BYTES_MAX + over, 5000);
        free(held);
        assert_int_equal(r.err, TRI_OK);
        tenant_refuse(&r.tenants[0], 404);
        h1_rig_drain(&r);
        assert_int_equal(h1_rig_status(&r, 0), 404);
        assert_int_equal(h1_rig_sent(&r, "404 Not Found\r\nConnection: close"), over);
        assert_int_equal(h1_rig_status(&r, 1), over ? 0 : 414);
        assert_true(h1_rig_is_done(&r));
        h1_rig_close(&r);
    }
}

static void frames_before_the_verdict_over_the_limit_end_the_request(void **state)
{
    (void)state;
    for (size_t over = 0; over < 2; over++) {
        struct h1_rig r;
        h1_rig_open(&r);
        r.answer = H1_RIG_LATER;
        h1_rig_text(&r, H1_RIG_HANDSHAKE);
        char *frames = calloc(1, TRI_HELD_BYTES_MAX + 1);
        assert_non_null(frames);
        h1_rig_drip(&r, frames, TRI_HELD_BYTES_MAX + over, 5000);
        free(frames);
        assert_int_equal(r.cancels, over);
        assert_int_equal(r.err, over ? TRI_ERR_LIMIT : TRI_OK);
        if (over) {
            assert_string_equal(r.out, ERROR("400 Bad Request"));
            assert_true(h1_rig_is_done(&r));
        } else {
            tenant_accept(&r.tenants[0]);
            h1_rig_drain(&r);
            assert_int_equal(r.tenants[0].in_len, TRI_HELD_BYTES_MAX);
        }
        h1_rig_close(&r);
    }
}

static void U6_bytes_behind_an_accepted_upgrade_are_frames_however_they_arrive(void **state)
{
    (void)state;
    const char text[] = H1_RIG_HANDSHAKE "\x81\x80 GET / HTTP/1.1\r\n\r\n";
    const size_t frames_len = strlen(text) - strlen(H1_RIG_HANDSHAKE);
    for (size_t step = 1; step <= strlen(text); step++) {
        struct h1_rig r;
        h1_rig_open(&r);
        h1_rig_drip(&r, text, strlen(text), step);
        assert_int_equal(r.requests_len, 1);
        assert_int_equal(r.tenants[0].in_len, frames_len);
        assert_memory_equal(r.tenants[0].in, &text[strlen(H1_RIG_HANDSHAKE)], frames_len);
        assert_int_equal(h1_rig_statuses(&r), 1);
        h1_rig_close(&r);
    }
}

static void U6_bytes_behind_a_refused_upgrade_are_never_parsed(void **state)
{
    (void)state;
    for (int at_once = 0; at_once < 2; at_once++) {
        struct h1_rig r;
        h1_rig_open(&r);
        r.answer = at_once ? H1_RIG_NOT_FOUND : H1_RIG_LATER;
        h1_rig_text(&r, H1_RIG_HANDSHAKE GET("/a"));
        if (!at_once) {
            tenant_refuse(&r.tenants[0], 404);
        }
        h1_rig_drain(&r);
        h1_rig_text(&r, GET("/b"));
        assert_string_equal(r.out, ERROR("404 Not Found"));
        assert_int_equal(r.requests_len, 1);
        assert_true(h1_rig_is_done(&r));
        h1_rig_close(&r);
    }
}

/* ---- the peer's end */

static void an_orderly_end_lets_what_was_asked_be_answered(void **state)
{
    (void)state;
    struct h1_rig r;
    h1_rig_open(&r);
    r.answer = H1_RIG_LATER;
    h1_rig_text(&r, GET("/a") GET("/b") "GET /half");
    h1_rig_eof(&r, true);
    assert_false(h1_rig_is_done(&r));
    tenant_refuse(&r.tenants[0], 404);
    h1_rig_drain(&r);
    tenant_refuse(&r.tenants[1], 403);
    h1_rig_drain(&r);
    assert_int_equal(h1_rig_status(&r, 1), 403);
    assert_true(h1_rig_is_done(&r));
    assert_int_equal(r.cancels, 0);
    h1_rig_close(&r);
}

static void an_orderly_end_between_or_within_requests_is_the_end(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "", "\r\n", "GET /", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nabc"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct h1_rig r;
        h1_rig_open(&r);
        h1_rig_text(&r, texts[i]);
        h1_rig_eof(&r, true);
        assert_string_equal(r.out, "");
        assert_true(h1_rig_is_done(&r));
        assert_int_equal(r.requests_len, 0);
        h1_rig_text(&r, GET("/a")); /* nothing comes behind an end */
        assert_int_equal(r.requests_len, 0);
        h1_rig_close(&r);
    }
}

static void a_torn_connection_cancels_what_waits(void **state)
{
    (void)state;
    struct h1_rig r;
    h1_rig_open(&r);
    r.answer = H1_RIG_LATER;
    h1_rig_text(&r, GET("/a") GET("/b"));
    h1_rig_eof(&r, false);
    assert_int_equal(r.cancels, 1);
    assert_true(h1_rig_is_aborted(&r));
    assert_false(h1_rig_is_done(&r));
    h1_rig_close(&r);
}

/* ---- memory */

static const char *const all_kinds[] = {
    GET("/a") "HEAD /b HTTP/1.1\r\nHost: a\r\n\r\n",
    "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\nabc" GET("/"),
    H1_RIG_HANDSHAKE "frames",
    "GET / HTTP/1.1\r\n\r\n",
};

static void each_failed_allocation_cuts_the_connection_and_leaks_nothing(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof all_kinds / sizeof all_kinds[0]; i++) {
        bool is_over = false;
        for (size_t n = 1; !is_over; n++) {
            struct h1_rig r;
            if (!h1_rig_open_failing(&r, n)) {
                continue;
            }
            h1_rig_drip(&r, all_kinds[i], strlen(all_kinds[i]), 50);
            is_over = !test_alloc_has_failed(&r.alloc);
            assert_int_equal(h1_rig_is_aborted(&r), !is_over);
            h1_rig_close(&r);
        }
    }
}

static void no_memory_to_hold_cuts_the_connection(void **state)
{
    (void)state;
    for (size_t n = 0; n < 2; n++) {
        struct h1_rig r;
        h1_rig_open(&r);
        r.answer = H1_RIG_LATER;
        h1_rig_text(&r, n ? H1_RIG_HANDSHAKE : GET("/a"));
        r.alloc.fail_at = r.alloc.calls + 1;
        h1_rig_text(&r, "x");
        assert_int_equal(r.err, TRI_ERR_NOMEM);
        assert_int_equal(r.cancels, 1);
        assert_true(h1_rig_is_aborted(&r));
        h1_rig_close(&r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_is_answered_and_the_connection_kept),
        cmocka_unit_test(U8_requests_in_turn_and_pipelined_are_answered_in_order),
        cmocka_unit_test(U8_the_peers_wish_to_close_is_followed),
        cmocka_unit_test(the_handler_sees_the_request_normalised),
        cmocka_unit_test(U3_N3_other_upgrades_are_ignored_and_the_connection_lives),
        cmocka_unit_test(U2_websocket_without_the_connection_option_is_plain),
        cmocka_unit_test(U7_malformed_requests_are_refused_and_the_rest_discarded),
        cmocka_unit_test(N3_the_preface_of_HTTP_2_is_refused),
        cmocka_unit_test(U6_CONNECT_is_refused_and_what_follows_discarded),
        cmocka_unit_test(U5_a_malformed_handshake_is_refused),
        cmocka_unit_test(U7_a_body_on_an_upgrade_request_is_refused),
        cmocka_unit_test(U7_a_request_body_is_read_and_dropped),
        cmocka_unit_test(an_expectation_is_met_before_the_body),
        cmocka_unit_test(U7_a_body_may_be_as_long_as_the_limit_and_no_longer),
        cmocka_unit_test(U7_each_limit_of_a_head_has_its_status),
        cmocka_unit_test(U8_a_pipelined_request_waits_for_the_answer_before_it),
        cmocka_unit_test(U8_pipelining_over_the_limit_makes_the_response_the_last),
        cmocka_unit_test(frames_before_the_verdict_over_the_limit_end_the_request),
        cmocka_unit_test(U6_bytes_behind_an_accepted_upgrade_are_frames_however_they_arrive),
        cmocka_unit_test(U6_bytes_behind_a_refused_upgrade_are_never_parsed),
        cmocka_unit_test(an_orderly_end_lets_what_was_asked_be_answered),
        cmocka_unit_test(an_orderly_end_between_or_within_requests_is_the_end),
        cmocka_unit_test(a_torn_connection_cancels_what_waits),
        cmocka_unit_test(each_failed_allocation_cuts_the_connection_and_leaks_nothing),
        cmocka_unit_test(no_memory_to_hold_cuts_the_connection),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
