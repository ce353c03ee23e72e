/* See h3_output.h. */
#include "h3_output.h"

#include "h3_conn.h"

#include <assert.h>

#define SLICES_MAX ((size_t)8) /* as many vectors as nghttp3 asks for at a time */

/* Nothing now: nghttp3 asks again after a resume. The connection hears of it (h3_write.c). */
static nghttp3_ssize block(struct tri_h3_conn *c)
{
    c->read_blocked = true;
    return NGHTTP3_ERR_WOULDBLOCK;
}

/*
 * Moves what there is to |vec|, without the empty slices: nghttp3 meets a DATA frame of no bytes
 * with an assert. Returns the count; |*len| is the bytes.
 */
static size_t fill(nghttp3_vec *vec, const struct tri_slice *slices, size_t slices_len, size_t *len)
{
    size_t n = 0;
    *len = 0;
    for (size_t i = 0; i < slices_len; i++) {
        if (slices[i].len > 0) {
            vec[n++] =
                (nghttp3_vec){.base = (uint8_t *)(uintptr_t)slices[i].data, .len = slices[i].len};
            *len += slices[i].len;
        }
    }
    return n;
}

static nghttp3_ssize read_tenant(struct tri_h3_stream *s, nghttp3_vec *vec, size_t vec_len,
                                 uint32_t *flags)
{
    struct tri_slice slices[SLICES_MAX];
    const struct tri_stream_events *events = s->x.stream.events;
    bool fin = false;
    size_t max = vec_len < SLICES_MAX ? vec_len : SLICES_MAX;
    size_t n = events->peek(s->x.stream.session, slices, max, &fin);
    assert(n <= max);
    size_t len;
    n = fill(vec, slices, n, &len);
    if (s->ending || (len == 0 && !fin)) {
        return block(s->conn);
    }
    if (fin) {
        s->output_fin = true;
        *flags |= NGHTTP3_DATA_FLAG_EOF;
    }
    if (len > 0) {
        s->sent += len;
        events->on_sent(s->x.stream.session, len);
    }
    return (nghttp3_ssize)n;
}

/* NOLINTNEXTLINE(readability-function-size): nghttp3's signature */
nghttp3_ssize tri_h3_output_read(nghttp3_conn *http, int64_t id, nghttp3_vec *vec, size_t vec_len,
                                 uint32_t *flags, void *user, void *stream_user)
{
    (void)http;
    (void)id;
    struct tri_h3_stream *s = stream_user;
    if (s && !s->ending && s->phase == TRI_H3_BOUND && !s->output_fin) {
        return read_tenant(s, vec, vec_len, flags);
    }
    return block(user);
}

void tri_h3_output_acked(struct tri_h3_stream *s, uint64_t len)
{
    if (s->phase != TRI_H3_BOUND || len == 0) {
        return; /* bytes whose tenant is gone */
    }
    s->released += len;
    assert(s->released <= s->sent); /* contract line 2 */
    s->x.stream.events->on_released(s->x.stream.session, (size_t)len);
}
