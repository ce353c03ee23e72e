/* See h3_drive.h. */
#include "h3_drive.h"

#include "h3_early.h"
#include "h3_settle.h"
#include "h3_write.h"

#include <assert.h>

/*
 * What one connection writes before it lets others go on, and lets its pace be kept: four runs. The
 * rest follows when ngtcp2's pacing says so.
 */
#define BURST_BYTES_MAX (4 * TRI_H3_RUN_BYTES_MAX)

/* The handshake is complete, and nothing more is asked of TLS, but that clients get their tickets. */
static void open_conn(struct tri_h3_conn *c)
{
    if (!tri_h3_conn_is_client(c)) {
        tri_h3_conn_end_tls(c);
    }
    tri_h3_conn_set_state(c, TRI_H3_OPEN);
}

/* Acts on what was marked; events may mark more. 0 or an error of ngtcp2. */
static int settle(struct tri_h3_conn *c)
{
    for (struct tri_list *node; (node = tri_list_pop(&c->woken));) {
        int rv = tri_h3_settle_stream(TRI_CONTAINER_OF(node, struct tri_h3_stream, woken));
        if (rv != 0) {
            return rv;
        }
    }
    if (c->is_confirmed && c->state == TRI_H3_HANDSHAKE) {
        open_conn(c);
    }
    return 0;
}

/* While it has streams, a PING in silence keeps NATs and the idle timeout away. */
static void update_keep_alive(struct tri_h3_conn *c)
{
    bool keeps_alive = c->streams_len > 0;
    if (keeps_alive == c->keeps_alive) {
        return;
    }
    c->keeps_alive = keeps_alive;
    if (c->state == TRI_H3_OPEN) {
        c->changed_ns = c->shared->now_ns;
    }
    const ngtcp2_transport_params *own = ngtcp2_conn_get_local_transport_params2(c->quic);
    const ngtcp2_transport_params *peer = ngtcp2_conn_get_remote_transport_params2(c->quic);
    uint64_t idle_ns = own->max_idle_timeout; /* the smaller one counts: RFC 9000 section 10.1 */
    if (peer && peer->max_idle_timeout > 0 && (idle_ns == 0 || peer->max_idle_timeout < idle_ns)) {
        idle_ns = peer->max_idle_timeout;
    }
    ngtcp2_conn_set_keep_alive_timeout(c->quic,
                                       keeps_alive && idle_ns > 0 ? idle_ns / 2 : UINT64_MAX);
}

/* When we ourselves, not QUIC, want to do something. */
static uint64_t own_deadline_ns(const struct tri_h3_conn *c)
{
    uint64_t keepalive_ms = c->shared->config.limits->keepalive_timeout_ms;
    if (c->state == TRI_H3_NOTICED) {
        return c->changed_ns + ngtcp2_conn_get_pto2(c->quic); /* about a round trip, or more */
    }
    if (c->state == TRI_H3_OPEN && c->streams_len == 0 && keepalive_ms > 0 &&
        !tri_h3_conn_is_client(c)) {
        return c->changed_ns + keepalive_ms * TRI_NS_PER_MS;
    }
    return TRI_NEVER_NS;
}

static void set_timer(struct tri_h3_conn *c)
{
    uint64_t quic_ns = ngtcp2_conn_get_expiry2(c->quic);
    uint64_t own_ns = own_deadline_ns(c);
    tri_heap_set(&c->shared->timers, &c->timer, quic_ns < own_ns ? quic_ns : own_ns);
}

static bool has_left(const struct tri_h3_conn *c)
{
    return c->state == TRI_H3_LEAVING && c->streams_len == 0 &&
           (tri_h3_conn_is_client(c) || nghttp3_conn_is_drained(c->http));
}

static void recv_late(struct tri_h3_conn *c)
{
    /* RFC 9000 section 10.2.1: not an answer to each. The 1st, 2nd, 4th, 8th ... get one. */
    c->late_packets++;
    if (c->state == TRI_H3_CLOSING && (c->late_packets & (c->late_packets - 1)) == 0) {
        c->close_due = true;
        if (!tri_list_is_linked(&c->dirty)) {
            tri_list_append(&c->shared->dirty, &c->dirty);
        }
    }
}

void tri_h3_drive_recv(struct tri_h3_conn *c, const ngtcp2_path *path, uint8_t ecn,
                       const uint8_t *data, size_t len)
{
    if (!tri_h3_conn_is_live(c)) {
        recv_late(c);
        return;
    }
    c->came_early = c->came_early || (!c->is_confirmed && tri_h3_early_is_in(data, len));
    const ngtcp2_pkt_info info = {.ecn = ecn & NGTCP2_ECN_MASK};
    int rv = ngtcp2_conn_read_pkt(c->quic, path, &info, data, len, c->shared->now_ns);
    if (rv == 0) {
        rv = settle(c);
    }
    if (rv != 0) {
        tri_h3_conn_fail(c, rv);
    } else {
        tri_h3_conn_wake(c);
    }
}

static int expire_own(struct tri_h3_conn *c)
{
    if (own_deadline_ns(c) > c->shared->now_ns) {
        return 0;
    }
    if (c->state == TRI_H3_OPEN) {
        return tri_h3_conn_app_error(c, NGHTTP3_H3_NO_ERROR);
    }
    assert(c->state == TRI_H3_NOTICED);
    int rv = nghttp3_conn_shutdown(c->http);
    tri_h3_conn_set_state(c, TRI_H3_LEAVING);
    return rv == 0 ? 0 : tri_h3_conn_http_error(c, rv);
}

void tri_h3_drive_expire(struct tri_h3_conn *c)
{
    if (!tri_h3_conn_is_live(c)) {
        tri_h3_conn_set_state(c, TRI_H3_GONE);
        return;
    }
    int rv = expire_own(c);
    if (rv == 0 && ngtcp2_conn_get_expiry2(c->quic) <= c->shared->now_ns) {
        rv = ngtcp2_conn_handle_expiry(c->quic, c->shared->now_ns);
    }
    if (rv == 0) {
        rv = settle(c);
    }
    if (rv != 0) {
        tri_h3_conn_fail(c, rv);
        return;
    }
    tri_heap_set(&c->shared->timers, &c->timer, TRI_NEVER_NS); /* the send that follows sets it */
    tri_h3_conn_wake(c);
}

static void refuse_handshake(struct tri_h3_conn *c)
{
    const uint64_t code =
        tri_h3_conn_is_client(c) ? NGTCP2_NO_ERROR : (uint64_t)NGTCP2_CONNECTION_REFUSED;
    c->has_error = true;
    ngtcp2_ccerr_set_transport_error(&c->error, code, NULL, 0);
    tri_h3_conn_fail(c, NGTCP2_ERR_CALLBACK_FAILURE);
}

/* A server has to be told of no push that is refused, so its GOAWAY would say nothing. */
static void leave(struct tri_h3_conn *c)
{
    tri_h3_conn_set_state(c, TRI_H3_NOTICED);
    tri_h3_conn_set_state(c, TRI_H3_LEAVING);
    tri_h3_conn_wake(c);
}

void tri_h3_drive_close(struct tri_h3_conn *c)
{
    if (c->state == TRI_H3_HANDSHAKE) {
        refuse_handshake(c);
    } else if (tri_h3_conn_is_live(c)) {
        tri_h3_conn_fail(c, tri_h3_conn_app_error(c, NGHTTP3_H3_NO_ERROR));
    }
}

void tri_h3_drive_shutdown(struct tri_h3_conn *c)
{
    if (c->state == TRI_H3_HANDSHAKE) {
        refuse_handshake(c);
        return;
    }
    if (c->state != TRI_H3_OPEN) {
        return;
    }
    if (tri_h3_conn_is_client(c)) {
        leave(c);
        return;
    }
    int rv = nghttp3_conn_submit_shutdown_notice(c->http); /* RFC 9114 section 5.2 */
    if (rv != 0) {
        tri_h3_conn_fail(c, tri_h3_conn_http_error(c, rv));
        return;
    }
    tri_h3_conn_set_state(c, TRI_H3_NOTICED);
    tri_h3_conn_wake(c);
}

static bool send_close(struct tri_h3_conn *c, struct tri_h3_run *run)
{
    if (!c->close_due) {
        return false;
    }
    c->close_due = false;
    *run = (struct tri_h3_run){.data = c->close_packet,
                               .len = c->close_len,
                               .segment = c->close_len,
                               .local = c->local,
                               .remote = c->remote_addr};
    return true;
}

/* One run. 0: all that may be sent now is; else its bytes or an error. */
static ngtcp2_ssize send_run(struct tri_h3_conn *c, uint8_t *buf, struct tri_h3_run *run)
{
    ngtcp2_ssize n = 0;
    do {
        int rv = settle(c);
        if (rv != 0) {
            return rv;
        }
        if (c->burst_bytes >= BURST_BYTES_MAX) {
            return 0;
        }
        n = tri_h3_write_run(c, buf, run);
    } while (n == 0 && !tri_list_is_empty(&c->woken));
    return n;
}

bool tri_h3_drive_send(struct tri_h3_conn *c, uint8_t *buf, struct tri_h3_run *run)
{
    if (!tri_h3_conn_is_live(c)) {
        return send_close(c, run);
    }
    ngtcp2_ssize n = send_run(c, buf, run);
    if (n < 0) {
        tri_h3_conn_fail(c, (int)n);
        return send_close(c, run);
    }
    if (n > 0) {
        c->burst_bytes += (size_t)n;
        return true;
    }
    if (has_left(c)) {
        tri_h3_conn_fail(c, tri_h3_conn_app_error(c, NGHTTP3_H3_NO_ERROR));
        return send_close(c, run);
    }
    /* Always here and nowhere else: ngtcp2 takes the bytes since the last call for one burst. */
    ngtcp2_conn_update_pkt_tx_time(c->quic, c->shared->now_ns);
    c->burst_bytes = 0;
    update_keep_alive(c);
    set_timer(c);
    return false;
}
