/* Equal timeouts as one list in order of deadline: see the header. */
#include "base_timeout.h"

#include <assert.h>

static struct tri_timeout *timeout_of(struct tri_list *node)
{
    return TRI_CONTAINER_OF(node, struct tri_timeout, node);
}

void tri_timeout_list_init(struct tri_timeout_list *l, uint64_t duration_ns)
{
    tri_list_init(&l->timeouts);
    l->duration_ns = duration_ns;
}

void tri_timeout_list_change(struct tri_timeout_list *l, uint64_t duration_ns)
{
    if (duration_ns == 0) {
        while (tri_list_pop(&l->timeouts)) {}
    }
    for (struct tri_list *at = l->timeouts.next; at != &l->timeouts; at = at->next) {
        struct tri_timeout *t = timeout_of(at);
        assert(t->deadline_ns >= l->duration_ns);
        t->deadline_ns = t->deadline_ns - l->duration_ns + duration_ns;
    }
    l->duration_ns = duration_ns;
}

void tri_timeout_init(struct tri_timeout *t)
{
    tri_list_init(&t->node);
    t->deadline_ns = TRI_NEVER_NS;
}

void tri_timeout_arm(struct tri_timeout_list *l, struct tri_timeout *t, uint64_t now_ns)
{
    tri_list_remove(&t->node);
    if (l->duration_ns == 0) {
        return;
    }
    assert(now_ns < TRI_NEVER_NS - l->duration_ns);
    t->deadline_ns = now_ns + l->duration_ns;
    /* The order is what makes the head the next one: time must not go backwards. */
    assert(tri_list_is_empty(&l->timeouts) ||
           timeout_of(l->timeouts.prev)->deadline_ns <= t->deadline_ns);
    tri_list_append(&l->timeouts, &t->node);
}

void tri_timeout_disarm(struct tri_timeout *t)
{
    tri_list_remove(&t->node);
}

uint64_t tri_timeout_list_deadline_ns(const struct tri_timeout_list *l)
{
    struct tri_list *first = tri_list_first(&l->timeouts);
    return first ? timeout_of(first)->deadline_ns : TRI_NEVER_NS;
}

struct tri_timeout *tri_timeout_list_pop(struct tri_timeout_list *l, uint64_t now_ns)
{
    if (tri_timeout_list_deadline_ns(l) > now_ns || tri_list_is_empty(&l->timeouts)) {
        return NULL;
    }
    return timeout_of(tri_list_pop(&l->timeouts));
}
