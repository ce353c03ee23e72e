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

static void a_websocket_is_found_at_exactly_its_path(void **state)
{
    (void)state;
    struct test_alloc t;
    test_alloc_init(&t);
    struct tri_routes r;
    tri_routes_init(&r, &t.alloc);
    assert_int_equal(tri_routes_add_ws(&r, "/chat/", &ws, NULL), TRI_OK);
    assert_string_equal(find(&r, "/chat/"), "/chat/");
    assert_string_equal(find(&r, "/chat/x"), "none");
    assert_string_equal(find(&r, "/chat"), "none");
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
    assert_int_equal(tri_routes_copy(&copy, &r), TRI_OK);
    tri_routes_deinit(&r);
    assert_string_equal(find(&copy, "/a"), "/a");
    assert_string_equal(find(&copy, "/b"), "/");
    assert_ptr_equal(copy.routes[0].ws_user, &r);
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
    for (size_t n = 1; n <= 2; n++) {
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
        cmocka_unit_test(a_websocket_is_found_at_exactly_its_path),
        cmocka_unit_test(a_path_holds_one_handler_of_each_kind),
        cmocka_unit_test(a_path_must_begin_with_a_slash),
        cmocka_unit_test(there_are_no_more_routes_than_the_limit),
        cmocka_unit_test(a_copy_stands_alone),
        cmocka_unit_test(each_failed_allocation_leaves_routes_as_they_were),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
