#include "caller_h3.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define OUT_MAX ((size_t)4 * 1024 * 1024)

static void check(const struct caller *c)
{
    assert(c->is_bound && c->closes == 0 && c->fails == 0);
}

static void on_data(void *session, const uint8_t *data, size_t len)
{
    struct caller *c = session;
    check(c);
    assert(len > 0 && c->fins == 0);
    if (c->in_len + len > c->in_cap) {
        c->in_cap = (c->in_len + len) * 2;
        c->in = realloc(c->in, c->in_cap);
        assert(c->in);
    }
    memcpy(c->in + c->in_len, data, len);
    c->in_len += len;
    c->unconsumed += len;
    if (!c->hold_credit) {
        caller_consume(c, len);
    }
}

static void on_fin(void *session)
{
    struct caller *c = session;
    check(c);
    c->fins++;
    assert(c->fins == 1);
}

static size_t peek(void *session, struct tri_slice *out, size_t out_max, bool *fin)
{
    const struct caller *c = session;
    check(c);
    assert(out_max > 0);
    *fin = c->fin;
    if (c->queued == c->sent) {
        return 0;
    }
    out[0] = tri_slice_of(c->out + c->sent, c->queued - c->sent);
    return 1;
}

static void on_sent(void *session, size_t len)
{
    struct caller *c = session;
    check(c);
    c->sent += len;
    assert(c->sent <= c->queued);
}

static void on_released(void *session, size_t len)
{
    struct caller *c = session;
    check(c);
    assert(c->released + len <= c->sent);
    memset(c->out + c->released, 0xdd, len);
    c->released += len;
}

static void on_closed(void *session, enum tri_stream_cause cause)
{
    struct caller *c = session;
    check(c);
    c->closes++;
    c->cause = cause;
    if (c->out) {
        memset(c->out, 0xdd, OUT_MAX);
    }
}

const struct tri_stream_events caller_h3_events = {
    .on_data = on_data,
    .on_fin = on_fin,
    .peek = peek,
    .on_sent = on_sent,
    .on_released = on_released,
    .on_closed = on_closed,
};

static struct tri_stream *stream_of(struct caller *c)
{
    check(c);
    return &c->call->stream;
}

void caller_send(struct caller *c, const void *data, size_t len)
{
    if (!c->out) {
        c->out = malloc(OUT_MAX);
    }
    assert(c->out && c->queued + len <= OUT_MAX && !c->fin);
    memcpy(c->out + c->queued, data, len);
    c->queued += len;
    stream_of(c)->ops->wake_write(stream_of(c));
}

void caller_end(struct caller *c)
{
    c->fin = true;
    stream_of(c)->ops->wake_write(stream_of(c));
}

void caller_consume(struct caller *c, size_t len)
{
    assert(len <= c->unconsumed);
    c->unconsumed -= len;
    stream_of(c)->ops->consume(stream_of(c), len);
}

void caller_abort(struct caller *c)
{
    stream_of(c)->ops->abort(stream_of(c));
}
