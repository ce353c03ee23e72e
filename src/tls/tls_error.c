/* Error texts; see tls_error.h. RFC 8446 section 6.2 names the alerts. */
#include "tls_error.h"

#include <assert.h>

static const char *describe_received(int alert)
{
    switch (alert) {
    case bad_certificate:
    case certificate_unknown:
    case unknown_ca:
        return "the peer does not trust the certificate";
    case certificate_expired:
        return "the peer says that the certificate has expired";
    case wolfssl_alert_protocol_version:
        return "the peer wants another TLS version";
    case handshake_failure:
        return "the peer found no suite or group in common";
    default:
        return "the peer ended TLS with a fatal alert";
    }
}

static const char *describe_error(int error)
{
    switch (error) {
    case UNKNOWN_ALPN_PROTOCOL_NAME_E:
        return "no application protocol in common";
    case VERSION_ERROR:
        return "no TLS version in common";
    case PARSE_ERROR:
    case UNKNOWN_RECORD_TYPE:
    case LENGTH_ERROR:
        return "the peer does not speak TLS";
    case WOLFSSL_ERROR_SYSCALL: /* what wolfSSL makes of MATCH_SUITE_ERROR */
    case MATCH_SUITE_ERROR:
        return "no cipher suite in common";
    case BAD_KEY_SHARE_DATA:
    case ECC_CURVE_ERROR:
        return "no key exchange group in common, or a bad key share";
    case AES_GCM_AUTH_E:
    case MAC_CMP_FAILED_E:
    case VERIFY_MAC_ERROR:
    case DECRYPT_ERROR:
        return "a record was damaged on the way";
    case WOLFSSL_ERROR_ZERO_RETURN:
        return "the peer closed during the handshake";
    default:
        return "the peer broke TLS";
    }
}

const char *tri_tls_error_text(WOLFSSL *ssl, int error)
{
    assert(ssl);
    WOLFSSL_ALERT_HISTORY alerts = {0};
    if (wolfSSL_get_alert_history(ssl, &alerts) == WOLFSSL_SUCCESS) {
        if (alerts.last_tx.level == alert_fatal && alerts.last_tx.code == no_application_protocol) {
            return "no application protocol in common";
        }
        if (alerts.last_rx.level == alert_fatal) {
            return describe_received(alerts.last_rx.code);
        }
    }
    return describe_error(error);
}
