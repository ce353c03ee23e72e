/*
 * A UDP socket that moves many datagrams a system call: recvmmsg with GRO in, sendmsg with GSO
 * out, ECN both ways, don't-fragment set. It knows no protocol.
 */
#ifndef TRI_NET_UDP_H
#define TRI_NET_UDP_H

#include "base_addr.h"
#include "net_loop.h"

struct tri_udp;

struct tri_udp_events {
    /* One datagram (a GRO run is taken apart before). |data| is borrowed. */
    void (*on_datagram)(void *user, const struct tri_addr *local, const struct tri_addr *remote,
                        uint8_t ecn, const uint8_t *data, size_t len);
    /* After TRI_AGAIN from tri_udp_send: there is room again. The kept run has been sent. */
    void (*on_writable)(void *user);
    /*
     * Of one that was dialled: the network says that nobody is there (an errno such as ECONNREFUSED,
     * from ICMP). Anybody on the way can say so: believe it before the peer has answered, and not
     * later (RFC 9000 section 21.1.1). May be NULL; a socket that listens is never told.
     */
    void (*on_refused)(void *user, int error);
};

/* Binds. |addr| gets the real port. Errors as tri_tcp_listen. */
TRI_MUST_USE enum tri_err tri_udp_open(struct tri_udp **out, struct tri_loop *loop,
                                       struct tri_addr *addr, const struct tri_udp_events *events,
                                       void *user);

/*
 * A client's socket: bound to a port of its own and connected to |remote|, so that nothing else comes
 * through it, and a datagram to there costs less. TRI_OK; TRI_ERR_IO (errno is kept: ENETUNREACH ...);
 * TRI_ERR_NOMEM.
 */
TRI_MUST_USE enum tri_err tri_udp_dial(struct tri_udp **out, struct tri_loop *loop,
                                       const struct tri_addr *remote,
                                       const struct tri_udp_events *events, void *user);

/* The address that it is bound to, with the real port; of one that was dialled the whole of it. */
const struct tri_addr *tri_udp_local(const struct tri_udp *u);

void tri_udp_close(struct tri_udp *u); /* frees; NULL is fine; no event comes any more */

/*
 * Sends a run of datagrams of |segment| bytes each, the last may be shorter, to |remote|; falls back
 * to one sendmsg a datagram where the kernel has no GSO.
 *
 * TRI_OK (a datagram that the network refuses, or that finds the socket full and memory short, counts
 * as lost: QUIC repairs it); TRI_AGAIN: the socket is full; what is left of the run was copied and will
 * be sent first; send no more until on_writable. Of a socket that was dialled |remote| is the one
 * dialled, and |local| does not matter.
 */
TRI_MUST_USE enum tri_err tri_udp_send(struct tri_udp *u, const struct tri_addr *local,
                                       const struct tri_addr *remote, uint8_t ecn,
                                       const uint8_t *data, size_t len, size_t segment);

#endif
