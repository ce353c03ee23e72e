/* Bytes of a TCP connection on their way in: read, decrypted, handed to the owner. */
#include "net_tcp_conn.h"

#include <assert.h>
#include <errno.h>

static void tell_eof(struct tri_tcp *t, bool orderly)
{
    if (t->state == TRI_TCP_OPEN && !t->eof_told) {
        t->eof_told = true;
        t->events->on_eof(t->user, orderly);
    }
}

static void become_ready(struct tri_tcp *t)
{
    tri_loop_timer_set(t->loop, &t->timer, UINT64_MAX);
    tri_tcp_set_state(t, TRI_TCP_OPEN);
    t->events->on_ready(t->user, tri_tls_stream_alpn(&t->tls));
}

/* Hands over all plaintext that the fed bytes hold. The owner may end it all in between. */
static enum tri_err read_plain(struct tri_tcp *t)
{
    struct tri_loop_scratch *scratch = tri_loop_scratch(t->loop);
    enum tri_err err = TRI_OK;
    while (!err && t->state == TRI_TCP_OPEN) {
        size_t len = 0;
        err = tri_tls_stream_read(&t->tls, scratch->plain, sizeof scratch->plain, &len);
        if (!err) {
            t->events->on_data(t->user, scratch->plain, len);
        }
    }
    t->tls.in = (struct tri_slice){0}; /* what is left then was sent to nobody */
    return err == TRI_AGAIN ? TRI_OK : err;
}

static void take_tls(struct tri_tcp *t, const uint8_t *data, size_t len)
{
    enum tri_err err = tri_tls_stream_feed(&t->tls, data, len);
    if (!err && t->state == TRI_TCP_HANDSHAKE && t->tls.state == TRI_TLS_OPEN) {
        become_ready(t);
    }
    if (!err) {
        err = read_plain(t);
    }
    if (err && t->state <= TRI_TCP_OPEN) {
        tri_tcp_fail_tls(t, err);
        return;
    }
    if (t->tls.peer_closed) {
        tell_eof(t, true); /* RFC 8446 section 6.1 */
    }
    if (t->state != TRI_TCP_DEAD && tri_tcp_pending(t) > 0) {
        tri_loop_late_add(t->loop, &t->late); /* handshake, tickets, key updates */
    }
}

static void take_bytes(struct tri_tcp *t, const uint8_t *data, size_t len)
{
    if (t->state > TRI_TCP_OPEN) {
        return; /* only the peer's FIN matters now */
    }
    if (t->has_tls) {
        take_tls(t, data, len);
    } else {
        t->events->on_data(t->user, data, len);
    }
}

static void take_fin(struct tri_tcp *t)
{
    t->fin_received = true;
    switch (t->state) {
    case TRI_TCP_CONNECTING: /* nothing is read then */
    case TRI_TCP_HANDSHAKE:
        tri_tcp_finish(t, TRI_TCP_TLS_FAILED, "the peer closed during the handshake");
        break;
    case TRI_TCP_OPEN:
        tell_eof(t, !t->has_tls); /* without close_notify it may have been cut short */
        break;
    case TRI_TCP_LINGER:
        tri_tcp_finish(t, t->end, t->error_text);
        break;
    case TRI_TCP_CLOSING: /* goes on sending */
    case TRI_TCP_DEAD:
        break;
    }
}

void tri_tcp_take_read(struct tri_tcp *t, const uint8_t *data, ssize_t got)
{
    if (got > 0) {
        t->read_bytes += (size_t)got;
        take_bytes(t, data, (size_t)got);
    } else if (got == 0) {
        take_fin(t);
    } else {
        tri_tcp_lose(t, (int)-got);
    }
}

static void read_some(struct tri_tcp *t)
{
    struct tri_loop_scratch *scratch = tri_loop_scratch(t->loop);
    for (int i = 0; i < TRI_TCP_READS_MAX && t->state != TRI_TCP_DEAD && !t->fin_received; i++) {
        if (tri_tcp_is_held_back(t) ||
            (tri_tcp_pending(t) > TRI_TLS_OUT_BYTES_MAX && t->interest != 0)) {
            return;
        }
        ssize_t got = recv(t->fd, scratch->recv, sizeof scratch->recv, 0);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            return;
        }
        tri_loop_note_input(t->loop);
        tri_tcp_take_read(t, scratch->recv, got < 0 ? -errno : got);
        if (got < (ssize_t)sizeof scratch->recv) {
            return; /* the socket is empty: poll tells when there is more */
        }
    }
}

/* It is sealed and sent while it and the question are in the cache: over many connections, passes
 * that each touch all of it would fetch it from memory three times. */
void tri_tcp_answer_much(struct tri_tcp *t, size_t len)
{
    if (t->state == TRI_TCP_OPEN && len >= TRI_TCP_PROMPT_BYTES) {
        tri_tcp_flush(t);
        (void)tri_tcp_send(t);
    }
}

void tri_tcp_recv(struct tri_tcp *t)
{
    if (t->ring_recv.is_out) {
        return; /* it comes from there */
    }
    const uint64_t before = t->read_bytes;
    read_some(t);
    tri_tcp_answer_much(t, t->read_bytes - before);
}
