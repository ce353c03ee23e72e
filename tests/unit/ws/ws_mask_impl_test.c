/*
 * ws_mask_impl: each way to mask that this machine can run (ws_mask_x86.c, ws_mask_neon.c,
 * ws_mask_portable.c) against masking byte by byte. RFC 6455 section 5.3
 */
#include "ws_mask_impl.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#define LEN_MAX 300u
#define ALIGNMENTS 64u
#define GUARD 64u

static const uint8_t key[4] = {0x37, 0xfa, 0x21, 0x3d};

/* The same numbers with every run. */
static uint32_t next_random(uint64_t *seed)
{
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*seed >> 32);
}

static void fill_random(uint8_t *data, size_t len, uint64_t *seed)
{
    for (size_t i = 0; i < len; i++) {
        data[i] = (uint8_t)next_random(seed);
    }
}

static void mask_plainly(uint8_t *dst, const uint8_t *src, size_t len, const uint8_t mask[4],
                         uint64_t offset)
{
    for (size_t i = 0; i < len; i++) {
        dst[i] = src[i] ^ mask[(offset + i) % 4];
    }
}

/* Masks |len| bytes from |src| to |at| bytes behind a multiple of 64; nothing around may change. */
static void check_apart(const struct tri_mask_impl *impl, const uint8_t *src, size_t len,
                        const uint8_t mask[4], uint64_t offset, size_t at)
{
    _Alignas(ALIGNMENTS) uint8_t dst[GUARD + ALIGNMENTS + LEN_MAX + GUARD];
    uint8_t want[sizeof dst];
    memset(dst, 0xee, sizeof dst);
    memset(want, 0xee, sizeof want);
    mask_plainly(want + GUARD + at, src, len, mask, offset);
    impl->apply(dst + GUARD + at, src, len, mask, offset);
    assert_memory_equal(dst, want, sizeof dst);
}

static void check_in_place(const struct tri_mask_impl *impl, const uint8_t *src, size_t len,
                           const uint8_t mask[4], uint64_t offset, size_t at)
{
    _Alignas(ALIGNMENTS) uint8_t both[GUARD + ALIGNMENTS + LEN_MAX + GUARD];
    uint8_t want[sizeof both];
    memset(both, 0xee, sizeof both);
    memcpy(both + GUARD + at, src, len);
    memcpy(want, both, sizeof want);
    mask_plainly(want + GUARD + at, src, len, mask, offset);
    impl->apply(both + GUARD + at, both + GUARD + at, len, mask, offset);
    assert_memory_equal(both, want, sizeof both);
}

static void check_every_length(const struct tri_mask_impl *impl)
{
    uint64_t seed = 1;
    _Alignas(ALIGNMENTS) uint8_t src[ALIGNMENTS + LEN_MAX];
    uint8_t mask[4];
    fill_random(src, sizeof src, &seed);
    for (size_t len = 0; len <= LEN_MAX; len++) {
        for (size_t at = 0; at < ALIGNMENTS; at++) {
            const uint64_t offset = next_random(&seed);
            fill_random(mask, sizeof mask, &seed);
            check_apart(impl, src + next_random(&seed) % ALIGNMENTS, len, mask, offset, at);
            check_in_place(impl, src + at, len, mask, offset, at);
        }
    }
}

static void W1_each_way_agrees_at_every_length_and_alignment(void **state)
{
    (void)state;
    for (size_t i = 0; i < tri_mask_impls_len; i++) {
        if (tri_mask_impls[i].can_run()) {
            check_every_length(&tri_mask_impls[i]);
        }
    }
}

static void check_every_offset(const struct tri_mask_impl *impl)
{
    uint8_t src[LEN_MAX];
    uint64_t seed = 2;
    fill_random(src, sizeof src, &seed);
    for (uint64_t offset = 0; offset < ALIGNMENTS; offset++) {
        for (size_t len = 0; len <= LEN_MAX; len += 13) {
            check_apart(impl, src, len, key, offset, offset);
            check_apart(impl, src, len, key, (UINT64_C(1) << 40) + offset, 0);
        }
    }
}

static void W1_each_way_agrees_at_every_offset(void **state)
{
    (void)state;
    for (size_t i = 0; i < tri_mask_impls_len; i++) {
        if (tri_mask_impls[i].can_run()) {
            check_every_offset(&tri_mask_impls[i]);
        }
    }
}

/* Memory of the very length, so that the sanitizer sees a byte read or written too many. */
static void check_large(const struct tri_mask_impl *impl, size_t len)
{
    uint64_t seed = len;
    uint8_t *src = malloc(len);
    uint8_t *dst = malloc(len);
    uint8_t *want = malloc(len);
    assert_true(src && dst && want);
    fill_random(src, len, &seed);
    mask_plainly(want, src, len, key, seed);
    impl->apply(dst, src, len, key, seed);
    assert_memory_equal(dst, want, len);
    impl->apply(src, src, len, key, seed);
    assert_memory_equal(src, want, len);
    free(src);
    free(dst);
    free(want);
}

static void W1_each_way_agrees_on_much_and_touches_nothing_beyond(void **state)
{
    (void)state;
    for (size_t i = 0; i < tri_mask_impls_len; i++) {
        if (tri_mask_impls[i].can_run()) {
            for (size_t len = 1; len < 160; len++) {
                check_large(&tri_mask_impls[i], len);
            }
            check_large(&tri_mask_impls[i], 4095);
            check_large(&tri_mask_impls[i], 65537);
            check_large(&tri_mask_impls[i], (1024 * 1024) + 77);
        }
    }
}

static void W1_the_best_way_is_the_first_that_can_run(void **state)
{
    (void)state;
    size_t i = 0;
    while (!tri_mask_impls[i].can_run()) {
        i++;
    }
    assert_string_equal(tri_mask_impl_name(), tri_mask_impls[i].name);
    const struct tri_mask_impl *last = &tri_mask_impls[tri_mask_impls_len - 1];
    assert_true(last->can_run());
    assert_true(last->apply == tri_mask_apply_scalar);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(W1_each_way_agrees_at_every_length_and_alignment),
        cmocka_unit_test(W1_each_way_agrees_at_every_offset),
        cmocka_unit_test(W1_each_way_agrees_on_much_and_touches_nothing_beyond),
        cmocka_unit_test(W1_the_best_way_is_the_first_that_can_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
