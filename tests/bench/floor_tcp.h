/*
 * Connections over TCP and TLS, of floor_h1 and floor_h2: epoll, one recv, one send and as few TLS records
 * as there can be for a connection and turn. TLS works on memory, so that it makes no system call.
 */
#ifndef FLOOR_TCP_H
#define FLOOR_TCP_H

#include "floor.h"

struct floor_tcp;

/* The first member of what a protocol keeps of a connection. */
struct floor_tcp_conn {
    struct floor_tcp *server;
    WOLFSSL *ssl;
    struct floor_bytes *unsent; /* NULL: the socket took all; else nothing is read */
    size_t unsent_at;           /* sent of it */
    int fd;
    bool is_open; /* the handshake is over */
};

/* What a protocol does. Those that return false end the connection, after what they wrote is sent. */
struct floor_tcp_calls {
    const char *alpn;
    size_t conn_size;                             /* of its struct; all zero at first */
    bool (*on_open)(struct floor_tcp_conn *conn); /* the handshake is over */
    bool (*on_data)(struct floor_tcp_conn *conn, const uint8_t *data, size_t len);
    bool (*on_turn)(struct floor_tcp_conn *conn); /* all is read: now it writes */
    void (*on_end)(struct floor_tcp_conn *conn);  /* frees what it holds, but not |conn| */
};

/* The first member of a protocol's server. */
struct floor_tcp {
    const struct floor_tcp_calls *calls;
    WOLFSSL_CTX *ctx;
    int epoll, listener;
    uint8_t *in; /* as received, of the connection whose turn it is */
    size_t in_len, in_at;
    uint8_t *opened;            /* of one record */
    struct floor_bytes *plain;  /* to be sealed */
    struct floor_bytes *sealed; /* to be sent */
};

/* Serves until it is killed. */
_Noreturn void floor_tcp_run(struct floor_tcp *t, struct floor_options *o,
                             const struct floor_tcp_calls *calls);

/* In on_turn: writes |data|, which goes into records with what was and will be written in the turn. */
bool floor_tcp_write(struct floor_tcp_conn *conn, const void *data, size_t len);

/* In on_turn, in place of the other one: seals |data| as it lies there. */
bool floor_tcp_seal(struct floor_tcp_conn *conn, const void *data, size_t len);

#endif
