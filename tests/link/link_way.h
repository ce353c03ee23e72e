/*
 * One direction of the link: each packet that enters gets the next number, from 1, is lost or held
 * back as the dice say for that number, or goes onto the line; and all of it is counted.
 *
 * packets = lost + dropped + delivered + those on the way
 */
#ifndef LINK_WAY_H
#define LINK_WAY_H

#include "link_options.h"

struct link_counts {
    uint64_t packets, bytes; /* entered */
    uint64_t delivered, delivered_bytes;
    uint64_t lost;      /* by --loss */
    uint64_t dropped;   /* by a full queue */
    uint64_t reordered; /* held back */
    size_t longest;     /* bytes of the longest packet */
};

struct link_way {
    const struct link_options *options; /* borrowed */
    uint64_t index;                     /* of the direction: each has dice of its own */
    struct link_queue queue;
    struct link_counts counts;
};

void link_way_init(struct link_way *w, const struct link_options *options, uint64_t index);
void link_way_deinit(struct link_way *w);

void link_way_take(struct link_way *w, const uint8_t *data, size_t len, uint64_t now_ns);

/* The next packet that has arrived, which the caller frees (free), or NULL. */
struct link_packet *link_way_give(struct link_way *w, uint64_t now_ns);

/* The fate of packet |number|. A lost packet is not held back. */
bool link_way_is_lost(const struct link_way *w, uint64_t number);
bool link_way_is_held(const struct link_way *w, uint64_t number);

#endif
