/* ws_worker: pings, dead peers, and the deadline of the closing handshake. */
#include "test_session.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#define PING_MS 30000u
#define IDLE_MS 60000u
#define CLOSE_MS 5000u

static void open_session(struct test_session *t, enum tri_session_role role)
{
    test_session_init(t, role);
    t->limits.ping_interval_ms = PING_MS;
    test_session_open(t);
}

static void feed_pong(struct test_session *t)
{
    if (t->role == TRI_SESSION_SERVER) {
        test_session_feed(t, "\x8a\x80\0\0\0\0", 6);
    } else {
        test_session_feed(t, "\x8a\0", 2);
    }
}

static void W7_silence_is_answered_with_a_ping(void **state)
{
    (void)state;
    for (enum tri_session_role role = TRI_SESSION_SERVER; role <= TRI_SESSION_CLIENT; role++) {
        struct test_session t;
        open_session(&t, role);
        assert_int_equal(tri_session_worker_deadline_ns(&t.worker),
                         t.worker.now_ns + PING_MS * TRI_NS_PER_MS);
        test_session_advance(&t, PING_MS - 1);
        test_session_drain(&t);
        assert_string_equal(test_session_sent(&t), "");
        test_session_advance(&t, 1);
        test_session_drain(&t);
        assert_string_equal(test_session_sent(&t), "ping;");
        test_session_deinit(&t);
    }
}

static void W7_whatever_the_peer_sends_ends_the_silence(void **state)
{
    (void)state;
    struct test_session t;
    open_session(&t, TRI_SESSION_SERVER);
    test_session_feed(&t, "\x82\xfe\x10\x00\0\0\0\0", 8); /* a message that takes its time */
    for (int i = 0; i < 10; i++) {
        test_session_advance(&t, PING_MS - 1);
        test_session_feed(&t, "x", 1);
    }
    test_session_drain(&t);
    assert_string_equal(test_session_sent(&t), "");
    assert_int_equal(t.aborts, 0);
    test_session_deinit(&t);
}

static void W7_a_peer_that_answers_pings_lives_forever(void **state)
{
    (void)state;
    struct test_session t;
    open_session(&t, TRI_SESSION_SERVER);
    for (int i = 0; i < 50; i++) {
        test_session_advance(&t, PING_MS);
        test_session_drain(&t);
        feed_pong(&t);
    }
    assert_int_equal(t.aborts, 0);
    assert_int_equal(tri_buf_peek(&t.out).len, 100);
    test_session_deinit(&t);
}

static void W7_a_peer_that_does_not_is_dead_after_the_idle_timeout(void **state)
{
    (void)state;
    struct test_session t;
    open_session(&t, TRI_SESSION_SERVER);
    test_session_advance(&t, IDLE_MS - 1);
    assert_int_equal(t.aborts, 0);
    test_session_drain(&t);
    test_session_advance(&t, 1);
    assert_int_equal(t.aborts, 0);
    test_session_drain(&t);
    assert_string_equal(test_session_sent(&t), "ping;close:1001 idle timeout;fin;");
    test_session_advance(&t, t.limits.close_timeout_ms);
    assert_int_equal(t.aborts, 1);
    assert_int_equal(tri_session_worker_deadline_ns(&t.worker), TRI_NEVER_NS);
    test_session_end(&t, TRI_STREAM_ABORTED);
    assert_string_equal(test_session_told(&t), "close(1001 idle timeout unclean);");
    test_session_deinit(&t);
}

static void W7_a_dead_peer_that_takes_nothing_is_aborted_at_once(void **state)
{
    (void)state;
    struct test_session t;
    open_session(&t, TRI_SESSION_SERVER);
    assert_int_equal(tri_session_send(t.session, TRI_TEXT, (const uint8_t *)"x", 1), TRI_OK);
    test_session_advance(&t, IDLE_MS);
    assert_int_equal(t.aborts, 1);
    test_session_end(&t, TRI_STREAM_ABORTED);
    assert_string_equal(test_session_told(&t), "close(1006 idle timeout unclean);");
    test_session_deinit(&t);
}

static void W7_pings_do_not_pile_up_behind_what_the_peer_does_not_take(void **state)
{
    (void)state;
    struct test_session t;
    test_session_init(&t, TRI_SESSION_SERVER);
    t.limits.ping_interval_ms = 10;
    t.limits.idle_timeout_ms = 0;
    test_session_open(&t);
    test_session_advance(&t, 10000);
    assert_int_equal(tri_session_queued_bytes(t.session), 2);
    test_session_drain(&t);
    test_session_advance(&t, 10);
    test_session_drain(&t);
    assert_string_equal(test_session_sent(&t), "ping;ping;");
    test_session_deinit(&t);
}

static void W7_timeouts_of_zero_never_come(void **state)
{
    (void)state;
    struct test_session t;
    test_session_init(&t, TRI_SESSION_SERVER);
    t.limits.ping_interval_ms = 0;
    t.limits.idle_timeout_ms = 0;
    test_session_open(&t);
    assert_int_equal(tri_session_worker_deadline_ns(&t.worker), TRI_NEVER_NS);
    test_session_advance(&t, UINT64_C(1000) * 86400 * 365);
    assert_int_equal(t.aborts, 0);
    assert_int_equal(tri_session_queued_bytes(t.session), 0);
    test_session_deinit(&t);
}

/* --- limits that change */

static void change(struct test_session *t, uint64_t ping_ms, uint64_t idle_ms)
{
    t->limits.ping_interval_ms = ping_ms;
    t->limits.idle_timeout_ms = idle_ms;
    tri_session_worker_limits_changed(&t->worker);
    tri_session_limits_changed(t->session);
}

static void N6_a_changed_silence_counts_from_when_it_began(void **state)
{
    (void)state;
    struct test_session t;
    open_session(&t, TRI_SESSION_SERVER);
    test_session_advance(&t, 100);
    change(&t, 150, 400);
    assert_int_equal(tri_session_worker_deadline_ns(&t.worker), t.worker.now_ns + 50000000);
    test_session_advance(&t, 50);
    test_session_drain(&t);
    assert_string_equal(test_session_sent(&t), "ping;");
    change(&t, 0, 400);
    test_session_advance(&t, 249);
    assert_int_equal(tri_session_queued_bytes(t.session), 0);
    test_session_advance(&t, 1);
    test_session_drain(&t);
    assert_string_equal(test_session_sent(&t), "ping;close:1001 idle timeout;fin;");
    test_session_deinit(&t);
}

static void N6_a_silence_that_had_no_limit_gets_one(void **state)
{
    (void)state;
    struct test_session t;
    test_session_init(&t, TRI_SESSION_SERVER);
    t.limits.ping_interval_ms = 0;
    t.limits.idle_timeout_ms = 0;
    test_session_open(&t);
    test_session_advance(&t, 1000);
    change(&t, 100, 300);
    test_session_advance(&t, 100);
    test_session_drain(&t);
    assert_string_equal(test_session_sent(&t), "ping;");
    change(&t, 0, 0);
    assert_int_equal(tri_session_worker_deadline_ns(&t.worker), TRI_NEVER_NS);
    test_session_deinit(&t);
}

static void N6_a_changed_close_timeout_counts_for_those_that_close(void **state)
{
    (void)state;
    struct test_session t;
    open_session(&t, TRI_SESSION_SERVER);
    assert_int_equal(tri_session_close(t.session, 1000, TRI_SLICE("")), TRI_OK);
    test_session_drain(&t);
    test_session_advance(&t, 10);
    t.limits.close_timeout_ms = 20;
    change(&t, 100, 300); /* which a session that closes has no use for */
    test_session_advance(&t, 9);
    assert_int_equal(t.aborts, 0);
    test_session_advance(&t, 1);
    assert_int_equal(t.aborts, 1);
    test_session_deinit(&t);
}

/* --- the closing handshake */

static void W7_a_peer_that_does_not_answer_our_close_is_aborted(void **state)
{
    (void)state;
    struct test_session t;
    open_session(&t, TRI_SESSION_SERVER);
    assert_int_equal(tri_session_close(t.session, 1000, TRI_SLICE("")), TRI_OK);
    test_session_drain(&t);
    test_session_advance(&t, CLOSE_MS / 2);
    feed_pong(&t); /* talking on does not help */
    test_session_advance(&t, CLOSE_MS / 2 - 1);
    assert_int_equal(t.aborts, 0);
    test_session_advance(&t, 1);
    assert_int_equal(t.aborts, 1);
    test_session_end(&t, TRI_STREAM_ABORTED);
    assert_string_equal(test_session_told(&t),
                        "close(1006 the closing handshake took too long unclean);");
    test_session_deinit(&t);
}

static void W7_a_stream_that_does_not_end_after_fin_is_aborted(void **state)
{
    (void)state;
    for (int failed = 0; failed < 2; failed++) {
        struct test_session t;
        open_session(&t, TRI_SESSION_SERVER);
        if (failed) {
            test_session_feed(&t, "\x81\x01", 2); /* no mask */
        } else {
            test_session_feed(&t, "\x88\x80\0\0\0\0", 6);
        }
        test_session_drain(&t);
        assert_true(t.fin);
        test_session_advance(&t, CLOSE_MS - 1);
        assert_int_equal(t.aborts, 0);
        test_session_advance(&t, 1);
        assert_int_equal(t.aborts, 1);
        test_session_end(&t, TRI_STREAM_ABORTED);
        assert_string_equal(test_session_told(&t),
                            failed ? "close(1002 a frame without a mask unclean);"
                                   : "close(1005 clean);");
        test_session_deinit(&t);
    }
}

static void W7_a_client_waits_no_longer_for_the_server_s_fin(void **state)
{
    (void)state;
    struct test_session t;
    open_session(&t, TRI_SESSION_CLIENT);
    test_session_feed(&t, "\x88\x02\x03\xe8", 4);
    test_session_drain(&t);
    assert_false(t.fin);
    test_session_advance(&t, CLOSE_MS);
    assert_int_equal(t.aborts, 1);
    test_session_end(&t, TRI_STREAM_ABORTED);
    assert_string_equal(test_session_told(&t), "close(1000 clean);");
    test_session_deinit(&t);
}

static void W7_the_deadline_runs_also_while_the_peer_takes_nothing(void **state)
{
    (void)state;
    struct test_session t;
    open_session(&t, TRI_SESSION_SERVER);
    assert_int_equal(tri_session_send(t.session, TRI_TEXT, (const uint8_t *)"stuck", 5), TRI_OK);
    assert_int_equal(tri_session_close(t.session, 1000, TRI_SLICE("")), TRI_OK);
    test_session_advance(&t, CLOSE_MS);
    assert_int_equal(t.aborts, 1);
    test_session_deinit(&t);
}

static void a_closing_session_is_not_pinged(void **state)
{
    (void)state;
    struct test_session t;
    test_session_init(&t, TRI_SESSION_SERVER);
    t.limits.ping_interval_ms = 100;
    test_session_open(&t);
    assert_int_equal(tri_session_close(t.session, 1000, TRI_SLICE("")), TRI_OK);
    test_session_drain(&t);
    test_session_advance(&t, CLOSE_MS - 1);
    test_session_drain(&t);
    assert_string_equal(test_session_sent(&t), "close:1000;");
    test_session_deinit(&t);
}

static void a_ping_without_memory_aborts(void **state)
{
    (void)state;
    struct test_session t;
    open_session(&t, TRI_SESSION_SERVER);
    t.heap.fail_at = t.heap.calls + 1;
    test_session_advance(&t, PING_MS);
    assert_int_equal(t.aborts, 1);
    test_session_end(&t, TRI_STREAM_ABORTED);
    assert_string_equal(test_session_told(&t), "close(1006 out of memory unclean);");
    test_session_deinit(&t);
}

static void a_worker_without_memory_is_not_made(void **state)
{
    (void)state;
    struct test_session t;
    test_session_init(&t, TRI_SESSION_SERVER);
    t.heap.fail_at = 1;
    assert_int_equal(test_session_try_open(&t), TRI_ERR_NOMEM);
    t.heap.fail_at = t.heap.calls + 2;
    assert_int_equal(test_session_try_open(&t), TRI_ERR_NOMEM);
    test_session_deinit(&t);
}

/* --- several sessions of one worker */

struct other {
    struct tri_stream stream;
    struct tri_session *session;
    unsigned aborts;
};

static void ignore_wake(struct tri_stream *s)
{
    (void)s;
}

static void ignore_credit(struct tri_stream *s, size_t len)
{
    (void)s;
    (void)len;
}

static void count_abort(struct tri_stream *s)
{
    TRI_CONTAINER_OF(s, struct other, stream)->aborts++;
}

static void ignore_urgency(struct tri_stream *s, unsigned urgency)
{
    (void)s;
    (void)urgency;
}

static const struct tri_stream_ops other_ops = {.name = "other",
                                                .wake_write = ignore_wake,
                                                .consume = ignore_credit,
                                                .abort = count_abort,
                                                .set_urgency = ignore_urgency};

static void W7_only_the_silent_ones_among_many_are_ended(void **state)
{
    (void)state;
    enum { OTHERS = 20 };
    static struct other others[OTHERS];
    static const struct tri_session_events none = {0};
    struct test_session t;
    open_session(&t, TRI_SESSION_SERVER);
    for (size_t i = 0; i < OTHERS; i++) {
        others[i] = (struct other){.stream.ops = &other_ops};
        test_session_advance(&t, 10);
        const struct tri_session_setup setup = {.stream = &others[i].stream, .events = &none};
        assert_int_equal(tri_session_new(&others[i].session, &t.worker, &setup), TRI_OK);
    }
    for (unsigned step = 0; step < 7; step++) {
        test_session_advance(&t, 10000);
        feed_pong(&t);
        for (size_t i = 0; i < OTHERS; i += 2) {
            tri_session_stream_events.on_data(others[i].session,
                                              (const uint8_t *)"\x8a\x80\0\0\0\0", 6);
        }
    }
    assert_int_equal(t.aborts, 0);
    for (size_t i = 0; i < OTHERS; i++) {
        assert_int_equal(others[i].aborts, i % 2);
        tri_session_stream_events.on_closed(others[i].session, TRI_STREAM_CONN_LOST);
    }
    test_session_deinit(&t);
}

/* --- what many sessions decompress */

#define BOMBS 50u
#define BOMB_BYTES ((size_t)(2 * 1024 * 1024))

/* A session whose peer sent what grows, and how much of it its owner was given. */
struct bomb {
    struct tri_stream stream;
    struct tri_session *session;
    size_t bytes;
};

static void count_piece(void *owner, const struct tri_fragment *piece)
{
    ((struct bomb *)owner)->bytes += piece->len;
}

/* |params| NULL: it does not compress. */
static void open_bomb(struct bomb *b, struct tri_session_worker *w,
                      const struct tri_deflate_params *params)
{
    static const struct tri_session_events events = {.on_fragment = count_piece};
    *b = (struct bomb){.stream.ops = &other_ops};
    struct tri_session_setup setup = {.stream = &b->stream, .events = &events, .owner = b};
    if (params) {
        setup.deflate = *params;
    }
    assert_int_equal(tri_session_new(&b->session, w, &setup), TRI_OK);
}

/* BOMB_BYTES zeros as a compressed message, in |frame|. */
static void make_bomb(struct tri_session_worker *w, struct tri_buf *frame)
{
    struct tri_buf packed;
    tri_buf_init(&packed, tri_alloc_heap(), BOMB_BYTES);
    uint8_t *zeros = calloc(1, BOMB_BYTES);
    assert_non_null(zeros);
    assert_int_equal(
        tri_deflate_worker_compress(&w->deflate, 15, tri_slice_of(zeros, BOMB_BYTES), &packed),
        TRI_OK);
    free(zeros);
    tri_buf_init(frame, tri_alloc_heap(), BOMB_BYTES);
    test_put_frame(frame, 0xc2, tri_buf_peek(&packed).data, tri_buf_peek(&packed).len, true);
    tri_buf_deinit(&packed);
}

static size_t sum_bytes(const struct bomb *bombs)
{
    size_t sum = 0;
    for (size_t i = 0; i < BOMBS; i++) {
        sum += bombs[i].bytes;
    }
    return sum;
}

static void feed_slice(struct bomb *b, struct tri_slice data)
{
    tri_session_stream_events.on_data(b->session, data.data, data.len);
}

static void W3_many_that_decompress_share_a_turn(void **state)
{
    (void)state;
    static const struct tri_deflate_params shared = {.mode = TRI_DEFLATE_SHARED,
                                                     .server_no_context_takeover = true,
                                                     .client_no_context_takeover = true,
                                                     .server_max_window_bits = 15,
                                                     .client_max_window_bits = 15};
    static struct bomb bombs[BOMBS], plain;
    const size_t most = TRI_INFLATE_BYTES_PER_TURN + TRI_SCRATCH_BYTES;
    struct test_session t;
    struct tri_buf bomb;
    open_session(&t, TRI_SESSION_SERVER);
    make_bomb(&t.worker, &bomb);
    for (size_t i = 0; i < BOMBS; i++) {
        open_bomb(&bombs[i], &t.worker, &shared);
        feed_slice(&bombs[i], tri_buf_peek(&bomb));
    }
    assert_true(sum_bytes(bombs) <= most);
    open_bomb(&plain, &t.worker, NULL);
    feed_slice(&plain, TRI_SLICE("\x82\x83\0\0\0\0abc"));
    assert_int_equal(plain.bytes, 3); /* it waits for nobody */
    unsigned turns = 0;
    for (size_t before = 0, sum = sum_bytes(bombs); sum > before; turns++) {
        before = sum;
        tri_session_worker_expire(&t.worker, t.worker.now_ns);
        sum = sum_bytes(bombs);
        assert_true(sum - before <= most);
        for (size_t i = 0; i < BOMBS && turns + 1 == BOMBS / 10; i++) {
            assert_true(bombs[i].bytes > 0); /* nobody was forgotten */
        }
    }
    assert_true(turns >= BOMBS);
    assert_int_equal(sum_bytes(bombs), BOMBS * BOMB_BYTES);
    assert_int_equal(tri_session_worker_deadline_ns(&t.worker) > 0, 1);
    for (size_t i = 0; i < BOMBS; i++) {
        tri_session_stream_events.on_closed(bombs[i].session, TRI_STREAM_CONN_LOST);
    }
    tri_session_stream_events.on_closed(plain.session, TRI_STREAM_CONN_LOST);
    tri_buf_deinit(&bomb);
    test_session_deinit(&t);
}

#define CASE(f) cmocka_unit_test(f)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(W7_silence_is_answered_with_a_ping),
        CASE(W7_whatever_the_peer_sends_ends_the_silence),
        CASE(W7_a_peer_that_answers_pings_lives_forever),
        CASE(W7_a_peer_that_does_not_is_dead_after_the_idle_timeout),
        CASE(W7_a_dead_peer_that_takes_nothing_is_aborted_at_once),
        CASE(W7_pings_do_not_pile_up_behind_what_the_peer_does_not_take),
        CASE(W7_timeouts_of_zero_never_come),
        CASE(N6_a_changed_silence_counts_from_when_it_began),
        CASE(N6_a_silence_that_had_no_limit_gets_one),
        CASE(N6_a_changed_close_timeout_counts_for_those_that_close),
        CASE(W7_a_peer_that_does_not_answer_our_close_is_aborted),
        CASE(W7_a_stream_that_does_not_end_after_fin_is_aborted),
        CASE(W7_a_client_waits_no_longer_for_the_server_s_fin),
        CASE(W7_the_deadline_runs_also_while_the_peer_takes_nothing),
        CASE(a_closing_session_is_not_pinged),
        CASE(a_ping_without_memory_aborts),
        CASE(a_worker_without_memory_is_not_made),
        CASE(W7_only_the_silent_ones_among_many_are_ended),
        CASE(W3_many_that_decompress_share_a_turn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
