/* Breaks the rules of HTTP/3 on a connection that is ready: it ends for that. RFC 9114. */
#ifndef TRI_TESTS_SOAK_BARE_H
#define TRI_TESTS_SOAK_BARE_H

#include "peer_h3.h"
#include "soak_random.h"

void soak_bare_break(struct peer_h3 *p, struct soak_random *r);

#endif
