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
#include <unistd.h>

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

/* ---- an owner that wants no more for now */

static void close_client_with_reset(void)
{
    const struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    assert_int_equal(setsockopt(client.fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once), 0);
    close(client.fd);
    client.fd = -1;
}

static void E6_nothing_is_read_while_the_owner_wants_nothing(void **state)
{
    (void)state;
    static uint8_t bytes[8 * 1024 * 1024];
    for (int i = 0; i < 2; i++) {
        open_ready(i == 0);
        struct tcp_conn *c = &w.conns[0];
        tri_tcp_read(c->tcp, false);
        tcp_world_step(&w, NULL);
        tcp_client_send(&client, bytes, sizeof bytes);
        recv_calls = 0;
        tcp_world_run_ms(&w, &client, 10);
        assert_int_equal(recv_calls, 0);
        assert_int_equal(c->tcp->interest, UV_DISCONNECT); /* or the loop would spin on its input */
        assert_int_equal(tri_buf_peek(&c->in).len, 0);
        assert_true(tri_buf_peek(i == 0 ? &client.tls.out : &client.out).len > 0);
        tcp_conn_send(c, "still here", 10);
        tcp_world_run_until_len(&w, &client, &client.in, 10);
        tri_tcp_read(c->tcp, true);
        tcp_world_run_until_len(&w, &client, &c->in, sizeof bytes);
        close_all();
    }
}

static void E6_an_owner_that_has_enough_ends_the_reads_of_the_turn(void **state)
{
    (void)state;
    static uint8_t bytes[1024 * 1024];
    open_ready(false);
    w.on_data = ACT_HOLD_BACK;
    tcp_client_send(&client, bytes, sizeof bytes);
    recv_calls = 0;
    tcp_world_run_ms(&w, &client, 10);
    assert_int_equal(recv_calls, 1);
    assert_in_range(tri_buf_peek(&w.conns[0].in).len, 1, TRI_LOOP_RECV_BYTES);
    w.on_data = ACT_NONE;
    tri_tcp_read(w.conns[0].tcp, true);
    tcp_world_run_until_len(&w, &client, &w.conns[0].in, sizeof bytes);
    close_all();
}

static void much_is_written_while_nothing_is_read(void **state)
{
    (void)state;
    static uint8_t bytes[24 * 1024 * 1024];
    open_ready(true);
    tri_tcp_read(w.conns[0].tcp, false);
    tcp_conn_send(&w.conns[0], bytes, sizeof bytes);
    tcp_world_run_until_len(&w, &client, &client.in, sizeof bytes);
    close_all();
}

static void a_reset_is_seen_while_nothing_is_read(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        open_ready(i == 0);
        struct tcp_conn *c = &w.conns[0];
        tri_tcp_read(c->tcp, false);
        tcp_world_step(&w, &client);
        tcp_client_send(&client, "unread", 6);
        tcp_world_step(&w, &client);
        close_client_with_reset();
        tcp_world_run_until(&w, NULL, &c->closed);
        assert_int_equal(c->end, TRI_TCP_LOST);
        assert_string_equal(c->error_text, "the peer reset the connection");
        assert_int_equal(tri_buf_peek(&c->in).len, 0);
        close_all();
    }
}

static void the_peers_end_waits_while_nothing_is_read(void **state)
{
    (void)state;
    open_ready(false);
    struct tcp_conn *c = &w.conns[0];
    tri_tcp_read(c->tcp, false);
    tcp_world_step(&w, &client);
    tcp_client_send(&client, "last", 4);
    tcp_world_step(&w, &client);
    shutdown(client.fd, SHUT_WR);
    tcp_world_run_ms(&w, &client, 5);
    assert_false(c->eof);
    assert_int_equal(c->tcp->interest, 0); /* or the loop would spin on it */
    tri_tcp_read(c->tcp, true);
    tcp_world_run_until(&w, &client, &c->eof);
    assert_true(c->orderly);
    assert_int_equal(tri_buf_peek(&c->in).len, 4);
    close_all();
}

static void writing_to_a_gone_peer_is_a_loss_while_nothing_is_read(void **state)
{
    (void)state;
    open_ready(false);
    struct tcp_conn *c = &w.conns[0];
    tri_tcp_read(c->tcp, false);
    tcp_world_step(&w, &client);
    close(client.fd);
    client.fd = -1;
    tcp_world_run_ms(&w, NULL, 5);
    assert_false(c->closed); /* its end came in order, and waits to be read */
    for (int i = 0; i < 100 && !c->closed; i++) {
        tcp_conn_send(c, "anyone?", 7);
        tcp_world_run_ms(&w, NULL, 1);
    }
    assert_true(c->closed);
    assert_int_equal(c->end, TRI_TCP_LOST);
    close_all();
}

static void a_handshake_is_read_whatever_the_owner_wants(void **state)
{
    (void)state;
    struct tcp_conn *c = open_conn(true);
    w.on_accept = ACT_HOLD_BACK;
    tcp_world_run_until(&w, &client, &c->ready);
    tcp_client_send(&client, "x", 1);
    tcp_world_run_until_len(&w, &client, &c->in, 1);
    close_all();
}

static void a_connection_that_is_not_read_closes_in_order(void **state)
{
    (void)state;
    static uint8_t bytes[1024 * 1024];
    open_ready(true);
    struct tcp_conn *c = &w.conns[0];
    tri_tcp_read(c->tcp, false);
    tcp_world_step(&w, &client);
    tcp_client_send(&client, bytes, sizeof bytes);
    tcp_world_run_ms(&w, &client, 5);
    c->ended = true;
    tri_tcp_close(c->tcp, 60000); /* longer than the test waits: it is the peer's end that counts */
    tri_tcp_read(c->tcp, false);
    tcp_world_run_until(&w, &client, &client.fin);
    shutdown(client.fd, SHUT_WR);
    tcp_world_run_until(&w, &client, &c->closed);
    assert_int_equal(c->end, TRI_TCP_CLOSED);
    close_all();
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
        cmocka_unit_test(E6_nothing_is_read_while_the_owner_wants_nothing),
        cmocka_unit_test(E6_an_owner_that_has_enough_ends_the_reads_of_the_turn),
        cmocka_unit_test(much_is_written_while_nothing_is_read),
        cmocka_unit_test(a_reset_is_seen_while_nothing_is_read),
        cmocka_unit_test(the_peers_end_waits_while_nothing_is_read),
        cmocka_unit_test(writing_to_a_gone_peer_is_a_loss_while_nothing_is_read),
        cmocka_unit_test(a_handshake_is_read_whatever_the_owner_wants),
        cmocka_unit_test(a_connection_that_is_not_read_closes_in_order),
    };
    return cmocka_run_group_tests(tests, make_context, drop_context);
}
