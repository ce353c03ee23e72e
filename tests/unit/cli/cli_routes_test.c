/* The routes: what is served where, with what the options say of it, and what is said of bad lists. */
#include "app_hello.h"
#include "app_push.h"
#include "app_site.h"
#include "app_stream.h"
#include "cli_routes.h"
#include "http_routes.h"
#include "server_config.h"
#include "temp_dir.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <string.h>

static const char *const paths[] = {"/e", "/hello", "/stream", TRI_PUSH_PATH, TRI_ROOMS_PATH};
#define PATHS_LEN (sizeof paths / sizeof paths[0])

struct made {
    struct cli_routes routes;
    struct tri_config *config;
    char error[CLI_ERROR_MAX];
};

static enum tri_err make(struct made *m, const struct cli_options *options)
{
    assert_int_equal(cli_routes_init(&m->routes, options), TRI_OK);
    m->config = tri_config_new();
    assert_non_null(m->config);
    return cli_routes_configure(&m->routes, m->config, options, m->error);
}

static void drop(struct made *m)
{
    tri_config_free(m->config);
    cli_routes_deinit(&m->routes);
}

static const struct tri_route *route_at(struct made *m, const char *path)
{
    struct tri_route *route = tri_routes_get_ws(&m->config->routes, path);
    assert_non_null(route);
    return route;
}

static void every_application_has_its_route(void **state)
{
    (void)state;
    struct made m;
    assert_int_equal(make(&m, &(struct cli_options){.echo = "/e"}), TRI_OK);
    assert_string_equal(m.error, "");
    assert_ptr_equal(route_at(&m, "/e")->ws, &tri_echo_handler);
    assert_ptr_equal(route_at(&m, "/hello")->ws, &tri_hello_handler);
    assert_ptr_equal(route_at(&m, "/stream")->ws, &tri_stream_handler);
    assert_ptr_equal(route_at(&m, "/push")->ws, &tri_push_handler);
    assert_ptr_equal(route_at(&m, "/rooms/")->ws, &tri_rooms_handler);
    assert_null(tri_routes_get_ws(&m.config->routes, "/echo"));
    for (size_t i = 0; i < PATHS_LEN; i++) {
        const struct tri_route *route = route_at(&m, paths[i]);
        assert_int_equal(route->deflate, TRI_DEFLATE_OFF);
        assert_null(route->subprotocols);
        assert_null(route->origins);
    }
    drop(&m);
}

static void what_the_options_say_is_said_of_each(void **state)
{
    (void)state;
    const struct cli_options options = {
        .echo = "/e",
        .deflate = TRI_DEFLATE_SHARED,
        .slow = TRI_SLOW_CLOSE,
        .subprotocols = "chat,superchat",
        .origins = "https://example.com",
    };
    struct made m;
    assert_int_equal(make(&m, &options), TRI_OK);
    for (size_t i = 0; i < PATHS_LEN; i++) {
        const struct tri_route *route = route_at(&m, paths[i]);
        assert_int_equal(route->deflate, TRI_DEFLATE_SHARED);
        assert_string_equal(route->subprotocols, "chat,superchat");
        assert_string_equal(route->origins, "https://example.com");
        const bool is_room = strcmp(paths[i], TRI_ROOMS_PATH) == 0;
        const bool is_push = strcmp(paths[i], TRI_PUSH_PATH) == 0;
        const enum tri_slow own = is_push ? TRI_SLOW_WAIT : TRI_SLOW_CLOSE;
        assert_int_equal(route->slow, is_room ? TRI_SLOW_DROP : own);
    }
    assert_int_equal(m.routes.echo.slow, TRI_SLOW_CLOSE);
    drop(&m);
}

static void a_list_that_is_none_is_told_with_a_good_one(void **state)
{
    (void)state;
    struct made m;
    struct cli_options options = {.echo = "/e", .origins = "example.com"};
    assert_int_equal(make(&m, &options), TRI_ERR_INVALID);
    assert_string_equal(m.error, "--origin example.com is not understood; give a list like "
                                 "https://example.com,https://example.org:8443");
    drop(&m);
    options = (struct cli_options){.echo = "/e", .subprotocols = "a b"};
    assert_int_equal(make(&m, &options), TRI_ERR_INVALID);
    assert_string_equal(m.error, "--subprotocol a b is not understood; give a list like "
                                 "chat,superchat");
    drop(&m);
}

static const struct tri_http_handler *plain_handler(struct made *m)
{
    const struct tri_route *route = tri_routes_find(&m->config->routes, TRI_SLICE("/x"));
    assert_non_null(route);
    return route->http;
}

static void a_root_comes_before_the_page(void **state)
{
    (void)state;
    struct made m;
    assert_int_equal(make(&m, &(struct cli_options){.echo = "/e"}), TRI_OK);
    assert_ptr_equal(plain_handler(&m), &tri_site_handler);
    drop(&m);
    struct temp_dir dir;
    temp_dir_make(&dir);
    assert_int_equal(make(&m, &(struct cli_options){.echo = "/e", .root = dir.path}), TRI_OK);
    assert_ptr_equal(plain_handler(&m), &tri_files_handler);
    drop(&m);
    temp_dir_remove(&dir);
}

static void a_root_that_is_none_is_an_error(void **state)
{
    (void)state;
    struct cli_routes routes;
    const struct cli_options options = {.echo = "/e", .root = "/no/such/folder"};
    assert_int_equal(cli_routes_init(&routes, &options), TRI_ERR_NOT_FOUND);
    assert_int_equal(errno, ENOENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_application_has_its_route),
        cmocka_unit_test(what_the_options_say_is_said_of_each),
        cmocka_unit_test(a_list_that_is_none_is_told_with_a_good_one),
        cmocka_unit_test(a_root_comes_before_the_page),
        cmocka_unit_test(a_root_that_is_none_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
