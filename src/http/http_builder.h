/*
 * Collects the fields of a request as an h2 or h3 engine hands them out one by one, within the
 * limits of a request head, and yields the normalised head. Pseudo-fields go to their places. The
 * engine has checked names, values and the order of pseudo-fields (RFC 9113 section 8, RFC 9114
 * section 4), so this does not.
 */
#ifndef TRI_HTTP_BUILDER_H
#define TRI_HTTP_BUILDER_H

#include "base_buf.h"
#include "http_request.h"

struct tri_request_builder {
    struct tri_buf bytes;     /* names and values, one after the other */
    struct tri_buf marks;     /* struct of offsets, one a field, in order */
    struct tri_field *fields; /* made by finish */
    size_t fields_len;        /* so far, without pseudo-fields */
    bool over;                /* a limit was passed: later fields are dropped */
};

void tri_request_builder_init(struct tri_request_builder *b, const struct tri_alloc *alloc);
void tri_request_builder_deinit(struct tri_request_builder *b);

/*
 * Adds one field, copied. TRI_OK; TRI_ERR_LIMIT if the head passes TRI_REQUEST_HEAD_BYTES_MAX or
 * TRI_REQUEST_FIELDS_MAX (the field is dropped; the answer is 431); TRI_ERR_NOMEM.
 */
TRI_MUST_USE enum tri_err tri_request_builder_add(struct tri_request_builder *b,
                                                  struct tri_slice name, struct tri_slice value);

/*
 * Yields the head; its bytes belong to |b| and live until deinit. Cookie fields are left as they
 * came; without :authority, the authority is Host's. Called once, after the last add. TRI_OK,
 * TRI_ERR_LIMIT as above, TRI_ERR_NOMEM.
 */
TRI_MUST_USE enum tri_err tri_request_builder_finish(struct tri_request_builder *b,
                                                     struct tri_request_head *out);

#endif
