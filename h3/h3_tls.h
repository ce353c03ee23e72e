/*
 * TLS 1.3 inside a QUIC connection: RFC 9001. Joins wolfSSL to ngtcp2, with the checks that neither of
 * them makes: what the peer may say in CRYPTO frames, when, and how often. The server's side is here,
 * the client's in h3_client_tls.
 */
#ifndef TRI_H3_TLS_H
#define TRI_H3_TLS_H

#include "tls_context.h"

#include <ngtcp2/ngtcp2.h>
#include <wolfssl/quic.h>

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
    /* Of a client. */
    size_t tickets; /* that came */
    int error;      /* wolfSSL's, when the handshake failed; 0: it is not wolfSSL that failed it */
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

/* ---- for both sides */

/* RFC 8446 section 6 */
enum {
    TRI_H3_ALERT_UNEXPECTED_MESSAGE = 10,
    TRI_H3_ALERT_INTERNAL_ERROR = 80,
    TRI_H3_ALERT_MISSING_EXTENSION = 109,
    TRI_H3_ALERT_NO_APPLICATION_PROTOCOL = 120,
};

/* RFC 8446 section 4 */
enum {
    TRI_H3_CLIENT_HELLO = 1,
    TRI_H3_SERVER_HELLO = 2,
    TRI_H3_NEW_SESSION_TICKET = 4,
    TRI_H3_ENCRYPTED_EXTENSIONS = 8,
    TRI_H3_CERTIFICATE = 11,
    TRI_H3_CERTIFICATE_REQUEST = 13,
    TRI_H3_CERTIFICATE_VERIFY = 15,
    TRI_H3_FINISHED = 20,
};

/* Notes what to refuse the peer with; of two reasons the first is the cause. Returns 0, what a function
 * of WOLFSSL_QUIC_METHOD then returns. */
int tri_h3_tls_refuse(struct tri_h3_tls *t, uint8_t alert);

/* Gives |ssl| to |t|, and |method| to |ssl|. TRI_OK or TRI_ERR_NOMEM (then |t| is deinit). */
TRI_MUST_USE enum tri_err tri_h3_tls_join(struct tri_h3_tls *t, WOLFSSL *ssl,
                                          const WOLFSSL_QUIC_METHOD *method);
struct tri_h3_tls *tri_h3_tls_of(WOLFSSL *ssl);

/* Whether the peer sent QUIC's transport parameters, as it must: RFC 9001 section 8.2. */
bool tri_h3_tls_has_params(WOLFSSL *ssl);

/* Counts secrets of |level|: false if one of them came before. */
bool tri_h3_tls_take_secrets(struct tri_h3_tls *t, WOLFSSL_ENCRYPTION_LEVEL level,
                             const uint8_t *rx, const uint8_t *tx);

/* Gives the secrets to QUIC; false if that fails. */
bool tri_h3_tls_install(struct tri_h3_tls *t, WOLFSSL_ENCRYPTION_LEVEL level, const uint8_t *rx,
                        const uint8_t *tx, size_t len);

/* Three of WOLFSSL_QUIC_METHOD. */
int tri_h3_tls_add(WOLFSSL *ssl, WOLFSSL_ENCRYPTION_LEVEL level, const uint8_t *data, size_t len);
int tri_h3_tls_flush(WOLFSSL *ssl);
int tri_h3_tls_alert(WOLFSSL *ssl, WOLFSSL_ENCRYPTION_LEVEL level, uint8_t alert);

/*
 * Follows the messages in |data|: |may_begin| is asked about each, when its first byte is there, with
 * t->header still that of the message before it. False once it said no.
 */
bool tri_h3_tls_follow(struct tri_h3_tls *t, const uint8_t *data, size_t len,
                       bool (*may_begin)(struct tri_h3_tls *t, uint8_t type));

/* The error that the connection closes with: what was refused, or what wolfSSL found. */
int tri_h3_tls_fail(struct tri_h3_tls *t);

/* ALPN is done, and it is h3: RFC 9001 section 8.1. */
bool tri_h3_tls_has_h3(const struct tri_h3_tls *t);

#endif
