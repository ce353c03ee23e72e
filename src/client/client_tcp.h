/* TCP with TLS, and h2 or h1 on it, as ALPN has it: one attempt of a connection. */
#ifndef TRI_CLIENT_TCP_H
#define TRI_CLIENT_TCP_H

#include "client_conn.h"

/* Starts to connect |c|, which gets a link; without one |c->fault| says why. */
void tri_client_tcp_start(struct tri_client_conn *c, const struct tri_addr *addr);

/* Cuts those that still end in order; the loop's next turns give them up. */
void tri_client_tcp_cut_all(struct tri_client *client);

#endif
