/*
 * A whole server lives through each allocation failing once that its clients make it ask for: whom
 * the failure hits is answered or cut off, never left waiting, and the next client is served.
 */
#include "frames_h2.h"
#include "server_config.h"
#include "temp_dir.h"
#include "test_alloc.h"
#include "test_client.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#define STEPS_MAX 3000 /* of a millisecond at most: a client that waits so long is left waiting */

struct world {
    struct temp_dir dir;
    struct test_alloc heap;
    struct tri_config *config;
    struct tri_server *server;
    int opens, closes;
};

/* ---- the program */

static void take_open(void *user, struct tri_ws *ws)
{
    struct world *w = user;
    (void)ws;
    w->opens++;
}

static void take_message(void *user, struct tri_ws *ws, enum tri_type type, const uint8_t *data,
                         size_t len)
{
    (void)user;
    if (tri_ws_send(ws, type, data, len) != TRI_OK) {
        tri_ws_abort(ws);
    }
}

static void take_close(void *user, struct tri_ws *ws, const struct tri_ws_end *end)
{
    struct world *w = user;
    (void)ws;
    (void)end;
    w->closes++;
}

static void take_request(void *user, struct tri_request *req)
{
    (void)user;
    (void)!tri_request_reply(req, 200, NULL, 0, "a page\n", 7);
}

static const struct tri_ws_handler echo = {
    .on_open = take_open, .on_message = take_message, .on_close = take_close};
static const struct tri_http_handler page = {.on_request = take_request};

static void set_up(struct world *w)
{
    *w = (struct world){.server = NULL};
    test_alloc_init(&w->heap);
    test_alloc_hide_sizes(&w->heap);
    temp_dir_make(&w->dir);
    assert_int_equal(setenv("XDG_STATE_HOME", w->dir.path, 1), 0);
    w->config = tri_config_new_with(&w->heap.alloc);
    assert_non_null(w->config);
    assert_int_equal(tri_config_listen(w->config, "127.0.0.1:0"), TRI_OK);
    assert_int_equal(tri_config_ws(w->config, "/echo", &echo, w), TRI_OK);
    assert_int_equal(tri_config_http_route(w->config, "/", &page, w), TRI_OK);
    char error[512];
    assert_int_equal(tri_server_new(&w->server, w->config, error, sizeof error), TRI_OK);
}

static void tear_down(struct world *w)
{
    tri_server_free(w->server);
    tri_config_free(w->config);
    temp_dir_remove(&w->dir);
    assert_int_equal(w->opens, w->closes);
    assert_int_equal(w->heap.live, 0);
}

/* ---- clients */

static void step(struct world *w, struct test_client *c)
{
    bool running = true;
    test_client_run(c);
    assert_int_equal(tri_server_step(w->server, &running), TRI_OK);
    test_client_run(c);
    struct pollfd fds[2] = {{.fd = tri_server_fd(w->server), .events = POLLIN},
                            {.fd = c->ended ? -1 : c->fd, .events = POLLIN}};
    (void)poll(fds, 2, 1);
}

/* Until |text| came, or a 500 or 503, or the end: true and false. A client that gets none of them fails the
 * test. */
static bool await_text(struct world *w, struct test_client *c, const char *text)
{
    for (int i = 0; i < STEPS_MAX; i++) {
        if (test_client_has(c, text, strlen(text))) {
            return true;
        }
        if (c->ended || test_client_has(c, "HTTP/1.1 50", 11)) {
            return false;
        }
        step(w, c);
    }
    fail_msg("allocation %zu: waited for \"%s\"", w->heap.fail_at, text);
    return false;
}

#define MASKED_HELLO "\x81\x85\0\0\0\0hello" /* a text of 5 bytes, its mask all zero */
#define MASKED_CLOSE "\x88\x82\0\0\0\0\x03\xe8"

/* A page, then a socket: true if all came. */
static bool visit_h1(struct world *w)
{
    struct test_client c;
    test_client_open(&c, tri_server_address(w->server, 0), "http/1.1");
    test_client_send_text(&c, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    bool is_served = await_text(w, &c, "a page\n");
    if (is_served) {
        test_client_send_text(&c, "GET /echo HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
                                  "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                                  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
        test_client_send(&c, MASKED_HELLO, sizeof MASKED_HELLO - 1);
        is_served = await_text(w, &c, "\x81\x05hello");
        test_client_send(&c, MASKED_CLOSE, sizeof MASKED_CLOSE - 1);
        while (!c.ended) {
            step(w, &c);
        }
    }
    test_client_close(&c);
    return is_served;
}

static bool visit_h2(struct world *w)
{
    static const struct tri_header websocket[] = {{":method", "CONNECT"},
                                                  {":protocol", "websocket"},
                                                  {":scheme", "https"},
                                                  {":authority", "localhost"},
                                                  {":path", "/echo"},
                                                  {"sec-websocket-version", "13"},
                                                  {NULL, NULL}};
    struct test_client c;
    struct bytes_h2 out = {.len = 0};
    frames_h2_preface(&out);
    frames_h2_headers(&out, 1, websocket, false);
    frames_h2_data(&out, 1, MASKED_HELLO, sizeof MASKED_HELLO - 1, false);
    test_client_open(&c, tri_server_address(w->server, 0), "h2");
    test_client_send(&c, out.data, out.len);
    bytes_h2_free(&out);
    struct bytes_h2 ping = {.len = 0};
    frames_h2_frame(&ping, NGHTTP2_PING, 0, 0, "the end?", 8);
    test_client_send(&c, ping.data, ping.len);
    bytes_h2_free(&ping);
    (void)await_text(w, &c, "the end?"); /* or a GOAWAY and the end */
    for (int i = 0; i < 10; i++) {
        step(w, &c); /* the echo; or a 503, or a reset */
    }
    bool is_served = test_client_has(&c, "\x81\x05hello", 7);
    test_client_close(&c);
    for (int i = 0; i < 10; i++) {
        bool running = true;
        assert_int_equal(tri_server_step(w->server, &running), TRI_OK);
    }
    return is_served;
}

/* ---- */

static void fail_each(bool (*visit)(struct world *))
{
    struct world w;
    set_up(&w);
    size_t n = 0;
    bool failed = true;
    while (failed) {
        w.heap.calls = 0;
        w.heap.fail_at = ++n;
        (void)visit(&w);
        failed = test_alloc_has_failed(&w.heap);
        w.heap.fail_at = 0;
        assert_true(visit(&w));
    }
    printf("%zu allocations, each failed once\n", n - 1);
    assert_true(n > 5);
    tear_down(&w);
}

static void E5_each_allocation_for_a_client_of_h1_may_fail(void **state)
{
    (void)state;
    fail_each(visit_h1);
}

static void E5_each_allocation_for_a_client_of_h2_may_fail(void **state)
{
    (void)state;
    fail_each(visit_h2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(E5_each_allocation_for_a_client_of_h1_may_fail),
        cmocka_unit_test(E5_each_allocation_for_a_client_of_h2_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
