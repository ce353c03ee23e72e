/* Content types by name. */
#include "app_type.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

static void the_extension_tells_the_type(void **state)
{
    (void)state;
    assert_string_equal(tri_type_of_file("a.html"), "text/html; charset=utf-8");
    assert_string_equal(tri_type_of_file("a/b/c.HTML"), "text/html; charset=utf-8");
    assert_string_equal(tri_type_of_file("a.min.js"), "text/javascript; charset=utf-8");
    assert_string_equal(tri_type_of_file("a.wasm"), "application/wasm");
    assert_string_equal(tri_type_of_file("a.svg"), "image/svg+xml");
}

static void what_is_not_known_is_bytes(void **state)
{
    (void)state;
    assert_string_equal(tri_type_of_file("README"), "application/octet-stream");
    assert_string_equal(tri_type_of_file("a.unknown"), "application/octet-stream");
    assert_string_equal(tri_type_of_file("a."), "application/octet-stream");
    assert_string_equal(tri_type_of_file("a.html/b"), "application/octet-stream");
    assert_string_equal(tri_type_of_file(""), "application/octet-stream");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_extension_tells_the_type),
        cmocka_unit_test(what_is_not_known_is_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
