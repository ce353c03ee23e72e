/*
 * ws_session_send: messages to frames: compression, payloads, messages in pieces, and what a full
 * queue does. (Framing and masking are in ws_session_output_test.c.)
 */
#include "test_session.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

static const struct tri_deflate_params dedicated = {
    .mode = TRI_DEFLATE_DEDICATED, .server_max_window_bits = 15, .client_max_window_bits = 15};
static const struct tri_deflate_params shared = {.mode = TRI_DEFLATE_SHARED,
                                                 .server_no_context_takeover = true,
                                                 .client_no_context_takeover = true,
                                                 .server_max_window_bits = 15,
                                                 .client_max_window_bits = 15};

#define LINE "one line of text, and one line of text, and one line of text" /* 60 bytes */

static void open_session(struct test_session *t, const struct tri_deflate_params *params)
{
    test_session_init(t, TRI_SESSION_SERVER);
    t->limits.deflate_bytes_least = 20;
    if (params) {
        t->deflate = *params;
    }
    test_session_open(t);
}

static enum tri_err send_text(struct test_session *t, const char *text)
{
    return tri_session_send(t->session, TRI_TEXT, (const uint8_t *)text, strlen(text));
}

static enum tri_err append(struct test_session *t, const char *text)
{
    return tri_session_send_append(t->session, (const uint8_t *)text, strlen(text));
}

/* --- compression */

static void W3_messages_are_compressed_from_the_threshold_on(void **state)
{
    (void)state;
    const struct tri_deflate_params *both[] = {&dedicated, &shared};
    for (int i = 0; i < 2; i++) {
        struct test_session t;
        open_session(&t, both[i]);
        assert_int_equal(send_text(&t, "aaaaaaaaaaaaaaaaaaa"), TRI_OK); /* 19 bytes */
        assert_int_equal(send_text(&t, "aaaaaaaaaaaaaaaaaaaa"), TRI_OK);
        assert_int_equal(send_text(&t, LINE), TRI_OK);
        assert_true(tri_session_queued_bytes(t.session) < 90);
        test_session_drain(&t);
        assert_string_equal(test_session_sent(&t),
                            "T19:aaaaaaaaaaaaaaaaaaa;T20z:aaaaaaaaaaaaaaaaaaaa;T60z:" LINE ";");
        test_session_deinit(&t);
    }
}

static void W3_what_does_not_shrink_goes_as_it_is_unless_it_is_remembered(void **state)
{
    (void)state;
    static const char noise[] = "q8(2KzP:mX4_uB7!eW9$rT0&yU5)iO3";
    struct test_session t;
    open_session(&t, &shared);
    assert_int_equal(send_text(&t, noise), TRI_OK);
    test_session_drain(&t);
    assert_string_equal(test_session_sent(&t), "T31:q8(2KzP:mX4_uB7!eW9$rT0&yU5)iO3;");
    test_session_deinit(&t);
    open_session(&t, &dedicated);
    assert_int_equal(send_text(&t, noise), TRI_OK);
    const size_t first = tri_session_queued_bytes(t.session);
    assert_int_equal(send_text(&t, noise), TRI_OK);
    assert_true(tri_session_queued_bytes(t.session) - first < 12);
    test_session_drain(&t);
    assert_string_equal(test_session_sent(&t), "T31z:q8(2KzP:mX4_uB7!eW9$rT0&yU5)iO3;"
                                               "T31z:q8(2KzP:mX4_uB7!eW9$rT0&yU5)iO3;");
    test_session_deinit(&t);
}

static void W3_the_memory_of_compression_is_gauged_and_given_back(void **state)
{
    (void)state;
    struct test_session t;
    open_session(&t, &dedicated);
    assert_int_equal(t.worker.deflate.held_bytes, 0); /* nothing before the first message */
    assert_int_equal(send_text(&t, LINE), TRI_OK);
    assert_true(t.worker.deflate.held_bytes > 100000);
    test_session_drain(&t);
    test_session_end(&t, TRI_STREAM_CONN_LOST);
    assert_int_equal(t.worker.deflate.held_bytes, 0);
    test_session_deinit(&t);
}

static void W3_without_memory_a_message_goes_uncompressed(void **state)
{
    (void)state;
    struct test_session t;
    open_session(&t, &shared);
    t.heap.fail_at = t.heap.calls + 1;
    assert_int_equal(send_text(&t, LINE), TRI_OK);
    t.heap.fail_at = 0;
    test_session_drain(&t);
    assert_string_equal(test_session_sent(&t), "T60:" LINE ";");
    test_session_deinit(&t);
}

/* --- payloads */

static void W8_a_payload_is_framed_once_and_not_copied(void **state)
{
    (void)state;
    struct test_session t;
    struct tri_slice out[2];
    bool fin;
    open_session(&t, NULL);
    struct tri_payload *p = tri_payload_new(TRI_TEXT, LINE, 60);
    assert_non_null(p);
    assert_int_equal(send_text(&t, "before"), TRI_OK);
    assert_int_equal(tri_session_send_payload(t.session, p), TRI_OK);
    assert_int_equal(tri_session_send_payload(t.session, p), TRI_OK);
    assert_int_equal(t.stream.events->peek(t.session, out, 2, &fin), 2);
    assert_ptr_equal(out[1].data, tri_payload_frame(p).data);
    tri_payload_free(p); /* the queue holds it */
    test_session_drain(&t);
    assert_string_equal(test_session_sent(&t), "T6:before;T60:" LINE ";T60:" LINE ";");
    test_session_deinit(&t);
}

static void W8_a_payload_is_compressed_once_for_all_that_can_read_it(void **state)
{
    (void)state;
    struct test_session t;
    struct tri_slice out[1];
    bool fin;
    struct tri_payload *p = tri_payload_new(TRI_TEXT, LINE, 60);
    const uint8_t *first = NULL;
    for (int i = 0; i < 2; i++) {
        open_session(&t, i == 0 ? &shared : &dedicated);
        assert_int_equal(tri_session_send_payload(t.session, p), TRI_OK);
        assert_int_equal(t.stream.events->peek(t.session, out, 1, &fin), 1);
        assert_true(i == 0 || out[0].data == first);
        first = out[0].data;
        test_session_drain(&t);
        assert_string_equal(test_session_sent(&t), "T60z:" LINE ";");
        test_session_deinit(&t);
    }
    tri_payload_free(p);
}

/* A compressor that remembers must not point back over a message that it has not made. */
static void W3_W8_messages_around_a_payload_are_read_right(void **state)
{
    (void)state;
    struct test_session t;
    open_session(&t, &dedicated);
    struct tri_payload *p = tri_payload_new(TRI_TEXT, "payload payload payload payload", 31);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(send_text(&t, LINE), TRI_OK);
        assert_int_equal(tri_session_send_payload(t.session, p), TRI_OK);
    }
    assert_int_equal(send_text(&t, LINE), TRI_OK);
    tri_payload_free(p);
    test_session_drain(&t);
    assert_string_equal(test_session_sent(&t),
                        "T60z:" LINE ";T31z:payload payload payload payload;T60z:" LINE
                        ";T31z:payload payload payload payload;T60z:" LINE
                        ";T31z:payload payload payload payload;T60z:" LINE ";");
    test_session_deinit(&t);
}

static void W8_a_small_window_gets_the_payload_uncompressed(void **state)
{
    (void)state;
    struct test_session t;
    struct tri_deflate_params narrow = shared;
    narrow.server_max_window_bits = 9;
    open_session(&t, &narrow);
    struct tri_payload *p = tri_payload_new(TRI_TEXT, LINE, 60);
    assert_int_equal(tri_session_send_payload(t.session, p), TRI_OK);
    assert_int_equal(send_text(&t, LINE), TRI_OK); /* that one can be made for it */
    tri_payload_free(p);
    test_session_drain(&t);
    assert_string_equal(test_session_sent(&t), "T60:" LINE ";T60z:" LINE ";");
    test_session_deinit(&t);
}

static void W8_a_client_masks_a_payload_and_so_copies_it(void **state)
{
    (void)state;
    struct test_session t;
    test_session_init(&t, TRI_SESSION_CLIENT);
    test_session_open(&t);
    struct tri_payload *p = tri_payload_new(TRI_BINARY, "xy", 2);
    assert_int_equal(tri_session_send_payload(t.session, p), TRI_OK);
    tri_payload_free(p);
    test_session_drain(&t);
    assert_string_equal(test_session_sent(&t), "B2:xy;");
    test_session_deinit(&t);
}

/* --- pieces */

static void W5_a_message_goes_out_in_pieces(void **state)
{
    (void)state;
    struct test_session t;
    open_session(&t, NULL);
    assert_int_equal(tri_session_send_begin(t.session, TRI_TEXT), TRI_OK);
    assert_int_equal(append(&t, "one"), TRI_OK);
    assert_int_equal(append(&t, ""), TRI_OK);
    assert_int_equal(append(&t, "two"), TRI_OK);
    assert_int_equal(tri_session_send_end(t.session), TRI_OK);
    assert_int_equal(tri_session_send_begin(t.session, TRI_BINARY), TRI_OK);
    assert_int_equal(tri_session_send_end(t.session), TRI_OK);
    assert_int_equal(send_text(&t, "3"), TRI_OK);
    test_session_drain(&t);
    assert_string_equal(test_session_sent(&t), "T3:one+;-3:two+;-0;B0;T1:3;");
    test_session_end(&t, TRI_STREAM_CONN_LOST);
    assert_int_equal(t.end.messages_out, 3);
    assert_int_equal(t.end.bytes_out, 7);
    test_session_deinit(&t);
}

static void W5_pieces_are_compressed_where_the_compressor_is_our_own(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct test_session t;
        open_session(&t, i == 0 ? &dedicated : &shared);
        assert_int_equal(tri_session_send_begin(t.session, TRI_TEXT), TRI_OK);
        assert_int_equal(append(&t, "one"), TRI_OK);
        assert_int_equal(append(&t, "two"), TRI_OK);
        assert_int_equal(tri_session_send_end(t.session), TRI_OK);
        assert_int_equal(send_text(&t, LINE), TRI_OK);
        assert_int_equal(tri_session_send_begin(t.session, TRI_TEXT), TRI_OK);
        assert_int_equal(tri_session_send_end(t.session), TRI_OK);
        test_session_drain(&t);
        assert_string_equal(test_session_sent(&t), i == 0 ? "T3z:one+;-3z:two+;-0z;T60z:" LINE
                                                            ";T0;"
                                                          : "T3:one+;-3:two+;-0;T60z:" LINE ";T0;");
        test_session_deinit(&t);
    }
}

static void W5_nothing_comes_between_pieces(void **state)
{
    (void)state;
    struct test_session t;
    open_session(&t, NULL);
    struct tri_payload *p = tri_payload_new(TRI_TEXT, "p", 1);
    assert_int_equal(append(&t, "x"), TRI_ERR_INVALID);
    assert_int_equal(tri_session_send_end(t.session), TRI_ERR_INVALID);
    assert_int_equal(tri_session_send_begin(t.session, TRI_TEXT), TRI_OK);
    assert_int_equal(tri_session_send_begin(t.session, TRI_TEXT), TRI_ERR_INVALID);
    assert_int_equal(send_text(&t, "x"), TRI_ERR_INVALID);
    assert_int_equal(tri_session_send_payload(t.session, p), TRI_ERR_INVALID);
    assert_int_equal(append(&t, "x"), TRI_OK);
    assert_int_equal(tri_session_close(t.session, 1000, TRI_SLICE("")), TRI_OK);
    assert_int_equal(append(&t, "x"), TRI_ERR_CLOSED);
    assert_int_equal(tri_session_send_end(t.session), TRI_ERR_CLOSED);
    assert_int_equal(tri_session_send_begin(t.session, TRI_TEXT), TRI_ERR_CLOSED);
    assert_int_equal(send_text(&t, "x"), TRI_ERR_CLOSED);
    assert_int_equal(tri_session_send_payload(t.session, p), TRI_ERR_CLOSED);
    tri_payload_free(p);
    test_session_drain(&t);
    assert_string_equal(test_session_sent(&t), "T1:x+;close:1000;");
    test_session_deinit(&t);
}

/* --- a full queue */

static void fill(struct test_session *t)
{
    static const uint8_t kib[1024];
    while (tri_session_queued_bytes(t->session) + sizeof kib + 4 <= t->limits.queue_bytes_max) {
        assert_int_equal(tri_session_send(t->session, TRI_BINARY, kib, sizeof kib), TRI_OK);
    }
}

static void open_slow(struct test_session *t, enum tri_slow slow)
{
    test_session_init(t, TRI_SESSION_SERVER);
    t->limits.queue_bytes_max = 4096;
    t->slow = slow;
    test_session_open(t);
    fill(t);
}

static enum tri_err send_kib(struct test_session *t)
{
    static const uint8_t kib[1024];
    return tri_session_send(t->session, TRI_BINARY, kib, sizeof kib);
}

static void W6_the_policy_wait_refuses_and_drains(void **state)
{
    (void)state;
    struct test_session t;
    open_slow(&t, TRI_SLOW_WAIT);
    assert_int_equal(send_kib(&t), TRI_ERR_FULL);
    test_session_drain(&t);
    assert_string_equal(test_session_told(&t), "drain;");
    test_session_end(&t, TRI_STREAM_CONN_LOST);
    assert_int_equal(t.end.messages_dropped, 0);
    test_session_deinit(&t);
}

static void W6_the_policy_drop_counts_and_does_not_drain(void **state)
{
    (void)state;
    struct test_session t;
    open_slow(&t, TRI_SLOW_DROP);
    struct tri_payload *p = tri_payload_new(TRI_BINARY, (uint8_t[1024]){0}, 1024);
    assert_int_equal(send_kib(&t), TRI_ERR_FULL);
    assert_int_equal(tri_session_send_payload(t.session, p), TRI_ERR_FULL);
    tri_payload_free(p);
    test_session_drain(&t);
    assert_string_equal(test_session_told(&t), "");
    assert_int_equal(send_kib(&t), TRI_OK);
    test_session_end(&t, TRI_STREAM_CONN_LOST);
    assert_int_equal(t.end.messages_dropped, 2);
    test_session_deinit(&t);
}

static void W6_a_message_in_pieces_waits_under_the_policy_drop(void **state)
{
    (void)state;
    static const uint8_t kib[1024];
    struct test_session t;
    open_slow(&t, TRI_SLOW_DROP);
    assert_int_equal(tri_session_send_begin(t.session, TRI_BINARY), TRI_OK);
    assert_int_equal(tri_session_send_append(t.session, kib, sizeof kib), TRI_ERR_FULL);
    test_session_drain(&t);
    assert_string_equal(test_session_told(&t), "drain;");
    assert_int_equal(tri_session_send_append(t.session, kib, sizeof kib), TRI_OK);
    test_session_end(&t, TRI_STREAM_CONN_LOST);
    assert_int_equal(t.end.messages_dropped, 0);
    test_session_deinit(&t);
}

static void W6_the_policy_close_closes_with_1013(void **state)
{
    (void)state;
    struct test_session t;
    open_slow(&t, TRI_SLOW_WAIT);
    tri_session_slow(t.session, TRI_SLOW_CLOSE); /* it may be changed at any time */
    assert_int_equal(send_kib(&t), TRI_ERR_FULL);
    assert_int_equal(send_kib(&t), TRI_ERR_CLOSED);
    test_session_drain(&t);
    assert_non_null(strstr(test_session_sent(&t), "close:1013 slow consumer;"));
    test_session_deinit(&t);
}

#define CASE(f) cmocka_unit_test(f)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(W3_messages_are_compressed_from_the_threshold_on),
        CASE(W3_what_does_not_shrink_goes_as_it_is_unless_it_is_remembered),
        CASE(W3_the_memory_of_compression_is_gauged_and_given_back),
        CASE(W3_without_memory_a_message_goes_uncompressed),
        CASE(W8_a_payload_is_framed_once_and_not_copied),
        CASE(W8_a_payload_is_compressed_once_for_all_that_can_read_it),
        CASE(W3_W8_messages_around_a_payload_are_read_right),
        CASE(W8_a_small_window_gets_the_payload_uncompressed),
        CASE(W8_a_client_masks_a_payload_and_so_copies_it),
        CASE(W5_a_message_goes_out_in_pieces),
        CASE(W5_pieces_are_compressed_where_the_compressor_is_our_own),
        CASE(W5_nothing_comes_between_pieces),
        CASE(W6_the_policy_wait_refuses_and_drains),
        CASE(W6_the_policy_drop_counts_and_does_not_drain),
        CASE(W6_a_message_in_pieces_waits_under_the_policy_drop),
        CASE(W6_the_policy_close_closes_with_1013),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
