/* struct tri_ws itself: for server_ws.c, its life, and server_ws_api.c, what a program calls. */
#ifndef TRI_SERVER_WS_INTERNAL_H
#define TRI_SERVER_WS_INTERNAL_H

#include "server_ws.h"

struct tri_ws {
    struct tri_session *session;
    struct tri_link *link;             /* borrowed: the connection outlives its streams */
    const struct tri_carrier *carrier; /* borrowed: valid as long as the stream */
    const struct tri_ws_handler *handler;
    void *user;
    uint64_t id;
    struct tri_list node; /* in hub->sockets */
    char subprotocol[];   /* NUL-terminated; "": none */
};

#endif
