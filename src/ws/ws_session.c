/*
 * A session's life: its states, how it closes, and the events of its stream. RFC 6455 section 7.
 * Frames are read in ws_session_input.c and written in ws_session_output.c.
 */
#include "ws_session_internal.h"

#include <assert.h>

/* --- states */

/* Timeouts follow from the state alone. */
static void arm_timeouts(struct tri_session *s)
{
    struct tri_session_worker *w = s->worker;
    switch (s->state) {
    case TRI_SESSION_OPEN:
        tri_timeout_arm(&w->pings, &s->ping, w->now_ns);
        if (s->is_paused) {
            tri_timeout_disarm(&s->deadline); /* it is not the peer who is silent */
        } else {
            tri_timeout_arm(&w->idles, &s->deadline, w->now_ns);
        }
        break;
    case TRI_SESSION_CLOSING:
    case TRI_SESSION_ENDING:
        tri_timeout_disarm(&s->ping);
        tri_timeout_arm(&w->closes, &s->deadline, w->now_ns);
        break;
    case TRI_SESSION_FINISHING: /* the deadline goes on from ENDING */
        break;
    case TRI_SESSION_ABORTED:
    case TRI_SESSION_CLOSED:
        tri_timeout_disarm(&s->ping);
        tri_timeout_disarm(&s->deadline);
        break;
    }
}

void tri_session_limits_changed(struct tri_session *s)
{
    struct tri_session_worker *w = s->worker;
    if (s->state != TRI_SESSION_OPEN) {
        return;
    }
    if (!tri_list_is_linked(&s->ping.node)) {
        tri_timeout_arm(&w->pings, &s->ping, w->now_ns);
    }
    if (!s->is_paused && !tri_list_is_linked(&s->deadline.node)) {
        tri_timeout_arm(&w->idles, &s->deadline, w->now_ns);
    }
}

void tri_session_set_state(struct tri_session *s, enum tri_session_state next)
{
    assert(next > s->state);
    assert(next != TRI_SESSION_FINISHING || s->state == TRI_SESSION_ENDING);
    s->state = next;
    arm_timeouts(s);
}

static enum tri_err open_deflate(struct tri_session *s, const struct tri_deflate_params *params)
{
    if (params->mode == TRI_DEFLATE_OFF) {
        return TRI_OK;
    }
    s->deflate = tri_deflate_socket_new(&s->worker->deflate, params, s->role == TRI_SESSION_SERVER);
    return s->deflate ? TRI_OK : TRI_ERR_NOMEM;
}

enum tri_err tri_session_new(struct tri_session **out, struct tri_session_worker *w,
                             const struct tri_session_setup *setup)
{
    assert(!setup->events->on_message || !setup->events->on_fragment);
    struct tri_session *s = tri_alloc_get(w->alloc, sizeof *s);
    if (!s) {
        return TRI_ERR_NOMEM;
    }
    *s = (struct tri_session){
        .worker = w,
        .stream = setup->stream,
        .events = setup->events,
        .owner = setup->owner,
        .role = setup->role,
        .slow = setup->slow,
        .opened_ns = w->now_ns,
        .code = TRI_CLOSE_ABNORMAL, /* until a Close says otherwise. RFC 6455 section 7.1.5 */
        .reason = "",
    };
    if (open_deflate(s, &setup->deflate) != TRI_OK) {
        tri_alloc_release(w->alloc, s);
        return TRI_ERR_NOMEM;
    }
    tri_queue_init(&s->queue, &w->chunks);
    tri_timeout_init(&s->ping);
    tri_timeout_init(&s->deadline);
    tri_list_init(&s->resumed);
    arm_timeouts(s);
    *out = s;
    return TRI_OK;
}

static void free_session(struct tri_session *s)
{
    tri_timeout_disarm(&s->ping);
    tri_timeout_disarm(&s->deadline);
    assert(!s->reading); /* it went when the reading ended */
    assert(!tri_list_is_linked(&s->resumed));
    tri_queue_deinit(&s->queue);
    tri_deflate_socket_free(s->deflate);
    tri_alloc_release(s->worker->alloc, s->reason_owned);
    tri_alloc_release(s->worker->alloc, s);
}

void tri_session_discard(struct tri_session *s)
{
    assert(s->stream->session != s); /* a bound session ends with on_closed */
    free_session(s);
}

/* --- closing */

/* Our Close, behind all that is queued. False if memory is short. */
static bool queue_close(struct tri_session *s, const struct tri_close *close)
{
    uint8_t payload[TRI_CONTROL_PAYLOAD_MAX];
    const size_t len = tri_close_encode(close, payload);
    assert(s->state == TRI_SESSION_OPEN && !s->is_close_queued);
    if (tri_session_output_control(s, TRI_OP_CLOSE, tri_slice_of(payload, len)) != TRI_OK) {
        return false;
    }
    s->is_close_queued = true;
    return true;
}

static void make_close(struct tri_close *close, uint16_t code, struct tri_slice reason)
{
    assert(reason.len <= TRI_CLOSE_REASON_MAX);
    *close = (struct tri_close){.code = code, .reason_len = (uint8_t)reason.len};
    if (reason.len > 0) {
        memcpy(close->reason, reason.data, reason.len);
    }
}

/* Nothing more is read, nothing more will be queued: fin is next. */
static void start_ending(struct tri_session *s)
{
    tri_session_set_state(s, TRI_SESSION_ENDING);
    tri_session_input_stop(s);
    s->stream->ops->wake_write(s->stream);
}

void tri_session_fail(struct tri_session *s, enum tri_close_code code, const char *reason)
{
    assert(s->state <= TRI_SESSION_CLOSING);
    s->code = (uint16_t)code;
    s->reason = reason;
    if (s->state == TRI_SESSION_OPEN) {
        struct tri_close close;
        make_close(&close, (uint16_t)code, tri_slice_of_string(reason));
        if (!queue_close(s, &close)) {
            tri_session_abort(s);
            return;
        }
    }
    start_ending(s);
}

bool tri_session_check_memory(struct tri_session *s, const struct tri_buf *b, size_t len)
{
    const size_t growth = tri_buf_growth(b, len);
    if (tri_session_is_memory_short(s, b->cap + growth, growth)) {
        tri_session_fail(s, TRI_CLOSE_TRY_AGAIN_LATER, "the server is short of memory");
        return false;
    }
    return true;
}

void tri_session_receive_close(struct tri_session *s, const struct tri_close *close)
{
    assert(s->state <= TRI_SESSION_CLOSING && !s->is_close_received);
    s->is_close_received = true;
    s->code = close->code;
    if (close->reason_len > 0) {
        /* Without memory the reason is lost, the code is not. */
        s->reason_owned = tri_alloc_string(s->worker->alloc, close->reason, close->reason_len);
        s->reason = s->reason_owned ? s->reason_owned : "";
    }
    if (s->state == TRI_SESSION_OPEN) {
        /* RFC 6455 section 5.5.1: MUST send a Close in response; it echoes what was received. */
        if (!queue_close(s, close)) {
            tri_session_abort(s);
            return;
        }
    }
    /* RFC 6455 section 7.1.1: the server ends the connection first, the client waits for that. */
    s->waits_for_fin = s->role == TRI_SESSION_CLIENT;
    start_ending(s);
}

enum tri_err tri_session_close(struct tri_session *s, uint16_t code, struct tri_slice reason)
{
    if (!tri_close_code_is_sendable(code) || reason.len > TRI_CLOSE_REASON_MAX ||
        !tri_utf8_is_valid(reason.data, reason.len)) {
        return TRI_ERR_INVALID;
    }
    if (s->state != TRI_SESSION_OPEN) {
        return TRI_OK;
    }
    struct tri_close close;
    make_close(&close, code, reason);
    if (!queue_close(s, &close)) {
        tri_session_abort(s);
        return TRI_OK;
    }
    tri_session_set_state(s, TRI_SESSION_CLOSING);
    if (s->reading) {
        tri_session_message_drop(s); /* it would be dropped when it is whole */
    }
    tri_session_input_schedule(s); /* the peer's Close may be among what a pause held back */
    return TRI_OK;
}

void tri_session_abort(struct tri_session *s)
{
    if (s->state >= TRI_SESSION_ABORTED) {
        return;
    }
    tri_session_set_state(s, TRI_SESSION_ABORTED);
    tri_session_input_stop(s);
    s->stream->ops->abort(s->stream);
}

void tri_session_abort_because(struct tri_session *s, const char *reason)
{
    if (s->reason[0] == '\0' && !s->is_close_received) {
        s->reason = reason;
    }
    tri_session_abort(s);
}

void tri_session_pause(struct tri_session *s)
{
    s->is_paused = true;
    if (s->state == TRI_SESSION_OPEN) {
        tri_timeout_disarm(&s->deadline);
        tri_session_input_schedule(s);
    }
}

void tri_session_resume(struct tri_session *s)
{
    if (!s->is_paused) {
        return;
    }
    s->is_paused = false;
    if (s->state == TRI_SESSION_OPEN) {
        arm_timeouts(s);
        tri_session_input_schedule(s);
    }
}

void tri_session_urgency(struct tri_session *s, unsigned urgency)
{
    assert(urgency <= TRI_URGENCY_LEAST);
    if (s->state < TRI_SESSION_ABORTED) {
        s->stream->ops->set_urgency(s->stream, urgency);
    }
}

void tri_session_slow(struct tri_session *s, enum tri_slow policy)
{
    assert(policy == TRI_SLOW_WAIT || policy == TRI_SLOW_DROP || policy == TRI_SLOW_CLOSE);
    s->slow = policy;
}

bool tri_session_drops(const struct tri_session *s)
{
    return s->slow == TRI_SLOW_DROP;
}

size_t tri_session_queued_bytes(const struct tri_session *s)
{
    return s->queue.held;
}

enum tri_deflate tri_session_deflate(const struct tri_session *s)
{
    return s->deflate ? tri_deflate_socket_params(s->deflate)->mode : TRI_DEFLATE_OFF;
}

size_t tri_session_idle_bytes(void)
{
    return sizeof(struct tri_session);
}

/* --- the stream's events */

static void handle_data(void *session, const uint8_t *data, size_t len)
{
    struct tri_session *s = session;
    assert(s->state < TRI_SESSION_CLOSED);
    if (s->state == TRI_SESSION_OPEN) {
        arm_timeouts(s); /* the peer lives, whatever it says */
    }
    tri_session_input_feed(s, tri_slice_of(data, len));
}

void tri_session_receive_fin(struct tri_session *s)
{
    assert(tri_session_is_reading(s) && s->is_fin_received);
    start_ending(s); /* no Close came: 1006. RFC 6455 section 7.1.5 */
}

static void handle_fin(void *session)
{
    struct tri_session *s = session;
    assert(s->state < TRI_SESSION_CLOSED && !s->is_fin_received);
    s->is_fin_received = true;
    if (tri_session_is_reading(s)) {
        tri_session_input_go_on(s); /* behind what is held, if the owner pauses */
    } else if (s->state == TRI_SESSION_ENDING) {
        s->stream->ops->wake_write(s->stream); /* a client's fin may follow now */
    }
}

/* Why a socket ended that was not closed: for logs; it never was on the wire. */
static const char *explain_cause(enum tri_stream_cause cause)
{
    switch (cause) {
    case TRI_STREAM_FINISHED:
        return "the stream ended without a Close frame";
    case TRI_STREAM_RESET:
        return "the peer reset the stream";
    case TRI_STREAM_ABORTED:
        return "aborted";
    case TRI_STREAM_CONN_LOST:
        return "the connection was lost";
    }
    return "";
}

static void handle_closed(void *session, enum tri_stream_cause cause)
{
    struct tri_session *s = session;
    tri_session_set_state(s, TRI_SESSION_CLOSED);
    tri_session_input_stop(s);
    const bool needs_reason = s->code == TRI_CLOSE_ABNORMAL && s->reason[0] == '\0';
    const struct tri_ws_end end = {
        .code = s->code,
        .reason = needs_reason ? explain_cause(cause) : s->reason,
        .clean = s->is_close_sent && s->is_close_received,
        .messages_in = s->messages_in,
        .messages_out = s->messages_out,
        .messages_dropped = s->messages_dropped,
        .bytes_in = s->bytes_in,
        .bytes_out = s->bytes_out,
        .duration_ms = (s->worker->now_ns - s->opened_ns) / TRI_NS_PER_MS,
    };
    if (s->events->on_close) {
        s->events->on_close(s->owner, &end);
    }
    free_session(s);
}

const struct tri_stream_events tri_session_stream_events = {
    .on_data = handle_data,
    .on_fin = handle_fin,
    .peek = tri_session_output_peek,
    .on_sent = tri_session_output_sent,
    .on_released = tri_session_output_released,
    .on_closed = handle_closed,
};
