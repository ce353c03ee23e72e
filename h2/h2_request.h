/* What only a server does with a stream: the request, until it is answered. */
#ifndef TRI_H2_REQUEST_H
#define TRI_H2_REQUEST_H

#include "h2_stream.h"

/* The request head is complete: asks the handler, or answers 431 itself. */
void tri_h2_request_ask(struct tri_h2_stream *s);

/* A body came that is larger than anybody wants: 413. RFC 9110 section 15.5.14 */
void tri_h2_request_refuse_body(struct tri_h2_stream *s);

/* The server's end_unanswered (struct tri_h2_role). */
void tri_h2_request_end(struct tri_h2_stream *s, enum tri_h2_stream_state before,
                        enum tri_stream_cause cause);

#endif
