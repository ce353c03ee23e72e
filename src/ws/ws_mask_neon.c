/* Masking with NEON, which every 64-bit ARM has. RFC 6455 section 5.3. */
#include "ws_mask_impl.h"
#include "ws_simd.h"

#ifdef TRI_SIMD_NEON

#include <arm_neon.h>

#define VECTOR sizeof(uint8x16_t)

static bool can_always_run(void)
{
    return true;
}

static uint8x16_t spread(const uint8_t mask[4], uint64_t offset)
{
    return vreinterpretq_u8_u32(vdupq_n_u32(tri_mask_turn(mask, offset)));
}

/*
 * The middle is written at addresses that are multiples of the vector's size. The first and the
 * last vector overlap it: they are computed before anything is written, because dst may be src,
 * and written at the end.
 */
static void apply_neon(uint8_t *dst, const uint8_t *src, size_t len, const uint8_t mask[4],
                       uint64_t offset)
{
    if (len < VECTOR) {
        tri_mask_apply_scalar(dst, src, len, mask, offset);
        return;
    }
    const size_t last = len - VECTOR;
    size_t i = -(uintptr_t)dst % VECTOR;
    const uint8x16_t key = spread(mask, offset + i);
    const uint8x16_t head = veorq_u8(vld1q_u8(src), spread(mask, offset));
    const uint8x16_t tail = veorq_u8(vld1q_u8(src + last), spread(mask, offset + last));

    for (; len - i >= 4 * VECTOR; i += 4 * VECTOR) {
        const uint8x16_t a = veorq_u8(vld1q_u8(src + i), key);
        const uint8x16_t b = veorq_u8(vld1q_u8(src + i + VECTOR), key);
        const uint8x16_t c = veorq_u8(vld1q_u8(src + i + 2 * VECTOR), key);
        const uint8x16_t d = veorq_u8(vld1q_u8(src + i + 3 * VECTOR), key);
        vst1q_u8(dst + i, a);
        vst1q_u8(dst + i + VECTOR, b);
        vst1q_u8(dst + i + 2 * VECTOR, c);
        vst1q_u8(dst + i + 3 * VECTOR, d);
    }
    for (; len - i >= VECTOR; i += VECTOR) {
        vst1q_u8(dst + i, veorq_u8(vld1q_u8(src + i), key));
    }
    vst1q_u8(dst, head);
    vst1q_u8(dst + last, tail);
}

const struct tri_mask_impl tri_mask_impls[] = {
    {"neon", can_always_run, apply_neon},
    {"scalar", can_always_run, tri_mask_apply_scalar},
};
const size_t tri_mask_impls_len = sizeof tri_mask_impls / sizeof tri_mask_impls[0];

const char *tri_mask_impl_name(void)
{
    return "neon";
}

void tri_mask_apply_best(uint8_t *dst, const uint8_t *src, size_t len, const uint8_t mask[4],
                         uint64_t offset)
{
    apply_neon(dst, src, len, mask, offset);
}

#else
typedef int tri_mask_neon_is_elsewhere;
#endif
