/*
 * An allocator in front of another one, that keeps small blocks which were released for the next who wants
 * one of their size. A heap does so too, but for a few of each size: a turn of the loop takes a
 * block for each of a hundred messages, and then gives back all of them.
 *
 * Not for several threads: one a worker.
 */
#ifndef TRI_BASE_CACHE_H
#define TRI_BASE_CACHE_H

#include "base_alloc.h"

/* Larger blocks are not kept. */
#define TRI_CACHE_BLOCK_BYTES_MAX ((size_t)1032)
#define TRI_CACHE_SIZES (TRI_CACHE_BLOCK_BYTES_MAX / 16)

/* In all blocks that are kept: some hundreds of the common sizes. */
#define TRI_CACHE_BYTES_MAX ((size_t)(256 * 1024))

struct tri_cache {
    struct tri_alloc alloc;       /* to be handed out */
    const struct tri_alloc *base; /* borrowed: where it comes from */
    struct tri_cache_block *kept[TRI_CACHE_SIZES];
    size_t bytes; /* in them */
};

/* |c| must not move afterwards. Of a |base| that cannot tell the size of a block nothing is kept. */
void tri_cache_init(struct tri_cache *c, const struct tri_alloc *base);

/* Gives back to |base| what is kept. All that was handed out was released. */
void tri_cache_deinit(struct tri_cache *c);

#endif
