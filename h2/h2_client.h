/*
 * The client's end of an HTTP/2 connection after TLS: WebSockets by extended CONNECT, any number on
 * one connection. RFC 9113, RFC 8441. Sans-I/O: driven through tri_conn_ops (http_conn.h), asked
 * through tri_call_ops (http_call.h). Streams, bursts and the order of events are the server's own
 * (h2_conn.h), in the other role.
 *
 * Told as |on_ready| when the server's SETTINGS have come. Room is what the server allows of
 * concurrent streams; a refused call takes some until the server has ended its stream too.
 */
#ifndef TRI_H2_CLIENT_H
#define TRI_H2_CLIENT_H

#include "http_call.h"

/*
 * TRI_OK, or TRI_ERR_NOMEM. |config| is copied; what it points at outlives the connection. The first
 * that send yields is the preface with our SETTINGS.
 *
 * Of the limits it uses handshake_timeout_ms (both SETTINGS and their acknowledgement) and
 * request_timeout_ms (a field block, from its begin to its end; how long an answer may take is the
 * owner's to say, with cancel).
 */
TRI_MUST_USE enum tri_err tri_h2_client_new(struct tri_conn **out,
                                            const struct tri_call_config *config, uint64_t now_ns);

extern const struct tri_call_ops tri_h2_client_calls;

#endif
