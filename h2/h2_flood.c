/* See h2_flood.h. */
#include "h2_flood.h"

#include "base_limits.h"
#include "base_timeout.h"

#include <assert.h>

struct allowance {
    enum tri_flood metric;
    uint32_t burst;
    uint32_t per_second;
};

static const struct allowance allowances[TRI_H2_FLOOD_KINDS] = {
    [TRI_H2_FLOOD_RESET] = {TRI_FLOOD_RESET, TRI_H2_RESETS_BURST, TRI_H2_RESETS_PER_SECOND},
    [TRI_H2_FLOOD_ACK] = {TRI_FLOOD_ACK, TRI_H2_ACKS_BURST, TRI_H2_ACKS_PER_SECOND},
    [TRI_H2_FLOOD_PADDING] = {TRI_FLOOD_PADDING, TRI_H2_GLITCHES_BURST, TRI_H2_GLITCHES_PER_SECOND},
    [TRI_H2_FLOOD_WINDOW] = {TRI_FLOOD_WINDOW, TRI_H2_WINDOWS_BURST, TRI_H2_WINDOWS_PER_SECOND},
};

bool tri_h2_flood_count(struct tri_h2_flood *f, enum tri_h2_flood_kind kind, uint64_t now_ns)
{
    const size_t i = (size_t)kind;
    assert(i < TRI_H2_FLOOD_KINDS && now_ns >= f->buckets[i].leaked_ns);
    const uint64_t period_ns = 1000 * TRI_NS_PER_MS / allowances[i].per_second;
    const uint64_t leaked = (now_ns - f->buckets[i].leaked_ns) / period_ns;
    const uint32_t used = f->buckets[i].used;
    f->buckets[i].leaked_ns += leaked * period_ns;
    f->buckets[i].used = used > leaked ? used - (uint32_t)leaked : 0;
    if (f->buckets[i].used == allowances[i].burst) {
        return false;
    }
    f->buckets[i].used++;
    return true;
}

void tri_h2_flood_forgive(struct tri_h2_flood *f, enum tri_h2_flood_kind kind, uint32_t n)
{
    const size_t i = (size_t)kind;
    assert(i < TRI_H2_FLOOD_KINDS);
    const uint32_t used = f->buckets[i].used;
    f->buckets[i].used = used > n ? used - n : 0;
}

enum tri_flood tri_h2_flood_metric(enum tri_h2_flood_kind kind)
{
    assert((size_t)kind < TRI_H2_FLOOD_KINDS);
    return allowances[kind].metric;
}
