/*
 * What the connections of one worker share: its loop, its sessions, its clock, and the lists that
 * it goes through at the end of a turn. It knows no protocol and no socket.
 *
 * And the link: what a request needs to know of the connection that it came by.
 */
#ifndef TRI_SERVER_HUB_H
#define TRI_SERVER_HUB_H

#include "base_heap.h"
#include "base_list.h"
#include "base_log_limit.h"
#include "base_metrics.h"
#include "base_random.h"
#include "http_body.h"
#include "net_loop.h"
#include "server_date.h"
#include "server_gate.h"
#include "server_shared.h"
#include "socket_ws.h"
#include "ws_session.h"

struct tri_hub {
    struct tri_shared *shared; /* borrowed */
    struct tri_loop *loop;     /* owned */
    struct tri_session_worker sessions;
    struct tri_date date;
    struct tri_gate gate;
    struct tri_http_bodies bodies; /* of plain responses */
    struct tri_list conns;         /* every struct tri_tcp_conn */
    struct tri_list dirty;         /* those to be flushed at the end of this turn */
    struct tri_list dead;          /* those whose memory goes at the end of this turn */
    struct tri_ws_host ws_host;    /* of the sockets; made by tri_ws_host_init of server_ws.h */
    struct tri_list sockets;       /* every struct tri_ws */
    size_t sockets_len;            /* how many those are */
    struct tri_heap deadlines;     /* of the TCP connections */
    struct tri_metrics metrics;
    struct tri_log_limit refusals_logged;
    bool stopping;    /* no new socket is taken */
    uint64_t gone_ns; /* while |stopping|: when nothing will be left, at the latest */
};

/* One a connection, embedded in it. */
struct tri_link {
    struct tri_hub *hub;
    const char *alt_svc;  /* value of the alt-svc field for its responses; "": none. Borrowed */
    size_t *sockets_open; /* WebSockets that keep its transport from a polite end */
    size_t sockets;       /* its own open WebSockets, <= limits.sockets_max */
    size_t sockets_peak;  /* the most there were */
    struct tri_http_metrics *metrics; /* in the hub; never NULL once requests may come */
    /* It has something to send, or its sockets_open fell: it is looked at when the turn ends. */
    void (*wake)(struct tri_link *link);
};

/* TRI_OK, TRI_ERR_NOMEM or TRI_ERR_IO. |events| and |user| are the loop's. */
TRI_MUST_USE enum tri_err tri_hub_init(struct tri_hub *hub, struct tri_shared *shared,
                                       const struct tri_loop_events *events, void *user);

/* Every connection and listener is gone. */
void tri_hub_deinit(struct tri_hub *hub);

/*
 * The time of this turn; the sessions and bodies know it too. Call it first in every event from the loop, and
 * where the program may call between two turns and a timeout starts.
 */
static inline uint64_t tri_hub_now_ns(struct tri_hub *hub)
{
    hub->sessions.now_ns = tri_loop_now_ns(hub->loop);
    hub->bodies.now_ns = hub->sessions.now_ns;
    return hub->sessions.now_ns;
}

static inline const struct tri_config *tri_hub_config(const struct tri_hub *hub)
{
    return &hub->shared->config;
}

static inline const struct tri_log *tri_hub_log(const struct tri_hub *hub)
{
    return &hub->shared->config.log;
}

#endif
