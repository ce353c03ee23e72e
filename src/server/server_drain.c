/* See server_drain.h. */
#include "server_drain.h"

#include "socket_ws.h"

#include <assert.h>

#define LANE_BITS 6
#define LANES (1u << LANE_BITS)

void tri_drain_init(struct tri_drain *d)
{
    tri_list_init(&d->waiting);
    d->next_ns = UINT64_MAX;
    d->interval_ns = 0;
}

/* Neighbours get lanes that are far apart: 0, 32, 16, 48, 8 ... */
static unsigned lane_of(size_t index)
{
    unsigned lane = 0;
    for (unsigned bit = 0; bit < LANE_BITS; bit++) {
        lane = lane << 1 | (unsigned)(index >> bit & 1);
    }
    return lane;
}

/*
 * Sockets are listed as they were opened, and those of a page or of a connection were mostly opened
 * together. Dealt out to lanes, each lane has its share of them all, and the lanes go one by one.
 */
static void deal(struct tri_list *out, struct tri_list *sockets)
{
    struct tri_list lanes[LANES];
    for (size_t i = 0; i < LANES; i++) {
        tri_list_init(&lanes[i]);
    }
    size_t index = 0;
    for (struct tri_list *at; (at = tri_list_pop(sockets)); index++) {
        tri_list_append(&lanes[lane_of(index)], at);
    }
    for (size_t i = 0; i < LANES; i++) {
        for (struct tri_list *at; (at = tri_list_pop(&lanes[i]));) {
            tri_list_append(out, at);
        }
    }
}

void tri_drain_start(struct tri_drain *d, struct tri_hub *hub, uint64_t over_ns, uint64_t now_ns)
{
    assert(tri_list_is_empty(&d->waiting) && hub->stopping); /* none comes that is not dealt out */
    if (hub->sockets_len == 0) {
        return;
    }
    deal(&d->waiting, &hub->sockets);
    d->interval_ns = over_ns / hub->sockets_len;
    d->next_ns = now_ns;
    tri_drain_expire(d, hub, now_ns);
}

static void close_socket(struct tri_ws *ws)
{
    /* Closing only queues a frame: no socket leaves its list here. */
    enum tri_err err = tri_session_close(ws->session, TRI_CLOSE_GOING_AWAY, TRI_SLICE(""));
    assert(err != TRI_ERR_INVALID);
    if (err == TRI_ERR_NOMEM) {
        tri_session_abort(ws->session);
    }
}

void tri_drain_expire(struct tri_drain *d, struct tri_hub *hub, uint64_t now_ns)
{
    while (d->next_ns <= now_ns) {
        struct tri_list *at = tri_list_pop(&d->waiting);
        if (!at) {
            d->next_ns = UINT64_MAX;
            return;
        }
        tri_list_append(&hub->sockets, at);
        close_socket(TRI_CONTAINER_OF(at, struct tri_ws, node));
        d->next_ns += d->interval_ns;
    }
}
