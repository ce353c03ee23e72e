/*
 * The HTTP/3 half of a connection: nghttp3, its settings and callbacks. RFC 9114, RFC 9204, RFC
 * 9220 (row E1).
 */
#ifndef TRI_H3_HTTP_H
#define TRI_H3_HTTP_H

#include "h3_conn.h"
#include "h3_stream.h"

/*
 * Makes c->http and its three streams (control, QPACK encoder and decoder): their first bytes, our
 * SETTINGS, are the first that the connection sends once it can. 0 or an error of ngtcp2.
 */
TRI_MUST_USE int tri_h3_http_open(struct tri_h3_conn *c);

/*
 * |data| came on the stream |id|, at |offset|; and its end, if |fin|. Returns how many bytes were HTTP/3's
 * own, for the stream's credit; or an error of nghttp3.
 */
TRI_MUST_USE nghttp3_ssize tri_h3_http_read(struct tri_h3_conn *c, int64_t id, uint64_t offset,
                                            struct tri_slice data, bool fin);

/*
 * Takes a socket's stream over from nghttp3: what arrives, once it is answered (is_plain); and once our head
 * is acknowledged nghttp3 forgets it, and its 1.4 KB serve the next (is_let_go). Not from a callback of nghttp3.
 */
void tri_h3_http_hand_over(struct tri_h3_stream *s);

#endif
