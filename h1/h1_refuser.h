/*
 * The cleartext port: reads one request head, answers 426 with Upgrade: TLS/1.2, HTTP/1.1, or 308
 * to the https URL, and closes. Never a WebSocket, never h2c (rows N3, N4). RFC 9110 section
 * 15.5.22, RFC 2817. Sans-I/O: driven through tri_conn_ops (http_conn.h).
 */
#ifndef TRI_H1_REFUSER_H
#define TRI_H1_REFUSER_H

#include "http_conn.h"

/*
 * redirect_port   0: answer 426; else: 308 to https://HOST:redirect_port/PATH, the host from the
 *                 request (426 if it gives none that is safe to repeat)
 */
TRI_MUST_USE enum tri_err tri_h1_refuser_new(struct tri_conn **out,
                                             const struct tri_conn_config *config,
                                             uint16_t redirect_port, uint64_t now_ns);

#endif
