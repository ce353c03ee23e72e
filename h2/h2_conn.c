/* See h2_conn.h. The table of tri_conn_ops: each call settles, does its own work, and drives. */
#include "h2_conn.h"

#include "base_timeout.h"
#include "h2_session.h"
#include "h2_stream.h"

#include <assert.h>

static struct tri_h2_conn *h2_of(struct tri_conn *conn)
{
    return TRI_CONTAINER_OF(conn, struct tri_h2_conn, conn);
}

static const struct tri_h2_conn *h2_of_const(const struct tri_conn *conn)
{
    return (const struct tri_h2_conn *)(const void *)conn; /* its first member */
}

static void enter(struct tri_h2_conn *c, uint64_t now_ns)
{
    assert(now_ns >= c->now_ns); /* time is monotonic */
    c->now_ns = now_ns;
    tri_h2_core_settle(c);
}

/* ---- bytes */

static enum tri_err conn_recv(struct tri_conn *conn, const uint8_t *data, size_t len,
                              uint64_t now_ns)
{
    struct tri_h2_conn *c = h2_of(conn);
    enter(c, now_ns);
    if (c->phase != TRI_H2_LIVE || len == 0) {
        return c->error;
    }
    tri_h2_input_take(c, data, len);
    tri_h2_core_tell_ended(c);
    tri_h2_core_drive(c);
    return c->error;
}

static void conn_recv_eof(struct tri_conn *conn, bool orderly, uint64_t now_ns)
{
    (void)orderly; /* without a reader nothing on the connection can end in order */
    struct tri_h2_conn *c = h2_of(conn);
    enter(c, now_ns);
    c->phase = TRI_H2_OVER;
    tri_h2_core_end_all(c);
}

static bool is_engine_done(const struct tri_h2_conn *c)
{
    return !nghttp2_session_want_read(c->session) && !nghttp2_session_want_write(c->session);
}

/* One batch, or 0 when all has been sent and told. */
static size_t fill_batch(struct tri_h2_conn *c, struct tri_slice *out, size_t max)
{
    while (c->phase == TRI_H2_LIVE) {
        tri_h2_core_drive(c);
        if (c->phase != TRI_H2_LIVE) {
            break;
        }
        size_t n = tri_h2_output_fill(c, out, max);
        if (n > 0) {
            return n; /* streams that ended with these bytes are told once they are taken */
        }
        tri_h2_core_tell_ended(c);
        if (tri_list_is_empty(&c->work)) {
            break;
        }
    }
    return 0;
}

static size_t conn_send(struct tri_conn *conn, struct tri_slice *out, size_t max, uint64_t now_ns)
{
    struct tri_h2_conn *c = h2_of(conn);
    c->is_awake = true; /* the caller goes on until 0: it need not be woken */
    enter(c, now_ns);
    size_t n = fill_batch(c, out, max);
    if (c->phase == TRI_H2_FAILED) {
        c->phase = TRI_H2_OVER;
        n = tri_h2_output_last_words(c, out);
    } else if (c->phase == TRI_H2_LIVE && n == 0 && is_engine_done(c)) {
        c->phase = TRI_H2_OVER;
        tri_h2_core_end_all(c);
    }
    c->is_awake = n > 0;
    return n;
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
    enter(c, now_ns);
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
    enter(c, now_ns);
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

/* Credit that a tenant holds back closes the window of its stream, and of no other. */
static bool conn_wants_read(const struct tri_conn *conn)
{
    (void)conn;
    return true;
}

static bool conn_is_done(const struct tri_conn *conn)
{
    return h2_of_const(conn)->phase == TRI_H2_OVER;
}

static bool conn_is_aborted(const struct tri_conn *conn)
{
    (void)conn;
    return false; /* an aborted stream has its RST_STREAM; the connection always ends in order */
}

static void conn_free(struct tri_conn *conn)
{
    struct tri_h2_conn *c = h2_of(conn);
    c->is_awake = true; /* nobody wants to be woken any more */
    c->phase = TRI_H2_OVER;
    tri_h2_core_end_all(c);
    tri_h2_core_settle(c);
    assert(tri_list_is_empty(&c->graveyard) && tri_list_is_empty(&c->work));
    nghttp2_session_del(c->session);
    tri_alloc_release(c->config.alloc, c);
}

static const struct tri_conn_ops conn_ops = {
    .recv = conn_recv,
    .recv_eof = conn_recv_eof,
    .send = conn_send,
    .wants_read = conn_wants_read,
    .deadline_ns = conn_deadline_ns,
    .expire = conn_expire,
    .shutdown = conn_shutdown,
    .is_done = conn_is_done,
    .is_aborted = conn_is_aborted,
    .free = conn_free,
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
    c->config = *config;
    c->streams_max = config->limits->streams_max;
    c->now_ns = now_ns;
    c->opened_ns = now_ns;
    c->idle_since_ns = now_ns;
    tri_h2_input_init(&c->input);
    tri_list_init(&c->open);
    tri_list_init(&c->ended);
    tri_list_init(&c->graveyard);
    tri_list_init(&c->work);
    tri_list_init(&c->flights);
    if (tri_h2_session_new(c) != TRI_OK) {
        tri_alloc_release(config->alloc, c);
        return TRI_ERR_NOMEM;
    }
    *out = &c->conn;
    return TRI_OK;
}
