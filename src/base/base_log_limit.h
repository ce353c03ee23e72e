/*
 * A bound on log lines that a peer can provoke as often as it likes: so many a second are written,
 * and when that second is over, how many were left out is told once.
 */
#ifndef TRI_BASE_LOG_LIMIT_H
#define TRI_BASE_LOG_LIMIT_H

#include "base_timeout.h"

#include <stdbool.h>
#include <stdint.h>

/* All zero is a new one. */
struct tri_log_limit {
    uint64_t second; /* of the clock, that |lines| were written in */
    uint32_t lines;
    uint64_t left_out; /* and not told yet */
    uint64_t tell_ns;  /* meaningful while left_out > 0: when to tell */
};

/* Whether one line more may be written at |now_ns|; if not, it is counted as left out. */
bool tri_log_limit_take(struct tri_log_limit *l, uint32_t per_second, uint64_t now_ns);

/* When the number of lines left out is to be told; TRI_NEVER_NS: none was. */
static inline uint64_t tri_log_limit_deadline_ns(const struct tri_log_limit *l)
{
    return l->left_out > 0 ? l->tell_ns : TRI_NEVER_NS;
}

/* How many were left out and are to be told now; 0: none, or it is not time yet. */
uint64_t tri_log_limit_tell(struct tri_log_limit *l, uint64_t now_ns);

#endif
