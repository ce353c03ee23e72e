/*
 * The line itself, in one direction: packets wait their turn, take the time that the rate asks for,
 * and arrive a delay later. Time is passed in. It knows nothing of loss.
 *
 * The waiting room is bounded in time: a packet that would wait longer than |queue_ns| before its
 * first bit leaves is dropped ("drop-tail"). At a given rate that is a number of bytes too. Without
 * a rate nobody waits. In any case all that is on the way takes at most LINK_QUEUE_BYTES_MAX.
 *
 *   pushed      waits <= queue_ns      len * 8 / rate         delay_ns (+ hold_ns)       popped
 *   ------> | waiting for the line | being sent, bit by bit | on the way ------------> | ------>
 */
#ifndef LINK_QUEUE_H
#define LINK_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LINK_QUEUE_BYTES_MAX (64u << 20)

struct link_packet {
    struct link_packet *next;
    uint64_t due_ns; /* when it arrives */
    size_t len;
    uint8_t data[];
};

struct link_queue_options {
    uint64_t delay_ns;
    uint64_t hold_ns;  /* more delay, of a packet that others are to overtake */
    uint64_t rate_bps; /* bits a second; 0: no bound */
    uint64_t queue_ns;
};

/* In order of arrival. */
struct link_list {
    struct link_packet *first, *last;
};

struct link_queue {
    struct link_queue_options options;
    uint64_t free_ns; /* when the line has sent all that waits */
    size_t bytes;     /* of all packets in both lists */
    /* Each in order by itself, since the delay is constant: packets, and those held back. */
    struct link_list straight, held;
};

void link_queue_init(struct link_queue *q, const struct link_queue_options *options);
void link_queue_deinit(struct link_queue *q);

/* Copies |data|. False: it is dropped, because the queue is full. */
bool link_queue_push(struct link_queue *q, const uint8_t *data, size_t len, bool is_held,
                     uint64_t now_ns);

/* When the next packet arrives; UINT64_MAX: there is none. */
uint64_t link_queue_due_ns(const struct link_queue *q);

/* The next packet that has arrived by |now_ns|, which the caller frees (free), or NULL. */
struct link_packet *link_queue_pop(struct link_queue *q, uint64_t now_ns);

#endif
