/* See test_server.h. */
#include "test_server.h"

#include "test_session.h"

#include <assert.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define PATIENCE_MS 10000

static void take_open(void *user, struct tri_ws *ws)
{
    struct test_server *s = user;
    s->opens++;
    s->ws = ws;
}

static void take_message(void *user, struct tri_ws *ws, enum tri_type type, const uint8_t *data,
                         size_t len)
{
    (void)user;
    enum tri_err err = tri_ws_send(ws, type, data, len);
    assert(err == TRI_OK);
}

static void take_close(void *user, struct tri_ws *ws, const struct tri_ws_end *end)
{
    struct test_server *s = user;
    s->closes++;
    s->close_code = end->code;
    if (s->ws == ws) {
        s->ws = NULL;
    }
}

static void take_request(void *user, struct tri_request *req)
{
    (void)user;
    (void)tri_request_reply(req, 200, NULL, 0, "a page\n", 7);
}

static const struct tri_ws_handler echo = {
    .on_open = take_open, .on_message = take_message, .on_close = take_close};
static const struct tri_http_handler page = {.on_request = take_request};

static void take_line(void *user, enum tri_log_level level, const char *line)
{
    (void)level;
    struct test_server *s = user;
    size_t used = strlen(s->log);
    const char *text = strchr(line, ' ');
    (void)snprintf(s->log + used, sizeof s->log - used, "%s\n", text ? text + 1 : line);
}

static void must(enum tri_err err)
{
    if (err != TRI_OK) {
        (void)fprintf(stderr, "test_server: %s\n", tri_err_text(err));
        abort();
    }
}

void test_server_init(struct test_server *s)
{
    *s = (struct test_server){.config = tri_config_new()};
    assert(s->config);
    temp_dir_make(&s->dir);
    int set = setenv("XDG_STATE_HOME", s->dir.path, 1);
    assert(set == 0);
    must(tri_config_listen(s->config, "127.0.0.1:0"));
    must(tri_config_ws(s->config, "/echo", &echo, s));
    must(tri_config_http_route(s->config, "/", &page, s));
    tri_config_log(s->config, take_line, s, TRI_LOG_DEBUG, TRI_LOG_TEXT);
}

void test_server_start(struct test_server *s)
{
    enum tri_err err = tri_server_new(&s->server, s->config, s->error, sizeof s->error);
    if (err != TRI_OK) {
        (void)fprintf(stderr, "test_server: %s\n", s->error);
    }
    must(err);
    s->running = true;
}

void test_server_deinit(struct test_server *s)
{
    tri_server_free(s->server);
    tri_config_free(s->config);
    temp_dir_remove(&s->dir);
    assert(s->opens == s->closes);
}

const char *test_server_address(const struct test_server *s)
{
    return tri_server_address(s->server, 0);
}

static uint64_t now_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* Waits for the server or the client to have something to do, as a host's loop would. */
static void wait_for_either(const struct test_server *s, const struct test_client *c)
{
    struct pollfd fds[2] = {{.fd = tri_server_fd(s->server), .events = POLLIN},
                            {.fd = c && !c->ended ? c->fd : -1, .events = POLLIN}};
    int timeout_ms = tri_server_timeout_ms(s->server);
    (void)poll(fds, 2, timeout_ms >= 0 && timeout_ms < 1000 ? timeout_ms : 1000);
}

bool test_server_run_until(struct test_server *s, struct test_client *c,
                           bool (*done)(const struct test_server *s, const struct test_client *c))
{
    uint64_t start_ms = now_ms();
    while (!done(s, c)) {
        if (now_ms() - start_ms > PATIENCE_MS) {
            return false;
        }
        if (c) {
            test_client_run(c);
        }
        if (s->running) {
            must(tri_server_step(s->server, &s->running));
        }
        if (c) {
            test_client_run(c);
        }
        if (!done(s, c)) {
            wait_for_either(s, c);
        }
    }
    return true;
}

bool test_server_await(struct test_server *s, struct test_client *c, const char *text)
{
    uint64_t start_ms = now_ms();
    while (!test_client_has(c, text, strlen(text))) {
        if (c->ended || now_ms() - start_ms > PATIENCE_MS) {
            return false;
        }
        test_client_run(c);
        must(tri_server_step(s->server, &s->running));
        test_client_run(c);
        if (!test_client_has(c, text, strlen(text))) {
            wait_for_either(s, c);
        }
    }
    return true;
}

void test_server_open_socket(struct test_server *s, struct test_client *c)
{
    test_client_open(c, test_server_address(s), "http/1.1");
    test_client_send_text(c, "GET /echo HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
                             "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                             "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
    bool opened = test_server_await(s, c, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=") &&
                  test_server_await(s, c, "\r\n\r\n");
    assert(opened);
    tri_buf_consume(&c->received, tri_buf_peek(&c->received).len);
}

void test_client_send_frame(struct test_client *c, unsigned first, const void *payload, size_t len)
{
    struct tri_buf frame;
    tri_buf_init(&frame, tri_alloc_heap(), 64 * 1024 * 1024);
    test_put_frame(&frame, first, payload, len, true);
    struct tri_slice bytes = tri_buf_peek(&frame);
    test_client_send(c, bytes.data, bytes.len);
    tri_buf_deinit(&frame);
}
