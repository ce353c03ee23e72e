#include "client_chunks.h"

#include <assert.h>

/* Room of a chunk: what arrived, but not so little that each small message has its own. */
#define CHUNK_BYTES_MIN ((size_t)1000)
#define CHUNK_BYTES_MAX ((size_t)(16 * 1024))

struct tri_client_chunk {
    struct tri_client_chunk *next;
    size_t released, len, cap; /* released <= len <= cap */
    uint8_t data[];
};

void tri_client_chunks_init(struct tri_client_chunks *c, const struct tri_alloc *alloc, size_t max)
{
    *c = (struct tri_client_chunks){.alloc = alloc, .max = max};
}

static void drop_first(struct tri_client_chunks *c)
{
    struct tri_client_chunk *chunk = c->first;
    c->first = chunk->next;
    if (!c->first) {
        c->last = NULL;
    }
    tri_alloc_release(c->alloc, chunk);
}

void tri_client_chunks_deinit(struct tri_client_chunks *c)
{
    while (c->first) {
        drop_first(c);
    }
    tri_client_chunks_init(c, c->alloc, c->max);
}

static struct tri_client_chunk *add_chunk(struct tri_client_chunks *c, size_t len)
{
    const size_t most = len > CHUNK_BYTES_MAX ? CHUNK_BYTES_MAX : len;
    const size_t cap = most < CHUNK_BYTES_MIN ? CHUNK_BYTES_MIN : most;
    struct tri_client_chunk *chunk = tri_alloc_get(c->alloc, sizeof *chunk + cap);
    if (!chunk) {
        return NULL;
    }
    *chunk = (struct tri_client_chunk){.cap = cap};
    if (c->last) {
        c->last->next = chunk;
    } else {
        c->first = chunk;
    }
    c->last = chunk;
    return chunk;
}

/* What fits behind the last bytes; the chunk may be one of which all was sent. */
static void fill(struct tri_client_chunks *c, const uint8_t *data, size_t len)
{
    struct tri_client_chunk *chunk = c->last;
    if (!c->at) {
        c->at = chunk;
        c->at_off = chunk->len;
    }
    memcpy(chunk->data + chunk->len, data, len);
    chunk->len += len;
    c->held += len;
    c->unsent += len;
}

enum tri_err tri_client_chunks_append(struct tri_client_chunks *c, const uint8_t *data, size_t len)
{
    if (len > c->max - c->held) {
        return TRI_ERR_LIMIT;
    }
    for (size_t at = 0; at < len;) {
        const bool is_full = !c->last || c->last->len == c->last->cap;
        if (is_full && !add_chunk(c, len - at)) {
            return TRI_ERR_NOMEM;
        }
        const size_t room = c->last->cap - c->last->len;
        const size_t part = len - at < room ? len - at : room;
        fill(c, data + at, part);
        at += part;
    }
    return TRI_OK;
}

size_t tri_client_chunks_peek(const struct tri_client_chunks *c, struct tri_slice *out, size_t max,
                              bool *all)
{
    size_t count = 0;
    size_t off = c->at_off;
    const struct tri_client_chunk *chunk = c->at;
    for (; chunk && count < max; chunk = chunk->next) {
        out[count++] = tri_slice_of(chunk->data + off, chunk->len - off);
        off = 0;
    }
    *all = chunk == NULL;
    return count;
}

void tri_client_chunks_sent(struct tri_client_chunks *c, size_t len)
{
    assert(len <= c->unsent);
    c->unsent -= len;
    while (len > 0) {
        const size_t left = c->at->len - c->at_off;
        const size_t part = len < left ? len : left;
        c->at_off += part;
        len -= part;
        if (part == left) {
            c->at = c->at->next;
            c->at_off = 0;
        }
    }
}

void tri_client_chunks_release(struct tri_client_chunks *c, size_t len)
{
    assert(len <= c->held - c->unsent);
    c->held -= len;
    while (len > 0) {
        struct tri_client_chunk *chunk = c->first;
        const size_t left = chunk->len - chunk->released;
        const size_t part = len < left ? len : left;
        chunk->released += part;
        len -= part;
        if (chunk->released == chunk->len) {
            drop_first(c); /* all of it was sent, so that |at| is behind it */
        }
    }
}
