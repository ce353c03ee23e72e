/*
 * Bytes of a peer's streams: on their way to nghttp3, past the guard (h3_guard.h); but those of a socket
 * that is answered go to its tenant, frame by frame, without nghttp3 (decision 027). And what their faults
 * mean: for the stream or for the connection. RFC 9114 sections 4.1.2, 4.4, 8; RFC 9204 section 7.4.
 */
#ifndef TRI_H3_INPUT_H
#define TRI_H3_INPUT_H

#include "h3_conn.h"
#include "h3_stream.h"

/* A piece of a stream, in order. */
struct tri_h3_chunk {
    int64_t stream_id;
    uint64_t offset;
    struct tri_slice data;
    bool fin;
};

/* |s| is the stream of a request that goes on, or NULL for a unidirectional one. Returns what a
 * callback of ngtcp2 then returns. */
int tri_h3_input_take(struct tri_h3_conn *c, struct tri_h3_stream *s,
                      const struct tri_h3_chunk *chunk);

#endif
