#include <assert.h>

#include "h1_state.h"

void tri_h1_output_settle(struct tri_h1_conn *c)
{
    if (c->out_yielded > 0) {
        tri_buf_consume(&c->out, c->out_yielded);
        c->out_yielded = 0;
    }
    const struct tri_stream stream = c->exchange.stream;
    const size_t len = c->body_yielded;
    if (len > 0) {
        /* What was taken was copied by the cipher: nothing holds these bytes any more. */
        c->body_yielded = 0;
        stream.events->on_sent(stream.session, len);
        stream.events->on_released(stream.session, len);
    }
}

/* Keeps |count| slices within |left| bytes; returns how many stay, their bytes in |*len|. */
static size_t clip_slices(struct tri_slice *slices, size_t count, uint64_t left, size_t *len)
{
    *len = 0;
    for (size_t i = 0; i < count; i++) {
        if (slices[i].len >= left - *len) {
            slices[i].len = (size_t)(left - *len);
            *len += slices[i].len;
            return i + 1;
        }
        *len += slices[i].len;
    }
    return count;
}

/* The tenant may send: it is bound, and neither it nor the response's length has ended. */
static bool may_peek(const struct tri_h1_conn *c)
{
    return c->exchange.stream.events && !c->is_fin_seen && c->body_left > 0;
}

static size_t peek_tenant(struct tri_h1_conn *c, struct tri_slice *out, size_t max)
{
    const struct tri_stream stream = c->exchange.stream;
    bool fin = false;
    size_t len = 0;
    size_t count = stream.events->peek(stream.session, out, max, &fin);
    assert(count <= max);
    if (c->abort_asked) {
        return 0;
    }
    const bool is_framed = c->body_left != UINT64_MAX;
    count = clip_slices(out, count, c->body_left, &len);
    c->is_fin_seen = fin;
    c->body_yielded = len;
    if (is_framed) {
        c->body_left -= len;
        if (fin && c->body_left > 0) {
            /* The length that was told cannot be kept: RFC 9112 section 8 */
            c->abort_asked = true;
            return 0;
        }
    }
    return len > 0 ? count : 0;
}

static size_t gather(struct tri_h1_conn *c, struct tri_slice *out, size_t max)
{
    size_t count = 0;
    const struct tri_slice heads = tri_buf_peek(&c->out);
    if (heads.len > 0) {
        out[count++] = heads;
    }
    c->out_yielded = heads.len;
    if (may_peek(c)) {
        count += peek_tenant(c, out + count, max - count);
    }
    return count;
}

/* Both directions are over for the tenant, which nothing else will tell. */
static void end_in_order(struct tri_h1_conn *c)
{
    const struct tri_stream stream = c->exchange.stream;
    if (stream.events && !c->is_fin_told) {
        c->is_fin_told = true;
        stream.events->on_fin(stream.session);
    }
    tri_h1_conn_end_stream(c, TRI_STREAM_FINISHED);
}

static void finish_response(struct tri_h1_conn *c)
{
    end_in_order(c);
    if (c->is_closing) {
        tri_h1_conn_finish(c);
    } else {
        tri_h1_conn_await_head(c);
    }
}

/* Nothing was left to yield: takes the step that this brings. False if it brings none. */
static bool advance(struct tri_h1_conn *c)
{
    if (c->abort_asked && c->state != TRI_H1_DONE) {
        tri_h1_conn_cut(c, c->err, TRI_STREAM_ABORTED);
        return false;
    }
    if (c->state == TRI_H1_FAIL) {
        tri_h1_conn_finish(c);
        return false;
    }
    if (c->state == TRI_H1_BODY && !may_peek(c)) {
        finish_response(c);
        return true;
    }
    if (c->state == TRI_H1_TUNNEL && c->is_fin_seen) {
        /* A peer cannot be relied on to use its half of a TLS connection when we have ended ours
         * (RFC 6455 section 7.1.1: the server closes first). The owner awaits its end. */
        end_in_order(c);
        tri_h1_conn_finish(c);
    }
    return false;
}

size_t tri_h1_output_pull(struct tri_h1_conn *c, struct tri_slice *out, size_t max)
{
    assert(max >= 2);
    assert(c->out_yielded == 0 && c->body_yielded == 0);
    do {
        tri_h1_input_resume(c);
        const size_t count = c->abort_asked ? 0 : gather(c, out, max);
        if (count > 0 && !c->abort_asked) {
            return count;
        }
    } while (advance(c));
    return 0;
}
