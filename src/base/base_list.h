/*
 * An intrusive, doubly linked, circular list. A node that is on no list points at itself, so
 * removing twice is harmless and is_linked is always an answer.
 */
#ifndef TRI_BASE_LIST_H
#define TRI_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct tri_list {
    struct tri_list *prev, *next; /* never NULL after init */
};

#define TRI_CONTAINER_OF(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

static inline void tri_list_init(struct tri_list *l)
{
    l->prev = l;
    l->next = l;
}

static inline bool tri_list_is_empty(const struct tri_list *l)
{
    return l->next == l;
}

static inline bool tri_list_is_linked(const struct tri_list *node)
{
    return node->next != node;
}

static inline void tri_list_remove(struct tri_list *node)
{
    node->prev->next = node->next;
    node->next->prev = node->prev;
    tri_list_init(node);
}

/* |node| must be on no list. */
static inline void tri_list_append(struct tri_list *l, struct tri_list *node)
{
    node->prev = l->prev;
    node->next = l;
    l->prev->next = node;
    l->prev = node;
}

/* The first node, or NULL. */
static inline struct tri_list *tri_list_first(const struct tri_list *l)
{
    return tri_list_is_empty(l) ? NULL : l->next;
}

/* Takes the first node off, or NULL. */
static inline struct tri_list *tri_list_pop(struct tri_list *l)
{
    struct tri_list *node = tri_list_first(l);
    if (node) {
        tri_list_remove(node);
    }
    return node;
}

#endif
