/* See h3_write.h. RFC 9000 section 12.2, 13; RFC 9114 section 4. */
#include "h3_write.h"

#include "h3_output.h"

#include <assert.h>

/* Datagrams in a run: what Linux takes with one UDP_SEGMENT. */
#define RUN_PACKETS_MAX ((size_t)64)

/*
 * Asks nghttp3 for the next piece, the heads of answers among them. It answers "nothing" also when one
 * stream had nothing to give while others have: ask again for as long as that was so. Each such stream is
 * off its schedule then, so this ends.
 */
static int next_of_http(struct tri_h3_conn *c, struct tri_h3_piece *p)
{
    int fin = 0;
    nghttp3_ssize n;
    do {
        c->read_blocked = false;
        n = nghttp3_conn_writev_stream(c->http, &p->id, &fin, p->vec, TRI_H3_PIECE_VECTORS);
    } while (n == 0 && p->id == -1 && c->read_blocked);
    if (n < 0) {
        return tri_h3_conn_http_error(c, (int)n);
    }
    p->fin = fin != 0;
    p->vec_len = (size_t)n;
    for (size_t i = 0; i < p->vec_len; i++) {
        p->len += p->vec[i].len;
    }
    c->asks_http = p->id != -1;
    return 0;
}

/* What goes in the packet next: what nghttp3 has, then what the tenants have. */
static int next_piece(struct tri_h3_conn *c, struct tri_h3_piece *p)
{
    tri_h3_piece_init(p, NULL, -1);
    if (!c->http || ngtcp2_conn_get_max_data_left2(c->quic) == 0) {
        return 0;
    }
    if (c->asks_http) {
        int rv = next_of_http(c, p);
        if (rv != 0 || p->id != -1) {
            return rv;
        }
    }
    for (struct tri_h3_turn *turn; (turn = tri_h3_schedule_first(&c->schedule));) {
        if (tri_h3_output_next(TRI_CONTAINER_OF(turn, struct tri_h3_stream, turn), p)) {
            return 0;
        }
        tri_h3_schedule_remove(turn);
    }
    tri_h3_piece_init(p, NULL, -1);
    return 0;
}

/* The stream takes nothing more: the peer stopped it, or it is gone. */
static void give_up_stream(struct tri_h3_conn *c, const struct tri_h3_piece *p)
{
    struct tri_h3_stream *s = ngtcp2_conn_get_stream_user_data2(c->quic, p->id);
    if (!p->stream) {
        nghttp3_conn_shutdown_stream_write(c->http, p->id);
    } else {
        tri_h3_schedule_remove(&p->stream->turn);
    }
    if (s) {
        tri_h3_stream_peer_stop(s);
    }
}

static void block_stream(struct tri_h3_conn *c, const struct tri_h3_piece *p)
{
    if (p->stream) {
        tri_h3_output_block(p->stream);
    } else {
        nghttp3_conn_block_stream(c->http, p->id);
    }
}

/* |taken| bytes of nghttp3's |p| are in a packet. 0 or an error of ngtcp2. */
static int take_of_http(struct tri_h3_conn *c, const struct tri_h3_piece *p, size_t taken)
{
    int rv = nghttp3_conn_add_write_offset(c->http, p->id, taken);
    if (rv != 0) {
        return tri_h3_conn_http_error(c, rv);
    }
    struct tri_h3_stream *s = ngtcp2_conn_get_stream_user_data2(c->quic, p->id);
    if (s && p->fin && taken == p->len) {
        tri_h3_stream_fin_sent(s);
    } else if (s) {
        tri_h3_output_head(s, taken, taken == p->len);
    }
    return 0;
}

static int take_piece(struct tri_h3_conn *c, const struct tri_h3_piece *p, ngtcp2_ssize taken)
{
    assert(taken >= 0 && (size_t)taken <= p->len);
    if (!p->stream) {
        return take_of_http(c, p, (size_t)taken);
    }
    tri_h3_output_take(p, (size_t)taken);
    return 0;
}

/*
 * PADDING lets a packet that has no room for the next piece be exactly full, which is what keeps
 * ngtcp2 aggregating. A packet that ends because nothing is left (id -1) is not padded.
 */
static uint32_t flags_of(const struct tri_h3_piece *p)
{
    uint32_t flags = NGTCP2_WRITE_STREAM_FLAG_MORE;
    if (p->id != -1) {
        flags |= NGTCP2_WRITE_STREAM_FLAG_PADDING;
    }
    if (p->fin) {
        flags |= NGTCP2_WRITE_STREAM_FLAG_FIN;
    }
    return flags;
}

/* A packet is full: what did not fit comes after what others have. */
static void end_turn(struct tri_h3_conn *c, const struct tri_h3_piece *p, ngtcp2_ssize n)
{
    if (n > 0 && p->stream && tri_h3_schedule_has(&p->stream->turn)) {
        tri_h3_schedule_pass(&c->schedule, &p->stream->turn);
    }
}

/* ngtcp2's write_pkt callback: one packet, from as many pieces as it takes.
 * NOLINTNEXTLINE(readability-function-size): its signature */
static ngtcp2_ssize write_packet(ngtcp2_conn *quic, ngtcp2_path *path, ngtcp2_pkt_info *info,
                                 uint8_t *out, size_t max, ngtcp2_tstamp now, void *user)
{
    struct tri_h3_conn *c = user;
    for (;;) {
        struct tri_h3_piece p;
        int rv = next_piece(c, &p);
        if (rv != 0) {
            return rv;
        }
        ngtcp2_ssize taken = -1;
        ngtcp2_ssize n =
            ngtcp2_conn_writev_stream(quic, path, info, out, max, &taken, flags_of(&p), p.id,
                                      (const ngtcp2_vec *)(const void *)p.vec, p.vec_len, now);
        if (n == NGTCP2_ERR_STREAM_DATA_BLOCKED) {
            block_stream(c, &p);
            continue;
        }
        if (n == NGTCP2_ERR_STREAM_SHUT_WR || n == NGTCP2_ERR_STREAM_NOT_FOUND) {
            give_up_stream(c, &p);
            continue;
        }
        if (taken >= 0) {
            rv = take_piece(c, &p, taken);
            if (rv != 0) {
                return rv;
            }
        }
        if (n != NGTCP2_ERR_WRITE_MORE) {
            end_turn(c, &p, n);
            return n;
        }
    }
}

static void fill_addr(struct tri_addr *out, const ngtcp2_addr *addr)
{
    enum tri_err err = tri_addr_from_sockaddr(out, addr->addr, addr->addrlen);
    assert(err == TRI_OK); /* it is one that we gave */
}

ngtcp2_ssize tri_h3_write_run(struct tri_h3_conn *c, uint8_t *buf, struct tri_h3_run *run)
{
    ngtcp2_path_storage path;
    ngtcp2_path_storage_zero(&path);
    ngtcp2_pkt_info info = {.ecn = NGTCP2_ECN_NOT_ECT};
    size_t segment = 0;
    c->asks_http = true;
    ngtcp2_ssize n = ngtcp2_conn_write_aggregate_pkt2(c->quic, &path.path, &info, buf,
                                                      TRI_H3_RUN_BYTES_MAX, &segment, write_packet,
                                                      RUN_PACKETS_MAX, c->shared->now_ns);
    if (n <= 0) {
        return n;
    }
    assert(segment > 0 && (size_t)n <= TRI_H3_RUN_BYTES_MAX);
    *run = (struct tri_h3_run){.data = buf,
                               .len = (size_t)n,
                               .segment = segment,
                               .ecn = (uint8_t)(info.ecn & NGTCP2_ECN_MASK)};
    fill_addr(&run->local, &path.path.local);
    fill_addr(&run->remote, &path.path.remote);
    return n;
}
