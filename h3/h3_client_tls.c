/* See h3_client_tls.h. */
#include "h3_client_tls.h"

#include <ngtcp2/ngtcp2_crypto.h>
#include <ngtcp2/ngtcp2_crypto_wolfssl.h>

#include <assert.h>

static int set_secrets(WOLFSSL *ssl, WOLFSSL_ENCRYPTION_LEVEL level, const uint8_t *rx,
                       const uint8_t *tx, size_t len)
{
    struct tri_h3_tls *t = tri_h3_tls_of(ssl);
    if (level == wolfssl_encryption_early_data) {
        return 1; /* none is sent */
    }
    /* They are in EncryptedExtensions, which came before these keys. */
    if (level == wolfssl_encryption_application && !tri_h3_tls_has_params(ssl)) {
        return tri_h3_tls_refuse(t, TRI_H3_ALERT_MISSING_EXTENSION);
    }
    /* A second one would come of a TLS KeyUpdate, and ngtcp2 would meet it with an assert. */
    if (!tri_h3_tls_take_secrets(t, level, rx, tx)) {
        return tri_h3_tls_refuse(t, TRI_H3_ALERT_UNEXPECTED_MESSAGE);
    }
    return tri_h3_tls_install(t, level, rx, tx, len);
}

static const WOLFSSL_QUIC_METHOD quic_method = {
    .set_encryption_secrets = set_secrets,
    .add_handshake_data = tri_h3_tls_add,
    .flush_flight = tri_h3_tls_flush,
    .send_alert = tri_h3_tls_alert,
};

enum tri_err tri_h3_client_tls_init(struct tri_h3_tls *t, WOLFSSL *ssl, ngtcp2_conn *quic)
{
    *t = (struct tri_h3_tls){.quic = quic};
    if (tri_h3_tls_join(t, ssl, &quic_method) != TRI_OK) {
        return TRI_ERR_NOMEM;
    }
    wolfSSL_set_connect_state(ssl);
    return TRI_OK;
}

/* ---- what QUIC tells TLS */

/* RFC 8446 section 4.3, 4.4: what a server says between its ServerHello and the end. */
static bool may_begin_handshake(struct tri_h3_tls *t, uint8_t type)
{
    if (!t->answered) {
        return type == TRI_H3_ENCRYPTED_EXTENSIONS;
    }
    return t->header[0] != TRI_H3_FINISHED &&
           (type == TRI_H3_CERTIFICATE_REQUEST || type == TRI_H3_CERTIFICATE ||
            type == TRI_H3_CERTIFICATE_VERIFY || type == TRI_H3_FINISHED);
}

/* A KeyUpdate is no part of QUIC (RFC 9001 section 6), and nor is a late CertificateRequest (4.4). */
static bool may_begin_late(struct tri_h3_tls *t, uint8_t type)
{
    t->tickets++;
    return type == TRI_H3_NEW_SESSION_TICKET;
}

static bool may_arrive(struct tri_h3_tls *t, ngtcp2_encryption_level level, const uint8_t *data,
                       size_t len)
{
    switch (level) {
    case NGTCP2_ENCRYPTION_LEVEL_INITIAL: {
        bool first = !t->begun;
        t->begun = true;
        return !t->done && (!first || data[0] == TRI_H3_SERVER_HELLO);
    }
    case NGTCP2_ENCRYPTION_LEVEL_HANDSHAKE:
        return !t->done && tri_h3_tls_follow(t, data, len, may_begin_handshake);
    case NGTCP2_ENCRYPTION_LEVEL_1RTT:
        return t->done && tri_h3_tls_follow(t, data, len, may_begin_late);
    case NGTCP2_ENCRYPTION_LEVEL_0RTT: /* has no CRYPTO frames */
        return false;
    }
    return false;
}

static bool provide(struct tri_h3_tls *t, ngtcp2_encryption_level level, const uint8_t *data,
                    size_t len)
{
    return wolfSSL_provide_quic_data(t->ssl,
                                     ngtcp2_crypto_wolfssl_from_ngtcp2_encryption_level(level),
                                     data, len) == WOLFSSL_SUCCESS;
}

/*
 * Tickets alone get here, to which a client has no answer: wolfSSL_process_quic_post_handshake would
 * repeat for ever if one were not taken. A flood of them is passed over.
 */
static int recv_late(struct tri_h3_tls *t, const uint8_t *data, size_t len)
{
    const size_t body = (size_t)t->header[1] << 16 | (size_t)t->header[2] << 8 | t->header[3];
    const bool is_long = t->header_len == sizeof t->header && body > TRI_H3_TICKET_BYTES_MAX;
    if (is_long || t->tickets > TRI_H3_TICKETS_MAX) {
        t->tickets = TRI_H3_TICKETS_MAX + 1; /* from here on TLS has not heard all */
        return 0;
    }
    if (!provide(t, NGTCP2_ENCRYPTION_LEVEL_1RTT, data, len) ||
        wolfSSL_process_quic_post_handshake(t->ssl) != WOLFSSL_SUCCESS) {
        return tri_h3_tls_fail(t);
    }
    return 0;
}

static int go_on(struct tri_h3_tls *t)
{
    int rv = wolfSSL_quic_do_handshake(t->ssl);
    if (rv != WOLFSSL_SUCCESS) {
        int error = wolfSSL_get_error(t->ssl, rv);
        if ((error == WOLFSSL_ERROR_WANT_READ || error == WOLFSSL_ERROR_WANT_WRITE) &&
            t->alert == 0) {
            return 0;
        }
        t->error = t->alert == 0 ? error : 0;
        return tri_h3_tls_fail(t);
    }
    if (!tri_h3_tls_has_h3(t)) { /* RFC 9001 section 8.1 */
        (void)tri_h3_tls_refuse(t, TRI_H3_ALERT_NO_APPLICATION_PROTOCOL);
        return tri_h3_tls_fail(t);
    }
    t->done = true;
    t->header_len = 0;
    t->body_left = 0;
    ngtcp2_conn_tls_handshake_completed(t->quic);
    return 0;
}

int tri_h3_client_tls_recv(struct tri_h3_tls *t, ngtcp2_encryption_level level, const uint8_t *data,
                           size_t len)
{
    assert(len > 0 && t->ssl);
    if (!may_arrive(t, level, data, len)) {
        (void)tri_h3_tls_refuse(t, TRI_H3_ALERT_UNEXPECTED_MESSAGE);
        return tri_h3_tls_fail(t);
    }
    if (t->done) {
        return recv_late(t, data, len);
    }
    return provide(t, level, data, len) ? go_on(t) : tri_h3_tls_fail(t);
}
