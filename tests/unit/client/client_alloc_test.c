/* Each allocation of a client fails once: what it belongs to ends with a word, and nothing is left. */
#include "client_config.h"
#include "rig_client.h"
#include "test_alloc.h"
#include "test_server.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

struct life {
    unsigned opens, messages, closes, fails, ends;
};

static void take_open(void *user, struct tri_ws *ws)
{
    struct life *l = user;
    l->opens++;
    if (tri_ws_send(ws, TRI_TEXT, "hello", 5) != TRI_OK) {
        tri_ws_abort(ws);
    }
}

static void take_message(void *user, struct tri_ws *ws, enum tri_type type, const uint8_t *data,
                         size_t len)
{
    (void)type;
    (void)data;
    struct life *l = user;
    assert_int_equal(len, 5);
    l->messages++;
    assert_int_equal(tri_ws_close(ws, 1000, NULL), TRI_OK);
}

static void take_close(void *user, struct tri_ws *ws, const struct tri_ws_end *end)
{
    (void)ws;
    (void)end;
    struct life *l = user;
    l->closes++;
}

static void take_fail(void *user, const struct tri_failure *why)
{
    (void)why;
    struct life *l = user;
    l->fails++;
}

static void take_end(void *user, struct tri_client_conn *conn, const struct tri_failure *why)
{
    (void)conn;
    (void)why;
    struct life *l = user;
    l->ends++;
}

static const struct tri_ws_handler handler = {
    .on_open = take_open, .on_message = take_message, .on_close = take_close};

static void wait_and_step(struct rig_client *r)
{
    if (r->client) {
        rig_client_step(r);
    }
}

static void live(struct rig_client *r, unsigned http)
{
    struct life l = {.opens = 0};
    char url[64];
    (void)snprintf(url, sizeof url, "wss://%s", test_server_address(&r->server));
    struct tri_client_conn *conn;
    const struct tri_client_conn_setup setup = {
        .url = url, .http = http, .on_closed = take_end, .user = &l};
    if (tri_client_connect(&conn, r->client, &setup, NULL, 0) != TRI_OK) {
        return;
    }
    const struct tri_client_ws_setup ws = {.path = "/own",
                                           .deflate = TRI_DEFLATE_DEDICATED,
                                           .handler = &handler,
                                           .on_fail = take_fail,
                                           .user = &l};
    const bool is_asked = tri_client_open(conn, &ws, NULL, 0) == TRI_OK;
    if (is_asked) {
        RIG_AWAIT(r, l.closes + l.fails > 0);
    }
    if (l.ends == 0) {
        tri_client_conn_close(conn);
    }
    RIG_AWAIT(r, l.ends == 1);
    assert_int_equal(l.closes + l.fails, is_asked);
    assert_int_equal(l.opens, l.closes);
}

/* Whether the allocation that was to fail was reached. */
static bool live_with_failure(struct rig_client *r, unsigned http, size_t fail_at)
{
    struct test_alloc heap;
    test_alloc_init(&heap);
    test_alloc_hide_sizes(&heap);
    struct tri_client_config *config = tri_client_config_new_with(&heap.alloc);
    assert_non_null(config);
    tri_client_config_insecure(config, true);
    assert_int_equal(tri_client_config_limit(config, TRI_LIMIT_CLOSE_TIMEOUT_MS, 100), TRI_OK);
    heap.fail_at = heap.calls + fail_at;
    const enum tri_err err = tri_client_new(&r->client, config, NULL, 0);
    assert_true(err == TRI_OK || err == TRI_ERR_NOMEM);
    if (err == TRI_OK) {
        live(r, http);
        wait_and_step(r);
    }
    tri_client_free(r->client);
    r->client = NULL;
    tri_client_config_free(config);
    assert_int_equal(heap.live, 0);
    return test_alloc_has_failed(&heap);
}

static void fail_each(unsigned http)
{
    struct rig_client *r = malloc(sizeof *r);
    assert_non_null(r);
    rig_client_init(r);
    test_server_start(&r->server);
    size_t fail_at = 1;
    while (live_with_failure(r, http, fail_at)) {
        fail_at++;
    }
    assert_true(fail_at > 20);
    rig_client_deinit(r);
    free(r);
}

static void over_http_1_1_every_allocation_may_fail(void **state)
{
    (void)state;
    fail_each(TRI_HTTP_1_1);
}

static void over_h2_every_allocation_may_fail(void **state)
{
    (void)state;
    fail_each(TRI_HTTP_2);
}

static void over_h3_every_allocation_may_fail(void **state)
{
    (void)state;
    fail_each(TRI_HTTP_3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(over_http_1_1_every_allocation_may_fail),
        cmocka_unit_test(over_h2_every_allocation_may_fail),
        cmocka_unit_test(over_h3_every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
