/*
 * Early data: requests that a client which comes back sends with its first packets, before the
 * handshake proves that nobody repeats them. RFC 9001 section 4.6, RFC 8470. Row N7.
 *
 * A request in early data is announced at once if the handler takes it so (takes_early of its events),
 * head->early being set. Any other is held, with its DATA, and announced when the handshake is
 * complete, in the order in which the streams were opened. What may be held so is what the transport
 * parameters allow: streams_max requests, TRI_HELD_BYTES_MAX of each, and TRI_CONN_WINDOW_BYTES of all,
 * since no credit is returned meanwhile; how long, is the timeout of the handshake.
 */
#ifndef TRI_H3_EARLY_H
#define TRI_H3_EARLY_H

#include "h3_stream.h"

#include <stdbool.h>

/* Whether |data|, a datagram of a handshake, has a packet of early data in it. */
bool tri_h3_early_is_in(const uint8_t *data, size_t len);

/* Whether |s|, whose head is complete, has to wait. Sets head->early if it came early. */
bool tri_h3_early_waits(struct tri_h3_stream *s);

/* The handshake of |c| is complete: announces what waits, and counts early data. */
void tri_h3_early_release(struct tri_h3_conn *c);

#endif
