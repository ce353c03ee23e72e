/* See base_cache.h. */
#include "base_cache.h"

#include "base_poison.h"

#include <stdbool.h>

/* What is kept is a list of blocks, each of which holds the next. The rest of a block, and in the tests
 * all of it, must not be touched. */
struct tri_cache_block {
    struct tri_cache_block *next;
};

/* Sizes are 24, 40, 56 ... 1032 bytes: what the C library's heap gives for a little less, too. */
#define STEP ((size_t)16)
#define LEAST ((size_t)24)

/* Of a request, 1 to TRI_CACHE_BLOCK_BYTES_MAX: the smallest size that does. */
static size_t index_up(size_t size)
{
    return size <= LEAST ? 0 : (size - LEAST + STEP - 1) / STEP;
}

/* Of a block, LEAST or more: the largest size that it has. */
static size_t index_down(size_t size)
{
    return (size - LEAST) / STEP;
}

static size_t size_at(size_t index)
{
    return LEAST + index * STEP;
}

static struct tri_cache_block *take(struct tri_cache *c, size_t index)
{
    struct tri_cache_block *block = c->kept[index];
    if (block) {
        tri_unpoison(block, size_at(index));
        c->kept[index] = block->next;
        c->bytes -= size_at(index);
    }
    return block;
}

static void *resize(void *user, void *ptr, size_t size)
{
    struct tri_cache *c = user;
    if (ptr || size > TRI_CACHE_BLOCK_BYTES_MAX) {
        return c->base->resize(c->base->user, ptr, size);
    }
    const size_t index = index_up(size);
    void *block = take(c, index);
    return block ? block : c->base->resize(c->base->user, NULL, size_at(index));
}

static bool keep(struct tri_cache *c, void *ptr)
{
    const size_t size = c->base->size ? c->base->size(c->base->user, ptr) : 0;
    if (size < LEAST || index_down(size) >= TRI_CACHE_SIZES) {
        return false;
    }
    const size_t index = index_down(size);
    if (size_at(index) > TRI_CACHE_BYTES_MAX - c->bytes) {
        return false;
    }
    struct tri_cache_block *block = ptr;
    block->next = c->kept[index];
    c->kept[index] = block;
    c->bytes += size_at(index);
    tri_poison(block, size_at(index));
    return true;
}

static void release(void *user, void *ptr)
{
    struct tri_cache *c = user;
    if (ptr && !keep(c, ptr)) {
        c->base->release(c->base->user, ptr);
    }
}

static size_t size_of(void *user, void *ptr)
{
    const struct tri_cache *c = user;
    return c->base->size(c->base->user, ptr);
}

void tri_cache_init(struct tri_cache *c, const struct tri_alloc *base)
{
    *c = (struct tri_cache){
        .alloc = {.resize = resize,
                  .release = release,
                  .size = base->size ? size_of : NULL,
                  .user = c},
        .base = base,
    };
}

void tri_cache_deinit(struct tri_cache *c)
{
    for (size_t i = 0; i < TRI_CACHE_SIZES; i++) {
        for (struct tri_cache_block *block; (block = take(c, i));) {
            c->base->release(c->base->user, block);
        }
    }
}
