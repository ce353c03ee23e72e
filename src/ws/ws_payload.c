/* A message for many sockets: its frame, and its compressed frame once somebody wants that. */
#include "ws_payload.h"

#include "ws_frame.h"

#include <assert.h>
#include <stdatomic.h>

struct tri_payload {
    atomic_size_t holders;
    const struct tri_alloc *alloc;
    enum tri_type type;
    bool is_as_small_as_it_gets; /* compressed it would not be smaller: not to be tried again */
    size_t header_len;
    size_t frame_len;
    uint8_t *deflated;     /* NULL until wanted; its frame lies within */
    uint8_t deflated_bits; /* the window it was compressed for: workers may differ */
    struct tri_slice deflated_frame;
    uint8_t frame[];
};

static struct tri_frame describe_frame(enum tri_type type, size_t len, bool is_deflated)
{
    assert(type == TRI_TEXT || type == TRI_BINARY);
    return (struct tri_frame){
        .opcode = type == TRI_TEXT ? TRI_OP_TEXT : TRI_OP_BINARY,
        .fin = true,
        .rsv1 = is_deflated, /* RFC 7692 section 6 */
        .payload_len = len,
    };
}

struct tri_payload *tri_payload_new_with(const struct tri_alloc *alloc, enum tri_type type,
                                         const void *data, size_t len)
{
    const struct tri_frame frame = describe_frame(type, len, false);
    if (len > PTRDIFF_MAX - sizeof(struct tri_payload) - TRI_FRAME_HEADER_MAX) {
        return NULL;
    }
    const size_t header_len = tri_frame_header_len(&frame);
    struct tri_payload *p = tri_alloc_get(alloc, sizeof *p + header_len + len);
    if (!p) {
        return NULL;
    }
    *p = (struct tri_payload){
        .alloc = alloc,
        .type = type,
        .header_len = header_len,
        .frame_len = header_len + len,
    };
    atomic_init(&p->holders, 1);
    uint8_t header[TRI_FRAME_HEADER_MAX];
    (void)tri_frame_encode(&frame, header);
    memcpy(p->frame, header, header_len);
    if (len > 0) { /* data may be NULL when there is nothing */
        memcpy(p->frame + header_len, data, len);
    }
    return p;
}

struct tri_payload *tri_payload_new(enum tri_type type, const void *data, size_t len)
{
    return tri_payload_new_with(tri_alloc_heap(), type, data, len);
}

struct tri_payload *tri_payload_hold(struct tri_payload *payload)
{
    const size_t before = atomic_fetch_add_explicit(&payload->holders, 1, memory_order_relaxed);
    assert(before > 0 && before < SIZE_MAX);
    (void)before;
    return payload;
}

void tri_payload_free(struct tri_payload *payload)
{
    if (!payload) {
        return;
    }
    /* What others did with it comes before what the last one does. */
    const size_t before = atomic_fetch_sub_explicit(&payload->holders, 1, memory_order_acq_rel);
    assert(before > 0);
    if (before == 1) {
        const struct tri_alloc *alloc = payload->alloc;
        tri_alloc_release(alloc, payload->deflated);
        tri_alloc_release(alloc, payload);
    }
}

enum tri_type tri_payload_type(const struct tri_payload *p)
{
    return p->type;
}

struct tri_slice tri_payload_message(const struct tri_payload *p)
{
    return tri_slice_of(p->frame + p->header_len, p->frame_len - p->header_len);
}

struct tri_slice tri_payload_frame(const struct tri_payload *p)
{
    return tri_slice_of(p->frame, p->frame_len);
}

/* Keeps what |b| holds: room for the longest header, and the compressed message behind it. */
static void keep_deflated(struct tri_payload *p, struct tri_buf *b)
{
    const size_t len = b->len - TRI_FRAME_HEADER_MAX;
    const struct tri_frame frame = describe_frame(p->type, len, true);
    uint8_t header[TRI_FRAME_HEADER_MAX];
    const size_t header_len = tri_frame_encode(&frame, header);
    uint8_t *smaller = tri_alloc_resize(p->alloc, b->data, b->len); /* it may be kept for long */
    p->deflated = smaller ? smaller : b->data;
    uint8_t *start = p->deflated + TRI_FRAME_HEADER_MAX - header_len;
    memcpy(start, header, header_len);
    p->deflated_frame = tri_slice_of(start, header_len + len);
}

static void deflate_message(struct tri_payload *p, struct tri_deflate_worker *w)
{
    static const uint8_t room[TRI_FRAME_HEADER_MAX] = {0};
    const struct tri_slice message = tri_payload_message(p);
    struct tri_buf b;
    tri_buf_init(&b, p->alloc, sizeof room + message.len - 1); /* smaller by a byte at least */
    enum tri_err err = tri_buf_append(&b, room, sizeof room);
    if (err == TRI_OK) {
        err = tri_deflate_worker_compress(w, w->limits->deflate_window_bits, message, &b);
    }
    if (err != TRI_OK) {
        p->is_as_small_as_it_gets = err == TRI_ERR_LIMIT;
        tri_buf_deinit(&b);
        return;
    }
    p->deflated_bits = w->limits->deflate_window_bits;
    keep_deflated(p, &b);
}

struct tri_slice tri_payload_deflated(struct tri_payload *p, struct tri_deflate_worker *w,
                                      unsigned bits)
{
    const size_t len = tri_payload_message(p).len;
    if (bits < w->limits->deflate_window_bits || len == 0 || len < w->limits->deflate_bytes_least) {
        return tri_slice_of(NULL, 0);
    }
    if (!p->deflated && !p->is_as_small_as_it_gets) {
        deflate_message(p, w);
    }
    return bits < p->deflated_bits ? tri_slice_of(NULL, 0) : p->deflated_frame;
}
