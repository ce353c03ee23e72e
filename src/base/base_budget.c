/* See base_budget.h. */
#include "base_budget.h"

#include <assert.h>

static size_t size_of(const struct tri_budget *b, void *ptr)
{
    return b->base->size && ptr ? b->base->size(b->base->user, ptr) : 0;
}

static void *resize_counted(void *user, void *ptr, size_t size)
{
    struct tri_budget *b = user;
    const size_t before = size_of(b, ptr);
    void *got = b->base->resize(b->base->user, ptr, size);
    if (got) {
        assert(b->bytes >= before);
        b->bytes += size_of(b, got) - before;
    }
    return got;
}

static void release_counted(void *user, void *ptr)
{
    struct tri_budget *b = user;
    tri_budget_refund(b, size_of(b, ptr));
    b->base->release(b->base->user, ptr);
}

static size_t size_counted(void *user, void *ptr)
{
    return size_of(user, ptr);
}

void tri_budget_init(struct tri_budget *b, const struct tri_alloc *base, size_t max)
{
    *b = (struct tri_budget){
        .alloc = {.resize = resize_counted,
                  .release = release_counted,
                  .size = size_counted,
                  .user = b},
        .base = base,
        .max = max,
    };
}

void tri_budget_charge(struct tri_budget *b, size_t len)
{
    b->bytes += len;
}

void tri_budget_refund(struct tri_budget *b, size_t len)
{
    assert(b->bytes >= len);
    b->bytes -= len;
}
