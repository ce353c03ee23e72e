/* A request's own copy of its head, as a program reads it. */
#include "server_request_head.h"
#include "test_hub.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>

struct rig {
    struct test_hub hub;
    struct tri_carrier carrier;
    struct tri_exchange exchange;
    struct tri_route route;
};

static void set_up(struct rig *r)
{
    test_hub_init(&r->hub);
    r->carrier = (struct tri_carrier){.http = "fake"};
    r->exchange = (struct tri_exchange){.carrier = &r->carrier};
    r->route = (struct tri_route){.path = NULL};
}

static void tear_down(struct rig *r)
{
    test_hub_deinit(&r->hub);
}

#define FIELD(name, value)                                                                         \
    {                                                                                              \
        TRI_SLICE(name), TRI_SLICE(value)                                                          \
    }

static struct tri_request *make(struct rig *r, const struct tri_field *fields, size_t len)
{
    /* As an adapter's: exactly as long as it is, and gone afterwards. */
    static const char target[] = {'/', 'a', '?', 'b', '=', 'c'};
    char *path = malloc(sizeof target);
    assert_non_null(path);
    memcpy(path, target, sizeof target);
    const struct tri_request_head head = {
        .method = TRI_SLICE("GET"),
        .authority = TRI_SLICE("localhost:1"),
        .path = tri_slice_of(path, sizeof target),
        .fields = fields,
        .fields_len = len,
    };
    struct tri_request *req = tri_request_make(&r->hub.link, &r->exchange, &head, &r->route);
    memset(path, 'X', sizeof target);
    free(path);
    return req;
}

static void a_program_reads_strings(void **state)
{
    (void)state;
    struct rig r;
    set_up(&r);
    static const struct tri_field fields[] = {FIELD("x-one", "1"), FIELD("x-empty", ""),
                                              FIELD("x-one", "2")};
    struct tri_request *req = make(&r, fields, 3);
    assert_non_null(req);
    assert_string_equal(tri_request_method(req), "GET");
    assert_string_equal(tri_request_authority(req), "localhost:1");
    assert_string_equal(tri_request_path(req), "/a");
    assert_string_equal(tri_request_query(req), "b=c");
    assert_string_equal(tri_request_field(req, "x-one"), "1");
    assert_string_equal(tri_request_field(req, "x-empty"), "");
    assert_null(tri_request_field(req, "X-One"));
    assert_null(tri_request_field(req, "x-two"));
    assert_ptr_equal(tri_request_carrier(req), &r.carrier);
    assert_ptr_equal(req->route, &r.route);
    assert_false(req->websocket);
    assert_int_equal(req->offers.len, 0);
    assert_null(req->subprotocol);
    tri_request_release(req);
    tear_down(&r);
}

static void it_is_found_on_its_exchange_until_it_is_taken_off(void **state)
{
    (void)state;
    struct rig r;
    set_up(&r);
    struct tri_request *req = make(&r, NULL, 0);
    assert_ptr_equal(r.exchange.owner, req);
    assert_ptr_equal(tri_request_take_off(req), &r.exchange);
    assert_null(r.exchange.owner);
    tri_request_release(req);
    tear_down(&r);
}

static void the_crumbs_of_a_cookie_are_one_field(void **state)
{
    (void)state;
    struct rig r;
    set_up(&r);
    static const struct tri_field fields[] = {FIELD("cookie", "a=1"), FIELD("x-field", "between"),
                                              FIELD("cookie", ""), FIELD("cookie", "c=\"3\""),
                                              FIELD("x-last", "last")};
    struct tri_request *req = make(&r, fields, 5);
    assert_string_equal(tri_request_field(req, "cookie"), "a=1; ; c=\"3\"");
    assert_string_equal(tri_request_field(req, "x-field"), "between");
    assert_string_equal(tri_request_field(req, "x-last"), "last");
    assert_int_equal(req->fields_len, 3);
    tri_request_release(req);
    tear_down(&r);
}

static void without_memory_there_is_none(void **state)
{
    (void)state;
    struct rig r;
    set_up(&r);
    r.hub.heap.fail_at = r.hub.heap.calls + 1;
    assert_null(make(&r, NULL, 0));
    assert_null(r.exchange.owner);
    r.hub.heap.fail_at = 0;
    tear_down(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_program_reads_strings),
        cmocka_unit_test(it_is_found_on_its_exchange_until_it_is_taken_off),
        cmocka_unit_test(the_crumbs_of_a_cookie_are_one_field),
        cmocka_unit_test(without_memory_there_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
