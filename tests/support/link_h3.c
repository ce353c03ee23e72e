#include "link_h3.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void link_h3_init(struct link_h3 *l, uint64_t delay_ns, uint32_t seed)
{
    *l = (struct link_h3){.delay_ns = delay_ns, .seed = seed};
    tri_list_init(&l->packets);
}

void link_h3_deinit(struct link_h3 *l)
{
    for (struct tri_list *node = l->packets.next; node != &l->packets;) {
        struct tri_list *next = node->next;
        free(TRI_CONTAINER_OF(node, struct link_packet, node));
        node = next;
    }
}

static bool happens(struct link_h3 *l, unsigned of_1000)
{
    l->seed = l->seed * 1664525u + 1013904223u;
    return (l->seed >> 8) % 1000 < of_1000;
}

static void insert(struct link_h3 *l, struct link_packet *p)
{
    struct tri_list *after = l->packets.prev; /* behind all that arrive no later */
    while (after != &l->packets &&
           TRI_CONTAINER_OF(after, struct link_packet, node)->at_ns > p->at_ns) {
        after = after->prev;
    }
    p->node.prev = after;
    p->node.next = after->next;
    after->next->prev = &p->node;
    after->next = &p->node;
}

static void push_once(struct link_h3 *l, const uint8_t *data, size_t len, uint8_t ecn,
                      uint64_t at_ns)
{
    struct link_packet *p = malloc(sizeof *p + len);
    assert(p);
    p->at_ns = at_ns;
    p->ecn = ecn;
    p->len = len;
    memcpy(p->data, data, len);
    insert(l, p);
}

void link_h3_push(struct link_h3 *l, const uint8_t *data, size_t len, uint8_t ecn, uint64_t now_ns)
{
    uint64_t at_ns = now_ns + l->delay_ns;
    l->sent++;
    if (l->cut || happens(l, l->loss) || (l->bytes_max > 0 && len > l->bytes_max)) {
        l->lost++;
        return;
    }
    if (happens(l, l->late)) {
        at_ns += 3 * l->delay_ns;
    }
    push_once(l, data, len, ecn, at_ns);
    if (happens(l, l->twice)) {
        push_once(l, data, len, ecn, at_ns + l->delay_ns);
    }
}

struct link_packet *link_h3_pop(struct link_h3 *l, uint64_t now_ns)
{
    if (link_h3_next_ns(l) > now_ns) {
        return NULL;
    }
    return TRI_CONTAINER_OF(tri_list_pop(&l->packets), struct link_packet, node);
}

uint64_t link_h3_next_ns(const struct link_h3 *l)
{
    struct tri_list *first = tri_list_first(&l->packets);
    return first ? TRI_CONTAINER_OF(first, struct link_packet, node)->at_ns : UINT64_MAX;
}
