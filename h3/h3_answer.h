/*
 * A response as nghttp3 takes it: status, fields, and what HTTP/3 makes of the answers that each
 * HTTP spells in its own way (http_exchange.h). RFC 9114 section 4.3.2, RFC 9220 section 3.
 */
#ifndef TRI_H3_ANSWER_H
#define TRI_H3_ANSWER_H

#include "http_exchange.h"
#include "base_alloc.h"

#include <nghttp3/nghttp3.h>

struct tri_h3_answer {
    const struct tri_alloc *alloc;
    nghttp3_nv *nva; /* owned; points into the response and into this struct, which must not move */
    size_t len;
    char status[4];
    char length[24]; /* 20 digits and NUL */
};

/* Spells |r|. TRI_OK, or TRI_ERR_NOMEM (nothing to deinit). Borrows the bytes of |r|. */
TRI_MUST_USE enum tri_err tri_h3_answer_init(struct tri_h3_answer *a, const struct tri_alloc *alloc,
                                             const struct tri_response *r);
void tri_h3_answer_deinit(struct tri_h3_answer *a);

#endif
