/* The bridge between a local program on a socket of its own and a server of ours. */
#include "client_bridge.h"
#include "client_bridge_state.h"
#include "client_config.h"
#include "rig_client.h"
#include "test_alloc.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#define HELLO "\x81\x05hello"
#define FINAL_TEXT 0x81u

static const unsigned versions[] = {TRI_HTTP_1_1, TRI_HTTP_2, TRI_HTTP_3};
#define VERSIONS_LEN (sizeof versions / sizeof *versions)

struct world {
    struct rig_client r;
    struct tri_client_bridge *bridge;
    struct test_client local;
    unsigned stops;
    char notes[4096];
};

static void take_note(void *user, const char *text, bool is_error)
{
    (void)is_error;
    struct world *w = user;
    const size_t used = strlen(w->notes);
    (void)snprintf(w->notes + used, sizeof w->notes - used, "%s\n", text);
}

static void take_stopped(void *user)
{
    ((struct world *)user)->stops++;
}

static enum tri_err make_bridge(struct world *w, unsigned http, char *error, size_t error_max)
{
    static const struct tri_header more = {.name = "x-test", .value = "by the bridge"};
    char url[64];
    (void)snprintf(url, sizeof url, "wss://%s/ignored", test_server_address(&w->r.server));
    const struct tri_client_bridge_setup setup = {.listen = "127.0.0.1:0",
                                                  .url = url,
                                                  .http = http,
                                                  .headers = &more,
                                                  .headers_len = 1,
                                                  .on_note = take_note,
                                                  .on_stopped = take_stopped,
                                                  .user = w};
    return tri_client_bridge_new(&w->bridge, w->r.client, &setup, error, error_max);
}

static struct world *open_world(unsigned http)
{
    struct world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    rig_client_init(&w->r);
    rig_client_start(&w->r);
    char error[256] = "";
    if (make_bridge(w, http, error, sizeof error) != TRI_OK) {
        fail_msg("%s", error);
    }
    return w;
}

#define AWAIT(w, condition) RIG_AWAIT(&(w)->r, (test_client_run(&(w)->local), condition))

static void close_world(struct world *w)
{
    tri_client_bridge_cut(w->bridge);
    RIG_AWAIT(&w->r, w->stops == 1);
    tri_client_bridge_free(w->bridge);
    rig_client_deinit(&w->r);
    free(w);
}

static void send_request(struct world *w, const char *path, const char *fields)
{
    char text[1024];
    (void)snprintf(text, sizeof text,
                   "GET %s HTTP/1.1\r\nHost: local\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                   "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
                   "%s\r\n",
                   path, fields);
    test_client_open_cleartext(&w->local, tri_client_bridge_address(w->bridge));
    test_client_send_text(&w->local, text);
}

static bool has(const struct world *w, const char *text)
{
    return test_client_has(&w->local, text, strlen(text));
}

static void await_status(struct world *w, const char *status)
{
    AWAIT(w, has(w, "\r\n\r\n"));
    if (!has(w, status)) {
        fail_msg("%.*s", (int)tri_buf_peek(&w->local.received).len,
                 (const char *)tri_buf_peek(&w->local.received).data);
    }
}

static void open_socket(struct world *w, const char *path)
{
    send_request(w, path, "");
    await_status(w, "HTTP/1.1 101 ");
}

static void echo_hello(struct world *w)
{
    test_client_send_frame(&w->local, FINAL_TEXT, "hello", 5);
    AWAIT(w, has(w, HELLO));
}

/* ---- sockets */

static void a_socket_is_carried_over_each_http(void **state)
{
    (void)state;
    static const char *const names[] = {"http=http/1.1", "http=h2", "http=h3"};
    for (size_t i = 0; i < VERSIONS_LEN; i++) {
        struct world *w = open_world(versions[i]);
        send_request(w, "/chat?a=b",
                     "Origin: https://page.example\r\nSec-WebSocket-Protocol: x, chat\r\n");
        await_status(w, "HTTP/1.1 101 ");
        assert_true(has(w, "sec-websocket-protocol: chat\r\n"));
        assert_true(has(w, "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));
        assert_string_equal(w->r.field, "by the bridge");
        assert_string_equal(w->r.origin, "https://page.example");
        assert_non_null(strstr(w->r.server.log, names[i]));
        echo_hello(w);
        test_client_close(&w->local);
        close_world(w);
    }
}

static void frames_behind_the_request_wait_for_the_answer(void **state)
{
    (void)state;
    struct world *w = open_world(TRI_HTTP_2);
    send_request(w, "/echo", "");
    echo_hello(w);
    test_client_close(&w->local);
    close_world(w);
}

static void an_own_field_of_the_program_counts_more(void **state)
{
    (void)state;
    struct world *w = open_world(TRI_HTTP_2);
    send_request(w, "/chat", "X-Test: my own\r\n");
    await_status(w, "HTTP/1.1 101 ");
    assert_string_equal(w->r.field, "my own");
    test_client_close(&w->local);
    close_world(w);
}

static void the_servers_close_comes_before_its_end(void **state)
{
    (void)state;
    for (size_t i = 0; i < VERSIONS_LEN; i++) {
        struct world *w = open_world(versions[i]);
        open_socket(w, "/bye");
        test_client_send_frame(&w->local, FINAL_TEXT, "x", 1);
        AWAIT(w, has(w, "\x88\x05\x0f\xa1"
                        "bye"));
        test_client_send_frame(&w->local, 0x88, "\x0f\xa1", 2);
        AWAIT(w, w->local.ended);
        assert_false(w->local.reset);
        test_client_close(&w->local);
        close_world(w);
    }
}

static void a_program_that_goes_is_gone_for_the_server(void **state)
{
    (void)state;
    for (size_t i = 0; i < VERSIONS_LEN; i++) {
        struct world *w = open_world(versions[i]);
        open_socket(w, "/echo");
        test_client_close(&w->local);
        RIG_AWAIT(&w->r, w->r.server.closes == 1);
        assert_int_equal(w->r.server.close_code, 1006);
        close_world(w);
    }
}

static void who_does_not_read_holds_up_the_server_and_loses_nothing(void **state)
{
    (void)state;
    const size_t all = (size_t)RIG_FLOOD * (4 + RIG_FLOOD_BYTES);
    for (size_t i = 0; i < VERSIONS_LEN; i++) {
        struct world *w = open_world(versions[i]);
        send_request(w, "/flood", "");
        test_client_run(&w->local);
        for (int turns = 0; turns < 20; turns++) {
            rig_client_step(&w->r); /* the program reads nothing */
        }
        AWAIT(w, tri_buf_peek(&w->local.received).len >= all);
        test_client_close(&w->local);
        close_world(w);
    }
}

static void a_server_that_does_not_end_its_stream_is_not_awaited_for_long(void **state)
{
    (void)state;
    for (size_t i = 1; i < VERSIONS_LEN; i++) { /* over HTTP/1.1 our end is the connection's */
        struct world *w = calloc(1, sizeof *w);
        assert_non_null(w);
        rig_client_init(&w->r);
        assert_int_equal(tri_client_config_limit(w->r.config, TRI_LIMIT_CLOSE_TIMEOUT_MS, 300),
                         TRI_OK);
        rig_client_start(&w->r);
        assert_int_equal(make_bridge(w, versions[i], NULL, 0), TRI_OK);
        open_socket(w, "/echo");
        w->r.server.running = false; /* it does nothing at all */
        test_client_close(&w->local);
        assert_false(tri_list_is_empty(&w->bridge->splices));
        RIG_AWAIT(&w->r, tri_list_is_empty(&w->bridge->splices) && w->bridge->locals_len == 0);
        w->r.server.running = true;
        close_world(w);
    }
}

/* ---- answers that are none */

static void a_refusal_comes_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < VERSIONS_LEN; i++) {
        struct world *w = open_world(versions[i]);
        send_request(w, "/teapot", "");
        await_status(w, "HTTP/1.1 403 ");
        AWAIT(w, w->local.ended);
        assert_non_null(strstr(w->notes, "/teapot: refused with status 403"));
        test_client_close(&w->local);
        close_world(w);
    }
}

static void what_is_no_handshake_gets_426(void **state)
{
    (void)state;
    struct world *w = open_world(TRI_HTTP_2);
    test_client_open_cleartext(&w->local, tri_client_bridge_address(w->bridge));
    test_client_send_text(&w->local, "GET / HTTP/1.1\r\nHost: local\r\n\r\n");
    await_status(w, "HTTP/1.1 426 ");
    test_client_close(&w->local);
    close_world(w);
}

static void a_server_that_is_not_there_is_a_502(void **state)
{
    (void)state;
    struct world *w = open_world(TRI_HTTP_2);
    tri_server_free(w->r.server.server);
    w->r.server.server = NULL;
    w->r.server.running = false;
    for (int i = 0; i < 2; i++) { /* each asks anew */
        send_request(w, "/echo", "");
        await_status(w, "HTTP/1.1 502 ");
        assert_true(has(w, "content-type: text/plain"));
        test_client_close(&w->local);
    }
    close_world(w);
}

static void more_local_connections_than_the_limit_are_not_taken(void **state)
{
    (void)state;
    struct world *w = open_world(TRI_HTTP_2);
    w->bridge->locals_len += TRI_CLIENT_BRIDGE_LOCALS_MAX; /* so many need not be opened */
    send_request(w, "/echo", "");
    AWAIT(w, w->local.ended);
    test_client_close(&w->local);
    assert_non_null(strstr(w->notes, "too many"));
    w->bridge->locals_len -= TRI_CLIENT_BRIDGE_LOCALS_MAX;
    open_socket(w, "/echo");
    test_client_close(&w->local);
    close_world(w);
}

static void more_connections_to_the_server_than_the_limit_are_not_opened(void **state)
{
    (void)state;
    struct world *w = open_world(TRI_HTTP_2);
    w->bridge->fars_len += TRI_CLIENT_BRIDGE_FARS_MAX;
    send_request(w, "/echo", "");
    await_status(w, "HTTP/1.1 503 ");
    test_client_close(&w->local);
    w->bridge->fars_len -= TRI_CLIENT_BRIDGE_FARS_MAX;
    open_socket(w, "/echo");
    test_client_close(&w->local);
    close_world(w);
}

static void a_program_that_goes_takes_its_request_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < VERSIONS_LEN; i++) {
        struct world *w = open_world(versions[i]);
        send_request(w, "/wait", "");
        AWAIT(w, w->r.waits == 1);
        const struct linger at_once = {.l_onoff = 1, .l_linger = 0};
        (void)setsockopt(w->local.fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        test_client_close(&w->local);
        RIG_AWAIT(&w->r, w->r.cancels == 1);
        close_world(w);
    }
}

/* ---- its end */

static void stop_ends_sockets_in_order_and_is_told_once(void **state)
{
    (void)state;
    for (size_t i = 0; i < VERSIONS_LEN; i++) {
        struct world *w = open_world(versions[i]);
        open_socket(w, "/echo");
        tri_client_bridge_stop(w->bridge);
        assert_int_equal(w->stops, 0); /* not during the call */
        AWAIT(w, w->local.ended);
        assert_false(w->local.reset);
        test_client_close(&w->local);
        RIG_AWAIT(&w->r, w->stops == 1 && w->r.server.closes == 1);
        tri_client_bridge_stop(w->bridge);
        close_world(w);
    }
}

static void stop_answers_what_waits(void **state)
{
    (void)state;
    struct world *w = open_world(TRI_HTTP_3);
    send_request(w, "/wait", "");
    AWAIT(w, w->r.waits == 1);
    tri_client_bridge_stop(w->bridge);
    await_status(w, "HTTP/1.1 503 ");
    RIG_AWAIT(&w->r, w->r.cancels == 1);
    test_client_close(&w->local);
    close_world(w);
}

static void stop_without_sockets_is_at_once(void **state)
{
    (void)state;
    struct world *w = open_world(0);
    tri_client_bridge_stop(w->bridge);
    RIG_AWAIT(&w->r, w->stops == 1);
    close_world(w);
}

static void cut_resets_sockets(void **state)
{
    (void)state;
    struct world *w = open_world(TRI_HTTP_2);
    open_socket(w, "/echo");
    tri_client_bridge_cut(w->bridge);
    AWAIT(w, w->local.ended);
    assert_true(w->local.reset);
    test_client_close(&w->local);
    RIG_AWAIT(&w->r, w->stops == 1);
    close_world(w);
}

/* ---- its making */

static void what_cannot_be_is_told(void **state)
{
    (void)state;
    static const struct tri_header bad = {.name = "X-Upper", .value = "x"};
    static const struct {
        const char *listen, *url;
        size_t headers_len;
        const char *text;
    } rows[] = {
        {"127.0.0.1:0", "https://localhost", 0, "wss"},
        {"127.0.0.1", "wss://localhost", 0, "127.0.0.1:8080"},
        {"0.0.0.0:0", "wss://localhost", 0, "loopback"},
        {"[::]:0", "wss://localhost", 0, "loopback"},
        {"192.0.2.1:80", "wss://localhost", 0, "loopback"},
        {"127.0.0.1:0", "wss://localhost", 1, "lower case"},
    };
    struct rig_client *r = malloc(sizeof *r);
    assert_non_null(r);
    rig_client_init(r);
    rig_client_start(r);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct tri_client_bridge_setup setup = {.listen = rows[i].listen,
                                                      .url = rows[i].url,
                                                      .headers = &bad,
                                                      .headers_len = rows[i].headers_len,
                                                      .on_stopped = take_stopped};
        struct tri_client_bridge *bridge;
        char error[256];
        assert_int_equal(tri_client_bridge_new(&bridge, r->client, &setup, error, sizeof error),
                         TRI_ERR_INVALID);
        if (!strstr(error, rows[i].text)) {
            fail_msg("%s", error);
        }
        assert_null(bridge);
    }
    rig_client_deinit(r);
    free(r);
}

static void a_port_in_use_is_told(void **state)
{
    (void)state;
    struct world *w = open_world(0);
    struct tri_client_config *config = tri_client_config_new();
    struct tri_client *other;
    assert_int_equal(tri_client_new(&other, config, NULL, 0), TRI_OK);
    tri_client_config_free(config);
    const struct tri_client_bridge_setup setup = {.listen = tri_client_bridge_address(w->bridge),
                                                  .url = "wss://localhost",
                                                  .on_stopped = take_stopped};
    struct tri_client_bridge *bridge;
    char error[256];
    assert_int_equal(tri_client_bridge_new(&bridge, other, &setup, error, sizeof error),
                     TRI_ERR_INUSE);
    assert_non_null(strstr(error, "in use"));
    tri_client_free(other);
    close_world(w);
}

/* ---- memory */

/* A socket opens and echoes, or the program is told that it does not, or is cut off. */
static void live(struct world *w)
{
    send_request(w, "/echo", "");
    AWAIT(w, w->local.ended || has(w, "\r\n\r\n"));
    if (has(w, " 101 ")) {
        test_client_send_frame(&w->local, FINAL_TEXT, "hello", 5);
        AWAIT(w, w->local.ended || has(w, HELLO));
    }
    test_client_close(&w->local);
    tri_client_bridge_stop(w->bridge);
    RIG_AWAIT(&w->r, w->stops == 1);
    tri_client_bridge_free(w->bridge);
}

/* Whether the allocation that was to fail was reached. */
static bool live_with_failure(struct world *w, size_t fail_at)
{
    struct test_alloc heap;
    test_alloc_init(&heap);
    test_alloc_hide_sizes(&heap);
    struct tri_client_config *config = tri_client_config_new_with(&heap.alloc);
    assert_non_null(config);
    tri_client_config_insecure(config, true);
    assert_int_equal(tri_client_config_limit(config, TRI_LIMIT_CLOSE_TIMEOUT_MS, 100), TRI_OK);
    assert_int_equal(tri_client_new(&w->r.client, config, NULL, 0), TRI_OK);
    tri_client_config_free(config);
    w->stops = 0;
    heap.fail_at = heap.calls + fail_at;
    const enum tri_err err = make_bridge(w, TRI_HTTP_2, NULL, 0);
    if (err == TRI_OK) {
        live(w);
    } else {
        assert_int_equal(err, TRI_ERR_NOMEM);
    }
    tri_client_free(w->r.client);
    w->r.client = NULL;
    assert_int_equal(heap.live, 0);
    return test_alloc_has_failed(&heap);
}

static void every_allocation_of_a_life_may_fail(void **state)
{
    (void)state;
    struct world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    rig_client_init(&w->r);
    test_server_start(&w->r.server);
    size_t fail_at = 1;
    while (live_with_failure(w, fail_at)) {
        fail_at++;
    }
    assert_true(fail_at > 20);
    rig_client_deinit(&w->r);
    free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_socket_is_carried_over_each_http),
        cmocka_unit_test(frames_behind_the_request_wait_for_the_answer),
        cmocka_unit_test(an_own_field_of_the_program_counts_more),
        cmocka_unit_test(the_servers_close_comes_before_its_end),
        cmocka_unit_test(a_program_that_goes_is_gone_for_the_server),
        cmocka_unit_test(who_does_not_read_holds_up_the_server_and_loses_nothing),
        cmocka_unit_test(a_server_that_does_not_end_its_stream_is_not_awaited_for_long),
        cmocka_unit_test(a_refusal_comes_back),
        cmocka_unit_test(what_is_no_handshake_gets_426),
        cmocka_unit_test(a_server_that_is_not_there_is_a_502),
        cmocka_unit_test(more_local_connections_than_the_limit_are_not_taken),
        cmocka_unit_test(more_connections_to_the_server_than_the_limit_are_not_opened),
        cmocka_unit_test(a_program_that_goes_takes_its_request_back),
        cmocka_unit_test(stop_ends_sockets_in_order_and_is_told_once),
        cmocka_unit_test(stop_answers_what_waits),
        cmocka_unit_test(stop_without_sockets_is_at_once),
        cmocka_unit_test(cut_resets_sockets),
        cmocka_unit_test(what_cannot_be_is_told),
        cmocka_unit_test(a_port_in_use_is_told),
        cmocka_unit_test(every_allocation_of_a_life_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
