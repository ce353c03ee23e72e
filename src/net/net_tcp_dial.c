/* A TCP connection that we open: until it is connected, and what only its opener asks. */
#include "net_socket.h"
#include "net_tcp_conn.h"

#include <assert.h>
#include <errno.h>

static const char *describe(int error)
{
    switch (error) {
    case ECONNREFUSED:
        return "nobody listens there: the connection was refused";
    case ECONNRESET:
        return "the connection was reset before it was there";
    case ETIMEDOUT:
        return "nobody answers there";
    case EHOSTUNREACH:
    case ENETUNREACH:
    case ENETDOWN:
        return "there is no way to that address";
    case EACCES:
    case EPERM:
        return "the system forbids the connection";
    case EADDRNOTAVAIL:
        return "no port is free for the connection, or the address is none";
    default:
        return tri_tcp_describe(error);
    }
}

static void fail(struct tri_tcp *t, int error)
{
    tri_tcp_finish(t, error == ETIMEDOUT ? TRI_TCP_CONNECT_TIMEOUT : TRI_TCP_UNREACHED,
                   describe(error));
}

void tri_tcp_expire_dial(struct tri_tcp *t)
{
    fail(t, ETIMEDOUT);
}

/* TCP is up: the ClientHello, which waits in the stream, goes out. */
static void begin_handshake(struct tri_tcp *t)
{
    uint64_t timeout_ms = t->handshake_timeout_ms;
    if (timeout_ms > 0) {
        tri_loop_timer_after(t->loop, &t->timer, timeout_ms);
    }
    (void)tri_tcp_send(t);
}

void tri_tcp_take_connected(struct tri_tcp *t)
{
    int error = 0;
    socklen_t error_len = sizeof error;
    (void)getsockopt(t->fd, SOL_SOCKET, SO_ERROR, &error, &error_len);
    if (error) {
        fail(t, error);
        return;
    }
    tri_loop_timer_set(t->loop, &t->timer, UINT64_MAX);
    tri_tcp_set_state(t, TRI_TCP_HANDSHAKE);
    if (t->events->on_connected) {
        t->events->on_connected(t->user);
    }
    if (t->state == TRI_TCP_HANDSHAKE && t->has_tls) {
        begin_handshake(t);
    } else if (t->state == TRI_TCP_HANDSHAKE) {
        tri_tcp_set_state(t, TRI_TCP_OPEN);
        t->events->on_ready(t->user, "http/1.1");
    }
    if (t->state != TRI_TCP_DEAD) {
        tri_tcp_update_interest(t);
    }
}

/* Whatever goes wrong is told from the loop: closing a handle is. */
static void start(struct tri_tcp *t, uint64_t timeout_ms)
{
    if (t->has_tls && t->tls.state == TRI_TLS_FAILED) {
        tri_tcp_finish(t, TRI_TCP_TLS_FAILED, tri_tls_stream_error_text(&t->tls));
        return;
    }
    if (connect(t->fd, &t->remote.sa, t->remote.len) != 0 && errno != EINPROGRESS &&
        errno != EINTR) {
        fail(t, errno);
        return;
    }
    if (timeout_ms > 0) {
        tri_loop_timer_after(t->loop, &t->timer, timeout_ms);
    }
    tri_tcp_update_interest(t);
}

enum tri_err tri_tcp_dial(struct tri_tcp **out, struct tri_loop *loop,
                          const struct tri_tcp_dial *dial, const struct tri_tcp_events *events,
                          void *user)
{
    assert(out && loop && dial && dial->remote && dial->remote->len > 0 && events);
    assert(events->on_ready && events->on_data && events->on_eof && events->pull &&
           events->on_closed);
    *out = NULL;
    int fd = -1;
    enum tri_err err = tri_socket_open(&fd, dial->remote->sa.sa_family, SOCK_STREAM);
    if (err) {
        return err;
    }
    const struct tri_tls_dial tls = {
        .client = dial->tls,
        .host = dial->host,
        .versions = dial->versions,
        .resume = dial->resume,
    };
    struct tri_tcp *t = tri_tcp_new(loop, fd, dial->remote,
                                    &(struct tri_tcp_tls){.client = dial->tls ? &tls : NULL});
    if (!t) {
        return TRI_ERR_NOMEM;
    }
    t->state = TRI_TCP_CONNECTING;
    t->is_dialled = true;
    t->handshake_timeout_ms = dial->handshake_timeout_ms;
    t->events = events;
    t->user = user;
    start(t, dial->connect_timeout_ms);
    *out = t;
    return TRI_OK;
}

/* ---- what its opener asks */

uint64_t tri_tcp_read_bytes(const struct tri_tcp *t)
{
    assert(t);
    return t->read_bytes;
}

bool tri_tcp_is_certificate_fault(const struct tri_tcp *t)
{
    assert(t && t->is_dialled);
    return t->has_tls && tri_tls_stream_is_certificate_fault(&t->tls);
}

bool tri_tcp_is_version_fault(const struct tri_tcp *t)
{
    assert(t && t->is_dialled);
    return t->has_tls && tri_tls_stream_is_version_fault(&t->tls);
}

WOLFSSL_SESSION *tri_tcp_take_session(struct tri_tcp *t)
{
    assert(t && t->is_dialled);
    return t->has_tls ? tri_tls_stream_take_session(&t->tls) : NULL;
}
