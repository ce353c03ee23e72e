/* base_err: names of errors, the version. */
#include "base_limits.h" /* for trisock.h, without linking all that implements it */

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

static const enum tri_err all[] = {
    TRI_OK,           TRI_PARTIAL,  TRI_AGAIN,     TRI_ERR_NOMEM,     TRI_ERR_INVALID,
    TRI_ERR_PROTOCOL, TRI_ERR_UTF8, TRI_ERR_LIMIT, TRI_ERR_FULL,      TRI_ERR_CLOSED,
    TRI_ERR_IO,       TRI_ERR_TLS,  TRI_ERR_INUSE, TRI_ERR_NOT_FOUND,
};
#define ALL_LEN (sizeof all / sizeof all[0])

static void every_error_has_a_name_of_its_own(void **state)
{
    (void)state;
    for (size_t i = 0; i < ALL_LEN; i++) {
        assert_true(strlen(tri_err_text(all[i])) > 3);
        assert_string_not_equal(tri_err_text(all[i]), "unknown error");
        for (size_t j = 0; j < i; j++) {
            assert_string_not_equal(tri_err_text(all[i]), tri_err_text(all[j]));
        }
    }
    assert_string_equal(tri_err_text(TRI_ERR_FULL), "send queue is full");
}

static void a_number_that_is_no_error_has_a_name_too(void **state)
{
    (void)state;
    assert_string_equal(tri_err_text((enum tri_err) - 12), "unknown error");
    assert_string_equal(tri_err_text((enum tri_err)3), "unknown error");
}

static void version_is_the_header_s(void **state)
{
    (void)state;
    assert_string_equal(tri_version(), TRI_VERSION);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_error_has_a_name_of_its_own),
        cmocka_unit_test(a_number_that_is_no_error_has_a_name_too),
        cmocka_unit_test(version_is_the_header_s),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
