/* See link_way.h. */
#include "link_way.h"

#include "link_random.h"

/* Streams of dice: two a direction. */
static uint64_t loss_stream(const struct link_way *w)
{
    return 2 * w->index;
}

static uint64_t reorder_stream(const struct link_way *w)
{
    return 2 * w->index + 1;
}

void link_way_init(struct link_way *w, const struct link_options *options, uint64_t index)
{
    *w = (struct link_way){.options = options, .index = index};
    link_queue_init(&w->queue, &options->line);
}

void link_way_deinit(struct link_way *w)
{
    link_queue_deinit(&w->queue);
}

bool link_way_is_lost(const struct link_way *w, uint64_t number)
{
    return link_random_chance(w->options->seed, loss_stream(w), number, w->options->loss);
}

bool link_way_is_held(const struct link_way *w, uint64_t number)
{
    return !link_way_is_lost(w, number) &&
           link_random_chance(w->options->seed, reorder_stream(w), number, w->options->reorder);
}

void link_way_take(struct link_way *w, const uint8_t *data, size_t len, uint64_t now_ns)
{
    uint64_t number = ++w->counts.packets;
    bool is_held = link_way_is_held(w, number);
    w->counts.bytes += len;
    if (len > w->counts.longest) {
        w->counts.longest = len;
    }
    if (link_way_is_lost(w, number)) {
        w->counts.lost++;
    } else if (!link_queue_push(&w->queue, data, len, is_held, now_ns)) {
        w->counts.dropped++;
    } else if (is_held) {
        w->counts.reordered++;
    }
}

struct link_packet *link_way_give(struct link_way *w, uint64_t now_ns)
{
    struct link_packet *packet = link_queue_pop(&w->queue, now_ns);
    if (packet) {
        w->counts.delivered++;
        w->counts.delivered_bytes += packet->len;
    }
    return packet;
}
