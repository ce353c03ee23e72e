/*
 * ws_session_message and ws_session_deliver: payload to messages, in pieces and decompressed. (Whole messages, UTF-8
 * and fragments are in ws_session_input_test.c.)
 */
#include "test_session.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#define FIN 0x80u
#define RSV1 0x40u
#define CONT 0x0u
#define TEXT 0x1u
#define BINARY 0x2u
#define PING 0x9u
#define CLOSE 0x8u

static const struct tri_deflate_params dedicated = {
    .mode = TRI_DEFLATE_DEDICATED, .server_max_window_bits = 15, .client_max_window_bits = 15};
static const struct tri_deflate_params shared = {.mode = TRI_DEFLATE_SHARED,
                                                 .server_no_context_takeover = true,
                                                 .client_no_context_takeover = true,
                                                 .server_max_window_bits = 15,
                                                 .client_max_window_bits = 15};

/* A session and the bytes that its peer has ready. */
struct world {
    struct test_session t;
    struct tri_buf wire;
    /* The peer's compressor. */
    struct tri_deflate_worker peer_worker;
    struct tri_deflate_socket *peer;
};

static void open_world(struct world *w, const struct tri_deflate_params *params, bool pieces)
{
    test_session_init(&w->t, TRI_SESSION_SERVER);
    w->t.pieces = pieces;
    tri_buf_init(&w->wire, tri_alloc_heap(), (size_t)1 << 30);
    w->peer = NULL;
    if (params) {
        w->t.deflate = *params;
        tri_deflate_worker_init(&w->peer_worker, tri_alloc_heap(), &w->t.limits);
        w->peer = tri_deflate_socket_new(&w->peer_worker, params, false);
        assert_non_null(w->peer);
    }
    test_session_open(&w->t);
}

static void close_world(struct world *w)
{
    test_session_deinit(&w->t);
    tri_buf_deinit(&w->wire);
    if (w->peer) {
        tri_deflate_socket_free(w->peer);
        tri_deflate_worker_deinit(&w->peer_worker);
    }
}

static void put(struct world *w, unsigned first, const void *payload, size_t len)
{
    test_put_frame(&w->wire, first, payload, len, true);
}

/* A whole message, compressed, in one frame. */
static void put_deflated(struct world *w, unsigned opcode, const void *data, size_t len)
{
    struct tri_buf out;
    tri_buf_init(&out, tri_alloc_heap(), (size_t)1 << 30);
    /* The peer is a client: what it sends whole may come from a compressor of its own or not. */
    assert_int_equal(tri_deflate_socket_compress(w->peer, tri_slice_of(data, len), true, &out),
                     TRI_OK);
    put(w, FIN | RSV1 | opcode, tri_buf_peek(&out).data, tri_buf_peek(&out).len);
    tri_buf_deinit(&out);
}

static void feed(struct world *w, bool bytewise)
{
    const struct tri_slice all = tri_buf_peek(&w->wire);
    if (bytewise) {
        test_session_feed_bytewise(&w->t, all.data, all.len);
    } else {
        test_session_feed(&w->t, all.data, all.len);
    }
    tri_buf_deinit(&w->wire);
    test_session_drain(&w->t);
}

/* --- pieces */

static void W5_a_message_that_comes_whole_is_one_piece_first_and_last(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, NULL, true);
    put(&w, FIN | TEXT, "hello", 5);
    put(&w, FIN | BINARY, "", 0);
    feed(&w, false);
    assert_string_equal(test_session_told(&w.t), "T5:hello;B0;");
    close_world(&w);
}

static void W5_fragments_are_told_as_they_come_with_their_marks(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, NULL, true);
    put(&w, TEXT, "he", 2);
    put(&w, FIN | PING, "x", 1);
    put(&w, CONT, "", 0);
    put(&w, CONT, "ll", 2);
    put(&w, FIN | CONT, "o", 1);
    put(&w, FIN | TEXT, "2", 1);
    feed(&w, false);
    assert_string_equal(test_session_told(&w.t), "T2:he+;-2:ll+;-1:o;T1:2;");
    assert_string_equal(test_session_sent(&w.t), "pong:x;");
    close_world(&w);
}

static void W5_a_frame_that_comes_byte_by_byte_is_as_many_pieces(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, NULL, true);
    put(&w, BINARY, "abc", 3);
    put(&w, FIN | CONT, "", 0);
    feed(&w, true);
    assert_string_equal(test_session_told(&w.t), "B1:a+;-1:b+;-1:c+;-0;");
    close_world(&w);
}

static void W5_pieces_have_no_limit_on_bytes_or_frames(void **state)
{
    (void)state;
    struct world w;
    static const char kib[1024];
    open_world(&w, NULL, true);
    w.t.limits.message_bytes_max = 1000;
    w.t.limits.fragments_max = 10;
    put(&w, BINARY, kib, sizeof kib);
    for (int i = 0; i < 1000; i++) {
        put(&w, CONT, kib, sizeof kib);
    }
    put(&w, FIN | CONT, "", 0);
    feed(&w, false);
    assert_int_equal(w.t.session == NULL, false);
    assert_null(strstr(test_session_sent(&w.t), "close"));
    assert_int_equal(w.t.heap.largest, TRI_SCRATCH_BYTES); /* nothing was held */
    close_world(&w);
}

static void N6_a_limit_below_what_a_message_has_by_now_ends_it(void **state)
{
    (void)state;
    static const char text[100];
    for (int rest = 0; rest < 2; rest++) {
        struct world w;
        open_world(&w, NULL, false);
        put(&w, BINARY, text, sizeof text);
        feed(&w, false);
        w.t.limits.message_bytes_max = 50;
        put(&w, FIN | CONT, text, (size_t)rest);
        feed(&w, false);
        assert_string_equal(test_session_sent(&w.t), rest ? "close:1009 message too big;fin;" : "");
        close_world(&w);
    }
}

static void N6_a_higher_limit_counts_from_the_next_message_on(void **state)
{
    (void)state;
    struct world w;
    static const char text[100];
    open_world(&w, NULL, false);
    w.t.limits.message_bytes_max = 150;
    put(&w, BINARY, text, sizeof text);
    put(&w, FIN | CONT, text, 50);
    feed(&w, false);
    w.t.limits.message_bytes_max = 250;
    put(&w, BINARY, text, sizeof text);
    put(&w, CONT, text, sizeof text);
    put(&w, FIN | CONT, text, 50);
    feed(&w, false);
    assert_string_equal(test_session_sent(&w.t), "");
    assert_int_equal(w.t.closes, 0);
    put(&w, BINARY, text, sizeof text);
    put(&w, CONT, text, sizeof text);
    put(&w, FIN | CONT, text, 51);
    feed(&w, false);
    assert_string_equal(test_session_sent(&w.t), "close:1009 message too big;fin;");
    close_world(&w);
}

static void W2_text_in_pieces_fails_at_the_first_bad_byte(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, NULL, true);
    put(&w, TEXT, "good\xc3", 5);
    put(&w, CONT, "\xa4\xc3", 2);
    put(&w, CONT, "x", 1);
    feed(&w, false);
    assert_string_equal(test_session_told(&w.t), "T5:good\xc3+;-2:\xa4\xc3+;");
    assert_string_equal(test_session_sent(&w.t), "close:1007 text is not UTF-8;fin;");
    close_world(&w);
}

static void W2_text_in_pieces_may_not_end_within_a_character(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, NULL, true);
    put(&w, TEXT, "\xc3", 1);
    put(&w, FIN | CONT, "", 0);
    feed(&w, false);
    assert_string_equal(test_session_told(&w.t), "T1:\xc3+;");
    assert_string_equal(test_session_sent(&w.t), "close:1007 text is not UTF-8;fin;");
    close_world(&w);
}

static void pause_once(struct test_session *t, enum tri_type type, const uint8_t *data, size_t len)
{
    (void)type;
    (void)data;
    (void)len;
    tri_session_pause(t->session);
}

static void W5_the_owner_may_pause_after_each_piece(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, NULL, true);
    w.t.on_message = pause_once;
    w.t.holds_credit = true;
    put(&w, BINARY, "ab", 2);
    put(&w, CONT, "cd", 2);
    put(&w, FIN | CONT, "ef", 2);
    feed(&w, false);
    assert_string_equal(test_session_told(&w.t), "B2:ab+;");
    assert_true(w.t.consumed < w.t.fed);
    tri_session_resume(w.t.session);
    assert_string_equal(test_session_told(&w.t), "B2:ab+;"); /* not during the call */
    test_session_advance(&w.t, 0);
    assert_string_equal(test_session_told(&w.t), "B2:ab+;-2:cd+;");
    tri_session_resume(w.t.session);
    test_session_advance(&w.t, 0);
    assert_string_equal(test_session_told(&w.t), "B2:ab+;-2:cd+;-2:ef;");
    assert_int_equal(w.t.consumed, w.t.fed);
    close_world(&w);
}

/* --- decompression */

static void check_vector(const struct tri_deflate_params *params, bool bytewise)
{
    struct world w;
    open_world(&w, params, false);
    /* RFC 7692 section 7.2.3.1, in one frame, then in two; 7.2.3.3: stored; 7.2.3.4: BFINAL */
    put(&w, FIN | RSV1 | TEXT, "\xf2\x48\xcd\xc9\xc9\x07\x00", 7);
    put(&w, RSV1 | TEXT, "\xf2\x48\xcd", 3);
    put(&w, FIN | PING, "", 0);
    put(&w, FIN | CONT, "\xc9\xc9\x07\x00", 4);
    put(&w, FIN | RSV1 | TEXT, "\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00", 11);
    put(&w, FIN | RSV1 | TEXT, "\xf3\x48\xcd\xc9\xc9\x07\x00\x00", 8);
    put(&w, FIN | TEXT, "plain", 5);
    put(&w, FIN | RSV1 | BINARY, "\x00", 1);
    feed(&w, bytewise);
    assert_string_equal(test_session_told(&w.t),
                        "T5:Hello;T5:Hello;T5:Hello;T5:Hello;T5:plain;B0;");
    close_world(&w);
}

static void W3_the_rfc_s_examples_are_read(void **state)
{
    (void)state;
    check_vector(&dedicated, false);
    check_vector(&dedicated, true);
    check_vector(&shared, false);
    check_vector(&shared, true);
}

static void W3_context_is_kept_where_it_was_agreed(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, &dedicated, false);
    /* RFC 7692 section 7.2.3.2: the second Hello points back at the first. */
    put(&w, FIN | RSV1 | TEXT, "\xf2\x48\xcd\xc9\xc9\x07\x00", 7);
    put(&w, FIN | RSV1 | TEXT, "\xf2\x00\x11\x00\x00", 5);
    feed(&w, false);
    assert_string_equal(test_session_told(&w.t), "T5:Hello;T5:Hello;");
    close_world(&w);

    open_world(&w, &shared, false);
    put(&w, FIN | RSV1 | TEXT, "\xf2\x48\xcd\xc9\xc9\x07\x00", 7);
    put(&w, FIN | RSV1 | TEXT, "\xf2\x00\x11\x00\x00", 5);
    feed(&w, false);
    assert_string_equal(test_session_told(&w.t), "T5:Hello;");
    assert_string_equal(test_session_sent(&w.t), "close:1007 compressed data is broken;fin;");
    close_world(&w);
}

static void W3_messages_of_every_size_pass_compressed(void **state)
{
    (void)state;
    static const size_t sizes[] = {0,     1,     2,     100,   1000,  16383,  16384,
                                   16385, 49151, 49152, 49153, 65536, 200000, 1000000};
    for (int pieces = 0; pieces < 2; pieces++) {
        struct world w;
        open_world(&w, pieces ? &shared : &dedicated, false);
        w.t.holds_credit = true;
        for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
            char expected[100];
            char *text = malloc(sizes[i] + 1);
            assert_non_null(text);
            for (size_t j = 0; j < sizes[i]; j++) {
                text[j] = (char)('a' + (j * j + j / 7) % 26);
            }
            put_deflated(&w, TEXT, text, sizes[i]);
            feed(&w, false);
            test_session_advance(&w.t, 0);
            if (sizes[i] > 0 && sizes[i] <= 64) {
                (void)snprintf(expected, sizeof expected, "T%zu:%.*s;", sizes[i], (int)sizes[i],
                               text);
            } else {
                (void)snprintf(expected, sizeof expected, "T%zu;", sizes[i]);
            }
            assert_string_equal(test_session_told(&w.t), expected);
            tri_buf_deinit(&w.t.told);
            free(text);
        }
        close_world(&w);
    }
}

static void W3_a_bomb_ends_at_the_message_limit(void **state)
{
    (void)state;
    struct world w;
    enum { BYTES = 40 * 1024 * 1024, LIMIT = 100 * 1024 };
    uint8_t *zeros = calloc(1, BYTES);
    assert_non_null(zeros);
    open_world(&w, &dedicated, false);
    w.t.limits.message_bytes_max = LIMIT;
    w.t.holds_credit = true;
    put_deflated(&w, BINARY, zeros, BYTES);
    free(zeros);
    feed(&w, false);
    assert_string_equal(test_session_sent(&w.t), "close:1009 message too big;fin;");
    assert_true(w.t.heap.largest <= LIMIT);
    assert_true(w.t.worker.deflate.held_bytes < (size_t)64 * 1024);
    close_world(&w);
}

static void W3_a_large_message_takes_several_turns(void **state)
{
    (void)state;
    struct world w;
    enum { BYTES = 10 * 1024 * 1024 };
    uint8_t *zeros = calloc(1, BYTES);
    assert_non_null(zeros);
    open_world(&w, &shared, false);
    w.t.holds_credit = true;
    put_deflated(&w, BINARY, zeros, BYTES);
    put(&w, FIN | TEXT, "after", 5);
    free(zeros);
    feed(&w, false);
    assert_string_equal(test_session_told(&w.t), "");
    assert_int_equal(tri_session_worker_deadline_ns(&w.t.worker), 0);
    unsigned turns = 0;
    while (tri_session_worker_deadline_ns(&w.t.worker) == 0) {
        tri_session_worker_expire(&w.t.worker, w.t.worker.now_ns);
        turns++;
    }
    assert_in_range(turns, BYTES / TRI_INFLATE_BYTES_PER_TURN - 2,
                    BYTES / TRI_INFLATE_BYTES_PER_TURN + 1);
    assert_string_equal(test_session_told(&w.t), "B10485760;T5:after;");
    assert_int_equal(w.t.consumed, w.t.fed);
    close_world(&w);
}

static void W3_input_that_yields_nothing_takes_several_turns_too(void **state)
{
    (void)state;
    struct world w;
    enum { BLOCKS = 160 * 1024 };
    static const size_t a_turn =
        TRI_INFLATE_BYTES_PER_TURN / TRI_INFLATE_INPUT_WEIGHT + TRI_SCRATCH_BYTES;
    struct tri_buf blocks;
    tri_buf_init(&blocks, tri_alloc_heap(), TRI_PAUSED_BYTES_MAX);
    for (unsigned i = 0; i < BLOCKS; i++) {
        assert_int_equal(tri_buf_append(&blocks, "\x00\x00\x00\xff\xff", 5), TRI_OK);
    }
    assert_int_equal(tri_buf_append(&blocks, "", 1), TRI_OK); /* 00 */
    open_world(&w, &shared, false);
    w.t.holds_credit = true;
    put(&w, FIN | RSV1 | BINARY, tri_buf_peek(&blocks).data, tri_buf_peek(&blocks).len);
    tri_buf_deinit(&blocks);
    feed(&w, false);
    assert_string_equal(test_session_told(&w.t), "");
    for (size_t before = 0; tri_session_worker_deadline_ns(&w.t.worker) == 0;) {
        assert_in_range(w.t.consumed - before, 1, a_turn);
        before = w.t.consumed;
        tri_session_worker_expire(&w.t.worker, w.t.worker.now_ns);
    }
    assert_string_equal(test_session_told(&w.t), "B0;");
    assert_int_equal(w.t.consumed, w.t.fed);
    assert_true(w.t.fed > 3 * a_turn / 2);
    close_world(&w);
}

static void W3_the_peer_s_end_waits_for_what_takes_several_turns(void **state)
{
    (void)state;
    struct world w;
    enum { BYTES = 5 * 1024 * 1024 };
    uint8_t *zeros = calloc(1, BYTES);
    assert_non_null(zeros);
    open_world(&w, &shared, false);
    w.t.holds_credit = true;
    put_deflated(&w, BINARY, zeros, BYTES);
    free(zeros);
    feed(&w, false);
    w.t.stream.events->on_fin(w.t.session);
    while (tri_session_worker_deadline_ns(&w.t.worker) == 0) {
        tri_session_worker_expire(&w.t.worker, w.t.worker.now_ns);
    }
    assert_string_equal(test_session_told(&w.t), "B5242880;");
    test_session_drain(&w.t);
    assert_true(w.t.fin);
    close_world(&w);
}

static void W3_pieces_of_a_compressed_message_add_up(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, &dedicated, true);
    put(&w, RSV1 | TEXT, "\xf2\x48\xcd", 3);
    put(&w, FIN | CONT, "\xc9\xc9\x07\x00", 4);
    put(&w, FIN | RSV1 | TEXT, "\xf2\x00\x11\x00\x00", 5);
    put(&w, FIN | RSV1 | BINARY, "\x00", 1);
    feed(&w, false);
    assert_string_equal(test_session_told(&w.t), "T2:He+;-3:llo;T5:Hello;B0;");
    close_world(&w);
}

static void W3_the_owner_may_pause_within_a_bomb_and_goes_on_where_it_was(void **state)
{
    (void)state;
    struct world w;
    enum { BYTES = 3 * 1024 * 1024 };
    uint8_t *zeros = calloc(1, BYTES);
    assert_non_null(zeros);
    open_world(&w, &dedicated, true);
    w.t.on_message = pause_once;
    w.t.holds_credit = true;
    put_deflated(&w, BINARY, zeros, BYTES);
    put(&w, FIN | TEXT, "after", 5);
    free(zeros);
    feed(&w, false);
    for (unsigned i = 0; i < 1000 && !strstr(test_session_told(&w.t), "after"); i++) {
        tri_session_resume(w.t.session);
        test_session_advance(&w.t, 0);
    }
    size_t sum = 0;
    for (const char *at = test_session_told(&w.t); *at != 'T'; at = strchr(at, ';') + 1) {
        sum += strtoul(at + 1, NULL, 10);
    }
    assert_int_equal(sum, BYTES);
    assert_int_equal(w.t.consumed, w.t.fed);
    close_world(&w);
}

static void check_fault(const struct tri_deflate_params *params, unsigned first,
                        const char *payload, size_t len, const char *sent)
{
    struct world w;
    open_world(&w, params, false);
    put(&w, first, payload, len);
    put(&w, FIN | TEXT, "after", 5);
    feed(&w, false);
    assert_string_equal(test_session_told(&w.t), "");
    assert_string_equal(test_session_sent(&w.t), sent);
    close_world(&w);
}

static void W3_faults_have_their_close_codes(void **state)
{
    (void)state;
    static const char broken[] = "close:1007 compressed data is broken;fin;";
    check_fault(&dedicated, FIN | RSV1 | TEXT, "\xff\xff\xff", 3, broken);
    check_fault(&shared, FIN | RSV1 | TEXT, "\x00\x05\x00\xfa\x00", 5, broken);
    check_fault(&shared, FIN | RSV1 | TEXT, "\xf2\x48\xcd\xc9", 4, broken); /* cut within a block */
    check_fault(NULL, FIN | RSV1 | TEXT, "\xf2\x48\xcd\xc9\xc9\x07\x00", 7,
                "close:1002 RSV1 without an extension;fin;");
    check_fault(&dedicated, FIN | RSV1 | PING, "", 0, "close:1002 malformed frame header;fin;");
    check_fault(&dedicated, FIN | RSV1 | CONT, "", 0,
                "close:1002 continuation without a message;fin;");
}

static void W3_RSV1_belongs_on_the_first_frame_alone(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, &dedicated, false);
    put(&w, RSV1 | TEXT, "\xf2\x48\xcd", 3);
    put(&w, FIN | RSV1 | CONT, "\xc9\xc9\x07\x00", 4);
    feed(&w, false);
    assert_string_equal(test_session_sent(&w.t), "close:1002 RSV1 on a continuation;fin;");
    close_world(&w);
}

static void W2_W3_compressed_text_is_checked(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, &dedicated, false);
    put_deflated(&w, TEXT, "bad \xff", 5);
    feed(&w, false);
    assert_string_equal(test_session_sent(&w.t), "close:1007 text is not UTF-8;fin;");
    close_world(&w);
}

static void W3_memory_for_messages_in_pieces_is_bounded(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, &shared, false);
    w.t.limits.deflate_bytes_max = 10000; /* less than one decompressor */
    put(&w, RSV1 | TEXT, "\xf2\x48\xcd", 3);
    feed(&w, false);
    assert_string_equal(test_session_sent(&w.t),
                        "close:1013 no memory is left for decompression;fin;");
    close_world(&w);
}

static void W3_after_our_close_compressed_messages_are_dropped(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, &dedicated, false);
    put(&w, RSV1 | TEXT, "\xf2\x48\xcd", 3);
    feed(&w, false);
    assert_int_equal(tri_session_close(w.t.session, 1000, TRI_SLICE("")), TRI_OK);
    put(&w, FIN | CONT, "\xc9\xc9\x07\x00", 4);
    put(&w, FIN | RSV1 | TEXT, "\xff\xff", 2);
    put(&w, FIN | CLOSE, "\x03\xe8", 2);
    feed(&w, false);
    assert_string_equal(test_session_told(&w.t), "");
    assert_string_equal(test_session_sent(&w.t), "close:1000;fin;");
    close_world(&w);
}

#define CASE(f) cmocka_unit_test(f)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(W5_a_message_that_comes_whole_is_one_piece_first_and_last),
        CASE(N6_a_limit_below_what_a_message_has_by_now_ends_it),
        CASE(N6_a_higher_limit_counts_from_the_next_message_on),
        CASE(W5_fragments_are_told_as_they_come_with_their_marks),
        CASE(W5_a_frame_that_comes_byte_by_byte_is_as_many_pieces),
        CASE(W5_pieces_have_no_limit_on_bytes_or_frames),
        CASE(W2_text_in_pieces_fails_at_the_first_bad_byte),
        CASE(W2_text_in_pieces_may_not_end_within_a_character),
        CASE(W5_the_owner_may_pause_after_each_piece),
        CASE(W3_the_rfc_s_examples_are_read),
        CASE(W3_context_is_kept_where_it_was_agreed),
        CASE(W3_messages_of_every_size_pass_compressed),
        CASE(W3_a_bomb_ends_at_the_message_limit),
        CASE(W3_a_large_message_takes_several_turns),
        CASE(W3_input_that_yields_nothing_takes_several_turns_too),
        CASE(W3_the_peer_s_end_waits_for_what_takes_several_turns),
        CASE(W3_pieces_of_a_compressed_message_add_up),
        CASE(W3_the_owner_may_pause_within_a_bomb_and_goes_on_where_it_was),
        CASE(W3_faults_have_their_close_codes),
        CASE(W3_RSV1_belongs_on_the_first_frame_alone),
        CASE(W2_W3_compressed_text_is_checked),
        CASE(W3_memory_for_messages_in_pieces_is_bounded),
        CASE(W3_after_our_close_compressed_messages_are_dropped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
