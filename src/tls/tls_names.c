/* Names of what a handshake agreed on, as people and the RFCs spell them; see tls_context.h. */
#include "tls_context.h"

#include <assert.h>

const char *tri_tls_version_name(WOLFSSL *ssl)
{
    assert(ssl);
    switch (wolfSSL_version(ssl)) {
    case TLS1_3_VERSION:
        return "TLS 1.3";
    case TLS1_2_VERSION:
        return "TLS 1.2";
    default:
        return "";
    }
}

const char *tri_tls_cipher_name(WOLFSSL *ssl)
{
    assert(ssl);
    int suite = wolfSSL_get_current_cipher_suite(ssl);
    const char *name = wolfSSL_get_cipher_name_iana_from_suite((unsigned char)(suite >> 8),
                                                               (unsigned char)(suite & 0xff));
    return suite != 0 && name ? name : "";
}

const char *tri_tls_group_name(WOLFSSL *ssl)
{
    assert(ssl);
    const char *name = wolfSSL_get_curve_name(ssl);
    if (!name) {
        return "";
    }
    /* NIST's name is the one that people know. */
    return strcmp(name, "SECP256R1") == 0 ? "P-256" : name;
}
