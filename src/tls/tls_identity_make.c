/*
 * Making a self-signed certificate for this machine's own names (row N8): ECDSA P-256, for
 * localhost, 127.0.0.1 and ::1. RFC 5280 section 4; RFC 5480 for the key.
 *
 * It is an end-entity certificate, not an authority, so that trusting it trusts nothing else.
 */
#include "tls_identity.h"

#include "base_alloc.h"
#include "tls_file.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>

#include <wolfssl/options.h>
#include <wolfssl/ssl.h>
#include <wolfssl/wolfcrypt/asn_public.h>
#include <wolfssl/wolfcrypt/ecc.h>
#include <wolfssl/wolfcrypt/random.h>

#if !defined(WOLFSSL_CERT_GEN) || !defined(WOLFSSL_CERT_EXT) || !defined(WOLFSSL_ALT_NAMES)
#error "wolfSSL must be built with certificate generation: --enable-certgen --enable-certext"
#endif

#define P256_BYTES 32
#define DER_BYTES_MAX 2048u
#define PEM_BYTES_MAX 4096u

/* GeneralNames, RFC 5280 section 4.2.1.6: dNSName localhost, iPAddress 127.0.0.1 and ::1. */
static const uint8_t local_names[] = {
    0x30, 0x23, 0x82, 0x09, 'l', 'o', 'c', 'a', 'l', 'h', 'o', 's', 't', 0x87, 0x04, 127, 0, 0, 1,
    0x87, 0x10, 0,    0,    0,   0,   0,   0,   0,   0,   0,   0,   0,   0,    0,    0,   0, 1};

/* Everything of one making; on the heap because struct Cert alone has over 20 KiB. */
struct making {
    WC_RNG rng;
    ecc_key key;
    Cert cert;
    uint8_t der[DER_BYTES_MAX];
    uint8_t cert_pem[PEM_BYTES_MAX];
    uint8_t key_pem[PEM_BYTES_MAX];
    int cert_pem_len, key_pem_len;
};

static bool describe_cert(struct making *m, unsigned days)
{
    Cert *cert = &m->cert;
    if (wc_InitCert(cert) != 0) {
        return false;
    }
    (void)snprintf(cert->subject.commonName, sizeof cert->subject.commonName, "localhost");
    cert->sigType = CTC_SHA256wECDSA;
    cert->selfSigned = 1;
    cert->daysValid =
        (int)days; /* counted from now; notBefore is a day earlier, for wrong clocks */
    cert->isCA = 0;
    cert->basicConstSet = 1;
    cert->basicConstCrit = 1;
    memcpy(cert->altNames, local_names, sizeof local_names);
    cert->altNamesSz = (int)sizeof local_names;
    /* serialSz stays 0: wolfCrypt then draws a random one. RFC 5280 section 4.1.2.2 */
    return wc_SetKeyUsage(cert, "digitalSignature") == 0 &&
           wc_SetExtKeyUsage(cert, "serverAuth") == 0 &&
           wc_SetSubjectKeyIdFromPublicKey_ex(cert, ECC_TYPE, &m->key) == 0 &&
           wc_SetAuthKeyIdFromPublicKey_ex(cert, ECC_TYPE, &m->key) == 0;
}

static bool sign_cert(struct making *m)
{
    int len = wc_MakeCert_ex(&m->cert, m->der, sizeof m->der, ECC_TYPE, &m->key, &m->rng);
    if (len <= 0) {
        return false;
    }
    len = wc_SignCert_ex(m->cert.bodySz, m->cert.sigType, m->der, sizeof m->der, ECC_TYPE, &m->key,
                         &m->rng);
    if (len <= 0) {
        return false;
    }
    m->cert_pem_len = wc_DerToPem(m->der, (word32)len, m->cert_pem, sizeof m->cert_pem, CERT_TYPE);
    return m->cert_pem_len > 0;
}

static bool encode_key(struct making *m)
{
    word32 len = sizeof m->der;
    if (wc_EccKeyToPKCS8(&m->key, m->der, &len) <= 0) {
        return false;
    }
    m->key_pem_len = wc_DerToPem(m->der, len, m->key_pem, sizeof m->key_pem, PKCS8_PRIVATEKEY_TYPE);
    return m->key_pem_len > 0;
}

static bool make_pem(struct making *m, unsigned days)
{
    if (wc_InitRng(&m->rng) != 0) {
        return false;
    }
    bool ok = false;
    if (wc_ecc_init(&m->key) == 0) {
        ok = wc_ecc_make_key_ex(&m->rng, P256_BYTES, &m->key, ECC_SECP256R1) == 0 &&
             describe_cert(m, days) && sign_cert(m) && encode_key(m);
        wc_ecc_free(&m->key);
    }
    wc_FreeRng(&m->rng);
    return ok;
}

static enum tri_err fail_writing(enum tri_err err, const char *file, char error[TRI_TLS_ERROR_MAX])
{
    char text[128];
    (void)snprintf(error, TRI_TLS_ERROR_MAX,
                   "the file \"%s\" cannot be written: %s; make its folder writable, or give a "
                   "certificate and a key of your own",
                   file, strerror_r(errno, text, sizeof text));
    return err;
}

/* The key goes first: a certificate without its key would be taken for a finished pair. */
static enum tri_err write_pair(const struct making *m, const char *cert_file, const char *key_file,
                               char error[TRI_TLS_ERROR_MAX])
{
    enum tri_err err = tri_tls_file_write(key_file, m->key_pem, (size_t)m->key_pem_len, 0600);
    if (err) {
        return fail_writing(err, key_file, error);
    }
    err = tri_tls_file_write(cert_file, m->cert_pem, (size_t)m->cert_pem_len, 0644);
    return err ? fail_writing(err, cert_file, error) : TRI_OK;
}

static enum tri_err make_and_write(struct making *m, const char *cert_file, const char *key_file,
                                   unsigned days, char error[TRI_TLS_ERROR_MAX])
{
    bool made = false;
    if (wolfSSL_Init() == WOLFSSL_SUCCESS) {
        made = make_pem(m, days);
        wolfSSL_Cleanup();
    }
    if (!made) {
        (void)snprintf(error, TRI_TLS_ERROR_MAX,
                       "no certificate for localhost could be made; give a certificate and a key "
                       "of your own");
        return TRI_ERR_TLS;
    }
    return write_pair(m, cert_file, key_file, error);
}

enum tri_err tri_tls_identity_make(const char *cert_file, const char *key_file, unsigned days,
                                   char error[TRI_TLS_ERROR_MAX])
{
    assert(cert_file && key_file && error);
    assert(days > 0 && days < 36500);
    error[0] = '\0';
    const struct tri_alloc *alloc = tri_alloc_heap();
    struct making *m = tri_alloc_zero(alloc, sizeof *m);
    if (!m) {
        (void)snprintf(error, TRI_TLS_ERROR_MAX, "memory is short: no certificate was made");
        return TRI_ERR_NOMEM;
    }
    enum tri_err err = make_and_write(m, cert_file, key_file, days, error);
    explicit_bzero(m, sizeof *m);
    tri_alloc_release(alloc, m);
    return err;
}
