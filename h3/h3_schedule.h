/*
 * Which stream's bytes go next: strictly by urgency; of one urgency first those that are not
 * incremental, the oldest first, each until it has nothing more; then the others in turns of a packet
 * each. RFC 9218 section 10, decision 020.
 */
#ifndef TRI_H3_SCHEDULE_H
#define TRI_H3_SCHEDULE_H

#include "base_list.h"

#include <stdint.h>

#define TRI_H3_URGENCIES ((size_t)8)

struct tri_h3_schedule {
    struct tri_list turns[TRI_H3_URGENCIES]; /* of struct tri_h3_turn */
};

/* A stream's place, while it may have something to send. */
struct tri_h3_turn {
    struct tri_list node;
    int64_t id;
    uint32_t urgency; /* below TRI_H3_URGENCIES */
    bool is_incremental;
};

void tri_h3_schedule_init(struct tri_h3_schedule *s);

/* Whose turn it is, or NULL. It stays until it is removed. */
struct tri_h3_turn *tri_h3_schedule_first(const struct tri_h3_schedule *s);

/* |t| has its say now, as far as it goes. It is in no schedule. */
void tri_h3_schedule_add(struct tri_h3_schedule *s, struct tri_h3_turn *t);

/* |t| had its turn, and has more to send: others of its urgency first. It is in the schedule. */
void tri_h3_schedule_pass(struct tri_h3_schedule *s, struct tri_h3_turn *t);

static inline bool tri_h3_schedule_has(const struct tri_h3_turn *t)
{
    return tri_list_is_linked(&t->node);
}

/* Harmless for one that is in none. */
static inline void tri_h3_schedule_remove(struct tri_h3_turn *t)
{
    tri_list_remove(&t->node);
}

#endif
