/* See http_priority.h. */
#include "http_priority.h"

#include "trisock/trisock.h"

#include <assert.h>

void tri_priority_init(struct tri_priority *p)
{
    *p = (struct tri_priority){.urgency = TRI_URGENCY_DEFAULT};
}

void tri_priority_ask(struct tri_priority *p, uint32_t urgency, bool is_incremental)
{
    assert(urgency <= TRI_URGENCY_LEAST); /* the engines pass on nothing else */
    if (!p->is_urgency_ours) {
        p->urgency = (uint8_t)urgency;
    }
    if (!p->is_incremental_ours) {
        p->is_incremental = is_incremental;
    }
}

void tri_priority_set_urgency(struct tri_priority *p, uint32_t urgency)
{
    assert(urgency <= TRI_URGENCY_LEAST);
    p->urgency = (uint8_t)urgency;
    p->is_urgency_ours = true;
}

void tri_priority_merge(struct tri_priority *p, uint32_t urgency, uint32_t incremental)
{
    if (urgency != TRI_PRIORITY_ABSENT) {
        tri_priority_set_urgency(p, urgency);
    }
    if (incremental != TRI_PRIORITY_ABSENT) {
        assert(incremental <= 1);
        p->is_incremental = incremental == 1;
        p->is_incremental_ours = true;
    }
}
