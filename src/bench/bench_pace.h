/*
 * The open loop: when each message is meant to be sent, whatever becomes of those before it.
 *
 * Message k of socket i of n is due at start + (k * n + i) / rate: evenly spaced over all sockets.
 */
#ifndef BENCH_PACE_H
#define BENCH_PACE_H

#include <stddef.h>
#include <stdint.h>

struct bench_pace {
    uint64_t start_ns;
    double interval_ns; /* between two messages of all sockets together */
    uint64_t sockets;
};

static inline uint64_t bench_pace_due(const struct bench_pace *p, uint64_t socket, uint64_t number)
{
    return p->start_ns + (uint64_t)((double)(number * p->sockets + socket) * p->interval_ns);
}

#endif
