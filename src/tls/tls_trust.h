/* The certificates that a client trusts, loaded into its WOLFSSL_CTX. Private to tls. */
#ifndef TRI_TLS_TRUST_H
#define TRI_TLS_TRUST_H

#include "tls_identity.h"

#include <wolfssl/options.h>
#include <wolfssl/ssl.h>

/*
 * Those of the PEM file |file|. One that is no authority counts too if it signed itself; wolfSSL then
 * takes its key for an authority's. TRI_OK; TRI_ERR_NOT_FOUND; TRI_ERR_TLS (it cannot be read, or
 * holds no certificate that is good now); TRI_ERR_NOMEM. |error| has the sentence.
 */
TRI_MUST_USE enum tri_err tri_tls_trust_file(WOLFSSL_CTX *ctx, const char *file,
                                             char error[TRI_TLS_ERROR_MAX]);

/* Those of the system: of the file that SSL_CERT_FILE names, else of the first bundle that there is.
 * Errors as above, NOT_FOUND if there is none. */
TRI_MUST_USE enum tri_err tri_tls_trust_system(WOLFSSL_CTX *ctx, char error[TRI_TLS_ERROR_MAX]);

#endif
