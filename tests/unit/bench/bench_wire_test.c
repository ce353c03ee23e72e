/* Bytes on the wire: the measured messages have their part of the whole load. */
#include "bench_wire.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

static void a_load_gives_each_message_its_part(void **state)
{
    (void)state;
    static const struct {
        uint64_t messages, bytes; /* of the measured time */
        uint64_t load_messages, load_bytes, load_wire;
        uint64_t wire;
    } rows[] = {
        {100, 3200, 1000, 32000, 60000, 6000},
        {10, 100000, 1000, 32000, 60000, 100280}, /* larger ones than the load's */
        {100, 10000, 1000, 100000, 20000, 2000},  /* compressed */
        {10, 10, 1000, 100000, 20000, 0},         /* ... and by luck all small: not known */
        {0, 0, 1000, 32000, 60000, 0},
        {100, 3200, 0, 0, 0, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct bench_counts out = {.messages_out = rows[i].messages, .bytes_out = rows[i].bytes};
        struct bench_counts in = {.messages_in = rows[i].messages, .bytes_in = rows[i].bytes};
        const struct bench_passed load = {rows[i].load_messages, rows[i].load_messages,
                                          rows[i].load_bytes,    rows[i].load_bytes,
                                          rows[i].load_wire,     rows[i].load_wire};
        bench_wire_give(&out, &load);
        bench_wire_give(&in, &load);
        assert_int_equal(out.wire_out, rows[i].wire);
        assert_int_equal(in.wire_in, rows[i].wire);
        assert_int_equal(out.wire_in + in.wire_out, 0);
    }
}

static void what_is_not_known_of_a_round_is_not_known_of_the_series(void **state)
{
    (void)state;
    static struct bench_series s; /* large */
    struct bench_counts unknown = {.messages_out = 5, .wire_out = 100, .wire_in = 100};
    bench_wire_give(&unknown, NULL);
    assert_int_equal(unknown.wire_out + unknown.wire_in, 0);
    s.rounds_len = 2;
    s.rounds[0].counts = (struct bench_counts){.messages_out = 5, .wire_out = 50, .wire_in = 7};
    s.rounds[1].counts = (struct bench_counts){.messages_out = 5, .wire_out = 60};
    bench_wire_sum(&s);
    assert_int_equal(s.counts.wire_out, 110);
    assert_int_equal(s.counts.wire_in, 7);
    s.rounds[1].counts = unknown;
    bench_wire_sum(&s);
    assert_int_equal(s.counts.wire_out, 0);
    assert_int_equal(s.counts.wire_in, 7);
}

static void what_passed_is_the_difference(void **state)
{
    (void)state;
    const struct bench_passed from = {1, 2, 3, 4, 5, 6}, to = {11, 22, 33, 44, 55, 66};
    struct bench_passed sum = bench_passed_between(&from, &to);
    bench_passed_add(&sum, &from);
    assert_memory_equal(&sum, &to, sizeof to);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_load_gives_each_message_its_part),
        cmocka_unit_test(what_is_not_known_of_a_round_is_not_known_of_the_series),
        cmocka_unit_test(what_passed_is_the_difference),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
