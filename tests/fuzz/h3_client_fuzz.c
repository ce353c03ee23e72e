/*
 * A hostile server's bytes through a client's connection that stands: the input is a script of the
 * server's streams and of what the client's calls do. Each step is one byte, and some have operands:
 *
 *   0      open a unidirectional stream      1 s n  n bytes of the input on the s-th stream
 *   2 s n  the same, and its end             3 s    reset it
 *   4 s    stop it                           5 c n  the c-th call sends n * 16 bytes
 *   6 c    it ends                           7 c    it aborts, or is cancelled
 *   8 c    it takes what it has received     9      datagrams move
 *   10 n   so do n * 10 ms                   11     a call is asked for
 *   12 n   n bytes of TLS in a CRYPTO frame  13     the client shuts down
 *   14     calls hold their credit back, or no longer
 *   15 n   the n-th allocation of the client's from now on fails
 *
 * Streams count from those of the calls, in order, on to those that the server opened; the first of
 * these is its control stream, which has said its kind.
 */
#include "base_timeout.h"
#include "pair_h3.h"

#include <assert.h>
#include <stdlib.h>

#define STREAMS_MAX ((size_t)64)
#define CALLS_MAX ((size_t)64)
#define STEPS_MAX ((size_t)400)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

struct world {
    struct pair_h3 pair;
    struct tri_slice script;
    int64_t streams[STREAMS_MAX];
    size_t streams_len;
    bool holds;
};

static uint8_t take(struct world *w)
{
    if (w->script.len == 0) {
        return 0;
    }
    uint8_t byte = w->script.data[0];
    w->script = tri_slice_of(w->script.data + 1, w->script.len - 1);
    return byte;
}

static struct tri_slice take_bytes(struct world *w, size_t max)
{
    size_t len = max < w->script.len ? max : w->script.len;
    struct tri_slice got = tri_slice_of(w->script.data, len);
    w->script = tri_slice_of(w->script.data + len, w->script.len - len);
    return got;
}

static void open_stream(struct world *w)
{
    if (w->streams_len < STREAMS_MAX) {
        int64_t id = bare_server_h3_open(w->pair.bare, true);
        if (id >= 0) {
            w->streams[w->streams_len++] = id;
        }
    }
}

/* -1: there is none. */
static int64_t pick_stream(struct world *w)
{
    const size_t calls = (size_t)((w->pair.bare->request + 4) / 4);
    const size_t all = calls + w->streams_len;
    const size_t i = take(w);
    if (all == 0) {
        return -1;
    }
    return i % all < calls ? (int64_t)(4 * (i % all)) : w->streams[i % all - calls];
}

static void send_bytes(struct world *w, bool fin)
{
    int64_t id = pick_stream(w);
    struct tri_slice bytes = take_bytes(w, take(w));
    if (id >= 0) {
        bare_server_h3_write(w->pair.bare, id, bytes.data, bytes.len, fin);
    }
}

static void end_stream(struct world *w, bool is_reset)
{
    int64_t id = pick_stream(w);
    if (id >= 0 && is_reset) {
        bare_server_h3_reset(w->pair.bare, id, 0x10c);
    } else if (id >= 0 && (id & 2) == 0) {
        bare_server_h3_stop(w->pair.bare, id, 0x100);
    }
}

static void ask(struct world *w)
{
    struct pair_h3 *p = &w->pair;
    enum tri_err err;
    if (pair_h3_room(p) == 0 || p->callers_len == CALLS_MAX) {
        return;
    }
    struct caller *c = pair_h3_try(p, &pair_h3_request, &err);
    assert(err == TRI_OK || err == TRI_ERR_NOMEM);
    if (c) {
        c->hold_credit = w->holds;
    }
}

static bool is_waiting(const struct caller *c)
{
    return c->call && c->status == 0 && c->fails == 0;
}

static void let_call(struct world *w, uint8_t step)
{
    static const uint8_t zeros[256 * 16];
    const uint8_t i = take(w);
    const size_t n = step == 5 ? (size_t)take(w) * 16 : 0;
    struct pair_h3 *p = &w->pair;
    struct caller *c = p->callers_len > 0 ? &p->callers[i % p->callers_len] : NULL;
    if (c && step == 7 && is_waiting(c)) {
        tri_h3_client_calls.cancel(p->client, c->call);
        c->call = NULL;
        return;
    }
    if (!c || !c->is_bound || c->closes > 0) {
        return;
    }
    if (step == 5 && !c->fin && n > 0 && c->queued + n < 64 * 1024) {
        caller_send(c, zeros, n);
    } else if (step == 6 && !c->fin) {
        caller_end(c);
    } else if (step == 7) {
        caller_abort(c);
    } else if (step == 8) {
        caller_consume(c, c->unconsumed);
    }
}

static void speak_tls(struct world *w)
{
    struct tri_slice bytes = take_bytes(w, take(w));
    if (bytes.len > 0) {
        bare_server_h3_crypto(w->pair.bare, bytes.data, bytes.len);
    }
}

static void do_step(struct world *w)
{
    struct pair_h3 *p = &w->pair;
    uint8_t step = take(w) % 16;
    switch (step) {
    case 0:
        open_stream(w);
        break;
    case 1:
    case 2:
        send_bytes(w, step == 2);
        break;
    case 3:
    case 4:
        end_stream(w, step == 3);
        break;
    case 9:
        pair_h3_run(p);
        break;
    case 10:
        pair_h3_advance(p, (uint64_t)take(w) * 10);
        break;
    case 11:
        ask(w);
        break;
    case 12:
        speak_tls(w);
        break;
    case 13:
        p->client->ops->shutdown(p->client, p->rig.now_ns);
        break;
    case 14:
        w->holds = !w->holds;
        break;
    case 15:
        p->alloc.fail_at = p->alloc.calls + 1 + take(w);
        break;
    default:
        let_call(w, step);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const struct bare_server_h3_options options = {.alpn = NULL};
    struct world *w = calloc(1, sizeof *w);
    assert(w);
    w->script = tri_slice_of(data, len);
    bool made = pair_h3_init(&w->pair, &(struct pair_h3_options){.bare = &options});
    assert(made);
    made = pair_h3_dial(&w->pair);
    assert(made);
    open_stream(w);
    bare_server_h3_write(w->pair.bare, w->streams[0], "\0", 1, false);
    for (size_t i = 0; i < STEPS_MAX && w->script.len > 0 && !w->pair.bare->is_closed; i++) {
        do_step(w);
    }
    pair_h3_run(&w->pair);
    if (w->pair.client->ops->is_done(w->pair.client)) {
        for (size_t i = 0; i < w->pair.callers_len; i++) {
            const struct caller *c = &w->pair.callers[i];
            assert(!c->is_bound || c->closes == 1);
            assert(!is_waiting(c)); /* no call waits for ever */
        }
    }
    pair_h3_deinit(&w->pair);
    free(w);
    return 0;
}
