/*
 * What a drive step does about the marks of a stream: resets it, returns credit, asks the peer to stop,
 * lets it go on. Streams that came to nothing are counted here: a peer that opens and resets them
 * without end (CVE-2023-44487), or makes us reset them (CVE-2025-8671), never passes a stream limit.
 */
#ifndef TRI_H3_SETTLE_H
#define TRI_H3_SETTLE_H

#include "h3_stream.h"

/*
 * Acts on the marks of |s|, which is off its connection's list of woken ones. 0, or an error of ngtcp2
 * that ends the connection; with H3_EXCESSIVE_LOAD, if too many streams came to nothing.
 */
TRI_MUST_USE int tri_h3_settle_stream(struct tri_h3_stream *s);

#endif
