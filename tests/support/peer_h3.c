#include "peer_h3.h"

#include "peer_h3_http.h"
#include "peer_h3_tls.h"

#include <assert.h>
#include <stdlib.h>

#define RAW_IN_MAX ((size_t)16 * 1024 * 1024)

/* ---- what ngtcp2 calls */

static int recv_tx_key(ngtcp2_conn *quic, ngtcp2_encryption_level level, void *user)
{
    (void)quic;
    const struct peer_h3 *p = user;
    if (level == NGTCP2_ENCRYPTION_LEVEL_1RTT && !p->options.is_bare && !p->http) {
        peer_h3_http_init(user);
    }
    return 0;
}

/* RFC 9001 section 4.6.2: what was sent in vain is forgotten, and the application sends it again. */
static int handshake_completed(ngtcp2_conn *quic, void *user)
{
    struct peer_h3 *p = user;
    p->resumed = wolfSSL_session_reused(p->ssl) != 0;
    if (!p->options.early || wolfSSL_get_early_data_status(p->ssl) == WOLFSSL_EARLY_DATA_ACCEPTED) {
        return 0;
    }
    p->early_refused = true;
    peer_h3_http_deinit(p);
    int rv = ngtcp2_conn_tls_early_data_rejected(quic);
    peer_h3_http_init(p);
    return rv;
}

static int recv_bare(struct peer_h3 *p, int64_t id, const uint8_t *data, size_t len)
{
    if ((id & 1) == 0 && tri_buf_append(&p->raw_in, data, len) != TRI_OK) {
        return NGTCP2_ERR_CALLBACK_FAILURE;
    }
    ngtcp2_conn_extend_max_offset(p->quic, len);
    return ngtcp2_conn_extend_max_stream_offset(p->quic, id, len);
}

/* NOLINTNEXTLINE(readability-function-size): ngtcp2's signature */
static int recv_stream_data(ngtcp2_conn *quic, uint32_t flags, int64_t id, uint64_t offset,
                            const uint8_t *data, size_t len, void *user, void *stream_user)
{
    (void)offset;
    (void)stream_user;
    struct peer_h3 *p = user;
    if (p->options.is_bare) {
        return recv_bare(p, id, data, len);
    }
    if (!p->http || ((id & 3) == 0 && !peer_h3_http_stream(p, id))) {
        return 0;
    }
    nghttp3_ssize n =
        nghttp3_conn_read_stream(p->http, id, data, len, flags & NGTCP2_STREAM_DATA_FLAG_FIN);
    if (n < 0) {
        ngtcp2_ccerr_set_application_error(&p->why, nghttp3_err_infer_quic_app_error_code((int)n),
                                           NULL, 0);
        return NGTCP2_ERR_CALLBACK_FAILURE;
    }
    ngtcp2_conn_extend_max_offset(quic, (uint64_t)n);
    struct peer_h3_stream *s = (id & 3) == 0 ? peer_h3_http_stream(p, id) : NULL;
    if (s && s->paused) {
        s->owed += (size_t)n;
        return 0;
    }
    return ngtcp2_conn_extend_max_stream_offset(quic, id, (uint64_t)n);
}

static int acked_stream_data(ngtcp2_conn *quic, int64_t id, uint64_t offset, uint64_t len,
                             void *user, void *stream_user)
{
    (void)quic;
    (void)offset;
    (void)stream_user;
    struct peer_h3 *p = user;
    return p->http ? nghttp3_conn_add_ack_offset(p->http, id, len) : 0;
}

static int stream_close(ngtcp2_conn *quic, uint32_t flags, int64_t id, uint64_t code, void *user,
                        void *stream_user)
{
    (void)quic;
    (void)flags;
    (void)stream_user;
    struct peer_h3 *p = user;
    struct peer_h3_stream *s = peer_h3_http_stream(p, id);
    if (s) {
        s->closed = true;
    }
    if (p->http) {
        (void)nghttp3_conn_close_stream(p->http, id, code);
    }
    return 0;
}

static int stream_reset(ngtcp2_conn *quic, int64_t id, uint64_t final_size, uint64_t code,
                        void *user, void *stream_user)
{
    (void)quic;
    (void)final_size;
    (void)stream_user;
    struct peer_h3 *p = user;
    struct peer_h3_stream *s = peer_h3_http_stream(p, id);
    if (s) {
        s->reset_seen = true;
        s->reset_code = code;
    } else {
        p->raw_resets++;
        p->raw_reset_code = code;
    }
    return p->http ? nghttp3_conn_shutdown_stream_read(p->http, id) : 0;
}

static int recv_stop_sending(ngtcp2_conn *quic, int64_t id, uint64_t code, void *user,
                             void *stream_user)
{
    (void)quic;
    (void)stream_user;
    struct peer_h3 *p = user;
    struct peer_h3_stream *s = peer_h3_http_stream(p, id);
    if (s) {
        s->stop_seen = true;
        s->stop_code = code;
    } else {
        p->raw_stops++;
        p->raw_stop_code = code;
    }
    return 0;
}

static int stream_stop_sending(ngtcp2_conn *quic, int64_t id, uint64_t code, void *user,
                               void *stream_user)
{
    (void)quic;
    (void)code;
    (void)stream_user;
    struct peer_h3 *p = user;
    return p->http ? nghttp3_conn_shutdown_stream_read(p->http, id) : 0;
}

static int extend_max_stream_data(ngtcp2_conn *quic, int64_t id, uint64_t max, void *user,
                                  void *stream_user)
{
    (void)quic;
    (void)max;
    (void)stream_user;
    struct peer_h3 *p = user;
    return p->http ? nghttp3_conn_unblock_stream(p->http, id) : 0;
}

static int recv_new_token(ngtcp2_conn *quic, const uint8_t *token, size_t len, void *user)
{
    (void)quic;
    struct peer_h3 *p = user;
    assert(len <= sizeof p->token);
    memcpy(p->token, token, len);
    p->token_len = len;
    p->tokens++;
    return 0;
}

static int recv_stateless_reset(ngtcp2_conn *quic, const ngtcp2_pkt_stateless_reset2 *sr,
                                void *user)
{
    (void)quic;
    (void)sr;
    struct peer_h3 *p = user;
    p->reset_by_token = true;
    return 0;
}

/* Every run of a test draws the same bytes: links with a seed then lose the same datagrams. */
static void fill_random(uint8_t *out, size_t len, const ngtcp2_rand_ctx *ctx)
{
    (void)ctx;
    static uint32_t x = 7;
    for (size_t i = 0; i < len; i++) {
        x = x * 1664525u + 1013904223u;
        out[i] = (uint8_t)(x >> 24);
    }
}

static int get_new_connection_id(ngtcp2_conn *quic, ngtcp2_cid *cid,
                                 ngtcp2_stateless_reset_token *token, size_t len, void *user)
{
    (void)quic;
    (void)user;
    cid->datalen = len;
    fill_random(cid->data, len, NULL);
    fill_random(token->data, sizeof token->data, NULL);
    return 0;
}

static const ngtcp2_callbacks quic_callbacks = {
    .client_initial = ngtcp2_crypto_client_initial_cb,
    .recv_crypto_data = ngtcp2_crypto_recv_crypto_data_cb,
    .handshake_completed = handshake_completed,
    .encrypt = ngtcp2_crypto_encrypt_cb,
    .decrypt = ngtcp2_crypto_decrypt_cb,
    .hp_mask = ngtcp2_crypto_hp_mask_cb,
    .recv_stream_data = recv_stream_data,
    .acked_stream_data_offset = acked_stream_data,
    .stream_close = stream_close,
    .recv_retry = ngtcp2_crypto_recv_retry_cb,
    .rand = fill_random,
    .update_key = ngtcp2_crypto_update_key_cb,
    .stream_reset = stream_reset,
    .extend_max_stream_data = extend_max_stream_data,
    .delete_crypto_aead_ctx = ngtcp2_crypto_delete_crypto_aead_ctx_cb,
    .delete_crypto_cipher_ctx = ngtcp2_crypto_delete_crypto_cipher_ctx_cb,
    .stream_stop_sending = stream_stop_sending,
    .version_negotiation = ngtcp2_crypto_version_negotiation_cb,
    .recv_tx_key = recv_tx_key,
    .recv_new_token = recv_new_token,
    .recv_stateless_reset2 = recv_stateless_reset,
    .get_new_connection_id2 = get_new_connection_id,
    .get_path_challenge_data2 = ngtcp2_crypto_get_path_challenge_data2_cb,
    .recv_stop_sending = recv_stop_sending,
};

/* ---- life */

static uint64_t or_default(uint64_t value, uint64_t otherwise)
{
    return value > 0 ? value : otherwise;
}

static void fill_params(ngtcp2_transport_params *params, const struct peer_h3_options *o)
{
    ngtcp2_transport_params_default(params);
    params->initial_max_streams_uni = or_default(o->uni_streams, 8);
    params->initial_max_stream_data_bidi_local = or_default(o->stream_window, 256 * 1024);
    params->initial_max_stream_data_uni = 256 * 1024;
    params->initial_max_data = or_default(o->conn_window, 64 * 1024 * 1024);
    params->max_idle_timeout = o->idle_timeout_ms * 1000000;
    params->active_connection_id_limit = 4;
}

struct peer_h3 *peer_h3_new(const struct peer_h3_options *options, uint64_t now_ns)
{
    struct peer_h3 *p = calloc(1, sizeof *p);
    assert(p);
    p->options = *options;
    tri_list_init(&p->raws);
    tri_list_init(&p->raws_sent);
    tri_buf_init(&p->raw_in, tri_alloc_heap(), RAW_IN_MAX);
    enum tri_err err = tri_addr_parse(&p->local, "127.0.0.1:50000");
    assert(err == TRI_OK);
    err = tri_addr_parse(&p->remote, "127.0.0.1:8443");
    assert(err == TRI_OK);
    uint32_t version = options->version ? options->version : NGTCP2_PROTO_VER_V1;
    ngtcp2_settings settings;
    ngtcp2_settings_default(&settings);
    settings.initial_ts = now_ns;
    settings.token = options->token;
    settings.tokenlen = options->token_len;
    settings.available_versions = options->versions;
    settings.available_versionslen = options->versions_len;
    settings.preferred_versions = options->versions;
    settings.preferred_versionslen = options->versions_len;
    ngtcp2_transport_params params;
    fill_params(&params, options);
    ngtcp2_cid dcid = {.datalen = 18};
    ngtcp2_cid scid = {.datalen = 8};
    fill_random(dcid.data, dcid.datalen, NULL);
    fill_random(scid.data, scid.datalen, NULL);
    const ngtcp2_path path = {.local = {.addr = &p->local.sa, .addrlen = p->local.len},
                              .remote = {.addr = &p->remote.sa, .addrlen = p->remote.len}};
    int rv = ngtcp2_conn_client_new(&p->quic, &dcid, &scid, &path, version, &quic_callbacks,
                                    &settings, &params, NULL, p);
    assert(rv == 0);
    peer_h3_tls_init(p);
    if (options->early) {
        rv = ngtcp2_conn_decode_and_set_0rtt_transport_params(p->quic, options->ticket->params,
                                                              options->ticket->params_len);
        assert(rv == 0);
        peer_h3_http_init(p);
    }
    return p;
}

bool peer_h3_take_ticket(struct peer_h3 *p, struct peer_h3_ticket *out)
{
    *out = (struct peer_h3_ticket){.session = wolfSSL_get1_session(p->ssl)};
    if (!out->session || !wolfSSL_SESSION_has_ticket(out->session)) {
        peer_h3_drop_ticket(out);
        return false;
    }
    ngtcp2_ssize len =
        ngtcp2_conn_encode_0rtt_transport_params2(p->quic, out->params, sizeof out->params);
    assert(len > 0);
    out->params_len = (size_t)len;
    return true;
}

void peer_h3_drop_ticket(struct peer_h3_ticket *t)
{
    wolfSSL_SESSION_free(t->session);
    t->session = NULL;
}

void peer_h3_free(struct peer_h3 *p)
{
    ngtcp2_conn_del(p->quic);
    peer_h3_tls_deinit(p);
    peer_h3_http_deinit(p);
    tri_buf_deinit(&p->raw_in);
    free(p);
}

bool peer_h3_is_ready(const struct peer_h3 *p)
{
    return !p->closed && (p->settings_seen || p->options.is_bare) &&
           ngtcp2_conn_get_handshake_completed2(p->quic);
}

/* ---- datagrams */

static void end(struct peer_h3 *p, int error)
{
    p->closed = true;
    p->error = error;
    if (error == NGTCP2_ERR_DRAINING) {
        p->why = *ngtcp2_conn_get_ccerr2(p->quic);
    }
}

void peer_h3_recv(struct peer_h3 *p, uint8_t ecn, const uint8_t *data, size_t len, uint64_t now_ns)
{
    if (p->closed) {
        return;
    }
    const ngtcp2_path path = {.local = {.addr = &p->local.sa, .addrlen = p->local.len},
                              .remote = {.addr = &p->remote.sa, .addrlen = p->remote.len}};
    const ngtcp2_pkt_info info = {.ecn = ecn};
    int rv = ngtcp2_conn_read_pkt(p->quic, &path, &info, data, len, now_ns);
    if (rv != 0) {
        end(p, rv);
    }
}

struct piece {
    struct peer_h3_raw *raw;
    int64_t id;
    int fin;
    nghttp3_vec vec[8];
    size_t vec_len;
};

static void next_piece(struct peer_h3 *p, struct piece *piece)
{
    *piece = (struct piece){.id = -1};
    struct tri_list *node = tri_list_first(&p->raws);
    if (node) {
        struct peer_h3_raw *raw = TRI_CONTAINER_OF(node, struct peer_h3_raw, node);
        piece->raw = raw;
        piece->id = raw->id;
        piece->fin = raw->fin;
        piece->vec[0] = (nghttp3_vec){.base = raw->data + raw->sent, .len = raw->len - raw->sent};
        piece->vec_len = 1;
        return;
    }
    if (!p->http || ngtcp2_conn_get_max_data_left2(p->quic) == 0) {
        return;
    }
    nghttp3_ssize n;
    do { /* a stream with nothing hides those behind it */
        p->read_blocked = false;
        n = nghttp3_conn_writev_stream(p->http, &piece->id, &piece->fin, piece->vec, 8);
        assert(n >= 0);
    } while (n == 0 && piece->id == -1 && p->read_blocked);
    piece->vec_len = (size_t)n;
}

static void retire_raw(struct peer_h3 *p, struct peer_h3_raw *raw)
{
    tri_list_remove(&raw->node);
    tri_list_append(&p->raws_sent, &raw->node);
}

static void take_piece(struct peer_h3 *p, struct piece *piece, ngtcp2_ssize taken)
{
    if (!piece->raw) {
        int rv = nghttp3_conn_add_write_offset(p->http, piece->id, (size_t)taken);
        assert(rv == 0);
        return;
    }
    piece->raw->sent += (size_t)taken;
    if (piece->raw->sent == piece->raw->len) {
        retire_raw(p, piece->raw);
    }
}

/* The stream takes nothing now, or nothing more. */
static void give_up(struct peer_h3 *p, struct piece *piece, bool for_good)
{
    if (piece->raw) {
        retire_raw(p, piece->raw);
    } else if (for_good) {
        nghttp3_conn_shutdown_stream_write(p->http, piece->id);
    } else {
        nghttp3_conn_block_stream(p->http, piece->id);
    }
}

static ngtcp2_ssize write_packet(struct peer_h3 *p, ngtcp2_pkt_info *info, uint8_t *out, size_t max,
                                 uint64_t now_ns)
{
    ngtcp2_path_storage path;
    ngtcp2_path_storage_zero(&path);
    for (;;) {
        struct piece piece;
        next_piece(p, &piece);
        uint32_t flags = NGTCP2_WRITE_STREAM_FLAG_MORE;
        flags |= piece.fin ? NGTCP2_WRITE_STREAM_FLAG_FIN : 0u;
        ngtcp2_ssize taken = -1;
        ngtcp2_ssize len = ngtcp2_conn_writev_stream(
            p->quic, &path.path, info, out, max, &taken, flags, piece.id,
            (const ngtcp2_vec *)(const void *)piece.vec, piece.vec_len, now_ns);
        if (len == NGTCP2_ERR_STREAM_DATA_BLOCKED || len == NGTCP2_ERR_STREAM_SHUT_WR ||
            len == NGTCP2_ERR_STREAM_NOT_FOUND) {
            give_up(p, &piece, len != NGTCP2_ERR_STREAM_DATA_BLOCKED);
            continue;
        }
        if (taken >= 0) {
            take_piece(p, &piece, taken);
        }
        if (len != NGTCP2_ERR_WRITE_MORE) {
            if (len > 0) {
                enum tri_err err = tri_addr_from_sockaddr(&p->sent_from, path.path.local.addr,
                                                          path.path.local.addrlen);
                assert(err == TRI_OK);
            }
            return len;
        }
    }
}

size_t peer_h3_send(struct peer_h3 *p, uint8_t *out, size_t max, uint8_t *ecn, uint64_t now_ns)
{
    if (p->closed) {
        return 0;
    }
    ngtcp2_pkt_info info = {.ecn = 0};
    ngtcp2_ssize n = write_packet(p, &info, out, max, now_ns);
    if (n < 0) {
        end(p, (int)n);
        return 0;
    }
    if (n == 0) {
        ngtcp2_conn_update_pkt_tx_time(p->quic, now_ns);
    }
    *ecn = (uint8_t)info.ecn;
    return (size_t)n;
}

uint64_t peer_h3_deadline_ns(const struct peer_h3 *p)
{
    return p->closed ? UINT64_MAX : ngtcp2_conn_get_expiry2(p->quic);
}

void peer_h3_expire(struct peer_h3 *p, uint64_t now_ns)
{
    if (!p->closed) {
        int rv = ngtcp2_conn_handle_expiry(p->quic, now_ns);
        if (rv != 0) {
            end(p, rv);
        }
    }
}

size_t peer_h3_close(struct peer_h3 *p, uint8_t *out, size_t max, uint64_t code, uint64_t now_ns)
{
    ngtcp2_path_storage path;
    ngtcp2_path_storage_zero(&path);
    ngtcp2_pkt_info info;
    ngtcp2_ccerr why;
    ngtcp2_ccerr_set_application_error(&why, code, NULL, 0);
    ngtcp2_ssize n =
        ngtcp2_conn_write_connection_close(p->quic, &path.path, &info, out, max, &why, now_ns);
    assert(n > 0);
    p->closed = true;
    return (size_t)n;
}
