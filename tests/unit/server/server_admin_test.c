/* What the admin address answers: each route, each method, each host, and what pages may not. */
#include "server_admin.h"

#include "fixture.h"
#include "test_hub.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>

static const struct fixture_ops *const h1 = &fixture_h1;

struct rig {
    struct test_hub hub;
    struct tri_admin admin;
    struct tri_admin_link link;
    struct tri_http_metrics unseen;
    struct fixture *f;
    unsigned drains;
};

static void take_drain(void *owner)
{
    struct rig *r = owner;
    r->drains++;
}

static struct tri_metrics_view get_view(const void *owner)
{
    const struct rig *r = owner;
    return (struct tri_metrics_view){.metrics = &r->hub.hub.metrics, .deflate_bytes = 4711};
}

static void ignore_wake(struct tri_link *link)
{
    (void)link;
}

static void set_up(struct rig *r)
{
    test_hub_init(&r->hub);
    r->drains = 0;
    r->unseen = (struct tri_http_metrics){.requests = 0};
    r->admin = (struct tri_admin){.drain = take_drain, .view = get_view, .owner = r};
    r->link = (struct tri_admin_link){.link = r->hub.link, .admin = &r->admin};
    r->link.link.metrics = &r->unseen;
    r->link.link.wake = ignore_wake;
    r->f = h1->open(tri_alloc_heap(), &r->hub.shared.config.limits, &tri_admin_exchange_events,
                    &r->link);
}

static void tear_down(struct rig *r)
{
    h1->close(r->f);
    test_hub_deinit(&r->hub);
}

static struct fixture_seen ask(struct rig *r, const struct fixture_request *request)
{
    struct fixture_seen seen;
    int stream = h1->request(r->f, request);
    assert_true(stream >= 0);
    h1->run(r->f);
    h1->seen(r->f, stream, &seen);
    return seen;
}

static bool has(struct tri_slice text, const char *part)
{
    return text.len > 0 && memmem(text.data, text.len, part, strlen(part)) != NULL;
}

static void metrics_are_shown(void **state)
{
    (void)state;
    struct rig r;
    set_up(&r);
    r.hub.hub.metrics.http[TRI_METRICS_H3].sockets_opened = 12;
    struct fixture_seen seen = ask(&r, &(struct fixture_request){.path = "/metrics?x=y"});
    assert_int_equal(seen.status, 200);
    assert_true(has(seen.head, "content-type: text/plain; version=0.0.4; charset=utf-8\n"));
    assert_true(has(seen.head, "cache-control: no-store\n"));
    assert_true(has(seen.body, "\ntrisock_sockets_opened_total{http=\"h3\"} 12\n"));
    assert_true(has(seen.body, "\ntrisock_deflate_bytes 4711\n"));
    tear_down(&r);
}

static void a_head_tells_the_length_alone(void **state)
{
    (void)state;
    struct rig r;
    set_up(&r);
    struct fixture_seen seen =
        ask(&r, &(struct fixture_request){.method = "HEAD", .path = "/healthz"});
    assert_int_equal(seen.status, 200);
    assert_true(has(seen.head, "content-length: 3\n"));
    assert_int_equal(seen.body.len, 0);
    tear_down(&r);
}

static void it_is_well_while_it_drains_and_not_ready(void **state)
{
    (void)state;
    struct rig r;
    set_up(&r);
    assert_int_equal(ask(&r, &(struct fixture_request){.path = "/healthz"}).status, 200);
    assert_int_equal(ask(&r, &(struct fixture_request){.path = "/readyz"}).status, 200);
    r.hub.hub.stopping = true;
    assert_int_equal(ask(&r, &(struct fixture_request){.path = "/healthz"}).status, 200);
    struct fixture_seen seen = ask(&r, &(struct fixture_request){.path = "/readyz"});
    assert_int_equal(seen.status, 503);
    assert_true(has(seen.body, "draining\n"));
    r.hub.hub.stopping = false;
    tear_down(&r);
}

static void E9_a_post_starts_the_drain(void **state)
{
    (void)state;
    struct rig r;
    set_up(&r);
    const struct fixture_request request = {.method = "POST", .path = "/drain"};
    struct fixture_seen seen = ask(&r, &request);
    assert_int_equal(seen.status, 202);
    assert_int_equal(r.drains, 1);
    assert_non_null(strstr(r.hub.log, "info admin.drain remote="));
    assert_int_equal(ask(&r, &request).status, 202); /* whoever asks again is told the same */
    tear_down(&r);
}

static void pages_may_not_start_it(void **state)
{
    (void)state;
    static const struct tri_header marks[][2] = {
        {{"origin", "https://evil.example"}, {NULL, NULL}},
        {{"origin", "null"}, {NULL, NULL}},
        {{"sec-fetch-site", "same-origin"}, {NULL, NULL}},
        {{"sec-fetch-site", "none"}, {NULL, NULL}},
    };
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
        struct rig r;
        set_up(&r);
        const struct fixture_request request = {
            .method = "POST", .path = "/drain", .headers = marks[i]};
        assert_int_equal(ask(&r, &request).status, 403);
        assert_int_equal(r.drains, 0);
        tear_down(&r);
    }
}

static void other_methods_are_told_which_to_use(void **state)
{
    (void)state;
    static const struct {
        const char *method, *path, *allow;
    } rows[] = {
        {"POST", "/metrics", "allow: GET, HEAD\n"},   {"DELETE", "/healthz", "allow: GET, HEAD\n"},
        {"OPTIONS", "/readyz", "allow: GET, HEAD\n"}, {"GET", "/drain", "allow: POST\n"},
        {"HEAD", "/drain", "allow: POST\n"},          {"PUT", "/drain", "allow: POST\n"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct rig r;
        set_up(&r);
        struct fixture_seen seen =
            ask(&r, &(struct fixture_request){.method = rows[i].method, .path = rows[i].path});
        assert_int_equal(seen.status, 405);
        assert_true(has(seen.head, rows[i].allow));
        assert_int_equal(r.drains, 0);
        tear_down(&r);
    }
}

static void there_is_nothing_elsewhere(void **state)
{
    (void)state;
    static const char *const paths[] = {"/",       "/metrics/", "/metricsx",        "/METRICS",
                                        "//drain", "/echo",     "/drain/../metrics"};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        struct rig r;
        set_up(&r);
        assert_int_equal(ask(&r, &(struct fixture_request){.path = paths[i]}).status, 404);
        tear_down(&r);
    }
}

static void a_name_that_may_be_anybodys_is_not_answered(void **state)
{
    (void)state;
    static const struct {
        const char *host;
        int status;
    } rows[] = {
        {"localhost", 200},        {"LocalHost:9100", 200}, {"127.0.0.1", 200},
        {"127.0.0.1:9100", 200},   {"[::1]", 200},          {"[::1]:9100", 200},
        {"10.1.2.3:9100", 200},    {"evil.example", 421},   {"evil.example:9100", 421},
        {"127.0.0.1.evil", 421},   {"localhost.evil", 421}, {"1.2.3", 421},
        {"[evil.example]", 421},   {"[127.0.0.1]", 421},    {"localhos", 421},
        {"127.0.0.1.1:9100", 421}, {"256.0.0.1", 421},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct rig r;
        set_up(&r);
        const struct fixture_request request = {.authority = rows[i].host, .path = "/healthz"};
        struct fixture_seen seen = ask(&r, &request);
        /* What is no host at all, the adapter refuses. */
        if (seen.status != rows[i].status && seen.status != 400) {
            fail_msg("%s: %d", rows[i].host, seen.status);
        }
        assert_int_equal(seen.status == 200, rows[i].status == 200);
        tear_down(&r);
    }
}

static void a_drain_of_another_host_is_not_started(void **state)
{
    (void)state;
    struct rig r;
    set_up(&r);
    const struct fixture_request request = {
        .method = "POST", .authority = "evil.example", .path = "/drain"};
    assert_int_equal(ask(&r, &request).status, 421);
    assert_int_equal(r.drains, 0);
    tear_down(&r);
}

static void no_websocket_is_served(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        int status;
    } rows[] = {{"/echo", 404}, {"/", 404}, {"/metrics", 200}, {"/drain", 405}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct rig r;
        set_up(&r);
        const struct fixture_request request = {.path = rows[i].path, .protocol = "websocket"};
        assert_int_equal(ask(&r, &request).status, rows[i].status); /* an upgrade is 101 */
        tear_down(&r);
    }
}

static void nothing_of_it_is_counted(void **state)
{
    (void)state;
    struct rig r;
    set_up(&r);
    (void)ask(&r, &(struct fixture_request){.path = "/metrics"});
    (void)ask(&r, &(struct fixture_request){.path = "/none"});
    (void)ask(&r, &(struct fixture_request){.method = "POST", .path = "/drain"});
    const struct tri_metrics none = {.resumed = 0};
    assert_memory_equal(&r.hub.hub.metrics, &none, sizeof none);
    tear_down(&r);
}

static void memory_that_is_short_is_said(void **state)
{
    (void)state;
    for (size_t n = 1;; n++) {
        struct rig r;
        set_up(&r);
        r.hub.heap.fail_at = r.hub.heap.calls + n;
        struct fixture_seen seen = ask(&r, &(struct fixture_request){.path = "/metrics"});
        const bool failed = test_alloc_has_failed(&r.hub.heap);
        r.hub.heap.fail_at = 0;
        assert_true(failed ? seen.status == 503 || seen.status == 500 : seen.status == 200);
        tear_down(&r);
        if (!failed) {
            assert_true(n > 2);
            return;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(metrics_are_shown),
        cmocka_unit_test(a_head_tells_the_length_alone),
        cmocka_unit_test(it_is_well_while_it_drains_and_not_ready),
        cmocka_unit_test(E9_a_post_starts_the_drain),
        cmocka_unit_test(pages_may_not_start_it),
        cmocka_unit_test(other_methods_are_told_which_to_use),
        cmocka_unit_test(there_is_nothing_elsewhere),
        cmocka_unit_test(a_name_that_may_be_anybodys_is_not_answered),
        cmocka_unit_test(a_drain_of_another_host_is_not_started),
        cmocka_unit_test(no_websocket_is_served),
        cmocka_unit_test(nothing_of_it_is_counted),
        cmocka_unit_test(memory_that_is_short_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
