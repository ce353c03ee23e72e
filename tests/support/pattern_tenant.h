/*
 * A tenant for fuzz targets: what it sends is a pattern, known from the stream's id and the place in
 * it, so that whoever reads the wire can tell right bytes from wrong ones. It asserts its side of
 * the seam's contract at each event and overwrites what is released.
 */
#ifndef TRI_TESTS_PATTERN_TENANT_H
#define TRI_TESTS_PATTERN_TENANT_H

#include "http_exchange.h"

#define PATTERN_BYTES ((size_t)(40 * 1024))

struct pattern_tenant {
    size_t *closed;                /* counts the on_closed of many */
    struct tri_exchange *exchange; /* NULL: answered or cancelled without being bound, or closed */
    uint32_t stream_id;
    bool is_waiting; /* not answered */
    bool is_bound;
    bool fin;
    size_t debt; /* received and not consumed */
    size_t queued, sent, released;
    uint8_t out[PATTERN_BYTES];
};

extern const struct tri_stream_events pattern_tenant_events;

/* Queues |len| more bytes, or as many as there is room for, unless fin was set. */
void pattern_tenant_queue(struct pattern_tenant *t, size_t len);

/* The byte that stands |at| bytes into what stream |stream_id| sends. */
uint8_t pattern_tenant_byte(uint32_t stream_id, size_t at);

#endif
