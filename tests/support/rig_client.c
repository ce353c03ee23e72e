/* See rig_client.h. */
#include "rig_client.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <assert.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

uint64_t rig_client_now_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void must(enum tri_err err, const char *text)
{
    if (err != TRI_OK) {
        (void)fprintf(stderr, "rig_client: %s: %s\n", tri_err_text(err), text);
        abort();
    }
}

/* ------------------------------------------------------------------------------- the server's */

static void echo_back(void *user, struct tri_ws *ws, enum tri_type type, const uint8_t *data,
                      size_t len)
{
    (void)user;
    must(tri_ws_send(ws, type, data, len), "echo");
}

static void close_at_once(void *user, struct tri_ws *ws, enum tri_type type, const uint8_t *data,
                          size_t len)
{
    (void)user;
    (void)type;
    (void)data;
    (void)len;
    must(tri_ws_close(ws, 4001, "bye"), "bye");
}

static void flood(void *user, struct tri_ws *ws)
{
    (void)user;
    static const uint8_t message[RIG_FLOOD_BYTES];
    for (unsigned i = 0; i < RIG_FLOOD; i++) {
        must(tri_ws_send(ws, TRI_BINARY, message, sizeof message), "flood");
    }
}

static void note_request(struct rig_client *r, struct tri_request *req)
{
    const char *field = tri_request_field(req, "x-test");
    const char *origin = tri_request_field(req, "origin");
    (void)snprintf(r->field, sizeof r->field, "%s", field ? field : "");
    (void)snprintf(r->origin, sizeof r->origin, "%s", origin ? origin : "");
}

static void refuse(void *user, struct tri_request *req)
{
    note_request(user, req);
    tri_request_refuse(req, 403, "no");
}

static void accept_noted(void *user, struct tri_request *req)
{
    note_request(user, req);
    must(tri_request_accept(req, user), "accept");
}

static void let_wait(void *user, struct tri_request *req)
{
    (void)req;
    struct rig_client *r = user;
    r->waits++;
}

static void take_cancel(void *user, struct tri_request *req)
{
    (void)req;
    struct rig_client *r = user;
    r->cancels++;
}

static void answer_page(void *user, struct tri_request *req)
{
    (void)user;
    (void)tri_request_reply(req, 200, NULL, 0, "page", 4);
}

static const struct tri_ws_handler echoes = {.on_message = echo_back};
static const struct tri_ws_handler chats = {.on_request = accept_noted, .on_message = echo_back};
static const struct tri_ws_handler refusals = {.on_request = refuse};
static const struct tri_ws_handler waits = {.on_request = let_wait, .on_cancel = take_cancel};
static const struct tri_ws_handler floods = {.on_open = flood};
static const struct tri_ws_handler byes = {.on_message = close_at_once};
static const struct tri_http_handler pages = {.on_request = answer_page};

static void add_routes(struct rig_client *r)
{
    struct tri_config *c = r->server.config;
    must(tri_config_ws(c, "/chat", &chats, r), "route");
    must(tri_config_ws_subprotocols(c, "/chat", "superchat, chat"), "route");
    must(tri_config_ws(c, "/shared", &echoes, r), "route");
    must(tri_config_ws_deflate(c, "/shared", TRI_DEFLATE_SHARED), "route");
    must(tri_config_ws(c, "/own", &echoes, r), "route");
    must(tri_config_ws_deflate(c, "/own", TRI_DEFLATE_DEDICATED), "route");
    must(tri_config_ws(c, "/teapot", &refusals, r), "route");
    must(tri_config_ws(c, "/wait", &waits, r), "route");
    must(tri_config_ws(c, "/flood", &floods, r), "route");
    must(tri_config_ws(c, "/bye", &byes, r), "route");
    must(tri_config_http_route(c, "/page", &pages, r), "route");
    must(tri_config_limit(c, TRI_LIMIT_QUEUE_BYTES, 64 * 1024 * 1024), "limit");
}

/* ------------------------------------------------------------------------------- the client's */

void rig_socket_take_open(void *user, struct tri_ws *ws)
{
    struct rig_socket *s = user;
    s->opens++;
    s->ws = ws;
}

static void take_message(void *user, struct tri_ws *ws, enum tri_type type, const uint8_t *data,
                         size_t len)
{
    struct rig_socket *s = user;
    assert(s->ws == ws);
    s->messages++;
    s->bytes += len;
    s->type = type;
    s->data = realloc(s->data, len + 1);
    assert(s->data);
    memcpy(s->data, data, len);
    s->data[len] = '\0';
    s->len = len;
}

static void take_drain(void *user, struct tri_ws *ws)
{
    struct rig_socket *s = user;
    assert(s->ws == ws);
    s->drains++;
}

void rig_socket_take_close(void *user, struct tri_ws *ws, const struct tri_ws_end *end)
{
    struct rig_socket *s = user;
    assert(s->ws == ws);
    s->closes++;
    s->ws = NULL;
    s->code = end->code;
    s->clean = end->clean;
    (void)snprintf(s->text, sizeof s->text, "%s", end->reason);
}

static void take_fail(void *user, const struct tri_failure *why)
{
    struct rig_socket *s = user;
    assert(s->opens == 0);
    s->fails++;
    s->fault = why->fault;
    s->status = why->status;
    (void)snprintf(s->text, sizeof s->text, "%s", why->text);
}

static const struct tri_ws_handler handler = {.on_open = rig_socket_take_open,
                                              .on_message = take_message,
                                              .on_drain = take_drain,
                                              .on_close = rig_socket_take_close};

static void take_ready(void *user, struct tri_client_conn *conn)
{
    struct rig_client *r = user;
    r->readies += r->conn == conn;
}

static void take_end(void *user, struct tri_client_conn *conn, const struct tri_failure *why)
{
    struct rig_client *r = user;
    r->ends++;
    r->fault = why->fault;
    (void)snprintf(r->text, sizeof r->text, "%s", why->text);
    if (r->conn == conn) {
        r->conn = NULL;
    }
}

static void take_line(void *user, enum tri_log_level level, const char *line)
{
    (void)level;
    struct rig_client *r = user;
    const size_t used = strlen(r->log);
    (void)snprintf(r->log + used, sizeof r->log - used, "%s\n", strchr(line, ' ') + 1);
}

/* ------------------------------------------------------------------------------------ the rig */

void rig_client_init(struct rig_client *r)
{
    memset(r, 0, sizeof *r);
    test_server_init(&r->server);
    add_routes(r);
    r->config = tri_client_config_new();
    assert(r->config);
    tri_client_config_log(r->config, take_line, r, TRI_LOG_DEBUG, TRI_LOG_TEXT);
}

void rig_client_start(struct rig_client *r)
{
    test_server_start(&r->server);
    const char *file = tri_server_made_certificate(r->server.server);
    if (file) {
        must(tri_client_config_ca(r->config, file), "ca");
    }
    const enum tri_err err = tri_client_new(&r->client, r->config, r->error, sizeof r->error);
    must(err, r->error);
}

void rig_client_deinit(struct rig_client *r)
{
    tri_client_free(r->client);
    tri_client_config_free(r->config);
    for (size_t i = 0; i < r->sockets_len; i++) {
        const struct rig_socket *s = &r->sockets[i];
        assert(s->opens + s->fails == 1 && s->opens == s->closes);
        free(s->data);
    }
    test_server_deinit(&r->server);
}

void rig_client_connect_to(struct rig_client *r, const struct tri_client_conn_setup *setup)
{
    struct tri_client_conn_setup own = *setup;
    char url[128];
    (void)snprintf(url, sizeof url, "wss://%s", test_server_address(&r->server));
    own.url = own.url ? own.url : url;
    own.on_ready = take_ready;
    own.on_closed = take_end;
    own.user = r;
    r->readies = 0;
    r->ends = 0;
    must(tri_client_connect(&r->conn, r->client, &own, r->error, sizeof r->error), r->error);
}

void rig_client_connect(struct rig_client *r, unsigned http)
{
    const struct tri_client_conn_setup setup = {.http = http};
    rig_client_connect_to(r, &setup);
}

struct rig_socket *rig_client_open_with(struct rig_client *r,
                                        const struct tri_client_ws_setup *setup)
{
    assert(r->sockets_len < RIG_SOCKETS_MAX);
    struct rig_socket *s = &r->sockets[r->sockets_len++];
    struct tri_client_ws_setup own = *setup;
    own.handler = setup->handler ? setup->handler : &handler;
    own.on_fail = take_fail;
    own.user = s;
    must(tri_client_open(r->conn, &own, r->error, sizeof r->error), r->error);
    return s;
}

struct rig_socket *rig_client_open(struct rig_client *r, const char *path)
{
    const struct tri_client_ws_setup setup = {.path = path};
    return rig_client_open_with(r, &setup);
}

static int shorter(int a, int b)
{
    if (a < 0 || b < 0) {
        return a < 0 ? b : a;
    }
    return a < b ? a : b;
}

/* Whether something was ready within |wait_ms|. */
static bool step(struct rig_client *r, int wait_ms)
{
    struct test_server *s = &r->server;
    if (s->running) {
        must(tri_server_step(s->server, &s->running), "server");
    }
    must(tri_client_step(r->client), "client");
    struct pollfd fds[2] = {{.fd = tri_client_fd(r->client), .events = POLLIN},
                            {.fd = s->running ? tri_server_fd(s->server) : -1, .events = POLLIN}};
    int timeout_ms = tri_client_timeout_ms(r->client);
    timeout_ms = shorter(timeout_ms, s->running ? tri_server_timeout_ms(s->server) : -1);
    return poll(fds, 2, shorter(timeout_ms, wait_ms)) > 0 || timeout_ms == 0;
}

void rig_client_step(struct rig_client *r)
{
    (void)step(r, 100);
}

void rig_client_step_until(struct rig_client *r, uint64_t end_ms, const char *what)
{
    if (rig_client_now_ms() > end_ms) {
        fail_msg("not within ten seconds: %s", what);
    }
    rig_client_step(r);
}

void rig_client_settle(struct rig_client *r)
{
    unsigned idle = 0;
    while (idle < 5) {
        idle = step(r, 5) ? 0 : idle + 1;
    }
}
