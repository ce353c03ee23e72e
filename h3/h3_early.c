/* See h3_early.h. */
#include "h3_early.h"

#include "h3_conn.h"

/* RFC 9000 section 12.2: packets of a handshake share datagrams, each with its length in front. */
bool tri_h3_early_is_in(const uint8_t *data, size_t len)
{
    while (len > 0 && (data[0] & 0x80u)) {
        ngtcp2_pkt_hd hd;
        ngtcp2_ssize head_len = ngtcp2_pkt_decode_hd_long(&hd, data, len);
        if (head_len < 0 || hd.len > len - (size_t)head_len) {
            return false;
        }
        if (hd.type == NGTCP2_PKT_0RTT) {
            return true;
        }
        data += (size_t)head_len + hd.len;
        len -= (size_t)head_len + hd.len;
    }
    return false;
}

bool tri_h3_early_waits(struct tri_h3_stream *s)
{
    const struct tri_h3_conn *c = s->conn;
    if (c->is_confirmed) {
        return false; /* what came before counts as if it came now: RFC 8470 section 3 */
    }
    const struct tri_exchange_events *events = c->shared->config.events;
    if (!events->takes_early || !events->takes_early(c->user, &s->request->head)) {
        return true;
    }
    s->request->head.early = true;
    return false;
}

static void count(const struct tri_h3_conn *c)
{
    struct tri_metrics *m = c->shared->config.metrics;
    if (m && c->came_early) {
        m->early_accepted += c->tls.has_early;
        m->early_refused += !c->tls.has_early;
    }
}

/* Announcing one may end others, but takes none off the list: that is done in drive steps. */
void tri_h3_early_release(struct tri_h3_conn *c)
{
    count(c);
    ngtcp2_conn_extend_max_offset(c->quic, c->early_bytes);
    c->early_bytes = 0;
    for (struct tri_list *node = c->streams.next; node != &c->streams; node = node->next) {
        struct tri_h3_stream *s = TRI_CONTAINER_OF(node, struct tri_h3_stream, node);
        if (s->phase == TRI_H3_EARLY && !s->ending) {
            tri_h3_stream_announce(s);
        }
    }
}
