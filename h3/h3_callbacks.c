/* See h3_callbacks.h. None of these writes packets or frees a connection: the drive steps do. */
#include "h3_callbacks.h"

#include "h3_early.h"
#include "h3_http.h"
#include "h3_input.h"
#include "h3_output.h"
#include "h3_qlog.h"
#include "h3_stream.h"

#include <ngtcp2/ngtcp2_crypto.h>

#include <assert.h>

/* RFC 9000 section 2.1 */
static bool is_request_stream(int64_t id)
{
    return (id & 3) == 0;
}

static bool is_uni_stream(int64_t id)
{
    return (id & 2) != 0;
}

static bool is_peer_stream(const struct tri_h3_conn *c, int64_t id)
{
    return ((id & 1) == 0) != tri_h3_conn_is_client(c);
}

/* What a callback returns for an error of nghttp3, which ends the connection. */
static int http_result(struct tri_h3_conn *c, int rv)
{
    return rv == 0 ? 0 : tri_h3_conn_http_error(c, rv);
}

/* ---- keys, ids, random bytes */

static int recv_crypto_data(ngtcp2_conn *quic, ngtcp2_encryption_level level, uint64_t offset,
                            const uint8_t *data, size_t len, void *user)
{
    (void)quic;
    (void)offset;
    struct tri_h3_conn *c = user;
    return tri_h3_tls_recv(&c->tls, level, data, len);
}

static int version_negotiation(ngtcp2_conn *quic, uint32_t version, const ngtcp2_cid *client_dcid,
                               void *user)
{
    struct tri_h3_conn *c = user;
    int rv = ngtcp2_crypto_version_negotiation_cb(quic, version, client_dcid, user);
    c->is_mute = rv != 0; /* no Initial keys of the version: ngtcp2 asserts that it has them */
    return rv;
}

void tri_h3_callback_names(struct tri_h3_conn *c)
{
    c->carrier.tls_version = tri_tls_version_name(c->tls.ssl);
    c->carrier.tls_cipher = tri_tls_cipher_name(c->tls.ssl);
    c->carrier.tls_group = tri_tls_group_name(c->tls.ssl);
}

/*
 * The first moment at which we can send HTTP/3: SETTINGS go out with the end of our handshake. Early
 * data is read after that, and its requests may want to know by what they came.
 */
static int recv_tx_key(ngtcp2_conn *quic, ngtcp2_encryption_level level, void *user)
{
    (void)quic;
    if (level != NGTCP2_ENCRYPTION_LEVEL_1RTT) {
        return 0;
    }
    tri_h3_callback_names(user);
    return tri_h3_http_open(user);
}

/* For the client's next connection from there: RFC 9000 section 8.1.3. Without one it needs a Retry
 * under load, no more. */
static void give_token(const struct tri_h3_conn *c, const ngtcp2_addr *remote)
{
    uint8_t token[NGTCP2_CRYPTO_MAX_REGULAR_TOKENLEN];
    size_t len = tri_h3_token_for_later(c->shared, remote, token);
    if (len > 0) {
        (void)ngtcp2_conn_submit_new_token(c->quic, token, len);
    }
}

/* The client goes on from another address, or behind a NAT from another port. */
static void note_migration(struct tri_h3_conn *c, const struct tri_addr *to)
{
    char from_text[TRI_ADDR_TEXT_MAX];
    char to_text[TRI_ADDR_TEXT_MAX];
    tri_addr_format(&c->client, from_text);
    tri_addr_format(to, to_text);
    c->client = *to;
    c->shared->counters.migrations++;
    TRI_LOG(c->shared->config.log, DEBUG, "quic.migrate", TRI_KV_U("conn", c->carrier.conn_id),
            TRI_KV_S("remote", from_text), TRI_KV_S("to", to_text));
}

/* NOLINTNEXTLINE(readability-function-size): ngtcp2's signature */
static int path_validation(ngtcp2_conn *quic, uint32_t flags, const ngtcp2_path *path,
                           const ngtcp2_path *fallback_path, ngtcp2_path_validation_result result,
                           void *user)
{
    (void)quic;
    (void)fallback_path;
    struct tri_h3_conn *c = user;
    struct tri_addr remote;
    if (result != NGTCP2_PATH_VALIDATION_RESULT_SUCCESS ||
        tri_addr_from_sockaddr(&remote, path->remote.addr, path->remote.addrlen) != TRI_OK) {
        return 0;
    }
    if (!tri_addr_equal(&remote, &c->client)) {
        note_migration(c, &remote);
    }
    if (flags & NGTCP2_PATH_VALIDATION_FLAG_NEW_TOKEN) {
        give_token(c, &path->remote);
    }
    return 0;
}

static int handshake_completed(ngtcp2_conn *quic, void *user)
{
    struct tri_h3_conn *c = user;
    tri_h3_callback_names(c);
    /* It proves an address as a token does: RFC 9000 section 8.1. No request is heard before. */
    if (!tri_h3_conn_prove(c)) {
        c->has_error = true;
        ngtcp2_ccerr_set_transport_error(&c->error, NGTCP2_CONNECTION_REFUSED, NULL, 0);
        return NGTCP2_ERR_CALLBACK_FAILURE;
    }
    c->is_confirmed = true;
    if (c->shared->config.metrics) {
        tri_metrics_conn_opened(&c->shared->config.metrics->http[TRI_METRICS_H3]);
        c->shared->config.metrics->resumed += wolfSSL_session_reused(c->tls.ssl) != 0;
    }
    give_token(c, &ngtcp2_conn_get_path(quic)->remote);
    tri_h3_early_release(c);
    return 0;
}

static void fill_random(uint8_t *out, size_t len, const ngtcp2_rand_ctx *ctx)
{
    tri_h3_shared_random(ctx->native_handle, out, len);
}

static int get_path_challenge_data(ngtcp2_conn *quic, ngtcp2_path_challenge_data *data, void *user)
{
    (void)quic;
    const struct tri_h3_conn *c = user;
    tri_h3_shared_random(c->shared, data->data, sizeof data->data);
    return 0;
}

enum tri_err tri_h3_callback_issue_cid(struct tri_h3_conn *c, ngtcp2_cid *out, size_t len)
{
    assert(len <= sizeof out->data);
    for (unsigned tries = 0; tries < 8; tries++) { /* one does, but for a coincidence */
        tri_h3_shared_random(c->shared, out->data, len);
        out->datalen = len;
        enum tri_err err =
            tri_h3_cid_add(&c->shared->cids, &c->cids, tri_slice_of(out->data, out->datalen));
        if (err != TRI_ERR_INVALID) {
            return err;
        }
    }
    return TRI_ERR_INVALID;
}

static int get_new_connection_id(ngtcp2_conn *quic, ngtcp2_cid *cid,
                                 ngtcp2_stateless_reset_token *token, size_t len, void *user)
{
    (void)quic;
    struct tri_h3_conn *c = user;
    if (tri_h3_callback_issue_cid(c, cid, len) != TRI_OK ||
        !tri_h3_shared_reset_token(c->shared, cid, token->data)) {
        return NGTCP2_ERR_CALLBACK_FAILURE;
    }
    return 0;
}

static int remove_connection_id(ngtcp2_conn *quic, const ngtcp2_cid *cid, void *user)
{
    (void)quic;
    struct tri_h3_conn *c = user;
    tri_h3_cid_remove(&c->shared->cids, tri_slice_of(cid->data, cid->datalen));
    return 0;
}

void tri_h3_callback_qlog(void *user, uint32_t flags, const void *data, size_t len)
{
    (void)flags;
    const struct tri_h3_conn *c = user;
    tri_h3_qlog_write(c->qlog, data, len);
}

/* ---- streams */

static int stream_open(ngtcp2_conn *quic, int64_t id, void *user)
{
    if (!is_request_stream(id)) {
        return 0;
    }
    if (tri_h3_stream_open(user, id) == TRI_OK) {
        return 0;
    }
    /* Memory is short: this request is refused, the connection goes on. */
    return ngtcp2_conn_shutdown_stream(quic, 0, id, NGHTTP3_H3_INTERNAL_ERROR);
}

/* NOLINTNEXTLINE(readability-function-size): ngtcp2's signature */
static int recv_stream_data(ngtcp2_conn *quic, uint32_t flags, int64_t id, uint64_t offset,
                            const uint8_t *data, size_t len, void *user, void *stream_user)
{
    struct tri_h3_conn *c = user;
    struct tri_h3_stream *s = stream_user;
    if (c->is_confirmed) {
        ngtcp2_conn_extend_max_offset(quic, len); /* contract line 5 */
    } else {
        c->early_bytes += len; /* what may be held for somebody unknown is one window, no more */
    }
    if (is_request_stream(id) && (!s || s->ending || s->phase == TRI_H3_OVER)) {
        return 0;
    }
    if (!c->http) { /* the keys to answer with come first, before those to read early data with */
        return NGTCP2_ERR_CALLBACK_FAILURE;
    }
    const struct tri_h3_chunk chunk = {.stream_id = id,
                                       .offset = offset,
                                       .data = tri_slice_of(data, len),
                                       .fin = (flags & NGTCP2_STREAM_DATA_FLAG_FIN) != 0};
    return tri_h3_input_take(c, s, &chunk);
}

static int acked_stream_data_offset(ngtcp2_conn *quic, int64_t id, uint64_t offset, uint64_t len,
                                    void *user, void *stream_user)
{
    (void)quic;
    struct tri_h3_conn *c = user;
    return http_result(c, stream_user ? tri_h3_output_acked(stream_user, offset, len)
                                      : nghttp3_conn_add_ack_offset(c->http, id, len));
}

static int stream_close(ngtcp2_conn *quic, uint32_t flags, int64_t id, uint64_t code, void *user,
                        void *stream_user)
{
    struct tri_h3_conn *c = user;
    if (is_peer_stream(c, id) && is_request_stream(id)) {
        ngtcp2_conn_extend_max_streams_bidi(quic, 1);
    } else if (is_peer_stream(c, id)) {
        ngtcp2_conn_extend_max_streams_uni(quic, 1);
        tri_h3_guard_kind_drop(&c->unis, id);
    }
    if (!(flags & NGTCP2_STREAM_CLOSE_FLAG_APP_ERROR_CODE_SET)) {
        code = NGHTTP3_H3_NO_ERROR;
    }
    int rv = c->http ? nghttp3_conn_close_stream(c->http, id, code) : 0;
    if (stream_user) {
        tri_h3_stream_closed(stream_user);
    }
    return rv == NGHTTP3_ERR_STREAM_NOT_FOUND ? 0 : http_result(c, rv);
}

static int stop_reading(struct tri_h3_conn *c, int64_t id, const struct tri_h3_stream *s)
{
    return c->http && !(s && s->is_let_go)
               ? http_result(c, nghttp3_conn_shutdown_stream_read(c->http, id))
               : 0;
}

static int stream_reset(ngtcp2_conn *quic, int64_t id, uint64_t final_size, uint64_t code,
                        void *user, void *stream_user)
{
    (void)quic;
    (void)final_size;
    struct tri_h3_conn *c = user;
    if (stream_user) {
        tri_h3_stream_peer_reset(stream_user, code);
    }
    return stop_reading(c, id, stream_user);
}

static int recv_stop_sending(ngtcp2_conn *quic, int64_t id, uint64_t code, void *user,
                             void *stream_user)
{
    (void)quic;
    (void)code;
    if (is_uni_stream(id)) { /* one of ours: RFC 9114 section 6.2.1, RFC 9204 section 4.2 */
        return tri_h3_conn_app_error(user, NGHTTP3_H3_CLOSED_CRITICAL_STREAM);
    }
    if (stream_user) {
        tri_h3_stream_peer_stop(stream_user);
    }
    return 0;
}

/* Our STOP_SENDING goes out: from here on HTTP/3 reads nothing of the stream. */
static int stream_stop_sending(ngtcp2_conn *quic, int64_t id, uint64_t code, void *user,
                               void *stream_user)
{
    (void)quic;
    (void)code;
    return stop_reading(user, id, stream_user);
}

static int extend_max_stream_data(ngtcp2_conn *quic, int64_t id, uint64_t max, void *user,
                                  void *stream_user)
{
    (void)quic;
    (void)max;
    struct tri_h3_conn *c = user;
    struct tri_h3_stream *s = stream_user;
    if (!c->http || (s && (s->ending || s->phase == TRI_H3_OVER))) {
        return 0; /* unblocking would put a stream that was reset on a schedule again */
    }
    if (s && s->is_head_sent) {
        tri_h3_output_unblock(s);
        return 0;
    }
    return http_result(c, nghttp3_conn_unblock_stream(c->http, id));
}

static int extend_max_remote_streams_bidi(ngtcp2_conn *quic, uint64_t max, void *user)
{
    (void)quic;
    const struct tri_h3_conn *c = user;
    if (c->http) {
        nghttp3_conn_set_max_client_streams_bidi(c->http, max);
    }
    return 0;
}

const ngtcp2_callbacks tri_h3_quic_callbacks = {
    .recv_client_initial = ngtcp2_crypto_recv_client_initial_cb,
    .recv_crypto_data = recv_crypto_data,
    .handshake_completed = handshake_completed,
    .encrypt = ngtcp2_crypto_encrypt_cb,
    .decrypt = ngtcp2_crypto_decrypt_cb,
    .hp_mask = ngtcp2_crypto_hp_mask_cb,
    .recv_stream_data = recv_stream_data,
    .acked_stream_data_offset = acked_stream_data_offset,
    .stream_open = stream_open,
    .stream_close = stream_close,
    .rand = fill_random,
    .remove_connection_id = remove_connection_id,
    .update_key = ngtcp2_crypto_update_key_cb,
    .path_validation = path_validation,
    .stream_reset = stream_reset,
    .extend_max_remote_streams_bidi = extend_max_remote_streams_bidi,
    .extend_max_stream_data = extend_max_stream_data,
    .delete_crypto_aead_ctx = ngtcp2_crypto_delete_crypto_aead_ctx_cb,
    .delete_crypto_cipher_ctx = ngtcp2_crypto_delete_crypto_cipher_ctx_cb,
    .stream_stop_sending = stream_stop_sending,
    .version_negotiation = version_negotiation,
    .recv_tx_key = recv_tx_key,
    .get_new_connection_id2 = get_new_connection_id,
    .get_path_challenge_data2 = get_path_challenge_data,
    .recv_stop_sending = recv_stop_sending,
};
