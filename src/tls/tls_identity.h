/* A certificate chain and its key: loaded from PEM files, or made for local use (row N8). */
#ifndef TRI_TLS_IDENTITY_H
#define TRI_TLS_IDENTITY_H

#include "base_buf.h"
#include "trisock/trisock.h"

#define TRI_SPKI_PIN_MAX 45u /* Base64 of a SHA-256, with NUL */

struct tri_tls_identity {
    struct tri_buf cert_pem;         /* leaf first */
    struct tri_buf key_pem;          /* wiped on deinit */
    struct tri_buf hosts;            /* the names it is for: see tls_hosts.h */
    char spki_pin[TRI_SPKI_PIN_MAX]; /* Base64(SHA-256(SubjectPublicKeyInfo of the leaf)) */
};

/* A sentence about what went wrong, for people: cause, file and remedy. */
#define TRI_TLS_ERROR_MAX 512u

/*
 * Reads the two files, checks that they parse and that the key belongs to the leaf.
 *
 * TRI_OK; TRI_ERR_NOT_FOUND or TRI_ERR_IO (a file cannot be read); TRI_ERR_TLS (not PEM, or the
 * key does not match, or the certificate has expired); TRI_ERR_NOMEM. |error| then names the file.
 */
TRI_MUST_USE enum tri_err tri_tls_identity_load(struct tri_tls_identity *out,
                                                const struct tri_alloc *alloc,
                                                const char *cert_file, const char *key_file,
                                                char error[TRI_TLS_ERROR_MAX]);

/*
 * Makes a self-signed ECDSA P-256 certificate for localhost, 127.0.0.1 and ::1, valid for
 * |days| days, and writes it to the two files (the key with mode 0600; both through a temporary
 * file and rename, so that a crash leaves no half). Folders that are missing are made, mode 0700.
 */
TRI_MUST_USE enum tri_err tri_tls_identity_make(const char *cert_file, const char *key_file,
                                                unsigned days, char error[TRI_TLS_ERROR_MAX]);

void tri_tls_identity_deinit(struct tri_tls_identity *id);

#endif
