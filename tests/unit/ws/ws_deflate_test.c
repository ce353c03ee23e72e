/* ws_deflate: messages compressed and decompressed, alone and with context, within a budget. */
#include "ws_deflate.h"
#include "test_alloc.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#define MESSAGE_MAX ((size_t)(1 << 20))
#define WORK_MAX ((size_t)(16 << 20)) /* what a test decompresses at most */

static struct test_alloc heap;
static struct tri_limits limits;
static struct tri_deflate_worker worker;
static struct tri_buf wire;  /* compressed */
static struct tri_buf plain; /* decompressed again */

static int set_up(void **state)
{
    (void)state;
    test_alloc_init(&heap);
    tri_limits_default(&limits);
    tri_deflate_worker_init(&worker, &heap.alloc, &limits);
    tri_buf_init(&wire, tri_alloc_heap(), WORK_MAX);
    tri_buf_init(&plain, tri_alloc_heap(), WORK_MAX);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    tri_deflate_worker_deinit(&worker); /* asserts that nothing is held */
    tri_buf_deinit(&wire);
    tri_buf_deinit(&plain);
    return heap.live == 0 ? 0 : -1;
}

static struct tri_deflate_params params_of(bool with_context, unsigned bits)
{
    return (struct tri_deflate_params){
        .mode = with_context ? TRI_DEFLATE_DEDICATED : TRI_DEFLATE_SHARED,
        .server_no_context_takeover = !with_context,
        .client_no_context_takeover = !with_context,
        .server_max_window_bits = (uint8_t)bits,
        .client_max_window_bits = (uint8_t)bits,
    };
}

static struct tri_deflate_socket *new_socket(bool with_context, unsigned bits, bool is_server)
{
    const struct tri_deflate_params params = params_of(with_context, bits);
    struct tri_deflate_socket *s = tri_deflate_socket_new(&worker, &params, is_server);
    assert_non_null(s);
    return s;
}

/* Compresses |data| as one message into |wire|. */
static void compress(struct tri_deflate_socket *s, struct tri_slice data)
{
    tri_buf_clear(&wire);
    assert_int_equal(tri_deflate_socket_compress(s, data, true, &wire), TRI_OK);
}

/* Gives |in| to |s|, |out_max| bytes out at a time, and appends what comes to |plain|. */
static enum tri_err inflate_piece(struct tri_deflate_socket *s, struct tri_slice in, size_t out_max)
{
    size_t len;
    do {
        enum tri_err err;
        uint8_t *room = tri_buf_reserve(&plain, out_max, &err);
        assert_non_null(room);
        const size_t before = in.len;
        err = tri_deflate_socket_inflate(s, &in, room, out_max, &len);
        if (err != TRI_OK) {
            return err;
        }
        assert_true(len <= out_max && in.len <= before);
        tri_buf_commit(&plain, len);
    } while (in.len > 0 || len == out_max);
    return TRI_OK;
}

static enum tri_err inflate_ending(struct tri_deflate_socket *s, size_t out_max)
{
    bool done = false;
    while (!done) {
        enum tri_err err;
        size_t len;
        uint8_t *room = tri_buf_reserve(&plain, out_max, &err);
        assert_non_null(room);
        err = tri_deflate_socket_end(s, room, out_max, &len, &done);
        if (err != TRI_OK) {
            return err;
        }
        assert_true(done || len == out_max);
        tri_buf_commit(&plain, len);
    }
    return TRI_OK;
}

/* The whole message |in|, in pieces of |in_max|, into |plain|. */
static enum tri_err inflate(struct tri_deflate_socket *s, struct tri_slice in, size_t in_max,
                            size_t out_max)
{
    tri_buf_clear(&plain);
    enum tri_err err = tri_deflate_socket_begin(s);
    if (err != TRI_OK) {
        return err;
    }
    while (err == TRI_OK && in.len > 0) {
        const size_t now = in.len < in_max ? in.len : in_max;
        err = inflate_piece(s, tri_slice_of(in.data, now), out_max);
        in = tri_slice_of(in.data + now, in.len - now);
    }
    if (err == TRI_OK) {
        err = inflate_ending(s, out_max);
    }
    if (err != TRI_OK) {
        tri_deflate_socket_end_early(s);
    }
    return err;
}

static void assert_slice(struct tri_slice got, struct tri_slice want)
{
    assert_int_equal(got.len, want.len);
    if (want.len > 0) {
        assert_memory_equal(got.data, want.data, want.len);
    }
}

static void assert_inflates(struct tri_deflate_socket *s, struct tri_slice in,
                            struct tri_slice want)
{
    assert_int_equal(inflate(s, in, SIZE_MAX, 4096), TRI_OK);
    assert_slice(tri_buf_peek(&plain), want);
}

/* Text of a kind: words that come again, at distances small and large. */
static void fill_text(uint8_t *out, size_t len, uint32_t seed)
{
    static const char words[] = "{\"price\":\"volume\",[\"bid\",\"ask\"]:0123456789.42 the quick";
    size_t at = 0;
    while (at < len) {
        seed = seed * 1664525u + 1013904223u;
        const size_t from = (seed >> 8) % (sizeof words - 9);
        for (size_t i = 0; i <= (seed >> 24) % 8 && at < len; i++) {
            out[at++] = (uint8_t)words[from + i];
        }
    }
}

/* --- RFC 7692 section 7.2.3 */

static const struct tri_slice hello = {.data = (const uint8_t *)"Hello", .len = 5};
#define HELLO_FIRST TRI_SLICE("\xf2\x48\xcd\xc9\xc9\x07\x00")
#define HELLO_AGAIN TRI_SLICE("\xf2\x00\x11\x00\x00")

static void the_examples_of_the_rfc_are_what_we_send(void **state)
{
    (void)state;
    struct tri_deflate_socket *s = new_socket(true, 15, true);
    compress(s, hello);
    assert_slice(tri_buf_peek(&wire), HELLO_FIRST);
    compress(s, hello);
    assert_slice(tri_buf_peek(&wire), HELLO_AGAIN);
    compress(s, tri_slice_of(NULL, 0));
    assert_slice(tri_buf_peek(&wire), TRI_SLICE("\x00"));
    compress(s, hello); /* the empty message changed nothing */
    assert_true(tri_buf_peek(&wire).len <= HELLO_AGAIN.len);
    tri_deflate_socket_free(s);
}

static void without_context_each_message_is_compressed_by_itself(void **state)
{
    (void)state;
    struct tri_deflate_socket *a = new_socket(false, 15, true);
    struct tri_deflate_socket *b = new_socket(false, 15, true);
    for (int i = 0; i < 3; i++) {
        compress(a, hello);
        assert_slice(tri_buf_peek(&wire), HELLO_FIRST);
        compress(b, hello);
        assert_slice(tri_buf_peek(&wire), HELLO_FIRST);
    }
    compress(a, tri_slice_of(NULL, 0));
    assert_slice(tri_buf_peek(&wire), TRI_SLICE("\x00"));
    tri_deflate_socket_free(a);
    tri_deflate_socket_free(b);
}

static void the_examples_of_the_rfc_are_understood(void **state)
{
    (void)state;
    struct tri_deflate_socket *s = new_socket(true, 15, true);
    assert_inflates(s, HELLO_FIRST, hello);
    assert_inflates(s, HELLO_AGAIN, hello);
    assert_inflates(s, TRI_SLICE("\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00"), hello);
    assert_inflates(s, TRI_SLICE("\xf3\x48\xcd\xc9\xc9\x07\x00\x00"), hello);
    assert_inflates(s, TRI_SLICE("\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00"), hello);
    assert_inflates(s, TRI_SLICE("\x00"), TRI_SLICE(""));
    assert_inflates(s, TRI_SLICE("\x02\x00"), TRI_SLICE(""));
    tri_deflate_socket_free(s);
}

static void without_context_a_message_cannot_refer_to_the_one_before(void **state)
{
    (void)state;
    struct tri_deflate_socket *s = new_socket(false, 15, true);
    assert_inflates(s, HELLO_FIRST, hello);
    assert_int_equal(inflate(s, HELLO_AGAIN, SIZE_MAX, 4096), TRI_ERR_PROTOCOL);
    tri_deflate_socket_free(s);
}

/* --- BFINAL, RFC 7692 section 7.2.3.4 */

static void a_final_block_ends_neither_the_message_nor_the_context(void **state)
{
    (void)state;
    struct tri_deflate_socket *s = new_socket(true, 15, true);
    const struct tri_slice message = TRI_SLICE("\xf3\x48\xcd\xc9\xc9\x07\x00" /* Hello, final */
                                               "\xf3\x00\x11\x00"             /* again, final */
                                               "\x01\x00\x00\xff\xff"         /* empty, final */
                                               "\x03\x00\x03\x00"             /* the same, twice */
                                               "\xf2\x00\x11\x00\x00");       /* again */
    for (size_t in_max = 1; in_max <= message.len; in_max++) {
        for (size_t out_max = 1; out_max < 17; out_max++) {
            assert_int_equal(inflate(s, message, in_max, out_max), TRI_OK);
            assert_slice(tri_buf_peek(&plain), TRI_SLICE("HelloHelloHello"));
        }
    }
    assert_inflates(s, HELLO_AGAIN, hello);
    assert_inflates(s, TRI_SLICE("\x01"), TRI_SLICE("")); /* ends with the bytes left off */
    tri_deflate_socket_free(s);
}

static void final_blocks_without_data_come_to_an_end(void **state)
{
    (void)state;
    static uint8_t blocks[4001];
    for (size_t i = 0; i + 1 < sizeof blocks; i += 2) {
        memcpy(blocks + i, "\x03\x00", 2);
    }
    struct tri_deflate_socket *s = new_socket(false, 15, true);
    assert_int_equal(inflate(s, tri_slice_of(blocks, sizeof blocks), SIZE_MAX, 100),
                     TRI_ERR_PROTOCOL);
    tri_deflate_socket_free(s);
    s = new_socket(true, 15, true);
    blocks[120] = 0; /* 60 of them, in every message */
    for (int i = 0; i < 100; i++) {
        assert_inflates(s, tri_slice_of(blocks, 121), TRI_SLICE(""));
    }
    assert_int_equal(worker.borrowed_bytes, 0);
    tri_deflate_socket_free(s);
}

static void empty_blocks_that_are_not_final_are_harmless(void **state)
{
    (void)state;
    static uint8_t blocks[50001];
    for (size_t i = 0; i + 5 <= sizeof blocks; i += 5) {
        blocks[i + 3] = blocks[i + 4] = 0xff; /* 00 00 00 ff ff */
    }
    struct tri_deflate_socket *s = new_socket(false, 15, true);
    assert_inflates(s, tri_slice_of(blocks, sizeof blocks), TRI_SLICE(""));
    tri_deflate_socket_free(s);
}

/* --- round trips */

static void round_trip(bool with_context, unsigned bits)
{
    static const size_t lens[] = {1, 63, 4096, 33000, 0, 100000, 5};
    static uint8_t text[100000];
    struct tri_deflate_socket *server = new_socket(with_context, bits, true);
    struct tri_deflate_socket *client = new_socket(with_context, bits, false);
    for (uint32_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
        const struct tri_slice message = tri_slice_of(text, lens[i]);
        fill_text(text, lens[i], i / 2);
        compress(i % 2 == 0 ? server : client, message);
        assert_int_equal(
            inflate(i % 2 == 0 ? client : server, tri_buf_peek(&wire), 1 + i * 700, 1000 + i),
            TRI_OK);
        assert_slice(tri_buf_peek(&plain), message);
    }
    tri_deflate_socket_free(server);
    tri_deflate_socket_free(client);
}

static void every_window_carries_whole_messages_both_ways(void **state)
{
    (void)state;
    for (unsigned bits = TRI_DEFLATE_BITS_MIN; bits <= TRI_DEFLATE_BITS_MAX; bits++) {
        round_trip(false, bits);
        round_trip(true, bits);
    }
}

static void every_level_carries_messages(void **state)
{
    (void)state;
    for (unsigned level = 1; level <= 9; level++) {
        set_up(NULL);
        limits.deflate_level = (uint8_t)level;
        round_trip(true, 12);
        assert_int_equal(tear_down(NULL), 0);
    }
    set_up(NULL);
}

/* Each piece can be read before the next one is made. */
static void pieces_can_be_read_as_they_come(void **state)
{
    (void)state;
    static uint8_t text[30000];
    for (unsigned bits = TRI_DEFLATE_BITS_MIN; bits <= TRI_DEFLATE_BITS_MAX; bits++) {
        struct tri_deflate_socket *server = new_socket(true, bits, true);
        struct tri_deflate_socket *client = new_socket(true, bits, false);
        for (uint32_t message = 0; message < 3; message++) {
            assert_int_equal(tri_deflate_socket_begin(client), TRI_OK);
            for (uint32_t i = 0; i < 5; i++) {
                const struct tri_slice piece = tri_slice_of(text, (size_t)i * 7000 % 30000);
                fill_text(text, piece.len, i);
                tri_buf_clear(&wire);
                tri_buf_clear(&plain);
                assert_int_equal(
                    tri_deflate_socket_compress(server, piece, i == 4 && message == 1, &wire),
                    TRI_OK);
                assert_int_equal(inflate_piece(client, tri_buf_peek(&wire), 999), TRI_OK);
                assert_slice(tri_buf_peek(&plain), piece);
            }
            tri_buf_clear(&wire);
            if (message != 1) {
                assert_int_equal(tri_deflate_socket_compress(server, TRI_SLICE(""), true, &wire),
                                 TRI_OK);
                assert_slice(tri_buf_peek(&wire), TRI_SLICE("\x00"));
            }
            assert_int_equal(inflate_piece(client, tri_buf_peek(&wire), 999), TRI_OK);
            assert_int_equal(inflate_ending(client, 999), TRI_OK);
        }
        tri_deflate_socket_free(server);
        tri_deflate_socket_free(client);
    }
}

static void random_bytes_of_every_small_length_survive_small_outputs(void **state)
{
    (void)state;
    uint8_t bytes[300];
    uint32_t seed = 5;
    struct tri_deflate_socket *server = new_socket(true, 9, true);
    struct tri_deflate_socket *client = new_socket(true, 9, false);
    for (size_t len = 0; len <= sizeof bytes; len++) {
        for (size_t i = 0; i < len; i++) {
            seed = seed * 1664525u + 1013904223u;
            bytes[i] = (uint8_t)(seed >> 24);
        }
        compress(server, tri_slice_of(bytes, len));
        /* also |len| itself: what follows an output that is exactly full? */
        const size_t out_max = len % 3 == 0 && len > 0 ? len : 1 + len % 7;
        assert_int_equal(inflate(client, tri_buf_peek(&wire), 1 + len % 11, out_max), TRI_OK);
        assert_slice(tri_buf_peek(&plain), tri_slice_of(bytes, len));
    }
    tri_deflate_socket_free(server);
    tri_deflate_socket_free(client);
}

static void one_direction_may_keep_its_context_alone(void **state)
{
    (void)state;
    struct tri_deflate_params params = params_of(true, 12);
    params.client_no_context_takeover = true;
    struct tri_deflate_socket *server = tri_deflate_socket_new(&worker, &params, true);
    struct tri_deflate_socket *client = tri_deflate_socket_new(&worker, &params, false);
    assert_true(tri_deflate_socket_remembers(server));
    assert_false(tri_deflate_socket_remembers(client));
    for (int i = 0; i < 2; i++) {
        compress(server, hello);
        assert_slice(tri_buf_peek(&wire), i == 0 ? HELLO_FIRST : HELLO_AGAIN);
        assert_inflates(client, tri_buf_peek(&wire), hello);
        compress(client, hello);
        assert_slice(tri_buf_peek(&wire), HELLO_FIRST);
        assert_inflates(server, tri_buf_peek(&wire), hello);
    }
    tri_deflate_socket_free(server);
    tri_deflate_socket_free(client);
}

static void the_two_directions_have_windows_of_their_own(void **state)
{
    (void)state;
    static uint8_t text[60000];
    fill_text(text, sizeof text, 3);
    struct tri_deflate_params params = params_of(true, 9);
    params.client_max_window_bits = 15;
    struct tri_deflate_socket *server = tri_deflate_socket_new(&worker, &params, true);
    struct tri_deflate_socket *client = tri_deflate_socket_new(&worker, &params, false);
    assert_int_equal(tri_deflate_socket_bits(server), 9);
    assert_int_equal(tri_deflate_socket_bits(client), 15);
    compress(server, tri_slice_of(text, sizeof text));
    const size_t small_window = tri_buf_peek(&wire).len;
    assert_inflates(client, tri_buf_peek(&wire), tri_slice_of(text, sizeof text));
    compress(client, tri_slice_of(text, sizeof text));
    assert_true(tri_buf_peek(&wire).len < small_window);
    assert_inflates(server, tri_buf_peek(&wire), tri_slice_of(text, sizeof text));
    /* 32 KiB back is too far for the client's 512 bytes */
    assert_int_equal(inflate(client, tri_buf_peek(&wire), SIZE_MAX, 4096), TRI_ERR_PROTOCOL);
    tri_deflate_socket_free(server);
    tri_deflate_socket_free(client);
}

/* --- forgetting */

static void after_forget_the_next_message_has_no_context(void **state)
{
    (void)state;
    struct tri_deflate_socket *server = new_socket(true, 12, true);
    struct tri_deflate_socket *client = new_socket(true, 12, false);
    tri_deflate_socket_forget(server); /* harmless before anything was sent */
    compress(server, hello);
    assert_inflates(client, tri_buf_peek(&wire), hello);
    tri_deflate_socket_forget(server);
    tri_deflate_socket_forget(server);
    assert_inflates(client, HELLO_FIRST, hello); /* the payload, from elsewhere */
    compress(server, hello);
    assert_slice(tri_buf_peek(&wire), HELLO_FIRST);
    assert_inflates(client, tri_buf_peek(&wire), hello);
    compress(server, hello);
    assert_slice(tri_buf_peek(&wire), HELLO_AGAIN);
    assert_inflates(client, tri_buf_peek(&wire), hello);
    tri_deflate_socket_free(server);
    tri_deflate_socket_free(client);
}

static void a_message_that_does_not_fit_is_forgotten(void **state)
{
    (void)state;
    static uint8_t text[20000];
    fill_text(text, sizeof text, 9);
    for (int with_context = 0; with_context < 2; with_context++) {
        struct tri_deflate_socket *server = new_socket(with_context, 12, true);
        struct tri_deflate_socket *client = new_socket(with_context, 12, false);
        compress(server, hello);
        assert_inflates(client, tri_buf_peek(&wire), hello);
        tri_buf_deinit(&wire);
        for (size_t max = 0; max < 300; max += 7) {
            tri_buf_init(&wire, tri_alloc_heap(), max);
            assert_int_equal(
                tri_deflate_socket_compress(server, tri_slice_of(text, sizeof text), true, &wire),
                TRI_ERR_LIMIT);
            tri_buf_deinit(&wire);
        }
        tri_buf_init(&wire, tri_alloc_heap(), WORK_MAX);
        compress(server, hello);
        assert_slice(tri_buf_peek(&wire), HELLO_FIRST);
        assert_inflates(client, tri_buf_peek(&wire), hello);
        tri_deflate_socket_free(server);
        tri_deflate_socket_free(client);
    }
}

static void the_limit_is_the_bytes_that_are_sent(void **state)
{
    (void)state;
    static uint8_t text[20000];
    fill_text(text, sizeof text, 9);
    struct tri_deflate_socket *s = new_socket(false, 12, true);
    compress(s, tri_slice_of(text, sizeof text));
    const size_t len = tri_buf_peek(&wire).len;
    tri_buf_deinit(&wire);
    tri_buf_init(&wire, tri_alloc_heap(), len);
    compress(s, tri_slice_of(text, sizeof text));
    assert_int_equal(tri_buf_peek(&wire).len, len);
    tri_buf_deinit(&wire);
    tri_buf_init(&wire, tri_alloc_heap(), len - 1);
    assert_int_equal(tri_deflate_socket_compress(s, tri_slice_of(text, sizeof text), true, &wire),
                     TRI_ERR_LIMIT);
    tri_deflate_socket_free(s);
}

/* --- hostile input */

static void a_bomb_comes_out_in_pieces_of_the_size_asked_for(void **state)
{
    (void)state;
    const size_t len = 10 * MESSAGE_MAX;
    uint8_t *zeros = calloc(1, len);
    assert_non_null(zeros);
    struct tri_deflate_socket *s = new_socket(false, 15, true);
    compress(s, tri_slice_of(zeros, len));
    struct tri_slice in = tri_buf_peek(&wire);
    assert_true(in.len < len / 200);
    assert_int_equal(tri_deflate_socket_begin(s), TRI_OK);
    const size_t held = worker.held_bytes;
    static uint8_t out[5000];
    size_t total = 0, got;
    do {
        assert_int_equal(tri_deflate_socket_inflate(s, &in, out, sizeof out, &got), TRI_OK);
        assert_true(got <= sizeof out);
        assert_memory_equal(out, zeros, got);
        total += got;
    } while (in.len > 0 || got == sizeof out);
    assert_true(worker.held_bytes <= held + ((size_t)1 << 15) + 64);
    bool done;
    assert_int_equal(tri_deflate_socket_end(s, out, sizeof out, &got, &done), TRI_OK);
    assert_true(done);
    assert_int_equal(total + got, len);
    tri_deflate_socket_free(s);
    free(zeros);
}

static void a_message_that_breaks_off_is_an_error_wherever_it_does(void **state)
{
    (void)state;
    static const struct tri_slice messages[] = {
        {.data = (const uint8_t *)"\xf2\x48\xcd\xc9\xc9\x07\x00", .len = 7},
        {.data = (const uint8_t *)"\x00\x05\x00\xfa\xffHello\x00", .len = 11},
        {.data = (const uint8_t *)"\xf3\x48\xcd\xc9\xc9\x07\x00\x00", .len = 8},
    };
    struct tri_deflate_socket *s = new_socket(false, 15, true);
    for (size_t m = 0; m < 3; m++) {
        for (size_t len = 0; len < messages[m].len; len++) {
            if (m == 1 && len == 1) {
                continue; /* an empty message, and right */
            }
            for (size_t out_max = 1; out_max < 8; out_max++) {
                const struct tri_slice cut = tri_slice_of(messages[m].data, len);
                assert_int_equal(inflate(s, cut, 2, out_max), TRI_ERR_PROTOCOL);
            }
        }
        assert_inflates(s, messages[m], hello); /* the decompressor is as new */
    }
    assert_int_equal(worker.borrowed_bytes, 0);
    tri_deflate_socket_free(s);
}

static void broken_bytes_are_an_error_or_other_data(void **state)
{
    (void)state;
    static uint8_t text[3000], bytes[3000];
    fill_text(text, sizeof text, 1);
    struct tri_deflate_socket *s = new_socket(false, 10, true);
    compress(s, tri_slice_of(text, sizeof text));
    const struct tri_slice good = tri_buf_peek(&wire);
    unsigned errors = 0;
    for (size_t at = 0; at < good.len; at++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            memcpy(bytes, good.data, good.len);
            bytes[at] ^= (uint8_t)(1u << bit);
            const enum tri_err err = inflate(s, tri_slice_of(bytes, good.len), 500, 400);
            assert_true(err == TRI_OK || err == TRI_ERR_PROTOCOL);
            errors += err != TRI_OK;
        }
        const enum tri_err err = inflate(s, tri_slice_of(good.data, at), 500, 400);
        assert_true(err == TRI_OK || err == TRI_ERR_PROTOCOL);
    }
    assert_true(errors > 100);
    assert_inflates(s, good, tri_slice_of(text, sizeof text));
    tri_deflate_socket_free(s);
}

/* --- memory */

static void a_socket_holds_nothing_before_its_first_message(void **state)
{
    (void)state;
    struct tri_deflate_socket *s = new_socket(true, 12, true);
    assert_int_equal(worker.held_bytes, 0);
    assert_true(worker.reserved_bytes > 0);
    assert_int_equal(heap.calls, 1);
    tri_deflate_socket_free(s);
    assert_int_equal(worker.reserved_bytes, 0);
}

static void the_gauge_is_what_the_heap_gave(void **state)
{
    (void)state;
    struct tri_deflate_socket *s = new_socket(true, 12, true);
    const size_t before = heap.bytes;
    compress(s, hello);
    assert_inflates(s, tri_buf_peek(&wire), hello);
    const size_t got = heap.bytes - before; /* malloc gives a little more than is asked for */
    assert_true(worker.held_bytes <= got && worker.held_bytes + 32 * heap.live >= got);
    assert_true(worker.held_bytes <= worker.reserved_bytes);
    tri_deflate_socket_free(s);
    assert_int_equal(worker.held_bytes, 0);
}

static void a_dedicated_socket_never_holds_more_than_it_reserved(void **state)
{
    (void)state;
    static uint8_t text[70000];
    fill_text(text, sizeof text, 8);
    for (unsigned bits = TRI_DEFLATE_BITS_MIN; bits <= TRI_DEFLATE_BITS_MAX; bits++) {
        struct tri_deflate_socket *s = new_socket(true, bits, true);
        compress(s, tri_slice_of(text, sizeof text));
        assert_inflates(s, tri_buf_peek(&wire), tri_slice_of(text, sizeof text));
        assert_true(worker.held_bytes <= worker.reserved_bytes);
        assert_true(worker.held_bytes > worker.reserved_bytes / 2);
        tri_deflate_socket_free(s);
    }
}

static void sockets_without_context_share_and_reserve_nothing(void **state)
{
    (void)state;
    struct tri_deflate_socket *sockets[20];
    for (size_t i = 0; i < 20; i++) {
        sockets[i] = new_socket(false, 12, true);
        compress(sockets[i], hello);
        assert_inflates(sockets[i], tri_buf_peek(&wire), hello);
    }
    assert_int_equal(worker.reserved_bytes, 0);
    assert_int_equal(worker.spare_len, 1);
    assert_true(worker.held_bytes < 100000);
    for (size_t i = 0; i < 20; i++) {
        tri_deflate_socket_free(sockets[i]);
    }
}

static void dedicated_without_any_context_is_shared(void **state)
{
    (void)state;
    struct tri_deflate_params params = params_of(true, 12);
    params.server_no_context_takeover = true;
    params.client_no_context_takeover = true;
    struct tri_deflate_socket *s = tri_deflate_socket_new(&worker, &params, true);
    assert_int_equal(tri_deflate_socket_params(s)->mode, TRI_DEFLATE_SHARED);
    assert_int_equal(tri_deflate_socket_params(s)->server_max_window_bits, 12);
    assert_int_equal(worker.reserved_bytes, 0);
    tri_deflate_socket_free(s);
}

static void the_budget_is_given_out_and_given_back(void **state)
{
    (void)state;
    struct tri_deflate_socket *sockets[100] = {NULL};
    size_t len = 0;
    limits.deflate_bytes_max = 1000000;
    while (tri_deflate_worker_has_room(&worker)) {
        struct tri_deflate_params params = params_of(true, limits.deflate_window_bits);
        params.client_max_window_bits = 15; /* the most that a peer may insist on */
        sockets[len++] = tri_deflate_socket_new(&worker, &params, true);
        assert_true(worker.reserved_bytes <= limits.deflate_bytes_max);
    }
    assert_in_range(len, 8, 20);
    tri_deflate_socket_free(sockets[--len]);
    assert_true(tri_deflate_worker_has_room(&worker));
    while (len > 0) {
        tri_deflate_socket_free(sockets[--len]);
    }
    limits.deflate_bytes_max = 0;
    assert_false(tri_deflate_worker_has_room(&worker));
}

static void N6_a_budget_below_what_is_given_out_gives_out_no_more(void **state)
{
    (void)state;
    struct tri_deflate_params params = params_of(true, limits.deflate_window_bits);
    struct tri_deflate_socket *kept = tri_deflate_socket_new(&worker, &params, true);
    assert_true(worker.reserved_bytes > 1);
    limits.deflate_bytes_max = 1;
    limits.deflate_level = 9;
    tri_deflate_worker_limits_changed(&worker);
    assert_false(tri_deflate_worker_has_room(&worker));
    params = params_of(false, limits.deflate_window_bits);
    struct tri_deflate_socket *shared = tri_deflate_socket_new(&worker, &params, true);
    assert_non_null(shared); /* it reserves nothing */
    tri_deflate_socket_free(shared);
    tri_deflate_socket_free(kept);
    assert_int_equal(worker.reserved_bytes, 0);
}

static void messages_in_pieces_are_limited_by_their_memory(void **state)
{
    (void)state;
    struct tri_deflate_socket *sockets[3];
    for (size_t i = 0; i < 3; i++) {
        sockets[i] = new_socket(false, 12, true);
    }
    limits.deflate_bytes_max = 100000;
    assert_int_equal(tri_deflate_socket_begin(sockets[0]), TRI_OK);
    assert_int_equal(tri_deflate_socket_begin(sockets[1]), TRI_OK);
    assert_int_equal(tri_deflate_socket_begin(sockets[2]), TRI_ERR_LIMIT);
    assert_true(worker.borrowed_bytes <= limits.deflate_bytes_max);
    tri_deflate_socket_end_early(sockets[2]); /* harmless */
    tri_deflate_socket_end_early(sockets[0]);
    assert_int_equal(tri_deflate_socket_begin(sockets[2]), TRI_OK);
    for (size_t i = 0; i < 3; i++) {
        tri_deflate_socket_free(sockets[i]); /* two of them in the middle of a message */
    }
    assert_int_equal(worker.borrowed_bytes, 0);
}

static void the_stock_of_decompressors_has_a_limit(void **state)
{
    (void)state;
    struct tri_deflate_socket *sockets[TRI_INFLATERS_SPARE_MAX + 5];
    const size_t len = sizeof sockets / sizeof sockets[0];
    for (size_t i = 0; i < len; i++) {
        sockets[i] = new_socket(false, 12, true);
        assert_int_equal(tri_deflate_socket_begin(sockets[i]), TRI_OK);
        assert_int_equal(inflate_piece(sockets[i], HELLO_FIRST, 100), TRI_OK);
    }
    for (size_t i = 0; i < len; i++) {
        assert_int_equal(inflate_ending(sockets[i], 100), TRI_OK);
        tri_deflate_socket_free(sockets[i]);
    }
    assert_int_equal(worker.spare_len, TRI_INFLATERS_SPARE_MAX);
    assert_true(worker.held_bytes <= TRI_INFLATERS_SPARE_MAX * (size_t)(44 * 1024));
}

/* One message there and one back; TRI_ERR_NOMEM if an allocation failed on the way. */
static enum tri_err exchange(struct tri_deflate_socket *server, struct tri_deflate_socket *client)
{
    static const struct tri_slice final = {
        .data = (const uint8_t *)"\xf3\x48\xcd\xc9\xc9\x07\x00\xf3\x48\xcd\xc9\xc9\x07\x00\x00",
        .len = 15,
    };
    tri_buf_clear(&wire);
    enum tri_err err = tri_deflate_socket_compress(server, hello, true, &wire);
    if (err == TRI_OK) {
        err = inflate(client, tri_buf_peek(&wire), 3, 2);
        assert_true(err != TRI_OK || tri_slice_equal(tri_buf_peek(&plain), hello));
    }
    if (err == TRI_OK) {
        err = inflate(server, final, 3, 2);
        assert_true(err != TRI_OK ||
                    tri_slice_equal(tri_buf_peek(&plain), TRI_SLICE("HelloHello")));
    }
    return err;
}

static void every_failed_allocation_leaves_all_in_order(void **state)
{
    (void)state;
    for (int with_context = 0; with_context < 2; with_context++) {
        bool has_failed = true;
        for (size_t fail_at = 1; has_failed; fail_at++) {
            set_up(NULL);
            const struct tri_deflate_params params = params_of(with_context, 12);
            heap.fail_at = fail_at;
            struct tri_deflate_socket *server = tri_deflate_socket_new(&worker, &params, true);
            struct tri_deflate_socket *client = tri_deflate_socket_new(&worker, &params, false);
            enum tri_err err = TRI_ERR_NOMEM;
            if (server && client) {
                err = exchange(server, client);
                assert_true(err == TRI_OK || err == TRI_ERR_NOMEM);
            }
            has_failed = test_alloc_has_failed(&heap);
            assert_int_equal(err, has_failed ? TRI_ERR_NOMEM : TRI_OK);
            tri_deflate_socket_free(server);
            tri_deflate_socket_free(client);
            assert_int_equal(tear_down(NULL), 0);
        }
    }
    set_up(NULL);
}

static void a_compressor_that_could_not_be_made_is_made_the_next_time(void **state)
{
    (void)state;
    for (int with_context = 0; with_context < 2; with_context++) {
        struct tri_deflate_socket *s = new_socket(with_context, 12, true);
        const size_t held = worker.held_bytes;
        for (size_t more = 1; more <= 6; more++) { /* our struct, and five pieces of zlib's */
            heap.fail_at = heap.calls + more;
            tri_buf_clear(&wire);
            assert_int_equal(tri_deflate_socket_compress(s, hello, true, &wire), TRI_ERR_NOMEM);
            assert_int_equal(worker.held_bytes, held);
        }
        heap.fail_at = 0;
        compress(s, hello);
        assert_slice(tri_buf_peek(&wire), HELLO_FIRST);
        tri_deflate_socket_free(s);
    }
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(the_examples_of_the_rfc_are_what_we_send),
        CASE(without_context_each_message_is_compressed_by_itself),
        CASE(the_examples_of_the_rfc_are_understood),
        CASE(without_context_a_message_cannot_refer_to_the_one_before),
        CASE(a_final_block_ends_neither_the_message_nor_the_context),
        CASE(final_blocks_without_data_come_to_an_end),
        CASE(empty_blocks_that_are_not_final_are_harmless),
        CASE(every_window_carries_whole_messages_both_ways),
        CASE(every_level_carries_messages),
        CASE(pieces_can_be_read_as_they_come),
        CASE(random_bytes_of_every_small_length_survive_small_outputs),
        CASE(one_direction_may_keep_its_context_alone),
        CASE(the_two_directions_have_windows_of_their_own),
        CASE(after_forget_the_next_message_has_no_context),
        CASE(a_message_that_does_not_fit_is_forgotten),
        CASE(the_limit_is_the_bytes_that_are_sent),
        CASE(a_bomb_comes_out_in_pieces_of_the_size_asked_for),
        CASE(a_message_that_breaks_off_is_an_error_wherever_it_does),
        CASE(broken_bytes_are_an_error_or_other_data),
        CASE(a_socket_holds_nothing_before_its_first_message),
        CASE(the_gauge_is_what_the_heap_gave),
        CASE(a_dedicated_socket_never_holds_more_than_it_reserved),
        CASE(sockets_without_context_share_and_reserve_nothing),
        CASE(dedicated_without_any_context_is_shared),
        CASE(N6_a_budget_below_what_is_given_out_gives_out_no_more),
        CASE(the_budget_is_given_out_and_given_back),
        CASE(messages_in_pieces_are_limited_by_their_memory),
        CASE(the_stock_of_decompressors_has_a_limit),
        CASE(every_failed_allocation_leaves_all_in_order),
        CASE(a_compressor_that_could_not_be_made_is_made_the_next_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
