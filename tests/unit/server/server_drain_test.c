/* Close 1001 to every socket, all at once or one by one: on the fake transport. */
#include "base_buf.h"
#include "fixture.h"
#include "server_drain.h"
#include "server_request.h"
#include "test_hub.h"
#include "test_session.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

static const struct fixture_ops *const fake = &fixture_fake;

#define SOCKETS_MAX FIXTURE_STREAMS_MAX
#define SECOND_NS ((uint64_t)1000000000)

static const struct tri_ws_handler handler;

struct rig {
    struct test_hub hub;
    struct fixture *f;
    struct tri_drain drain;
    int streams[SOCKETS_MAX];
    size_t len;
};

static void set_up(struct rig *r, size_t len)
{
    test_hub_init(&r->hub);
    r->hub.now_ns = 5 * SECOND_NS;
    if (len > 2) {
        r->hub.shared.config.log.level = TRI_LOG_WARN; /* the rig keeps a few lines only */
    }
    tri_drain_init(&r->drain);
    struct tri_routes *routes = &r->hub.shared.config.routes;
    assert_int_equal(tri_routes_add_ws(routes, "/echo", &handler, NULL), TRI_OK);
    r->f = fake->open(tri_alloc_heap(), &r->hub.shared.config.limits, &tri_request_exchange_events,
                      &r->hub.link);
    assert_true(len <= SOCKETS_MAX);
    for (r->len = 0; r->len < len; r->len++) {
        const struct fixture_request request = {.path = "/echo", .protocol = "websocket"};
        r->streams[r->len] = fake->request(r->f, &request);
        fake->run(r->f);
    }
    assert_int_equal(r->hub.hub.sockets_len, len);
    r->hub.hub.stopping = true;
}

static void tear_down(struct rig *r)
{
    fake->close(r->f);
    assert_true(tri_list_is_empty(&r->drain.waiting));
    test_hub_deinit(&r->hub);
}

/* Which sockets got their Close; asserts that nothing else was received. */
static size_t count_closed(struct rig *r, bool *closed)
{
    size_t count = 0;
    fake->run(r->f);
    for (size_t i = 0; i < r->len; i++) {
        struct fixture_seen seen;
        fake->seen(r->f, r->streams[i], &seen);
        closed[i] = seen.body.len > 0;
        if (closed[i]) {
            assert_int_equal(seen.body.len, 4);
            assert_memory_equal(seen.body.data, "\x88\x02\x03\xe9", 4);
            count++;
        }
    }
    return count;
}

static void expire(struct rig *r, uint64_t at_ns)
{
    r->hub.now_ns = at_ns;
    tri_drain_expire(&r->drain, &r->hub.hub, tri_hub_now_ns(&r->hub.hub));
}

static void answer_close(struct rig *r, size_t index)
{
    struct tri_buf frame;
    tri_buf_init(&frame, tri_alloc_heap(), 65536);
    test_put_frame(&frame, 0x88, "\x03\xe9", 2, true);
    struct tri_slice bytes = tri_buf_peek(&frame);
    fake->send(r->f, r->streams[index], bytes.data, bytes.len);
    tri_buf_deinit(&frame);
    fake->fin(r->f, r->streams[index]);
    fake->run(r->f);
}

static void all_sockets_are_closed_at_once_when_the_server_stops(void **state)
{
    (void)state;
    struct rig r;
    bool closed[SOCKETS_MAX] = {false};
    set_up(&r, 2);
    tri_drain_start(&r.drain, &r.hub.hub, 0, r.hub.now_ns);
    assert_true(tri_drain_deadline_ns(&r.drain) == UINT64_MAX);
    assert_int_equal(count_closed(&r, closed), 2);
    for (size_t i = 0; i < 2; i++) {
        unsigned wakes = r.hub.wakes;
        answer_close(&r, i);
        /* Its connection is looked at again, for it may be the last one. */
        assert_true(r.hub.wakes > wakes);
        assert_int_equal(r.hub.sockets_open, 1 - i);
    }
    tear_down(&r);
}

static void a_worker_without_sockets_has_nothing_to_drain(void **state)
{
    (void)state;
    struct rig r;
    set_up(&r, 0);
    assert_true(tri_drain_deadline_ns(&r.drain) == UINT64_MAX);
    tri_drain_start(&r.drain, &r.hub.hub, SECOND_NS, r.hub.now_ns);
    assert_true(tri_drain_deadline_ns(&r.drain) == UINT64_MAX);
    tear_down(&r);
}

static void E9_closes_are_spread_evenly_over_the_time(void **state)
{
    (void)state;
    enum { LEN = 100, STEPS = 10 };
    struct rig r;
    bool closed[SOCKETS_MAX] = {false};
    set_up(&r, LEN);
    const uint64_t start_ns = r.hub.now_ns;
    tri_drain_start(&r.drain, &r.hub.hub, 10 * SECOND_NS, start_ns);
    assert_int_equal(count_closed(&r, closed), 1);
    for (uint64_t i = 1; i < STEPS; i++) {
        expire(&r, start_ns + i * SECOND_NS); /* a late turn catches up */
        assert_int_equal(count_closed(&r, closed), 1 + i * LEN / STEPS);
        assert_true(tri_drain_deadline_ns(&r.drain) ==
                    start_ns + i * SECOND_NS + 10 * SECOND_NS / LEN);
    }
    expire(&r, start_ns + 10 * SECOND_NS - 1);
    assert_int_equal(count_closed(&r, closed), LEN);
    expire(&r, start_ns + 10 * SECOND_NS);
    assert_true(tri_drain_deadline_ns(&r.drain) == UINT64_MAX);
    tear_down(&r);
}

/* Those of a connection are neighbours; 16 of them lose no more than their share at any time. */
static void E9_neighbours_are_not_closed_together(void **state)
{
    (void)state;
    enum { LEN = 128, CONNECTION = 16 };
    struct rig r;
    bool closed[SOCKETS_MAX] = {false};
    set_up(&r, LEN);
    const uint64_t start_ns = r.hub.now_ns;
    tri_drain_start(&r.drain, &r.hub.hub, 4 * SECOND_NS, start_ns);
    for (uint64_t quarter = 1; quarter <= 4; quarter++) {
        expire(&r, start_ns + quarter * SECOND_NS - 1);
        assert_int_equal(count_closed(&r, closed), quarter * LEN / 4);
        for (size_t first = 0; first < LEN; first += CONNECTION) {
            size_t count = 0;
            for (size_t i = 0; i < CONNECTION; i++) {
                count += closed[first + i];
            }
            assert_int_equal(count, quarter * CONNECTION / 4);
        }
    }
    expire(&r, start_ns + 4 * SECOND_NS);
    tear_down(&r);
}

static void E9_a_socket_that_waits_works_and_may_end_by_itself(void **state)
{
    (void)state;
    struct rig r;
    bool closed[SOCKETS_MAX] = {false};
    set_up(&r, 2);
    const uint64_t start_ns = r.hub.now_ns;
    tri_drain_start(&r.drain, &r.hub.hub, 2 * SECOND_NS, start_ns);
    assert_int_equal(count_closed(&r, closed), 1);
    assert_true(closed[0]);
    answer_close(&r, 1); /* not asked for: it leaves first, with its own code answered */
    assert_int_equal(r.hub.sockets_open, 1);
    assert_non_null(strstr(r.hub.log, " code=1001 "));
    expire(&r, start_ns + SECOND_NS);
    assert_true(tri_drain_deadline_ns(&r.drain) == UINT64_MAX);
    answer_close(&r, 0);
    tear_down(&r);
}

static void a_socket_that_has_no_memory_for_its_close_is_aborted(void **state)
{
    (void)state;
    struct rig r;
    set_up(&r, 1);
    r.hub.heap.fail_at = r.hub.heap.calls + 1;
    tri_drain_start(&r.drain, &r.hub.hub, 0, r.hub.now_ns);
    bool failed = test_alloc_has_failed(&r.hub.heap);
    r.hub.heap.fail_at = 0;
    fake->run(r.f);
    struct fixture_seen seen;
    fake->seen(r.f, r.streams[0], &seen);
    assert_true(seen.reset || !failed);
    tear_down(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_sockets_are_closed_at_once_when_the_server_stops),
        cmocka_unit_test(a_worker_without_sockets_has_nothing_to_drain),
        cmocka_unit_test(E9_closes_are_spread_evenly_over_the_time),
        cmocka_unit_test(E9_neighbours_are_not_closed_together),
        cmocka_unit_test(E9_a_socket_that_waits_works_and_may_end_by_itself),
        cmocka_unit_test(a_socket_that_has_no_memory_for_its_close_is_aborted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
