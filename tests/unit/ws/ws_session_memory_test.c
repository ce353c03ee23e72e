/*
 * ws_session at the server's limit of memory: who would take it over ends with 1013, small messages go
 * on. (The limit itself is base_budget.)
 */
#include "test_session.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#define FIN 0x80u
#define CONT 0x0u
#define TEXT 0x1u
#define BINARY 0x2u
#define MIB ((size_t)(1024 * 1024))
#define SMALL TRI_MEMORY_SMALL_BYTES
#define LARGE (8 * SMALL)

/* A session of a server that holds |budget.bytes| of the 64 MiB that it may. */
struct rig {
    struct test_session t;
    struct tri_budget budget;
    struct tri_buf wire;
    uint8_t *zeros; /* LARGE */
};

static void set_up(struct rig *r)
{
    test_session_init(&r->t, TRI_SESSION_SERVER);
    tri_budget_init(&r->budget, tri_alloc_heap(), 64 * MIB);
    tri_buf_init(&r->wire, tri_alloc_heap(), 64 * MIB);
    r->zeros = calloc(1, LARGE);
    assert_non_null(r->zeros);
    test_session_open(&r->t);
    r->t.worker.budget = &r->budget;
}

static void tear_down(struct rig *r)
{
    tri_buf_deinit(&r->wire);
    free(r->zeros);
    test_session_deinit(&r->t);
}

static void feed_frame(struct rig *r, unsigned first, size_t len)
{
    test_put_frame(&r->wire, first, r->zeros, len, true);
    test_session_feed(&r->t, r->wire.data, r->wire.len);
    tri_buf_clear(&r->wire);
}

static void E10_a_message_that_would_pass_the_limit_ends_its_socket_with_1013(void **state)
{
    (void)state;
    struct rig r;
    set_up(&r);
    feed_frame(&r, BINARY, SMALL);
    feed_frame(&r, CONT, SMALL);
    const size_t before = r.t.heap.bytes;
    r.budget.bytes = r.budget.max - SMALL / 2;
    feed_frame(&r, CONT, SMALL);
    assert_true(r.t.heap.bytes < before); /* what it held is given back at once */
    test_session_drain(&r.t);
    assert_string_equal(test_session_sent(&r.t), "close:1013 the server is short of memory;fin;");
    test_session_end(&r.t, TRI_STREAM_FINISHED);
    assert_int_equal(r.t.end.code, TRI_CLOSE_TRY_AGAIN_LATER);
    tear_down(&r);
}

static void a_message_in_one_frame_is_ended_too(void **state)
{
    (void)state;
    struct rig r;
    set_up(&r);
    test_put_frame(&r.wire, FIN | BINARY, r.zeros, LARGE, true);
    test_session_feed(&r.t, r.wire.data, 2 * SMALL);
    r.budget.bytes = r.budget.max;
    test_session_feed(&r.t, r.wire.data + 2 * SMALL, LARGE / 2);
    test_session_drain(&r.t);
    assert_string_equal(test_session_sent(&r.t), "close:1013 the server is short of memory;fin;");
    tear_down(&r);
}

static void small_messages_come_and_go_at_the_limit(void **state)
{
    (void)state;
    struct rig r;
    set_up(&r);
    r.budget.bytes = 2 * r.budget.max; /* even past it */
    test_put_frame(&r.wire, TEXT, "hel", 3, true);
    test_put_frame(&r.wire, FIN | CONT, "lo", 2, true);
    test_session_feed_bytewise(&r.t, r.wire.data, r.wire.len);
    assert_string_equal(test_session_told(&r.t), "T5:hello;");
    assert_int_equal(tri_session_send(r.t.session, TRI_TEXT, (const uint8_t *)"hello", 5), TRI_OK);
    test_session_drain(&r.t);
    assert_string_equal(test_session_sent(&r.t), "T5:hello;");
    tear_down(&r);
}

static void without_a_budget_nothing_is_short(void **state)
{
    (void)state;
    struct rig r;
    set_up(&r);
    r.budget.bytes = 2 * r.budget.max;
    r.t.worker.budget = NULL;
    feed_frame(&r, BINARY, LARGE);
    feed_frame(&r, FIN | CONT, LARGE);
    assert_int_equal(tri_session_send(r.t.session, TRI_BINARY, r.zeros, LARGE), TRI_OK);
    assert_int_equal(r.t.end.code, 0);
    tear_down(&r);
}

static void W6_at_the_limit_a_queue_that_is_not_empty_is_full_and_drains(void **state)
{
    (void)state;
    struct rig r;
    set_up(&r);
    struct tri_session *s = r.t.session;
    assert_int_equal(tri_session_send(s, TRI_BINARY, r.zeros, LARGE), TRI_OK);
    r.budget.bytes = r.budget.max;
    assert_int_equal(tri_session_send(s, TRI_BINARY, r.zeros, LARGE), TRI_ERR_FULL);
    assert_string_equal(test_session_told(&r.t), "");
    test_session_drain(&r.t);
    assert_string_equal(test_session_told(&r.t), "drain;");
    r.budget.bytes = 0;
    assert_int_equal(tri_session_send(s, TRI_BINARY, r.zeros, LARGE), TRI_OK);
    tear_down(&r);
}

static void a_large_message_into_an_empty_queue_ends_the_socket_at_the_limit(void **state)
{
    (void)state;
    for (int in_pieces = 0; in_pieces < 2; in_pieces++) {
        struct rig r;
        set_up(&r);
        struct tri_session *s = r.t.session;
        r.budget.bytes = r.budget.max;
        if (in_pieces) {
            assert_int_equal(tri_session_send_begin(s, TRI_BINARY), TRI_OK);
            assert_int_equal(tri_session_send_append(s, r.zeros, LARGE), TRI_ERR_NOMEM);
        } else {
            assert_int_equal(tri_session_send(s, TRI_BINARY, r.zeros, LARGE), TRI_ERR_NOMEM);
        }
        assert_int_equal(tri_session_send(s, TRI_BINARY, r.zeros, 1), TRI_ERR_CLOSED);
        test_session_drain(&r.t);
        assert_string_equal(test_session_sent(&r.t),
                            "close:1013 the server is short of memory;fin;");
        tear_down(&r);
    }
}

static void a_shared_payload_costs_nothing_and_is_sent(void **state)
{
    (void)state;
    struct rig r;
    set_up(&r);
    struct tri_payload *p = tri_payload_new(TRI_BINARY, r.zeros, LARGE);
    assert_non_null(p);
    r.budget.bytes = r.budget.max;
    assert_int_equal(tri_session_send_payload(r.t.session, p), TRI_OK);
    tri_payload_free(p);
    test_session_drain(&r.t);
    tear_down(&r);
}

static void W6_what_a_paused_socket_holds_back_counts_too(void **state)
{
    (void)state;
    struct rig r;
    set_up(&r);
    r.t.holds_credit = true;
    tri_session_pause(r.t.session);
    r.budget.bytes = r.budget.max;
    feed_frame(&r, FIN | BINARY, 100);
    assert_int_equal(r.t.end.code, 0);
    feed_frame(&r, FIN | BINARY, LARGE);
    test_session_drain(&r.t);
    assert_string_equal(test_session_sent(&r.t), "close:1013 the server is short of memory;fin;");
    assert_int_equal(r.t.consumed, r.t.fed);
    tear_down(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(E10_a_message_that_would_pass_the_limit_ends_its_socket_with_1013),
        cmocka_unit_test(a_message_in_one_frame_is_ended_too),
        cmocka_unit_test(small_messages_come_and_go_at_the_limit),
        cmocka_unit_test(without_a_budget_nothing_is_short),
        cmocka_unit_test(W6_at_the_limit_a_queue_that_is_not_empty_is_full_and_drains),
        cmocka_unit_test(a_large_message_into_an_empty_queue_ends_the_socket_at_the_limit),
        cmocka_unit_test(a_shared_payload_costs_nothing_and_is_sent),
        cmocka_unit_test(W6_what_a_paused_socket_holds_back_counts_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
