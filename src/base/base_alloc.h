/*
 * The allocator every module is given. It is passed in, never global, so that a test can fail the
 * n-th allocation and count what leaks.
 */
#ifndef TRI_BASE_ALLOC_H
#define TRI_BASE_ALLOC_H

#include <stddef.h>

struct tri_alloc {
    /* As realloc(3): ptr NULL allocates. size is never 0. NULL if memory is short. */
    void *(*resize)(void *user, void *ptr, size_t size);
    void (*release)(void *user, void *ptr); /* ptr may be NULL */
    /* Bytes that the block at |ptr| (not NULL) has, at least those asked for. NULL: it cannot tell. */
    size_t (*size)(void *user, void *ptr);
    void *user;
};

/* The C library's heap. Static, always valid. */
const struct tri_alloc *tri_alloc_heap(void);

/* Uninitialised bytes, or NULL. |size| must not be 0. */
void *tri_alloc_get(const struct tri_alloc *a, size_t size);

/* Zeroed bytes, or NULL. */
void *tri_alloc_zero(const struct tri_alloc *a, size_t size);

/* As realloc(3); on NULL the old memory stays. */
void *tri_alloc_resize(const struct tri_alloc *a, void *ptr, size_t size);

/* NULL is fine. */
void tri_alloc_release(const struct tri_alloc *a, void *ptr);

/* A NUL-terminated copy of |len| bytes at |data|, or NULL. */
char *tri_alloc_string(const struct tri_alloc *a, const void *data, size_t len);

#endif
