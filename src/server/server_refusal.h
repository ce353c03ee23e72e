/*
 * A refusal, of a WebSocket or of a plain request: counted by its reason, and logged once with it,
 * whoever refuses. A flood of refusals does not flood the log.
 */
#ifndef TRI_SERVER_REFUSAL_H
#define TRI_SERVER_REFUSAL_H

#include "http_exchange.h"
#include "server_hub.h"

/*
 * Counts and logs one.
 *
 * status   as it was sent; 0: the stream was reset without an answer
 * path     as far as it is known; borrowed
 */
void tri_refusal_note(struct tri_link *link, const struct tri_carrier *carrier,
                      enum tri_refused why, int status, struct tri_slice path);

/* When to tell how many were not logged; UINT64_MAX: all were. And telling it, if it is time. */
uint64_t tri_refusals_deadline_ns(const struct tri_hub *hub);
void tri_refusals_expire(struct tri_hub *hub, uint64_t now_ns);

#endif
