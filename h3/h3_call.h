/*
 * Calls (http_call.h) on a client's request streams: what is asked, and what becomes of the answer.
 * RFC 9114 section 4.1, 5.2; RFC 9220 section 3. The streams themselves are in h3_stream.
 */
#ifndef TRI_H3_CALL_H
#define TRI_H3_CALL_H

#include "h3_stream.h"

/* Interim answers (1xx) to one call: a server may send some, and one that does not end is a flood. */
#define TRI_H3_INTERIMS_MAX 16u

/* The :status of the head that arrives. nghttp3 has seen that it is three digits. */
void tri_h3_call_status(struct tri_h3_stream *s, struct tri_slice value);

/* The head is complete: an interim answer, or the one that ends the phase HEAD. */
void tri_h3_call_head(struct tri_h3_stream *s);

/* It is over, and nobody lives on it: the owner is told, unless it knows. */
void tri_h3_call_end(struct tri_h3_stream *s, enum tri_stream_cause cause);

/* What the server says on its control stream. */
void tri_h3_call_settings(struct tri_h3_conn *c, const nghttp3_proto_settings *settings);
void tri_h3_call_goaway(struct tri_h3_conn *c, int64_t id);

/* There may be more streams than there were. */
void tri_h3_call_room(struct tri_h3_conn *c);

#endif
