/*
 * What a server holds of memory, and how much that may be: an allocator that counts what another one
 * gives out, and stages at which less and less is taken on. Counting costs an addition an allocation.
 * Nothing here refuses an allocation: whoever is about to make a large one asks first, so that who
 * wants too much is turned away, and not whoever happens to be next.
 *
 * Not for several threads: one a worker.
 */
#ifndef TRI_BASE_BUDGET_H
#define TRI_BASE_BUDGET_H

#include "base_alloc.h"

#include <stdbool.h>

struct tri_budget {
    struct tri_alloc alloc;       /* to be handed out */
    const struct tri_alloc *base; /* borrowed: where it comes from */
    size_t bytes;                 /* given out, and charged */
    size_t max;                   /* 0: any number */
};

/* |b| must not move afterwards. A |base| that cannot tell the size of a block is not counted. */
void tri_budget_init(struct tri_budget *b, const struct tri_alloc *base, size_t max);

/* Counts what is held outside of the allocator: by a library that has its own. And counts it back. */
void tri_budget_charge(struct tri_budget *b, size_t len);
void tri_budget_refund(struct tri_budget *b, size_t len);

/* Whether |len| bytes more stay within the limit. */
static inline bool tri_budget_has_room(const struct tri_budget *b, size_t len)
{
    return b->max == 0 || (b->bytes < b->max && len <= b->max - b->bytes);
}

/* Whether new connections are taken: up to 7/8 of the limit. What is open can still grow by an eighth. */
static inline bool tri_budget_takes_conns(const struct tri_budget *b)
{
    return b->max == 0 || b->bytes < b->max - b->max / 8;
}

/* Whether connections that are open get something new, a socket or a response: up to 15/16. */
static inline bool tri_budget_takes_requests(const struct tri_budget *b)
{
    return b->max == 0 || b->bytes < b->max - b->max / 16;
}

#endif
