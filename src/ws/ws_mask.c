/* Masking: the choice of the way, and the way without vectors. RFC 6455 section 5.3. */
#include "ws_mask_impl.h"

/* Bytes below which vectors gain nothing. */
#define WIDE_MIN 32u

void tri_mask_apply(uint8_t *dst, const uint8_t *src, size_t len, const uint8_t mask[4],
                    uint64_t offset)
{
    if (len < WIDE_MIN) {
        tri_mask_apply_scalar(dst, src, len, mask, offset);
    } else {
        tri_mask_apply_best(dst, src, len, mask, offset);
    }
}

/* Eight bytes at a time. */
void tri_mask_apply_scalar(uint8_t *dst, const uint8_t *src, size_t len, const uint8_t mask[4],
                           uint64_t offset)
{
    const uint32_t key32 = tri_mask_turn(mask, offset);
    const uint64_t key64 = (uint64_t)key32 << 32 | key32;
    size_t i = 0;
    for (; len - i >= sizeof key64; i += sizeof key64) {
        uint64_t word;
        memcpy(&word, src + i, sizeof word);
        word ^= key64;
        memcpy(dst + i, &word, sizeof word);
    }

    uint8_t key[sizeof key64];
    memcpy(key, &key64, sizeof key);
    for (; i < len; i++) { /* i is a multiple of 8 at first, so the key needs no turning */
        dst[i] = src[i] ^ key[i & 7];
    }
}
