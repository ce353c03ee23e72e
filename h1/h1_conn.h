/*
 * An HTTP/1.1 connection after TLS: requests in turn, and, after an accepted upgrade, the bytes of
 * one WebSocket. RFC 9112, RFC 9110 section 7.8, RFC 6455 section 4.2, RFC 9931. Sans-I/O: driven
 * through tri_conn_ops (http_conn.h).
 *
 *   HEAD ──head complete──► WAIT ──respond──► BODY ──all sent──► HEAD   (keep-alive)
 *                             │                  └──────────────► DONE   (close)
 *                             └──respond 101──► TUNNEL ─────────► DONE
 *   any ──error──► an error response, what the peer still sends is discarded ──► DONE
 *
 * While a request waits for its answer, what arrives behind it is held, bounded; a pipelined
 * request is parsed when its turn comes (row U8).
 */
#ifndef TRI_H1_CONN_H
#define TRI_H1_CONN_H

#include "http_conn.h"

/* TRI_OK, or TRI_ERR_NOMEM. |config| is copied; what it points at outlives the connection. */
TRI_MUST_USE enum tri_err tri_h1_conn_new(struct tri_conn **out,
                                          const struct tri_conn_config *config, uint64_t now_ns);

#endif
