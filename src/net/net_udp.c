/* The life of a UDP socket, and the run that waits for room. */
#include "net_udp.h"

#include "net_socket.h"
#include "net_turn.h"
#include "net_udp_socket.h"

#include <assert.h>
#include <errno.h>
#include <netinet/udp.h>
#include <string.h>
#include <unistd.h>

/* ---- options */

static bool set_int(int fd, int level, int option, int value)
{
    return setsockopt(fd, level, option, &value, sizeof value) == 0;
}

/* More than net.core.rmem_max is for privileged programs only; others get what there is. */
static void enlarge_buffers(int fd)
{
    if (!set_int(fd, SOL_SOCKET, SO_RCVBUFFORCE, TRI_UDP_SOCKET_BYTES)) {
        (void)set_int(fd, SOL_SOCKET, SO_RCVBUF, TRI_UDP_SOCKET_BYTES);
    }
    if (!set_int(fd, SOL_SOCKET, SO_SNDBUFFORCE, TRI_UDP_SOCKET_BYTES)) {
        (void)set_int(fd, SOL_SOCKET, SO_SNDBUF, TRI_UDP_SOCKET_BYTES);
    }
}

/*
 * The local address of a datagram must be known to answer from it. ECN and a fixed packet size are
 * wanted: RFC 9000 section 13.4 and 14 (datagrams are not fragmented).
 */
static bool set_options(int fd, int family)
{
    if (family == AF_INET) {
        (void)set_int(fd, IPPROTO_IP, IP_RECVTOS, 1);
        (void)set_int(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_PROBE);
        return set_int(fd, IPPROTO_IP, IP_PKTINFO, 1);
    }
    (void)set_int(fd, IPPROTO_IPV6, IPV6_RECVTCLASS, 1);
    (void)set_int(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_PROBE);
    return set_int(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
}

/* Kernels since 4.18 (GSO) and 5.0 (GRO); without them it is one system call a datagram more. */
static bool set_offload(int fd)
{
    int segment = 0;
    socklen_t len = sizeof segment;
    (void)set_int(fd, IPPROTO_UDP, UDP_GRO, 1);
    return getsockopt(fd, IPPROTO_UDP, UDP_SEGMENT, &segment, &len) == 0;
}

/* ---- events */

/* Sends what was kept. Whether there is room again. */
static bool send_kept(struct tri_udp *u)
{
    struct tri_udp_kept *k = &u->kept;
    struct tri_udp_run run = {
        .local = &k->local,
        .remote = &k->remote,
        .ecn = k->ecn,
        .data = k->data + k->off,
        .len = k->len - k->off,
        .segment = k->segment,
    };
    if (tri_udp_send_run(u, &run) == TRI_AGAIN) {
        k->off = k->len - run.len;
        return false;
    }
    k->off = 0;
    k->len = 0;
    return true;
}

static void take_event(uv_poll_t *poll, int status, int events)
{
    struct tri_udp *u = poll->data;
    tri_loop_begin(u->loop);
    if (status < 0) {
        /* An error of the network: recvmmsg takes it. libuv has stopped polling. */
        u->interest = 0;
        events = UV_READABLE;
    }
    if (events & UV_READABLE) {
        tri_udp_recv(u);
    }
    if ((events & UV_WRITABLE) && u->fd >= 0 && u->kept.len > 0 && send_kept(u)) {
        u->events->on_writable(u->user);
    }
    if (u->fd >= 0) {
        tri_udp_update_interest(u);
    }
}

void tri_udp_update_interest(struct tri_udp *u)
{
    int interest = UV_READABLE | (u->kept.len > 0 ? UV_WRITABLE : 0);
    if (interest != u->interest) {
        u->interest = interest;
        int failed = uv_poll_start(&u->poll, interest, take_event);
        assert(!failed);
    }
}

/* ---- opening and closing */

static enum tri_err open_socket(struct tri_udp *u, struct tri_addr *addr)
{
    enum tri_err err = tri_socket_open(&u->fd, addr->sa.sa_family, SOCK_DGRAM);
    if (err) {
        return err;
    }
    if (!set_options(u->fd, addr->sa.sa_family)) {
        err = TRI_ERR_IO;
    }
    if (!err) {
        enlarge_buffers(u->fd);
        u->has_gso = set_offload(u->fd);
        err = tri_socket_bind(u->fd, addr);
    }
    int failed = err ? 0 : uv_poll_init_socket(tri_loop_uv(u->loop), &u->poll, u->fd);
    if (failed) {
        errno = -failed;
        err = TRI_ERR_IO;
    }
    if (err) {
        tri_socket_close(u->fd);
    }
    return err;
}

enum tri_err tri_udp_open(struct tri_udp **out, struct tri_loop *loop, struct tri_addr *addr,
                          const struct tri_udp_events *events, void *user)
{
    assert(out && loop && addr && events && events->on_datagram && events->on_writable);
    *out = NULL;
    const struct tri_alloc *alloc = tri_loop_alloc(loop);
    struct tri_udp *u = tri_alloc_get(alloc, sizeof *u);
    if (!u) {
        return TRI_ERR_NOMEM;
    }
    memset(u, 0, offsetof(struct tri_udp, kept.data)); /* not the megabyte behind */
    u->loop = loop;
    u->events = events;
    u->user = user;
    u->poll.data = u;
    enum tri_err err = open_socket(u, addr);
    if (err) {
        tri_alloc_release(alloc, u);
        return err;
    }
    u->addr = *addr;
    tri_udp_update_interest(u);
    *out = u;
    return TRI_OK;
}

static void free_closed(uv_handle_t *handle)
{
    struct tri_udp *u = handle->data;
    tri_alloc_release(tri_loop_alloc(u->loop), u);
}

void tri_udp_close(struct tri_udp *u)
{
    if (!u) {
        return;
    }
    assert(u->fd >= 0);
    uv_close((uv_handle_t *)&u->poll, free_closed);
    close(u->fd);
    u->fd = -1;
}
