/* What the link did: a line for a person, JSON for a program. */
#ifndef LINK_STATS_H
#define LINK_STATS_H

#include "link_forward.h"

#include <stdbool.h>

/* Packets that were lost before they met the link's dice: the device was not read in time. */
struct link_overruns {
    uint64_t ends[LINK_ENDS];
};

void link_stats_tell(const struct link_forward *f, const struct link_overruns *overruns);

/*
 * |file|: {"delay_ms": 25, "loss": 0.01, "rate_bps": 0, "queue_ms": 100, "reorder": 0, "seed": 7,
 * "mtu": 1500, "up": {...}, "down": {...}}; "up" is from the client to the server. Each has
 * "packets", "bytes", "delivered", "delivered_bytes", "lost", "dropped", "reordered", "overruns",
 * "longest", and the numbers of the packets, from 1: "lost_packets", "reordered_packets".
 * False: errno.
 */
bool link_stats_write(const struct link_forward *f, const struct link_overruns *overruns,
                      const char *file);

#endif
