/*
 * The priority of a stream: what its client has asked for, and what the program says, which wins
 * from then on, each parameter by itself. RFC 9218 sections 4 and 8. How it is spelled is the
 * adapters' matter: their engines read it.
 */
#ifndef TRI_HTTP_PRIORITY_H
#define TRI_HTTP_PRIORITY_H

#include <stdbool.h>
#include <stdint.h>

/* A parameter that a `priority` field does not have. */
#define TRI_PRIORITY_ABSENT UINT32_MAX

/* Invariant: urgency <= TRI_URGENCY_LEAST. */
struct tri_priority {
    uint8_t urgency;
    bool is_incremental;
    bool is_urgency_ours; /* the program has spoken: the client is not heard any more */
    bool is_incremental_ours;
};

/* Nobody has said anything: RFC 9218 section 4. */
void tri_priority_init(struct tri_priority *p);

/* The client's word, complete: the `priority` field of its request, or PRIORITY_UPDATE. */
void tri_priority_ask(struct tri_priority *p, uint32_t urgency, bool is_incremental);

/* The program's, at run time. */
void tri_priority_set_urgency(struct tri_priority *p, uint32_t urgency);

/* The program's, in the `priority` field of its response; either may be absent. |incremental| is 0
 * or 1. */
void tri_priority_merge(struct tri_priority *p, uint32_t urgency, uint32_t incremental);

#endif
