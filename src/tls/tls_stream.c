/*
 * TLS over memory: wolfSSL reads ciphertext from |in| and appends it to |out|. Key updates,
 * tickets and alerts need nothing from the owner but that |out| is drained.
 * RFC 8446 section 5 (records), 6 (alerts).
 */
#include "tls_stream.h"

#include "tls_error.h"
#include "tls_keylog.h"

#include <assert.h>
#include <limits.h>

/* RFC 8446 section 5.1: at most 2^14 bytes of plaintext a record. */
#define RECORD_BYTES ((size_t)16384)
/* Header, nonce, type and tag of a record, with room to spare. */
#define RECORD_OVERHEAD_BYTES ((size_t)64)
/* One call of wolfSSL_write takes an int: whole records, far below INT_MAX. */
#define WRITE_BYTES_MAX (RECORD_BYTES * 4096)
/* What the handshake, key updates and alerts may add beyond what a full |out| holds. */
#define OUT_SLACK_BYTES ((size_t)(256 * 1024))

static int take_input(WOLFSSL *ssl, char *out, int max, void *user)
{
    (void)ssl;
    struct tri_tls_stream *t = user;
    assert(max >= 0);
    if (t->in.len == 0) {
        return WOLFSSL_CBIO_ERR_WANT_READ;
    }
    size_t len = t->in.len < (size_t)max ? t->in.len : (size_t)max;
    memcpy(out, t->in.data, len);
    t->in.data += len;
    t->in.len -= len;
    return (int)len;
}

static int give_output(WOLFSSL *ssl, char *data, int len, void *user)
{
    (void)ssl;
    struct tri_tls_stream *t = user;
    assert(len >= 0);
    t->out_error = tri_buf_append(&t->out, data, (size_t)len);
    return t->out_error ? WOLFSSL_CBIO_ERR_GENERAL : len;
}

static enum tri_err fail(struct tri_tls_stream *t, int error)
{
    t->state = TRI_TLS_FAILED;
    t->error = error;
    t->in = (struct tri_slice){0};
    return t->out_error == TRI_ERR_NOMEM ? TRI_ERR_NOMEM : TRI_ERR_TLS;
}

static bool has_alpn(const struct tri_tls_stream *t)
{
    char *name = NULL;
    word16 len = 0;
    return wolfSSL_ALPN_GetProtocol(t->ssl, &name, &len) == WOLFSSL_SUCCESS;
}

static enum tri_err shake_hands(struct tri_tls_stream *t)
{
    int done = t->is_client ? wolfSSL_connect(t->ssl) : wolfSSL_accept(t->ssl);
    if (done != WOLFSSL_SUCCESS) {
        int error = wolfSSL_get_error(t->ssl, done);
        return error == WOLFSSL_ERROR_WANT_READ ? TRI_OK : fail(t, error);
    }
    /* A TLS 1.2 client without any extension gets this far where it needs ALPN. */
    if (t->alpn_needed && !has_alpn(t)) {
        return fail(t, UNKNOWN_ALPN_PROTOCOL_NAME_E);
    }
    if (t->keylog) {
        tri_tls_keylog_session(t->keylog, t->ssl);
    }
    t->state = TRI_TLS_OPEN;
    return TRI_OK;
}

/* |t| has its |ssl|, which may be NULL: then memory was short. */
static enum tri_err connect_memory(struct tri_tls_stream *t, const struct tri_alloc *alloc)
{
    if (!t->ssl) {
        return TRI_ERR_NOMEM;
    }
    tri_buf_init(&t->out, alloc, TRI_TLS_OUT_BYTES_MAX + OUT_SLACK_BYTES);
    wolfSSL_SSLSetIORecv(t->ssl, take_input);
    wolfSSL_SSLSetIOSend(t->ssl, give_output);
    wolfSSL_SetIOReadCtx(t->ssl, t);
    wolfSSL_SetIOWriteCtx(t->ssl, t);
    return TRI_OK;
}

enum tri_err tri_tls_stream_init(struct tri_tls_stream *t, const struct tri_tls_context *context,
                                 const struct tri_alloc *alloc)
{
    assert(t && context && alloc);
    assert(context->use == TRI_TLS_TCP);
    *t = (struct tri_tls_stream){
        .ssl = tri_tls_context_session(context),
        .keylog = context->keylog,
        .alpn_needed = strstr(context->alpn, "http/1.1") == NULL,
    };
    return connect_memory(t, alloc);
}

enum tri_err tri_tls_stream_dial(struct tri_tls_stream *t, const struct tri_tls_dial *dial,
                                 const struct tri_alloc *alloc)
{
    assert(t && dial && dial->client && alloc);
    assert(dial->client->use == TRI_TLS_TCP);
    *t = (struct tri_tls_stream){
        .ssl = tri_tls_client_session(dial->client, dial->host, dial->versions, dial->resume),
        .is_client = true, /* wolfSSL logs the secrets of clients, of either version, by itself */
    };
    enum tri_err err = connect_memory(t, alloc);
    if (!err) {
        err = shake_hands(t);
        if (err == TRI_ERR_NOMEM) {
            tri_tls_stream_deinit(t);
        } else if (err) {
            err = TRI_OK; /* told by the state */
        }
    }
    return err;
}

void tri_tls_stream_deinit(struct tri_tls_stream *t)
{
    assert(t);
    wolfSSL_free(t->ssl);
    t->ssl = NULL;
    tri_buf_deinit(&t->out);
}

enum tri_err tri_tls_stream_feed(struct tri_tls_stream *t, const uint8_t *data, size_t len)
{
    assert(t && (data || len == 0));
    assert(t->in.len == 0); /* the last feed was read to its end */
    switch (t->state) {
    case TRI_TLS_HANDSHAKE:
        t->in = tri_slice_of(data, len);
        return shake_hands(t);
    case TRI_TLS_OPEN:
        t->in = tri_slice_of(data, len);
        return TRI_OK;
    case TRI_TLS_FAILED:
        break;
    }
    return TRI_ERR_TLS;
}

enum tri_err tri_tls_stream_read(struct tri_tls_stream *t, uint8_t *out, size_t max, size_t *len)
{
    assert(t && out && max > 0 && len);
    if (t->state == TRI_TLS_FAILED) {
        return TRI_ERR_TLS;
    }
    if (t->state == TRI_TLS_HANDSHAKE || t->peer_closed) {
        t->in = (struct tri_slice){0}; /* RFC 8446 section 6.1: what follows close_notify is void */
        return TRI_AGAIN;
    }
    /* It takes from us no more than the record it reads, so nothing is left within it: to ask would
     * cost as much as a small record does, for an error that it keeps a text of. */
    if (t->in.len == 0 && wolfSSL_pending(t->ssl) == 0) {
        return TRI_AGAIN;
    }
    int got = wolfSSL_read(t->ssl, out, max < INT_MAX ? (int)max : INT_MAX);
    if (got > 0) {
        *len = (size_t)got;
        return TRI_OK;
    }
    int error = wolfSSL_get_error(t->ssl, got);
    if (error == WOLFSSL_ERROR_WANT_READ) {
        assert(t->in.len == 0);
        return TRI_AGAIN;
    }
    if (error == WOLFSSL_ERROR_ZERO_RETURN) {
        t->peer_closed = true;
        t->in = (struct tri_slice){0};
        return TRI_AGAIN;
    }
    return fail(t, error);
}

/* Encrypts |len| bytes into records of their own. */
static enum tri_err encrypt(struct tri_tls_stream *t, const uint8_t *data, size_t len)
{
    while (len > 0) {
        size_t part = len < WRITE_BYTES_MAX ? len : WRITE_BYTES_MAX;
        int put = wolfSSL_write(t->ssl, data, (int)part);
        if (put <= 0) {
            return fail(t, wolfSSL_get_error(t->ssl, put));
        }
        data += put;
        len -= (size_t)put;
    }
    return TRI_OK;
}

/* One record in the making: slices that are too small for a record of their own. */
struct gathering {
    size_t len;
    uint8_t bytes[RECORD_BYTES];
};

static enum tri_err encrypt_gathered(struct tri_tls_stream *t, struct gathering *g)
{
    enum tri_err err = encrypt(t, g->bytes, g->len);
    g->len = 0;
    return err;
}

/* Takes |slice|: what fills whole records is not copied when nothing waits in front of it. */
static enum tri_err add_slice(struct tri_tls_stream *t, struct gathering *g, struct tri_slice slice)
{
    enum tri_err err = TRI_OK;
    while (slice.len > 0 && !err) {
        size_t part = RECORD_BYTES - g->len;
        if (g->len == 0 && slice.len >= RECORD_BYTES) {
            part = slice.len - slice.len % RECORD_BYTES;
            err = encrypt(t, slice.data, part);
        } else {
            part = slice.len < part ? slice.len : part;
            memcpy(g->bytes + g->len, slice.data, part);
            g->len += part;
            err = g->len == RECORD_BYTES ? encrypt_gathered(t, g) : TRI_OK;
        }
        slice.data += part;
        slice.len -= part;
    }
    return err;
}

/* Lets |out| hold what |slices| become, so that the owner's pull is never torn in two. */
static void make_room(struct tri_tls_stream *t, const struct tri_slice *slices, size_t slices_len)
{
    size_t plain = 0;
    for (size_t i = 0; i < slices_len; i++) {
        plain += slices[i].len;
    }
    size_t held = tri_buf_peek(&t->out).len;
    size_t need = held + plain + (plain / RECORD_BYTES + 2) * RECORD_OVERHEAD_BYTES;
    size_t most = TRI_TLS_OUT_BYTES_MAX + OUT_SLACK_BYTES;
    most = need > most ? need : most;
    t->out.max = most > t->out.cap ? most : t->out.cap;
}

enum tri_err tri_tls_stream_write(struct tri_tls_stream *t, const struct tri_slice *slices,
                                  size_t slices_len)
{
    assert(t && (slices || slices_len == 0));
    assert(!t->closed);
    if (t->state != TRI_TLS_OPEN) {
        return TRI_ERR_TLS;
    }
    make_room(t, slices, slices_len);
    struct gathering g;
    g.len = 0;
    enum tri_err err = TRI_OK;
    for (size_t i = 0; i < slices_len && !err; i++) {
        err = add_slice(t, &g, slices[i]);
    }
    if (!err && g.len > 0) {
        err = encrypt_gathered(t, &g);
    }
    return err;
}

void tri_tls_stream_close(struct tri_tls_stream *t)
{
    assert(t);
    if (!t->closed && t->state == TRI_TLS_OPEN) {
        (void)wolfSSL_shutdown(t->ssl); /* asks for more than we do: the peer's answer */
    }
    t->closed = true;
}

const char *tri_tls_stream_alpn(const struct tri_tls_stream *t)
{
    assert(t);
    char *name = NULL;
    word16 len = 0;
    if (wolfSSL_ALPN_GetProtocol(t->ssl, &name, &len) == WOLFSSL_SUCCESS && len == 2 &&
        memcmp(name, "h2", 2) == 0) {
        return "h2";
    }
    return "http/1.1";
}

bool tri_tls_stream_is_resumed(const struct tri_tls_stream *t)
{
    assert(t);
    return t->state == TRI_TLS_OPEN && wolfSSL_session_reused(t->ssl) != 0;
}

const char *tri_tls_stream_error_text(const struct tri_tls_stream *t)
{
    assert(t);
    bool is_certificate = false;
    if (t->state != TRI_TLS_FAILED) {
        return "";
    }
    if (t->out_error) {
        return "memory for the socket is short";
    }
    return t->is_client ? tri_tls_client_error_text(t->ssl, t->error, &is_certificate)
                        : tri_tls_error_text(t->ssl, t->error);
}

bool tri_tls_stream_is_certificate_fault(const struct tri_tls_stream *t)
{
    assert(t && t->is_client);
    bool is_certificate = false;
    if (t->state == TRI_TLS_FAILED) {
        (void)tri_tls_client_error_text(t->ssl, t->error, &is_certificate);
    }
    return is_certificate;
}

bool tri_tls_stream_is_version_fault(const struct tri_tls_stream *t)
{
    assert(t && t->is_client);
    return t->state == TRI_TLS_FAILED && tri_tls_client_is_version_fault(t->ssl);
}

WOLFSSL_SESSION *tri_tls_stream_take_session(struct tri_tls_stream *t)
{
    assert(t && t->is_client);
    return tri_tls_client_take_session(t->ssl);
}
