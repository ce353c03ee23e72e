#include "tenant.h"

#include <assert.h>
#include <stdlib.h>

static const uint8_t POISON = 0xdd;

static void check_event(const struct tenant *t)
{
    assert(t->bound);
    assert(!t->in_op);      /* contract line 7 */
    assert(t->closes == 0); /* contract line 8 */
}

static void on_data(void *session, const uint8_t *data, size_t len)
{
    struct tenant *t = session;
    check_event(t);
    assert(t->fins == 0);
    assert(len > 0);
    if (t->in_len + len > t->in_cap) {
        t->in_cap = (t->in_len + len) * 2;
        t->in = realloc(t->in, t->in_cap);
        assert(t->in);
    }
    memcpy(t->in + t->in_len, data, len);
    t->in_len += len;
    t->unconsumed += len;
    if (!t->hold_credit) {
        tenant_consume(t, len);
    }
}

static void on_fin(void *session)
{
    struct tenant *t = session;
    check_event(t);
    t->fins++;
    assert(t->fins == 1);
}

static size_t peek(void *session, struct tri_slice *out, size_t out_max, bool *fin)
{
    struct tenant *t = session;
    check_event(t);
    assert(out_max >= 1);
    size_t n = 0;
    size_t at = t->sent;
    while (n < out_max && at < t->queued) {
        size_t len = t->queued - at;
        len = len > t->slice_max ? t->slice_max : len;
        out[n++] = tri_slice_of(t->out + at, len);
        at += len;
    }
    *fin = t->fin && at == t->queued;
    t->fin_given = t->fin_given || *fin;
    return n;
}

static void on_sent(void *session, size_t len)
{
    struct tenant *t = session;
    check_event(t);
    t->sent += len;
    assert(t->sent <= t->queued);
}

static void on_released(void *session, size_t len)
{
    struct tenant *t = session;
    check_event(t);
    assert(t->released + len <= t->sent); /* contract line 2 */
    memset(t->out + t->released, POISON, len);
    t->released += len;
}

static void on_closed(void *session, enum tri_stream_cause cause)
{
    struct tenant *t = session;
    check_event(t);
    t->closes++;
    t->cause = cause;
    memset(t->out, POISON, t->out_cap);
}

static const struct tri_stream_events tenant_events = {
    .on_data = on_data,
    .on_fin = on_fin,
    .peek = peek,
    .on_sent = on_sent,
    .on_released = on_released,
    .on_closed = on_closed,
};

void tenant_init(struct tenant *t, struct tri_exchange *x, const struct tri_request_head *head)
{
    *t = (struct tenant){
        .stream = x ? &x->stream : NULL, .exchange = x, .head = head, .slice_max = 1000};
    t->was_early = head && head->early;
    tenant_room(t, 4096);
}

void tenant_init_call(struct tenant *t)
{
    tenant_init(t, NULL, NULL);
}

void tenant_bind(struct tenant *t, struct tri_stream *stream)
{
    t->stream = stream;
    t->bound = true;
    stream->events = &tenant_events;
    stream->session = t;
}

void tenant_deinit(struct tenant *t)
{
    free(t->in);
    free(t->out);
    *t = (struct tenant){.exchange = NULL};
}

static void respond(struct tenant *t, const struct tri_response *r)
{
    t->in_op = true;
    enum tri_err err = t->exchange->ops->respond(t->exchange, r);
    t->in_op = false;
    assert(err == TRI_OK);
    t->head = NULL;
}

void tenant_accept(struct tenant *t)
{
    tenant_accept_with(t, NULL, 0);
}

void tenant_accept_with(struct tenant *t, const struct tri_field *fields, size_t fields_len)
{
    t->bound = true;
    respond(t, &(struct tri_response){.answer = TRI_ANSWER_WEBSOCKET,
                                      .fields = fields,
                                      .fields_len = fields_len,
                                      .content_length = TRI_LENGTH_NONE,
                                      .events = &tenant_events,
                                      .session = t});
}

void tenant_refuse(struct tenant *t, int status)
{
    respond(t, &(struct tri_response){
                   .answer = TRI_ANSWER_PLAIN, .status = status, .content_length = 0});
}

void tenant_room(struct tenant *t, size_t cap)
{
    assert(t->queued == 0);
    free(t->out);
    t->out = malloc(cap);
    assert(t->out);
    t->out_cap = cap;
}

static void wake(struct tenant *t)
{
    t->in_op = true;
    t->stream->ops->wake_write(t->stream);
    t->in_op = false;
}

void tenant_send(struct tenant *t, const void *data, size_t len)
{
    assert(t->queued + len <= t->out_cap);
    memcpy(t->out + t->queued, data, len);
    t->queued += len;
    wake(t);
}

void tenant_end(struct tenant *t)
{
    t->fin = true;
    wake(t);
}

void tenant_consume(struct tenant *t, size_t len)
{
    assert(len <= t->unconsumed);
    t->unconsumed -= len;
    t->in_op = true;
    t->stream->ops->consume(t->stream, len);
    t->in_op = false;
}

void tenant_abort(struct tenant *t)
{
    t->in_op = true;
    t->stream->ops->abort(t->stream);
    t->in_op = false;
}
