/* See h2_stream.h. */
#include "h2_stream.h"

#include "h2_request.h"

#include <assert.h>

static struct tri_h2_stream *stream_of(struct tri_stream *seam)
{
    return TRI_CONTAINER_OF(seam, struct tri_h2_stream, seam);
}

struct tri_h2_stream *tri_h2_stream_of_node(struct tri_list *node)
{
    return TRI_CONTAINER_OF(node, struct tri_h2_stream, node);
}

void tri_h2_stream_set_state(struct tri_h2_stream *s, enum tri_h2_stream_state state)
{
    static const bool legal[4][4] = {
        [TRI_H2_STREAM_HEAD] = {[TRI_H2_STREAM_ASKED] = true,
                                [TRI_H2_STREAM_ANSWERED] = true,
                                [TRI_H2_STREAM_OVER] = true},
        [TRI_H2_STREAM_ASKED] = {[TRI_H2_STREAM_ANSWERED] = true, [TRI_H2_STREAM_OVER] = true},
        [TRI_H2_STREAM_ANSWERED] = {[TRI_H2_STREAM_OVER] = true},
    };
    assert(legal[s->state][state]);
    if (s->conn->head == s) {
        s->conn->head = NULL;
    }
    s->state = state;
}

/* ---- the seam's ops: they set flags, the next drive step acts (contract line 7) */

void tri_h2_stream_mark(struct tri_h2_stream *s)
{
    if (!tri_list_is_linked(&s->work_node)) {
        tri_list_append(&s->conn->work, &s->work_node);
    }
    tri_h2_core_wake(s->conn);
}

static void wake_write(struct tri_stream *seam)
{
    struct tri_h2_stream *s = stream_of(seam);
    assert(s->state != TRI_H2_STREAM_OVER); /* contract line 8 */
    s->wants_write = true;
    tri_h2_stream_mark(s);
}

static void consume(struct tri_stream *seam, size_t len)
{
    struct tri_h2_stream *s = stream_of(seam);
    assert(s->state != TRI_H2_STREAM_OVER);
    assert(len <= s->debt_bytes); /* no byte is consumed twice */
    s->debt_bytes -= len;
    if (s->is_peer_fin) {
        return; /* nobody is left to use the credit */
    }
    s->credit_bytes += len;
    if (s->credit_bytes >= s->conn->role->credit_least) {
        tri_h2_stream_mark(s);
    }
}

static void abort_stream(struct tri_stream *seam)
{
    struct tri_h2_stream *s = stream_of(seam);
    assert(s->state != TRI_H2_STREAM_OVER);
    s->wants_abort = true;
    tri_h2_stream_mark(s);
}

static void set_urgency(struct tri_stream *seam, unsigned urgency)
{
    struct tri_h2_stream *s = stream_of(seam);
    assert(s->state != TRI_H2_STREAM_OVER);
    tri_priority_set_urgency(&s->priority, urgency);
    s->wants_priority = true;
    tri_h2_stream_mark(s);
}

static const struct tri_stream_ops stream_ops = {
    .name = "h2",
    .wake_write = wake_write,
    .consume = consume,
    .abort = abort_stream,
    .set_urgency = set_urgency,
};

/* ---- life */

static struct tri_h2_request *new_request(const struct tri_alloc *alloc)
{
    struct tri_h2_request *r = tri_alloc_zero(alloc, sizeof *r);
    if (r) {
        tri_request_builder_init(&r->builder, alloc);
        tri_buf_init(&r->held, alloc, TRI_HELD_BYTES_MAX);
    }
    return r;
}

static void free_request(const struct tri_alloc *alloc, struct tri_h2_request *r)
{
    if (r) {
        tri_request_builder_deinit(&r->builder);
        tri_buf_deinit(&r->held);
        tri_alloc_release(alloc, r);
    }
}

struct tri_h2_stream *tri_h2_stream_new(struct tri_h2_conn *c, int32_t id)
{
    const struct tri_alloc *alloc = c->config.alloc;
    struct tri_h2_stream *s = tri_alloc_zero(alloc, sizeof *s);
    if (!s) {
        return NULL;
    }
    s->request = new_request(alloc);
    if (!s->request) {
        tri_alloc_release(alloc, s);
        return NULL;
    }
    s->conn = c;
    s->carrier = c->config.carrier;
    tri_h2_stream_set_id(s, id);
    s->seam.ops = &stream_ops;
    tri_priority_init(&s->priority);
    tri_list_init(&s->node);
    tri_list_init(&s->work_node);
    tri_list_init(&s->flight_node);
    tri_list_append(&c->open, &s->node);
    c->open_len++;
    return s;
}

void tri_h2_stream_set_id(struct tri_h2_stream *s, int32_t id)
{
    s->id = id;
    s->carrier.stream_id = id;
}

void tri_h2_stream_undo(struct tri_h2_stream *s)
{
    s->conn->open_len--;
    tri_h2_stream_set_state(s, TRI_H2_STREAM_OVER);
    tri_h2_stream_free(s);
}

void tri_h2_stream_free(struct tri_h2_stream *s)
{
    assert(s->state == TRI_H2_STREAM_OVER && s->flight_bytes == 0);
    tri_list_remove(&s->node);
    tri_list_remove(&s->work_node);
    free_request(s->conn->config.alloc, s->request);
    tri_alloc_release(s->conn->config.alloc, s);
}

void tri_h2_stream_closed(struct tri_h2_stream *s)
{
    assert(!s->is_closed && s->conn->open_len > 0);
    s->is_closed = true;
    s->conn->open_len--;
    tri_list_remove(&s->node);
    tri_list_append(&s->conn->ended, &s->node);
    s->conn->idle_since_ns = s->conn->now_ns;
}

enum tri_stream_cause tri_h2_stream_cause(const struct tri_h2_stream *s)
{
    /* The rest of a plain request need not be waited for: RFC 9113 section 8.1. */
    const bool is_finished = s->is_fin_sent && (s->is_peer_fin || !s->is_websocket);
    /* Else the peer reset it, or the engine did because the peer broke the rules. */
    return is_finished ? TRI_STREAM_FINISHED : TRI_STREAM_RESET;
}

void tri_h2_stream_end(struct tri_h2_stream *s, enum tri_stream_cause cause)
{
    assert(s->flight_bytes == 0); /* else its slices would dangle */
    const enum tri_h2_stream_state before = s->state;
    if (before == TRI_H2_STREAM_OVER) {
        return;
    }
    tri_h2_stream_set_state(s, TRI_H2_STREAM_OVER);
    s->conn->sockets_len -= s->is_websocket;
    const struct tri_stream *seam = &s->seam;
    if (before != TRI_H2_STREAM_ANSWERED) {
        s->conn->role->end_unanswered(s, before, cause);
    } else if (seam->events) {
        seam->events->on_closed(seam->session, cause);
    }
    free_request(s->conn->config.alloc, s->request);
    s->request = NULL;
}

void tri_h2_stream_kill(struct tri_h2_stream *s, uint32_t error_code)
{
    tri_h2_core_reset(s->conn, s->id, error_code);
    tri_h2_stream_end(s, TRI_STREAM_ABORTED);
}

/* ---- input */

static bool has_tenant(const struct tri_h2_stream *s)
{
    return s->state == TRI_H2_STREAM_ANSWERED && s->seam.events != NULL;
}

static void give_data(struct tri_h2_stream *s, const uint8_t *data, size_t len)
{
    if (!s->wants_abort) {
        s->debt_bytes += len;
        s->seam.events->on_data(s->seam.session, data, len);
    }
}

/* What came before the verdict, and then the end, if that came too. */
static void give_held(struct tri_h2_stream *s)
{
    assert(s->state == TRI_H2_STREAM_ANSWERED);
    struct tri_h2_request *r = s->request;
    s->request = NULL;
    if (r) {
        struct tri_slice held = tri_buf_peek(&r->held);
        if (has_tenant(s) && held.len > 0) {
            give_data(s, held.data, held.len);
        }
        free_request(s->conn->config.alloc, r);
    }
    if (has_tenant(s) && s->is_peer_fin && !s->is_fin_told && !s->wants_abort) {
        s->is_fin_told = true;
        s->seam.events->on_fin(s->seam.session);
    }
}

static void return_credit(struct tri_h2_stream *s, size_t len)
{
    if (nghttp2_session_consume_stream(s->conn->session, s->id, len) != 0) {
        tri_h2_stream_kill(s, NGHTTP2_INTERNAL_ERROR); /* memory: the peer would wait for ever */
    }
}

/* Contract line 6. */
static void hold_data(struct tri_h2_stream *s, const uint8_t *data, size_t len)
{
    switch (tri_buf_append(&s->request->held, data, len)) {
    case TRI_OK:
        return;
    case TRI_ERR_LIMIT:
        tri_h2_stream_kill(s, NGHTTP2_ENHANCE_YOUR_CALM);
        return;
    default:
        tri_h2_stream_kill(s, NGHTTP2_INTERNAL_ERROR);
        return;
    }
}

static bool is_body(const struct tri_h2_stream *s)
{
    return s->state == TRI_H2_STREAM_ASKED ? !s->is_tunnel : !s->is_websocket;
}

void tri_h2_stream_data(struct tri_h2_stream *s, const uint8_t *data, size_t len)
{
    assert(s->state != TRI_H2_STREAM_HEAD);
    if (s->state == TRI_H2_STREAM_OVER) {
        return;
    }
    s->body_bytes += len;
    if (is_body(s) && s->body_bytes > TRI_REQUEST_BODY_BYTES_MAX) {
        if (has_tenant(s)) {
            tri_h2_stream_kill(s, NGHTTP2_ENHANCE_YOUR_CALM);
        } else if (s->state == TRI_H2_STREAM_ASKED) { /* by a client, to us: is_tunnel is ours */
            tri_h2_request_refuse_body(s);
        }
    } else if (has_tenant(s)) {
        give_held(s);
        give_data(s, data, len);
    } else if (s->state == TRI_H2_STREAM_ASKED && s->is_tunnel) {
        hold_data(s, data, len);
    } else {
        return_credit(s, len); /* a body that nobody reads */
    }
}

void tri_h2_stream_peer_fin(struct tri_h2_stream *s)
{
    s->is_peer_fin = true;
    if (s->state == TRI_H2_STREAM_ANSWERED) {
        give_held(s);
    }
}

/* ---- the drive step */

static void submit_data(struct tri_h2_stream *s)
{
    /* While a provider is in flight it will peek again by itself; after fin nobody may. */
    if (s->is_sending || s->is_fin_given) {
        return;
    }
    const nghttp2_data_provider2 provider = {.source = {.ptr = s},
                                             .read_callback = tri_h2_output_read};
    if (nghttp2_submit_data2(s->conn->session, NGHTTP2_FLAG_END_STREAM, s->id, &provider) != 0) {
        tri_h2_stream_kill(s, NGHTTP2_INTERNAL_ERROR);
        return;
    }
    s->is_sending = true;
}

void tri_h2_stream_drive(struct tri_h2_stream *s)
{
    if (s->is_closed) {
        assert(s->state == TRI_H2_STREAM_OVER); /* ended streams are told first */
        return;
    }
    if (s->wants_abort) {
        s->wants_abort = false;
        tri_h2_stream_kill(s, NGHTTP2_CANCEL);
        return;
    }
    if (s->state != TRI_H2_STREAM_ANSWERED) {
        return;
    }
    if (!s->is_scheduled || s->wants_priority) {
        s->conn->role->schedule(s);
        if (s->conn->phase != TRI_H2_LIVE) {
            return; /* memory */
        }
    }
    give_held(s);
    if (s->credit_bytes >= s->conn->role->credit_least) {
        size_t len = s->credit_bytes;
        s->credit_bytes = 0;
        return_credit(s, len);
    }
    if (s->wants_write && has_tenant(s)) {
        s->wants_write = false;
        submit_data(s);
    }
}
