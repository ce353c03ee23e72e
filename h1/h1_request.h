/* Writes the request of an opening handshake. RFC 6455 section 4.1, RFC 9112 section 3 */
#ifndef TRI_H1_REQUEST_H
#define TRI_H1_REQUEST_H

#include "base_buf.h"
#include "http_call.h"

/*
 * Appends the head of |request| to |out|, |key| being its Sec-WebSocket-Key. TRI_OK; TRI_ERR_LIMIT;
 * TRI_ERR_NOMEM: |out| may hold a part of it then. A path, authority, name or value that would break
 * the head is the caller's error, asserted.
 */
TRI_MUST_USE enum tri_err tri_h1_request_write(const struct tri_call_request *request,
                                               struct tri_slice key, struct tri_buf *out);

#endif
