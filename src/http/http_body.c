#include "http_body.h"

#include <assert.h>

#include "base_limits.h"
#include "base_list.h"

/* Body bytes that do not move. Invariant: sent <= len <= cap. */
struct chunk {
    struct tri_list node;
    size_t len;  /* bytes there are */
    size_t sent; /* of them, what the transport took */
    size_t cap;
    uint8_t data[];
};

/*
 * Chunks in order: released ones are gone, then sent ones, then those still to send.
 * Invariant: released <= sent <= the bytes read so far; their difference <= TRI_BODY_BYTES_MAX.
 */
struct tri_http_body {
    const struct tri_alloc *alloc;
    struct tri_stream *stream;
    struct tri_body source; /* read is NULL for a body from memory */
    uint64_t remaining;     /* bytes not read from the source yet */
    struct tri_list chunks;
    size_t held;                   /* bytes in all chunks */
    size_t unsent;                 /* of them, not sent yet */
    size_t released;               /* bytes of the first chunk that were released */
    bool is_failed;                /* the stream is being aborted */
    struct tri_http_bodies *watch; /* borrowed; NULL: it may take any time */
    struct tri_timeout timeout;    /* there, unless it failed */
};

static struct chunk *chunk_of(struct tri_list *node)
{
    return TRI_CONTAINER_OF(node, struct chunk, node);
}

static struct chunk *add_chunk(struct tri_http_body *b, size_t cap)
{
    struct chunk *chunk = tri_alloc_get(b->alloc, sizeof *chunk + cap);
    if (!chunk) {
        return NULL;
    }
    chunk->len = 0;
    chunk->sent = 0;
    chunk->cap = cap;
    tri_list_init(&chunk->node);
    tri_list_append(&b->chunks, &chunk->node);
    return chunk;
}

static struct tri_http_body *make_body(const struct tri_alloc *alloc, struct tri_stream *stream)
{
    struct tri_http_body *b = tri_alloc_zero(alloc, sizeof *b);
    if (b) {
        b->alloc = alloc;
        b->stream = stream;
        tri_list_init(&b->chunks);
        tri_timeout_init(&b->timeout);
    }
    return b;
}

static void free_body(struct tri_http_body *b)
{
    tri_timeout_disarm(&b->timeout);
    if (b->source.close) {
        b->source.close(b->source.user);
    }
    for (struct tri_list *node = tri_list_pop(&b->chunks); node; node = tri_list_pop(&b->chunks)) {
        tri_alloc_release(b->alloc, chunk_of(node));
    }
    tri_alloc_release(b->alloc, b);
}

enum tri_err tri_http_body_new_copy(struct tri_http_body **out, const struct tri_alloc *alloc,
                                    struct tri_stream *stream, const void *data, size_t len)
{
    struct tri_http_body *b = make_body(alloc, stream);
    if (!b) {
        return TRI_ERR_NOMEM;
    }
    if (len > 0) {
        struct chunk *chunk = add_chunk(b, len);
        if (!chunk) {
            free_body(b);
            return TRI_ERR_NOMEM;
        }
        memcpy(chunk->data, data, len);
        chunk->len = len;
        b->held = len;
        b->unsent = len;
    }
    *out = b;
    return TRI_OK;
}

enum tri_err tri_http_body_new_source(struct tri_http_body **out, const struct tri_alloc *alloc,
                                      struct tri_stream *stream, const struct tri_body *source)
{
    assert(source->read || source->length == 0);
    struct tri_http_body *b = make_body(alloc, stream);
    if (!b) {
        return TRI_ERR_NOMEM;
    }
    b->source = *source;
    b->remaining = source->length;
    *out = b;
    return TRI_OK;
}

void tri_http_body_discard(struct tri_http_body *b)
{
    free_body(b);
}

/* The peer must not take a cut body for a whole one, so the stream goes with it. */
static void fail_body(struct tri_http_body *b)
{
    b->is_failed = true;
    tri_timeout_disarm(&b->timeout);
    b->stream->ops->abort(b->stream);
}

/* ---- the time that a peer has */

void tri_http_bodies_init(struct tri_http_bodies *bodies, uint64_t timeout_ms)
{
    tri_timeout_list_init(&bodies->unread, timeout_ms * TRI_NS_PER_MS);
    bodies->now_ns = 0;
    bodies->budget = NULL;
}

static void restart_timeout(struct tri_http_body *b)
{
    if (b->watch && !b->is_failed) {
        tri_timeout_arm(&b->watch->unread, &b->timeout, b->watch->now_ns);
    }
}

void tri_http_body_watch(struct tri_http_body *b, struct tri_http_bodies *bodies)
{
    assert(!b->watch);
    b->watch = bodies;
    restart_timeout(b);
}

struct tri_stream *tri_http_bodies_expire(struct tri_http_bodies *bodies, uint64_t now_ns)
{
    struct tri_timeout *t = tri_timeout_list_pop(&bodies->unread, now_ns);
    if (!t) {
        return NULL;
    }
    struct tri_http_body *b = TRI_CONTAINER_OF(t, struct tri_http_body, timeout);
    fail_body(b);
    return b->stream;
}

/* ---- the seam */

/* The chunk to read into: the last one while it has room, so that short reads share one. */
static struct chunk *get_room(struct tri_http_body *b)
{
    if (!tri_list_is_empty(&b->chunks)) {
        struct chunk *last = chunk_of(b->chunks.prev);
        if (last->len < last->cap) {
            return last;
        }
    }
    const bool is_last = b->remaining < TRI_BODY_CHUNK_BYTES;
    return add_chunk(b, is_last ? (size_t)b->remaining : TRI_BODY_CHUNK_BYTES);
}

static void read_once(struct tri_http_body *b)
{
    struct chunk *chunk = get_room(b);
    if (!chunk) {
        fail_body(b);
        return;
    }
    const size_t max = chunk->cap - chunk->len;
    assert(max > 0 && max <= b->remaining); /* no chunk is made larger than what is to come */
    size_t len = 0;
    const enum tri_err err = b->source.read(b->source.user, chunk->data + chunk->len, max, &len);
    if (err != TRI_OK || len == 0) {
        fail_body(b);
        return;
    }
    assert(len <= max);
    chunk->len += len;
    b->remaining -= len;
    b->held += len;
    b->unsent += len;
}

/* Near the server's limit a body holds a chunk and no more: slower, and still whole. */
static bool may_read(const struct tri_http_body *b)
{
    const struct tri_budget *budget = b->watch ? b->watch->budget : NULL;
    return b->held == 0 || !budget || tri_budget_has_room(budget, TRI_BODY_CHUNK_BYTES);
}

/*
 * Reads until there is a chunk's worth to send: enough for a full frame or record, and not more
 * than is asked for. A slow peer's body holds TRI_BODY_BYTES_MAX at most.
 */
static void read_ahead(struct tri_http_body *b)
{
    while (!b->is_failed && b->remaining > 0 && b->unsent < TRI_BODY_CHUNK_BYTES &&
           b->held + TRI_BODY_CHUNK_BYTES <= TRI_BODY_BYTES_MAX && may_read(b)) {
        read_once(b);
    }
}

static size_t peek_body(void *session, struct tri_slice *out, size_t out_max, bool *fin)
{
    struct tri_http_body *b = session;
    assert(out_max > 0);
    *fin = false;
    read_ahead(b);
    if (b->is_failed) {
        return 0;
    }
    size_t count = 0;
    size_t bytes = 0;
    for (struct tri_list *node = b->chunks.next; node != &b->chunks && count < out_max;
         node = node->next) {
        const struct chunk *chunk = chunk_of(node);
        if (chunk->sent < chunk->len) {
            out[count] = tri_slice_of(chunk->data + chunk->sent, chunk->len - chunk->sent);
            bytes += out[count].len;
            count++;
        }
    }
    *fin = b->remaining == 0 && bytes == b->unsent;
    return count;
}

static void mark_sent(void *session, size_t len)
{
    struct tri_http_body *b = session;
    assert(len <= b->unsent);
    b->unsent -= len;
    for (struct tri_list *node = b->chunks.next; len > 0; node = node->next) {
        assert(node != &b->chunks);
        struct chunk *chunk = chunk_of(node);
        const size_t there = chunk->len - chunk->sent;
        const size_t part = len < there ? len : there;
        chunk->sent += part;
        len -= part;
    }
}

/* A chunk that may still be read into stays, even when all in it was released. */
static bool is_spent(const struct tri_http_body *b, const struct chunk *chunk)
{
    return b->released == chunk->len && (chunk->len == chunk->cap || b->remaining == 0);
}

static void mark_released(void *session, size_t len)
{
    struct tri_http_body *b = session;
    assert(len <= b->held - b->unsent);
    b->held -= len;
    restart_timeout(b);
    /* At the ceiling the transport saw "nothing to send": it must hear that there is more. */
    const bool was_full = b->unsent == 0 && b->remaining > 0;
    while (len > 0) {
        struct chunk *chunk = chunk_of(b->chunks.next);
        const size_t there = chunk->sent - b->released;
        const size_t part = len < there ? len : there;
        assert(part > 0 || is_spent(b, chunk));
        b->released += part;
        len -= part;
        if (is_spent(b, chunk)) {
            tri_list_remove(&chunk->node);
            tri_alloc_release(b->alloc, chunk);
            b->released = 0;
        }
    }
    if (was_full) {
        b->stream->ops->wake_write(b->stream);
    }
}

static void drop_data(void *session, const uint8_t *data, size_t len)
{
    (void)data;
    struct tri_http_body *b = session;
    b->stream->ops->consume(b->stream, len);
}

static void ignore_fin(void *session)
{
    (void)session;
}

static void close_body(void *session, enum tri_stream_cause cause)
{
    (void)cause;
    free_body(session);
}

const struct tri_stream_events tri_http_body_stream_events = {
    .on_data = drop_data,
    .on_fin = ignore_fin,
    .peek = peek_body,
    .on_sent = mark_sent,
    .on_released = mark_released,
    .on_closed = close_body,
};
