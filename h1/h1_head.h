/*
 * A strict parser of HTTP/1.1 request heads: RFC 9112 section 3 to 6, RFC 9110 section 5 to 7. No
 * copy, no allocation: everything in the result points into the bytes that it was given. What is
 * not exactly right is refused, never guessed at (row U7).
 *
 * It parses whole heads, as h1_scan has found them; h1_reader joins the two.
 */
#ifndef TRI_H1_HEAD_H
#define TRI_H1_HEAD_H

#include "http_request.h"

struct tri_h1_head {
    struct tri_request_head request; /* scheme: only of an absolute target; protocol: "" */
    unsigned minor;                  /* HTTP/1.minor */
    bool keeps_alive;                /* the peer wants the connection kept */
    bool expects_continue;           /* RFC 9110 section 10.1.1 */
    bool is_chunked;                 /* the body's framing: chunked, or |body_len| bytes */
    uint64_t body_len;               /* UINT64_MAX if it does not fit */
    int status;                      /* what to answer, after an error */
};

/*
 * Parses the |len| bytes of a head, from the first byte to the empty line.
 *
 * data         kept: the result points into it. Field names are written over in lower case
 * fields       room for the fields, kept; |fields_max| of them, as many as there are lines at most
 *
 * Returns TRI_OK, or TRI_ERR_PROTOCOL: head->status is the answer, 400, 417, 501 or 505, and the
 * connection can carry no further request. head->request.method is set even then if the method was
 * readable.
 */
TRI_MUST_USE enum tri_err tri_h1_head_parse(struct tri_h1_head *head, uint8_t *data, size_t len,
                                            struct tri_field *fields, size_t fields_max);

#endif
