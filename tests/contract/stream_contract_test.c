/*
 * The seam's contract, line by line (ws_stream.h), over every transport. A case knows its transport
 * only by the abilities that struct fixture_ops names.
 */
#include "contract.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BIG ((size_t)(600 * 1024)) /* more than a stream window, so that credit must flow */

static uint8_t *make_pattern(size_t len)
{
    uint8_t *p = malloc(len);
    assert_non_null(p);
    uint32_t x = 12345;
    for (size_t i = 0; i < len; i++) {
        x = x * 1664525u + 1013904223u;
        p[i] = (uint8_t)(x >> 24);
    }
    return p;
}

static void assert_bytes(struct tri_slice got, const uint8_t *want, size_t len)
{
    assert_int_equal(got.len, len);
    assert_memory_equal(got.data, want, len);
}

/* ---- line 1 and 2: what is sent, and when its memory may go */

static void released_bytes_are_never_read_again(struct contract *c)
{
    int s;
    struct tenant *t = contract_open(c, &s);
    uint8_t *pattern = make_pattern(BIG);
    tenant_room(t, BIG);
    tenant_send(t, pattern, BIG);
    c->t->run(c->f);
    assert_bytes(contract_seen(c, s).body, pattern, BIG); /* tenant.c poisons what is released */
    free(pattern);
}

static void all_that_is_queued_is_sent_then_released(struct contract *c)
{
    int s;
    struct tenant *t = contract_open(c, &s);
    uint8_t *pattern = make_pattern(BIG);
    tenant_room(t, BIG);
    tenant_send(t, pattern, BIG);
    c->t->run(c->f);
    c->t->advance(c->f, 1000); /* the last acknowledgement may be delayed */
    assert_int_equal(t->sent, BIG);
    assert_int_equal(t->released, BIG);
    free(pattern);
}

static void a_peer_that_takes_nothing_leaves_bytes_unsent(struct contract *c)
{
    int s;
    struct tenant *t = contract_open(c, &s);
    size_t len = (size_t)32 * 1024 * 1024; /* more than every window and buffer */
    uint8_t *pattern = make_pattern(len);
    tenant_room(t, len);
    c->t->pause(c->f, s, true);
    tenant_send(t, pattern, len);
    c->t->run(c->f);
    assert_true(t->sent < len);
    c->t->pause(c->f, s, false);
    c->t->run(c->f);
    assert_bytes(contract_seen(c, s).body, pattern, len);
    free(pattern);
}

/* ---- line 3: nothing to send, waking, fin */

static void nothing_to_send_sends_nothing(struct contract *c)
{
    int s;
    struct tenant *t = contract_open(c, &s);
    c->t->advance(c->f, 50);
    assert_int_equal(contract_seen(c, s).body.len, 0);
    assert_false(contract_seen(c, s).fin);
    assert_int_equal(t->closes, 0);
}

static void wake_write_resumes_again_and_again(struct contract *c)
{
    int s;
    struct tenant *t = contract_open(c, &s);
    for (unsigned i = 1; i <= 100; i++) {
        tenant_send(t, "0123456789", 10);
        c->t->run(c->f);
        assert_int_equal(contract_seen(c, s).body.len, i * 10);
    }
}

static void waking_with_nothing_new_is_harmless(struct contract *c)
{
    int s;
    struct tenant *t = contract_open(c, &s);
    t->exchange->stream.ops->wake_write(&t->exchange->stream);
    t->exchange->stream.ops->wake_write(&t->exchange->stream);
    c->t->run(c->f);
    tenant_send(t, "x", 1);
    c->t->run(c->f);
    assert_bytes(contract_seen(c, s).body, (const uint8_t *)"x", 1);
}

static void fin_with_the_last_bytes_ends_our_direction(struct contract *c)
{
    int s;
    struct tenant *t = contract_open(c, &s);
    tenant_send(t, "last", 4);
    tenant_end(t);
    c->t->run(c->f);
    assert_bytes(contract_seen(c, s).body, (const uint8_t *)"last", 4);
    assert_true(contract_seen(c, s).fin);
}

static void fin_alone_ends_our_direction(struct contract *c)
{
    int s;
    struct tenant *t = contract_open(c, &s);
    tenant_send(t, "data", 4);
    c->t->run(c->f);
    assert_false(contract_seen(c, s).fin);
    tenant_end(t);
    c->t->run(c->f);
    assert_true(contract_seen(c, s).fin);
    assert_int_equal(contract_seen(c, s).body.len, 4);
}

static void fin_comes_behind_all_bytes_of_a_slow_peer(struct contract *c)
{
    int s;
    struct tenant *t = contract_open(c, &s);
    uint8_t *pattern = make_pattern(BIG);
    tenant_room(t, BIG);
    c->t->pause(c->f, s, true);
    tenant_send(t, pattern, BIG);
    tenant_end(t);
    c->t->run(c->f);
    c->t->pause(c->f, s, false);
    c->t->run(c->f);
    assert_bytes(contract_seen(c, s).body, pattern, BIG);
    assert_true(contract_seen(c, s).fin);
    free(pattern);
}

/* ---- line 4: input */

static void input_arrives_whole_and_in_order(struct contract *c)
{
    int s;
    struct tenant *t = contract_open(c, &s);
    uint8_t *pattern = make_pattern(BIG);
    c->t->send(c->f, s, pattern, 1);
    c->t->run(c->f);
    c->t->send(c->f, s, pattern + 1, BIG - 1);
    c->t->run(c->f);
    assert_bytes(tri_slice_of(t->in, t->in_len), pattern, BIG);
    assert_int_equal(t->fins, 0);
    free(pattern);
}

static void input_and_output_pass_each_other(struct contract *c)
{
    int s;
    struct tenant *t = contract_open(c, &s);
    uint8_t *pattern = make_pattern(BIG);
    tenant_room(t, BIG);
    tenant_send(t, pattern, BIG);
    c->t->send(c->f, s, pattern, BIG);
    c->t->run(c->f);
    assert_bytes(tri_slice_of(t->in, t->in_len), pattern, BIG);
    assert_bytes(contract_seen(c, s).body, pattern, BIG);
    free(pattern);
}

static bool has_half_close(const struct fixture_ops *t)
{
    return t->half_close;
}

static void the_peers_fin_comes_after_its_bytes_and_leaves_our_direction_open(struct contract *c)
{
    int s;
    struct tenant *t = contract_open(c, &s);
    c->t->send(c->f, s, "bye", 3);
    c->t->fin(c->f, s);
    c->t->run(c->f);
    assert_int_equal(t->in_len, 3);
    assert_int_equal(t->fins, 1);
    assert_int_equal(t->closes, 0);
    tenant_send(t, "still here", 10);
    c->t->run(c->f);
    assert_bytes(contract_seen(c, s).body, (const uint8_t *)"still here", 10);
}

/* ---- line 5: credit */

/* A stream whose sender was stopped by a tenant that holds its credit. */
static struct tenant *open_stopped(struct contract *c, int *s, const uint8_t *bytes)
{
    struct tenant *t = contract_open(c, s);
    t->hold_credit = true;
    c->t->send(c->f, *s, bytes, BIG);
    c->t->run(c->f);
    c->t->advance(c->f, 1000);
    assert_in_range(t->in_len, c->t->held_bytes_max / 2, c->t->held_bytes_max);
    assert_true(c->t->unsent(c->f, *s) > 0);
    return t;
}

static void E6_a_tenant_that_does_not_consume_stops_its_sender(struct contract *c)
{
    int s;
    uint8_t *pattern = make_pattern(BIG);
    struct tenant *t = open_stopped(c, &s, pattern);
    t->hold_credit = false;
    tenant_consume(t, t->unconsumed);
    c->t->run(c->f);
    assert_int_equal(c->t->unsent(c->f, s), 0);
    assert_bytes(tri_slice_of(t->in, t->in_len), pattern, BIG);
    free(pattern);
}

static void E6_a_stopped_sender_goes_on_as_far_as_it_is_given_credit(struct contract *c)
{
    int s;
    uint8_t *pattern = make_pattern(BIG);
    struct tenant *t = open_stopped(c, &s, pattern);
    while (t->unconsumed > 0) {
        tenant_consume(t, t->unconsumed < 5000 ? t->unconsumed : 5000);
        c->t->run(c->f);
        assert_true(t->unconsumed <= c->t->held_bytes_max);
    }
    assert_bytes(tri_slice_of(t->in, t->in_len), pattern, BIG);
    free(pattern);
}

static void E6_a_tenant_that_does_not_consume_can_send(struct contract *c)
{
    int s;
    uint8_t *pattern = make_pattern(BIG);
    struct tenant *t = open_stopped(c, &s, pattern);
    tenant_room(t, BIG);
    tenant_send(t, pattern, BIG);
    c->t->run(c->f);
    assert_bytes(contract_seen(c, s).body, pattern, BIG);
    free(pattern);
}

static void E6_a_stopped_peers_fin_waits_behind_its_bytes(struct contract *c)
{
    int s;
    uint8_t *pattern = make_pattern(BIG);
    struct tenant *t = open_stopped(c, &s, pattern);
    c->t->fin(c->f, s);
    c->t->run(c->f);
    assert_int_equal(t->fins, 0);
    t->hold_credit = false;
    tenant_consume(t, t->unconsumed);
    c->t->run(c->f);
    assert_bytes(tri_slice_of(t->in, t->in_len), pattern, BIG);
    assert_int_equal(t->fins, 1);
    free(pattern);
}

static void E6_a_stopped_stream_can_be_ended_by_either_side(struct contract *c)
{
    uint8_t *pattern = make_pattern(BIG);
    for (int resets = 0; resets < 2; resets++) {
        int s;
        struct tenant *t = open_stopped(c, &s, pattern);
        if (resets) {
            c->t->reset(c->f, s);
        } else {
            tenant_abort(t);
        }
        c->t->run(c->f);
        assert_int_equal(t->closes, 1);
        assert_int_equal(t->cause, resets ? TRI_STREAM_RESET : TRI_STREAM_ABORTED);
        c->t->close(c->f);
        c->f = NULL;
        contract_reopen(c);
    }
    free(pattern);
}

static bool has_many_windows(const struct fixture_ops *t)
{
    return t->stream_windows && t->many_streams;
}

static void E5_a_stalled_stream_does_not_delay_its_siblings(struct contract *c)
{
    enum { STALLED = TRI_CONN_WINDOW_BYTES / TRI_STREAM_WINDOW_BYTES + 10 };
    int s;
    uint8_t *pattern = make_pattern(BIG);
    for (int i = 0; i < STALLED; i++) {
        struct tenant *t = contract_open(c, &s);
        t->hold_credit = true;
        c->t->send(c->f, s, pattern, BIG);
        c->t->run(c->f);
    }
    struct tenant *t = contract_open(c, &s);
    c->t->send(c->f, s, pattern, BIG);
    c->t->run(c->f);
    assert_bytes(tri_slice_of(t->in, t->in_len), pattern, BIG);
    for (int i = 0; i < STALLED; i++) {
        assert_true(c->tenants[i].in_len <= c->t->held_bytes_max);
        c->tenants[i].hold_credit = false;
        tenant_consume(&c->tenants[i], c->tenants[i].unconsumed);
    }
    c->t->run(c->f);
    for (int i = 0; i < STALLED; i++) {
        assert_bytes(tri_slice_of(c->tenants[i].in, c->tenants[i].in_len), pattern, BIG);
    }
    free(pattern);
}

static void E5_a_peer_that_reads_one_stream_slowly_still_gets_the_others(struct contract *c)
{
    int slow;
    int fast;
    struct tenant *a = contract_open(c, &slow);
    struct tenant *b = contract_open(c, &fast);
    uint8_t *pattern = make_pattern(BIG);
    c->t->pause(c->f, slow, true);
    tenant_room(a, BIG);
    tenant_send(a, pattern, BIG);
    tenant_room(b, BIG);
    tenant_send(b, pattern, BIG);
    c->t->run(c->f);
    assert_bytes(contract_seen(c, fast).body, pattern, BIG);
    assert_true(contract_seen(c, slow).body.len < BIG);
    free(pattern);
}

/* ---- line 6: before the verdict */

static bool has_verdict(const struct fixture_ops *t)
{
    return !t->asks;
}

static void no_byte_comes_before_the_verdict_and_none_is_lost(struct contract *c)
{
    c->accept_at_once = false;
    int s;
    struct tenant *t = contract_open(c, &s);
    c->t->send(c->f, s, "early", 5);
    c->t->run(c->f);
    assert_int_equal(t->in_len, 0);
    assert_int_equal(contract_seen(c, s).status, 0);
    tenant_accept(t);
    c->t->run(c->f);
    assert_bytes(tri_slice_of(t->in, t->in_len), (const uint8_t *)"early", 5);
    tenant_send(t, "reply", 5);
    c->t->run(c->f);
    assert_bytes(contract_seen(c, s).body, (const uint8_t *)"reply", 5);
}

static void a_peer_that_leaves_before_the_verdict_cancels_the_request(struct contract *c)
{
    c->accept_at_once = false;
    int s;
    struct tenant *t = contract_open(c, &s);
    c->t->reset(c->f, s);
    c->t->run(c->f);
    assert_true(t->canceled);
    assert_int_equal(c->canceled, 1);
}

/* ---- line 8: exactly one on_closed, last, with its cause */

static void assert_closed(const struct tenant *t, enum tri_stream_cause cause)
{
    assert_int_equal(t->closes, 1);
    assert_int_equal(t->cause, cause);
}

static void both_ends_in_order_is_finished(struct contract *c)
{
    int s;
    struct tenant *t = contract_open(c, &s);
    tenant_send(t, "x", 1);
    tenant_end(t);
    c->t->run(c->f);
    c->t->fin(c->f, s);
    c->t->run(c->f);
    c->t->advance(c->f, 1000);
    assert_int_equal(t->fins, 1);
    assert_closed(t, TRI_STREAM_FINISHED);
}

static void E7_abort_drops_both_directions(struct contract *c)
{
    int s;
    struct tenant *t = contract_open(c, &s);
    tenant_send(t, "x", 1);
    c->t->run(c->f);
    tenant_abort(t);
    assert_int_equal(t->closes, 0); /* never inside the op */
    c->t->run(c->f);
    assert_closed(t, TRI_STREAM_ABORTED);
    assert_true(contract_seen(c, s).reset);
    assert_false(contract_seen(c, s).fin);
}

static void abort_with_unsent_bytes_forgets_them(struct contract *c)
{
    int s;
    struct tenant *t = contract_open(c, &s);
    uint8_t *pattern = make_pattern(BIG);
    tenant_room(t, BIG);
    c->t->pause(c->f, s, true);
    tenant_send(t, pattern, BIG);
    c->t->run(c->f);
    tenant_abort(t);
    c->t->run(c->f);
    c->t->pause(c->f, s, false);
    c->t->run(c->f);
    assert_closed(t, TRI_STREAM_ABORTED);
    free(pattern);
}

static void E7_a_reset_by_the_peer_is_no_fin(struct contract *c)
{
    int s;
    struct tenant *t = contract_open(c, &s);
    tenant_send(t, "x", 1);
    c->t->run(c->f);
    c->t->reset(c->f, s);
    c->t->run(c->f);
    assert_int_equal(t->fins, 0);
    assert_closed(t, TRI_STREAM_RESET);
}

static void E7_stop_sending_ends_the_whole_stream(struct contract *c)
{
    int s;
    struct tenant *t = contract_open(c, &s);
    tenant_send(t, "x", 1);
    c->t->run(c->f);
    c->t->stop(c->f, s);
    c->t->run(c->f);
    assert_int_equal(t->fins, 0);
    assert_closed(t, TRI_STREAM_RESET);
}

static void a_lost_connection_ends_every_stream(struct contract *c)
{
    int s;
    struct tenant *t = contract_open(c, &s);
    tenant_send(t, "x", 1);
    c->t->lose(c->f);
    c->t->run(c->f);
    c->t->advance(c->f, 300 * 1000); /* h3 learns of it by its idle timeout at the latest */
    assert_int_equal(t->closes, 1);
    assert_true(t->cause == TRI_STREAM_CONN_LOST || t->cause == TRI_STREAM_RESET);
}

static void closing_the_connection_with_open_streams_tells_each(struct contract *c)
{
    int s;
    contract_open(c, &s); /* contract_run closes, and asserts one on_closed */
}

static bool has_many_streams(const struct fixture_ops *t)
{
    return t->many_streams;
}

static void E7_a_reset_stream_leaves_its_siblings_alone(struct contract *c)
{
    int first;
    int second;
    struct tenant *a = contract_open(c, &first);
    struct tenant *b = contract_open(c, &second);
    c->t->reset(c->f, first);
    c->t->send(c->f, second, "on", 2);
    tenant_send(b, "and on", 6);
    c->t->run(c->f);
    assert_closed(a, TRI_STREAM_RESET);
    assert_int_equal(b->in_len, 2);
    assert_int_equal(contract_seen(c, second).body.len, 6);
    assert_int_equal(b->closes, 0);
}

static void an_aborted_stream_leaves_its_siblings_alone(struct contract *c)
{
    int first;
    int second;
    struct tenant *a = contract_open(c, &first);
    struct tenant *b = contract_open(c, &second);
    tenant_abort(a);
    tenant_send(b, "and on", 6);
    c->t->run(c->f);
    assert_closed(a, TRI_STREAM_ABORTED);
    assert_int_equal(contract_seen(c, second).body.len, 6);
    assert_int_equal(b->closes, 0);
}

static void E5_many_streams_share_one_connection(struct contract *c)
{
    enum { MANY = 50 };
    int streams[MANY];
    for (int i = 0; i < MANY; i++) {
        contract_open(c, &streams[i]);
    }
    for (int i = 0; i < MANY; i++) {
        char text[16];
        int len = snprintf(text, sizeof text, "stream %d", i);
        tenant_send(&c->tenants[i], text, (size_t)len);
        c->t->send(c->f, streams[i], text, (size_t)len);
    }
    c->t->run(c->f);
    for (int i = 0; i < MANY; i++) {
        char text[16];
        int len = snprintf(text, sizeof text, "stream %d", i);
        assert_bytes(contract_seen(c, streams[i]).body, (const uint8_t *)text, (size_t)len);
        assert_bytes(tri_slice_of(c->tenants[i].in, c->tenants[i].in_len), (const uint8_t *)text,
                     (size_t)len);
    }
}

/* ---- line 9: units */

static void sent_counts_stream_bytes_exactly(struct contract *c)
{
    int s;
    struct tenant *t = contract_open(c, &s);
    size_t total = 0;
    for (size_t len = 1; len < 60; len++) {
        uint8_t bytes[64];
        memset(bytes, (int)len, sizeof bytes);
        tenant_send(t, bytes, len);
        total += len;
        c->t->run(c->f);
        assert_int_equal(t->sent, total);
        assert_int_equal(contract_seen(c, s).body.len, total);
    }
}

static const struct contract_case cases[] = {
    {"1, 2: released bytes are never read again", released_bytes_are_never_read_again, NULL},
    {"2: all that is queued is sent, then released", all_that_is_queued_is_sent_then_released,
     NULL},
    {"2: a peer that takes nothing leaves bytes unsent",
     a_peer_that_takes_nothing_leaves_bytes_unsent, NULL},
    {"3: nothing to send sends nothing", nothing_to_send_sends_nothing, NULL},
    {"3: wake_write resumes, again and again", wake_write_resumes_again_and_again, NULL},
    {"3: waking with nothing new is harmless", waking_with_nothing_new_is_harmless, NULL},
    {"3: fin with the last bytes ends our direction", fin_with_the_last_bytes_ends_our_direction,
     NULL},
    {"3: fin alone ends our direction", fin_alone_ends_our_direction, NULL},
    {"3: fin comes behind all bytes of a slow peer", fin_comes_behind_all_bytes_of_a_slow_peer,
     NULL},
    {"4: input arrives whole and in order", input_arrives_whole_and_in_order, NULL},
    {"4: input and output pass each other", input_and_output_pass_each_other, NULL},
    {"4: the peer's fin comes after its bytes and leaves our direction open",
     the_peers_fin_comes_after_its_bytes_and_leaves_our_direction_open, has_half_close},
    {"5: E6 a tenant that does not consume stops its sender",
     E6_a_tenant_that_does_not_consume_stops_its_sender, NULL},
    {"5: E6 a stopped sender goes on as far as it is given credit",
     E6_a_stopped_sender_goes_on_as_far_as_it_is_given_credit, NULL},
    {"5: E6 a tenant that does not consume can send", E6_a_tenant_that_does_not_consume_can_send,
     NULL},
    {"5: E6 a stopped peer's fin waits behind its bytes",
     E6_a_stopped_peers_fin_waits_behind_its_bytes, NULL},
    {"5: E6 a stopped stream can be ended by either side",
     E6_a_stopped_stream_can_be_ended_by_either_side, NULL},
    {"5: E5 a stalled stream does not delay its siblings",
     E5_a_stalled_stream_does_not_delay_its_siblings, has_many_windows},
    {"5: E5 a peer that reads one stream slowly still gets the others",
     E5_a_peer_that_reads_one_stream_slowly_still_gets_the_others, has_many_windows},
    {"6: no byte comes before the verdict, and none is lost",
     no_byte_comes_before_the_verdict_and_none_is_lost, has_verdict},
    {"6: a peer that leaves before the verdict cancels the request",
     a_peer_that_leaves_before_the_verdict_cancels_the_request, has_verdict},
    {"8: both ends in order is FINISHED", both_ends_in_order_is_finished, NULL},
    {"8: E7 abort drops both directions", E7_abort_drops_both_directions, NULL},
    {"8: abort with unsent bytes forgets them", abort_with_unsent_bytes_forgets_them, NULL},
    {"8: E7 a reset by the peer is no fin", E7_a_reset_by_the_peer_is_no_fin, NULL},
    {"8: E7 STOP_SENDING ends the whole stream", E7_stop_sending_ends_the_whole_stream, NULL},
    {"8: a lost connection ends every stream", a_lost_connection_ends_every_stream, NULL},
    {"8: closing the connection tells each open stream",
     closing_the_connection_with_open_streams_tells_each, NULL},
    {"8: E7 a reset stream leaves its siblings alone", E7_a_reset_stream_leaves_its_siblings_alone,
     has_many_streams},
    {"8: an aborted stream leaves its siblings alone", an_aborted_stream_leaves_its_siblings_alone,
     has_many_streams},
    {"8: E5 fifty streams share one connection", E5_many_streams_share_one_connection,
     has_many_streams},
    {"9: sent counts stream bytes exactly", sent_counts_stream_bytes_exactly, NULL},
};

int main(void)
{
    const size_t cases_len = sizeof cases / sizeof cases[0];
    const struct fixture_ops *const calls[] = {&fixture_h2_client, NULL};
    return contract_run("stream contract", cases, cases_len) +
           contract_run_over("stream contract of calls", cases, cases_len, calls);
}
