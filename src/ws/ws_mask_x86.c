/* Masking with SSE2, which every x86-64 has, and AVX2. RFC 6455 section 5.3. */
#include "ws_mask_impl.h"
#include "ws_simd.h"

#ifdef TRI_SIMD_X86

#include <immintrin.h>

#define AVX2 __attribute__((target("avx2")))

#define VECTOR16 sizeof(__m128i)
#define VECTOR32 sizeof(__m256i)

static bool has_sse2(void)
{
    return true;
}

static bool has_avx2(void)
{
    return __builtin_cpu_supports("avx2");
}

static __m128i mask16(const uint8_t *src, __m128i key)
{
    return _mm_xor_si128(_mm_loadu_si128((const void *)src), key);
}

/*
 * The middle is written at addresses that are multiples of the vector's size. The first and the
 * last vector overlap it: they are computed before anything is written, because dst may be src,
 * and written at the end. apply_avx2 does the same.
 */
static void apply_sse2(uint8_t *dst, const uint8_t *src, size_t len, const uint8_t mask[4],
                       uint64_t offset)
{
    if (len < VECTOR16) {
        tri_mask_apply_scalar(dst, src, len, mask, offset);
        return;
    }
    const size_t last = len - VECTOR16;
    size_t i = -(uintptr_t)dst % VECTOR16;
    const __m128i key = _mm_set1_epi32((int)tri_mask_turn(mask, offset + i));
    const __m128i head = mask16(src, _mm_set1_epi32((int)tri_mask_turn(mask, offset)));
    const __m128i tail =
        mask16(src + last, _mm_set1_epi32((int)tri_mask_turn(mask, offset + last)));

    for (; len - i >= 4 * VECTOR16; i += 4 * VECTOR16) {
        const __m128i a = mask16(src + i, key);
        const __m128i b = mask16(src + i + VECTOR16, key);
        const __m128i c = mask16(src + i + 2 * VECTOR16, key);
        const __m128i d = mask16(src + i + 3 * VECTOR16, key);
        _mm_store_si128((void *)(dst + i), a);
        _mm_store_si128((void *)(dst + i + VECTOR16), b);
        _mm_store_si128((void *)(dst + i + 2 * VECTOR16), c);
        _mm_store_si128((void *)(dst + i + 3 * VECTOR16), d);
    }
    for (; len - i >= VECTOR16; i += VECTOR16) {
        _mm_store_si128((void *)(dst + i), mask16(src + i, key));
    }
    _mm_storeu_si128((void *)dst, head);
    _mm_storeu_si128((void *)(dst + last), tail);
}

AVX2 static __m256i mask32(const uint8_t *src, __m256i key)
{
    return _mm256_xor_si256(_mm256_loadu_si256((const void *)src), key);
}

AVX2 static void apply_avx2(uint8_t *dst, const uint8_t *src, size_t len, const uint8_t mask[4],
                            uint64_t offset)
{
    if (len < VECTOR32) {
        apply_sse2(dst, src, len, mask, offset);
        return;
    }
    const size_t last = len - VECTOR32;
    size_t i = -(uintptr_t)dst % VECTOR32;
    const __m256i key = _mm256_set1_epi32((int)tri_mask_turn(mask, offset + i));
    const __m256i head = mask32(src, _mm256_set1_epi32((int)tri_mask_turn(mask, offset)));
    const __m256i tail =
        mask32(src + last, _mm256_set1_epi32((int)tri_mask_turn(mask, offset + last)));

    for (; len - i >= 4 * VECTOR32; i += 4 * VECTOR32) {
        const __m256i a = mask32(src + i, key);
        const __m256i b = mask32(src + i + VECTOR32, key);
        const __m256i c = mask32(src + i + 2 * VECTOR32, key);
        const __m256i d = mask32(src + i + 3 * VECTOR32, key);
        _mm256_store_si256((void *)(dst + i), a);
        _mm256_store_si256((void *)(dst + i + VECTOR32), b);
        _mm256_store_si256((void *)(dst + i + 2 * VECTOR32), c);
        _mm256_store_si256((void *)(dst + i + 3 * VECTOR32), d);
    }
    for (; len - i >= VECTOR32; i += VECTOR32) {
        _mm256_store_si256((void *)(dst + i), mask32(src + i, key));
    }
    _mm256_storeu_si256((void *)dst, head);
    _mm256_storeu_si256((void *)(dst + last), tail);
}

const struct tri_mask_impl tri_mask_impls[] = {
    {"avx2", has_avx2, apply_avx2},
    {"sse2", has_sse2, apply_sse2},
    {"scalar", has_sse2, tri_mask_apply_scalar},
};
const size_t tri_mask_impls_len = sizeof tri_mask_impls / sizeof tri_mask_impls[0];

const char *tri_mask_impl_name(void)
{
    return has_avx2() ? "avx2" : "sse2";
}

void tri_mask_apply_best(uint8_t *dst, const uint8_t *src, size_t len, const uint8_t mask[4],
                         uint64_t offset)
{
    if (has_avx2()) {
        apply_avx2(dst, src, len, mask, offset);
    } else {
        apply_sse2(dst, src, len, mask, offset);
    }
}

#else
typedef int tri_mask_x86_is_elsewhere;
#endif
