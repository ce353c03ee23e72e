/* See h2_conn.h. What is the server's alone of tri_conn_ops, and its role. */
#include "h2_conn.h"

#include "base_timeout.h"
#include "h2_callbacks.h"
#include "h2_priority.h"
#include "h2_request.h"
#include "h2_turn.h"

#include <assert.h>

static struct tri_h2_conn *h2_of(struct tri_conn *conn)
{
    return TRI_CONTAINER_OF(conn, struct tri_h2_conn, conn);
}

static const struct tri_h2_conn *h2_of_const(const struct tri_conn *conn)
{
    return (const struct tri_h2_conn *)(const void *)conn; /* its first member */
}

/* ---- time */

static uint64_t deadline_after(uint64_t since_ns, uint64_t timeout_ms)
{
    return since_ns + timeout_ms * TRI_NS_PER_MS;
}

static uint64_t min_ns(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* RFC 9113 section 6.5.3: a peer that does not acknowledge our SETTINGS in time */
static uint64_t settings_deadline_ns(const struct tri_h2_conn *c)
{
    return c->is_settings_acked
               ? TRI_NEVER_NS
               : deadline_after(c->opened_ns, c->config.limits->handshake_timeout_ms);
}

/* A field block that does not end. It blocks everything else on the connection. */
static uint64_t head_deadline_ns(const struct tri_h2_conn *c)
{
    return c->head ? deadline_after(c->head_since_ns, c->config.limits->request_timeout_ms)
                   : TRI_NEVER_NS;
}

static uint64_t idle_deadline_ns(const struct tri_h2_conn *c)
{
    return tri_list_is_empty(&c->open)
               ? deadline_after(c->idle_since_ns, c->config.limits->keepalive_timeout_ms)
               : TRI_NEVER_NS;
}

static uint64_t conn_deadline_ns(const struct tri_conn *conn)
{
    const struct tri_h2_conn *c = h2_of_const(conn);
    if (c->phase != TRI_H2_LIVE || c->is_terminating) {
        return TRI_NEVER_NS;
    }
    return min_ns(idle_deadline_ns(c), min_ns(settings_deadline_ns(c), head_deadline_ns(c)));
}

static void conn_expire(struct tri_conn *conn, uint64_t now_ns)
{
    struct tri_h2_conn *c = h2_of(conn);
    tri_h2_turn_enter(c, now_ns);
    if (c->phase != TRI_H2_LIVE) {
        return;
    }
    if (settings_deadline_ns(c) <= now_ns) {
        tri_h2_core_terminate(c, NGHTTP2_SETTINGS_TIMEOUT);
    } else if (head_deadline_ns(c) <= now_ns) {
        tri_h2_core_terminate(c, NGHTTP2_ENHANCE_YOUR_CALM);
    } else if (idle_deadline_ns(c) <= now_ns) {
        tri_h2_core_terminate(c, NGHTTP2_NO_ERROR);
    }
    tri_h2_core_drive(c);
}

/* ---- the end */

/* RFC 9113 section 6.8: a GOAWAY that still allows what is under way, then, when the streams have
 * ended, one that names the last of them. */
static void conn_shutdown(struct tri_conn *conn, uint64_t now_ns)
{
    struct tri_h2_conn *c = h2_of(conn);
    tri_h2_turn_enter(c, now_ns);
    if (c->phase != TRI_H2_LIVE || c->is_draining) {
        return;
    }
    c->is_draining = true;
    if (!tri_list_is_empty(&c->open)) {
        int rv = nghttp2_submit_shutdown_notice(c->session);
        if (rv != 0) {
            tri_h2_core_fail_engine(c, rv);
        }
    }
    tri_h2_core_drive(c);
    tri_h2_core_wake(c);
}

static const struct tri_conn_ops conn_ops = {
    .recv = tri_h2_turn_recv,
    .recv_eof = tri_h2_turn_recv_eof,
    .send = tri_h2_turn_send,
    .wants_read = tri_h2_turn_wants_read,
    .deadline_ns = conn_deadline_ns,
    .expire = conn_expire,
    .shutdown = conn_shutdown,
    .is_done = tri_h2_turn_is_done,
    .is_aborted = tri_h2_turn_is_aborted,
    .free = tri_h2_turn_free,
};

static void wake(struct tri_h2_conn *c)
{
    c->config.events->on_wake(c->config.user);
}

static const struct tri_h2_role server_role = {
    .credit_least = 1,
    .set_callbacks = tri_h2_callbacks_set,
    .wake = wake,
    .take = tri_h2_input_take,
    .schedule = tri_h2_priority_drive,
    .end_unanswered = tri_h2_request_end,
};

enum tri_err tri_h2_conn_new(struct tri_conn **out, const struct tri_conn_config *config,
                             uint64_t now_ns)
{
    *out = NULL;
    struct tri_h2_conn *c = tri_alloc_zero(config->alloc, sizeof *c);
    if (!c) {
        return TRI_ERR_NOMEM;
    }
    c->conn.ops = &conn_ops;
    c->streams_max = config->limits->streams_max;
    tri_h2_input_init(&c->input);
    if (tri_h2_core_init(c, &server_role, config, now_ns) != TRI_OK) {
        tri_alloc_release(config->alloc, c);
        return TRI_ERR_NOMEM;
    }
    *out = &c->conn;
    return TRI_OK;
}
