#include "h1_client.h"

#include <assert.h>

#include "base_alloc.h"
#include "base_random.h"
#include "base_timeout.h"
#include "h1_client_state.h"
#include "h1_request.h"

#define AT(state) (1u << (state))

/* Where each state may go: the diagram in h1_client.h. */
static const unsigned steps[] = {
    [TRI_H1_CLIENT_IDLE] = AT(TRI_H1_CLIENT_ASKED) | AT(TRI_H1_CLIENT_DONE),
    [TRI_H1_CLIENT_ASKED] = AT(TRI_H1_CLIENT_TUNNEL) | AT(TRI_H1_CLIENT_DONE),
    [TRI_H1_CLIENT_TUNNEL] = AT(TRI_H1_CLIENT_DONE),
    [TRI_H1_CLIENT_DONE] = 0,
};

void tri_h1_client_set_state(struct tri_h1_client *c, enum tri_h1_client_state to)
{
    assert(steps[c->state] & AT(to));
    c->state = to;
}

void tri_h1_client_wake(struct tri_h1_client *c)
{
    c->config.events->on_wake(c->config.user);
}

/* ---- ends */

void tri_h1_client_end_stream(struct tri_h1_client *c, enum tri_stream_cause cause)
{
    const struct tri_stream stream = c->call.stream;
    c->call.stream.events = NULL;
    c->body_yielded = 0;
    if (stream.events) {
        stream.events->on_closed(stream.session, cause);
    }
}

/* Gives back all memory but the connection's own. */
static void drop_buffers(struct tri_h1_client *c)
{
    tri_h1_answer_reset(&c->answer);
    tri_buf_deinit(&c->out);
    c->out_yielded = 0;
}

void tri_h1_client_finish(struct tri_h1_client *c)
{
    if (c->state != TRI_H1_CLIENT_DONE) {
        tri_h1_client_set_state(c, TRI_H1_CLIENT_DONE);
    }
    drop_buffers(c);
    tri_h1_client_wake(c);
}

void tri_h1_client_cut(struct tri_h1_client *c, enum tri_stream_cause cause)
{
    tri_h1_client_end_stream(c, cause);
    c->is_aborted = true;
    tri_h1_client_finish(c);
}

void tri_h1_client_fail(struct tri_h1_client *c, enum tri_err err, enum tri_fault fault,
                        const char *text)
{
    const bool is_asked = c->state == TRI_H1_CLIENT_ASKED;
    c->err = err;
    c->end = (struct tri_call_end){.fault = fault, .text = text};
    tri_h1_client_finish(c);
    if (is_asked) {
        c->config.events->on_fail(c->config.user, &c->call, &c->end);
    }
}

/* ---- tri_conn_ops */

/* Does what was asked for outside of driving. */
static void drive(struct tri_h1_client *c)
{
    if (c->abort_asked && c->state != TRI_H1_CLIENT_DONE) {
        tri_h1_client_cut(c, TRI_STREAM_ABORTED);
    }
}

static enum tri_err recv_bytes(struct tri_conn *conn, const uint8_t *data, size_t len,
                               uint64_t now_ns)
{
    (void)now_ns;
    struct tri_h1_client *c = tri_h1_client_of(conn);
    drive(c);
    const enum tri_err before = c->err;
    if (c->is_eof) {
        return TRI_OK; /* behind its own end a peer says nothing */
    }
    tri_h1_client_input_take(c, data, len);
    return c->err == before ? TRI_OK : c->err;
}

static void recv_eof(struct tri_conn *conn, bool orderly, uint64_t now_ns)
{
    (void)now_ns;
    struct tri_h1_client *c = tri_h1_client_of(conn);
    drive(c);
    if (c->state != TRI_H1_CLIENT_DONE && !(orderly && c->is_eof)) {
        tri_h1_client_input_end(c, orderly);
    }
}

static size_t send_slices(struct tri_conn *conn, struct tri_slice *out, size_t max, uint64_t now_ns)
{
    (void)now_ns;
    struct tri_h1_client *c = tri_h1_client_of(conn);
    drive(c);
    tri_h1_client_output_settle(c);
    if (!c->is_ready_told && c->state == TRI_H1_CLIENT_IDLE && !c->is_closing) {
        c->is_ready_told = true;
        c->config.events->on_ready(c->config.user, true);
    }
    return tri_h1_client_output_pull(c, out, max);
}

/* Outside of the tunnel, and on the way out, nobody holds back anything. */
static bool wants_read(const struct tri_conn *conn)
{
    const struct tri_h1_client *c = (const struct tri_h1_client *)conn;
    return c->state != TRI_H1_CLIENT_TUNNEL || c->abort_asked || !c->is_choked;
}

static uint64_t get_deadline(const struct tri_conn *conn)
{
    (void)conn;
    return TRI_NEVER_NS;
}

static void expire(struct tri_conn *conn, uint64_t now_ns)
{
    (void)now_ns;
    drive(tri_h1_client_of(conn));
}

static void start_shutdown(struct tri_conn *conn, uint64_t now_ns)
{
    (void)now_ns;
    struct tri_h1_client *c = tri_h1_client_of(conn);
    drive(c);
    c->is_closing = true;
    if (c->state == TRI_H1_CLIENT_IDLE) {
        tri_h1_client_finish(c);
    }
}

static bool is_done(const struct tri_conn *conn)
{
    const struct tri_h1_client *c = (const struct tri_h1_client *)conn;
    return c->state == TRI_H1_CLIENT_DONE && !c->is_aborted && !c->abort_asked;
}

static bool is_aborted(const struct tri_conn *conn)
{
    /* Asked counts at once: a peer that takes nothing must not keep the owner from cutting. */
    const struct tri_h1_client *c = (const struct tri_h1_client *)conn;
    return c->is_aborted || c->abort_asked;
}

static void free_conn(struct tri_conn *conn)
{
    struct tri_h1_client *c = tri_h1_client_of(conn);
    if (c->state == TRI_H1_CLIENT_ASKED && !c->abort_asked) {
        c->end =
            (struct tri_call_end){.fault = TRI_FAULT_LOST, .text = "the connection was given up"};
        c->config.events->on_fail(c->config.user, &c->call, &c->end);
    }
    tri_h1_client_end_stream(c, c->abort_asked ? TRI_STREAM_ABORTED : TRI_STREAM_CONN_LOST);
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

enum tri_err tri_h1_client_new(struct tri_conn **out, const struct tri_call_config *config,
                               uint64_t now_ns)
{
    (void)now_ns;
    struct tri_h1_client *c = tri_alloc_zero(config->alloc, sizeof *c);
    if (!c) {
        return TRI_ERR_NOMEM;
    }
    c->conn.ops = &conn_ops;
    c->config = *config;
    c->config.carrier.stream_id = 0;
    c->end.text = "";
    tri_h1_answer_init(&c->answer, config->alloc);
    tri_buf_init(&c->out, config->alloc, TRI_RESPONSE_HEAD_BYTES_MAX);
    *out = &c->conn;
    return TRI_OK;
}

/* ---- tri_call_ops */

static size_t count_room(const struct tri_conn *conn)
{
    const struct tri_h1_client *c = (const struct tri_h1_client *)conn;
    return c->is_ready_told && c->state == TRI_H1_CLIENT_IDLE && !c->is_closing ? 1 : 0;
}

static bool is_going(const struct tri_conn *conn)
{
    const struct tri_h1_client *c = (const struct tri_h1_client *)conn;
    return c->is_closing || c->abort_asked || c->state == TRI_H1_CLIENT_DONE;
}

static struct tri_slice make_key(struct tri_h1_client *c)
{
    uint8_t bytes[TRI_KEY_RANDOM_BYTES];
    c->config.random->fill(c->config.random->user, bytes, sizeof bytes);
    tri_upgrade_key(bytes, c->key);
    return tri_slice_of(c->key, sizeof c->key);
}

static enum tri_err open_call(struct tri_conn *conn, const struct tri_call_request *request,
                              void *owner, struct tri_call **out)
{
    struct tri_h1_client *c = tri_h1_client_of(conn);
    if (c->is_closing || c->state == TRI_H1_CLIENT_DONE) {
        return TRI_ERR_CLOSED;
    }
    assert(count_room(conn) > 0);
    const enum tri_err err = tri_h1_request_write(request, make_key(c), &c->out);
    if (err != TRI_OK) {
        tri_buf_deinit(&c->out);
        return err;
    }
    c->call = (struct tri_call){
        .stream = {.ops = &tri_h1_client_stream_ops},
        .carrier = &c->config.carrier,
        .owner = owner,
    };
    tri_h1_client_set_state(c, TRI_H1_CLIENT_ASKED);
    tri_h1_client_wake(c);
    *out = &c->call;
    return TRI_OK;
}

/* The call cannot be had without its connection, nor can it be taken back. */
static void cancel_call(struct tri_conn *conn, struct tri_call *call)
{
    struct tri_h1_client *c = tri_h1_client_of(conn);
    assert(call == &c->call && c->state == TRI_H1_CLIENT_ASKED);
    c->abort_asked = true;
    tri_h1_client_wake(c);
}

static struct tri_call_end get_end(const struct tri_conn *conn)
{
    return ((const struct tri_h1_client *)conn)->end;
}

const struct tri_call_ops tri_h1_client_calls = {
    .open = open_call,
    .cancel = cancel_call,
    .room = count_room,
    .is_going = is_going,
    .end = get_end,
};
