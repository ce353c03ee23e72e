/* See server_stall.h. */
#include "server_stall.h"

#include "base_timeout.h"

void tri_stall_watch(struct tri_stall *s, const struct tri_tcp *tcp, uint64_t now_ns,
                     uint64_t timeout_ms)
{
    if (!tri_tcp_is_full(tcp)) {
        tri_stall_init(s);
        return;
    }
    const uint64_t taken_bytes = tri_tcp_taken_bytes(tcp);
    if (s->deadline_ns == UINT64_MAX || s->taken_bytes != taken_bytes) {
        s->taken_bytes = taken_bytes;
        s->deadline_ns = now_ns + timeout_ms * TRI_NS_PER_MS;
    }
}
