#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "h1_rig.h"

#define SWITCHED                                                                                   \
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"            \
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"

/* A tenant that says nothing and counts its ends. */
static size_t mute_peek(void *session, struct tri_slice *out, size_t out_max, bool *fin)
{
    (void)session;
    (void)out;
    (void)out_max;
    *fin = false;
    return 0;
}

static void mute_closed(void *session, enum tri_stream_cause cause)
{
    (void)cause;
    *(unsigned *)session += 1;
}

static const struct tri_stream_events mute_events = {.peek = mute_peek, .on_closed = mute_closed};

/* Opens a connection and its tunnel. */
static struct tenant *open_tunnel(struct h1_rig *r)
{
    h1_rig_open(r);
    h1_rig_text(r, H1_RIG_HANDSHAKE);
    assert_int_equal(r->requests_len, 1);
    return &r->tenants[0];
}

static void U1_a_correct_opening_handshake_gets_101(void **state)
{
    (void)state;
    struct h1_rig r;
    const struct tenant *t = open_tunnel(&r);
    assert_string_equal(r.out, SWITCHED "\r\n");
    assert_string_equal(r.lines[0], "GET https localhost /echo websocket");
    assert_string_equal(t->exchange->stream.ops->name, "http/1.1");
    assert_false(h1_rig_is_done(&r));
    h1_rig_close(&r);
}

static void U1_fields_of_the_answer_stand_in_the_101(void **state)
{
    (void)state;
    struct h1_rig r;
    h1_rig_open(&r);
    r.answer = H1_RIG_LATER;
    h1_rig_text(&r, H1_RIG_HANDSHAKE);
    const struct tri_field fields[] = {{TRI_SLICE("sec-websocket-protocol"), TRI_SLICE("chat")}};
    unsigned closes = 0;
    const struct tri_response response = {.answer = TRI_ANSWER_WEBSOCKET,
                                          .fields = fields,
                                          .fields_len = 1,
                                          .content_length = TRI_LENGTH_NONE,
                                          .events = &mute_events,
                                          .session = &closes};
    struct tri_exchange *x = r.tenants[0].exchange;
    assert_int_equal(x->ops->respond(x, &response), TRI_OK);
    h1_rig_drain(&r);
    assert_string_equal(r.out, SWITCHED "sec-websocket-protocol: chat\r\n\r\n");
    assert_int_equal(closes, 0);
    h1_rig_eof(&r, false);
    assert_int_equal(closes, 1);
    h1_rig_close(&r);
}

static void U4_U5_each_answer_has_its_426(void **state)
{
    (void)state;
    struct h1_rig r;
    h1_rig_open(&r);
    r.answer = H1_RIG_LATER;
    h1_rig_text(&r, "GET /echo HTTP/1.1\r\nHost: a\r\n\r\n" H1_RIG_HANDSHAKE);
    const struct tri_response upgrade = {.answer = TRI_ANSWER_UPGRADE_NEEDED};
    struct tri_exchange *x = r.tenants[0].exchange;
    assert_int_equal(x->status, 0);
    assert_int_equal(x->ops->respond(x, &upgrade), TRI_OK);
    assert_int_equal(x->status, 426);
    h1_rig_drain(&r);
    assert_string_equal(r.out, "HTTP/1.1 426 Upgrade Required\r\nUpgrade: websocket\r\n"
                               "Connection: Upgrade\r\nContent-Length: 0\r\n\r\n");
    assert_int_equal(r.requests_len, 2); /* it was a plain request: the connection goes on */
    const struct tri_response version = {.answer = TRI_ANSWER_VERSION_NEEDED};
    const size_t before = r.out_len;
    x = r.tenants[1].exchange;
    assert_int_equal(x->status, 0); /* the next request's */
    assert_int_equal(x->ops->respond(x, &version), TRI_OK);
    h1_rig_drain(&r);
    assert_string_equal(&r.out[before],
                        "HTTP/1.1 426 Upgrade Required\r\nUpgrade: websocket\r\n"
                        "Connection: close, Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                        "Content-Length: 0\r\n\r\n");
    assert_true(h1_rig_is_done(&r)); /* it was an upgrade: row U6 */
    h1_rig_close(&r);
}

static void bytes_pass_both_ways(void **state)
{
    (void)state;
    struct h1_rig r;
    struct tenant *t = open_tunnel(&r);
    h1_rig_text(&r, "ping");
    assert_int_equal(t->in_len, 4);
    assert_memory_equal(t->in, "ping", 4);
    const size_t before = r.out_len;
    const size_t wakes = r.wakes;
    tenant_send(t, "pong", 4);
    assert_int_equal(r.wakes, wakes + 1);
    h1_rig_drain(&r);
    assert_string_equal(&r.out[before], "pong");
    assert_int_equal(t->released, 4);
    h1_rig_close(&r);
}

static void E8_an_urgency_changes_nothing_where_a_socket_is_alone(void **state)
{
    (void)state;
    struct h1_rig r;
    struct tenant *t = open_tunnel(&r);
    t->in_op = true; /* no event may come */
    t->exchange->stream.ops->set_urgency(&t->exchange->stream, TRI_URGENCY_LEAST);
    t->in_op = false;
    tenant_send(t, "down", 4);
    h1_rig_text(&r, "");
    assert_string_equal(r.out, SWITCHED "\r\ndown");
    h1_rig_close(&r);
}

static void many_slices_pass_in_order(void **state)
{
    (void)state;
    struct h1_rig r;
    struct tenant *t = open_tunnel(&r);
    char text[5000];
    for (size_t i = 0; i < sizeof text; i++) {
        text[i] = (char)('a' + i % 23);
    }
    t->slice_max = 7;
    tenant_room(t, sizeof text);
    tenant_send(t, text, sizeof text);
    const size_t before = r.out_len;
    h1_rig_drain(&r);
    assert_int_equal(r.out_len - before, sizeof text);
    assert_memory_equal(&r.out[before], text, sizeof text);
    h1_rig_close(&r);
}

static void no_byte_comes_before_the_verdict(void **state)
{
    (void)state;
    struct h1_rig r;
    h1_rig_open(&r);
    r.answer = H1_RIG_LATER;
    h1_rig_text(&r, H1_RIG_HANDSHAKE "early");
    h1_rig_text(&r, " birds");
    struct tenant *t = &r.tenants[0];
    tenant_accept(t);
    assert_int_equal(t->in_len, 0); /* contract line 7: not inside the op */
    h1_rig_drain(&r);
    assert_int_equal(t->in_len, 11);
    assert_memory_equal(t->in, "early birds", 11);
    assert_int_equal(r.out_len, strlen(SWITCHED "\r\n"));
    h1_rig_close(&r);
}

static void held_bytes_come_before_those_that_arrive_later(void **state)
{
    (void)state;
    struct h1_rig r;
    h1_rig_open(&r);
    r.answer = H1_RIG_LATER;
    h1_rig_text(&r, H1_RIG_HANDSHAKE "first ");
    tenant_accept(&r.tenants[0]);
    h1_rig_text(&r, "second"); /* recv before send */
    assert_int_equal(r.tenants[0].in_len, 12);
    assert_memory_equal(r.tenants[0].in, "first second", 12);
    h1_rig_close(&r);
}

static void credit_is_counted(void **state)
{
    (void)state;
    struct h1_rig r;
    struct tenant *t = open_tunnel(&r);
    t->hold_credit = true;
    h1_rig_text(&r, "0123456789");
    tenant_consume(t, 3);
    tenant_consume(t, 7);
    assert_int_equal(t->unconsumed, 0);
    h1_rig_close(&r);
}

static bool wants_read(const struct h1_rig *r)
{
    return r->conn->ops->wants_read(r->conn);
}

static void E6_a_tenant_that_holds_its_credit_stops_the_reading(void **state)
{
    (void)state;
    static const uint8_t bytes[TRI_H1_UNCONSUMED_BYTES_MAX];
    struct h1_rig r;
    struct tenant *t = open_tunnel(&r);
    t->hold_credit = true;
    h1_rig_feed(&r, bytes, sizeof bytes - 1);
    assert_true(wants_read(&r));
    h1_rig_feed(&r, bytes, 1);
    assert_false(wants_read(&r));
    h1_rig_feed(&r, bytes, 100); /* what was on its way is taken */
    assert_int_equal(t->in_len, sizeof bytes + 100);
    assert_false(wants_read(&r));
    h1_rig_close(&r);
}

static void E6_reading_goes_on_when_half_of_it_is_consumed(void **state)
{
    (void)state;
    static const uint8_t bytes[TRI_H1_UNCONSUMED_BYTES_MAX];
    struct h1_rig r;
    struct tenant *t = open_tunnel(&r);
    t->hold_credit = true;
    for (int i = 0; i < 2; i++) {
        h1_rig_feed(&r, bytes, sizeof bytes);
        size_t wakes = r.wakes;
        tenant_consume(t, sizeof bytes / 2 - 1);
        assert_false(wants_read(&r));
        assert_int_equal(r.wakes, wakes);
        tenant_consume(t, 1); /* outside of recv: the owner must be told */
        assert_true(wants_read(&r));
        assert_int_equal(r.wakes, wakes + 1);
        tenant_consume(t, sizeof bytes / 2);
        assert_int_equal(r.wakes, wakes + 1);
    }
    h1_rig_close(&r);
}

static void a_tenant_that_consumes_at_once_is_always_read(void **state)
{
    (void)state;
    static const uint8_t bytes[2 * TRI_H1_UNCONSUMED_BYTES_MAX];
    struct h1_rig r;
    (void)open_tunnel(&r);
    h1_rig_feed(&r, bytes, sizeof bytes);
    assert_true(wants_read(&r));
    h1_rig_close(&r);
}

static void reading_goes_on_when_the_tenant_is_gone(void **state)
{
    (void)state;
    static const uint8_t bytes[TRI_H1_UNCONSUMED_BYTES_MAX];
    for (int aborts = 0; aborts < 2; aborts++) {
        struct h1_rig r;
        struct tenant *t = open_tunnel(&r);
        assert_true(wants_read(&r));
        t->hold_credit = true;
        h1_rig_feed(&r, bytes, sizeof bytes);
        assert_false(wants_read(&r));
        if (aborts) {
            tenant_abort(t);
            assert_true(wants_read(&r));
        } else {
            tenant_end(t);
        }
        h1_rig_drain(&r);
        assert_true(wants_read(&r));
        h1_rig_close(&r);
    }
}

static void E7_fin_ends_the_connection_in_order_behind_the_last_bytes(void **state)
{
    (void)state;
    struct h1_rig r;
    struct tenant *t = open_tunnel(&r);
    const size_t before = r.out_len;
    tenant_send(t, "last", 4);
    tenant_end(t);
    assert_false(h1_rig_is_done(&r));
    h1_rig_drain(&r);
    assert_string_equal(&r.out[before], "last");
    assert_true(h1_rig_is_done(&r));
    assert_false(h1_rig_is_aborted(&r));
    assert_int_equal(t->fins, 1);
    assert_int_equal(t->closes, 1);
    assert_int_equal(t->cause, TRI_STREAM_FINISHED);
    h1_rig_text(&r, "late"); /* discarded */
    h1_rig_eof(&r, false);
    assert_int_equal(t->closes, 1);
    h1_rig_close(&r);
}

static void E7_the_peers_orderly_end_leaves_our_direction_open(void **state)
{
    (void)state;
    struct h1_rig r;
    struct tenant *t = open_tunnel(&r);
    h1_rig_text(&r, "bye");
    h1_rig_eof(&r, true);
    assert_int_equal(t->in_len, 3);
    assert_int_equal(t->fins, 1);
    assert_int_equal(t->closes, 0);
    tenant_send(t, "still here", 10);
    tenant_end(t);
    h1_rig_drain(&r);
    assert_true(h1_rig_sent(&r, "still here"));
    assert_int_equal(t->fins, 1);
    assert_int_equal(t->cause, TRI_STREAM_FINISHED);
    assert_true(h1_rig_is_done(&r));
    h1_rig_close(&r);
}

static void the_peers_end_before_the_verdict_comes_behind_what_is_held(void **state)
{
    (void)state;
    struct h1_rig r;
    h1_rig_open(&r);
    r.answer = H1_RIG_LATER;
    h1_rig_text(&r, H1_RIG_HANDSHAKE "early");
    h1_rig_eof(&r, true);
    struct tenant *t = &r.tenants[0];
    tenant_accept(t);
    h1_rig_drain(&r);
    assert_int_equal(t->in_len, 5);
    assert_int_equal(t->fins, 1);
    h1_rig_close(&r);
}

static void E7_a_torn_connection_is_a_reset(void **state)
{
    (void)state;
    struct h1_rig r;
    struct tenant *t = open_tunnel(&r);
    h1_rig_eof(&r, false);
    assert_int_equal(t->fins, 0);
    assert_int_equal(t->closes, 1);
    assert_int_equal(t->cause, TRI_STREAM_RESET);
    assert_true(h1_rig_is_aborted(&r));
    h1_rig_eof(&r, false);
    assert_int_equal(t->closes, 1);
    h1_rig_close(&r);
}

static void E7_a_torn_connection_behind_an_orderly_end_is_still_told(void **state)
{
    (void)state;
    struct h1_rig r;
    struct tenant *t = open_tunnel(&r);
    h1_rig_eof(&r, true);
    h1_rig_eof(&r, false);
    assert_int_equal(t->fins, 1);
    assert_int_equal(t->closes, 1);
    assert_int_equal(t->cause, TRI_STREAM_RESET);
    assert_true(h1_rig_is_aborted(&r));
    h1_rig_close(&r);
}

static void E7_abort_cuts_the_connection(void **state)
{
    (void)state;
    struct h1_rig r;
    struct tenant *t = open_tunnel(&r);
    const size_t before = r.out_len;
    tenant_send(t, "unsent", 6);
    tenant_abort(t);
    assert_int_equal(t->closes, 0);     /* contract line 7 */
    assert_true(h1_rig_is_aborted(&r)); /* even if nothing can be sent */
    assert_false(h1_rig_is_done(&r));
    h1_rig_drain(&r);
    assert_int_equal(r.out_len, before);
    assert_int_equal(t->closes, 1);
    assert_int_equal(t->cause, TRI_STREAM_ABORTED);
    h1_rig_text(&r, "late");
    assert_int_equal(t->in_len, 0);
    h1_rig_close(&r);
}

static void an_abort_that_nothing_drives_any_more_is_told_by_free(void **state)
{
    (void)state;
    struct h1_rig r;
    struct tenant *t = open_tunnel(&r);
    tenant_abort(t);
    r.conn->ops->free(r.conn);
    assert_int_equal(t->closes, 1);
    assert_int_equal(t->cause, TRI_STREAM_ABORTED);
    tenant_deinit(t);
    free(r.out);
    assert_int_equal(r.alloc.live, 0);
}

static void an_unanswered_request_can_be_aborted(void **state)
{
    (void)state;
    struct h1_rig r;
    h1_rig_open(&r);
    r.answer = H1_RIG_LATER;
    h1_rig_text(&r, H1_RIG_HANDSHAKE);
    tenant_abort(&r.tenants[0]);
    assert_int_equal(r.cancels, 0);
    h1_rig_drain(&r);
    assert_int_equal(r.cancels, 1);
    assert_true(h1_rig_is_aborted(&r));
    assert_string_equal(r.out, "");
    h1_rig_close(&r);
}

static void respond_without_memory_binds_nothing_and_cuts(void **state)
{
    (void)state;
    for (int websocket = 0; websocket < 2; websocket++) {
        struct h1_rig r;
        h1_rig_open(&r);
        r.answer = H1_RIG_LATER;
        h1_rig_text(&r, websocket ? H1_RIG_HANDSHAKE : "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        struct tri_exchange *x = r.tenants[0].exchange;
        const struct tri_response response = {.answer = websocket ? TRI_ANSWER_WEBSOCKET
                                                                  : TRI_ANSWER_PLAIN,
                                              .status = 200,
                                              .events = &mute_events};
        r.alloc.fail_at = r.alloc.calls + 1;
        assert_int_equal(x->ops->respond(x, &response), TRI_ERR_NOMEM);
        assert_int_equal(x->status, 0);
        assert_null(x->stream.events);
        h1_rig_drain(&r);
        assert_true(h1_rig_is_aborted(&r));
        assert_int_equal(r.cancels, 0); /* http_exchange.h: no event comes */
        h1_rig_close(&r);
    }
}

static void an_idle_tunnel_owns_no_buffer(void **state)
{
    (void)state;
    struct h1_rig r;
    struct tenant *t = open_tunnel(&r);
    tenant_send(t, "x", 1);
    h1_rig_text(&r, "y");
    assert_int_equal(r.alloc.live, 1); /* the connection itself */
    h1_rig_close(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(U1_a_correct_opening_handshake_gets_101),
        cmocka_unit_test(U1_fields_of_the_answer_stand_in_the_101),
        cmocka_unit_test(U4_U5_each_answer_has_its_426),
        cmocka_unit_test(bytes_pass_both_ways),
        cmocka_unit_test(E8_an_urgency_changes_nothing_where_a_socket_is_alone),
        cmocka_unit_test(many_slices_pass_in_order),
        cmocka_unit_test(no_byte_comes_before_the_verdict),
        cmocka_unit_test(held_bytes_come_before_those_that_arrive_later),
        cmocka_unit_test(credit_is_counted),
        cmocka_unit_test(E6_a_tenant_that_holds_its_credit_stops_the_reading),
        cmocka_unit_test(E6_reading_goes_on_when_half_of_it_is_consumed),
        cmocka_unit_test(a_tenant_that_consumes_at_once_is_always_read),
        cmocka_unit_test(reading_goes_on_when_the_tenant_is_gone),
        cmocka_unit_test(E7_fin_ends_the_connection_in_order_behind_the_last_bytes),
        cmocka_unit_test(E7_the_peers_orderly_end_leaves_our_direction_open),
        cmocka_unit_test(the_peers_end_before_the_verdict_comes_behind_what_is_held),
        cmocka_unit_test(E7_a_torn_connection_is_a_reset),
        cmocka_unit_test(E7_a_torn_connection_behind_an_orderly_end_is_still_told),
        cmocka_unit_test(E7_abort_cuts_the_connection),
        cmocka_unit_test(an_abort_that_nothing_drives_any_more_is_told_by_free),
        cmocka_unit_test(an_unanswered_request_can_be_aborted),
        cmocka_unit_test(respond_without_memory_binds_nothing_and_cuts),
        cmocka_unit_test(an_idle_tunnel_owns_no_buffer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
