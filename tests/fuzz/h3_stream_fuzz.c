/*
 * HTTP/3 bytes through a connection that stands: the input is a script of a client's streams and of
 * what their tenants do. Each step is one byte, and some have operands:
 *
 *   0 a    open a stream: bidirectional, or, if a is odd, unidirectional
 *   1 s n  n bytes of the input on the s-th stream      2 s n  the same, and its end
 *   3 s    reset it                                     4 s    stop it
 *   5 t n  the t-th tenant sends n bytes                6 t    it ends
 *   7 t    it aborts                                    8 t    it takes what it has received
 *   9      datagrams move                               10 n   so do n * 10 ms
 *   11     a request that is answered late              12 t   and now it is
 *   13     the endpoint shuts down                      14 n   n bytes of TLS in a CRYPTO frame
 *   15 n   the n-th allocation of the server's from now on fails
 */
#include "peer_h3.h"
#include "rig_h3.h"

#include <assert.h>
#include <stdlib.h>

#define STREAMS_MAX ((size_t)64)
#define GUESTS_MAX ((size_t)64)
#define QUEUE_BYTES ((size_t)8192)
#define STEPS_MAX ((size_t)400)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

struct guest {
    struct tri_exchange *exchange; /* NULL once over */
    bool is_waiting, is_bound;
    bool fin, aborted;
    size_t debt, queued, sent, released;
    uint8_t out[QUEUE_BYTES];
};

struct world {
    struct rig_h3 rig;
    struct tri_slice script;
    int64_t streams[STREAMS_MAX];
    size_t streams_len;
    struct guest *guests[GUESTS_MAX];
    size_t guests_len;
    bool answers_late;
};

/* ---- guests */

static void on_data(void *session, const uint8_t *data, size_t len)
{
    struct guest *g = session;
    assert(g->exchange && data && len > 0 && !g->aborted);
    g->debt += len;
}

static void on_fin(void *session)
{
    const struct guest *g = session;
    assert(g->exchange);
}

static size_t peek(void *session, struct tri_slice *out, size_t out_max, bool *fin)
{
    const struct guest *g = session;
    assert(g->exchange && out_max > 0);
    *fin = g->fin;
    out[0] = tri_slice_of(g->out + g->sent, g->queued - g->sent);
    return g->queued > g->sent ? 1 : 0;
}

static void on_sent(void *session, size_t len)
{
    struct guest *g = session;
    g->sent += len;
    assert(g->exchange && g->sent <= g->queued);
}

static void on_released(void *session, size_t len)
{
    struct guest *g = session;
    assert(g->exchange && g->released + len <= g->sent);
    memset(g->out + g->released, 0xdd, len);
    g->released += len;
}

static void on_closed(void *session, enum tri_stream_cause cause)
{
    struct guest *g = session;
    assert(g->exchange && g->is_bound);
    assert(cause != TRI_STREAM_ABORTED || g->aborted);
    g->exchange = NULL;
    memset(g->out, 0xdd, sizeof g->out);
}

static const struct tri_stream_events guest_events = {
    .on_data = on_data,
    .on_fin = on_fin,
    .peek = peek,
    .on_sent = on_sent,
    .on_released = on_released,
    .on_closed = on_closed,
};

static void answer(struct guest *g)
{
    const struct tri_response r = {.answer = TRI_ANSWER_WEBSOCKET,
                                   .content_length = TRI_LENGTH_NONE,
                                   .events = &guest_events,
                                   .session = g};
    g->is_waiting = false;
    g->is_bound = true;
    enum tri_err err = g->exchange->ops->respond(g->exchange, &r);
    if (err != TRI_OK) {
        assert(err == TRI_ERR_NOMEM);
        g->is_bound = false; /* and no event comes */
        g->exchange = NULL;
    }
}

static void refuse(struct tri_exchange *x, int status)
{
    const struct tri_response r = {
        .answer = TRI_ANSWER_PLAIN, .status = status, .content_length = 0};
    enum tri_err err = x->ops->respond(x, &r);
    assert(err == TRI_OK || err == TRI_ERR_NOMEM);
}

static void on_request(void *user, struct tri_exchange *x, const struct tri_request_head *head)
{
    struct world *w = user;
    assert(head->method.len > 0); /* nghttp3 has seen to that */
    for (size_t i = 0; i < head->fields_len; i++) {
        assert(head->fields[i].name.len > 0 && head->fields[i].name.data[0] != ':');
    }
    if (w->guests_len == GUESTS_MAX) {
        refuse(x, 503);
        return;
    }
    struct guest *g = calloc(1, sizeof *g);
    assert(g);
    g->exchange = x;
    x->owner = g;
    w->guests[w->guests_len++] = g;
    g->is_waiting = true;
    if (!w->answers_late) {
        answer(g);
    }
}

static void on_cancel(void *user, struct tri_exchange *x)
{
    (void)user;
    struct guest *g = x->owner;
    assert(g && g->is_waiting);
    g->is_waiting = false;
    g->exchange = NULL;
}

static void on_wake(void *user)
{
    (void)user;
}

static const struct tri_exchange_events events = {
    .on_request = on_request, .on_cancel = on_cancel, .on_wake = on_wake};

/* ---- steps */

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
    bool is_uni = (take(w) & 1) != 0;
    if (w->streams_len < STREAMS_MAX) {
        int64_t id = peer_h3_raw_open(w->rig.peer, is_uni);
        if (id >= 0) {
            w->streams[w->streams_len++] = id;
        }
    }
}

/* A stream that was opened, or one of the client's own three. */
static int64_t pick_stream(struct world *w)
{
    size_t i = take(w) % (w->streams_len + 3);
    return i < w->streams_len ? w->streams[i] : (int64_t)(2 + 4 * (i - w->streams_len));
}

static void send_bytes(struct world *w, bool fin)
{
    int64_t id = pick_stream(w);
    struct tri_slice bytes = take_bytes(w, take(w));
    peer_h3_raw_send(w->rig.peer, id, bytes.data, bytes.len, fin);
}

static void end_stream(struct world *w, bool is_reset)
{
    int64_t id = pick_stream(w);
    ngtcp2_conn *quic = w->rig.peer->quic;
    int rv = is_reset        ? ngtcp2_conn_shutdown_stream_write(quic, 0, id, 0x10c)
             : (id & 2) == 0 ? ngtcp2_conn_shutdown_stream_read(quic, 0, id, 0x10c)
                             : 0;
    assert(rv == 0);
}

static struct guest *pick_guest(struct world *w)
{
    uint8_t i = take(w);
    return w->guests_len > 0 ? w->guests[i % w->guests_len] : NULL;
}

static void let_guest(struct world *w, uint8_t step)
{
    struct guest *g = pick_guest(w);
    size_t n = step == 5 ? (size_t)take(w) * 16 : 0;
    if (!g || !g->exchange) {
        return;
    }
    struct tri_stream *s = &g->exchange->stream;
    if (step == 12 && g->is_waiting) {
        answer(g);
    }
    if (!g->is_bound) {
        return;
    }
    if (step == 5 && !g->fin && g->queued + n <= QUEUE_BYTES) {
        g->queued += n;
        s->ops->wake_write(s);
    } else if (step == 6) {
        g->fin = true;
        s->ops->wake_write(s);
    } else if (step == 7) {
        g->aborted = true;
        s->ops->abort(s);
    } else if (step == 8) {
        s->ops->consume(s, g->debt);
        g->debt = 0;
    }
}

static void speak_tls(struct world *w)
{
    struct tri_slice bytes = take_bytes(w, take(w));
    if (bytes.len > 0) {
        int rv = ngtcp2_conn_submit_crypto_data(w->rig.peer->quic, NGTCP2_ENCRYPTION_LEVEL_1RTT,
                                                bytes.data, bytes.len);
        assert(rv == 0);
    }
}

static void do_step(struct world *w)
{
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
        rig_h3_run(&w->rig);
        break;
    case 10:
        rig_h3_advance(&w->rig, (uint64_t)take(w) * 10);
        break;
    case 11:
        w->answers_late = !w->answers_late;
        break;
    case 13:
        tri_h3_endpoint_shutdown(w->rig.endpoint, w->rig.now_ns);
        break;
    case 14:
        speak_tls(w);
        break;
    case 15:
        w->rig.alloc.fail_at = w->rig.alloc.calls + 1 + take(w);
        break;
    default:
        let_guest(w, step);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct world *w = calloc(1, sizeof *w);
    assert(w);
    w->script = tri_slice_of(data, len);
    bool made = rig_h3_init(&w->rig, &(struct rig_h3_options){.events = &events, .user = w});
    assert(made);
    rig_h3_dial(&w->rig);
    for (size_t i = 0; i < STEPS_MAX && w->script.len > 0 && !w->rig.peer->closed; i++) {
        do_step(w);
    }
    rig_h3_run(&w->rig);
    rig_h3_deinit(&w->rig);
    for (size_t i = 0; i < w->guests_len; i++) {
        assert(!w->guests[i]->exchange);
        free(w->guests[i]);
    }
    free(w);
    return 0;
}
