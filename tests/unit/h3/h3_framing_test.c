/* DATA frames on their way: heads, lengths, and what an acknowledgement means to the payload. */
#include "h3_framing.h"

#include "h3_walk.h"
#include "test_alloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static size_t head_len(size_t len)
{
    return tri_h3_framing_head(len).len;
}

static void send_whole(struct tri_h3_framing *f, const struct tri_alloc *alloc, size_t len)
{
    assert_int_equal(tri_h3_framing_reserve(f, alloc), TRI_OK);
    tri_h3_framing_begin(f, len);
    assert_int_equal(tri_h3_framing_sent(f, head_len(len) + len), len);
    assert_false(tri_h3_framing_is_within(f));
}

static void each_head_says_its_length(void **state)
{
    (void)state;
    for (size_t len = 1; len <= TRI_H3_FRAME_BYTES_MAX; len++) {
        const struct tri_slice head = tri_h3_framing_head(len);
        struct tri_h3_walk w = {.left = 0};
        enum tri_h3_walk_event event;
        assert_int_equal(tri_h3_walk_next(&w, head.data, head.len, &event), head.len);
        assert_int_equal(event, TRI_H3_WALK_HEAD);
        assert_int_equal(w.type, TRI_H3_FRAME_DATA);
        assert_int_equal(w.left, len);
    }
    assert_int_equal(head_len(63), 2);
    assert_int_equal(head_len(64), 3);
}

static void a_frame_may_be_sent_byte_by_byte(void **state)
{
    (void)state;
    struct test_alloc t;
    test_alloc_init(&t);
    for (size_t len = 62; len < 67; len++) {
        struct tri_h3_framing f = {.len = 0};
        uint8_t sent[80];
        size_t n = 0;
        size_t payload = 0;
        assert_int_equal(tri_h3_framing_reserve(&f, &t.alloc), TRI_OK);
        tri_h3_framing_begin(&f, len);
        while (tri_h3_framing_is_within(&f)) {
            const struct tri_slice head = tri_h3_framing_head_left(&f);
            sent[n++] = head.len > 0 ? head.data[0] : 0xff;
            payload += tri_h3_framing_sent(&f, 1);
        }
        assert_int_equal(payload, len);
        assert_int_equal(n, head_len(len) + len);
        assert_memory_equal(sent, tri_h3_framing_head(len).data, head_len(len));
        assert_int_equal(sent[head_len(len)], 0xff);
    }
    assert_int_equal(t.calls, 0);
}

/* Whatever pieces acknowledgements come in, all that is payload is released, and no more. */
static void acknowledgements_in_any_pieces_release_the_payload(void **state)
{
    (void)state;
    static const size_t lens[] = {1, 63, 64, 5000, TRI_H3_FRAME_BYTES_MAX, 2, 700};
    enum { FRAMES = sizeof lens / sizeof *lens };
    for (size_t piece = 1; piece < 40000; piece = piece * 3 + 1) {
        struct test_alloc t;
        test_alloc_init(&t);
        struct tri_h3_framing f = {.len = 0};
        size_t bytes = 0;
        size_t payload = 0;
        for (size_t i = 0; i < FRAMES; i++) {
            send_whole(&f, &t.alloc, lens[i]);
            bytes += head_len(lens[i]) + lens[i];
            payload += lens[i];
        }
        size_t released = 0;
        for (size_t left = bytes; left > 0;) {
            const size_t n = left < piece ? left : piece;
            released += tri_h3_framing_acked(&f, n, &t.alloc);
            left -= n;
        }
        assert_int_equal(released, payload);
        assert_int_equal(f.len, 0);
        tri_h3_framing_deinit(&f, &t.alloc);
        assert_int_equal(t.live, 0);
    }
}

static void the_head_of_a_frame_releases_nothing(void **state)
{
    (void)state;
    struct test_alloc t;
    test_alloc_init(&t);
    struct tri_h3_framing f = {.len = 0};
    send_whole(&f, &t.alloc, 100);
    assert_int_equal(tri_h3_framing_acked(&f, 2, &t.alloc), 0);
    assert_int_equal(tri_h3_framing_acked(&f, 2, &t.alloc), 1);
    assert_int_equal(tri_h3_framing_acked(&f, 99, &t.alloc), 99);
}

/* Some come, some go, and the ring goes round: no length is mistaken for another. */
static void frames_come_and_go(void **state)
{
    (void)state;
    struct test_alloc t;
    test_alloc_init(&t);
    struct tri_h3_framing f = {.len = 0};
    size_t next = 1;
    size_t oldest = 1;
    for (size_t round = 0; round < 500; round++) {
        for (size_t i = 0; i < 1 + round % 7; i++) {
            send_whole(&f, &t.alloc, next++ % 1000 + 1);
        }
        for (size_t i = 0; i < 3 + round / 400; i++) {
            if (oldest == next) {
                break;
            }
            const size_t len = oldest++ % 1000 + 1;
            assert_int_equal(tri_h3_framing_acked(&f, head_len(len) + len, &t.alloc), len);
        }
        assert_int_equal(f.len, next - oldest);
    }
    tri_h3_framing_deinit(&f, &t.alloc);
    assert_int_equal(t.live, 0);
}

static void a_few_frames_need_no_memory_and_many_give_theirs_back(void **state)
{
    (void)state;
    struct test_alloc t;
    test_alloc_init(&t);
    struct tri_h3_framing f = {.len = 0};
    for (size_t i = 0; i < TRI_H3_FRAMES_INLINE; i++) {
        send_whole(&f, &t.alloc, 10);
    }
    assert_int_equal(t.calls, 0);
    for (size_t i = 0; i < TRI_H3_FRAMES_KEPT; i++) {
        send_whole(&f, &t.alloc, 10);
    }
    assert_int_equal(t.live, 1);
    const size_t frames = TRI_H3_FRAMES_INLINE + TRI_H3_FRAMES_KEPT;
    assert_int_equal(tri_h3_framing_acked(&f, frames * 12, &t.alloc), frames * 10);
    assert_int_equal(t.live, 0);
    send_whole(&f, &t.alloc, 10);
    assert_int_equal(tri_h3_framing_acked(&f, 12, &t.alloc), 10);
}

static void frames_on_the_way_have_a_limit(void **state)
{
    (void)state;
    struct test_alloc t;
    test_alloc_init(&t);
    struct tri_h3_framing f = {.len = 0};
    for (size_t i = 0; i < TRI_H3_FRAMES_MAX; i++) {
        send_whole(&f, &t.alloc, 1);
    }
    assert_int_equal(tri_h3_framing_reserve(&f, &t.alloc), TRI_ERR_LIMIT);
    assert_int_equal(t.bytes, TRI_H3_FRAMES_MAX * sizeof(uint16_t));
    assert_int_equal(tri_h3_framing_acked(&f, 3, &t.alloc), 1);
    send_whole(&f, &t.alloc, 1);
    tri_h3_framing_deinit(&f, &t.alloc);
    assert_int_equal(t.live, 0);
}

static void without_memory_those_on_the_way_stay(void **state)
{
    (void)state;
    struct test_alloc t;
    test_alloc_init(&t);
    t.fail_at = 1;
    struct tri_h3_framing f = {.len = 0};
    for (size_t i = 0; i < TRI_H3_FRAMES_INLINE; i++) {
        send_whole(&f, &t.alloc, 20 + i);
    }
    assert_int_equal(tri_h3_framing_reserve(&f, &t.alloc), TRI_ERR_NOMEM);
    for (size_t i = 0; i < TRI_H3_FRAMES_INLINE; i++) {
        assert_int_equal(tri_h3_framing_acked(&f, 22 + i, &t.alloc), 20 + i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_head_says_its_length),
        cmocka_unit_test(a_frame_may_be_sent_byte_by_byte),
        cmocka_unit_test(acknowledgements_in_any_pieces_release_the_payload),
        cmocka_unit_test(the_head_of_a_frame_releases_nothing),
        cmocka_unit_test(frames_come_and_go),
        cmocka_unit_test(a_few_frames_need_no_memory_and_many_give_theirs_back),
        cmocka_unit_test(frames_on_the_way_have_a_limit),
        cmocka_unit_test(without_memory_those_on_the_way_stay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
