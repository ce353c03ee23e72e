/*
 * Counts what a peer makes a connection do for nothing, in leaky buckets: a burst is free, a
 * steady flood is not. What nghttp2 counts by itself (CONTINUATION, PRIORITY, empty DATA, unknown
 * frames) is set up in h2_session; here is the rest. RFC 9113 section 10.5.
 */
#ifndef TRI_H2_FLOOD_H
#define TRI_H2_FLOOD_H

#include "base_bucket.h"
#include "base_metrics.h"

#include <stdbool.h>
#include <stdint.h>

enum tri_h2_flood_kind {
    /* A stream that came to nothing: the peer reset it (CVE-2023-44487), or made us reset it
     * (CVE-2025-8671). Both cost a request and a tenant, and none is ever over a stream limit. */
    TRI_H2_FLOOD_RESET,
    /* A PING or SETTINGS frame, which must be answered (CVE-2019-9512, CVE-2019-9515). */
    TRI_H2_FLOOD_ACK,
    /* DATA of nothing but padding (CVE-2019-9518); the engine counts what has not even that. */
    TRI_H2_FLOOD_PADDING,
    /* A WINDOW_UPDATE frame, beyond what our DATA calls for. */
    TRI_H2_FLOOD_WINDOW
};

#define TRI_H2_FLOOD_KINDS 4

/* All zero is a new one. */
struct tri_h2_flood {
    struct tri_bucket buckets[TRI_H2_FLOOD_KINDS];
};

/*
 * Counts one. Returns false when it is one too many: the connection is to be ended with
 * ENHANCE_YOUR_CALM. |now_ns| must not go back.
 */
bool tri_h2_flood_count(struct tri_h2_flood *f, enum tri_h2_flood_kind kind, uint64_t now_ns);

/* Takes up to |n| off the count again: there was a reason for them. */
void tri_h2_flood_forgive(struct tri_h2_flood *f, enum tri_h2_flood_kind kind, uint32_t n);

/* What metrics and the log call it. */
enum tri_flood tri_h2_flood_metric(enum tri_h2_flood_kind kind);

#endif
