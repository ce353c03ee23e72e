/* A binary min-heap of deadlines; each node knows its place. */
#include "base_heap.h"

#include <assert.h>

#define HEAP_FIRST_CAP 16u /* nodes */

void tri_heap_init(struct tri_heap *h, const struct tri_alloc *alloc)
{
    *h = (struct tri_heap){.alloc = alloc};
}

void tri_heap_deinit(struct tri_heap *h)
{
    tri_alloc_release(h->alloc, (void *)h->nodes);
    tri_heap_init(h, h->alloc);
}

enum tri_err tri_heap_reserve(struct tri_heap *h)
{
    assert(h->len <= h->cap);
    if (h->len < h->cap) {
        return TRI_OK;
    }
    const size_t cap = h->cap > 0 ? h->cap * 2 : HEAP_FIRST_CAP;
    if (cap > SIZE_MAX / sizeof(void *)) {
        return TRI_ERR_NOMEM;
    }
    const size_t size = cap * sizeof h->nodes[0]; /* NOLINT(bugprone-sizeof-expression): pointers */
    struct tri_heap_node **nodes =
        (struct tri_heap_node **)tri_alloc_resize(h->alloc, (void *)h->nodes, size);
    if (!nodes) {
        return TRI_ERR_NOMEM;
    }
    h->nodes = nodes;
    h->cap = cap;
    return TRI_OK;
}

static void put_at(struct tri_heap *h, struct tri_heap_node *node, size_t i)
{
    h->nodes[i] = node;
    node->index = i + 1;
}

/* Moves |node|, whose place |i| is free to write, toward the root. */
static void sift_up(struct tri_heap *h, struct tri_heap_node *node, size_t i)
{
    while (i > 0) {
        const size_t parent = (i - 1) / 2;
        if (h->nodes[parent]->key_ns <= node->key_ns) {
            break;
        }
        put_at(h, h->nodes[parent], i);
        i = parent;
    }
    put_at(h, node, i);
}

/* Moves |node|, whose place |i| is free to write, toward the leaves. */
static void sift_down(struct tri_heap *h, struct tri_heap_node *node, size_t i)
{
    for (;;) {
        size_t child = 2 * i + 1;
        if (child >= h->len) {
            break;
        }
        if (child + 1 < h->len && h->nodes[child + 1]->key_ns < h->nodes[child]->key_ns) {
            child++;
        }
        if (node->key_ns <= h->nodes[child]->key_ns) {
            break;
        }
        put_at(h, h->nodes[child], i);
        i = child;
    }
    put_at(h, node, i);
}

static bool is_in(const struct tri_heap *h, const struct tri_heap_node *node)
{
    assert(node->index <= h->len);
    assert(node->index == 0 || h->nodes[node->index - 1] == node);
    return node->index != 0;
}

void tri_heap_set(struct tri_heap *h, struct tri_heap_node *node, uint64_t key_ns)
{
    if (!is_in(h, node)) {
        assert(h->len < h->cap); /* tri_heap_reserve was not called */
        node->key_ns = key_ns;
        sift_up(h, node, h->len++);
        return;
    }
    if (key_ns == node->key_ns) {
        return; /* most turns move no deadline */
    }
    const bool is_earlier = key_ns < node->key_ns;
    node->key_ns = key_ns;
    if (is_earlier) {
        sift_up(h, node, node->index - 1);
    } else {
        sift_down(h, node, node->index - 1);
    }
}

void tri_heap_remove(struct tri_heap *h, struct tri_heap_node *node)
{
    if (!is_in(h, node)) {
        return;
    }
    const size_t i = node->index - 1;
    struct tri_heap_node *last = h->nodes[--h->len];
    node->index = 0;
    if (last == node) {
        return;
    }
    /* The last node fills the gap; it may belong above or below it. */
    put_at(h, last, i);
    sift_down(h, last, i);
    sift_up(h, last, last->index - 1);
}

struct tri_heap_node *tri_heap_first(const struct tri_heap *h)
{
    return h->len > 0 ? h->nodes[0] : NULL;
}
