/* See server_identity.h. */
#include "server_identity.h"

#include <assert.h>
#include <stdlib.h>
#include <time.h>

#include <wolfssl/options.h>
#include <wolfssl/ssl.h>

#define SECONDS_PER_DAY 86400

struct made_files {
    struct tri_buf cert, key; /* file names, NUL-terminated */
};

static void release_names(struct made_files *files)
{
    tri_buf_deinit(&files->cert);
    tri_buf_deinit(&files->key);
}

static const char *name_text(const struct tri_buf *name)
{
    return (const char *)tri_buf_peek(name).data;
}

static enum tri_err append_names(struct made_files *files, const char *base, const char *below)
{
    enum tri_err err =
        tri_buf_printf(&files->cert, "%s%s/trisock/localhost.crt%c", base, below, '\0');
    if (err == TRI_OK) {
        err = tri_buf_printf(&files->key, "%s%s/trisock/localhost.key%c", base, below, '\0');
    }
    return err;
}

/* Where the made certificate is kept. The caller releases the names in every case. */
static enum tri_err find_names(struct made_files *files, const struct tri_alloc *alloc,
                               struct tri_sentence error)
{
    tri_buf_init(&files->cert, alloc, 4096);
    tri_buf_init(&files->key, alloc, 4096);
    /* The XDG specification has a relative path ignored. */
    const char *state = getenv("XDG_STATE_HOME");
    const char *home = getenv("HOME");
    enum tri_err err;
    if (state && state[0] == '/') {
        err = append_names(files, state, "");
    } else if (home && home[0] == '/') {
        err = append_names(files, home, "/.local/state");
    } else {
        tri_sentence_write(error, "there is no place to keep a made certificate, because neither "
                                  "XDG_STATE_HOME nor HOME is set; set one, or give a certificate "
                                  "and its key");
        return TRI_ERR_NOT_FOUND;
    }
    if (err != TRI_OK) {
        tri_sentence_write(error, "no name for the made certificate: %s", tri_err_text(err));
    }
    return err == TRI_ERR_LIMIT ? TRI_ERR_IO : err;
}

static bool lasts(const struct tri_tls_identity *id, time_t now)
{
    struct tri_slice pem = tri_buf_peek(&id->cert_pem);
    WOLFSSL_X509 *leaf =
        wolfSSL_X509_load_certificate_buffer(pem.data, (int)pem.len, WOLFSSL_FILETYPE_PEM);
    if (!leaf) {
        return false;
    }
    struct tm end;
    bool known = wolfSSL_ASN1_TIME_to_tm(wolfSSL_X509_get_notAfter(leaf), &end) == WOLFSSL_SUCCESS;
    wolfSSL_X509_free(leaf);
    time_t margin = (time_t)TRI_MADE_CERTIFICATE_DAYS_LEFT_MIN * SECONDS_PER_DAY;
    return known && timegm(&end) - now >= margin;
}

/* The kept one. TRI_ERR_NOT_FOUND: there is none that may still be used. TRI_ERR_NOMEM. */
static enum tri_err load_kept(struct tri_tls_identity *out, const struct tri_alloc *alloc,
                              const struct made_files *files)
{
    char ignored[TRI_TLS_ERROR_MAX];
    enum tri_err err =
        tri_tls_identity_load(out, alloc, name_text(&files->cert), name_text(&files->key), ignored);
    if (err != TRI_OK) {
        return err == TRI_ERR_NOMEM ? err : TRI_ERR_NOT_FOUND;
    }
    if (lasts(out, time(NULL))) {
        return TRI_OK;
    }
    tri_tls_identity_deinit(out);
    return TRI_ERR_NOT_FOUND;
}

static enum tri_err load_or_make(struct tri_tls_identity *out, const struct tri_alloc *alloc,
                                 const struct made_files *files, struct tri_sentence error)
{
    enum tri_err err = load_kept(out, alloc, files);
    if (err != TRI_ERR_NOT_FOUND) {
        return err;
    }
    const char *cert = name_text(&files->cert);
    const char *key = name_text(&files->key);
    char cause[TRI_TLS_ERROR_MAX] = "";
    err = tri_tls_identity_make(cert, key, TRI_MADE_CERTIFICATE_DAYS, cause);
    if (err == TRI_OK) {
        err = tri_tls_identity_load(out, alloc, cert, key, cause);
    }
    if (err != TRI_OK) {
        tri_sentence_write(error, "%s", cause);
    }
    return err;
}

static enum tri_err obtain_made(struct tri_tls_identity *out, char **made,
                                const struct tri_alloc *alloc, struct tri_sentence error)
{
    struct made_files files;
    enum tri_err err = find_names(&files, alloc, error);
    if (err == TRI_OK) {
        err = load_or_make(out, alloc, &files, error);
    }
    if (err == TRI_OK) {
        const char *cert = name_text(&files.cert);
        *made = tri_alloc_string(alloc, cert, strlen(cert));
        if (!*made) {
            tri_tls_identity_deinit(out);
            err = TRI_ERR_NOMEM;
        }
    }
    release_names(&files);
    return err;
}

static enum tri_err load_configured(struct tri_tls_identity *out, const struct tri_alloc *alloc,
                                    const struct tri_cert_files *files, struct tri_sentence error)
{
    char cause[TRI_TLS_ERROR_MAX] = "";
    enum tri_err err = tri_tls_identity_load(out, alloc, files->cert, files->key, cause);
    if (err != TRI_OK) {
        tri_sentence_write(error, "%s", cause);
    }
    return err;
}

enum tri_err tri_identities_obtain(struct tri_identities *out, const struct tri_config *config,
                                   struct tri_sentence error)
{
    assert(out && config);
    size_t len = config->certs_len > 0 ? config->certs_len : 1;
    *out = (struct tri_identities){.alloc = config->alloc};
    out->items = tri_alloc_zero(config->alloc, len * sizeof out->items[0]);
    if (!out->items) {
        return TRI_ERR_NOMEM;
    }
    enum tri_err err = TRI_OK;
    while (out->len < len && err == TRI_OK) {
        struct tri_tls_identity *item = &out->items[out->len];
        err = config->certs_len > 0
                  ? load_configured(item, config->alloc, &config->certs[out->len], error)
                  : obtain_made(item, &out->made, config->alloc, error);
        out->len += err == TRI_OK;
    }
    if (err != TRI_OK) {
        tri_identities_deinit(out);
    }
    return err;
}

void tri_identities_deinit(struct tri_identities *identities)
{
    assert(identities);
    for (size_t i = 0; i < identities->len; i++) {
        tri_tls_identity_deinit(&identities->items[i]);
    }
    tri_alloc_release(identities->alloc, identities->items);
    tri_alloc_release(identities->alloc, identities->made);
    *identities = (struct tri_identities){.alloc = identities->alloc};
}
