/*
 * The spreading of Close 1001 over the sockets of a worker, when it stops or drains: evenly over
 * the time, and so that the sockets of one connection, which were opened together, do not go
 * together. One deadline for all, no timer a socket. Row E9.
 */
#ifndef TRI_SERVER_DRAIN_H
#define TRI_SERVER_DRAIN_H

#include "server_hub.h"

struct tri_drain {
    struct tri_list waiting; /* every struct tri_ws that is not closed yet, in the order to be */
    uint64_t next_ns;        /* when the first of them is; UINT64_MAX: none waits */
    uint64_t interval_ns;    /* from one to the next */
};

/* One that has nothing to do. */
void tri_drain_init(struct tri_drain *d);

/*
 * Takes every socket of |hub|, the first to be closed |now_ns|, the last before |over_ns| have
 * passed. One that ends meanwhile leaves a gap.
 */
void tri_drain_start(struct tri_drain *d, struct tri_hub *hub, uint64_t over_ns, uint64_t now_ns);

/* Starts to close the sockets whose time has come. */
void tri_drain_expire(struct tri_drain *d, struct tri_hub *hub, uint64_t now_ns);

static inline uint64_t tri_drain_deadline_ns(const struct tri_drain *d)
{
    return d->next_ns; /* UINT64_MAX: none */
}

#endif
