/*
 * A socket at the server's end: what is agreed, the answer to its opening handshake, and its place
 * in the hub. What it is otherwise is in socket_ws.h.
 */
#ifndef TRI_SERVER_WS_H
#define TRI_SERVER_WS_H

#include "http_exchange.h"
#include "http_extensions.h"
#include "http_routes.h"
#include "server_hub.h"
#include "socket_ws.h"

/* What the sockets of |hub|, whose loop and log are there, need of it. */
void tri_ws_host_init(struct tri_ws_host *host, struct tri_hub *hub);

/* What a socket is made from; borrowed for the call, but for |route|, |user| and the exchange. */
struct tri_ws_opening {
    struct tri_link *link;
    struct tri_exchange *exchange; /* a valid opening handshake, not answered yet */
    const struct tri_route *route; /* one with a WebSocket handler */
    void *user;                    /* handed to the handler's callbacks */
    struct tri_slice path;         /* for the log */
    const struct tri_deflate_offers *offers;
    struct tri_slice subprotocol; /* agreed; empty: none */
};

/*
 * Agrees on compression, answers the handshake and opens the socket: on_open is called before this
 * returns.
 *
 * TRI_OK; TRI_ERR_NOMEM: the exchange was answered 503, or its stream aborted.
 */
TRI_MUST_USE enum tri_err tri_ws_accept(const struct tri_ws_opening *opening);

#endif
