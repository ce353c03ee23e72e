/*
 * The output queue of a session: framed bytes in order, in chunks. It is the only output queue
 * between the application and the cipher. Small frames share a chunk; a big message gets a chunk
 * of its own size; a payload is not copied, its chunk only points at it. An empty queue holds no
 * memory of its own: chunks come from the pool of the worker and go back there.
 *
 * Invariant: released <= sent <= queued, all in stream bytes.
 */
#ifndef TRI_WS_QUEUE_H
#define TRI_WS_QUEUE_H

#include "base_alloc.h"
#include "base_slice.h"
#include "trisock/trisock.h"

#define TRI_CHUNK_BYTES 2048u    /* a pooled chunk: some tens of small frames */
#define TRI_CHUNK_POOL_MAX 1024u /* spare chunks that a worker keeps: 2 MiB */

struct tri_chunk; /* TRI_CHUNK_BYTES are its size in memory; its data are a little less */

/* Chunks that only point at a payload are made so many at a time, and kept. */
#define TRI_CHUNK_REFS_SLAB 64u

struct tri_chunk_pool {
    const struct tri_alloc *alloc;
    struct tri_chunk *spare;
    size_t spare_len;
    struct tri_chunk *spare_refs;      /* chunks without bytes of their own */
    struct tri_chunk_refs_slab *slabs; /* their memory, given back by deinit */
};

void tri_chunk_pool_init(struct tri_chunk_pool *p, const struct tri_alloc *alloc);
void tri_chunk_pool_deinit(struct tri_chunk_pool *p); /* every queue must be empty */

struct tri_queue {
    struct tri_chunk_pool *pool;
    struct tri_chunk *head;   /* oldest unreleased */
    struct tri_chunk *unsent; /* first with unsent bytes; NULL: all sent */
    struct tri_chunk *tail;
    size_t held;         /* queued and not released, bytes */
    size_t unsent_bytes; /* queued and not sent; unsent_bytes <= held */
    unsigned controls;   /* runs marked as control frames whose chunk is not all sent */
};

void tri_queue_init(struct tri_queue *q, struct tri_chunk_pool *pool);
void tri_queue_deinit(struct tri_queue *q);

/*
 * Appends one run of |len| bytes (not 0) that the caller writes at once, before any other call. Does
 * not check a limit: that is the session's. NULL if memory is short (nothing was appended).
 */
uint8_t *tri_queue_extend(struct tri_queue *q, size_t len);

/*
 * Appends |bytes| (not empty), which lie in |payload|: they are not copied, and the payload is held
 * until they are released. False if memory is short (nothing was appended).
 */
bool tri_queue_append_payload(struct tri_queue *q, struct tri_payload *payload,
                              struct tri_slice bytes);

/* Counts the run appended last in |controls|, until its chunk is sent. */
void tri_queue_mark_control(struct tri_queue *q);

/* The unsent bytes, up to out_max slices. They stay in place until released. */
size_t tri_queue_peek(const struct tri_queue *q, struct tri_slice *out, size_t out_max);
bool tri_queue_has_unsent(const struct tri_queue *q);
void tri_queue_sent(struct tri_queue *q, size_t len);     /* asserts sent <= queued */
void tri_queue_released(struct tri_queue *q, size_t len); /* asserts released <= sent */

#endif
