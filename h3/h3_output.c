/* See h3_output.h. RFC 9114 section 4.4. */
#include "h3_output.h"

#include "h3_http.h"

#include <assert.h>

#define SLICES_MAX ((size_t)8)

/* ---- the head */

/* NOLINTBEGIN(readability-function-size,readability-non-const-parameter): nghttp3's signature */
nghttp3_ssize tri_h3_output_read(nghttp3_conn *http, int64_t id, nghttp3_vec *vec, size_t vec_len,
                                 uint32_t *flags, void *user, void *stream_user)
{
    (void)http;
    (void)id;
    (void)vec;
    (void)vec_len;
    (void)flags;
    struct tri_h3_conn *c = user;
    struct tri_h3_stream *s = stream_user;
    if (s) {
        s->is_head_queued = true;
    }
    c->read_blocked = true;
    return NGHTTP3_ERR_WOULDBLOCK;
}
/* NOLINTEND(readability-function-size,readability-non-const-parameter) */

void tri_h3_output_head(struct tri_h3_stream *s, size_t len, bool is_all)
{
    assert(!s->is_head_sent);
    s->head_bytes += len;
    if (is_all && s->is_head_queued) {
        s->is_head_sent = true;
        tri_h3_output_wake(s);
    }
}

/* ---- whether it may send */

void tri_h3_output_wake(struct tri_h3_stream *s)
{
    if (s->is_head_sent && !s->is_blocked && !s->output_fin && !tri_h3_schedule_has(&s->turn)) {
        tri_h3_schedule_add(&s->conn->schedule, &s->turn);
    }
}

void tri_h3_output_block(struct tri_h3_stream *s)
{
    s->is_blocked = true;
    tri_h3_schedule_remove(&s->turn);
}

void tri_h3_output_unblock(struct tri_h3_stream *s)
{
    s->is_blocked = false;
    tri_h3_output_wake(s);
}

/* ---- what it has */

static void add(struct tri_h3_piece *p, struct tri_slice bytes)
{
    if (bytes.len > 0) {
        p->vec[p->vec_len++] =
            (nghttp3_vec){.base = (uint8_t *)(uintptr_t)bytes.data, .len = bytes.len};
        p->len += bytes.len;
    }
}

/* The first |len| bytes of |slices|. */
static void add_payload(struct tri_h3_piece *p, const struct tri_slice *slices, size_t len)
{
    p->payload = len;
    for (size_t left = len; left > 0; slices++) {
        const size_t part = slices->len < left ? slices->len : left;
        add(p, tri_slice_of(slices->data, part));
        left -= part;
    }
}

static size_t sum(const struct tri_slice *slices, size_t n)
{
    size_t len = 0;
    for (size_t i = 0; i < n; i++) {
        len += slices[i].len;
    }
    return len;
}

/*
 * The rest of the frame that is begun, or a new one of all |there| is. False: too many are on the
 * way; an acknowledgement wakes it.
 */
static bool add_frame(struct tri_h3_stream *s, struct tri_h3_piece *p,
                      const struct tri_slice *slices, size_t there)
{
    if (tri_h3_framing_is_within(&s->framing)) {
        assert(there >= s->framing.left); /* contract line 1 */
        add(p, tri_h3_framing_head_left(&s->framing));
        add_payload(p, slices, s->framing.left);
        return true;
    }
    if (tri_h3_framing_reserve(&s->framing, s->conn->shared->config.alloc) != TRI_OK) {
        s->waits_for_ack = true;
        return false;
    }
    const size_t len = there < TRI_H3_FRAME_BYTES_MAX ? there : TRI_H3_FRAME_BYTES_MAX;
    add(p, tri_h3_framing_head(len));
    add_payload(p, slices, len);
    return true;
}

bool tri_h3_output_next(struct tri_h3_stream *s, struct tri_h3_piece *p)
{
    if (s->ending || s->phase != TRI_H3_BOUND) {
        return false;
    }
    struct tri_slice slices[SLICES_MAX];
    bool fin = false;
    const size_t n = s->x.stream.events->peek(s->x.stream.session, slices, SLICES_MAX, &fin);
    assert(n <= SLICES_MAX);
    const size_t there = sum(slices, n);
    if (s->ending || (there == 0 && !fin)) {
        return false;
    }
    tri_h3_piece_init(p, s, s->id);
    if (there > 0 && !add_frame(s, p, slices, there)) {
        return false;
    }
    p->fin = fin && p->payload == there;
    return true;
}

void tri_h3_output_take(const struct tri_h3_piece *p, size_t taken)
{
    struct tri_h3_stream *s = p->stream;
    assert(taken <= p->len);
    if (p->fin && taken == p->len) {
        s->output_fin = true;
        tri_h3_schedule_remove(&s->turn);
    }
    if (taken > 0) {
        if (!tri_h3_framing_is_within(&s->framing)) {
            tri_h3_framing_begin(&s->framing, p->payload);
        }
        const size_t payload = tri_h3_framing_sent(&s->framing, taken);
        if (payload > 0) {
            s->x.stream.events->on_sent(s->x.stream.session, payload);
        }
    }
    if (s->output_fin) {
        tri_h3_stream_fin_sent(s);
    }
}

/* ---- acknowledgements */

static void release(struct tri_h3_stream *s, uint64_t len)
{
    if (s->phase != TRI_H3_BOUND) {
        return; /* bytes whose tenant is gone */
    }
    const size_t payload = tri_h3_framing_acked(&s->framing, len, s->conn->shared->config.alloc);
    if (payload > 0) {
        s->x.stream.events->on_released(s->x.stream.session, payload);
    }
    if (s->waits_for_ack) {
        s->waits_for_ack = false;
        tri_h3_output_wake(s);
    }
}

int tri_h3_output_acked(struct tri_h3_stream *s, uint64_t offset, uint64_t len)
{
    const uint64_t end = offset + len;
    uint64_t head = len;
    if (s->is_head_sent && end > s->head_bytes) {
        head = offset < s->head_bytes ? s->head_bytes - offset : 0;
    }
    if (head > 0) {
        int rv = nghttp3_conn_add_ack_offset(s->conn->http, s->id, head);
        if (rv != 0) {
            return rv;
        }
    }
    if (s->is_head_sent && end >= s->head_bytes && !s->is_head_acked) {
        s->is_head_acked = true;
        tri_h3_http_hand_over(s);
    }
    if (len > head) {
        release(s, len - head);
    }
    return 0;
}
