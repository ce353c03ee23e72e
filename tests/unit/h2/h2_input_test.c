/*
 * The way of bytes to the engine: whatever the pieces, the same comes of them, and a WINDOW_UPDATE
 * that is wrong for its stream alone ends its stream alone. RFC 9113 sections 4.1, 6.9. Row E5.
 */
#include "h2_input.h"

#include "base_limits.h"
#include "scene_h2.h"

#include <stdlib.h>

static void append_socket(struct bytes_h2 *out, uint32_t stream_id)
{
    frames_h2_headers(out, stream_id, rig_h2_websocket_fields, false);
}

/* Sockets on 1, 3 and 5; 3 is reset for its window; 1 hears before and after. */
static void append_script(struct bytes_h2 *out)
{
    frames_h2_preface(out);
    append_socket(out, 1);
    append_socket(out, 3);
    frames_h2_number(out, NGHTTP2_WINDOW_UPDATE, 1, 7);
    frames_h2_data(out, 1, "before", 6, false);
    frames_h2_number(out, NGHTTP2_WINDOW_UPDATE, 3, 0x7fff0000);
    frames_h2_number(out, NGHTTP2_WINDOW_UPDATE, 3, 1);
    frames_h2_data(out, 1, "between", 7, false);
    frames_h2_number(out, NGHTTP2_WINDOW_UPDATE, 0, 100000);
    frames_h2_number(out, NGHTTP2_WINDOW_UPDATE, 3, 0);
    append_socket(out, 5);
    frames_h2_data(out, 1, "after", 5, false);
    frames_h2_frame(out, NGHTTP2_PING, 0, 0, "12345678", 8);
}

static void give(struct rig_h2 *r, const uint8_t *data, size_t len)
{
    uint8_t *copy = malloc(len + 1); /* its end is where a sanitizer looks */
    assert_non_null(copy);
    memcpy(copy + 1, data, len);
    r->recv_err = r->conn->ops->recv(r->conn, copy + 1, len, r->now_ns);
    free(copy);
}

static void assert_script_was_read(struct rig_h2 *r)
{
    rig_h2_output(r);
    assert_int_equal(r->recv_err, TRI_OK);
    assert_int_equal(r->tenants_len, 3);
    struct tenant *first = rig_h2_tenant(r, 0);
    assert_int_equal(first->in_len, 18);
    assert_memory_equal(first->in, "beforebetweenafter", 18);
    rig_h2_assert_reset(r, 3, NGHTTP2_FLOW_CONTROL_ERROR);
    assert_int_equal(rig_h2_tenant(r, 1)->closes, 1);
    assert_int_equal(rig_h2_count(r, NGHTTP2_PING, 0), 1);
    assert_int_equal(rig_h2_status(r, 5), 200);
}

static void a_script_is_read_alike_split_at_every_point(void **state)
{
    (void)state;
    struct bytes_h2 script = {.len = 0};
    append_script(&script);
    for (size_t split = 0; split <= script.len; split++) {
        struct rig_h2 r;
        rig_h2_init(&r);
        give(&r, script.data, split);
        give(&r, script.data + split, script.len - split);
        assert_script_was_read(&r);
        rig_h2_deinit(&r);
    }
    bytes_h2_free(&script);
}

static void a_script_is_read_alike_in_pieces_of_every_size(void **state)
{
    (void)state;
    struct bytes_h2 script = {.len = 0};
    append_script(&script);
    for (size_t size = 1; size <= 40; size++) {
        struct rig_h2 r;
        rig_h2_init(&r);
        for (size_t at = 0; at < script.len; at += size) {
            const size_t rest = script.len - at;
            give(&r, script.data + at, rest < size ? rest : size);
        }
        assert_script_was_read(&r);
        rig_h2_deinit(&r);
    }
    bytes_h2_free(&script);
}

/* Reset while its tenant is in the middle of sending: contract line 8. */
static void a_socket_whose_window_is_wrong_is_told_once(void **state)
{
    (void)state;
    struct scene_h2 s;
    scene_h2_init(&s);
    struct bytes_h2 in = {.len = 0};
    append_socket(&in, 3);
    frames_h2_number(&in, NGHTTP2_WINDOW_UPDATE, 3, 0);
    frames_h2_data(&in, 3, "late", 4, false);
    rig_h2_bytes(&s.attacker, &in);
    rig_h2_assert_reset(&s.attacker, 3, NGHTTP2_PROTOCOL_ERROR);
    struct tenant *t = rig_h2_tenant(&s.attacker, 1);
    assert_int_equal(t->closes, 1);
    assert_int_equal(t->cause, TRI_STREAM_RESET);
    scene_h2_assert_echoes(&s.attacker);
    scene_h2_deinit(&s);
}

static void windows_that_are_wrong_without_end_end_the_connection(void **state)
{
    (void)state;
    struct scene_h2 s;
    scene_h2_init(&s);
    uint32_t id = 3;
    for (uint32_t i = 0; i <= TRI_RESETS_BURST && !scene_h2_is_done(&s.attacker); i++) {
        struct bytes_h2 in = {.len = 0};
        append_socket(&in, id);
        frames_h2_number(&in, NGHTTP2_WINDOW_UPDATE, id, 0);
        rig_h2_bytes(&s.attacker, &in);
        id += 2;
    }
    assert_true(scene_h2_is_done(&s.attacker));
    rig_h2_assert_goaway(&s.attacker, NGHTTP2_ENHANCE_YOUR_CALM);
    scene_h2_deinit(&s);
}

static void a_fault_ends_what_came_before_it_in_order(void **state)
{
    (void)state;
    struct scene_h2 s;
    scene_h2_init(&s);
    struct bytes_h2 in = {.len = 0};
    frames_h2_headers(&in, 3, rig_h2_get_fields, true);
    frames_h2_data(&in, 3, "late", 4, false); /* after END_STREAM */
    append_socket(&in, 5);
    rig_h2_bytes(&s.attacker, &in);
    rig_h2_assert_goaway(&s.attacker, NGHTTP2_STREAM_CLOSED);
    assert_int_equal(s.attacker.tenants_len, 2); /* 3 asked; 5 was never looked at */
    scene_h2_deinit(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_script_is_read_alike_split_at_every_point),
        cmocka_unit_test(a_script_is_read_alike_in_pieces_of_every_size),
        cmocka_unit_test(a_socket_whose_window_is_wrong_is_told_once),
        cmocka_unit_test(windows_that_are_wrong_without_end_end_the_connection),
        cmocka_unit_test(a_fault_ends_what_came_before_it_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
