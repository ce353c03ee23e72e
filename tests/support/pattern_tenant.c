#include "pattern_tenant.h"

#include <assert.h>

uint8_t pattern_tenant_byte(uint32_t stream_id, size_t at)
{
    return (uint8_t)(stream_id * 7 + at * 13 + (at >> 8));
}

static void on_data(void *session, const uint8_t *data, size_t len)
{
    struct pattern_tenant *t = session;
    assert(t->is_bound && len > 0);
    volatile uint8_t sum = 0;
    for (size_t i = 0; i < len; i++) {
        sum = (uint8_t)(sum + data[i]);
    }
    t->debt += len;
}

static void on_fin(void *session)
{
    assert(((struct pattern_tenant *)session)->is_bound);
}

static size_t peek(void *session, struct tri_slice *out, size_t out_max, bool *fin)
{
    const struct pattern_tenant *t = session;
    assert(t->is_bound && out_max >= 1);
    size_t n = 0;
    size_t at = t->sent;
    while (n < out_max && at < t->queued) {
        size_t len = 1 + (t->stream_id * 37 + at) % 900;
        len = len < t->queued - at ? len : t->queued - at;
        out[n++] = tri_slice_of(t->out + at, len);
        at += len;
    }
    *fin = t->fin && at == t->queued;
    return n;
}

static void on_sent(void *session, size_t len)
{
    struct pattern_tenant *t = session;
    assert(t->is_bound && len > 0 && len <= t->queued - t->sent);
    t->sent += len;
}

static void on_released(void *session, size_t len)
{
    struct pattern_tenant *t = session;
    assert(t->is_bound && len <= t->sent - t->released);
    memset(t->out + t->released, 0xdd, len);
    t->released += len;
}

static void on_closed(void *session, enum tri_stream_cause cause)
{
    struct pattern_tenant *t = session;
    assert(t->is_bound && cause <= TRI_STREAM_CONN_LOST);
    t->is_bound = false;
    t->exchange = NULL;
    (*t->closed)++;
    memset(t->out, 0xdd, sizeof t->out);
}

const struct tri_stream_events pattern_tenant_events = {
    .on_data = on_data,
    .on_fin = on_fin,
    .peek = peek,
    .on_sent = on_sent,
    .on_released = on_released,
    .on_closed = on_closed,
};

void pattern_tenant_queue(struct pattern_tenant *t, size_t len)
{
    len = len < PATTERN_BYTES - t->queued ? len : PATTERN_BYTES - t->queued;
    for (size_t i = 0; i < len && !t->fin; i++) {
        t->out[t->queued] = pattern_tenant_byte(t->stream_id, t->queued);
        t->queued++;
    }
}
