/*
 * struct tri_request itself: what a program may read of a request, copied from the head that its
 * adapter has, and what the answer will need. Who asks and who answers is server_request.h.
 */
#ifndef TRI_SERVER_REQUEST_HEAD_H
#define TRI_SERVER_REQUEST_HEAD_H

#include "http_exchange.h"
#include "http_handshake.h"
#include "server_hub.h"

/*
 * One block of memory: the struct, its fields, and every string. The head's bytes are the
 * adapter's and have no NUL, and a program wants strings.
 */
struct tri_request {
    struct tri_link *link;            /* borrowed: the connection outlives its requests */
    struct tri_exchange *exchange;    /* borrowed: until answered or cancelled */
    const struct tri_route *route;    /* borrowed */
    bool websocket;                   /* a valid opening handshake */
    struct tri_deflate_offers offers; /* of that: what may be agreed */
    char *subprotocol;                /* and what was; owned; NULL: none */
    const char *method, *authority, *path, *query;
    size_t fields_len;
    struct tri_header fields[];
};

/* Makes one, the owner of |x|; NULL if memory is short. |head| is not needed any longer. */
struct tri_request *tri_request_make(struct tri_link *link, struct tri_exchange *x,
                                     const struct tri_request_head *head,
                                     const struct tri_route *route);

/* Takes it off its exchange, which is still to be answered. */
struct tri_exchange *tri_request_take_off(struct tri_request *req);

void tri_request_release(struct tri_request *req);

#endif
