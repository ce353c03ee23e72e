/* See h2_client.h. What is the client's alone of tri_conn_ops, its role, and tri_call_ops. */
#include "h2_client.h"

#include "base_timeout.h"
#include "h2_call.h"
#include "h2_client_callbacks.h"
#include "h2_engine.h"
#include "h2_turn.h"

#include <assert.h>

static struct tri_h2_conn *h2_of(struct tri_conn *conn)
{
    return TRI_CONTAINER_OF(conn, struct tri_h2_conn, conn);
}

static const struct tri_h2_client *client_of_const(const struct tri_conn *conn)
{
    return (const struct tri_h2_client *)(const void *)conn; /* its first member's first */
}

struct tri_h2_client *tri_h2_client_of(struct tri_h2_conn *c)
{
    return TRI_CONTAINER_OF(c, struct tri_h2_client, h2);
}

/* ---- why it ends */

void tri_h2_client_note(struct tri_h2_client *k, enum tri_fault fault, uint32_t code,
                        const char *text)
{
    if (k->end.fault == TRI_FAULT_NONE) {
        k->end = (struct tri_call_end){.fault = fault, .code = code, .text = text};
    }
}

struct tri_call_end tri_h2_client_end(const struct tri_h2_client *k)
{
    if (k->end.fault != TRI_FAULT_NONE || k->h2.error == TRI_OK) {
        return k->end;
    }
    if (k->h2.error == TRI_ERR_NOMEM) {
        return (struct tri_call_end){.fault = TRI_FAULT_MEMORY, .text = ""};
    }
    return (struct tri_call_end){.fault = TRI_FAULT_PROTOCOL,
                                 .text = nghttp2_http2_strerror(k->h2.error_code)};
}

static const char *text_of_eof(const struct tri_h2_client *k, bool orderly)
{
    if (k->goaway_code != NGHTTP2_NO_ERROR) {
        return nghttp2_http2_strerror(k->goaway_code);
    }
    return orderly ? "the server closed the connection" : "the connection was cut";
}

static void client_recv_eof(struct tri_conn *conn, bool orderly, uint64_t now_ns)
{
    struct tri_h2_conn *c = h2_of(conn);
    struct tri_h2_client *k = tri_h2_client_of(c);
    const bool has_calls = !tri_list_is_empty(&c->open) || !tri_list_is_empty(&c->ended);
    const bool is_fine = k->is_ready && orderly && !has_calls;
    if (c->phase == TRI_H2_LIVE && !c->is_terminating && !is_fine) {
        tri_h2_client_note(k, TRI_FAULT_LOST, k->goaway_code, text_of_eof(k, orderly));
    }
    tri_h2_turn_recv_eof(conn, orderly, now_ns);
}

/* ---- time */

static uint64_t settings_deadline_ns(const struct tri_h2_client *k)
{
    return k->is_ready && k->h2.is_settings_acked
               ? TRI_NEVER_NS
               : k->h2.opened_ns + k->h2.config.limits->handshake_timeout_ms * TRI_NS_PER_MS;
}

/* A field block that does not end. It blocks everything else on the connection. */
static uint64_t head_deadline_ns(const struct tri_h2_client *k)
{
    return k->h2.head
               ? k->h2.head_since_ns + k->h2.config.limits->request_timeout_ms * TRI_NS_PER_MS
               : TRI_NEVER_NS;
}

static uint64_t client_deadline_ns(const struct tri_conn *conn)
{
    const struct tri_h2_client *k = client_of_const(conn);
    if (k->h2.phase != TRI_H2_LIVE || k->h2.is_terminating) {
        return TRI_NEVER_NS;
    }
    const uint64_t settings_ns = settings_deadline_ns(k);
    const uint64_t head_ns = head_deadline_ns(k);
    return settings_ns < head_ns ? settings_ns : head_ns;
}

static void client_expire(struct tri_conn *conn, uint64_t now_ns)
{
    struct tri_h2_conn *c = h2_of(conn);
    struct tri_h2_client *k = tri_h2_client_of(c);
    tri_h2_turn_enter(c, now_ns);
    if (c->phase != TRI_H2_LIVE || c->is_terminating) {
        return;
    }
    if (settings_deadline_ns(k) <= now_ns) { /* RFC 9113 section 6.5.3 */
        tri_h2_client_note(k, TRI_FAULT_TIMEOUT, 0,
                           k->is_ready ? "our SETTINGS were not acknowledged in time"
                                       : "no SETTINGS came in time");
        tri_h2_core_terminate(c, NGHTTP2_SETTINGS_TIMEOUT);
    } else if (head_deadline_ns(k) <= now_ns) {
        tri_h2_client_note(k, TRI_FAULT_TIMEOUT, 0, "the head of an answer does not end");
        tri_h2_core_terminate(c, NGHTTP2_ENHANCE_YOUR_CALM);
    }
    tri_h2_core_drive(c);
}

/* ---- the end */

/* A server that never ends the stream of a refused call must not keep us. */
static void cut_refused(struct tri_h2_conn *c)
{
    for (struct tri_list *at = c->open.next; at != &c->open; at = at->next) {
        struct tri_h2_stream *s = tri_h2_stream_of_node(at);
        if (tri_h2_call_is_refused(s)) {
            s->wants_abort = true;
            tri_h2_stream_mark(s);
        }
    }
}

/* The server opens no streams, so there is nothing to tell it before the last of ours has ended. */
static void client_shutdown(struct tri_conn *conn, uint64_t now_ns)
{
    struct tri_h2_conn *c = h2_of(conn);
    tri_h2_turn_enter(c, now_ns);
    if (c->phase != TRI_H2_LIVE) {
        return;
    }
    c->is_draining = true;
    cut_refused(c);
    tri_h2_core_drive(c);
    tri_h2_core_wake(c);
}

/* ---- calls */

static bool is_going(const struct tri_conn *conn)
{
    const struct tri_h2_conn *c = &client_of_const(conn)->h2;
    return c->phase != TRI_H2_LIVE || c->is_draining || c->is_terminating ||
           nghttp2_session_get_next_stream_id(c->session) > INT32_MAX;
}

static size_t client_room(const struct tri_conn *conn)
{
    const struct tri_h2_client *k = client_of_const(conn);
    const struct tri_h2_conn *c = &k->h2;
    if (!k->is_ready || is_going(conn)) {
        return 0;
    }
    const uint32_t streams_max =
        nghttp2_session_get_remote_settings(c->session, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
    const uint32_t next_id = nghttp2_session_get_next_stream_id(c->session);
    const uint32_t ids = ((uint32_t)INT32_MAX - next_id) / 2 + 1;
    const uint32_t streams = streams_max > c->open_len ? streams_max - c->open_len : 0;
    return streams < ids ? streams : ids;
}

static struct tri_call_end client_end(const struct tri_conn *conn)
{
    struct tri_call_end end = tri_h2_client_end(client_of_const(conn));
    end.text = end.text ? end.text : "";
    return end;
}

const struct tri_call_ops tri_h2_client_calls = {
    .open = tri_h2_call_open,
    .cancel = tri_h2_call_cancel,
    .room = client_room,
    .is_going = is_going,
    .end = client_end,
};

/* ---- the role */

static void wake(struct tri_h2_conn *c)
{
    tri_h2_client_of(c)->events->on_wake(c->config.user);
}

/* RFC 9218 urgencies are a client's to ask for and a server's to heed. */
static void pass_urgency(struct tri_h2_stream *s)
{
    s->wants_priority = false;
}

static void tell_room(struct tri_h2_conn *c)
{
    struct tri_h2_client *k = tri_h2_client_of(c);
    if (!k->is_room_due) {
        return;
    }
    k->is_room_due = false;
    if (k->events->on_room && client_room(&c->conn) > 0) {
        k->events->on_room(c->config.user);
    }
}

static const struct tri_h2_role client_role = {
    .is_client = true,
    .credit_least = TRI_CLIENT_CREDIT_BYTES,
    .set_callbacks = tri_h2_client_callbacks_set,
    .wake = wake,
    .take = tri_h2_engine_feed,
    .schedule = pass_urgency,
    .drive_conn = tell_room,
    .end_unanswered = tri_h2_call_end,
};

static const struct tri_conn_ops client_ops = {
    .recv = tri_h2_turn_recv,
    .recv_eof = client_recv_eof,
    .send = tri_h2_turn_send,
    .wants_read = tri_h2_turn_wants_read,
    .deadline_ns = client_deadline_ns,
    .expire = client_expire,
    .shutdown = client_shutdown,
    .is_done = tri_h2_turn_is_done,
    .is_aborted = tri_h2_turn_is_aborted,
    .free = tri_h2_turn_free,
};

enum tri_err tri_h2_client_new(struct tri_conn **out, const struct tri_call_config *config,
                               uint64_t now_ns)
{
    *out = NULL;
    struct tri_h2_client *k = tri_alloc_zero(config->alloc, sizeof *k);
    if (!k) {
        return TRI_ERR_NOMEM;
    }
    const struct tri_conn_config shared = {
        .alloc = config->alloc,
        .limits = config->limits,
        .log = config->log,
        .user = config->user,
        .carrier = config->carrier,
    };
    k->h2.conn.ops = &client_ops;
    k->events = config->events;
    k->end.text = "";
    if (tri_h2_core_init(&k->h2, &client_role, &shared, now_ns) != TRI_OK) {
        tri_alloc_release(config->alloc, k);
        return TRI_ERR_NOMEM;
    }
    *out = &k->h2.conn;
    return TRI_OK;
}
