/* Why a TLS connection failed, for the log. Private to tls. */
#ifndef TRI_TLS_ERROR_H
#define TRI_TLS_ERROR_H

#include <wolfssl/options.h>
#include <wolfssl/ssl.h>
#include <wolfssl/wolfcrypt/error-crypt.h>

/* Static English for wolfSSL's |error| and the fatal alert that was sent or received on |ssl|. */
const char *tri_tls_error_text(WOLFSSL *ssl, int error);

#endif
