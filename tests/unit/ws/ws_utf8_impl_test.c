/*
 * ws_utf8_impl: each way that this machine can run (ws_utf8_x86.c, ws_utf8_neon.c,
 * ws_utf8_portable.c) against the scalar machine, which ws_utf8_test.c holds against all code
 * points: the same verdict of every call, and the same state behind it. RFC 3629
 */
#include "ws_utf8_impl.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#define LEN_MAX 300u
#define ALIGNMENTS 64u
#define BLOCK 64u /* bytes that the vectors look at together */

/* The same numbers with every run. */
static uint32_t next_random(uint64_t *seed)
{
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*seed >> 32);
}

/* One text fed in one of the ways and in the scalar way, side by side. */
struct pair {
    const struct tri_utf8_impl *impl;
    struct tri_utf8 u, twin;
};

static struct pair begin_pair(const struct tri_utf8_impl *impl)
{
    struct pair p = {.impl = impl};
    tri_utf8_init(&p.u);
    tri_utf8_init(&p.twin);
    return p;
}

/* Feeds the next piece to both. Returns their verdict. */
static bool feed_pair(struct pair *p, const uint8_t *data, size_t len)
{
    const bool fine = tri_utf8_feed_scalar(&p->twin, data, len);
    assert_int_equal(tri_utf8_feed_with(p->impl->pass, &p->u, data, len), fine);
    if (fine) {
        assert_memory_equal(&p->u, &p->twin, sizeof p->u);
    }
    return fine;
}

static bool feed_at_once(const struct tri_utf8_impl *impl, const uint8_t *data, size_t len)
{
    struct pair p = begin_pair(impl);
    return feed_pair(&p, data, len);
}

typedef void check_fn(const struct tri_utf8_impl *impl);

static void check_each_way(check_fn *check)
{
    for (size_t i = 0; i < tri_utf8_impls_len; i++) {
        if (tri_utf8_impls[i].can_run()) {
            check(&tri_utf8_impls[i]);
        }
    }
}

/* Appends a random code point of |width| bytes. RFC 3629 section 3 */
static size_t put_code_point(uint8_t *out, size_t width, uint64_t *seed)
{
    static const uint32_t first[] = {0, 0, 0x80, 0x800, 0x10000, 0x110000};
    static const uint8_t lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
    uint32_t cp = first[width] + next_random(seed) % (first[width + 1] - first[width]);
    if (width == 1) {
        out[0] = (uint8_t)(cp & 0x7f);
        return 1;
    }
    if (cp >= 0xd800 && cp <= 0xdfff) {
        cp -= 0x800;
    }
    for (size_t i = width - 1; i > 0; i--) {
        out[i] = (uint8_t)(0x80 | (cp & 0x3f));
        cp >>= 6;
    }
    out[0] = (uint8_t)(lead[width] | cp);
    return width;
}

/* Fills |len| bytes with text of code points of |width| bytes, or of any width if 0. */
static void fill_text(uint8_t *data, size_t len, size_t width, uint64_t *seed)
{
    size_t i = 0;
    while (i < len) {
        size_t w = width > 0 ? width : 1 + next_random(seed) % 4;
        if (w > len - i) {
            w = 1;
        }
        i += put_code_point(data + i, w, seed);
    }
}

/* A byte that often is at a limit of what is allowed. */
static uint8_t pick_byte(uint64_t *seed)
{
    static const uint8_t bytes[] = {0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0,
                                    0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xed,
                                    0xee, 0xef, 0xf0, 0xf1, 0xf4, 0xf5, 0xf8, 0xff};
    const uint32_t random = next_random(seed);
    return random % 4 == 0 ? (uint8_t)(random >> 8) : bytes[(random >> 8) % sizeof bytes];
}

static void check_valid_text(const struct tri_utf8_impl *impl)
{
    uint8_t text[ALIGNMENTS + LEN_MAX];
    uint64_t seed = 1;
    for (size_t width = 0; width <= 4; width++) {
        for (size_t len = 0; len <= LEN_MAX; len++) {
            for (size_t at = 0; at < ALIGNMENTS; at += 7) {
                fill_text(text + at, len, width, &seed);
                assert_true(feed_at_once(impl, text + at, len));
                /* what is not complete yet */
                assert_true(feed_at_once(impl, text + at, len - len / 3));
            }
        }
    }
}

static void W2_each_way_agrees_on_valid_text_of_every_length_and_alignment(void **state)
{
    (void)state;
    check_each_way(check_valid_text);
}

static void check_random_bytes(const struct tri_utf8_impl *impl)
{
    uint8_t text[LEN_MAX + 8];
    uint64_t seed = 2;
    for (size_t len = 0; len <= LEN_MAX; len++) {
        for (size_t round = 0; round < 100; round++) {
            fill_text(text, len, round % 5, &seed);
            for (size_t i = 0; i < round % 8; i++) {
                text[len + i] = pick_byte(&seed);
            }
            feed_at_once(impl, text, len + round % 8);
            text[len / 2] = pick_byte(&seed);
            text[len / 2 + 1] = pick_byte(&seed);
            feed_at_once(impl, text, len);
        }
    }
}

static void W2_each_way_agrees_on_random_bytes(void **state)
{
    (void)state;
    check_each_way(check_random_bytes);
}

static void check_flipped(const struct tri_utf8_impl *impl)
{
    uint8_t text[200];
    uint64_t seed = 3;
    for (size_t width = 0; width <= 4; width++) {
        fill_text(text, sizeof text, width, &seed);
        for (size_t at = 0; at < sizeof text; at++) {
            for (unsigned bit = 0; bit < 8; bit++) {
                text[at] ^= (uint8_t)(1u << bit);
                feed_at_once(impl, text, sizeof text);
                feed_at_once(impl, text, at + 1);
                text[at] ^= (uint8_t)(1u << bit);
            }
        }
    }
}

static void W2_each_way_agrees_when_a_bit_is_flipped_anywhere(void **state)
{
    (void)state;
    check_each_way(check_flipped);
}

/* All pairs of bytes and some third and fourth ones, over the border between two blocks. */
static void check_borders(const struct tri_utf8_impl *impl)
{
    static const uint8_t others[] = {0x41, 0x80, 0xbf, 0xc2};
    uint8_t text[BLOCK + 16];
    uint64_t seed = 4;
    for (uint32_t pair = 0; pair < 0x10000; pair++) {
        for (unsigned rest = 0; rest < 16; rest += 1 + (pair < 0xc000) * 4) {
            const size_t at = BLOCK - 5 + next_random(&seed) % 7;
            memset(text, 'a', sizeof text);
            text[at - 1] = next_random(&seed) % 2 ? 'b' : 0xbf; /* behind 0xc3 */
            text[at - 2] = text[at - 1] == 'b' ? 'b' : 0xc3;
            text[at] = (uint8_t)(pair >> 8);
            text[at + 1] = (uint8_t)pair;
            text[at + 2] = others[rest / 4];
            text[at + 3] = others[rest % 4];
            feed_at_once(impl, text, sizeof text);
            feed_at_once(impl, text, at + 1 + rest % 4);
        }
    }
}

static void W2_each_way_agrees_on_sequences_over_the_border_of_two_blocks(void **state)
{
    (void)state;
    check_each_way(check_borders);
}

/* Texts in two pieces, split everywhere, and in three. */
static void check_splits(const struct tri_utf8_impl *impl)
{
    uint8_t text[230];
    uint64_t seed = 5;
    for (size_t round = 0; round < 50; round++) {
        fill_text(text, sizeof text, round % 5, &seed);
        if (round >= 25) {
            text[next_random(&seed) % sizeof text] = pick_byte(&seed);
        }
        for (size_t a = 0; a <= sizeof text; a++) {
            struct pair p = begin_pair(impl);
            const size_t b = a + next_random(&seed) % (sizeof text - a + 1);
            if (feed_pair(&p, text, a) && feed_pair(&p, text + a, b - a)) {
                feed_pair(&p, text + b, sizeof text - b);
            }
        }
    }
}

static void W2_each_way_agrees_on_every_piece_of_a_split_text(void **state)
{
    (void)state;
    check_each_way(check_splits);
}

/* Memory of the very length, so that the sanitizer sees a byte read too many. */
static void check_exact_memory(const struct tri_utf8_impl *impl)
{
    uint64_t seed = 6;
    for (size_t len = 1; len <= LEN_MAX; len++) {
        uint8_t *text = malloc(len);
        assert_non_null(text);
        fill_text(text, len, len % 5, &seed);
        assert_true(feed_at_once(impl, text, len));
        free(text);
    }
}

static void W2_each_way_reads_nothing_beyond_the_end(void **state)
{
    (void)state;
    check_each_way(check_exact_memory);
}

/* What was passed is valid and whole; and of a valid text, all but less than a block is passed. */
static void check_passed(const struct tri_utf8_impl *impl)
{
    static uint8_t text[100000];
    uint64_t seed = 7;
    const bool has_vectors = impl->pass != tri_utf8_pass_none;
    for (size_t width = 0; width <= 4; width++) {
        fill_text(text, sizeof text, width, &seed);
        assert_true(!has_vectors || impl->pass(text, sizeof text) > sizeof text - BLOCK);
        assert_true(feed_at_once(impl, text, sizeof text));
        for (size_t round = 0; round < 20; round++) {
            const size_t at = next_random(&seed) % sizeof text;
            const uint8_t was = text[at];
            text[at] = 0xff;
            const size_t passed = impl->pass(text, sizeof text);
            assert_true(passed <= at && (!has_vectors || passed + BLOCK + 3 > at));
            assert_true(tri_utf8_is_valid(text, passed));
            assert_false(feed_at_once(impl, text, sizeof text));
            text[at] = was;
        }
    }
}

static void W2_each_way_passes_valid_text_up_to_the_block_of_the_bad_byte(void **state)
{
    (void)state;
    check_each_way(check_passed);
}

static void W2_the_best_way_is_the_first_that_can_run(void **state)
{
    (void)state;
    size_t i = 0;
    while (!tri_utf8_impls[i].can_run()) {
        i++;
    }
    assert_string_equal(tri_utf8_impl_name(), tri_utf8_impls[i].name);
    const struct tri_utf8_impl *last = &tri_utf8_impls[tri_utf8_impls_len - 1];
    assert_true(last->can_run());
    assert_true(last->pass == tri_utf8_pass_none);
}

static void W2_the_border_is_where_an_open_sequence_begins(void **state)
{
    (void)state;
    static const uint8_t text[] = "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80";
    static const size_t borders[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10};
    for (size_t end = 0; end < sizeof text; end++) {
        assert_int_equal(tri_utf8_border(text, end), borders[end]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(W2_each_way_agrees_on_valid_text_of_every_length_and_alignment),
        cmocka_unit_test(W2_each_way_agrees_on_random_bytes),
        cmocka_unit_test(W2_each_way_agrees_when_a_bit_is_flipped_anywhere),
        cmocka_unit_test(W2_each_way_agrees_on_sequences_over_the_border_of_two_blocks),
        cmocka_unit_test(W2_each_way_agrees_on_every_piece_of_a_split_text),
        cmocka_unit_test(W2_each_way_reads_nothing_beyond_the_end),
        cmocka_unit_test(W2_each_way_passes_valid_text_up_to_the_block_of_the_bad_byte),
        cmocka_unit_test(W2_the_best_way_is_the_first_that_can_run),
        cmocka_unit_test(W2_the_border_is_where_an_open_sequence_begins),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
