/* Writes response heads. RFC 9112 section 4, 5, 6, 9.3; RFC 9110 section 7.8 */
#ifndef TRI_H1_RESPONSE_H
#define TRI_H1_RESPONSE_H

#include "base_buf.h"
#include "http_request.h"

struct tri_h1_response {
    int status;                     /* 101 to 599 */
    const struct tri_field *fields; /* as they are; neither framing nor connection-specific ones */
    size_t fields_len;
    uint64_t content_length; /* TRI_LENGTH_NONE: not told */
    bool closes;             /* Connection: close */
    const char *upgrade;     /* value of Upgrade, with its connection option; NULL: none */
    struct tri_slice accept; /* value of Sec-WebSocket-Accept; empty: none */
    bool tells_version;      /* Sec-WebSocket-Version: 13 */
};

/*
 * Appends the head of |r| to |out|. TRI_OK; TRI_ERR_LIMIT; TRI_ERR_NOMEM: |out| may hold a part of
 * it then. A name or value that would break the head (CR, LF, NUL) is the caller's error, asserted.
 */
TRI_MUST_USE enum tri_err tri_h1_response_write(const struct tri_h1_response *r,
                                                struct tri_buf *out);

#endif
