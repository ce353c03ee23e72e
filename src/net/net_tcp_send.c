/* Bytes of a TCP connection on their way out: pulled from the owner, encrypted, sent. */
#include "net_tcp_conn.h"

#include <assert.h>
#include <errno.h>

static struct tri_buf *out_of(struct tri_tcp *t)
{
    return t->has_tls ? &t->tls.out : &t->clear;
}

size_t tri_tcp_pending(const struct tri_tcp *t)
{
    return tri_buf_peek(t->has_tls ? &t->tls.out : &t->clear).len;
}

bool tri_tcp_is_full(const struct tri_tcp *t)
{
    return t->full;
}

uint64_t tri_tcp_taken_bytes(const struct tri_tcp *t)
{
    return t->taken_bytes;
}

void tri_tcp_take_sent(struct tri_tcp *t, ssize_t put)
{
    if (put >= 0) {
        tri_buf_consume(out_of(t), (size_t)put);
        t->taken_bytes += (size_t)put;
        t->full = tri_tcp_pending(t) > 0;
    } else if (put == -EAGAIN || put == -EWOULDBLOCK) {
        t->full = true;
    } else if (put != -EINTR) {
        tri_tcp_lose(t, (int)-put);
    } else {
        tri_loop_late_add(t->loop, &t->late);
    }
}

/* Returns how many bytes the socket took. */
static size_t send_some(struct tri_tcp *t)
{
    struct tri_buf *out = out_of(t);
    size_t total = 0;
    while (!t->full && tri_tcp_pending(t) > 0) {
        struct tri_slice held = tri_buf_peek(out);
        ssize_t put = send(t->fd, held.data, held.len, MSG_NOSIGNAL);
        if (put >= 0) {
            tri_buf_consume(out, (size_t)put);
            total += (size_t)put;
            t->taken_bytes += (size_t)put;
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            t->full = true;
        } else if (errno != EINTR) {
            tri_tcp_lose(t, errno);
            break;
        }
    }
    return total;
}

static void half_close(struct tri_tcp *t)
{
    (void)shutdown(t->fd, SHUT_WR);
    tri_tcp_set_state(t, TRI_TCP_LINGER);
    if (t->fin_received) {
        tri_tcp_finish(t, t->end, t->error_text);
    } else {
        tri_loop_timer_after(t->loop, &t->timer, t->linger_ms);
    }
}

size_t tri_tcp_send(struct tri_tcp *t)
{
    if (t->state == TRI_TCP_DEAD || t->state == TRI_TCP_CONNECTING || t->ring_send.is_out) {
        return 0;
    }
    size_t sent = send_some(t);
    if (t->state != TRI_TCP_CLOSING) {
        return sent;
    }
    if (tri_tcp_pending(t) == 0) {
        half_close(t);
    } else if (sent > 0) {
        tri_loop_timer_after(t->loop, &t->timer, t->linger_ms); /* a slow reader, not a gone one */
    }
    return sent;
}

static enum tri_err keep_clear(struct tri_tcp *t, const struct tri_slice *slices, size_t slices_len)
{
    enum tri_err err = TRI_OK;
    for (size_t i = 0; i < slices_len && !err; i++) {
        if (slices[i].len > 0) {
            err = tri_buf_append(&t->clear, slices[i].data, slices[i].len);
        }
    }
    return err;
}

/* Pulls once and encrypts. Returns the bytes pulled; 0: nothing more, or the connection failed. */
static size_t pull_once(struct tri_tcp *t)
{
    struct tri_slice slices[TRI_TCP_SLICES_MAX];
    size_t slices_len = t->events->pull(t->user, slices, TRI_TCP_SLICES_MAX);
    assert(slices_len <= TRI_TCP_SLICES_MAX);
    if (slices_len == 0 || t->state != TRI_TCP_OPEN) {
        return 0;
    }
    enum tri_err err = t->has_tls ? tri_tls_stream_write(&t->tls, slices, slices_len)
                                  : keep_clear(t, slices, slices_len);
    if (err && t->has_tls) {
        tri_tcp_fail_tls(t, err);
        return 0;
    }
    if (err) {
        tri_tcp_reset(t, TRI_TCP_LOST, "memory for the socket is short");
        return 0;
    }
    size_t total = 0;
    for (size_t i = 0; i < slices_len; i++) {
        total += slices[i].len;
    }
    return total > 0 ? total : 1;
}

void tri_tcp_flush(struct tri_tcp *t)
{
    assert(t);
    size_t pulled = 0;
    while (t->state == TRI_TCP_OPEN && !t->full) {
        if (pulled >= TRI_TCP_FLUSH_BYTES_MAX) {
            t->more = true;
            break;
        }
        size_t len = pull_once(t);
        if (len == 0) {
            break;
        }
        pulled += len;
        if (tri_tcp_pending(t) >= TRI_TCP_SEND_BYTES) {
            (void)tri_tcp_send(t);
        }
    }
    if (t->state != TRI_TCP_DEAD && (tri_tcp_pending(t) > 0 || t->more)) {
        tri_loop_late_add(t->loop, &t->late);
    }
}
