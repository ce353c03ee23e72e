/* See h3_settle.h. */
#include "h3_settle.h"

#include "base_limits.h"
#include "h3_conn.h"

#include <assert.h>

/*
 * Resets both directions. Afterwards neither library reads a byte of the tenant's again: ngtcp2
 * forgets what it would retransmit, and nghttp3 is told not to write.
 */
static int reset_stream(struct tri_h3_stream *s)
{
    struct tri_h3_conn *c = s->conn;
    int rv = ngtcp2_conn_shutdown_stream(c->quic, 0, s->id, s->code);
    if (c->http && !s->is_let_go) {
        nghttp3_conn_shutdown_stream_write(c->http, s->id);
        int http_rv = nghttp3_conn_shutdown_stream_read(c->http, s->id);
        if (rv == 0 && http_rv != 0) {
            rv = tri_h3_conn_http_error(c, http_rv);
        }
    }
    return rv;
}

/* As on HTTP/2: whatever the peer reset or made us reset, but not what a tenant has aborted. */
static bool came_to_nothing(const struct tri_h3_stream *s)
{
    return s->cause == TRI_STREAM_RESET || s->code != NGHTTP3_H3_REQUEST_CANCELLED;
}

/* RFC 9114 section 10.5 */
static int count_reset(struct tri_h3_conn *c)
{
    const struct tri_bucket_rate rate = {TRI_RESETS_BURST, TRI_RESETS_PER_SECOND};
    if (tri_bucket_add(&c->resets, rate, c->shared->now_ns)) {
        return 0;
    }
    c->flood = TRI_FLOOD_RESET;
    return tri_h3_conn_app_error(c, NGHTTP3_H3_EXCESSIVE_LOAD);
}

static int settle_ending(struct tri_h3_stream *s)
{
    struct tri_h3_conn *c = s->conn;
    int rv = reset_stream(s);
    tri_h3_stream_end(s, s->cause);
    return rv == 0 && came_to_nothing(s) && !tri_h3_conn_is_client(c) ? count_reset(c) : rv;
}

static int settle_credit(struct tri_h3_stream *s)
{
    size_t credit = s->credit;
    if (credit < tri_h3_conn_credit_least(s->conn)) {
        return 0;
    }
    s->credit = 0;
    return ngtcp2_conn_extend_max_stream_offset(s->conn->quic, s->id, credit);
}

static int settle_input(struct tri_h3_stream *s)
{
    if (!s->stop_input || s->input_stopped || s->input_fin) {
        return 0;
    }
    s->input_stopped = true;
    return ngtcp2_conn_shutdown_stream_read(s->conn->quic, 0, s->id, NGHTTP3_H3_NO_ERROR);
}

/* A peer that opens no window for it would keep the answer here for ever. */
static void watch_answer(struct tri_h3_stream *s)
{
    struct tri_h3_request *r = s->request;
    if (r && !tri_list_is_linked(&r->timeout.node)) {
        tri_h3_request_empty(r);
        tri_timeout_arm(&s->conn->shared->answers, &r->timeout, s->conn->shared->now_ns);
    }
}

int tri_h3_settle_stream(struct tri_h3_stream *s)
{
    assert(!tri_list_is_linked(&s->woken));
    if (s->phase == TRI_H3_OVER) {
        return 0;
    }
    if (s->phase == TRI_H3_BOUND && !s->ending) {
        tri_h3_stream_deliver_held(s);
    } else if (s->phase == TRI_H3_ANSWERED && !s->ending) {
        watch_answer(s);
    }
    if (s->ending) {
        return settle_ending(s);
    }
    int rv = settle_credit(s);
    return rv == 0 ? settle_input(s) : rv;
}
