/*
 * The inside of a TCP connection, shared by these and by nobody else:
 *
 *   server_tcp_conn.c    one connection: its beginning, what net tells it, its end
 *   server_tcp_conns.c   all of a hub: the end of a turn, deadlines, stopping and dropping
 */
#ifndef TRI_SERVER_TCP_INTERNAL_H
#define TRI_SERVER_TCP_INTERNAL_H

#include "http_conn.h"
#include "server_stall.h"
#include "server_tcp_conn.h"

/* The diagram is in server_tcp_conn.h. */
enum tri_tcp_phase { TRI_TCP_PHASE_HANDSHAKE, TRI_TCP_PHASE_OPEN, TRI_TCP_PHASE_LINGER };

struct tri_tcp_conn {
    struct tri_link link; /* first: the adapter's user */
    const struct tri_tcp_port *port;
    struct tri_tcp *tcp;   /* goes by itself after on_closed */
    struct tri_conn *conn; /* owned; NULL before on_ready and after drop */
    enum tri_tcp_phase phase;
    bool opened; /* its adapter was made: the log has its opening */
    bool shut;   /* it was asked to close politely */
    uint64_t id;
    struct tri_peer *peer; /* for the gate */
    size_t tls_bytes;      /* charged for what TLS holds */
    size_t sockets_open;
    struct tri_list node;  /* in hub->conns, then hub->dead */
    struct tri_list dirty; /* in hub->dirty */
    struct tri_heap_node deadline;
    struct tri_stall stall;
    char remote[TRI_ADDR_TEXT_MAX];
};

/* Asserts HANDSHAKE to OPEN to LINGER; or HANDSHAKE to LINGER, of one that is dropped before. */
void tri_tcp_conn_set_phase(struct tri_tcp_conn *c, enum tri_tcp_phase phase);

/* The connection of |link| is flushed at the end of the turn. */
void tri_tcp_conn_mark_dirty(struct tri_link *link);

/* Each open socket gets its on_close before this returns. Harmless if it is done. */
void tri_tcp_conn_free_adapter(struct tri_tcp_conn *c);

#endif
