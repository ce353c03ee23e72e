/* What is answered early, what waits, and what gets 425. Row N7. */
#include "fixture.h"
#include "server_early.h"
#include "server_request.h"
#include "test_hub.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

static const struct fixture_ops *const fake = &fixture_fake;

static void answer(void *user, struct tri_request *req)
{
    (void)user;
    (void)tri_request_reply(req, 200, NULL, 0, "", 0);
}

static void take_open(void *user, struct tri_ws *ws)
{
    (void)ws;
    ++*(int *)user;
}

static const struct tri_http_handler http_handler = {.on_request = answer};
static const struct tri_ws_handler ws_handler = {.on_open = take_open};

struct rig {
    struct test_hub hub;
    int opens;
};

static void set_up(struct rig *r, enum tri_early_data mode)
{
    test_hub_init(&r->hub);
    r->opens = 0;
    struct tri_config *config = &r->hub.shared.config;
    assert_int_equal(tri_config_early_data(config, mode), TRI_OK);
    assert_int_equal(tri_config_http_route(config, "/marked/", &http_handler, NULL), TRI_OK);
    assert_int_equal(tri_config_http_route(config, "/other", &http_handler, NULL), TRI_OK);
    assert_int_equal(tri_config_ws(config, "/ws", &ws_handler, &r->opens), TRI_OK);
    assert_int_equal(tri_config_http_route_early(config, "/marked/"), TRI_OK);
}

enum expect { NOW, WAITS };

static const struct row {
    const char *what, *method, *path, *protocol;
    const char *field, *value; /* NULL: none */
    enum expect expect;
} rows[] = {
    {"a GET", "GET", "/marked/file", "", NULL, NULL, NOW},
    {"a HEAD", "HEAD", "/marked/file?query", "", NULL, NULL, NOW},
    {"a GET that says it has no body", "GET", "/marked/", "", "content-length", "0", NOW},
    {"a GET with a body", "GET", "/marked/", "", "content-length", "1", WAITS},
    {"a GET with a body of unknown length", "GET", "/marked/", "", "transfer-encoding", "chunked",
     WAITS},
    {"a POST", "POST", "/marked/", "", NULL, NULL, WAITS},
    {"a method in small letters, which is another", "get", "/marked/", "", NULL, NULL, WAITS},
    {"OPTIONS, which is safe too", "OPTIONS", "/marked/", "", NULL, NULL, WAITS},
    {"a route that is not marked", "GET", "/other", "", NULL, NULL, WAITS},
    {"no route", "GET", "/nowhere", "", NULL, NULL, WAITS},
    {"a plain request for a WebSocket route", "GET", "/ws", "", NULL, NULL, WAITS},
    {"another protocol", "CONNECT", "/marked/", "irc", NULL, NULL, WAITS},
    {"bare CONNECT", "CONNECT", "/marked/", "", NULL, NULL, WAITS},
};

static struct tri_request_head make_head(const struct row *row, struct tri_field *field)
{
    *field = (struct tri_field){.name = TRI_SLICE("x"), .value = TRI_SLICE("y")};
    if (row->field) {
        field->name = tri_slice_of_string(row->field);
        field->value = tri_slice_of_string(row->value);
    }
    return (struct tri_request_head){
        .method = tri_slice_of_string(row->method),
        .scheme = TRI_SLICE("https"),
        .authority = TRI_SLICE("localhost"),
        .path = tri_slice_of_string(row->path),
        .protocol = tri_slice_of_string(row->protocol),
        .fields = field,
        .fields_len = 1,
    };
}

static void N7_only_marked_routes_that_are_read_are_answered_early(void **state)
{
    (void)state;
    struct rig r;
    set_up(&r, TRI_EARLY_DATA_WAIT);
    const struct tri_routes *routes = &r.hub.shared.config.routes;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct tri_field field;
        struct tri_request_head head = make_head(&rows[i], &field);
        const struct tri_route *route = tri_routes_find(routes, tri_request_head_path(&head));
        if (tri_early_takes(&r.hub.link, &head) != (rows[i].expect == NOW)) {
            fail_msg("%s: expected it to be %s", rows[i].what, rows[i].expect ? "held" : "taken");
        }
        assert_false(tri_early_is_too_early(&head, route)); /* once it has waited */
        head.early = true;
        assert_int_equal(tri_early_is_too_early(&head, route), rows[i].expect == WAITS);
    }
    test_hub_deinit(&r.hub);
}

static void N7_a_websocket_waits_or_is_taken_to_be_refused(void **state)
{
    (void)state;
    static const struct row row = {"", "CONNECT", "/ws", "WebSocket", NULL, NULL, NOW};
    static const enum tri_early_data modes[] = {TRI_EARLY_DATA_WAIT, TRI_EARLY_DATA_REFUSE};
    for (size_t i = 0; i < 2; i++) {
        struct rig r;
        set_up(&r, modes[i]);
        struct tri_field field;
        struct tri_request_head head = make_head(&row, &field);
        assert_int_equal(tri_early_takes(&r.hub.link, &head), modes[i] == TRI_EARLY_DATA_REFUSE);
        head.early = true;
        assert_true(tri_early_is_too_early(&head, &r.hub.shared.config.routes.routes[2]));
        test_hub_deinit(&r.hub);
    }
}

/* RFC 8470 section 5.1: whatever the field's value, and how many of them there are. */
static void N7_what_was_early_for_an_intermediary_is_answered_or_gets_425(void **state)
{
    (void)state;
    static const struct tri_header one[] = {{"early-data", "1"}, {NULL, NULL}};
    static const struct tri_header zero[] = {{"early-data", "0"}, {NULL, NULL}};
    static const struct tri_header two[] = {{"early-data", "1"}, {"early-data", "x"}, {NULL, NULL}};
    const struct tri_header *const all[] = {one, zero, two};
    for (size_t i = 0; i < 3; i++) {
        struct rig r;
        set_up(&r, TRI_EARLY_DATA_OFF);
        struct fixture *f = fake->open(tri_alloc_heap(), &r.hub.shared.config.limits,
                                       &tri_request_exchange_events, &r.hub.link);
        const struct fixture_request requests[] = {
            {.path = "/marked/a", .headers = all[i]},
            {.path = "/marked/a", .method = "POST", .headers = all[i]},
            {.path = "/other", .headers = all[i]},
            {.path = "/ws", .protocol = "websocket", .headers = all[i]},
            {.path = "/ws", .protocol = "websocket"},
        };
        static const int expected[] = {200, 425, 425, 425, 200};
        for (size_t k = 0; k < 5; k++) {
            struct fixture_seen seen;
            int stream = fake->request(f, &requests[k]);
            fake->run(f);
            fake->seen(f, stream, &seen);
            assert_int_equal(seen.status, expected[k]);
        }
        assert_int_equal(r.opens, 1);
        assert_int_equal(r.hub.link.metrics->refused[TRI_REFUSED_EARLY], 3);
        fake->close(f);
        test_hub_deinit(&r.hub);
    }
}

static void N7_only_what_is_served_plainly_can_be_marked(void **state)
{
    (void)state;
    struct rig r;
    set_up(&r, TRI_EARLY_DATA_WAIT);
    struct tri_config *config = &r.hub.shared.config;
    assert_int_equal(tri_config_http_route_early(config, "/ws"), TRI_ERR_NOT_FOUND);
    assert_int_equal(tri_config_http_route_early(config, "/marked"), TRI_ERR_NOT_FOUND);
    assert_int_equal(tri_config_http_route_early(config, NULL), TRI_ERR_NOT_FOUND);
    assert_int_equal(tri_config_early_data(config, (enum tri_early_data)3), TRI_ERR_INVALID);
    assert_int_equal(config->early_data, TRI_EARLY_DATA_WAIT);
    test_hub_deinit(&r.hub);
}

static void N7_early_data_is_off_by_default_and_copied_with_the_config(void **state)
{
    (void)state;
    struct tri_config *config = tri_config_new();
    assert_non_null(config);
    assert_int_equal(config->early_data, TRI_EARLY_DATA_OFF);
    assert_int_equal(tri_config_early_data(config, TRI_EARLY_DATA_REFUSE), TRI_OK);
    assert_int_equal(tri_config_http_route(config, "/", &http_handler, NULL), TRI_OK);
    assert_int_equal(tri_config_http_route_early(config, "/"), TRI_OK);
    struct tri_config copy;
    tri_config_init(&copy, tri_alloc_heap());
    assert_int_equal(tri_config_copy(&copy, config), TRI_OK);
    assert_int_equal(copy.early_data, TRI_EARLY_DATA_REFUSE);
    assert_true(copy.routes.routes[0].early);
    tri_config_deinit(&copy);
    tri_config_free(config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(N7_only_marked_routes_that_are_read_are_answered_early),
        cmocka_unit_test(N7_a_websocket_waits_or_is_taken_to_be_refused),
        cmocka_unit_test(N7_what_was_early_for_an_intermediary_is_answered_or_gets_425),
        cmocka_unit_test(N7_only_what_is_served_plainly_can_be_marked),
        cmocka_unit_test(N7_early_data_is_off_by_default_and_copied_with_the_config),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
