/* What was sent and what came back, written as a line, and the faults that it makes. */
#include "bench_track.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>

static uint64_t faults[BENCH_FAULTS];
static const uint8_t message[32] = "head one, and what is behind it";

static void send_one(struct bench_track *t)
{
    assert_int_equal(bench_track_send(t, 1000 + t->next, message, 32, faults), TRI_OK);
}

static void hear_one(struct bench_track *t, uint64_t number)
{
    uint64_t at = 0;
    if (bench_track_hear(t, number, 32, faults, &at)) {
        assert_int_equal(at, 1000 + number);
    }
}

/*
 * "s" sends; "0" to "9" is the echo of that message; "*" one that cannot be read; "t" the time is
 * over for all.
 */
static void run(struct bench_track *t, const char *line)
{
    for (const char *at = line; *at; at++) {
        if (*at == 's') {
            send_one(t);
        } else if (*at == '*') {
            bench_track_spoil(t, faults);
        } else if (*at == 't') {
            bench_track_expire(t, UINT64_MAX, faults);
        } else {
            hear_one(t, (uint64_t)(*at - '0'));
        }
    }
}

static const struct {
    const char *line;
    size_t waiting;
    uint64_t missing, repeated, reordered, corrupt;
} rows[] = {
    {"s0s1s2s3", 0, 0, 0, 0, 0},
    {"sss012", 0, 0, 0, 0, 0},
    {"sss", 3, 0, 0, 0, 0},
    {"ssst", 0, 3, 0, 0, 0},
    {"sss02t", 0, 1, 0, 0, 0},
    {"sss02", 0, 0, 0, 0, 0}, /* 1 may be late */
    {"sss021", 0, 0, 0, 1, 0},
    {"sss0211", 0, 0, 1, 1, 0},
    {"sss210", 0, 0, 0, 2, 0},
    {"sss02ss34t", 0, 1, 0, 0, 0},
    {"sss02t1", 0, 1, 1, 0, 0}, /* too late: it was given up */
    {"s00", 0, 0, 1, 0, 0},
    {"s0s01", 0, 0, 1, 0, 0},
    {"ss0011", 0, 0, 2, 0, 0},
    {"ss*1", 0, 0, 0, 0, 1},
    {"ss**", 0, 0, 0, 0, 2},
    {"s*0", 0, 0, 1, 0, 1},
    {"s0*", 0, 0, 1, 0, 0},   /* none is due: it is one too many */
    {"sss1*", 0, 0, 0, 0, 1}, /* 0 was overtaken, 2 is what is due */
    {"s5", 1, 0, 0, 0, 1},    /* never sent */
    {"*", 0, 0, 1, 0, 0},
    {"ssssssss7t", 0, 7, 0, 0, 0},
    {"ssssssss7ssssssss", 8, 7, 0, 0, 0}, /* no room to wait for those that were overtaken */
    {"ssssssssssssssssssss9", 10, 0, 0, 0, 0},
};

static void every_line_has_its_faults(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct bench_track t;
        assert_int_equal(bench_track_init(&t, 4), TRI_OK);
        for (size_t j = 0; j < BENCH_FAULTS; j++) {
            faults[j] = 0;
        }
        run(&t, rows[i].line);
        print_message("%s\n", rows[i].line);
        assert_int_equal(t.waiting, rows[i].waiting);
        assert_int_equal(faults[BENCH_FAULT_MISSING], rows[i].missing);
        assert_int_equal(faults[BENCH_FAULT_REPEATED], rows[i].repeated);
        assert_int_equal(faults[BENCH_FAULT_REORDERED], rows[i].reordered);
        assert_int_equal(faults[BENCH_FAULT_CORRUPT], rows[i].corrupt);
        bench_track_deinit(&t);
    }
}

static void another_length_is_corrupt(void **state)
{
    (void)state;
    struct bench_track t;
    uint64_t count[BENCH_FAULTS] = {0}, at = 0;
    assert_int_equal(bench_track_init(&t, 1), TRI_OK);
    assert_int_equal(bench_track_send(&t, 5, message, 32, count), TRI_OK);
    assert_true(bench_track_hear(&t, 0, 31, count, &at));
    assert_int_equal(count[BENCH_FAULT_CORRUPT], 1);
    bench_track_deinit(&t);
}

static void a_number_before_the_first_is_none(void **state)
{
    (void)state;
    struct bench_track t;
    uint64_t count[BENCH_FAULTS] = {0}, at = 0;
    assert_int_equal(bench_track_init(&t, 1), TRI_OK);
    assert_int_equal(bench_track_send(&t, 5, message, 32, count), TRI_OK);
    assert_false(bench_track_hear(&t, UINT64_MAX, 32, count, &at)); /* -1, as it is read */
    assert_int_equal(count[BENCH_FAULT_REPEATED], 1);
    bench_track_deinit(&t);
}

static void only_what_is_old_expires(void **state)
{
    (void)state;
    struct bench_track t;
    uint64_t count[BENCH_FAULTS] = {0};
    assert_int_equal(bench_track_init(&t, 4), TRI_OK);
    for (uint64_t at = 10; at < 14; at++) {
        assert_int_equal(bench_track_send(&t, at, message, 32, count), TRI_OK);
    }
    bench_track_expire(&t, 10, count);
    assert_int_equal(count[BENCH_FAULT_MISSING], 0);
    bench_track_expire(&t, 12, count);
    assert_int_equal(count[BENCH_FAULT_MISSING], 2);
    assert_int_equal(t.waiting, 2);
    bench_track_deinit(&t);
}

/* The open loop has no bound: a stall of the server is a long ring, and nothing of it is lost. */
static void the_ring_grows_with_what_is_waited_for(void **state)
{
    (void)state;
    struct bench_track t;
    uint64_t count[BENCH_FAULTS] = {0}, at = 0;
    assert_int_equal(bench_track_init(&t, 0), TRI_OK);
    for (uint64_t i = 0; i < 3; i++) { /* so that it does not begin at its start */
        assert_int_equal(bench_track_send(&t, i, message, 32, count), TRI_OK);
        assert_true(bench_track_hear(&t, i, 32, count, &at));
    }
    for (uint64_t i = 3; i < 5000; i++) {
        assert_int_equal(bench_track_send(&t, i, message, 32, count), TRI_OK);
    }
    for (uint64_t i = 3; i < 5000; i++) {
        assert_true(bench_track_hear(&t, i, 32, count, &at));
        assert_int_equal(at, i);
    }
    for (size_t i = 0; i < BENCH_FAULTS; i++) {
        assert_int_equal(count[i], 0);
    }
    bench_track_deinit(&t);
}

static void the_next_one_is_known_by_its_length_and_its_head(void **state)
{
    (void)state;
    static const uint8_t other[32] = "head two, and what is behind it";
    struct bench_track t;
    uint64_t at = 0;
    assert_int_equal(bench_track_init(&t, 4), TRI_OK);
    assert_false(bench_track_hear_next(&t, message, 32, &at)); /* none is waited for */
    assert_int_equal(bench_track_send(&t, 5, message, 32, faults), TRI_OK);
    assert_int_equal(bench_track_send(&t, 6, other, 32, faults), TRI_OK);
    assert_false(bench_track_hear_next(&t, message, 31, &at));
    assert_false(bench_track_hear_next(&t, other, 32, &at)); /* not its turn */
    assert_true(bench_track_hear_next(&t, message, 32, &at));
    assert_int_equal(at, 5);
    assert_false(bench_track_hear_next(&t, message, 32, &at)); /* once more */
    assert_true(bench_track_hear_next(&t, other, 32, &at));
    assert_int_equal(at, 6);
    assert_int_equal(t.waiting, 0);
    assert_int_equal(t.first, 2);
    bench_track_deinit(&t);
}

static void one_without_a_head_or_behind_one_that_is_missing_is_not_simply_the_next(void **state)
{
    (void)state;
    struct bench_track t;
    uint64_t at = 0;
    assert_int_equal(bench_track_init(&t, 4), TRI_OK);
    assert_int_equal(bench_track_send(&t, 5, message, 7, faults), TRI_OK);
    assert_false(bench_track_hear_next(&t, message, 7, &at));
    assert_true(bench_track_hear(&t, 0, 7, faults, &at));
    for (uint64_t i = 0; i < 3; i++) {
        assert_int_equal(bench_track_send(&t, i, message, 32, faults), TRI_OK);
    }
    assert_true(bench_track_hear(&t, 2, 32, faults, &at)); /* the first may still come late */
    assert_false(bench_track_hear_next(&t, message, 32, &at));
    bench_track_deinit(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_next_one_is_known_by_its_length_and_its_head),
        cmocka_unit_test(one_without_a_head_or_behind_one_that_is_missing_is_not_simply_the_next),
        cmocka_unit_test(every_line_has_its_faults),
        cmocka_unit_test(another_length_is_corrupt),
        cmocka_unit_test(a_number_before_the_first_is_none),
        cmocka_unit_test(only_what_is_old_expires),
        cmocka_unit_test(the_ring_grows_with_what_is_waited_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
