/* Bytes out: batches, partial sends, backpressure, fairness and errors. send is ours. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "net_tcp_conn.h"
#include "tcp_world.h"

#include <errno.h>
#include <string.h>
#include <sys/syscall.h>

/* ---- the kernel, with a script. The client of tcp_world sends with sendto, not with send. */

static size_t send_max;    /* bytes a call; 0: no limit */
static bool send_stutters; /* every second call finds the socket full */
static bool send_swallows; /* all is taken at once, and goes nowhere */
static int send_fails, send_errno;
static int send_calls;
static int send_turn; /* turns that had ended at the last call */
static struct tcp_world w;

ssize_t scripted_send(int fd, const void *data, size_t len, int flags) __asm__("send");

ssize_t scripted_send(int fd, const void *data, size_t len, int flags)
{
    send_calls++;
    send_turn = w.turns;
    assert_true(flags & MSG_NOSIGNAL);
    if (send_fails > 0) {
        send_fails--;
        errno = send_errno;
        return -1;
    }
    if (send_stutters && send_calls % 2 == 0) {
        errno = EAGAIN;
        return -1;
    }
    if (send_swallows) {
        return (ssize_t)len;
    }
    len = send_max > 0 && send_max < len ? send_max : len;
    return syscall(SYS_sendto, fd, data, len, flags, NULL, 0);
}

static struct peer_tls_files files;
static struct tri_tls_identity identity;
static struct tri_tls_context context;
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

static struct tcp_conn *open_ready(bool has_tls)
{
    send_max = 0;
    send_stutters = false;
    send_swallows = false;
    send_fails = 0;
    tcp_world_open(&w, tri_alloc_heap(), "127.0.0.1:0", has_tls ? &context : NULL, 5000);
    tcp_client_open(&client, &w.addr, has_tls ? &(struct peer_tls_options){.alpn = "h2"} : NULL);
    tcp_world_run_until(&w, &client, &w.conns[0].ready);
    tcp_world_run_ms(&w, &client, 2); /* session tickets are out */
    send_calls = 0;
    return &w.conns[0];
}

static void close_all(void)
{
    tcp_client_close(&client);
    tcp_world_close(&w);
}

static uint8_t bytes[32 * 1024 * 1024];

static void fill_bytes(void)
{
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)(i * 13 + (i >> 9));
    }
}

static void assert_received(size_t len)
{
    tcp_world_run_until_len(&w, &client, &client.in, len);
    assert_true(tri_slice_equal(tri_buf_peek(&client.in), tri_slice_of(bytes, len)));
}

static void a_turn_is_one_system_call(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct tcp_conn *c = open_ready(i == 0);
        w.piece = 100;
        tcp_conn_send(c, bytes, 20000); /* 200 slices, several pulls */
        tri_tcp_flush(c->tcp);
        tri_tcp_flush(c->tcp);
        assert_int_equal(send_calls, 0); /* the turn has not ended */
        tcp_world_step(&w, &client);
        assert_int_equal(send_calls, 1);
        assert_received(20000);
        close_all();
    }
}

static void the_last_bytes_and_the_end_are_one_system_call(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct tcp_conn *c = open_ready(i == 0);
        tcp_conn_send(c, bytes, 1000);
        tri_tcp_flush(c->tcp);
        tri_tcp_close(c->tcp, 1000);
        tcp_world_run_until(&w, &client, &client.fin);
        assert_int_equal(send_calls, 1);
        assert_received(1000);
        close_all();
    }
}

static void sends_in_pieces_when_the_socket_stutters(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 7, 1000, 100000};
    for (size_t i = 0; i < 2 * sizeof sizes / sizeof sizes[0]; i++) {
        struct tcp_conn *c = open_ready(i % 2 == 0);
        send_max = sizes[i / 2];
        send_stutters = true;
        w.piece = 3000;
        size_t len = send_max < 10 ? 2000 : 3000000;
        tcp_conn_send(c, bytes, len);
        assert_received(len);
        close_all();
    }
}

/* Small answers collect until the turn's end; that to much is gone by then. */
static void an_answer_to_much_does_not_wait_for_the_turns_end(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, TRI_TCP_PROMPT_BYTES / 2, TRI_TCP_PROMPT_BYTES, 20000};
    for (size_t i = 0; i < 2 * sizeof sizes / sizeof sizes[0]; i++) {
        (void)open_ready(i % 2 == 0);
        w.on_data = ACT_ECHO;
        tcp_client_send(&client, bytes, sizes[i / 2]);
        while (send_calls == 0) {
            tcp_world_step(&w, &client);
        }
        /* A step's last turn ends with the step. */
        assert_int_equal(w.turns - send_turn, sizes[i / 2] >= TRI_TCP_PROMPT_BYTES);
        assert_received(sizes[i / 2]);
        close_all();
    }
}

/* The pull is the backpressure: what the peer does not take stays with the owner. */
static void a_peer_that_reads_nothing_stops_the_pull(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct tcp_conn *c = open_ready(i == 0);
        client.paused = true;
        w.piece = 16384;
        tcp_conn_send(c, bytes, sizeof bytes);
        tcp_world_run_ms(&w, &client, 20);
        /* What the kernel holds, a pull, and what collects before the socket is tried. */
        assert_true(tri_tcp_pending(c->tcp) <=
                    TRI_TCP_SEND_BYTES + TRI_TCP_SLICES_MAX * (16384 + 64));
        assert_true(c->pulled_total < sizeof bytes / 2);
        size_t pulled = c->pulled_total;
        tri_tcp_flush(c->tcp);
        assert_int_equal(c->pulled_total, pulled);
        client.paused = false;
        assert_received(sizeof bytes);
        close_all();
    }
}

static void a_fast_reader_does_not_keep_the_loop(void **state)
{
    (void)state;
    struct tcp_conn *c = open_ready(false);
    send_swallows = true;
    w.piece = 16384;
    tcp_conn_send(c, bytes, sizeof bytes);
    int turns = 0;
    size_t before = 0;
    while (tri_buf_peek(&c->out).len > c->pulled) {
        tri_loop_step(w.loop);
        turns++;
        /* A step has at most two turns' ends with a flush in each, and the share of a pull. */
        assert_true(c->pulled_total - before <= 2 * TRI_TCP_FLUSH_BYTES_MAX + 2 * 64 * 16384);
        before = c->pulled_total;
    }
    assert_true(turns >= 3);
    close_all();
}

static void an_interrupted_call_is_repeated(void **state)
{
    (void)state;
    struct tcp_conn *c = open_ready(true);
    send_fails = 3;
    send_errno = EINTR;
    tcp_conn_send(c, bytes, 10);
    assert_received(10);
    close_all();
}

static void an_error_ends_it_with_a_reason(void **state)
{
    (void)state;
    static const struct {
        int error;
        const char *text;
    } cases[] = {
        {EPIPE, "the peer reset the connection"},
        {ENETDOWN, "the network to the peer is down"},
        {ENOBUFS, "memory for the socket is short"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct tcp_conn *c = open_ready(i % 2 == 0);
        send_fails = 1;
        send_errno = cases[i].error;
        tcp_conn_send(c, bytes, 10);
        tcp_world_run_until(&w, &client, &c->closed);
        assert_int_equal(c->end, TRI_TCP_LOST);
        assert_string_equal(c->error_text, cases[i].text);
        close_all();
    }
}

static void a_reset_before_the_alert_is_out_is_still_a_tls_failure(void **state)
{
    (void)state;
    struct tcp_conn *c = open_ready(true);
    static const uint8_t record[] = {23, 3, 3, 0, 20, 1, 2, 3, 4, 5, 6, 7, 8,
                                     9,  1, 2, 3, 4,  5, 6, 7, 8, 9, 1, 2};
    assert_int_equal(tri_buf_append(&client.tls.out, record, sizeof record), TRI_OK);
    send_fails = 1;
    send_errno = EPIPE;
    tcp_world_run_until(&w, &client, &c->closed);
    assert_int_equal(c->end, TRI_TCP_TLS_FAILED);
    assert_string_equal(c->error_text, "a record was damaged on the way");
    close_all();
}

int main(void)
{
    fill_bytes();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_turn_is_one_system_call),
        cmocka_unit_test(an_answer_to_much_does_not_wait_for_the_turns_end),
        cmocka_unit_test(the_last_bytes_and_the_end_are_one_system_call),
        cmocka_unit_test(sends_in_pieces_when_the_socket_stutters),
        cmocka_unit_test(a_peer_that_reads_nothing_stops_the_pull),
        cmocka_unit_test(a_fast_reader_does_not_keep_the_loop),
        cmocka_unit_test(an_interrupted_call_is_repeated),
        cmocka_unit_test(an_error_ends_it_with_a_reason),
        cmocka_unit_test(a_reset_before_the_alert_is_out_is_still_a_tls_failure),
    };
    return cmocka_run_group_tests(tests, make_context, drop_context);
}
