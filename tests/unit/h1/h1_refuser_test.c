#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base_timeout.h"
#include "h1_refuser.h"
#include "test_alloc.h"

#define START_NS (1000 * TRI_NS_PER_MS)

struct rig {
    struct test_alloc alloc;
    struct tri_limits limits;
    struct tri_conn *conn;
    unsigned wakes, refusals;
    enum tri_refused why; /* of the last */
    int refused_status;
    char out[8192];
    size_t out_len;
};

static void no_request(void *user, struct tri_exchange *x, const struct tri_request_head *head)
{
    (void)user;
    (void)x;
    (void)head;
    fail_msg("a cleartext port serves nothing");
}

static void no_cancel(void *user, struct tri_exchange *x)
{
    (void)user;
    (void)x;
    fail_msg("a cleartext port serves nothing");
}

static void count_wake(void *user)
{
    ((struct rig *)user)->wakes++;
}

static void note_refusal(void *user, const struct tri_carrier *carrier, enum tri_refused why,
                         int status)
{
    struct rig *r = user;
    (void)carrier;
    r->refusals++;
    r->why = why;
    r->refused_status = status;
}

static const struct tri_exchange_events rig_events = {
    .on_request = no_request,
    .on_cancel = no_cancel,
    .on_wake = count_wake,
    .on_refuse = note_refusal,
};

static enum tri_err start(struct rig *r, uint16_t port, size_t fail_at)
{
    *r = (struct rig){.wakes = 0};
    test_alloc_init(&r->alloc);
    r->alloc.fail_at = fail_at;
    tri_limits_default(&r->limits);
    const struct tri_conn_config config = {
        .alloc = &r->alloc.alloc, .limits = &r->limits, .events = &rig_events, .user = r};
    return tri_h1_refuser_new(&r->conn, &config, port, START_NS);
}

static void finish(struct rig *r)
{
    r->conn->ops->free(r->conn);
    assert_int_equal(r->alloc.live, 0);
}

static void drain(struct rig *r)
{
    struct tri_slice out[16];
    size_t count;
    while ((count = r->conn->ops->send(r->conn, out, 16, START_NS)) > 0) {
        for (size_t i = 0; i < count; i++) {
            assert_true(r->out_len + out[i].len < sizeof r->out);
            memcpy(r->out + r->out_len, out[i].data, out[i].len);
            r->out_len += out[i].len;
        }
    }
}

static enum tri_err feed(struct rig *r, const char *text, size_t step)
{
    enum tri_err first = TRI_OK;
    const size_t len = strlen(text);
    for (size_t at = 0; at < len; at += step) {
        const size_t part = len - at < step ? len - at : step;
        const enum tri_err err =
            r->conn->ops->recv(r->conn, (const uint8_t *)text + at, part, START_NS);
        first = first == TRI_OK ? err : first;
    }
    drain(r);
    return first;
}

/* What comes back to |text|, whole and in pieces, is |want|, and then the connection is done. */
static void check_answer(const char *text, uint16_t port, const char *want)
{
    static const size_t steps[] = {1, 7, 100000};
    for (size_t i = 0; i < 3; i++) {
        struct rig r;
        assert_int_equal(start(&r, port, 0), TRI_OK);
        (void)feed(&r, text, steps[i]);
        assert_string_equal(r.out, want);
        assert_true(r.wakes > 0);
        assert_true(r.conn->ops->is_done(r.conn));
        assert_false(r.conn->ops->is_aborted(r.conn));
        assert_true(r.conn->ops->deadline_ns(r.conn) == TRI_NEVER_NS);
        assert_true(r.conn->ops->wants_read(r.conn)); /* what follows is discarded */
        finish(&r);
    }
}

#define UPGRADE_HEAD                                                                               \
    "HTTP/1.1 426 Upgrade Required\r\nUpgrade: TLS/1.2, HTTP/1.1\r\nConnection: close, "           \
    "Upgrade\r\ncontent-type: text/plain; charset=utf-8\r\nContent-Length: 42\r\n\r\n"
#define UPGRADE UPGRADE_HEAD "This port takes no plain HTTP. Use https.\n"

static void N4_every_request_is_answered_426(void **state)
{
    (void)state;
    check_answer("GET / HTTP/1.1\r\nHost: a\r\n\r\n", 0, UPGRADE);
    check_answer("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc", 0, UPGRADE);
    check_answer("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", 0, UPGRADE);
    check_answer("GET / HTTP/1.0\r\nHost: a\r\n\r\n", 0, UPGRADE);
    check_answer("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", 0, UPGRADE_HEAD);
}

static void N4_a_second_request_is_discarded(void **state)
{
    (void)state;
    check_answer("GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 0, UPGRADE);
}

static void N4_it_is_never_a_websocket_and_never_h2c(void **state)
{
    (void)state;
    check_answer("GET /echo HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                 "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
                 0, UPGRADE);
    check_answer("GET / HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n"
                 "Connection: Upgrade, HTTP2-Settings\r\n\r\n",
                 0, UPGRADE);
}

static void N3_the_preface_of_HTTP_2_gets_an_error_response(void **state)
{
    (void)state;
    check_answer("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 0,
                 "HTTP/1.1 505 HTTP Version Not Supported\r\nConnection: close\r\n"
                 "Content-Length: 0\r\n\r\n");
}

static void a_TLS_hello_gets_an_error_response(void **state)
{
    (void)state;
    check_answer("\x16\x03\x01", 443,
                 "HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
}

#define REDIRECT(url)                                                                              \
    "HTTP/1.1 308 Permanent Redirect\r\nConnection: close\r\nlocation: " url                       \
    "\r\nContent-Length: 0\r\n\r\n"

static void N4_by_option_it_redirects_to_https(void **state)
{
    (void)state;
    check_answer("GET /a?b HTTP/1.1\r\nHost: example.org:8080\r\n\r\n", 8443,
                 REDIRECT("https://example.org:8443/a?b"));
    check_answer("GET / HTTP/1.1\r\nHost: example.org\r\n\r\n", 443,
                 REDIRECT("https://example.org/"));
    check_answer("GET /x HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", 8443,
                 REDIRECT("https://[::1]:8443/x"));
    check_answer("GET http://b/c HTTP/1.1\r\nHost: a\r\n\r\n", 443, REDIRECT("https://b/c"));
}

static void N4_a_host_that_is_not_safe_to_repeat_gets_426(void **state)
{
    (void)state;
    static const char *const hosts[] = {"a%22", "a'b", "a,b", "a(b)", "a;b", "a=b"};
    for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
        char text[128];
        snprintf(text, sizeof text, "GET / HTTP/1.1\r\nHost: %s\r\n\r\n", hosts[i]);
        check_answer(text, 443, UPGRADE);
    }
    check_answer("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", 443, UPGRADE);
    /* RFC 9112 section 3.2: what is no host at all gets no redirect either. */
    static const char bad[] =
        "HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
    check_answer("GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", 443, bad);
    check_answer("GET / HTTP/1.1\r\nHost: :80\r\n\r\n", 443, bad);
}

static void a_slow_head_is_answered_408_and_silence_is_not(void **state)
{
    (void)state;
    for (int has_begun = 0; has_begun < 2; has_begun++) {
        struct rig r;
        assert_int_equal(start(&r, 0, 0), TRI_OK);
        const uint64_t deadline = START_NS + r.limits.request_timeout_ms * TRI_NS_PER_MS;
        assert_int_equal(feed(&r, has_begun ? "GET" : "", 1), TRI_OK);
        assert_true(r.conn->ops->deadline_ns(r.conn) == deadline);
        r.conn->ops->expire(r.conn, deadline - 1);
        drain(&r);
        assert_false(r.conn->ops->is_done(r.conn));
        r.conn->ops->expire(r.conn, deadline);
        drain(&r);
        assert_true(r.conn->ops->is_done(r.conn));
        assert_int_equal(strncmp(r.out, "HTTP/1.1 408 ", 13) == 0, has_begun);
        r.conn->ops->expire(r.conn, deadline + 1); /* harmless */
        finish(&r);
    }
}

static void the_peers_end_ends_it(void **state)
{
    (void)state;
    for (int orderly = 0; orderly < 2; orderly++) {
        struct rig r;
        assert_int_equal(start(&r, 0, 0), TRI_OK);
        assert_int_equal(feed(&r, "GET", 1), TRI_OK);
        r.conn->ops->recv_eof(r.conn, orderly != 0, START_NS);
        drain(&r);
        assert_int_equal(r.out_len, 0);
        assert_int_equal(r.conn->ops->is_done(r.conn), orderly);
        assert_int_equal(r.conn->ops->is_aborted(r.conn), !orderly);
        assert_int_equal(r.conn->ops->recv(r.conn, (const uint8_t *)"x", 1, START_NS), TRI_OK);
        finish(&r);
    }
}

static void a_request_before_the_peers_end_is_still_answered(void **state)
{
    (void)state;
    struct rig r;
    assert_int_equal(start(&r, 0, 0), TRI_OK);
    const char text[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    assert_int_equal(r.conn->ops->recv(r.conn, (const uint8_t *)text, strlen(text), START_NS),
                     TRI_OK);
    r.conn->ops->recv_eof(r.conn, true, START_NS);
    assert_false(r.conn->ops->is_done(r.conn));
    drain(&r);
    assert_string_equal(r.out, UPGRADE);
    assert_true(r.conn->ops->is_done(r.conn));
    finish(&r);
}

static void shutdown_ends_a_silent_connection_and_lets_others_be_answered(void **state)
{
    (void)state;
    struct rig r;
    assert_int_equal(start(&r, 0, 0), TRI_OK);
    r.conn->ops->shutdown(r.conn, START_NS);
    assert_true(r.conn->ops->is_done(r.conn));
    finish(&r);

    assert_int_equal(start(&r, 0, 0), TRI_OK);
    assert_int_equal(feed(&r, "GET / HTTP/1.1\r\n", 1), TRI_OK);
    r.conn->ops->shutdown(r.conn, START_NS);
    assert_false(r.conn->ops->is_done(r.conn));
    assert_int_equal(feed(&r, "Host: a\r\n\r\n", 1), TRI_OK);
    assert_string_equal(r.out, UPGRADE);
    finish(&r);
}

static void E10_a_refusal_is_told_once_and_a_redirect_is_none(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        unsigned refusals;
        enum tri_refused why;
        int status;
        uint16_t port;
    } rows[] = {
        {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", 1, TRI_REFUSED_CLEARTEXT, 426, 0},
        {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", 0, TRI_REFUSED_MALFORMED, 0, 8443},
        {"GET / HTTP/1.1\r\nHost: a~b\r\n\r\n", 1, TRI_REFUSED_CLEARTEXT, 426, 8443},
        {"\x16\x03\x01", 1, TRI_REFUSED_MALFORMED, 400, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct rig r;
        assert_int_equal(start(&r, rows[i].port, 0), TRI_OK);
        (void)feed(&r, rows[i].text, strlen(rows[i].text));
        assert_int_equal(r.refusals, rows[i].refusals);
        assert_int_equal(r.why, rows[i].why);
        assert_int_equal(r.refused_status, rows[i].status);
        finish(&r);
    }
}

static void each_failed_allocation_cuts_the_connection(void **state)
{
    (void)state;
    static const char *const texts[] = {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "\n"};
    for (size_t i = 0; i < 4; i++) {
        bool is_over = false;
        for (size_t n = 1; !is_over; n++) {
            struct rig r;
            if (start(&r, i < 2 ? 8443 : 0, n) != TRI_OK) {
                assert_int_equal(r.alloc.live, 0);
                continue;
            }
            const enum tri_err err = feed(&r, texts[i % 2], 5);
            is_over = !test_alloc_has_failed(&r.alloc);
            assert_int_equal(err == TRI_ERR_NOMEM, !is_over);
            assert_int_equal(r.conn->ops->is_aborted(r.conn), !is_over);
            finish(&r);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(N4_every_request_is_answered_426),
        cmocka_unit_test(N4_a_second_request_is_discarded),
        cmocka_unit_test(N4_it_is_never_a_websocket_and_never_h2c),
        cmocka_unit_test(N3_the_preface_of_HTTP_2_gets_an_error_response),
        cmocka_unit_test(a_TLS_hello_gets_an_error_response),
        cmocka_unit_test(N4_by_option_it_redirects_to_https),
        cmocka_unit_test(N4_a_host_that_is_not_safe_to_repeat_gets_426),
        cmocka_unit_test(a_slow_head_is_answered_408_and_silence_is_not),
        cmocka_unit_test(the_peers_end_ends_it),
        cmocka_unit_test(a_request_before_the_peers_end_is_still_answered),
        cmocka_unit_test(shutdown_ends_a_silent_connection_and_lets_others_be_answered),
        cmocka_unit_test(E10_a_refusal_is_told_once_and_a_redirect_is_none),
        cmocka_unit_test(each_failed_allocation_cuts_the_connection),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
