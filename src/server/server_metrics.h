/*
 * What a server has counted, as text that Prometheus and its like read: text/plain, version 0.0.4.
 * Names and labels are an interface: who watches a server depends on them.
 */
#ifndef TRI_SERVER_METRICS_H
#define TRI_SERVER_METRICS_H

#include "base_metrics.h"
#include "h3_endpoint.h"

#include <stdbool.h>

struct tri_worker;

#define TRI_METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* What is written: the counters, and what is so at the moment. */
struct tri_metrics_view {
    const struct tri_metrics *metrics; /* borrowed */
    struct tri_h3_counters quic;       /* of all ports */
    uint64_t deflate_bytes;
    uint64_t memory_bytes;
    bool is_draining;
};

/* Where it goes: in pieces of one line or a few, borrowed for the call, none empty. */
struct tri_metrics_sink {
    void (*write)(void *user, const char *text, size_t len);
    void *user;
};

struct tri_metrics_view tri_metrics_view(const struct tri_worker *w);

void tri_metrics_write(const struct tri_metrics_view *view, struct tri_metrics_sink sink);

#endif
