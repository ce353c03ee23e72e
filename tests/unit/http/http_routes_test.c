#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "http_routes.h"
#include "test_alloc.h"

static const struct tri_ws_handler ws;
static const struct tri_http_handler http;

static const char *find(const struct tri_routes *r, const char *path)
{
    const struct tri_route *route = tri_routes_find(r, tri_slice_of_string(path));
    return route ? route->path : "none";
}

static void the_exact_route_wins_and_then_the_longest_folder(void **state)
{
    (void)state;
    struct test_alloc t;
    test_alloc_init(&t);
    struct tri_routes r;
    tri_routes_init(&r, &t.alloc);
    assert_int_equal(tri_routes_add_http(&r, "/", &http, NULL), TRI_OK);
    assert_int_equal(tri_routes_add_http(&r, "/docs/", &http, NULL), TRI_OK);
    assert_int_equal(tri_routes_add_http(&r, "/docs/a/", &http, NULL), TRI_OK);
    assert_int_equal(tri_routes_add_http(&r, "/docs", &http, NULL), TRI_OK);
    assert_int_equal(tri_routes_add_ws(&r, "/echo", &ws, NULL), TRI_OK);

    assert_string_equal(find(&r, "/"), "/");
    assert_string_equal(find(&r, "/x"), "/");
    assert_string_equal(find(&r, "/docs"), "/docs");
    assert_string_equal(find(&r, "/docs/"), "/docs/");
    assert_string_equal(find(&r, "/docs/x"), "/docs/");
    assert_string_equal(find(&r, "/docs/a"), "/docs/");
    assert_string_equal(find(&r, "/docs/a/b/c"), "/docs/a/");
    assert_string_equal(find(&r, "/docsx"), "/");
    assert_string_equal(find(&r, "/echo"), "/echo");
    assert_string_equal(find(&r, "/echo/"), "/");
    assert_string_equal(find(&r, "*"), "none");
    assert_string_equal(find(&r, ""), "none");
    tri_routes_deinit(&r);
    assert_int_equal(t.live, 0);
}

static void a_websocket_folder_serves_all_below_it(void **state)
{
    (void)state;
    struct test_alloc t;
    test_alloc_init(&t);
    struct tri_routes r;
    tri_routes_init(&r, &t.alloc);
    assert_int_equal(tri_routes_add_ws(&r, "/chat/", &ws, NULL), TRI_OK);
    assert_int_equal(tri_routes_add_ws(&r, "/chat/exact", &ws, NULL), TRI_OK);
    assert_int_equal(tri_routes_add_http(&r, "/chat/pages/", &http, NULL), TRI_OK);
    assert_string_equal(find(&r, "/chat/"), "/chat/");
    assert_string_equal(find(&r, "/chat/x"), "/chat/");
    assert_string_equal(find(&r, "/chat/x/y/"), "/chat/");
    assert_string_equal(find(&r, "/chat/exact"), "/chat/exact");
    assert_string_equal(find(&r, "/chat/exact/x"), "/chat/");       /* no folder */
    assert_string_equal(find(&r, "/chat/pages/x"), "/chat/pages/"); /* the longer path wins */
    assert_string_equal(find(&r, "/chat"), "none");
    assert_string_equal(find(&r, "/chatx"), "none");
    tri_routes_deinit(&r);
    assert_int_equal(t.live, 0);
}

static void a_websocket_route_is_got_to_be_changed(void **state)
{
    (void)state;
    struct test_alloc t;
    test_alloc_init(&t);
    struct tri_routes r;
    tri_routes_init(&r, &t.alloc);
    assert_int_equal(tri_routes_add_ws(&r, "/chat/", &ws, NULL), TRI_OK);
    assert_int_equal(tri_routes_add_http(&r, "/page", &http, NULL), TRI_OK);
    assert_ptr_equal(tri_routes_get_ws(&r, "/chat/"), &r.routes[0]);
    assert_null(tri_routes_get_ws(&r, "/chat/x")); /* only the path that was added */
    assert_null(tri_routes_get_ws(&r, "/page"));
    assert_null(tri_routes_get_ws(&r, "chat/"));
    assert_null(tri_routes_get_ws(&r, NULL));
    const struct tri_route *made = &r.routes[0];
    assert_int_equal(made->deflate, TRI_DEFLATE_OFF);
    assert_int_equal(made->slow, TRI_SLOW_WAIT);
    assert_null(made->subprotocols);
    assert_null(made->origins);
    tri_routes_deinit(&r);
    assert_int_equal(t.live, 0);
}

static void a_path_holds_one_handler_of_each_kind(void **state)
{
    (void)state;
    struct test_alloc t;
    test_alloc_init(&t);
    struct tri_routes r;
    tri_routes_init(&r, &t.alloc);
    int ws_user, http_user;
    assert_int_equal(tri_routes_add_ws(&r, "/a", &ws, &ws_user), TRI_OK);
    assert_int_equal(tri_routes_add_http(&r, "/a", &http, &http_user), TRI_OK);
    assert_int_equal(tri_routes_add_ws(&r, "/a", &ws, NULL), TRI_ERR_INVALID);
    assert_int_equal(tri_routes_add_http(&r, "/a", &http, NULL), TRI_ERR_INVALID);
    assert_int_equal(r.len, 1);
    assert_ptr_equal(r.routes[0].ws, &ws);
    assert_ptr_equal(r.routes[0].ws_user, &ws_user);
    assert_ptr_equal(r.routes[0].http, &http);
    assert_ptr_equal(r.routes[0].http_user, &http_user);
    tri_routes_deinit(&r);
    assert_int_equal(t.live, 0);
}

static void a_path_must_begin_with_a_slash(void **state)
{
    (void)state;
    struct test_alloc t;
    test_alloc_init(&t);
    struct tri_routes r;
    tri_routes_init(&r, &t.alloc);
    assert_int_equal(tri_routes_add_ws(&r, "echo", &ws, NULL), TRI_ERR_INVALID);
    assert_int_equal(tri_routes_add_http(&r, "", &http, NULL), TRI_ERR_INVALID);
    assert_int_equal(tri_routes_add_http(&r, NULL, &http, NULL), TRI_ERR_INVALID);
    assert_int_equal(r.len, 0);
    tri_routes_deinit(&r);
    assert_int_equal(t.live, 0);
}

static void there_are_no_more_routes_than_the_limit(void **state)
{
    (void)state;
    struct test_alloc t;
    test_alloc_init(&t);
    struct tri_routes r;
    tri_routes_init(&r, &t.alloc);
    char path[16];
    for (unsigned i = 0; i < TRI_ROUTES_MAX; i++) {
        snprintf(path, sizeof path, "/%u", i);
        assert_int_equal(tri_routes_add_ws(&r, path, &ws, NULL), TRI_OK);
    }
    assert_int_equal(tri_routes_add_ws(&r, "/more", &ws, NULL), TRI_ERR_LIMIT);
    assert_int_equal(tri_routes_add_http(&r, "/more", &http, NULL), TRI_ERR_LIMIT);
    assert_int_equal(tri_routes_add_http(&r, "/0", &http, NULL), TRI_OK); /* is there already */
    tri_routes_deinit(&r);
    assert_int_equal(t.live, 0);
}

/* Gives the first route all that a route may have. */
static void fill_first(struct tri_routes *r)
{
    struct tri_route *route = &r->routes[0];
    route->deflate = TRI_DEFLATE_DEDICATED;
    route->slow = TRI_SLOW_DROP;
    route->subprotocols = tri_alloc_string(r->alloc, "chat", 4);
    route->origins = tri_alloc_string(r->alloc, "https://a", 9);
    assert_non_null(route->subprotocols);
    assert_non_null(route->origins);
}

static void a_copy_stands_alone(void **state)
{
    (void)state;
    struct test_alloc t;
    test_alloc_init(&t);
    struct tri_routes r, copy;
    tri_routes_init(&r, &t.alloc);
    tri_routes_init(&copy, &t.alloc);
    assert_int_equal(tri_routes_add_ws(&r, "/a", &ws, &r), TRI_OK);
    assert_int_equal(tri_routes_add_http(&r, "/", &http, NULL), TRI_OK);
    fill_first(&r);
    assert_int_equal(tri_routes_copy(&copy, &r), TRI_OK);
    tri_routes_deinit(&r);
    assert_string_equal(find(&copy, "/a"), "/a");
    assert_string_equal(find(&copy, "/b"), "/");
    assert_ptr_equal(copy.routes[0].ws_user, &r);
    assert_int_equal(copy.routes[0].deflate, TRI_DEFLATE_DEDICATED);
    assert_int_equal(copy.routes[0].slow, TRI_SLOW_DROP);
    assert_string_equal(copy.routes[0].subprotocols, "chat");
    assert_string_equal(copy.routes[0].origins, "https://a");
    assert_null(copy.routes[1].subprotocols);
    assert_null(copy.routes[1].origins);
    tri_routes_deinit(&copy);
    assert_int_equal(t.live, 0);
}

static void each_failed_allocation_leaves_routes_as_they_were(void **state)
{
    (void)state;
    struct test_alloc good, bad;
    test_alloc_init(&good);
    struct tri_routes r;
    tri_routes_init(&r, &good.alloc);
    good.fail_at = 1;
    assert_int_equal(tri_routes_add_ws(&r, "/a", &ws, NULL), TRI_ERR_NOMEM);
    assert_int_equal(r.len, 0);
    assert_int_equal(tri_routes_add_ws(&r, "/a", &ws, NULL), TRI_OK);
    assert_int_equal(tri_routes_add_ws(&r, "/b", &ws, NULL), TRI_OK);
    fill_first(&r);
    for (size_t n = 1; n <= 4; n++) { /* two paths and two lists */
        struct tri_routes copy;
        test_alloc_init(&bad);
        bad.fail_at = n;
        tri_routes_init(&copy, &bad.alloc);
        assert_int_equal(tri_routes_copy(&copy, &r), TRI_ERR_NOMEM);
        assert_int_equal(copy.len, 0);
        assert_int_equal(bad.live, 0);
    }
    tri_routes_deinit(&r);
    assert_int_equal(good.live, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_exact_route_wins_and_then_the_longest_folder),
        cmocka_unit_test(a_websocket_folder_serves_all_below_it),
        cmocka_unit_test(a_websocket_route_is_got_to_be_changed),
        cmocka_unit_test(a_path_holds_one_handler_of_each_kind),
        cmocka_unit_test(a_path_must_begin_with_a_slash),
        cmocka_unit_test(there_are_no_more_routes_than_the_limit),
        cmocka_unit_test(a_copy_stands_alone),
        cmocka_unit_test(each_failed_allocation_leaves_routes_as_they_were),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
