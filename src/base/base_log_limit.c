/* See base_log_limit.h. */
#include "base_log_limit.h"

#define SECOND_NS (1000 * TRI_NS_PER_MS)

bool tri_log_limit_take(struct tri_log_limit *l, uint32_t per_second, uint64_t now_ns)
{
    const uint64_t second = now_ns / SECOND_NS;
    if (l->second != second) {
        l->second = second;
        l->lines = 0;
    }
    if (l->lines < per_second) {
        l->lines++;
        return true;
    }
    if (l->left_out == 0) {
        l->tell_ns = (second + 1) * SECOND_NS;
    }
    l->left_out++;
    return false;
}

uint64_t tri_log_limit_tell(struct tri_log_limit *l, uint64_t now_ns)
{
    if (tri_log_limit_deadline_ns(l) > now_ns) {
        return 0;
    }
    const uint64_t left_out = l->left_out;
    l->left_out = 0;
    return left_out;
}
