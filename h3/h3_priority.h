/*
 * What a stream's priority is to the schedule (h3_schedule.h). RFC 9218; decisions 020 and 027.
 *
 * nghttp3 orders the heads alone. It heeds the client's word for that; so that the rest does too, it
 * is h3_control that reads PRIORITY_UPDATE.
 */
#ifndef TRI_H3_PRIORITY_H
#define TRI_H3_PRIORITY_H

#include "h3_stream.h"

/* A PRIORITY_UPDATE frame came, with |value| as its priority field value, for a stream that is open. */
void tri_h3_priority_update(struct tri_h3_stream *s, struct tri_slice value);

/* What the client has asked for and the `priority` field of the response, when that is given. */
void tri_h3_priority_open(struct tri_h3_stream *s, const struct tri_response *r);

/* A socket was answered. If it is the connection's first, all its siblings take turns now. */
void tri_h3_priority_count(struct tri_h3_stream *s);

/* |s->priority| has changed, or what it means: the stream takes its new place. */
void tri_h3_priority_apply(struct tri_h3_stream *s);

#endif
