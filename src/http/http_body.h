/*
 * The body of a plain response as a tenant of the seam: bytes from memory, or read piece by piece
 * from a struct tri_body, at most TRI_BODY_BYTES_MAX ahead of what the transport has released.
 * What the peer still sends (a request body) is dropped, with its credit returned.
 */
#ifndef TRI_HTTP_BODY_H
#define TRI_HTTP_BODY_H

#include "base_alloc.h"
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

/* Frees one that was never bound; calls the source's close. */
void tri_http_body_discard(struct tri_http_body *b);

#endif
