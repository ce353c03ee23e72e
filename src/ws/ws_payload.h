/*
 * A message for many sockets, framed once: the bytes of a server's frame are the same for every
 * recipient on every protocol, since servers do not mask (RFC 6455 section 5.1); compressed without
 * context they still are (RFC 7692 section 7.2.1). Immutable but for the compressed form, which is
 * made when a socket first asks for it.
 */
#ifndef TRI_WS_PAYLOAD_H
#define TRI_WS_PAYLOAD_H

#include "base_alloc.h"
#include "base_slice.h"
#include "ws_deflate.h"

struct tri_payload;

/* As tri_payload_new (trisock.h), from |alloc|, which must outlive it. */
struct tri_payload *tri_payload_new_with(const struct tri_alloc *alloc, enum tri_type type,
                                         const void *data, size_t len);

enum tri_type tri_payload_type(const struct tri_payload *p);

/* The message's own bytes; and the whole frame, header included. Valid as long as the payload. */
struct tri_slice tri_payload_message(const struct tri_payload *p);
struct tri_slice tri_payload_frame(const struct tri_payload *p);

/*
 * The whole frame with the message compressed, for a receiver whose window has |bits| or more.
 * Compressed at the first call by |w|, for the configured window. Empty if it may not or need not
 * be compressed: the window is smaller than that, the message is shorter than the limit, it would
 * not become smaller, or memory is short.
 */
struct tri_slice tri_payload_deflated(struct tri_payload *p, struct tri_deflate_worker *w,
                                      unsigned bits);

#endif
