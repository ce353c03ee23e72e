/* See floor_udp.h. */
#include "floor_udp.h"

#include <errno.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define DATAGRAMS_MAX 32u
#define DATAGRAM_BYTES ((size_t)65536)
#define SOCKET_BYTES (8 << 20)

/* Values of Linux (linux/udp.h), which netinet/udp.h of an older libc lacks. */
#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef UDP_GRO
#define UDP_GRO 104
#endif

struct floor_udp {
    int fd;
    struct mmsghdr headers[DATAGRAMS_MAX];
    struct iovec pieces[DATAGRAMS_MAX];
    struct sockaddr_in from[DATAGRAMS_MAX];
    _Alignas(struct cmsghdr) uint8_t control[DATAGRAMS_MAX][CMSG_SPACE(sizeof(int))];
    uint8_t bytes[DATAGRAMS_MAX][DATAGRAM_BYTES];
};

/* The buffers of the socket are as large as the system lets them be. */
struct floor_udp *floor_udp_new(int fd)
{
    struct floor_udp *u = calloc(1, sizeof *u);
    int on = 1, bytes = SOCKET_BYTES, probe = IP_PMTUDISC_PROBE;
    if (!u) {
        floor_die("memory is short");
    }
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes) != 0) {
        (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
    }
    if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof bytes) != 0) {
        (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
    }
    (void)setsockopt(fd, IPPROTO_UDP, UDP_GRO, &on, sizeof on);
    (void)setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &probe, sizeof probe);
    u->fd = fd;
    return u;
}

/* ------------------------------------------------------------------------------------- receiving */

static void clear_headers(struct floor_udp *u)
{
    for (unsigned i = 0; i < DATAGRAMS_MAX; i++) {
        u->pieces[i] = (struct iovec){.iov_base = u->bytes[i], .iov_len = DATAGRAM_BYTES};
        u->headers[i].msg_hdr = (struct msghdr){.msg_name = &u->from[i],
                                                .msg_namelen = sizeof u->from[i],
                                                .msg_iov = &u->pieces[i],
                                                .msg_iovlen = 1,
                                                .msg_control = u->control[i],
                                                .msg_controllen = sizeof u->control[i]};
    }
}

/* How long the packets are that the system has put together; |len| if it is one. */
static size_t segment_of(struct msghdr *message, size_t len)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
        if (c->cmsg_level == IPPROTO_UDP && c->cmsg_type == UDP_GRO) {
            int segment = 0;
            memcpy(&segment, CMSG_DATA(c), sizeof segment);
            return segment > 0 ? (size_t)segment : len;
        }
    }
    return len;
}

bool floor_udp_receive(struct floor_udp *u, floor_udp_packet_fn *on_packet, void *user)
{
    clear_headers(u);
    int count = recvmmsg(u->fd, u->headers, DATAGRAMS_MAX, MSG_DONTWAIT, NULL);
    for (int i = 0; i < count; i++) {
        const size_t len = u->headers[i].msg_len;
        const size_t segment = segment_of(&u->headers[i].msg_hdr, len);
        for (size_t at = 0; at < len; at += segment) {
            on_packet(user, u->bytes[i] + at, len - at < segment ? len - at : segment, &u->from[i]);
        }
    }
    return count == (int)DATAGRAMS_MAX;
}

/* --------------------------------------------------------------------------------------- sending */

/* NOLINTNEXTLINE(readability-non-const-parameter): an iovec takes no const. */
bool floor_udp_send(const struct floor_udp *u, struct sockaddr_in *to, uint8_t *data, size_t len,
                    size_t segment)
{
    _Alignas(struct cmsghdr) uint8_t control[CMSG_SPACE(sizeof(uint16_t))] = {0};
    struct iovec piece = {.iov_base = data, .iov_len = len};
    struct msghdr message = {
        .msg_name = to, .msg_namelen = sizeof *to, .msg_iov = &piece, .msg_iovlen = 1};
    if (segment > 0 && segment < len) {
        const uint16_t size = (uint16_t)segment;
        message.msg_control = control;
        message.msg_controllen = sizeof control;
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = IPPROTO_UDP;
        header->cmsg_type = UDP_SEGMENT;
        header->cmsg_len = CMSG_LEN(sizeof size);
        memcpy(CMSG_DATA(header), &size, sizeof size);
    }
    return sendmsg(u->fd, &message, 0) >= 0 || (errno != EAGAIN && errno != ENOBUFS);
}
