/* See h3_stream.h. The answer is in h3_respond.c, what goes out in h3_output.c, and what is done about
 * marks in h3_settle.c. */
#include "h3_stream.h"

#include "h3_call.h"
#include "h3_conn.h"
#include "h3_early.h"
#include "h3_output.h"
#include "h3_priority.h"
#include "h3_respond.h"

#include <assert.h>

/* ---- phases */

static bool may_follow(enum tri_h3_phase from, enum tri_h3_phase to)
{
    switch (to) {
    case TRI_H3_HEAD:
        return false;
    case TRI_H3_EARLY:
        return from == TRI_H3_HEAD;
    case TRI_H3_WAITING:
        return from == TRI_H3_HEAD || from == TRI_H3_EARLY;
    case TRI_H3_BOUND:
    case TRI_H3_ANSWERED:
        return from == TRI_H3_WAITING;
    case TRI_H3_OVER:
        return from != TRI_H3_OVER;
    }
    return false;
}

void tri_h3_stream_set_phase(struct tri_h3_stream *s, enum tri_h3_phase to)
{
    assert(may_follow(s->phase, to));
    s->phase = to;
}

/* ---- ops: what the tenant asks for. They set marks only (contract line 7). */

static struct tri_h3_stream *stream_of(struct tri_stream *stream)
{
    return TRI_CONTAINER_OF(stream, struct tri_h3_stream, x.stream);
}

void tri_h3_stream_mark(struct tri_h3_stream *s)
{
    if (!tri_list_is_linked(&s->woken)) {
        tri_list_append(&s->conn->woken, &s->woken);
    }
    tri_h3_conn_wake(s->conn);
}

static void wake_write(struct tri_stream *stream)
{
    struct tri_h3_stream *s = stream_of(stream);
    assert(s->phase == TRI_H3_BOUND);
    tri_h3_output_wake(s);
    tri_h3_conn_wake(s->conn);
}

static void consume(struct tri_stream *stream, size_t len)
{
    struct tri_h3_stream *s = stream_of(stream);
    assert(s->phase == TRI_H3_BOUND);
    assert(len <= s->unconsumed); /* no byte is credited twice */
    s->unconsumed -= len;
    s->credit += len;
    if (s->credit >= tri_h3_conn_credit_least(s->conn)) {
        tri_h3_stream_mark(s);
    }
}

static void abort_stream(struct tri_stream *stream)
{
    struct tri_h3_stream *s = stream_of(stream);
    assert(s->phase == TRI_H3_BOUND);
    tri_h3_stream_fail(s, TRI_STREAM_ABORTED, NGHTTP3_H3_REQUEST_CANCELLED);
}

static void set_urgency(struct tri_stream *stream, unsigned urgency)
{
    struct tri_h3_stream *s = stream_of(stream);
    assert(s->phase == TRI_H3_BOUND);
    if (tri_h3_conn_is_client(s->conn)) {
        return; /* urgency is about responses */
    }
    tri_priority_set_urgency(&s->priority, urgency);
    tri_h3_priority_apply(s);
}

static const struct tri_stream_ops stream_ops = {
    .name = "h3",
    .wake_write = wake_write,
    .consume = consume,
    .abort = abort_stream,
    .set_urgency = set_urgency,
};

void tri_h3_stream_fail(struct tri_h3_stream *s, enum tri_stream_cause cause, uint64_t code)
{
    if (!s->ending && s->phase != TRI_H3_OVER) {
        s->ending = true;
        s->cause = cause;
        s->code = code;
        tri_h3_stream_mark(s);
    }
}

static void tell_refusal(const struct tri_h3_stream *s, enum tri_refused why, int status)
{
    const struct tri_exchange_events *events = s->conn->shared->config.events;
    if (events->on_refuse) {
        events->on_refuse(s->conn->user, &s->carrier, why, status);
    }
}

void tri_h3_stream_refuse(struct tri_h3_stream *s, enum tri_refused why, uint64_t code)
{
    if (s->phase == TRI_H3_HEAD && !s->ending) {
        tell_refusal(s, why, 0);
    }
    const bool is_ours = why == TRI_REFUSED_MEMORY;
    tri_h3_stream_fail(s, is_ours ? TRI_STREAM_ABORTED : TRI_STREAM_RESET, code);
}

/* ---- life */

struct tri_h3_stream *tri_h3_stream_new(struct tri_h3_conn *conn)
{
    const struct tri_alloc *alloc = conn->shared->config.alloc;
    struct tri_h3_stream *s = tri_alloc_zero(alloc, sizeof *s);
    struct tri_h3_request *request = tri_h3_request_new(alloc, s);
    if (!s || !request) {
        tri_h3_request_free(request);
        tri_alloc_release(alloc, s);
        return NULL;
    }
    s->x.stream.ops = &stream_ops;
    s->conn = conn;
    s->phase = TRI_H3_HEAD;
    s->request = request;
    s->carrier = conn->carrier;
    tri_priority_init(&s->priority);
    tri_list_init(&s->node);
    tri_list_init(&s->woken);
    tri_list_init(&s->turn.node);
    return s;
}

void tri_h3_stream_register(struct tri_h3_stream *s, int64_t id)
{
    s->id = id;
    s->turn.id = id;
    s->carrier.stream_id = id;
    tri_list_append(&s->conn->streams, &s->node);
    s->conn->streams_len++;
}

void tri_h3_stream_drop(struct tri_h3_stream *s)
{
    tri_h3_request_free(s->request);
    tri_alloc_release(s->conn->shared->config.alloc, s);
}

enum tri_err tri_h3_stream_open(struct tri_h3_conn *conn, int64_t id)
{
    struct tri_h3_stream *s = tri_h3_stream_new(conn);
    if (!s) {
        return TRI_ERR_NOMEM;
    }
    if (ngtcp2_conn_set_stream_user_data(conn->quic, id, s) != 0) {
        tri_h3_stream_drop(s);
        return TRI_ERR_NOMEM;
    }
    s->x.ops = &tri_h3_respond_ops;
    s->x.carrier = &s->carrier;
    tri_h3_stream_register(s, id);
    tri_timeout_arm(&conn->shared->heads, &s->request->timeout, conn->shared->now_ns);
    return TRI_OK;
}

void tri_h3_stream_bury(struct tri_h3_stream *s)
{
    assert(s->phase == TRI_H3_OVER);
    assert(s->conn->streams_len > 0);
    s->conn->streams_len--;
    tri_list_remove(&s->woken);
    tri_list_remove(&s->node);
    tri_list_append(&s->conn->shared->graveyard, &s->node);
    s->conn = NULL;
}

void tri_h3_stream_free(struct tri_h3_stream *s, const struct tri_alloc *alloc)
{
    assert(!s->conn && !s->request);
    tri_h3_framing_deinit(&s->framing, alloc);
    tri_list_remove(&s->node);
    tri_alloc_release(alloc, s);
}

static void drop_request(struct tri_h3_stream *s)
{
    tri_h3_request_free(s->request);
    s->request = NULL;
}

void tri_h3_stream_end(struct tri_h3_stream *s, enum tri_stream_cause cause)
{
    enum tri_h3_phase was = s->phase;
    if (was == TRI_H3_OVER) {
        return;
    }
    tri_h3_stream_set_phase(s, TRI_H3_OVER);
    tri_h3_schedule_remove(&s->turn);
    s->conn->sockets_len -= s->is_websocket && was == TRI_H3_BOUND;
    if (was == TRI_H3_BOUND && s->x.stream.events) {
        s->x.stream.events->on_closed(s->x.stream.session, cause);
    } else if (tri_h3_conn_is_client(s->conn)) {
        tri_h3_call_end(s, cause);
    } else if (was == TRI_H3_WAITING) {
        const struct tri_h3_config *config = &s->conn->shared->config;
        config->events->on_cancel(s->conn->user, &s->x);
    }
    s->x.stream.events = NULL;
    drop_request(s);
}

void tri_h3_stream_closed(struct tri_h3_stream *s)
{
    tri_h3_stream_end(s, s->ending ? s->cause : TRI_STREAM_FINISHED);
    tri_h3_stream_bury(s);
}

/* ---- what arrives */

void tri_h3_stream_field(struct tri_h3_stream *s, struct tri_slice name, struct tri_slice value)
{
    if (s->phase == TRI_H3_HEAD && name.len > 0) {
        tri_h3_request_add(s->request, name, value);
    }
}

/* RFC 6585 section 5 */
static void refuse_large_head(struct tri_h3_stream *s)
{
    const struct tri_response r = {.answer = TRI_ANSWER_PLAIN, .status = 431, .content_length = 0};
    enum tri_err err = tri_h3_respond(s, &r);
    /* What is left to do without memory, that has done. */
    tell_refusal(s, TRI_REFUSED_MALFORMED, err == TRI_OK ? r.status : 0);
}

void tri_h3_stream_head(struct tri_h3_stream *s)
{
    if (s->phase != TRI_H3_HEAD || s->ending) {
        return;
    }
    if (tri_h3_conn_is_client(s->conn)) {
        tri_h3_call_head(s);
        return;
    }
    tri_timeout_disarm(&s->request->timeout);
    enum tri_err err = tri_h3_request_finish(s->request);
    if (err == TRI_ERR_NOMEM) {
        tri_h3_stream_refuse(s, TRI_REFUSED_MEMORY, NGHTTP3_H3_INTERNAL_ERROR);
        return;
    }
    if (err == TRI_ERR_LIMIT) {
        tri_h3_stream_set_phase(s, TRI_H3_WAITING);
        refuse_large_head(s);
        return;
    }
    assert(err == TRI_OK);
    if (tri_h3_early_waits(s)) {
        tri_h3_stream_set_phase(s, TRI_H3_EARLY);
    } else {
        tri_h3_stream_announce(s);
    }
}

void tri_h3_stream_announce(struct tri_h3_stream *s)
{
    tri_h3_stream_set_phase(s, TRI_H3_WAITING);
    s->carrier = s->conn->carrier; /* of one that came early, not all was known when it came */
    s->carrier.stream_id = s->id;
    const struct tri_h3_config *config = &s->conn->shared->config;
    config->events->on_request(s->conn->user, &s->x, &s->request->head);
}

static void hold(struct tri_h3_stream *s, const uint8_t *data, size_t len)
{
    enum tri_err err = tri_buf_append(&s->request->held, data, len);
    if (err != TRI_OK) { /* flow control keeps the peer below the limit: memory is short */
        tri_h3_stream_fail(s, TRI_STREAM_ABORTED, NGHTTP3_H3_INTERNAL_ERROR);
    }
}

static void deliver(struct tri_h3_stream *s, const uint8_t *data, size_t len)
{
    s->unconsumed += len;
    s->x.stream.events->on_data(s->x.stream.session, data, len);
}

/* What came before the verdict, then, in order, the peer's end. */
void tri_h3_stream_deliver_held(struct tri_h3_stream *s)
{
    if (s->request) {
        struct tri_slice held = tri_buf_peek(&s->request->held);
        if (held.len > 0) {
            deliver(s, held.data, held.len);
        }
        drop_request(s);
    }
    if (s->input_fin && !s->fin_told && !s->ending) {
        s->fin_told = true;
        s->x.stream.events->on_fin(s->x.stream.session);
    }
}

void tri_h3_stream_data(struct tri_h3_stream *s, const uint8_t *data, size_t len)
{
    if (s->ending || len == 0) {
        return;
    }
    if (s->phase == TRI_H3_WAITING || s->phase == TRI_H3_EARLY) {
        hold(s, data, len);
    } else if (s->phase == TRI_H3_BOUND) {
        tri_h3_stream_deliver_held(s);
        if (!s->ending) {
            deliver(s, data, len);
        }
    }
}

void tri_h3_stream_fin(struct tri_h3_stream *s)
{
    s->input_fin = true;
    if (s->phase == TRI_H3_BOUND && !s->ending) {
        tri_h3_stream_deliver_held(s);
    }
}

void tri_h3_stream_peer_reset(struct tri_h3_stream *s, uint64_t code)
{
    if (tri_h3_conn_is_client(s->conn) && !s->ending) {
        s->call.was_reset = true;
        s->call.peer_code = code;
    }
    if (!s->input_stopped) {
        tri_h3_stream_fail(s, TRI_STREAM_RESET, NGHTTP3_H3_REQUEST_CANCELLED);
    }
}

void tri_h3_stream_peer_stop(struct tri_h3_stream *s)
{
    if (tri_h3_conn_is_client(s->conn) && s->phase == TRI_H3_HEAD) {
        s->call.was_stopped = true; /* it may be answered all the same: RFC 9114 section 4.1 */
        return;
    }
    tri_h3_stream_fail(s, TRI_STREAM_RESET, NGHTTP3_H3_REQUEST_CANCELLED);
}

void tri_h3_stream_fin_sent(struct tri_h3_stream *s)
{
    if (s->phase == TRI_H3_ANSWERED) {
        drop_request(s);
    }
    /* RFC 9114 section 4.1: a complete response may come before the whole request. */
    if (!s->is_websocket && !s->input_fin) {
        s->stop_input = true;
        tri_h3_stream_mark(s);
    }
}
