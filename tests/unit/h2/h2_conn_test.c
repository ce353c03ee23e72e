/* The connection from outside: prefaces, ends, deadlines, shutdown. */
#include "base_timeout.h"
#include "rig_h2.h"

static void answer_late(struct rig_h2 *r, struct tenant *t)
{
    (void)r;
    (void)t;
}

static void assert_done(const struct rig_h2 *r)
{
    assert_true(r->conn->ops->is_done(r->conn));
    assert_false(r->conn->ops->is_aborted(r->conn));
    assert_int_equal(r->conn->ops->deadline_ns(r->conn), UINT64_MAX);
}

/* ---- what is no HTTP/2 */

static void garbage_for_a_preface_ends_in_GOAWAY(void **state)
{
    (void)state;
    const char *garbage[] = {"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n", "\x16\x03\x01", "P",
                             "PRI * HTTP/2.0\r\n\r\nSM\r\n\r!"};
    for (size_t i = 0; i < sizeof garbage / sizeof garbage[0]; i++) {
        for (size_t piece = 0; piece < 2; piece++) {
            struct rig_h2 r;
            rig_h2_init(&r);
            r.piece_max = piece;
            rig_h2_output(&r);
            rig_h2_input(&r, garbage[i], strlen(garbage[i]));
            if (strlen(garbage[i]) == 1) {
                assert_int_equal(r.recv_err, TRI_OK); /* it may still become one */
            } else {
                assert_int_equal(r.recv_err, TRI_ERR_PROTOCOL);
                rig_h2_assert_goaway(&r, NGHTTP2_PROTOCOL_ERROR);
                assert_int_equal(rig_h2_count(&r, NGHTTP2_SETTINGS, 0), 1);
                assert_done(&r);
            }
            rig_h2_deinit(&r);
        }
    }
}

static void last_words_start_with_SETTINGS_if_none_were_sent(void **state)
{
    (void)state;
    struct rig_h2 r;
    rig_h2_init(&r);
    rig_h2_input(&r, "nonsense", 8);
    struct tri_slice rest = tri_slice_of(r.out.data, r.out.len);
    struct frame_h2 frame;
    assert_true(frames_h2_next(&rest, &frame));
    assert_int_equal(frame.type, NGHTTP2_SETTINGS);
    assert_true(frames_h2_next(&rest, &frame));
    assert_int_equal(frame.type, NGHTTP2_GOAWAY);
    assert_int_equal(rest.len, 0);
    assert_done(&r);
    rig_h2_deinit(&r);
}

static void a_preface_without_SETTINGS_ends_in_GOAWAY(void **state)
{
    (void)state;
    struct rig_h2 r;
    rig_h2_init(&r);
    struct bytes_h2 in = {.len = 0};
    bytes_h2_append(&in, NGHTTP2_CLIENT_MAGIC, NGHTTP2_CLIENT_MAGIC_LEN);
    frames_h2_frame(&in, NGHTTP2_PING, 0, 0, "trisock?", 8);
    rig_h2_bytes(&r, &in);
    rig_h2_assert_goaway(&r, NGHTTP2_PROTOCOL_ERROR);
    assert_done(&r);
    rig_h2_deinit(&r);
}

static void a_broken_frame_ends_every_stream_and_then_the_connection(void **state)
{
    (void)state;
    struct rig_h2 r;
    rig_h2_init(&r);
    rig_h2_handshake(&r, 1);
    struct bytes_h2 in = {.len = 0};
    frames_h2_frame(&in, NGHTTP2_WINDOW_UPDATE, 0, 0, "abc", 3);
    rig_h2_bytes(&r, &in);
    rig_h2_assert_goaway(&r, NGHTTP2_FRAME_SIZE_ERROR);
    assert_int_equal(rig_h2_tenant(&r, 0)->cause, TRI_STREAM_CONN_LOST);
    assert_int_equal(rig_h2_tenant(&r, 0)->closes, 1);
    assert_done(&r);
    rig_h2_deinit(&r);
}

static void a_broken_field_block_ends_the_connection(void **state)
{
    (void)state;
    struct rig_h2 r;
    rig_h2_init(&r);
    rig_h2_handshake(&r, 1);
    struct bytes_h2 in = {.len = 0};
    frames_h2_frame(&in, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, 3, "\xff\xff\xff\xff\xff", 5);
    rig_h2_bytes(&r, &in);
    rig_h2_assert_goaway(&r, NGHTTP2_COMPRESSION_ERROR);
    assert_int_equal(rig_h2_tenant(&r, 0)->closes, 1);
    assert_int_equal(r.tenants_len, 1);
    assert_done(&r);
    rig_h2_deinit(&r);
}

/* ---- ends */

static void the_end_of_input_loses_every_stream(void **state)
{
    (void)state;
    for (int orderly = 0; orderly < 2; orderly++) {
        struct rig_h2 r;
        rig_h2_init(&r);
        rig_h2_websocket(&r);
        r.on_request = answer_late;
        rig_h2_websocket(&r);
        tenant_send(rig_h2_tenant(&r, 0), "unsent", 6);
        r.conn->ops->recv_eof(r.conn, orderly == 1, r.now_ns);
        assert_int_equal(rig_h2_tenant(&r, 0)->closes, 1);
        assert_int_equal(rig_h2_tenant(&r, 0)->cause, TRI_STREAM_CONN_LOST);
        assert_int_equal(rig_h2_tenant(&r, 0)->fins, 0);
        assert_int_equal(r.cancels, 1);
        assert_done(&r);
        const size_t before = r.out.len;
        rig_h2_output(&r);
        assert_int_equal(r.out.len, before);
        rig_h2_deinit(&r);
    }
}

static void freeing_a_connection_tells_each_stream_and_handler(void **state)
{
    (void)state;
    struct rig_h2 r;
    rig_h2_init(&r);
    rig_h2_websocket(&r);
    r.on_request = answer_late;
    rig_h2_websocket(&r);
    rig_h2_websocket(&r);
    tenant_send(rig_h2_tenant(&r, 0), "in flight", 9);
    struct tri_slice slices[16];
    assert_true(r.conn->ops->send(r.conn, slices, 16, r.now_ns) > 0);
    rig_h2_deinit(&r); /* asserts one on_closed for the bound one */
    assert_int_equal(r.cancels, 2);
}

static void GOAWAY_of_the_peer_lets_open_streams_end(void **state)
{
    (void)state;
    struct rig_h2 r;
    rig_h2_init(&r);
    rig_h2_handshake(&r, 1);
    struct bytes_h2 in = {.len = 0};
    frames_h2_frame(&in, NGHTTP2_GOAWAY, 0, 0, "\0\0\0\0\0\0\0\0", 8);
    frames_h2_data(&in, 1, "still", 5, false);
    rig_h2_bytes(&r, &in);
    assert_false(r.conn->ops->is_done(r.conn));
    assert_int_equal(rig_h2_tenant(&r, 0)->in_len, 5);
    frames_h2_data(&in, 1, NULL, 0, true);
    rig_h2_bytes(&r, &in);
    tenant_end(rig_h2_tenant(&r, 0));
    rig_h2_output(&r);
    assert_int_equal(rig_h2_tenant(&r, 0)->cause, TRI_STREAM_FINISHED);
    assert_true(r.conn->ops->is_done(r.conn));
    rig_h2_deinit(&r);
}

/* ---- shutdown */

static void shutdown_without_streams_is_done_at_once(void **state)
{
    (void)state;
    struct rig_h2 r;
    rig_h2_init(&r);
    rig_h2_run(&r);
    r.conn->ops->shutdown(r.conn, r.now_ns);
    r.conn->ops->shutdown(r.conn, r.now_ns);
    rig_h2_output(&r);
    assert_int_equal(rig_h2_count(&r, NGHTTP2_GOAWAY, 0), 1);
    rig_h2_assert_goaway(&r, NGHTTP2_NO_ERROR);
    assert_done(&r);
    rig_h2_deinit(&r);
}

static void shutdown_refuses_new_streams_and_waits_for_the_open_ones(void **state)
{
    (void)state;
    struct rig_h2 r;
    rig_h2_init(&r);
    rig_h2_handshake(&r, 1);
    r.conn->ops->shutdown(r.conn, r.now_ns);
    struct bytes_h2 in = {.len = 0};
    frames_h2_headers(&in, 3, rig_h2_get_fields, true);
    frames_h2_data(&in, 1, "on", 2, false);
    rig_h2_bytes(&r, &in);
    assert_false(r.conn->ops->is_done(r.conn));
    const struct frame_h2 notice = rig_h2_frame(&r, NGHTTP2_GOAWAY, 0, 0);
    assert_int_equal(frames_h2_read_u32(notice.payload.data), 0x7fffffff);
    const struct frame_h2 reset = rig_h2_frame(&r, NGHTTP2_RST_STREAM, 3, 0);
    assert_int_equal(frames_h2_read_u32(reset.payload.data), NGHTTP2_REFUSED_STREAM);
    assert_int_equal(r.tenants_len, 1);
    assert_int_equal(rig_h2_tenant(&r, 0)->in_len, 2);
    tenant_end(rig_h2_tenant(&r, 0));
    frames_h2_data(&in, 1, NULL, 0, true);
    rig_h2_bytes(&r, &in);
    assert_int_equal(rig_h2_tenant(&r, 0)->cause, TRI_STREAM_FINISHED);
    assert_int_equal(rig_h2_count(&r, NGHTTP2_GOAWAY, 0), 2);
    rig_h2_assert_goaway(&r, NGHTTP2_NO_ERROR);
    assert_done(&r);
    rig_h2_deinit(&r);
}

static void shutdown_ends_after_the_last_stream_was_aborted(void **state)
{
    (void)state;
    struct rig_h2 r;
    rig_h2_init(&r);
    rig_h2_websocket(&r);
    r.conn->ops->shutdown(r.conn, r.now_ns);
    tenant_abort(rig_h2_tenant(&r, 0));
    rig_h2_output(&r);
    const struct frame_h2 reset = rig_h2_frame(&r, NGHTTP2_RST_STREAM, 1, 0);
    assert_int_equal(frames_h2_read_u32(reset.payload.data), NGHTTP2_CANCEL);
    assert_done(&r);
    rig_h2_deinit(&r);
}

/* ---- deadlines */

static void a_connection_without_streams_ends_after_the_keepalive_timeout(void **state)
{
    (void)state;
    struct rig_h2 r;
    rig_h2_init(&r);
    rig_h2_run(&r);
    rig_h2_pass(&r, r.limits.keepalive_timeout_ms - 1);
    assert_int_equal(rig_h2_count(&r, NGHTTP2_GOAWAY, 0), 0);
    r.now_ns = r.conn->ops->deadline_ns(r.conn);
    r.conn->ops->expire(r.conn, r.now_ns);
    assert_int_equal(r.conn->ops->deadline_ns(r.conn), UINT64_MAX); /* it fires once */
    rig_h2_output(&r);
    rig_h2_assert_goaway(&r, NGHTTP2_NO_ERROR);
    assert_done(&r);
    rig_h2_deinit(&r);
}

static void an_open_stream_keeps_the_connection(void **state)
{
    (void)state;
    struct rig_h2 r;
    rig_h2_init(&r);
    rig_h2_websocket(&r);
    assert_int_equal(r.conn->ops->deadline_ns(r.conn), UINT64_MAX);
    rig_h2_pass(&r, 10 * r.limits.keepalive_timeout_ms);
    assert_int_equal(rig_h2_count(&r, NGHTTP2_GOAWAY, 0), 0);
    tenant_abort(rig_h2_tenant(&r, 0));
    rig_h2_run(&r);
    /* From its end, not from the beginning. */
    assert_int_equal(r.conn->ops->deadline_ns(r.conn),
                     r.now_ns + r.limits.keepalive_timeout_ms * TRI_NS_PER_MS);
    rig_h2_deinit(&r);
}

static void E6_a_stream_without_credit_does_not_keep_the_connection_from_being_read(void **state)
{
    (void)state;
    static const uint8_t bytes[2 * TRI_STREAM_WINDOW_BYTES];
    struct rig_h2 r;
    rig_h2_init(&r);
    int stream = rig_h2_websocket(&r);
    rig_h2_tenant(&r, 0)->hold_credit = true;
    peer_h2_send(&r.peer, stream, bytes, sizeof bytes);
    rig_h2_run(&r);
    assert_int_equal(rig_h2_tenant(&r, 0)->in_len, TRI_STREAM_WINDOW_BYTES);
    assert_true(r.conn->ops->wants_read(r.conn));
    rig_h2_deinit(&r);
}

static void SETTINGS_must_be_acknowledged_in_time(void **state)
{
    (void)state;
    struct rig_h2 r;
    rig_h2_init(&r);
    rig_h2_output(&r);
    struct bytes_h2 in = {.len = 0};
    bytes_h2_append(&in, NGHTTP2_CLIENT_MAGIC, NGHTTP2_CLIENT_MAGIC_LEN);
    frames_h2_frame(&in, NGHTTP2_SETTINGS, 0, 0, NULL, 0);
    frames_h2_headers(&in, 1, rig_h2_websocket_fields, false);
    rig_h2_bytes(&r, &in);
    rig_h2_pass(&r, r.limits.handshake_timeout_ms - 1);
    assert_int_equal(rig_h2_count(&r, NGHTTP2_GOAWAY, 0), 0);
    rig_h2_pass(&r, 1);
    rig_h2_assert_goaway(&r, NGHTTP2_SETTINGS_TIMEOUT);
    assert_int_equal(rig_h2_tenant(&r, 0)->closes, 1);
    assert_done(&r);
    rig_h2_deinit(&r);
}

static void a_field_block_that_does_not_end_is_cut_off(void **state)
{
    (void)state;
    struct rig_h2 r;
    rig_h2_init(&r);
    struct bytes_h2 in = {.len = 0};
    frames_h2_preface(&in);
    frames_h2_frame(&in, NGHTTP2_HEADERS, 0, 1, "\x82", 1); /* :method GET, and no END_HEADERS */
    rig_h2_bytes(&r, &in);
    rig_h2_pass(&r, r.limits.request_timeout_ms - 1);
    assert_int_equal(rig_h2_count(&r, NGHTTP2_GOAWAY, 0), 0);
    rig_h2_pass(&r, 1);
    rig_h2_assert_goaway(&r, NGHTTP2_ENHANCE_YOUR_CALM);
    assert_int_equal(r.tenants_len, 0);
    assert_done(&r);
    rig_h2_deinit(&r);
}

static void a_refused_head_leaves_no_deadline_behind(void **state)
{
    (void)state;
    struct rig_h2 r;
    rig_h2_init(&r);
    rig_h2_handshake(&r, 1);
    struct bytes_h2 in = {.len = 0};
    const struct tri_header bad[] = {{":method", "GET"}, {NULL, NULL}};
    frames_h2_headers(&in, 3, bad, true);
    rig_h2_bytes(&r, &in);
    rig_h2_assert_reset(&r, 3, NGHTTP2_PROTOCOL_ERROR);
    assert_int_equal(r.conn->ops->deadline_ns(r.conn), UINT64_MAX);
    rig_h2_deinit(&r);
}

static void expire_before_its_time_does_nothing(void **state)
{
    (void)state;
    struct rig_h2 r;
    rig_h2_init(&r);
    rig_h2_run(&r);
    const size_t before = r.out.len;
    r.conn->ops->expire(r.conn, r.now_ns);
    rig_h2_output(&r);
    assert_int_equal(r.out.len, before);
    assert_false(r.conn->ops->is_done(r.conn));
    rig_h2_deinit(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(garbage_for_a_preface_ends_in_GOAWAY),
        cmocka_unit_test(last_words_start_with_SETTINGS_if_none_were_sent),
        cmocka_unit_test(a_preface_without_SETTINGS_ends_in_GOAWAY),
        cmocka_unit_test(a_broken_frame_ends_every_stream_and_then_the_connection),
        cmocka_unit_test(a_broken_field_block_ends_the_connection),
        cmocka_unit_test(the_end_of_input_loses_every_stream),
        cmocka_unit_test(freeing_a_connection_tells_each_stream_and_handler),
        cmocka_unit_test(GOAWAY_of_the_peer_lets_open_streams_end),
        cmocka_unit_test(shutdown_without_streams_is_done_at_once),
        cmocka_unit_test(shutdown_refuses_new_streams_and_waits_for_the_open_ones),
        cmocka_unit_test(shutdown_ends_after_the_last_stream_was_aborted),
        cmocka_unit_test(a_connection_without_streams_ends_after_the_keepalive_timeout),
        cmocka_unit_test(an_open_stream_keeps_the_connection),
        cmocka_unit_test(E6_a_stream_without_credit_does_not_keep_the_connection_from_being_read),
        cmocka_unit_test(SETTINGS_must_be_acknowledged_in_time),
        cmocka_unit_test(a_field_block_that_does_not_end_is_cut_off),
        cmocka_unit_test(a_refused_head_leaves_no_deadline_behind),
        cmocka_unit_test(expire_before_its_time_does_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
