#include "peer_h3_tls.h"

#include <ngtcp2/ngtcp2_crypto_wolfssl.h>
#include <wolfssl/quic.h>

#include <assert.h>

static struct peer_h3 *peer_of(WOLFSSL *ssl)
{
    const ngtcp2_crypto_conn_ref *ref = wolfSSL_get_app_data(ssl);
    return ref->user_data;
}

static int set_secrets(WOLFSSL *ssl, WOLFSSL_ENCRYPTION_LEVEL level, const uint8_t *rx,
                       const uint8_t *tx, size_t len)
{
    struct peer_h3 *p = peer_of(ssl);
    ngtcp2_conn *quic = p->quic;
    ngtcp2_encryption_level to = ngtcp2_crypto_wolfssl_from_wolfssl_encryption_level(level);
    if (tx) {
        assert(len <= sizeof p->secrets[to]);
        memcpy(p->secrets[to], tx, len);
        p->secrets_len = len;
    }
    if (rx && ngtcp2_crypto_derive_and_install_rx_key(quic, NULL, NULL, NULL, to, rx, len) != 0) {
        return 0;
    }
    return !tx || ngtcp2_crypto_derive_and_install_tx_key(quic, NULL, NULL, NULL, to, tx, len) == 0;
}

static int add_handshake_data(WOLFSSL *ssl, WOLFSSL_ENCRYPTION_LEVEL level, const uint8_t *data,
                              size_t len)
{
    struct peer_h3 *p = peer_of(ssl);
    uint8_t changed[4096];
    assert(len <= sizeof changed);
    memcpy(changed, data, len);
    ngtcp2_encryption_level to = ngtcp2_crypto_wolfssl_from_wolfssl_encryption_level(level);
    if (p->options.change_crypto) {
        p->options.change_crypto(to, changed, &len, sizeof changed);
    }
    size_t piece = p->options.crypto_piece > 0 ? p->options.crypto_piece : len;
    int rv = 0;
    for (size_t at = 0; at < len && rv == 0; at += piece) {
        size_t n = len - at < piece ? len - at : piece;
        rv = ngtcp2_conn_submit_crypto_data(p->quic, to, changed + at, n);
    }
    return rv == 0;
}

static int flush_flight(WOLFSSL *ssl)
{
    (void)ssl;
    return 1;
}

static int send_alert(WOLFSSL *ssl, WOLFSSL_ENCRYPTION_LEVEL level, uint8_t alert)
{
    (void)level;
    ngtcp2_conn_set_tls_alert(peer_of(ssl)->quic, alert);
    return 1;
}

static const WOLFSSL_QUIC_METHOD tls_method = {set_secrets, add_handshake_data, flush_flight,
                                               send_alert};

static ngtcp2_conn *conn_of(ngtcp2_crypto_conn_ref *ref)
{
    struct peer_h3 *p = ref->user_data;
    return p->quic;
}

void peer_h3_tls_init(struct peer_h3 *p)
{
    const char *alpn = p->options.alpn ? p->options.alpn : "h3";
    p->ctx = wolfSSL_CTX_new(wolfTLSv1_3_client_method());
    assert(p->ctx);
    int rv = wolfSSL_CTX_set_quic_method(p->ctx, &tls_method);
    assert(rv == WOLFSSL_SUCCESS);
    wolfSSL_CTX_UseSessionTicket(p->ctx);
    wolfSSL_CTX_set_verify(p->ctx, WOLFSSL_VERIFY_NONE, NULL);
    p->ssl = wolfSSL_new(p->ctx);
    assert(p->ssl);
    p->ref = (ngtcp2_crypto_conn_ref){.get_conn = conn_of, .user_data = p};
    wolfSSL_set_app_data(p->ssl, &p->ref);
    wolfSSL_set_connect_state(p->ssl);
    if (p->options.post_quantum) {
        int groups[] = {WOLFSSL_X25519MLKEM768, WOLFSSL_ECC_X25519};
        rv = wolfSSL_set_groups(p->ssl, groups, 2);
        assert(rv == WOLFSSL_SUCCESS);
    }
    if (p->options.strange_group) {
        int groups[] = {WOLFSSL_ECC_SECP384R1, WOLFSSL_ECC_X25519};
        rv = wolfSSL_set_groups(p->ssl, groups, 2);
        assert(rv == WOLFSSL_SUCCESS);
    }
    wolfSSL_set_quic_transport_version(p->ssl, p->options.draft_transport_params ? 0xffa5 : 0x39);
    if (alpn[0] != '\0') {
        char name[16];
        memcpy(name, alpn, strlen(alpn) + 1);
        wolfSSL_UseALPN(p->ssl, name, (unsigned)strlen(name), WOLFSSL_ALPN_FAILED_ON_MISMATCH);
    }
    wolfSSL_UseSNI(p->ssl, WOLFSSL_SNI_HOST_NAME, "localhost", 9);
    if (p->options.ticket) {
        rv = wolfSSL_set_session(p->ssl, p->options.ticket->session);
        assert(rv == WOLFSSL_SUCCESS);
        wolfSSL_set_quic_early_data_enabled(p->ssl, p->options.early);
    }
    ngtcp2_conn_set_tls_native_handle(p->quic, p->ssl);
}

void peer_h3_tls_deinit(struct peer_h3 *p)
{
    wolfSSL_free(p->ssl);
    wolfSSL_CTX_free(p->ctx);
}
