/* What messages hold, and what is read of those that come back. */
#include "bench_content.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

static void make(struct bench_content *c, struct bench_sizes sizes, bool verify)
{
    static struct bench_options o;
    o = (struct bench_options){.sizes = sizes, .verify = verify, .seed = 1};
    assert_int_equal(bench_content_init(c, &o), TRI_OK);
}

static void lengths_are_those_asked_for(void **state)
{
    (void)state;
    struct bench_content c;
    make(&c, (struct bench_sizes){.min = 32, .max = 32}, false);
    assert_int_equal(bench_content_len(&c, 3, 77), 32);
    bench_content_deinit(&c);
    make(&c, (struct bench_sizes){.min = 10, .max = 12}, false);
    size_t counts[3] = {0};
    for (uint64_t i = 0; i < 3000; i++) {
        size_t len = bench_content_len(&c, 1, i);
        assert_in_range(len, 10, 12);
        counts[len - 10]++;
    }
    for (size_t i = 0; i < 3; i++) {
        assert_in_range(counts[i], 900, 1100);
    }
    bench_content_deinit(&c);
}

static void a_list_is_drawn_in_equal_shares(void **state)
{
    (void)state;
    struct bench_content c;
    make(&c, (struct bench_sizes){.min = 0, .max = 9000, .list = {9000, 0, 16}, .list_len = 3},
         false);
    size_t counts[3] = {0};
    for (uint64_t i = 0; i < 3000; i++) {
        size_t len = bench_content_len(&c, 1, i);
        counts[len == 9000 ? 0 : len == 0 ? 1 : 2]++;
        assert_true(len == 9000 || len == 0 || len == 16);
    }
    for (size_t i = 0; i < 3; i++) {
        assert_in_range(counts[i], 900, 1100);
    }
    bench_content_deinit(&c);
}

/* The number is found whatever the length, from a number that is close. */
static void every_length_tells_its_number(void **state)
{
    (void)state;
    struct bench_content c;
    make(&c, (struct bench_sizes){.min = 0, .max = 100}, true);
    static const uint64_t numbers[] = {0,   1,     127,        255,
                                       256, 65536, UINT32_MAX, (uint64_t)UINT32_MAX + 1};
    for (size_t len = 0; len <= 100; len++) {
        for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
            const uint8_t *data = bench_content_make(&c, 70000, numbers[i], len);
            uint64_t number = 0;
            uint64_t near = numbers[i] + (len > 0 ? 50 : 0);
            assert_int_equal(bench_content_read(&c, 70000, near, data, len, &number),
                             BENCH_LABEL_OWN);
            assert_true(number == numbers[i]);
        }
    }
    bench_content_deinit(&c);
}

static void a_header_that_changed_is_not_read(void **state)
{
    (void)state;
    struct bench_content c;
    make(&c, (struct bench_sizes){.min = 64, .max = 64}, false);
    uint8_t copy[65];
    memcpy(copy, bench_content_make(&c, 5, 1000, 64), 64);
    copy[64] = ' ';
    uint64_t number = 0;
    for (size_t bit = 0; bit < 64; bit++) {
        copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(bench_content_read(&c, 5, 1000, copy, 64, &number), BENCH_LABEL_NONE);
        copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_int_equal(bench_content_read(&c, 5, 1000, copy, 64, &number), BENCH_LABEL_OWN);
    assert_int_equal(bench_content_read(&c, 5, 1000, copy, 63, &number), BENCH_LABEL_NONE);
    assert_int_equal(bench_content_read(&c, 5, 1000, copy, 65, &number), BENCH_LABEL_NONE);
    assert_int_equal(bench_content_read(&c, 6, 1000, copy, 64, &number), BENCH_LABEL_OTHER);
    bench_content_deinit(&c);
}

static void every_byte_is_compared(void **state)
{
    (void)state;
    struct bench_content c;
    make(&c, (struct bench_sizes){.min = 200, .max = 200}, true);
    uint8_t copy[200];
    memcpy(copy, bench_content_make(&c, 5, 7, 200), 200);
    (void)bench_content_make(&c, 5, 8, 200);
    assert_true(bench_content_is_same(&c, 5, 7, copy, 200));
    assert_false(bench_content_is_same(&c, 5, 7, copy, 199));
    assert_false(bench_content_is_same(&c, 5, 8, copy, 200));
    assert_false(bench_content_is_same(&c, 6, 7, copy, 200));
    for (size_t i = 0; i < sizeof copy; i++) {
        copy[i] ^= 1;
        assert_false(bench_content_is_same(&c, 5, 7, copy, 200));
        copy[i] ^= 1;
    }
    bench_content_deinit(&c);
}

/* Its header is written into the text that all share, and taken out again. */
static void a_message_leaves_no_trace_in_others(void **state)
{
    (void)state;
    struct bench_content c;
    make(&c, (struct bench_sizes){.min = 4000, .max = 4000}, true);
    size_t len = c.pieces - 1 + c.sizes.max;
    uint8_t *text = malloc(len);
    assert_non_null(text);
    memcpy(text, c.text, len);
    for (uint64_t i = 0; i < 100; i++) {
        (void)bench_content_make(&c, 1, i, 4000);
    }
    size_t changed = 0;
    for (size_t i = 0; i < len; i++) {
        changed += c.text[i] != text[i];
    }
    assert_in_range(changed, 1, 8);
    free(text);
    bench_content_deinit(&c);
}

static void a_seed_draws_the_same_again_and_another_something_else(void **state)
{
    (void)state;
    struct bench_options o = {.sizes = {.min = 100, .max = 200}, .seed = 7, .verify = true};
    struct bench_content a, b, other;
    assert_int_equal(bench_content_init(&a, &o), TRI_OK);
    assert_int_equal(bench_content_init(&b, &o), TRI_OK);
    o.seed = 8;
    assert_int_equal(bench_content_init(&other, &o), TRI_OK);
    size_t same = 0;
    for (uint64_t i = 0; i < 100; i++) {
        size_t len = bench_content_len(&a, 3, i);
        assert_int_equal(bench_content_len(&b, 3, i), len);
        assert_true(bench_content_is_same(&b, 3, i, bench_content_make(&a, 3, i, len), len));
        same += bench_content_len(&other, 3, i) == len;
    }
    assert_in_range(same, 0, 10);
    bench_content_deinit(&a);
    bench_content_deinit(&b);
    bench_content_deinit(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lengths_are_those_asked_for),
        cmocka_unit_test(a_list_is_drawn_in_equal_shares),
        cmocka_unit_test(every_length_tells_its_number),
        cmocka_unit_test(a_header_that_changed_is_not_read),
        cmocka_unit_test(every_byte_is_compared),
        cmocka_unit_test(a_message_leaves_no_trace_in_others),
        cmocka_unit_test(a_seed_draws_the_same_again_and_another_something_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
