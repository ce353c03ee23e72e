/* See h2_flood.h. */
#include "h2_flood.h"

#include "base_limits.h"

#include <assert.h>

struct allowance {
    enum tri_flood metric;
    struct tri_bucket_rate rate;
};

static const struct allowance allowances[TRI_H2_FLOOD_KINDS] = {
    [TRI_H2_FLOOD_RESET] = {TRI_FLOOD_RESET, {TRI_RESETS_BURST, TRI_RESETS_PER_SECOND}},
    [TRI_H2_FLOOD_ACK] = {TRI_FLOOD_ACK, {TRI_H2_ACKS_BURST, TRI_H2_ACKS_PER_SECOND}},
    [TRI_H2_FLOOD_PADDING] = {TRI_FLOOD_PADDING,
                              {TRI_H2_GLITCHES_BURST, TRI_H2_GLITCHES_PER_SECOND}},
    [TRI_H2_FLOOD_WINDOW] = {TRI_FLOOD_WINDOW, {TRI_H2_WINDOWS_BURST, TRI_H2_WINDOWS_PER_SECOND}},
};

bool tri_h2_flood_count(struct tri_h2_flood *f, enum tri_h2_flood_kind kind, uint64_t now_ns)
{
    assert((size_t)kind < TRI_H2_FLOOD_KINDS);
    return tri_bucket_add(&f->buckets[kind], allowances[kind].rate, now_ns);
}

void tri_h2_flood_forgive(struct tri_h2_flood *f, enum tri_h2_flood_kind kind, uint32_t n)
{
    assert((size_t)kind < TRI_H2_FLOOD_KINDS);
    tri_bucket_forgive(&f->buckets[kind], n);
}

enum tri_flood tri_h2_flood_metric(enum tri_h2_flood_kind kind)
{
    assert((size_t)kind < TRI_H2_FLOOD_KINDS);
    return allowances[kind].metric;
}
