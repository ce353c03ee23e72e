/*
 * A growable run of bytes with a limit. Bytes are appended at the end and consumed at the front.
 * It grows by what arrives, at least doubling, and never past |max|.
 * Invariant: off <= len <= cap <= max (or cap == 0).
 */
#ifndef TRI_BASE_BUF_H
#define TRI_BASE_BUF_H

#include "base_alloc.h"
#include "base_slice.h"
#include "trisock/trisock.h"

struct tri_buf {
    const struct tri_alloc *alloc;
    uint8_t *data; /* NULL while empty and never used */
    size_t off;    /* consumed */
    size_t len;    /* written */
    size_t cap;
    size_t max; /* limit of cap, bytes */
};

void tri_buf_init(struct tri_buf *b, const struct tri_alloc *alloc, size_t max);
void tri_buf_deinit(struct tri_buf *b); /* also leaves it empty and usable */

/* TRI_OK; TRI_ERR_LIMIT if more than |max| bytes would be held; TRI_ERR_NOMEM. No partial append. */
TRI_MUST_USE enum tri_err tri_buf_append(struct tri_buf *b, const void *data, size_t len);

/* Bytes that making room for |len| more would add to the memory of |b|; 0: there is room. */
size_t tri_buf_growth(const struct tri_buf *b, size_t len);

/* Makes |len| writable bytes at the end and returns them; call tri_buf_commit with what was
 * written. NULL for the errors of tri_buf_append, which *err then holds. */
uint8_t *tri_buf_reserve(struct tri_buf *b, size_t len, enum tri_err *err);
void tri_buf_commit(struct tri_buf *b, size_t len);

/* What is there to consume. Borrowed until the next call that changes |b|. */
static inline struct tri_slice tri_buf_peek(const struct tri_buf *b)
{
    /* |data| may be NULL, and adding even 0 to that is undefined; to a number it is not. */
    return tri_slice_of((const uint8_t *)((uintptr_t)b->data + b->off), b->len - b->off);
}
void tri_buf_consume(struct tri_buf *b, size_t len); /* frees the memory when it becomes empty */
void tri_buf_clear(struct tri_buf *b);               /* empties it, and keeps the memory */

/* Appends as printf does. The same errors. */
TRI_MUST_USE enum tri_err tri_buf_printf(struct tri_buf *b, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
