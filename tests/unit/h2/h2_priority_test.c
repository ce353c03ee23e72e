/*
 * PRIORITY_UPDATE on the wire, and what it may cost: RFC 9218 section 7.1. Who goes first is in
 * tests/contract/priority_contract_test.c.
 */
#include "scene_h2.h"

#define PAYLOAD_MAX ((size_t)128)

static void append_update(struct bytes_h2 *in, uint32_t id, const char *value)
{
    uint8_t payload[PAYLOAD_MAX] = {(uint8_t)(id >> 24), (uint8_t)(id >> 16), (uint8_t)(id >> 8),
                                    (uint8_t)id};
    const size_t len = strlen(value);
    assert_true(len <= sizeof payload - 4);
    memcpy(payload + 4, value, len);
    frames_h2_frame(in, NGHTTP2_PRIORITY_UPDATE, 0, 0, payload, 4 + len);
}

static void send_update(struct rig_h2 *r, uint32_t id, const char *value)
{
    struct bytes_h2 in = {.len = 0};
    append_update(&in, id, value);
    rig_h2_bytes(r, &in);
}

/* One frame that ends its connection, and no other. */
static void assert_ends(uint32_t stream_id, const void *payload, size_t len, uint32_t code)
{
    struct scene_h2 s;
    scene_h2_init(&s);
    struct bytes_h2 in = {.len = 0};
    frames_h2_frame(&in, NGHTTP2_PRIORITY_UPDATE, 0, stream_id, payload, len);
    rig_h2_bytes(&s.attacker, &in);
    rig_h2_assert_goaway(&s.attacker, code);
    assert_true(scene_h2_is_done(&s.attacker));
    scene_h2_deinit(&s);
}

static void E8_a_malformed_update_ends_the_connection(void **state)
{
    (void)state;
    assert_ends(1, "\0\0\0\x01u=1", 7, NGHTTP2_PROTOCOL_ERROR);
    assert_ends(0, "\0\0\0\0u=1", 7, NGHTTP2_PROTOCOL_ERROR);
    assert_ends(0, "\0\0\0\x02u=1", 7, NGHTTP2_PROTOCOL_ERROR); /* a push never promised */
    assert_ends(0, "\0\0\0", 3, NGHTTP2_FRAME_SIZE_ERROR);
}

/* Whether the second of two sockets goes first when both have more than one batch takes. */
static bool second_goes_first(struct rig_h2 *r)
{
    static const uint8_t zeros[64 * 1024];
    struct tri_slice slices[16];
    size_t before[2];
    for (size_t i = 0; i < 2; i++) {
        struct tenant *t = rig_h2_tenant(r, i);
        t->slice_max = sizeof zeros;
        tenant_room(t, sizeof zeros);
        tenant_send(t, zeros, sizeof zeros);
        before[i] = t->sent;
    }
    assert_true(r->conn->ops->send(r->conn, slices, 16, r->now_ns) > 0);
    return rig_h2_tenant(r, 1)->sent - before[1] > 2 * (rig_h2_tenant(r, 0)->sent - before[0]);
}

static void open_two(struct rig_h2 *r)
{
    rig_h2_init(r);
    rig_h2_handshake(r, 1);
    struct bytes_h2 in = {.len = 0};
    frames_h2_headers(&in, 3, rig_h2_websocket_fields, false);
    rig_h2_bytes(r, &in);
}

static void assert_update_counts(const char *value, bool counts)
{
    struct rig_h2 r;
    open_two(&r);
    send_update(&r, 3, value);
    assert_int_equal(second_goes_first(&r), counts);
    rig_h2_deinit(&r);
}

static void E8_an_update_of_28_bytes_counts_and_a_longer_one_does_not(void **state)
{
    (void)state;
    assert_update_counts("u=1, x=\"01234567890123456789\"", false);
    assert_update_counts("u=1, x=\"0123456789012345678\"", true);
    assert_update_counts("u=1", true);
    assert_update_counts("u=4", false);
}

static void E8_an_update_in_pieces_is_one(void **state)
{
    (void)state;
    struct rig_h2 r;
    open_two(&r);
    r.piece_max = 1;
    send_update(&r, 3, "u=1");
    assert_true(second_goes_first(&r));
    rig_h2_deinit(&r);
}

static void E8_an_update_for_a_stream_that_is_over_is_ignored(void **state)
{
    (void)state;
    struct rig_h2 r;
    open_two(&r);
    struct bytes_h2 in = {.len = 0};
    frames_h2_number(&in, NGHTTP2_RST_STREAM, 3, NGHTTP2_CANCEL);
    append_update(&in, 3, "u=1");
    rig_h2_bytes(&r, &in);
    assert_int_equal(rig_h2_tenant(&r, 1)->closes, 1);
    send_update(&r, 3, "u=0");
    scene_h2_assert_echoes(&r);
    rig_h2_deinit(&r);
}

/* ---- what it may cost */

static void E8_updates_without_end_end_the_connection(void **state)
{
    (void)state;
    struct scene_h2 s;
    scene_h2_init(&s);
    size_t sent = 0;
    for (; !scene_h2_is_done(&s.attacker); sent++) {
        assert_true(sent <= 2 * TRI_H2_GLITCHES_BURST); /* the engine has a clock of its own */
        send_update(&s.attacker, 1, sent % 2 ? "u=1" : "u=6, i");
    }
    assert_true(sent >= TRI_H2_GLITCHES_BURST);
    rig_h2_assert_goaway(&s.attacker, NGHTTP2_ENHANCE_YOUR_CALM);
    scene_h2_deinit(&s);
}

/* As many as the engine has streams for, which is more than the peer is told of (h2_session.c). */
static void E8_updates_for_streams_to_come_are_kept_within_a_bound(void **state)
{
    (void)state;
    struct scene_h2 s;
    struct tri_limits limits;
    tri_limits_default(&limits);
    limits.streams_max = 20;
    scene_h2_init_with(&s, &limits);
    uint32_t streams = 1; /* that is open */
    for (; !scene_h2_is_done(&s.attacker); streams++) {
        assert_true(streams <= limits.streams_max + TRI_RESETS_BURST + 1);
        send_update(&s.attacker, 1 + 2 * streams, "u=1");
        s.attacker.out.len = scene_h2_is_done(&s.attacker) ? s.attacker.out.len : 0;
    }
    assert_true(streams > limits.streams_max);
    rig_h2_assert_goaway(&s.attacker, NGHTTP2_PROTOCOL_ERROR);
    scene_h2_deinit(&s);
}

/* ---- memory */

static void E8_without_memory_for_the_schedule_the_connection_ends(void **state)
{
    (void)state;
    struct rig_h2 r;
    open_two(&r);
    assert_false(second_goes_first(&r)); /* now both wait for more room */
    struct tenant *t = rig_h2_tenant(&r, 0);
    t->exchange->stream.ops->set_urgency(&t->exchange->stream, 5);
    r.alloc.fail_at = r.alloc.calls + 1; /* the engine's list of this urgency is empty yet */
    rig_h2_output(&r);
    assert_true(test_alloc_has_failed(&r.alloc));
    rig_h2_assert_goaway(&r, NGHTTP2_INTERNAL_ERROR);
    assert_int_equal(t->cause, TRI_STREAM_CONN_LOST);
    rig_h2_deinit(&r);
}

static void E8_a_word_before_the_first_drive_step_is_not_lost(void **state)
{
    (void)state;
    struct rig_h2 r;
    rig_h2_init(&r);
    rig_h2_handshake(&r, 1);
    struct bytes_h2 in = {.len = 0};
    frames_h2_headers(&in, 3, rig_h2_websocket_fields, false);
    rig_h2_bytes(&r, &in);
    struct tenant *t = rig_h2_tenant(&r, 1);
    t->exchange->stream.ops->set_urgency(&t->exchange->stream, 1);
    send_update(&r, 3, "u=7");
    assert_true(second_goes_first(&r));
    rig_h2_deinit(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(E8_a_malformed_update_ends_the_connection),
        cmocka_unit_test(E8_an_update_of_28_bytes_counts_and_a_longer_one_does_not),
        cmocka_unit_test(E8_an_update_in_pieces_is_one),
        cmocka_unit_test(E8_an_update_for_a_stream_that_is_over_is_ignored),
        cmocka_unit_test(E8_updates_without_end_end_the_connection),
        cmocka_unit_test(E8_updates_for_streams_to_come_are_kept_within_a_bound),
        cmocka_unit_test(E8_without_memory_for_the_schedule_the_connection_ends),
        cmocka_unit_test(E8_a_word_before_the_first_drive_step_is_not_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
