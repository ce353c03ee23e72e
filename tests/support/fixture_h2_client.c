/*
 * The client's end of an h2 connection, with the server's adapter as its peer: what the peer
 * "requests" is a call that we open, and the tenant lives on our stream.
 */
#include "fixture.h"

#include "base_timeout.h"
#include "h2_client.h"
#include "h2_conn.h"
#include "tenant.h"

#include <assert.h>
#include <stdlib.h>

#define SLICES ((size_t)32)
#define PEER_BYTES ((size_t)(2 * 1024 * 1024)) /* that a case has a peer send on a stream */

/* Our stream, as an exchange that is there to be accepted; its ops go through to the call's. */
struct shim {
    struct tri_exchange exchange; /* first */
    struct tri_call *call;
    struct tenant peer; /* at the server's end */
    int status;
};

struct fixture {
    struct tri_conn *client, *server;
    const struct tri_exchange_events *events;
    void *user;
    struct tri_limits limits; /* the server's */
    struct shim *streams[FIXTURE_STREAMS_MAX];
    size_t streams_len, asked_len;
    uint64_t now_ns;
    bool is_lost;
};

/* ---- the shim */

static struct tri_stream *real_of(struct tri_stream *seam)
{
    return &TRI_CONTAINER_OF(seam, struct shim, exchange.stream)->call->stream;
}

static void shim_wake_write(struct tri_stream *seam)
{
    real_of(seam)->ops->wake_write(real_of(seam));
}

static void shim_consume(struct tri_stream *seam, size_t len)
{
    real_of(seam)->ops->consume(real_of(seam), len);
}

static void shim_abort(struct tri_stream *seam)
{
    real_of(seam)->ops->abort(real_of(seam));
}

static void shim_set_urgency(struct tri_stream *seam, unsigned urgency)
{
    real_of(seam)->ops->set_urgency(real_of(seam), urgency);
}

static const struct tri_stream_ops shim_ops = {
    .name = "h2",
    .wake_write = shim_wake_write,
    .consume = shim_consume,
    .abort = shim_abort,
    .set_urgency = shim_set_urgency,
};

static enum tri_err shim_respond(struct tri_exchange *x, const struct tri_response *r)
{
    struct shim *shim = TRI_CONTAINER_OF(x, struct shim, exchange);
    shim->call->stream.events = r->events;
    shim->call->stream.session = r->session;
    return TRI_OK;
}

static const struct tri_exchange_ops shim_exchange_ops = {.respond = shim_respond};

/* ---- the client */

static void on_ready(void *user, bool connect)
{
    (void)user;
    assert(connect);
}

static void on_answer(void *user, struct tri_call *call, const struct tri_call_answer *answer)
{
    struct fixture *f = user;
    struct shim *shim = call->owner;
    assert(answer->is_accepted);
    shim->status = answer->status;
    shim->exchange = (struct tri_exchange){
        .stream.ops = &shim_ops, .ops = &shim_exchange_ops, .carrier = call->carrier};
    const struct tri_request_head head = {.method = TRI_SLICE("CONNECT"),
                                          .protocol = TRI_SLICE("websocket")};
    f->events->on_request(f->user, &shim->exchange, &head);
}

static void on_fail(void *user, struct tri_call *call, const struct tri_call_end *end)
{
    (void)user;
    (void)call;
    (void)end; /* the server accepts; else the connection was lost before */
}

static void on_wake(void *user)
{
    (void)user;
}

static const struct tri_call_events call_events = {
    .on_ready = on_ready, .on_answer = on_answer, .on_fail = on_fail, .on_wake = on_wake};

/* ---- the server: the streams come in the order in which they were asked for */

static void server_on_request(void *user, struct tri_exchange *x,
                              const struct tri_request_head *head)
{
    struct fixture *f = user;
    struct shim *shim = f->streams[f->asked_len++];
    tenant_init(&shim->peer, x, head);
    tenant_room(&shim->peer, PEER_BYTES);
    tenant_accept(&shim->peer);
}

static void server_on_cancel(void *user, struct tri_exchange *x)
{
    (void)user;
    (void)x;
    assert(false); /* each is answered at once */
}

static const struct tri_exchange_events server_events = {
    .on_request = server_on_request, .on_cancel = server_on_cancel, .on_wake = on_wake};

static struct tri_conn *open_server(struct fixture *f)
{
    const struct tri_conn_config config = {
        .alloc = tri_alloc_heap(),
        .limits = &f->limits,
        .events = &server_events,
        .user = f,
        .carrier = {.conn_id = 2, .http = "h2"},
        .extended_connect = true,
    };
    struct tri_conn *server;
    enum tri_err err = tri_h2_conn_new(&server, &config, f->now_ns);
    assert(err == TRI_OK);
    (void)err;
    return server;
}

/* ---- the fixture */

static bool move(struct fixture *f, struct tri_conn *from, struct tri_conn *to)
{
    struct tri_slice slices[SLICES];
    bool moved = false;
    for (;;) {
        const size_t n = from->ops->send(from, slices, SLICES, f->now_ns);
        if (n == 0) {
            return moved;
        }
        for (size_t i = 0; i < n && !f->is_lost; i++) {
            (void)!to->ops->recv(to, slices[i].data, slices[i].len, f->now_ns);
        }
        moved = true;
    }
}

static void client_run(struct fixture *f)
{
    for (bool moved = true; moved;) {
        moved = move(f, f->client, f->server);
        moved = move(f, f->server, f->client) || moved;
    }
}

static void client_close(struct fixture *f)
{
    f->client->ops->free(f->client);
    f->server->ops->free(f->server);
    for (size_t i = 0; i < f->streams_len; i++) {
        tenant_deinit(&f->streams[i]->peer);
        free(f->streams[i]);
    }
    free(f);
}

static struct fixture *client_open(const struct tri_alloc *alloc, const struct tri_limits *limits,
                                   const struct tri_exchange_events *events, void *user)
{
    struct fixture *f = calloc(1, sizeof *f);
    assert(f);
    *f = (struct fixture){
        .events = events, .user = user, .limits = *limits, .now_ns = 1000 * TRI_NS_PER_MS};
    const struct tri_call_config config = {
        .alloc = alloc,
        .limits = limits,
        .events = &call_events,
        .user = f,
        .carrier = {.conn_id = 1, .http = "h2", .remote = "127.0.0.1:8443"},
    };
    if (tri_h2_client_new(&f->client, &config, f->now_ns) != TRI_OK) {
        free(f);
        return NULL;
    }
    f->server = open_server(f);
    client_run(f);
    return f;
}

static void client_shutdown(struct fixture *f)
{
    f->client->ops->shutdown(f->client, f->now_ns);
}

static void client_advance(struct fixture *f, uint64_t ms)
{
    f->now_ns += ms * TRI_NS_PER_MS;
    if (f->client->ops->deadline_ns(f->client) <= f->now_ns) {
        f->client->ops->expire(f->client, f->now_ns);
    }
    client_run(f);
}

static uint64_t client_now_ns(const struct fixture *f)
{
    return f->now_ns;
}

static int client_request(struct fixture *f, const struct fixture_request *r)
{
    assert(r->protocol && f->streams_len < FIXTURE_STREAMS_MAX);
    static const struct tri_field fields[] = {
        {TRI_SLICE("sec-websocket-version"), TRI_SLICE("13")}};
    const struct tri_call_request request = {.authority = TRI_SLICE("localhost"),
                                             .path = TRI_SLICE("/echo"),
                                             .fields = fields,
                                             .fields_len = 1};
    struct shim *shim = calloc(1, sizeof *shim);
    assert(shim);
    if (tri_h2_client_calls.open(f->client, &request, shim, &shim->call) != TRI_OK) {
        free(shim);
        return -1;
    }
    f->streams[f->streams_len] = shim;
    return (int)f->streams_len++;
}

static struct tenant *peer_of(const struct fixture *f, int stream)
{
    return &f->streams[stream]->peer;
}

static void client_send(struct fixture *f, int stream, const void *data, size_t len)
{
    tenant_send(peer_of(f, stream), data, len);
}

static void client_fin(struct fixture *f, int stream)
{
    tenant_end(peer_of(f, stream));
}

static void client_reset(struct fixture *f, int stream)
{
    tenant_abort(peer_of(f, stream));
}

static void client_pause(struct fixture *f, int stream, bool paused)
{
    struct tenant *t = peer_of(f, stream);
    t->hold_credit = paused;
    if (!paused && t->closes == 0) {
        tenant_consume(t, t->unconsumed);
    }
}

static void client_lose(struct fixture *f)
{
    f->is_lost = true;
    f->client->ops->recv_eof(f->client, false, f->now_ns);
}

static void client_seen(const struct fixture *f, int stream, struct fixture_seen *out)
{
    const struct tenant *t = peer_of(f, stream);
    *out = (struct fixture_seen){
        .status = f->streams[stream]->status,
        .body = tri_slice_of(t->in, t->in_len),
        .fin = t->fins > 0,
        .reset = t->closes > 0 && t->cause == TRI_STREAM_RESET,
        .conn_closed = f->is_lost || f->client->ops->is_done(f->client),
    };
}

static size_t client_unsent(const struct fixture *f, int stream)
{
    return peer_of(f, stream)->queued - peer_of(f, stream)->sent;
}

const struct fixture_ops fixture_h2_client = {
    .name = "h2 call",
    .asks = true,
    .many_streams = true,
    .half_close = true,
    .stream_windows = true,
    .held_bytes_max = TRI_STREAM_WINDOW_BYTES,
    .open = client_open,
    .close = client_close,
    .shutdown = client_shutdown,
    .run = client_run,
    .advance = client_advance,
    .now_ns = client_now_ns,
    .request = client_request,
    .send = client_send,
    .fin = client_fin,
    .reset = client_reset,
    .stop = client_reset,
    .pause = client_pause,
    .lose = client_lose,
    .seen = client_seen,
    .unsent = client_unsent,
};
