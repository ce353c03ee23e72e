/*
 * One verdict for every request, whatever HTTP it came by: accept a WebSocket, hand on a plain
 * request, or refuse. RFC 6455 section 4.2, RFC 8441 section 4 and 5, RFC 9220 section 3.
 */
#ifndef TRI_HTTP_HANDSHAKE_H
#define TRI_HTTP_HANDSHAKE_H

#include "http_exchange.h"
#include "http_extensions.h"
#include "http_routes.h"

enum tri_verdict {
    TRI_VERDICT_WEBSOCKET, /* a valid opening handshake for a WebSocket route: ask its handler */
    TRI_VERDICT_PLAIN,     /* a plain request for a route's HTTP handler */
    TRI_VERDICT_REFUSE,    /* answer with |out->refusal| */
};

/* What the verdict comes with. */
struct tri_handshake {
    /* For REFUSE: answer and status; no fields, no body; and a static reason for the body. */
    struct tri_response refusal;
    const char *reason;
    enum tri_refused refused; /* and the same for metrics and the log */
    /* For WEBSOCKET: what may be agreed. */
    struct tri_deflate_offers deflate;
    struct tri_slice subprotocol; /* agreed; empty: none. In the route's list: as long as that */
};

/*
 * head      the request, normalised
 * route     what tri_routes_find gave for its path; NULL: no route
 * out       always written
 *
 *   protocol   route       verdict
 *   ""         any         CONNECT: 501
 *   ""         none        404
 *   ""         plain       PLAIN
 *   ""         websocket   UPGRADE_NEEDED
 *   websocket  none        404
 *   websocket  plain       GET (h1): PLAIN; CONNECT: 404
 *   websocket  websocket   version missing or not 13: VERSION_NEEDED; malformed extensions or
 *                          subprotocols: 400; an Origin that is not allowed: 403; else WEBSOCKET
 *   other      any         501
 *
 * A route may hold both a WebSocket and a plain handler: then it counts as each where it is asked
 * for as that. Missing authority: 400.
 */
enum tri_verdict tri_handshake_verdict(const struct tri_request_head *head,
                                       const struct tri_route *route, struct tri_handshake *out);

#endif
