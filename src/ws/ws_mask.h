/* Masking of payload bytes: RFC 6455 section 5.3. Its own inverse. */
#ifndef TRI_WS_MASK_H
#define TRI_WS_MASK_H

#include <stddef.h>
#include <stdint.h>

/*
 * Writes |len| bytes of |src| XORed with |mask| to |dst|.
 *
 * dst, src   may be the same address, must not overlap otherwise
 * mask       the masking key in wire order
 * offset     position in the payload of the first byte, so that a payload may come in pieces
 */
void tri_mask_apply(uint8_t *dst, const uint8_t *src, size_t len, const uint8_t mask[4],
                    uint64_t offset);

#endif
