/*
 * Attacks on memory and on siblings: heads that grow when they are decoded, windows that stay shut,
 * more streams than were allowed. RFC 9113 section 10.5; row E5.
 */
#include "base_limits.h"
#include "scene_h2.h"

#include <stdlib.h>

#define BOMB_FIELD_BYTES ((size_t)3900)

/* ---- heads */

static void append_get(struct bytes_h2 *block)
{
    for (const struct tri_header *h = rig_h2_get_fields; h->name; h++) {
        frames_h2_field(block, h->name, strlen(h->name), h->value, strlen(h->value));
    }
}

/* A field that fills the table (RFC 7541 section 6.2.1), and then one byte for each repetition. */
static void append_bomb(struct bytes_h2 *block, size_t repetitions)
{
    static const uint8_t name[] = {0x40, 1, 'x', 0x7f, 0xbd, 0x1d}; /* a value of 3,900 bytes */
    uint8_t value[BOMB_FIELD_BYTES];
    memset(value, 'v', sizeof value);
    bytes_h2_append(block, name, sizeof name);
    bytes_h2_append(block, value, sizeof value);
    for (size_t i = 0; i < repetitions; i++) {
        bytes_h2_append(block, "\xbe", 1);
    }
}

static void bomb(struct rig_h2 *r, uint32_t stream_id)
{
    struct bytes_h2 in = {.len = 0};
    struct bytes_h2 block = {.len = 0};
    append_get(&block);
    append_bomb(&block, 12000); /* 46 MB */
    frames_h2_frame(&in, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS | NGHTTP2_FLAG_END_STREAM,
                    stream_id, block.data, block.len);
    bytes_h2_free(&block);
    rig_h2_bytes(r, &in);
}

static void a_head_that_explodes_is_reset_alone(void **state)
{
    (void)state;
    struct scene_h2 s;
    scene_h2_init(&s);
    bomb(&s.attacker, 3);
    rig_h2_assert_reset(&s.attacker, 3, NGHTTP2_ENHANCE_YOUR_CALM);
    assert_int_equal(s.attacker.tenants_len, 1);
    scene_h2_assert_echoes(&s.attacker);
    scene_h2_deinit(&s);
}

static void heads_that_explode_end_the_connection(void **state)
{
    (void)state;
    struct scene_h2 s;
    scene_h2_init(&s);
    uint32_t id = 3;
    for (; id < 4 * TRI_RESETS_BURST && !scene_h2_is_done(&s.attacker); id += 2) {
        bomb(&s.attacker, id);
        s.attacker.out.len = scene_h2_is_done(&s.attacker) ? s.attacker.out.len : 0;
    }
    assert_true(scene_h2_is_done(&s.attacker));
    rig_h2_assert_goaway(&s.attacker, NGHTTP2_ENHANCE_YOUR_CALM);
    scene_h2_deinit(&s);
}

/* CVE-2024-27316: fields that never end, each frame small. */
static void a_head_that_does_not_end_ends_the_connection(void **state)
{
    (void)state;
    struct scene_h2 s;
    scene_h2_init(&s);
    struct bytes_h2 in = {.len = 0};
    frames_h2_frame(&in, NGHTTP2_HEADERS, 0, 3, "\x82", 1);
    for (size_t i = 0; i <= TRI_H2_CONTINUATIONS_MAX; i++) {
        frames_h2_frame(&in, NGHTTP2_CONTINUATION, 0, 3, "\x00\x01x\x01y", 5);
    }
    rig_h2_bytes(&s.attacker, &in);
    assert_true(scene_h2_is_done(&s.attacker));
    rig_h2_assert_goaway(&s.attacker, NGHTTP2_ENHANCE_YOUR_CALM);
    assert_int_equal(s.attacker.recv_err, TRI_ERR_LIMIT);
    scene_h2_deinit(&s);
}

/* ---- windows */

static void set_window(struct rig_h2 *r, uint32_t bytes)
{
    struct bytes_h2 in = {.len = 0};
    const uint8_t entry[] = {0,
                             NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE,
                             (uint8_t)(bytes >> 24),
                             (uint8_t)(bytes >> 16),
                             (uint8_t)(bytes >> 8),
                             (uint8_t)bytes};
    frames_h2_frame(&in, NGHTTP2_SETTINGS, 0, 0, entry, sizeof entry);
    rig_h2_bytes(r, &in);
}

static struct tenant *open_socket(struct rig_h2 *r, uint32_t stream_id, size_t bytes)
{
    struct bytes_h2 in = {.len = 0};
    frames_h2_headers(&in, stream_id, rig_h2_websocket_fields, false);
    rig_h2_bytes(r, &in);
    struct tenant *t = rig_h2_tenant(r, r->tenants_len - 1);
    char *data = calloc(1, bytes);
    assert_non_null(data);
    tenant_room(t, bytes);
    tenant_send(t, data, bytes);
    free(data);
    rig_h2_output(r);
    return t;
}

static void a_window_that_stays_shut_stops_its_stream_alone(void **state)
{
    (void)state;
    struct scene_h2 s;
    scene_h2_init(&s);
    set_window(&s.attacker, 0);
    struct bytes_h2 in = {.len = 0};
    frames_h2_number(&in, NGHTTP2_WINDOW_UPDATE, 1, 65535);
    rig_h2_bytes(&s.attacker, &in);
    const size_t before = s.attacker.alloc.bytes;
    struct tenant *t = open_socket(&s.attacker, 3, 100000);
    rig_h2_pass(&s.attacker, 30000);
    assert_int_equal(t->sent, 0);
    assert_int_equal(rig_h2_count(&s.attacker, NGHTTP2_DATA, 3), 0);
    assert_true(s.attacker.alloc.bytes < before + 16384); /* the bytes stay the tenant's */
    scene_h2_assert_echoes(&s.attacker);
    tenant_abort(t); /* as its own clock does: no pong comes */
    rig_h2_output(&s.attacker);
    rig_h2_assert_reset(&s.attacker, 3, NGHTTP2_CANCEL);
    assert_int_equal(t->closes, 1);
    scene_h2_assert_echoes(&s.attacker);
    scene_h2_deinit(&s);
}

static void a_window_of_one_byte_sends_one_byte(void **state)
{
    (void)state;
    struct scene_h2 s;
    scene_h2_init(&s);
    set_window(&s.attacker, 1);
    struct bytes_h2 in = {.len = 0};
    frames_h2_number(&in, NGHTTP2_WINDOW_UPDATE, 1, 65535);
    rig_h2_bytes(&s.attacker, &in);
    struct tenant *t = open_socket(&s.attacker, 3, 1000);
    for (size_t i = 1; i <= 100; i++) {
        assert_int_equal(t->sent, i);
        frames_h2_number(&in, NGHTTP2_WINDOW_UPDATE, 3, 1);
        rig_h2_bytes(&s.attacker, &in);
    }
    assert_int_equal(rig_h2_count(&s.attacker, NGHTTP2_DATA, 3), 101);
    scene_h2_assert_echoes(&s.attacker);
    scene_h2_deinit(&s);
}

static void a_connection_window_that_stays_shut_holds_little(void **state)
{
    (void)state;
    struct scene_h2 s;
    scene_h2_init(&s);
    struct tenant *first = open_socket(&s.attacker, 3, 100000);
    const size_t before = s.attacker.alloc.bytes;
    for (uint32_t id = 5; id < 5 + 2 * 50; id += 2) {
        assert_int_equal(open_socket(&s.attacker, id, 10000)->sent, 0);
    }
    assert_int_equal(first->sent, 65535); /* RFC 9113 section 6.9.2 */
    assert_true(s.attacker.alloc.bytes < before + (size_t)50 * 4096);
    scene_h2_assert_echoes(&s.bystander);
    s.attacker.conn->ops->recv_eof(s.attacker.conn, false, s.attacker.now_ns);
    scene_h2_deinit(&s);
}

static void a_window_that_overflows_ends_the_connection(void **state)
{
    (void)state;
    struct scene_h2 s;
    scene_h2_init(&s);
    struct bytes_h2 in = {.len = 0};
    frames_h2_number(&in, NGHTTP2_WINDOW_UPDATE, 0, 0x7fffffff);
    rig_h2_bytes(&s.attacker, &in);
    assert_true(scene_h2_is_done(&s.attacker));
    rig_h2_assert_goaway(&s.attacker, NGHTTP2_FLOW_CONTROL_ERROR);
    scene_h2_deinit(&s);
}

/* ---- streams over the limit */

static void refuse_streams(struct rig_h2 *r, uint32_t first_id, uint32_t count)
{
    struct bytes_h2 in = {.len = 0};
    for (uint32_t i = 0; i < count; i++) {
        frames_h2_headers(&in, first_id + 2 * i, rig_h2_websocket_fields, false);
    }
    rig_h2_bytes(r, &in);
}

static void init_with_ten_sockets(struct scene_h2 *s)
{
    struct tri_limits limits;
    tri_limits_default(&limits);
    limits.streams_max = 10;
    scene_h2_init_with(s, &limits);
    for (uint32_t id = 3; id < 3 + 2 * 9; id += 2) {
        open_socket(&s->attacker, id, 1);
    }
}

/* RFC 9113 section 5.1.2 */
static void a_stream_past_the_limit_is_refused_alone(void **state)
{
    (void)state;
    struct scene_h2 s;
    init_with_ten_sockets(&s);
    refuse_streams(&s.attacker, 99, 1);
    rig_h2_assert_reset(&s.attacker, 99, NGHTTP2_REFUSED_STREAM);
    assert_int_equal(s.attacker.tenants_len, 10);
    scene_h2_assert_echoes(&s.attacker);
    struct bytes_h2 in = {.len = 0};
    frames_h2_number(&in, NGHTTP2_RST_STREAM, 3, NGHTTP2_CANCEL); /* makes room for one */
    rig_h2_bytes(&s.attacker, &in);
    refuse_streams(&s.attacker, 101, 2);
    assert_int_equal(rig_h2_status(&s.attacker, 101), 200);
    rig_h2_assert_reset(&s.attacker, 103, NGHTTP2_REFUSED_STREAM);
    scene_h2_assert_echoes(&s.attacker);
    scene_h2_deinit(&s);
}

static void streams_past_the_limit_without_end_end_the_connection(void **state)
{
    (void)state;
    struct scene_h2 s;
    init_with_ten_sockets(&s);
    uint32_t id = 101;
    for (uint32_t i = 0; i <= TRI_RESETS_BURST && !scene_h2_is_done(&s.attacker); i += 10) {
        refuse_streams(&s.attacker, id, 10);
        id += 20;
    }
    assert_true(scene_h2_is_done(&s.attacker));
    rig_h2_assert_goaway(&s.attacker, NGHTTP2_ENHANCE_YOUR_CALM);
    assert_int_equal(s.attacker.tenants_len, 10);
    scene_h2_deinit(&s);
}

static void streams_past_the_limit_all_at_once_end_the_connection(void **state)
{
    (void)state;
    struct scene_h2 s;
    init_with_ten_sockets(&s);
    refuse_streams(&s.attacker, 101, TRI_RESETS_BURST + 10);
    assert_true(scene_h2_is_done(&s.attacker));
    rig_h2_assert_goaway(&s.attacker, NGHTTP2_ENHANCE_YOUR_CALM);
    assert_int_equal(rig_h2_count(&s.attacker, NGHTTP2_GOAWAY, 0), 1);
    assert_int_equal(s.attacker.tenants_len, 10);
    scene_h2_deinit(&s);
}

/* Before it has acknowledged our SETTINGS a client cannot know the limit. */
static void streams_past_a_limit_not_yet_known_are_refused_alone(void **state)
{
    (void)state;
    struct rig_h2 r;
    struct tri_limits limits;
    tri_limits_default(&limits);
    limits.streams_max = 10;
    rig_h2_init_with(&r, &limits, true);
    struct bytes_h2 in = {.len = 0};
    bytes_h2_append(&in, NGHTTP2_CLIENT_MAGIC, NGHTTP2_CLIENT_MAGIC_LEN);
    frames_h2_frame(&in, NGHTTP2_SETTINGS, 0, 0, NULL, 0);
    for (uint32_t id = 1; id < 1 + 2 * 11; id += 2) {
        frames_h2_headers(&in, id, rig_h2_websocket_fields, false);
    }
    rig_h2_bytes(&r, &in);
    assert_int_equal(r.tenants_len, 10);
    rig_h2_assert_reset(&r, 21, NGHTTP2_REFUSED_STREAM);
    tenant_room(rig_h2_tenant(&r, 0), 100);
    scene_h2_assert_echoes(&r);
    rig_h2_deinit(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_head_that_explodes_is_reset_alone),
        cmocka_unit_test(heads_that_explode_end_the_connection),
        cmocka_unit_test(a_head_that_does_not_end_ends_the_connection),
        cmocka_unit_test(a_window_that_stays_shut_stops_its_stream_alone),
        cmocka_unit_test(a_window_of_one_byte_sends_one_byte),
        cmocka_unit_test(a_connection_window_that_stays_shut_holds_little),
        cmocka_unit_test(a_window_that_overflows_ends_the_connection),
        cmocka_unit_test(a_stream_past_the_limit_is_refused_alone),
        cmocka_unit_test(streams_past_the_limit_without_end_end_the_connection),
        cmocka_unit_test(streams_past_the_limit_all_at_once_end_the_connection),
        cmocka_unit_test(streams_past_a_limit_not_yet_known_are_refused_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
