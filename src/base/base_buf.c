/* A growable run of bytes with a limit. */
#include "base_buf.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

#define BUF_FIRST_BYTES ((size_t)256)  /* fewer resizes for the small heads and messages */
#define BUF_PRINTF_BYTES ((size_t)512) /* longer text takes a temporary allocation */

static void check(const struct tri_buf *b)
{
    assert(b->off <= b->len);
    assert(b->len <= b->cap);
    assert(b->cap <= b->max);
}

void tri_buf_init(struct tri_buf *b, const struct tri_alloc *alloc, size_t max)
{
    *b = (struct tri_buf){.alloc = alloc, .max = max};
}

void tri_buf_deinit(struct tri_buf *b)
{
    tri_alloc_release(b->alloc, b->data);
    tri_buf_init(b, b->alloc, b->max);
}

/* The next capacity that holds |needed| bytes: at least doubled, so that growing stays linear. */
static size_t choose_cap(const struct tri_buf *b, size_t needed)
{
    size_t cap = b->cap > b->max / 2 ? b->max : b->cap * 2;
    if (cap < BUF_FIRST_BYTES) {
        cap = BUF_FIRST_BYTES;
    }
    if (cap < needed) {
        cap = needed;
    }
    return cap < b->max ? cap : b->max;
}

static enum tri_err grow(struct tri_buf *b, size_t needed)
{
    const size_t cap = choose_cap(b, needed);
    if (cap == 0) { /* max is 0 */
        return TRI_ERR_LIMIT;
    }
    uint8_t *data = tri_alloc_resize(b->alloc, b->data, cap);
    if (!data) {
        return TRI_ERR_NOMEM;
    }
    b->data = data;
    b->cap = cap;
    return TRI_OK;
}

/* Moves what is held to the front. */
static void compact(struct tri_buf *b)
{
    if (b->off > 0) {
        memmove(b->data, b->data + b->off, b->len - b->off);
        b->len -= b->off;
        b->off = 0;
    }
}

size_t tri_buf_growth(const struct tri_buf *b, size_t len)
{
    const size_t held = b->len - b->off;
    if (len <= b->cap - held) {
        return 0;
    }
    return len <= b->max - held ? choose_cap(b, held + len) - b->cap : 0;
}

uint8_t *tri_buf_reserve(struct tri_buf *b, size_t len, enum tri_err *err)
{
    check(b);
    const size_t held = b->len - b->off;
    if (len > b->max - held) {
        *err = TRI_ERR_LIMIT;
        return NULL;
    }
    if (b->cap - b->len < len) {
        compact(b);
    }
    if (b->cap - b->len < len || !b->data) {
        *err = grow(b, b->len + len);
        if (*err != TRI_OK) {
            return NULL;
        }
    }
    *err = TRI_OK;
    return b->data + b->len;
}

void tri_buf_commit(struct tri_buf *b, size_t len)
{
    assert(len <= b->cap - b->len);
    b->len += len;
}

enum tri_err tri_buf_append(struct tri_buf *b, const void *data, size_t len)
{
    if (len == 0) {
        return TRI_OK;
    }
    enum tri_err err;
    uint8_t *room = tri_buf_reserve(b, len, &err);
    if (!room) {
        return err;
    }
    memcpy(room, data, len);
    tri_buf_commit(b, len);
    return TRI_OK;
}

void tri_buf_consume(struct tri_buf *b, size_t len)
{
    check(b);
    assert(len <= b->len - b->off);
    b->off += len;
    if (b->off == b->len) {
        tri_buf_deinit(b);
    }
}

/* What does not fit the stack, is printed to a temporary: the buffer has no room for the NUL. */
static enum tri_err print_long(struct tri_buf *b, size_t len, const char *format, va_list args)
    __attribute__((format(printf, 3, 0)));

static enum tri_err print_long(struct tri_buf *b, size_t len, const char *format, va_list args)
{
    if (len > b->max - (b->len - b->off)) {
        return TRI_ERR_LIMIT;
    }
    char *text = tri_alloc_get(b->alloc, len + 1);
    if (!text) {
        return TRI_ERR_NOMEM;
    }
    (void)vsnprintf(text, len + 1, format, args);
    const enum tri_err err = tri_buf_append(b, text, len);
    tri_alloc_release(b->alloc, text);
    return err;
}

enum tri_err tri_buf_printf(struct tri_buf *b, const char *format, ...)
{
    char text[BUF_PRINTF_BYTES];
    va_list args;
    va_start(args, format);
    /* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized): the line above initialises it */
    const int len = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    assert(len >= 0); /* only a broken format fails */
    if ((size_t)len < sizeof text) {
        return tri_buf_append(b, text, (size_t)len);
    }
    va_start(args, format);
    const enum tri_err err = print_long(b, (size_t)len, format, args);
    va_end(args);
    return err;
}

void tri_buf_clear(struct tri_buf *b)
{
    b->off = 0;
    b->len = 0;
}
