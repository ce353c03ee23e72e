/*
 * Datagrams out: a run a system call where the kernel cuts it into datagrams (GSO), else one each.
 * A datagram that the network refuses is lost, as any other may be on its way.
 */
#include "net_turn.h"
#include "net_udp_socket.h"

#include <assert.h>
#include <errno.h>
#include <netinet/udp.h>
#include <string.h>

/* The kernel's UDP_MAX_SEGMENTS of old, and what fits an IPv4 packet with the longest header. */
#define SEGMENTS_MAX ((size_t)64)
#define RUN_BYTES_MAX ((size_t)(65535 - 60 - 8))

static void add_control(struct msghdr *header, int level, int type, const void *value, size_t len)
{
    size_t at = header->msg_controllen;
    assert(at + CMSG_SPACE(len) <= TRI_UDP_CONTROL_BYTES);
    struct cmsghdr head = {.cmsg_len = CMSG_LEN(len), .cmsg_level = level, .cmsg_type = type};
    uint8_t *place = (uint8_t *)header->msg_control + at;
    memset(place, 0, CMSG_SPACE(len));
    memcpy(place, &head, sizeof head);
    memcpy(place + CMSG_LEN(0), value, len);
    header->msg_controllen = at + CMSG_SPACE(len);
}

static void add_local(struct msghdr *header, const struct tri_addr *local)
{
    if (local->len == 0) {
        return;
    }
    if (local->sa.sa_family == AF_INET) {
        const struct in_pktinfo info = {.ipi_spec_dst = local->in.sin_addr};
        add_control(header, IPPROTO_IP, IP_PKTINFO, &info, sizeof info);
    } else {
        const struct in6_pktinfo info = {.ipi6_addr = local->in6.sin6_addr,
                                         .ipi6_ifindex = local->in6.sin6_scope_id};
        add_control(header, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof info);
    }
}

static void add_ecn(struct msghdr *header, int family, uint8_t ecn)
{
    const int class = ecn & 3;
    if (class == 0) {
        return;
    }
    if (family == AF_INET) {
        add_control(header, IPPROTO_IP, IP_TOS, &class, sizeof class);
    } else {
        add_control(header, IPPROTO_IPV6, IPV6_TCLASS, &class, sizeof class);
    }
}

/* One system call for the first |len| bytes of |run|. 0, or the errno. */
static int send_once(const struct tri_udp *u, const struct tri_udp_run *run, size_t len)
{
    _Alignas(struct cmsghdr) uint8_t control[TRI_UDP_CONTROL_BYTES];
    union {
        const void *lent;
        void *wanted; /* sendmsg does not write through it */
    } data = {.lent = run->data}, name = {.lent = &run->remote->sa};
    struct iovec vector = {.iov_base = data.wanted, .iov_len = len};
    bool is_dialled = tri_udp_is_dialled(u); /* then the kernel knows both addresses */
    struct msghdr header = {
        .msg_name = is_dialled ? NULL : name.wanted,
        .msg_namelen = is_dialled ? 0 : run->remote->len,
        .msg_iov = &vector,
        .msg_iovlen = 1,
        .msg_control = control,
    };
    if (!is_dialled) {
        add_local(&header, run->local);
    }
    add_ecn(&header, run->remote->sa.sa_family, run->ecn);
    if (len > run->segment) {
        const uint16_t segment = (uint16_t)run->segment;
        add_control(&header, IPPROTO_UDP, UDP_SEGMENT, &segment, sizeof segment);
    }
    if (header.msg_controllen == 0) {
        header.msg_control = NULL;
    }
    bool is_told = false;
    while (sendmsg(u->fd, &header, MSG_NOSIGNAL) < 0) {
        /* What ICMP said of an earlier datagram: this one is still to go, and to be refused anew, which
         * receiving will tell. */
        bool is_old = errno == ECONNREFUSED && is_dialled && !is_told;
        is_told = is_told || is_old;
        if (errno != EINTR && !is_old) {
            return errno;
        }
    }
    return 0;
}

/* How much of |run| the next call may take. */
static size_t choose_part(const struct tri_udp_run *run, bool is_gso)
{
    size_t segments = is_gso ? RUN_BYTES_MAX / run->segment : 1;
    segments = segments < SEGMENTS_MAX ? segments : SEGMENTS_MAX;
    segments = segments > 0 ? segments : 1;
    size_t part = segments * run->segment;
    return part < run->len ? part : run->len;
}

enum tri_err tri_udp_send_run(struct tri_udp *u, struct tri_udp_run *run)
{
    bool is_gso = u->has_gso;
    while (run->len > 0) {
        size_t part = choose_part(run, is_gso);
        int error = send_once(u, run, part);
        if (error == EAGAIN || error == EWOULDBLOCK) {
            return TRI_AGAIN;
        }
        if (part > run->segment && (error == EIO || error == EINVAL)) {
            /* EIO: the interface cannot do it. EINVAL: segments larger than its packets; sent one
             * by one, some of them may get through. */
            is_gso = false;
            u->has_gso = u->has_gso && error != EIO;
            continue;
        }
        run->data += part;
        run->len -= part;
    }
    return TRI_OK;
}

/* Whether there was memory for it; if not, it is lost. */
static bool keep(struct tri_udp *u, const struct tri_udp_run *rest)
{
    assert(rest->len > 0 && rest->len <= TRI_UDP_RUN_BYTES);
    struct tri_udp_kept *k = tri_alloc_get(tri_loop_alloc(u->loop), sizeof *k + rest->len);
    if (!k) {
        return false;
    }
    *k = (struct tri_udp_kept){
        .local = *rest->local,
        .remote = *rest->remote,
        .ecn = rest->ecn,
        .len = rest->len,
        .segment = rest->segment,
    };
    memcpy(k->data, rest->data, rest->len);
    u->kept = k;
    tri_udp_update_interest(u);
    return true;
}

/* A datagram's path and mark are told by each caller anew, so they are parameters.
 * NOLINTNEXTLINE(readability-function-size) */
enum tri_err tri_udp_send(struct tri_udp *u, const struct tri_addr *local,
                          const struct tri_addr *remote, uint8_t ecn, const uint8_t *data,
                          size_t len, size_t segment)
{
    static const struct tri_addr any = {0};
    assert(u && remote && remote->len > 0 && data);
    assert(len > 0 && len <= TRI_UDP_RUN_BYTES && segment > 0 && segment <= RUN_BYTES_MAX);
    assert(!u->kept); /* wait for on_writable after TRI_AGAIN */
    struct tri_udp_run run = {
        .local = local ? local : &any,
        .remote = remote,
        .ecn = ecn,
        .data = data,
        .len = len,
        .segment = segment,
    };
    enum tri_err err = tri_udp_send_run(u, &run);
    return err == TRI_AGAIN && !keep(u, &run) ? TRI_OK : err;
}
