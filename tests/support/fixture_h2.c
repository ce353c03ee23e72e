/* The h2 adapter, joined in memory to a client session of nghttp2. */
#include "fixture.h"

#include "base_timeout.h"
#include "h2_conn.h"
#include "peer_h2.h"

#include <assert.h>
#include <stdlib.h>

#define SLICES ((size_t)32)

struct fixture {
    struct tri_conn *conn;
    struct peer_h2 peer;
    uint64_t now_ns;
    bool is_lost;
};

static struct fixture *h2_open(const struct tri_alloc *alloc, const struct tri_limits *limits,
                               const struct tri_exchange_events *events, void *user)
{
    struct fixture *f = calloc(1, sizeof *f);
    assert(f);
    f->now_ns = 1000 * TRI_NS_PER_MS;
    const struct tri_conn_config config = {
        .alloc = alloc,
        .limits = limits,
        .events = events,
        .user = user,
        .carrier = {.conn_id = 1,
                    .http = "h2",
                    .remote = "127.0.0.1:50321",
                    .tls_version = "TLS 1.3",
                    .tls_cipher = "TLS_AES_128_GCM_SHA256",
                    .tls_group = "X25519"},
        .extended_connect = true,
    };
    if (tri_h2_conn_new(&f->conn, &config, f->now_ns) != TRI_OK) {
        free(f);
        return NULL;
    }
    peer_h2_init(&f->peer);
    return f;
}

static void h2_shutdown(struct fixture *f)
{
    f->conn->ops->shutdown(f->conn, f->now_ns);
}

static void h2_close(struct fixture *f)
{
    f->conn->ops->free(f->conn);
    peer_h2_deinit(&f->peer);
    free(f);
}

static bool move_to_server(struct fixture *f)
{
    const uint8_t *data;
    bool moved = false;
    for (size_t len = peer_h2_take(&f->peer, &data); len > 0; len = peer_h2_take(&f->peer, &data)) {
        if (!f->is_lost) {
            (void)!f->conn->ops->recv(f->conn, data, len, f->now_ns);
        }
        moved = true;
    }
    return moved;
}

static bool move_to_peer(struct fixture *f)
{
    struct tri_slice slices[SLICES];
    bool moved = false;
    for (;;) {
        size_t n = f->conn->ops->send(f->conn, slices, SLICES, f->now_ns);
        if (n == 0) {
            return moved;
        }
        for (size_t i = 0; i < n; i++) {
            peer_h2_feed(&f->peer, slices[i].data, slices[i].len);
        }
        moved = true;
    }
}

static void h2_run(struct fixture *f)
{
    bool moved = true;
    while (moved) {
        moved = move_to_server(f);
        moved = move_to_peer(f) || moved;
    }
    assert(!f->peer.is_broken);
}

static void h2_advance(struct fixture *f, uint64_t ms)
{
    const uint64_t end_ns = f->now_ns + ms * TRI_NS_PER_MS;
    for (;;) {
        uint64_t next_ns = f->conn->ops->deadline_ns(f->conn);
        if (next_ns > end_ns) {
            break;
        }
        f->now_ns = next_ns > f->now_ns ? next_ns : f->now_ns;
        f->conn->ops->expire(f->conn, f->now_ns);
        h2_run(f);
    }
    f->now_ns = end_ns;
    h2_run(f);
}

static uint64_t h2_now_ns(const struct fixture *f)
{
    return f->now_ns;
}

static int h2_request(struct fixture *f, const struct fixture_request *r)
{
    return peer_h2_request(&f->peer, r);
}

static void h2_send(struct fixture *f, int stream, const void *data, size_t len)
{
    peer_h2_send(&f->peer, stream, data, len);
}

static void h2_fin(struct fixture *f, int stream)
{
    peer_h2_fin(&f->peer, stream);
}

static void h2_reset(struct fixture *f, int stream)
{
    peer_h2_reset(&f->peer, stream, NGHTTP2_CANCEL);
}

static void h2_pause(struct fixture *f, int stream, bool paused)
{
    peer_h2_pause(&f->peer, stream, paused);
}

static void h2_lose(struct fixture *f)
{
    f->is_lost = true;
    f->conn->ops->recv_eof(f->conn, false, f->now_ns);
}

static void h2_seen(const struct fixture *f, int stream, struct fixture_seen *out)
{
    const struct peer_h2_stream *s = f->peer.streams[stream];
    *out = (struct fixture_seen){
        .status = s->status,
        .head = tri_slice_of(s->text.data, s->text.len),
        .body = tri_slice_of(s->body.data, s->body.len),
        .fin = s->fin,
        /* NO_ERROR behind a whole response aborts nothing: RFC 9113 section 8.1 */
        .reset = s->is_reset && s->reset_code != NGHTTP2_NO_ERROR,
        .conn_closed = f->is_lost || f->conn->ops->is_done(f->conn),
    };
}

static void h2_forget(struct fixture *f, int stream, size_t len)
{
    bytes_h2_forget(&f->peer.streams[stream]->body, len);
}

static size_t h2_unsent(const struct fixture *f, int stream)
{
    return peer_h2_unsent(&f->peer, stream);
}

const struct fixture_ops fixture_h2 = {
    .name = "h2",
    .many_streams = true,
    .half_close = true,
    .stream_windows = true,
    .held_bytes_max = TRI_STREAM_WINDOW_BYTES,
    .open = h2_open,
    .close = h2_close,
    .shutdown = h2_shutdown,
    .run = h2_run,
    .advance = h2_advance,
    .now_ns = h2_now_ns,
    .request = h2_request,
    .send = h2_send,
    .fin = h2_fin,
    .reset = h2_reset,
    .stop = h2_reset,
    .pause = h2_pause,
    .lose = h2_lose,
    .seen = h2_seen,
    .forget = h2_forget,
    .unsent = h2_unsent,
};
