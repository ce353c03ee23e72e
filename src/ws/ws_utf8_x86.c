/* UTF-8 with AVX2 (as ws_utf8_flaws.h has it), and with SSE2, which every x86-64 has. RFC 3629. */
#include "ws_utf8_impl.h"
#include "ws_simd.h"

#ifdef TRI_SIMD_X86

#include "ws_utf8_flaws.h"

#include <immintrin.h>
#include <string.h>

#define AVX2 __attribute__((target("avx2")))

#define VECTOR16 sizeof(__m128i)
#define VECTOR32 sizeof(__m256i)
#define BLOCK 64u /* bytes looked at together */

static bool has_sse2(void)
{
    return true;
}

static bool has_avx2(void)
{
    return __builtin_cpu_supports("avx2");
}

/* --- AVX2 --- */

AVX2 static __m256i look_up(const uint8_t table[16], __m256i nibbles)
{
    const __m128i row = _mm_loadu_si128((const void *)table);
    return _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(row), nibbles);
}

AVX2 static __m256i high_nibbles(__m256i bytes)
{
    return _mm256_and_si256(_mm256_srli_epi16(bytes, 4), _mm256_set1_epi8(0x0f));
}

/* Not zero where a byte of |now| does not fit what stands before it; |before| are the 32 before. */
AVX2 static __m256i find_flaws(__m256i before, __m256i now)
{
    const __m256i halves = _mm256_permute2x128_si256(before, now, 0x21);
    const __m256i first = _mm256_alignr_epi8(now, halves, 15);
    const __m256i low = _mm256_and_si256(first, _mm256_set1_epi8(0x0f));
    const __m256i pair =
        _mm256_and_si256(_mm256_and_si256(look_up(tri_utf8_by_first_high, high_nibbles(first)),
                                          look_up(tri_utf8_by_first_low, low)),
                         look_up(tri_utf8_by_second_high, high_nibbles(now)));

    /* Third bytes are two behind 0xe0 or more, fourth ones three behind 0xf0: the top bit is left
     * when 0x60 or 0x70 is taken off. There, and nowhere else, two continuations must meet. */
    const __m256i two = _mm256_alignr_epi8(now, halves, 14);
    const __m256i three = _mm256_alignr_epi8(now, halves, 13);
    const __m256i late = _mm256_or_si256(_mm256_subs_epu8(two, _mm256_set1_epi8(0x60)),
                                         _mm256_subs_epu8(three, _mm256_set1_epi8(0x70)));
    return _mm256_xor_si256(_mm256_and_si256(late, _mm256_set1_epi8((char)TRI_FLAW_PAIR)), pair);
}

AVX2 static bool is_ascii32(__m256i bytes)
{
    return _mm256_movemask_epi8(bytes) == 0;
}

AVX2 static bool is_block_valid(__m256i before, __m256i a, __m256i b)
{
    const __m256i flaws = _mm256_or_si256(find_flaws(before, a), find_flaws(a, b));
    return _mm256_testz_si256(flaws, flaws) != 0;
}

/*
 * The last block's worth of bytes, or all if there are fewer; |len| is at least half a vector. If
 * bytes of a whole block that was valid are among them, nothing is open behind that block.
 */
AVX2 static bool is_end_ascii(const uint8_t *data, size_t len)
{
    if (len < VECTOR32) {
        const __m128i a = _mm_loadu_si128((const void *)data);
        const __m128i b = _mm_loadu_si128((const void *)(data + len - VECTOR16));
        return _mm_movemask_epi8(_mm_or_si128(a, b)) == 0;
    }
    const size_t from = len >= BLOCK ? len - BLOCK : 0;
    const __m256i a = _mm256_loadu_si256((const void *)(data + from));
    const __m256i b = _mm256_loadu_si256((const void *)(data + len - VECTOR32));
    return is_ascii32(_mm256_or_si256(a, b));
}

/*
 * The |len| - |i| bytes that are less than a block, with zeros behind them: those show whether the
 * last sequence is whole.
 */
AVX2 static size_t pass_rest_avx2(__m256i before, const uint8_t *data, size_t i, size_t len)
{
    const size_t end = tri_utf8_border(data, len);
    if (end < i || i == len) { /* the open sequence, if any, began in the last block */
        return end;
    }
    uint8_t rest[BLOCK] = {0};
    memcpy(rest, data + i, end - i);
    const __m256i a = _mm256_loadu_si256((const void *)rest);
    const __m256i b = _mm256_loadu_si256((const void *)(rest + VECTOR32));
    return is_block_valid(before, a, b) ? end : tri_utf8_border(data, i);
}

AVX2 static size_t pass_avx2(const uint8_t *data, size_t len)
{
    __m256i before = _mm256_setzero_si256();
    bool is_calm = true; /* the block before was ASCII, so nothing is open */
    size_t i = 0;
    if (len < VECTOR16) {
        return 0;
    }
    for (; len - i >= BLOCK; i += BLOCK) {
        const __m256i a = _mm256_loadu_si256((const void *)(data + i));
        const __m256i b = _mm256_loadu_si256((const void *)(data + i + VECTOR32));
        const bool is_ascii = is_ascii32(_mm256_or_si256(a, b));
        if (!(is_ascii && is_calm) && !is_block_valid(before, a, b)) {
            return tri_utf8_border(data, i);
        }
        before = b;
        is_calm = is_ascii;
    }
    return is_end_ascii(data, len) ? len : pass_rest_avx2(before, data, i, len);
}

/* --- SSE2: vectors for ASCII only, because it cannot look up --- */

static bool is_ascii_block(const uint8_t *data)
{
    __m128i all = _mm_loadu_si128((const void *)data);
    for (size_t i = VECTOR16; i < BLOCK; i += VECTOR16) {
        all = _mm_or_si128(all, _mm_loadu_si128((const void *)(data + i)));
    }
    return _mm_movemask_epi8(all) == 0;
}

static size_t pass_sse2(const uint8_t *data, size_t len)
{
    size_t i = 0;
    while (len - i >= BLOCK) {
        struct tri_utf8 u;
        if (is_ascii_block(data + i)) {
            i += BLOCK;
            continue;
        }
        tri_utf8_init(&u);
        if (!tri_utf8_feed_scalar(&u, data + i, BLOCK)) {
            break;
        }
        i = tri_utf8_border(data, i + BLOCK);
    }
    return i;
}

const struct tri_utf8_impl tri_utf8_impls[] = {
    {"avx2", has_avx2, pass_avx2},
    {"sse2", has_sse2, pass_sse2},
    {"scalar", has_sse2, tri_utf8_pass_none},
};
const size_t tri_utf8_impls_len = sizeof tri_utf8_impls / sizeof tri_utf8_impls[0];

const char *tri_utf8_impl_name(void)
{
    return has_avx2() ? "avx2" : "sse2";
}

size_t tri_utf8_pass_best(const uint8_t *data, size_t len)
{
    return has_avx2() ? pass_avx2(data, len) : pass_sse2(data, len);
}

#else
typedef int tri_utf8_x86_is_elsewhere;
#endif
