/*
 * What carries a client's connection: a transport with an adapter on it. client_tcp.h: TCP and TLS
 * with h1 or h2; client_quic.h: UDP with h3. It belongs to its connection until it is dropped or
 * tells that it ended (client_conn.h).
 */
#ifndef TRI_CLIENT_LINK_H
#define TRI_CLIENT_LINK_H

#include "http_call.h"

struct tri_client_conn;
struct tri_client_link;

struct tri_client_link_ops {
    /* Tells its connection how far it is, if it has not. */
    void (*progress)(struct tri_client_link *link);
    /* Sends what there is. It may tell that it ended: then it is gone. */
    void (*flush)(struct tri_client_link *link, uint64_t now_ns);
    uint64_t (*deadline_ns)(const struct tri_client_link *link); /* UINT64_MAX: none */
    void (*expire)(struct tri_client_link *link, uint64_t now_ns);
    /* The adapter is done: the transport begins to end in order. drop follows. */
    void (*finish)(struct tri_client_link *link);
    /* Sockets on it get their on_close, calls without an answer their on_fail; the transport is cut,
     * unless it is finishing. The link goes by itself. */
    void (*drop)(struct tri_client_link *link);
    struct tri_client_traffic (*traffic)(const struct tri_client_link *link);
    /* Gives a new session that can be resumed to the client's memory, if there is one. */
    void (*save_ticket)(struct tri_client_link *link);
};

struct tri_client_link {
    const struct tri_client_link_ops *ops;
    struct tri_client_conn *conn; /* NULL: dropped, nobody is told */
    struct tri_conn *adapter;     /* owned; NULL: not made yet */
    const struct tri_call_ops *calls;
};

#endif
