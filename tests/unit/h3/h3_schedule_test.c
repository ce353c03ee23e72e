/* Whose bytes go next. RFC 9218 section 10, row E8. */
#include "h3_schedule.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct tri_h3_turn turn(int64_t id, uint32_t urgency, bool is_incremental)
{
    return (struct tri_h3_turn){.id = id, .urgency = urgency, .is_incremental = is_incremental};
}

static void add(struct tri_h3_schedule *s, struct tri_h3_turn *t)
{
    tri_list_init(&t->node);
    tri_h3_schedule_add(s, t);
}

/* Takes one turn after the other, |n| of them, each with more to send afterwards. */
static void assert_turns(struct tri_h3_schedule *s, const int64_t *ids, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct tri_h3_turn *t = tri_h3_schedule_first(s);
        assert_non_null(t);
        assert_int_equal(t->id, ids[i]);
        tri_h3_schedule_pass(s, t);
    }
}

static void nobody_has_a_turn_at_first(void **state)
{
    (void)state;
    struct tri_h3_schedule s;
    tri_h3_schedule_init(&s);
    assert_null(tri_h3_schedule_first(&s));
}

static void the_more_urgent_goes_first(void **state)
{
    (void)state;
    struct tri_h3_schedule s;
    struct tri_h3_turn last = turn(0, 7, true);
    struct tri_h3_turn first = turn(4, 0, true);
    struct tri_h3_turn usual = turn(8, 3, true);
    tri_h3_schedule_init(&s);
    add(&s, &last);
    add(&s, &usual);
    add(&s, &first);
    assert_turns(&s, (const int64_t[]){4, 4}, 2);
    tri_h3_schedule_remove(&first);
    assert_turns(&s, (const int64_t[]){8, 8}, 2);
    tri_h3_schedule_remove(&usual);
    assert_turns(&s, (const int64_t[]){0}, 1);
    tri_h3_schedule_remove(&last);
    assert_null(tri_h3_schedule_first(&s));
    assert_false(tri_h3_schedule_has(&last));
}

static void equals_take_turns(void **state)
{
    (void)state;
    struct tri_h3_schedule s;
    struct tri_h3_turn turns[] = {turn(8, 3, true), turn(0, 3, true), turn(4, 3, true)};
    tri_h3_schedule_init(&s);
    for (size_t i = 0; i < 3; i++) {
        add(&s, &turns[i]);
    }
    assert_turns(&s, (const int64_t[]){8, 0, 4, 8, 0}, 5);
}

static void what_is_not_incremental_goes_whole_and_the_oldest_first(void **state)
{
    (void)state;
    struct tri_h3_schedule s;
    struct tri_h3_turn turns[] = {turn(8, 3, false), turn(0, 3, true), turn(12, 3, false),
                                  turn(4, 3, false)};
    tri_h3_schedule_init(&s);
    for (size_t i = 0; i < 4; i++) {
        add(&s, &turns[i]);
    }
    assert_turns(&s, (const int64_t[]){4, 4, 4}, 3);
    tri_h3_schedule_remove(&turns[3]);
    assert_turns(&s, (const int64_t[]){8}, 1);
    tri_h3_schedule_remove(&turns[0]);
    assert_turns(&s, (const int64_t[]){12}, 1);
    tri_h3_schedule_remove(&turns[2]);
    assert_turns(&s, (const int64_t[]){0, 0}, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_has_a_turn_at_first),
        cmocka_unit_test(the_more_urgent_goes_first),
        cmocka_unit_test(equals_take_turns),
        cmocka_unit_test(what_is_not_incremental_goes_whole_and_the_oldest_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
