/*
 * Many equal timeouts as one list in order of deadline: arming, renewing and disarming are O(1),
 * the next deadline is the head's. A timer heap would cost log n for each received message.
 *
 * Invariant: all timeouts on a list have the list's duration, so appending keeps the order.
 */
#ifndef TRI_BASE_TIMEOUT_H
#define TRI_BASE_TIMEOUT_H

#include "base_list.h"

#include <stdint.h>

#define TRI_NEVER_NS UINT64_MAX
#define TRI_NS_PER_MS UINT64_C(1000000)

struct tri_timeout {
    struct tri_list node;
    uint64_t deadline_ns; /* meaningful while node is linked */
};

struct tri_timeout_list {
    struct tri_list timeouts;
    uint64_t duration_ns; /* 0: timeouts on this list never expire and are never linked */
};

void tri_timeout_list_init(struct tri_timeout_list *l, uint64_t duration_ns);
/*
 * Gives all timeouts on the list, and later ones, another duration, each from when it was armed.
 * O(n). 0: they are taken off. From 0 to another one: those that were armed meanwhile stay off
 * until they are armed again.
 */
void tri_timeout_list_change(struct tri_timeout_list *l, uint64_t duration_ns);

void tri_timeout_init(struct tri_timeout *t);

/* (Re)starts |t|: it expires |duration_ns| after |now_ns|. now_ns must not go backwards. */
void tri_timeout_arm(struct tri_timeout_list *l, struct tri_timeout *t, uint64_t now_ns);

/* Harmless when not armed. */
void tri_timeout_disarm(struct tri_timeout *t);

/* When the first expires; TRI_NEVER_NS if none is armed. */
uint64_t tri_timeout_list_deadline_ns(const struct tri_timeout_list *l);

/* Takes off and returns one whose deadline is <= now_ns, or NULL. */
struct tri_timeout *tri_timeout_list_pop(struct tri_timeout_list *l, uint64_t now_ns);

#endif
