/* See h3_framing.h. RFC 9000 section 16, RFC 9114 section 7.1. */
#include "h3_framing.h"

#include <assert.h>
#include <string.h>

/* ---- heads: type 0, and the length in one byte or in two */

#define ONE_BYTE_MAX 63u
#define TWO_BYTES UINT16_C(0x4000)

#define HEAD_1(n)                                                                                  \
    {                                                                                              \
        0, (uint8_t)((n) <= ONE_BYTE_MAX ? (n) : (TWO_BYTES | (n)) >> 8), (uint8_t)((n)&0xff)      \
    }
#define HEAD_4(n) HEAD_1(n), HEAD_1((n) + 1), HEAD_1((n) + 2), HEAD_1((n) + 3)
#define HEAD_16(n) HEAD_4(n), HEAD_4((n) + 4), HEAD_4((n) + 8), HEAD_4((n) + 12)
#define HEAD_64(n) HEAD_16(n), HEAD_16((n) + 16), HEAD_16((n) + 32), HEAD_16((n) + 48)
#define HEAD_256(n) HEAD_64(n), HEAD_64((n) + 64), HEAD_64((n) + 128), HEAD_64((n) + 192)
#define HEAD_1K(n) HEAD_256(n), HEAD_256((n) + 256), HEAD_256((n) + 512), HEAD_256((n) + 768)
#define HEAD_4K(n) HEAD_1K(n), HEAD_1K((n) + 1024), HEAD_1K((n) + 2048), HEAD_1K((n) + 3072)

/*
 * QUIC reads what it may have to send again where it lies. So that no stream has to keep heads for
 * that, all that there can be are here.
 */
static const uint8_t heads[TRI_H3_FRAME_BYTES_MAX + 1][3] = {HEAD_4K(0), HEAD_4K(4096),
                                                             HEAD_4K(8192), HEAD_4K(12288)};

struct tri_slice tri_h3_framing_head(size_t len)
{
    assert(len <= TRI_H3_FRAME_BYTES_MAX);
    return tri_slice_of(heads[len], len <= ONE_BYTE_MAX ? 2 : 3);
}

/* ---- lengths */

static uint16_t *lens_of(struct tri_h3_framing *f)
{
    return f->lens ? f->lens : f->inline_lens;
}

static size_t cap_of(const struct tri_h3_framing *f)
{
    return f->lens ? f->cap : TRI_H3_FRAMES_INLINE;
}

static uint16_t *len_at(struct tri_h3_framing *f, size_t i)
{
    return &lens_of(f)[(f->first + i) & (cap_of(f) - 1)];
}

void tri_h3_framing_deinit(struct tri_h3_framing *f, const struct tri_alloc *alloc)
{
    tri_alloc_release(alloc, f->lens);
    *f = (struct tri_h3_framing){.len = 0};
}

static enum tri_err grow(struct tri_h3_framing *f, const struct tri_alloc *alloc)
{
    const size_t cap = 2 * cap_of(f);
    if (cap > TRI_H3_FRAMES_MAX) {
        return TRI_ERR_LIMIT;
    }
    uint16_t *lens = tri_alloc_get(alloc, cap * sizeof *lens);
    if (!lens) {
        return TRI_ERR_NOMEM;
    }
    for (size_t i = 0; i < f->len; i++) {
        lens[i] = *len_at(f, i);
    }
    tri_alloc_release(alloc, f->lens);
    f->lens = lens;
    f->cap = (uint16_t)cap;
    f->first = 0;
    return TRI_OK;
}

enum tri_err tri_h3_framing_reserve(struct tri_h3_framing *f, const struct tri_alloc *alloc)
{
    return f->len < cap_of(f) ? TRI_OK : grow(f, alloc);
}

void tri_h3_framing_begin(struct tri_h3_framing *f, size_t len)
{
    assert(!tri_h3_framing_is_within(f) && f->len < cap_of(f));
    assert(len > 0 && len <= TRI_H3_FRAME_BYTES_MAX);
    *len_at(f, f->len) = (uint16_t)len;
    f->len++;
    f->left = (uint16_t)len;
    f->head_left = (uint8_t)tri_h3_framing_head(len).len;
}

struct tri_slice tri_h3_framing_head_left(const struct tri_h3_framing *f)
{
    if (f->head_left == 0) {
        return tri_slice_of(NULL, 0);
    }
    const struct tri_slice head = tri_h3_framing_head(f->left); /* nothing of it was sent yet */
    return tri_slice_of(head.data + (head.len - f->head_left), f->head_left);
}

size_t tri_h3_framing_sent(struct tri_h3_framing *f, size_t n)
{
    const size_t head = n < f->head_left ? n : f->head_left;
    assert(n - head <= f->left);
    f->head_left = (uint8_t)(f->head_left - head);
    f->left = (uint16_t)(f->left - (n - head));
    return n - head;
}

/* Up to |n| bytes of the first frame; |*payload| grows. Returns how many. */
static size_t ack_first(struct tri_h3_framing *f, uint64_t n, size_t *payload)
{
    const size_t len = *len_at(f, 0);
    const size_t head = tri_h3_framing_head(len).len;
    const size_t whole = head + len;
    const size_t part = n < whole - f->acked ? (size_t)n : whole - f->acked;
    const size_t before = f->acked > head ? f->acked : head;
    const size_t after = f->acked + part > head ? f->acked + part : head;
    *payload += after - before;
    f->acked = (uint16_t)(f->acked + part);
    if (f->acked == whole) {
        f->acked = 0;
        f->first = (uint16_t)((f->first + 1) & (cap_of(f) - 1));
        f->len--;
    }
    return part;
}

size_t tri_h3_framing_acked(struct tri_h3_framing *f, uint64_t n, const struct tri_alloc *alloc)
{
    size_t payload = 0;
    while (n > 0) {
        assert(f->len > 0);
        n -= ack_first(f, n, &payload);
    }
    if (f->len == 0 && f->lens && f->cap > TRI_H3_FRAMES_KEPT) {
        tri_h3_framing_deinit(f, alloc);
    }
    return payload;
}
