/* The public server: what it serves, what it tells, how it fails to start. */
#include "server_instance.h"
#include "test_alloc.h"
#include "test_death.h"
#include "test_server.h"
#include "tls_identity.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define METRICS_MAX ((size_t)(64 * 1024))

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

static bool has_logged_failure(const struct test_server *s, const struct test_client *c)
{
    (void)c;
    return strstr(s->log, "info tls.fail conn=1 remote=127.0.0.1:") != NULL;
}

static void an_h1_client_gets_a_page_with_date_and_alt_svc(void **state)
{
    (void)state;
    struct test_server s;
    struct test_client c;
    test_server_init(&s);
    test_server_start(&s);
    test_client_open(&c, test_server_address(&s), "http/1.1");
    test_client_send_text(&c, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert_true(test_server_await(&s, &c, "a page\n"));
    assert_true(test_client_has(&c, "HTTP/1.1 200 ", 13));
    assert_true(test_client_has(&c, "\r\ndate: ", 8));
    char alt_svc[64];
    int len = snprintf(alt_svc, sizeof alt_svc, "\r\nalt-svc: h3=\":%s\"; ma=86400\r\n",
                       strchr(test_server_address(&s), ':') + 1);
    assert_true(test_client_has(&c, alt_svc, (size_t)len));
    test_client_close(&c);
    test_server_deinit(&s);
}

static void N5_there_is_no_alt_svc_without_http_3(void **state)
{
    (void)state;
    struct test_server s;
    struct test_client c;
    test_server_init(&s);
    assert_int_equal(tri_config_http(s.config, TRI_HTTP_1_1 | TRI_HTTP_2), TRI_OK);
    test_server_start(&s);
    test_client_open(&c, test_server_address(&s), "http/1.1");
    test_client_send_text(&c, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert_true(test_server_await(&s, &c, "a page\n"));
    assert_false(test_client_has(&c, "alt-svc", 7));
    test_client_close(&c);
    test_server_deinit(&s);
}

static void a_socket_echoes_and_closes(void **state)
{
    (void)state;
    struct test_server s;
    struct test_client c;
    test_server_init(&s);
    test_server_start(&s);
    test_server_open_socket(&s, &c);
    assert_string_equal(tri_ws_carrier(s.ws)->http, "http/1.1");
    assert_string_equal(tri_ws_carrier(s.ws)->tls_version, "TLS 1.3");
    test_client_send_frame(&c, 0x82, "hello", 5);
    assert_true(test_server_await(&s, &c, "\x82\x05hello"));
    test_client_send_frame(&c, 0x88, "\x03\xe8", 2);
    assert_true(test_server_await(&s, &c, "\x88\x02\x03\xe8"));
    assert_true(test_server_run_until(&s, &c, has_ended));
    assert_true(test_server_run_until(&s, &c, is_closed));
    assert_int_equal(s.close_code, 1000);
    test_client_close(&c);
    test_server_deinit(&s);
}

static void a_large_message_passes_the_limits_of_the_queue(void **state)
{
    (void)state;
    struct test_server s;
    struct test_client c;
    test_server_init(&s);
    test_server_start(&s);
    test_server_open_socket(&s, &c);
    size_t len = (size_t)4 * 1024 * 1024;
    uint8_t *data = malloc(len);
    assert_non_null(data);
    for (size_t i = 0; i < len; i++) {
        data[i] = (uint8_t)(i * 13 / 7);
    }
    static const uint8_t end[] = {'t', 'h', 'e', ' ', 'e', 'n', 'd', '!'};
    memcpy(data + len - sizeof end, end, sizeof end);
    test_client_send_frame(&c, 0x82, data, len);
    assert_true(test_server_await(&s, &c, "the end!"));
    assert_true(test_client_has(&c, data, len));
    free(data);
    test_client_close(&c);
    assert_true(test_server_run_until(&s, NULL, is_closed));
    test_server_deinit(&s);
}

static void N4_the_cleartext_port_answers_426_or_308(void **state)
{
    (void)state;
    struct test_server s;
    test_server_init(&s);
    assert_int_equal(tri_config_cleartext(s.config, "127.0.0.1:0", TRI_CLEARTEXT_REFUSE), TRI_OK);
    assert_int_equal(tri_config_cleartext(s.config, "127.0.0.1:0", TRI_CLEARTEXT_REDIRECT), TRI_OK);
    test_server_start(&s);
    assert_null(tri_server_cleartext_address(s.server, 2));
    static const char *const answers[] = {"HTTP/1.1 426 ", "HTTP/1.1 308 "};
    for (size_t i = 0; i < 2; i++) {
        struct test_client c;
        test_client_open_cleartext(&c, tri_server_cleartext_address(s.server, i));
        test_client_send_text(&c, "GET /a HTTP/1.1\r\nHost: localhost\r\n\r\n");
        assert_true(test_server_await(&s, &c, "\r\n\r\n"));
        assert_true(test_client_has(&c, answers[i], strlen(answers[i])));
        if (i == 1) {
            char location[64];
            int len = snprintf(location, sizeof location, "https://localhost:%s/a",
                               strchr(test_server_address(&s), ':') + 1);
            assert_true(test_client_has(&c, location, (size_t)len));
        }
        test_client_close(&c);
    }
    test_server_deinit(&s);
}

static void N2_a_client_of_an_unknown_protocol_gets_alert_120(void **state)
{
    (void)state;
    struct test_server s;
    struct test_client c;
    test_server_init(&s);
    test_server_start(&s);
    test_client_open(&c, test_server_address(&s), "foo");
    assert_true(test_server_run_until(&s, &c, has_ended));
    assert_int_equal(peer_tls_alert(&c.tls), 120);
    test_client_close(&c);
    assert_true(test_server_run_until(&s, NULL, has_logged_failure));
    test_server_deinit(&s);
}

static void gauges_follow_what_is_open(void **state)
{
    (void)state;
    struct test_server s;
    struct test_client c;
    test_server_init(&s);
    assert_int_equal(tri_config_ws_deflate(s.config, "/echo", TRI_DEFLATE_SHARED), TRI_OK);
    test_server_start(&s);
    assert_int_equal(tri_server_gauge(s.server, TRI_GAUGE_CONNECTIONS), 0);
    assert_int_equal(tri_server_gauge(s.server, TRI_GAUGE_SOCKETS), 0);
    assert_int_equal(tri_server_gauge(s.server, TRI_GAUGE_DEFLATE_BYTES), 0);
    const uint64_t memory = tri_server_gauge(s.server, TRI_GAUGE_MEMORY_BYTES);
    assert_true(memory > 10000);
    test_client_open(&c, test_server_address(&s), "http/1.1");
    test_client_send_text(&c, "GET /echo HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
                              "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                              "Sec-WebSocket-Extensions: permessage-deflate\r\n"
                              "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
    assert_true(test_server_await(&s, &c, "sec-websocket-extensions: permessage-deflate; "));
    assert_int_equal(tri_server_gauge(s.server, TRI_GAUGE_CONNECTIONS), 1);
    assert_int_equal(tri_server_gauge(s.server, TRI_GAUGE_SOCKETS), 1);
    static const char zeros[1000];
    assert_int_equal(tri_ws_send(s.ws, TRI_BINARY, zeros, sizeof zeros), TRI_OK);
    assert_true(tri_server_gauge(s.server, TRI_GAUGE_DEFLATE_BYTES) > 1000);
    assert_true(tri_server_gauge(s.server, TRI_GAUGE_MEMORY_BYTES) > memory + 24000);
    test_client_close(&c);
    assert_true(test_server_run_until(&s, NULL, is_closed));
    assert_int_equal(tri_server_gauge(s.server, TRI_GAUGE_SOCKETS), 0);
    test_server_deinit(&s);
}

static void take_metrics(void *user, const char *text, size_t len)
{
    char *page = user;
    const size_t used = strlen(page);
    assert_true(used + len < METRICS_MAX);
    memcpy(page + used, text, len);
    page[used + len] = '\0';
}

static void assert_metric(const struct test_server *s, const char *line)
{
    static char page[METRICS_MAX];
    page[0] = '\0';
    tri_server_metrics(s->server, take_metrics, page);
    char whole[256];
    (void)snprintf(whole, sizeof whole, "\n%s\n", line);
    if (!strstr(page, whole)) {
        fail_msg("there is no line: %s", line);
    }
}

static bool has_no_connection(const struct test_server *s, const struct test_client *c)
{
    (void)c;
    return tri_server_gauge(s->server, TRI_GAUGE_CONNECTIONS) == 0;
}

static bool has_connection(const struct test_server *s, const struct test_client *c)
{
    (void)c;
    return tri_server_gauge(s->server, TRI_GAUGE_CONNECTIONS) == 1;
}

static void metrics_tell_what_came_and_went(void **state)
{
    (void)state;
    struct test_server s;
    struct test_client c;
    test_server_init(&s);
    test_server_start(&s);
    test_server_open_socket(&s, &c);
    assert_metric(&s, "trisock_connections{http=\"http/1.1\"} 1");
    assert_metric(&s, "trisock_sockets{http=\"http/1.1\"} 1");
    assert_metric(&s, "trisock_handshakes_failed_total 0");
    test_client_send_frame(&c, 0x81, "12345", 5);
    assert_true(test_server_await(&s, &c, "12345"));
    assert_metric(&s, "trisock_messages_received_total{http=\"http/1.1\"} 1");
    assert_metric(&s, "trisock_message_bytes_sent_total{http=\"http/1.1\"} 5");
    test_client_close(&c);
    assert_true(test_server_run_until(&s, NULL, has_no_connection));
    assert_metric(&s, "trisock_connections{http=\"http/1.1\"} 0");
    assert_metric(&s, "trisock_connections_closed_total{http=\"http/1.1\"} 1");
    assert_metric(&s, "trisock_sockets_closed_total{http=\"http/1.1\",code=\"1006\"} 1");
    assert_metric(&s, "trisock_sockets_per_connection_count{http=\"http/1.1\"} 1");
    test_server_deinit(&s);
}

static void a_handshake_that_comes_to_nothing_is_counted(void **state)
{
    (void)state;
    struct test_server s;
    struct test_client c;
    test_server_init(&s);
    test_server_start(&s);
    test_client_open_cleartext(&c, test_server_address(&s));
    assert_true(test_server_run_until(&s, NULL, has_connection));
    test_client_close(&c);
    assert_true(test_server_run_until(&s, NULL, has_no_connection));
    assert_metric(&s, "trisock_handshakes_failed_total 1");
    assert_metric(&s, "trisock_connections_opened_total{http=\"http/1.1\"} 0");
    assert_metric(&s, "trisock_connections_closed_total{http=\"http/1.1\"} 0");
    test_server_deinit(&s);
}

/* ----------------------------------------------------------------------- pausing and resuming */

struct resumer {
    struct test_server *server;
    bool resumed;
};

/* One socket reads on because of something that happens on another connection. */
static void take_resume(void *user, struct tri_request *req)
{
    struct resumer *r = user;
    tri_ws_resume(r->server->ws);
    r->resumed = true;
    (void)tri_request_reply(req, 200, NULL, 0, "resumed\n", 8);
}

static const struct tri_http_handler resume_handler = {.on_request = take_resume};

/* A socket that is paused, with a message that the server has already got. */
static void hold_a_message(struct test_server *s, struct test_client *socket,
                           struct test_client *other)
{
    test_server_open_socket(s, socket);
    tri_ws_pause(s->ws);
    test_client_send_frame(socket, 0x81, "held", 4);
    test_client_run(socket);
    test_client_open(other, test_server_address(s), "http/1.1");
    test_client_send_text(other, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert_true(test_server_await(s, other, "a page\n"));
    test_client_run(socket);
    assert_false(test_client_has(socket, "\x81\x04held", 6));
}

/* Whether |text| comes without another step of the server. */
static bool comes_unasked(struct test_client *c, const char *text)
{
    for (int i = 0; i < 2000 && !test_client_has(c, text, strlen(text)); i++) {
        test_client_run(c);
        (void)usleep(1000);
    }
    return test_client_has(c, text, strlen(text));
}

static void a_resume_between_turns_asks_for_a_turn(void **state)
{
    (void)state;
    struct test_server s;
    struct test_client c, other;
    test_server_init(&s);
    test_server_start(&s);
    hold_a_message(&s, &c, &other);
    assert_int_not_equal(tri_server_timeout_ms(s.server), 0);
    tri_ws_resume(s.ws);
    assert_int_equal(tri_server_timeout_ms(s.server), 0);
    assert_int_equal(tri_server_step(s.server, &s.running), TRI_OK);
    assert_true(comes_unasked(&c, "\x81\x04held"));
    while (tri_server_timeout_ms(s.server) == 0) {
        assert_int_equal(tri_server_step(s.server, &s.running), TRI_OK);
    }
    test_client_close(&other);
    test_client_close(&c);
    assert_true(test_server_run_until(&s, NULL, is_closed));
    test_server_deinit(&s);
}

static void a_resume_within_a_turn_takes_effect_in_it(void **state)
{
    (void)state;
    struct test_server s;
    struct test_client c, other;
    struct resumer r = {.server = &s};
    test_server_init(&s);
    assert_int_equal(tri_config_http_route(s.config, "/resume", &resume_handler, &r), TRI_OK);
    test_server_start(&s);
    hold_a_message(&s, &c, &other);
    test_client_send_text(&other, "GET /resume HTTP/1.1\r\nHost: localhost\r\n\r\n");
    while (!r.resumed) {
        test_client_run(&other);
        assert_int_equal(tri_server_step(s.server, &s.running), TRI_OK);
    }
    assert_true(comes_unasked(&c, "\x81\x04held"));
    assert_true(comes_unasked(&other, "resumed\n"));
    test_client_close(&other);
    test_client_close(&c);
    assert_true(test_server_run_until(&s, NULL, is_closed));
    test_server_deinit(&s);
}

/* Nothing else is to happen then: no ping, no other connection. */
static void the_idle_timeout_counts_from_a_resume_between_turns(void **state)
{
    (void)state;
    struct test_server s;
    struct test_client c;
    test_server_init(&s);
    assert_int_equal(tri_config_limit(s.config, TRI_LIMIT_PING_INTERVAL_MS, 0), TRI_OK);
    assert_int_equal(tri_config_limit(s.config, TRI_LIMIT_IDLE_TIMEOUT_MS, 100), TRI_OK);
    test_server_start(&s);
    test_server_open_socket(&s, &c);
    tri_ws_pause(s.ws);
    for (int i = 0; i < 3; i++) { /* and all that there was to send is sent */
        assert_int_equal(tri_server_step(s.server, &s.running), TRI_OK);
    }
    assert_true(tri_server_timeout_ms(s.server) < 0 || tri_server_timeout_ms(s.server) > 100);
    tri_ws_resume(s.ws);
    const int timeout_ms = tri_server_timeout_ms(s.server);
    assert_true(timeout_ms > 0 && timeout_ms <= 101);
    assert_true(test_server_await(&s, &c, "idle timeout"));
    test_client_close(&c);
    assert_true(test_server_run_until(&s, NULL, is_closed));
    test_server_deinit(&s);
}

static void a_lost_client_is_1006(void **state)
{
    (void)state;
    struct test_server s;
    struct test_client c;
    test_server_init(&s);
    test_server_start(&s);
    test_server_open_socket(&s, &c);
    test_client_close(&c);
    assert_true(test_server_run_until(&s, NULL, is_closed));
    assert_int_equal(s.close_code, TRI_CLOSE_ABNORMAL);
    test_server_deinit(&s);
}

static void a_server_that_is_freed_closes_its_sockets(void **state)
{
    (void)state;
    struct test_server s;
    struct test_client c;
    test_server_init(&s);
    test_server_start(&s);
    test_server_open_socket(&s, &c);
    tri_server_free(s.server);
    s.server = NULL;
    assert_int_equal(s.closes, 1);
    assert_int_equal(s.close_code, TRI_CLOSE_ABNORMAL);
    test_client_run(&c);
    assert_true(c.ended);
    test_client_close(&c);
    test_server_deinit(&s);
    tri_server_free(NULL);
}

static void free_server(void *user, struct tri_request *req)
{
    (void)req;
    const struct test_server *s = user;
    tri_server_free(s->server);
}

static const struct tri_http_handler freeing_handler = {.on_request = free_server};

static void serve_a_request_that_frees_the_server(void *user)
{
    struct test_server *s = user;
    struct test_client c;
    test_server_start(s);
    test_client_open(&c, test_server_address(s), "http/1.1");
    test_client_send_text(&c, "GET /free HTTP/1.1\r\nHost: localhost\r\n\r\n");
    (void)test_server_run_until(s, &c, has_ended);
}

static void a_handler_that_frees_the_server_ends_the_program(void **state)
{
    (void)state;
    struct test_server s;
    test_server_init(&s);
    assert_int_equal(tri_config_http_route(s.config, "/free", &freeing_handler, &s), TRI_OK);
    assert_true(test_death_is_met(serve_a_request_that_frees_the_server, &s));
    test_server_deinit(&s);
}

static void a_server_tells_its_addresses_and_its_certificate(void **state)
{
    (void)state;
    struct test_server s;
    test_server_init(&s);
    assert_int_equal(tri_config_listen(s.config, "[::1]:0"), TRI_OK);
    test_server_start(&s);
    assert_int_equal(strncmp(tri_server_address(s.server, 0), "127.0.0.1:", 10), 0);
    assert_int_equal(strncmp(tri_server_address(s.server, 1), "[::1]:", 6), 0);
    assert_null(tri_server_address(s.server, 2));
    assert_null(tri_server_cleartext_address(s.server, 0));
    assert_int_equal(strlen(tri_server_spki_pin(s.server)), 44);
    assert_string_equal(tri_server_made_certificate(s.server),
                        temp_dir_path(&s.dir, "trisock/localhost.crt"));
    assert_true(tri_server_fd(s.server) >= 0);
    test_server_deinit(&s);
}

static bool has_reloaded(const struct test_server *s, const struct test_client *c)
{
    (void)c;
    return strstr(s->log, "info reload.done certificates=1") != NULL;
}

static bool has_kept(const struct test_server *s, const struct test_client *c)
{
    (void)c;
    return strstr(s->log, "error reload.fail reason=") != NULL;
}

/* Makes the server's certificate anew, as a renewal does. */
static void renew(struct test_server *s)
{
    char error[TRI_TLS_ERROR_MAX];
    assert_int_equal(tri_tls_identity_make(temp_dir_path(&s->dir, "trisock/localhost.crt"),
                                           temp_dir_path(&s->dir, "trisock/localhost.key"), 30,
                                           error),
                     TRI_OK);
}

static void N6_certificates_are_read_again_and_open_sockets_stay(void **state)
{
    (void)state;
    struct test_server s;
    struct test_client c;
    test_server_init(&s);
    test_server_start(&s);
    test_server_open_socket(&s, &c);
    char pin[64];
    (void)snprintf(pin, sizeof pin, "%s", tri_server_spki_pin(s.server));
    renew(&s);
    assert_int_equal(tri_server_reload(s.server, s.error, sizeof s.error), TRI_OK);
    assert_string_equal(s.error, "");
    assert_string_not_equal(tri_server_spki_pin(s.server), pin);

    s.log[0] = '\0';
    (void)snprintf(pin, sizeof pin, "%s", tri_server_spki_pin(s.server));
    renew(&s);
    tri_server_ask_reload(s.server);
    assert_string_equal(tri_server_spki_pin(s.server), pin); /* not before the next turn */
    assert_true(test_server_run_until(&s, &c, has_reloaded));
    assert_string_not_equal(tri_server_spki_pin(s.server), pin);
    test_client_send_frame(&c, 0x81, "still here", 10);
    assert_true(test_server_await(&s, &c, "still here"));
    test_client_close(&c);
    test_server_deinit(&s);
}

static void N6_a_certificate_that_cannot_be_used_is_told_and_changes_nothing(void **state)
{
    (void)state;
    struct test_server s;
    struct test_client c;
    test_server_init(&s);
    temp_dir_folder(&s.dir, "trisock");
    renew(&s);
    assert_int_equal(tri_config_certificate(s.config,
                                            temp_dir_path(&s.dir, "trisock/localhost.crt"),
                                            temp_dir_path(&s.dir, "trisock/localhost.key")),
                     TRI_OK);
    test_server_start(&s);
    test_server_open_socket(&s, &c);
    char pin[64];
    (void)snprintf(pin, sizeof pin, "%s", tri_server_spki_pin(s.server));
    temp_dir_text(&s.dir, "trisock/localhost.crt", "garbage");
    assert_int_equal(tri_server_reload(s.server, s.error, sizeof s.error), TRI_ERR_TLS);
    assert_non_null(strstr(s.error, "localhost.crt\" holds no PEM certificate"));
    assert_int_equal(tri_server_reload(s.server, NULL, 0), TRI_ERR_TLS);
    s.log[0] = '\0';
    tri_server_ask_reload(s.server);
    assert_true(test_server_run_until(&s, &c, has_kept));
    assert_non_null(strstr(s.log, "holds no PEM certificate"));
    assert_string_equal(tri_server_spki_pin(s.server), pin);
    test_client_close(&c);
    test_server_open_socket(&s, &c); /* a new handshake, with the old certificate */
    test_client_close(&c);
    test_server_deinit(&s);
}

static void a_used_port_is_told_with_its_address(void **state)
{
    (void)state;
    struct test_server s;
    test_server_init(&s);
    test_server_start(&s);
    struct tri_config *config = tri_config_new();
    assert_non_null(config);
    assert_int_equal(tri_config_listen(config, test_server_address(&s)), TRI_OK);
    struct tri_server *second = s.server;
    char expected[128];
    (void)snprintf(expected, sizeof expected,
                   "%s is in use by another program; choose another port", test_server_address(&s));
    char error[512];
    assert_int_equal(tri_server_new(&second, config, error, sizeof error), TRI_ERR_INUSE);
    assert_null(second);
    assert_string_equal(error, expected);
    assert_int_equal(tri_server_new(&second, config, NULL, 0), TRI_ERR_INUSE);
    tri_config_free(config);
    test_server_deinit(&s);
}

static void an_address_that_cannot_be_had_is_told(void **state)
{
    (void)state;
    struct test_server s;
    test_server_init(&s);
    assert_int_equal(tri_config_listen(s.config, "203.0.113.1:1"), TRI_OK);
    assert_int_equal(tri_server_new(&s.server, s.config, s.error, sizeof s.error), TRI_ERR_IO);
    assert_string_equal(s.error,
                        "203.0.113.1:1 is no address of this machine; choose one of its own");
    test_server_deinit(&s);
}

static void a_missing_certificate_is_told(void **state)
{
    (void)state;
    struct test_server s;
    test_server_init(&s);
    assert_int_equal(tri_config_certificate(s.config, "/no/cert.pem", "/no/key.pem"), TRI_OK);
    assert_int_equal(tri_server_new(&s.server, s.config, s.error, sizeof s.error),
                     TRI_ERR_NOT_FOUND);
    assert_non_null(strstr(s.error, "/no/cert.pem"));
    test_server_deinit(&s);
}

static void short_memory_at_the_start_is_told_and_loses_nothing(void **state)
{
    (void)state;
    struct temp_dir dir;
    temp_dir_make(&dir);
    assert_int_equal(setenv("XDG_STATE_HOME", dir.path, 1), 0);
    bool failed = true;
    for (size_t n = 0; failed; n++) { /* the first makes the certificate */
        struct test_alloc heap;
        test_alloc_init(&heap);
        test_alloc_hide_sizes(&heap);
        struct tri_config *config = tri_config_new_with(&heap.alloc);
        assert_non_null(config);
        assert_int_equal(tri_config_listen(config, "127.0.0.1:0"), TRI_OK);
        heap.calls = 0;
        heap.fail_at = n;
        struct tri_server *server;
        char error[512];
        enum tri_err err = tri_server_new(&server, config, error, sizeof error);
        failed = n == 0 || test_alloc_has_failed(&heap);
        heap.fail_at = 0;
        assert_true(err == TRI_OK || (failed && err == TRI_ERR_NOMEM && error[0] != '\0'));
        assert_true(err == TRI_OK || !server);
        tri_server_free(server);
        tri_config_free(config);
        assert_int_equal(heap.live, 0);
    }
    temp_dir_remove(&dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_h1_client_gets_a_page_with_date_and_alt_svc),
        cmocka_unit_test(N5_there_is_no_alt_svc_without_http_3),
        cmocka_unit_test(a_socket_echoes_and_closes),
        cmocka_unit_test(a_large_message_passes_the_limits_of_the_queue),
        cmocka_unit_test(N4_the_cleartext_port_answers_426_or_308),
        cmocka_unit_test(N2_a_client_of_an_unknown_protocol_gets_alert_120),
        cmocka_unit_test(gauges_follow_what_is_open),
        cmocka_unit_test(metrics_tell_what_came_and_went),
        cmocka_unit_test(a_handshake_that_comes_to_nothing_is_counted),
        cmocka_unit_test(a_resume_between_turns_asks_for_a_turn),
        cmocka_unit_test(a_resume_within_a_turn_takes_effect_in_it),
        cmocka_unit_test(the_idle_timeout_counts_from_a_resume_between_turns),
        cmocka_unit_test(a_lost_client_is_1006),
        cmocka_unit_test(a_server_that_is_freed_closes_its_sockets),
        cmocka_unit_test(a_handler_that_frees_the_server_ends_the_program),
        cmocka_unit_test(a_server_tells_its_addresses_and_its_certificate),
        cmocka_unit_test(N6_certificates_are_read_again_and_open_sockets_stay),
        cmocka_unit_test(N6_a_certificate_that_cannot_be_used_is_told_and_changes_nothing),
        cmocka_unit_test(a_used_port_is_told_with_its_address),
        cmocka_unit_test(an_address_that_cannot_be_had_is_told),
        cmocka_unit_test(a_missing_certificate_is_told),
        cmocka_unit_test(short_memory_at_the_start_is_told_and_loses_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
