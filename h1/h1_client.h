/*
 * The client's end of an HTTP/1.1 connection after TLS: one opening handshake by Upgrade, and then
 * the bytes of one WebSocket. RFC 6455 section 4.1, RFC 9112. Sans-I/O: driven through tri_conn_ops
 * (http_conn.h) and tri_call_ops (http_call.h).
 *
 *   IDLE ──open──► ASKED ──101 as it has to be──► TUNNEL ──fin, abort──► DONE
 *    │               └──another answer, a fault, cancel───────────────►  │
 *    └──shutdown, the peer's end─────────────────────────────────────►───┘
 *
 * There is no second call: whatever ends the first ends the connection. Responses in front of the
 * final one are passed over, and the body of a refusal is not read.
 *
 * A tunnel ends as the server's does (h1_conn.h): with its tenant's fin, once its last bytes were
 * sent, it is over; an abort cuts the transport.
 *
 * It has no deadlines: how long an answer may take is the owner's to say.
 */
#ifndef TRI_H1_CLIENT_H
#define TRI_H1_CLIENT_H

#include "http_call.h"

/* TRI_OK, or TRI_ERR_NOMEM. |config| is copied; what it points at outlives the connection. */
TRI_MUST_USE enum tri_err tri_h1_client_new(struct tri_conn **out,
                                            const struct tri_call_config *config, uint64_t now_ns);

extern const struct tri_call_ops tri_h1_client_calls;

#endif
