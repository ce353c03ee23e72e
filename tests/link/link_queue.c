/* See link_queue.h. */
#include "link_queue.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define SECOND_NS UINT64_C(1000000000)

void link_queue_init(struct link_queue *q, const struct link_queue_options *options)
{
    *q = (struct link_queue){.options = *options};
}

static void drop_all(struct link_list *list)
{
    while (list->first) {
        struct link_packet *packet = list->first;
        list->first = packet->next;
        free(packet);
    }
    list->last = NULL;
}

void link_queue_deinit(struct link_queue *q)
{
    drop_all(&q->straight);
    drop_all(&q->held);
    q->bytes = 0;
}

static void append(struct link_list *list, struct link_packet *packet)
{
    assert(!list->last || list->last->due_ns <= packet->due_ns);
    if (list->last) {
        list->last->next = packet;
    } else {
        list->first = packet;
    }
    list->last = packet;
}

/* Takes the line for |len| bytes: when the last of them has left. */
static uint64_t occupy(struct link_queue *q, size_t len, uint64_t start_ns)
{
    if (q->options.rate_bps == 0) {
        return start_ns;
    }
    q->free_ns = start_ns + len * 8 * SECOND_NS / q->options.rate_bps;
    return q->free_ns;
}

bool link_queue_push(struct link_queue *q, const uint8_t *data, size_t len, bool is_held,
                     uint64_t now_ns)
{
    uint64_t start_ns = q->free_ns > now_ns ? q->free_ns : now_ns;
    if (start_ns - now_ns > q->options.queue_ns || q->bytes + len > LINK_QUEUE_BYTES_MAX) {
        return false;
    }
    struct link_packet *packet = malloc(sizeof *packet + len);
    if (!packet) {
        return false;
    }
    packet->next = NULL;
    packet->len = len;
    memcpy(packet->data, data, len);
    packet->due_ns = occupy(q, len, start_ns) + q->options.delay_ns;
    if (is_held) {
        packet->due_ns += q->options.hold_ns;
    }
    append(is_held ? &q->held : &q->straight, packet);
    q->bytes += len;
    return true;
}

static bool is_held_next(const struct link_queue *q)
{
    const struct link_packet *straight = q->straight.first;
    const struct link_packet *held = q->held.first;
    return held && (!straight || held->due_ns < straight->due_ns);
}

uint64_t link_queue_due_ns(const struct link_queue *q)
{
    const struct link_packet *packet = is_held_next(q) ? q->held.first : q->straight.first;
    return packet ? packet->due_ns : UINT64_MAX;
}

struct link_packet *link_queue_pop(struct link_queue *q, uint64_t now_ns)
{
    struct link_list *list = is_held_next(q) ? &q->held : &q->straight;
    struct link_packet *packet = list->first;
    if (!packet || packet->due_ns > now_ns) {
        return NULL;
    }
    list->first = packet->next;
    if (!list->first) {
        list->last = NULL;
    }
    q->bytes -= packet->len;
    return packet;
}
