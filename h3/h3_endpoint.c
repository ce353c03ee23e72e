/* See h3_endpoint.h: which connection a datagram is for, and whose turn it is to send. */
#include "h3_endpoint.h"

#include "h3_drive.h"
#include "h3_shared.h"
#include "h3_stray.h"
#include "h3_stream.h"
#include "h3_token.h"

#include <assert.h>

struct tri_h3_endpoint {
    struct tri_h3_shared shared;
    struct tri_h3_strays strays;
    uint8_t *run;    /* owned; TRI_H3_RUN_BYTES_MAX */
    bool is_leaving; /* no new connection is taken */
};

/* ---- life */

enum tri_err tri_h3_endpoint_new(struct tri_h3_endpoint **out, const struct tri_h3_config *config)
{
    assert(config->events && config->on_accept && config->on_closed && config->random);
    struct tri_h3_endpoint *e = tri_alloc_zero(config->alloc, sizeof *e);
    if (!e) {
        return TRI_ERR_NOMEM;
    }
    if (tri_h3_shared_init(&e->shared, config) != TRI_OK) {
        tri_alloc_release(config->alloc, e);
        return TRI_ERR_NOMEM;
    }
    e->run = tri_alloc_get(config->alloc, TRI_H3_RUN_BYTES_MAX);
    if (!e->run || tri_h3_strays_init(&e->strays, &e->shared) != TRI_OK) {
        tri_alloc_release(config->alloc, e->run);
        tri_h3_shared_deinit(&e->shared);
        tri_alloc_release(config->alloc, e);
        return TRI_ERR_NOMEM;
    }
    *out = e;
    return TRI_OK;
}

static void empty_graveyard(struct tri_h3_endpoint *e)
{
    for (struct tri_list *node; (node = tri_list_first(&e->shared.graveyard));) {
        tri_h3_stream_free(TRI_CONTAINER_OF(node, struct tri_h3_stream, node),
                           e->shared.config.alloc);
    }
}

static struct tri_h3_conn *conn_of(struct tri_list *node)
{
    return TRI_CONTAINER_OF(node, struct tri_h3_conn, node);
}

void tri_h3_endpoint_free(struct tri_h3_endpoint *e)
{
    if (!e) {
        return;
    }
    const struct tri_alloc *alloc = e->shared.config.alloc;
    for (struct tri_list *node; (node = tri_list_first(&e->shared.conns));) {
        tri_h3_conn_drop(conn_of(node));
        tri_h3_conn_free(conn_of(node));
    }
    empty_graveyard(e);
    tri_h3_strays_deinit(&e->strays);
    tri_h3_shared_deinit(&e->shared);
    tri_alloc_release(alloc, e->run);
    tri_alloc_release(alloc, e);
}

/* Each call from outside begins so. What was over at the last one goes now. */
static void begin_step(struct tri_h3_endpoint *e, uint64_t now_ns)
{
    assert(now_ns >= e->shared.now_ns); /* monotonic */
    e->shared.now_ns = now_ns;
    empty_graveyard(e);
}

static void bury_if_gone(struct tri_h3_conn *c)
{
    if (c->state == TRI_H3_GONE) {
        tri_h3_conn_free(c);
    }
}

/* ---- datagrams in */

struct datagram {
    const struct tri_addr *local, *remote;
    uint8_t ecn;
    const uint8_t *data;
    size_t len;
};

static void feed(struct tri_h3_conn *c, const struct datagram *d)
{
    struct tri_addr local = *d->local; /* ngtcp2 takes no pointer to const */
    struct tri_addr remote = *d->remote;
    const ngtcp2_path path = {.local = {.addr = &local.sa, .addrlen = local.len},
                              .remote = {.addr = &remote.sa, .addrlen = remote.len}};
    tri_h3_drive_recv(c, &path, d->ecn, d->data, d->len);
}

static void deliver(struct tri_h3_conn *c, const struct datagram *d)
{
    feed(c, d);
    bury_if_gone(c);
}

/* Whether a client must prove its address before anything is kept for it: RFC 9000 section 8.1.2. */
static bool needs_proof(const struct tri_h3_endpoint *e, const struct tri_h3_initial *initial)
{
    return initial->proof == NGTCP2_TOKEN_TYPE_UNKNOWN &&
           e->shared.half_open >= e->shared.config.limits->half_open_max;
}

static void open_conn(struct tri_h3_endpoint *e, const struct tri_h3_initial *initial,
                      const struct datagram *d)
{
    struct tri_h3_conn *c =
        e->is_leaving ? NULL : tri_h3_conn_new(&e->shared, initial, d->local, d->remote);
    if (!c) {
        tri_h3_strays_refuse(&e->strays, d->local, d->remote, &initial->hd,
                             NGTCP2_CONNECTION_REFUSED);
        return;
    }
    e->shared.counters.proven += initial->proof != NGTCP2_TOKEN_TYPE_UNKNOWN;
    feed(c, d);
    if (c->wants_retry && initial->proof == NGTCP2_TOKEN_TYPE_UNKNOWN) {
        tri_h3_strays_retry(&e->strays, d->local, d->remote, &initial->hd);
    }
    bury_if_gone(c);
}

/* A packet with a long header and an id that is new to us: a connection may begin. */
static void accept_conn(struct tri_h3_endpoint *e, const struct datagram *d)
{
    struct tri_h3_initial initial;
    if (ngtcp2_accept(&initial.hd, d->data, d->len) != 0) {
        e->shared.counters.dropped++;
        return;
    }
    if (tri_h3_token_check(&e->shared, &initial, d->remote) != TRI_OK) {
        tri_h3_strays_refuse(&e->strays, d->local, d->remote, &initial.hd, NGTCP2_INVALID_TOKEN);
    } else if (!e->is_leaving && needs_proof(e, &initial)) {
        tri_h3_strays_retry(&e->strays, d->local, d->remote, &initial.hd);
    } else {
        open_conn(e, &initial, d);
    }
}

static void dispatch(struct tri_h3_endpoint *e, const struct datagram *d)
{
    ngtcp2_version_cid packet;
    int rv = ngtcp2_pkt_decode_version_cid(&packet, d->data, d->len, TRI_H3_CID_LEN);
    if (rv == NGTCP2_ERR_VERSION_NEGOTIATION) {
        tri_h3_strays_negotiate(&e->strays, d->local, d->remote, &packet);
        return;
    }
    if (rv != 0) {
        e->shared.counters.dropped++;
        return;
    }
    struct tri_slice cid = tri_slice_of(packet.dcid, packet.dcidlen);
    struct tri_h3_conn *c = tri_h3_cid_find(&e->shared.cids, cid);
    bool is_short = (d->data[0] & 0x80) == 0; /* RFC 9000 section 17 */
    if (c) {
        deliver(c, d);
    } else if (is_short) {
        e->shared.counters.dropped++;
        tri_h3_strays_reset(&e->strays, d->local, d->remote, cid, d->len);
    } else {
        accept_conn(e, d);
    }
}

/* What comes with a datagram. NOLINTNEXTLINE(readability-function-size) */
void tri_h3_endpoint_recv(struct tri_h3_endpoint *e, const struct tri_addr *local,
                          const struct tri_addr *remote, uint8_t ecn, const uint8_t *data,
                          size_t len, uint64_t now_ns)
{
    begin_step(e, now_ns);
    if (len == 0) {
        e->shared.counters.dropped++;
        return;
    }
    dispatch(e, &(struct datagram){
                    .local = local, .remote = remote, .ecn = ecn, .data = data, .len = len});
}

struct tri_h3_counters tri_h3_endpoint_counters(const struct tri_h3_endpoint *e)
{
    return e->shared.counters;
}

/* ---- runs out */

bool tri_h3_endpoint_send(struct tri_h3_endpoint *e, struct tri_h3_run *run, uint64_t now_ns)
{
    begin_step(e, now_ns);
    if (tri_h3_strays_pop(&e->strays, run)) {
        return true;
    }
    for (struct tri_list *node; (node = tri_list_pop(&e->shared.dirty));) {
        struct tri_h3_conn *c = TRI_CONTAINER_OF(node, struct tri_h3_conn, dirty);
        bool has_run = tri_h3_drive_send(c, e->run, run);
        if (has_run && tri_h3_conn_is_live(c) && !tri_list_is_linked(&c->dirty)) {
            tri_list_append(&e->shared.dirty,
                            &c->dirty); /* its next turn comes after the others' */
        }
        bury_if_gone(c);
        if (has_run) {
            return true;
        }
    }
    return false;
}

/* ---- time */

void tri_h3_endpoint_limits_changed(struct tri_h3_endpoint *e)
{
    const struct tri_limits *limits = e->shared.config.limits;
    tri_timeout_list_change(&e->shared.heads, limits->request_timeout_ms * TRI_NS_PER_MS);
    tri_timeout_list_change(&e->shared.answers, limits->response_timeout_ms * TRI_NS_PER_MS);
}

uint64_t tri_h3_endpoint_deadline_ns(const struct tri_h3_endpoint *e)
{
    const struct tri_heap_node *first = tri_heap_first(&e->shared.timers);
    uint64_t conns_ns = first ? first->key_ns : TRI_NEVER_NS;
    uint64_t heads_ns = tri_timeout_list_deadline_ns(&e->shared.heads);
    uint64_t answers_ns = tri_timeout_list_deadline_ns(&e->shared.answers);
    uint64_t streams_ns = heads_ns < answers_ns ? heads_ns : answers_ns;
    return conns_ns < streams_ns ? conns_ns : streams_ns;
}

/* The next request on |late| whose time is up, or NULL. */
static struct tri_h3_stream *pop_late(struct tri_timeout_list *late, uint64_t now_ns)
{
    struct tri_timeout *t = tri_timeout_list_pop(late, now_ns);
    return t ? TRI_CONTAINER_OF(t, struct tri_h3_request, timeout)->stream : NULL;
}

static void expire_streams(struct tri_h3_endpoint *e, uint64_t now_ns)
{
    for (struct tri_h3_stream *s; (s = pop_late(&e->shared.heads, now_ns));) {
        tri_h3_stream_refuse(s, TRI_REFUSED_MALFORMED, NGHTTP3_H3_REQUEST_CANCELLED);
    }
    for (struct tri_h3_stream *s; (s = pop_late(&e->shared.answers, now_ns));) {
        tri_h3_stream_fail(s, TRI_STREAM_ABORTED, NGHTTP3_H3_REQUEST_CANCELLED);
        if (e->shared.config.metrics) {
            e->shared.config.metrics->responses_unread++;
        }
    }
}

void tri_h3_endpoint_expire(struct tri_h3_endpoint *e, uint64_t now_ns)
{
    begin_step(e, now_ns);
    expire_streams(e, now_ns);
    for (struct tri_heap_node *node; (node = tri_heap_first(&e->shared.timers));) {
        if (node->key_ns > now_ns) {
            break;
        }
        struct tri_h3_conn *c = TRI_CONTAINER_OF(node, struct tri_h3_conn, timer);
        tri_h3_drive_expire(c);
        bury_if_gone(c);
    }
}

/* ---- the polite end */

static bool is_busy(const struct tri_h3_conn *c)
{
    const struct tri_h3_config *config = &c->shared->config;
    return tri_h3_conn_is_live(c) && config->is_busy && config->is_busy(config->owner, c->user);
}

void tri_h3_endpoint_shutdown(struct tri_h3_endpoint *e, uint64_t now_ns)
{
    begin_step(e, now_ns);
    e->is_leaving = true;
    const struct tri_list *conns = &e->shared.conns;
    for (struct tri_list *node = conns->next; node != conns; node = node->next) {
        if (!is_busy(conn_of(node))) {
            tri_h3_drive_shutdown(conn_of(node)); /* frees none */
        }
    }
}

void tri_h3_endpoint_close(struct tri_h3_endpoint *e, uint64_t now_ns)
{
    begin_step(e, now_ns);
    e->is_leaving = true;
    const struct tri_list *conns = &e->shared.conns;
    for (struct tri_list *node = conns->next; node != conns; node = node->next) {
        tri_h3_drive_close(conn_of(node)); /* frees none */
    }
}

bool tri_h3_endpoint_is_idle(const struct tri_h3_endpoint *e)
{
    return e->shared.live == 0 && e->strays.len == 0 && tri_list_is_empty(&e->shared.dirty);
}
