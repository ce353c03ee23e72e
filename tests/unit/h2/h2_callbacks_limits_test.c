/* Requests that pass a limit, and floods. */
#include "rig_h2.h"

#include <stdlib.h>

/* A GET on stream |id| still works: nothing else on the connection was disturbed. */
static void assert_alive(struct rig_h2 *r, uint32_t id)
{
    struct bytes_h2 in = {.len = 0};
    frames_h2_headers(&in, id, rig_h2_get_fields, true);
    rig_h2_bytes(r, &in);
    assert_int_equal(r->recv_err, TRI_OK);
    assert_int_equal(rig_h2_status(r, id), 200);
}

/* ---- limits of a head */

/* |len| fields of |bytes| each behind the GET, in as many CONTINUATIONs as it takes. */
static void get_with_fields(struct rig_h2 *r, uint32_t id, size_t len, size_t bytes)
{
    struct bytes_h2 in = {.len = 0};
    struct bytes_h2 block = {.len = 0};
    char *value = calloc(1, bytes + 1);
    assert_non_null(value);
    memset(value, 'v', bytes);
    for (const struct tri_header *h = rig_h2_get_fields; h->name; h++) {
        frames_h2_field(&block, h->name, strlen(h->name), h->value, strlen(h->value));
    }
    for (size_t i = 0; i < len; i++) {
        frames_h2_field(&block, "x", 1, value, bytes - 1);
    }
    for (size_t at = 0; at < block.len;) {
        const size_t part = block.len - at < 16384 ? block.len - at : 16384;
        const uint8_t type = at == 0 ? NGHTTP2_HEADERS : NGHTTP2_CONTINUATION;
        const uint8_t fin = at == 0 ? NGHTTP2_FLAG_END_STREAM : 0;
        const uint8_t end = at + part == block.len ? NGHTTP2_FLAG_END_HEADERS : 0;
        frames_h2_frame(&in, type, fin | end, id, block.data + at, part);
        at += part;
    }
    free(value);
    bytes_h2_free(&block);
    rig_h2_bytes(r, &in);
}

static void open_by_hand(struct rig_h2 *r)
{
    struct bytes_h2 in = {.len = 0};
    rig_h2_init(r);
    frames_h2_preface(&in);
    rig_h2_bytes(r, &in);
}

static void a_head_over_the_limit_of_fields_is_answered_431(void **state)
{
    (void)state;
    struct rig_h2 r;
    open_by_hand(&r);
    get_with_fields(&r, 1, TRI_REQUEST_FIELDS_MAX, 10);
    assert_int_equal(rig_h2_status(&r, 1), 200);
    get_with_fields(&r, 3, TRI_REQUEST_FIELDS_MAX + 1, 10);
    assert_int_equal(rig_h2_status(&r, 3), 431);
    assert_int_equal(r.tenants_len, 1);
    assert_alive(&r, 5);
    rig_h2_deinit(&r);
}

static void a_head_over_the_limit_of_bytes_is_answered_431(void **state)
{
    (void)state;
    struct rig_h2 r;
    open_by_hand(&r);
    /* ":method" "GET" ":scheme" "https" ":authority" "localhost" ":path" "/" */
    const size_t base = 7 + 3 + 7 + 5 + 10 + 9 + 5 + 1;
    get_with_fields(&r, 1, 1, TRI_REQUEST_HEAD_BYTES_MAX - base);
    assert_int_equal(rig_h2_status(&r, 1), 200);
    get_with_fields(&r, 3, 1, TRI_REQUEST_HEAD_BYTES_MAX - base + 1);
    assert_int_equal(rig_h2_status(&r, 3), 431);
    assert_alive(&r, 5);
    rig_h2_deinit(&r);
}

static void a_head_far_over_the_limit_is_reset(void **state)
{
    (void)state;
    struct rig_h2 r;
    open_by_hand(&r);
    get_with_fields(&r, 1, 10, 10000);
    rig_h2_assert_reset(&r, 1, NGHTTP2_ENHANCE_YOUR_CALM);
    assert_int_equal(r.tenants_len, 0);
    assert_alive(&r, 3);
    rig_h2_deinit(&r);
}

static void a_flood_of_continuations_ends_the_connection(void **state)
{
    (void)state;
    struct rig_h2 r;
    open_by_hand(&r);
    get_with_fields(&r, 1, 20, 10000);
    assert_true(rig_h2_count(&r, NGHTTP2_GOAWAY, 0) > 0);
    assert_true(r.conn->ops->is_done(r.conn));
    rig_h2_deinit(&r);
}

static void a_flood_of_resets_ends_the_connection(void **state)
{
    (void)state;
    struct rig_h2 r;
    open_by_hand(&r);
    uint32_t id = 1;
    for (; id < 4000 && rig_h2_count(&r, NGHTTP2_GOAWAY, 0) == 0; id += 200) {
        struct bytes_h2 in = {.len = 0};
        for (uint32_t i = id; i < id + 200; i += 2) {
            frames_h2_headers(&in, i, rig_h2_websocket_fields, false);
            frames_h2_number(&in, NGHTTP2_RST_STREAM, i, NGHTTP2_CANCEL);
        }
        rig_h2_bytes(&r, &in);
    }
    assert_true(rig_h2_count(&r, NGHTTP2_GOAWAY, 0) > 0);
    assert_true(r.tenants_len >= 1000); /* a burst is fine, as a browser's page being left */
    rig_h2_deinit(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_head_over_the_limit_of_fields_is_answered_431),
        cmocka_unit_test(a_head_over_the_limit_of_bytes_is_answered_431),
        cmocka_unit_test(a_head_far_over_the_limit_is_reset),
        cmocka_unit_test(a_flood_of_continuations_ends_the_connection),
        cmocka_unit_test(a_flood_of_resets_ends_the_connection),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
