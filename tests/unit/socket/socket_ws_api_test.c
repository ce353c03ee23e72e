/* What a program may call on a socket, also between two turns: on the fake transport. */
#include "base_buf.h"
#include "fixture.h"
#include "server_request.h"
#include "server_ws.h"
#include "test_death.h"
#include "test_hub.h"
#include "test_session.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>

static const struct fixture_ops *const fake = &fixture_fake;

struct app {
    struct tri_ws *ws[2];
    size_t opens, messages, drains, closes;
    uint16_t code;
};

struct rig {
    struct test_hub hub;
    struct fixture *f;
    struct app app;
};

static void take_open(void *user, struct tri_ws *ws)
{
    struct app *app = user;
    app->ws[app->opens++] = ws;
}

static void take_message(void *user, struct tri_ws *ws, enum tri_type type, const uint8_t *data,
                         size_t len)
{
    (void)ws;
    (void)type;
    (void)data;
    (void)len;
    struct app *app = user;
    app->messages++;
}

static void take_drain(void *user, struct tri_ws *ws)
{
    (void)ws;
    struct app *app = user;
    app->drains++;
}

static void take_close(void *user, struct tri_ws *ws, const struct tri_ws_end *end)
{
    (void)ws;
    struct app *app = user;
    app->closes++;
    app->code = end->code;
}

static const struct tri_ws_handler handler = {.on_open = take_open,
                                              .on_message = take_message,
                                              .on_drain = take_drain,
                                              .on_close = take_close};

static void set_up(struct rig *r)
{
    test_hub_init(&r->hub);
    r->app = (struct app){.opens = 0};
    struct tri_routes *routes = &r->hub.shared.config.routes;
    assert_int_equal(tri_routes_add_ws(routes, "/", &handler, &r->app), TRI_OK);
    r->f = fake->open(tri_alloc_heap(), &r->hub.shared.config.limits, &tri_request_exchange_events,
                      &r->hub.link);
}

static void tear_down(struct rig *r)
{
    fake->close(r->f);
    test_hub_deinit(&r->hub);
    assert_int_equal(r->app.opens, r->app.closes);
}

static int open_socket(struct rig *r)
{
    const struct fixture_request request = {.path = "/", .protocol = "websocket"};
    int stream = fake->request(r->f, &request);
    fake->run(r->f);
    return stream;
}

static void send_text(struct rig *r, int stream, const char *text)
{
    struct tri_buf frame;
    tri_buf_init(&frame, tri_alloc_heap(), 65536);
    test_put_frame(&frame, 0x81, text, strlen(text), true);
    struct tri_slice bytes = tri_buf_peek(&frame);
    fake->send(r->f, stream, bytes.data, bytes.len);
    tri_buf_deinit(&frame);
    fake->run(r->f);
}

static void assert_received(struct rig *r, int stream, const void *bytes, size_t len)
{
    struct fixture_seen seen;
    fake->run(r->f);
    fake->seen(r->f, stream, &seen);
    assert_int_equal(seen.body.len, len);
    assert_memory_equal(seen.body.data, bytes, len);
}

static void a_message_goes_in_pieces_and_nothing_between_them(void **state)
{
    (void)state;
    struct rig r;
    set_up(&r);
    int stream = open_socket(&r);
    struct tri_ws *ws = r.app.ws[0];
    struct tri_payload *payload = tri_payload_new(TRI_TEXT, "p", 1);
    assert_int_equal(tri_ws_send_append(ws, "x", 1), TRI_ERR_INVALID);
    assert_int_equal(tri_ws_send_end(ws), TRI_ERR_INVALID);
    assert_int_equal(tri_ws_send_begin(ws, TRI_TEXT), TRI_OK);
    assert_int_equal(tri_ws_send_begin(ws, TRI_TEXT), TRI_ERR_INVALID);
    assert_int_equal(tri_ws_send(ws, TRI_TEXT, "x", 1), TRI_ERR_INVALID);
    assert_int_equal(tri_ws_send_payload(ws, payload), TRI_ERR_INVALID);
    assert_int_equal(tri_ws_send_append(ws, "hel", 3), TRI_OK);
    assert_int_equal(tri_ws_send_append(ws, "lo", 2), TRI_OK);
    assert_int_equal(tri_ws_send_end(ws), TRI_OK);
    assert_int_equal(tri_ws_send_payload(ws, payload), TRI_OK);
    tri_payload_free(payload);
    assert_received(&r, stream, "\x01\x03hel\x00\x02lo\x80\x00\x81\x01p", 14);
    assert_int_equal(r.hub.link.metrics->messages_out, 2); /* what was refused is not counted */
    assert_int_equal(r.hub.link.metrics->bytes_out, 6);
    assert_int_equal(r.hub.link.metrics->messages_dropped, 0);
    tear_down(&r);
}

static void a_payload_goes_to_many_sockets(void **state)
{
    (void)state;
    struct rig r;
    set_up(&r);
    int streams[2] = {open_socket(&r), open_socket(&r)};
    struct tri_payload *payload = tri_payload_new(TRI_BINARY, "to all", 6);
    assert_non_null(payload);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(tri_ws_send_payload(r.app.ws[i], payload), TRI_OK);
        assert_int_equal(tri_ws_queued_bytes(r.app.ws[i]), 8);
    }
    tri_payload_free(payload);
    for (int i = 0; i < 2; i++) {
        assert_received(&r, streams[i], "\x82\x06to all", 8);
    }
    tear_down(&r);
}

static char big[1000];

/* Sends until the queue is full. */
static void fill(struct rig *r)
{
    r->hub.shared.config.limits.queue_bytes_max = 1024;
    assert_int_equal(tri_ws_send(r->app.ws[0], TRI_BINARY, big, sizeof big), TRI_OK);
    assert_int_equal(tri_ws_send(r->app.ws[0], TRI_BINARY, big, sizeof big), TRI_ERR_FULL);
}

static void a_full_queue_waits_drops_or_closes(void **state)
{
    (void)state;
    static const enum tri_slow policies[] = {TRI_SLOW_WAIT, TRI_SLOW_DROP, TRI_SLOW_CLOSE};
    for (size_t i = 0; i < 3; i++) {
        struct rig r;
        set_up(&r);
        (void)open_socket(&r);
        tri_ws_slow(r.app.ws[0], policies[i]);
        fill(&r);
        fake->run(r.f);
        assert_int_equal(r.app.drains, policies[i] == TRI_SLOW_WAIT);
        const enum tri_err want = policies[i] == TRI_SLOW_CLOSE ? TRI_ERR_CLOSED : TRI_OK;
        assert_int_equal(tri_ws_send(r.app.ws[0], TRI_TEXT, "x", 1), want);
        tear_down(&r);
    }
}

static void who_was_told_to_wait_is_told_to_go_on(void **state)
{
    (void)state;
    static const enum tri_slow before[] = {TRI_SLOW_WAIT, TRI_SLOW_DROP};
    static const enum tri_slow after[] = {TRI_SLOW_DROP, TRI_SLOW_WAIT};
    for (size_t i = 0; i < 2; i++) {
        struct rig r;
        set_up(&r);
        (void)open_socket(&r);
        tri_ws_slow(r.app.ws[0], before[i]);
        fill(&r);
        tri_ws_slow(r.app.ws[0], after[i]);
        fake->run(r.f);
        assert_int_equal(r.app.drains, before[i] == TRI_SLOW_WAIT);
        tear_down(&r);
    }
}

static void a_socket_starts_with_the_policy_of_its_route(void **state)
{
    (void)state;
    struct rig r;
    set_up(&r);
    tri_routes_get_ws(&r.hub.shared.config.routes, "/")->slow = TRI_SLOW_CLOSE;
    (void)open_socket(&r);
    fill(&r);
    assert_int_equal(tri_ws_send(r.app.ws[0], TRI_TEXT, "x", 1), TRI_ERR_CLOSED);
    tear_down(&r);
}

static void set_unknown_policy(void *user)
{
    tri_ws_slow(user, (enum tri_slow)3);
}

static void a_policy_that_there_is_not_ends_the_program(void **state)
{
    (void)state;
    struct rig r;
    set_up(&r);
    (void)open_socket(&r);
    assert_true(test_death_is_met(set_unknown_policy, r.app.ws[0]));
    tear_down(&r);
}

static void set_urgency_beyond_the_last(void *user)
{
    tri_ws_urgency(user, TRI_URGENCY_LEAST + 1);
}

static void E8_an_urgency_may_be_set_at_any_time_and_is_one_of_eight(void **state)
{
    (void)state;
    struct rig r;
    set_up(&r);
    (void)open_socket(&r);
    for (unsigned urgency = TRI_URGENCY_FIRST; urgency <= TRI_URGENCY_LEAST; urgency++) {
        tri_ws_urgency(r.app.ws[0], urgency);
    }
    assert_true(test_death_is_met(set_urgency_beyond_the_last, r.app.ws[0]));
    assert_int_equal(tri_ws_close(r.app.ws[0], 1000, NULL), TRI_OK);
    tri_ws_urgency(r.app.ws[0], TRI_URGENCY_FIRST);
    tri_ws_abort(r.app.ws[0]);
    tri_ws_urgency(r.app.ws[0], TRI_URGENCY_FIRST);
    tear_down(&r);
}

/* The close that a full queue brings counts its timeout from the send, however late that is. */
static void a_send_that_closes_tells_the_time(void **state)
{
    (void)state;
    struct rig r;
    set_up(&r);
    const struct tri_limits *limits = &r.hub.shared.config.limits;
    struct tri_payload *payload = tri_payload_new(TRI_BINARY, big, sizeof big);
    (void)open_socket(&r);
    tri_ws_slow(r.app.ws[0], TRI_SLOW_CLOSE);
    r.hub.shared.config.limits.queue_bytes_max = 1024;
    assert_int_equal(tri_ws_send(r.app.ws[0], TRI_BINARY, big, sizeof big), TRI_OK);
    r.hub.now_ns += 50000 * TRI_NS_PER_MS;
    assert_int_equal(tri_ws_send_payload(r.app.ws[0], payload), TRI_ERR_FULL);
    tri_payload_free(payload);
    assert_true(tri_session_worker_deadline_ns(&r.hub.hub.sessions) ==
                r.hub.now_ns + limits->close_timeout_ms * TRI_NS_PER_MS);
    tear_down(&r);
}

static void a_paused_socket_reads_on_at_the_turn_after_it_resumes(void **state)
{
    (void)state;
    struct rig r;
    set_up(&r);
    struct tri_session_worker *sessions = &r.hub.hub.sessions;
    int stream = open_socket(&r);
    tri_ws_pause(r.app.ws[0]);
    tri_ws_pause(r.app.ws[0]);
    send_text(&r, stream, "one");
    send_text(&r, stream, "two");
    assert_int_equal(r.app.messages, 0);
    tri_ws_resume(r.app.ws[0]);
    tri_ws_resume(r.app.ws[0]);
    assert_int_equal(r.app.messages, 0); /* never during the call */
    assert_true(tri_session_worker_deadline_ns(sessions) == 0);
    tri_session_worker_expire(sessions, r.hub.now_ns);
    fake->run(r.f);
    assert_int_equal(r.app.messages, 2);
    assert_true(tri_session_worker_deadline_ns(sessions) > r.hub.now_ns);
    tear_down(&r);
}

static void silence_counts_from_the_resume(void **state)
{
    (void)state;
    struct rig r;
    set_up(&r);
    struct tri_limits *limits = &r.hub.shared.config.limits;
    struct tri_session_worker *sessions = &r.hub.hub.sessions;
    (void)open_socket(&r);
    tri_ws_pause(r.app.ws[0]);
    r.hub.now_ns += 10 * limits->idle_timeout_ms * TRI_NS_PER_MS;
    tri_ws_resume(r.app.ws[0]);
    tri_session_worker_expire(sessions, r.hub.now_ns);
    fake->run(r.f);
    assert_int_equal(r.app.closes, 0);
    const uint64_t deadline_ns = tri_session_worker_deadline_ns(sessions);
    assert_true(deadline_ns > r.hub.now_ns);
    assert_true(deadline_ns <= r.hub.now_ns + limits->idle_timeout_ms * TRI_NS_PER_MS);
    tear_down(&r);
}

static void a_closed_socket_takes_no_message(void **state)
{
    (void)state;
    struct rig r;
    set_up(&r);
    (void)open_socket(&r);
    struct tri_ws *ws = r.app.ws[0];
    assert_int_equal(tri_ws_send_begin(ws, TRI_TEXT), TRI_OK);
    assert_int_equal(tri_ws_close(ws, 1000, "bye"), TRI_OK);
    assert_int_equal(tri_ws_send_append(ws, "x", 1), TRI_ERR_CLOSED);
    assert_int_equal(tri_ws_send_end(ws), TRI_ERR_CLOSED);
    assert_int_equal(tri_ws_send_begin(ws, TRI_TEXT), TRI_ERR_CLOSED);
    assert_int_equal(tri_ws_send(ws, TRI_TEXT, "x", 1), TRI_ERR_CLOSED);
    tri_ws_pause(ws);
    tri_ws_resume(ws);
    tri_ws_slow(ws, TRI_SLOW_DROP);
    tri_ws_abort(ws);
    fake->run(r.f);
    assert_int_equal(r.app.code, TRI_CLOSE_ABNORMAL);
    tear_down(&r);
}

static void what_was_not_agreed_is_empty(void **state)
{
    (void)state;
    struct rig r;
    set_up(&r);
    (void)open_socket(&r);
    assert_string_equal(tri_ws_subprotocol(r.app.ws[0]), "");
    assert_int_equal(tri_ws_deflate(r.app.ws[0]), TRI_DEFLATE_OFF);
    assert_int_equal(tri_ws_queued_bytes(r.app.ws[0]), 0);
    assert_int_equal(tri_ws_id(r.app.ws[0]), 1);
    assert_string_equal(tri_ws_carrier(r.app.ws[0])->remote, "127.0.0.1:1");
    tear_down(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_goes_in_pieces_and_nothing_between_them),
        cmocka_unit_test(a_payload_goes_to_many_sockets),
        cmocka_unit_test(a_full_queue_waits_drops_or_closes),
        cmocka_unit_test(who_was_told_to_wait_is_told_to_go_on),
        cmocka_unit_test(a_socket_starts_with_the_policy_of_its_route),
        cmocka_unit_test(a_policy_that_there_is_not_ends_the_program),
        cmocka_unit_test(E8_an_urgency_may_be_set_at_any_time_and_is_one_of_eight),
        cmocka_unit_test(a_send_that_closes_tells_the_time),
        cmocka_unit_test(a_paused_socket_reads_on_at_the_turn_after_it_resumes),
        cmocka_unit_test(silence_counts_from_the_resume),
        cmocka_unit_test(a_closed_socket_takes_no_message),
        cmocka_unit_test(what_was_not_agreed_is_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
