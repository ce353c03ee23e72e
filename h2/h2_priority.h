/*
 * What a stream's priority is to the engine, whose scheduler is strict between urgencies and shares
 * among incremental streams of one urgency by bytes. RFC 9218; decision 020.
 *
 * The engine reads the `priority` field and PRIORITY_UPDATE by itself until we say that it shall not.
 * We do so with the first word of ours on a stream, for it would take the client's for the last.
 */
#ifndef TRI_H2_PRIORITY_H
#define TRI_H2_PRIORITY_H

#include "h2_stream.h"

/* A PRIORITY_UPDATE frame came; the stream may not be open yet. RFC 9218 section 7.1 */
void tri_h2_priority_update(struct tri_h2_conn *c, const nghttp2_ext_priority_update *update);

/* The engine has opened a new stream: what it was told of it before counts, not the request's field. */
void tri_h2_priority_keep(struct tri_h2_stream *s);

/* Merges the `priority` field of a response, if it has one. */
void tri_h2_priority_merge(struct tri_h2_stream *s, const struct tri_response *r);

/* Tells the engine; in the first drive step of an answered stream, with what the client has asked for,
 * and when wants_priority is set. */
void tri_h2_priority_drive(struct tri_h2_stream *s);

#endif
