/*
 * The output queue of a session: chunks in order, filled at the tail, sent in the middle, released
 * at the head. What must not be read any more is poisoned, so that the address sanitizer finds a
 * transport that reads bytes it has released.
 */
#include "ws_queue.h"

#include "base_poison.h"

#include <assert.h>

struct tri_chunk {
    struct tri_chunk *next;
    size_t size; /* bytes of |data| */
    size_t used; /* released <= sent <= used <= size */
    size_t sent;
    size_t released;
    unsigned controls; /* control frames in it */
    bool is_pooled;
    _Alignas(max_align_t) uint8_t data[]; /* behind the padding, which an assignment writes */
};

#define POOLED_SIZE (TRI_CHUNK_BYTES - sizeof(struct tri_chunk))

static void check(const struct tri_chunk *c)
{
    assert(c->released <= c->sent);
    assert(c->sent <= c->used);
    assert(c->used <= c->size);
}

void tri_chunk_pool_init(struct tri_chunk_pool *p, const struct tri_alloc *alloc)
{
    *p = (struct tri_chunk_pool){.alloc = alloc};
}

static void free_chunk(struct tri_chunk_pool *p, struct tri_chunk *c)
{
    tri_unpoison(c->data, c->size);
    tri_alloc_release(p->alloc, c);
}

void tri_chunk_pool_deinit(struct tri_chunk_pool *p)
{
    while (p->spare) {
        struct tri_chunk *c = p->spare;
        p->spare = c->next;
        p->spare_len--;
        free_chunk(p, c);
    }
    assert(p->spare_len == 0);
}

/* A chunk with room for |len| bytes: a pooled one where that is enough. */
static struct tri_chunk *take_chunk(struct tri_chunk_pool *p, size_t len)
{
    struct tri_chunk *c = p->spare;
    const bool is_pooled = len <= POOLED_SIZE;
    const size_t size = is_pooled ? POOLED_SIZE : len;
    if (is_pooled && c) {
        p->spare = c->next;
        p->spare_len--;
    } else if (size > SIZE_MAX - sizeof *c || !(c = tri_alloc_get(p->alloc, sizeof *c + size))) {
        return NULL;
    }
    *c = (struct tri_chunk){.size = size, .is_pooled = is_pooled};
    tri_poison(c->data, c->size);
    return c;
}

static void give_chunk(struct tri_chunk_pool *p, struct tri_chunk *c)
{
    if (!c->is_pooled || p->spare_len >= TRI_CHUNK_POOL_MAX) {
        free_chunk(p, c);
        return;
    }
    tri_poison(c->data, c->size);
    c->next = p->spare;
    p->spare = c;
    p->spare_len++;
}

void tri_queue_init(struct tri_queue *q, struct tri_chunk_pool *pool)
{
    *q = (struct tri_queue){.pool = pool};
}

void tri_queue_deinit(struct tri_queue *q)
{
    while (q->head) {
        struct tri_chunk *c = q->head;
        q->head = c->next;
        give_chunk(q->pool, c);
    }
    tri_queue_init(q, q->pool);
}

static void append_chunk(struct tri_queue *q, struct tri_chunk *c)
{
    if (q->tail) {
        q->tail->next = c;
    } else {
        q->head = c;
    }
    q->tail = c;
}

uint8_t *tri_queue_extend(struct tri_queue *q, size_t len)
{
    assert(len > 0);
    struct tri_chunk *c = q->tail;
    if (!c || c->size - c->used < len) {
        c = take_chunk(q->pool, len);
        if (!c) {
            return NULL;
        }
        append_chunk(q, c);
    }
    uint8_t *room = c->data + c->used;
    tri_unpoison(room, len);
    c->used += len;
    check(c);
    if (!q->unsent) {
        q->unsent = c;
    }
    q->held += len;
    q->unsent_bytes += len;
    return room;
}

void tri_queue_mark_control(struct tri_queue *q)
{
    assert(q->tail && q->tail->sent < q->tail->used);
    q->tail->controls++;
    q->controls++;
}

size_t tri_queue_peek(const struct tri_queue *q, struct tri_slice *out, size_t out_max)
{
    size_t count = 0;
    for (const struct tri_chunk *c = q->unsent; c && count < out_max; c = c->next) {
        assert(c->sent < c->used);
        out[count++] = tri_slice_of(c->data + c->sent, c->used - c->sent);
    }
    return count;
}

bool tri_queue_has_unsent(const struct tri_queue *q)
{
    return q->unsent_bytes > 0;
}

void tri_queue_sent(struct tri_queue *q, size_t len)
{
    assert(len <= q->unsent_bytes); /* sent <= queued */
    q->unsent_bytes -= len;
    while (len > 0) {
        struct tri_chunk *c = q->unsent;
        const size_t left = c->used - c->sent;
        const size_t now = len < left ? len : left;
        c->sent += now;
        len -= now;
        if (c->sent == c->used) {
            assert(c->controls <= q->controls);
            q->controls -= c->controls;
            c->controls = 0;
            q->unsent = c->next;
        }
    }
}

/* Takes the head, all of whose bytes were released, off. */
static void drop_head(struct tri_queue *q)
{
    struct tri_chunk *c = q->head;
    assert(c != q->unsent && c->released == c->used);
    q->head = c->next;
    if (!q->head) {
        q->tail = NULL;
    }
    give_chunk(q->pool, c);
}

void tri_queue_released(struct tri_queue *q, size_t len)
{
    assert(q->unsent_bytes <= q->held);
    assert(len <= q->held - q->unsent_bytes); /* released <= sent */
    q->held -= len;
    while (len > 0) {
        struct tri_chunk *c = q->head;
        const size_t left = c->sent - c->released;
        const size_t now = len < left ? len : left;
        assert(now > 0);
        tri_poison(c->data + c->released, now);
        c->released += now;
        len -= now;
        check(c);
        if (c->released == c->used) {
            drop_head(q);
        }
    }
}
