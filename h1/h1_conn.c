#include "h1_conn.h"

#include <assert.h>

#include "base_timeout.h"
#include "h1_response.h"
#include "h1_state.h"

#define AT(state) (1u << (state))

/* Where each state may go: the diagram in h1_conn.h. */
static const unsigned steps[] = {
    [TRI_H1_HEAD] = AT(TRI_H1_DROP) | AT(TRI_H1_WAIT) | AT(TRI_H1_FAIL) | AT(TRI_H1_DONE),
    [TRI_H1_DROP] = AT(TRI_H1_WAIT) | AT(TRI_H1_FAIL) | AT(TRI_H1_DONE),
    [TRI_H1_WAIT] = AT(TRI_H1_BODY) | AT(TRI_H1_TUNNEL) | AT(TRI_H1_FAIL) | AT(TRI_H1_DONE),
    [TRI_H1_BODY] = AT(TRI_H1_HEAD) | AT(TRI_H1_DONE),
    [TRI_H1_TUNNEL] = AT(TRI_H1_DONE),
    [TRI_H1_FAIL] = AT(TRI_H1_DONE),
    [TRI_H1_DONE] = 0,
};

void tri_h1_conn_set_state(struct tri_h1_conn *c, enum tri_h1_conn_state to)
{
    assert(steps[c->state] & AT(to));
    c->state = to;
    c->deadline_ns = TRI_NEVER_NS;
}

void tri_h1_conn_wake(struct tri_h1_conn *c)
{
    c->config.events->on_wake(c->config.user);
}

void tri_h1_conn_end_stream(struct tri_h1_conn *c, enum tri_stream_cause cause)
{
    const struct tri_stream stream = c->exchange.stream;
    const bool is_unanswered = c->state == TRI_H1_WAIT && !c->is_answered;
    c->exchange.stream.events = NULL;
    c->body_yielded = 0;
    if (stream.events) {
        stream.events->on_closed(stream.session, cause);
    } else if (is_unanswered) {
        c->config.events->on_cancel(c->config.user, &c->exchange);
    }
}

/* Gives back all memory but the connection's own. */
static void drop_buffers(struct tri_h1_conn *c)
{
    tri_h1_reader_reset(&c->reader);
    tri_buf_deinit(&c->held);
    tri_buf_deinit(&c->out);
    c->out_yielded = 0;
}

void tri_h1_conn_finish(struct tri_h1_conn *c)
{
    tri_h1_conn_set_state(c, TRI_H1_DONE);
    drop_buffers(c);
    tri_h1_conn_wake(c);
}

void tri_h1_conn_cut(struct tri_h1_conn *c, enum tri_err err, enum tri_stream_cause cause)
{
    tri_h1_conn_end_stream(c, cause);
    c->err = err;
    c->is_aborted = true;
    tri_h1_conn_finish(c);
}

void tri_h1_conn_fail(struct tri_h1_conn *c, enum tri_err err, int status)
{
    const struct tri_h1_response response = {.status = status, .content_length = 0, .closes = true};
    if (tri_h1_response_write(&response, &c->out) != TRI_OK) {
        tri_h1_conn_cut(c, TRI_ERR_NOMEM, TRI_STREAM_ABORTED);
        return;
    }
    tri_h1_conn_end_stream(c, TRI_STREAM_ABORTED);
    tri_h1_conn_set_state(c, TRI_H1_FAIL);
    c->err = err;
    tri_h1_reader_reset(&c->reader);
    tri_buf_deinit(&c->held);
    if (c->config.events->on_refuse) {
        c->config.events->on_refuse(c->config.user, &c->config.carrier, TRI_REFUSED_MALFORMED,
                                    status);
    }
    tri_h1_conn_wake(c);
}

void tri_h1_conn_await_head(struct tri_h1_conn *c)
{
    tri_h1_reader_reset(&c->reader);
    tri_h1_conn_set_state(c, TRI_H1_HEAD);
    c->deadline_ns = c->now_ns + c->config.limits->keepalive_timeout_ms * TRI_NS_PER_MS;
}

/* ---- tri_conn_ops */

static void drive(struct tri_h1_conn *c, uint64_t now_ns)
{
    c->now_ns = now_ns;
    if (c->abort_asked && c->state != TRI_H1_DONE) {
        tri_h1_conn_cut(c, c->err, TRI_STREAM_ABORTED);
    }
}

static enum tri_err recv_bytes(struct tri_conn *conn, const uint8_t *data, size_t len,
                               uint64_t now_ns)
{
    struct tri_h1_conn *c = tri_h1_conn_of(conn);
    drive(c, now_ns);
    const enum tri_err before = c->err;
    if (c->is_eof) {
        return TRI_OK; /* behind its own end a peer says nothing */
    }
    tri_h1_input_resume(c);
    tri_h1_input_take(c, data, len);
    return c->err == before ? TRI_OK : c->err;
}

static void recv_eof(struct tri_conn *conn, bool orderly, uint64_t now_ns)
{
    struct tri_h1_conn *c = tri_h1_conn_of(conn);
    drive(c, now_ns);
    if (c->state == TRI_H1_DONE || (orderly && c->is_eof)) {
        return;
    }
    if (orderly) {
        c->is_eof = true;
        tri_h1_input_resume(c);
        return;
    }
    /* A torn TCP connection is, for the one stream on it, the peer's abort. */
    const bool is_tunnel = c->state == TRI_H1_TUNNEL;
    tri_h1_conn_cut(c, c->err, is_tunnel ? TRI_STREAM_RESET : TRI_STREAM_CONN_LOST);
}

static size_t send_slices(struct tri_conn *conn, struct tri_slice *out, size_t max, uint64_t now_ns)
{
    struct tri_h1_conn *c = tri_h1_conn_of(conn);
    drive(c, now_ns);
    tri_h1_output_settle(c);
    return tri_h1_output_pull(c, out, max);
}

/* Outside of the tunnel, and on the way out, nobody holds back anything. */
static bool wants_read(const struct tri_conn *conn)
{
    const struct tri_h1_conn *c = (const struct tri_h1_conn *)conn;
    return c->state != TRI_H1_TUNNEL || c->abort_asked || !c->is_choked;
}

static uint64_t get_deadline(const struct tri_conn *conn)
{
    return ((const struct tri_h1_conn *)conn)->deadline_ns;
}

static void expire(struct tri_conn *conn, uint64_t now_ns)
{
    struct tri_h1_conn *c = tri_h1_conn_of(conn);
    drive(c, now_ns);
    if (now_ns < c->deadline_ns) {
        return;
    }
    assert(c->state == TRI_H1_HEAD || c->state == TRI_H1_DROP);
    if (c->state == TRI_H1_DROP || tri_h1_reader_has_begun(&c->reader)) {
        tri_h1_conn_fail(c, TRI_ERR_LIMIT, 408); /* RFC 9110 section 15.5.9 */
    } else {
        tri_h1_conn_finish(c);
    }
}

/* RFC 9112 section 9.6: the last response says that it is the last. */
static void start_shutdown(struct tri_conn *conn, uint64_t now_ns)
{
    struct tri_h1_conn *c = tri_h1_conn_of(conn);
    drive(c, now_ns);
    c->is_closing = true;
    if (c->state == TRI_H1_HEAD && !tri_h1_reader_has_begun(&c->reader)) {
        tri_h1_conn_finish(c);
    }
}

static bool is_done(const struct tri_conn *conn)
{
    const struct tri_h1_conn *c = (const struct tri_h1_conn *)conn;
    return c->state == TRI_H1_DONE && !c->is_aborted && !c->abort_asked;
}

static bool is_aborted(const struct tri_conn *conn)
{
    /* Asked counts at once: a peer that takes nothing must not keep the owner from cutting. */
    const struct tri_h1_conn *c = (const struct tri_h1_conn *)conn;
    return c->is_aborted || c->abort_asked;
}

static void free_conn(struct tri_conn *conn)
{
    struct tri_h1_conn *c = tri_h1_conn_of(conn);
    tri_h1_conn_end_stream(c, c->abort_asked ? TRI_STREAM_ABORTED : TRI_STREAM_CONN_LOST);
    drop_buffers(c);
    tri_alloc_release(c->config.alloc, c);
}

static const struct tri_conn_ops conn_ops = {
    .recv = recv_bytes,
    .recv_eof = recv_eof,
    .send = send_slices,
    .wants_read = wants_read,
    .deadline_ns = get_deadline,
    .expire = expire,
    .shutdown = start_shutdown,
    .is_done = is_done,
    .is_aborted = is_aborted,
    .free = free_conn,
};

enum tri_err tri_h1_conn_new(struct tri_conn **out, const struct tri_conn_config *config,
                             uint64_t now_ns)
{
    struct tri_h1_conn *c = tri_alloc_zero(config->alloc, sizeof *c);
    if (!c) {
        return TRI_ERR_NOMEM;
    }
    c->conn.ops = &conn_ops;
    c->config = *config;
    c->now_ns = now_ns;
    tri_h1_reader_init(&c->reader, config->alloc);
    tri_buf_init(&c->held, config->alloc, TRI_HELD_BYTES_MAX);
    tri_buf_init(&c->out, config->alloc, TRI_RESPONSE_HEAD_BYTES_MAX);
    c->state = TRI_H1_HEAD;
    c->deadline_ns = now_ns + config->limits->keepalive_timeout_ms * TRI_NS_PER_MS;
    *out = &c->conn;
    return TRI_OK;
}
