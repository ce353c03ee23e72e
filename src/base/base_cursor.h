/*
 * A reader over borrowed bytes: the only way wire integers are read. A failed read consumes
 * nothing. Integers are big-endian, as in all network formats.
 */
#ifndef TRI_BASE_CURSOR_H
#define TRI_BASE_CURSOR_H

#include "base_slice.h"

struct tri_cursor {
    const uint8_t *data;
    size_t len; /* bytes left */
};

static inline struct tri_cursor tri_cursor_of(const uint8_t *data, size_t len)
{
    return (struct tri_cursor){.data = data, .len = len};
}

bool tri_cursor_u8(struct tri_cursor *c, uint8_t *out);
bool tri_cursor_u16(struct tri_cursor *c, uint16_t *out);
bool tri_cursor_u64(struct tri_cursor *c, uint64_t *out);
bool tri_cursor_bytes(struct tri_cursor *c, size_t len, struct tri_slice *out);

/* Writers; the caller has checked the room. Each returns the place behind what it wrote. */
uint8_t *tri_put_u8(uint8_t *p, uint8_t v);
uint8_t *tri_put_u16(uint8_t *p, uint16_t v);
uint8_t *tri_put_u64(uint8_t *p, uint64_t v);
uint8_t *tri_put_bytes(uint8_t *p, const void *data, size_t len);

#endif
