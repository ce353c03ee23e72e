/*
 * One batch of output: what a call of send yields. Frame heads and small frames are copied to a
 * scratch of the connection, payloads are slices of the tenants' own bytes, and a frame too large
 * for the scratch (a long field block) ends the batch, because the engine lends it only until it
 * is asked again.
 */
#ifndef TRI_H2_OUTPUT_H
#define TRI_H2_OUTPUT_H

#include "base_slice.h"

#include <nghttp2/nghttp2.h>

/* 113 DATA frame heads; a response head that sets no cookies fits as well. */
#define TRI_H2_SCRATCH_BYTES ((size_t)1024)

/* Invariant during a batch: used <= max; scratch_len <= TRI_H2_SCRATCH_BYTES. */
struct tri_h2_output {
    struct tri_slice *out; /* the caller's; NULL between batches */
    size_t max;
    size_t used;
    size_t payload_slices; /* of the DATA frame being made, at out + used + 1 */
    size_t payload_bytes;
    size_t scratch_len;
    uint8_t scratch[TRI_H2_SCRATCH_BYTES];
};

struct tri_h2_conn;

/*
 * Fills |out| with up to |max| (at least 16) slices from the engine. Returns how many; 0 if there
 * is nothing to send, or if the connection failed (its phase says so).
 */
size_t tri_h2_output_fill(struct tri_h2_conn *c, struct tri_slice *out, size_t max);

/* Yields GOAWAY, written by hand since the engine may not be called any more: RFC 9113 section
 * 6.8. Returns 1; 0 if nobody waits for a word. */
size_t tri_h2_output_last_words(struct tri_h2_conn *c, struct tri_slice *out);

/* The engine's callbacks on this side; the stream is source->ptr. */
nghttp2_ssize tri_h2_output_read(nghttp2_session *session, int32_t stream_id, uint8_t *buf,
                                 size_t length, uint32_t *data_flags, nghttp2_data_source *source,
                                 void *user);
int tri_h2_output_send_data(nghttp2_session *session, nghttp2_frame *frame, const uint8_t *head,
                            size_t length, nghttp2_data_source *source, void *user);

#endif
