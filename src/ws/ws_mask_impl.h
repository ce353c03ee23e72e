/*
 * The ways to mask, of which ws_mask.h takes the best that the machine can run. All do what
 * tri_mask_apply says; tests hold them against each other.
 */
#ifndef TRI_WS_MASK_IMPL_H
#define TRI_WS_MASK_IMPL_H

#include "ws_mask.h"

#include <stdbool.h>
#include <string.h>

struct tri_mask_impl {
    const char *name; /* "avx2" */
    bool (*can_run)(void);
    void (*apply)(uint8_t *dst, const uint8_t *src, size_t len, const uint8_t mask[4],
                  uint64_t offset);
};

/* Those that this platform has, best first. The last is the scalar one, which always runs. */
extern const struct tri_mask_impl tri_mask_impls[];
extern const size_t tri_mask_impls_len;

/* The name of the first that can run, which tri_mask_apply takes. */
const char *tri_mask_impl_name(void);

/* tri_mask_apply with the first that can run, whose test is cheap enough for every call. */
void tri_mask_apply_best(uint8_t *dst, const uint8_t *src, size_t len, const uint8_t mask[4],
                         uint64_t offset);

/* tri_mask_apply without vectors. */
void tri_mask_apply_scalar(uint8_t *dst, const uint8_t *src, size_t len, const uint8_t mask[4],
                           uint64_t offset);

/* The key as it lies in memory, turned so that its first byte is the one for |offset|. */
static inline uint32_t tri_mask_turn(const uint8_t mask[4], uint64_t offset)
{
    const unsigned bits = (unsigned)(offset & 3) * 8;
    uint32_t key;
    memcpy(&key, mask, sizeof key);
    if (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__) {
        return key >> bits | key << (-bits & 31);
    }
    return key << bits | key >> (-bits & 31);
}

#endif
