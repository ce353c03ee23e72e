/*
 * Requests that may be repetitions: those in early data, and those of which an intermediary says that
 * they came to it so (Early-Data: 1). RFC 8470. Row N7.
 *
 * Answered is what does no harm twice: a plain GET or HEAD without a body, on a route that the program
 * has marked. The rest waits for the handshake where it can, and else gets 425 (Too Early), upon which
 * a client sends it again.
 */
#ifndef TRI_SERVER_EARLY_H
#define TRI_SERVER_EARLY_H

#include "http_request.h"
#include "http_routes.h"

/* takes_early of the exchange events; |user| is a struct tri_link. */
bool tri_early_takes(void *user, const struct tri_request_head *head);

/* Whether the request of |head| for |route| (NULL: none), announced now, is to be answered 425. */
bool tri_early_is_too_early(const struct tri_request_head *head, const struct tri_route *route);

#endif
