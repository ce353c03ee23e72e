/*
 * What the admin address answers: the metrics, whether the server is well, and the wish that it
 * drains. For the machine's own operator, tools and probes, over HTTP/1.1 in clear; never a
 * WebSocket.
 *
 *   GET, HEAD  /metrics   200, the counters (server_metrics.h)
 *   GET, HEAD  /healthz   200 while the process serves at all, a drain included
 *   GET, HEAD  /readyz    200; 503 while the server stops or drains
 *   POST       /drain     202, and the drain begins
 *
 * A page in the operator's browser must not reach it by a name that its owner lets point here: the
 * host has to be an address or localhost, else 421. And what changes something is refused (403) if
 * it carries what browsers add to each request of a page: Origin, Sec-Fetch-Site.
 */
#ifndef TRI_SERVER_ADMIN_H
#define TRI_SERVER_ADMIN_H

#include "http_exchange.h"
#include "server_hub.h"
#include "server_metrics.h"

struct tri_admin {
    void (*drain)(void *owner); /* asked for; may be asked for again */
    struct tri_metrics_view (*view)(const void *owner);
    void *owner;
};

/* What an admin connection is made with. */
struct tri_admin_link {
    struct tri_link link; /* first; its metrics are nobody's */
    const struct tri_admin *admin;
};

/* The events of its adapter; their |user| is its struct tri_admin_link. */
extern const struct tri_exchange_events tri_admin_exchange_events;

#endif
