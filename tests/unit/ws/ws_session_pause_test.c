/*
 * ws_session_input: what a session holds back while its owner pauses, and how it goes on. (Frames
 * are in ws_session_input_test.c.)
 */
#include "test_session.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#define FIN 0x80u
#define TEXT 0x1u
#define CLOSE 0x8u
#define PING 0x9u

static void pause_now(struct test_session *t, enum tri_type type, const uint8_t *data, size_t len)
{
    (void)type;
    (void)data;
    (void)len;
    tri_session_pause(t->session);
}

/* Three texts and what is given as the end of the wire. */
static void open_paused(struct test_session *t, struct tri_buf *wire)
{
    tri_buf_init(wire, tri_alloc_heap(), 1000);
    test_session_init(t, TRI_SESSION_SERVER);
    t->holds_credit = true;
    test_session_open(t);
    test_put_frame(wire, FIN | TEXT, "one", 3, true);
    test_put_frame(wire, FIN | TEXT, "two", 3, true);
    test_put_frame(wire, FIN | PING, "p", 1, true);
}

static void W6_a_paused_session_delivers_nothing_and_gives_no_credit(void **state)
{
    (void)state;
    struct test_session t;
    struct tri_buf wire;
    open_paused(&t, &wire);
    t.on_message = pause_now;
    test_session_feed(&t, wire.data, wire.len);
    assert_string_equal(test_session_told(&t), "T3:one;");
    assert_int_equal(t.consumed, 9);
    test_session_feed(&t, wire.data, wire.len);
    assert_int_equal(t.consumed, 9);
    test_session_drain(&t);
    assert_string_equal(test_session_sent(&t), ""); /* no pong either */
    t.on_message = NULL;
    tri_session_resume(t.session);
    assert_int_equal(tri_session_worker_deadline_ns(&t.worker), 0);
    test_session_advance(&t, 0);
    assert_string_equal(test_session_told(&t), "T3:one;T3:two;T3:one;T3:two;");
    test_session_drain(&t);
    assert_string_equal(test_session_sent(&t), "pong:p;pong:p;");
    assert_int_equal(t.consumed, t.fed);
    tri_buf_deinit(&wire);
    test_session_deinit(&t);
}

static void W6_pausing_and_resuming_twice_is_harmless(void **state)
{
    (void)state;
    struct test_session t;
    struct tri_buf wire;
    open_paused(&t, &wire);
    tri_session_resume(t.session);
    assert_int_equal(tri_session_worker_deadline_ns(&t.worker) == 0, false);
    tri_session_pause(t.session);
    tri_session_pause(t.session);
    test_session_feed_bytewise(&t, wire.data, wire.len);
    assert_string_equal(test_session_told(&t), "");
    tri_session_resume(t.session);
    tri_session_pause(t.session); /* and nothing was read in between */
    test_session_advance(&t, 0);
    assert_string_equal(test_session_told(&t), "");
    tri_session_resume(t.session);
    tri_session_resume(t.session);
    test_session_advance(&t, 0);
    assert_string_equal(test_session_told(&t), "T3:one;T3:two;");
    tri_buf_deinit(&wire);
    test_session_deinit(&t);
}

static void W7_a_paused_session_is_not_idle(void **state)
{
    (void)state;
    struct test_session t;
    struct tri_buf wire;
    open_paused(&t, &wire);
    tri_session_pause(t.session);
    test_session_advance(&t, 10 * t.limits.idle_timeout_ms);
    assert_int_equal(t.aborts, 0);
    tri_session_resume(t.session);
    test_session_advance(&t, t.limits.idle_timeout_ms);
    test_session_drain(&t);
    assert_string_equal(test_session_sent(&t), "close:1001 idle timeout;fin;");
    tri_buf_deinit(&wire);
    test_session_deinit(&t);
}

static void W6_the_peer_s_end_waits_behind_what_is_held(void **state)
{
    (void)state;
    struct test_session t;
    struct tri_buf wire;
    open_paused(&t, &wire);
    tri_session_pause(t.session);
    test_session_feed(&t, wire.data, wire.len);
    t.stream.events->on_fin(t.session);
    test_session_drain(&t);
    assert_false(t.fin);
    tri_session_resume(t.session);
    test_session_advance(&t, 0);
    assert_string_equal(test_session_told(&t), "T3:one;T3:two;");
    test_session_drain(&t);
    assert_true(t.fin);
    tri_buf_deinit(&wire);
    test_session_deinit(&t);
}

static void W6_the_peer_s_end_alone_waits_too(void **state)
{
    (void)state;
    struct test_session t;
    struct tri_buf wire;
    open_paused(&t, &wire);
    tri_session_pause(t.session);
    t.stream.events->on_fin(t.session);
    test_session_drain(&t);
    assert_false(t.fin);
    tri_session_resume(t.session);
    test_session_advance(&t, 0);
    test_session_drain(&t);
    assert_true(t.fin);
    tri_buf_deinit(&wire);
    test_session_deinit(&t);
}

static void W6_closing_reads_what_was_held_as_far_as_the_peer_s_close(void **state)
{
    (void)state;
    struct test_session t;
    struct tri_buf wire;
    open_paused(&t, &wire);
    test_put_frame(&wire, FIN | CLOSE, "\x03\xe8", 2, true);
    tri_session_pause(t.session);
    test_session_feed(&t, wire.data, wire.len);
    assert_int_equal(tri_session_close(t.session, 1000, TRI_SLICE("")), TRI_OK);
    test_session_advance(&t, 0);
    test_session_drain(&t);
    assert_string_equal(test_session_told(&t), "");
    assert_string_equal(test_session_sent(&t), "close:1000;fin;");
    assert_int_equal(t.consumed, t.fed);
    tri_buf_deinit(&wire);
    test_session_deinit(&t);
}

static void W6_closing_tells_the_end_that_a_pause_held_back(void **state)
{
    (void)state;
    struct test_session t;
    struct tri_buf wire;
    open_paused(&t, &wire);
    tri_session_pause(t.session);
    t.stream.events->on_fin(t.session);
    assert_int_equal(tri_session_close(t.session, 1000, TRI_SLICE("")), TRI_OK);
    test_session_advance(&t, 0);
    test_session_drain(&t);
    assert_true(t.fin);
    tri_buf_deinit(&wire);
    test_session_deinit(&t);
}

static void W6_a_stream_that_ends_while_paused_drops_what_was_held(void **state)
{
    (void)state;
    static const enum tri_stream_cause causes[] = {TRI_STREAM_RESET, TRI_STREAM_CONN_LOST};
    for (int i = 0; i < 2; i++) {
        struct test_session t;
        struct tri_buf wire;
        open_paused(&t, &wire);
        tri_session_pause(t.session);
        test_session_feed(&t, wire.data, wire.len);
        if (i == 1) {
            tri_session_resume(t.session); /* and it is on the worker's list */
        }
        test_session_end(&t, causes[i]);
        assert_non_null(strstr(test_session_told(&t), "close(1006"));
        tri_buf_deinit(&wire);
        test_session_deinit(&t);
    }
}

static void W6_an_abort_while_paused_gives_the_credit_back(void **state)
{
    (void)state;
    struct test_session t;
    struct tri_buf wire;
    open_paused(&t, &wire);
    tri_session_pause(t.session);
    test_session_feed(&t, wire.data, wire.len);
    tri_session_abort(t.session);
    assert_int_equal(t.consumed, t.fed);
    test_session_feed(&t, wire.data, wire.len);
    assert_int_equal(t.consumed, t.fed);
    tri_buf_deinit(&wire);
    test_session_deinit(&t);
}

static void W6_without_memory_for_what_is_held_the_stream_is_aborted(void **state)
{
    (void)state;
    struct test_session t;
    struct tri_buf wire;
    open_paused(&t, &wire);
    tri_session_pause(t.session);
    t.heap.fail_at = t.heap.calls + 2; /* the reader is the first */
    test_session_feed(&t, wire.data, wire.len);
    assert_int_equal(t.aborts, 1);
    assert_int_equal(t.consumed, t.fed);
    tri_buf_deinit(&wire);
    test_session_deinit(&t);
}

#define CASE(f) cmocka_unit_test(f)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(W6_a_paused_session_delivers_nothing_and_gives_no_credit),
        CASE(W6_pausing_and_resuming_twice_is_harmless),
        CASE(W7_a_paused_session_is_not_idle),
        CASE(W6_the_peer_s_end_waits_behind_what_is_held),
        CASE(W6_the_peer_s_end_alone_waits_too),
        CASE(W6_closing_reads_what_was_held_as_far_as_the_peer_s_close),
        CASE(W6_closing_tells_the_end_that_a_pause_held_back),
        CASE(W6_a_stream_that_ends_while_paused_drops_what_was_held),
        CASE(W6_an_abort_while_paused_gives_the_credit_back),
        CASE(W6_without_memory_for_what_is_held_the_stream_is_aborted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
