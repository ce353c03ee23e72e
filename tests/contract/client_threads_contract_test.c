/* Clients in threads of their own, which share nothing: each runs until another thread stops it. */
#include "test_server.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#define THREADS 2u
#define MESSAGES 200u

static const unsigned versions[] = {TRI_HTTP_1_1, TRI_HTTP_2, TRI_HTTP_3};
#define VERSIONS 3u

struct worker {
    pthread_t thread;
    struct tri_client *client;
    char url[64];
    unsigned echoes[VERSIONS]; /* of the worker's own thread */
    atomic_uint done;          /* sockets whose messages have all come back */
    unsigned ends;
};

struct counted {
    struct worker *worker;
    unsigned index;
};

static void send_next(struct tri_ws *ws)
{
    assert_int_equal(tri_ws_send(ws, TRI_TEXT, "again", 5), TRI_OK);
}

static void take_open(void *user, struct tri_ws *ws)
{
    (void)user;
    send_next(ws);
}

static void take_message(void *user, struct tri_ws *ws, enum tri_type type, const uint8_t *data,
                         size_t len)
{
    (void)type;
    (void)data;
    const struct counted *c = user;
    assert_int_equal(len, 5);
    c->worker->echoes[c->index]++;
    if (c->worker->echoes[c->index] < MESSAGES) {
        send_next(ws);
    } else {
        atomic_fetch_add(&c->worker->done, 1);
    }
}

static const struct tri_ws_handler handler = {.on_open = take_open, .on_message = take_message};

static void take_end(void *user, struct tri_client_conn *conn, const struct tri_failure *why)
{
    (void)conn;
    (void)why;
    struct worker *w = user;
    w->ends++;
}

static void open_all(struct worker *w, struct counted *counted)
{
    for (unsigned i = 0; i < VERSIONS; i++) {
        struct tri_client_conn *conn;
        const struct tri_client_conn_setup setup = {
            .url = w->url, .http = versions[i], .on_closed = take_end, .user = w};
        counted[i] = (struct counted){.worker = w, .index = i};
        const struct tri_client_ws_setup ws = {
            .path = "/echo", .handler = &handler, .user = &counted[i]};
        assert_int_equal(tri_client_connect(&conn, w->client, &setup, NULL, 0), TRI_OK);
        assert_int_equal(tri_client_open(conn, &ws, NULL, 0), TRI_OK);
    }
}

static void *run_worker(void *user)
{
    struct worker *w = user;
    struct counted counted[VERSIONS];
    open_all(w, counted);
    assert_int_equal(tri_client_run(w->client), TRI_OK);
    tri_client_free(w->client);
    return NULL;
}

static void start(struct worker *w, const struct test_server *s)
{
    struct tri_client_config *config = tri_client_config_new();
    assert_non_null(config);
    tri_client_config_insecure(config, true);
    assert_int_equal(tri_client_new(&w->client, config, NULL, 0), TRI_OK);
    tri_client_config_free(config);
    (void)snprintf(w->url, sizeof w->url, "wss://%s", test_server_address(s));
    assert_int_equal(pthread_create(&w->thread, NULL, run_worker, w), 0);
}

static bool are_done(struct worker *workers)
{
    for (unsigned i = 0; i < THREADS; i++) {
        if (atomic_load(&workers[i].done) < VERSIONS) {
            return false;
        }
    }
    return true;
}

static void step(struct test_server *s)
{
    struct pollfd fd = {.fd = tri_server_fd(s->server), .events = POLLIN};
    const int timeout_ms = tri_server_timeout_ms(s->server);
    (void)poll(&fd, 1, timeout_ms >= 0 && timeout_ms < 10 ? timeout_ms : 10);
    assert_int_equal(tri_server_step(s->server, &s->running), TRI_OK);
}

static void clients_of_two_threads_do_not_meet(void **state)
{
    (void)state;
    struct test_server s;
    test_server_init(&s);
    test_server_start(&s);
    static struct worker workers[THREADS];
    for (unsigned i = 0; i < THREADS; i++) {
        start(&workers[i], &s);
    }
    while (!are_done(workers)) {
        step(&s);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        tri_client_stop(workers[i].client);
        assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
        assert_int_equal(workers[i].ends, VERSIONS);
    }
    test_server_deinit(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clients_of_two_threads_do_not_meet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
