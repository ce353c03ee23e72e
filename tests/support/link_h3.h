/*
 * One direction of a network path in memory, with simulated time: datagrams arrive after a delay,
 * in order, or, by a fixed seed, late, twice, or not at all.
 */
#ifndef TRI_TESTS_LINK_H3_H
#define TRI_TESTS_LINK_H3_H

#include "base_list.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct link_h3 {
    struct tri_list packets; /* in order of arrival */
    uint64_t delay_ns;
    uint32_t seed;
    unsigned loss, twice, late; /* of 1000 datagrams */
    bool cut;                   /* nothing arrives any more */
    size_t bytes_max;           /* datagrams longer than this are lost; 0: none */
    size_t sent, lost;          /* datagrams */
};

struct link_packet {
    struct tri_list node;
    uint64_t at_ns;
    uint8_t ecn;
    size_t len;
    uint8_t data[];
};

void link_h3_init(struct link_h3 *l, uint64_t delay_ns, uint32_t seed);
void link_h3_deinit(struct link_h3 *l);
void link_h3_push(struct link_h3 *l, const uint8_t *data, size_t len, uint8_t ecn, uint64_t now_ns);

/* Takes the next datagram that has arrived; free(3) it. NULL: none yet. */
struct link_packet *link_h3_pop(struct link_h3 *l, uint64_t now_ns);
uint64_t link_h3_next_ns(const struct link_h3 *l); /* UINT64_MAX: none is on its way */

#endif
