/* The life of a TCP connection: see net_tcp_conn.h for its states. */
#include "net_tcp.h"

#include "net_tcp_conn.h"

#include <assert.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <unistd.h>

void tri_tcp_set_state(struct tri_tcp *t, enum tri_tcp_state state)
{
    assert(state > t->state);
    t->state = state;
}

const char *tri_tcp_describe(int error)
{
    switch (error) {
    case ECONNRESET:
    case EPIPE:
        return "the peer reset the connection";
    case ETIMEDOUT:
        return "the peer does not answer any more";
    case EHOSTUNREACH:
    case ENETUNREACH:
    case ENETDOWN:
        return "the network to the peer is down";
    case ENOMEM:
    case ENOBUFS:
        return "memory for the socket is short";
    default:
        return "the socket failed";
    }
}

/* ---- waiting */

/* The socket failed, and recv, which would tell why, had to hand over first what came before. */
static void lose_unread(struct tri_tcp *t)
{
    int error = 0;
    socklen_t error_len = sizeof error;
    (void)getsockopt(t->fd, SOL_SOCKET, SO_ERROR, &error, &error_len);
    tri_tcp_lose(t, error);
}

static void take_event(uv_poll_t *poll, int status, int events)
{
    struct tri_tcp *t = poll->data;
    tri_loop_begin(t->loop);
    if (t->state == TRI_TCP_CONNECTING) {
        t->interest = status < 0 ? 0 : t->interest; /* libuv has stopped polling */
        tri_tcp_take_connected(t);
        return;
    }
    if (status < 0 && tri_tcp_is_held_back(t)) {
        lose_unread(t);
        return;
    }
    if (status < 0) {
        /* libuv has stopped polling. What came before the error, perhaps an alert, is still read;
         * recv tells the error itself. */
        t->interest = 0;
        events = UV_READABLE | UV_WRITABLE;
    }
    if (events & UV_DISCONNECT) {
        t->hup_seen = true;
    }
    if (events & UV_READABLE) {
        tri_tcp_recv(t);
    }
    if ((events & UV_WRITABLE) && t->state != TRI_TCP_DEAD) {
        t->full = false;
        t->more = false;
        (void)tri_tcp_send(t);
        tri_tcp_flush(t);
    }
    if (t->state != TRI_TCP_DEAD) {
        tri_tcp_update_interest(t);
    }
}

void tri_tcp_update_interest(struct tri_tcp *t)
{
    assert(t->state != TRI_TCP_DEAD);
    int interest = 0;
    bool reads = false;
    /* A peer that does not take our answers gets no more read, so that answers which it can ask
     * for (key updates, pongs) stay bounded. */
    if (t->state == TRI_TCP_CONNECTING) {
        interest |= UV_WRITABLE;
    } else if (tri_tcp_is_held_back(t)) {
        /* A reset must be seen all the same: nothing may be left to write that would meet it. */
        interest |= t->hup_seen ? 0 : UV_DISCONNECT;
    } else if (!t->fin_received && tri_tcp_pending(t) <= TRI_TLS_OUT_BYTES_MAX) {
        reads = true;
    }
    if (!tri_tcp_ring_read(t, reads) && reads) {
        interest |= UV_READABLE;
    }
    if (t->full || t->more) {
        interest |= UV_WRITABLE;
    }
    if (interest == t->interest) {
        return;
    }
    t->interest = interest;
    int failed = interest ? uv_poll_start(&t->poll, interest, take_event) : uv_poll_stop(&t->poll);
    assert(!failed);
}

static void send_late(struct tri_loop_late *late)
{
    struct tri_tcp *t = TRI_CONTAINER_OF(late, struct tri_tcp, late);
    if (!tri_tcp_ring_send(t)) {
        (void)tri_tcp_send(t);
    }
    if (t->state != TRI_TCP_DEAD) {
        tri_tcp_update_interest(t);
    }
}

void tri_tcp_read(struct tri_tcp *t, bool on)
{
    assert(t);
    if (t->state == TRI_TCP_OPEN && t->held_back == on) {
        t->held_back = !on;
        tri_loop_late_add(t->loop, &t->late); /* sets what poll waits for */
    }
}

/* ---- the end */

void tri_tcp_release(struct tri_tcp *t)
{
    if (t->ring_recv.is_out || t->ring_send.is_out) {
        return;
    }
    if (t->has_tls) {
        tri_tls_stream_deinit(&t->tls);
    }
    tri_buf_deinit(&t->clear);
    tri_alloc_release(tri_loop_alloc(t->loop), t);
}

static void free_closed(uv_handle_t *handle)
{
    struct tri_tcp *t = handle->data;
    assert(t->state == TRI_TCP_DEAD);
    tri_loop_begin(t->loop);
    if (t->events) {
        t->events->on_closed(t->user, t->end);
    }
    t->is_closed = true;
    tri_tcp_release(t);
}

void tri_tcp_finish(struct tri_tcp *t, enum tri_tcp_end end, const char *error_text)
{
    if (t->state == TRI_TCP_DEAD) {
        return;
    }
    tri_tcp_set_state(t, TRI_TCP_DEAD);
    t->end = end;
    t->error_text = error_text;
    tri_loop_timer_deinit(t->loop, &t->timer);
    tri_loop_late_remove(&t->late);
    uv_close((uv_handle_t *)&t->poll, free_closed);
    tri_tcp_ring_leave(t);
    close(t->fd);
    t->fd = -1;
}

void tri_tcp_lose(struct tri_tcp *t, int error)
{
    bool is_settled =
        t->state == TRI_TCP_LINGER || (t->state == TRI_TCP_CLOSING && t->end == TRI_TCP_TLS_FAILED);
    if (is_settled) {
        tri_tcp_finish(t, t->end, t->error_text);
        return;
    }
    tri_tcp_finish(t, t->state == TRI_TCP_HANDSHAKE ? TRI_TCP_TLS_FAILED : TRI_TCP_LOST,
                   tri_tcp_describe(error));
}

void tri_tcp_reset(struct tri_tcp *t, enum tri_tcp_end end, const char *error_text)
{
    if (t->state != TRI_TCP_DEAD) {
        const struct linger at_once = {.l_onoff = 1, .l_linger = 0};
        (void)setsockopt(t->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    }
    tri_tcp_finish(t, end, error_text);
}

/* Timers come before sockets in a turn, so after a long one the peer may have read meanwhile. */
static void expire_closing(struct tri_tcp *t)
{
    t->full = false;
    if (tri_tcp_send(t) > 0 || t->state != TRI_TCP_CLOSING) {
        tri_loop_late_add(t->loop, &t->late); /* sets what poll waits for */
        return;
    }
    bool is_ours = t->end == TRI_TCP_CLOSED;
    tri_tcp_reset(t, is_ours ? TRI_TCP_LOST : t->end,
                  is_ours ? "the peer took too long to read" : t->error_text);
}

static void expire(struct tri_loop_timer *timer, uint64_t now_ns)
{
    (void)now_ns;
    struct tri_tcp *t = TRI_CONTAINER_OF(timer, struct tri_tcp, timer);
    switch (t->state) {
    case TRI_TCP_CONNECTING:
        tri_tcp_expire_dial(t);
        break;
    case TRI_TCP_HANDSHAKE:
        tri_tcp_reset(t, t->is_dialled ? TRI_TCP_HANDSHAKE_TIMEOUT : TRI_TCP_TLS_FAILED,
                      "the handshake took too long");
        break;
    case TRI_TCP_CLOSING:
        expire_closing(t);
        break;
    case TRI_TCP_LINGER:
        tri_tcp_finish(t, t->end, t->error_text);
        break;
    case TRI_TCP_OPEN:
    case TRI_TCP_DEAD:
        assert(!"no timer is armed in this state");
        break;
    }
}

static void start_closing(struct tri_tcp *t, enum tri_tcp_end end, uint64_t linger_ms)
{
    tri_tcp_set_state(t, TRI_TCP_CLOSING);
    t->end = end;
    t->linger_ms = linger_ms;
    if (t->has_tls) {
        tri_tls_stream_close(&t->tls);
    }
    tri_loop_timer_after(t->loop, &t->timer, linger_ms);
    tri_loop_late_add(t->loop, &t->late);
}

void tri_tcp_fail_tls(struct tri_tcp *t, enum tri_err err)
{
    assert(t->has_tls && t->state <= TRI_TCP_OPEN);
    t->error_text = err == TRI_ERR_NOMEM ? "memory for the socket is short"
                                         : tri_tls_stream_error_text(&t->tls);
    start_closing(t, TRI_TCP_TLS_FAILED, TRI_TCP_ALERT_LINGER_MS);
}

void tri_tcp_close(struct tri_tcp *t, uint64_t linger_ms)
{
    assert(t);
    if (t->state == TRI_TCP_CONNECTING) {
        tri_tcp_finish(t, TRI_TCP_CLOSED, "");
    } else if (t->state <= TRI_TCP_OPEN) {
        start_closing(t, TRI_TCP_CLOSED, linger_ms);
    }
}

void tri_tcp_abort(struct tri_tcp *t)
{
    assert(t);
    tri_tcp_reset(t, TRI_TCP_LOST, t->error_text);
}

/* ---- the beginning */

/* The poll handle comes last: from then on only uv_close gives it back. */
static enum tri_err init_parts(struct tri_tcp *t, const struct tri_tcp_tls *tls)
{
    const struct tri_alloc *alloc = tri_loop_alloc(t->loop);
    enum tri_err err = tri_loop_timer_init(t->loop, &t->timer, expire);
    if (err) {
        return err;
    }
    if (tls->server || tls->client) {
        err = tls->server ? tri_tls_stream_init(&t->tls, tls->server, alloc)
                          : tri_tls_stream_dial(&t->tls, tls->client, alloc);
        t->has_tls = err == TRI_OK;
    }
    t->poll.data = t;
    if (!err && uv_poll_init_socket(tri_loop_uv(t->loop), &t->poll, t->fd) != 0) {
        err = TRI_ERR_IO;
    }
    if (err) {
        tri_loop_timer_deinit(t->loop, &t->timer);
    }
    return err;
}

struct tri_tcp *tri_tcp_new(struct tri_loop *loop, int fd, const struct tri_addr *remote,
                            const struct tri_tcp_tls *tls)
{
    const struct tri_alloc *alloc = tri_loop_alloc(loop);
    struct tri_tcp *t = tri_alloc_zero(alloc, sizeof *t);
    if (!t) {
        close(fd);
        return NULL;
    }
    t->loop = loop;
    t->fd = fd;
    t->state = TRI_TCP_HANDSHAKE;
    t->remote = *remote;
    t->error_text = "";
    tri_buf_init(&t->clear, alloc, SIZE_MAX / 2); /* bounded by what is pulled */
    tri_loop_late_init(&t->late, send_late);
    if (init_parts(t, tls) != TRI_OK) {
        close(fd);
        tri_tcp_release(t);
        return NULL;
    }
    /* Small frames shall not wait for acknowledgements; a turn is one write anyway. */
    const int on = 1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return t;
}

void tri_tcp_start(struct tri_tcp *t, const struct tri_tcp_events *events, void *user,
                   uint64_t handshake_timeout_ms)
{
    assert(events && events->on_ready && events->on_data && events->on_eof && events->pull &&
           events->on_closed);
    t->events = events;
    t->user = user;
    if (t->state == TRI_TCP_DEAD) {
        return; /* aborted while it was accepted */
    }
    tri_tcp_update_interest(t);
    if (t->state != TRI_TCP_HANDSHAKE) {
        return;
    }
    if (!t->has_tls) {
        tri_tcp_set_state(t, TRI_TCP_OPEN);
        t->events->on_ready(t->user, "http/1.1");
    } else if (handshake_timeout_ms > 0) {
        tri_loop_timer_after(t->loop, &t->timer, handshake_timeout_ms);
    }
}

void tri_tcp_drop(struct tri_tcp *t)
{
    tri_tcp_reset(t, TRI_TCP_LOST, "");
}

/* ---- what it is */

const struct tri_addr *tri_tcp_remote(const struct tri_tcp *t)
{
    assert(t);
    return &t->remote;
}

const char *tri_tcp_error_text(const struct tri_tcp *t)
{
    assert(t);
    return t->error_text;
}

const char *tri_tcp_tls_version(const struct tri_tcp *t)
{
    assert(t);
    return t->has_tls ? tri_tls_version_name(t->tls.ssl) : "";
}

const char *tri_tcp_tls_cipher(const struct tri_tcp *t)
{
    assert(t);
    return t->has_tls ? tri_tls_cipher_name(t->tls.ssl) : "";
}

const char *tri_tcp_tls_group(const struct tri_tcp *t)
{
    assert(t);
    return t->has_tls ? tri_tls_group_name(t->tls.ssl) : "";
}

bool tri_tcp_tls_is_resumed(const struct tri_tcp *t)
{
    assert(t);
    return t->has_tls && tri_tls_stream_is_resumed(&t->tls);
}
