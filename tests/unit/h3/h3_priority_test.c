/*
 * PRIORITY_UPDATE on the wire, and what it may cost: RFC 9218 section 7.2. Who goes first is in
 * tests/contract/priority_contract_test.c.
 */
#include "bare_h3.h"
#include "rig_h3.h"

#include <stdlib.h>

/* The client's first unidirectional stream. */
#define CONTROL ((int64_t)2)

/* What nghttp3 allows by itself, a burst. */
#define GLITCHES_BURST 1000

#define UPDATE "\x80\x0f\x07\0"

static void send_control(struct rig_h3 *r, const char *bytes, size_t len)
{
    peer_h3_raw_send(r->peer, CONTROL, bytes, len, false);
    rig_h3_run(r);
}

#define SEND(r, text) send_control(r, text, sizeof(text) - 1)

static struct rig_h3 *new_rig(void)
{
    const struct rig_h3_options options = {
        .peer = {.stream_window = 4 * 1024 * 1024, .conn_window = 32 * 1024}};
    return rig_h3_new(&options);
}

/* ---- what ends the connection */

static void assert_ends(const char *bytes, size_t len, uint64_t code)
{
    struct rig_h3 *r = new_rig();
    rig_h3_websocket(r);
    send_control(r, bytes, len);
    rig_h3_assert_closed(r, NGTCP2_CCERR_TYPE_APPLICATION, code);
    assert_int_equal(rig_h3_tenant(r, 0)->cause, TRI_STREAM_CONN_LOST);
    rig_h3_free(r);
}

#define ENDS(text, code) assert_ends(text, sizeof(text) - 1, code)

static void E8_a_malformed_update_ends_the_connection(void **state)
{
    (void)state;
    ENDS(UPDATE "\x04\x03u=1", NGHTTP3_H3_ID_ERROR);        /* the server's stream */
    ENDS(UPDATE "\x04\x02u=1", NGHTTP3_H3_ID_ERROR);        /* the client's, but no request's */
    ENDS(UPDATE "\x07\x90\0\0\0u=1", NGHTTP3_H3_ID_ERROR);  /* beyond the limit of streams */
    ENDS("\x80\x0f\x07\x01\x04\0u=1", NGHTTP3_H3_ID_ERROR); /* a push never promised */
    ENDS(UPDATE "\0", NGHTTP3_H3_FRAME_ERROR);
    ENDS(UPDATE "\x01\x40\0", NGHTTP3_H3_FRAME_ERROR);
}

static void E8_an_update_on_the_stream_of_a_request_ends_the_connection(void **state)
{
    (void)state;
    struct rig_h3 *r = new_rig();
    int64_t id = peer_h3_raw_open(r->peer, false);
    peer_h3_raw_send(r->peer, id, UPDATE "\x04\0u=1", 9, false);
    rig_h3_run(r);
    rig_h3_assert_closed(r, NGTCP2_CCERR_TYPE_APPLICATION, NGHTTP3_H3_FRAME_UNEXPECTED);
    rig_h3_free(r);
}

static void the_end_of_the_control_stream_is_noticed_within_a_value(void **state)
{
    (void)state;
    struct rig_h3 *r = new_rig();
    peer_h3_raw_send(r->peer, CONTROL, UPDATE "\x04\0u", 7, true);
    rig_h3_run(r);
    rig_h3_assert_closed(r, NGTCP2_CCERR_TYPE_APPLICATION, NGHTTP3_H3_CLOSED_CRITICAL_STREAM);
    rig_h3_free(r);
}

/* Its id is 0, which is also that of a control stream that has not come: its DATA must not count as
 * HTTP/3's own, for which credit is returned at once. */
static void the_first_request_may_come_before_the_control_stream(void **state)
{
    (void)state;
    enum { LEN = 600 * 1024 };
    static uint8_t data[5 + LEN] = {0, 0x80, LEN >> 16, (LEN >> 8) & 0xff, LEN & 0xff};
    struct rig_h3 r;
    struct bare_h3 b;
    assert_true(rig_h3_init(&r, &(struct rig_h3_options){.peer = {.is_bare = true}}));
    bare_h3_init(&b, &r, false);
    assert_int_equal(b.socket, 0);
    struct tenant *t = rig_h3_tenant(&r, b.tenant);
    const size_t before = t->in_len;
    t->hold_credit = true;
    peer_h3_raw_send(r.peer, b.socket, data, sizeof data, false);
    rig_h3_run(&r);
    assert_in_range(t->in_len - before, TRI_STREAM_WINDOW_BYTES / 2, TRI_STREAM_WINDOW_BYTES);
    rig_h3_deinit(&r);
}

/* ---- what counts */

static void E8_what_makes_no_sense_ends_nothing(void **state)
{
    (void)state;
    struct rig_h3 *r = new_rig();
    rig_h3_websocket(r);
    SEND(r, UPDATE "\x04\0u=9");
    SEND(r, UPDATE "\x02\0=");
    SEND(r, UPDATE "\x09\0((((((((");
    SEND(r, UPDATE "\x04\x04u=8"); /* for a stream to come */
    rig_h3_websocket(r);
    rig_h3_assert_alive(r);
    rig_h3_free(r);
}

/* Whether the second of two sockets goes first when both have more than the connection takes. */
static void assert_second_goes_first(struct rig_h3 *r)
{
    enum { LEN = 512 * 1024 };
    static const uint8_t zeros[LEN];
    for (size_t i = 0; i < 2; i++) {
        struct tenant *t = rig_h3_tenant(r, i);
        t->slice_max = 64 * 1024;
        tenant_room(t, LEN);
        tenant_send(t, zeros, LEN);
    }
    while (tri_buf_peek(&rig_h3_seen(r, 1)->body).len < LEN) {
        assert_in_range(tri_buf_peek(&rig_h3_seen(r, 0)->body).len, 0, LEN / 8);
        rig_h3_advance(r, 1);
    }
    rig_h3_run(r);
    assert_int_equal(tri_buf_peek(&rig_h3_seen(r, 0)->body).len, LEN);
}

static void assert_counts(const char *bytes, size_t len, size_t piece)
{
    struct rig_h3 *r = new_rig();
    rig_h3_websocket(r);
    rig_h3_websocket(r);
    for (size_t at = 0; at < len; at += piece) {
        send_control(r, bytes + at, len - at < piece ? len - at : piece);
    }
    assert_second_goes_first(r);
    rig_h3_free(r);
}

#define COUNTS(text, piece) assert_counts(text, sizeof(text) - 1, piece)

static void E8_an_update_counts_whole_and_in_pieces_short_and_long(void **state)
{
    (void)state;
    for (size_t piece = 1; piece < 10; piece++) {
        COUNTS(UPDATE "\x04\x04u=1", piece);
    }
    COUNTS("\x21\x03xyz" UPDATE "\x06\x40\x04u=1 ", 100);
    COUNTS(UPDATE "\x1d\x04u=1, x=\"0123456789012345678\"", 100); /* nghttp3 takes 8 bytes */
    COUNTS(UPDATE "\x04\0u=7", 100);
}

static void E8_an_update_before_the_request_counts(void **state)
{
    (void)state;
    struct rig_h3 *r = new_rig();
    SEND(r, UPDATE "\x04\x04u=1");
    rig_h3_websocket(r);
    rig_h3_websocket(r);
    assert_second_goes_first(r);
    rig_h3_free(r);
}

static void answer_later(struct rig_h3 *r, struct tenant *t)
{
    (void)r;
    (void)t;
}

static void E8_an_update_before_the_answer_counts(void **state)
{
    (void)state;
    struct rig_h3 *r = new_rig();
    r->on_request = answer_later;
    rig_h3_websocket(r);
    rig_h3_websocket(r);
    SEND(r, UPDATE "\x1d\x04u=1, x=\"0123456789012345678\"");
    tenant_accept(rig_h3_tenant(r, 0));
    tenant_accept(rig_h3_tenant(r, 1));
    rig_h3_run(r);
    assert_second_goes_first(r);
    rig_h3_free(r);
}

static void E8_an_update_for_a_stream_that_is_over_is_ignored(void **state)
{
    (void)state;
    struct rig_h3 *r = new_rig();
    rig_h3_get(r, "/");
    rig_h3_websocket(r);
    SEND(r, UPDATE "\x04\0u=1");
    peer_h3_reset(r->peer, 1, NGHTTP3_H3_REQUEST_CANCELLED);
    SEND(r, UPDATE "\x04\x04u=1"); /* with the reset, or right behind it */
    SEND(r, UPDATE "\x04\x04u=2");
    rig_h3_assert_alive(r);
    rig_h3_free(r);
}

/* ---- what it may cost */

static void E8_updates_without_end_end_the_connection(void **state)
{
    (void)state;
    struct rig_h3 *r = new_rig();
    rig_h3_websocket(r);
    int sent = 0;
    for (; !r->peer->closed; sent++) {
        assert_true(sent <= 2 * GLITCHES_BURST);
        peer_h3_raw_send(r->peer, CONTROL, sent % 2 ? UPDATE "\x04\0u=1" : UPDATE "\x04\0u=9", 9,
                         false);
        rig_h3_advance(r, 1);
    }
    assert_true(sent >= GLITCHES_BURST);
    rig_h3_assert_closed(r, NGTCP2_CCERR_TYPE_APPLICATION, NGHTTP3_H3_EXCESSIVE_LOAD);
    rig_h3_free(r);
}

static void E8_updates_for_streams_to_come_are_kept_for_no_more_than_may_be_open(void **state)
{
    (void)state;
    struct tri_limits limits;
    tri_limits_default(&limits);
    limits.streams_max = 10;
    struct rig_h3 *r = rig_h3_new(&(struct rig_h3_options){.limits = &limits});
    for (char i = 0; i < 10; i++) {
        const char frame[] = {'\x80', 0x0f, 0x07, 0, 4, (char)(4 * i), 'u', '=', '1'};
        send_control(r, frame, sizeof frame);
    }
    rig_h3_assert_alive(r);
    SEND(r, UPDATE "\x05\x40\x80u=1");
    rig_h3_assert_closed(r, NGTCP2_CCERR_TYPE_APPLICATION, NGHTTP3_H3_ID_ERROR);
    rig_h3_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(E8_a_malformed_update_ends_the_connection),
        cmocka_unit_test(E8_an_update_on_the_stream_of_a_request_ends_the_connection),
        cmocka_unit_test(the_end_of_the_control_stream_is_noticed_within_a_value),
        cmocka_unit_test(the_first_request_may_come_before_the_control_stream),
        cmocka_unit_test(E8_what_makes_no_sense_ends_nothing),
        cmocka_unit_test(E8_an_update_counts_whole_and_in_pieces_short_and_long),
        cmocka_unit_test(E8_an_update_before_the_request_counts),
        cmocka_unit_test(E8_an_update_before_the_answer_counts),
        cmocka_unit_test(E8_an_update_for_a_stream_that_is_over_is_ignored),
        cmocka_unit_test(E8_updates_without_end_end_the_connection),
        cmocka_unit_test(E8_updates_for_streams_to_come_are_kept_for_no_more_than_may_be_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
