/* The date field: HTTP's form, made once a second. */
#include "server_date.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

static void assert_date(struct tri_date *d, time_t wall, const char *text)
{
    struct tri_slice s = tri_date_text(d, wall);
    assert_int_equal(s.len, TRI_DATE_LEN);
    assert_string_equal((const char *)s.data, text);
}

static void a_date_has_the_form_of_http(void **state)
{
    (void)state;
    struct tri_date d = {0};
    assert_date(&d, 784111777, "Sun, 06 Nov 1994 08:49:37 GMT");
    assert_date(&d, 0, "Thu, 01 Jan 1970 00:00:00 GMT");
    assert_date(&d, 951782400, "Tue, 29 Feb 2000 00:00:00 GMT");
    assert_date(&d, (time_t)253402300799, "Fri, 31 Dec 9999 23:59:59 GMT");
}

static void every_day_and_month_has_its_name(void **state)
{
    (void)state;
    struct tri_date d = {0};
    for (time_t day = 0; day < 366; day++) {
        struct tm tm;
        char text[TRI_DATE_LEN + 1];
        time_t wall = day * 86400;
        assert_non_null(gmtime_r(&wall, &tm));
        assert_int_equal(strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &tm),
                         TRI_DATE_LEN);
        assert_date(&d, wall, text);
    }
}

static void the_same_second_is_not_made_again(void **state)
{
    (void)state;
    struct tri_date d = {0};
    assert_date(&d, 1, "Thu, 01 Jan 1970 00:00:01 GMT");
    d.text[0] = 'X';
    assert_date(&d, 1, "Xhu, 01 Jan 1970 00:00:01 GMT");
    assert_date(&d, 2, "Thu, 01 Jan 1970 00:00:02 GMT");
}

static void a_clock_that_is_mad_gives_a_date_all_the_same(void **state)
{
    (void)state;
    struct tri_date d = {0};
    assert_date(&d, (time_t)253402300800, "Thu, 01 Jan 1970 00:00:00 GMT");
    assert_date(&d, INT64_MAX, "Thu, 01 Jan 1970 00:00:00 GMT");
    assert_date(&d, INT64_MIN, "Thu, 01 Jan 1970 00:00:00 GMT");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_date_has_the_form_of_http),
        cmocka_unit_test(every_day_and_month_has_its_name),
        cmocka_unit_test(the_same_second_is_not_made_again),
        cmocka_unit_test(a_clock_that_is_mad_gives_a_date_all_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
