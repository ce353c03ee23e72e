/*
 * An intrusive binary min-heap of deadlines, for connections, whose deadlines all differ. A node
 * knows its place, so moving or removing it is O(log n) without a search.
 */
#ifndef TRI_BASE_HEAP_H
#define TRI_BASE_HEAP_H

#include "base_alloc.h"
#include "trisock/trisock.h"

#include <stdint.h>

struct tri_heap_node {
    uint64_t key_ns;
    size_t index; /* place in the heap + 1; 0: not in a heap */
};

struct tri_heap {
    const struct tri_alloc *alloc;
    struct tri_heap_node **nodes;
    size_t len, cap;
};

void tri_heap_init(struct tri_heap *h, const struct tri_alloc *alloc);
void tri_heap_deinit(struct tri_heap *h); /* nodes are the caller's */

/* Makes room for one node more, so that the next tri_heap_set of a new node cannot fail. */
TRI_MUST_USE enum tri_err tri_heap_reserve(struct tri_heap *h);

/*
 * Puts |node| at |key_ns|, inserting it if it is not in. A key of UINT64_MAX keeps it in, last.
 * A new node needs room: call tri_heap_reserve when the object is made, asserted here.
 */
void tri_heap_set(struct tri_heap *h, struct tri_heap_node *node, uint64_t key_ns);

/* Harmless if it is not in. */
void tri_heap_remove(struct tri_heap *h, struct tri_heap_node *node);

/* The node with the smallest key, or NULL. */
struct tri_heap_node *tri_heap_first(const struct tri_heap *h);

#endif
