/* See floor_quic.h. RFC 9000. */
#include "floor_quic.h"

#include "floor_udp.h"

#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>

#define DATAGRAM_BYTES_MAX 8952 /* as the server's: a path is used whole */
#define CONNS_MAX 1024u
#define CID_LENGTH ((size_t)8)
#define ROUNDS_MAX 4 /* of recvmmsg, before anything is answered */
#define SEND_BYTES ((size_t)65000)
#define SEGMENTS_MAX 44 /* of one send: as many full packets as SEND_BYTES hold */
#define SENDS_MAX 100   /* of a connection in one turn */
#define CLOSING_NS (300 * NGTCP2_MILLISECONDS)
#define RETRY_NS NGTCP2_MILLISECONDS /* after the socket was full */

struct floor_quic {
    const struct floor_quic_calls *calls;
    WOLFSSL_CTX *ctx;
    struct sockaddr_in address;
    struct floor_udp *udp;
    uint16_t tag; /* in connection ids of this process */
    uint64_t now_ns;
    uint32_t conns_len; /* those in use are below it */
    struct floor_quic_conn *conns[CONNS_MAX];
    struct floor_quic_conn *active;
    uint8_t out[SEND_BYTES];
};

static const uint16_t path_probes[] = {1454 - 48, 1390 - 48, 1280 - 48,
                                       1492 - 48, 1500 - 48, DATAGRAM_BYTES_MAX};

static uint64_t read_clock(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * NGTCP2_SECONDS + (uint64_t)t.tv_nsec;
}

void floor_quic_random(uint8_t *out, size_t len)
{
    (void)!getrandom(out, len, 0);
}

/* --------------------------------------------------------------------------------- connection ids */

/* An id tells where its connection is in the table. */
struct cid {
    uint32_t index;
    uint16_t tag, salt;
};
_Static_assert(sizeof(struct cid) == CID_LENGTH, "a connection id is one struct");

static void make_cid(const struct floor_quic_conn *c, ngtcp2_cid *out)
{
    struct cid cid = {.index = c->index, .tag = c->server->tag};
    floor_quic_random((uint8_t *)&cid.salt, sizeof cid.salt);
    ngtcp2_cid_init(out, (const uint8_t *)&cid, sizeof cid);
}

static struct floor_quic_conn *find_cid(struct floor_quic *q, const uint8_t *data, size_t len)
{
    struct cid cid;
    if (len != sizeof cid) {
        return NULL;
    }
    memcpy(&cid, data, sizeof cid);
    return cid.tag == q->tag && cid.index < CONNS_MAX ? q->conns[cid.index] : NULL;
}

/* Until its first answer arrives a client uses the id that it has made up. */
static struct floor_quic_conn *find_first_cid(struct floor_quic *q, const uint8_t *data, size_t len)
{
    for (uint32_t i = 0; i < q->conns_len; i++) {
        struct floor_quic_conn *c = q->conns[i];
        if (c && c->first_cid.datalen == len && memcmp(c->first_cid.data, data, len) == 0) {
            return c;
        }
    }
    return NULL;
}

static int give_cid(ngtcp2_conn *quic, ngtcp2_cid *cid, ngtcp2_stateless_reset_token *token,
                    size_t len, void *user)
{
    make_cid(user, cid);
    floor_quic_random(token->data, sizeof token->data);
    return 0;
}

/* --------------------------------------------------------------------------------------- sending */

/* RFC 9000 section 10.2. The connection stays for a while, so that its packets find it. */
static void close_conn(struct floor_quic_conn *c, int error)
{
    struct floor_quic *q = c->server;
    ngtcp2_path_storage path;
    ngtcp2_pkt_info info;
    c->is_closing = true;
    c->expiry_ns = q->now_ns + CLOSING_NS;
    if (error == NGTCP2_ERR_DRAINING || error == NGTCP2_ERR_IDLE_CLOSE ||
        error == NGTCP2_ERR_DROP_CONN) {
        return;
    }
    if (error == NGTCP2_ERR_CRYPTO) {
        ngtcp2_ccerr_set_tls_alert(&c->error, ngtcp2_conn_get_tls_alert2(c->quic), NULL, 0);
    } else if (c->error.error_code == 0) {
        ngtcp2_ccerr_set_liberr(&c->error, error, NULL, 0);
    }
    ngtcp2_path_storage_zero(&path);
    ngtcp2_ssize len = ngtcp2_conn_write_connection_close(c->quic, &path.path, &info, q->out,
                                                          SEND_BYTES, &c->error, q->now_ns);
    if (len > 0) {
        (void)floor_udp_send(q->udp, &c->peer, q->out, (size_t)len, 0);
    }
}

static bool send_unsent(struct floor_quic_conn *c)
{
    struct floor_quic *q = c->server;
    if (c->unsent &&
        !floor_udp_send(q->udp, &c->peer, c->unsent->data, c->unsent->len, c->unsent_segment)) {
        c->expiry_ns = q->now_ns + RETRY_NS;
        return false;
    }
    free(c->unsent);
    c->unsent = NULL;
    return true;
}

static void write_packets(struct floor_quic_conn *c)
{
    struct floor_quic *q = c->server;
    ngtcp2_path_storage path;
    ngtcp2_pkt_info info;
    ngtcp2_path_storage_zero(&path);
    for (int i = 0; i < SENDS_MAX && !c->unsent; i++) {
        size_t segment = 0;
        ngtcp2_ssize len = ngtcp2_conn_write_aggregate_pkt2(
            c->quic, &path.path, &info, q->out, SEND_BYTES, &segment, q->calls->write_pkt,
            SEGMENTS_MAX, q->now_ns);
        if (len <= 0) {
            if (len < 0) {
                close_conn(c, (int)len);
            }
            return;
        }
        if (!floor_udp_send(q->udp, &c->peer, q->out, (size_t)len, segment)) {
            floor_bytes_append(&c->unsent, q->out, (size_t)len);
            c->unsent_segment = segment;
        }
    }
}

static void run_turn(struct floor_quic_conn *c)
{
    if (!c->is_trimmed && ngtcp2_conn_get_handshake_completed2(c->quic)) {
        c->is_trimmed = true;
        wolfSSL_FreeHandshakeResources(c->ssl);
    }
    if (c->is_closing || !send_unsent(c)) {
        return;
    }
    c->server->calls->on_turn(c);
    write_packets(c);
    if (!c->is_closing) {
        ngtcp2_conn_update_pkt_tx_time(c->quic, c->server->now_ns);
        c->expiry_ns = ngtcp2_conn_get_expiry2(c->quic);
    }
}

/* ------------------------------------------------------------------------------------ connections */

static void give_random(uint8_t *out, size_t len, const ngtcp2_rand_ctx *ctx)
{
    floor_quic_random(out, len);
}

/* Those of the protocol, and the others. */
static ngtcp2_callbacks all_callbacks(const struct floor_quic *q)
{
    ngtcp2_callbacks all = q->calls->of_quic;
    all.recv_client_initial = ngtcp2_crypto_recv_client_initial_cb;
    all.recv_crypto_data = floor_quic_tls_take;
    all.encrypt = ngtcp2_crypto_encrypt_cb;
    all.decrypt = ngtcp2_crypto_decrypt_cb;
    all.hp_mask = ngtcp2_crypto_hp_mask_cb;
    all.update_key = ngtcp2_crypto_update_key_cb;
    all.delete_crypto_aead_ctx = ngtcp2_crypto_delete_crypto_aead_ctx_cb;
    all.delete_crypto_cipher_ctx = ngtcp2_crypto_delete_crypto_cipher_ctx_cb;
    all.version_negotiation = ngtcp2_crypto_version_negotiation_cb;
    all.get_path_challenge_data2 = ngtcp2_crypto_get_path_challenge_data2_cb;
    all.get_new_connection_id2 = give_cid;
    all.rand = give_random;
    return all;
}

static ngtcp2_transport_params make_params(const ngtcp2_pkt_hd *first)
{
    ngtcp2_transport_params p;
    ngtcp2_transport_params_default(&p);
    p.initial_max_streams_bidi = 1000;
    p.initial_max_streams_uni = 3;
    p.initial_max_stream_data_bidi_remote = 16 << 20;
    p.initial_max_stream_data_uni = 1 << 20;
    p.initial_max_data = 1 << 30;
    p.max_idle_timeout = 60 * NGTCP2_SECONDS;
    p.active_connection_id_limit = 4;
    p.original_dcid = first->dcid;
    p.original_dcid_present = 1;
    return p;
}

static uint32_t free_index(const struct floor_quic *q)
{
    uint32_t i = 0;
    while (i < CONNS_MAX && q->conns[i]) {
        i++;
    }
    return i;
}

/* With BBR pacing costs little; with CUBIC one busy connection takes twice as much CPU. */
static bool open_quic(struct floor_quic_conn *c, const ngtcp2_pkt_hd *first)
{
    struct floor_quic *q = c->server;
    const ngtcp2_callbacks callbacks = all_callbacks(q);
    const ngtcp2_transport_params params = make_params(first);
    ngtcp2_path path = {.local = {(ngtcp2_sockaddr *)&q->address, sizeof q->address},
                        .remote = {(ngtcp2_sockaddr *)&c->peer, sizeof c->peer}};
    ngtcp2_settings settings;
    ngtcp2_cid cid;
    ngtcp2_settings_default(&settings);
    settings.initial_ts = q->now_ns;
    settings.cc_algo = NGTCP2_CC_ALGO_BBR;
    settings.max_tx_udp_payload_size = DATAGRAM_BYTES_MAX;
    settings.pmtud_probes = path_probes;
    settings.pmtud_probeslen = sizeof path_probes / sizeof *path_probes;
    make_cid(c, &cid);
    return ngtcp2_conn_server_new(&c->quic, &first->scid, &cid, &path, first->version, &callbacks,
                                  &settings, &params, NULL, c) == 0;
}

/* NULL: not a client's first packet, or too many connections. */
static struct floor_quic_conn *accept_conn(struct floor_quic *q, const uint8_t *data, size_t len,
                                           const struct sockaddr_in *from)
{
    ngtcp2_pkt_hd first;
    const uint32_t index = free_index(q);
    if (index == CONNS_MAX || ngtcp2_accept(&first, data, len) != 0) {
        return NULL;
    }
    struct floor_quic_conn *c = calloc(1, q->calls->conn_size);
    if (!c) {
        floor_die("memory is short");
    }
    *c = (struct floor_quic_conn){
        .server = q, .index = index, .peer = *from, .first_cid = first.dcid};
    ngtcp2_ccerr_default(&c->error);
    if (!open_quic(c, &first)) {
        free(c);
        return NULL;
    }
    floor_quic_tls_open(c, q->ctx);
    q->conns[index] = c;
    q->conns_len = index < q->conns_len ? q->conns_len : index + 1;
    return c;
}

static void drop(struct floor_quic_conn *c)
{
    c->server->conns[c->index] = NULL;
    c->server->calls->on_end(c);
    ngtcp2_conn_del(c->quic);
    wolfSSL_free(c->ssl);
    free(c->unsent);
    free(c);
}

/* ------------------------------------------------------------------------------------------ loop */

static void answer_version(struct floor_quic *q, const ngtcp2_version_cid *ids,
                           struct sockaddr_in *from)
{
    const uint32_t versions[] = {NGTCP2_PROTO_VER_V1};
    uint8_t unused = 0;
    floor_quic_random(&unused, 1);
    ngtcp2_ssize len = ngtcp2_pkt_write_version_negotiation(
        q->out, SEND_BYTES, unused, ids->scid, ids->scidlen, ids->dcid, ids->dcidlen, versions, 1);
    if (len > 0) {
        (void)floor_udp_send(q->udp, from, q->out, (size_t)len, 0);
    }
}

/* The connection that a packet belongs to, which may be a new one; NULL: none. */
static struct floor_quic_conn *find_conn(struct floor_quic *q, const uint8_t *data, size_t len,
                                         struct sockaddr_in *from)
{
    ngtcp2_version_cid ids;
    int result = ngtcp2_pkt_decode_version_cid(&ids, data, len, CID_LENGTH);
    if (result == NGTCP2_ERR_VERSION_NEGOTIATION) {
        answer_version(q, &ids, from);
    }
    if (result != 0) {
        return NULL;
    }
    struct floor_quic_conn *c = find_cid(q, ids.dcid, ids.dcidlen);
    if (c || ids.version == 0) {
        return c; /* a short header, which has no version, is not a client's first */
    }
    c = find_first_cid(q, ids.dcid, ids.dcidlen);
    return c ? c : accept_conn(q, data, len, from);
}

static void take_packet(void *user, const uint8_t *data, size_t len, struct sockaddr_in *from)
{
    struct floor_quic *q = user;
    struct floor_quic_conn *c = find_conn(q, data, len, from);
    if (!c || c->is_closing) {
        return;
    }
    ngtcp2_pkt_info info = {0};
    ngtcp2_path path = {.local = {(ngtcp2_sockaddr *)&q->address, sizeof q->address},
                        .remote = {(ngtcp2_sockaddr *)from, sizeof *from}};
    int result = ngtcp2_conn_read_pkt(c->quic, &path, &info, data, len, q->now_ns);
    if (result != 0) {
        close_conn(c, result);
    } else if (!c->is_active) {
        c->is_active = true;
        c->next_active = q->active;
        q->active = c;
    }
}

static void run_active(struct floor_quic *q)
{
    while (q->active) {
        struct floor_quic_conn *c = q->active;
        q->active = c->next_active;
        c->is_active = false;
        run_turn(c);
    }
}

static void run_expired(struct floor_quic *q)
{
    for (uint32_t i = 0; i < q->conns_len; i++) {
        struct floor_quic_conn *c = q->conns[i];
        if (!c || c->expiry_ns > q->now_ns) {
            continue;
        }
        int result = c->is_closing ? 0 : ngtcp2_conn_handle_expiry(c->quic, q->now_ns);
        if (c->is_closing) {
            drop(c);
        } else if (result != 0) {
            close_conn(c, result);
        } else {
            run_turn(c);
        }
    }
}

static uint64_t next_expiry(const struct floor_quic *q)
{
    uint64_t next = UINT64_MAX;
    for (uint32_t i = 0; i < q->conns_len; i++) {
        if (q->conns[i] && q->conns[i]->expiry_ns < next) {
            next = q->conns[i]->expiry_ns;
        }
    }
    return next;
}

/* Waits for packets or for the next timer. */
static void wait_for_work(struct floor_quic *q, int epoll)
{
    struct epoll_event event;
    const uint64_t next = next_expiry(q), now = read_clock();
    const uint64_t left = next > now ? next - now : 0;
    const struct timespec wait = {.tv_sec = (time_t)(left / NGTCP2_SECONDS),
                                  .tv_nsec = (long)(left % NGTCP2_SECONDS)};
    (void)epoll_pwait2(epoll, &event, 1, next == UINT64_MAX ? NULL : &wait, NULL);
    q->now_ns = read_clock();
}

_Noreturn void floor_quic_run(struct floor_options *o, const struct floor_quic_calls *calls)
{
    struct floor_quic *q = calloc(1, sizeof *q);
    struct epoll_event event = {.events = EPOLLIN};
    int fd = floor_bind(o, SOCK_DGRAM), epoll = epoll_create1(EPOLL_CLOEXEC);
    if (!q || epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0) {
        floor_die("cannot listen");
    }
    q->calls = calls;
    q->ctx = floor_quic_tls_new(o);
    q->udp = floor_udp_new(fd);
    q->address = o->address;
    floor_quic_random((uint8_t *)&q->tag, sizeof q->tag);
    floor_say_ready(o);
    for (;;) {
        wait_for_work(q, epoll);
        for (int i = 0; i < ROUNDS_MAX && floor_udp_receive(q->udp, take_packet, q); i++) {}
        run_active(q);
        run_expired(q);
    }
}
