#include "client_splice.h"

#include <assert.h>

#include "base_limits.h"

struct tri_client_splice *tri_client_splice_new(const struct tri_alloc *alloc,
                                                const struct tri_client_splice_events *events,
                                                void *user)
{
    struct tri_client_splice *s = tri_alloc_zero(alloc, sizeof *s);
    if (!s) {
        return NULL;
    }
    s->alloc = alloc;
    s->events = events;
    s->user = user;
    s->near.splice = s;
    s->far.splice = s;
    /* A transport brings as much as its window, or h1 its share, allows: half of this and less. */
    tri_client_chunks_init(&s->near.out, alloc, TRI_PAUSED_BYTES_MAX);
    tri_client_chunks_init(&s->far.out, alloc, TRI_PAUSED_BYTES_MAX);
    tri_list_init(&s->node);
    tri_timeout_init(&s->timeout);
    return s;
}

void tri_client_splice_discard(struct tri_client_splice *s)
{
    assert(!s->near.stream && !s->far.stream);
    tri_client_chunks_deinit(&s->near.out);
    tri_client_chunks_deinit(&s->far.out);
    tri_timeout_disarm(&s->timeout);
    tri_list_remove(&s->node);
    tri_alloc_release(s->alloc, s);
}

static struct tri_client_splice_side *other_of(struct tri_client_splice_side *side)
{
    struct tri_client_splice *s = side->splice;
    return side == &s->near ? &s->far : &s->near;
}

static void wake(struct tri_client_splice_side *side)
{
    if (side->stream) {
        side->stream->ops->wake_write(side->stream);
    }
}

static void give_credit(struct tri_client_splice_side *side, size_t len)
{
    if (side->stream && len > 0) {
        side->stream->ops->consume(side->stream, len);
    }
}

static void cut(struct tri_client_splice_side *side)
{
    if (side->stream) {
        side->stream->ops->abort(side->stream);
    }
}

static void end(struct tri_client_splice_side *side)
{
    side->fin = true;
    wake(side);
}

void tri_client_splice_end(struct tri_client_splice *s)
{
    end(&s->near);
    end(&s->far);
}

void tri_client_splice_cut(struct tri_client_splice *s)
{
    cut(&s->near);
    cut(&s->far);
}

static void tell_half(struct tri_client_splice *s)
{
    s->is_half = true;
    s->events->on_half(s->user, s);
}

/* ---- what the streams tell */

static void take_data(void *session, const uint8_t *data, size_t len)
{
    struct tri_client_splice_side *side = session;
    struct tri_client_splice_side *other = other_of(side);
    if (!other->stream || other->fin) {
        give_credit(side, len);
    } else if (tri_client_chunks_append(&other->out, data, len) == TRI_OK) {
        wake(other);
    } else {
        tri_client_splice_cut(side->splice);
    }
}

static void take_fin(void *session)
{
    struct tri_client_splice_side *side = session;
    end(other_of(side));
    tell_half(side->splice);
}

static size_t peek(void *session, struct tri_slice *out, size_t out_max, bool *fin)
{
    const struct tri_client_splice_side *side = session;
    bool all;
    const size_t count = tri_client_chunks_peek(&side->out, out, out_max, &all);
    *fin = side->fin && all;
    return count;
}

static void take_sent(void *session, size_t len)
{
    struct tri_client_splice_side *side = session;
    tri_client_chunks_sent(&side->out, len);
}

static void take_released(void *session, size_t len)
{
    struct tri_client_splice_side *side = session;
    tri_client_chunks_release(&side->out, len);
    give_credit(other_of(side), len);
    if (side->splice->is_half) {
        tell_half(side->splice);
    }
}

static void take_closed(void *session, enum tri_stream_cause cause)
{
    struct tri_client_splice_side *side = session;
    struct tri_client_splice *s = side->splice;
    struct tri_client_splice_side *other = other_of(side);
    side->stream = NULL;
    give_credit(other, side->out.held); /* nobody will send it any more */
    tri_client_chunks_deinit(&side->out);
    if (!other->stream) {
        s->events->on_over(s->user, s);
        tri_client_splice_discard(s);
        return;
    }
    if (cause == TRI_STREAM_FINISHED) {
        end(other);
    } else {
        cut(other);
    }
    tell_half(s);
}

const struct tri_stream_events tri_client_splice_stream_events = {
    .on_data = take_data,
    .on_fin = take_fin,
    .peek = peek,
    .on_sent = take_sent,
    .on_released = take_released,
    .on_closed = take_closed,
};
