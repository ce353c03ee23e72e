/* The QUIC half of a client's connection, as h3_quic is the server's. RFC 9000, 9001, 9368, 9369. */
#ifndef TRI_H3_CLIENT_QUIC_H
#define TRI_H3_CLIENT_QUIC_H

#include "h3_client_internal.h"

/*
 * Makes conn->quic and its TLS, |ssl| (taken; NULL: memory was short), which resumes |resume| unless
 * NULL. TRI_OK or TRI_ERR_NOMEM: the caller frees what is there.
 */
TRI_MUST_USE enum tri_err tri_h3_client_quic_open(struct tri_h3_client *client, WOLFSSL *ssl,
                                                  WOLFSSL_SESSION *resume);

#endif
