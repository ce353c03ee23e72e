/*
 * Carries packets between the two ends until something else is to be done. Packets for many
 * (multicast, broadcast) are the kernel's own and are not carried: they would come at times of their
 * own, and each would take a number.
 */
#ifndef LINK_FORWARD_H
#define LINK_FORWARD_H

#include "link_tun.h"
#include "link_way.h"

enum { LINK_CLIENT, LINK_SERVER, LINK_ENDS };

struct link_forward {
    struct link_end ends[LINK_ENDS];
    /* How late the kernel wakes a sleeper, as seen lately: packets go that much before their time,
     * so that they arrive at it. */
    uint64_t late_ns;
    struct link_way ways[LINK_ENDS]; /* from the end of that index to the other */
};

uint64_t link_now_ns(void);

/* So that a busy machine does not make the link longer: in front of all that is not urgent, where
 * that is allowed. What this process starts is not. */
void link_forward_hurry(void);

/*
 * Carries packets until one of |fds| (at most LINK_FDS_MAX; -1: none) can be read, whose index is
 * returned, or until |until_ns|: then |fds_len|.
 */
#define LINK_FDS_MAX 4
size_t link_forward_until(struct link_forward *f, const int *fds, size_t fds_len,
                          uint64_t until_ns);

#endif
