/* Why a client's handshake failed; see tls_client.h. RFC 8446 section 6.2 names the alerts. */
#include "tls_client.h"

#include "tls_error.h"

#include <assert.h>

/* What is wrong with the server's certificate, or NULL: it is not that. */
static const char *describe_certificate(int error)
{
    switch (error) {
    case ASN_NO_SIGNER_E:
    case ASN_SELF_SIGNED_E:
        return "the certificate is not signed by anyone trusted";
    case ASN_AFTER_DATE_E:
        return "the certificate has expired";
    case ASN_BEFORE_DATE_E:
        return "the certificate is not valid yet";
    case VERIFY_CERT_ERROR: /* of tls_client.c's own check */
    case DOMAIN_NAME_MISMATCH:
    case IPADDR_MISMATCH:
        return "the certificate is for another host";
    case ASN_SIG_CONFIRM_E:
    case ASN_SIG_HASH_E:
    case ASN_SIG_KEY_E:
    case ASN_SIG_OID_E:
        return "the certificate's signature is wrong";
    case ASN_PATHLEN_SIZE_E:
    case ASN_PATHLEN_INV_E:
    case ASN_NAME_INVALID_E:
    case KEYUSAGE_E:
    case EXTKEYUSAGE_E:
    case KEYUSE_SIGNATURE_E: /* the leaf's, as the handshake sees it */
    case EXTKEYUSE_AUTH_E:
        return "the certificate, or who signed it, is not allowed to do so";
    case ASN_PARSE_E:
    case ASN_EXPECT_0_E:
    case PEER_KEY_ERROR:
        return "the certificate cannot be read";
    case NO_PEER_CERT:
        return "the server has no certificate";
    default:
        return NULL;
    }
}

static int received_alert(WOLFSSL *ssl)
{
    WOLFSSL_ALERT_HISTORY alerts = {0};
    bool told = wolfSSL_get_alert_history(ssl, &alerts) == WOLFSSL_SUCCESS;
    return told && alerts.last_rx.level == alert_fatal ? alerts.last_rx.code : -1;
}

bool tri_tls_client_is_version_fault(WOLFSSL *ssl)
{
    assert(ssl);
    return received_alert(ssl) == no_application_protocol;
}

const char *tri_tls_client_error_text(WOLFSSL *ssl, int error, bool *is_certificate)
{
    assert(ssl && is_certificate);
    const char *text = describe_certificate(error);
    *is_certificate = text != NULL;
    if (text) {
        return text;
    }
    switch (received_alert(ssl)) {
    case no_application_protocol:
        return "the server speaks none of the HTTP versions asked for";
    case unrecognized_name:
        return "the server knows no host of that name";
    default:
        return tri_tls_error_text(ssl, error);
    }
}
