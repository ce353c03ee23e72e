/* Turns and the polite stop, on a real server with real clients, all on one thread. */
#include "server_worker.h"
#include "test_server.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <poll.h>
#include <pthread.h>

static bool is_stopped(const struct test_server *s, const struct test_client *c)
{
    (void)c;
    return !s->running;
}

static bool has_ended(const struct test_server *s, const struct test_client *c)
{
    (void)s;
    return c->ended;
}

static bool is_closed(const struct test_server *s, const struct test_client *c)
{
    (void)c;
    return s->closes > 0;
}

static void set_up(struct test_server *s)
{
    test_server_init(s);
    test_server_start(s);
}

static void a_server_without_clients_stops_at_once(void **state)
{
    (void)state;
    struct test_server s;
    set_up(&s);
    tri_server_stop(s.server);
    assert_true(test_server_run_until(&s, NULL, is_stopped));
    assert_non_null(strstr(s.log, "info start version=" TRI_VERSION "\n"));
    assert_non_null(strstr(s.log, "info stop connections=0 sockets=0\n"));
    test_server_deinit(&s);
}

static void a_run_ends_after_a_stop_from_another_thread(void **state)
{
    (void)state;
    struct test_server s;
    set_up(&s);
    pthread_t thread;
    void *(*stop)(void *) = (void *(*)(void *))(void (*)(void))tri_server_stop;
    assert_int_equal(pthread_create(&thread, NULL, stop, s.server), 0);
    assert_int_equal(tri_server_run(s.server), TRI_OK);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(tri_server_run(s.server), TRI_OK); /* it stays stopped */
    test_server_deinit(&s);
}

static void a_stop_closes_sockets_with_1001_and_waits_for_their_echo(void **state)
{
    (void)state;
    struct test_server s;
    struct test_client c;
    set_up(&s);
    test_server_open_socket(&s, &c);
    tri_server_stop(s.server);
    assert_true(test_server_await(&s, &c, "\x88\x02\x03\xe9"));
    assert_int_equal(s.closes, 0);
    test_client_send_frame(&c, 0x88, "\x03\xe9", 2);
    assert_true(test_server_run_until(&s, &c, is_closed));
    assert_int_equal(s.close_code, TRI_CLOSE_GOING_AWAY);
    assert_true(test_server_run_until(&s, &c, has_ended));
    assert_true(c.tls.closed); /* close_notify: in order */
    test_client_close(&c);
    assert_true(test_server_run_until(&s, NULL, is_stopped));
    test_server_deinit(&s);
}

static void a_stop_does_not_wait_for_a_peer_that_is_silent(void **state)
{
    (void)state;
    struct test_server s;
    struct test_client c;
    test_server_init(&s);
    assert_int_equal(tri_config_limit(s.config, TRI_LIMIT_CLOSE_TIMEOUT_MS, 50), TRI_OK);
    test_server_start(&s);
    test_server_open_socket(&s, &c);
    tri_server_stop(s.server);
    assert_true(test_server_run_until(&s, &c, is_stopped));
    assert_int_equal(s.close_code, TRI_CLOSE_ABNORMAL);
    test_client_close(&c);
    test_server_deinit(&s);
}

static void a_second_stop_drops_what_is_left(void **state)
{
    (void)state;
    struct test_server s;
    struct test_client c;
    set_up(&s); /* the close timeout is five seconds */
    test_server_open_socket(&s, &c);
    tri_server_stop(s.server);
    assert_true(test_server_await(&s, &c, "\x88\x02\x03\xe9"));
    assert_true(s.running);
    tri_server_stop(s.server);
    assert_true(test_server_run_until(&s, NULL, is_stopped));
    assert_int_equal(s.close_code, TRI_CLOSE_ABNORMAL);
    assert_true(test_server_run_until(&s, &c, has_ended));
    assert_false(c.tls.closed);
    test_client_close(&c);
    test_server_deinit(&s);
}

/* ---- a drain */

static bool is_draining(const struct test_server *s, const struct test_client *c)
{
    (void)c;
    return strstr(s->log, "info drain.start ") != NULL;
}

static bool has_close(const struct test_client *c)
{
    return test_client_has(c, "\x88\x02\x03\xe9", 4);
}

static void assert_echo(struct test_server *s, struct test_client *c)
{
    test_client_send_frame(c, 0x81, "still here", 10);
    assert_true(test_server_await(s, c, "\x81\x0astill here"));
}

static void E9_a_drain_closes_one_socket_after_the_other(void **state)
{
    (void)state;
    struct test_server s;
    struct test_client c[2];
    set_up(&s);
    test_server_open_socket(&s, &c[0]);
    test_server_open_socket(&s, &c[1]);
    tri_server_drain(s.server, 600);
    assert_true(test_server_await(&s, &c[0], "\x88\x02\x03\xe9"));
    assert_non_null(strstr(s.log, "info drain.start connections=2 sockets=2 ms=600\n"));
    test_client_send_frame(&c[0], 0x88, "\x03\xe9", 2);
    assert_true(test_server_run_until(&s, &c[0], has_ended));
    assert_echo(&s, &c[1]); /* 300 ms are left for this */
    assert_false(has_close(&c[1]));
    tri_server_drain(s.server, 0); /* harmless: there is one already */
    assert_echo(&s, &c[1]);
    assert_true(test_server_await(&s, &c[1], "\x88\x02\x03\xe9"));
    test_client_send_frame(&c[1], 0x88, "\x03\xe9", 2);
    assert_true(test_server_run_until(&s, &c[1], has_ended));
    test_client_close(&c[0]);
    test_client_close(&c[1]);
    assert_true(test_server_run_until(&s, NULL, is_stopped));
    assert_non_null(strstr(s.log, "info drain.end sockets=2 dropped=0 seconds=0."));
    test_server_deinit(&s);
}

static void E9_a_stop_ends_a_drain_at_once(void **state)
{
    (void)state;
    struct test_server s;
    struct test_client c;
    set_up(&s);
    test_server_open_socket(&s, &c);
    tri_server_drain(s.server, UINT64_MAX); /* that is: a day */
    assert_true(test_server_run_until(&s, &c, is_draining));
    assert_non_null(strstr(s.log, " ms=86400000\n"));
    tri_server_stop(s.server);
    tri_server_drain(s.server, 1000); /* too late */
    assert_true(test_server_run_until(&s, NULL, is_stopped));
    assert_int_equal(s.close_code, TRI_CLOSE_ABNORMAL);
    assert_non_null(strstr(s.log, "info drain.end sockets=1 dropped=1 seconds=0."));
    test_client_close(&c);
    test_server_deinit(&s);
}

static void E9_a_drain_ends_when_its_time_and_the_close_timeout_are_over(void **state)
{
    (void)state;
    struct test_server s;
    struct test_client c[2];
    test_server_init(&s);
    assert_int_equal(tri_config_limit(s.config, TRI_LIMIT_CLOSE_TIMEOUT_MS, 50), TRI_OK);
    test_server_start(&s);
    test_server_open_socket(&s, &c[0]);
    test_server_open_socket(&s, &c[1]);
    tri_server_drain(s.server, 100);
    assert_true(test_server_run_until(&s, &c[0], is_stopped)); /* neither answers */
    assert_int_equal(s.closes, 2);
    assert_non_null(strstr(s.log, "info drain.end sockets=2 "));
    test_client_close(&c[0]);
    test_client_close(&c[1]);
    test_server_deinit(&s);
}

static void a_stop_ends_idle_connections_and_those_in_their_handshake(void **state)
{
    (void)state;
    struct test_server s;
    struct test_client idle;
    struct test_client early;
    set_up(&s);
    test_client_open(&idle, test_server_address(&s), "h2");
    test_client_send_text(&idle, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    test_client_send(&idle, "\0\0\0\4\0\0\0\0\0", 9);
    assert_true(test_server_await(&s, &idle, "\4")); /* SETTINGS, or its acknowledgement */
    test_client_open(&early, test_server_address(&s), "h2");
    assert_int_equal(tri_server_step(s.server, &s.running), TRI_OK);
    tri_server_stop(s.server);
    assert_true(test_server_run_until(&s, &idle, has_ended));
    assert_true(test_server_run_until(&s, &early, has_ended));
    test_client_close(&idle);
    test_client_close(&early);
    assert_true(test_server_run_until(&s, NULL, is_stopped));
    test_server_deinit(&s);
}

static void what_is_sent_between_turns_asks_for_a_turn(void **state)
{
    (void)state;
    struct test_server s;
    struct test_client c;
    set_up(&s);
    test_server_open_socket(&s, &c);
    assert_int_not_equal(tri_server_timeout_ms(s.server), 0);
    assert_int_equal(tri_ws_send(s.ws, TRI_TEXT, "out of turn", 11), TRI_OK);
    assert_int_equal(tri_server_timeout_ms(s.server), 0);
    assert_true(test_server_await(&s, &c, "\x81\x0bout of turn"));
    test_client_close(&c);
    assert_true(test_server_run_until(&s, NULL, is_closed));
    test_server_deinit(&s);
}

static void a_silent_socket_is_pinged_and_then_closed(void **state)
{
    (void)state;
    struct test_server s;
    struct test_client c;
    test_server_init(&s);
    assert_int_equal(tri_config_limit(s.config, TRI_LIMIT_PING_INTERVAL_MS, 20), TRI_OK);
    assert_int_equal(tri_config_limit(s.config, TRI_LIMIT_IDLE_TIMEOUT_MS, 200), TRI_OK);
    test_server_start(&s);
    test_server_open_socket(&s, &c);
    assert_true(test_server_await(&s, &c, "\x89"));
    assert_true(test_server_run_until(&s, &c, is_closed));
    assert_int_equal(s.close_code, TRI_CLOSE_GOING_AWAY);
    test_client_close(&c);
    test_server_deinit(&s);
}

static void a_request_that_never_ends_is_ended(void **state)
{
    (void)state;
    struct test_server s;
    struct test_client c;
    test_server_init(&s);
    assert_int_equal(tri_config_limit(s.config, TRI_LIMIT_REQUEST_TIMEOUT_MS, 50), TRI_OK);
    test_server_start(&s);
    test_client_open(&c, test_server_address(&s), "http/1.1");
    test_client_send_text(&c, "GET / HT");
    assert_true(test_server_run_until(&s, &c, has_ended));
    test_client_close(&c);
    test_server_deinit(&s);
}

/* ---- a socket that is not read, over HTTP/1.1, which has no window */

enum { PIECE_BYTES = 64 * 1024, PIECES = 240 }; /* more than the buffers of TCP hold */

static bool has_echo(const struct test_server *s, const struct test_client *c)
{
    (void)s;
    return tri_buf_peek(&c->received).len > (size_t)PIECES * PIECE_BYTES;
}

/* Neither does poll report the socket again and again, nor a timeout come at once. */
static bool is_quiet(const struct test_server *s)
{
    struct pollfd fd = {.fd = tri_server_fd(s->server), .events = POLLIN};
    return poll(&fd, 1, 0) == 0 && tri_server_timeout_ms(s->server) != 0;
}

static void push_pieces(struct test_client *c)
{
    static const uint8_t piece[PIECE_BYTES];
    for (int i = 0; i < PIECES; i++) {
        test_client_send_frame(c, i == 0 ? 0x02 : 0x00, piece, sizeof piece);
    }
    test_client_send_frame(c, 0x80, "", 0);
}

static void E6_a_paused_socket_stops_its_client_on_HTTP_1_1(void **state)
{
    (void)state;
    struct test_server s;
    struct test_client c;
    set_up(&s);
    test_server_open_socket(&s, &c);
    tri_ws_pause(s.ws);
    push_pieces(&c);
    for (int i = 0; i < 1000; i++) {
        test_client_run(&c);
        assert_int_equal(tri_server_step(s.server, &s.running), TRI_OK);
    }
    assert_true(tri_buf_peek(&c.tls.out).len > 0);
    assert_true(is_quiet(&s));
    tri_ws_resume(s.ws); /* between turns */
    assert_false(is_quiet(&s));
    assert_true(test_server_run_until(&s, &c, has_echo));
    assert_int_equal(tri_buf_peek(&c.tls.out).len, 0);
    test_client_close(&c);
    assert_true(test_server_run_until(&s, NULL, is_closed));
    test_server_deinit(&s);
}

static void a_paused_socket_whose_client_resets_is_gone(void **state)
{
    (void)state;
    struct test_server s;
    struct test_client c;
    set_up(&s);
    test_server_open_socket(&s, &c);
    tri_ws_pause(s.ws);
    push_pieces(&c);
    for (int i = 0; i < 1000; i++) {
        test_client_run(&c);
        assert_int_equal(tri_server_step(s.server, &s.running), TRI_OK);
    }
    const struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    assert_int_equal(setsockopt(c.fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once), 0);
    test_client_close(&c);
    assert_true(test_server_run_until(&s, NULL, is_closed)); /* with nothing to send that fails */
    assert_int_equal(s.close_code, TRI_CLOSE_ABNORMAL);
    test_server_deinit(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_server_without_clients_stops_at_once),
        cmocka_unit_test(a_run_ends_after_a_stop_from_another_thread),
        cmocka_unit_test(a_stop_closes_sockets_with_1001_and_waits_for_their_echo),
        cmocka_unit_test(a_stop_does_not_wait_for_a_peer_that_is_silent),
        cmocka_unit_test(a_second_stop_drops_what_is_left),
        cmocka_unit_test(E9_a_drain_closes_one_socket_after_the_other),
        cmocka_unit_test(E9_a_stop_ends_a_drain_at_once),
        cmocka_unit_test(E9_a_drain_ends_when_its_time_and_the_close_timeout_are_over),
        cmocka_unit_test(a_stop_ends_idle_connections_and_those_in_their_handshake),
        cmocka_unit_test(what_is_sent_between_turns_asks_for_a_turn),
        cmocka_unit_test(a_silent_socket_is_pinged_and_then_closed),
        cmocka_unit_test(a_request_that_never_ends_is_ended),
        cmocka_unit_test(E6_a_paused_socket_stops_its_client_on_HTTP_1_1),
        cmocka_unit_test(a_paused_socket_whose_client_resets_is_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
