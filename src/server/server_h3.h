/*
 * HTTP/3 on one UDP socket: wiring between net's datagrams (tri_udp) and the QUIC endpoint
 * (tri_h3_endpoint).
 */
#ifndef TRI_SERVER_H3_H
#define TRI_SERVER_H3_H

#include "h3_endpoint.h"
#include "net_udp.h"
#include "server_hub.h"

struct tri_h3_port {
    struct tri_hub *hub;              /* borrowed */
    struct tri_udp *udp;              /* owned; NULL: closed */
    struct tri_h3_endpoint *endpoint; /* owned; NULL with |udp| */
    struct tri_list conns;            /* every struct h3_link */
    bool extended_connect;            /* offered */
    bool dirty;                       /* it may have something to send */
    bool blocked;                     /* the socket is full: wait for on_writable */
    bool may_shut;                    /* some connection may have no socket any more */
};

/*
 * Binds |addr|, which gets the real port, and makes the endpoint; |extended_connect| says whether it
 * offers that. |port| must stay where it is. TRI_OK; TRI_ERR_INUSE, TRI_ERR_IO (errno is kept), TRI_ERR_NOMEM: |port| is then closed.
 */
TRI_MUST_USE enum tri_err tri_h3_port_open(struct tri_h3_port *port, struct tri_hub *hub,
                                           struct tri_addr *addr, bool extended_connect);

/*
 * Ends everything on it: each open socket gets its on_close, each peer one CONNECTION_CLOSE, as far
 * as the UDP socket takes them now. Harmless when closed.
 */
void tri_h3_port_close(struct tri_h3_port *port);

/* Sends what the turn left to send; while the server stops, ends what may end. */
void tri_h3_port_flush(struct tri_h3_port *port);

/* Whether a flush may have something to send: events during the last one may have made more. */
bool tri_h3_port_is_dirty(const struct tri_h3_port *port);

/* Whether no connection is left on it that may still send. */
bool tri_h3_port_is_idle(const struct tri_h3_port *port);

uint64_t tri_h3_port_deadline_ns(const struct tri_h3_port *port); /* UINT64_MAX: none */
void tri_h3_port_expire(struct tri_h3_port *port, uint64_t now_ns);

#endif
