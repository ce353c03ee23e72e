/*
 * Loading a certificate chain and its key. What fails is told in a sentence that names the file,
 * the cause and what to do. Making an identity is in tls_identity_make.c.
 */
#include "tls_identity.h"

#include "tls_file.h"
#include "tls_hosts.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <time.h>

#include <wolfssl/options.h>
#include <wolfssl/ssl.h>
#include <wolfssl/wolfcrypt/asn_public.h>
#include <wolfssl/wolfcrypt/coding.h>
#include <wolfssl/wolfcrypt/sha256.h>

/* A SubjectPublicKeyInfo of RSA 8192 has about 1,060 bytes. */
#define SPKI_BYTES_MAX 4096u

struct loading {
    struct tri_tls_identity *id;
    const char *cert_file;
    const char *key_file;
    char *error; /* TRI_TLS_ERROR_MAX bytes */
};

static enum tri_err fail_reading(const struct loading *l, enum tri_err err, const char *what,
                                 const char *file)
{
    int reason = errno;
    if (err == TRI_ERR_NOT_FOUND) {
        (void)snprintf(l->error, TRI_TLS_ERROR_MAX,
                       "the %s file \"%s\" does not exist; check the path, or give no certificate "
                       "and no key to have them made for localhost",
                       what, file);
    } else if (err == TRI_ERR_IO && (reason == EACCES || reason == EPERM)) {
        (void)snprintf(l->error, TRI_TLS_ERROR_MAX,
                       "the %s file \"%s\" cannot be read: permission denied; give the user that "
                       "runs the server the right to read it",
                       what, file);
    } else if (err == TRI_ERR_IO) {
        char text[128];
        (void)snprintf(l->error, TRI_TLS_ERROR_MAX,
                       "the %s file \"%s\" cannot be read: %s; check the path", what, file,
                       strerror_r(reason, text, sizeof text));
    } else if (err == TRI_ERR_LIMIT) {
        (void)snprintf(l->error, TRI_TLS_ERROR_MAX,
                       "the %s file \"%s\" is longer than 1 MiB, so it is no PEM file; check the "
                       "path",
                       what, file);
        return TRI_ERR_TLS;
    } else {
        (void)snprintf(l->error, TRI_TLS_ERROR_MAX, "memory is short: \"%s\" was not read", file);
    }
    return err;
}

static bool has_text(const struct tri_buf *pem, const char *text)
{
    struct tri_slice s = tri_buf_peek(pem);
    return s.len > 0 && memmem(s.data, s.len, text, strlen(text)) != NULL;
}

/* Base64(SHA-256(SubjectPublicKeyInfo)), as RFC 7469 section 2.4 pins a key. */
static bool make_pin(char pin[TRI_SPKI_PIN_MAX], WOLFSSL_X509 *leaf)
{
    int der_len = 0;
    const uint8_t *der = wolfSSL_X509_get_der(leaf, &der_len);
    uint8_t spki[SPKI_BYTES_MAX];
    word32 spki_len = sizeof spki;
    uint8_t hash[WC_SHA256_DIGEST_SIZE];
    word32 pin_len = TRI_SPKI_PIN_MAX - 1;
    if (!der || der_len <= 0 ||
        wc_GetSubjectPubKeyInfoDerFromCert(der, (word32)der_len, spki, &spki_len) != 0 ||
        wc_Sha256Hash(spki, spki_len, hash) != 0 ||
        Base64_Encode_NoNl(hash, sizeof hash, (byte *)pin, &pin_len) != 0) {
        return false;
    }
    pin[pin_len] = '\0';
    return true;
}

/* "2026-11-23", or "an unknown day". */
static const char *format_day(const WOLFSSL_ASN1_TIME *when, char out[32])
{
    struct tm tm = {0};
    if (!when || wolfSSL_ASN1_TIME_to_tm(when, &tm) != WOLFSSL_SUCCESS ||
        strftime(out, 32, "%Y-%m-%d", &tm) == 0) {
        return "an unknown day";
    }
    return out;
}

static enum tri_err check_dates(const struct loading *l, WOLFSSL_X509 *leaf)
{
    char day[32];
    const WOLFSSL_ASN1_TIME *after = wolfSSL_X509_get_notAfter(leaf);
    const WOLFSSL_ASN1_TIME *before = wolfSSL_X509_get_notBefore(leaf);
    if (!after || wolfSSL_X509_cmp_current_time(after) < 0) {
        (void)snprintf(l->error, TRI_TLS_ERROR_MAX,
                       "the certificate in \"%s\" expired on %s; renew it, or give none to have "
                       "one made for localhost",
                       l->cert_file, format_day(after, day));
        return TRI_ERR_TLS;
    }
    if (!before || wolfSSL_X509_cmp_current_time(before) > 0) {
        (void)snprintf(l->error, TRI_TLS_ERROR_MAX,
                       "the certificate in \"%s\" is not valid before %s; check the clock of this "
                       "machine, or give another certificate",
                       l->cert_file, format_day(before, day));
        return TRI_ERR_TLS;
    }
    return TRI_OK;
}

static enum tri_err read_hosts(const struct loading *l, WOLFSSL_X509 *leaf)
{
    enum tri_err err = tri_tls_hosts_read(&l->id->hosts, leaf);
    if (err) {
        (void)snprintf(l->error, TRI_TLS_ERROR_MAX, "memory is short: \"%s\" was not read",
                       l->cert_file);
    }
    return err ? TRI_ERR_NOMEM : TRI_OK;
}

static enum tri_err check_leaf(const struct loading *l)
{
    if (!has_text(&l->id->cert_pem, "-----BEGIN CERTIFICATE-----")) {
        (void)snprintf(l->error, TRI_TLS_ERROR_MAX,
                       "the certificate file \"%s\" holds no PEM certificate (no line \"-----BEGIN "
                       "CERTIFICATE-----\"); check the path, or convert it: openssl x509 -in FILE "
                       "-out FILE.pem",
                       l->cert_file);
        return TRI_ERR_TLS;
    }
    struct tri_slice pem = tri_buf_peek(&l->id->cert_pem);
    WOLFSSL_X509 *leaf =
        wolfSSL_X509_load_certificate_buffer(pem.data, (int)pem.len, WOLFSSL_FILETYPE_PEM);
    if (!leaf || !make_pin(l->id->spki_pin, leaf)) {
        (void)snprintf(l->error, TRI_TLS_ERROR_MAX,
                       "the first certificate in \"%s\" cannot be read: it is damaged, or of an "
                       "unknown kind; get the file again from where it was issued",
                       l->cert_file);
        wolfSSL_X509_free(leaf);
        return TRI_ERR_TLS;
    }
    enum tri_err err = check_dates(l, leaf);
    if (!err) {
        err = read_hosts(l, leaf);
    }
    wolfSSL_X509_free(leaf);
    return err;
}

static enum tri_err check_key_text(const struct loading *l)
{
    const struct tri_buf *pem = &l->id->key_pem;
    if (has_text(pem, "ENCRYPTED")) {
        (void)snprintf(l->error, TRI_TLS_ERROR_MAX,
                       "the key in \"%s\" is encrypted with a passphrase; give one without: "
                       "openssl pkey -in FILE -out FILE.plain",
                       l->key_file);
        return TRI_ERR_TLS;
    }
    if (!has_text(pem, "-----BEGIN ") || !has_text(pem, "PRIVATE KEY-----")) {
        (void)snprintf(l->error, TRI_TLS_ERROR_MAX,
                       "the key file \"%s\" holds no PEM private key (no line \"-----BEGIN "
                       "PRIVATE KEY-----\"); check the path, or convert it: openssl pkey -in FILE "
                       "-out FILE.pem",
                       l->key_file);
        return TRI_ERR_TLS;
    }
    return TRI_OK;
}

static enum tri_err check_chain(const struct loading *l, WOLFSSL_CTX *ctx)
{
    struct tri_slice pem = tri_buf_peek(&l->id->cert_pem);
    if (wolfSSL_CTX_use_certificate_chain_buffer(ctx, pem.data, (long)pem.len) == WOLFSSL_SUCCESS) {
        return TRI_OK;
    }
    (void)snprintf(l->error, TRI_TLS_ERROR_MAX,
                   "the certificates in \"%s\" cannot be used: one is damaged, or its key is too "
                   "short; get the file again from where it was issued",
                   l->cert_file);
    return TRI_ERR_TLS;
}

static enum tri_err check_key(const struct loading *l, WOLFSSL_CTX *ctx)
{
    struct tri_slice pem = tri_buf_peek(&l->id->key_pem);
    if (wolfSSL_CTX_use_PrivateKey_buffer(ctx, pem.data, (long)pem.len, WOLFSSL_FILETYPE_PEM) ==
            WOLFSSL_SUCCESS &&
        wolfSSL_CTX_check_private_key(ctx) == WOLFSSL_SUCCESS) {
        return TRI_OK;
    }
    (void)snprintf(l->error, TRI_TLS_ERROR_MAX,
                   "the key in \"%s\" does not belong to the certificate in \"%s\", or it is "
                   "damaged; give the two files that were made together",
                   l->key_file, l->cert_file);
    return TRI_ERR_TLS;
}

/* Loads the pair where a server would. */
static enum tri_err check_pair(const struct loading *l)
{
    enum tri_err err = check_key_text(l);
    if (err) {
        return err;
    }
    WOLFSSL_CTX *ctx = wolfSSL_CTX_new(wolfTLSv1_3_server_method());
    if (!ctx) {
        (void)snprintf(l->error, TRI_TLS_ERROR_MAX, "memory is short: \"%s\" was not checked",
                       l->key_file);
        return TRI_ERR_NOMEM;
    }
    err = check_chain(l, ctx);
    if (!err) {
        err = check_key(l, ctx);
    }
    wolfSSL_CTX_free(ctx);
    return err;
}

static enum tri_err load_and_check(const struct loading *l)
{
    enum tri_err err = tri_tls_file_read(&l->id->cert_pem, l->cert_file);
    if (err) {
        return fail_reading(l, err, "certificate", l->cert_file);
    }
    err = tri_tls_file_read(&l->id->key_pem, l->key_file);
    if (err) {
        return fail_reading(l, err, "key", l->key_file);
    }
    if (wolfSSL_Init() != WOLFSSL_SUCCESS) {
        (void)snprintf(l->error, TRI_TLS_ERROR_MAX, "the TLS library cannot start");
        return TRI_ERR_TLS;
    }
    err = check_leaf(l);
    if (!err) {
        err = check_pair(l);
    }
    wolfSSL_Cleanup();
    return err;
}

enum tri_err tri_tls_identity_load(struct tri_tls_identity *out, const struct tri_alloc *alloc,
                                   const char *cert_file, const char *key_file,
                                   char error[TRI_TLS_ERROR_MAX])
{
    assert(out && alloc && cert_file && key_file && error);
    error[0] = '\0';
    out->spki_pin[0] = '\0';
    tri_buf_init(&out->cert_pem, alloc, TRI_TLS_FILE_BYTES_MAX);
    tri_buf_init(&out->key_pem, alloc, TRI_TLS_FILE_BYTES_MAX);
    tri_buf_init(&out->hosts, alloc, TRI_TLS_FILE_BYTES_MAX); /* never as long as the file */
    const struct loading loading = {
        .id = out, .cert_file = cert_file, .key_file = key_file, .error = error};
    enum tri_err err = load_and_check(&loading);
    if (err) {
        tri_tls_identity_deinit(out);
    }
    return err;
}

void tri_tls_identity_deinit(struct tri_tls_identity *id)
{
    assert(id);
    if (id->key_pem.data) {
        explicit_bzero(id->key_pem.data, id->key_pem.cap);
    }
    tri_buf_deinit(&id->cert_pem);
    tri_buf_deinit(&id->key_pem);
    tri_buf_deinit(&id->hosts);
}
