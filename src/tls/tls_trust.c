/* See tls_trust.h. */
#include "tls_trust.h"

#include "tls_file.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* One file instead of a folder: in that the same certificates are there two and three times. */
static const char *const bundles[] = {
    "/etc/ssl/certs/ca-certificates.crt",                /* Debian, Ubuntu, Arch, Alpine */
    "/etc/pki/tls/certs/ca-bundle.crt",                  /* Fedora, RHEL */
    "/etc/ssl/ca-bundle.pem",                            /* openSUSE */
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", /* RHEL 7 and later */
    "/etc/ssl/cert.pem",                                 /* Alpine, the BSDs */
};

static enum tri_err read_file(struct tri_buf *out, const char *file, char error[TRI_TLS_ERROR_MAX])
{
    char text[128];
    enum tri_err err = tri_tls_file_read(out, file);
    switch (err) {
    case TRI_OK:
        return TRI_OK;
    case TRI_ERR_NOT_FOUND:
        (void)snprintf(error, TRI_TLS_ERROR_MAX, "there is no file %s", file);
        return err;
    case TRI_ERR_NOMEM:
        (void)snprintf(error, TRI_TLS_ERROR_MAX, "memory is short: %s was not read", file);
        return err;
    default:
        (void)snprintf(error, TRI_TLS_ERROR_MAX, "%s cannot be read: %s", file,
                       err == TRI_ERR_LIMIT ? "it is too long"
                                            : strerror_r(errno, text, sizeof text));
        return TRI_ERR_TLS;
    }
}

enum tri_err tri_tls_trust_file(WOLFSSL_CTX *ctx, const char *file, char error[TRI_TLS_ERROR_MAX])
{
    assert(ctx && file && error);
    struct tri_buf pem;
    tri_buf_init(&pem, tri_alloc_heap(), TRI_TLS_FILE_BYTES_MAX);
    enum tri_err err = read_file(&pem, file, error);
    struct tri_slice text = tri_buf_peek(&pem);
    /* Those that are no good, such as expired ones, are passed over while one is good. */
    if (!err && (text.len == 0 ||
                 wolfSSL_CTX_load_verify_buffer(ctx, text.data, (long)text.len,
                                                WOLFSSL_FILETYPE_PEM) != WOLFSSL_SUCCESS)) {
        (void)snprintf(error, TRI_TLS_ERROR_MAX,
                       "%s holds no certificate that is valid now; give a file in PEM form", file);
        err = TRI_ERR_TLS;
    }
    tri_buf_deinit(&pem);
    return err;
}

enum tri_err tri_tls_trust_system(WOLFSSL_CTX *ctx, char error[TRI_TLS_ERROR_MAX])
{
    assert(ctx && error);
    const char *own = getenv("SSL_CERT_FILE");
    if (own && own[0] != '\0') {
        return tri_tls_trust_file(ctx, own, error);
    }
    for (size_t i = 0; i < sizeof bundles / sizeof bundles[0]; i++) {
        if (access(bundles[i], R_OK) == 0) {
            return tri_tls_trust_file(ctx, bundles[i], error);
        }
    }
    (void)snprintf(error, TRI_TLS_ERROR_MAX,
                   "the system has no file of trusted certificates; install ca-certificates, or "
                   "name a file");
    return TRI_ERR_NOT_FOUND;
}
