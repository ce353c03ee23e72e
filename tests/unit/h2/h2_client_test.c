/* The client's end of a connection against the server's own adapter, in memory. */
#include "base_timeout.h"
#include "call_rig_h2.h"
#include "h2_stream.h"

#include <stdlib.h>

/* ---- opening */

static void a_hundred_calls_are_answered_and_carry_bytes_both_ways(void **state)
{
    (void)state;
    struct call_rig_h2 r;
    call_rig_h2_join(&r);
    for (size_t i = 0; i < 100; i++) {
        (void)call_rig_h2_open(&r);
    }
    call_rig_h2_run(&r);
    assert_int_equal(r.server.tenants_len, 100);
    for (size_t i = 0; i < 100; i++) {
        struct call_h2 *one = r.calls[i];
        assert_int_equal(one->answers, 1);
        assert_true(one->is_accepted);
        assert_int_equal(one->status, 200);
        tenant_send(&one->tenant, &i, sizeof i);
        tenant_send(rig_h2_tenant(&r.server, i), &i, sizeof i);
    }
    call_rig_h2_run(&r);
    for (size_t i = 0; i < 100; i++) {
        const struct tenant *ours = &r.calls[i]->tenant;
        const struct tenant *theirs = rig_h2_tenant(&r.server, i);
        assert_int_equal(ours->in_len, sizeof i);
        assert_memory_equal(ours->in, &i, sizeof i);
        assert_memory_equal(theirs->in, &i, sizeof i);
        assert_int_equal(ours->released, sizeof i);
    }
    call_rig_h2_deinit(&r);
}

static struct frame_h2 next_frame(struct tri_slice *rest)
{
    struct frame_h2 frame;
    assert_true(frames_h2_next(rest, &frame));
    return frame;
}

static void the_preface_forbids_pushes_and_opens_the_windows(void **state)
{
    (void)state;
    struct call_rig_h2 r;
    call_rig_h2_init(&r);
    assert_memory_equal(r.out.data, NGHTTP2_CLIENT_MAGIC, NGHTTP2_CLIENT_MAGIC_LEN);
    struct tri_slice rest =
        tri_slice_of(r.out.data + NGHTTP2_CLIENT_MAGIC_LEN, r.out.len - NGHTTP2_CLIENT_MAGIC_LEN);
    struct bytes_h2 expected = {.len = 0};
    call_rig_h2_setting(&expected, NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, TRI_STREAM_WINDOW_BYTES);
    call_rig_h2_setting(&expected, NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE,
                        (uint32_t)(TRI_REQUEST_HEAD_BYTES_MAX + 32 * TRI_REQUEST_FIELDS_MAX));
    call_rig_h2_setting(&expected, NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1);
    call_rig_h2_setting(&expected, NGHTTP2_SETTINGS_ENABLE_PUSH, 0);
    struct frame_h2 frame = next_frame(&rest);
    assert_int_equal(frame.type, NGHTTP2_SETTINGS);
    assert_int_equal(frame.payload.len, expected.len);
    assert_memory_equal(frame.payload.data, expected.data, expected.len);
    frame = next_frame(&rest);
    assert_int_equal(frame.type, NGHTTP2_WINDOW_UPDATE);
    assert_int_equal(frames_h2_read_u32(frame.payload.data), TRI_CONN_WINDOW_BYTES - 65535);
    assert_int_equal(rest.len, 0);
    bytes_h2_free(&expected);
    call_rig_h2_deinit(&r);
}

static void a_call_may_be_opened_in_on_ready(void **state)
{
    (void)state;
    struct call_rig_h2 r = {.has_server = true, .opens_in_ready = true};
    struct tri_limits limits;
    tri_limits_default(&limits);
    assert_true(call_rig_h2_init_as(&r));
    assert_int_equal(call_rig_h2_room(&r), 0);
    rig_h2_init_with(&r.server, &limits, true);
    call_rig_h2_run(&r);
    assert_int_equal(r.calls_len, 1);
    assert_true(r.calls[0]->is_accepted);
    assert_true(r.wakes > 0);
    call_rig_h2_deinit(&r);
}

static void a_server_without_extended_CONNECT_is_told_as_such(void **state)
{
    (void)state;
    struct call_rig_h2 r;
    struct tri_limits limits;
    tri_limits_default(&limits);
    call_rig_h2_join_with(&r, &limits, false);
    assert_int_equal(r.readies, 1);
    assert_false(r.connect);
    r.conn->ops->shutdown(r.conn, r.now_ns);
    call_rig_h2_run(&r);
    assert_true(call_rig_h2_is_done(&r));
    assert_int_equal(call_rig_h2_end(&r).fault, TRI_FAULT_NONE);
    call_rig_h2_deinit(&r);
}

/* ---- bytes */

#define LARGE ((size_t)3 * 1024 * 1024)

static uint8_t *make_large(void)
{
    uint8_t *bytes = malloc(LARGE);
    assert_non_null(bytes);
    for (size_t i = 0; i < LARGE; i++) {
        bytes[i] = (uint8_t)(i * 7 + i / 251);
    }
    return bytes;
}

static void large_data_passes_the_windows_whole_in_both_directions(void **state)
{
    (void)state;
    struct call_rig_h2 r;
    call_rig_h2_join(&r);
    struct call_h2 *one = call_rig_h2_open(&r);
    call_rig_h2_run(&r);
    uint8_t *large = make_large();
    struct tenant *ends[2] = {&one->tenant, rig_h2_tenant(&r.server, 0)};
    for (size_t i = 0; i < 2; i++) {
        ends[i]->slice_max = 50000;
        tenant_room(ends[i], LARGE);
        tenant_send(ends[i], large, LARGE);
    }
    call_rig_h2_run(&r);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(ends[i]->in_len, LARGE);
        assert_memory_equal(ends[i]->in, large, LARGE);
        assert_int_equal(ends[i]->released, LARGE);
    }
    free(large);
    call_rig_h2_deinit(&r);
}

static void credit_that_is_held_back_stops_the_server_within_one_window(void **state)
{
    (void)state;
    struct call_rig_h2 r;
    call_rig_h2_join(&r);
    struct call_h2 *slow = call_rig_h2_open(&r);
    struct call_h2 *fast = call_rig_h2_open(&r);
    call_rig_h2_run(&r);
    uint8_t *large = make_large();
    slow->tenant.hold_credit = true;
    for (size_t i = 0; i < 2; i++) {
        tenant_room(rig_h2_tenant(&r.server, i), LARGE);
        tenant_send(rig_h2_tenant(&r.server, i), large, LARGE);
    }
    call_rig_h2_run(&r);
    assert_int_equal(slow->tenant.in_len, TRI_STREAM_WINDOW_BYTES);
    assert_int_equal(fast->tenant.in_len, LARGE); /* contract line 5 */
    slow->tenant.hold_credit = false;
    tenant_consume(&slow->tenant, slow->tenant.unconsumed);
    call_rig_h2_run(&r);
    assert_int_equal(slow->tenant.in_len, LARGE);
    assert_memory_equal(slow->tenant.in, large, LARGE);
    free(large);
    call_rig_h2_deinit(&r);
}

static void credit_of_small_messages_goes_back_together(void **state)
{
    (void)state;
    struct call_rig_h2 r;
    call_rig_h2_join(&r);
    struct call_h2 *one = call_rig_h2_open(&r);
    call_rig_h2_run(&r);
    const struct tri_h2_stream *s = TRI_CONTAINER_OF(one->call, struct tri_h2_stream, call);
    uint8_t *large = make_large();
    struct tenant *theirs = rig_h2_tenant(&r.server, 0);
    tenant_room(theirs, LARGE);
    tenant_send(theirs, large, TRI_CLIENT_CREDIT_BYTES - 1);
    call_rig_h2_run(&r);
    assert_int_equal(s->credit_bytes, TRI_CLIENT_CREDIT_BYTES - 1);
    tenant_send(theirs, large, 1);
    call_rig_h2_run(&r);
    assert_int_equal(s->credit_bytes, 0);
    free(large);
    call_rig_h2_deinit(&r);
}

static void credit_that_the_server_holds_back_stops_the_client(void **state)
{
    (void)state;
    struct call_rig_h2 r;
    call_rig_h2_join(&r);
    struct call_h2 *one = call_rig_h2_open(&r);
    struct call_h2 *other = call_rig_h2_open(&r);
    call_rig_h2_run(&r);
    uint8_t *large = make_large();
    struct tenant *theirs = rig_h2_tenant(&r.server, 0);
    theirs->hold_credit = true;
    tenant_room(&one->tenant, LARGE);
    tenant_send(&one->tenant, large, LARGE);
    call_rig_h2_run(&r);
    assert_int_equal(theirs->in_len, TRI_STREAM_WINDOW_BYTES);
    tenant_send(&other->tenant, "not stopped", 11);
    call_rig_h2_run(&r);
    assert_int_equal(rig_h2_tenant(&r.server, 1)->in_len, 11);
    theirs->hold_credit = false;
    tenant_consume(theirs, theirs->unconsumed);
    call_rig_h2_run(&r);
    assert_memory_equal(theirs->in, large, LARGE);
    free(large);
    call_rig_h2_deinit(&r);
}

/* ---- ends of connections */

static void a_stopping_server_lets_open_calls_go_on_and_then_all_ends(void **state)
{
    (void)state;
    struct call_rig_h2 r;
    call_rig_h2_join(&r);
    struct call_h2 *one = call_rig_h2_open(&r);
    call_rig_h2_run(&r);
    assert_false(tri_h2_client_calls.is_going(r.conn));
    r.server.conn->ops->shutdown(r.server.conn, r.server.now_ns);
    call_rig_h2_run(&r);
    assert_int_equal(call_rig_h2_room(&r), 0);
    assert_true(tri_h2_client_calls.is_going(r.conn)); /* GOAWAY: there will be none again */
    enum tri_err err;
    assert_null(call_rig_h2_try(&r, &call_rig_h2_request, &err));
    assert_int_equal(err, TRI_ERR_CLOSED);
    tenant_send(&one->tenant, "still", 5);
    call_rig_h2_run(&r);
    assert_memory_equal(rig_h2_tenant(&r.server, 0)->in, "still", 5);
    assert_false(call_rig_h2_is_done(&r));
    tenant_end(&one->tenant);
    tenant_end(rig_h2_tenant(&r.server, 0));
    call_rig_h2_run(&r);
    assert_int_equal(one->tenant.cause, TRI_STREAM_FINISHED);
    assert_true(call_rig_h2_is_done(&r));
    assert_int_equal(call_rig_h2_end(&r).fault, TRI_FAULT_NONE);
    call_rig_h2_deinit(&r);
}

static void shutdown_waits_for_the_last_call(void **state)
{
    (void)state;
    struct call_rig_h2 r;
    call_rig_h2_join(&r);
    struct call_h2 *one = call_rig_h2_open(&r);
    call_rig_h2_run(&r);
    r.conn->ops->shutdown(r.conn, r.now_ns);
    call_rig_h2_run(&r);
    assert_int_equal(call_rig_h2_room(&r), 0);
    assert_int_equal(call_rig_h2_count(&r, NGHTTP2_GOAWAY, 0), 0);
    tenant_send(&one->tenant, "still", 5);
    tenant_end(&one->tenant);
    tenant_end(rig_h2_tenant(&r.server, 0));
    call_rig_h2_run(&r);
    assert_int_equal(one->tenant.cause, TRI_STREAM_FINISHED);
    assert_int_equal(call_rig_h2_goaway(&r), NGHTTP2_NO_ERROR);
    assert_true(call_rig_h2_is_done(&r));
    assert_int_equal(call_rig_h2_end(&r).fault, TRI_FAULT_NONE);
    call_rig_h2_deinit(&r);
}

static void keep(struct rig_h2 *server, struct tenant *t)
{
    (void)server;
    (void)t; /* never answered */
}

static void the_end_of_input_ends_every_call(void **state)
{
    (void)state;
    for (int orderly = 0; orderly < 2; orderly++) {
        struct call_rig_h2 r;
        call_rig_h2_join(&r);
        struct call_h2 *open = call_rig_h2_open(&r);
        call_rig_h2_run(&r);
        r.server.on_request = keep;
        struct call_h2 *asked = call_rig_h2_open(&r);
        call_rig_h2_run(&r);
        struct call_h2 *unsent = call_rig_h2_open(&r);
        r.conn->ops->recv_eof(r.conn, orderly == 1, r.now_ns);
        assert_int_equal(open->tenant.cause, TRI_STREAM_CONN_LOST);
        assert_int_equal(asked->fails, 1);
        assert_int_equal(asked->end.fault, TRI_FAULT_LOST);
        assert_false(asked->end.is_retryable);
        assert_true(unsent->end.is_retryable);
        assert_true(call_rig_h2_is_done(&r));
        assert_int_equal(call_rig_h2_end(&r).fault, TRI_FAULT_LOST);
        assert_true(strlen(call_rig_h2_end(&r).text) > 0);
        call_rig_h2_deinit(&r);
    }
}

static void a_server_that_closes_without_calls_has_done_nothing_wrong(void **state)
{
    (void)state;
    struct call_rig_h2 r;
    call_rig_h2_join(&r);
    r.conn->ops->recv_eof(r.conn, true, r.now_ns);
    assert_true(call_rig_h2_is_done(&r));
    assert_int_equal(call_rig_h2_end(&r).fault, TRI_FAULT_NONE);
    call_rig_h2_deinit(&r);
}

/* ---- room */

static void room_is_what_the_server_allows_and_grows_as_calls_end(void **state)
{
    (void)state;
    struct call_rig_h2 r;
    struct tri_limits limits;
    tri_limits_default(&limits);
    limits.streams_max = 3;
    call_rig_h2_join_with(&r, &limits, true);
    for (size_t left = 3; left > 0; left--) {
        assert_int_equal(call_rig_h2_room(&r), left);
        (void)call_rig_h2_open(&r);
    }
    call_rig_h2_run(&r);
    assert_int_equal(call_rig_h2_room(&r), 0);
    assert_int_equal(r.rooms, 0);
    tenant_abort(&r.calls[1]->tenant);
    r.opens_in_room = true;
    call_rig_h2_run(&r);
    assert_int_equal(r.rooms, 1);
    assert_int_equal(r.calls_len, 4);
    assert_true(r.calls[3]->is_accepted);
    assert_int_equal(r.server.refusals, 0);
    call_rig_h2_deinit(&r);
}

/* ---- memory */

static void live_once(struct call_rig_h2 *r)
{
    for (size_t i = 0; i < 3 && r->connect && call_rig_h2_room(r) > 0; i++) {
        enum tri_err err;
        struct call_h2 *one = call_rig_h2_try(r, &call_rig_h2_request, &err);
        call_rig_h2_run(r);
        if (one && one->is_accepted && one->tenant.closes == 0) {
            tenant_send(&one->tenant, "hello", 5);
            call_rig_h2_run(r);
        }
        if (one && one->tenant.bound && one->tenant.closes == 0) {
            tenant_end(&one->tenant);
            call_rig_h2_run(r);
        }
    }
    if (!call_rig_h2_is_done(r)) {
        r->conn->ops->shutdown(r->conn, r->now_ns);
        call_rig_h2_run(r);
    }
}

static void each_allocation_may_fail_once(void **state)
{
    (void)state;
    bool has_failed = true;
    for (size_t fail_at = 1; has_failed; fail_at++) {
        assert_true(fail_at < 10000);
        struct tri_limits limits;
        tri_limits_default(&limits);
        struct call_rig_h2 r = {.has_server = true, .alloc.fail_at = fail_at};
        rig_h2_init_with(&r.server, &limits, true);
        if (call_rig_h2_init_as(&r)) {
            call_rig_h2_run(&r);
            live_once(&r);
            for (size_t i = 0; i < r.calls_len; i++) {
                struct call_h2 *one = r.calls[i];
                assert_true(one->answers + one->fails == 1 || !call_rig_h2_is_done(&r));
            }
        }
        has_failed = test_alloc_has_failed(&r.alloc);
        call_rig_h2_deinit(&r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hundred_calls_are_answered_and_carry_bytes_both_ways),
        cmocka_unit_test(the_preface_forbids_pushes_and_opens_the_windows),
        cmocka_unit_test(a_call_may_be_opened_in_on_ready),
        cmocka_unit_test(a_server_without_extended_CONNECT_is_told_as_such),
        cmocka_unit_test(large_data_passes_the_windows_whole_in_both_directions),
        cmocka_unit_test(credit_that_is_held_back_stops_the_server_within_one_window),
        cmocka_unit_test(credit_of_small_messages_goes_back_together),
        cmocka_unit_test(credit_that_the_server_holds_back_stops_the_client),
        cmocka_unit_test(a_stopping_server_lets_open_calls_go_on_and_then_all_ends),
        cmocka_unit_test(shutdown_waits_for_the_last_call),
        cmocka_unit_test(the_end_of_input_ends_every_call),
        cmocka_unit_test(a_server_that_closes_without_calls_has_done_nothing_wrong),
        cmocka_unit_test(room_is_what_the_server_allows_and_grows_as_calls_end),
        cmocka_unit_test(each_allocation_may_fail_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
