/* See tcp_world.h. */
#include "tcp_world.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define BYTES_MAX ((size_t)(256 * 1024 * 1024))
#define PATIENCE_MS 20000

static void act(struct tcp_conn *c, enum tcp_world_act what)
{
    switch (what) {
    case ACT_CLOSE:
        c->ended = true;
        tri_tcp_close(c->tcp, c->world->linger_ms);
        break;
    case ACT_ABORT:
        c->ended = true;
        tri_tcp_abort(c->tcp);
        break;
    case ACT_HOLD_BACK:
        tri_tcp_read(c->tcp, false);
        break;
    case ACT_ECHO:
    case ACT_NONE:
        break;
    }
}

static void take_ready(void *user, const char *alpn)
{
    struct tcp_conn *c = user;
    assert(!c->ready && !c->closed && !c->ended);
    c->ready = true;
    (void)snprintf(c->alpn, sizeof c->alpn, "%s", alpn);
    act(c, c->world->on_ready);
}

static void take_data(void *user, const uint8_t *data, size_t len)
{
    struct tcp_conn *c = user;
    assert(c->ready && !c->closed && !c->ended && !c->eof && len > 0);
    enum tri_err err = tri_buf_append(&c->in, data, len);
    assert(err == TRI_OK);
    if (c->world->on_data == ACT_ECHO) {
        tcp_conn_send(c, data, len);
    }
    act(c, c->world->on_data);
}

static void take_eof(void *user, bool orderly)
{
    struct tcp_conn *c = user;
    assert(c->ready && !c->closed && !c->ended && !c->eof);
    c->eof = true;
    c->orderly = orderly;
    act(c, c->world->on_eof);
}

static size_t pull(void *user, struct tri_slice *out, size_t max)
{
    struct tcp_conn *c = user;
    assert(c->ready && !c->closed && !c->ended && max >= 16);
    tri_buf_consume(&c->out, c->pulled);
    c->pulled = 0;
    struct tri_slice held = tri_buf_peek(&c->out);
    size_t piece = c->world->piece ? c->world->piece : held.len;
    size_t count = 0;
    while (held.len > 0 && count < max) {
        size_t len = held.len < piece ? held.len : piece;
        out[count++] = tri_slice_of(held.data, len);
        held.data += len;
        held.len -= len;
        c->pulled += len;
    }
    c->pulled_total += c->pulled;
    act(c, c->world->in_pull);
    return count;
}

static void take_closed(void *user, enum tri_tcp_end end)
{
    struct tcp_conn *c = user;
    assert(!c->closed);
    c->closed = true;
    c->end = end;
    (void)snprintf(c->error_text, sizeof c->error_text, "%s", tri_tcp_error_text(c->tcp));
    c->tcp = NULL;
}

static const struct tri_tcp_events tcp_events = {
    .on_ready = take_ready,
    .on_data = take_data,
    .on_eof = take_eof,
    .pull = pull,
    .on_closed = take_closed,
};

static void *accept_conn(void *owner, struct tri_tcp *tcp, const struct tri_tcp_events **events)
{
    struct tcp_world *w = owner;
    if (w->close_listener) {
        tri_tcp_listener_close(w->listener);
        w->listener = NULL;
    }
    if (w->refuse) {
        return NULL;
    }
    assert(w->conns_len < TCP_WORLD_CONNS_MAX);
    assert(tri_tcp_remote(tcp)->len > 0);
    struct tcp_conn *c = &w->conns[w->conns_len++];
    *c = (struct tcp_conn){.world = w, .tcp = tcp};
    tri_buf_init(&c->in, tri_alloc_heap(), BYTES_MAX);
    tri_buf_init(&c->out, tri_alloc_heap(), BYTES_MAX);
    *events = &tcp_events;
    act(c, w->on_accept);
    return c;
}

static void take_stall(void *owner, int error)
{
    struct tcp_world *w = owner;
    w->stalls++;
    w->stall_error = error;
}

static void end_turn(void *user, uint64_t now_ns)
{
    (void)now_ns;
    struct tcp_world *w = user;
    w->turns++;
    for (size_t i = 0; i < w->conns_len; i++) {
        struct tcp_conn *c = &w->conns[i];
        if (c->dirty && c->tcp) {
            c->dirty = false;
            tri_tcp_flush(c->tcp);
        }
    }
}

static void ignore_deadline(void *user, uint64_t now_ns)
{
    (void)user;
    (void)now_ns;
}

static void ignore_wake(void *user)
{
    (void)user;
}

static const struct tri_loop_events loop_events = {end_turn, ignore_deadline, ignore_wake};

enum tri_err tcp_world_try_open(struct tcp_world *w, const struct tri_alloc *alloc,
                                const char *address, const struct tri_tls_context *tls,
                                uint64_t handshake_timeout_ms)
{
    *w = (struct tcp_world){.alloc = alloc, .linger_ms = 2000};
    enum tri_err err = tri_addr_parse(&w->addr, address);
    assert(err == TRI_OK);
    err = tri_loop_new(&w->loop, alloc, &loop_events, w);
    if (err) {
        return err;
    }
    const struct tri_tcp_accept accept = {
        .on_accept = accept_conn,
        .owner = w,
        .tls = tls,
        .handshake_timeout_ms = handshake_timeout_ms,
        .on_stall = take_stall,
    };
    err = tri_tcp_listen(&w->listener, w->loop, &w->addr, &accept);
    if (err) {
        tri_loop_free(w->loop);
    }
    return err;
}

void tcp_world_open(struct tcp_world *w, const struct tri_alloc *alloc, const char *address,
                    const struct tri_tls_context *tls, uint64_t handshake_timeout_ms)
{
    enum tri_err err = tcp_world_try_open(w, alloc, address, tls, handshake_timeout_ms);
    assert(err == TRI_OK);
    assert(tri_addr_port(&w->addr) != 0);
}

void tcp_world_close(struct tcp_world *w)
{
    tri_tcp_listener_close(w->listener);
    for (size_t i = 0; i < w->conns_len; i++) {
        if (w->conns[i].tcp) {
            tri_tcp_abort(w->conns[i].tcp);
            tri_tcp_abort(w->conns[i].tcp); /* harmless */
        }
    }
    tri_loop_step(w->loop);
    for (size_t i = 0; i < w->conns_len; i++) {
        assert(w->conns[i].closed);
        tri_buf_deinit(&w->conns[i].in);
        tri_buf_deinit(&w->conns[i].out);
    }
    tri_loop_free(w->loop);
}

void tcp_conn_send(struct tcp_conn *c, const void *data, size_t len)
{
    enum tri_err err = tri_buf_append(&c->out, data, len);
    assert(err == TRI_OK);
    c->dirty = true;
}

void tcp_client_open(struct tcp_client *c, const struct tri_addr *to,
                     const struct peer_tls_options *tls)
{
    *c = (struct tcp_client){.has_tls = tls != NULL};
    tri_buf_init(&c->in, tri_alloc_heap(), BYTES_MAX);
    tri_buf_init(&c->out, tri_alloc_heap(), BYTES_MAX);
    if (tls) {
        peer_tls_init(&c->tls, tls);
    }
    c->fd = socket(to->sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert(c->fd >= 0);
    int failed = connect(c->fd, &to->sa, to->len);
    assert(!failed);
    failed = fcntl(c->fd, F_SETFL, O_NONBLOCK);
    assert(!failed);
}

void tcp_client_send(struct tcp_client *c, const void *data, size_t len)
{
    if (c->has_tls) {
        peer_tls_write(&c->tls, data, len);
        return;
    }
    enum tri_err err = tri_buf_append(&c->out, data, len);
    assert(err == TRI_OK);
}

void tcp_client_close(struct tcp_client *c)
{
    if (c->fd >= 0) {
        close(c->fd);
        c->fd = -1;
    }
    if (c->has_tls) {
        peer_tls_deinit(&c->tls);
    }
    tri_buf_deinit(&c->in);
    tri_buf_deinit(&c->out);
}

static void receive(struct tcp_client *c)
{
    static uint8_t bytes[65536];
    struct tri_buf *to = c->has_tls ? &c->tls.in : &c->in;
    while (!c->paused && !c->fin && !c->reset) {
        ssize_t got = read(c->fd, bytes, sizeof bytes);
        if (got < 0 && errno == EAGAIN) {
            break;
        }
        c->fin = got == 0;
        c->reset = got < 0;
        if (got > 0) {
            enum tri_err err = tri_buf_append(to, bytes, (size_t)got);
            assert(err == TRI_OK);
        }
    }
    if (c->has_tls) {
        peer_tls_run(&c->tls);
        peer_tls_move(&c->in, &c->tls.received);
    }
}

static void transmit(struct tcp_client *c)
{
    struct tri_buf *from = c->has_tls ? &c->tls.out : &c->out;
    struct tri_slice held = tri_buf_peek(from);
    while (held.len > 0 && !c->reset) {
        ssize_t put = sendto(c->fd, held.data, held.len, MSG_NOSIGNAL, NULL, 0);
        if (put <= 0) {
            break; /* full, or the server has gone, which reading tells */
        }
        tri_buf_consume(from, (size_t)put);
        held = tri_buf_peek(from);
    }
}

void tcp_world_step(struct tcp_world *w, struct tcp_client *c)
{
    if (c && c->fd >= 0) {
        receive(c);
        transmit(c);
    }
    tri_loop_step(w->loop);
}

static uint64_t now_ms(void)
{
    return uv_hrtime() / 1000000;
}

void tcp_world_run_until(struct tcp_world *w, struct tcp_client *c, const bool *flag)
{
    uint64_t end_ms = now_ms() + PATIENCE_MS;
    while (!*flag) {
        tcp_world_step(w, c);
        assert(now_ms() < end_ms);
    }
    tcp_world_step(w, c);
}

void tcp_world_run_until_len(struct tcp_world *w, struct tcp_client *c, const struct tri_buf *buf,
                             size_t len)
{
    uint64_t end_ms = now_ms() + PATIENCE_MS;
    while (tri_buf_peek(buf).len < len) {
        tcp_world_step(w, c);
        assert(now_ms() < end_ms);
    }
}

void tcp_world_run_ms(struct tcp_world *w, struct tcp_client *c, unsigned ms)
{
    uint64_t end_ms = now_ms() + ms;
    while (now_ms() < end_ms) {
        tcp_world_step(w, c);
        usleep(200);
    }
}
