#include "bare_server_h3.h"

#include <ngtcp2/ngtcp2_crypto_wolfssl.h>
#include <wolfssl/quic.h>

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Bytes for a stream; ngtcp2 holds references until the end. */
struct raw {
    struct tri_list node;
    int64_t id;
    bool fin;
    size_t len, sent;
    uint8_t data[];
};

/* ---- TLS */

static struct bare_server_h3 *server_of(WOLFSSL *ssl)
{
    const ngtcp2_crypto_conn_ref *ref = wolfSSL_get_app_data(ssl);
    return ref->user_data;
}

static int set_secrets(WOLFSSL *ssl, WOLFSSL_ENCRYPTION_LEVEL level, const uint8_t *rx,
                       const uint8_t *tx, size_t len)
{
    ngtcp2_conn *quic = server_of(ssl)->quic;
    ngtcp2_encryption_level to = ngtcp2_crypto_wolfssl_from_wolfssl_encryption_level(level);
    if (rx && ngtcp2_crypto_derive_and_install_rx_key(quic, NULL, NULL, NULL, to, rx, len) != 0) {
        return 0;
    }
    return !tx || ngtcp2_crypto_derive_and_install_tx_key(quic, NULL, NULL, NULL, to, tx, len) == 0;
}

static int add_handshake_data(WOLFSSL *ssl, WOLFSSL_ENCRYPTION_LEVEL level, const uint8_t *data,
                              size_t len)
{
    struct bare_server_h3 *b = server_of(ssl);
    uint8_t changed[8192];
    assert(len <= sizeof changed);
    memcpy(changed, data, len);
    ngtcp2_encryption_level to = ngtcp2_crypto_wolfssl_from_wolfssl_encryption_level(level);
    if (b->options.change_crypto) {
        b->options.change_crypto(to, changed, &len, sizeof changed);
    }
    return len == 0 || ngtcp2_conn_submit_crypto_data(b->quic, to, changed, len) == 0;
}

static int flush_flight(WOLFSSL *ssl)
{
    (void)ssl;
    return 1;
}

static int send_alert(WOLFSSL *ssl, WOLFSSL_ENCRYPTION_LEVEL level, uint8_t alert)
{
    (void)level;
    ngtcp2_conn_set_tls_alert(server_of(ssl)->quic, alert);
    return 1;
}

static const WOLFSSL_QUIC_METHOD tls_method = {set_secrets, add_handshake_data, flush_flight,
                                               send_alert};

static ngtcp2_conn *conn_of(ngtcp2_crypto_conn_ref *ref)
{
    struct bare_server_h3 *b = ref->user_data;
    return b->quic;
}

static void init_tls(struct bare_server_h3 *b)
{
    char alpn[16] = "h3";
    b->ssl = wolfSSL_new(b->ctx);
    assert(b->ssl);
    int rv = wolfSSL_set_quic_method(b->ssl, &tls_method);
    assert(rv == WOLFSSL_SUCCESS);
    b->ref = (ngtcp2_crypto_conn_ref){.get_conn = conn_of, .user_data = b};
    wolfSSL_set_app_data(b->ssl, &b->ref);
    wolfSSL_set_accept_state(b->ssl);
    wolfSSL_set_quic_transport_version(b->ssl, 0x39);
    if (b->options.alpn) {
        assert(strlen(b->options.alpn) < sizeof alpn);
        memcpy(alpn, b->options.alpn, strlen(b->options.alpn) + 1);
    }
    if (alpn[0] != '\0') {
        wolfSSL_UseALPN(b->ssl, alpn, (unsigned)strlen(alpn), WOLFSSL_ALPN_FAILED_ON_MISMATCH);
    }
    ngtcp2_conn_set_tls_native_handle(b->quic, b->ssl);
}

/* ---- what ngtcp2 calls */

static int handshake_completed(ngtcp2_conn *quic, void *user)
{
    (void)quic;
    struct bare_server_h3 *b = user;
    b->is_open = true;
    return 0;
}

static int stream_open(ngtcp2_conn *quic, int64_t id, void *user)
{
    (void)quic;
    struct bare_server_h3 *b = user;
    if ((id & 3) == 0) {
        b->request = id;
    }
    return 0;
}

/* NOLINTNEXTLINE(readability-function-size): ngtcp2's signature */
static int recv_stream_data(ngtcp2_conn *quic, uint32_t flags, int64_t id, uint64_t offset,
                            const uint8_t *data, size_t len, void *user, void *stream_user)
{
    (void)flags;
    (void)offset;
    (void)data;
    (void)stream_user;
    struct bare_server_h3 *b = user;
    b->in_len += len;
    ngtcp2_conn_extend_max_offset(quic, len);
    return ngtcp2_conn_extend_max_stream_offset(quic, id, len);
}

static int stream_reset(ngtcp2_conn *quic, int64_t id, uint64_t final_size, uint64_t code,
                        void *user, void *stream_user)
{
    (void)quic;
    (void)id;
    (void)final_size;
    (void)stream_user;
    struct bare_server_h3 *b = user;
    b->resets++;
    b->code = code;
    return 0;
}

static int recv_stop_sending(ngtcp2_conn *quic, int64_t id, uint64_t code, void *user,
                             void *stream_user)
{
    (void)quic;
    (void)id;
    (void)stream_user;
    struct bare_server_h3 *b = user;
    b->stops++;
    b->code = code;
    return 0;
}

static void fill_random(uint8_t *out, size_t len, const ngtcp2_rand_ctx *ctx)
{
    (void)ctx;
    static uint32_t x = 9;
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

static const ngtcp2_callbacks callbacks = {
    .recv_client_initial = ngtcp2_crypto_recv_client_initial_cb,
    .recv_crypto_data = ngtcp2_crypto_recv_crypto_data_cb,
    .handshake_completed = handshake_completed,
    .encrypt = ngtcp2_crypto_encrypt_cb,
    .decrypt = ngtcp2_crypto_decrypt_cb,
    .hp_mask = ngtcp2_crypto_hp_mask_cb,
    .recv_stream_data = recv_stream_data,
    .stream_open = stream_open,
    .rand = fill_random,
    .update_key = ngtcp2_crypto_update_key_cb,
    .stream_reset = stream_reset,
    .delete_crypto_aead_ctx = ngtcp2_crypto_delete_crypto_aead_ctx_cb,
    .delete_crypto_cipher_ctx = ngtcp2_crypto_delete_crypto_cipher_ctx_cb,
    .version_negotiation = ngtcp2_crypto_version_negotiation_cb,
    .get_new_connection_id2 = get_new_connection_id,
    .get_path_challenge_data2 = ngtcp2_crypto_get_path_challenge_data2_cb,
    .recv_stop_sending = recv_stop_sending,
};

/* ---- life */

struct bare_server_h3 *bare_server_h3_new(const struct bare_server_h3_options *options,
                                          WOLFSSL_CTX *ctx)
{
    struct bare_server_h3 *b = calloc(1, sizeof *b);
    assert(b);
    b->options = *options;
    b->ctx = ctx;
    b->request = -1;
    tri_list_init(&b->raws);
    tri_list_init(&b->raws_sent);
    enum tri_err err = tri_addr_parse(&b->local, "127.0.0.1:8443");
    assert(err == TRI_OK);
    err = tri_addr_parse(&b->remote, "127.0.0.1:50000");
    assert(err == TRI_OK);
    return b;
}

static void free_raws(struct tri_list *list)
{
    for (struct tri_list *node = list->next; node != list;) {
        struct tri_list *next = node->next;
        free(TRI_CONTAINER_OF(node, struct raw, node));
        node = next;
    }
}

void bare_server_h3_free(struct bare_server_h3 *b)
{
    if (b) {
        ngtcp2_conn_del(b->quic);
        wolfSSL_free(b->ssl);
        free_raws(&b->raws);
        free_raws(&b->raws_sent);
        free(b);
    }
}

static ngtcp2_path path_of(struct bare_server_h3 *b)
{
    return (ngtcp2_path){.local = {.addr = &b->local.sa, .addrlen = b->local.len},
                         .remote = {.addr = &b->remote.sa, .addrlen = b->remote.len}};
}

static bool accept_conn(struct bare_server_h3 *b, const uint8_t *data, size_t len, uint64_t now_ns)
{
    ngtcp2_pkt_hd hd;
    if (ngtcp2_accept(&hd, data, len) != 0) {
        return false;
    }
    ngtcp2_settings settings;
    ngtcp2_settings_default(&settings);
    settings.initial_ts = now_ns;
    ngtcp2_transport_params params;
    ngtcp2_transport_params_default(&params);
    params.initial_max_streams_bidi = b->options.streams > 0 ? b->options.streams : 100;
    params.initial_max_streams_uni = 8;
    params.initial_max_stream_data_bidi_remote = 256 * 1024;
    params.initial_max_stream_data_uni = 256 * 1024;
    params.initial_max_data = 1024 * 1024;
    params.original_dcid = hd.dcid;
    params.original_dcid_present = 1;
    ngtcp2_cid own = {.datalen = 8};
    fill_random(own.data, own.datalen, NULL);
    const ngtcp2_path path = path_of(b);
    int rv = ngtcp2_conn_server_new(&b->quic, &hd.scid, &own, &path, hd.version, &callbacks,
                                    &settings, &params, NULL, b);
    assert(rv == 0);
    init_tls(b);
    return true;
}

/* ---- datagrams */

static void say_close(struct bare_server_h3 *b, const ngtcp2_ccerr *why, uint64_t now_ns)
{
    ngtcp2_path_storage path;
    ngtcp2_path_storage_zero(&path);
    ngtcp2_pkt_info info;
    ngtcp2_ssize n = ngtcp2_conn_write_connection_close(b->quic, &path.path, &info, b->pending,
                                                        sizeof b->pending, why, now_ns);
    b->pending_len = n > 0 ? (size_t)n : 0;
    b->is_closed = true;
}

static void end(struct bare_server_h3 *b, int error, uint64_t now_ns)
{
    if (error == NGTCP2_ERR_DRAINING) {
        b->is_closed = true;
        b->why = *ngtcp2_conn_get_ccerr2(b->quic);
        return;
    }
    ngtcp2_ccerr why;
    ngtcp2_ccerr_set_liberr(&why, error, NULL, 0);
    if (error == NGTCP2_ERR_CRYPTO) {
        ngtcp2_ccerr_set_tls_alert(&why, ngtcp2_conn_get_tls_alert2(b->quic), NULL, 0);
    }
    say_close(b, &why, now_ns);
}

/* RFC 9000 section 17.2.1 */
static void negotiate(struct bare_server_h3 *b, const uint8_t *data, size_t len)
{
    static const uint32_t versions[] = {0x1a2a3a4a, 0xff00001d};
    ngtcp2_version_cid packet;
    int rv = ngtcp2_pkt_decode_version_cid(&packet, data, len, 8);
    assert(rv == 0);
    ngtcp2_ssize n = ngtcp2_pkt_write_version_negotiation(
        b->pending, sizeof b->pending, 7, packet.scid, packet.scidlen, packet.dcid, packet.dcidlen,
        versions, sizeof versions / sizeof *versions);
    assert(n > 0);
    b->pending_len = (size_t)n;
}

void bare_server_h3_recv(struct bare_server_h3 *b, const uint8_t *data, size_t len, uint64_t now_ns)
{
    if (b->options.negotiates) {
        negotiate(b, data, len);
        return;
    }
    if (b->is_closed || (!b->quic && !accept_conn(b, data, len, now_ns))) {
        return;
    }
    const ngtcp2_path path = path_of(b);
    const ngtcp2_pkt_info info = {.ecn = 0};
    int rv = ngtcp2_conn_read_pkt(b->quic, &path, &info, data, len, now_ns);
    if (rv != 0) {
        end(b, rv, now_ns);
    }
}

static void retire(struct bare_server_h3 *b, struct raw *raw)
{
    tri_list_remove(&raw->node);
    tri_list_append(&b->raws_sent, &raw->node);
}

static ngtcp2_ssize write_packet(struct bare_server_h3 *b, uint8_t *out, size_t max,
                                 uint64_t now_ns)
{
    ngtcp2_path_storage path;
    ngtcp2_path_storage_zero(&path);
    ngtcp2_pkt_info info;
    for (;;) {
        struct tri_list *node = b->is_open ? tri_list_first(&b->raws) : NULL;
        struct raw *raw = node ? TRI_CONTAINER_OF(node, struct raw, node) : NULL;
        uint32_t flags = NGTCP2_WRITE_STREAM_FLAG_MORE;
        ngtcp2_vec vec = {.base = NULL};
        if (raw) {
            vec = (ngtcp2_vec){.base = raw->data + raw->sent, .len = raw->len - raw->sent};
            flags |= raw->fin ? NGTCP2_WRITE_STREAM_FLAG_FIN : 0u;
        }
        ngtcp2_ssize taken = -1;
        ngtcp2_ssize n =
            ngtcp2_conn_writev_stream(b->quic, &path.path, &info, out, max, &taken, flags,
                                      raw ? raw->id : -1, &vec, raw ? 1 : 0, now_ns);
        if (n == NGTCP2_ERR_STREAM_DATA_BLOCKED || n == NGTCP2_ERR_STREAM_SHUT_WR ||
            n == NGTCP2_ERR_STREAM_NOT_FOUND || n == NGTCP2_ERR_INVALID_ARGUMENT) {
            assert(raw);
            retire(b, raw); /* the rest of it is not said */
            continue;
        }
        if (raw && taken >= 0) {
            raw->sent += (size_t)taken;
            if (raw->sent == raw->len) {
                retire(b, raw);
            }
        }
        if (n != NGTCP2_ERR_WRITE_MORE) {
            return n;
        }
    }
}

size_t bare_server_h3_send(struct bare_server_h3 *b, uint8_t *out, size_t max, uint64_t now_ns)
{
    if (b->pending_len > 0) {
        size_t len = b->pending_len;
        memcpy(out, b->pending, len);
        b->pending_len = 0;
        return len;
    }
    if (b->is_closed || !b->quic) {
        return 0;
    }
    ngtcp2_ssize n = write_packet(b, out, max, now_ns);
    if (n < 0) {
        end(b, (int)n, now_ns);
        return 0;
    }
    if (n == 0) {
        ngtcp2_conn_update_pkt_tx_time(b->quic, now_ns);
    }
    return (size_t)n;
}

uint64_t bare_server_h3_deadline_ns(const struct bare_server_h3 *b)
{
    return b->is_closed || !b->quic ? UINT64_MAX : ngtcp2_conn_get_expiry2(b->quic);
}

void bare_server_h3_expire(struct bare_server_h3 *b, uint64_t now_ns)
{
    int rv = ngtcp2_conn_handle_expiry(b->quic, now_ns);
    if (rv != 0) {
        end(b, rv, now_ns);
    }
}

/* ---- what a test says */

int64_t bare_server_h3_open(struct bare_server_h3 *b, bool is_uni)
{
    int64_t id = -1;
    if (!b->is_open || b->is_closed) {
        return -1;
    }
    int rv = is_uni ? ngtcp2_conn_open_uni_stream(b->quic, &id, NULL)
                    : ngtcp2_conn_open_bidi_stream(b->quic, &id, NULL);
    return rv == 0 ? id : -1;
}

void bare_server_h3_write(struct bare_server_h3 *b, int64_t id, const void *data, size_t len,
                          bool fin)
{
    struct raw *raw = malloc(sizeof *raw + len);
    assert(raw);
    *raw = (struct raw){.id = id, .fin = fin, .len = len};
    if (len > 0) {
        memcpy(raw->data, data, len);
    }
    tri_list_init(&raw->node);
    tri_list_append(&b->raws, &raw->node);
}

void bare_server_h3_reset(struct bare_server_h3 *b, int64_t id, uint64_t code)
{
    int rv = ngtcp2_conn_shutdown_stream_write(b->quic, 0, id, code);
    assert(rv == 0);
}

void bare_server_h3_stop(struct bare_server_h3 *b, int64_t id, uint64_t code)
{
    int rv = ngtcp2_conn_shutdown_stream_read(b->quic, 0, id, code);
    assert(rv == 0);
}

void bare_server_h3_crypto(struct bare_server_h3 *b, const void *data, size_t len)
{
    int rv = ngtcp2_conn_submit_crypto_data(b->quic, NGTCP2_ENCRYPTION_LEVEL_1RTT, data, len);
    assert(rv == 0);
}

void bare_server_h3_close(struct bare_server_h3 *b, const ngtcp2_ccerr *why, uint64_t now_ns)
{
    say_close(b, why, now_ns);
}
