/*
 * An HTTP/1.1 connection after TLS: requests in turn, and, after an accepted upgrade, the bytes of
 * one WebSocket. RFC 9112, RFC 9110 section 7.8, RFC 6455 section 4.2, RFC 9931. Sans-I/O: driven
 * through tri_conn_ops (http_conn.h).
 *
 *   HEAD ──head complete──────────────► WAIT ──respond──► BODY ──all sent──► HEAD (keep-alive)
 *     └───with a body──► DROP ──read────┘ │                 └──────────────► DONE (close)
 *                                         └──respond 101──► TUNNEL ────────► DONE
 *   HEAD, DROP, WAIT ──error──► FAIL: an error response, what the peer still sends is discarded;
 *                               then DONE
 *
 * The handler hears of a request when its body has been read and dropped. While it has not answered
 * and while the response is sent, what arrives is held, up to TRI_HELD_BYTES_MAX, and parsed when
 * its turn comes (row U8). Over that limit a WebSocket request is answered 400; pipelined requests
 * are dropped, the response that is due is the last. Either way the connection closes.
 *
 * A tunnel whose tenant gives fin is over: the tenant gets on_fin, if it has not had it, and
 * on_closed(FINISHED) once its last bytes were sent, and is_done asks the owner to close in order
 * and to await the peer's end.
 */
#ifndef TRI_H1_CONN_H
#define TRI_H1_CONN_H

#include "http_conn.h"

/* TRI_OK, or TRI_ERR_NOMEM. |config| is copied; what it points at outlives the connection. */
TRI_MUST_USE enum tri_err tri_h1_conn_new(struct tri_conn **out,
                                          const struct tri_conn_config *config, uint64_t now_ns);

#endif
