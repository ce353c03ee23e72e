/* A TLS client in memory; see peer_tls.h. */
#include "peer_tls.h"

#include "tls_identity.h"

#include <assert.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define PEER_BYTES_MAX ((size_t)(256 * 1024 * 1024))

static int take_input(WOLFSSL *ssl, char *out, int max, void *user)
{
    (void)ssl;
    struct peer_tls *p = user;
    struct tri_slice held = tri_buf_peek(&p->in);
    if (held.len == 0) {
        return WOLFSSL_CBIO_ERR_WANT_READ;
    }
    size_t len = held.len < (size_t)max ? held.len : (size_t)max;
    memcpy(out, held.data, len);
    tri_buf_consume(&p->in, len);
    return (int)len;
}

static int give_output(WOLFSSL *ssl, char *data, int len, void *user)
{
    (void)ssl;
    struct peer_tls *p = user;
    enum tri_err err = tri_buf_append(&p->out, data, (size_t)len);
    assert(err == TRI_OK);
    return len;
}

static void set_options(struct peer_tls *p, const struct peer_tls_options *o)
{
    if (o->version != 0) {
        wolfSSL_CTX_set_min_proto_version(p->ctx, o->version);
        wolfSSL_CTX_set_max_proto_version(p->ctx, o->version);
    }
    if (o->suites) {
        int set = wolfSSL_CTX_set_cipher_list(p->ctx, o->suites);
        assert(set == WOLFSSL_SUCCESS);
    }
    int groups[4];
    int groups_len = 0;
    while (groups_len < 4 && o->groups[groups_len] != 0) {
        groups[groups_len] = o->groups[groups_len];
        groups_len++;
    }
    if (groups_len > 0) {
        int set = wolfSSL_CTX_set_groups(p->ctx, groups, groups_len);
        assert(set == WOLFSSL_SUCCESS);
    }
}

void peer_tls_init(struct peer_tls *p, const struct peer_tls_options *options)
{
    *p = (struct peer_tls){0};
    wolfSSL_Init();
    tri_buf_init(&p->in, tri_alloc_heap(), PEER_BYTES_MAX);
    tri_buf_init(&p->out, tri_alloc_heap(), PEER_BYTES_MAX);
    tri_buf_init(&p->received, tri_alloc_heap(), PEER_BYTES_MAX);
    p->ctx = wolfSSL_CTX_new(wolfTLS_client_method());
    assert(p->ctx);
    wolfSSL_CTX_set_verify(p->ctx, WOLFSSL_VERIFY_NONE, NULL);
    set_options(p, options);
    p->ssl = wolfSSL_new(p->ctx);
    assert(p->ssl);
    wolfSSL_SSLSetIORecv(p->ssl, take_input);
    wolfSSL_SSLSetIOSend(p->ssl, give_output);
    wolfSSL_SetIOReadCtx(p->ssl, p);
    wolfSSL_SetIOWriteCtx(p->ssl, p);
    if (options->alpn) {
        char *list = strdup(options->alpn);
        int set = wolfSSL_UseALPN(p->ssl, list, (unsigned)strlen(list),
                                  WOLFSSL_ALPN_CONTINUE_ON_MISMATCH);
        assert(set == WOLFSSL_SUCCESS);
        free(list);
    }
}

void peer_tls_deinit(struct peer_tls *p)
{
    wolfSSL_free(p->ssl);
    wolfSSL_CTX_free(p->ctx);
    tri_buf_deinit(&p->in);
    tri_buf_deinit(&p->out);
    tri_buf_deinit(&p->received);
    wolfSSL_Cleanup();
}

static void note_error(struct peer_tls *p, int result)
{
    int error = wolfSSL_get_error(p->ssl, result);
    if (error == WOLFSSL_ERROR_ZERO_RETURN) {
        p->closed = true;
    } else if (error != WOLFSSL_ERROR_WANT_READ) {
        p->error = error;
    }
}

void peer_tls_run(struct peer_tls *p)
{
    if (p->error || p->closed) {
        return;
    }
    if (!p->open) {
        int done = wolfSSL_connect(p->ssl);
        if (done != WOLFSSL_SUCCESS) {
            note_error(p, done);
            return;
        }
        p->open = true;
    }
    static uint8_t plain[16384];
    int got = wolfSSL_read(p->ssl, plain, sizeof plain);
    while (got > 0) {
        enum tri_err err = tri_buf_append(&p->received, plain, (size_t)got);
        assert(err == TRI_OK);
        got = wolfSSL_read(p->ssl, plain, sizeof plain);
    }
    note_error(p, got);
}

void peer_tls_write(struct peer_tls *p, const void *data, size_t len)
{
    int put = wolfSSL_write(p->ssl, data, (int)len);
    assert(put == (int)len);
}

void peer_tls_close(struct peer_tls *p)
{
    (void)wolfSSL_shutdown(p->ssl);
}

size_t peer_tls_move(struct tri_buf *to, struct tri_buf *from)
{
    struct tri_slice held = tri_buf_peek(from);
    if (held.len > 0) {
        enum tri_err err = tri_buf_append(to, held.data, held.len);
        assert(err == TRI_OK);
        tri_buf_consume(from, held.len);
    }
    return held.len;
}

int peer_tls_alert(struct peer_tls *p)
{
    WOLFSSL_ALERT_HISTORY alerts = {0};
    wolfSSL_get_alert_history(p->ssl, &alerts);
    return alerts.last_rx.level == alert_fatal ? alerts.last_rx.code : -1;
}

void peer_tls_files_make(struct peer_tls_files *f)
{
    (void)snprintf(f->folder, sizeof f->folder, "/tmp/trisock-test-XXXXXX");
    char *made = mkdtemp(f->folder);
    assert(made);
    (void)snprintf(f->cert, sizeof f->cert, "%s/cert.pem", f->folder);
    (void)snprintf(f->key, sizeof f->key, "%s/key.pem", f->folder);
    char error[TRI_TLS_ERROR_MAX];
    enum tri_err err = tri_tls_identity_make(f->cert, f->key, 30, error);
    assert(err == TRI_OK);
}

static void remove_folder(const char *folder)
{
    DIR *dir = opendir(folder);
    assert(dir);
    for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir)) {
        char path[512];
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) {
            continue;
        }
        (void)snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (entry->d_type == DT_DIR) {
            remove_folder(path);
        } else {
            unlink(path);
        }
    }
    closedir(dir);
    rmdir(folder);
}

void peer_tls_files_remove(struct peer_tls_files *f)
{
    remove_folder(f->folder);
}
