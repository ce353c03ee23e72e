/* A counting and failing allocator: see the header. */
#include "test_alloc.h"

#include <assert.h>
#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>

static void *resize_counted(void *user, void *ptr, size_t size)
{
    struct test_alloc *t = user;
    assert(size > 0);
    t->calls++;
    t->largest = size > t->largest ? size : t->largest;
    if (t->calls == t->fail_at || size > PTRDIFF_MAX) { /* no heap has that */
        return NULL;
    }
    t->bytes -= malloc_usable_size(ptr);
    void *got = realloc(ptr, size);
    assert(got);
    t->bytes += malloc_usable_size(got);
    t->bytes_peak = t->bytes > t->bytes_peak ? t->bytes : t->bytes_peak;
    if (!ptr) {
        t->live++;
    }
    return got;
}

static void release_counted(void *user, void *ptr)
{
    struct test_alloc *t = user;
    if (!ptr) {
        return;
    }
    assert(t->live > 0);
    t->live--;
    t->bytes -= malloc_usable_size(ptr);
    free(ptr);
}

static size_t size_counted(void *user, void *ptr)
{
    (void)user;
    return malloc_usable_size(ptr);
}

void test_alloc_init(struct test_alloc *t)
{
    *t = (struct test_alloc){
        .alloc = {.resize = resize_counted,
                  .release = release_counted,
                  .size = size_counted,
                  .user = t},
    };
}
