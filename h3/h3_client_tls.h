/*
 * TLS 1.3 inside a QUIC connection, client side: RFC 9001. What is common to both sides is in h3_tls.
 */
#ifndef TRI_H3_CLIENT_TLS_H
#define TRI_H3_CLIENT_TLS_H

#include "h3_tls.h"

/* Session tickets of one connection that are looked at: a server may send one with each address it
 * sees us at, and no use is known for more than a few. */
#define TRI_H3_TICKETS_MAX 32u

/* The longest of them; RFC 8446 section 4.6.1 would allow 128 KiB. */
#define TRI_H3_TICKET_BYTES_MAX ((size_t)(16 * 1024))

/*
 * Begins with |ssl| (taken; NULL: memory was short), a new session of a client, for |quic|. |t| must
 * not move until tri_h3_tls_deinit. TRI_OK or TRI_ERR_NOMEM (then there is nothing to deinit).
 */
TRI_MUST_USE enum tri_err tri_h3_client_tls_init(struct tri_h3_tls *t, WOLFSSL *ssl,
                                                 ngtcp2_conn *quic);

/* As tri_h3_tls_recv. */
TRI_MUST_USE int tri_h3_client_tls_recv(struct tri_h3_tls *t, ngtcp2_encryption_level level,
                                        const uint8_t *data, size_t len);

#endif
