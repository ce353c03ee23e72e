/*
 * ws_session_control: how many control frames a peer may send. (What they say, and the answers, are
 * in ws_session_input_test.c and ws_session_test.c.)
 */
#include "test_session.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

static const char ping[] = "\x89\x80\0\0\0\0";
static const char pong[] = "\x8a\x80\0\0\0\0";

static void open_limited(struct test_session *t, uint32_t max)
{
    test_session_init(t, TRI_SESSION_SERVER);
    t->limits.control_frames_max = max;
    test_session_open(t);
}

static void feed_many(struct test_session *t, const char *frame, int count)
{
    for (int i = 0; i < count; i++) {
        test_session_feed(t, frame, 6);
    }
}

static void W7_more_control_frames_in_a_second_than_allowed_are_1008(void **state)
{
    (void)state;
    struct test_session t;
    open_limited(&t, 5);
    feed_many(&t, ping, 3);
    feed_many(&t, pong, 2);
    test_session_drain(&t);
    assert_string_equal(test_session_sent(&t), "pong;pong;pong;");
    feed_many(&t, pong, 1);
    test_session_drain(&t);
    assert_string_equal(test_session_sent(&t),
                        "pong;pong;pong;close:1008 too many control frames;fin;");
    test_session_deinit(&t);
}

static void W7_the_count_starts_anew_each_second(void **state)
{
    (void)state;
    struct test_session t;
    open_limited(&t, 5);
    for (int second = 0; second < 4; second++) {
        feed_many(&t, pong, 5);
        test_session_advance(&t, 1000);
    }
    test_session_drain(&t);
    assert_string_equal(test_session_sent(&t), "");
    test_session_deinit(&t);
}

static void W7_zero_is_no_limit(void **state)
{
    (void)state;
    struct test_session t;
    open_limited(&t, 0);
    feed_many(&t, pong, 5000);
    test_session_drain(&t);
    assert_string_equal(test_session_sent(&t), "");
    test_session_deinit(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(W7_more_control_frames_in_a_second_than_allowed_are_1008),
        cmocka_unit_test(W7_the_count_starts_anew_each_second),
        cmocka_unit_test(W7_zero_is_no_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
