/* See h2_request.h. */
#include "h2_request.h"

#include "h2_answer.h"

#include <assert.h>

void tri_h2_request_ask(struct tri_h2_stream *s)
{
    struct tri_h2_request *r = s->request;
    switch (tri_request_builder_finish(&r->builder, &r->head)) {
    case TRI_OK:
        break;
    case TRI_ERR_LIMIT:
        tri_h2_answer_status(s, 431); /* RFC 6585 section 5 */
        return;
    default:
        tri_h2_stream_kill(s, NGHTTP2_INTERNAL_ERROR);
        return;
    }
    s->is_tunnel = tri_slice_equal(r->head.method, TRI_SLICE("CONNECT"));
    tri_h2_stream_set_state(s, TRI_H2_STREAM_ASKED);
    s->conn->config.events->on_request(s->conn->config.user, &s->exchange, &r->head);
}

void tri_h2_request_refuse_body(struct tri_h2_stream *s)
{
    assert(s->state == TRI_H2_STREAM_ASKED);
    s->conn->config.events->on_cancel(s->conn->config.user, &s->exchange);
    tri_h2_answer_status(s, 413);
}

void tri_h2_request_end(struct tri_h2_stream *s, enum tri_h2_stream_state before,
                        enum tri_stream_cause cause)
{
    if (before == TRI_H2_STREAM_ASKED) {
        s->conn->config.events->on_cancel(s->conn->config.user, &s->exchange);
    } else if (cause != TRI_STREAM_CONN_LOST) {
        /* We end it for want of memory alone; the rest is the engine's, and the peer's fault. */
        const bool is_ours = cause == TRI_STREAM_ABORTED;
        tri_h2_core_refuse(s->conn, &s->carrier,
                           is_ours ? TRI_REFUSED_MEMORY : TRI_REFUSED_MALFORMED, 0);
    }
}
