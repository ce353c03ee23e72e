/* ws_queue: bytes in order, in chunks that come from a pool and go back, or point at payloads. */
#include "ws_queue.h"
#include "test_alloc.h"
#include "ws_payload.h"

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

/* --- payloads */

static struct tri_payload *new_payload(const void *data, size_t len)
{
    struct tri_payload *p = tri_payload_new_with(&heap.alloc, TRI_BINARY, data, len);
    assert_non_null(p);
    return p;
}

static void append_payload(struct tri_payload *p)
{
    assert_true(tri_queue_append_payload(&q, p, tri_payload_frame(p)));
}

static void a_payload_is_offered_in_place_between_what_is_copied(void **state)
{
    (void)state;
    struct tri_slice out[8];
    struct tri_payload *p = new_payload("shared", 6);
    append("", "before");
    append_payload(p);
    append_payload(p);
    append("", "after");
    append("", "wards");
    assert_int_equal(q.held, 6 + 8 + 8 + 10);
    assert_int_equal(tri_queue_peek(&q, out, 8), 4);
    assert_memory_equal(out[0].data, "before", 6);
    assert_ptr_equal(out[1].data, tri_payload_frame(p).data);
    assert_int_equal(out[1].len, 8);
    assert_ptr_equal(out[2].data, tri_payload_frame(p).data);
    assert_int_equal(out[3].len, 10); /* copied bytes share a chunk, but not one with a payload */
    assert_memory_equal(out[3].data, "afterwards", 10);
    assert_memory_equal(tri_payload_message(p).data, "shared", 6);
    tri_payload_free(p);
}

static void a_part_of_a_payload_will_do(void **state)
{
    (void)state;
    struct tri_payload *p = new_payload("shared", 6);
    assert_true(tri_queue_append_payload(&q, p, tri_payload_message(p)));
    assert_unsent("shared");
    tri_queue_sent(&q, 2);
    assert_unsent("ared");
    tri_queue_sent(&q, 4);
    tri_queue_released(&q, 6);
    assert_int_equal(q.held, 0);
    tri_payload_free(p);
}

static void a_payload_lives_until_its_bytes_are_released(void **state)
{
    (void)state;
    struct tri_payload *p = new_payload("shared", 6);
    append_payload(p);
    const size_t live = heap.live;
    tri_payload_free(p); /* the queue holds it */
    assert_int_equal(heap.live, live);
    tri_queue_sent(&q, 8);
    tri_queue_released(&q, 7);
    assert_int_equal(heap.live, live);
    assert_int_equal(q.held, 1);
    tri_queue_released(&q, 1);
    assert_int_equal(heap.live, live - 1);
    assert_null(q.head);
    assert_null(q.tail);
}

static void released_bytes_of_a_payload_can_still_be_read_by_others(void **state)
{
    (void)state;
    struct tri_queue other;
    struct tri_slice out[1];
    tri_queue_init(&other, &pool);
    struct tri_payload *p = new_payload("shared", 6);
    append_payload(p);
    assert_true(tri_queue_append_payload(&other, p, tri_payload_frame(p)));
    tri_queue_sent(&q, 8);
    tri_queue_released(&q, 8);
    assert_int_equal(tri_queue_peek(&other, out, 1), 1);
    assert_memory_equal(out[0].data + 2, "shared", 6); /* the address sanitizer watches */
    tri_queue_deinit(&other);
    assert_memory_equal(tri_payload_message(p).data, "shared", 6);
    tri_payload_free(p);
}

static void deinit_lets_go_of_payloads(void **state)
{
    (void)state;
    struct tri_payload *p = new_payload("shared", 6);
    for (int i = 0; i < 5; i++) {
        append_payload(p);
    }
    tri_queue_sent(&q, 12);
    tri_queue_released(&q, 10);
    const size_t live = heap.live;
    tri_payload_free(p);
    assert_int_equal(heap.live, live);
    tri_queue_deinit(&q);
    assert_int_equal(heap.live, live - 1);
    assert_int_equal(q.held, 0);
}

static void chunks_for_payloads_are_made_by_the_slab_and_kept(void **state)
{
    (void)state;
    struct tri_payload *p = new_payload("shared", 6);
    const size_t calls = heap.calls;
    for (unsigned round = 0; round < 5; round++) {
        for (unsigned i = 0; i < 3 * TRI_CHUNK_REFS_SLAB; i++) {
            append_payload(p);
            assert_true(heap.calls - calls == (round == 0 ? i / TRI_CHUNK_REFS_SLAB + 1 : 3));
        }
        tri_queue_sent(&q, q.unsent_bytes);
        tri_queue_released(&q, q.held);
    }
    tri_payload_free(p);
    tri_chunk_pool_deinit(&pool); /* gives them back */
    assert_int_equal(heap.live, 0);
    tri_chunk_pool_init(&pool, &heap.alloc);
}

static void a_slab_that_cannot_be_made_appends_nothing(void **state)
{
    (void)state;
    struct tri_payload *p = new_payload("shared", 6);
    append("", "first");
    heap.fail_at = heap.calls + 1;
    assert_false(tri_queue_append_payload(&q, p, tri_payload_frame(p)));
    assert_unsent("first");
    assert_int_equal(q.held, 5);
    append_payload(p);
    assert_int_equal(q.held, 13);
    tri_queue_deinit(&q);
    const size_t live = heap.live;
    tri_payload_free(p); /* held by nobody else: not by the failure either */
    assert_int_equal(heap.live, live - 1);
}

static void control_frames_are_counted_beside_payloads(void **state)
{
    (void)state;
    struct tri_payload *p = new_payload("shared", 6);
    append("", "pong");
    tri_queue_mark_control(&q);
    append_payload(p);
    append("", "pong");
    tri_queue_mark_control(&q);
    assert_int_equal(q.controls, 2);
    tri_queue_sent(&q, 4 + 8);
    assert_int_equal(q.controls, 1);
    tri_queue_sent(&q, 4);
    assert_int_equal(q.controls, 0);
    tri_payload_free(p);
}

/* What the queue should offer, byte by byte, from the oldest that is not released. */
struct model {
    uint8_t bytes[1 << 16];
    size_t queued, sent, released;
};

static void append_to_both(struct model *m, struct tri_payload *const *payloads, uint32_t seed)
{
    uint8_t run[400];
    struct tri_slice bytes = tri_slice_of(run, 1 + (seed >> 8) % sizeof run);
    if (seed >> 31) {
        struct tri_payload *p = payloads[(seed >> 29) % 4];
        bytes = seed >> 30 & 1 ? tri_payload_frame(p) : tri_payload_message(p);
        assert_true(tri_queue_append_payload(&q, p, bytes));
    } else {
        for (size_t i = 0; i < bytes.len; i++) {
            run[i] = (uint8_t)(seed >> i % 24);
        }
        uint8_t *room = tri_queue_extend(&q, bytes.len);
        assert_non_null(room);
        memcpy(room, run, bytes.len);
    }
    memcpy(m->bytes + m->queued, bytes.data, bytes.len);
    m->queued += bytes.len;
}

static void assert_as_model(const struct model *m)
{
    struct tri_slice out[200];
    const size_t count = tri_queue_peek(&q, out, 200);
    size_t at = m->sent;
    for (size_t i = 0; i < count; i++) {
        assert_true(out[i].len <= m->queued - at);
        assert_memory_equal(out[i].data, m->bytes + at, out[i].len);
        at += out[i].len;
    }
    assert_true(at == m->queued || count == 200);
    assert_int_equal(q.held, m->queued - m->released);
    assert_int_equal(q.unsent_bytes, m->queued - m->sent);
}

static void random_use_with_payloads_is_as_a_plain_run_of_bytes(void **state)
{
    (void)state;
    static struct model m;
    uint32_t seed = 23;
    struct tri_payload *payloads[4];
    for (unsigned i = 0; i < 4; i++) {
        static const char text[] = "a message for many sockets, framed once and never copied";
        payloads[i] = new_payload(text + i, sizeof text - 1 - 13 * (size_t)i);
    }
    for (unsigned round = 0; round < 20; round++) {
        m = (struct model){.queued = 0};
        while (m.queued < sizeof m.bytes - 500) {
            seed = seed * 1664525u + 1013904223u;
            append_to_both(&m, payloads, seed);
            const size_t sent = (seed >> 4) % (m.queued - m.sent + 1);
            tri_queue_sent(&q, sent);
            m.sent += sent;
            const size_t released = (seed >> 12) % (m.sent - m.released + 1);
            tri_queue_released(&q, released);
            m.released += released;
            assert_as_model(&m);
        }
        tri_queue_deinit(&q);
    }
    const size_t live = heap.live;
    for (unsigned i = 0; i < 4; i++) {
        tri_payload_free(payloads[i]);
    }
    assert_int_equal(heap.live, live - 4);
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
        CASE(a_payload_is_offered_in_place_between_what_is_copied),
        CASE(a_part_of_a_payload_will_do),
        CASE(a_payload_lives_until_its_bytes_are_released),
        CASE(released_bytes_of_a_payload_can_still_be_read_by_others),
        CASE(deinit_lets_go_of_payloads),
        CASE(chunks_for_payloads_are_made_by_the_slab_and_kept),
        CASE(a_slab_that_cannot_be_made_appends_nothing),
        CASE(control_frames_are_counted_beside_payloads),
        CASE(random_use_with_payloads_is_as_a_plain_run_of_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
