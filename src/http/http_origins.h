/*
 * Which web pages may open a socket: the Origin field against a route's list. RFC 6455 sections
 * 4.2.2 and 10.2, RFC 6454 section 7. It guards users of browsers; others can send anything.
 */
#ifndef TRI_HTTP_ORIGINS_H
#define TRI_HTTP_ORIGINS_H

#include "http_request.h"

/*
 * Whether |head| may open a socket at a route with the list |origins| ("https://a, https://b:8443";
 * NULL or "": any origin). Without an Origin field it may; with several it may not. "null" counts
 * as an origin of that name.
 */
bool tri_origin_is_allowed(const struct tri_request_head *head, const char *origins);

/* Whether |list| is "" or origins with commas between them: scheme://host or scheme://host:port, no
 * path; or null. */
bool tri_origins_are_valid(const char *list);

#endif
