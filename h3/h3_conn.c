/* See h3_conn.h. */
#include "h3_conn.h"

#include "h3_client_end.h"
#include "h3_qlog.h"
#include "h3_quic.h"
#include "h3_stream.h"

#include <assert.h>

/* A CONNECTION_CLOSE without a reason, at all levels of a handshake, in the smallest packet. */
#define CLOSE_BYTES_MAX ((size_t)NGTCP2_MAX_UDP_PAYLOAD_SIZE)

/* ---- states */

static bool may_follow(enum tri_h3_state from, enum tri_h3_state to)
{
    switch (to) {
    case TRI_H3_HANDSHAKE:
        return false;
    case TRI_H3_OPEN:
        return from == TRI_H3_HANDSHAKE;
    case TRI_H3_NOTICED:
        return from == TRI_H3_OPEN;
    case TRI_H3_LEAVING:
        return from == TRI_H3_NOTICED;
    case TRI_H3_CLOSING:
    case TRI_H3_DRAINING:
        return from < TRI_H3_CLOSING;
    case TRI_H3_GONE:
        return from != TRI_H3_GONE;
    }
    return false;
}

void tri_h3_conn_set_state(struct tri_h3_conn *c, enum tri_h3_state to)
{
    assert(may_follow(c->state, to));
    if (c->state == TRI_H3_HANDSHAKE) {
        assert(c->shared->half_open > 0);
        c->shared->half_open--;
    }
    c->state = to;
    c->changed_ns = c->shared->now_ns;
}

/* ---- marks and errors */

void tri_h3_conn_wake(struct tri_h3_conn *c)
{
    if (!tri_list_is_linked(&c->dirty)) {
        tri_list_append(&c->shared->dirty, &c->dirty);
        c->shared->config.events->on_wake(c->user);
    }
}

int tri_h3_conn_app_error(struct tri_h3_conn *c, uint64_t code)
{
    if (!c->has_error) {
        c->has_error = true;
        ngtcp2_ccerr_set_application_error(&c->error, code, NULL, 0);
    }
    return NGTCP2_ERR_CALLBACK_FAILURE;
}

int tri_h3_conn_http_error(struct tri_h3_conn *c, int nghttp3_error)
{
    assert(nghttp3_error < 0);
    return tri_h3_conn_app_error(c, nghttp3_err_infer_quic_app_error_code(nghttp3_error));
}

/* ---- the end */

/*
 * A connection that does too much for nothing is ended with H3_EXCESSIVE_LOAD, which nothing else is;
 * ngtcp2 calls it an internal error, and has no other on what it reads.
 */
static void count_flood(const struct tri_h3_conn *c, int rv)
{
    const bool is_load = c->has_error && c->error.type == NGTCP2_CCERR_TYPE_APPLICATION &&
                         c->error.error_code == NGHTTP3_H3_EXCESSIVE_LOAD;
    const bool is_glitch =
        !c->has_error && (rv == NGTCP2_ERR_INTERNAL || rv == NGTCP2_ERR_CRYPTO_BUFFER_EXCEEDED);
    struct tri_metrics *m = c->shared->config.metrics;
    if (!is_load && !is_glitch) {
        return;
    }
    TRI_LOG(c->shared->config.log, DEBUG, "h3.flood", TRI_KV_U("conn", c->carrier.conn_id),
            TRI_KV_S("of", tri_flood_name(c->flood)));
    if (m) {
        tri_metrics_flood(&m->http[TRI_METRICS_H3], c->flood);
    }
}

/* One that was told to come back with a proof of its address is no failure. */
static void count_end(const struct tri_h3_conn *c)
{
    struct tri_metrics *m = c->shared->config.metrics;
    if (m && c->is_confirmed) {
        tri_metrics_conn_closed(&m->http[TRI_METRICS_H3]);
    } else if (m) {
        m->handshakes_failed += !c->wants_retry;
    }
}

void tri_h3_conn_end_tls(struct tri_h3_conn *c)
{
    struct tri_budget *budget = c->shared->config.budget;
    if (c->tls.ssl && budget) {
        tri_budget_refund(budget, TRI_TLS_HANDSHAKE_BYTES);
    }
    tri_h3_tls_deinit(&c->tls);
}

/* Everybody is told, then the libraries go: none of them reads a tenant's bytes any more. */
static void let_go(struct tri_h3_conn *c)
{
    for (struct tri_list *node; (node = tri_list_first(&c->streams));) {
        struct tri_h3_stream *s = TRI_CONTAINER_OF(node, struct tri_h3_stream, node);
        tri_h3_stream_end(s, TRI_STREAM_CONN_LOST);
        tri_h3_stream_bury(s);
    }
    nghttp3_conn_del(c->http);
    c->http = NULL;
    if (c->tls.quic) {
        tri_h3_conn_end_tls(c);
    }
    ngtcp2_conn_del(c->quic); /* ends the qlog */
    c->quic = NULL;
    tri_h3_qlog_close(c->qlog);
    c->qlog = NULL;
    assert(c->shared->live > 0);
    c->shared->live--;
    count_end(c);
    tri_list_remove(&c->dirty);
    c->shared->config.on_closed(c->shared->config.owner, c->user);
    c->user = NULL;
}

static void log_end(const struct tri_h3_conn *c, int rv)
{
    TRI_LOG(c->shared->config.log, DEBUG, "quic.close", TRI_KV_U("conn", c->carrier.conn_id),
            TRI_KV_S("remote", c->remote), TRI_KV_S("why", ngtcp2_strerror(rv)),
            TRI_KV_U("code", c->error.error_code));
}

/* What to close with, when the library's error |rv| ends the connection. */
static void choose_error(struct tri_h3_conn *c, int rv)
{
    if (c->has_error) {
        return;
    }
    if (rv == NGTCP2_ERR_CRYPTO) {
        ngtcp2_ccerr_set_tls_alert(&c->error, ngtcp2_conn_get_tls_alert2(c->quic), NULL, 0);
    } else {
        ngtcp2_ccerr_set_liberr(&c->error, rv, NULL, 0);
    }
}

/* Writes the CONNECTION_CLOSE and keeps it. false: none can be written. */
static bool make_close_packet(struct tri_h3_conn *c)
{
    uint8_t packet[CLOSE_BYTES_MAX];
    ngtcp2_path_storage path;
    ngtcp2_pkt_info info;
    if (c->is_mute) {
        return false;
    }
    ngtcp2_path_storage_zero(&path);
    ngtcp2_ssize n = ngtcp2_conn_write_connection_close(
        c->quic, &path.path, &info, packet, sizeof packet, &c->error, c->shared->now_ns);
    if (n <= 0) {
        return false;
    }
    c->close_packet = tri_alloc_get(c->shared->config.alloc, (size_t)n);
    if (!c->close_packet) {
        return false;
    }
    memcpy(c->close_packet, packet, (size_t)n);
    c->close_len = (size_t)n;
    return tri_addr_from_sockaddr(&c->local, path.path.local.addr, path.path.local.addrlen) ==
               TRI_OK &&
           tri_addr_from_sockaddr(&c->remote_addr, path.path.remote.addr,
                                  path.path.remote.addrlen) == TRI_OK;
}

static void end_in(struct tri_h3_conn *c, enum tri_h3_state state)
{
    /* RFC 9000 section 10.2: late packets are expected for three times the PTO. */
    uint64_t until_ns = c->shared->now_ns + 3 * ngtcp2_conn_get_pto2(c->quic);
    let_go(c);
    tri_h3_conn_set_state(c, state);
    tri_heap_set(&c->shared->timers, &c->timer, until_ns);
}

/* Ends a live connection for the library's error |rv|. */
void tri_h3_conn_fail(struct tri_h3_conn *c, int rv)
{
    assert(tri_h3_conn_is_live(c) && rv != 0);
    count_flood(c, rv);
    choose_error(c, rv);
    log_end(c, rv);
    if (tri_h3_conn_is_client(c)) {
        tri_h3_client_note_end(c, rv);
    }
    switch (rv) {
    case NGTCP2_ERR_DRAINING:
        end_in(c, TRI_H3_DRAINING);
        return;
    case NGTCP2_ERR_RETRY:
        c->wants_retry = true;
        tri_h3_conn_drop(c);
        return;
    case NGTCP2_ERR_IDLE_CLOSE:               /* RFC 9000 section 10.1: silently */
    case NGTCP2_ERR_RECV_VERSION_NEGOTIATION: /* section 6.2 */
    case NGTCP2_ERR_DROP_CONN:
        tri_h3_conn_drop(c);
        return;
    default:
        break;
    }
    if (make_close_packet(c)) {
        end_in(c, TRI_H3_CLOSING);
        c->close_due = true;
        tri_list_append(&c->shared->dirty, &c->dirty);
    } else {
        end_in(c, TRI_H3_DRAINING);
    }
}

void tri_h3_conn_drop(struct tri_h3_conn *c)
{
    if (tri_h3_conn_is_live(c)) {
        let_go(c);
    }
    if (c->state != TRI_H3_GONE) {
        tri_h3_conn_set_state(c, TRI_H3_GONE);
    }
}

/* ---- life */

static ngtcp2_addr quic_addr(const struct tri_addr *addr)
{
    return (ngtcp2_addr){.addr = (struct sockaddr *)(uintptr_t)&addr->sa, .addrlen = addr->len};
}

static void init_conn(struct tri_h3_conn *c, struct tri_h3_shared *shared,
                      const struct tri_addr *remote)
{
    c->shared = shared;
    c->state = TRI_H3_HANDSHAKE;
    c->changed_ns = shared->now_ns;
    tri_addr_format(remote, c->remote);
    c->client = *remote;
    c->carrier = (struct tri_carrier){
        .http = "h3", .remote = c->remote, .tls_version = "", .tls_cipher = "", .tls_group = ""};
    ngtcp2_ccerr_default(&c->error);
    c->flood = TRI_FLOOD_OTHER;
    tri_list_init(&c->node);
    tri_list_append(&shared->conns, &c->node);
    tri_list_init(&c->dirty);
    tri_list_init(&c->streams);
    tri_list_init(&c->woken);
    tri_h3_schedule_init(&c->schedule);
    tri_h3_cids_init(&c->cids, c);
}

bool tri_h3_conn_prove(struct tri_h3_conn *c)
{
    const struct tri_h3_config *config = &c->shared->config;
    if (c->is_proven || !config->on_proven) {
        return true;
    }
    c->is_proven = true;
    return config->on_proven(config->owner, c->user, &c->client);
}

static struct tri_h3_conn *make_conn(struct tri_h3_shared *shared, const struct tri_addr *remote)
{
    if (tri_heap_reserve(&shared->timers) != TRI_OK) {
        return NULL;
    }
    struct tri_h3_conn *c = tri_alloc_zero(shared->config.alloc, sizeof *c);
    if (c) {
        init_conn(c, shared, remote);
    }
    return c;
}

static void count_conn(struct tri_h3_conn *c)
{
    c->shared->live++;
    c->shared->half_open++;
    tri_heap_set(&c->shared->timers, &c->timer, TRI_NEVER_NS);
}

struct tri_h3_conn *tri_h3_conn_new_client(struct tri_h3_shared *shared,
                                           const struct tri_addr *remote)
{
    struct tri_h3_conn *c = make_conn(shared, remote);
    if (c) {
        c->user = shared->client;
        count_conn(c);
    }
    return c;
}

struct tri_h3_conn *tri_h3_conn_new(struct tri_h3_shared *shared,
                                    const struct tri_h3_initial *initial,
                                    const struct tri_addr *local, const struct tri_addr *remote)
{
    const struct tri_h3_config *config = &shared->config;
    struct tri_h3_conn *c = make_conn(shared, remote);
    if (!c) {
        return NULL;
    }
    c->user = config->on_accept(config->owner, &c->carrier, remote);
    if (!c->user) {
        tri_list_remove(&c->node);
        tri_alloc_release(config->alloc, c);
        return NULL;
    }
    count_conn(c);
    if (initial->proof != NGTCP2_TOKEN_TYPE_UNKNOWN && !tri_h3_conn_prove(c)) {
        tri_h3_conn_drop(c);
        tri_h3_conn_free(c);
        return NULL;
    }
    const ngtcp2_path path = {.local = quic_addr(local), .remote = quic_addr(remote)};
    if (tri_h3_quic_open(c, initial, &path) != TRI_OK) {
        tri_h3_conn_drop(c);
        tri_h3_conn_free(c);
        return NULL;
    }
    return c;
}

void tri_h3_conn_free(struct tri_h3_conn *c)
{
    assert(c->state == TRI_H3_GONE && !c->quic);
    struct tri_h3_shared *shared = c->shared;
    tri_list_remove(&c->node);
    tri_list_remove(&c->dirty);
    tri_heap_remove(&shared->timers, &c->timer);
    tri_h3_cid_remove_all(&shared->cids, &c->cids);
    tri_alloc_release(shared->config.alloc, c->close_packet);
    tri_alloc_release(shared->config.alloc, c);
}
