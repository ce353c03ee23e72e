/* The admin address of a real server: its connections beside the server's own, and its end. */
#include "server_admin_port.h"

#include "server_instance.h"
#include "test_server.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>

static const char get_ready[] = "GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n";
static const char get_metrics[] = "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n";
static const char post_drain[] = "POST /drain HTTP/1.1\r\nHost: localhost\r\n\r\n";

static void set_up(struct test_server *s)
{
    test_server_init(s);
    assert_int_equal(tri_config_admin(s->config, "127.0.0.1:0"), TRI_OK);
    test_server_start(s);
    assert_non_null(tri_server_admin_address(s->server));
}

static struct tri_admin_port *port_of(const struct test_server *s)
{
    return &s->server->worker.admin;
}

static void open_admin(struct test_server *s, struct test_client *c)
{
    test_client_open_cleartext(c, tri_server_admin_address(s->server));
}

static void ask(struct test_server *s, struct test_client *c, const char *request,
                const char *answer)
{
    tri_buf_clear(&c->received);
    test_client_send_text(c, request);
    assert_true(test_server_await(s, c, answer));
}

static bool has(const struct test_client *c, const char *text)
{
    return test_client_has(c, text, strlen(text));
}

static bool has_ended(const struct test_server *s, const struct test_client *c)
{
    (void)s;
    return c->ended;
}

static bool is_stopped(const struct test_server *s, const struct test_client *c)
{
    (void)c;
    return !s->running;
}

static bool is_closed(const struct test_server *s, const struct test_client *c)
{
    (void)c;
    return s->closes > 0;
}

static void a_server_has_none_by_default(void **state)
{
    (void)state;
    struct test_server s;
    test_server_init(&s);
    test_server_start(&s);
    assert_null(tri_server_admin_address(s.server));
    test_server_deinit(&s);
}

static void it_answers_again_and_again_on_one_connection(void **state)
{
    (void)state;
    struct test_server s;
    struct test_client c;
    set_up(&s);
    open_admin(&s, &c);
    for (int i = 0; i < 3; i++) {
        ask(&s, &c, get_metrics, "trisock_build_info{version=\"" TRI_VERSION "\"} 1\n");
        ask(&s, &c, get_ready, "HTTP/1.1 200 OK\r\n");
    }
    assert_false(c.ended);
    test_client_close(&c);
    test_server_deinit(&s);
}

static void its_connections_are_not_the_servers(void **state)
{
    (void)state;
    struct test_server s;
    struct test_client c;
    set_up(&s);
    open_admin(&s, &c);
    ask(&s, &c, get_metrics, "\ntrisock_connections_opened_total{http=\"http/1.1\"} 0\n");
    assert_true(has(&c, "\ntrisock_requests_total{http=\"http/1.1\"} 0\n"));
    assert_int_equal(tri_server_gauge(s.server, TRI_GAUGE_CONNECTIONS), 0);
    assert_int_equal(port_of(&s)->conns_len, 1);
    test_client_close(&c);
    test_server_deinit(&s);
}

static void one_connection_over_the_limit_is_dropped(void **state)
{
    (void)state;
    struct test_server s;
    static struct test_client c[TRI_ADMIN_CONNECTIONS_MAX + 1];
    set_up(&s);
    for (size_t i = 0; i < TRI_ADMIN_CONNECTIONS_MAX; i++) {
        open_admin(&s, &c[i]);
        ask(&s, &c[i], get_ready, "HTTP/1.1 200 OK\r\n");
    }
    open_admin(&s, &c[TRI_ADMIN_CONNECTIONS_MAX]);
    assert_true(test_server_run_until(&s, &c[TRI_ADMIN_CONNECTIONS_MAX], has_ended));
    assert_int_equal(port_of(&s)->conns_len, TRI_ADMIN_CONNECTIONS_MAX);
    ask(&s, &c[0], get_ready, "HTTP/1.1 200 OK\r\n");
    for (size_t i = 0; i <= TRI_ADMIN_CONNECTIONS_MAX; i++) {
        test_client_close(&c[i]);
    }
    test_server_deinit(&s);
}

static void E9_a_post_drains_and_gets_its_answer(void **state)
{
    (void)state;
    struct test_server s;
    struct test_client c;
    set_up(&s);
    open_admin(&s, &c);
    ask(&s, &c, post_drain, "HTTP/1.1 202 Accepted\r\n");
    assert_true(test_server_run_until(&s, &c, has_ended));
    assert_false(c.reset);
    assert_true(has(&c, "\r\n\r\ndraining\n"));
    test_client_close(&c);
    assert_true(test_server_run_until(&s, NULL, is_stopped));
    assert_non_null(strstr(s.log, "info admin.drain remote=127.0.0.1:"));
    assert_non_null(strstr(s.log, "info drain.start connections=0 sockets=0 ms=0\n"));
    test_server_deinit(&s);
}

static void E9_the_configured_time_is_taken(void **state)
{
    (void)state;
    struct test_server s;
    struct test_client c;
    test_server_init(&s);
    assert_int_equal(tri_config_admin(s.config, "127.0.0.1:0"), TRI_OK);
    tri_config_drain_ms(s.config, 1234);
    test_server_start(&s);
    open_admin(&s, &c);
    ask(&s, &c, post_drain, "HTTP/1.1 202 Accepted\r\n");
    test_client_close(&c);
    assert_true(test_server_run_until(&s, NULL, is_stopped));
    assert_non_null(strstr(s.log, " ms=1234\n"));
    test_server_deinit(&s);
}

static void E9_it_answers_during_a_drain_and_goes_last(void **state)
{
    (void)state;
    struct test_server s;
    struct test_client socket;
    struct test_client admin;
    struct test_client late;
    set_up(&s);
    test_server_open_socket(&s, &socket);
    open_admin(&s, &admin);
    tri_server_stop(s.server);
    assert_true(test_server_await(&s, &socket, "\x88\x02\x03\xe9"));
    ask(&s, &admin, get_ready, "HTTP/1.1 503 ");
    open_admin(&s, &late); /* new connections are taken too */
    ask(&s, &late, get_metrics, "\ntrisock_draining 1\n");
    assert_true(has(&late, "\ntrisock_sockets{http=\"http/1.1\"} 1\n"));
    assert_true(s.running);
    test_client_send_frame(&socket, 0x88, "\x03\xe9", 2);
    assert_true(test_server_run_until(&s, &socket, is_closed));
    test_client_close(&socket);
    assert_true(test_server_run_until(&s, &admin, has_ended));
    assert_false(admin.reset);
    test_client_close(&admin);
    assert_true(test_server_run_until(&s, &late, has_ended));
    test_client_close(&late);
    assert_true(test_server_run_until(&s, NULL, is_stopped));
    test_server_deinit(&s);
}

static void E9_a_silent_admin_client_does_not_keep_the_server(void **state)
{
    (void)state;
    struct test_server s;
    struct test_client idle;
    struct test_client half;
    test_server_init(&s);
    assert_int_equal(tri_config_admin(s.config, "127.0.0.1:0"), TRI_OK);
    /* The time of the stop itself would end it too. */
    assert_int_equal(tri_config_limit(s.config, TRI_LIMIT_CLOSE_TIMEOUT_MS, 60000), TRI_OK);
    test_server_start(&s);
    open_admin(&s, &idle);
    ask(&s, &idle, get_ready, "HTTP/1.1 200 OK\r\n");
    open_admin(&s, &half);
    test_client_send_text(&half, "GET /metrics HTTP/1.1\r\nHost: loc"); /* and no more */
    test_client_run(&half);
    for (int i = 0; i < 10 && port_of(&s)->conns_len < 2; i++) {
        assert_int_equal(tri_server_step(s.server, &s.running), TRI_OK);
    }
    tri_server_stop(s.server);
    assert_true(test_server_run_until(&s, NULL, is_stopped)); /* neither closes */
    test_client_close(&idle);
    test_client_close(&half);
    test_server_deinit(&s);
}

static void a_second_stop_cuts_it_too(void **state)
{
    (void)state;
    struct test_server s;
    struct test_client admin;
    set_up(&s);
    open_admin(&s, &admin);
    ask(&s, &admin, get_ready, "HTTP/1.1 200 OK\r\n");
    tri_server_stop(s.server);
    tri_server_stop(s.server);
    assert_true(test_server_run_until(&s, NULL, is_stopped));
    assert_true(test_server_run_until(&s, &admin, has_ended));
    test_client_close(&admin);
    test_server_deinit(&s);
}

static void a_server_is_freed_with_admin_connections(void **state)
{
    (void)state;
    struct test_server s;
    struct test_client admin;
    set_up(&s);
    open_admin(&s, &admin);
    ask(&s, &admin, get_ready, "HTTP/1.1 200 OK\r\n");
    test_server_deinit(&s);
    test_client_close(&admin);
}

static void a_connection_ends_after_its_time(void **state)
{
    (void)state;
    struct test_server s;
    struct test_client c;
    set_up(&s);
    open_admin(&s, &c);
    ask(&s, &c, get_ready, "HTTP/1.1 200 OK\r\n");
    struct tri_admin_port *port = port_of(&s);
    const uint64_t deadline_ns = tri_admin_port_deadline_ns(port);
    const uint64_t now_ns = tri_hub_now_ns(port->hub);
    assert_true(deadline_ns > now_ns);
    assert_true(deadline_ns <= now_ns + TRI_ADMIN_CONNECTION_MS * TRI_NS_PER_MS);
    tri_admin_port_expire(port, deadline_ns - 1);
    assert_false(tri_admin_port_is_dirty(port));
    tri_admin_port_expire(port, deadline_ns); /* it is idle: that is the end */
    assert_true(test_server_run_until(&s, &c, has_ended));
    assert_false(c.reset);
    test_client_close(&c);
    test_server_deinit(&s);
}

static void one_that_does_not_go_is_cut_after_as_long_again(void **state)
{
    (void)state;
    struct test_server s;
    struct test_client c;
    set_up(&s);
    open_admin(&s, &c);
    test_client_send_text(&c, "GET /metrics HTTP/1.1\r\nHost: loc");
    test_client_run(&c);
    struct tri_admin_port *port = port_of(&s);
    for (int i = 0; i < 1000 && port->conns_len == 0; i++) {
        assert_int_equal(tri_server_step(s.server, &s.running), TRI_OK);
    }
    for (int i = 0; i < 10; i++) { /* its bytes are read */
        assert_int_equal(tri_server_step(s.server, &s.running), TRI_OK);
    }
    const uint64_t deadline_ns = tri_admin_port_deadline_ns(port);
    tri_admin_port_expire(port, deadline_ns);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(tri_server_step(s.server, &s.running), TRI_OK);
    }
    assert_int_equal(port->conns_len, 1);
    tri_admin_port_expire(port, deadline_ns + TRI_ADMIN_CONNECTION_MS * TRI_NS_PER_MS);
    assert_true(test_server_run_until(&s, &c, has_ended));
    test_client_close(&c);
    test_server_deinit(&s);
}

static void a_used_port_is_told(void **state)
{
    (void)state;
    struct test_server first;
    struct test_server second;
    set_up(&first);
    test_server_init(&second);
    const char *address = tri_server_admin_address(first.server);
    assert_int_equal(tri_config_admin(second.config, address), TRI_OK);
    assert_int_equal(
        tri_server_new(&second.server, second.config, second.error, sizeof second.error),
        TRI_ERR_INUSE);
    char sentence[256];
    (void)snprintf(sentence, sizeof sentence,
                   "%s is in use by another program; choose another port", address);
    assert_string_equal(second.error, sentence);
    test_server_deinit(&second);
    test_server_deinit(&first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_server_has_none_by_default),
        cmocka_unit_test(it_answers_again_and_again_on_one_connection),
        cmocka_unit_test(its_connections_are_not_the_servers),
        cmocka_unit_test(one_connection_over_the_limit_is_dropped),
        cmocka_unit_test(E9_a_post_drains_and_gets_its_answer),
        cmocka_unit_test(E9_the_configured_time_is_taken),
        cmocka_unit_test(E9_it_answers_during_a_drain_and_goes_last),
        cmocka_unit_test(E9_a_silent_admin_client_does_not_keep_the_server),
        cmocka_unit_test(a_second_stop_cuts_it_too),
        cmocka_unit_test(a_server_is_freed_with_admin_connections),
        cmocka_unit_test(a_connection_ends_after_its_time),
        cmocka_unit_test(one_that_does_not_go_is_cut_after_as_long_again),
        cmocka_unit_test(a_used_port_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
