/*
 * What goes out on a request stream: the tenant's bytes, pulled by nghttp3 when QUIC can send, held
 * by reference until the peer has acknowledged them.
 */
#ifndef TRI_H3_OUTPUT_H
#define TRI_H3_OUTPUT_H

#include "h3_stream.h"

/* nghttp3's read_data callback: |stream_user| is the struct tri_h3_stream. */
nghttp3_ssize tri_h3_output_read(nghttp3_conn *http, int64_t id, nghttp3_vec *vec, size_t vec_len,
                                 uint32_t *flags, void *user, void *stream_user);

/* |len| of the bytes that read gave were acknowledged. */
void tri_h3_output_acked(struct tri_h3_stream *s, uint64_t len);

#endif
