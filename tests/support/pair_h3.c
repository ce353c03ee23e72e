#include "pair_h3.h"

#include "base_timeout.h"
#include "peer_tls.h"

#include <assert.h>
#include <stdlib.h>

#define QUIET_NS (3000 * TRI_NS_PER_MS)

/* ---- TLS */

struct tls {
    bool is_made;
    struct tri_tls_context server;
    struct tri_tls_client client, distrustful;
    WOLFSSL_CTX *bare;
};

static WOLFSSL_CTX *make_bare(const struct peer_tls_files *files)
{
    WOLFSSL_CTX *ctx = wolfSSL_CTX_new(wolfTLSv1_3_server_method());
    assert(ctx);
    int rv = wolfSSL_CTX_use_certificate_chain_file(ctx, files->cert);
    assert(rv == WOLFSSL_SUCCESS);
    rv = wolfSSL_CTX_use_PrivateKey_file(ctx, files->key, WOLFSSL_FILETYPE_PEM);
    assert(rv == WOLFSSL_SUCCESS);
    return ctx;
}

static void make_tls(struct tls *t)
{
    char error[TRI_TLS_ERROR_MAX];
    struct peer_tls_files ours;
    struct peer_tls_files others;
    struct tri_tls_identity identity;
    peer_tls_files_make(&ours);
    peer_tls_files_make(&others);
    enum tri_err err =
        tri_tls_identity_load(&identity, tri_alloc_heap(), ours.cert, ours.key, error);
    assert(err == TRI_OK);
    err = tri_tls_context_init(&t->server, TRI_TLS_QUIC, &identity, TRI_HTTP_3, NULL, error);
    assert(err == TRI_OK);
    tri_tls_identity_deinit(&identity);
    err = tri_tls_client_init(&t->client, TRI_TLS_QUIC,
                              &(struct tri_tls_trust){.ca_file = ours.cert}, NULL, error);
    assert(err == TRI_OK);
    err = tri_tls_client_init(&t->distrustful, TRI_TLS_QUIC,
                              &(struct tri_tls_trust){.ca_file = others.cert}, NULL, error);
    assert(err == TRI_OK);
    t->bare = make_bare(&ours);
    peer_tls_files_remove(&ours);
    peer_tls_files_remove(&others);
    t->is_made = true;
}

static struct tls *tls(void)
{
    static struct tls t;
    if (!t.is_made) {
        make_tls(&t);
    }
    return &t;
}

const struct tri_tls_context *pair_h3_server_tls(void)
{
    return &tls()->server;
}

const struct tri_tls_client *pair_h3_client_tls(void)
{
    return &tls()->client;
}

const struct tri_tls_client *pair_h3_distrustful_tls(void)
{
    return &tls()->distrustful;
}

WOLFSSL_CTX *pair_h3_bare_tls(void)
{
    return tls()->bare;
}

/* ---- the client's owner */

static void on_ready(void *user, bool connect)
{
    struct pair_h3 *p = user;
    p->readies++;
    p->connect = connect;
    if (p->opens_in_ready) {
        enum tri_err err;
        (void)pair_h3_try(p, &pair_h3_request, &err);
        assert(err == TRI_OK);
    }
}

static void on_answer(void *user, struct tri_call *call, const struct tri_call_answer *answer)
{
    const struct pair_h3 *p = user;
    struct caller *c = call->owner;
    assert(c->call == call && c->status == 0 && c->fails == 0);
    c->status = answer->status;
    c->is_accepted = answer->is_accepted;
    for (size_t i = 0; i < answer->fields_len; i++) {
        assert(answer->fields[i].name.data[0] != ':');
    }
    if (c->is_accepted && !p->options.rejects) {
        call->stream.events = &caller_h3_events;
        call->stream.session = c;
        c->is_bound = true;
    }
}

static void on_fail(void *user, struct tri_call *call, const struct tri_call_end *end)
{
    (void)user;
    struct caller *c = call->owner;
    assert(c->call == call && c->status == 0 && !c->is_bound);
    c->fails++;
    assert(c->fails == 1);
    c->end = *end;
}

static void on_room(void *user)
{
    struct pair_h3 *p = user;
    p->rooms++;
}

static void on_wake(void *user)
{
    struct pair_h3 *p = user;
    p->wakes++;
}

static const struct tri_call_events call_events = {
    .on_ready = on_ready,
    .on_answer = on_answer,
    .on_fail = on_fail,
    .on_room = on_room,
    .on_wake = on_wake,
};

/* ---- asking */

static const struct tri_field request_fields[] = {
    {{.data = (const uint8_t *)"sec-websocket-version", .len = 21},
     {.data = (const uint8_t *)"13", .len = 2}},
};

const struct tri_call_request pair_h3_request = {
    .authority = {.data = (const uint8_t *)"localhost", .len = 9},
    .path = {.data = (const uint8_t *)"/echo", .len = 5},
    .fields = request_fields,
    .fields_len = 1,
};

struct caller *pair_h3_try(struct pair_h3 *p, const struct tri_call_request *request,
                           enum tri_err *err)
{
    assert(p->callers_len < PAIR_H3_CALLERS_MAX);
    struct caller *c = &p->callers[p->callers_len];
    *c = (struct caller){.call = NULL};
    *err = tri_h3_client_calls.open(p->client, request, c, &c->call);
    if (*err != TRI_OK) {
        return NULL;
    }
    assert(c->call->owner == c && strcmp(c->call->carrier->http, "h3") == 0);
    p->callers_len++;
    return c;
}

struct caller *pair_h3_ask(struct pair_h3 *p)
{
    enum tri_err err;
    struct caller *c = pair_h3_try(p, &pair_h3_request, &err);
    assert(c && err == TRI_OK);
    return c;
}

struct caller *pair_h3_open(struct pair_h3 *p)
{
    struct caller *c = pair_h3_ask(p);
    pair_h3_run(p);
    assert(c->is_bound);
    return c;
}

size_t pair_h3_room(const struct pair_h3 *p)
{
    return tri_h3_client_calls.room(p->client);
}

struct tri_call_end pair_h3_end(const struct pair_h3 *p)
{
    return tri_h3_client_calls.end(p->client);
}

/* ---- datagrams and time */

static void flush(struct pair_h3 *p)
{
    struct rig_h3 *r = &p->rig;
    struct tri_h3_run run;
    uint8_t buf[1500];
    for (size_t len; p->bare && (len = bare_server_h3_send(p->bare, buf, sizeof buf, r->now_ns));) {
        link_h3_push(&r->down, buf, len, 0, r->now_ns);
    }
    if (!p->bare) {
        rig_h3_flush(r);
    }
    while (p->client && tri_h3_client_send(p->client, &run, r->now_ns)) {
        assert(run.len > 0 && run.segment > 0 && run.len <= TRI_H3_RUN_BYTES_MAX);
        assert(tri_addr_equal(&run.local, &r->client) && tri_addr_equal(&run.remote, &r->server));
        for (size_t at = 0; at < run.len; at += run.segment) {
            size_t len = run.len - at < run.segment ? run.len - at : run.segment;
            link_h3_push(&r->up, run.data + at, len, run.ecn, r->now_ns);
        }
    }
}

static void deliver(struct pair_h3 *p)
{
    struct rig_h3 *r = &p->rig;
    for (struct link_packet *k; (k = link_h3_pop(&r->up, r->now_ns)); free(k)) {
        if (p->bare) {
            bare_server_h3_recv(p->bare, k->data, k->len, r->now_ns);
        } else {
            tri_h3_endpoint_recv(r->endpoint, &r->server, &r->client, k->ecn, k->data, k->len,
                                 r->now_ns);
        }
    }
    for (struct link_packet *k; (k = link_h3_pop(&r->down, r->now_ns)); free(k)) {
        if (p->client) {
            tri_h3_client_recv(p->client, k->ecn, k->data, k->len, r->now_ns);
        }
    }
}

static void expire(struct pair_h3 *p)
{
    struct rig_h3 *r = &p->rig;
    if (tri_h3_endpoint_deadline_ns(r->endpoint) <= r->now_ns) {
        tri_h3_endpoint_expire(r->endpoint, r->now_ns);
    }
    if (p->bare && bare_server_h3_deadline_ns(p->bare) <= r->now_ns) {
        bare_server_h3_expire(p->bare, r->now_ns);
    }
    if (p->client && p->client->ops->deadline_ns(p->client) <= r->now_ns) {
        p->client->ops->expire(p->client, r->now_ns);
    }
}

static uint64_t min_ns(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t next_arrival_ns(const struct pair_h3 *p)
{
    return min_ns(link_h3_next_ns(&p->rig.up), link_h3_next_ns(&p->rig.down));
}

static uint64_t next_event_ns(const struct pair_h3 *p)
{
    uint64_t ns = min_ns(next_arrival_ns(p), tri_h3_endpoint_deadline_ns(p->rig.endpoint));
    ns = p->bare ? min_ns(ns, bare_server_h3_deadline_ns(p->bare)) : ns;
    return p->client ? min_ns(ns, p->client->ops->deadline_ns(p->client)) : ns;
}

static void step_to(struct pair_h3 *p, uint64_t ns)
{
    p->rig.now_ns = ns > p->rig.now_ns ? ns : p->rig.now_ns;
    deliver(p);
    expire(p);
    flush(p);
}

void pair_h3_run(struct pair_h3 *p)
{
    flush(p);
    uint64_t moved_ns = p->rig.now_ns;
    for (;;) {
        uint64_t ns = next_event_ns(p);
        if (ns == UINT64_MAX || ns > moved_ns + QUIET_NS) {
            return;
        }
        if (next_arrival_ns(p) <= ns) {
            moved_ns = ns;
        }
        step_to(p, ns);
    }
}

void pair_h3_advance(struct pair_h3 *p, uint64_t ms)
{
    uint64_t end_ns = p->rig.now_ns + ms * TRI_NS_PER_MS;
    flush(p);
    for (uint64_t ns; (ns = next_event_ns(p)) <= end_ns;) {
        step_to(p, ns);
    }
    step_to(p, end_ns);
}

/* ---- life */

bool pair_h3_init(struct pair_h3 *p, const struct pair_h3_options *options)
{
    p->options = *options;
    if (!p->options.rig.tls) {
        p->options.rig.tls = pair_h3_server_tls();
    }
    test_alloc_init(&p->alloc);
    tri_limits_default(&p->limits);
    if (options->bare) {
        p->bare = bare_server_h3_new(options->bare, pair_h3_bare_tls());
    }
    return rig_h3_init(&p->rig, &p->options.rig);
}

bool pair_h3_dial(struct pair_h3 *p)
{
    const struct pair_h3_options *o = &p->options;
    assert(!p->client);
    const struct tri_h3_client_config config = {
        .call = {.alloc = o->alloc ? o->alloc : &p->alloc.alloc,
                 .limits = o->limits ? o->limits : &p->limits,
                 .random = &p->rig.random,
                 .events = &call_events,
                 .user = p,
                 .carrier = {.conn_id = 5}},
        .tls = o->tls ? o->tls : pair_h3_client_tls(),
        .host = o->host ? o->host : "localhost",
        .resume = o->resume,
        .qlog_dir = o->rig.qlog_dir,
        .local = p->rig.client,
        .remote = p->rig.server,
    };
    if (tri_h3_client_new(&p->client, &config, p->rig.now_ns) != TRI_OK) {
        p->client = NULL;
        return false;
    }
    pair_h3_run(p);
    return true;
}

void pair_h3_hang_up(struct pair_h3 *p)
{
    if (p->client) {
        p->client->ops->free(p->client);
        p->client = NULL;
    }
}

void pair_h3_deinit(struct pair_h3 *p)
{
    pair_h3_hang_up(p);
    bare_server_h3_free(p->bare);
    rig_h3_deinit(&p->rig);
    assert(p->alloc.live == 0);
    for (size_t i = 0; i < p->callers_len; i++) {
        const struct caller *c = &p->callers[i];
        assert(c->closes == c->is_bound); /* contract line 8 */
        free(c->in);
        free(c->out);
    }
}

struct pair_h3 *pair_h3_new(const struct pair_h3_options *options)
{
    struct pair_h3 *p = calloc(1, sizeof *p);
    assert(p);
    bool made = pair_h3_init(p, options);
    assert(made);
    made = pair_h3_dial(p);
    assert(made);
    return p;
}

void pair_h3_free(struct pair_h3 *p)
{
    pair_h3_deinit(p);
    free(p);
}

struct pair_h3 *pair_h3_new_bare(int64_t *control)
{
    /* A control stream, and SETTINGS with SETTINGS_ENABLE_CONNECT_PROTOCOL = 1. */
    static const uint8_t settings[] = {0x00, 0x04, 0x02, 0x08, 0x01};
    static const struct bare_server_h3_options options = {.alpn = NULL};
    struct pair_h3 *p = pair_h3_new(&(struct pair_h3_options){.bare = &options});
    *control = bare_server_h3_open(p->bare, true);
    assert(*control >= 0);
    bare_server_h3_write(p->bare, *control, settings, sizeof settings, false);
    pair_h3_run(p);
    assert(p->readies == 1 && p->connect);
    return p;
}
