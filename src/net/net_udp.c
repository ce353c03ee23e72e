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
 * The local address of a datagram must be known to answer from it; one that is connected has one. ECN and a fixed packet size are
 * wanted: RFC 9000 section 13.4 and 14 (datagrams are not fragmented).
 */
static bool set_options(int fd, int family, bool is_dialled)
{
    if (family == AF_INET) {
        (void)set_int(fd, IPPROTO_IP, IP_RECVTOS, 1);
        (void)set_int(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_PROBE);
        return is_dialled || set_int(fd, IPPROTO_IP, IP_PKTINFO, 1);
    }
    (void)set_int(fd, IPPROTO_IPV6, IPV6_RECVTCLASS, 1);
    (void)set_int(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_PROBE);
    return is_dialled || set_int(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
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
    struct tri_udp_kept *k = u->kept;
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
    tri_alloc_release(tri_loop_alloc(u->loop), k);
    u->kept = NULL;
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
    if ((events & UV_WRITABLE) && u->fd >= 0 && u->kept && send_kept(u)) {
        u->events->on_writable(u->user);
    }
    if (u->fd >= 0) {
        tri_udp_update_interest(u);
    }
}

void tri_udp_update_interest(struct tri_udp *u)
{
    int interest = UV_READABLE | (u->kept ? UV_WRITABLE : 0);
    if (interest != u->interest) {
        u->interest = interest;
        int failed = uv_poll_start(&u->poll, interest, take_event);
        assert(!failed);
    }
}

/* ---- opening and closing */

/* Binds it to |addr| or, if it was dialled, connects it. |addr| gets what it is bound to. */
static enum tri_err settle(const struct tri_udp *u, struct tri_addr *addr)
{
    if (!tri_udp_is_dialled(u)) {
        return tri_socket_bind(u->fd, addr);
    }
    struct sockaddr_storage bound;
    socklen_t bound_len = sizeof bound;
    bool good = connect(u->fd, &u->remote.sa, u->remote.len) == 0 &&
                getsockname(u->fd, (struct sockaddr *)&bound, &bound_len) == 0 &&
                tri_addr_from_sockaddr(addr, (struct sockaddr *)&bound, bound_len) == TRI_OK;
    return good ? TRI_OK : TRI_ERR_IO;
}

static enum tri_err open_socket(struct tri_udp *u, int family, struct tri_addr *addr)
{
    enum tri_err err = tri_socket_open(&u->fd, family, SOCK_DGRAM);
    if (err) {
        return err;
    }
    if (!set_options(u->fd, family, tri_udp_is_dialled(u))) {
        err = TRI_ERR_IO;
    }
    if (!err) {
        enlarge_buffers(u->fd);
        u->has_gso = set_offload(u->fd);
        err = settle(u, addr);
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

static struct tri_udp *make(struct tri_loop *loop, const struct tri_udp_events *events, void *user)
{
    struct tri_udp_batch *batch = tri_loop_large_scratch(loop, sizeof *batch);
    struct tri_udp *u = batch ? tri_alloc_zero(tri_loop_alloc(loop), sizeof *u) : NULL;
    if (u) {
        u->loop = loop;
        u->batch = batch;
        u->events = events;
        u->user = user;
        u->poll.data = u;
    }
    return u;
}

/* Takes |u|. |addr| as in settle. */
static enum tri_err finish_opening(struct tri_udp **out, struct tri_udp *u, int family,
                                   struct tri_addr *addr)
{
    enum tri_err err = open_socket(u, family, addr);
    if (err) {
        int kept = errno;
        tri_alloc_release(tri_loop_alloc(u->loop), u);
        errno = kept;
        return err;
    }
    u->addr = *addr;
    tri_udp_update_interest(u);
    *out = u;
    return TRI_OK;
}

enum tri_err tri_udp_open(struct tri_udp **out, struct tri_loop *loop, struct tri_addr *addr,
                          const struct tri_udp_events *events, void *user)
{
    assert(out && loop && addr && events && events->on_datagram && events->on_writable);
    *out = NULL;
    struct tri_udp *u = make(loop, events, user);
    return u ? finish_opening(out, u, addr->sa.sa_family, addr) : TRI_ERR_NOMEM;
}

enum tri_err tri_udp_dial(struct tri_udp **out, struct tri_loop *loop,
                          const struct tri_addr *remote, const struct tri_udp_events *events,
                          void *user)
{
    assert(out && loop && remote && remote->len > 0 && events);
    assert(events->on_datagram && events->on_writable);
    *out = NULL;
    struct tri_addr local = {0};
    struct tri_udp *u = make(loop, events, user);
    if (!u) {
        return TRI_ERR_NOMEM;
    }
    u->remote = *remote;
    return finish_opening(out, u, remote->sa.sa_family, &local);
}

const struct tri_addr *tri_udp_local(const struct tri_udp *u)
{
    assert(u);
    return &u->addr;
}

static void free_closed(uv_handle_t *handle)
{
    struct tri_udp *u = handle->data;
    const struct tri_alloc *alloc = tri_loop_alloc(u->loop);
    tri_alloc_release(alloc, u->kept);
    tri_alloc_release(alloc, u);
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
