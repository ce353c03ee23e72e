/*
 * What a stream's priority is to nghttp3, whose scheduler is strict between urgencies and shares
 * among incremental streams of one urgency by bytes. RFC 9218; decision 020.
 *
 * With the first word of ours on a stream nghttp3 stops to heed the client's, so from then on it is
 * h3_control that reads PRIORITY_UPDATE.
 */
#ifndef TRI_H3_PRIORITY_H
#define TRI_H3_PRIORITY_H

#include "h3_stream.h"

/* A PRIORITY_UPDATE frame came, with |value| as its priority field value, for a stream that is open. */
void tri_h3_priority_update(struct tri_h3_stream *s, struct tri_slice value);

/*
 * Tells nghttp3, with what the client has asked for and with the `priority` field of the response,
 * right before that is submitted. 0 or an error of nghttp3: memory is short.
 */
TRI_MUST_USE int tri_h3_priority_open(struct tri_h3_stream *s, const struct tri_response *r);

/* A socket was answered. If it is the connection's first, all its siblings are marked. */
void tri_h3_priority_count(struct tri_h3_stream *s);

/* Tells nghttp3 again, if that was marked. 0 or an error of ngtcp2 that ends the connection. */
TRI_MUST_USE int tri_h3_priority_settle(struct tri_h3_stream *s);

#endif
