/* ws_payload: one frame for many sockets, held by each of them, compressed at most once. */
#include "ws_payload.h"
#include "test_alloc.h"
#include "ws_frame.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

static struct test_alloc heap;
static struct tri_limits limits;
static struct tri_deflate_worker worker;

static int set_up(void **state)
{
    (void)state;
    test_alloc_init(&heap);
    tri_limits_default(&limits);
    tri_deflate_worker_init(&worker, &heap.alloc, &limits);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    tri_deflate_worker_deinit(&worker);
    return heap.live == 0 ? 0 : -1;
}

static struct tri_payload *new_payload(enum tri_type type, struct tri_slice message)
{
    struct tri_payload *p = tri_payload_new_with(&heap.alloc, type, message.data, message.len);
    assert_non_null(p);
    return p;
}

static void assert_slice(struct tri_slice got, struct tri_slice want)
{
    assert_int_equal(got.len, want.len);
    if (want.len > 0) {
        assert_memory_equal(got.data, want.data, want.len);
    }
}

static const struct tri_slice text = {
    .data =
        (const uint8_t *)"the same words, the same words, the same words, the same words, again",
    .len = 69,
};

/* The message of a compressed frame. */
static void assert_inflates(struct tri_slice frame, struct tri_slice want)
{
    static uint8_t out[200000];
    struct tri_frame f;
    size_t used, len = 0, more = 0;
    bool done = false;
    assert_int_equal(tri_frame_decode(frame.data, frame.len, &f, &used), TRI_OK);
    assert_true(f.fin && f.rsv1 && !f.masked);
    assert_int_equal(f.payload_len, frame.len - used);
    const struct tri_deflate_params params = {
        .mode = TRI_DEFLATE_SHARED,
        .server_no_context_takeover = true,
        .client_no_context_takeover = true,
        .server_max_window_bits = 15,
        .client_max_window_bits = 15,
    };
    struct tri_deflate_socket *s = tri_deflate_socket_new(&worker, &params, false);
    assert_int_equal(tri_deflate_socket_begin(s), TRI_OK);
    struct tri_slice in = tri_slice_of(frame.data + used, frame.len - used);
    assert_int_equal(tri_deflate_socket_inflate(s, &in, out, sizeof out, &len), TRI_OK);
    assert_int_equal(tri_deflate_socket_end(s, out + len, sizeof out - len, &more, &done), TRI_OK);
    assert_true(done);
    assert_slice(tri_slice_of(out, len + more), want);
    tri_deflate_socket_free(s);
}

static void a_payload_is_a_whole_frame_in_one_block(void **state)
{
    (void)state;
    struct tri_payload *p = new_payload(TRI_TEXT, TRI_SLICE("Hello"));
    assert_slice(tri_payload_frame(p), TRI_SLICE("\x81\x05Hello")); /* RFC 6455 section 5.7 */
    assert_slice(tri_payload_message(p), TRI_SLICE("Hello"));
    assert_int_equal(tri_payload_type(p), TRI_TEXT);
    assert_int_equal(heap.calls, 1);
    tri_payload_free(p);
}

static void every_form_of_length_has_its_header(void **state)
{
    (void)state;
    static uint8_t bytes[70000];
    static const struct {
        size_t len;
        size_t header;
    } cases[] = {{0, 2}, {125, 2}, {126, 4}, {65535, 4}, {65536, 10}, {70000, 10}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct tri_slice message = tri_slice_of(bytes, cases[i].len);
        struct tri_payload *p = new_payload(TRI_BINARY, message);
        const struct tri_slice frame = tri_payload_frame(p);
        struct tri_frame f;
        size_t used;
        assert_int_equal(tri_frame_decode(frame.data, frame.len, &f, &used), TRI_OK);
        assert_int_equal(used, cases[i].header);
        assert_int_equal(f.opcode, TRI_OP_BINARY);
        assert_true(f.fin && !f.rsv1 && !f.masked);
        assert_int_equal(f.payload_len, message.len);
        assert_int_equal(frame.len, used + message.len);
        assert_slice(tri_payload_message(p), message);
        tri_payload_free(p);
    }
}

static void an_empty_payload_needs_no_data(void **state)
{
    (void)state;
    struct tri_payload *p = new_payload(TRI_TEXT, tri_slice_of(NULL, 0));
    limits.deflate_bytes_least = 0;
    assert_slice(tri_payload_frame(p), TRI_SLICE("\x81\x00"));
    assert_int_equal(tri_payload_deflated(p, &worker, 15).len, 0);
    tri_payload_free(p);
    tri_payload_free(NULL);
}

static void the_last_holder_frees_it(void **state)
{
    (void)state;
    struct tri_payload *p = new_payload(TRI_TEXT, text);
    for (int i = 0; i < 3; i++) {
        assert_ptr_equal(tri_payload_hold(p), p);
    }
    for (int i = 0; i < 3; i++) {
        tri_payload_free(p);
        assert_int_equal(heap.live, 1);
        assert_slice(tri_payload_message(p), text);
    }
    tri_payload_free(p);
    assert_int_equal(heap.live, 0);
}

static void the_public_one_comes_from_the_heap(void **state)
{
    (void)state;
    struct tri_payload *p = tri_payload_new(TRI_BINARY, "abc", 3);
    assert_non_null(p);
    assert_slice(tri_payload_frame(p), TRI_SLICE("\x82\x03"
                                                 "abc"));
    tri_payload_free(tri_payload_hold(p));
    tri_payload_free(p);
    assert_int_equal(heap.calls, 0);
}

static void it_is_compressed_once_when_somebody_wants_it(void **state)
{
    (void)state;
    struct tri_payload *p = new_payload(TRI_TEXT, text);
    assert_int_equal(heap.calls, 1);
    const struct tri_slice frame = tri_payload_deflated(p, &worker, 15);
    assert_true(frame.len > 0 && frame.len < tri_payload_frame(p).len);
    assert_inflates(frame, text);
    const size_t calls = heap.calls;
    const struct tri_slice again = tri_payload_deflated(p, &worker, limits.deflate_window_bits);
    assert_ptr_equal(again.data, frame.data);
    assert_int_equal(again.len, frame.len);
    assert_int_equal(heap.calls, calls);
    assert_slice(tri_payload_message(p), text);
    tri_payload_free(p);
}

static void a_large_message_is_compressed_behind_its_long_header(void **state)
{
    (void)state;
    static uint8_t bytes[150000];
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)(i * i >> 9);
    }
    static const size_t lens[] = {64, 200, 5000, 150000};
    for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
        const struct tri_slice message = tri_slice_of(bytes, lens[i]);
        struct tri_payload *p = new_payload(TRI_BINARY, message);
        const struct tri_slice frame = tri_payload_deflated(p, &worker, 15);
        assert_int_equal(frame.data[0], 0xc2);
        assert_inflates(frame, message);
        tri_payload_free(p);
    }
}

static void a_smaller_window_gets_the_plain_frame(void **state)
{
    (void)state;
    struct tri_payload *p = new_payload(TRI_TEXT, text);
    assert_int_equal(tri_payload_deflated(p, &worker, limits.deflate_window_bits - 1u).len, 0);
    assert_int_equal(heap.calls, 1); /* and nothing was compressed for it */
    assert_true(tri_payload_deflated(p, &worker, limits.deflate_window_bits).len > 0);
    assert_int_equal(tri_payload_deflated(p, &worker, limits.deflate_window_bits - 1u).len, 0);
    /* A worker with a smaller window must not take what was made for the larger. */
    limits.deflate_window_bits = 9;
    assert_int_equal(tri_payload_deflated(p, &worker, 9).len, 0);
    tri_payload_free(p);
}

static void a_message_below_the_limit_is_not_compressed(void **state)
{
    (void)state;
    struct tri_payload *p = new_payload(TRI_TEXT, text);
    limits.deflate_bytes_least = text.len + 1;
    assert_int_equal(tri_payload_deflated(p, &worker, 15).len, 0);
    assert_int_equal(heap.calls, 1);
    limits.deflate_bytes_least = text.len;
    assert_true(tri_payload_deflated(p, &worker, 15).len > 0);
    tri_payload_free(p);
}

static void what_does_not_get_smaller_is_tried_once(void **state)
{
    (void)state;
    uint8_t noise[500];
    uint32_t seed = 3;
    for (size_t i = 0; i < sizeof noise; i++) {
        seed = seed * 1664525u + 1013904223u;
        noise[i] = (uint8_t)(seed >> 24);
    }
    struct tri_payload *p = new_payload(TRI_BINARY, tri_slice_of(noise, sizeof noise));
    assert_int_equal(tri_payload_deflated(p, &worker, 15).len, 0);
    const size_t calls = heap.calls;
    const size_t live = heap.live;
    assert_int_equal(tri_payload_deflated(p, &worker, 15).len, 0);
    assert_int_equal(heap.calls, calls);
    assert_int_equal(heap.live, live);
    assert_slice(tri_payload_message(p), tri_slice_of(noise, sizeof noise));
    tri_payload_free(p);
}

static void every_failed_allocation_leaves_the_plain_frame(void **state)
{
    (void)state;
    heap.fail_at = 1;
    assert_null(tri_payload_new_with(&heap.alloc, TRI_TEXT, text.data, text.len));
    assert_null(tri_payload_new_with(&heap.alloc, TRI_TEXT, text.data, SIZE_MAX));
    assert_null(tri_payload_new_with(&heap.alloc, TRI_TEXT, text.data, SIZE_MAX / 2));
    struct tri_slice frame = {.len = 0};
    for (size_t fail_at = 2; frame.len == 0; fail_at++) {
        assert_int_equal(tear_down(NULL), 0);
        set_up(NULL);
        struct tri_payload *p = new_payload(TRI_TEXT, text);
        heap.fail_at = fail_at;
        frame = tri_payload_deflated(p, &worker, 15);
        assert_slice(tri_payload_message(p), text);
        heap.fail_at = 0;
        if (frame.len == 0) { /* the next time there is memory */
            assert_inflates(tri_payload_deflated(p, &worker, 15), text);
        } else {
            assert_inflates(frame, text);
        }
        tri_payload_free(p);
    }
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_payload_is_a_whole_frame_in_one_block),
        CASE(every_form_of_length_has_its_header),
        CASE(an_empty_payload_needs_no_data),
        CASE(the_last_holder_frees_it),
        CASE(the_public_one_comes_from_the_heap),
        CASE(it_is_compressed_once_when_somebody_wants_it),
        CASE(a_large_message_is_compressed_behind_its_long_header),
        CASE(a_smaller_window_gets_the_plain_frame),
        CASE(a_message_below_the_limit_is_not_compressed),
        CASE(what_does_not_get_smaller_is_tried_once),
        CASE(every_failed_allocation_leaves_the_plain_frame),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
