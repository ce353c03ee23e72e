/* What a server takes over from another configuration while sockets are open, and what not. */
#include "server_reload.h"

#include "rig_reload.h"
#include "server_instance.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>

static bool is_closed(const struct test_server *s, const struct test_client *c)
{
    (void)c;
    return s->closes == s->opens;
}

static void N6_a_limit_counts_for_open_sockets_at_once(void **state)
{
    struct rig_reload *r = *state;
    rig_reload_start(r);
    rig_reload_assert_echoes(r, "0123456789");
    assert_int_equal(tri_config_limit(r->next, TRI_LIMIT_MESSAGE_BYTES, 9), TRI_OK);
    rig_reload_must_apply(r);
    assert_null(strstr(r->s.log, "reload.ignored"));
    rig_reload_assert_echoes(r, "012345678");
    test_client_send_frame(&r->c, 0x81, "0123456789", 10);
    assert_true(test_server_run_until(&r->s, &r->c, is_closed));
    assert_int_equal(r->s.close_code, TRI_CLOSE_TOO_BIG);
}

static void N6_timeouts_that_run_are_as_long_as_they_say_now(void **state)
{
    struct rig_reload *r = *state;
    assert_int_equal(tri_config_limit(r->s.config, TRI_LIMIT_IDLE_TIMEOUT_MS, 0), TRI_OK);
    rig_reload_start(r);
    assert_int_equal(tri_config_limit(r->next, TRI_LIMIT_IDLE_TIMEOUT_MS, 20), TRI_OK);
    rig_reload_must_apply(r);
    assert_true(test_server_run_until(&r->s, &r->c, is_closed));
    assert_int_equal(r->s.close_code, TRI_CLOSE_GOING_AWAY);
}

static bool has_failed_handshake(const struct test_server *s, const struct test_client *c)
{
    (void)c;
    return strstr(s->log, "tls.fail") != NULL;
}

static void N6_a_handshake_timeout_counts_for_the_next_connection(void **state)
{
    struct rig_reload *r = *state;
    rig_reload_start(r);
    assert_int_equal(tri_config_limit(r->next, TRI_LIMIT_HANDSHAKE_TIMEOUT_MS, 20), TRI_OK);
    rig_reload_must_apply(r);
    struct test_client silent;
    test_client_open_cleartext(&silent, test_server_address(&r->s));
    assert_true(test_server_run_until(&r->s, &silent, has_failed_handshake));
    test_client_close(&silent);
    rig_reload_assert_echoes(r, "still here");
}

/* Asks for a socket from a page of |origin| on a new connection; the first line of the answer. */
static void ask(struct rig_reload *r, const char *origin, const char *status)
{
    struct test_client c;
    char head[512];
    (void)snprintf(head, sizeof head,
                   "GET /echo HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
                   "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nOrigin: %s\r\n"
                   "Sec-WebSocket-Protocol: chat\r\n"
                   "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
                   origin);
    test_client_open(&c, test_server_address(&r->s), "http/1.1");
    test_client_send_text(&c, head);
    assert_true(test_server_await(&r->s, &c, "\r\n\r\n"));
    assert_true(test_client_has(&c, status, strlen(status)));
    test_client_close(&c);
}

static void N6_a_route_gets_its_lists_and_old_sockets_stay(void **state)
{
    struct rig_reload *r = *state;
    assert_int_equal(tri_config_ws_origins(r->s.config, "/echo", "https://a.example"), TRI_OK);
    rig_reload_start(r);
    ask(r, "https://a.example", "HTTP/1.1 101 ");
    ask(r, "https://b.example", "HTTP/1.1 403 ");
    assert_int_equal(tri_config_ws_origins(r->next, "/echo", "https://b.example"), TRI_OK);
    assert_int_equal(tri_config_ws_subprotocols(r->next, "/echo", "chat"), TRI_OK);
    rig_reload_must_apply(r);
    ask(r, "https://a.example", "HTTP/1.1 403 ");
    ask(r, "https://b.example", "HTTP/1.1 101 ");
    ask(r, "https://b.example", "sec-websocket-protocol: chat\r\n");
    rig_reload_assert_echoes(r, "still here");
    assert_int_equal(tri_config_ws_origins(r->next, "/echo", ""), TRI_OK);
    rig_reload_must_apply(r);
    ask(r, "https://a.example", "HTTP/1.1 101 ");
}

/* --- a handshake that waits for its answer */

static struct tri_request *waiting;

static void keep_request(void *user, struct tri_request *req)
{
    (void)user;
    waiting = req;
}

static void forget_request(void *user, struct tri_request *req)
{
    (void)user;
    assert_ptr_equal(req, waiting);
    waiting = NULL;
}

static bool has_request(const struct test_server *s, const struct test_client *c)
{
    (void)s;
    (void)c;
    return waiting != NULL;
}

static void N6_a_handshake_that_waits_keeps_what_was_agreed(void **state)
{
    struct rig_reload *r = *state;
    static const struct tri_ws_handler handler = {.on_request = keep_request,
                                                  .on_cancel = forget_request};
    assert_int_equal(tri_config_ws(r->s.config, "/later", &handler, NULL), TRI_OK);
    assert_int_equal(tri_config_ws_subprotocols(r->s.config, "/later", "chat"), TRI_OK);
    rig_reload_start(r);
    for (int answered = 0; answered < 2; answered++) {
        struct test_client c;
        test_client_open(&c, test_server_address(&r->s), "http/1.1");
        test_client_send_text(&c, "GET /later HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
                                  "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                                  "Sec-WebSocket-Protocol: chat, more\r\n"
                                  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
        assert_true(test_server_run_until(&r->s, &c, has_request));
        assert_int_equal(tri_config_ws_subprotocols(r->next, "/later", "other"), TRI_OK);
        rig_reload_must_apply(r);
        assert_int_equal(tri_config_ws_subprotocols(r->next, "/later", "chat"), TRI_OK);
        rig_reload_must_apply(r);
        if (answered) {
            struct tri_request *req = waiting;
            waiting = NULL;
            assert_int_equal(tri_request_accept(req, NULL), TRI_OK);
            assert_true(test_server_await(&r->s, &c, "sec-websocket-protocol: chat\r\n"));
        }
        test_client_close(&c);
        while (waiting) {
            bool running = true;
            assert_int_equal(tri_server_step(r->s.server, &running), TRI_OK);
        }
    }
}

/* --- the rest */

static void assert_ignored(struct rig_reload *r, const char *setting)
{
    char line[128];
    (void)snprintf(line, sizeof line, "warn reload.ignored setting=%s remedy=restart\n", setting);
    rig_reload_must_apply(r);
    const char *at = strstr(r->s.log, "reload.ignored");
    assert_non_null(at);
    assert_null(strstr(at + 1, "reload.ignored")); /* that one alone */
    assert_non_null(strstr(r->s.log, line));
    rig_reload_next(r);
    r->s.log[0] = '\0';
}

static void N6_what_waits_for_a_restart_is_named(void **state)
{
    struct rig_reload *r = *state;
    static const struct tri_ws_handler other = {.on_open = NULL};
    rig_reload_start(r);
    assert_int_equal(tri_config_listen(r->next, "127.0.0.1:0"), TRI_OK);
    assert_ignored(r, "listen");
    assert_int_equal(tri_config_listen_extended_connect(r->next, 0, false), TRI_OK);
    assert_ignored(r, "listen");
    assert_int_equal(tri_config_cleartext(r->next, "127.0.0.1:0", TRI_CLEARTEXT_REFUSE), TRI_OK);
    assert_ignored(r, "cleartext");
    assert_int_equal(tri_config_admin(r->next, "127.0.0.1:0"), TRI_OK);
    assert_ignored(r, "admin");
    assert_int_equal(tri_config_http(r->next, TRI_HTTP_2), TRI_OK);
    assert_ignored(r, "http");
    tri_config_extended_connect(r->next, false);
    assert_ignored(r, "extended_connect");
    assert_int_equal(tri_config_early_data(r->next, TRI_EARLY_DATA_WAIT), TRI_OK);
    assert_ignored(r, "early_data");
    assert_int_equal(tri_config_keylog(r->next, "keys"), TRI_OK);
    assert_ignored(r, "keylog");
    assert_int_equal(tri_config_qlog(r->next, "q"), TRI_OK);
    assert_ignored(r, "qlog");
    assert_int_equal(tri_config_secret_file(r->next, "s"), TRI_OK);
    assert_ignored(r, "secret_file");
    assert_int_equal(tri_config_ws(r->next, "/new", &other, NULL), TRI_OK);
    assert_ignored(r, "routes");
    r->next->routes.routes[0].ws = &other;
    assert_ignored(r, "routes");
    rig_reload_assert_echoes(r, "still here");
}

static void N6_the_log_says_more_or_less(void **state)
{
    struct rig_reload *r = *state;
    rig_reload_start(r);
    const struct tri_log log = r->s.config->log;
    tri_config_log(r->next, log.write, log.user, TRI_LOG_INFO, TRI_LOG_TEXT);
    rig_reload_must_apply(r);
    r->s.log[0] = '\0';
    ask(r, "https://a.example", "HTTP/1.1 101 ");
    assert_null(strstr(r->s.log, "debug "));
    assert_non_null(strstr(r->s.log, "info ws.open"));
    tri_config_log(r->next, log.write, log.user, TRI_LOG_DEBUG, TRI_LOG_TEXT);
    rig_reload_must_apply(r);
    ask(r, "https://a.example", "HTTP/1.1 101 ");
    assert_non_null(strstr(r->s.log, "debug conn.open"));
}

static void reconfigure(void *user)
{
    struct rig_reload *r = user;
    assert_int_equal(rig_reload_apply(r), TRI_OK);
}

static bool has_reloaded(const struct test_server *s, const struct test_client *c)
{
    (void)c;
    return strstr(s->log, "reload.done") != NULL;
}

static void N6_a_program_reloads_in_its_own_way_at_the_next_turn(void **state)
{
    struct rig_reload *r = *state;
    tri_config_on_reload(r->s.config, reconfigure, r);
    rig_reload_start(r);
    assert_int_equal(tri_config_limit(r->next, TRI_LIMIT_MESSAGE_BYTES, 3), TRI_OK);
    tri_server_ask_reload(r->s.server);
    assert_string_equal(r->s.log, ""); /* not before */
    assert_true(test_server_run_until(&r->s, &r->c, has_reloaded));
    assert_int_equal(r->s.server->shared.config.limits.message_bytes_max, 3);
}

static void N6_a_server_that_stops_takes_nothing_over(void **state)
{
    struct rig_reload *r = *state;
    rig_reload_start(r);
    tri_server_stop(r->s.server);
    bool running = true;
    assert_int_equal(tri_server_step(r->s.server, &running), TRI_OK);
    assert_int_equal(tri_config_limit(r->next, TRI_LIMIT_MESSAGE_BYTES, 3), TRI_OK);
    assert_int_equal(rig_reload_apply(r), TRI_ERR_CLOSED);
    assert_string_equal(r->s.error, "the server is stopping");
    assert_int_not_equal(r->s.server->shared.config.limits.message_bytes_max, 3);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, rig_reload_set_up, rig_reload_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(N6_a_limit_counts_for_open_sockets_at_once),
        CASE(N6_timeouts_that_run_are_as_long_as_they_say_now),
        CASE(N6_a_handshake_timeout_counts_for_the_next_connection),
        CASE(N6_a_route_gets_its_lists_and_old_sockets_stay),
        CASE(N6_a_handshake_that_waits_keeps_what_was_agreed),
        CASE(N6_what_waits_for_a_restart_is_named),
        CASE(N6_the_log_says_more_or_less),
        CASE(N6_a_program_reloads_in_its_own_way_at_the_next_turn),
        CASE(N6_a_server_that_stops_takes_nothing_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
