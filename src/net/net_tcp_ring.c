/* A TCP connection whose bytes go through the loop's io_uring: see net_ring.h. */
#include "net_tcp_conn.h"

#include <assert.h>
#include <errno.h>

/* One that is closed goes when the kernel has given everything back. */
static void go_on(struct tri_tcp *t)
{
    if (t->state != TRI_TCP_DEAD) {
        tri_tcp_update_interest(t);
    } else if (t->is_closed) {
        tri_tcp_release(t);
    }
}

static void take_recv(struct tri_ring_op *op, int result, const uint8_t *data)
{
    struct tri_tcp *t = TRI_CONTAINER_OF(op, struct tri_tcp, ring_recv);
    const bool is_news = result != -ENOBUFS && result != -ECANCELED && result != -EINTR;
    if (is_news && t->state != TRI_TCP_DEAD && !t->fin_received) {
        tri_tcp_take_read(t, data, result);
        tri_tcp_answer_much(t, result > 0 ? (size_t)result : 0);
    }
    go_on(t);
}

static void take_sent(struct tri_ring_op *op, int result, const uint8_t *data)
{
    (void)data;
    struct tri_tcp *t = TRI_CONTAINER_OF(op, struct tri_tcp, ring_send);
    if (t->state != TRI_TCP_DEAD) {
        tri_tcp_take_sent(t, result);
    }
    if (t->state > TRI_TCP_OPEN && t->state != TRI_TCP_DEAD) {
        tri_loop_late_add(t->loop, &t->late); /* the end waited for it */
    }
    go_on(t);
}

void tri_tcp_use_ring(struct tri_tcp *t)
{
    assert(t && t->state == TRI_TCP_OPEN && !t->ring);
    t->wants_ring = true;
}

static bool has_ring(struct tri_tcp *t)
{
    if (t->wants_ring && !t->ring && t->state == TRI_TCP_OPEN) {
        t->ring = tri_loop_ring(t->loop);
        t->wants_ring = t->ring != NULL;
        t->ring_recv.on_done = take_recv;
        t->ring_send.on_done = take_sent;
    }
    return t->ring != NULL;
}

bool tri_tcp_ring_read(struct tri_tcp *t, bool on)
{
    if (!has_ring(t)) {
        return false;
    }
    if (!on) {
        if (t->ring_recv.is_out && !t->ring_recv.is_cancelled) {
            tri_ring_cancel(t->ring, &t->ring_recv);
        }
        return true;
    }
    return t->ring_recv.is_out || tri_ring_recv(t->ring, &t->ring_recv, t->fd);
}

bool tri_tcp_ring_send(struct tri_tcp *t)
{
    if (!t->ring || t->state != TRI_TCP_OPEN || t->full || t->ring_send.is_out) {
        return false;
    }
    const struct tri_slice bytes = tri_buf_peek(t->has_tls ? &t->tls.out : &t->clear);
    return bytes.len > 0 && tri_ring_send(t->ring, &t->ring_send, t->fd, bytes);
}

void tri_tcp_ring_leave(struct tri_tcp *t)
{
    if (t->ring) {
        tri_ring_cancel(t->ring, &t->ring_recv);
    }
}
