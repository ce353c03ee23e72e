/* ws_queue: bytes in order, in chunks that come from a pool and go back. */
#include "ws_queue.h"
#include "test_alloc.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

static struct test_alloc heap;
static struct tri_chunk_pool pool;
static struct tri_queue q;

static int set_up(void **state)
{
    (void)state;
    test_alloc_init(&heap);
    tri_chunk_pool_init(&pool, &heap.alloc);
    tri_queue_init(&q, &pool);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    tri_queue_deinit(&q);
    tri_chunk_pool_deinit(&pool);
    return heap.live == 0 ? 0 : -1;
}

/* |header| and |payload| as one run, as the session writes a frame. */
static enum tri_err append_run(struct tri_slice header, struct tri_slice payload)
{
    uint8_t *room = tri_queue_extend(&q, header.len + payload.len);
    if (!room) {
        return TRI_ERR_NOMEM;
    }
    if (header.len > 0) {
        memcpy(room, header.data, header.len);
    }
    if (payload.len > 0) {
        memcpy(room + header.len, payload.data, payload.len);
    }
    return TRI_OK;
}

static void append(const char *header, const char *payload)
{
    assert_int_equal(append_run(tri_slice_of_string(header), tri_slice_of_string(payload)), TRI_OK);
}

static void append_many(size_t len)
{
    static uint8_t bytes[1 << 20];
    assert_true(len <= sizeof bytes);
    for (size_t i = 0; i < len; i++) {
        bytes[i] = (uint8_t)i;
    }
    assert_int_equal(append_run(tri_slice_of(NULL, 0), tri_slice_of(bytes, len)), TRI_OK);
}

static void assert_unsent(const char *text)
{
    struct tri_slice out[1];
    const size_t count = tri_queue_peek(&q, out, 1);
    assert_int_equal(count, text[0] != '\0');
    if (count > 0) {
        assert_int_equal(out[0].len, strlen(text));
        assert_memory_equal(out[0].data, text, out[0].len);
    }
    assert_int_equal(tri_queue_has_unsent(&q), count > 0);
}

static void an_empty_queue_owns_nothing_and_offers_nothing(void **state)
{
    (void)state;
    struct tri_slice out[4];
    assert_int_equal(tri_queue_peek(&q, out, 4), 0);
    assert_false(tri_queue_has_unsent(&q));
    assert_int_equal(q.held, 0);
    tri_queue_sent(&q, 0);
    tri_queue_released(&q, 0);
    assert_int_equal(heap.calls, 0);
}

static void small_runs_share_a_chunk_and_come_as_one_slice(void **state)
{
    (void)state;
    append("\x81\x05", "hello");
    append("\x81\x02", "hi");
    append("ab", "");
    assert_unsent("\x81\x05hello\x81\x02hiab");
    assert_int_equal(heap.calls, 1);
    assert_int_equal(q.held, 13);
    assert_int_equal(q.unsent_bytes, 13);
}

static void a_repeated_peek_gives_the_same_bytes_at_the_same_address(void **state)
{
    (void)state;
    struct tri_slice first[2], second[2];
    append("", "hello");
    assert_int_equal(tri_queue_peek(&q, first, 2), 1);
    append("", " world");
    append_many(5000);
    append("", "!");
    assert_int_equal(tri_queue_peek(&q, second, 2), 2);
    assert_ptr_equal(first[0].data, second[0].data);
    assert_memory_equal(second[0].data, "hello world", 11);
    tri_queue_sent(&q, 3);
    assert_int_equal(tri_queue_peek(&q, second, 2), 2);
    assert_ptr_equal(first[0].data + 3, second[0].data);
    assert_int_equal(second[0].len, 8);
}

static void sent_bytes_are_not_offered_again_but_held_until_released(void **state)
{
    (void)state;
    append("", "hello world");
    tri_queue_sent(&q, 6);
    assert_unsent("world");
    assert_int_equal(q.held, 11);
    tri_queue_released(&q, 2);
    assert_int_equal(q.held, 9);
    tri_queue_sent(&q, 5);
    assert_unsent("");
    assert_int_equal(q.held, 9);
    append("", "more");
    assert_unsent("more");
    tri_queue_released(&q, 9);
    assert_unsent("more");
    assert_int_equal(q.held, 4);
}

static void an_emptied_queue_gives_its_chunk_back_to_the_pool(void **state)
{
    (void)state;
    for (int i = 0; i < 100; i++) {
        append("\x81\x05", "hello");
        tri_queue_sent(&q, 7);
        tri_queue_released(&q, 7);
        assert_null(q.head);
        assert_null(q.tail);
        assert_int_equal(pool.spare_len, 1);
    }
    assert_int_equal(heap.calls, 1); /* W6: no allocation while the pool is warm */
}

static void a_large_run_has_a_chunk_of_its_own_that_is_freed(void **state)
{
    (void)state;
    struct tri_slice out[4];
    append("", "small");
    append_many(100000);
    append("", "small again");
    assert_int_equal(tri_queue_peek(&q, out, 4), 3);
    assert_int_equal(out[1].len, 100000);
    assert_int_equal(heap.live, 3);
    tri_queue_sent(&q, q.unsent_bytes);
    tri_queue_released(&q, q.held);
    assert_int_equal(heap.live, 2);
    assert_int_equal(pool.spare_len, 2);
}

static void peek_stops_at_the_room_it_is_given(void **state)
{
    (void)state;
    struct tri_slice out[4];
    for (int i = 0; i < 3; i++) {
        append_many(3000);
    }
    assert_int_equal(tri_queue_peek(&q, out, 1), 1);
    assert_int_equal(tri_queue_peek(&q, out, 2), 2);
    assert_int_equal(tri_queue_peek(&q, out, 4), 3);
    assert_int_equal(out[0].len + out[1].len + out[2].len, q.unsent_bytes);
}

static void the_pool_keeps_no_more_than_its_limit(void **state)
{
    (void)state;
    for (unsigned i = 0; i < TRI_CHUNK_POOL_MAX + 10; i++) {
        append_many(1500); /* one a chunk */
    }
    assert_int_equal(heap.live, TRI_CHUNK_POOL_MAX + 10);
    tri_queue_sent(&q, q.unsent_bytes);
    tri_queue_released(&q, q.held);
    assert_int_equal(pool.spare_len, TRI_CHUNK_POOL_MAX);
    assert_int_equal(heap.live, TRI_CHUNK_POOL_MAX);
}

static void deinit_drops_bytes_that_were_never_sent_or_released(void **state)
{
    (void)state;
    append_many(1500);
    append_many(1500);
    append_many(5000);
    tri_queue_sent(&q, 2000);
    tri_queue_deinit(&q);
    assert_int_equal(q.held, 0);
    assert_int_equal(pool.spare_len, 2);
    assert_unsent("");
}

static void a_failed_allocation_appends_nothing(void **state)
{
    (void)state;
    heap.fail_at = 1;
    assert_int_equal(append_run(TRI_SLICE("a"), TRI_SLICE("b")), TRI_ERR_NOMEM);
    assert_int_equal(q.held, 0);
    assert_unsent("");
    append("", "first");
    heap.fail_at = heap.calls + 1;
    static const uint8_t big[5000] = {0};
    assert_int_equal(append_run(TRI_SLICE("a"), tri_slice_of(big, sizeof big)), TRI_ERR_NOMEM);
    assert_unsent("first");
    assert_null(tri_queue_extend(&q, SIZE_MAX));
    assert_null(tri_queue_extend(&q, SIZE_MAX - 2));
    assert_unsent("first");
}

static void W7_control_frames_are_counted_until_their_chunk_is_sent(void **state)
{
    (void)state;
    append("", "pong");
    tri_queue_mark_control(&q);
    append("", "pong");
    tri_queue_mark_control(&q);
    append_many(5000);
    append("", "pong");
    tri_queue_mark_control(&q);
    assert_int_equal(q.controls, 3);
    tri_queue_sent(&q, 7);
    assert_int_equal(q.controls, 3);
    tri_queue_sent(&q, 1);
    assert_int_equal(q.controls, 1);
    tri_queue_sent(&q, 5000);
    assert_int_equal(q.controls, 1);
    tri_queue_sent(&q, 4);
    assert_int_equal(q.controls, 0);
    append("", "pong");
    tri_queue_mark_control(&q);
    assert_int_equal(q.controls, 1);
    tri_queue_sent(&q, 4); /* the same chunk, sent for the second time */
    assert_int_equal(q.controls, 0);
}

/* Random appends, sends and releases, compared with counters: every byte once, in order. */
static void random_use_keeps_every_byte_in_order(void **state)
{
    (void)state;
    uint32_t seed = 11;
    uint64_t queued = 0, sent = 0, released = 0;
    static uint8_t bytes[6000];
    while (sent < 2000000) {
        seed = seed * 1664525u + 1013904223u;
        const size_t n = 1 + (seed >> 8) % ((seed >> 28) == 0 ? sizeof bytes : 200);
        for (size_t i = 0; i < n; i++) {
            bytes[i] = (uint8_t)((queued + i) * 31 >> 3);
        }
        assert_int_equal(
            append_run(tri_slice_of(bytes, n / 3), tri_slice_of(bytes + n / 3, n - n / 3)), TRI_OK);
        queued += n;
        struct tri_slice out[2];
        const size_t count = tri_queue_peek(&q, out, 2);
        size_t offered = 0;
        for (size_t i = 0; i < count; i++) {
            for (size_t j = 0; j < out[i].len; j += 13) {
                assert_int_equal(out[i].data[j], (uint8_t)((sent + offered + j) * 31 >> 3));
            }
            offered += out[i].len;
        }
        const size_t now = (seed >> 4) % (offered + 1);
        tri_queue_sent(&q, now);
        sent += now;
        const size_t done = (size_t)((seed >> 12) % (sent - released + 1));
        tri_queue_released(&q, done);
        released += done;
        assert_int_equal(q.held, queued - released);
        assert_int_equal(q.unsent_bytes, queued - sent);
    }
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(an_empty_queue_owns_nothing_and_offers_nothing),
        CASE(small_runs_share_a_chunk_and_come_as_one_slice),
        CASE(a_repeated_peek_gives_the_same_bytes_at_the_same_address),
        CASE(sent_bytes_are_not_offered_again_but_held_until_released),
        CASE(an_emptied_queue_gives_its_chunk_back_to_the_pool),
        CASE(a_large_run_has_a_chunk_of_its_own_that_is_freed),
        CASE(peek_stops_at_the_room_it_is_given),
        CASE(the_pool_keeps_no_more_than_its_limit),
        CASE(deinit_drops_bytes_that_were_never_sent_or_released),
        CASE(a_failed_allocation_appends_nothing),
        CASE(W7_control_frames_are_counted_until_their_chunk_is_sent),
        CASE(random_use_keeps_every_byte_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
