/* From a request's head to its handler and back: one table of routes, on the fake transport. */
#include "fixture.h"
#include "server_request.h"
#include "test_hub.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>

static const struct fixture_ops *const fake = &fixture_fake;

/* What the handlers do and have seen. */
struct app {
    enum { REPLY, KEEP, REFUSE, ACCEPT } what;
    struct tri_request *kept;
    int requests, cancels, opens, closes;
    char seen[512];
    enum tri_err result; /* of what it did */
};

struct rig {
    struct test_hub hub;
    struct fixture *f;
    struct app app;
};

static void describe(struct app *app, const struct tri_request *req)
{
    const char *field = tri_request_field(req, "x-field");
    (void)snprintf(app->seen, sizeof app->seen, "%s %s %s?%s x-field=%s on %s",
                   tri_request_method(req), tri_request_authority(req), tri_request_path(req),
                   tri_request_query(req), field ? field : "none", tri_request_carrier(req)->http);
}

static void take_http(void *user, struct tri_request *req)
{
    struct app *app = user;
    app->requests++;
    describe(app, req);
    static const struct tri_header headers[] = {{"x-answer", "yes"}};
    switch (app->what) {
    case REPLY:
        app->result = tri_request_reply(req, 200, headers, 1, "hello", 5);
        break;
    case KEEP:
        app->kept = req;
        break;
    case REFUSE:
        tri_request_refuse(req, 403, "not you");
        break;
    case ACCEPT:
        app->result = tri_request_accept(req, app);
        break;
    }
}

static void take_cancel(void *user, struct tri_request *req)
{
    struct app *app = user;
    app->cancels++;
    assert_ptr_equal(app->kept, req);
    assert_string_equal(tri_request_path(req), strchr(app->seen, '/') ? tri_request_path(req) : "");
    app->kept = NULL;
}

static void take_open(void *user, struct tri_ws *ws)
{
    (void)ws;
    struct app *app = user;
    app->opens++;
}

static void take_close(void *user, struct tri_ws *ws, const struct tri_ws_end *end)
{
    (void)ws;
    (void)end;
    struct app *app = user;
    app->closes++;
}

static const struct tri_http_handler http_handler = {.on_request = take_http,
                                                     .on_cancel = take_cancel};
static const struct tri_ws_handler ws_handler = {.on_request = take_http,
                                                 .on_cancel = take_cancel,
                                                 .on_open = take_open,
                                                 .on_close = take_close};
static const struct tri_ws_handler open_handler = {.on_open = take_open, .on_close = take_close};

static void set_up(struct rig *r)
{
    test_hub_init(&r->hub);
    r->app = (struct app){.what = REPLY};
    struct tri_routes *routes = &r->hub.shared.config.routes;
    assert_int_equal(tri_routes_add_http(routes, "/plain/", &http_handler, &r->app), TRI_OK);
    assert_int_equal(tri_routes_add_ws(routes, "/asked", &ws_handler, &r->app), TRI_OK);
    assert_int_equal(tri_routes_add_ws(routes, "/open", &open_handler, &r->app), TRI_OK);
    r->f = fake->open(tri_alloc_heap(), &r->hub.shared.config.limits, &tri_request_exchange_events,
                      &r->hub.link);
}

static void tear_down(struct rig *r)
{
    fake->close(r->f);
    test_hub_deinit(&r->hub);
}

/* Sends a request, runs, and returns what the peer saw. */
static struct fixture_seen ask(struct rig *r, const struct fixture_request *request)
{
    struct fixture_seen seen;
    int stream = fake->request(r->f, request);
    assert_true(stream >= 0);
    fake->run(r->f);
    fake->seen(r->f, stream, &seen);
    return seen;
}

static bool has(struct tri_slice text, const char *part)
{
    return text.len > 0 && memmem(text.data, text.len, part, strlen(part)) != NULL;
}

static void a_handler_sees_the_request_and_answers(void **state)
{
    (void)state;
    struct rig r;
    set_up(&r);
    static const struct tri_header headers[] = {
        {"x-field", "first"}, {"x-field", "second"}, {NULL, NULL}};
    const struct fixture_request request = {.path = "/plain/a?b=c&d", .headers = headers};
    struct fixture_seen seen = ask(&r, &request);
    assert_string_equal(r.app.seen, "GET localhost /plain/a?b=c&d x-field=first on fake");
    assert_int_equal(seen.status, 200);
    assert_true(has(seen.head, "x-answer: yes\n"));
    assert_true(has(seen.head, "server: trisock\n"));
    assert_true(has(seen.body, "hello"));
    assert_int_equal(r.app.result, TRI_OK);
    assert_non_null(strstr(r.hub.log, "debug request http=fake conn=1 stream=0 method=GET "
                                      "path=/plain/a status=200 remote=127.0.0.1:1\n"));
    tear_down(&r);
}

static void what_has_no_handler_is_refused_with_a_sentence(void **state)
{
    (void)state;
    static const struct {
        struct fixture_request request;
        int status;
    } rows[] = {
        {{.path = "/none"}, 404},
        {{.path = "/open"}, 400}, /* 426 where the dialect has it */
        {{.path = "/none", .protocol = "websocket"}, 404},
        {{.path = "/open", .protocol = "websocket", .version = "12"}, 400},
        {{.path = "/plain/", .protocol = "connect-udp"}, 501},
        {{.path = "/plain/", .method = "CONNECT"}, 501},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct rig r;
        set_up(&r);
        struct fixture_seen seen = ask(&r, &rows[i].request);
        assert_int_equal(seen.status, rows[i].status);
        assert_true(seen.body.len > 10);
        assert_true(has(seen.head, "content-type: text/plain; charset=utf-8\n"));
        assert_int_equal(r.app.requests, 0);
        char logged[16];
        (void)snprintf(logged, sizeof logged, " status=%d ", rows[i].status);
        assert_non_null(strstr(r.hub.log, logged));
        tear_down(&r);
    }
}

static void the_log_tells_the_status_that_was_sent(void **state)
{
    (void)state;
    struct rig r;
    set_up(&r);
    r.app.what = KEEP;
    const struct fixture_request request = {.path = "/plain/"};
    (void)ask(&r, &request);
    assert_null(strstr(r.hub.log, " status=")); /* not before it is answered */
    assert_int_equal(tri_request_reply(r.app.kept, 99, NULL, 0, NULL, 0), TRI_ERR_INVALID);
    assert_non_null(strstr(r.hub.log, " path=/plain/ status=500 "));
    tear_down(&r);
}

static void a_refused_path_is_logged_as_far_as_there_is_room(void **state)
{
    (void)state;
    struct rig r;
    set_up(&r);
    char path[2000];
    memset(path, 'p', sizeof path);
    path[0] = '/';
    path[sizeof path - 1] = '\0';
    const struct fixture_request request = {.path = path};
    assert_int_equal(ask(&r, &request).status, 404);
    const char *logged = strstr(r.hub.log, "path=/ppp");
    assert_non_null(logged);
    assert_int_equal(strspn(logged + strlen("path=/"), "p"), 511);
    assert_non_null(strstr(logged, "p status=404 "));
    tear_down(&r);
}

static void a_reply_may_be_made_of_the_request(void **state)
{
    (void)state;
    struct rig r;
    set_up(&r);
    r.app.what = KEEP;
    const struct fixture_request request = {.path = "/plain/mirror"};
    (void)ask(&r, &request);
    const char *path = tri_request_path(r.app.kept);
    const struct tri_header header = {"x-path", path};
    assert_int_equal(tri_request_reply(r.app.kept, 200, &header, 1, path, strlen(path)), TRI_OK);
    fake->run(r.f);
    struct fixture_seen seen;
    fake->seen(r.f, 0, &seen);
    assert_true(has(seen.head, "x-path: /plain/mirror\n"));
    assert_true(has(seen.body, "/plain/mirror"));
    tear_down(&r);
}

static void a_head_request_gets_no_body(void **state)
{
    (void)state;
    static const char *const paths[] = {"/plain/", "/none", "/open"};
    for (size_t i = 0; i < 3; i++) {
        struct rig r;
        set_up(&r);
        const struct fixture_request request = {.path = paths[i], .method = "HEAD"};
        struct fixture_seen seen = ask(&r, &request);
        assert_true(seen.status >= 200);
        assert_int_equal(seen.body.len, 0);
        tear_down(&r);
    }
}

static void a_handshake_that_may_not_be_is_refused_with_a_sentence(void **state)
{
    (void)state;
    static const struct {
        struct tri_header header;
        int status;
    } rows[] = {
        {{"sec-websocket-extensions", "a b"}, 400},
        {{"sec-websocket-protocol", "a b"}, 400},
        {{"origin", "https://evil.example"}, 403},
        {{"origin", "https://good.example"}, 200},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct rig r;
        set_up(&r);
        tri_routes_get_ws(&r.hub.shared.config.routes, "/open")->origins =
            tri_alloc_string(&r.hub.heap.alloc, "https://good.example", 20);
        const struct tri_header headers[] = {rows[i].header, {NULL, NULL}};
        const struct fixture_request request = {
            .path = "/open", .protocol = "websocket", .headers = headers};
        struct fixture_seen seen = ask(&r, &request);
        assert_int_equal(seen.status, rows[i].status);
        assert_int_equal(seen.body.len > 10, rows[i].status != 200);
        char logged[16];
        (void)snprintf(logged, sizeof logged, " status=%d ", rows[i].status);
        assert_int_equal(strstr(r.hub.log, logged) != NULL, rows[i].status != 200);
        tear_down(&r);
    }
}

static void what_was_offered_is_kept_until_the_handler_has_decided(void **state)
{
    (void)state;
    struct rig r;
    set_up(&r);
    r.app.what = KEEP;
    struct tri_route *route = tri_routes_get_ws(&r.hub.shared.config.routes, "/asked");
    route->deflate = TRI_DEFLATE_SHARED;
    route->subprotocols = tri_alloc_string(&r.hub.heap.alloc, "chat", 4);
    static const struct tri_header headers[] = {
        {"sec-websocket-extensions", "permessage-deflate; server_max_window_bits=9"},
        {"sec-websocket-protocol", "mqtt, chat"},
        {NULL, NULL}};
    const struct fixture_request request = {
        .path = "/asked", .protocol = "websocket", .headers = headers};
    assert_int_equal(ask(&r, &request).status, 0);
    assert_int_equal(tri_request_accept(r.app.kept, &r.app), TRI_OK);
    fake->run(r.f);
    struct fixture_seen seen;
    fake->seen(r.f, 0, &seen);
    assert_true(has(seen.head, "sec-websocket-extensions: permessage-deflate; "
                               "server_no_context_takeover; client_no_context_takeover; "
                               "server_max_window_bits=9\n"));
    assert_true(has(seen.head, "sec-websocket-protocol: chat\n"));
    assert_int_equal(r.app.opens, 1);
    tear_down(&r);
}

static void a_connection_has_so_many_websockets_and_no_more(void **state)
{
    (void)state;
    static const char *const paths[] = {"/open", "/asked"};
    for (size_t i = 0; i < 2; i++) {
        struct rig r;
        set_up(&r);
        r.hub.shared.config.limits.sockets_max = 2;
        r.app.what = ACCEPT;
        const struct fixture_request request = {.path = paths[i], .protocol = "websocket"};
        assert_int_equal(ask(&r, &request).status, 200);
        assert_int_equal(ask(&r, &request).status, 200);
        const int requests = r.app.requests;
        struct fixture_seen seen = ask(&r, &request);
        assert_int_equal(seen.status, 503);
        assert_true(has(seen.body, "Too many WebSockets on this connection.\n"));
        assert_non_null(strstr(r.hub.log, " status=503 "));
        assert_int_equal(r.app.requests, requests); /* nobody was asked */
        const struct fixture_request plain = {.path = "/plain/"};
        r.app.what = REPLY;
        assert_int_equal(ask(&r, &plain).status, 200);
        r.app.what = ACCEPT;
        fake->reset(r.f, 0);
        fake->run(r.f);
        assert_int_equal(ask(&r, &request).status, 200); /* one has ended */
        tear_down(&r);
    }
}

static void the_last_place_may_be_taken_while_a_handler_decides(void **state)
{
    (void)state;
    struct rig r;
    set_up(&r);
    r.hub.shared.config.limits.sockets_max = 1;
    r.app.what = KEEP;
    const struct fixture_request asked = {.path = "/asked", .protocol = "websocket"};
    (void)ask(&r, &asked);
    const struct fixture_request open = {.path = "/open", .protocol = "websocket"};
    assert_int_equal(ask(&r, &open).status, 200);
    assert_int_equal(tri_request_accept(r.app.kept, NULL), TRI_ERR_LIMIT);
    fake->run(r.f);
    struct fixture_seen seen;
    fake->seen(r.f, 0, &seen);
    assert_int_equal(seen.status, 503);
    assert_true(has(seen.body, "Too many WebSockets"));
    tear_down(&r);
}

static void E10_near_the_limit_of_memory_nothing_new_is_begun(void **state)
{
    (void)state;
    static const struct fixture_request requests[] = {
        {.path = "/open", .protocol = "websocket"},
        {.path = "/asked", .protocol = "websocket"},
        {.path = "/plain/"},
    };
    struct rig r;
    set_up(&r);
    r.app.what = REPLY;
    const struct fixture_request open = {.path = "/open", .protocol = "websocket"};
    assert_int_equal(ask(&r, &open).status, 200);
    r.hub.shared.budget.max = 1600;
    r.hub.shared.budget.bytes = 1500;
    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
        const struct fixture_seen seen = ask(&r, &requests[i]);
        assert_int_equal(seen.status, 503);
        assert_true(has(seen.head, "retry-after: 5\n"));
        assert_true(has(seen.body, "The server is short of memory. Try again later.\n"));
    }
    assert_int_equal(r.app.requests, 0); /* nobody was asked */
    assert_non_null(strstr(r.hub.log, "reason=memory"));
    r.hub.shared.budget.bytes = 1499;
    assert_int_equal(ask(&r, &requests[2]).status, 200);
    tear_down(&r);
}

static void memory_may_be_short_once_a_handler_has_decided(void **state)
{
    (void)state;
    struct rig r;
    set_up(&r);
    r.app.what = KEEP;
    const struct fixture_request asked = {.path = "/asked", .protocol = "websocket"};
    (void)ask(&r, &asked);
    r.hub.shared.budget.max = 1600;
    r.hub.shared.budget.bytes = 1500;
    assert_int_equal(tri_request_accept(r.app.kept, NULL), TRI_ERR_NOMEM);
    fake->run(r.f);
    struct fixture_seen seen;
    fake->seen(r.f, 0, &seen);
    assert_int_equal(seen.status, 503);
    tear_down(&r);
}

static void a_handler_may_refuse(void **state)
{
    (void)state;
    static const char *const paths[] = {"/plain/", "/asked"};
    for (size_t i = 0; i < 2; i++) {
        struct rig r;
        set_up(&r);
        r.app.what = REFUSE;
        const struct fixture_request request = {.path = paths[i],
                                                .protocol = i == 1 ? "websocket" : NULL};
        struct fixture_seen seen = ask(&r, &request);
        assert_int_equal(seen.status, 403);
        assert_true(has(seen.body, "not you"));
        tear_down(&r);
    }
}

static void a_handshake_is_accepted_by_its_handler(void **state)
{
    (void)state;
    struct rig r;
    set_up(&r);
    r.app.what = ACCEPT;
    const struct fixture_request request = {.path = "/asked?x", .protocol = "websocket"};
    assert_int_equal(ask(&r, &request).status, 200);
    assert_int_equal(r.app.result, TRI_OK);
    assert_int_equal(r.app.opens, 1);
    assert_int_equal(r.hub.sockets_open, 1);
    tear_down(&r);
    assert_int_equal(r.app.closes, 1);
}

static void a_handler_without_a_question_accepts(void **state)
{
    (void)state;
    struct rig r;
    set_up(&r);
    const struct fixture_request request = {.path = "/open", .protocol = "websocket"};
    assert_int_equal(ask(&r, &request).status, 200);
    assert_int_equal(r.app.requests, 0);
    assert_int_equal(r.app.opens, 1);
    tear_down(&r);
    assert_int_equal(r.app.closes, 1);
}

static void a_plain_request_cannot_be_accepted(void **state)
{
    (void)state;
    struct rig r;
    set_up(&r);
    r.app.what = ACCEPT;
    const struct fixture_request request = {.path = "/plain/"};
    assert_int_equal(ask(&r, &request).status, 500);
    assert_int_equal(r.app.result, TRI_ERR_INVALID);
    assert_int_equal(r.app.opens, 0);
    tear_down(&r);
}

static void a_handler_may_answer_later(void **state)
{
    (void)state;
    struct rig r;
    set_up(&r);
    r.app.what = KEEP;
    const struct fixture_request request = {.path = "/plain/later"};
    assert_int_equal(ask(&r, &request).status, 0);
    assert_non_null(r.app.kept);
    assert_int_equal(tri_request_reply(r.app.kept, 202, NULL, 0, "now", 3), TRI_OK);
    fake->run(r.f);
    struct fixture_seen seen;
    fake->seen(r.f, 0, &seen);
    assert_int_equal(seen.status, 202);
    assert_true(has(seen.body, "now"));
    tear_down(&r);
    assert_int_equal(r.app.cancels, 0);
}

static void a_request_whose_peer_is_gone_is_cancelled(void **state)
{
    (void)state;
    static const char *const paths[] = {"/plain/", "/asked"};
    for (size_t i = 0; i < 2; i++) {
        struct rig r;
        set_up(&r);
        r.app.what = KEEP;
        const struct fixture_request request = {.path = paths[i],
                                                .protocol = i == 1 ? "websocket" : NULL};
        (void)ask(&r, &request);
        assert_non_null(r.app.kept);
        fake->reset(r.f, 0);
        fake->run(r.f);
        assert_int_equal(r.app.cancels, 1);
        assert_null(r.app.kept);
        tear_down(&r);
    }
}

static void a_status_that_is_no_refusal_becomes_500(void **state)
{
    (void)state;
    static const int statuses[] = {200, 399, 600, 0, -1};
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        struct rig r;
        set_up(&r);
        r.app.what = KEEP;
        const struct fixture_request request = {.path = "/plain/"};
        (void)ask(&r, &request);
        tri_request_refuse(r.app.kept, statuses[i], NULL);
        fake->run(r.f);
        struct fixture_seen seen;
        fake->seen(r.f, 0, &seen);
        assert_int_equal(seen.status, 500);
        tear_down(&r);
    }
}

static void a_body_without_a_read_is_500(void **state)
{
    (void)state;
    struct rig r;
    set_up(&r);
    r.app.what = KEEP;
    const struct fixture_request request = {.path = "/plain/"};
    (void)ask(&r, &request);
    const struct tri_body body = {.length = 1};
    assert_int_equal(tri_request_reply_body(r.app.kept, 200, NULL, 0, &body), TRI_ERR_INVALID);
    fake->run(r.f);
    struct fixture_seen seen;
    fake->seen(r.f, 0, &seen);
    assert_int_equal(seen.status, 500);
    tear_down(&r);
}

static void E9_a_server_that_stops_takes_no_new_socket(void **state)
{
    (void)state;
    static const char *const paths[] = {"/open", "/asked"};
    for (size_t i = 0; i < 2; i++) {
        struct rig r;
        set_up(&r);
        r.hub.hub.stopping = true;
        const struct fixture_request request = {.path = paths[i], .protocol = "websocket"};
        r.hub.hub.gone_ns = r.hub.now_ns + 2500 * TRI_NS_PER_MS;
        const struct fixture_seen refused = ask(&r, &request);
        assert_int_equal(refused.status, 503);
        assert_true(has(refused.head, "retry-after: 3\n"));
        assert_int_equal(r.app.requests + r.app.opens, 0);
        const struct fixture_request plain = {.path = "/plain/"};
        int stream = fake->request(r.f, &plain);
        fake->run(r.f);
        struct fixture_seen seen;
        fake->seen(r.f, stream, &seen);
        assert_int_equal(seen.status, 200);
        tear_down(&r);
    }
}

static void a_handshake_that_was_kept_is_not_accepted_while_the_server_stops(void **state)
{
    (void)state;
    struct rig r;
    set_up(&r);
    r.app.what = KEEP;
    const struct fixture_request request = {.path = "/asked", .protocol = "websocket"};
    (void)ask(&r, &request);
    r.hub.hub.stopping = true;
    assert_int_equal(tri_request_accept(r.app.kept, NULL), TRI_ERR_CLOSED);
    fake->run(r.f);
    struct fixture_seen seen;
    fake->seen(r.f, 0, &seen);
    assert_int_equal(seen.status, 503);
    assert_true(has(seen.head, "retry-after: 1\n")); /* time is up, and still it is there */
    tear_down(&r);
}

/* Every status that may come of a request when the n-th allocation fails. */
static void short_memory_is_answered_and_loses_nothing(void **state)
{
    (void)state;
    static const struct tri_header offer[] = {{"sec-websocket-extensions", "permessage-deflate"},
                                              {NULL, NULL}};
    static const struct fixture_request requests[] = {
        {.path = "/plain/"},
        {.path = "/none"},
        {.path = "/open", .protocol = "websocket", .headers = offer},
        {.path = "/asked", .protocol = "websocket"},
    };
    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
        bool failed = true;
        for (size_t n = 1; failed; n++) {
            struct rig r;
            set_up(&r);
            r.app.what = i == 3 ? ACCEPT : REPLY;
            tri_routes_get_ws(&r.hub.shared.config.routes, "/open")->deflate =
                TRI_DEFLATE_DEDICATED;
            r.hub.heap.fail_at = r.hub.heap.calls + n;
            struct fixture_seen seen = ask(&r, &requests[i]);
            failed = test_alloc_has_failed(&r.hub.heap);
            r.hub.heap.fail_at = 0;
            assert_true(seen.status == 500 || seen.status == 503 || !failed);
            assert_true(failed || seen.status == (i == 1 ? 404 : 200));
            tear_down(&r);
            assert_int_equal(r.app.opens, r.app.closes);
            assert_true(n < 20);
        }
    }
}

/* ---- counting */

static void E10_each_refusal_is_counted_and_logged_once_with_its_reason(void **state)
{
    (void)state;
    static const struct {
        struct fixture_request request;
        enum tri_refused why;
    } rows[] = {
        {{.path = "/none"}, TRI_REFUSED_PATH},
        {{.path = "/open"}, TRI_REFUSED_PLAIN},
        {{.path = "/open", .protocol = "websocket", .version = "12"}, TRI_REFUSED_VERSION},
        {{.path = "/plain/", .protocol = "connect-udp"}, TRI_REFUSED_PROTOCOL},
        {{.path = "/plain/x"}, TRI_REFUSED_APPLICATION},
        {{.path = "/asked", .protocol = "websocket"}, TRI_REFUSED_APPLICATION},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct rig r;
        set_up(&r);
        r.app.what = REFUSE;
        struct fixture_seen seen = ask(&r, &rows[i].request);
        struct tri_http_metrics want = {.requests = 1};
        want.refused[rows[i].why] = 1;
        assert_memory_equal(r.hub.link.metrics, &want, sizeof want);
        char line[256];
        (void)snprintf(line, sizeof line,
                       "info request.refuse http=fake conn=1 remote=127.0.0.1:1 reason=%s "
                       "status=%d path=%s\n",
                       tri_refused_name(rows[i].why), seen.status, rows[i].request.path);
        const char *at = strstr(r.hub.log, line);
        assert_non_null(at);
        assert_null(strstr(at + strlen(line), "request.refuse"));
        tear_down(&r);
    }
}

static void what_stands_in_the_way_is_counted(void **state)
{
    (void)state;
    const struct fixture_request open = {.path = "/open", .protocol = "websocket"};
    struct rig r;
    set_up(&r);
    r.hub.shared.config.limits.sockets_max = 1;
    assert_int_equal(ask(&r, &open).status, 200);
    assert_int_equal(ask(&r, &open).status, 503);
    r.hub.hub.stopping = true;
    assert_int_equal(ask(&r, &open).status, 503);
    r.hub.hub.stopping = false;
    const struct tri_http_metrics *m = r.hub.link.metrics;
    assert_int_equal(m->requests, 3);
    assert_int_equal(m->sockets_opened, 1);
    assert_int_equal(m->refused[TRI_REFUSED_SOCKETS], 1);
    assert_int_equal(m->refused[TRI_REFUSED_STOPPING], 1);
    tear_down(&r);
}

static void what_a_program_answers_is_no_refusal(void **state)
{
    (void)state;
    struct rig r;
    set_up(&r);
    r.app.what = REPLY;
    assert_int_equal(ask(&r, &(struct fixture_request){.path = "/plain/"}).status, 200);
    const struct tri_http_metrics want = {.requests = 1};
    assert_memory_equal(r.hub.link.metrics, &want, sizeof want);
    tear_down(&r);
}

static void what_an_adapter_refuses_is_counted_too(void **state)
{
    (void)state;
    struct rig r;
    set_up(&r);
    const struct tri_carrier carrier = {.conn_id = 3, .http = "h2", .remote = "192.0.2.1:9"};
    tri_request_exchange_events.on_refuse(&r.hub.link, &carrier, TRI_REFUSED_MALFORMED, 400);
    assert_int_equal(r.hub.link.metrics->refused[TRI_REFUSED_MALFORMED], 1);
    assert_int_equal(r.hub.link.metrics->requests, 0);
    assert_string_equal(r.hub.log, "info request.refuse http=h2 conn=3 remote=192.0.2.1:9 "
                                   "reason=malformed status=400\n");
    tear_down(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(E10_near_the_limit_of_memory_nothing_new_is_begun),
        cmocka_unit_test(memory_may_be_short_once_a_handler_has_decided),
        cmocka_unit_test(E10_each_refusal_is_counted_and_logged_once_with_its_reason),
        cmocka_unit_test(what_stands_in_the_way_is_counted),
        cmocka_unit_test(what_a_program_answers_is_no_refusal),
        cmocka_unit_test(what_an_adapter_refuses_is_counted_too),
        cmocka_unit_test(a_handler_sees_the_request_and_answers),
        cmocka_unit_test(what_has_no_handler_is_refused_with_a_sentence),
        cmocka_unit_test(the_log_tells_the_status_that_was_sent),
        cmocka_unit_test(a_refused_path_is_logged_as_far_as_there_is_room),
        cmocka_unit_test(a_reply_may_be_made_of_the_request),
        cmocka_unit_test(a_head_request_gets_no_body),
        cmocka_unit_test(a_handshake_that_may_not_be_is_refused_with_a_sentence),
        cmocka_unit_test(what_was_offered_is_kept_until_the_handler_has_decided),
        cmocka_unit_test(a_connection_has_so_many_websockets_and_no_more),
        cmocka_unit_test(the_last_place_may_be_taken_while_a_handler_decides),
        cmocka_unit_test(a_handler_may_refuse),
        cmocka_unit_test(a_handshake_is_accepted_by_its_handler),
        cmocka_unit_test(a_handler_without_a_question_accepts),
        cmocka_unit_test(a_plain_request_cannot_be_accepted),
        cmocka_unit_test(a_handler_may_answer_later),
        cmocka_unit_test(a_request_whose_peer_is_gone_is_cancelled),
        cmocka_unit_test(a_status_that_is_no_refusal_becomes_500),
        cmocka_unit_test(a_body_without_a_read_is_500),
        cmocka_unit_test(E9_a_server_that_stops_takes_no_new_socket),
        cmocka_unit_test(a_handshake_that_was_kept_is_not_accepted_while_the_server_stops),
        cmocka_unit_test(short_memory_is_answered_and_loses_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
