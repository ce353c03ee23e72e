/* See client_conn.h: the beginning and the end of a connection, and what its links tell. */
#include "client_conn.h"

#include <assert.h>
#include <stdio.h>

void tri_client_conn_set_state(struct tri_client_conn *c, enum tri_client_conn_state state)
{
    assert(state > c->state);
    c->state = state;
}

void tri_client_conn_mark_dirty(struct tri_client_conn *c)
{
    if (c->state != TRI_CLIENT_CONN_ENDED && !tri_list_is_linked(&c->dirty)) {
        tri_list_append(&c->client->dirty, &c->dirty);
    }
}

static uint64_t since_asked_ns(const struct tri_client_conn *c)
{
    const uint64_t ns = tri_client_now_ns() - c->asked_ns;
    return ns > 0 ? ns : 1; /* 0 says: not done */
}

static uint64_t handshake_ns(const struct tri_client_conn *c)
{
    return c->client->config.limits.handshake_timeout_ms * TRI_NS_PER_MS;
}

/* ----------------------------------------------------------------------------------- the making */

static void take_addrs(void *user, const struct tri_addr *addrs, size_t addrs_len,
                       const char *error)
{
    struct tri_client_conn *c = user;
    (void)tri_client_turn_ns(c->client);
    assert(c->state == TRI_CLIENT_CONN_RESOLVING && addrs_len <= TRI_RESOLVE_ADDRS_MAX);
    c->resolve = NULL;
    tri_client_conn_mark_dirty(c);
    if (addrs_len == 0) {
        tri_client_fault_set(&c->fault, TRI_FAULT_RESOLVE, "%s has no address: %s", c->url.host,
                             error);
        return;
    }
    memcpy(c->addrs, addrs, addrs_len * sizeof addrs[0]);
    c->addrs_len = addrs_len;
    c->timing.resolved_ns = since_asked_ns(c);
}

/* HTTP/3 first: where nothing else may be used, where it is wanted, or where it is known to be. */
static void plan(struct tri_client_conn *c, bool h3_first, uint64_t now_ns)
{
    const uint16_t told = tri_client_services_find(&c->client->services, &c->url, now_ns);
    c->tcp_versions = c->http & (TRI_HTTP_1_1 | TRI_HTTP_2);
    c->over_quic = (c->http & TRI_HTTP_3) && (c->tcp_versions == 0 || h3_first || told != 0);
    c->quic_port = told != 0 && c->tcp_versions != 0 ? told : c->url.port;
}

static void init_conn(struct tri_client_conn *c, struct tri_client *client,
                      const struct tri_client_conn_setup *setup, const struct tri_client_url *url)
{
    *c = (struct tri_client_conn){
        .client = client,
        .url = *url,
        .http = setup->http != 0 ? setup->http : TRI_HTTP_ALL,
        .on_ready = setup->on_ready,
        .on_closed = setup->on_closed,
        .user = setup->user,
        .asked_ns = tri_client_now_ns(),
        .carrier = {.http = "", .remote = "", .tls_version = "", .tls_cipher = "", .tls_group = ""},
    };
    c->url.path = TRI_SLICE("");
    c->carrier.conn_id = ++client->conns_made;
    tri_list_init(&c->waiting);
    tri_list_init(&c->asked);
    tri_list_init(&c->sockets);
    tri_list_init(&c->node);
    tri_list_init(&c->dirty);
    const uint64_t now_ns = tri_client_turn_ns(client);
    c->phase_deadline_ns = now_ns + handshake_ns(c);
    plan(c, setup->h3_first, now_ns);
}

static enum tri_err start(struct tri_client_conn *c)
{
    struct tri_client *client = c->client;
    const struct tri_resolve_query query = {
        .host = c->url.host, .port = c->url.port, .on_done = take_addrs, .user = c};
    enum tri_err err = tri_heap_reserve(&client->deadlines);
    if (err == TRI_OK) {
        err = tri_resolve_start(&c->resolve, client->loop, &query);
    }
    if (err == TRI_OK) {
        tri_list_append(&client->conns, &c->node);
        tri_heap_set(&client->deadlines, &c->deadline, c->phase_deadline_ns);
    }
    return err;
}

static const char *check(struct tri_client_url *url, const struct tri_client_conn_setup *setup)
{
    const char *wrong = tri_client_url_parse(url, setup->url);
    if (!wrong && setup->http > TRI_HTTP_ALL) {
        wrong = "the HTTP versions that may be used are none";
    }
    return wrong;
}

static enum tri_err make(struct tri_client_conn **out, struct tri_client *client,
                         const struct tri_client_conn_setup *setup,
                         const struct tri_client_url *url)
{
    struct tri_client_conn *c = tri_alloc_get(client->config.alloc, sizeof *c);
    if (!c) {
        return TRI_ERR_NOMEM;
    }
    init_conn(c, client, setup, url);
    const enum tri_err err = start(c);
    if (err != TRI_OK) {
        tri_alloc_release(client->config.alloc, c);
        return err;
    }
    *out = c;
    return TRI_OK;
}

enum tri_err tri_client_connect(struct tri_client_conn **out, struct tri_client *client,
                                const struct tri_client_conn_setup *setup, char *error,
                                size_t error_max)
{
    assert(out && client && setup);
    *out = NULL;
    struct tri_client_url url;
    const char *text = check(&url, setup);
    enum tri_err err = text ? TRI_ERR_INVALID : TRI_OK;
    if (err == TRI_OK && client->is_ending) {
        err = TRI_ERR_CLOSED;
        text = "the client is being freed";
    }
    if (err == TRI_OK) {
        err = make(out, client, setup, &url);
        text = err == TRI_OK ? "" : "memory is short";
    }
    if (error && error_max > 0) {
        (void)snprintf(error, error_max, "%s", text);
    }
    return err;
}

/* -------------------------------------------------------------------------- what links tell */

void tri_client_conn_connected(struct tri_client_conn *c)
{
    assert(c->state == TRI_CLIENT_CONN_OPENING);
    c->timing.connected_ns = since_asked_ns(c);
    c->phase_deadline_ns = c->client->sessions.now_ns + handshake_ns(c);
    tri_client_conn_mark_dirty(c);
}

void tri_client_conn_secured(struct tri_client_conn *c, const struct tri_carrier *carrier,
                             bool is_resumed)
{
    assert(c->state == TRI_CLIENT_CONN_OPENING);
    c->timing.secured_ns = since_asked_ns(c);
    c->phase_deadline_ns = c->client->sessions.now_ns + handshake_ns(c);
    c->carrier.http = carrier->http;
    c->carrier.tls_version = carrier->tls_version;
    c->carrier.tls_cipher = carrier->tls_cipher;
    c->carrier.tls_group = carrier->tls_group;
    c->is_resumed = is_resumed;
    tri_client_conn_mark_dirty(c);
}

static void log_open(const struct tri_client_conn *c)
{
    const struct tri_carrier *carrier = &c->carrier;
    TRI_LOG(&c->client->config.log, DEBUG, "conn.open", TRI_KV_U("conn", carrier->conn_id),
            TRI_KV_S("http", carrier->http), TRI_KV_S("remote", c->remote),
            TRI_KV_S("tls", carrier->tls_version), TRI_KV_S("cipher", carrier->tls_cipher),
            TRI_KV_S("group", carrier->tls_group));
}

void tri_client_conn_up(struct tri_client_conn *c)
{
    tri_client_conn_set_state(c, TRI_CLIENT_CONN_READY);
    c->phase_deadline_ns = UINT64_MAX;
    if (strcmp(c->carrier.http, "http/1.1") != 0) {
        c->timing.settings_ns = since_asked_ns(c);
    }
    c->client->metrics.resumed += c->is_resumed;
    tri_metrics_conn_opened(tri_client_conn_metrics(c));
    log_open(c);
    if (c->on_ready && !c->abort_asked && !c->close_asked) {
        c->on_ready(c->user, c);
    }
}

void tri_client_conn_lost(struct tri_client_conn *c, bool unanswered)
{
    assert(!c->link);
    c->is_unanswered = unanswered;
    tri_client_conn_mark_dirty(c);
}

struct tri_http_metrics *tri_client_conn_metrics(struct tri_client_conn *c)
{
    struct tri_http_metrics *http = c->client->metrics.http;
    if (strcmp(c->carrier.http, "h3") == 0) {
        return &http[TRI_METRICS_H3];
    }
    return &http[strcmp(c->carrier.http, "h2") == 0 ? TRI_METRICS_H2 : TRI_METRICS_H1];
}

struct tri_call_config tri_client_conn_call_config(struct tri_client_conn *c, const char *http)
{
    const struct tri_client_config *config = &c->client->config;
    struct tri_carrier carrier = c->carrier;
    carrier.http = http;
    carrier.remote = c->remote;
    return (struct tri_call_config){
        .alloc = config->alloc,
        .limits = &config->limits,
        .log = &config->log,
        .random = tri_random_system(),
        .events = &tri_client_conn_call_events,
        .user = c,
        .carrier = carrier,
    };
}

/* ------------------------------------------------------------------------------------- the end */

/* What the link carried counts on when it is gone. */
void tri_client_conn_drop_link(struct tri_client_conn *c)
{
    struct tri_client_link *link = c->link;
    if (link) {
        const struct tri_client_traffic traffic = link->ops->traffic(link);
        link->ops->save_ticket(link);
        link->ops->drop(link); /* sockets that are told of their end may ask for the traffic */
        c->link = NULL;
        c->traffic.bytes_in += traffic.bytes_in;
        c->traffic.bytes_out += traffic.bytes_out;
    }
}

static void log_end(const struct tri_client_conn *c, bool was_up)
{
    const struct tri_log *log = &c->client->config.log;
    const char *fault = tri_fault_name(c->fault.fault);
    if (was_up) {
        TRI_LOG(log, DEBUG, "conn.close", TRI_KV_U("conn", c->carrier.conn_id),
                TRI_KV_S("remote", c->remote),
                TRI_KV_S("cause", c->fault.fault == TRI_FAULT_NONE ? "closed" : fault));
    } else {
        TRI_LOG(log, INFO, "conn.fail", TRI_KV_U("conn", c->carrier.conn_id),
                TRI_KV_S("host", c->url.authority), TRI_KV_S("cause", fault),
                TRI_KV_S("text", c->fault.text));
    }
}

/* A socket that did not open because of how its connection ended. */
static struct tri_failure failure_of_calls(const struct tri_client_conn *c)
{
    struct tri_failure why = tri_client_fault_tell(&c->fault);
    if (why.fault == TRI_FAULT_NONE) {
        why.fault = TRI_FAULT_LOST;
    }
    return why;
}

void tri_client_conn_end(struct tri_client_conn *c)
{
    struct tri_client *client = c->client;
    const bool was_up = c->state >= TRI_CLIENT_CONN_READY;
    tri_client_conn_set_state(c, TRI_CLIENT_CONN_ENDED);
    if (c->resolve) {
        tri_resolve_cancel(c->resolve);
        c->resolve = NULL;
    }
    tri_client_conn_drop_link(c);
    const struct tri_failure why = failure_of_calls(c);
    tri_client_calls_fail_asked(c, &why);
    tri_client_calls_fail_waiting(c, &why);
    assert(tri_list_is_empty(&c->sockets));
    if (was_up) {
        tri_metrics_conn_closed(tri_client_conn_metrics(c));
    }
    log_end(c, was_up);
    tri_heap_remove(&client->deadlines, &c->deadline);
    tri_list_remove(&c->dirty);
    tri_list_remove(&c->node);
    tri_list_append(&client->ended, &c->node);
}

void tri_client_conn_tell_end(struct tri_client_conn *c)
{
    assert(c->state == TRI_CLIENT_CONN_ENDED && !c->link);
    const struct tri_failure why = tri_client_fault_tell(&c->fault);
    tri_list_remove(&c->node);
    if (c->on_closed) {
        c->on_closed(c->user, c, &why);
    }
    tri_alloc_release(c->client->config.alloc, c);
}

void tri_client_conn_close(struct tri_client_conn *c)
{
    if (c->state != TRI_CLIENT_CONN_ENDED) {
        c->close_asked = true;
        tri_client_conn_mark_dirty(c);
    }
}

void tri_client_conn_abort(struct tri_client_conn *c)
{
    if (c->state != TRI_CLIENT_CONN_ENDED) {
        c->abort_asked = true;
        tri_client_conn_mark_dirty(c);
    }
}

/* -------------------------------------------------------------------------------- what it is */

const struct tri_carrier *tri_client_conn_carrier(const struct tri_client_conn *c)
{
    return &c->carrier;
}

struct tri_client_timing tri_client_conn_timing(const struct tri_client_conn *c)
{
    return c->timing;
}

struct tri_client_traffic tri_client_conn_traffic(const struct tri_client_conn *c)
{
    struct tri_client_traffic all = c->traffic;
    if (c->link) {
        const struct tri_client_traffic now = c->link->ops->traffic(c->link);
        all.bytes_in += now.bytes_in;
        all.bytes_out += now.bytes_out;
    }
    return all;
}

bool tri_client_conn_is_resumed(const struct tri_client_conn *c)
{
    return c->is_resumed;
}

bool tri_client_conn_is_closing(const struct tri_client_conn *c)
{
    return c->close_asked || c->state >= TRI_CLIENT_CONN_CLOSING;
}
