/* See h2_turn.h. */
#include "h2_turn.h"

#include "h2_output.h"
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

void tri_h2_turn_enter(struct tri_h2_conn *c, uint64_t now_ns)
{
    assert(now_ns >= c->now_ns); /* time is monotonic */
    c->now_ns = now_ns;
    tri_h2_core_settle(c);
}

/* ---- bytes */

enum tri_err tri_h2_turn_recv(struct tri_conn *conn, const uint8_t *data, size_t len,
                              uint64_t now_ns)
{
    struct tri_h2_conn *c = h2_of(conn);
    tri_h2_turn_enter(c, now_ns);
    if (c->phase != TRI_H2_LIVE || len == 0) {
        return c->error;
    }
    c->role->take(c, data, len);
    tri_h2_core_tell_ended(c);
    tri_h2_core_drive(c);
    return c->error;
}

void tri_h2_turn_recv_eof(struct tri_conn *conn, bool orderly, uint64_t now_ns)
{
    (void)orderly; /* without a reader nothing on the connection can end in order */
    struct tri_h2_conn *c = h2_of(conn);
    tri_h2_turn_enter(c, now_ns);
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

size_t tri_h2_turn_send(struct tri_conn *conn, struct tri_slice *out, size_t max, uint64_t now_ns)
{
    struct tri_h2_conn *c = h2_of(conn);
    c->is_awake = true; /* the caller goes on until 0: it need not be woken */
    tri_h2_turn_enter(c, now_ns);
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

/* ---- the end */

/* Credit that a tenant holds back closes the window of its stream, and of no other. */
bool tri_h2_turn_wants_read(const struct tri_conn *conn)
{
    (void)conn;
    return true;
}

bool tri_h2_turn_is_done(const struct tri_conn *conn)
{
    return h2_of_const(conn)->phase == TRI_H2_OVER;
}

bool tri_h2_turn_is_aborted(const struct tri_conn *conn)
{
    (void)conn;
    return false; /* an aborted stream has its RST_STREAM; the connection always ends in order */
}

void tri_h2_turn_free(struct tri_conn *conn)
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
