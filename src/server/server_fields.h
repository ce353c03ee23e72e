/*
 * The fields of a response: the program's, checked, and the server's own (server, date, alt-svc).
 * Borrows every name and value.
 */
#ifndef TRI_SERVER_FIELDS_H
#define TRI_SERVER_FIELDS_H

#include "http_request.h"
#include "server_hub.h"

struct tri_fields {
    struct tri_field list[TRI_RESPONSE_FIELDS_MAX + 3];
    size_t len;
};

/*
 * Adds the program's fields. TRI_ERR_INVALID for more than TRI_RESPONSE_FIELDS_MAX, for a name that
 * is no lower-case token or belongs to the connection or the server (content-length, upgrade ...),
 * and for a value with a control byte or a blank at an end. RFC 9110 section 5.1, 5.5; RFC 9113
 * section 8.2; RFC 9114 section 4.2.
 */
TRI_MUST_USE enum tri_err tri_fields_add_headers(struct tri_fields *f,
                                                 const struct tri_header *headers,
                                                 size_t headers_len);

/* Adds server, date (unless the program gave one) and alt-svc (row N5). */
void tri_fields_add_own(struct tri_fields *f, const struct tri_link *link);

#endif
