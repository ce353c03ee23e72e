/* The line of one direction, with a clock that the tests turn. */
#include "link_queue.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>

#define MS UINT64_C(1000000)
#define T0 (UINT64_C(5000) * MS)

static const uint8_t zeros[65536];

static bool push(struct link_queue *q, uint8_t first, size_t len, uint64_t now_ns)
{
    uint8_t data[2000] = {first};
    assert_true(len <= sizeof data);
    return link_queue_push(q, data, len, false, now_ns);
}

/* The first byte of what comes out, or -1. */
static int pop(struct link_queue *q, uint64_t now_ns)
{
    struct link_packet *packet = link_queue_pop(q, now_ns);
    int first = packet ? packet->data[0] : -1;
    free(packet);
    return first;
}

static void a_packet_arrives_a_delay_later_and_not_before(void **state)
{
    (void)state;
    struct link_queue q;
    link_queue_init(&q, &(struct link_queue_options){.delay_ns = 25 * MS});
    assert_true(link_queue_due_ns(&q) == UINT64_MAX);
    assert_true(push(&q, 1, 100, T0));
    assert_true(push(&q, 2, 100, T0 + MS));
    assert_true(link_queue_due_ns(&q) == T0 + 25 * MS);
    assert_int_equal(pop(&q, T0 + 25 * MS - 1), -1);
    assert_int_equal(pop(&q, T0 + 25 * MS), 1);
    assert_int_equal(pop(&q, T0 + 25 * MS), -1);
    assert_int_equal(pop(&q, T0 + 26 * MS), 2);
    assert_true(link_queue_due_ns(&q) == UINT64_MAX);
    assert_int_equal(q.bytes, 0);
    link_queue_deinit(&q);
}

static void the_rate_spaces_packets_by_their_length(void **state)
{
    (void)state;
    struct link_queue q;
    /* 8 Mbit/s: 1000 bytes take 1 ms. */
    link_queue_init(&q, &(struct link_queue_options){
                            .delay_ns = 10 * MS, .rate_bps = 8000000, .queue_ns = 100 * MS});
    assert_true(push(&q, 1, 1000, T0));
    assert_true(push(&q, 2, 500, T0));
    assert_true(push(&q, 3, 1000, T0));
    static const uint64_t due[] = {T0 + 11 * MS, T0 + 23 * MS / 2, T0 + 25 * MS / 2};
    for (int i = 0; i < 3; i++) {
        assert_true(link_queue_due_ns(&q) == due[i]);
        assert_int_equal(pop(&q, due[i]), i + 1);
    }
    /* A line that was idle owes nothing. */
    assert_true(push(&q, 4, 1000, T0 + 1000 * MS));
    assert_true(link_queue_due_ns(&q) == T0 + 1011 * MS);
    link_queue_deinit(&q);
}

static void who_would_wait_too_long_is_dropped(void **state)
{
    (void)state;
    struct link_queue q;
    link_queue_init(&q, &(struct link_queue_options){.rate_bps = 8000000, .queue_ns = 5 * MS});
    for (int i = 0; i < 6; i++) {
        assert_true(push(&q, 1, 1000, T0)); /* the last waits 5 ms */
    }
    assert_false(push(&q, 1, 1, T0));
    assert_true(push(&q, 1, 1000, T0 + MS)); /* one has left */
    assert_false(push(&q, 1, 1000, T0 + MS));
    link_queue_deinit(&q);
}

static void no_queue_takes_what_need_not_wait(void **state)
{
    (void)state;
    struct link_queue q;
    link_queue_init(&q, &(struct link_queue_options){.rate_bps = 8000000});
    assert_true(push(&q, 1, 1000, T0));
    assert_false(push(&q, 2, 1000, T0 + MS - 1));
    assert_true(push(&q, 3, 1000, T0 + MS));
    link_queue_deinit(&q);
}

static void what_is_held_back_is_overtaken(void **state)
{
    (void)state;
    struct link_queue q;
    const uint8_t held[1] = {9};
    link_queue_init(&q, &(struct link_queue_options){.delay_ns = 20 * MS, .hold_ns = 5 * MS});
    assert_true(push(&q, 1, 10, T0));
    assert_true(link_queue_push(&q, held, sizeof held, true, T0));
    assert_true(push(&q, 2, 10, T0 + 4 * MS));
    assert_true(push(&q, 3, 10, T0 + 6 * MS));
    static const int order[] = {1, 2, 9, 3, -1};
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
        assert_int_equal(pop(&q, T0 + 100 * MS), order[i]);
    }
    link_queue_deinit(&q);
}

static void what_is_on_the_way_has_a_bound_in_bytes(void **state)
{
    (void)state;
    struct link_queue q;
    link_queue_init(&q, &(struct link_queue_options){.delay_ns = 1000 * MS});
    for (size_t i = 0; i < LINK_QUEUE_BYTES_MAX / sizeof zeros; i++) {
        assert_true(link_queue_push(&q, zeros, sizeof zeros, false, T0));
    }
    assert_false(link_queue_push(&q, zeros, 1, false, T0));
    free(link_queue_pop(&q, T0 + 1000 * MS));
    assert_true(link_queue_push(&q, zeros, sizeof zeros, false, T0));
    link_queue_deinit(&q);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_packet_arrives_a_delay_later_and_not_before),
        cmocka_unit_test(the_rate_spaces_packets_by_their_length),
        cmocka_unit_test(who_would_wait_too_long_is_dropped),
        cmocka_unit_test(no_queue_takes_what_need_not_wait),
        cmocka_unit_test(what_is_held_back_is_overtaken),
        cmocka_unit_test(what_is_on_the_way_has_a_bound_in_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
