/*
 * An HTTP/2 connection after TLS, on nghttp2: streams that carry plain requests and, by extended
 * CONNECT, WebSockets. RFC 9113, RFC 8441. Sans-I/O: driven through tri_conn_ops (http_conn.h).
 *
 * Stream windows follow the tenant's consume; the connection window is returned at once (contract
 * line 5). DATA goes out without a copy: send yields frame headers and slices of the tenant's own
 * bytes.
 */
#ifndef TRI_H2_CONN_H
#define TRI_H2_CONN_H

#include "http_conn.h"

/*
 * TRI_OK, or TRI_ERR_NOMEM. |config| is copied; what it points at outlives the connection. The
 * first thing that send yields is our SETTINGS, ENABLE_CONNECT_PROTOCOL = 1 among them (row E1).
 */
TRI_MUST_USE enum tri_err tri_h2_conn_new(struct tri_conn **out,
                                          const struct tri_conn_config *config, uint64_t now_ns);

#endif
