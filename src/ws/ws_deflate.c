/*
 * permessage-deflate: who compresses and decompresses with what, and how much memory that may
 * take. RFC 7692 sections 7 and 8. What zlib wants is in ws_zlib.
 */
#include "ws_deflate.h"

#include "ws_zlib.h"

#include <assert.h>

/* What a message ends with before it is decompressed. RFC 7692 section 7.2.2 */
static const uint8_t ending[] = {0x00, 0x00, 0xff, 0xff};

struct tri_deflate_socket {
    struct tri_deflate_worker *worker;
    struct tri_deflate_params params;
    bool is_server;
    bool remembers;              /* sending: with a compressor of our own */
    bool peer_remembers;         /* receiving: with a decompressor of our own */
    bool must_forget;            /* before the next message is compressed */
    size_t reserved;             /* bytes of the worker's budget */
    struct tri_deflater *own;    /* NULL until used */
    struct tri_inflater *kept;   /* NULL until used */
    struct tri_inflater *reader; /* of the message that is being received: |kept| or borrowed */
};

/* --- worker */

void tri_deflate_worker_init(struct tri_deflate_worker *w, const struct tri_alloc *alloc,
                             const struct tri_limits *limits)
{
    *w = (struct tri_deflate_worker){.alloc = alloc, .limits = limits};
}

static void free_shared(struct tri_deflate_worker *w)
{
    for (unsigned bits = 0; bits <= TRI_DEFLATE_BITS_MAX; bits++) {
        tri_deflater_free(w->shared[bits]);
        w->shared[bits] = NULL;
    }
}

void tri_deflate_worker_limits_changed(struct tri_deflate_worker *w)
{
    free_shared(w); /* the next one is made with the level that counts now */
}

void tri_deflate_worker_deinit(struct tri_deflate_worker *w)
{
    assert(w->reserved_bytes == 0 && w->borrowed_bytes == 0);
    free_shared(w);
    while (w->spare) {
        struct tri_inflater *i = w->spare;
        w->spare = i->next;
        w->spare_len--;
        tri_inflater_free(i);
    }
    assert(w->spare_len == 0 && w->held_bytes == 0);
}

bool tri_deflate_worker_has_room(const struct tri_deflate_worker *w)
{
    /* A peer need not let us limit its window. RFC 7692 section 7.1.2.2 */
    const size_t most =
        tri_deflater_cost(w->limits->deflate_window_bits) + tri_inflater_cost(TRI_DEFLATE_BITS_MAX);
    const size_t max = w->limits->deflate_bytes_max;
    return w->reserved_bytes <= max && most <= max - w->reserved_bytes;
}

enum tri_err tri_deflate_worker_compress(struct tri_deflate_worker *w, unsigned bits,
                                         struct tri_slice data, struct tri_buf *out)
{
    assert(bits >= TRI_DEFLATE_BITS_MIN && bits <= TRI_DEFLATE_BITS_MAX);
    if (!w->shared[bits]) {
        w->shared[bits] = tri_deflater_new(w, bits);
    }
    struct tri_deflater *d = w->shared[bits];
    if (!d) {
        return TRI_ERR_NOMEM;
    }
    const enum tri_err err = tri_deflater_compress(d, data, true, out);
    tri_deflater_reset(d);
    return err;
}

static enum tri_err borrow_inflater(struct tri_deflate_worker *w, struct tri_inflater **out)
{
    const size_t cost = tri_inflater_cost(TRI_DEFLATE_BITS_MAX);
    const size_t max = w->limits->deflate_bytes_max;
    if (w->borrowed_bytes > max || cost > max - w->borrowed_bytes) {
        return TRI_ERR_LIMIT;
    }
    struct tri_inflater *i = w->spare;
    if (i) {
        w->spare = i->next;
        w->spare_len--;
    } else if (!(i = tri_inflater_new(w, TRI_DEFLATE_BITS_MAX))) {
        return TRI_ERR_NOMEM;
    }
    w->borrowed_bytes += cost;
    *out = i;
    return TRI_OK;
}

static void return_inflater(struct tri_deflate_worker *w, struct tri_inflater *i)
{
    const size_t cost = tri_inflater_cost(TRI_DEFLATE_BITS_MAX);
    assert(cost <= w->borrowed_bytes);
    w->borrowed_bytes -= cost;
    if (w->spare_len >= TRI_INFLATERS_SPARE_MAX) {
        tri_inflater_free(i);
        return;
    }
    tri_inflater_reset(i);
    i->next = w->spare;
    w->spare = i;
    w->spare_len++;
}

/* --- socket */

static unsigned get_peer_bits(const struct tri_deflate_socket *s)
{
    return s->is_server ? s->params.client_max_window_bits : s->params.server_max_window_bits;
}

/* Which direction keeps its context, and what memory that may take. */
static void plan_memory(struct tri_deflate_socket *s)
{
    const struct tri_deflate_params *p = &s->params;
    const bool ours_ends =
        s->is_server ? p->server_no_context_takeover : p->client_no_context_takeover;
    const bool theirs_ends =
        s->is_server ? p->client_no_context_takeover : p->server_no_context_takeover;
    assert(p->mode == TRI_DEFLATE_DEDICATED || theirs_ends); /* what they send refers to it */
    s->remembers = p->mode == TRI_DEFLATE_DEDICATED && !ours_ends;
    s->peer_remembers = !theirs_ends;
    s->params.mode = s->remembers || s->peer_remembers ? TRI_DEFLATE_DEDICATED : TRI_DEFLATE_SHARED;
    s->reserved = (s->remembers ? tri_deflater_cost(tri_deflate_socket_bits(s)) : 0) +
                  (s->peer_remembers ? tri_inflater_cost(get_peer_bits(s)) : 0);
}

struct tri_deflate_socket *tri_deflate_socket_new(struct tri_deflate_worker *w,
                                                  const struct tri_deflate_params *params,
                                                  bool is_server)
{
    assert(params->mode != TRI_DEFLATE_OFF);
    struct tri_deflate_socket *s = tri_alloc_get(w->alloc, sizeof *s);
    if (!s) {
        return NULL;
    }
    *s = (struct tri_deflate_socket){.worker = w, .params = *params, .is_server = is_server};
    plan_memory(s);
    w->reserved_bytes += s->reserved;
    assert(s->reserved == 0 || w->reserved_bytes <= w->limits->deflate_bytes_max); /* had room */
    return s;
}

void tri_deflate_socket_free(struct tri_deflate_socket *s)
{
    if (!s) {
        return;
    }
    struct tri_deflate_worker *w = s->worker;
    tri_deflate_socket_end_early(s);
    tri_deflater_free(s->own);
    tri_inflater_free(s->kept);
    assert(s->reserved <= w->reserved_bytes);
    w->reserved_bytes -= s->reserved;
    tri_alloc_release(w->alloc, s);
}

const struct tri_deflate_params *tri_deflate_socket_params(const struct tri_deflate_socket *s)
{
    return &s->params;
}

/* --- sending */

unsigned tri_deflate_socket_bits(const struct tri_deflate_socket *s)
{
    return s->is_server ? s->params.server_max_window_bits : s->params.client_max_window_bits;
}

bool tri_deflate_socket_remembers(const struct tri_deflate_socket *s)
{
    return s->remembers;
}

enum tri_err tri_deflate_socket_compress(struct tri_deflate_socket *s, struct tri_slice data,
                                         bool last, struct tri_buf *out)
{
    if (!s->remembers) {
        assert(last);
        return tri_deflate_worker_compress(s->worker, tri_deflate_socket_bits(s), data, out);
    }
    if (!s->own) {
        s->own = tri_deflater_new(s->worker, tri_deflate_socket_bits(s));
        if (!s->own) {
            return TRI_ERR_NOMEM;
        }
    }
    if (s->must_forget) {
        tri_deflater_reset(s->own);
    }
    const enum tri_err err = tri_deflater_compress(s->own, data, last, out);
    s->must_forget = err != TRI_OK; /* the peer never sees what it compressed */
    return err;
}

void tri_deflate_socket_forget(struct tri_deflate_socket *s)
{
    s->must_forget = true; /* not now: many payloads may follow each other */
}

/* --- receiving */

enum tri_err tri_deflate_socket_begin(struct tri_deflate_socket *s)
{
    assert(!s->reader);
    if (s->peer_remembers) {
        if (!s->kept) {
            s->kept = tri_inflater_new(s->worker, get_peer_bits(s));
        }
        s->reader = s->kept;
    } else {
        const enum tri_err err = borrow_inflater(s->worker, &s->reader);
        if (err != TRI_OK) {
            return err;
        }
    }
    if (!s->reader) {
        return TRI_ERR_NOMEM;
    }
    tri_inflater_begin(s->reader);
    return TRI_OK;
}

enum tri_err tri_deflate_socket_inflate(struct tri_deflate_socket *s, struct tri_slice *in,
                                        uint8_t *out, size_t max, size_t *len)
{
    assert(s->reader);
    return tri_inflater_run(s->reader, in, out, max, len);
}

/* The message is over, in order or not. */
static void leave_message(struct tri_deflate_socket *s)
{
    if (s->reader && s->reader != s->kept) {
        return_inflater(s->worker, s->reader);
    }
    s->reader = NULL;
}

/* Gives the ending, which belongs to an empty block, so that nothing comes out of it. Else it was
 * taken for the rest of a block that the message broke off. */
static enum tri_err check_ending(struct tri_inflater *reader)
{
    struct tri_slice in = tri_slice_of(ending, sizeof ending);
    uint8_t out[1];
    size_t len;
    const enum tri_err err = tri_inflater_run(reader, &in, out, sizeof out, &len);
    if (err == TRI_OK && (len > 0 || !tri_inflater_is_between_blocks(reader))) {
        return TRI_ERR_PROTOCOL;
    }
    return err;
}

enum tri_err tri_deflate_socket_end(struct tri_deflate_socket *s, uint8_t *out, size_t max,
                                    size_t *len, bool *done)
{
    assert(s->reader);
    struct tri_slice nothing = tri_slice_of(NULL, 0);
    *done = false;
    enum tri_err err = tri_inflater_run(s->reader, &nothing, out, max, len);
    if (err != TRI_OK || *len == max) {
        return err;
    }
    err = check_ending(s->reader);
    if (err == TRI_OK) {
        *done = true;
        leave_message(s);
    }
    return err;
}

void tri_deflate_socket_end_early(struct tri_deflate_socket *s)
{
    leave_message(s);
}
