/* A UDP socket with QUIC and h3 on it: one attempt of a connection. */
#ifndef TRI_CLIENT_QUIC_H
#define TRI_CLIENT_QUIC_H

#include "client_conn.h"

/* Starts to connect |c|, which gets a link; without one |c->fault| says why. */
void tri_client_quic_start(struct tri_client_conn *c, const struct tri_addr *addr, uint64_t now_ns);

#endif
