/* Batches: what one call of send yields, and when its bytes are settled. */
#include "h2_output.h"
#include "rig_h2.h"

#include <stdlib.h>

static size_t send_once(struct rig_h2 *r, struct tri_slice *slices, size_t max)
{
    size_t n = r->conn->ops->send(r->conn, slices, max, r->now_ns);
    assert_true(n <= max);
    return n;
}

static struct tenant *open_one(struct rig_h2 *r)
{
    rig_h2_init(r);
    rig_h2_websocket(r);
    return rig_h2_tenant(r, 0);
}

static void payload_goes_out_without_a_copy(void **state)
{
    (void)state;
    struct rig_h2 r;
    struct tenant *t = open_one(&r);
    struct tri_slice slices[16];
    tenant_send(t, "payload", 7);
    assert_int_equal(send_once(&r, slices, 16), 2);
    assert_int_equal(slices[0].len, 9);
    assert_ptr_equal(slices[1].data, t->out);
    assert_int_equal(slices[1].len, 7);
    rig_h2_deinit(&r);
}

static void bytes_are_sent_at_once_and_released_by_the_next_call(void **state)
{
    (void)state;
    struct rig_h2 r;
    struct tenant *t = open_one(&r);
    struct tri_slice slices[16];
    tenant_send(t, "payload", 7);
    send_once(&r, slices, 16);
    assert_int_equal(t->sent, 7);
    assert_int_equal(t->released, 0);
    assert_memory_equal(slices[1].data, "payload", 7);
    assert_int_equal(send_once(&r, slices, 16), 0);
    assert_int_equal(t->released, 7);
    rig_h2_deinit(&r);
}

static void any_other_call_releases_too(void **state)
{
    (void)state;
    struct rig_h2 r;
    struct tenant *t = open_one(&r);
    struct tri_slice slices[16];
    tenant_send(t, "one", 3);
    send_once(&r, slices, 16);
    r.conn->ops->expire(r.conn, r.now_ns);
    assert_int_equal(t->released, 3);
    tenant_send(t, "two", 3);
    send_once(&r, slices, 16);
    assert_int_equal(r.conn->ops->recv(r.conn, NULL, 0, r.now_ns), TRI_OK);
    assert_int_equal(t->released, 6);
    rig_h2_deinit(&r);
}

static void the_last_bytes_are_released_before_the_stream_ends(void **state)
{
    (void)state;
    struct rig_h2 r;
    struct tenant *t = open_one(&r);
    struct tri_slice slices[16];
    peer_h2_fin(&r.peer, 0);
    rig_h2_run(&r);
    tenant_send(t, "last", 4);
    tenant_end(t);
    assert_int_equal(send_once(&r, slices, 16), 2);
    assert_int_equal(t->closes, 0); /* both ends are done, but the slices are still out */
    assert_memory_equal(slices[1].data, "last", 4);
    assert_int_equal(send_once(&r, slices, 16), 0);
    assert_int_equal(t->released, 4); /* tenant.c asserts that nothing follows on_closed */
    assert_int_equal(t->closes, 1);
    rig_h2_deinit(&r);
}

static void a_batch_of_the_smallest_size_makes_progress(void **state)
{
    (void)state;
    struct rig_h2 r;
    rig_h2_init(&r);
    r.slices_max = 16;
    enum { STREAMS = 50, BYTES = 20000 };
    uint8_t *pattern = malloc(BYTES);
    assert_non_null(pattern);
    memset(pattern, 'p', BYTES);
    for (size_t i = 0; i < STREAMS; i++) {
        rig_h2_websocket(&r);
        struct tenant *t = rig_h2_tenant(&r, i);
        t->slice_max = 7 + i * 100;
        tenant_room(t, BYTES);
        tenant_send(t, pattern, BYTES);
    }
    rig_h2_run(&r);
    for (size_t i = 0; i < STREAMS; i++) {
        assert_int_equal(r.peer.streams[i]->body.len, BYTES);
        assert_int_equal(rig_h2_tenant(&r, i)->released, BYTES);
    }
    free(pattern);
    rig_h2_deinit(&r);
}

static void a_big_message_passes_across_windows(void **state)
{
    (void)state;
    struct rig_h2 r;
    struct tenant *t = open_one(&r);
    const size_t len = (size_t)5 * 1024 * 1024;
    uint8_t *pattern = malloc(len);
    assert_non_null(pattern);
    for (size_t i = 0; i < len; i++) {
        pattern[i] = (uint8_t)(i >> 3);
    }
    t->slice_max = 50000;
    tenant_room(t, len);
    tenant_send(t, pattern, len);
    tenant_end(t);
    rig_h2_run(&r);
    assert_int_equal(r.peer.streams[0]->body.len, len);
    assert_memory_equal(r.peer.streams[0]->body.data, pattern, len);
    assert_true(r.peer.streams[0]->fin);
    free(pattern);
    rig_h2_deinit(&r);
}

static void a_stream_without_window_waits_and_its_fin_too(void **state)
{
    (void)state;
    struct rig_h2 r;
    struct tenant *t = open_one(&r);
    peer_h2_pause(&r.peer, 0, true);
    tenant_room(t, 100000);
    uint8_t zeros[65535] = {0};
    tenant_send(t, zeros, sizeof zeros);
    rig_h2_run(&r);
    assert_int_equal(t->sent, 65535); /* RFC 9113 section 6.9.2 */
    tenant_send(t, "x", 1);
    rig_h2_run(&r);
    tenant_end(t); /* wakes while the engine holds a provider that waits for window */
    rig_h2_run(&r);
    assert_int_equal(t->sent, 65535);
    assert_false(r.peer.streams[0]->fin);
    peer_h2_pause(&r.peer, 0, false);
    rig_h2_run(&r);
    assert_int_equal(t->sent, 65536);
    assert_true(r.peer.streams[0]->fin);
    rig_h2_deinit(&r);
}

static void answer_late(struct rig_h2 *r, struct tenant *t)
{
    (void)r;
    (void)t;
}

/* Value bytes that Huffman coding does not shorten. */
static void a_head_larger_than_the_scratch_is_lent_and_ends_the_batch(void **state)
{
    (void)state;
    struct rig_h2 r;
    rig_h2_init(&r);
    r.on_request = answer_late;
    const size_t len = 40000; /* three frames */
    uint8_t *value = malloc(len);
    assert_non_null(value);
    memset(value, '|', len);
    const struct tri_field fields[] = {{TRI_SLICE("x"), tri_slice_of(value, len)}};
    for (size_t i = 0; i < 2; i++) {
        rig_h2_websocket(&r);
        assert_int_equal(rig_h2_reply(rig_h2_tenant(&r, i),
                                      &(struct tri_response){.answer = TRI_ANSWER_WEBSOCKET,
                                                             .fields = fields,
                                                             .fields_len = 1}),
                         TRI_OK);
        tenant_send(rig_h2_tenant(&r, i), "behind it", 9);
    }
    free(value);
    struct tri_slice slices[16];
    assert_int_equal(send_once(&r, slices, 16), 1);
    assert_true(slices[0].len > TRI_H2_SCRATCH_BYTES);
    peer_h2_feed(&r.peer, slices[0].data, slices[0].len);
    rig_h2_run(&r);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(r.peer.streams[i]->status, 200);
        assert_true(r.peer.streams[i]->text.len > len);
        assert_int_equal(r.peer.streams[i]->body.len, 9);
    }
    rig_h2_deinit(&r);
}

/* A tenant that shows one byte a peek, though it has more, and empty slices in between. */
struct shy {
    struct tri_exchange *exchange;
    size_t sent, released, closes;
    enum tri_stream_cause cause;
    bool has_empty_slices; /* one before each byte, and nothing else at the end */
    bool aborts;           /* when all is sent */
};

#define SHY_BYTES ((size_t)40)
static const uint8_t shy_text[] = "0123456789012345678901234567890123456789";

static void shy_on_data(void *session, const uint8_t *data, size_t len)
{
    (void)session;
    (void)data;
    (void)len;
}

static void shy_on_fin(void *session)
{
    (void)session;
}

static size_t shy_peek(void *session, struct tri_slice *out, size_t out_max, bool *fin)
{
    const struct shy *shy = session;
    *fin = false;
    size_t n = 0;
    if (shy->sent == SHY_BYTES) {
        if (shy->aborts) {
            shy->exchange->stream.ops->abort(&shy->exchange->stream);
        }
        while (shy->has_empty_slices && n < out_max) {
            out[n++] = tri_slice_of(NULL, 0);
        }
        return n;
    }
    if (shy->has_empty_slices && out_max > 1) {
        out[n++] = tri_slice_of(NULL, 0);
    }
    out[n++] = tri_slice_of(shy_text + shy->sent, 1);
    return n;
}

static void shy_on_sent(void *session, size_t len)
{
    struct shy *shy = session;
    shy->sent += len;
}

static void shy_on_released(void *session, size_t len)
{
    struct shy *shy = session;
    shy->released += len;
}

static void shy_on_closed(void *session, enum tri_stream_cause cause)
{
    struct shy *shy = session;
    shy->closes++;
    shy->cause = cause;
}

static const struct tri_stream_events shy_events = {
    .on_data = shy_on_data,
    .on_fin = shy_on_fin,
    .peek = shy_peek,
    .on_sent = shy_on_sent,
    .on_released = shy_on_released,
    .on_closed = shy_on_closed,
};

static void bind_shy(struct rig_h2 *r, struct shy *shy)
{
    rig_h2_init(r);
    r->on_request = answer_late;
    rig_h2_websocket(r);
    shy->exchange = rig_h2_tenant(r, 0)->exchange;
    const struct tri_response response = {.answer = TRI_ANSWER_WEBSOCKET,
                                          .content_length = TRI_LENGTH_NONE,
                                          .events = &shy_events,
                                          .session = shy};
    assert_int_equal(shy->exchange->ops->respond(shy->exchange, &response), TRI_OK);
}

static void a_peek_that_does_not_show_all_loses_nothing(void **state)
{
    (void)state;
    for (int empty = 0; empty < 2; empty++) {
        struct rig_h2 r;
        struct shy shy = {.has_empty_slices = empty == 1};
        bind_shy(&r, &shy);
        rig_h2_run(&r); /* bound, and never woken */
        assert_int_equal(r.peer.streams[0]->body.len, SHY_BYTES);
        assert_memory_equal(r.peer.streams[0]->body.data, shy_text, SHY_BYTES);
        assert_int_equal(shy.released, SHY_BYTES);
        rig_h2_deinit(&r);
        assert_int_equal(shy.closes, 1);
    }
}

static void a_peek_that_aborts_ends_its_stream_in_the_same_turn(void **state)
{
    (void)state;
    struct rig_h2 r;
    struct shy shy = {.sent = SHY_BYTES};
    bind_shy(&r, &shy);
    rig_h2_output(&r);
    shy.aborts = true;
    shy.exchange->stream.ops->wake_write(&shy.exchange->stream);
    rig_h2_output(&r); /* the peek yields nothing, and yet there is something to do */
    assert_int_equal(shy.closes, 1);
    assert_int_equal(shy.cause, TRI_STREAM_ABORTED);
    rig_h2_assert_reset(&r, 1, NGHTTP2_CANCEL);
    rig_h2_deinit(&r);
    assert_int_equal(shy.closes, 1);
}

static void a_batch_ends_when_the_scratch_is_full_of_frame_heads(void **state)
{
    (void)state;
    enum { STREAMS = 300, SLICES = 1000 };
    static struct tri_slice slices[SLICES];
    struct rig_h2 r;
    rig_h2_init(&r);
    for (size_t i = 0; i < STREAMS; i++) {
        rig_h2_websocket(&r);
    }
    for (size_t i = 0; i < STREAMS; i++) {
        tenant_send(rig_h2_tenant(&r, i), "x", 1);
    }
    assert_int_equal(send_once(&r, slices, SLICES), 2 * (TRI_H2_SCRATCH_BYTES / 9));
    assert_int_equal(send_once(&r, slices, SLICES), 2 * (TRI_H2_SCRATCH_BYTES / 9));
    assert_int_equal(send_once(&r, slices, SLICES), 2 * (STREAMS - 2 * (TRI_H2_SCRATCH_BYTES / 9)));
    assert_int_equal(send_once(&r, slices, SLICES), 0);
    rig_h2_deinit(&r);
}

static void control_frames_share_a_slice(void **state)
{
    (void)state;
    struct rig_h2 r;
    rig_h2_init(&r);
    rig_h2_run(&r);
    struct bytes_h2 in = {.len = 0};
    for (int i = 0; i < 10; i++) {
        frames_h2_frame(&in, NGHTTP2_PING, 0, 0, "trisock?", 8);
    }
    assert_int_equal(r.conn->ops->recv(r.conn, in.data, in.len, r.now_ns), TRI_OK);
    struct tri_slice slices[16];
    assert_int_equal(send_once(&r, slices, 16), 1);
    assert_int_equal(slices[0].len, 10 * 17);
    assert_int_equal(send_once(&r, slices, 16), 0);
    bytes_h2_free(&in);
    rig_h2_deinit(&r);
}

static void more_control_frames_than_the_scratch_holds_take_more_batches(void **state)
{
    (void)state;
    struct rig_h2 r;
    rig_h2_init(&r);
    rig_h2_run(&r);
    struct bytes_h2 in = {.len = 0};
    for (int i = 0; i < 200; i++) {
        frames_h2_frame(&in, NGHTTP2_PING, 0, 0, "trisock?", 8);
    }
    rig_h2_bytes(&r, &in);
    assert_int_equal(rig_h2_count(&r, NGHTTP2_PING, 0), 200);
    rig_h2_deinit(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(payload_goes_out_without_a_copy),
        cmocka_unit_test(bytes_are_sent_at_once_and_released_by_the_next_call),
        cmocka_unit_test(any_other_call_releases_too),
        cmocka_unit_test(the_last_bytes_are_released_before_the_stream_ends),
        cmocka_unit_test(a_batch_of_the_smallest_size_makes_progress),
        cmocka_unit_test(a_big_message_passes_across_windows),
        cmocka_unit_test(a_stream_without_window_waits_and_its_fin_too),
        cmocka_unit_test(a_head_larger_than_the_scratch_is_lent_and_ends_the_batch),
        cmocka_unit_test(a_peek_that_does_not_show_all_loses_nothing),
        cmocka_unit_test(a_peek_that_aborts_ends_its_stream_in_the_same_turn),
        cmocka_unit_test(a_batch_ends_when_the_scratch_is_full_of_frame_heads),
        cmocka_unit_test(control_frames_share_a_slice),
        cmocka_unit_test(more_control_frames_than_the_scratch_holds_take_more_batches),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
