/*
 * TLS in QUIC, RFC 9001, and what a client must not do there. wolfSSL takes a KeyUpdate and then gives
 * secrets a second time, of which ngtcp2 would abort; and it takes a ClientHello without transport
 * parameters. Both are refused here.
 */
#include "floor_quic.h"

#define TRANSPORT_PARAMETERS 0x39 /* RFC 9001 section 8.2; drafts had another number */

/* RFC 8446 section 6 */
enum { ALERT_UNEXPECTED_MESSAGE = 10, ALERT_MISSING_EXTENSION = 109 };
/* RFC 8446 section 4 */
enum { CERTIFICATE = 11, FINISHED = 20 };

static struct floor_quic_conn *conn_of(WOLFSSL *ssl)
{
    const ngtcp2_crypto_conn_ref *ref = wolfSSL_get_app_data(ssl);
    return ref->user_data;
}

static bool has_parameters(WOLFSSL *ssl)
{
    const uint8_t *data = NULL;
    size_t len = 0;
    wolfSSL_get_peer_quic_transport_params(ssl, &data, &len);
    return data && len > 0 && wolfSSL_get_peer_quic_transport_version(ssl) == TRANSPORT_PARAMETERS;
}

static int refuse(struct floor_quic_conn *c, uint8_t alert)
{
    c->alert = alert;
    return 0;
}

static int take_secrets(WOLFSSL *ssl, WOLFSSL_ENCRYPTION_LEVEL wolfssl_level, const uint8_t *rx,
                        const uint8_t *tx, size_t len)
{
    struct floor_quic_conn *c = conn_of(ssl);
    const ngtcp2_encryption_level level =
        ngtcp2_crypto_wolfssl_from_wolfssl_encryption_level(wolfssl_level);
    const unsigned now = ((rx ? 1u : 0u) | (tx ? 2u : 0u)) << (2u * (unsigned)wolfssl_level);
    if (wolfssl_level == wolfssl_encryption_handshake && !has_parameters(ssl)) {
        return refuse(c, ALERT_MISSING_EXTENSION); /* RFC 9001 section 8.2 */
    }
    if (c->secrets & now) {
        return refuse(c, ALERT_UNEXPECTED_MESSAGE); /* RFC 9001 section 6 */
    }
    c->secrets |= now;
    return (!rx || ngtcp2_crypto_derive_and_install_rx_key(c->quic, NULL, NULL, NULL, level, rx,
                                                           len) == 0) &&
           (!tx || ngtcp2_crypto_derive_and_install_tx_key(c->quic, NULL, NULL, NULL, level, tx,
                                                           len) == 0);
}

static int give_data(WOLFSSL *ssl, WOLFSSL_ENCRYPTION_LEVEL level, const uint8_t *data, size_t len)
{
    ngtcp2_conn *quic = conn_of(ssl)->quic;
    int result = ngtcp2_conn_submit_crypto_data(
        quic, ngtcp2_crypto_wolfssl_from_wolfssl_encryption_level(level), data, len);
    if (result != 0) {
        ngtcp2_conn_set_tls_error(quic, result);
    }
    return result == 0;
}

static int flush_nothing(WOLFSSL *ssl)
{
    return 1;
}

static int give_alert(WOLFSSL *ssl, WOLFSSL_ENCRYPTION_LEVEL level, uint8_t alert)
{
    ngtcp2_conn_set_tls_alert(conn_of(ssl)->quic, alert);
    return 1;
}

static const WOLFSSL_QUIC_METHOD method = {take_secrets, give_data, flush_nothing, give_alert};

/* RFC 9001 section 4.1.3; a client has nothing to say after its handshake. */
static bool may_say(ngtcp2_encryption_level level, uint64_t offset, const uint8_t *data, size_t len)
{
    if (level == NGTCP2_ENCRYPTION_LEVEL_HANDSHAKE && offset == 0 && len > 0) {
        return data[0] == CERTIFICATE || data[0] == FINISHED;
    }
    return level != NGTCP2_ENCRYPTION_LEVEL_1RTT;
}

int floor_quic_tls_take(ngtcp2_conn *quic, ngtcp2_encryption_level level, uint64_t offset,
                        const uint8_t *data, size_t len, void *user)
{
    struct floor_quic_conn *c = user;
    if (!may_say(level, offset, data, len)) {
        c->alert = ALERT_UNEXPECTED_MESSAGE;
    }
    int result =
        c->alert ? 0 : ngtcp2_crypto_recv_crypto_data_cb(quic, level, offset, data, len, user);
    if (c->alert) {
        ngtcp2_conn_set_tls_alert(quic, c->alert);
        return NGTCP2_ERR_CRYPTO;
    }
    return result;
}

static ngtcp2_conn *get_quic(ngtcp2_crypto_conn_ref *ref)
{
    return ((struct floor_quic_conn *)ref->user_data)->quic;
}

WOLFSSL_CTX *floor_quic_tls_new(const struct floor_options *o)
{
    WOLFSSL_CTX *ctx = floor_tls_new(o);
    if (ngtcp2_crypto_wolfssl_configure_server_context(ctx) != 0 ||
        wolfSSL_CTX_set_quic_method(ctx, &method) != WOLFSSL_SUCCESS) {
        floor_die("cannot use TLS in QUIC");
    }
    return ctx;
}

void floor_quic_tls_open(struct floor_quic_conn *conn, WOLFSSL_CTX *ctx)
{
    char alpn[] = "h3";
    conn->ssl = wolfSSL_new(ctx);
    if (!conn->ssl) {
        floor_die("memory is short");
    }
    conn->ref = (ngtcp2_crypto_conn_ref){.get_conn = get_quic, .user_data = conn};
    (void)wolfSSL_set_app_data(conn->ssl, &conn->ref);
    wolfSSL_set_accept_state(conn->ssl);
    wolfSSL_set_quic_transport_version(conn->ssl, TRANSPORT_PARAMETERS);
    (void)wolfSSL_UseALPN(conn->ssl, alpn, sizeof alpn - 1, WOLFSSL_ALPN_FAILED_ON_MISMATCH);
    ngtcp2_conn_set_tls_native_handle(conn->quic, conn->ssl);
}
