/*
 * A UDP socket from inside: what net_udp.c (its life), net_udp_recv.c and net_udp_send.c share.
 * Private to net.
 */
#ifndef TRI_NET_UDP_SOCKET_H
#define TRI_NET_UDP_SOCKET_H

#include "net_udp.h"

#include <netinet/in.h>
#include <sys/socket.h>

/* Messages a recvmmsg; with GRO each may be a run of datagrams of up to 64 KiB together. */
#define TRI_UDP_BATCH 16u
#define TRI_UDP_RUN_BYTES ((size_t)65536)

/* recvmmsg calls a turn: then other sockets have theirs. */
#define TRI_UDP_BATCHES_MAX 4

/* Asked of the kernel, which may give less: a burst of a whole window must fit. */
#define TRI_UDP_SOCKET_BYTES (4 * 1024 * 1024)

/* Ancillary data of a message, in or out: a packet info, a traffic class, a segment size. */
#define TRI_UDP_CONTROL_BYTES                                                                      \
    (CMSG_SPACE(sizeof(struct in6_pktinfo)) + 2 * CMSG_SPACE(sizeof(int)) + 32)

/* What recvmmsg fills: one a loop, because a socket is done with it before the next is looked at. */
struct tri_udp_batch {
    struct mmsghdr messages[TRI_UDP_BATCH];
    struct iovec vectors[TRI_UDP_BATCH];
    struct sockaddr_storage froms[TRI_UDP_BATCH];
    _Alignas(struct cmsghdr) uint8_t controls[TRI_UDP_BATCH][TRI_UDP_CONTROL_BYTES];
    uint8_t runs[TRI_UDP_BATCH][TRI_UDP_RUN_BYTES];
};

/* A run of datagrams with all that is needed to send it. |data| is borrowed. */
struct tri_udp_run {
    const struct tri_addr *local; /* len 0: the system chooses */
    const struct tri_addr *remote;
    uint8_t ecn;
    const uint8_t *data;
    size_t len;
    size_t segment;
};

/* The rest of a run that the socket did not take. */
struct tri_udp_kept {
    struct tri_addr local, remote;
    uint8_t ecn;
    size_t off, len, segment; /* off < len */
    uint8_t data[];
};

struct tri_udp {
    uv_poll_t poll;
    struct tri_loop *loop;
    int fd;       /* -1 when closed */
    int interest; /* UV_READABLE, UV_WRITABLE: what poll waits for */
    struct tri_addr addr;
    struct tri_addr remote; /* of one dialled, to which it is connected; else len is 0 */
    bool has_gso;
    const struct tri_udp_events *events;
    void *user;
    struct tri_udp_batch *batch; /* the loop's */
    struct tri_udp_kept *kept;   /* NULL: nothing is kept */
};

static inline bool tri_udp_is_dialled(const struct tri_udp *u)
{
    return u->remote.len > 0;
}

/* net_udp_recv.c: the socket is readable. */
void tri_udp_recv(struct tri_udp *u);

/* net_udp_send.c: sends |run|, cut down to what did not go when TRI_AGAIN is returned. */
enum tri_err tri_udp_send_run(struct tri_udp *u, struct tri_udp_run *run);

/* net_udp.c: waits for input, and for room if something is kept. */
void tri_udp_update_interest(struct tri_udp *u);

#endif
