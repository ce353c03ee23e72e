/* Bytes in: pieces of every size, errors, fairness, and when nothing is read. recv is ours. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "net_tcp_conn.h"
#include "tcp_world.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

/* ---- the kernel, with a script */

static size_t recv_max; /* bytes a call; 0: no limit */
static int recv_fails, recv_errno;
static int recv_calls;

ssize_t scripted_recv(int fd, void *data, size_t len, int flags) __asm__("recv");

ssize_t scripted_recv(int fd, void *data, size_t len, int flags)
{
    recv_calls++;
    if (recv_fails > 0) {
        recv_fails--;
        errno = recv_errno;
        return -1;
    }
    len = recv_max > 0 && recv_max < len ? recv_max : len;
    return syscall(SYS_recvfrom, fd, data, len, flags, NULL, NULL);
}

static struct peer_tls_files files;
static struct tri_tls_identity identity;
static struct tri_tls_context context;
static struct tcp_world w;
static struct tcp_client client;

static int make_context(void **state)
{
    (void)state;
    char error[TRI_TLS_ERROR_MAX];
    peer_tls_files_make(&files);
    assert_int_equal(
        tri_tls_identity_load(&identity, tri_alloc_heap(), files.cert, files.key, error), TRI_OK);
    assert_int_equal(
        tri_tls_context_init(&context, TRI_TLS_TCP, &identity, TRI_HTTP_ALL, NULL, error), TRI_OK);
    return 0;
}

static int drop_context(void **state)
{
    (void)state;
    tri_tls_context_deinit(&context);
    tri_tls_identity_deinit(&identity);
    peer_tls_files_remove(&files);
    return 0;
}

static struct tcp_conn *open_conn(bool has_tls)
{
    recv_max = 0;
    recv_fails = 0;
    tcp_world_open(&w, tri_alloc_heap(), "127.0.0.1:0", has_tls ? &context : NULL, 5000);
    tcp_client_open(&client, &w.addr, has_tls ? &(struct peer_tls_options){.alpn = "h2"} : NULL);
    return &w.conns[0];
}

static void open_ready(bool has_tls)
{
    tcp_world_run_until(&w, &client, &open_conn(has_tls)->ready);
}

static void close_all(void)
{
    tcp_client_close(&client);
    tcp_world_close(&w);
}

static void takes_bytes_in_pieces_of_any_size(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 2, 3, 5, 1000, 16406, 65535};
    static uint8_t bytes[50000];
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)(i * 7 + (i >> 8));
    }
    for (size_t i = 0; i < 2 * sizeof sizes / sizeof sizes[0]; i++) {
        struct tcp_conn *c = open_conn(i % 2 == 0);
        recv_max = sizes[i / 2];
        tcp_world_run_until(&w, &client, &c->ready);
        size_t len = recv_max < 10 ? 2000 : sizeof bytes;
        tcp_client_send(&client, bytes, len);
        tcp_world_run_until_len(&w, &client, &c->in, len);
        assert_true(tri_slice_equal(tri_buf_peek(&c->in), tri_slice_of(bytes, len)));
        close_all();
    }
}

static void a_turn_reads_a_bounded_number_of_times(void **state)
{
    (void)state;
    static uint8_t bytes[2 * 1024 * 1024];
    open_ready(false);
    tcp_client_send(&client, bytes, sizeof bytes);
    for (int i = 0; i < 100 && tri_buf_peek(&client.out).len > 0; i++) {
        recv_calls = 0;
        tcp_world_step(&w, &client);
        assert_in_range(recv_calls, 0, TRI_TCP_READS_MAX);
    }
    tcp_world_run_until_len(&w, &client, &w.conns[0].in, sizeof bytes);
    close_all();
}

static void an_interrupted_call_is_repeated(void **state)
{
    (void)state;
    open_ready(false);
    recv_fails = 2;
    recv_errno = EINTR;
    tcp_client_send(&client, "x", 1);
    tcp_world_run_until_len(&w, &client, &w.conns[0].in, 1);
    close_all();
}

static void an_empty_socket_is_no_error(void **state)
{
    (void)state;
    open_ready(true);
    recv_fails = 3;
    recv_errno = EAGAIN;
    tcp_client_send(&client, "x", 1);
    tcp_world_run_until_len(&w, &client, &w.conns[0].in, 1);
    close_all();
}

static void an_error_ends_it_with_a_reason(void **state)
{
    (void)state;
    static const struct {
        int error;
        const char *text;
    } cases[] = {
        {ECONNRESET, "the peer reset the connection"},
        {ETIMEDOUT, "the peer does not answer any more"},
        {EHOSTUNREACH, "the network to the peer is down"},
        {ENOMEM, "memory for the socket is short"},
        {EIO, "the socket failed"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        open_ready(i % 2 == 0);
        recv_fails = 1;
        recv_errno = cases[i].error;
        tcp_client_send(&client, "x", 1);
        tcp_world_run_until(&w, &client, &w.conns[0].closed);
        assert_int_equal(w.conns[0].end, TRI_TCP_LOST);
        assert_string_equal(w.conns[0].error_text, cases[i].text);
        close_all();
    }
}

static void an_error_in_the_handshake_is_a_failed_handshake(void **state)
{
    (void)state;
    struct tcp_conn *c = open_conn(true);
    recv_fails = 1;
    recv_errno = ECONNRESET;
    tcp_world_run_until(&w, &client, &c->closed);
    assert_int_equal(c->end, TRI_TCP_TLS_FAILED);
    assert_string_equal(c->error_text, "the peer reset the connection");
    close_all();
}

/* A peer that resets after it got everything has only been impolite. */
static void an_error_after_our_end_does_not_undo_it(void **state)
{
    (void)state;
    open_ready(true);
    struct tcp_conn *c = &w.conns[0];
    tri_tcp_close(c->tcp, 5000);
    tcp_world_run_until(&w, &client, &client.fin);
    recv_fails = 1;
    recv_errno = ECONNRESET;
    tcp_client_send(&client, "x", 1);
    tcp_world_run_until(&w, &client, &c->closed);
    assert_int_equal(c->end, TRI_TCP_CLOSED);
    close_all();
}

static void nothing_is_read_while_the_peer_takes_nothing(void **state)
{
    (void)state;
    static uint8_t bytes[24 * 1024 * 1024];
    for (int i = 0; i < 2; i++) {
        open_ready(i == 0);
        struct tcp_conn *c = &w.conns[0];
        client.paused = true;
        tcp_conn_send(c, bytes, sizeof bytes);
        tcp_world_run_ms(&w, &client, 5);
        assert_true(tri_tcp_pending(c->tcp) > TRI_TLS_OUT_BYTES_MAX);
        assert_int_equal(c->tcp->interest, UV_WRITABLE); /* or the loop would spin on its input */
        tcp_client_send(&client, "please", 6);
        tcp_world_run_ms(&w, &client, 10);
        assert_int_equal(tri_buf_peek(&c->in).len, 0);
        client.paused = false;
        tcp_world_run_until_len(&w, &client, &c->in, 6);
        tcp_world_run_until_len(&w, &client, &client.in, sizeof bytes);
        close_all();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_bytes_in_pieces_of_any_size),
        cmocka_unit_test(a_turn_reads_a_bounded_number_of_times),
        cmocka_unit_test(an_interrupted_call_is_repeated),
        cmocka_unit_test(an_empty_socket_is_no_error),
        cmocka_unit_test(an_error_ends_it_with_a_reason),
        cmocka_unit_test(an_error_in_the_handshake_is_a_failed_handshake),
        cmocka_unit_test(an_error_after_our_end_does_not_undo_it),
        cmocka_unit_test(nothing_is_read_while_the_peer_takes_nothing),
    };
    return cmocka_run_group_tests(tests, make_context, drop_context);
}
