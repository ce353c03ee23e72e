/* What the connection says first, and the memory it is made of. */
#include "rig_h2.h"

/* The value of a setting in our first SETTINGS; UINT32_MAX: not there. */
static uint32_t setting_of(const struct rig_h2 *r, uint16_t id)
{
    struct tri_slice rest = tri_slice_of(r->out.data, r->out.len);
    struct frame_h2 frame;
    assert_true(frames_h2_next(&rest, &frame));
    assert_int_equal(frame.type, NGHTTP2_SETTINGS);
    assert_int_equal(frame.flags, 0);
    for (size_t at = 0; at + 6 <= frame.payload.len; at += 6) {
        const uint8_t *entry = frame.payload.data + at;
        if ((entry[0] << 8 | entry[1]) == id) {
            return frames_h2_read_u32(entry + 2);
        }
    }
    return UINT32_MAX;
}

static void E1_the_first_frame_is_SETTINGS_with_extended_CONNECT(void **state)
{
    (void)state;
    struct rig_h2 r;
    rig_h2_init(&r);
    rig_h2_output(&r);
    assert_int_equal(setting_of(&r, NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL), 1);
    assert_int_equal(setting_of(&r, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS), 1000);
    assert_int_equal(setting_of(&r, NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE), TRI_STREAM_WINDOW_BYTES);
    assert_int_equal(setting_of(&r, NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE),
                     TRI_REQUEST_HEAD_BYTES_MAX + 32 * TRI_REQUEST_FIELDS_MAX);
    assert_int_equal(setting_of(&r, NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES), 1);
    rig_h2_deinit(&r);
}

static void E1_extended_CONNECT_is_off_by_option(void **state)
{
    (void)state;
    struct rig_h2 r;
    struct tri_limits limits;
    tri_limits_default(&limits);
    rig_h2_init_with(&r, &limits, false);
    rig_h2_handshake(&r, 1);
    assert_int_equal(setting_of(&r, NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL), UINT32_MAX);
    rig_h2_assert_reset(&r, 1, NGHTTP2_PROTOCOL_ERROR);
    assert_int_equal(r.tenants_len, 0);
    rig_h2_deinit(&r);
}

static void the_limit_on_streams_is_announced(void **state)
{
    (void)state;
    struct rig_h2 r;
    struct tri_limits limits;
    tri_limits_default(&limits);
    limits.streams_max = 3;
    rig_h2_init_with(&r, &limits, true);
    rig_h2_output(&r);
    assert_int_equal(setting_of(&r, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS), 3);
    rig_h2_deinit(&r);
}

static void N6_the_limit_that_was_announced_counts_after_it_was_changed(void **state)
{
    (void)state;
    struct rig_h2 r;
    struct tri_limits limits;
    tri_limits_default(&limits);
    limits.streams_max = 2;
    rig_h2_init_with(&r, &limits, true);
    rig_h2_websocket(&r);
    r.limits.streams_max = 1;
    rig_h2_websocket(&r);
    assert_int_equal(r.tenants_len, 2);
    assert_int_equal(rig_h2_tenant(&r, 1)->closes, 0);
    rig_h2_deinit(&r);
}

static void the_connection_window_is_opened_wide(void **state)
{
    (void)state;
    struct rig_h2 r;
    rig_h2_init(&r);
    rig_h2_output(&r);
    const struct frame_h2 frame = rig_h2_frame(&r, NGHTTP2_WINDOW_UPDATE, 0, 0);
    assert_int_equal(frames_h2_read_u32(frame.payload.data), TRI_CONN_WINDOW_BYTES - 65535);
    rig_h2_deinit(&r);
}

static void making_a_connection_survives_each_failing_allocation(void **state)
{
    (void)state;
    struct tri_limits limits;
    tri_limits_default(&limits);
    size_t fail_at = 1;
    for (;; fail_at++) {
        struct test_alloc alloc;
        test_alloc_init(&alloc);
        alloc.fail_at = fail_at;
        const struct tri_conn_config config = {
            .alloc = &alloc.alloc, .limits = &limits, .extended_connect = true};
        struct tri_conn *conn;
        enum tri_err err = tri_h2_conn_new(&conn, &config, 0);
        if (err == TRI_OK) {
            conn->ops->free(conn);
            assert_int_equal(alloc.live, 0);
            break;
        }
        assert_int_equal(err, TRI_ERR_NOMEM);
        assert_null(conn);
        assert_int_equal(alloc.live, 0);
    }
    assert_true(fail_at > 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(E1_the_first_frame_is_SETTINGS_with_extended_CONNECT),
        cmocka_unit_test(E1_extended_CONNECT_is_off_by_option),
        cmocka_unit_test(the_limit_on_streams_is_announced),
        cmocka_unit_test(N6_the_limit_that_was_announced_counts_after_it_was_changed),
        cmocka_unit_test(the_connection_window_is_opened_wide),
        cmocka_unit_test(making_a_connection_survives_each_failing_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
