/*
 * TLS 1.3 inside a QUIC connection, server side: RFC 9001. Joins wolfSSL to ngtcp2, with the checks
 * that neither of them makes: what a client may say in CRYPTO frames, when, and how often.
 */
#ifndef TRI_H3_TLS_H
#define TRI_H3_TLS_H

#include "tls_context.h"

#include <ngtcp2/ngtcp2.h>

/*
 * What a client that comes back with early data takes for granted: a ticket is good as long as these
 * are what they were when it was given. RFC 9000 section 7.4.1, RFC 9114 section 7.2.4.2.
 */
struct tri_h3_terms {
    bool early_data; /* it is taken, from who may resume a session */
    bool extended_connect;
    uint32_t streams_max;
};

struct tri_h3_tls {
    WOLFSSL *ssl;      /* owned; NULL again once the handshake is done and its names are read */
    ngtcp2_conn *quic; /* borrowed */
    unsigned secrets;  /* which secrets TLS has delivered: a bit a level and direction */
    bool begun;        /* the first byte of the ClientHello came */
    bool done;         /* the handshake is complete */
    struct tri_h3_terms terms;
    uint8_t scope[TRI_TICKET_SCOPE_LEN]; /* the terms and QUIC's version, for tickets */
    bool has_early;                      /* there is a key for early data */
    uint8_t early_secret[48];            /* it, until the next key shows that it is wanted */
    size_t early_len;                    /* 0: there is none */
    uint8_t alert;                       /* what we refused something with, or 0 */
    /* The message that is arriving at the Handshake level: RFC 8446 section 4. */
    bool answered; /* the first byte came there */
    uint8_t header[4];
    size_t header_len;
    size_t body_left;
};

/*
 * A session of |context| for |quic|, on |terms| (copied). |t| must not move until tri_h3_tls_deinit.
 * TRI_OK or TRI_ERR_NOMEM (then there is nothing to deinit).
 */
TRI_MUST_USE enum tri_err tri_h3_tls_init(struct tri_h3_tls *t,
                                          const struct tri_tls_context *context, ngtcp2_conn *quic,
                                          const struct tri_h3_terms *terms);

/* Frees the session: it is of no use after the handshake, since QUIC updates keys by itself. */
void tri_h3_tls_deinit(struct tri_h3_tls *t);

/*
 * Takes |len| > 0 bytes of the CRYPTO stream of |level|, in order; lets the handshake go on.
 * Returns 0 or an error of ngtcp2, as its recv_crypto_data callback does. With NGTCP2_ERR_CRYPTO,
 * the connection has the TLS alert to close with.
 */
TRI_MUST_USE int tri_h3_tls_recv(struct tri_h3_tls *t, ngtcp2_encryption_level level,
                                 const uint8_t *data, size_t len);

#endif
