#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include "http_status.h"

static void names_what_the_server_answers(void **state)
{
    (void)state;
    assert_string_equal(tri_status_reason(101), "Switching Protocols");
    assert_string_equal(tri_status_reason(200), "OK");
    assert_string_equal(tri_status_reason(404), "Not Found");
    assert_string_equal(tri_status_reason(426), "Upgrade Required");
    assert_string_equal(tri_status_reason(431), "Request Header Fields Too Large");
    assert_string_equal(tri_status_reason(505), "HTTP Version Not Supported");
}

static void has_no_name_for_an_unknown_status(void **state)
{
    (void)state;
    assert_string_equal(tri_status_reason(599), "");
    assert_string_equal(tri_status_reason(0), "");
    assert_string_equal(tri_status_reason(-1), "");
}

static void knows_which_responses_never_have_a_body(void **state)
{
    (void)state;
    assert_true(tri_status_is_bodiless(100));
    assert_true(tri_status_is_bodiless(101));
    assert_true(tri_status_is_bodiless(204));
    assert_true(tri_status_is_bodiless(304));
    assert_false(tri_status_is_bodiless(200));
    assert_false(tri_status_is_bodiless(205));
    assert_false(tri_status_is_bodiless(404));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_what_the_server_answers),
        cmocka_unit_test(has_no_name_for_an_unknown_status),
        cmocka_unit_test(knows_which_responses_never_have_a_body),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
