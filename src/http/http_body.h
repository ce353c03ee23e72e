/*
 * The body of a plain response as a tenant of the seam: bytes from memory, or read piece by piece
 * from a struct tri_body, at most TRI_BODY_BYTES_MAX ahead of what the transport has released.
 * What the peer still sends (a request body) is dropped, with its credit returned.
 *
 * Bodies that are watched have a time for their peer to take something of what they hold.
 */
#ifndef TRI_HTTP_BODY_H
#define TRI_HTTP_BODY_H

#include "base_alloc.h"
#include "base_budget.h"
#include "base_timeout.h"
#include "ws_stream.h"
#include "trisock/trisock.h"

struct tri_http_body;

/* Bind with: events = this, session = the body. Its on_closed frees it. */
extern const struct tri_stream_events tri_http_body_stream_events;

/* A body of |len| bytes, copied. TRI_OK or TRI_ERR_NOMEM. */
TRI_MUST_USE enum tri_err tri_http_body_new_copy(struct tri_http_body **out,
                                                 const struct tri_alloc *alloc,
                                                 struct tri_stream *stream, const void *data,
                                                 size_t len);

/* A body from |source| (the struct is copied). A failing read aborts the stream. */
TRI_MUST_USE enum tri_err tri_http_body_new_source(struct tri_http_body **out,
                                                   const struct tri_alloc *alloc,
                                                   struct tri_stream *stream,
                                                   const struct tri_body *source);

/* The watched bodies of one worker. */
struct tri_http_bodies {
    struct tri_timeout_list unread;  /* each since its peer last took something */
    uint64_t now_ns;                 /* set by the loop at each turn, monotonic */
    const struct tri_budget *budget; /* of all memory; borrowed; NULL, as after init: none */
};

void tri_http_bodies_init(struct tri_http_bodies *bodies, uint64_t timeout_ms);

/* Watches |b| from |bodies->now_ns| on. What its transport has released counts as taken. */
void tri_http_body_watch(struct tri_http_body *b, struct tri_http_bodies *bodies);

/* When to call the next one; TRI_NEVER_NS: no need. */
static inline uint64_t tri_http_bodies_deadline_ns(const struct tri_http_bodies *bodies)
{
    return tri_timeout_list_deadline_ns(&bodies->unread);
}

/* Aborts one whose time is up: its stream, which is told as ever when it is driven; or NULL. */
struct tri_stream *tri_http_bodies_expire(struct tri_http_bodies *bodies, uint64_t now_ns);

/* Frees one that was never bound; calls the source's close. */
void tri_http_body_discard(struct tri_http_body *b);

#endif
