/* Reading and writing wire integers, big-endian. */
#include "base_cursor.h"

static void skip(struct tri_cursor *c, size_t len)
{
    c->data += len;
    c->len -= len;
}

bool tri_cursor_u8(struct tri_cursor *c, uint8_t *out)
{
    if (c->len < 1) {
        return false;
    }
    *out = c->data[0];
    skip(c, 1);
    return true;
}

bool tri_cursor_u16(struct tri_cursor *c, uint16_t *out)
{
    if (c->len < 2) {
        return false;
    }
    *out = (uint16_t)((c->data[0] << 8) | c->data[1]);
    skip(c, 2);
    return true;
}

bool tri_cursor_u64(struct tri_cursor *c, uint64_t *out)
{
    if (c->len < 8) {
        return false;
    }
    uint64_t v = 0;
    for (size_t i = 0; i < 8; i++) {
        v = (v << 8) | c->data[i];
    }
    *out = v;
    skip(c, 8);
    return true;
}

bool tri_cursor_bytes(struct tri_cursor *c, size_t len, struct tri_slice *out)
{
    if (c->len < len) {
        return false;
    }
    *out = tri_slice_of(c->data, len);
    if (len > 0) { /* data may be NULL when there is nothing */
        skip(c, len);
    }
    return true;
}

uint8_t *tri_put_u8(uint8_t *p, uint8_t v)
{
    p[0] = v;
    return p + 1;
}

uint8_t *tri_put_u16(uint8_t *p, uint16_t v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
    return p + 2;
}

uint8_t *tri_put_u64(uint8_t *p, uint64_t v)
{
    for (unsigned i = 0; i < 8; i++) {
        p[i] = (uint8_t)(v >> (56 - 8 * i));
    }
    return p + 8;
}

uint8_t *tri_put_bytes(uint8_t *p, const void *data, size_t len)
{
    if (len > 0) {
        memcpy(p, data, len);
    }
    return p + len;
}
