#include <assert.h>

#include "base_limits.h"
#include "base_list.h"
#include "h1_client_state.h"

/* ---- what the tenant calls */

static struct tri_h1_client *client_of(struct tri_stream *s)
{
    return TRI_CONTAINER_OF(s, struct tri_h1_client, call.stream);
}

static void wake_write(struct tri_stream *s)
{
    tri_h1_client_wake(client_of(s));
}

/* As on the server's side: once it is not read, half of what stopped it must be gone. */
static void consume(struct tri_stream *s, size_t len)
{
    struct tri_h1_client *c = client_of(s);
    assert(len <= c->unconsumed);
    c->unconsumed -= len;
    if (c->is_choked && c->unconsumed <= TRI_H1_UNCONSUMED_BYTES_MAX / 2) {
        c->is_choked = false;
        tri_h1_client_wake(c);
    }
}

static void abort_stream(struct tri_stream *s)
{
    struct tri_h1_client *c = client_of(s);
    c->abort_asked = true;
    tri_h1_client_wake(c);
}

/* RFC 9218: there is nobody to share the connection with. */
static void set_urgency(struct tri_stream *s, unsigned urgency)
{
    (void)s;
    (void)urgency;
}

const struct tri_stream_ops tri_h1_client_stream_ops = {
    .name = "http/1.1",
    .wake_write = wake_write,
    .consume = consume,
    .abort = abort_stream,
    .set_urgency = set_urgency,
};

/* ---- what is sent */

void tri_h1_client_output_settle(struct tri_h1_client *c)
{
    if (c->out_yielded > 0) {
        tri_buf_consume(&c->out, c->out_yielded);
        c->out_yielded = 0;
    }
    const struct tri_stream stream = c->call.stream;
    const size_t len = c->body_yielded;
    if (len > 0) {
        /* What was taken was copied by the cipher: nothing holds these bytes any more. */
        c->body_yielded = 0;
        stream.events->on_sent(stream.session, len);
        stream.events->on_released(stream.session, len);
    }
}

static size_t peek_tenant(struct tri_h1_client *c, struct tri_slice *out, size_t max)
{
    const struct tri_stream stream = c->call.stream;
    bool fin = false;
    const size_t count = stream.events->peek(stream.session, out, max, &fin);
    assert(count <= max);
    if (c->abort_asked) {
        return 0;
    }
    c->is_fin_seen = fin;
    for (size_t i = 0; i < count; i++) {
        c->body_yielded += out[i].len;
    }
    return c->body_yielded > 0 ? count : 0;
}

static size_t gather(struct tri_h1_client *c, struct tri_slice *out, size_t max)
{
    size_t count = 0;
    const struct tri_slice head = tri_buf_peek(&c->out);
    if (head.len > 0) {
        out[count++] = head;
    }
    c->out_yielded = head.len;
    if (c->call.stream.events && !c->is_fin_seen) {
        count += peek_tenant(c, out + count, max - count);
    }
    return c->abort_asked ? 0 : count;
}

/* Both directions are over for the tenant, which nothing else will tell. */
static void end_in_order(struct tri_h1_client *c)
{
    const struct tri_stream stream = c->call.stream;
    if (!c->is_fin_told) {
        c->is_fin_told = true;
        stream.events->on_fin(stream.session);
    }
    tri_h1_client_end_stream(c, TRI_STREAM_FINISHED);
    tri_h1_client_finish(c);
}

/* Nothing was left to yield. */
static void advance(struct tri_h1_client *c)
{
    if (c->abort_asked && c->state != TRI_H1_CLIENT_DONE) {
        tri_h1_client_cut(c, TRI_STREAM_ABORTED);
    } else if (c->state == TRI_H1_CLIENT_TUNNEL && c->is_fin_seen) {
        end_in_order(c);
    }
}

size_t tri_h1_client_output_pull(struct tri_h1_client *c, struct tri_slice *out, size_t max)
{
    assert(max >= 2);
    assert(c->out_yielded == 0 && c->body_yielded == 0);
    const size_t count = gather(c, out, max);
    if (count == 0) {
        advance(c);
    }
    return count;
}
