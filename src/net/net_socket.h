/* What TCP and UDP sockets have in common before they are used. Private to net. */
#ifndef TRI_NET_SOCKET_H
#define TRI_NET_SOCKET_H

#include "base_addr.h"

/*
 * A socket of |family| and |type|, non-blocking, closed on exec; IPv6 without IPv4, so that each
 * address is listened on as it is written. TRI_OK or TRI_ERR_IO (errno is kept).
 */
TRI_MUST_USE enum tri_err tri_socket_open(int *out, int family, int type);

/* Binds it; |addr| gets the real port. TRI_OK; TRI_ERR_INUSE; TRI_ERR_IO (errno is kept). */
TRI_MUST_USE enum tri_err tri_socket_bind(int fd, struct tri_addr *addr);

void tri_socket_close(int fd); /* keeps errno */

#endif
