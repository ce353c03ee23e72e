/*
 * What a stream needs until its request is answered, and not a moment longer: the head as it
 * arrives, field by field, and the bytes that came before the verdict (line 6 of the seam's
 * contract). An open WebSocket has none of it. Behind an answer without a body its timeout stays, until
 * the peer has let the answer go out.
 */
#ifndef TRI_H3_REQUEST_H
#define TRI_H3_REQUEST_H

#include "base_limits.h"
#include "base_timeout.h"
#include "http_builder.h"

struct tri_h3_stream;

struct tri_h3_request {
    const struct tri_alloc *alloc;
    struct tri_h3_stream *stream; /* borrowed: its owner */
    struct tri_timeout timeout;   /* until the head is complete; then until the answer is out */
    struct tri_request_builder builder;
    struct tri_request_head head; /* meaningful once the builder has finished */
    struct tri_buf held;          /* DATA before the verdict, <= TRI_HELD_BYTES_MAX */
    enum tri_err err;             /* why the head cannot be used: NOMEM or LIMIT */
};

/* NULL if memory is short. */
struct tri_h3_request *tri_h3_request_new(const struct tri_alloc *alloc,
                                          struct tri_h3_stream *stream);
void tri_h3_request_empty(struct tri_h3_request *r); /* all but the timeout is of no use any more */
void tri_h3_request_free(struct tri_h3_request *r);  /* also off its timeout list; NULL is fine */

/* Adds a field; a failure shows in finish. */
void tri_h3_request_add(struct tri_h3_request *r, struct tri_slice name, struct tri_slice value);

/* The head is complete. TRI_OK, TRI_ERR_LIMIT (answer 431) or TRI_ERR_NOMEM. */
TRI_MUST_USE enum tri_err tri_h3_request_finish(struct tri_h3_request *r);

#endif
