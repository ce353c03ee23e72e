/* How the answers are spelled to an extended CONNECT. Rows E2, E4, U4, U5. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include "http_connect.h"

static int status_of(enum tri_answer answer, int status)
{
    return tri_connect_status(&(struct tri_response){.answer = answer, .status = status});
}

static void a_plain_answer_keeps_its_status(void **state)
{
    (void)state;
    assert_int_equal(status_of(TRI_ANSWER_PLAIN, 200), 200);
    assert_int_equal(status_of(TRI_ANSWER_PLAIN, 404), 404);
    assert_int_equal(status_of(TRI_ANSWER_PLAIN, 599), 599);
}

static void E2_a_WebSocket_is_accepted_with_200(void **state)
{
    (void)state;
    assert_int_equal(status_of(TRI_ANSWER_WEBSOCKET, 0), 200);
    assert_int_equal(status_of(TRI_ANSWER_WEBSOCKET, 101), 200); /* unused there */
}

static void U4_U5_what_426_would_say_is_400(void **state)
{
    (void)state;
    assert_int_equal(status_of(TRI_ANSWER_UPGRADE_NEEDED, 0), 400);
    assert_int_equal(status_of(TRI_ANSWER_UPGRADE_NEEDED, 426), 400);
    assert_int_equal(status_of(TRI_ANSWER_VERSION_NEEDED, 0), 400);
    assert_int_equal(status_of(TRI_ANSWER_VERSION_NEEDED, 426), 400);
}

static bool has_length(enum tri_answer answer, uint64_t length)
{
    return tri_connect_has_length(
        &(struct tri_response){.answer = answer, .status = 200, .content_length = length});
}

static void a_length_is_told_where_there_is_one(void **state)
{
    (void)state;
    assert_true(has_length(TRI_ANSWER_PLAIN, 0));
    assert_true(has_length(TRI_ANSWER_PLAIN, TRI_LENGTH_NONE - 1));
    assert_true(has_length(TRI_ANSWER_UPGRADE_NEEDED, 4));
    assert_true(has_length(TRI_ANSWER_VERSION_NEEDED, 0));
    assert_false(has_length(TRI_ANSWER_PLAIN, TRI_LENGTH_NONE));
    assert_false(has_length(TRI_ANSWER_UPGRADE_NEEDED, TRI_LENGTH_NONE));
    assert_false(has_length(TRI_ANSWER_VERSION_NEEDED, TRI_LENGTH_NONE));
}

static void E2_a_WebSocket_has_no_length_whatever_was_given(void **state)
{
    (void)state;
    assert_false(has_length(TRI_ANSWER_WEBSOCKET, 0));
    assert_false(has_length(TRI_ANSWER_WEBSOCKET, 5));
    assert_false(has_length(TRI_ANSWER_WEBSOCKET, TRI_LENGTH_NONE));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plain_answer_keeps_its_status),
        cmocka_unit_test(E2_a_WebSocket_is_accepted_with_200),
        cmocka_unit_test(U4_U5_what_426_would_say_is_400),
        cmocka_unit_test(a_length_is_told_where_there_is_one),
        cmocka_unit_test(E2_a_WebSocket_has_no_length_whatever_was_given),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
