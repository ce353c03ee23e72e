/* Masking, eight bytes at a time. RFC 6455 section 5.3. */
#include "ws_mask.h"

#include <string.h>

void tri_mask_apply(uint8_t *dst, const uint8_t *src, size_t len, const uint8_t mask[4],
                    uint64_t offset)
{
    /* The key turned so that it starts at |offset|, twice: byte order does not matter to XOR. */
    uint8_t key[8];
    for (size_t i = 0; i < sizeof key; i++) {
        key[i] = mask[(offset + i) & 3];
    }
    uint64_t key64;
    memcpy(&key64, key, sizeof key64);

    size_t i = 0;
    for (; len - i >= sizeof key64; i += sizeof key64) {
        uint64_t word;
        memcpy(&word, src + i, sizeof word);
        word ^= key64;
        memcpy(dst + i, &word, sizeof word);
    }
    for (; i < len; i++) { /* i is a multiple of 8 at first, so the key needs no turning */
        dst[i] = src[i] ^ key[i & 7];
    }
}
