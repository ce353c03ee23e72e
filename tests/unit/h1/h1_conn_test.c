#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base_timeout.h"
#include "h1_rig.h"

#define GET "GET /a HTTP/1.1\r\nHost: a\r\n\r\n"

static uint64_t deadline_ms(const struct h1_rig *r)
{
    const uint64_t at_ns = r->conn->ops->deadline_ns(r->conn);
    return at_ns == TRI_NEVER_NS ? UINT64_MAX : (at_ns - r->now_ns) / TRI_NS_PER_MS;
}

static void a_new_connection_has_nothing_to_say(void **state)
{
    (void)state;
    struct h1_rig r;
    h1_rig_open(&r);
    h1_rig_drain(&r);
    assert_int_equal(r.out_len, 0);
    assert_int_equal(r.alloc.live, 1);
    assert_false(h1_rig_is_done(&r));
    assert_false(h1_rig_is_aborted(&r));
    h1_rig_close(&r);
}

static void new_reports_a_failed_allocation(void **state)
{
    (void)state;
    struct h1_rig r;
    assert_false(h1_rig_open_failing(&r, 1));
    assert_int_equal(r.alloc.live, 0);
}

static void an_idle_connection_ends_after_the_keepalive_timeout(void **state)
{
    (void)state;
    for (int after_request = 0; after_request < 2; after_request++) {
        struct h1_rig r;
        h1_rig_open(&r);
        h1_rig_advance(&r, 5);
        h1_rig_text(&r, after_request ? GET : "\r\n");
        const size_t before = r.out_len;
        const uint64_t left = r.limits.keepalive_timeout_ms - (after_request ? 0 : 5);
        assert_int_equal(deadline_ms(&r), left);
        h1_rig_advance(&r, left - 1);
        assert_false(h1_rig_is_done(&r));
        h1_rig_advance(&r, 1);
        assert_true(h1_rig_is_done(&r));
        assert_int_equal(r.out_len, before); /* silence is no request to answer */
        h1_rig_close(&r);
    }
}

static void a_slow_head_is_answered_408(void **state)
{
    (void)state;
    struct h1_rig r;
    h1_rig_open(&r);
    h1_rig_text(&r, GET "G");
    const uint64_t limit = r.limits.request_timeout_ms;
    assert_int_equal(deadline_ms(&r), limit);
    h1_rig_advance(&r, limit / 2);
    h1_rig_text(&r, "ET / HTTP/1.1\r\n"); /* a drip does not put it off */
    assert_int_equal(deadline_ms(&r), limit - limit / 2);
    h1_rig_advance(&r, limit - limit / 2);
    assert_int_equal(h1_rig_status(&r, 1), 408);
    assert_true(h1_rig_sent(&r, "Connection: close"));
    assert_true(h1_rig_is_done(&r));
    h1_rig_close(&r);
}

static void a_slow_body_is_answered_408(void **state)
{
    (void)state;
    struct h1_rig r;
    h1_rig_open(&r);
    h1_rig_text(&r, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\na");
    h1_rig_advance(&r, r.limits.request_timeout_ms - 1);
    assert_int_equal(h1_rig_status(&r, 0), 0);
    h1_rig_advance(&r, 1);
    assert_int_equal(h1_rig_status(&r, 0), 408);
    assert_int_equal(r.requests_len, 0);
    assert_true(h1_rig_is_done(&r));
    h1_rig_close(&r);
}

static void a_handler_may_take_its_time_and_a_tunnel_too(void **state)
{
    (void)state;
    struct h1_rig r;
    h1_rig_open(&r);
    r.answer = H1_RIG_LATER;
    h1_rig_text(&r, H1_RIG_HANDSHAKE);
    assert_int_equal(deadline_ms(&r), UINT64_MAX);
    tenant_accept(&r.tenants[0]);
    h1_rig_drain(&r);
    assert_int_equal(deadline_ms(&r), UINT64_MAX);
    r.conn->ops->expire(r.conn, r.now_ns + 1); /* too early is harmless */
    assert_int_equal(r.tenants[0].closes, 0);
    h1_rig_close(&r);
}

static void shut_down(struct h1_rig *r)
{
    r->conn->ops->shutdown(r->conn, r->now_ns);
    h1_rig_drain(r);
}

static void shutdown_ends_an_idle_connection_at_once(void **state)
{
    (void)state;
    for (int after_request = 0; after_request < 2; after_request++) {
        struct h1_rig r;
        h1_rig_open(&r);
        h1_rig_text(&r, after_request ? GET : "");
        shut_down(&r);
        assert_true(h1_rig_is_done(&r));
        assert_int_equal(h1_rig_statuses(&r), after_request);
        h1_rig_close(&r);
    }
}

static void shutdown_lets_what_is_being_asked_be_answered_as_the_last(void **state)
{
    (void)state;
    for (int is_waiting = 0; is_waiting < 2; is_waiting++) {
        struct h1_rig r;
        h1_rig_open(&r);
        r.answer = H1_RIG_LATER;
        h1_rig_text(&r, is_waiting ? GET GET : "GET /a HT");
        shut_down(&r);
        assert_false(h1_rig_is_done(&r));
        if (!is_waiting) {
            h1_rig_text(&r, "TP/1.1\r\nHost: a\r\n\r\n" GET);
        }
        tenant_refuse(&r.tenants[0], 404);
        h1_rig_drain(&r);
        assert_string_equal(
            r.out, "HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
        assert_true(h1_rig_is_done(&r));
        assert_int_equal(r.requests_len, 1);
        h1_rig_close(&r);
    }
}

static void shutdown_leaves_a_tunnel_to_its_tenant(void **state)
{
    (void)state;
    struct h1_rig r;
    h1_rig_open(&r);
    h1_rig_text(&r, H1_RIG_HANDSHAKE);
    shut_down(&r);
    struct tenant *t = &r.tenants[0];
    h1_rig_text(&r, "more");
    assert_int_equal(t->in_len, 4);
    assert_false(h1_rig_is_done(&r));
    tenant_end(t);
    h1_rig_drain(&r);
    assert_true(h1_rig_is_done(&r));
    h1_rig_close(&r);
}

static void shutdown_lets_a_waiting_handshake_be_accepted(void **state)
{
    (void)state;
    struct h1_rig r;
    h1_rig_open(&r);
    r.answer = H1_RIG_LATER;
    h1_rig_text(&r, H1_RIG_HANDSHAKE);
    shut_down(&r);
    h1_rig_text(&r, "frames");
    tenant_accept(&r.tenants[0]);
    h1_rig_drain(&r);
    assert_int_equal(h1_rig_status(&r, 0), 101);
    assert_int_equal(r.tenants[0].in_len, 6);
    h1_rig_close(&r);
}

static void free_tells_whoever_is_there(void **state)
{
    (void)state;
    struct h1_rig r;
    h1_rig_open(&r);
    h1_rig_text(&r, H1_RIG_HANDSHAKE);
    struct tenant *t = &r.tenants[0];
    r.conn->ops->free(r.conn);
    assert_int_equal(t->closes, 1);
    assert_int_equal(t->cause, TRI_STREAM_CONN_LOST);
    tenant_deinit(t);
    free(r.out);
    assert_int_equal(r.alloc.live, 0);

    h1_rig_open(&r);
    r.answer = H1_RIG_LATER;
    h1_rig_text(&r, GET);
    r.conn->ops->free(r.conn);
    assert_int_equal(r.cancels, 1);
    tenant_deinit(&r.tenants[0]);
    free(r.out);
    assert_int_equal(r.alloc.live, 0);
}

static void an_error_is_reported_once_and_the_rest_is_discarded(void **state)
{
    (void)state;
    struct h1_rig r;
    h1_rig_open(&r);
    assert_int_equal(r.conn->ops->recv(r.conn, (const uint8_t *)"\n", 1, r.now_ns),
                     TRI_ERR_PROTOCOL);
    assert_int_equal(r.conn->ops->recv(r.conn, (const uint8_t *)GET, 4, r.now_ns), TRI_OK);
    assert_false(h1_rig_is_done(&r)); /* the response is still to be sent */
    assert_true(r.wakes > 0);
    h1_rig_drain(&r);
    assert_int_equal(h1_rig_status(&r, 0), 400);
    assert_true(h1_rig_is_done(&r));
    assert_int_equal(deadline_ms(&r), UINT64_MAX);
    h1_rig_close(&r);
}

static void an_orderly_end_behind_an_error_leaves_its_response(void **state)
{
    (void)state;
    struct h1_rig r;
    h1_rig_open(&r);
    assert_int_equal(r.conn->ops->recv(r.conn, (const uint8_t *)"\n", 1, r.now_ns),
                     TRI_ERR_PROTOCOL);
    h1_rig_eof(&r, true);
    assert_int_equal(h1_rig_status(&r, 0), 400);
    assert_true(h1_rig_is_done(&r));
    h1_rig_close(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_connection_has_nothing_to_say),
        cmocka_unit_test(new_reports_a_failed_allocation),
        cmocka_unit_test(an_idle_connection_ends_after_the_keepalive_timeout),
        cmocka_unit_test(a_slow_head_is_answered_408),
        cmocka_unit_test(a_slow_body_is_answered_408),
        cmocka_unit_test(a_handler_may_take_its_time_and_a_tunnel_too),
        cmocka_unit_test(shutdown_ends_an_idle_connection_at_once),
        cmocka_unit_test(shutdown_lets_what_is_being_asked_be_answered_as_the_last),
        cmocka_unit_test(shutdown_leaves_a_tunnel_to_its_tenant),
        cmocka_unit_test(shutdown_lets_a_waiting_handshake_be_accepted),
        cmocka_unit_test(free_tells_whoever_is_there),
        cmocka_unit_test(an_error_is_reported_once_and_the_rest_is_discarded),
        cmocka_unit_test(an_orderly_end_behind_an_error_leaves_its_response),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
