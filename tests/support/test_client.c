/* See test_client.h. */
#include "test_client.h"

#include "base_addr.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#define BYTES_MAX ((size_t)(64 * 1024 * 1024))

static void connect_to(struct test_client *c, const char *address)
{
    struct tri_addr addr;
    enum tri_err err = tri_addr_parse(&addr, address);
    assert(err == TRI_OK);
    *c = (struct test_client){.fd = socket(addr.sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    assert(c->fd >= 0);
    int done = connect(c->fd, &addr.sa, addr.len);
    assert(done == 0);
    done = fcntl(c->fd, F_SETFL, O_NONBLOCK);
    assert(done == 0);
    tri_buf_init(&c->received, tri_alloc_heap(), BYTES_MAX);
    tri_buf_init(&c->to_send, tri_alloc_heap(), BYTES_MAX);
}

void test_client_open(struct test_client *c, const char *address, const char *alpn)
{
    connect_to(c, address);
    peer_tls_init(&c->tls, &(struct peer_tls_options){.alpn = alpn});
}

void test_client_open_cleartext(struct test_client *c, const char *address)
{
    connect_to(c, address);
    c->cleartext = true;
}

void test_client_close(struct test_client *c)
{
    if (!c->cleartext) {
        peer_tls_deinit(&c->tls);
    }
    tri_buf_deinit(&c->received);
    tri_buf_deinit(&c->to_send);
    close(c->fd);
}

void test_client_send(struct test_client *c, const void *data, size_t len)
{
    enum tri_err err = tri_buf_append(&c->to_send, data, len);
    assert(err == TRI_OK);
}

void test_client_send_text(struct test_client *c, const char *text)
{
    test_client_send(c, text, strlen(text));
}

static void write_some(struct test_client *c, struct tri_buf *from)
{
    struct tri_slice bytes = tri_buf_peek(from);
    if (bytes.len > 0) {
        ssize_t n = send(c->fd, bytes.data, bytes.len, MSG_NOSIGNAL);
        if (n > 0) {
            tri_buf_consume(from, (size_t)n);
        } else if (errno != EAGAIN) {
            c->ended = true;
        }
    }
}

static void read_some(struct test_client *c, struct tri_buf *to)
{
    uint8_t bytes[65536];
    ssize_t n = recv(c->fd, bytes, sizeof bytes, 0);
    while (n > 0) {
        enum tri_err err = tri_buf_append(to, bytes, (size_t)n);
        assert(err == TRI_OK);
        n = recv(c->fd, bytes, sizeof bytes, 0);
    }
    if (n == 0 || errno != EAGAIN) {
        c->ended = true;
        c->reset = c->reset || n < 0;
    }
}

void test_client_run(struct test_client *c)
{
    if (c->cleartext) {
        write_some(c, &c->to_send);
        read_some(c, &c->received);
        return;
    }
    peer_tls_run(&c->tls);
    struct tri_slice waiting = tri_buf_peek(&c->to_send);
    if (c->tls.open && waiting.len > 0) {
        peer_tls_write(&c->tls, waiting.data, waiting.len);
        tri_buf_consume(&c->to_send, waiting.len);
    }
    write_some(c, &c->tls.out);
    read_some(c, &c->tls.in);
    peer_tls_run(&c->tls);
    write_some(c, &c->tls.out);
    (void)peer_tls_move(&c->received, &c->tls.received);
}

bool test_client_has(const struct test_client *c, const void *text, size_t len)
{
    struct tri_slice got = tri_buf_peek(&c->received);
    return got.len >= len && memmem(got.data, got.len, text, len) != NULL;
}
