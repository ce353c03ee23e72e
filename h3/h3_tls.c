/* See h3_tls.h. */
#include "h3_tls.h"

#include <ngtcp2/ngtcp2_crypto.h>
#include <ngtcp2/ngtcp2_crypto_wolfssl.h>
#include <wolfssl/quic.h>

#include <assert.h>

/* The extension quic_transport_parameters: RFC 9001 section 8.2. Drafts used another number. */
#define TRANSPORT_PARAMS_EXTENSION 0x39

/* ---- what TLS tells QUIC */

struct tri_h3_tls *tri_h3_tls_of(WOLFSSL *ssl)
{
    struct tri_h3_tls *t = wolfSSL_get_app_data(ssl);
    assert(t && t->ssl == ssl);
    return t;
}

int tri_h3_tls_refuse(struct tri_h3_tls *t, uint8_t alert)
{
    if (t->alert == 0) {
        t->alert = alert;
    }
    return 0;
}

static unsigned secret_bits(WOLFSSL_ENCRYPTION_LEVEL level, const uint8_t *rx, const uint8_t *tx)
{
    return ((rx ? 1u : 0u) | (tx ? 2u : 0u)) << (2 * (unsigned)level);
}

bool tri_h3_tls_take_secrets(struct tri_h3_tls *t, WOLFSSL_ENCRYPTION_LEVEL level,
                             const uint8_t *rx, const uint8_t *tx)
{
    unsigned bits = secret_bits(level, rx, tx);
    bool is_new = (t->secrets & bits) == 0;
    t->secrets |= bits;
    return is_new;
}

bool tri_h3_tls_install(struct tri_h3_tls *t, WOLFSSL_ENCRYPTION_LEVEL level, const uint8_t *rx,
                        const uint8_t *tx, size_t len)
{
    ngtcp2_encryption_level to = ngtcp2_crypto_wolfssl_from_wolfssl_encryption_level(level);
    if (rx && ngtcp2_crypto_derive_and_install_rx_key(t->quic, NULL, NULL, NULL, to, rx, len)) {
        return false;
    }
    return !tx ||
           ngtcp2_crypto_derive_and_install_tx_key(t->quic, NULL, NULL, NULL, to, tx, len) == 0;
}

bool tri_h3_tls_has_params(WOLFSSL *ssl)
{
    return wolfSSL_get_peer_quic_transport_version(ssl) == TRANSPORT_PARAMS_EXTENSION;
}

/* Counts the changes of what is constant, and remembered with the terms: windows, QPACK, settings. */
#define TERMS_EDITION 1u

static void put_number(uint8_t out[4], uint32_t number)
{
    for (size_t i = 4; i-- > 0; number >>= 8) {
        out[i] = (uint8_t)number;
    }
}

/* Who takes no early data promises nothing, so that its tickets are good whatever changes. */
static void put_scope(struct tri_h3_tls *t, uint32_t version)
{
    memset(t->scope, 0, sizeof t->scope);
    put_number(t->scope, version);
    if (t->terms.early_data) {
        t->scope[4] = TERMS_EDITION;
        t->scope[5] = t->terms.extended_connect;
        put_number(t->scope + 6, t->terms.streams_max);
    }
}

/*
 * The key for early data comes first, while ngtcp2 does not know the version yet and meets such packets
 * with an assert; and if the server asks for a second ClientHello, there is no early data after all
 * (RFC 8446 section 4.2.10). So it waits for the keys of the handshake, which come with it or not.
 */
static int keep_early_secret(struct tri_h3_tls *t, const uint8_t *rx, size_t len)
{
    if (!rx || len > sizeof t->early_secret) {
        return tri_h3_tls_refuse(t, TRI_H3_ALERT_INTERNAL_ERROR);
    }
    memcpy(t->early_secret, rx, len);
    t->early_len = len;
    return 1;
}

static void drop_early_secret(struct tri_h3_tls *t)
{
    explicit_bzero(t->early_secret, sizeof t->early_secret);
    t->early_len = 0;
}

static bool install_early_key(struct tri_h3_tls *t)
{
    if (t->early_len == 0) {
        return true;
    }
    t->has_early = true;
    int rv = ngtcp2_crypto_derive_and_install_rx_key(
        t->quic, NULL, NULL, NULL, NGTCP2_ENCRYPTION_LEVEL_0RTT, t->early_secret, t->early_len);
    drop_early_secret(t);
    return rv == 0;
}

static int set_secrets(WOLFSSL *ssl, WOLFSSL_ENCRYPTION_LEVEL level, const uint8_t *rx,
                       const uint8_t *tx, size_t len)
{
    struct tri_h3_tls *t = tri_h3_tls_of(ssl);
    if (level == wolfssl_encryption_early_data && !t->terms.early_data) {
        return 1; /* without a key, such packets are dropped unread */
    }
    /* RFC 9001 section 8.2: a client that sends no transport parameters must be refused. */
    if (level != wolfssl_encryption_application && !tri_h3_tls_has_params(ssl)) {
        return tri_h3_tls_refuse(t, TRI_H3_ALERT_MISSING_EXTENSION);
    }
    /*
     * Secrets of a level come once. A TLS KeyUpdate would bring the last ones again, which ngtcp2
     * meets with an assert; RFC 9001 section 6: it must end the connection.
     */
    if (!tri_h3_tls_take_secrets(t, level, rx, tx)) {
        return tri_h3_tls_refuse(t, TRI_H3_ALERT_UNEXPECTED_MESSAGE);
    }
    if (level == wolfssl_encryption_early_data) {
        return keep_early_secret(t, rx, len);
    }
    if (!tri_h3_tls_install(t, level, rx, tx, len)) {
        return 0;
    }
    if (level == wolfssl_encryption_handshake && !install_early_key(t)) {
        return 0;
    }
    /* RFC 9369 section 5: a ticket that is given now is of the version that was agreed on. */
    if (level == wolfssl_encryption_application) {
        put_scope(t, ngtcp2_conn_get_negotiated_version2(t->quic));
    }
    return 1;
}

int tri_h3_tls_add(WOLFSSL *ssl, WOLFSSL_ENCRYPTION_LEVEL level, const uint8_t *data, size_t len)
{
    struct tri_h3_tls *t = tri_h3_tls_of(ssl);
    int rv = ngtcp2_conn_submit_crypto_data(
        t->quic, ngtcp2_crypto_wolfssl_from_wolfssl_encryption_level(level), data, len);
    if (rv != 0) {
        ngtcp2_conn_set_tls_error(t->quic, rv);
    }
    return rv == 0;
}

int tri_h3_tls_flush(WOLFSSL *ssl)
{
    (void)ssl; /* the packets are written when the endpoint is asked for them */
    return 1;
}

int tri_h3_tls_alert(WOLFSSL *ssl, WOLFSSL_ENCRYPTION_LEVEL level, uint8_t alert)
{
    (void)level;
    ngtcp2_conn_set_tls_alert(tri_h3_tls_of(ssl)->quic, alert);
    return 1;
}

static const WOLFSSL_QUIC_METHOD quic_method = {
    .set_encryption_secrets = set_secrets,
    .add_handshake_data = tri_h3_tls_add,
    .flush_flight = tri_h3_tls_flush,
    .send_alert = tri_h3_tls_alert,
};

/* ---- life */

enum tri_err tri_h3_tls_join(struct tri_h3_tls *t, WOLFSSL *ssl, const WOLFSSL_QUIC_METHOD *method)
{
    t->ssl = ssl;
    if (!ssl) {
        return TRI_ERR_NOMEM;
    }
    if (wolfSSL_set_quic_method(ssl, method) != WOLFSSL_SUCCESS ||
        wolfSSL_set_app_data(ssl, t) != WOLFSSL_SUCCESS) {
        tri_h3_tls_deinit(t);
        return TRI_ERR_NOMEM;
    }
    wolfSSL_set_quic_transport_version(ssl, TRANSPORT_PARAMS_EXTENSION);
    ngtcp2_conn_set_tls_native_handle(t->quic, ssl);
    return TRI_OK;
}

enum tri_err tri_h3_tls_init(struct tri_h3_tls *t, const struct tri_tls_context *context,
                             ngtcp2_conn *quic, const struct tri_h3_terms *terms)
{
    assert(context->use == TRI_TLS_QUIC);
    *t = (struct tri_h3_tls){.quic = quic, .terms = *terms};
    put_scope(t, ngtcp2_conn_get_client_chosen_version2(quic));
    if (tri_h3_tls_join(t, tri_tls_context_session(context), &quic_method) != TRI_OK) {
        return TRI_ERR_NOMEM;
    }
    if (!tri_tls_tickets_scope(t->ssl, t->scope)) {
        tri_h3_tls_deinit(t);
        return TRI_ERR_NOMEM;
    }
    wolfSSL_set_accept_state(t->ssl);
    /* A ticket then says 0xffffffff, and no other limit than QUIC's: RFC 9001 section 4.6.1. */
    wolfSSL_set_quic_early_data_enabled(t->ssl, terms->early_data);
    return TRI_OK;
}

void tri_h3_tls_deinit(struct tri_h3_tls *t)
{
    if (t->ssl) {
        ngtcp2_conn_set_tls_native_handle(t->quic, NULL);
        wolfSSL_free(t->ssl);
        t->ssl = NULL;
    }
}

/* ---- what QUIC tells TLS */

bool tri_h3_tls_follow(struct tri_h3_tls *t, const uint8_t *data, size_t len,
                       bool (*may_begin)(struct tri_h3_tls *t, uint8_t type))
{
    while (len > 0) {
        if (t->header_len == sizeof t->header && t->body_left == 0) {
            t->header_len = 0;
        }
        if (t->header_len < sizeof t->header) {
            if (t->header_len == 0 && !may_begin(t, *data)) {
                return false;
            }
            t->answered = true;
            t->header[t->header_len++] = *data++;
            len--;
            t->body_left = (size_t)t->header[1] << 16 | (size_t)t->header[2] << 8 | t->header[3];
            continue;
        }
        size_t part = len < t->body_left ? len : t->body_left;
        data += part;
        len -= part;
        t->body_left -= part;
    }
    return true;
}

/*
 * A client answers with its Finished, or with a Certificate before it, had it been asked for one.
 * Nothing comes behind the Finished: a KeyUpdate is no part of QUIC (RFC 9001 section 6), and nor is
 * EndOfEarlyData (section 8.3).
 */
static bool may_begin(struct tri_h3_tls *t, uint8_t type)
{
    if (!t->answered) {
        return type == TRI_H3_FINISHED || type == TRI_H3_CERTIFICATE;
    }
    return t->header[0] != TRI_H3_FINISHED;
}

static bool may_arrive(struct tri_h3_tls *t, ngtcp2_encryption_level level, const uint8_t *data,
                       size_t len)
{
    if (t->done) {
        return false;
    }
    switch (level) {
    case NGTCP2_ENCRYPTION_LEVEL_INITIAL: {
        bool first = !t->begun;
        t->begun = true;
        return !first || data[0] == TRI_H3_CLIENT_HELLO;
    }
    case NGTCP2_ENCRYPTION_LEVEL_HANDSHAKE:
        return tri_h3_tls_follow(t, data, len, may_begin);
    case NGTCP2_ENCRYPTION_LEVEL_1RTT: /* clients have nothing to say: RFC 9001 section 4.1.4 */
    case NGTCP2_ENCRYPTION_LEVEL_0RTT:
        return false;
    }
    return false;
}

int tri_h3_tls_fail(struct tri_h3_tls *t)
{
    if (t->alert != 0) {
        ngtcp2_conn_set_tls_alert(t->quic, t->alert);
        return NGTCP2_ERR_CRYPTO;
    }
    int rv = ngtcp2_conn_get_tls_error2(t->quic);
    if (rv != 0) {
        return rv;
    }
    if (ngtcp2_conn_get_tls_alert2(t->quic) == 0) {
        ngtcp2_conn_set_tls_alert(t->quic, TRI_H3_ALERT_INTERNAL_ERROR);
    }
    return NGTCP2_ERR_CRYPTO;
}

bool tri_h3_tls_has_h3(const struct tri_h3_tls *t)
{
    char *name = NULL;
    word16 len = 0;
    return wolfSSL_ALPN_GetProtocol(t->ssl, &name, &len) == WOLFSSL_SUCCESS && len == 2 &&
           memcmp(name, "h3", 2) == 0;
}

/*
 * wolfSSL_process_quic_post_handshake is not called here: it repeats for ever when its output is
 * not taken, and a client has nothing to say after its handshake.
 */
int tri_h3_tls_recv(struct tri_h3_tls *t, ngtcp2_encryption_level level, const uint8_t *data,
                    size_t len)
{
    assert(len > 0);
    if (!may_arrive(t, level, data, len)) {
        tri_h3_tls_refuse(t, TRI_H3_ALERT_UNEXPECTED_MESSAGE);
        return tri_h3_tls_fail(t);
    }
    assert(t->ssl);
    if (wolfSSL_provide_quic_data(t->ssl, ngtcp2_crypto_wolfssl_from_ngtcp2_encryption_level(level),
                                  data, len) != WOLFSSL_SUCCESS) {
        return tri_h3_tls_fail(t);
    }
    int rv = wolfSSL_quic_do_handshake(t->ssl);
    drop_early_secret(t); /* the keys of the handshake did not come with it */
    if (rv != WOLFSSL_SUCCESS) {
        int error = wolfSSL_get_error(t->ssl, rv);
        bool waits = error == WOLFSSL_ERROR_WANT_READ || error == WOLFSSL_ERROR_WANT_WRITE;
        return waits && t->alert == 0 ? 0 : tri_h3_tls_fail(t);
    }
    if (!tri_h3_tls_has_h3(t)) { /* RFC 9001 section 8.1 */
        tri_h3_tls_refuse(t, TRI_H3_ALERT_NO_APPLICATION_PROTOCOL);
        return tri_h3_tls_fail(t);
    }
    t->done = true;
    ngtcp2_conn_tls_handshake_completed(t->quic);
    return 0;
}
