/* See tls_rules.h. */
#include "tls_rules.h"

#include "tls_keylog.h"

#include <string.h>

#if !defined(WOLFSSL_TLS13) || !defined(WOLFSSL_QUIC) || !defined(HAVE_ALPN) ||                    \
    !defined(HAVE_SECRET_CALLBACK) || !defined(OPENSSL_ALL) || !defined(WOLFSSL_PQC_HYBRIDS)
#error "wolfSSL must be built as src/build/deps.sh builds it"
#endif

/* Row N1. A client that sends a key share for one of them gets no extra round trip. */
static const int groups[] = {WOLFSSL_X25519MLKEM768, WOLFSSL_ECC_X25519, WOLFSSL_ECC_SECP256R1};

bool tri_tls_set_rules(WOLFSSL_CTX *ctx, enum tri_tls_use use)
{
    const char *suites =
        use == TRI_TLS_TCP ? TRI_TLS_SUITES_13 ":" TRI_TLS_SUITES_12 : TRI_TLS_SUITES_13;
    int least =
        use == TRI_TLS_TCP ? TLS1_2_VERSION : TLS1_3_VERSION; /* QUIC: RFC 9001 section 4.2 */
    int group_list[sizeof groups / sizeof groups[0]];
    memcpy(group_list, groups, sizeof groups);
    return wolfSSL_CTX_set_min_proto_version(ctx, least) == WOLFSSL_SUCCESS &&
           wolfSSL_CTX_set_max_proto_version(ctx, TLS1_3_VERSION) == WOLFSSL_SUCCESS &&
           wolfSSL_CTX_set_cipher_list(ctx, suites) == WOLFSSL_SUCCESS &&
           wolfSSL_CTX_set_groups(ctx, group_list, sizeof groups / sizeof groups[0]) ==
               WOLFSSL_SUCCESS;
}

static void log_secret(const WOLFSSL *ssl, const char *line)
{
    WOLFSSL_CTX *ctx = wolfSSL_get_SSL_CTX(ssl);
    tri_tls_keylog_write(wolfSSL_CTX_get_ex_data(ctx, 0), line);
}

bool tri_tls_set_keylog(WOLFSSL_CTX *ctx, struct tri_tls_keylog *keylog)
{
    if (!keylog) {
        return true;
    }
    wolfSSL_CTX_set_keylog_callback(ctx, log_secret);
    return wolfSSL_CTX_set_ex_data(ctx, 0, keylog) == WOLFSSL_SUCCESS;
}
