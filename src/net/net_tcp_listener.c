/* TCP listeners: bound, accepting a bounded number a turn, pausing when the system is short. */
#include "net_tcp.h"

#include "net_socket.h"
#include "net_tcp_conn.h"

#include <assert.h>
#include <errno.h>
#include <unistd.h>

/* The kernel cuts it to net.core.somaxconn. */
#define BACKLOG 4096

/* Connections a turn: a flood of them must not keep those that are served waiting. */
#define ACCEPTS_MAX 64

/* Without descriptors or memory, accept fails at once and poll reports at once: wait a little. */
#define STALL_MS ((uint64_t)100)

struct tri_tcp_listener {
    uv_poll_t poll;
    struct tri_loop *loop;
    int fd; /* -1 when closed */
    struct tri_tcp_accept accept;
    struct tri_loop_timer stall;
};

static void take_connection(struct tri_tcp_listener *l, int fd, const struct tri_addr *remote)
{
    struct tri_tcp *t =
        tri_tcp_new(l->loop, fd, remote, &(struct tri_tcp_tls){.server = l->accept.tls});
    if (!t) {
        return;
    }
    const struct tri_tcp_events *events = NULL;
    uint64_t timeout_ms = l->accept.handshake_timeout_ms;
    void *user = l->accept.on_accept(l->accept.owner, t, &events);
    if (!user) {
        tri_tcp_drop(t);
        return;
    }
    tri_tcp_start(t, events, user, timeout_ms);
}

/* Whether accept may be tried again at once. */
static bool handle_error(struct tri_tcp_listener *l, int error)
{
    switch (error) {
    case EAGAIN:
        return false;
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
        (void)uv_poll_stop(&l->poll);
        tri_loop_timer_after(l->loop, &l->stall, STALL_MS);
        if (l->accept.on_stall) {
            l->accept.on_stall(l->accept.owner, error);
        }
        return false;
    default:
        return true; /* that connection has gone already: accept(2) on Linux tells its errors */
    }
}

static void accept_ready(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    struct tri_tcp_listener *l = poll->data;
    tri_loop_begin(l->loop);
    for (int i = 0; i < ACCEPTS_MAX && l->fd >= 0; i++) {
        struct sockaddr_storage from;
        socklen_t from_len = sizeof from;
        struct tri_addr remote = {0};
        int fd = accept4(l->fd, (struct sockaddr *)&from, &from_len, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) {
            if (!handle_error(l, errno)) {
                return;
            }
        } else if (tri_addr_from_sockaddr(&remote, (struct sockaddr *)&from, from_len)) {
            close(fd);
        } else {
            take_connection(l, fd, &remote);
        }
    }
}

void tri_tcp_listener_handshake_timeout(struct tri_tcp_listener *l, uint64_t timeout_ms)
{
    l->accept.handshake_timeout_ms = timeout_ms;
}

static void start_accepting(struct tri_tcp_listener *l)
{
    int failed = uv_poll_start(&l->poll, UV_READABLE, accept_ready);
    assert(!failed);
}

static void end_stall(struct tri_loop_timer *timer, uint64_t now_ns)
{
    (void)now_ns;
    start_accepting(TRI_CONTAINER_OF(timer, struct tri_tcp_listener, stall));
}

static enum tri_err open_socket(int *out, struct tri_addr *addr)
{
    int fd = -1;
    enum tri_err err = tri_socket_open(&fd, addr->sa.sa_family, SOCK_STREAM);
    if (err) {
        return err;
    }
    /* Connections of an earlier run in TIME_WAIT do not keep the port; a second listener fails. */
    const int on = 1;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0) {
        err = TRI_ERR_IO;
    }
    if (!err) {
        err = tri_socket_bind(fd, addr);
    }
    if (!err && listen(fd, BACKLOG) != 0) {
        err = errno == EADDRINUSE ? TRI_ERR_INUSE : TRI_ERR_IO;
    }
    if (err) {
        tri_socket_close(fd);
        return err;
    }
    *out = fd;
    return TRI_OK;
}

static enum tri_err open_polled(struct tri_tcp_listener *l, struct tri_addr *addr)
{
    enum tri_err err = open_socket(&l->fd, addr);
    if (err) {
        return err;
    }
    int failed = uv_poll_init_socket(tri_loop_uv(l->loop), &l->poll, l->fd);
    if (failed) {
        close(l->fd);
        errno = -failed;
        return TRI_ERR_IO;
    }
    return TRI_OK;
}

enum tri_err tri_tcp_listen(struct tri_tcp_listener **out, struct tri_loop *loop,
                            struct tri_addr *addr, const struct tri_tcp_accept *accept)
{
    assert(out && loop && addr && accept && accept->on_accept);
    *out = NULL;
    const struct tri_alloc *alloc = tri_loop_alloc(loop);
    struct tri_tcp_listener *l = tri_alloc_zero(alloc, sizeof *l);
    if (!l) {
        return TRI_ERR_NOMEM;
    }
    l->loop = loop;
    l->accept = *accept;
    l->poll.data = l;
    enum tri_err err = tri_loop_timer_init(loop, &l->stall, end_stall);
    if (!err) {
        err = open_polled(l, addr);
        if (err) {
            tri_loop_timer_deinit(loop, &l->stall);
        }
    }
    if (err) {
        tri_alloc_release(alloc, l);
        return err;
    }
    start_accepting(l);
    *out = l;
    return TRI_OK;
}

static void free_closed(uv_handle_t *handle)
{
    struct tri_tcp_listener *l = handle->data;
    tri_alloc_release(tri_loop_alloc(l->loop), l);
}

void tri_tcp_listener_close(struct tri_tcp_listener *l)
{
    if (!l) {
        return;
    }
    assert(l->fd >= 0);
    tri_loop_timer_deinit(l->loop, &l->stall);
    uv_close((uv_handle_t *)&l->poll, free_closed);
    close(l->fd);
    l->fd = -1;
}
