/*
 * The output queue of a session: chunks in order, filled at the tail, sent in the middle, released
 * at the head. What must not be read any more is poisoned, so that the address sanitizer finds a
 * transport that reads bytes it has released; but not the bytes of payloads, which others read.
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
    struct tri_payload *payload; /* held, whose |bytes| these are; NULL: they are in |data| */
    const uint8_t *bytes;
    _Alignas(max_align_t) uint8_t data[]; /* behind the padding, which an assignment writes */
};

#define POOLED_SIZE (TRI_CHUNK_BYTES - sizeof(struct tri_chunk))

/* Chunks that point at payloads, side by side; they have no |data|. */
struct tri_chunk_refs_slab {
    struct tri_chunk_refs_slab *next;
    _Alignas(max_align_t) uint8_t chunks[TRI_CHUNK_REFS_SLAB * sizeof(struct tri_chunk)];
};

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

static void free_slabs(struct tri_chunk_pool *p)
{
    size_t refs = 0;
    for (const struct tri_chunk *c = p->spare_refs; c; c = c->next) {
        refs++;
    }
    while (p->slabs) {
        struct tri_chunk_refs_slab *slab = p->slabs;
        p->slabs = slab->next;
        tri_alloc_release(p->alloc, slab);
        refs -= TRI_CHUNK_REFS_SLAB;
    }
    assert(refs == 0); /* each of them came back */
    p->spare_refs = NULL;
}

void tri_chunk_pool_deinit(struct tri_chunk_pool *p)
{
    free_slabs(p);
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
    *c = (struct tri_chunk){.size = size, .is_pooled = is_pooled, .bytes = c->data};
    tri_poison(c->data, c->size);
    return c;
}

static bool add_slab(struct tri_chunk_pool *p)
{
    struct tri_chunk_refs_slab *slab = tri_alloc_get(p->alloc, sizeof *slab);
    if (!slab) {
        return false;
    }
    slab->next = p->slabs;
    p->slabs = slab;
    for (size_t i = 0; i < TRI_CHUNK_REFS_SLAB; i++) {
        struct tri_chunk *c = (struct tri_chunk *)(slab->chunks + i * sizeof *c);
        c->next = p->spare_refs;
        p->spare_refs = c;
    }
    return true;
}

/* A chunk that is full of |bytes| of |payload|, so that nothing is ever added to it. */
static struct tri_chunk *take_ref(struct tri_chunk_pool *p, struct tri_payload *payload,
                                  struct tri_slice bytes)
{
    if (!p->spare_refs && !add_slab(p)) {
        return NULL;
    }
    struct tri_chunk *c = p->spare_refs;
    p->spare_refs = c->next;
    *c = (struct tri_chunk){.size = bytes.len, .used = bytes.len, .bytes = bytes.data};
    c->payload = tri_payload_hold(payload);
    return c;
}

static void give_ref(struct tri_chunk_pool *p, struct tri_chunk *c)
{
    tri_payload_free(c->payload);
    c->payload = NULL;
    c->next = p->spare_refs;
    p->spare_refs = c;
}

static void give_chunk(struct tri_chunk_pool *p, struct tri_chunk *c)
{
    if (c->payload) {
        give_ref(p, c);
        return;
    }
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

/* |len| bytes of |c|, the tail, are new. */
static void count_queued(struct tri_queue *q, struct tri_chunk *c, size_t len)
{
    check(c);
    if (!q->unsent) {
        q->unsent = c;
    }
    q->held += len;
    q->unsent_bytes += len;
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
    count_queued(q, c, len);
    return room;
}

bool tri_queue_append_payload(struct tri_queue *q, struct tri_payload *payload,
                              struct tri_slice bytes)
{
    assert(bytes.len > 0);
    struct tri_chunk *c = take_ref(q->pool, payload, bytes);
    if (!c) {
        return false;
    }
    append_chunk(q, c);
    count_queued(q, c, bytes.len);
    return true;
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
        out[count++] = tri_slice_of(c->bytes + c->sent, c->used - c->sent);
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
        if (!c->payload) {
            tri_poison(c->data + c->released, now);
        }
        c->released += now;
        len -= now;
        check(c);
        if (c->released == c->used) {
            drop_head(q);
        }
    }
}
