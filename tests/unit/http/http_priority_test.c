/* Whose word counts: the client's, until the program has spoken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base_limits.h"
#include "http_priority.h"

static void assert_is(const struct tri_priority *p, unsigned urgency, bool is_incremental)
{
    assert_int_equal(p->urgency, urgency);
    assert_int_equal(p->is_incremental, is_incremental);
}

static void E8_a_stream_of_which_nobody_said_anything_has_the_defaults(void **state)
{
    (void)state;
    struct tri_priority p;
    tri_priority_init(&p);
    assert_is(&p, TRI_URGENCY_DEFAULT, false);
}

static void E8_the_last_word_of_the_client_counts(void **state)
{
    (void)state;
    struct tri_priority p;
    tri_priority_init(&p);
    tri_priority_ask(&p, TRI_URGENCY_LEAST, true);
    assert_is(&p, TRI_URGENCY_LEAST, true);
    tri_priority_ask(&p, TRI_URGENCY_FIRST, false);
    assert_is(&p, TRI_URGENCY_FIRST, false);
}

static void E8_the_program_s_urgency_wins_and_the_client_keeps_the_rest(void **state)
{
    (void)state;
    struct tri_priority p;
    tri_priority_init(&p);
    tri_priority_ask(&p, 6, false);
    tri_priority_set_urgency(&p, 1);
    assert_is(&p, 1, false);
    tri_priority_ask(&p, 5, true);
    assert_is(&p, 1, true);
    tri_priority_set_urgency(&p, 2);
    assert_is(&p, 2, true);
}

static void E8_a_response_s_field_is_merged_parameter_by_parameter(void **state)
{
    (void)state;
    struct tri_priority p;
    tri_priority_init(&p);
    tri_priority_ask(&p, 6, true);
    tri_priority_merge(&p, TRI_PRIORITY_ABSENT, TRI_PRIORITY_ABSENT);
    assert_is(&p, 6, true);
    tri_priority_merge(&p, TRI_PRIORITY_ABSENT, 0);
    assert_is(&p, 6, false);
    tri_priority_ask(&p, 5, true);
    assert_is(&p, 5, false);
    tri_priority_merge(&p, 0, 1);
    assert_is(&p, 0, true);
    tri_priority_ask(&p, 5, false);
    assert_is(&p, 0, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(E8_a_stream_of_which_nobody_said_anything_has_the_defaults),
        cmocka_unit_test(E8_the_last_word_of_the_client_counts),
        cmocka_unit_test(E8_the_program_s_urgency_wins_and_the_client_keeps_the_rest),
        cmocka_unit_test(E8_a_response_s_field_is_merged_parameter_by_parameter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
