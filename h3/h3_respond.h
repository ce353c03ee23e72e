/*
 * The answer to a request: its head goes to nghttp3, and whoever lives on the stream from now on is
 * bound to it.
 */
#ifndef TRI_H3_RESPOND_H
#define TRI_H3_RESPOND_H

#include "h3_stream.h"

/* Of every exchange of h3. */
extern const struct tri_exchange_ops tri_h3_respond_ops;

/* Its op, also for answers of our own. The stream is WAITING. */
TRI_MUST_USE enum tri_err tri_h3_respond(struct tri_h3_stream *s, const struct tri_response *r);

#endif
