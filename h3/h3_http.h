/*
 * The HTTP/3 half of a connection: nghttp3, its settings and callbacks. RFC 9114, RFC 9204, RFC
 * 9220 (row E1).
 */
#ifndef TRI_H3_HTTP_H
#define TRI_H3_HTTP_H

#include "h3_conn.h"

/*
 * Makes c->http and its three streams (control, QPACK encoder and decoder): their first bytes, our
 * SETTINGS, are the first that the connection sends once it can. 0 or an error of ngtcp2.
 */
TRI_MUST_USE int tri_h3_http_open(struct tri_h3_conn *c);

#endif
