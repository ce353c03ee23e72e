/* The TLS of a peer_h3, with a hook that changes what it says. */
#ifndef TRI_TESTS_PEER_H3_TLS_H
#define TRI_TESTS_PEER_H3_TLS_H

#include "peer_h3.h"

void peer_h3_tls_init(struct peer_h3 *p);
void peer_h3_tls_deinit(struct peer_h3 *p);

#endif
