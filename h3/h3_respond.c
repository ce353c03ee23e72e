/* See h3_respond.h. */
#include "h3_respond.h"

#include "h3_answer.h"
#include "h3_conn.h"
#include "h3_output.h"
#include "h3_priority.h"
#include "http_connect.h"

#include <assert.h>

static int submit(struct tri_h3_stream *s, const struct tri_response *r,
                  const struct tri_h3_answer *answer)
{
    const nghttp3_data_reader reader = {.read_data = tri_h3_output_read};
    tri_h3_priority_open(s, r);
    return nghttp3_conn_submit_response(s->conn->http, s->id, answer->nva, answer->len,
                                        r->events ? &reader : NULL);
}

static void bind_answer(struct tri_h3_stream *s, const struct tri_response *r)
{
    s->is_websocket = r->answer == TRI_ANSWER_WEBSOCKET;
    s->x.status = tri_connect_status(r);
    s->x.stream.events = r->events;
    s->x.stream.session = r->session;
    if (r->events) {
        tri_h3_stream_set_phase(s, TRI_H3_BOUND);
        tri_h3_priority_count(s);
        /* Until now the peer could send no more than may be held. */
        s->credit += TRI_STREAM_WINDOW_BYTES - TRI_HELD_BYTES_MAX;
    } else {
        tri_h3_stream_set_phase(s, TRI_H3_ANSWERED);
    }
    tri_h3_stream_mark(s);
}

enum tri_err tri_h3_respond(struct tri_h3_stream *s, const struct tri_response *r)
{
    assert(s->phase == TRI_H3_WAITING);
    assert(r->events || r->answer != TRI_ANSWER_WEBSOCKET);
    struct tri_h3_answer answer;
    const struct tri_alloc *alloc = s->conn->shared->config.alloc;
    enum tri_err err = tri_h3_answer_init(&answer, alloc, r);
    if (err == TRI_OK) {
        if (submit(s, r, &answer) != 0) {
            err = TRI_ERR_NOMEM; /* the only reason: the stream is there, and the fields are ours */
        }
        tri_h3_answer_deinit(&answer);
    }
    if (err == TRI_OK) {
        bind_answer(s, r);
    } else {
        tri_h3_stream_set_phase(s, TRI_H3_ANSWERED);
        tri_h3_stream_fail(s, TRI_STREAM_ABORTED, NGHTTP3_H3_INTERNAL_ERROR);
    }
    return err;
}

static enum tri_err respond(struct tri_exchange *x, const struct tri_response *r)
{
    return tri_h3_respond(TRI_CONTAINER_OF(x, struct tri_h3_stream, x), r);
}

const struct tri_exchange_ops tri_h3_respond_ops = {.respond = respond};
