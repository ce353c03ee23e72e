/* See bench_server.h. */
#include "bench_server.h"

#include "app_push.h"

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define SHORT_MESSAGES 10u

static const struct tri_ws_handler deaf = {.on_open = NULL};

/* The |user| of a socket counts what is left. */
static void take_short(void *user, struct tri_request *req)
{
    (void)user;
    size_t *left = malloc(sizeof *left);
    assert(left);
    *left = SHORT_MESSAGES;
    if (tri_request_accept(req, left) != TRI_OK) {
        free(left);
    }
}

static void answer_short(void *user, struct tri_ws *ws, enum tri_type type, const uint8_t *data,
                         size_t len)
{
    size_t *left = user;
    if (--*left > 0) {
        enum tri_err err = tri_ws_send(ws, type, data, len);
        assert(err != TRI_ERR_INVALID);
    } else {
        (void)tri_ws_close(ws, 4000, "enough");
    }
}

static void end_short(void *user, struct tri_ws *ws, const struct tri_ws_end *end)
{
    (void)ws;
    (void)end;
    free(user);
}

static const struct tri_ws_handler short_lived = {
    .on_request = take_short, .on_message = answer_short, .on_close = end_short};

static void take_counted(void *user, struct tri_request *req)
{
    struct bench_server *s = user;
    atomic_fetch_add(&s->counted, 1);
    (void)tri_request_accept(req, s);
}

static void answer_counted(void *user, struct tri_ws *ws, enum tri_type type, const uint8_t *data,
                           size_t len)
{
    struct bench_server *s = user;
    size_t wanted = atomic_load(&s->counted_wanted);
    if (wanted > 0 && atomic_load(&s->counted) >= wanted) {
        atomic_store(&s->counted_wanted, 0);
        int failed = sem_post(&s->heard);
        assert(!failed);
    }
    enum tri_err err = tri_ws_send(ws, type, data, len);
    assert(err != TRI_ERR_INVALID);
}

static const struct tri_ws_handler counted = {.on_request = take_counted,
                                              .on_message = answer_counted};

static void *run(void *user)
{
    struct bench_server *s = user;
    enum tri_err err = tri_server_run(s->server);
    assert(err == TRI_OK);
    return NULL;
}

static void add_routes(struct bench_server *s, struct tri_config *config)
{
    const struct {
        const char *path;
        const struct tri_ws_handler *handler;
        void *user;
    } routes[] = {
        {"/echo", &tri_echo_handler, &s->echo},
        {TRI_PUSH_PATH, &tri_push_handler, NULL},
        {TRI_ROOMS_PATH, &tri_rooms_handler, &s->rooms},
        {"/deaf", &deaf, NULL},
        {"/short", &short_lived, NULL},
        {"/counted", &counted, s},
    };
    for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++) {
        enum tri_err err = tri_config_ws(config, routes[i].path, routes[i].handler, routes[i].user);
        assert(err == TRI_OK);
    }
}

void bench_server_start(struct bench_server *s, unsigned http)
{
    *s = (struct bench_server){.echo = {.slow = TRI_SLOW_WAIT}};
    int failed = sem_init(&s->heard, 0, 0);
    assert(!failed);
    temp_dir_make(&s->dir);
    setenv("XDG_STATE_HOME", s->dir.path, 1);
    tri_rooms_init(&s->rooms);
    struct tri_config *config = tri_config_new();
    assert(config);
    add_routes(s, config);
    enum tri_err err = tri_config_listen(config, "127.0.0.1:0");
    assert(err == TRI_OK);
    err = tri_config_http(config, http);
    assert(err == TRI_OK);
    char error[512] = "";
    err = tri_server_new(&s->server, config, error, sizeof error);
    assert(err == TRI_OK);
    tri_config_free(config);
    (void)snprintf(s->url, sizeof s->url, "wss://%s", tri_server_address(s->server, 0));
    failed = pthread_create(&s->thread, NULL, run, s);
    assert(!failed);
}

void bench_server_stop(struct bench_server *s)
{
    tri_server_stop(s->server);
    (void)pthread_join(s->thread, NULL);
    tri_server_free(s->server);
    tri_rooms_deinit(&s->rooms);
    (void)sem_destroy(&s->heard);
    temp_dir_remove(&s->dir);
}
