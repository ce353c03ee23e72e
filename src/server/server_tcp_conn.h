/*
 * A TCP connection: wiring between net's bytes (tri_tcp) and an adapter (tri_conn) that ALPN
 * chose: h2, http/1.1, or on a cleartext port the one that refuses. Row N2, N3, N4.
 *
 *   HANDSHAKE ──on_ready──► OPEN ──is_done──► LINGER ──on_closed──► gone
 *       └──────────────────────┴──is_aborted, drop──► LINGER
 */
#ifndef TRI_SERVER_TCP_CONN_H
#define TRI_SERVER_TCP_CONN_H

#include "net_tcp.h"
#include "server_hub.h"

/* What a listener gives its connections. Outlives them, for |alt_svc|. */
struct tri_tcp_port {
    struct tri_hub *hub;
    const char *alt_svc;   /* for struct tri_link */
    bool extended_connect; /* offered on h2 */
    bool cleartext;
    uint16_t redirect_port; /* of a cleartext port: 0 answers 426, else 308 to this one */
};

/* on_accept of struct tri_tcp_accept; the owner is a struct tri_tcp_port. */
void *tri_tcp_conn_accept(void *owner, struct tri_tcp *tcp, const struct tri_tcp_events **events);

/* Flushes what the turn left to send, ends what is done, frees what is gone. */
void tri_tcp_conns_flush(struct tri_hub *hub);

/* The first deadline of an adapter, and what to call when it has come. */
uint64_t tri_tcp_conns_deadline_ns(const struct tri_hub *hub);
void tri_tcp_conns_expire(struct tri_hub *hub, uint64_t now_ns);

/* Polite: each connection ends when its sockets have; hub->stopping is set. */
void tri_tcp_conns_stop(struct tri_hub *hub);

/* Cuts every connection; each open socket gets its on_close before this returns. */
void tri_tcp_conns_drop(struct tri_hub *hub);

#endif
