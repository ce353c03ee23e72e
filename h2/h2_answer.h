/*
 * Answers to requests in HTTP/2's spelling: the handler's, and the few that the adapter gives
 * itself. RFC 9113 section 8.3.2; RFC 8441 section 5.
 */
#ifndef TRI_H2_ANSWER_H
#define TRI_H2_ANSWER_H

#include "h2_stream.h"

/* The table of a stream's exchange. */
extern const struct tri_exchange_ops tri_h2_answer_ops;

/* The adapter's own answer, |status| without a body. The handler must know nothing of the stream,
 * or have been told that it is cancelled. */
void tri_h2_answer_status(struct tri_h2_stream *s, int status);

#endif
