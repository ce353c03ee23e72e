/* See server_shared.h. */
#include "server_shared.h"

#include "server_identity.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *error_name(int number, char out[128])
{
    return strerror_r(number, out, 128);
}

static enum tri_err open_keylog(struct tri_shared *shared, struct tri_sentence error)
{
    const char *file = shared->config.keylog_file;
    if (!file) {
        return TRI_OK;
    }
    shared->keylog = tri_tls_keylog_open(file);
    if (!shared->keylog) {
        char text[128];
        int number = errno;
        tri_sentence_write(error,
                           "the key log file %s cannot be opened for writing: %s; give a "
                           "file in a folder that you may write to",
                           file, error_name(number, text));
        return number == ENOENT ? TRI_ERR_NOT_FOUND : TRI_ERR_IO;
    }
    return TRI_OK;
}

/* A qlog that cannot be written would be missed only after the traffic has passed. */
static enum tri_err check_qlog(const struct tri_shared *shared, struct tri_sentence error)
{
    const char *dir = shared->config.qlog_dir;
    if (!dir) {
        return TRI_OK;
    }
    struct stat st;
    if (stat(dir, &st) != 0 || !S_ISDIR(st.st_mode)) {
        tri_sentence_write(error, "the qlog folder %s does not exist; make it, or give another",
                           dir);
        return TRI_ERR_NOT_FOUND;
    }
    if (access(dir, W_OK | X_OK) != 0) {
        tri_sentence_write(error, "the qlog folder %s cannot be written to; give another", dir);
        return TRI_ERR_IO;
    }
    return TRI_OK;
}

/* ------------------------------------------------------------------------------ certificates */

/* What both contexts will serve; a use that is not offered has none. */
struct next_certs {
    struct tri_tls_certs *tcp, *quic;
};

static enum tri_err make_next(struct next_certs *next, const struct tri_shared *shared,
                              const struct tri_identities *ids, char cause[TRI_TLS_ERROR_MAX])
{
    *next = (struct next_certs){.tcp = NULL};
    enum tri_err err = TRI_OK;
    if (tri_shared_has_tcp(shared)) {
        err = tri_tls_certs_new(&next->tcp, &shared->tcp_tls, ids->items, ids->len, cause);
    }
    if (err == TRI_OK && tri_shared_has_quic(shared)) {
        err = tri_tls_certs_new(&next->quic, &shared->quic_tls, ids->items, ids->len, cause);
    }
    if (err != TRI_OK) {
        tri_tls_certs_free(next->tcp);
    }
    return err;
}

/* All certificates change, or none does. */
static enum tri_err change_certs(struct tri_shared *shared, struct tri_identities *ids,
                                 struct tri_sentence error)
{
    char cause[TRI_TLS_ERROR_MAX] = "";
    struct next_certs next;
    enum tri_err err = make_next(&next, shared, ids, cause);
    if (err != TRI_OK) {
        tri_sentence_write(error, "%s", cause);
        return err;
    }
    if (next.tcp) {
        tri_tls_context_serve(&shared->tcp_tls, next.tcp);
    }
    if (next.quic) {
        tri_tls_context_serve(&shared->quic_tls, next.quic);
    }
    memcpy(shared->spki_pin, ids->items[0].spki_pin, sizeof shared->spki_pin);
    return TRI_OK;
}

static void release_contexts(struct tri_shared *shared)
{
    tri_tls_context_deinit(&shared->tcp_tls); /* harmless where there is none */
    tri_tls_context_deinit(&shared->quic_tls);
}

static enum tri_err make_contexts(struct tri_shared *shared, const struct tri_identities *ids,
                                  struct tri_sentence error)
{
    char cause[TRI_TLS_ERROR_MAX] = "";
    unsigned http = shared->config.http;
    const struct tri_tls_identity *first = &ids->items[0];
    enum tri_err err = TRI_OK;
    if (tri_shared_has_tcp(shared)) {
        err =
            tri_tls_context_init(&shared->tcp_tls, TRI_TLS_TCP, first, http, shared->keylog, cause);
    }
    if (err == TRI_OK && tri_shared_has_quic(shared)) {
        err = tri_tls_context_init(&shared->quic_tls, TRI_TLS_QUIC, first, http, shared->keylog,
                                   cause);
    }
    if (err != TRI_OK) {
        tri_sentence_write(error, "%s", cause);
    }
    return err;
}

static enum tri_err make_tls(struct tri_shared *shared, struct tri_sentence error)
{
    struct tri_identities ids;
    enum tri_err err = tri_identities_obtain(&ids, &shared->config, error);
    if (err != TRI_OK) {
        return err;
    }
    err = make_contexts(shared, &ids, error);
    if (err == TRI_OK) {
        err = change_certs(shared, &ids, error);
    }
    if (err == TRI_OK) {
        shared->made_certificate = ids.made;
        ids.made = NULL;
    } else {
        release_contexts(shared);
    }
    tri_identities_deinit(&ids);
    return err;
}

static enum tri_err read_again(struct tri_shared *shared, const struct tri_config *from,
                               size_t *len, struct tri_sentence error)
{
    struct tri_identities ids;
    enum tri_err err = tri_identities_obtain(&ids, from, error);
    if (err != TRI_OK) {
        return err;
    }
    *len = ids.len;
    err = change_certs(shared, &ids, error);
    tri_identities_deinit(&ids);
    return err;
}

enum tri_err tri_shared_reload_from(struct tri_shared *shared, const struct tri_config *from,
                                    struct tri_sentence error)
{
    /* A sentence of our own: the log wants it whole, whatever the caller has room for. */
    char text[TRI_TLS_ERROR_MAX] = "memory is short";
    size_t len = 0;
    enum tri_err err =
        read_again(shared, from, &len, (struct tri_sentence){.out = text, .max = sizeof text});
    if (err != TRI_OK) {
        tri_sentence_write(error, "%s", text);
        TRI_LOG(&shared->config.log, ERROR, "reload.fail", TRI_KV_S("reason", text));
        return err;
    }
    tri_sentence_write(error, "%s", "");
    TRI_LOG(&shared->config.log, INFO, "reload.done", TRI_KV_U("certificates", len),
            TRI_KV_S("pin", shared->spki_pin));
    return TRI_OK;
}

enum tri_err tri_shared_reload(struct tri_shared *shared, struct tri_sentence error)
{
    return tri_shared_reload_from(shared, &shared->config, error);
}

static enum tri_err share_secret(struct tri_shared *shared)
{
    enum tri_err err = TRI_OK;
    if (tri_shared_has_tcp(shared)) {
        err = tri_tls_context_resume(&shared->tcp_tls, shared->secret, TRI_SECRET_LEN, "tcp");
    }
    if (err == TRI_OK && tri_shared_has_quic(shared)) {
        err = tri_tls_context_resume(&shared->quic_tls, shared->secret, TRI_SECRET_LEN, "quic");
    }
    return err;
}

/* Releases the certificates if it fails. */
static enum tri_err obtain_secret(struct tri_shared *shared, struct tri_sentence error)
{
    enum tri_err err =
        tri_secret_obtain(shared->secret, &shared->config, shared->made_certificate, error);
    if (err == TRI_OK) {
        err = share_secret(shared);
    }
    if (err != TRI_OK) {
        release_contexts(shared);
        tri_alloc_release(shared->alloc, shared->made_certificate);
    }
    return err;
}

/* -------------------------------------------------------------------------------------- life */

enum tri_err tri_shared_init(struct tri_shared *shared, const struct tri_config *config,
                             struct tri_sentence error)
{
    assert(config->alloc);
    *shared = (struct tri_shared){.alloc = &shared->budget.alloc};
    tri_cache_init(&shared->cache, config->alloc);
    tri_budget_init(&shared->budget, &shared->cache.alloc, config->limits.memory_bytes_max);
    tri_config_init(&shared->config, shared->alloc);
    enum tri_err err = tri_config_copy(&shared->config, config);
    if (err == TRI_OK) {
        err = check_qlog(shared, error);
    }
    if (err == TRI_OK) {
        err = open_keylog(shared, error);
    }
    if (err == TRI_OK) {
        err = make_tls(shared, error);
    }
    if (err == TRI_OK) {
        err = obtain_secret(shared, error);
    }
    if (err == TRI_ERR_NOMEM) {
        tri_sentence_write(error, "memory is short");
    }
    if (err != TRI_OK) {
        tri_tls_keylog_close(shared->keylog);
        tri_config_deinit(&shared->config);
        tri_cache_deinit(&shared->cache);
    }
    return err;
}

void tri_shared_deinit(struct tri_shared *shared)
{
    assert(atomic_load(&shared->conns_open) == 0);
    release_contexts(shared);
    explicit_bzero(shared->secret, sizeof shared->secret);
    tri_alloc_release(shared->alloc, shared->made_certificate);
    tri_tls_keylog_close(shared->keylog);
    tri_config_deinit(&shared->config);
    tri_cache_deinit(&shared->cache);
}

uint64_t tri_shared_conn_open(struct tri_shared *shared)
{
    if (atomic_fetch_add(&shared->conns_open, 1) >= shared->config.limits.connections_max) {
        atomic_fetch_sub(&shared->conns_open, 1);
        return 0;
    }
    return atomic_fetch_add(&shared->conns_made, 1) + 1;
}

void tri_shared_conn_close(struct tri_shared *shared)
{
    uint64_t before = atomic_fetch_sub(&shared->conns_open, 1);
    assert(before > 0);
    (void)before;
}
