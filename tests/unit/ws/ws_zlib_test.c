/* ws_zlib: one compressor, one decompressor, and what they cost. */
#include "ws_zlib.h"
#include "test_alloc.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

static struct test_alloc heap;
static struct tri_limits limits;
static struct tri_deflate_worker worker;
static struct tri_buf wire;

static int set_up(void **state)
{
    (void)state;
    test_alloc_init(&heap);
    tri_limits_default(&limits);
    tri_deflate_worker_init(&worker, &heap.alloc, &limits);
    tri_buf_init(&wire, tri_alloc_heap(), 1 << 20);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    tri_deflate_worker_deinit(&worker);
    tri_buf_deinit(&wire);
    return heap.live == 0 ? 0 : -1;
}

/* Bytes that do not compress, so that what comes out is as long as what goes in. */
static void fill_noise(uint8_t *out, size_t len)
{
    uint32_t seed = 77;
    for (size_t i = 0; i < len; i++) {
        seed = seed * 1664525u + 1013904223u;
        out[i] = (uint8_t)(seed >> 24);
    }
}

/* Gives |in| whole; all of what comes must fit |max|. */
static enum tri_err run(struct tri_inflater *i, struct tri_slice in, uint8_t *out, size_t max,
                        size_t *len)
{
    const enum tri_err err = tri_inflater_run(i, &in, out, max, len);
    assert_true(err != TRI_OK || (in.len == 0 && *len < max));
    return err;
}

static void the_cost_bounds_what_is_held(void **state)
{
    (void)state;
    static uint8_t noise[70000], out[70001];
    size_t len;
    fill_noise(noise, sizeof noise);
    for (unsigned bits = TRI_DEFLATE_BITS_MIN; bits <= TRI_DEFLATE_BITS_MAX; bits++) {
        struct tri_deflater *d = tri_deflater_new(&worker, bits);
        assert_true(worker.held_bytes <= tri_deflater_cost(bits));
        assert_true(worker.held_bytes + 4096 > tri_deflater_cost(bits));
        tri_buf_clear(&wire);
        assert_int_equal(tri_deflater_compress(d, tri_slice_of(noise, sizeof noise), false, &wire),
                         TRI_OK);
        assert_true(worker.held_bytes <= tri_deflater_cost(bits));
        tri_deflater_free(d);
        assert_int_equal(worker.held_bytes, 0);

        struct tri_inflater *i = tri_inflater_new(&worker, bits);
        assert_int_equal(run(i, tri_buf_peek(&wire), out, sizeof out, &len), TRI_OK);
        assert_int_equal(len, sizeof noise);
        assert_memory_equal(out, noise, len);
        assert_true(worker.held_bytes <= tri_inflater_cost(bits));
        assert_true(worker.held_bytes + 4096 > tri_inflater_cost(bits));
        tri_inflater_free(i);
    }
}

static void a_window_of_8_bits_can_be_read(void **state)
{
    (void)state;
    uint8_t out[16];
    size_t len;
    struct tri_inflater *i = tri_inflater_new(&worker, 8);
    assert_int_equal(run(i, TRI_SLICE("\xf2\x48\xcd\xc9\xc9\x07\x00"), out, sizeof out, &len),
                     TRI_OK);
    assert_memory_equal(out, "Hello", 5);
    tri_inflater_free(i);
    tri_inflater_free(NULL);
    tri_deflater_free(NULL);
}

/* Around the pieces in which it is made: a flush that just fits may come twice, but is right. */
static void output_of_every_length_ends_with_the_bytes_left_off(void **state)
{
    (void)state;
    static uint8_t noise[8400], out[8401];
    size_t len;
    fill_noise(noise, sizeof noise);
    struct tri_deflater *d = tri_deflater_new(&worker, 15);
    struct tri_inflater *i = tri_inflater_new(&worker, 15);
    for (size_t n = 4000; n<8400; n += n> 4120 && n < 8100 ? 997 : 1) {
        tri_buf_clear(&wire);
        assert_int_equal(tri_deflater_compress(d, tri_slice_of(noise, n), true, &wire), TRI_OK);
        tri_deflater_reset(d);
        assert_int_equal(run(i, tri_buf_peek(&wire), out, sizeof out, &len), TRI_OK);
        assert_false(tri_inflater_is_between_blocks(i));
        assert_int_equal(len, n);
        assert_memory_equal(out, noise, n);
        assert_int_equal(run(i, TRI_SLICE("\x00\x00\xff\xff"), out, sizeof out, &len), TRI_OK);
        assert_int_equal(len, 0);
        assert_true(tri_inflater_is_between_blocks(i));
    }
    tri_deflater_free(d);
    tri_inflater_free(i);
}

static void an_output_that_is_just_full_leaves_the_rest_to_the_next_call(void **state)
{
    (void)state;
    uint8_t out[8];
    size_t len;
    struct tri_inflater *i = tri_inflater_new(&worker, 15);
    struct tri_slice in = TRI_SLICE("\xf2\x48\xcd\xc9\xc9\x07\x00\x00\x00\xff\xff");
    assert_int_equal(tri_inflater_run(i, &in, out, 4, &len), TRI_OK);
    assert_int_equal(len, 4);
    assert_int_equal(tri_inflater_run(i, &in, out + 4, 1, &len), TRI_OK);
    assert_int_equal(len, 1);
    assert_memory_equal(out, "Hello", 5);
    while (in.len > 0) {
        assert_int_equal(tri_inflater_run(i, &in, out, 1, &len), TRI_OK);
        assert_int_equal(len, 0);
    }
    assert_true(tri_inflater_is_between_blocks(i));
    for (int again = 0; again < 3; again++) { /* nothing is there, and nothing changes */
        assert_int_equal(tri_inflater_run(i, &in, out, 1, &len), TRI_OK);
        assert_int_equal(len, 0);
        assert_true(tri_inflater_is_between_blocks(i));
    }
    tri_inflater_free(i);
}

/* Whatever was given so far, small outputs yield all of it, as a large one does. */
static void a_match_comes_out_whole_before_more_input_is_asked_for(void **state)
{
    (void)state;
    static const uint8_t zeros[3000] = {0};
    static uint8_t out[4000];
    size_t len, total = 0, large_total = 0;
    struct tri_deflater *d = tri_deflater_new(&worker, 15);
    struct tri_inflater *i = tri_inflater_new(&worker, 15);
    struct tri_inflater *large = tri_inflater_new(&worker, 15);
    assert_int_equal(tri_deflater_compress(d, tri_slice_of(zeros, sizeof zeros), false, &wire),
                     TRI_OK);
    const struct tri_slice all = tri_buf_peek(&wire);
    for (size_t at = 0; at < all.len; at++) {
        struct tri_slice in = tri_slice_of(all.data + at, 1);
        do {
            assert_int_equal(tri_inflater_run(i, &in, out, 1, &len), TRI_OK);
            total += len;
        } while (in.len > 0 || len == 1);
        assert_int_equal(run(large, tri_slice_of(all.data + at, 1), out, sizeof out, &len), TRI_OK);
        large_total += len;
        assert_int_equal(total, large_total);
    }
    assert_int_equal(total, sizeof zeros);
    assert_true(tri_inflater_is_between_blocks(i));
    tri_deflater_free(d);
    tri_inflater_free(i);
    tri_inflater_free(large);
}

/* The whole window comes through a final block: 32 KiB back is still there. */
static void a_final_block_keeps_all_of_the_window(void **state)
{
    (void)state;
    static uint8_t noise[32768], out[65536];
    static uint8_t first[40000], second[40000];
    size_t len;
    fill_noise(noise, sizeof noise);
    z_stream z = {.next_in = noise, .avail_in = sizeof noise};
    assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_out = first;
    z.avail_out = sizeof first;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    const size_t first_len = sizeof first - z.avail_out;
    assert_int_equal(deflateReset(&z), Z_OK);
    assert_int_equal(deflateSetDictionary(&z, noise, sizeof noise), Z_OK);
    z.next_in = noise + 1000;
    z.avail_in = 5000;
    z.next_out = second;
    z.avail_out = sizeof second;
    assert_int_equal(deflate(&z, Z_SYNC_FLUSH), Z_OK);
    const size_t second_len = sizeof second - z.avail_out;
    assert_true(second_len < 500);                  /* it does refer to the first */
    assert_int_equal(deflateEnd(&z), Z_DATA_ERROR); /* not finished, on purpose */

    struct tri_inflater *i = tri_inflater_new(&worker, 15);
    assert_int_equal(run(i, tri_slice_of(first, first_len), out, sizeof out, &len), TRI_OK);
    assert_int_equal(len, sizeof noise);
    assert_true(tri_inflater_is_between_blocks(i));
    assert_int_equal(run(i, tri_slice_of(second, second_len), out, sizeof out, &len), TRI_OK);
    assert_int_equal(len, 5000);
    assert_memory_equal(out, noise + 1000, 5000);
    assert_true(worker.held_bytes <= tri_inflater_cost(15)); /* the copy is gone */
    tri_inflater_free(i);
}

static void final_blocks_need_data_between_them(void **state)
{
    (void)state;
    uint8_t out[64];
    size_t len;
    struct tri_inflater *i = tri_inflater_new(&worker, 15);
    for (int message = 0; message < 3; message++) {
        tri_inflater_begin(i);
        for (unsigned n = 0; n < TRI_FINAL_BLOCKS_FREE; n++) {
            assert_int_equal(run(i, TRI_SLICE("\x03\x00"), out, sizeof out, &len), TRI_OK);
        }
        /* 33 bytes stored and final, as often as one likes: each pays for itself */
        for (unsigned n = 0; n < 1000; n++) {
            const struct tri_slice block = TRI_SLICE("\x01\x21\x00\xde\xff"
                                                     "a line of thirty and three bytes.");
            assert_int_equal(run(i, block, out, sizeof out, &len), TRI_OK);
            assert_int_equal(len, 33);
        }
    }
    for (unsigned n = 0; n < 1000; n++) { /* of an earlier message: these pay for nothing */
        const struct tri_slice block = TRI_SLICE("\x00\x06\x00\xf9\xff"
                                                 "a word");
        assert_int_equal(run(i, block, out, sizeof out, &len), TRI_OK);
    }
    enum tri_err err = TRI_OK;
    size_t empty = 0;
    tri_inflater_begin(i);
    while (err == TRI_OK) {
        err = run(i, TRI_SLICE("\x03\x00"), out, sizeof out, &len);
        empty++;
    }
    assert_int_equal(err, TRI_ERR_PROTOCOL);
    assert_in_range(empty, TRI_FINAL_BLOCKS_FREE, TRI_FINAL_BLOCKS_FREE + 10);
    tri_inflater_free(i);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(the_cost_bounds_what_is_held),
        CASE(a_window_of_8_bits_can_be_read),
        CASE(output_of_every_length_ends_with_the_bytes_left_off),
        CASE(an_output_that_is_just_full_leaves_the_rest_to_the_next_call),
        CASE(a_match_comes_out_whole_before_more_input_is_asked_for),
        CASE(a_final_block_keeps_all_of_the_window),
        CASE(final_blocks_need_data_between_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
