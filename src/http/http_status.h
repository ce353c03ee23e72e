/* Reason phrases, which only HTTP/1.1 still sends. RFC 9110 section 15, RFC 9112 section 4 */
#ifndef TRI_HTTP_STATUS_H
#define TRI_HTTP_STATUS_H

#include <stdbool.h>

/* The phrase for |status|, "Not Found". Static memory, never NULL; "" for one that has none. */
const char *tri_status_reason(int status);

/* Whether a response with |status| never has a body: 1xx, 204, 304. RFC 9110 section 6.4.1 */
bool tri_status_is_bodiless(int status);

#endif
