/*
 * struct tri_client: a loop, its sessions, and what all its connections share. One thread. The order
 * of a turn is the server's: what is ready is handled; then every connection that something happened
 * to is flushed, once; then the next deadline is set; ends are told last.
 */
#ifndef TRI_CLIENT_INSTANCE_H
#define TRI_CLIENT_INSTANCE_H

#include "base_cache.h"
#include "base_heap.h"
#include "base_metrics.h"
#include "client_config.h"
#include "client_random.h"
#include "client_services.h"
#include "client_tickets.h"
#include "net_loop.h"
#include "net_timer.h"
#include "socket_ws.h"

#include <stdatomic.h>

/* Somebody who has connections of his own on a client's loop, and a part in its turn: the bridge. */
struct tri_client_guest_ops {
    /* As often as the client goes over what is dirty. Whether there is more for another round. */
    bool (*flush)(void *user, uint64_t now_ns);
    uint64_t (*deadline_ns)(const void *user); /* 0: there is something to flush */
    void (*expire)(void *user, uint64_t now_ns);
};

struct tri_client_guest {
    const struct tri_client_guest_ops *ops; /* NULL: there is none */
    void *user;
};

struct tri_client {
    struct tri_cache cache; /* on the program's allocator */
    struct tri_client_config
        config;            /* a copy of the program's; its |alloc|, the cache, is everybody's */
    struct tri_loop *loop; /* owned */
    struct tri_client_random masks;
    struct tri_session_worker sessions;
    struct tri_ws_host ws_host;
    struct tri_metrics metrics;
    struct tri_tls_keylog *keylog;  /* NULL: none */
    struct tri_tls_client tcp_tls;  /* ctx NULL: not made yet */
    struct tri_tls_client quic_tls; /* the same: made for the first connection that wants it */
    struct tri_client_tickets tickets;
    struct tri_client_services services;

    struct tri_list conns;           /* every struct tri_client_conn but those in |ended| */
    struct tri_list dirty;           /* those to be looked at when the turn ends */
    struct tri_list ended;           /* those whose on_closed is due */
    struct tri_heap deadlines;       /* of connections */
    struct tri_timeout_list answers; /* calls that were asked */
    struct tri_list tcp_links;       /* those that the loop has not given up yet */
    uint64_t conns_made, sockets_made;

    struct tri_timer *timer; /* owned */
    void (*on_time)(void *user);
    void *on_time_user;
    bool is_ending; /* it is being freed: nothing new is taken */
    atomic_bool stop_asked;
    struct tri_client_guest guest;
};

/* The time of this turn; the sessions know it too. Call it first in every event from the loop. */
static inline uint64_t tri_client_turn_ns(struct tri_client *client)
{
    client->sessions.now_ns = tri_loop_now_ns(client->loop);
    return client->sessions.now_ns;
}

/* Makes the TLS context for QUIC if there is none. Errors, and |error|, as tri_tls_client_init. */
TRI_MUST_USE enum tri_err tri_client_need_quic(struct tri_client *client,
                                               char error[TRI_TLS_ERROR_MAX]);

#endif
