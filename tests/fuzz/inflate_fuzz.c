/*
 * Compression under a script: a sender, and two readers that get the same in other pieces. The
 * input says everything:
 *
 *   byte 0   bit 0, 1: the server, the client keeps its context; bit 2: the server sends
 *   byte 1   windows: low half the server's (9 + 0..6), high half the client's (8 + 0..7)
 *   byte 2   which allocation fails; 0: none
 *   byte 3   sizes: low half of the readers' input pieces, high half of their outputs
 *   then     steps: one byte what, and what it needs (see take_step)
 *
 * What was compressed must come out again; what is any bytes must be the same to both readers;
 * what zlib holds must be what the gauge says.
 */
#include "test_alloc.h"
#include "ws_deflate.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define OUT_MAX ((size_t)(256 * 1024)) /* of one message; enough for a bomb to show */
#define OTHERS_BYTES ((size_t)4096)    /* in the heap that are not zlib's: three sockets */

struct world {
    struct test_alloc heap;
    struct tri_limits limits;
    struct tri_deflate_worker worker;
    struct tri_deflate_params params;
    bool server_sends;
    struct tri_deflate_socket *sender, *reader, *twin;
    size_t in_max, out_max;
    struct tri_buf wire, plain, plain_twin; /* not from |heap| */
};

static struct tri_slice script;

static uint8_t take_byte(void)
{
    if (script.len == 0) {
        return 0;
    }
    const uint8_t byte = script.data[0];
    script = tri_slice_of(script.data + 1, script.len - 1);
    return byte;
}

static struct tri_slice take_bytes(size_t len)
{
    const struct tri_slice taken = tri_slice_of(script.data, len < script.len ? len : script.len);
    script = tri_slice_of(script.data + taken.len, script.len - taken.len);
    return taken;
}

static void free_sockets(struct world *w)
{
    tri_deflate_socket_free(w->sender);
    tri_deflate_socket_free(w->reader);
    tri_deflate_socket_free(w->twin);
    w->sender = w->reader = w->twin = NULL;
}

/* Both at their beginning; false if memory is short. */
static bool renew_sockets(struct world *w)
{
    free_sockets(w);
    w->sender = tri_deflate_socket_new(&w->worker, &w->params, w->server_sends);
    w->reader = tri_deflate_socket_new(&w->worker, &w->params, !w->server_sends);
    w->twin = tri_deflate_socket_new(&w->worker, &w->params, !w->server_sends);
    return w->sender && w->reader && w->twin;
}

static void check_gauge(const struct world *w)
{
    assert(w->worker.held_bytes <= w->heap.bytes);
    assert(w->heap.bytes - w->worker.held_bytes <= OTHERS_BYTES);
    assert(w->worker.reserved_bytes <= w->limits.deflate_bytes_max);
    assert(w->worker.borrowed_bytes == 0);
}

/* --- reading */

/* The next output of |s|, appended to |out|: TRI_OK; TRI_AGAIN for more; an error. */
static enum tri_err read_once(struct tri_deflate_socket *s, struct tri_slice *in, size_t out_max,
                              struct tri_buf *out)
{
    enum tri_err err;
    size_t len = 0;
    bool done = false;
    uint8_t *room = tri_buf_reserve(out, out_max, &err);
    if (!room) {
        return TRI_ERR_LIMIT;
    }
    if (in) {
        err = tri_deflate_socket_inflate(s, in, room, out_max, &len);
        done = in->len == 0 && len < out_max;
    } else {
        err = tri_deflate_socket_end(s, room, out_max, &len, &done);
        assert(err != TRI_OK || done || len == out_max);
    }
    assert(len <= out_max);
    tri_buf_commit(out, err == TRI_OK ? len : 0);
    return err == TRI_OK && !done ? TRI_AGAIN : err;
}

static enum tri_err read_piece(struct tri_deflate_socket *s, struct tri_slice in, size_t out_max,
                               struct tri_buf *out)
{
    enum tri_err err;
    do {
        err = read_once(s, &in, out_max, out);
    } while (err == TRI_AGAIN);
    return err;
}

static enum tri_err read_message(struct tri_deflate_socket *s, struct tri_slice in, size_t in_max,
                                 size_t out_max, struct tri_buf *out)
{
    tri_buf_clear(out);
    enum tri_err err = tri_deflate_socket_begin(s);
    while (err == TRI_OK && in.len > 0) {
        const size_t now = in.len < in_max ? in.len : in_max;
        err = read_piece(s, tri_slice_of(in.data, now), out_max, out);
        in = tri_slice_of(in.data + now, in.len - now);
    }
    if (err == TRI_OK) {
        do {
            err = read_once(s, NULL, out_max, out);
        } while (err == TRI_AGAIN);
    }
    if (err != TRI_OK) {
        tri_deflate_socket_end_early(s);
    }
    return err;
}

/*
 * Bytes that a peer made for a larger window than was agreed: whether a distance beyond the window
 * is found out depends on how much output zlib was given room for. With 15 bits there is no beyond.
 */
static bool may_point_too_far(const struct world *w)
{
    const struct tri_deflate_params *p = &w->params;
    const bool is_kept =
        w->server_sends ? !p->server_no_context_takeover : !p->client_no_context_takeover;
    const unsigned bits = w->server_sends ? p->server_max_window_bits : p->client_max_window_bits;
    return is_kept && bits < TRI_DEFLATE_BITS_MAX;
}

/* Gives |message| to both readers. What one of them says is true unless memory was short. */
static enum tri_err read_twice(struct world *w, struct tri_slice message)
{
    const enum tri_err err = read_message(w->reader, message, w->in_max, w->out_max, &w->plain);
    const enum tri_err other = read_message(w->twin, message, SIZE_MAX, 4096, &w->plain_twin);
    const bool is_short = err == TRI_ERR_NOMEM || other == TRI_ERR_NOMEM || err == TRI_ERR_LIMIT ||
                          other == TRI_ERR_LIMIT;
    assert(!is_short || test_alloc_has_failed(&w->heap) || message.len > 100);
    assert(is_short || err == other || may_point_too_far(w));
    assert(is_short || err == TRI_OK || err == TRI_ERR_PROTOCOL);
    if (err == TRI_OK && other == TRI_OK) {
        assert(tri_slice_equal(tri_buf_peek(&w->plain), tri_buf_peek(&w->plain_twin)));
    }
    return err != TRI_OK ? err : other;
}

/* --- steps; each is false if the world must be made anew */

/* A text of the script, some times over, so that there is something to compress. */
static struct tri_slice take_text(void)
{
    static uint8_t text[20000];
    const struct tri_slice word = take_bytes(take_byte());
    size_t times = 1 + take_byte() % 60, len = 0;
    while (word.len > 0 && times-- > 0) {
        memcpy(text + len, word.data, word.len);
        len += word.len;
    }
    return tri_slice_of(text, len);
}

static bool compress(struct world *w, struct tri_slice text, bool last)
{
    const enum tri_err err = tri_deflate_socket_compress(w->sender, text, last, &w->wire);
    assert(err == TRI_OK || (err == TRI_ERR_NOMEM && test_alloc_has_failed(&w->heap)));
    return err == TRI_OK;
}

static bool send_message(struct world *w)
{
    const struct tri_slice text = take_text();
    tri_buf_clear(&w->wire);
    if (!compress(w, text, true)) {
        return true; /* nothing was sent, and it goes on */
    }
    const enum tri_err err = read_twice(w, tri_buf_peek(&w->wire));
    assert(err == TRI_OK || err == TRI_ERR_NOMEM);
    assert(err != TRI_OK || tri_slice_equal(tri_buf_peek(&w->plain), text));
    return err == TRI_OK;
}

static bool send_pieces(struct world *w)
{
    static uint8_t all[OUT_MAX];
    size_t len = 0;
    tri_buf_clear(&w->wire);
    for (unsigned left = take_byte() % 6; tri_deflate_socket_remembers(w->sender); left--) {
        const struct tri_slice text = take_text();
        if (!compress(w, text, left == 0)) {
            return false; /* in the middle of a message */
        }
        memcpy(all + len, text.data, text.len);
        len += text.len;
        if (left == 0) {
            const enum tri_err err = read_twice(w, tri_buf_peek(&w->wire));
            assert(err == TRI_OK || err == TRI_ERR_NOMEM);
            assert(err != TRI_OK ||
                   tri_slice_equal(tri_buf_peek(&w->plain), tri_slice_of(all, len)));
            return err == TRI_OK;
        }
    }
    return true;
}

/* A good message with some bits turned and its end cut off. */
static bool send_broken(struct world *w)
{
    tri_buf_clear(&w->wire);
    if (!compress(w, take_text(), true)) {
        return true;
    }
    const struct tri_slice good = tri_buf_peek(&w->wire);
    w->wire.data[take_byte() % good.len] ^= take_byte();
    (void)read_twice(w, tri_slice_of(good.data, good.len - take_byte() % good.len));
    return false;
}

/* A message that is given up, or whose payload came from elsewhere. */
static bool forget(struct world *w)
{
    tri_buf_clear(&w->wire);
    (void)compress(w, take_text(), true);
    tri_deflate_socket_forget(w->sender);
    return true;
}

/* Any bytes, which are not the sender's: its distances are no longer the readers'. */
static bool send_any(struct world *w, struct tri_slice message)
{
    tri_deflate_socket_forget(w->sender);
    return read_twice(w, message) == TRI_OK;
}

static bool take_step(struct world *w)
{
    switch (take_byte() % 6) {
    case 0:
        return send_any(w, take_bytes(take_byte()));
    case 1:
        return send_message(w);
    case 2:
        return send_pieces(w);
    case 3:
        return send_broken(w);
    case 4:
        return forget(w);
    default:
        return send_any(w, take_bytes(script.len));
    }
}

static void set_up(struct world *w)
{
    const uint8_t flags = take_byte(), windows = take_byte();
    test_alloc_init(&w->heap);
    tri_limits_default(&w->limits);
    tri_deflate_worker_init(&w->worker, &w->heap.alloc, &w->limits);
    w->params = (struct tri_deflate_params){
        .mode = (flags & 3) != 0 ? TRI_DEFLATE_DEDICATED : TRI_DEFLATE_SHARED,
        .server_no_context_takeover = (flags & 1) == 0,
        .client_no_context_takeover = (flags & 2) == 0,
        .server_max_window_bits = (uint8_t)(9 + (windows & 15) % 7),
        .client_max_window_bits = (uint8_t)(8 + (windows >> 4) % 8),
    };
    w->server_sends = (flags & 4) != 0;
    if (w->params.client_max_window_bits < TRI_DEFLATE_BITS_MIN) {
        w->server_sends = true; /* zlib cannot compress for it */
    }
    w->heap.fail_at = take_byte();
    const uint8_t sizes = take_byte();
    w->in_max = 1 + (sizes & 15) * 5u;
    w->out_max = 1 + (sizes >> 4) * 9u;
    tri_buf_init(&w->wire, tri_alloc_heap(), OUT_MAX);
    tri_buf_init(&w->plain, tri_alloc_heap(), OUT_MAX);
    tri_buf_init(&w->plain_twin, tri_alloc_heap(), OUT_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct world w = {.server_sends = false};
    script = tri_slice_of(data, len);
    set_up(&w);
    bool goes_on = renew_sockets(&w);
    while (goes_on && script.len > 0) {
        if (!take_step(&w)) {
            goes_on = renew_sockets(&w);
        }
        check_gauge(&w);
    }
    free_sockets(&w);
    check_gauge(&w);
    tri_deflate_worker_deinit(&w.worker);
    tri_buf_deinit(&w.wire);
    tri_buf_deinit(&w.plain);
    tri_buf_deinit(&w.plain_twin);
    assert(w.heap.live == 0);
    return 0;
}
