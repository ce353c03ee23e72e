/*
 * The gate: whether a connection is taken. It counts connections, all of them and those of each
 * address, says no over a limit, counts that, and logs it: a line a second at most for each reason,
 * with how many there were, for who is refused comes again at once.
 *
 * A TCP connection is entered and admitted when it is accepted. A QUIC connection is entered with its
 * first packet and admitted when its client has proven its address, at once by a token or with the
 * handshake: before that the address may be anybody's, who must not be locked out by it. Until then
 * TRI_LIMIT_HALF_OPEN bounds them.
 */
#ifndef TRI_SERVER_GATE_H
#define TRI_SERVER_GATE_H

#include "base_metrics.h"
#include "server_peers.h"

struct tri_hub;

struct tri_gate {
    struct tri_peers peers;
    struct {
        uint64_t untold;      /* refused since the last line */
        uint64_t next_log_ns; /* when the next line may be */
    } refused[TRI_CONN_REFUSED_LEN];
};

void tri_gate_init(struct tri_gate *gate, const struct tri_alloc *alloc);

/* Every connection has left. */
void tri_gate_deinit(struct tri_gate *gate);

/* One connection more: its number; or 0, and then it has been counted and logged as refused. */
uint64_t tri_gate_enter(struct tri_hub *hub, const struct tri_addr *remote);

/*
 * The client is at |remote|. True, and |*out| (which may be NULL) is for tri_gate_leave; false: its
 * address has as many as it may, which has been counted and logged, or memory is short. It still has
 * to leave.
 */
bool tri_gate_admit(struct tri_hub *hub, const struct tri_addr *remote, struct tri_peer **out);

/* One that was entered ends; |peer| is NULL if it was not admitted. */
void tri_gate_leave(struct tri_hub *hub, struct tri_peer *peer);

#endif
