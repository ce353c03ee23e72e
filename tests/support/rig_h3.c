#include "rig_h3.h"

#include "base_limits.h"
#include "base_timeout.h"
#include "peer_tls.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#define DELAY_NS (1 * TRI_NS_PER_MS)

/* What is further away than this does not count as moving. */
#define QUIET_NS (3000 * TRI_NS_PER_MS)

/* ---- TLS */

const struct tri_tls_context *rig_h3_tls(void)
{
    static struct tri_tls_context context;
    static bool is_made;
    if (!is_made) {
        char error[TRI_TLS_ERROR_MAX];
        struct peer_tls_files files;
        struct tri_tls_identity identity;
        peer_tls_files_make(&files);
        enum tri_err err =
            tri_tls_identity_load(&identity, tri_alloc_heap(), files.cert, files.key, error);
        assert(err == TRI_OK);
        err = tri_tls_context_init(&context, TRI_TLS_QUIC, &identity, TRI_HTTP_3, NULL, error);
        assert(err == TRI_OK);
        tri_tls_identity_deinit(&identity);
        peer_tls_files_remove(&files);
        is_made = true;
    }
    return &context;
}

/* ---- the handler that collects */

static void record_head(struct rig_h3 *r, const struct tri_request_head *h)
{
    int n =
        snprintf(r->last, sizeof r->last, "%.*s %.*s %.*s %.*s %.*s\n", (int)h->method.len,
                 (const char *)h->method.data, (int)h->scheme.len, (const char *)h->scheme.data,
                 (int)h->authority.len, (const char *)h->authority.data, (int)h->path.len,
                 (const char *)h->path.data, (int)h->protocol.len, (const char *)h->protocol.data);
    for (size_t i = 0; i < h->fields_len && n > 0 && (size_t)n < sizeof r->last; i++) {
        n += snprintf(r->last + n, sizeof r->last - (size_t)n, "%.*s: %.*s\n",
                      (int)h->fields[i].name.len, (const char *)h->fields[i].name.data,
                      (int)h->fields[i].value.len, (const char *)h->fields[i].value.data);
    }
}

static void on_request(void *user, struct tri_exchange *x, const struct tri_request_head *head)
{
    struct rig_h3 *r = user;
    record_head(r, head);
    assert(r->tenants_len < RIG_H3_TENANTS_MAX);
    struct tenant *t = &r->tenants[r->tenants_len++];
    tenant_init(t, x, head);
    x->owner = t;
    if (r->on_request) {
        r->on_request(r, t);
    } else if (head->protocol.len > 0) {
        tenant_accept(t);
    } else {
        tenant_refuse(t, 200);
    }
}

static void on_cancel(void *user, struct tri_exchange *x)
{
    struct rig_h3 *r = user;
    struct tenant *t = x->owner;
    assert(!t->bound && !t->canceled);
    t->canceled = true;
    r->cancels++;
}

static void on_wake(void *user)
{
    struct rig_h3 *r = user;
    r->wakes++;
}

static bool takes_early(void *user, const struct tri_request_head *head)
{
    struct rig_h3 *r = user;
    return r->takes_early ? r->takes_early(head) : tri_slice_equal(head->method, TRI_SLICE("GET"));
}

static void on_refuse(void *user, const struct tri_carrier *carrier, enum tri_refused why,
                      int status)
{
    struct rig_h3 *r = user;
    assert_string_equal(carrier->http, "h3");
    r->refusals++;
    r->why = why;
    r->refused_status = status;
}

static const struct tri_exchange_events collecting_events = {
    .takes_early = takes_early,
    .on_request = on_request,
    .on_cancel = on_cancel,
    .on_wake = on_wake,
    .on_refuse = on_refuse,
};

static void *on_accept(void *owner, struct tri_carrier *carrier, const struct tri_addr *remote)
{
    struct rig_h3 *r = owner;
    if (r->refuse_accept) {
        return NULL;
    }
    assert(tri_addr_port(remote) != 0);
    carrier->conn_id = ++r->conn_id;
    r->accepts++;
    return r->options.events ? r->options.user : r;
}

static bool on_proven(void *owner, void *user, const struct tri_addr *remote)
{
    struct rig_h3 *r = owner;
    assert(user == (r->options.events ? r->options.user : r));
    assert(tri_addr_port(remote) != 0);
    r->proven++;
    assert(r->proven <= r->accepts);
    return !r->refuse_proven;
}

static void on_closed(void *owner, void *user)
{
    struct rig_h3 *r = owner;
    assert(user == (r->options.events ? r->options.user : r));
    r->closes++;
    assert(r->closes <= r->accepts);
}

static bool is_busy(void *owner, void *user)
{
    const struct rig_h3 *r = owner;
    assert(user == (r->options.events ? r->options.user : r));
    return r->is_busy;
}

/* ---- life */

static void fill_random(void *user, uint8_t *out, size_t len)
{
    struct rig_h3 *r = user;
    for (size_t i = 0; i < len; i++) {
        r->seed = r->seed * 1664525u + 1013904223u;
        out[i] = (uint8_t)(r->seed >> 24);
    }
}

static void init_links(struct rig_h3 *r)
{
    link_h3_init(&r->up, DELAY_NS, 11 + r->options.link_seed);
    link_h3_init(&r->down, DELAY_NS, 12 + r->options.link_seed);
    if (r->options.lossy) {
        r->up.loss = r->down.loss = 50;
        r->up.twice = r->down.twice = 30;
        r->up.late = r->down.late = 100;
    }
}

static bool make_endpoint(struct rig_h3 *r)
{
    const struct rig_h3_options *o = &r->options;
    const struct tri_h3_config config = {
        .alloc = o->alloc ? o->alloc : &r->alloc.alloc,
        .limits = o->limits ? o->limits : &r->limits,
        .log = o->log,
        .random = &r->random,
        .tls = o->tls ? o->tls : rig_h3_tls(),
        .early_data = o->early_data,
        .qlog_dir = o->qlog_dir,
        .secret = o->secret,
        .clock_offset_ns = o->clock_offset_ns,
        .events = o->events ? o->events : &collecting_events,
        .extended_connect = !o->no_extended_connect,
        .metrics = &r->metrics,
        .on_accept = on_accept,
        .on_proven = on_proven,
        .on_closed = on_closed,
        .is_busy = is_busy,
        .owner = r,
    };
    return tri_h3_endpoint_new(&r->endpoint, &config) == TRI_OK;
}

bool rig_h3_init(struct rig_h3 *r, const struct rig_h3_options *options)
{
    *r = (struct rig_h3){.options = *options, .seed = 4711, .now_ns = 1000 * TRI_NS_PER_MS};
    test_alloc_init(&r->alloc);
    tri_limits_default(&r->limits);
    r->random = (struct tri_random){.fill = fill_random, .user = r};
    enum tri_err err = tri_addr_parse(&r->server, "127.0.0.1:8443");
    assert(err == TRI_OK);
    err = tri_addr_parse(&r->client, "127.0.0.1:50000");
    assert(err == TRI_OK);
    if (!make_endpoint(r)) {
        return false;
    }
    init_links(r);
    return true;
}

void rig_h3_restart(struct rig_h3 *r)
{
    tri_h3_endpoint_free(r->endpoint);
    bool made = make_endpoint(r);
    assert(made);
}

void rig_h3_hang_up(struct rig_h3 *r)
{
    if (r->peer) {
        peer_h3_free(r->peer);
        r->peer = NULL;
    }
}

void rig_h3_deinit(struct rig_h3 *r)
{
    tri_h3_endpoint_free(r->endpoint);
    rig_h3_hang_up(r);
    link_h3_deinit(&r->up);
    link_h3_deinit(&r->down);
    assert(r->closes == r->accepts); /* on_closed: once for each accept */
    assert(r->alloc.live == 0);
    for (size_t i = 0; i < r->tenants_len; i++) {
        struct tenant *t = &r->tenants[i];
        if (t->bound) {
            assert(t->closes == 1); /* contract line 8 */
        }
        tenant_deinit(t);
    }
}

struct rig_h3 *rig_h3_new(const struct rig_h3_options *options)
{
    struct rig_h3 *r = calloc(1, sizeof *r);
    assert_non_null(r);
    bool made = rig_h3_init(r, options);
    assert_true(made);
    rig_h3_dial(r);
    assert_true(peer_h3_is_ready(r->peer));
    return r;
}

void rig_h3_free(struct rig_h3 *r)
{
    rig_h3_deinit(r);
    free(r);
}

/* ---- datagrams and time */

static void flush_server(struct rig_h3 *r)
{
    struct tri_h3_run run;
    size_t turn_bytes = 0;
    while (tri_h3_endpoint_send(r->endpoint, &run, r->now_ns)) {
        turn_bytes += run.len;
        r->turn_bytes_max = turn_bytes > r->turn_bytes_max ? turn_bytes : r->turn_bytes_max;
        assert(run.len > 0 && run.segment > 0 && run.len <= TRI_H3_RUN_BYTES_MAX);
        assert(tri_addr_equal(&run.local, &r->server));
        if (!tri_addr_equal(&run.remote, &r->client)) {
            assert(r->any_client);
            r->elsewhere_bytes += run.len;
            continue;
        }
        r->runs++;
        r->last_ecn = run.ecn;
        r->run_bytes_max = run.len > r->run_bytes_max ? run.len : r->run_bytes_max;
        for (size_t at = 0; at < run.len; at += run.segment) {
            size_t len = run.len - at < run.segment ? run.len - at : run.segment;
            r->packets++;
            link_h3_push(&r->down, run.data + at, len, run.ecn, r->now_ns);
        }
    }
}

static void flush_peer(struct rig_h3 *r)
{
    uint8_t buf[1500];
    uint8_t ecn = 0;
    for (size_t len; r->peer && (len = peer_h3_send(r->peer, buf, sizeof buf, &ecn, r->now_ns));) {
        link_h3_push(&r->up, buf, len, ecn, r->now_ns);
    }
}

void rig_h3_flush(struct rig_h3 *r)
{
    flush_server(r);
    flush_peer(r);
}

static void deliver(struct rig_h3 *r)
{
    for (struct link_packet *p; (p = link_h3_pop(&r->up, r->now_ns)); free(p)) {
        tri_h3_endpoint_recv(r->endpoint, &r->server, &r->client, p->ecn, p->data, p->len,
                             r->now_ns);
    }
    for (struct link_packet *p; (p = link_h3_pop(&r->down, r->now_ns)); free(p)) {
        if (r->peer) {
            peer_h3_recv(r->peer, p->ecn, p->data, p->len, r->now_ns);
        }
    }
}

static void expire(struct rig_h3 *r)
{
    if (tri_h3_endpoint_deadline_ns(r->endpoint) <= r->now_ns) {
        tri_h3_endpoint_expire(r->endpoint, r->now_ns);
    }
    if (r->peer && peer_h3_deadline_ns(r->peer) <= r->now_ns) {
        peer_h3_expire(r->peer, r->now_ns);
    }
}

static uint64_t min_ns(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t next_arrival_ns(const struct rig_h3 *r)
{
    return min_ns(link_h3_next_ns(&r->up), link_h3_next_ns(&r->down));
}

static uint64_t next_event_ns(const struct rig_h3 *r)
{
    uint64_t ns = min_ns(next_arrival_ns(r), tri_h3_endpoint_deadline_ns(r->endpoint));
    return r->peer ? min_ns(ns, peer_h3_deadline_ns(r->peer)) : ns;
}

static void step_to(struct rig_h3 *r, uint64_t ns)
{
    r->now_ns = ns > r->now_ns ? ns : r->now_ns;
    deliver(r);
    expire(r);
    rig_h3_flush(r);
}

void rig_h3_run(struct rig_h3 *r)
{
    rig_h3_flush(r);
    uint64_t moved_ns = r->now_ns; /* when a datagram last arrived */
    for (;;) {
        uint64_t ns = next_event_ns(r);
        if (ns == UINT64_MAX || ns > moved_ns + QUIET_NS) {
            return;
        }
        if (next_arrival_ns(r) <= ns) {
            moved_ns = ns;
        }
        step_to(r, ns);
    }
}

void rig_h3_advance(struct rig_h3 *r, uint64_t ms)
{
    uint64_t end_ns = r->now_ns + ms * TRI_NS_PER_MS;
    rig_h3_flush(r);
    for (uint64_t ns; (ns = next_event_ns(r)) <= end_ns;) {
        step_to(r, ns);
    }
    step_to(r, end_ns);
}

void rig_h3_inject(struct rig_h3 *r, const void *data, size_t len)
{
    tri_h3_endpoint_recv(r->endpoint, &r->server, &r->client, 0, data, len, r->now_ns);
}

void rig_h3_dial(struct rig_h3 *r)
{
    assert(!r->peer);
    r->peer = peer_h3_new(&r->options.peer, r->now_ns);
    rig_h3_run(r);
}

/* ---- requests */

int rig_h3_request(struct rig_h3 *r, const struct tri_header *fields, bool fin)
{
    nghttp3_nv nva[200];
    size_t n = 0;
    for (const struct tri_header *f = fields; f->name; f++) {
        assert(n < 200);
        nva[n++] = (nghttp3_nv){.name = (const uint8_t *)f->name,
                                .value = (const uint8_t *)f->value,
                                .namelen = strlen(f->name),
                                .valuelen = strlen(f->value)};
    }
    return peer_h3_request(r->peer, nva, n, fin);
}

const struct tri_header rig_h3_websocket_fields[] = {
    {":method", "CONNECT"}, {":protocol", "websocket"},
    {":scheme", "https"},   {":authority", "localhost"},
    {":path", "/echo"},     {"sec-websocket-version", "13"},
    {NULL, NULL},
};

const struct tri_header rig_h3_get_fields[] = {
    {":method", "GET"}, {":scheme", "https"}, {":authority", "localhost"},
    {":path", "/"},     {NULL, NULL},
};

int rig_h3_websocket(struct rig_h3 *r)
{
    int stream = rig_h3_request(r, rig_h3_websocket_fields, false);
    assert_true(stream >= 0);
    rig_h3_run(r);
    return stream;
}

int rig_h3_get(struct rig_h3 *r, const char *path)
{
    const struct tri_header fields[] = {
        {":method", "GET"}, {":scheme", "https"}, {":authority", "localhost"},
        {":path", path},    {NULL, NULL},
    };
    int stream = rig_h3_request(r, fields, true);
    assert(stream >= 0);
    rig_h3_run(r);
    return stream;
}

/* An exchange that is only asked to see which table a tenant binds itself with. */
struct probe {
    struct tri_exchange exchange;
    const struct tri_stream_events *events;
};

static enum tri_err look(struct tri_exchange *x, const struct tri_response *response)
{
    TRI_CONTAINER_OF(x, struct probe, exchange)->events = response->events;
    return TRI_OK;
}

enum tri_err rig_h3_reply(struct tenant *t, const struct tri_response *response)
{
    static const struct tri_exchange_ops ops = {.respond = look};
    struct probe probe = {.exchange = {.ops = &ops}};
    struct tenant other;
    tenant_init(&other, &probe.exchange, NULL);
    tenant_accept(&other);
    tenant_deinit(&other);
    struct tri_response bound = *response;
    bound.events = probe.events;
    bound.session = t;
    t->bound = true;
    enum tri_err err = t->exchange->ops->respond(t->exchange, &bound);
    t->bound = err == TRI_OK;
    t->head = NULL;
    return err;
}

struct tenant *rig_h3_tenant(struct rig_h3 *r, size_t index)
{
    assert(index < r->tenants_len);
    return &r->tenants[index];
}

const struct peer_h3_stream *rig_h3_seen(const struct rig_h3 *r, int stream)
{
    assert(r->peer && stream >= 0 && (size_t)stream < r->peer->streams_len);
    return r->peer->streams[stream];
}

void rig_h3_assert_closed(const struct rig_h3 *r, ngtcp2_ccerr_type type, uint64_t code)
{
    assert_true(r->peer->closed);
    assert_int_equal(r->peer->error, NGTCP2_ERR_DRAINING);
    assert_int_equal(r->peer->why.type, type);
    assert_int_equal(r->peer->why.error_code, code);
}

void rig_h3_assert_alive(struct rig_h3 *r)
{
    assert_false(r->peer->closed);
    int stream = rig_h3_get(r, "/alive");
    assert_int_equal(rig_h3_seen(r, stream)->status, 200);
    assert_true(rig_h3_seen(r, stream)->fin_seen);
}
