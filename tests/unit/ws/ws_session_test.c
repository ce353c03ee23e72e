/*
 * ws_session: how a session lives and ends: states, both closing handshakes, aborts, calls from
 * within callbacks, and memory that fails.
 */
#include "test_session.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#define FIN 0x80u
#define RSV1 0x40u
#define TEXT 0x1u
#define CONT 0x0u
#define CLOSE 0x8u
#define PING 0x9u
#define PONG 0xau

static void open_session(struct test_session *t, enum tri_session_role role)
{
    test_session_init(t, role);
    test_session_open(t);
}

/* Feeds one frame as the peer sends it. */
static void feed_bytes(struct test_session *t, unsigned first, const char *payload, size_t len)
{
    struct tri_buf wire;
    tri_buf_init(&wire, tri_alloc_heap(), 100000);
    test_put_frame(&wire, first, payload, len, t->role == TRI_SESSION_SERVER);
    test_session_feed(t, wire.data, wire.len);
    tri_buf_deinit(&wire);
}

static void feed_frame(struct test_session *t, unsigned first, const char *payload)
{
    feed_bytes(t, first, payload, strlen(payload));
}

static void feed_fin(struct test_session *t)
{
    t->stream.events->on_fin(t->session);
}

static enum tri_err close_with(struct test_session *t, uint16_t code, const char *reason)
{
    return tri_session_close(t->session, code, tri_slice_of_string(reason));
}

static enum tri_err send_text(struct test_session *t, const char *text)
{
    return tri_session_send(t->session, TRI_TEXT, (const uint8_t *)text, strlen(text));
}

/* --- the closing handshake */

static void W1_our_close_goes_behind_what_was_queued_and_fin_behind_the_answer(void **state)
{
    (void)state;
    struct test_session t;
    open_session(&t, TRI_SESSION_SERVER);
    assert_int_equal(send_text(&t, "first"), TRI_OK);
    assert_int_equal(close_with(&t, 1001, "going"), TRI_OK);
    assert_int_equal(send_text(&t, "late"), TRI_ERR_CLOSED);
    test_session_drain(&t);
    assert_string_equal(test_session_sent(&t), "T5:first;close:1001 going;");
    feed_frame(&t, FIN | TEXT, "dropped");
    const unsigned wakes = t.wakes;
    feed_frame(&t, FIN | CLOSE, "\x03\xe9");
    assert_true(t.wakes > wakes);
    test_session_drain(&t);
    assert_string_equal(test_session_sent(&t), "T5:first;close:1001 going;fin;");
    test_session_end(&t, TRI_STREAM_FINISHED);
    assert_string_equal(test_session_told(&t), "close(1001 clean);");
    assert_int_equal(t.aborts, 0);
    test_session_deinit(&t);
}

static void W1_a_client_waits_for_the_server_s_fin_whoever_closes(void **state)
{
    (void)state;
    for (int we_close = 0; we_close < 2; we_close++) {
        struct test_session t;
        open_session(&t, TRI_SESSION_CLIENT);
        if (we_close) {
            assert_int_equal(close_with(&t, 1000, ""), TRI_OK);
        }
        feed_frame(&t, FIN | CLOSE, "\x03\xe8");
        test_session_drain(&t);
        assert_string_equal(test_session_sent(&t), "close:1000;");
        const unsigned wakes = t.wakes;
        feed_fin(&t);
        assert_true(t.wakes > wakes);
        test_session_drain(&t);
        assert_string_equal(test_session_sent(&t), "close:1000;fin;");
        test_session_end(&t, TRI_STREAM_FINISHED);
        assert_string_equal(test_session_told(&t), "close(1000 clean);");
        test_session_deinit(&t);
    }
}

static void W1_codes_and_reasons_that_may_not_be_sent_are_refused(void **state)
{
    (void)state;
    static const uint16_t bad[] = {0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535};
    struct test_session t;
    char long_reason[125];
    memset(long_reason, 'r', 124);
    long_reason[124] = '\0';
    open_session(&t, TRI_SESSION_SERVER);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(close_with(&t, bad[i], ""), TRI_ERR_INVALID);
    }
    assert_int_equal(close_with(&t, 1000, long_reason), TRI_ERR_INVALID);
    assert_int_equal(close_with(&t, 1000, "\xff"), TRI_ERR_INVALID);
    assert_int_equal(close_with(&t, 1000, "caf\xc3"), TRI_ERR_INVALID);
    assert_int_equal(tri_session_queued_bytes(t.session), 0);
    assert_int_equal(send_text(&t, "still open"), TRI_OK);
    long_reason[123] = '\0';
    assert_int_equal(close_with(&t, 4999, long_reason), TRI_OK);
    assert_int_equal(close_with(&t, 4000, "second"), TRI_OK);
    assert_int_equal(close_with(&t, 1005, ""), TRI_ERR_INVALID);
    test_session_drain(&t);
    assert_non_null(strstr(test_session_sent(&t), "close:4999 rrr"));
    assert_null(strstr(test_session_sent(&t), "second"));
    test_session_deinit(&t);
}

static void W1_no_pong_follows_our_close(void **state)
{
    (void)state;
    struct test_session t;
    open_session(&t, TRI_SESSION_SERVER);
    assert_int_equal(close_with(&t, 1000, ""), TRI_OK);
    feed_frame(&t, FIN | PING, "there?");
    feed_frame(&t, FIN | PING, "");
    test_session_drain(&t);
    assert_string_equal(test_session_sent(&t), "close:1000;");
    test_session_deinit(&t);
}

static void W1_a_message_in_progress_is_dropped_by_our_close_but_its_frames_are_read(void **state)
{
    (void)state;
    struct test_session t;
    open_session(&t, TRI_SESSION_SERVER);
    const size_t live = t.heap.live;
    feed_frame(&t, TEXT, "half a ");
    assert_int_equal(t.heap.live, live + 2); /* the reader and the message */
    assert_int_equal(close_with(&t, 1000, ""), TRI_OK);
    test_session_drain(&t);
    assert_int_equal(t.heap.live, live + 2); /* the reader and the pooled chunk of our Close */
    feed_frame(&t, CONT, "\xff not even text");
    feed_frame(&t, FIN | CONT, "message");
    feed_frame(&t, FIN | CLOSE, "\x0f\xa1too");
    test_session_drain(&t);
    test_session_end(&t, TRI_STREAM_FINISHED);
    assert_string_equal(test_session_told(&t), "close(4001 too clean);");
    test_session_deinit(&t);
}

static void W1_frames_are_still_judged_while_we_wait_for_the_answer(void **state)
{
    (void)state;
    struct test_session t;
    open_session(&t, TRI_SESSION_SERVER);
    assert_int_equal(close_with(&t, 1000, ""), TRI_OK);
    feed_frame(&t, FIN | CONT, "no message to continue");
    test_session_drain(&t);
    assert_string_equal(test_session_sent(&t), "close:1000;fin;"); /* one Close, no second */
    test_session_end(&t, TRI_STREAM_FINISHED);
    assert_string_equal(test_session_told(&t),
                        "close(1002 continuation without a message unclean);");
    test_session_deinit(&t);
}

static void W7_limits_on_messages_do_not_matter_for_what_is_dropped(void **state)
{
    (void)state;
    struct test_session t;
    test_session_init(&t, TRI_SESSION_SERVER);
    t.limits.message_bytes_max = 10;
    test_session_open(&t);
    assert_int_equal(close_with(&t, 1000, ""), TRI_OK);
    feed_frame(&t, TEXT, "more than ten bytes");
    const size_t calls = t.heap.calls; /* the reader is there */
    for (unsigned i = 0; i < t.limits.fragments_max + 2; i++) {
        test_session_feed(&t, "\x00\x81\0\0\0\0.", 7);
    }
    feed_frame(&t, FIN | CONT, "");
    feed_frame(&t, FIN | CLOSE, "\x03\xe8");
    assert_int_equal(t.heap.calls, calls);
    test_session_drain(&t);
    test_session_end(&t, TRI_STREAM_FINISHED);
    assert_string_equal(test_session_told(&t), "close(1000 clean);");
    test_session_deinit(&t);
}

static void W1_crossing_closes_are_a_clean_end(void **state)
{
    (void)state;
    struct test_session t;
    open_session(&t, TRI_SESSION_SERVER);
    assert_int_equal(close_with(&t, 1001, ""), TRI_OK);
    feed_frame(&t, FIN | CLOSE, "\x0f\xa0mine"); /* sent before it saw ours */
    test_session_drain(&t);
    assert_string_equal(test_session_sent(&t), "close:1001;fin;");
    test_session_end(&t, TRI_STREAM_FINISHED);
    assert_string_equal(test_session_told(&t), "close(4000 mine clean);");
    test_session_deinit(&t);
}

static void W1_an_echo_that_was_never_sent_is_not_clean(void **state)
{
    (void)state;
    struct test_session t;
    open_session(&t, TRI_SESSION_SERVER);
    feed_frame(&t, FIN | CLOSE, "\x03\xe8");
    test_session_take(&t, 3); /* of 4 */
    test_session_end(&t, TRI_STREAM_CONN_LOST);
    assert_string_equal(test_session_told(&t), "close(1000 unclean);");
    test_session_deinit(&t);
}

/* --- ends without a Close */

static void E7_a_fin_without_a_close_is_1006_and_answered_with_fin(void **state)
{
    (void)state;
    for (enum tri_session_role role = TRI_SESSION_SERVER; role <= TRI_SESSION_CLIENT; role++) {
        struct test_session t;
        open_session(&t, role);
        assert_int_equal(send_text(&t, "queued"), TRI_OK);
        feed_frame(&t, TEXT, "half");
        feed_fin(&t);
        assert_int_equal(send_text(&t, "late"), TRI_ERR_CLOSED);
        test_session_drain(&t);
        assert_string_equal(test_session_sent(&t), "T6:queued;fin;");
        test_session_end(&t, TRI_STREAM_FINISHED);
        assert_string_equal(test_session_told(&t),
                            "close(1006 the stream ended without a Close frame unclean);");
        test_session_deinit(&t);
    }
}

static void E7_a_fin_instead_of_the_answer_to_our_close_is_1006(void **state)
{
    (void)state;
    struct test_session t;
    open_session(&t, TRI_SESSION_SERVER);
    assert_int_equal(close_with(&t, 1000, "bye"), TRI_OK);
    feed_fin(&t);
    test_session_drain(&t);
    assert_string_equal(test_session_sent(&t), "close:1000 bye;fin;");
    test_session_end(&t, TRI_STREAM_FINISHED);
    assert_string_equal(test_session_told(&t),
                        "close(1006 the stream ended without a Close frame unclean);");
    test_session_deinit(&t);
}

static void E7_each_cause_without_a_close_is_1006_and_says_why(void **state)
{
    (void)state;
    static const struct {
        enum tri_stream_cause cause;
        const char *told;
    } cases[] = {
        {TRI_STREAM_FINISHED, "close(1006 the stream ended without a Close frame unclean);"},
        {TRI_STREAM_RESET, "close(1006 the peer reset the stream unclean);"},
        {TRI_STREAM_ABORTED, "close(1006 aborted unclean);"},
        {TRI_STREAM_CONN_LOST, "close(1006 the connection was lost unclean);"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct test_session t;
        open_session(&t, TRI_SESSION_SERVER);
        assert_int_equal(send_text(&t, "never sent"), TRI_OK);
        feed_frame(&t, TEXT, "half a message");
        test_session_end(&t, cases[i].cause);
        assert_string_equal(test_session_told(&t), cases[i].told);
        test_session_deinit(&t);
    }
}

static void a_reset_after_both_closes_keeps_the_peer_s_code(void **state)
{
    (void)state;
    struct test_session t;
    open_session(&t, TRI_SESSION_SERVER);
    feed_frame(&t, FIN | CLOSE, "\x03\xe8");
    test_session_drain(&t);
    test_session_end(&t, TRI_STREAM_RESET);
    assert_string_equal(test_session_told(&t), "close(1000 clean);");
    test_session_deinit(&t);
}

static void abort_drops_both_directions_and_is_1006(void **state)
{
    (void)state;
    struct test_session t;
    open_session(&t, TRI_SESSION_SERVER);
    assert_int_equal(send_text(&t, "never sent"), TRI_OK);
    tri_session_abort(t.session);
    tri_session_abort(t.session);
    assert_int_equal(t.aborts, 1);
    assert_int_equal(send_text(&t, "x"), TRI_ERR_CLOSED);
    assert_int_equal(close_with(&t, 1000, ""), TRI_OK);
    feed_frame(&t, FIN | TEXT, "dropped, but given credit for");
    test_session_drain(&t);
    assert_string_equal(test_session_sent(&t), "");
    test_session_end(&t, TRI_STREAM_ABORTED);
    assert_string_equal(test_session_told(&t), "close(1006 aborted unclean);");
    test_session_deinit(&t);
}

static void abort_while_closing_and_while_ending_is_fine(void **state)
{
    (void)state;
    for (int ending = 0; ending < 3; ending++) {
        struct test_session t;
        open_session(&t, TRI_SESSION_SERVER);
        assert_int_equal(close_with(&t, 1000, ""), TRI_OK);
        if (ending > 0) {
            feed_frame(&t, FIN | CLOSE, "\x03\xe8");
        }
        if (ending > 1) {
            test_session_drain(&t); /* FINISHING */
        }
        tri_session_abort(t.session);
        assert_int_equal(t.aborts, 1);
        feed_frame(&t, FIN | CLOSE, "");
        test_session_end(&t, TRI_STREAM_ABORTED);
        assert_string_equal(test_session_told(&t), ending == 0   ? "close(1006 aborted unclean);"
                                                   : ending == 1 ? "close(1000 unclean);"
                                                                 : "close(1000 clean);");
        test_session_deinit(&t);
    }
}

static void credit_comes_back_for_every_byte_in_every_state(void **state)
{
    (void)state;
    struct test_session t;
    open_session(&t, TRI_SESSION_SERVER);
    feed_frame(&t, TEXT, "buffered");
    test_session_feed(&t, "\x80", 1);
    test_session_feed(&t, NULL, 0);
    test_session_feed(&t, "\x05", 1); /* no mask: it fails with this byte */
    test_session_feed(&t, "whatever follows", 16);
    test_session_drain(&t);
    test_session_feed(&t, "and after fin", 13);
    assert_int_equal(t.consumed, t.fed);
    test_session_deinit(&t); /* asserts it again */
}

static void the_end_tells_what_passed(void **state)
{
    (void)state;
    struct test_session t;
    open_session(&t, TRI_SESSION_SERVER);
    feed_frame(&t, FIN | TEXT, "123");
    feed_frame(&t, FIN | TEXT, "");
    feed_frame(&t, FIN | PING, "not a message");
    assert_int_equal(send_text(&t, "12345"), TRI_OK);
    t.worker.now_ns += 1234 * TRI_NS_PER_MS + 999999;
    test_session_end(&t, TRI_STREAM_CONN_LOST);
    assert_int_equal(t.end.messages_in, 2);
    assert_int_equal(t.end.bytes_in, 3);
    assert_int_equal(t.end.messages_out, 1);
    assert_int_equal(t.end.bytes_out, 5);
    assert_int_equal(t.end.duration_ms, 1234);
    assert_int_equal(t.end.code, 1006);
    assert_false(t.end.clean);
    test_session_deinit(&t);
}

/* --- calls from within on_message */

static const char three[] = "\x81\x83\0\0\0\0one\x81\x83\0\0\0\0two\x88\x82\0\0\0\0\x03\xe8";

static void echo(struct test_session *t, enum tri_type type, const uint8_t *data, size_t len)
{
    assert_int_equal(tri_session_send(t->session, type, data, len), TRI_OK);
}

static void send_and_close(struct test_session *t, enum tri_type type, const uint8_t *data,
                           size_t len)
{
    echo(t, type, data, len);
    assert_int_equal(close_with(t, 4000, "enough"), TRI_OK);
    assert_int_equal(tri_session_send(t->session, type, data, len), TRI_ERR_CLOSED);
}

static void send_and_abort(struct test_session *t, enum tri_type type, const uint8_t *data,
                           size_t len)
{
    echo(t, type, data, len);
    tri_session_abort(t->session);
    assert_int_equal(tri_session_send(t->session, type, data, len), TRI_ERR_CLOSED);
}

static void close_and_abort(struct test_session *t, enum tri_type type, const uint8_t *data,
                            size_t len)
{
    send_and_close(t, type, data, len);
    tri_session_abort(t->session);
}

static const struct {
    test_session_action *action;
    const char *told;
    const char *sent;
} within[] = {
    {echo, "T3:one;T3:two;close(1000 clean);", "T3:one;T3:two;close:1000;fin;"},
    {send_and_close, "T3:one;close(1000 clean);", "T3:one;close:4000 enough;fin;"},
    {send_and_abort, "T3:one;close(1006 aborted unclean);", ""},
    {close_and_abort, "T3:one;close(1006 aborted unclean);", ""},
};

static void the_owner_may_send_close_and_abort_within_on_message(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof within / sizeof within[0]; i++) {
        for (int bytewise = 0; bytewise < 2; bytewise++) {
            struct test_session t;
            open_session(&t, TRI_SESSION_SERVER);
            t.on_message = within[i].action;
            if (bytewise) {
                test_session_feed_bytewise(&t, three, sizeof three - 1);
            } else {
                test_session_feed(&t, three, sizeof three - 1);
            }
            test_session_drain(&t);
            test_session_end(&t, t.aborts ? TRI_STREAM_ABORTED : TRI_STREAM_FINISHED);
            assert_string_equal(test_session_told(&t), within[i].told);
            assert_string_equal(test_session_sent(&t), within[i].sent);
            test_session_deinit(&t);
        }
    }
}

/* --- memory */

static void a_session_that_was_never_bound_can_be_discarded(void **state)
{
    (void)state;
    struct test_session t;
    test_session_init(&t, TRI_SESSION_SERVER);
    assert_int_equal(tri_session_worker_init(&t.worker, &t.heap.alloc, &t.limits, &t.random),
                     TRI_OK);
    static const struct tri_session_events none = {0};
    struct tri_session *s;
    const struct tri_session_setup setup = {.stream = &t.stream, .events = &none};
    assert_int_equal(tri_session_new(&s, &t.worker, &setup), TRI_OK);
    tri_session_discard(s);
    tri_session_worker_deinit(&t.worker);
    test_session_deinit(&t);
}

static void callbacks_may_be_missing(void **state)
{
    (void)state;
    struct test_session t;
    test_session_init(&t, TRI_SESSION_SERVER);
    t.limits.queue_bytes_max = 10;
    assert_int_equal(tri_session_worker_init(&t.worker, &t.heap.alloc, &t.limits, &t.random),
                     TRI_OK);
    static const struct tri_session_events none = {0};
    struct tri_session *s;
    const struct tri_session_setup setup = {.stream = &t.stream, .events = &none};
    assert_int_equal(tri_session_new(&s, &t.worker, &setup), TRI_OK);
    const struct tri_stream_events *e = &tri_session_stream_events;
    t.fed = sizeof three - 1;
    e->on_data(s, (const uint8_t *)three, 9);
    assert_int_equal(tri_session_send(s, TRI_TEXT, (const uint8_t *)"123456789", 9), TRI_OK);
    assert_int_equal(tri_session_send(s, TRI_TEXT, (const uint8_t *)"1", 1), TRI_ERR_FULL);
    e->on_sent(s, 11);
    e->on_released(s, 11);
    e->on_data(s, (const uint8_t *)three + 9, sizeof three - 1 - 9);
    e->on_closed(s, TRI_STREAM_RESET);
    tri_session_worker_deinit(&t.worker);
    test_session_deinit(&t);
}

/* A whole life, with every kind of memory: messages in pieces, pongs, sends, a Close. */
static bool live_once(struct test_session *t)
{
    static const char wire[] = "\x01\x83\0\0\0\0one\x89\x84\0\0\0\0ping\x80\x83\0\0\0\0two"
                               "\x88\x85\0\0\0\0\x03\xe8"
                               "bye";
    if (test_session_try_open(t) != TRI_OK) {
        return false;
    }
    t->on_message = NULL;
    const enum tri_err err = send_text(t, "something");
    assert_true(err == TRI_OK || err == TRI_ERR_NOMEM);
    test_session_feed_bytewise(t, wire, sizeof wire - 1);
    test_session_drain(t);
    test_session_end(t, t->aborts ? TRI_STREAM_ABORTED : TRI_STREAM_FINISHED);
    return true;
}

static void each_failed_allocation_ends_in_order_and_leaks_nothing(void **state)
{
    (void)state;
    size_t fail_at = 1;
    bool has_failed = true;
    unsigned aborted = 0, failed_1011 = 0, unharmed = 0;
    for (; has_failed; fail_at++) {
        struct test_session t;
        test_session_init(&t, TRI_SESSION_SERVER);
        t.heap.fail_at = fail_at;
        if (live_once(&t)) {
            aborted += t.aborts > 0;
            failed_1011 += t.end.code == 1011;
            unharmed += t.end.code == 1000;
            assert_int_equal(t.closes, 1);
        }
        has_failed = test_alloc_has_failed(&t.heap);
        test_session_deinit(&t);
    }
    assert_true(fail_at > 6);
    assert_true(aborted > 0);     /* no memory for the control payload */
    assert_true(failed_1011 > 0); /* none for the message */
    assert_true(unharmed > 1);    /* none for the first send, or the reason */
}

/* Everything that takes memory, once: compressed and plain, whole, in pieces and held back. */
static void play_all(struct test_session *t, struct tri_payload *payload)
{
    static const char text[] = "a text that is long enough, long enough to be compressed";
    static const size_t len = sizeof text - 1;
    const uint8_t *data = (const uint8_t *)text;
    enum tri_err errs[9];
    feed_bytes(t, FIN | RSV1 | TEXT, "\xf2\x48\xcd\xc9\xc9\x07\x00", 7);
    errs[0] = tri_session_send(t->session, TRI_TEXT, data, len);
    errs[1] = tri_session_send_payload(t->session, payload);
    errs[2] = tri_session_send_begin(t->session, TRI_TEXT);
    errs[3] = tri_session_send_append(t->session, data, len);
    errs[4] = tri_session_send_append(t->session, data, len);
    feed_frame(t, FIN | PING, "between");
    errs[5] = tri_session_send_end(t->session);
    errs[6] = tri_session_send(t->session, TRI_TEXT, data, len);
    feed_frame(t, RSV1 | TEXT, "\xf2\x48\xcd");
    tri_session_pause(t->session);
    feed_bytes(t, FIN | CONT, "\xc9\xc9\x07\x00", 4);
    feed_frame(t, FIN | TEXT, "held");
    tri_session_resume(t->session);
    test_session_advance(t, 1);
    errs[7] = tri_session_send_payload(t->session, payload);
    errs[8] = tri_session_close(t->session, 1000, TRI_SLICE("bye"));
    for (size_t i = 0; i < sizeof errs / sizeof errs[0]; i++) {
        assert_true(errs[i] == TRI_OK || errs[i] == TRI_ERR_NOMEM || errs[i] == TRI_ERR_CLOSED ||
                    errs[i] == TRI_ERR_INVALID);
    }
    feed_frame(t, FIN | CLOSE, "\x03\xe8too");
    test_session_drain(t);
}

static void W3_any_allocation_may_fail_with_compression_pieces_and_pauses(void **state)
{
    (void)state;
    for (int mode = TRI_DEFLATE_SHARED; mode <= TRI_DEFLATE_DEDICATED; mode++) {
        size_t fail_at = 0;
        bool has_failed = true;
        for (; has_failed; fail_at++) {
            struct test_session t;
            test_session_init(&t, TRI_SESSION_SERVER);
            t.deflate = (struct tri_deflate_params){
                .mode = (enum tri_deflate)mode,
                .server_no_context_takeover = mode == TRI_DEFLATE_SHARED,
                .client_no_context_takeover = mode == TRI_DEFLATE_SHARED,
                .server_max_window_bits = 15,
                .client_max_window_bits = 15,
            };
            t.holds_credit = true;
            t.heap.fail_at = fail_at;
            struct tri_payload *payload =
                tri_payload_new_with(&t.heap.alloc, TRI_TEXT, "payload, payload, payload", 25);
            if (payload && test_session_try_open(&t) == TRI_OK) {
                play_all(&t, payload);
                (void)test_session_sent(&t); /* well-formed, whatever is left of it */
            }
            has_failed = fail_at == 0 || test_alloc_has_failed(&t.heap);
            tri_payload_free(payload);
            test_session_deinit(&t);
        }
        assert_true(fail_at > 15);
    }
}

static void a_close_without_memory_aborts(void **state)
{
    (void)state;
    for (int way = 0; way < 3; way++) {
        struct test_session t;
        open_session(&t, TRI_SESSION_SERVER);
        feed_frame(&t, FIN | PONG, ""); /* the worker has a spare reader from now on */
        t.heap.fail_at = t.heap.calls + 1;
        if (way == 0) {
            assert_int_equal(close_with(&t, 1000, ""), TRI_OK);
        } else if (way == 1) {
            feed_frame(&t, FIN | CLOSE, "\x03\xe8");
        } else {
            feed_frame(&t, FIN | CONT, "bad");
        }
        assert_int_equal(t.aborts, 1);
        test_session_end(&t, TRI_STREAM_ABORTED);
        assert_int_equal(t.end.code, way == 0 ? 1006 : way == 1 ? 1000 : 1002);
        assert_false(t.end.clean);
        test_session_deinit(&t);
    }
}

static void a_pong_without_memory_aborts(void **state)
{
    (void)state;
    struct test_session t;
    open_session(&t, TRI_SESSION_SERVER);
    t.heap.fail_at = t.heap.calls + 1;
    feed_frame(&t, FIN | PING, "x");
    assert_int_equal(t.aborts, 1);
    test_session_end(&t, TRI_STREAM_ABORTED);
    assert_string_equal(test_session_told(&t), "close(1006 out of memory unclean);");
    test_session_deinit(&t);
}

static void E8_the_stream_hears_of_an_urgency_until_it_is_told_to_abort(void **state)
{
    (void)state;
    struct test_session t;
    open_session(&t, TRI_SESSION_SERVER);
    tri_session_urgency(t.session, TRI_URGENCY_FIRST);
    assert_int_equal(t.urgency, TRI_URGENCY_FIRST);
    assert_int_equal(close_with(&t, 1000, ""), TRI_OK);
    tri_session_urgency(t.session, TRI_URGENCY_LEAST); /* a Close may be urgent too */
    assert_int_equal(t.urgency, TRI_URGENCY_LEAST);
    tri_session_abort(t.session);
    tri_session_urgency(t.session, TRI_URGENCY_DEFAULT);
    assert_int_equal(t.urgencies, 2);
    test_session_end(&t, TRI_STREAM_ABORTED);
    test_session_deinit(&t);
}

#define CASE(f) cmocka_unit_test(f)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(W1_our_close_goes_behind_what_was_queued_and_fin_behind_the_answer),
        CASE(W1_a_client_waits_for_the_server_s_fin_whoever_closes),
        CASE(W1_codes_and_reasons_that_may_not_be_sent_are_refused),
        CASE(W1_no_pong_follows_our_close),
        CASE(W1_a_message_in_progress_is_dropped_by_our_close_but_its_frames_are_read),
        CASE(W1_frames_are_still_judged_while_we_wait_for_the_answer),
        CASE(W7_limits_on_messages_do_not_matter_for_what_is_dropped),
        CASE(W1_crossing_closes_are_a_clean_end),
        CASE(W1_an_echo_that_was_never_sent_is_not_clean),
        CASE(E7_a_fin_without_a_close_is_1006_and_answered_with_fin),
        CASE(E7_a_fin_instead_of_the_answer_to_our_close_is_1006),
        CASE(E7_each_cause_without_a_close_is_1006_and_says_why),
        CASE(a_reset_after_both_closes_keeps_the_peer_s_code),
        CASE(abort_drops_both_directions_and_is_1006),
        CASE(abort_while_closing_and_while_ending_is_fine),
        CASE(credit_comes_back_for_every_byte_in_every_state),
        CASE(the_end_tells_what_passed),
        CASE(the_owner_may_send_close_and_abort_within_on_message),
        CASE(a_session_that_was_never_bound_can_be_discarded),
        CASE(callbacks_may_be_missing),
        CASE(each_failed_allocation_ends_in_order_and_leaks_nothing),
        CASE(W3_any_allocation_may_fail_with_compression_pieces_and_pauses),
        CASE(a_close_without_memory_aborts),
        CASE(a_pong_without_memory_aborts),
        CASE(E8_the_stream_hears_of_an_urgency_until_it_is_told_to_abort),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
