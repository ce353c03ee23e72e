/* Which fields of a handshake cross the bridge. RFC 9110 section 7.6.1, RFC 6455 section 11.3 */
#ifndef TRI_CLIENT_BRIDGE_FIELDS_H
#define TRI_CLIENT_BRIDGE_FIELDS_H

#include "http_request.h"

/*
 * The fields of |head| that go on to the server, and those of |more| that it does not have itself.
 * |out| has room for all of both. Left out is what each HTTP version has of its own (Host, the key)
 * and what is for one hop alone. Returns how many there are; the bytes are those of |head| and |more|.
 */
size_t tri_client_bridge_fields_up(const struct tri_request_head *head,
                                   const struct tri_field *more, size_t more_len,
                                   struct tri_field *out);

/*
 * The fields of an answer that come back to the local program: the same, without what is said of the
 * server's own address (Alt-Svc, Strict-Transport-Security), and what HTTP/1.1 cannot carry.
 */
size_t tri_client_bridge_fields_down(const struct tri_field *fields, size_t fields_len,
                                     struct tri_field *out);

#endif
