/* The heap allocator, and what every allocator gets from its two functions. */
#include "base_alloc.h"

#include <assert.h>
#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void *resize_heap(void *user, void *ptr, size_t size)
{
    (void)user;
    return realloc(ptr, size);
}

static void release_heap(void *user, void *ptr)
{
    (void)user;
    free(ptr);
}

static size_t size_in_heap(void *user, void *ptr)
{
    (void)user;
    return malloc_usable_size(ptr);
}

static const struct tri_alloc heap = {
    .resize = resize_heap, .release = release_heap, .size = size_in_heap};

const struct tri_alloc *tri_alloc_heap(void)
{
    return &heap;
}

void *tri_alloc_get(const struct tri_alloc *a, size_t size)
{
    return tri_alloc_resize(a, NULL, size);
}

void *tri_alloc_zero(const struct tri_alloc *a, size_t size)
{
    void *ptr = tri_alloc_get(a, size);
    if (ptr) {
        memset(ptr, 0, size);
    }
    return ptr;
}

void *tri_alloc_resize(const struct tri_alloc *a, void *ptr, size_t size)
{
    assert(size > 0); /* realloc(ptr, 0) means different things on different systems */
    return a->resize(a->user, ptr, size);
}

void tri_alloc_release(const struct tri_alloc *a, void *ptr)
{
    a->release(a->user, ptr);
}

char *tri_alloc_string(const struct tri_alloc *a, const void *data, size_t len)
{
    if (len == SIZE_MAX) {
        return NULL;
    }
    char *copy = tri_alloc_get(a, len + 1);
    if (!copy) {
        return NULL;
    }
    if (len > 0) { /* data may be NULL when there is nothing */
        memcpy(copy, data, len);
    }
    copy[len] = '\0';
    return copy;
}
