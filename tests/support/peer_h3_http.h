/* The streams of a peer_h3, and nghttp3 on them. */
#ifndef TRI_TESTS_PEER_H3_HTTP_H
#define TRI_TESTS_PEER_H3_HTTP_H

#include "peer_h3.h"

void peer_h3_http_init(struct peer_h3 *p); /* the keys to send with are there */
void peer_h3_http_deinit(struct peer_h3 *p);

/* The request stream |id|, or NULL. */
struct peer_h3_stream *peer_h3_http_stream(struct peer_h3 *p, int64_t id);

#endif
