/* See h3_schedule.h. */
#include "h3_schedule.h"

#include <assert.h>

static struct tri_h3_turn *turn_of(struct tri_list *node)
{
    return TRI_CONTAINER_OF(node, struct tri_h3_turn, node);
}

void tri_h3_schedule_init(struct tri_h3_schedule *s)
{
    for (size_t i = 0; i < TRI_H3_URGENCIES; i++) {
        tri_list_init(&s->turns[i]);
    }
}

struct tri_h3_turn *tri_h3_schedule_first(const struct tri_h3_schedule *s)
{
    for (size_t i = 0; i < TRI_H3_URGENCIES; i++) {
        struct tri_list *first = tri_list_first(&s->turns[i]);
        if (first) {
            return turn_of(first);
        }
    }
    return NULL;
}

/* The node that one which is not incremental goes in front of: these are few, and only while their
 * connection has no sockets. */
static struct tri_list *place_of(struct tri_list *turns, int64_t id)
{
    struct tri_list *at = turns->next;
    while (at != turns && !turn_of(at)->is_incremental && turn_of(at)->id < id) {
        at = at->next;
    }
    return at;
}

void tri_h3_schedule_add(struct tri_h3_schedule *s, struct tri_h3_turn *t)
{
    assert(!tri_h3_schedule_has(t) && t->urgency < TRI_H3_URGENCIES);
    struct tri_list *turns = &s->turns[t->urgency];
    tri_list_append(t->is_incremental ? turns : place_of(turns, t->id), &t->node);
}

void tri_h3_schedule_pass(struct tri_h3_schedule *s, struct tri_h3_turn *t)
{
    assert(tri_h3_schedule_has(t));
    if (t->is_incremental) {
        tri_h3_schedule_remove(t);
        tri_h3_schedule_add(s, t);
    }
}
