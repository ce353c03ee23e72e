/*
 * The h3 adapter as a transport under test: an endpoint with one connection, and an ngtcp2 and
 * nghttp3 client, over a clean link or over one that loses, doubles and reorders datagrams.
 */
#include "fixture.h"

#include "peer_h3.h"
#include "rig_h3.h"

#include <assert.h>
#include <stdlib.h>

#define FIELDS_MAX 32
#define PATIENCE 20 /* seconds */

struct fixture {
    struct rig_h3 rig;
    bool cut;
};

static struct fixture *open_with(const struct rig_h3_options *options)
{
    struct fixture *f = calloc(1, sizeof *f);
    assert(f);
    if (!rig_h3_init(&f->rig, options)) {
        free(f);
        return NULL;
    }
    rig_h3_dial(&f->rig);
    for (int i = 0; i < PATIENCE && !peer_h3_is_ready(f->rig.peer) && !f->rig.peer->closed; i++) {
        rig_h3_advance(&f->rig, 1000); /* it tries again what found no memory */
    }
    if (!peer_h3_is_ready(f->rig.peer)) {
        assert(f->rig.peer->closed); /* it was told so */
        rig_h3_deinit(&f->rig);
        free(f);
        return NULL;
    }
    return f;
}

static struct fixture *h3_open(const struct tri_alloc *alloc, const struct tri_limits *limits,
                               const struct tri_exchange_events *events, void *user)
{
    return open_with(
        &(struct rig_h3_options){.alloc = alloc, .limits = limits, .events = events, .user = user});
}

static struct fixture *h3_open_lossy(const struct tri_alloc *alloc, const struct tri_limits *limits,
                                     const struct tri_exchange_events *events, void *user)
{
    return open_with(&(struct rig_h3_options){
        .alloc = alloc, .limits = limits, .events = events, .user = user, .lossy = true});
}

static void h3_close(struct fixture *f)
{
    rig_h3_deinit(&f->rig);
    free(f);
}

static void h3_shutdown(struct fixture *f)
{
    tri_h3_endpoint_shutdown(f->rig.endpoint, f->rig.now_ns);
}

static void h3_run(struct fixture *f)
{
    rig_h3_run(&f->rig);
}

static void h3_advance(struct fixture *f, uint64_t ms)
{
    rig_h3_advance(&f->rig, ms);
}

static uint64_t h3_now_ns(const struct fixture *f)
{
    return f->rig.now_ns;
}

static const char *or_default(const char *s, const char *otherwise)
{
    return s ? s : otherwise;
}

static void add(struct tri_header *fields, size_t *n, const char *name, const char *value)
{
    assert(*n < FIELDS_MAX);
    if (value[0] != '\0') { /* "" leaves a field out */
        fields[(*n)++] = (struct tri_header){.name = name, .value = value};
    }
}

static int h3_request(struct fixture *f, const struct fixture_request *r)
{
    struct tri_header fields[FIELDS_MAX + 1];
    size_t n = 0;
    bool is_websocket = r->protocol && strcmp(r->protocol, "websocket") == 0;
    add(fields, &n, ":method", or_default(r->method, r->protocol ? "CONNECT" : "GET"));
    add(fields, &n, ":protocol", or_default(r->protocol, ""));
    add(fields, &n, ":scheme", or_default(r->scheme, "https"));
    add(fields, &n, ":authority", or_default(r->authority, "localhost"));
    add(fields, &n, ":path", or_default(r->path, "/echo"));
    add(fields, &n, "sec-websocket-version", or_default(r->version, is_websocket ? "13" : ""));
    for (const struct tri_header *h = r->headers; h && h->name; h++) {
        add(fields, &n, h->name, h->value);
    }
    fields[n] = (struct tri_header){.name = NULL};
    if (f->rig.peer->streams_len == FIXTURE_STREAMS_MAX) {
        return -1;
    }
    return rig_h3_request(&f->rig, fields, r->fin);
}

static void h3_send(struct fixture *f, int stream, const void *data, size_t len)
{
    peer_h3_data(f->rig.peer, stream, data, len);
}

static void h3_fin(struct fixture *f, int stream)
{
    peer_h3_fin(f->rig.peer, stream);
}

static void h3_reset(struct fixture *f, int stream)
{
    peer_h3_reset(f->rig.peer, stream, NGHTTP3_H3_REQUEST_CANCELLED);
}

static void h3_stop(struct fixture *f, int stream)
{
    peer_h3_stop(f->rig.peer, stream, NGHTTP3_H3_REQUEST_CANCELLED);
}

static void h3_pause(struct fixture *f, int stream, bool paused)
{
    peer_h3_pause(f->rig.peer, stream, paused);
}

static void h3_lose(struct fixture *f)
{
    f->rig.up.cut = true;
    f->rig.down.cut = true;
}

static void h3_seen(const struct fixture *f, int stream, struct fixture_seen *out)
{
    const struct peer_h3_stream *s = rig_h3_seen(&f->rig, stream);
    bool stopped = s->stop_seen && s->stop_code != NGHTTP3_H3_NO_ERROR;
    *out = (struct fixture_seen){.status = s->status,
                                 .head = tri_buf_peek(&s->head),
                                 .body = tri_buf_peek(&s->body),
                                 .fin = s->fin_seen,
                                 .reset = s->reset_seen || stopped,
                                 .conn_closed = f->rig.peer->closed};
}

static void h3_forget(struct fixture *f, int stream, size_t len)
{
    tri_buf_consume(&f->rig.peer->streams[stream]->body, len);
}

static size_t h3_unsent(const struct fixture *f, int stream)
{
    const struct peer_h3_stream *s = rig_h3_seen(&f->rig, stream);
    return s->queued - s->given;
}

#define FIXTURE_H3_OPS                                                                             \
    .held_bytes_max = TRI_STREAM_WINDOW_BYTES, .forget = h3_forget, .many_streams = true,          \
    .half_close = true, .late_release = true, .stream_windows = true, .close = h3_close,           \
    .run = h3_run, .advance = h3_advance, .now_ns = h3_now_ns, .request = h3_request,              \
    .send = h3_send, .fin = h3_fin, .reset = h3_reset, .stop = h3_stop, .pause = h3_pause,         \
    .lose = h3_lose, .seen = h3_seen, .unsent = h3_unsent, .shutdown = h3_shutdown

const struct fixture_ops fixture_h3 = {.name = "h3", .open = h3_open, FIXTURE_H3_OPS};

const struct fixture_ops fixture_h3_lossy = {
    .name = "h3 lossy", .open = h3_open_lossy, FIXTURE_H3_OPS};
