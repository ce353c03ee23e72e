/* See floor_tcp.h. */
#include "floor_tcp.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define EVENTS_MAX 512
#define IN_MAX ((size_t)(256 * 1024))
#define RECORD_MAX ((size_t)16384)
#define PLAIN_MAX (4 * RECORD_MAX) /* then whole records are sealed, while it is in the caches */

/* ------------------------------------------------------------------------------------------ TLS */

static int take_received(WOLFSSL *ssl, char *out, int max, void *user)
{
    struct floor_tcp *t = user;
    size_t len = t->in_len - t->in_at;
    if (len == 0) {
        return WOLFSSL_CBIO_ERR_WANT_READ;
    }
    len = len < (size_t)max ? len : (size_t)max;
    memcpy(out, t->in + t->in_at, len);
    t->in_at += len;
    return (int)len;
}

static int keep_sealed(WOLFSSL *ssl, char *data, int len, void *user)
{
    struct floor_tcp *t = user;
    floor_bytes_append(&t->sealed, data, (size_t)len);
    return len;
}

bool floor_tcp_seal(struct floor_tcp_conn *conn, const void *data, size_t len)
{
    return len == 0 || wolfSSL_write(conn->ssl, data, (int)len) == (int)len;
}

bool floor_tcp_write(struct floor_tcp_conn *conn, const void *data, size_t len)
{
    struct floor_bytes **plain = &conn->server->plain;
    floor_bytes_append(plain, data, len);
    const size_t whole = (*plain)->len - (*plain)->len % RECORD_MAX;
    if (whole < PLAIN_MAX) {
        return true;
    }
    bool is_sealed = floor_tcp_seal(conn, (*plain)->data, whole);
    floor_bytes_drop(*plain, whole);
    return is_sealed;
}

static bool shake_hands(struct floor_tcp_conn *c)
{
    int result = wolfSSL_accept(c->ssl);
    if (result != WOLFSSL_SUCCESS) {
        return wolfSSL_get_error(c->ssl, result) == WOLFSSL_ERROR_WANT_READ;
    }
    wolfSSL_FreeHandshakeResources(c->ssl);
    c->is_open = true;
    return c->server->calls->on_open(c);
}

static bool read_records(struct floor_tcp_conn *c)
{
    struct floor_tcp *t = c->server;
    for (;;) {
        int len = wolfSSL_read(c->ssl, t->opened, (int)RECORD_MAX);
        if (len <= 0) {
            return wolfSSL_get_error(c->ssl, len) == WOLFSSL_ERROR_WANT_READ;
        }
        if (!t->calls->on_data(c, t->opened, (size_t)len)) {
            return false;
        }
    }
}

/* -------------------------------------------------------------------------------------- sending */

static void wait_for(struct floor_tcp_conn *c, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = c};
    (void)epoll_ctl(c->server->epoll, EPOLL_CTL_MOD, c->fd, &event);
}

/* Sends |data|; |*sent| is as much as the socket took. False: the connection is gone. */
static bool try_send(struct floor_tcp_conn *c, const uint8_t *data, size_t len, size_t *sent)
{
    ssize_t result = len > 0 ? send(c->fd, data, len, MSG_NOSIGNAL) : 0;
    *sent = result > 0 ? (size_t)result : 0;
    return result >= 0 || errno == EAGAIN;
}

static bool send_sealed(struct floor_tcp_conn *c)
{
    struct floor_bytes *sealed = c->server->sealed;
    size_t sent = 0;
    if (!try_send(c, sealed->data, sealed->len, &sent)) {
        return false;
    }
    if (sent < sealed->len) {
        floor_bytes_append(&c->unsent, sealed->data + sent, sealed->len - sent);
        c->unsent_at = 0;
        wait_for(c, EPOLLOUT);
    }
    return true;
}

/* Writes what the protocol has to say, and sends it. */
static bool end_turn(struct floor_tcp_conn *c)
{
    struct floor_tcp *t = c->server;
    bool goes_on = !c->is_open || t->calls->on_turn(c);
    goes_on = floor_tcp_seal(c, t->plain->data, t->plain->len) && goes_on;
    if (!goes_on) {
        (void)wolfSSL_shutdown(c->ssl);
    }
    return send_sealed(c) && goes_on;
}

/* ------------------------------------------------------------------------------------------ turn */

static void clear_buffers(struct floor_tcp *t)
{
    t->in_len = t->in_at = 0;
    t->plain->len = t->sealed->len = 0;
}

static bool on_readable(struct floor_tcp_conn *c)
{
    struct floor_tcp *t = c->server;
    ssize_t got = recv(c->fd, t->in, IN_MAX, 0);
    if (got <= 0) {
        return got < 0 && errno == EAGAIN;
    }
    t->in_len = (size_t)got;
    bool is_well = (c->is_open || shake_hands(c)) && (!c->is_open || read_records(c));
    return end_turn(c) && is_well;
}

static bool on_writable(struct floor_tcp_conn *c)
{
    size_t sent = 0;
    bool is_well =
        try_send(c, c->unsent->data + c->unsent_at, c->unsent->len - c->unsent_at, &sent);
    c->unsent_at += sent;
    if (!is_well || c->unsent_at < c->unsent->len) {
        return is_well;
    }
    free(c->unsent);
    c->unsent = NULL;
    wait_for(c, EPOLLIN);
    return end_turn(c);
}

static void drop(struct floor_tcp_conn *c)
{
    if (c->is_open) {
        c->server->calls->on_end(c);
    }
    (void)close(c->fd);
    wolfSSL_free(c->ssl);
    free(c->unsent);
    free(c);
}

static void run_turn(struct floor_tcp_conn *c)
{
    clear_buffers(c->server);
    if (!(c->unsent ? on_writable(c) : on_readable(c))) {
        drop(c);
    }
}

/* -------------------------------------------------------------------------------------- server */

static void add_conn(struct floor_tcp *t, int fd)
{
    int on = 1;
    struct floor_tcp_conn *c = calloc(1, t->calls->conn_size);
    WOLFSSL *ssl = wolfSSL_new(t->ctx);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
    char alpn[16] = "";
    if (!c || !ssl) {
        floor_die("memory is short");
    }
    memcpy(alpn, t->calls->alpn, strlen(t->calls->alpn));
    *c = (struct floor_tcp_conn){.server = t, .ssl = ssl, .fd = fd};
    /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): epoll has |c|. */
    wolfSSL_SetIOReadCtx(ssl, t);
    wolfSSL_SetIOWriteCtx(ssl, t);
    (void)wolfSSL_UseALPN(ssl, alpn, (unsigned)strlen(alpn), WOLFSSL_ALPN_FAILED_ON_MISMATCH);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    (void)epoll_ctl(t->epoll, EPOLL_CTL_ADD, fd, &event);
}

static void accept_all(struct floor_tcp *t)
{
    for (int fd; (fd = accept4(t->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0;) {
        add_conn(t, fd);
    }
}

static void prepare(struct floor_tcp *t, struct floor_options *o)
{
    t->ctx = floor_tls_new(o);
    wolfSSL_CTX_SetIORecv(t->ctx, take_received);
    wolfSSL_CTX_SetIOSend(t->ctx, keep_sealed);
    t->in = malloc(IN_MAX);
    t->opened = malloc(RECORD_MAX);
    if (!t->in || !t->opened) {
        floor_die("memory is short");
    }
    floor_bytes_reserve(&t->plain, PLAIN_MAX + 2 * RECORD_MAX);
    floor_bytes_reserve(&t->sealed, PLAIN_MAX);
    t->listener = floor_bind(o, SOCK_STREAM);
    t->epoll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN};
    if (listen(t->listener, SOMAXCONN) != 0 || t->epoll < 0 ||
        epoll_ctl(t->epoll, EPOLL_CTL_ADD, t->listener, &event) != 0) {
        floor_die("cannot listen");
    }
}

_Noreturn void floor_tcp_run(struct floor_tcp *t, struct floor_options *o,
                             const struct floor_tcp_calls *calls)
{
    struct epoll_event events[EVENTS_MAX];
    t->calls = calls;
    prepare(t, o);
    floor_say_ready(o);
    for (;;) {
        int len = epoll_wait(t->epoll, events, EVENTS_MAX, -1);
        for (int i = 0; i < len; i++) {
            if (events[i].data.ptr) {
                run_turn(events[i].data.ptr);
            } else {
                accept_all(t);
            }
        }
    }
}
