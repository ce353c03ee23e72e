/*
 * A TCP connection whose peer takes nothing of what there is to send. A response is watched by itself
 * (server_reply.h), but a head alone, or the reset of a stream, waits with the connection.
 */
#ifndef TRI_SERVER_STALL_H
#define TRI_SERVER_STALL_H

#include "net_tcp.h"

struct tri_stall {
    uint64_t deadline_ns; /* when it has lasted too long; UINT64_MAX: there is none */
    uint64_t taken_bytes; /* that the socket had taken when |deadline_ns| was set */
};

static inline void tri_stall_init(struct tri_stall *s)
{
    *s = (struct tri_stall){.deadline_ns = UINT64_MAX};
}

/* Looks at |tcp|: a stall begins, goes on, begins anew or is over. */
void tri_stall_watch(struct tri_stall *s, const struct tri_tcp *tcp, uint64_t now_ns,
                     uint64_t timeout_ms);

#endif
