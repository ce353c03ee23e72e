/* Values of the fields that HTTP/1.1 itself looks at. RFC 9110 section 5.6, RFC 9112 section 6 */
#ifndef TRI_H1_FIELDS_H
#define TRI_H1_FIELDS_H

#include "http_request.h"

/* Reads a Content-Length: digits only. What does not fit becomes UINT64_MAX. RFC 9110 8.6 */
bool tri_h1_parse_length(struct tri_slice value, uint64_t *out);

/*
 * Looks at the transfer codings of |head|. 0: chunked, and nothing else; or the status to answer:
 * 400 where the end of the body cannot be known, 501 for a coding that we do not have.
 */
int tri_h1_check_codings(const struct tri_request_head *head);

#endif
