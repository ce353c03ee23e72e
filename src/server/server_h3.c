/* See server_h3.h. */
#include "server_h3.h"

#include "server_request.h"

#include <assert.h>
#include <errno.h>
#include <time.h>

/* A connection of the endpoint, as its requests know it. */
struct h3_link {
    struct tri_link link; /* first: the endpoint's user */
    struct tri_h3_port *port;
    struct tri_list node; /* in port->conns */
    uint64_t id;
    size_t sockets_open;
    struct tri_peer *peer; /* for the gate; NULL before its address is proven */
    char remote[TRI_ADDR_TEXT_MAX];
};

static void mark_dirty(struct tri_link *link)
{
    struct h3_link *c = TRI_CONTAINER_OF(link, struct h3_link, link);
    c->port->dirty = true;
    c->port->may_shut = c->port->may_shut || c->sockets_open == 0;
}

/* ---------------------------------------------------------------------- what the endpoint tells */

static void *accept_conn(void *owner, struct tri_carrier *carrier, const struct tri_addr *remote)
{
    struct tri_h3_port *port = owner;
    struct tri_hub *hub = port->hub;
    uint64_t id = hub->stopping ? 0 : tri_gate_enter(hub, remote);
    if (id == 0) {
        return NULL;
    }
    struct h3_link *c = tri_alloc_zero(hub->shared->alloc, sizeof *c);
    if (!c) {
        tri_gate_leave(hub, NULL);
        return NULL;
    }
    /* A client that is here has found HTTP/3: it needs no alt-svc. */
    c->link = (struct tri_link){
        .hub = hub, .alt_svc = "", .sockets_open = &c->sockets_open, .wake = mark_dirty};
    c->link.metrics = &hub->metrics.http[TRI_METRICS_H3];
    c->port = port;
    c->id = id;
    tri_addr_format(remote, c->remote);
    tri_list_init(&c->node);
    tri_list_append(&port->conns, &c->node);
    carrier->conn_id = id;
    TRI_LOG(tri_hub_log(hub), DEBUG, "conn.open", TRI_KV_U("conn", id), TRI_KV_S("http", "h3"),
            TRI_KV_S("remote", c->remote));
    return &c->link;
}

static bool admit_conn(void *owner, void *user, const struct tri_addr *remote)
{
    struct tri_h3_port *port = owner;
    struct h3_link *c = TRI_CONTAINER_OF((struct tri_link *)user, struct h3_link, link);
    assert(!c->peer);
    return tri_gate_admit(port->hub, remote, &c->peer);
}

/* While the server stops, GOAWAY waits for the last socket: some clients drop theirs at once. */
static bool has_sockets(void *owner, void *user)
{
    (void)owner;
    const struct h3_link *c = TRI_CONTAINER_OF((struct tri_link *)user, struct h3_link, link);
    return c->sockets_open > 0;
}

static void forget_conn(void *owner, void *user)
{
    struct tri_h3_port *port = owner;
    struct h3_link *c = TRI_CONTAINER_OF((struct tri_link *)user, struct h3_link, link);
    TRI_LOG(tri_hub_log(port->hub), DEBUG, "conn.close", TRI_KV_U("conn", c->id),
            TRI_KV_S("remote", c->remote));
    assert(c->sockets_open == 0);
    tri_metrics_conn_sockets(c->link.metrics, c->link.sockets_peak);
    tri_list_remove(&c->node);
    tri_gate_leave(port->hub, c->peer);
    tri_alloc_release(port->hub->shared->alloc, c);
}

/* --------------------------------------------------------------------------- what net tells */

static void take_datagram(void *user, const struct tri_addr *local, const struct tri_addr *remote,
                          uint8_t ecn, const uint8_t *data, size_t len)
{
    struct tri_h3_port *port = user;
    tri_h3_endpoint_recv(port->endpoint, local, remote, ecn, data, len, tri_hub_now_ns(port->hub));
    port->dirty = true;
}

static void take_writable(void *user)
{
    struct tri_h3_port *port = user;
    port->blocked = false;
    port->dirty = true;
}

static const struct tri_udp_events udp_events = {
    .on_datagram = take_datagram,
    .on_writable = take_writable,
};

/* ----------------------------------------------------------------------------- the port itself */

static_assert(TRI_SECRET_LEN == TRI_H3_SECRET_LEN, "the endpoint takes the server's secret");

/* From the loop's time to the one that a restart does not change. Before 1970 it is 0. */
static uint64_t clock_offset_ns(struct tri_hub *hub)
{
    struct timespec now = {.tv_sec = 0};
    (void)clock_gettime(CLOCK_REALTIME, &now);
    const uint64_t world_ns = (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
    const uint64_t loop_ns = tri_hub_now_ns(hub);
    return world_ns > loop_ns ? world_ns - loop_ns : 0;
}

static enum tri_err make_endpoint(struct tri_h3_port *port)
{
    struct tri_hub *hub = port->hub;
    const struct tri_config *config = tri_hub_config(hub);
    const struct tri_h3_config h3_config = {
        .alloc = hub->shared->alloc,
        .limits = &config->limits,
        .log = &config->log,
        .random = tri_random_system(),
        .tls = &hub->shared->quic_tls,
        .qlog_dir = config->qlog_dir,
        .secret = hub->shared->secret,
        .clock_offset_ns = clock_offset_ns(hub),
        .events = &tri_request_exchange_events,
        .extended_connect = port->extended_connect,
        .early_data = config->early_data != TRI_EARLY_DATA_OFF,
        .budget = &hub->shared->budget,
        .metrics = &hub->metrics,
        .on_accept = accept_conn,
        .on_proven = admit_conn,
        .on_closed = forget_conn,
        .is_busy = has_sockets,
        .owner = port,
    };
    return tri_h3_endpoint_new(&port->endpoint, &h3_config);
}

enum tri_err tri_h3_port_open(struct tri_h3_port *port, struct tri_hub *hub, struct tri_addr *addr,
                              bool extended_connect)
{
    assert(hub && tri_shared_has_quic(hub->shared));
    *port =
        (struct tri_h3_port){.hub = hub, .extended_connect = extended_connect, .may_shut = true};
    tri_list_init(&port->conns);
    enum tri_err err = tri_udp_open(&port->udp, hub->loop, addr, &udp_events, port);
    if (err != TRI_OK) {
        port->udp = NULL;
        return err;
    }
    err = make_endpoint(port);
    if (err != TRI_OK) {
        tri_udp_close(port->udp);
        *port = (struct tri_h3_port){.hub = hub};
    }
    return err;
}

/* Everything the endpoint has now, or until the socket is full. */
static void send_runs(struct tri_h3_port *port, uint64_t now_ns)
{
    struct tri_h3_run run;
    while (!port->blocked && tri_h3_endpoint_send(port->endpoint, &run, now_ns)) {
        enum tri_err err = tri_udp_send(port->udp, &run.local, &run.remote, run.ecn, run.data,
                                        run.len, run.segment);
        port->blocked = err == TRI_AGAIN;
    }
}

/* What a full socket does not take of the last words is lost: nobody waits for it any more. */
void tri_h3_port_close(struct tri_h3_port *port)
{
    if (!port->udp) {
        return;
    }
    uint64_t now_ns = tri_hub_now_ns(port->hub);
    tri_h3_endpoint_close(port->endpoint, now_ns);
    send_runs(port, now_ns);
    tri_h3_endpoint_free(port->endpoint);
    assert(tri_list_is_empty(&port->conns));
    tri_udp_close(port->udp);
    *port = (struct tri_h3_port){.hub = port->hub};
}

static void shut_free_ones(struct tri_h3_port *port, uint64_t now_ns)
{
    if (port->hub->stopping && port->may_shut) {
        port->may_shut = false;
        tri_h3_endpoint_shutdown(port->endpoint, now_ns);
        port->dirty = true;
    }
}

void tri_h3_port_flush(struct tri_h3_port *port)
{
    if (!port->udp) {
        return;
    }
    uint64_t now_ns = tri_hub_now_ns(port->hub);
    shut_free_ones(port, now_ns);
    if (port->dirty && !port->blocked) {
        port->dirty = false; /* events during the sending may set it again */
        send_runs(port, now_ns);
    }
}

bool tri_h3_port_is_dirty(const struct tri_h3_port *port)
{
    return port->udp && port->dirty && !port->blocked;
}

bool tri_h3_port_is_idle(const struct tri_h3_port *port)
{
    return !port->udp || tri_h3_endpoint_is_idle(port->endpoint);
}

uint64_t tri_h3_port_deadline_ns(const struct tri_h3_port *port)
{
    /* A full socket makes every pacing deadline a past one: on_writable comes first. */
    if (!port->udp || port->blocked) {
        return UINT64_MAX;
    }
    return tri_h3_endpoint_deadline_ns(port->endpoint);
}

void tri_h3_port_expire(struct tri_h3_port *port, uint64_t now_ns)
{
    if (tri_h3_port_deadline_ns(port) <= now_ns) {
        tri_h3_endpoint_expire(port->endpoint, now_ns);
        port->dirty = true;
    }
}
