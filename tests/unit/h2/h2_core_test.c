/* Waking, telling, and the order of both. */
#include "rig_h2.h"

static void a_connection_is_woken_once_between_two_sends(void **state)
{
    (void)state;
    struct rig_h2 r;
    rig_h2_init(&r);
    rig_h2_websocket(&r);
    rig_h2_websocket(&r);
    r.wakes = 0;
    for (int i = 0; i < 10; i++) {
        tenant_send(rig_h2_tenant(&r, 0), "x", 1);
        tenant_send(rig_h2_tenant(&r, 1), "y", 1);
    }
    assert_int_equal(r.wakes, 1);
    rig_h2_run(&r);
    assert_int_equal(r.wakes, 1); /* nor while it is being sent from */
    tenant_send(rig_h2_tenant(&r, 0), "z", 1);
    assert_int_equal(r.wakes, 2);
    struct tri_slice slices[16];
    assert_int_equal(r.conn->ops->send(r.conn, slices, 16, r.now_ns), 2);
    tenant_send(rig_h2_tenant(&r, 0), "!", 1);
    assert_int_equal(r.wakes, 2); /* nor while the caller is asked to come again */
    rig_h2_output(&r);
    assert_int_equal(rig_h2_tenant(&r, 0)->sent, 12);
    rig_h2_deinit(&r);
}

static void a_late_answer_and_an_abort_wake_too(void **state)
{
    (void)state;
    struct rig_h2 r;
    rig_h2_init(&r);
    rig_h2_websocket(&r);
    r.wakes = 0;
    tenant_abort(rig_h2_tenant(&r, 0));
    assert_int_equal(r.wakes, 1);
    rig_h2_run(&r);
    r.wakes = 0;
    r.conn->ops->shutdown(r.conn, r.now_ns);
    assert_int_equal(r.wakes, 1);
    rig_h2_deinit(&r);
}

static void consumed_bytes_wake_the_connection_only_while_credit_matters(void **state)
{
    (void)state;
    struct rig_h2 r;
    rig_h2_init(&r);
    int s = rig_h2_websocket(&r);
    struct tenant *t = rig_h2_tenant(&r, 0);
    t->hold_credit = true;
    peer_h2_send(&r.peer, s, "abcdef", 6);
    rig_h2_run(&r);
    r.wakes = 0;
    tenant_consume(t, 3);
    assert_int_equal(r.wakes, 1);
    peer_h2_fin(&r.peer, s);
    rig_h2_run(&r);
    r.wakes = 0;
    tenant_consume(t, 3);
    assert_int_equal(r.wakes, 0); /* the peer will send no more */
    rig_h2_deinit(&r);
}

static void when_send_yields_nothing_all_is_done(void **state)
{
    (void)state;
    struct rig_h2 r;
    rig_h2_init(&r);
    rig_h2_websocket(&r);
    struct tri_slice slices[16];
    struct tenant *t = rig_h2_tenant(&r, 0);
    tenant_send(t, "x", 1);
    tenant_abort(t);
    while (r.conn->ops->send(r.conn, slices, 16, r.now_ns) > 0) {}
    assert_int_equal(t->closes, 1);
    assert_int_equal(r.conn->ops->send(r.conn, slices, 16, r.now_ns), 0);
    rig_h2_deinit(&r);
}

static void ops_while_the_transport_cannot_send_are_acted_on_by_recv(void **state)
{
    (void)state;
    struct rig_h2 r;
    rig_h2_init(&r);
    rig_h2_websocket(&r);
    struct tenant *t = rig_h2_tenant(&r, 0);
    tenant_abort(t);
    struct bytes_h2 in = {.len = 0};
    frames_h2_frame(&in, NGHTTP2_PING, 0, 0, "trisock?", 8);
    assert_int_equal(r.conn->ops->recv(r.conn, in.data, in.len, r.now_ns), TRI_OK);
    assert_int_equal(t->closes, 1);
    bytes_h2_free(&in);
    rig_h2_deinit(&r);
}

static void a_failed_connection_tells_all_and_takes_nothing_more(void **state)
{
    (void)state;
    struct rig_h2 r;
    rig_h2_init(&r);
    rig_h2_websocket(&r);
    rig_h2_websocket(&r);
    struct bytes_h2 in = {.len = 0};
    for (int i = 0; i < 2000; i++) { /* more than the engine queues answers for */
        frames_h2_frame(&in, NGHTTP2_PING, 0, 0, "trisock?", 8);
    }
    r.out.len = 0;
    rig_h2_bytes(&r, &in);
    assert_int_equal(r.recv_err, TRI_ERR_LIMIT);
    rig_h2_assert_goaway(&r, NGHTTP2_ENHANCE_YOUR_CALM);
    const struct frame_h2 goaway = rig_h2_frame(&r, NGHTTP2_GOAWAY, 0, 0);
    assert_int_equal(frames_h2_read_u32(goaway.payload.data), 3); /* the last stream */
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(rig_h2_tenant(&r, i)->closes, 1);
        assert_int_equal(rig_h2_tenant(&r, i)->cause, TRI_STREAM_CONN_LOST);
    }
    assert_true(r.conn->ops->is_done(r.conn));
    rig_h2_input(&r, "more", 4);
    assert_int_equal(r.recv_err, TRI_ERR_LIMIT);
    assert_int_equal(r.conn->ops->deadline_ns(r.conn), UINT64_MAX);
    rig_h2_deinit(&r);
}

/* One conversation with every event in it, in which any allocation may fail. */
struct play {
    size_t opened, told, canceled;
};

static void play_on_data(void *session, const uint8_t *data, size_t len)
{
    (void)data;
    struct tri_exchange *x = session;
    x->stream.ops->consume(&x->stream, len);
    x->stream.ops->wake_write(&x->stream);
}

static void play_on_fin(void *session)
{
    struct tri_exchange *x = session;
    x->stream.ops->wake_write(&x->stream);
}

static size_t play_peek(void *session, struct tri_slice *out, size_t out_max, bool *fin)
{
    (void)session;
    (void)out;
    (void)out_max;
    *fin = true;
    return 0;
}

static void play_ignore(void *session, size_t len)
{
    (void)session;
    (void)len;
}

static void play_on_closed(void *session, enum tri_stream_cause cause)
{
    (void)cause;
    const struct tri_exchange *x = session;
    struct play *play = x->owner;
    play->told++;
}

static const struct tri_stream_events play_events = {
    .on_data = play_on_data,
    .on_fin = play_on_fin,
    .peek = play_peek,
    .on_sent = play_ignore,
    .on_released = play_ignore,
    .on_closed = play_on_closed,
};

static void play_on_request(void *user, struct tri_exchange *x, const struct tri_request_head *head)
{
    struct play *play = user;
    x->owner = play;
    const bool is_websocket = head->protocol.len > 0;
    const struct tri_response response = {
        .answer = is_websocket ? TRI_ANSWER_WEBSOCKET : TRI_ANSWER_UPGRADE_NEEDED,
        .content_length = TRI_LENGTH_NONE,
        .events = is_websocket ? &play_events : NULL,
        .session = x,
    };
    if (x->ops->respond(x, &response) == TRI_OK && is_websocket) {
        play->opened++;
    }
}

static void play_on_cancel(void *user, struct tri_exchange *x)
{
    (void)x;
    struct play *play = user;
    play->canceled++;
}

static void play_on_wake(void *user)
{
    (void)user;
}

static void send_all(struct tri_conn *conn)
{
    struct tri_slice slices[16];
    while (conn->ops->send(conn, slices, 16, 0) > 0) {}
}

static void play_it(struct tri_conn *conn)
{
    struct bytes_h2 in = {.len = 0};
    frames_h2_preface(&in);
    frames_h2_headers(&in, 1, rig_h2_websocket_fields, false);
    frames_h2_headers(&in, 3, rig_h2_get_fields, true);
    frames_h2_data(&in, 1, "hello", 5, false);
    frames_h2_headers(&in, 5, rig_h2_websocket_fields, false);
    frames_h2_number(&in, NGHTTP2_RST_STREAM, 5, NGHTTP2_CANCEL);
    frames_h2_frame(&in, NGHTTP2_PING, 0, 0, "trisock?", 8);
    for (size_t at = 0; at < in.len; at += 60) {
        const size_t len = in.len - at < 60 ? in.len - at : 60;
        (void)!conn->ops->recv(conn, in.data + at, len, 0);
        send_all(conn);
    }
    conn->ops->shutdown(conn, 0);
    send_all(conn);
    bytes_h2_free(&in);
}

static void a_conversation_survives_each_failing_allocation(void **state)
{
    (void)state;
    static const struct tri_exchange_events events = {
        .on_request = play_on_request, .on_cancel = play_on_cancel, .on_wake = play_on_wake};
    struct tri_limits limits;
    tri_limits_default(&limits);
    size_t fail_at = 1;
    for (bool failed = true; failed; fail_at++) {
        struct test_alloc alloc;
        struct play play = {.opened = 0};
        test_alloc_init(&alloc);
        alloc.fail_at = fail_at;
        const struct tri_conn_config config = {.alloc = &alloc.alloc,
                                               .limits = &limits,
                                               .events = &events,
                                               .user = &play,
                                               .extended_connect = true};
        struct tri_conn *conn;
        if (tri_h2_conn_new(&conn, &config, 0) == TRI_OK) {
            play_it(conn);
            conn->ops->free(conn);
        }
        failed = test_alloc_has_failed(&alloc);
        assert_int_equal(play.told, play.opened); /* contract line 8, whatever fails */
        assert_int_equal(alloc.live, 0);
    }
    assert_true(fail_at > 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_connection_is_woken_once_between_two_sends),
        cmocka_unit_test(a_late_answer_and_an_abort_wake_too),
        cmocka_unit_test(consumed_bytes_wake_the_connection_only_while_credit_matters),
        cmocka_unit_test(when_send_yields_nothing_all_is_done),
        cmocka_unit_test(ops_while_the_transport_cannot_send_are_acted_on_by_recv),
        cmocka_unit_test(a_failed_connection_tells_all_and_takes_nothing_more),
        cmocka_unit_test(a_conversation_survives_each_failing_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
