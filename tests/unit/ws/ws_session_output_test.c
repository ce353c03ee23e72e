/*
 * ws_session_output: messages to bytes: framing, masking, the queue's limit and on_drain, and what
 * the seam's contract says about peek, sent and released.
 */
#include "test_session.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

static void open_session(struct test_session *t, enum tri_session_role role)
{
    test_session_init(t, role);
    test_session_open(t);
}

static enum tri_err send_bytes(struct test_session *t, size_t len)
{
    static const uint8_t bytes[1 << 17] = {0};
    assert_true(len <= sizeof bytes);
    return tri_session_send(t->session, TRI_BINARY, bytes, len);
}

static void assert_out(const struct test_session *t, const char *bytes, size_t len)
{
    const struct tri_slice out = tri_buf_peek(&t->out);
    assert_int_equal(out.len, len);
    assert_memory_equal(out.data, bytes, len);
}

static void W1_a_server_s_frames_are_not_masked(void **state)
{
    (void)state;
    struct test_session t;
    open_session(&t, TRI_SESSION_SERVER);
    assert_int_equal(tri_session_send(t.session, TRI_TEXT, (const uint8_t *)"Hello", 5), TRI_OK);
    assert_int_equal(tri_session_send(t.session, TRI_BINARY, NULL, 0), TRI_OK);
    assert_int_equal(tri_session_queued_bytes(t.session), 9);
    test_session_drain(&t);
    assert_out(&t, "\x81\x05Hello\x82\x00", 9);
    assert_int_equal(tri_session_queued_bytes(t.session), 0);
    test_session_deinit(&t);
}

static void W1_a_client_s_frames_are_masked_each_with_a_key_of_its_own(void **state)
{
    (void)state;
    struct test_session t;
    open_session(&t, TRI_SESSION_CLIENT);
    for (int i = 0; i < 200; i++) { /* more keys than one filling of the stock has */
        assert_int_equal(tri_session_send(t.session, TRI_TEXT, (const uint8_t *)"Hello", 5),
                         TRI_OK);
    }
    test_session_drain(&t);
    const struct tri_slice out = tri_buf_peek(&t.out);
    assert_int_equal(out.len, 200 * 11);
    for (size_t at = 0; at < out.len; at += 11) {
        const uint8_t *frame = out.data + at;
        assert_memory_equal(frame, "\x81\x85", 2);
        for (size_t i = 0; i < 5; i++) {
            assert_int_equal(frame[6 + i] ^ frame[2 + i % 4], "Hello"[i]);
        }
        if (at > 0) {
            assert_memory_not_equal(frame + 2, frame + 2 - 11, 4);
        }
    }
    test_session_deinit(&t);
}

static void W1_lengths_take_their_shortest_form(void **state)
{
    (void)state;
    static const struct {
        size_t len;
        const char *header;
        size_t header_len;
    } cases[] = {
        {125, "\x82\x7d", 2},
        {126, "\x82\x7e\x00\x7e", 4},
        {65535, "\x82\x7e\xff\xff", 4},
        {65536, "\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00", 10},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct test_session t;
        open_session(&t, TRI_SESSION_SERVER);
        assert_int_equal(send_bytes(&t, cases[i].len), TRI_OK);
        test_session_drain(&t);
        const struct tri_slice out = tri_buf_peek(&t.out);
        assert_int_equal(out.len, cases[i].len + cases[i].header_len);
        assert_memory_equal(out.data, cases[i].header, cases[i].header_len);
        test_session_deinit(&t);
    }
}

static void each_send_wakes_the_stream(void **state)
{
    (void)state;
    struct test_session t;
    open_session(&t, TRI_SESSION_SERVER);
    assert_int_equal(t.wakes, 0);
    assert_int_equal(send_bytes(&t, 1), TRI_OK);
    assert_int_equal(t.wakes, 1);
    test_session_drain(&t);
    assert_int_equal(t.wakes, 1);
    assert_int_equal(send_bytes(&t, 1), TRI_OK);
    assert_int_equal(t.wakes, 2);
    test_session_deinit(&t);
}

static void a_stream_that_takes_one_byte_at_a_time_gets_the_same_bytes(void **state)
{
    (void)state;
    struct test_session t;
    open_session(&t, TRI_SESSION_SERVER);
    for (int i = 0; i < 30; i++) {
        assert_int_equal(send_bytes(&t, 100), TRI_OK);
    }
    assert_int_equal(send_bytes(&t, 5000), TRI_OK);
    assert_int_equal(tri_session_close(t.session, 1000, TRI_SLICE("bye")), TRI_OK);
    const size_t queued = tri_session_queued_bytes(t.session);
    for (size_t i = 0; i < queued; i++) {
        assert_int_equal(tri_session_queued_bytes(t.session), queued - i);
        test_session_take(&t, 1);
    }
    assert_int_equal(tri_buf_peek(&t.out).len, 30 * 102 + 5004 + 7);
    assert_non_null(strstr(test_session_sent(&t), "B5000;close:1000 bye;"));
    test_session_deinit(&t);
}

/* --- the queue's limit */

static void W6_a_full_queue_refuses_and_queues_nothing(void **state)
{
    (void)state;
    struct test_session t;
    test_session_init(&t, TRI_SESSION_SERVER);
    t.limits.queue_bytes_max = 1000;
    test_session_open(&t);
    assert_int_equal(send_bytes(&t, 496), TRI_OK);
    assert_int_equal(send_bytes(&t, 497), TRI_ERR_FULL); /* 1001 with its header */
    assert_int_equal(tri_session_queued_bytes(t.session), 500);
    assert_int_equal(send_bytes(&t, 496), TRI_OK); /* exactly full */
    assert_int_equal(send_bytes(&t, 0), TRI_ERR_FULL);
    assert_int_equal(tri_session_queued_bytes(t.session), 1000);
    test_session_end(&t, TRI_STREAM_RESET);
    assert_int_equal(t.end.messages_out, 2);
    test_session_deinit(&t);
}

static void W6_an_empty_queue_takes_a_message_of_any_size(void **state)
{
    (void)state;
    struct test_session t;
    test_session_init(&t, TRI_SESSION_SERVER);
    t.limits.queue_bytes_max = 1000;
    test_session_open(&t);
    assert_int_equal(send_bytes(&t, 100000), TRI_OK);
    assert_int_equal(send_bytes(&t, 1), TRI_ERR_FULL);
    test_session_drain(&t);
    assert_int_equal(send_bytes(&t, 100000), TRI_OK);
    test_session_deinit(&t);
}

static void W6_drain_comes_once_when_half_is_released_after_a_refusal(void **state)
{
    (void)state;
    struct test_session t;
    test_session_init(&t, TRI_SESSION_SERVER);
    t.limits.queue_bytes_max = 1000;
    t.keeps_bytes = true;
    test_session_open(&t);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(send_bytes(&t, 98), TRI_OK);
    }
    assert_int_equal(send_bytes(&t, 98), TRI_ERR_FULL);
    test_session_drain(&t);
    assert_string_equal(test_session_told(&t), ""); /* sent is not released */
    assert_int_equal(send_bytes(&t, 98), TRI_ERR_FULL);
    test_session_release(&t, 499);
    assert_string_equal(test_session_told(&t), "");
    test_session_release(&t, 1);
    assert_string_equal(test_session_told(&t), "drain;");
    test_session_release(&t, 500);
    assert_string_equal(test_session_told(&t), "drain;");
    test_session_deinit(&t);
}

static void W6_without_a_refusal_there_is_no_drain(void **state)
{
    (void)state;
    struct test_session t;
    test_session_init(&t, TRI_SESSION_SERVER);
    t.limits.queue_bytes_max = 1000;
    test_session_open(&t);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(send_bytes(&t, 98), TRI_OK);
    }
    test_session_drain(&t);
    assert_string_equal(test_session_told(&t), "");
    test_session_deinit(&t);
}

static void refill(struct test_session *t, enum tri_type type, const uint8_t *data, size_t len)
{
    (void)type;
    (void)data;
    (void)len;
    while (send_bytes(t, 98) == TRI_OK) {}
}

static void W6_the_owner_may_refill_the_queue_within_on_drain(void **state)
{
    (void)state;
    struct test_session t;
    test_session_init(&t, TRI_SESSION_SERVER);
    t.limits.queue_bytes_max = 1000;
    t.on_drain = refill;
    test_session_open(&t);
    refill(&t, TRI_BINARY, NULL, 0);
    for (int i = 0; i < 3; i++) {
        test_session_take(&t, 500);
    }
    assert_string_equal(test_session_told(&t), "drain;drain;drain;");
    assert_int_equal(tri_session_queued_bytes(t.session), 1000);
    test_session_deinit(&t);
}

static void abort_at_once(struct test_session *t, enum tri_type type, const uint8_t *data,
                          size_t len)
{
    (void)type;
    (void)data;
    (void)len;
    tri_session_abort(t->session);
}

static void W6_the_owner_may_abort_or_close_within_on_drain(void **state)
{
    (void)state;
    struct test_session t;
    test_session_init(&t, TRI_SESSION_SERVER);
    t.limits.queue_bytes_max = 1000;
    t.on_drain = abort_at_once;
    test_session_open(&t);
    refill(&t, TRI_BINARY, NULL, 0);
    test_session_drain(&t);
    assert_int_equal(t.aborts, 1);
    assert_string_equal(test_session_told(&t), "drain;");
    test_session_deinit(&t);
}

static void W6_a_closing_session_gets_no_drain(void **state)
{
    (void)state;
    struct test_session t;
    test_session_init(&t, TRI_SESSION_SERVER);
    t.limits.queue_bytes_max = 1000;
    test_session_open(&t);
    refill(&t, TRI_BINARY, NULL, 0);
    assert_int_equal(tri_session_close(t.session, 1000, TRI_SLICE("")), TRI_OK);
    test_session_drain(&t);
    assert_string_equal(test_session_told(&t), "");
    test_session_deinit(&t);
}

static void a_warm_pool_makes_echoing_free_of_allocations(void **state)
{
    (void)state;
    struct test_session t;
    open_session(&t, TRI_SESSION_SERVER);
    assert_int_equal(send_bytes(&t, 100), TRI_OK);
    test_session_drain(&t);
    const size_t calls = t.heap.calls;
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(send_bytes(&t, 100), TRI_OK);
        test_session_drain(&t);
    }
    assert_int_equal(t.heap.calls, calls);
    test_session_deinit(&t);
}

static void a_send_without_memory_leaves_the_session_open(void **state)
{
    (void)state;
    struct test_session t;
    open_session(&t, TRI_SESSION_SERVER);
    t.heap.fail_at = t.heap.calls + 1;
    assert_int_equal(send_bytes(&t, 10), TRI_ERR_NOMEM);
    assert_int_equal(tri_session_queued_bytes(t.session), 0);
    assert_int_equal(send_bytes(&t, 10), TRI_OK);
    assert_int_equal(tri_session_send(t.session, TRI_BINARY, (const uint8_t *)"", SIZE_MAX),
                     TRI_ERR_FULL);
    test_session_drain(&t);
    assert_int_equal(tri_session_send(t.session, TRI_BINARY, (const uint8_t *)"", SIZE_MAX - 64),
                     TRI_ERR_NOMEM);
    test_session_end(&t, TRI_STREAM_RESET);
    assert_int_equal(t.end.messages_out, 1);
    test_session_deinit(&t);
}

/* --- the contract of peek */

static void contract_1_more_bytes_come_behind_those_already_peeked(void **state)
{
    (void)state;
    struct test_session t;
    struct tri_slice a[4], b[4];
    bool fin;
    open_session(&t, TRI_SESSION_SERVER);
    const struct tri_stream_events *e = t.stream.events;
    assert_int_equal(send_bytes(&t, 10), TRI_OK);
    assert_int_equal(e->peek(t.session, a, 4, &fin), 1);
    assert_false(fin);
    assert_int_equal(send_bytes(&t, 10), TRI_OK);
    test_session_feed(&t, "\x89\x80\0\0\0\0", 6); /* a pong is queued behind, too */
    assert_int_equal(e->peek(t.session, b, 4, &fin), 1);
    assert_ptr_equal(a[0].data, b[0].data);
    assert_int_equal(b[0].len, 26);
    assert_memory_equal(b[0].data + 24, "\x8a\x00", 2);
    test_session_deinit(&t);
}

static void contract_3_nothing_to_send_is_no_slice_and_no_fin(void **state)
{
    (void)state;
    struct test_session t;
    struct tri_slice out[1];
    bool fin = true;
    open_session(&t, TRI_SESSION_SERVER);
    assert_int_equal(t.stream.events->peek(t.session, out, 1, &fin), 0);
    assert_false(fin);
    test_session_deinit(&t);
}

static void contract_3_fin_comes_only_with_the_last_slice_and_stays(void **state)
{
    (void)state;
    struct test_session t;
    struct tri_slice out[8];
    bool fin;
    open_session(&t, TRI_SESSION_SERVER);
    const struct tri_stream_events *e = t.stream.events;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(send_bytes(&t, 3000), TRI_OK);
    }
    test_session_feed(&t, "\x88\x80\0\0\0\0", 6);
    assert_int_equal(e->peek(t.session, out, 3, &fin), 3);
    assert_false(fin);
    assert_int_equal(e->peek(t.session, out, 8, &fin), 4);
    assert_true(fin);
    assert_int_equal(e->peek(t.session, out, 1, &fin), 1);
    assert_false(fin);
    e->on_sent(t.session, 3 * 3004);
    e->on_released(t.session, 3 * 3004);
    assert_int_equal(e->peek(t.session, out, 1, &fin), 1);
    assert_true(fin);
    e->on_sent(t.session, 2);
    assert_int_equal(e->peek(t.session, out, 1, &fin), 0);
    assert_true(fin);
    e->on_released(t.session, 2);
    test_session_end(&t, TRI_STREAM_FINISHED);
    assert_string_equal(test_session_told(&t), "close(1005 clean);");
    test_session_deinit(&t);
}

static void contract_2_bytes_stay_readable_until_released(void **state)
{
    (void)state;
    struct test_session t;
    struct tri_slice out[2];
    bool fin;
    open_session(&t, TRI_SESSION_SERVER);
    const struct tri_stream_events *e = t.stream.events;
    assert_int_equal(tri_session_send(t.session, TRI_TEXT, (const uint8_t *)"Hello", 5), TRI_OK);
    assert_int_equal(e->peek(t.session, out, 2, &fin), 1);
    e->on_sent(t.session, 7);
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(send_bytes(&t, 98), TRI_OK);
    }
    assert_memory_equal(out[0].data, "\x81\x05Hello", 7);
    assert_int_equal(tri_session_queued_bytes(t.session), 7 + 100000);
    e->on_released(t.session, 7);
    assert_int_equal(tri_session_queued_bytes(t.session), 100000);
    test_session_deinit(&t);
}

static void bytes_may_be_released_after_an_abort(void **state)
{
    (void)state;
    struct test_session t;
    open_session(&t, TRI_SESSION_SERVER);
    t.keeps_bytes = true;
    assert_int_equal(send_bytes(&t, 100), TRI_OK);
    test_session_take(&t, 50);
    tri_session_abort(t.session);
    test_session_release(&t, 20);
    assert_int_equal(tri_session_queued_bytes(t.session), 82);
    test_session_deinit(&t);
}

#define CASE(f) cmocka_unit_test(f)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(W1_a_server_s_frames_are_not_masked),
        CASE(W1_a_client_s_frames_are_masked_each_with_a_key_of_its_own),
        CASE(W1_lengths_take_their_shortest_form),
        CASE(each_send_wakes_the_stream),
        CASE(a_stream_that_takes_one_byte_at_a_time_gets_the_same_bytes),
        CASE(W6_a_full_queue_refuses_and_queues_nothing),
        CASE(W6_an_empty_queue_takes_a_message_of_any_size),
        CASE(W6_drain_comes_once_when_half_is_released_after_a_refusal),
        CASE(W6_without_a_refusal_there_is_no_drain),
        CASE(W6_the_owner_may_refill_the_queue_within_on_drain),
        CASE(W6_the_owner_may_abort_or_close_within_on_drain),
        CASE(W6_a_closing_session_gets_no_drain),
        CASE(a_warm_pool_makes_echoing_free_of_allocations),
        CASE(a_send_without_memory_leaves_the_session_open),
        CASE(contract_1_more_bytes_come_behind_those_already_peeked),
        CASE(contract_3_nothing_to_send_is_no_slice_and_no_fin),
        CASE(contract_3_fin_comes_only_with_the_last_slice_and_stays),
        CASE(contract_2_bytes_stay_readable_until_released),
        CASE(bytes_may_be_released_after_an_abort),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
