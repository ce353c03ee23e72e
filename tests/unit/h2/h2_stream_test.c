/* A stream's life: bytes before and after the verdict, credit, ends, and its siblings. */
#include "rig_h2.h"

#include <stdlib.h>

#define BIG ((size_t)(600 * 1024)) /* more than a stream window */

static void answer_late(struct rig_h2 *r, struct tenant *t)
{
    (void)r;
    (void)t;
}

static uint8_t *make_pattern(size_t len)
{
    uint8_t *p = malloc(len);
    assert_non_null(p);
    for (size_t i = 0; i < len; i++) {
        p[i] = (uint8_t)(i * 31 + i / 251);
    }
    return p;
}

static const struct peer_h2_stream *peer_stream(const struct rig_h2 *r, int stream)
{
    return r->peer.streams[stream];
}

static void assert_closed(const struct tenant *t, enum tri_stream_cause cause)
{
    assert_int_equal(t->closes, 1);
    assert_int_equal(t->cause, cause);
}

/* ---- credit */

static void E6_a_tenant_that_does_not_consume_stops_its_sender_within_one_window(void **state)
{
    (void)state;
    struct rig_h2 r;
    rig_h2_init(&r);
    int slow = rig_h2_websocket(&r);
    int fast = rig_h2_websocket(&r);
    uint8_t *pattern = make_pattern(BIG);
    struct tenant *t = rig_h2_tenant(&r, 0);
    t->hold_credit = true;
    peer_h2_send(&r.peer, slow, pattern, BIG);
    peer_h2_send(&r.peer, fast, pattern, BIG);
    rig_h2_run(&r);
    assert_int_equal(t->in_len, TRI_STREAM_WINDOW_BYTES);
    assert_int_equal(peer_h2_unsent(&r.peer, slow), BIG - TRI_STREAM_WINDOW_BYTES);
    assert_int_equal(rig_h2_tenant(&r, 1)->in_len, BIG);
    t->hold_credit = false;
    tenant_consume(t, t->unconsumed);
    rig_h2_run(&r);
    assert_int_equal(t->in_len, BIG);
    assert_memory_equal(t->in, pattern, BIG);
    free(pattern);
    rig_h2_deinit(&r);
}

static void E5_stalled_tenants_do_not_use_up_the_connection_window(void **state)
{
    (void)state;
    struct rig_h2 r;
    rig_h2_init(&r);
    enum { STALLED = TRI_CONN_WINDOW_BYTES / TRI_STREAM_WINDOW_BYTES + 4 };
    uint8_t *pattern = make_pattern(TRI_STREAM_WINDOW_BYTES);
    for (size_t i = 0; i < STALLED; i++) {
        int s = rig_h2_websocket(&r);
        rig_h2_tenant(&r, i)->hold_credit = true;
        peer_h2_send(&r.peer, s, pattern, TRI_STREAM_WINDOW_BYTES);
        rig_h2_run(&r);
        assert_int_equal(rig_h2_tenant(&r, i)->in_len, TRI_STREAM_WINDOW_BYTES);
    }
    free(pattern);
    rig_h2_deinit(&r);
}

static void a_peer_that_ignores_the_window_ends_the_connection(void **state)
{
    (void)state;
    struct rig_h2 r;
    rig_h2_init(&r);
    r.on_request = answer_late;
    rig_h2_handshake(&r, 1);
    uint8_t *pattern = make_pattern(TRI_STREAM_WINDOW_BYTES);
    tenant_accept(rig_h2_tenant(&r, 0));
    rig_h2_tenant(&r, 0)->hold_credit = true;
    struct bytes_h2 in = {.len = 0};
    frames_h2_data(&in, 1, pattern, TRI_STREAM_WINDOW_BYTES, false);
    rig_h2_bytes(&r, &in);
    assert_int_equal(rig_h2_count(&r, NGHTTP2_GOAWAY, 0), 0);
    frames_h2_data(&in, 1, pattern, 1, false);
    rig_h2_bytes(&r, &in);
    rig_h2_assert_goaway(&r, NGHTTP2_FLOW_CONTROL_ERROR);
    assert_closed(rig_h2_tenant(&r, 0), TRI_STREAM_CONN_LOST);
    free(pattern);
    rig_h2_deinit(&r);
}

static void E5_streams_of_equal_urgency_take_turns(void **state)
{
    (void)state;
    struct rig_h2 r;
    rig_h2_init(&r);
    rig_h2_websocket(&r);
    rig_h2_websocket(&r);
    uint8_t *pattern = make_pattern(BIG);
    struct tenant *busy = rig_h2_tenant(&r, 0);
    struct tenant *quiet = rig_h2_tenant(&r, 1);
    tenant_room(busy, BIG);
    tenant_send(busy, pattern, BIG);
    tenant_send(quiet, "me too", 6);
    /* One batch, before any window is given back: both are in it. */
    struct tri_slice slices[64];
    size_t n = r.conn->ops->send(r.conn, slices, 64, r.now_ns);
    assert_true(n > 0);
    assert_true(busy->sent > 0);
    assert_int_equal(quiet->sent, 6);
    for (size_t i = 0; i < n; i++) {
        peer_h2_feed(&r.peer, slices[i].data, slices[i].len);
    }
    rig_h2_run(&r);
    assert_int_equal(peer_stream(&r, 0)->body.len, BIG);
    free(pattern);
    rig_h2_deinit(&r);
}

/* ---- ends */

static void E7_both_ends_in_order_is_FINISHED(void **state)
{
    (void)state;
    struct rig_h2 r;
    rig_h2_init(&r);
    int s = rig_h2_websocket(&r);
    struct tenant *t = rig_h2_tenant(&r, 0);
    peer_h2_fin(&r.peer, s);
    rig_h2_run(&r);
    assert_int_equal(t->fins, 1);
    assert_int_equal(t->closes, 0); /* our direction goes on */
    tenant_send(t, "bye", 3);
    tenant_end(t);
    rig_h2_run(&r);
    assert_closed(t, TRI_STREAM_FINISHED);
    assert_int_equal(peer_stream(&r, s)->body.len, 3);
    assert_int_equal(rig_h2_count(&r, NGHTTP2_RST_STREAM, 1), 0);
    rig_h2_deinit(&r);
}

static void E7_our_end_alone_leaves_the_peers_direction_open(void **state)
{
    (void)state;
    struct rig_h2 r;
    rig_h2_init(&r);
    int s = rig_h2_websocket(&r);
    struct tenant *t = rig_h2_tenant(&r, 0);
    tenant_end(t);
    rig_h2_run(&r);
    assert_true(peer_stream(&r, s)->fin);
    assert_int_equal(rig_h2_count(&r, NGHTTP2_RST_STREAM, 1), 0);
    peer_h2_send(&r.peer, s, "late", 4);
    rig_h2_run(&r);
    assert_int_equal(t->in_len, 4);
    assert_int_equal(t->closes, 0);
    peer_h2_fin(&r.peer, s);
    rig_h2_run(&r);
    assert_closed(t, TRI_STREAM_FINISHED);
    rig_h2_deinit(&r);
}

static void E7_waking_after_fin_sends_nothing_more(void **state)
{
    (void)state;
    struct rig_h2 r;
    rig_h2_init(&r);
    rig_h2_websocket(&r);
    struct tenant *t = rig_h2_tenant(&r, 0);
    tenant_end(t);
    tenant_end(t);
    rig_h2_run(&r);
    tenant_end(t);
    rig_h2_run(&r);
    assert_int_equal(rig_h2_count(&r, NGHTTP2_DATA, 1), 1);
    rig_h2_deinit(&r);
}

static void E7_abort_is_RST_STREAM_CANCEL(void **state)
{
    (void)state;
    struct rig_h2 r;
    rig_h2_init(&r);
    int s = rig_h2_websocket(&r);
    struct tenant *t = rig_h2_tenant(&r, 0);
    tenant_send(t, "never mind", 10);
    tenant_abort(t);
    tenant_abort(t);
    assert_int_equal(t->closes, 0);
    rig_h2_run(&r);
    assert_closed(t, TRI_STREAM_ABORTED);
    rig_h2_assert_reset(&r, 1, NGHTTP2_CANCEL);
    assert_int_equal(peer_stream(&r, s)->body.len, 0);
    rig_h2_websocket(&r);
    assert_int_equal(rig_h2_tenant(&r, 1)->closes, 0);
    rig_h2_deinit(&r);
}

static void abort_while_bytes_are_in_flight_waits_for_their_release(void **state)
{
    (void)state;
    struct rig_h2 r;
    rig_h2_init(&r);
    rig_h2_websocket(&r);
    struct tenant *t = rig_h2_tenant(&r, 0);
    tenant_send(t, "taken", 5);
    struct tri_slice slices[16];
    size_t n = r.conn->ops->send(r.conn, slices, 16, r.now_ns);
    assert_int_equal(n, 2);
    tenant_abort(t);
    assert_memory_equal(slices[1].data, "taken", 5); /* still ours to read */
    assert_int_equal(t->released, 0);
    n = r.conn->ops->send(r.conn, slices, 16, r.now_ns);
    assert_int_equal(n, 1);
    assert_int_equal(t->released, 5);
    assert_closed(t, TRI_STREAM_ABORTED);
    rig_h2_deinit(&r);
}

static void after_an_abort_the_tenant_hears_only_of_the_end(void **state)
{
    (void)state;
    struct rig_h2 r;
    rig_h2_init(&r);
    int s = rig_h2_websocket(&r);
    struct tenant *t = rig_h2_tenant(&r, 0);
    tenant_abort(t);
    peer_h2_send(&r.peer, s, "crossing", 8);
    peer_h2_fin(&r.peer, s);
    rig_h2_run(&r);
    assert_int_equal(t->in_len, 0);
    assert_int_equal(t->fins, 0);
    assert_closed(t, TRI_STREAM_ABORTED);
    rig_h2_deinit(&r);
}

static void E7_a_reset_by_the_peer_is_RESET_whatever_its_code(void **state)
{
    (void)state;
    const uint32_t codes[] = {NGHTTP2_CANCEL, NGHTTP2_NO_ERROR, NGHTTP2_INTERNAL_ERROR, 0xdead};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        struct rig_h2 r;
        rig_h2_init(&r);
        int s = rig_h2_websocket(&r);
        peer_h2_reset(&r.peer, s, codes[i]);
        rig_h2_run(&r);
        assert_closed(rig_h2_tenant(&r, 0), TRI_STREAM_RESET);
        assert_int_equal(rig_h2_tenant(&r, 0)->fins, 0);
        rig_h2_deinit(&r);
    }
}

static void a_reset_stream_leaves_its_sibling_alone(void **state)
{
    (void)state;
    struct rig_h2 r;
    rig_h2_init(&r);
    int a = rig_h2_websocket(&r);
    int b = rig_h2_websocket(&r);
    uint8_t *pattern = make_pattern(BIG);
    for (size_t i = 0; i < 2; i++) {
        tenant_room(rig_h2_tenant(&r, i), BIG);
        tenant_send(rig_h2_tenant(&r, i), pattern, BIG);
    }
    peer_h2_reset(&r.peer, a, NGHTTP2_CANCEL);
    peer_h2_send(&r.peer, b, pattern, BIG);
    rig_h2_run(&r);
    assert_closed(rig_h2_tenant(&r, 0), TRI_STREAM_RESET);
    assert_int_equal(peer_stream(&r, b)->body.len, BIG);
    assert_memory_equal(peer_stream(&r, b)->body.data, pattern, BIG);
    assert_int_equal(rig_h2_tenant(&r, 1)->in_len, BIG);
    free(pattern);
    rig_h2_deinit(&r);
}

/* ---- many */

static void E5_a_thousand_streams_share_one_connection(void **state)
{
    (void)state;
    enum { MANY = 1000 };
    struct rig_h2 r;
    rig_h2_init(&r);
    rig_h2_run(&r);
    for (int i = 0; i < MANY; i++) {
        int s = peer_h2_request(&r.peer, &(struct fixture_request){.protocol = "websocket"});
        assert_int_equal(s, i);
    }
    rig_h2_run(&r);
    assert_int_equal(r.tenants_len, MANY);
    for (int i = 0; i < MANY; i++) {
        peer_h2_send(&r.peer, i, "ping", 4);
        tenant_send(rig_h2_tenant(&r, (size_t)i), "pong!", 5);
    }
    rig_h2_run(&r);
    for (int i = 0; i < MANY; i++) {
        assert_int_equal(rig_h2_tenant(&r, (size_t)i)->in_len, 4);
        assert_int_equal(peer_stream(&r, i)->body.len, 5);
    }
    for (int i = 0; i < MANY; i += 2) {
        peer_h2_reset(&r.peer, i, NGHTTP2_CANCEL);
    }
    rig_h2_run(&r);
    for (int i = 0; i < MANY; i++) {
        assert_int_equal(rig_h2_tenant(&r, (size_t)i)->closes, i % 2 == 0 ? 1 : 0);
    }
    rig_h2_deinit(&r);
}

static void memory_of_ended_streams_is_given_back(void **state)
{
    (void)state;
    struct rig_h2 r;
    rig_h2_init(&r);
    size_t after_some = 0;
    for (int i = 0; i < 300; i++) {
        int s = rig_h2_websocket(&r);
        peer_h2_fin(&r.peer, s);
        tenant_end(rig_h2_tenant(&r, (size_t)i));
        rig_h2_run(&r);
        assert_closed(rig_h2_tenant(&r, (size_t)i), TRI_STREAM_FINISHED);
        if (i == 20) {
            after_some = r.alloc.live;
        }
    }
    assert_int_equal(r.alloc.live, after_some);
    rig_h2_deinit(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(E6_a_tenant_that_does_not_consume_stops_its_sender_within_one_window),
        cmocka_unit_test(E5_stalled_tenants_do_not_use_up_the_connection_window),
        cmocka_unit_test(a_peer_that_ignores_the_window_ends_the_connection),
        cmocka_unit_test(E5_streams_of_equal_urgency_take_turns),
        cmocka_unit_test(E7_both_ends_in_order_is_FINISHED),
        cmocka_unit_test(E7_our_end_alone_leaves_the_peers_direction_open),
        cmocka_unit_test(E7_waking_after_fin_sends_nothing_more),
        cmocka_unit_test(E7_abort_is_RST_STREAM_CANCEL),
        cmocka_unit_test(abort_while_bytes_are_in_flight_waits_for_their_release),
        cmocka_unit_test(after_an_abort_the_tenant_hears_only_of_the_end),
        cmocka_unit_test(E7_a_reset_by_the_peer_is_RESET_whatever_its_code),
        cmocka_unit_test(a_reset_stream_leaves_its_sibling_alone),
        cmocka_unit_test(E5_a_thousand_streams_share_one_connection),
        cmocka_unit_test(memory_of_ended_streams_is_given_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
