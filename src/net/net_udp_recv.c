/* Datagrams in: a batch a system call, each message taken apart into the datagrams it ran from. */
#include "net_turn.h"
#include "net_udp_socket.h"

#include <assert.h>
#include <errno.h>
#include <netinet/udp.h>
#include <string.h>

/* What the kernel told beside the bytes. */
struct arrival {
    struct tri_addr local, remote;
    uint8_t ecn;
    size_t segment; /* bytes of each datagram but the last; 0: it is a single one */
};

static void prepare_batch(struct tri_udp_batch *b, bool is_dialled)
{
    for (size_t i = 0; i < TRI_UDP_BATCH; i++) {
        b->vectors[i] = (struct iovec){.iov_base = b->runs[i], .iov_len = sizeof b->runs[i]};
        b->messages[i] = (struct mmsghdr){
            .msg_hdr =
                {
                    .msg_name = is_dialled ? NULL : &b->froms[i], /* known */
                    .msg_namelen = is_dialled ? 0 : sizeof b->froms[i],
                    .msg_iov = &b->vectors[i],
                    .msg_iovlen = 1,
                    .msg_control = b->controls[i],
                    .msg_controllen = sizeof b->controls[i],
                },
        };
    }
}

static int read_int(const struct cmsghdr *c)
{
    int value = 0;
    if (c->cmsg_len >= CMSG_LEN(sizeof value)) {
        memcpy(&value, CMSG_DATA(c), sizeof value);
    } else if (c->cmsg_len >= CMSG_LEN(1)) {
        value = *CMSG_DATA(c); /* IP_TOS comes as one byte */
    }
    return value;
}

static void read_pktinfo4(struct arrival *a, const struct cmsghdr *c)
{
    struct in_pktinfo info;
    if (c->cmsg_len >= CMSG_LEN(sizeof info)) {
        memcpy(&info, CMSG_DATA(c), sizeof info);
        a->local.in.sin_addr = info.ipi_spec_dst; /* ours, also if it was sent to a broadcast */
    }
}

static void read_pktinfo6(struct arrival *a, const struct cmsghdr *c)
{
    struct in6_pktinfo info;
    if (c->cmsg_len >= CMSG_LEN(sizeof info)) {
        memcpy(&info, CMSG_DATA(c), sizeof info);
        a->local.in6.sin6_addr = info.ipi6_addr;
        a->local.in6.sin6_scope_id = IN6_IS_ADDR_LINKLOCAL(&info.ipi6_addr) ? info.ipi6_ifindex : 0;
    }
}

static void read_control(struct arrival *a, const struct cmsghdr *c)
{
    if (c->cmsg_level == IPPROTO_UDP && c->cmsg_type == UDP_GRO) {
        int segment = read_int(c);
        a->segment = segment > 0 ? (size_t)segment : 0;
    } else if ((c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_TOS) ||
               (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_TCLASS)) {
        a->ecn = (uint8_t)(read_int(c) & 3); /* RFC 3168 section 5 */
    } else if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
        read_pktinfo4(a, c);
    } else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
        read_pktinfo6(a, c);
    }
}

static bool read_arrival(const struct tri_udp *u, struct msghdr *header, struct arrival *out)
{
    /* The port, and the address if it is a fixed one. */
    *out = (struct arrival){.local = u->addr, .remote = u->remote};
    if (!tri_udp_is_dialled(u) &&
        tri_addr_from_sockaddr(&out->remote, header->msg_name, header->msg_namelen) != TRI_OK) {
        return false;
    }
    for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c; c = CMSG_NXTHDR(header, c)) {
        read_control(out, c);
    }
    return true;
}

static void tell_datagrams(struct tri_udp *u, struct mmsghdr *message)
{
    struct arrival a;
    if ((message->msg_hdr.msg_flags & MSG_TRUNC) || !read_arrival(u, &message->msg_hdr, &a)) {
        return;
    }
    const uint8_t *data = message->msg_hdr.msg_iov->iov_base;
    size_t len = message->msg_len;
    while (len > 0 && u->fd >= 0) {
        size_t part = a.segment > 0 && a.segment < len ? a.segment : len;
        u->events->on_datagram(u->user, &a.local, &a.remote, a.ecn, data, part);
        data += part;
        len -= part;
    }
}

/* Other errors, of the size of a packet say, are for nobody's eyes. One that listens meets none. */
static void tell_error(struct tri_udp *u, int error)
{
    bool is_refusal = error == ECONNREFUSED || error == EHOSTUNREACH || error == ENETUNREACH ||
                      error == ENETDOWN || error == EACCES || error == EPERM;
    if (is_refusal && u->events->on_refused) {
        u->events->on_refused(u->user, error);
    }
}

void tri_udp_recv(struct tri_udp *u)
{
    struct tri_udp_batch *b = u->batch;
    for (int round = 0; round < TRI_UDP_BATCHES_MAX && u->fd >= 0; round++) {
        prepare_batch(b, tri_udp_is_dialled(u));
        int got = recvmmsg(u->fd, b->messages, TRI_UDP_BATCH, 0, NULL);
        if (got <= 0) {
            tell_error(u, got < 0 ? errno : 0); /* mostly EAGAIN: empty */
            return;
        }
        tri_loop_note_input(u->loop);
        for (int i = 0; i < got && u->fd >= 0; i++) {
            tell_datagrams(u, &b->messages[i]);
        }
        if ((unsigned)got < TRI_UDP_BATCH) {
            return;
        }
    }
}
