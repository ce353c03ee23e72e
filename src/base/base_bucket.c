/* See base_bucket.h. */
#include "base_bucket.h"

#include "base_timeout.h"

#include <assert.h>

bool tri_bucket_add(struct tri_bucket *b, struct tri_bucket_rate rate, uint64_t now_ns)
{
    assert(rate.burst > 0 && rate.per_second > 0 && now_ns >= b->leaked_ns);
    const uint64_t period_ns = 1000 * TRI_NS_PER_MS / rate.per_second;
    const uint64_t leaked = (now_ns - b->leaked_ns) / period_ns;
    b->leaked_ns += leaked * period_ns;
    b->used = b->used > leaked ? b->used - (uint32_t)leaked : 0;
    assert(b->used <= rate.burst);
    if (b->used == rate.burst) {
        return false;
    }
    b->used++;
    return true;
}

void tri_bucket_forgive(struct tri_bucket *b, uint32_t n)
{
    b->used = b->used > n ? b->used - n : 0;
}
