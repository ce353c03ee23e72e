/* How a TCP connection begins and ends, with TLS and in clear, over real loopback sockets. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "net_tcp_conn.h"
#include "run_program.h"
#include "tcp_world.h"
#include "test_alloc.h"
#include "tls_context.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct peer_tls_files files;
static struct tri_tls_identity identity;
static struct tri_tls_context context;

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

/* Both kinds of connection: |tls| is NULL in the second. */
struct kind {
    const struct tri_tls_context *tls;
    const struct peer_tls_options *options;
};

static const struct peer_tls_options h2_options = {.alpn = "h2,http/1.1"};
static const struct kind kinds[] = {{&context, &h2_options}, {NULL, NULL}};
#define KINDS (sizeof kinds / sizeof kinds[0])

static struct tcp_world w;
static struct tcp_client client;

static struct tcp_conn *open_kind(const struct kind *k)
{
    tcp_world_open(&w, tri_alloc_heap(), "127.0.0.1:0", k->tls, 5000);
    w.on_data = ACT_ECHO;
    tcp_client_open(&client, &w.addr, k->options);
    tcp_world_run_until(&w, &client, &w.conns[0].ready);
    assert_int_equal(w.conns_len, 1);
    return &w.conns[0];
}

static void close_all(void)
{
    tcp_client_close(&client);
    tcp_world_close(&w);
}

static void N1_echoes_with_tls_and_in_clear(void **state)
{
    (void)state;
    for (size_t i = 0; i < KINDS; i++) {
        struct tcp_conn *c = open_kind(&kinds[i]);
        assert_string_equal(c->alpn, kinds[i].tls ? "h2" : "http/1.1");
        assert_string_equal(tri_tcp_tls_version(c->tcp), kinds[i].tls ? "TLS 1.3" : "");
        assert_string_equal(tri_tcp_tls_cipher(c->tcp),
                            kinds[i].tls ? "TLS_AES_128_GCM_SHA256" : "");
        assert_true((strlen(tri_tcp_tls_group(c->tcp)) > 0) == (kinds[i].tls != NULL));
        assert_string_equal(tri_tcp_error_text(c->tcp), "");
        assert_int_equal(tri_tcp_remote(c->tcp)->sa.sa_family, AF_INET);
        tcp_client_send(&client, "hello", 5);
        tcp_world_run_until_len(&w, &client, &client.in, 5);
        assert_true(tri_slice_equal(tri_buf_peek(&client.in), TRI_SLICE("hello")));
        close_all();
    }
}

static void N1_listens_on_ipv6(void **state)
{
    (void)state;
    tcp_world_open(&w, tri_alloc_heap(), "[::1]:0", &context, 5000);
    w.on_data = ACT_ECHO;
    tcp_client_open(&client, &w.addr, &(struct peer_tls_options){0});
    tcp_world_run_until(&w, &client, &w.conns[0].ready);
    char remote[TRI_ADDR_TEXT_MAX];
    tri_addr_format(tri_tcp_remote(w.conns[0].tcp), remote);
    assert_true(strncmp(remote, "[::1]:", 6) == 0);
    assert_string_equal(w.conns[0].alpn, "http/1.1"); /* no ALPN: row N2 */
    close_all();
}

/* ---- the peer ends it */

static void a_peers_orderly_end_is_told_once(void **state)
{
    (void)state;
    for (size_t i = 0; i < KINDS; i++) {
        struct tcp_conn *c = open_kind(&kinds[i]);
        tcp_client_send(&client, "last", 4);
        if (kinds[i].tls) {
            peer_tls_close(&client.tls);
        }
        tcp_world_step(&w, &client);
        shutdown(client.fd, SHUT_WR);
        tcp_world_run_until(&w, &client, &c->eof);
        assert_true(c->orderly);
        assert_true(tri_slice_equal(tri_buf_peek(&c->in), TRI_SLICE("last")));
        tcp_world_run_ms(&w, &client, 5);
        assert_false(c->closed); /* our direction is ours to end */
        if (!kinds[i].tls) {
            tcp_conn_send(c, "more", 4);
            tcp_world_run_until_len(&w, &client, &client.in, 8);
        }
        close_all();
    }
}

static void a_tls_end_without_close_notify_is_not_orderly(void **state)
{
    (void)state;
    struct tcp_conn *c = open_kind(&kinds[0]);
    shutdown(client.fd, SHUT_WR);
    tcp_world_run_until(&w, &client, &c->eof);
    assert_false(c->orderly);
    close_all();
}

static void a_waiting_half_closed_connection_does_not_spin(void **state)
{
    (void)state;
    struct tcp_conn *c = open_kind(&kinds[1]);
    shutdown(client.fd, SHUT_WR);
    tcp_world_run_until(&w, &client, &c->eof);
    tcp_world_step(&w, NULL);
    /* A loop that still polled the ended socket would have something to do at once. */
    assert_int_not_equal(tri_loop_timeout_ms(w.loop), 0);
    close_all();
}

static void a_reset_is_a_loss(void **state)
{
    (void)state;
    for (size_t i = 0; i < KINDS; i++) {
        struct tcp_conn *c = open_kind(&kinds[i]);
        const struct linger at_once = {.l_onoff = 1, .l_linger = 0};
        assert_int_equal(setsockopt(client.fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once), 0);
        close(client.fd);
        client.fd = -1;
        tcp_world_run_until(&w, NULL, &c->closed);
        assert_int_equal(c->end, TRI_TCP_LOST);
        assert_string_equal(c->error_text, "the peer reset the connection");
        assert_false(c->eof);
        close_all();
    }
}

static void writing_to_a_gone_peer_is_a_loss_and_no_signal(void **state)
{
    (void)state;
    struct tcp_conn *c = open_kind(&kinds[1]);
    close(client.fd);
    client.fd = -1;
    tcp_world_run_until(&w, NULL, &c->eof);
    for (int i = 0; i < 100 && !c->closed; i++) {
        tcp_conn_send(c, "anyone?", 7);
        tcp_world_run_ms(&w, NULL, 1);
    }
    assert_true(c->closed);
    assert_int_equal(c->end, TRI_TCP_LOST);
    close_all();
}

/* ---- we end it */

static void close_sends_all_then_waits_for_the_peer(void **state)
{
    (void)state;
    for (size_t i = 0; i < KINDS; i++) {
        struct tcp_conn *c = open_kind(&kinds[i]);
        tcp_conn_send(c, "goodbye", 7);
        tri_tcp_flush(c->tcp);
        tri_tcp_close(c->tcp, 20000);
        tri_tcp_close(c->tcp, 20000); /* harmless */
        tri_tcp_flush(c->tcp);        /* nothing is pulled any more */
        tcp_world_run_until(&w, &client, &client.fin);
        assert_true(tri_slice_equal(tri_buf_peek(&client.in), TRI_SLICE("goodbye")));
        assert_int_equal(client.tls.closed, kinds[i].tls != NULL); /* close_notify */
        tcp_world_run_ms(&w, &client, 3);
        assert_false(c->closed);
        close(client.fd);
        client.fd = -1;
        tcp_world_run_until(&w, NULL, &c->closed);
        assert_int_equal(c->end, TRI_TCP_CLOSED);
        assert_string_equal(c->error_text, "");
        assert_false(c->eof);
        close_all();
    }
}

static void after_a_close_nothing_more_is_told(void **state)
{
    (void)state;
    for (size_t i = 0; i < KINDS; i++) {
        struct tcp_conn *c = open_kind(&kinds[i]);
        tri_tcp_close(c->tcp, 20000);
        tcp_client_send(&client, "too late", 8);
        tcp_world_run_until(&w, &client, &client.fin);
        assert_int_equal(tri_buf_peek(&c->in).len, 0);
        shutdown(client.fd, SHUT_WR);
        tcp_world_run_until(&w, &client, &c->closed);
        assert_false(c->eof);
        assert_int_equal(c->end, TRI_TCP_CLOSED);
        close_all();
    }
}

static void the_wait_for_the_peers_end_is_bounded(void **state)
{
    (void)state;
    for (size_t i = 0; i < KINDS; i++) {
        struct tcp_conn *c = open_kind(&kinds[i]);
        uint64_t start_ns = uv_hrtime();
        tri_tcp_close(c->tcp, 30);
        tcp_world_run_until(&w, &client, &c->closed);
        assert_true(uv_hrtime() - start_ns >= 25 * (uint64_t)1000000);
        assert_int_equal(c->end, TRI_TCP_CLOSED); /* all was sent */
        close_all();
    }
}

static void a_peer_that_takes_nothing_is_lost_at_the_close(void **state)
{
    (void)state;
    static uint8_t bytes[16 * 1024 * 1024];
    for (size_t i = 0; i < KINDS; i++) {
        struct tcp_conn *c = open_kind(&kinds[i]);
        client.paused = true;
        tcp_conn_send(c, bytes, sizeof bytes);
        tri_tcp_flush(c->tcp);
        tri_tcp_close(c->tcp, 30);
        tcp_world_run_until(&w, &client, &c->closed);
        assert_int_equal(c->end, TRI_TCP_LOST);
        assert_string_equal(c->error_text, "the peer took too long to read");
        close_all();
    }
}

/* linger_ms is for the peer to move, not for all that is still to be sent. */
static void a_slow_reader_gets_all_before_the_end(void **state)
{
    (void)state;
    static uint8_t bytes[24 * 1024 * 1024];
    for (size_t i = 0; i < KINDS; i++) {
        struct tcp_conn *c = open_kind(&kinds[i]);
        tcp_conn_send(c, bytes, sizeof bytes);
        tri_tcp_flush(c->tcp);
        tri_tcp_close(c->tcp, 20000);
        client.paused = true;
        tcp_world_run_ms(&w, &client, 20);
        client.paused = false;
        /* Each time that the peer moves, it has linger_ms again. */
        uint64_t before_ns = c->tcp->timer.node.key_ns;
        tcp_world_step(&w, &client);
        tcp_world_step(&w, &client);
        assert_true(c->tcp->timer.node.key_ns > before_ns);
        tcp_world_run_until(&w, &client, &client.fin);
        assert_int_equal(tri_buf_peek(&client.in).len, c->pulled_total);
        assert_true(c->pulled_total > 0);
        shutdown(client.fd, SHUT_WR);
        tcp_world_run_until(&w, &client, &c->closed);
        assert_int_equal(c->end, TRI_TCP_CLOSED);
        close_all();
    }
}

/* The deadline passed while the loop was busy elsewhere; the peer had read in time. */
static void a_reader_that_moved_unseen_is_not_lost(void **state)
{
    (void)state;
    static uint8_t bytes[24 * 1024 * 1024];
    struct tcp_conn *c = open_kind(&kinds[1]);
    tcp_conn_send(c, bytes, sizeof bytes);
    tri_tcp_flush(c->tcp);
    tri_tcp_close(c->tcp, 20000);
    tri_loop_step(w.loop);
    assert_true(c->tcp->full);
    static uint8_t sink[1024 * 1024];
    for (int i = 0; i < 100 && recv(client.fd, sink, sizeof sink, 0) > 0; i++) {}
    tri_loop_timer_set(w.loop, &c->tcp->timer, 1);
    tri_loop_step(w.loop);
    assert_false(c->closed);
    assert_int_equal(c->tcp->state, TRI_TCP_CLOSING);
    close_all();
}

static void abort_resets_at_once(void **state)
{
    (void)state;
    for (size_t i = 0; i < KINDS; i++) {
        struct tcp_conn *c = open_kind(&kinds[i]);
        tri_tcp_abort(c->tcp);
        assert_false(c->closed); /* it comes from the loop */
        tri_tcp_flush(c->tcp);
        tri_tcp_close(c->tcp, 100);
        assert_int_equal(tri_tcp_remote(c->tcp)->sa.sa_family, AF_INET);
        tcp_world_run_until(&w, &client, &c->closed);
        assert_int_equal(c->end, TRI_TCP_LOST);
        tcp_world_run_until(&w, &client, &client.reset);
        assert_false(client.tls.closed); /* no close_notify */
        close_all();
    }
}

static void the_owner_may_end_it_inside_any_event(void **state)
{
    (void)state;
    static const enum tcp_world_act acts[] = {ACT_CLOSE, ACT_ABORT};
    for (size_t i = 0; i < KINDS * 2 * 4; i++) {
        const struct kind *k = &kinds[i % KINDS];
        enum tcp_world_act what = acts[i / KINDS % 2];
        size_t where = i / KINDS / 2;
        tcp_world_open(&w, tri_alloc_heap(), "127.0.0.1:0", k->tls, 5000);
        enum tcp_world_act *const places[] = {&w.on_accept, &w.on_ready, &w.on_data, &w.in_pull};
        w.on_data = ACT_ECHO;
        *places[where] = what;
        w.linger_ms = 20;
        tcp_client_open(&client, &w.addr, k->options);
        if (where >= 2) {
            tcp_world_run_until(&w, &client, &w.conns[0].ready);
            /* More than one record, so that there is something left to tell. */
            static uint8_t bytes[100000];
            tcp_client_send(&client, bytes, sizeof bytes);
        }
        tcp_world_run_until(&w, &client, &w.conns[0].closed);
        assert_int_equal(w.conns[0].end, what == ACT_CLOSE ? TRI_TCP_CLOSED : TRI_TCP_LOST);
        assert_int_equal(w.conns[0].ready, where >= 1);
        assert_false(w.conns[0].eof);
        close_all();
    }
}

static void an_end_in_on_eof_is_an_end(void **state)
{
    (void)state;
    for (size_t i = 0; i < KINDS; i++) {
        struct tcp_conn *c = open_kind(&kinds[i]);
        w.on_eof = ACT_CLOSE;
        w.linger_ms = 15000;
        uint64_t start_ns = uv_hrtime();
        if (kinds[i].tls) {
            peer_tls_close(&client.tls);
        }
        tcp_world_step(&w, &client);
        shutdown(client.fd, SHUT_WR);
        tcp_world_run_until(&w, &client, &c->closed);
        assert_true(c->eof);
        assert_int_equal(c->end, TRI_TCP_CLOSED);
        /* Both have ended: there is nothing to linger for. */
        assert_true(uv_hrtime() - start_ns < w.linger_ms * 1000000 / 2);
        assert_int_equal(client.tls.closed, kinds[i].tls != NULL);
        close_all();
    }
}

/* ---- TLS fails */

static void a_handshake_that_takes_too_long_is_ended(void **state)
{
    (void)state;
    tcp_world_open(&w, tri_alloc_heap(), "127.0.0.1:0", &context, 20);
    tcp_client_open(&client, &w.addr, NULL);
    tcp_world_step(&w, &client);
    tcp_client_send(&client, "\x16\x03\x01", 3); /* the start of a record, and no more */
    tcp_world_run_until(&w, &client, &w.conns[0].closed);
    assert_int_equal(w.conns[0].end, TRI_TCP_TLS_FAILED);
    assert_string_equal(w.conns[0].error_text, "the handshake took too long");
    assert_false(w.conns[0].ready);
    close_all();
}

static void a_finished_handshake_has_no_deadline(void **state)
{
    (void)state;
    tcp_world_open(&w, tri_alloc_heap(), "127.0.0.1:0", &context, 5000);
    w.on_data = ACT_ECHO;
    tcp_client_open(&client, &w.addr, &h2_options);
    tcp_world_run_until(&w, &client, &w.conns[0].ready);
    assert_int_equal(w.conns[0].tcp->timer.node.key_ns, UINT64_MAX);
    close_all();
}

static void a_peer_that_does_not_speak_tls_is_ended_with_a_reason(void **state)
{
    (void)state;
    tcp_world_open(&w, tri_alloc_heap(), "127.0.0.1:0", &context, 5000);
    tcp_client_open(&client, &w.addr, NULL);
    tcp_client_send(&client, "GET / HTTP/1.1\r\n\r\n", 18);
    tcp_world_run_until(&w, &client, &client.fin);
    shutdown(client.fd, SHUT_WR);
    tcp_world_run_until(&w, &client, &w.conns[0].closed);
    assert_int_equal(w.conns[0].end, TRI_TCP_TLS_FAILED);
    assert_string_equal(w.conns[0].error_text, "the peer does not speak TLS");
    close_all();
}

static void a_peer_that_leaves_in_the_handshake_is_told(void **state)
{
    (void)state;
    tcp_world_open(&w, tri_alloc_heap(), "127.0.0.1:0", &context, 5000);
    tcp_client_open(&client, &w.addr, NULL);
    tcp_world_step(&w, &client);
    shutdown(client.fd, SHUT_WR);
    tcp_world_run_until(&w, &client, &w.conns[0].closed);
    assert_int_equal(w.conns[0].end, TRI_TCP_TLS_FAILED);
    assert_string_equal(w.conns[0].error_text, "the peer closed during the handshake");
    close_all();
}

static void a_damaged_record_ends_an_open_connection(void **state)
{
    (void)state;
    struct tcp_conn *c = open_kind(&kinds[0]);
    static const uint8_t record[] = {23, 3, 3, 0, 20, 1, 2, 3, 4, 5, 6, 7, 8,
                                     9,  1, 2, 3, 4,  5, 6, 7, 8, 9, 1, 2};
    assert_int_equal(tri_buf_append(&client.tls.out, record, sizeof record), TRI_OK);
    tcp_world_run_until(&w, &client, &client.fin);
    assert_int_equal(peer_tls_alert(&client.tls), bad_record_mac);
    shutdown(client.fd, SHUT_WR);
    tcp_world_run_until(&w, &client, &c->closed);
    assert_int_equal(c->end, TRI_TCP_TLS_FAILED);
    assert_string_equal(c->error_text, "a record was damaged on the way");
    assert_false(c->eof);
    close_all();
}

/* ---- clients that others wrote */

/* Runs |argv| against the world, with |typed| as its input, until it ends; returns its exit status. */
static int run_client_typing(const char *const argv[], const char *typed, char *out, size_t max)
{
    int input[2];
    assert_int_equal(pipe2(input, O_CLOEXEC), 0);
    int output = -1;
    pid_t pid = start_program(argv, input[0], &output);
    assert_true(pid > 0);
    close(input[0]);
    assert_int_equal(write(input[1], typed, strlen(typed)), strlen(typed));
    size_t len = 0;
    assert_int_equal(fcntl(output, F_SETFL, O_NONBLOCK), 0);
    for (int i = 0; i < 20000; i++) {
        ssize_t got = read(output, out + len, max - 1 - len);
        if (got == 0) {
            break;
        }
        len += got > 0 ? (size_t)got : 0;
        tcp_world_step(&w, NULL);
        usleep(500);
    }
    close(input[1]);
    char rest[16];
    int status = finish_program(pid, output, rest, sizeof rest);
    out[len] = '\0';
    return status;
}

static int run_client(const char *const argv[], char *out, size_t max)
{
    return run_client_typing(argv, "", out, max);
}

static const char *run_s_client(const char *alpn, const char *version)
{
    static char out[65536];
    char address[TRI_ADDR_TEXT_MAX];
    tri_addr_format(&w.addr, address);
    const char *argv[] = {"timeout", "10",    "openssl", "s_client", "-connect",
                          address,   version, "-alpn",   alpn,       NULL};
    if (!alpn) {
        argv[7] = NULL;
    }
    (void)run_client(argv, out, sizeof out);
    return out;
}

static void N2_openssl_sees_alert_120_when_nothing_is_in_common(void **state)
{
    (void)state;
    static const char *const versions[] = {"-tls1_2", "-tls1_3"};
    for (size_t i = 0; i < 2; i++) {
        tcp_world_open(&w, tri_alloc_heap(), "127.0.0.1:0", &context, 5000);
        const char *out = run_s_client("foo", versions[i]);
        if (!strstr(out, "SSL alert number 120")) {
            fail_msg("no alert 120 in:\n%s", out);
        }
        assert_int_equal(w.conns_len, 1);
        assert_false(w.conns[0].ready);
        tcp_world_close(&w);
    }
}

static void N2_openssl_agrees_on_the_servers_first_choice(void **state)
{
    (void)state;
    static const struct {
        const char *offered, *version, *says, *alpn;
    } cases[] = {
        {"http/1.1,h2", "-tls1_2", "ALPN protocol: h2", "h2"},
        {"http/1.1,h2", "-tls1_3", "ALPN protocol: h2", "h2"},
        {"http/1.1", "-tls1_3", "ALPN protocol: http/1.1", "http/1.1"},
        {NULL, "-tls1_3", "No ALPN negotiated", "http/1.1"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        tcp_world_open(&w, tri_alloc_heap(), "127.0.0.1:0", &context, 5000);
        w.on_ready = ACT_CLOSE;
        w.linger_ms = 500;
        const char *out = run_s_client(cases[i].offered, cases[i].version);
        if (!strstr(out, cases[i].says)) {
            fail_msg("no \"%s\" in:\n%s", cases[i].says, out);
        }
        assert_string_equal(w.conns[0].alpn, cases[i].alpn);
        tcp_world_close(&w);
    }
}

static void N1_openssl_finds_no_old_version_and_no_weak_suite(void **state)
{
    (void)state;
    static const char *const weak[] = {"AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-SHA",
                                       "ECDHE-ECDSA-AES256-SHA384", "DHE-RSA-AES128-GCM-SHA256"};
    char out[65536];
    char address[TRI_ADDR_TEXT_MAX];
    for (size_t i = 0; i < 5; i++) {
        tcp_world_open(&w, tri_alloc_heap(), "127.0.0.1:0", &context, 5000);
        tri_addr_format(&w.addr, address);
        const char *old[] = {"timeout", "10",      "openssl", "s_client",           "-connect",
                             address,   "-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0", NULL};
        const char *suite[] = {"timeout",  "10",       "openssl",
                               "s_client", "-connect", address,
                               "-tls1_2",  "-cipher",  i < 4 ? weak[i] : NULL,
                               NULL};
        int status = run_client(i < 4 ? suite : old, out, sizeof out);
        assert_int_not_equal(status, 0);
        assert_false(w.conns[0].ready);
        assert_non_null(strstr(out, "alert"));
        tcp_world_close(&w);
    }
}

static void N1_a_renegotiation_is_refused(void **state)
{
    (void)state;
    static char out[65536];
    char address[TRI_ADDR_TEXT_MAX];
    tcp_world_open(&w, tri_alloc_heap(), "127.0.0.1:0", &context, 5000);
    w.on_data = ACT_ECHO;
    w.on_eof = ACT_CLOSE;
    tri_addr_format(&w.addr, address);
    const char *argv[] = {"timeout",  "5",     "openssl", "s_client",
                          "-connect", address, "-tls1_2", NULL};
    (void)run_client_typing(argv, "R\n", out, sizeof out); /* R asks for it */
    assert_non_null(strstr(out, "RENEGOTIATING"));
    assert_non_null(strstr(out, "alert"));
    assert_int_equal(w.conns[0].end, TRI_TCP_TLS_FAILED);
    tcp_world_close(&w);
}

static void N8_curl_trusts_the_made_certificate(void **state)
{
    (void)state;
    tcp_world_open(&w, tri_alloc_heap(), "127.0.0.1:0", &context, 5000);
    w.on_data = ACT_CLOSE; /* an empty answer: only the certificate matters */
    w.linger_ms = 200;
    char url[128];
    char out[4096];
    (void)snprintf(url, sizeof url, "https://localhost:%u/", tri_addr_port(&w.addr));
    const char *argv[] = {"curl",      "--http1.1", "-4",       "-sS",      "--max-time", "10",
                          "--noproxy", "*",         "--cacert", files.cert, url,          NULL};
    int status = run_client(argv, out, sizeof out);
    assert_int_equal(status, 52); /* "Empty reply from server": the handshake was fine */
    assert_true(w.conns[0].ready);
    tcp_world_close(&w);
}

/* ---- memory */

static bool run_with_failure(const struct kind *k, size_t n)
{
    struct test_alloc memory;
    test_alloc_init(&memory);
    memory.fail_at = n;
    enum tri_err err = tcp_world_try_open(&w, &memory.alloc, "127.0.0.1:0", k->tls, 5000);
    if (err) {
        assert_int_equal(err, TRI_ERR_NOMEM);
        assert_int_equal(memory.live, 0);
        return true;
    }
    w.on_data = ACT_ECHO;
    w.on_eof = ACT_CLOSE;
    w.linger_ms = 10;
    tcp_client_open(&client, &w.addr, k->options);
    tcp_client_close(&client); /* one that is gone before it is accepted */
    tcp_client_open(&client, &w.addr, k->options);
    uint64_t end_ns = uv_hrtime() + (uint64_t)5000 * 1000000;
    bool sent = false;
    while (tri_buf_peek(&client.in).len < 3000 && !client.fin && !client.reset) {
        tcp_world_step(&w, &client);
        if (!sent && (!client.has_tls || client.tls.open)) {
            static const uint8_t bytes[3000];
            tcp_client_send(&client, bytes, sizeof bytes);
            sent = true;
        }
        assert_true(uv_hrtime() < end_ns);
    }
    bool failed = test_alloc_has_failed(&memory);
    if (!failed) {
        assert_int_equal(tri_buf_peek(&client.in).len, 3000);
    }
    close_all();
    assert_int_equal(memory.live, 0);
    return failed;
}

static void survives_each_failing_allocation(void **state)
{
    (void)state;
    for (size_t i = 0; i < KINDS; i++) {
        size_t n = 1;
        while (run_with_failure(&kinds[i], n)) {
            n++;
        }
        assert_true(n > 5);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(N1_echoes_with_tls_and_in_clear),
        cmocka_unit_test(N1_listens_on_ipv6),
        cmocka_unit_test(a_peers_orderly_end_is_told_once),
        cmocka_unit_test(a_tls_end_without_close_notify_is_not_orderly),
        cmocka_unit_test(a_waiting_half_closed_connection_does_not_spin),
        cmocka_unit_test(a_reset_is_a_loss),
        cmocka_unit_test(writing_to_a_gone_peer_is_a_loss_and_no_signal),
        cmocka_unit_test(close_sends_all_then_waits_for_the_peer),
        cmocka_unit_test(after_a_close_nothing_more_is_told),
        cmocka_unit_test(the_wait_for_the_peers_end_is_bounded),
        cmocka_unit_test(a_peer_that_takes_nothing_is_lost_at_the_close),
        cmocka_unit_test(a_slow_reader_gets_all_before_the_end),
        cmocka_unit_test(a_reader_that_moved_unseen_is_not_lost),
        cmocka_unit_test(abort_resets_at_once),
        cmocka_unit_test(the_owner_may_end_it_inside_any_event),
        cmocka_unit_test(an_end_in_on_eof_is_an_end),
        cmocka_unit_test(a_handshake_that_takes_too_long_is_ended),
        cmocka_unit_test(a_finished_handshake_has_no_deadline),
        cmocka_unit_test(a_peer_that_does_not_speak_tls_is_ended_with_a_reason),
        cmocka_unit_test(a_peer_that_leaves_in_the_handshake_is_told),
        cmocka_unit_test(a_damaged_record_ends_an_open_connection),
        cmocka_unit_test(N2_openssl_sees_alert_120_when_nothing_is_in_common),
        cmocka_unit_test(N2_openssl_agrees_on_the_servers_first_choice),
        cmocka_unit_test(N1_openssl_finds_no_old_version_and_no_weak_suite),
        cmocka_unit_test(N1_a_renegotiation_is_refused),
        cmocka_unit_test(N8_curl_trusts_the_made_certificate),
        cmocka_unit_test(survives_each_failing_allocation),
    };
    return cmocka_run_group_tests(tests, make_context, drop_context);
}
