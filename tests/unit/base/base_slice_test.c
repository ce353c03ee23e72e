/* base_slice: case, white space, lists. */
#include "base_slice.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

static struct tri_slice text(const char *s)
{
    return tri_slice_of_string(s);
}

static void equality_compares_bytes_and_length(void **state)
{
    (void)state;
    assert_true(tri_slice_equal(text("abc"), text("abc")));
    assert_false(tri_slice_equal(text("abc"), text("abC")));
    assert_false(tri_slice_equal(text("abc"), text("ab")));
    assert_true(tri_slice_equal(tri_slice_of(NULL, 0), text("")));
    assert_true(tri_slice_equal(TRI_SLICE("a\0b"), tri_slice_of("a\0b", 3)));
}

static void case_is_ignored_for_ascii_letters_only(void **state)
{
    (void)state;
    assert_true(tri_slice_equal_nocase(text("WebSocket"), text("wEBsOCKET")));
    assert_true(tri_slice_equal_nocase(text("azAZ"), text("AZaz")));
    assert_false(tri_slice_equal_nocase(text("@[`{"), text("`{@[")));
    assert_false(tri_slice_equal_nocase(text("\xc4"), text("\xe4")));
    assert_false(tri_slice_equal_nocase(text("abc"), text("abcd")));
    assert_true(tri_slice_equal_nocase(tri_slice_of(NULL, 0), text("")));
}

static void trim_takes_spaces_and_tabs_off_both_ends(void **state)
{
    (void)state;
    assert_true(tri_slice_equal(tri_slice_trim(text(" \t a b\t ")), text("a b")));
    assert_true(tri_slice_equal(tri_slice_trim(text("ab")), text("ab")));
    assert_int_equal(tri_slice_trim(text(" \t ")).len, 0);
    assert_int_equal(tri_slice_trim(tri_slice_of(NULL, 0)).len, 0);
    assert_true(tri_slice_equal(tri_slice_trim(text("\n a\r")), text("\n a\r")));
}

static void list_elements_come_trimmed_and_in_order(void **state)
{
    (void)state;
    struct tri_slice rest = text(", a ,\t,b c,,D");
    struct tri_slice element;
    assert_true(tri_slice_next_element(&rest, &element));
    assert_true(tri_slice_equal(element, text("a")));
    assert_true(tri_slice_next_element(&rest, &element));
    assert_true(tri_slice_equal(element, text("b c")));
    assert_true(tri_slice_next_element(&rest, &element));
    assert_true(tri_slice_equal(element, text("D")));
    assert_false(tri_slice_next_element(&rest, &element));
    assert_false(tri_slice_next_element(&rest, &element));
}

static void a_list_of_nothing_has_no_elements(void **state)
{
    (void)state;
    static const char *const lists[] = {"", ",", " , ,\t", "   "};
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        struct tri_slice rest = text(lists[i]);
        struct tri_slice element;
        assert_false(tri_slice_next_element(&rest, &element));
    }
    struct tri_slice none = tri_slice_of(NULL, 0);
    struct tri_slice element;
    assert_false(tri_slice_next_element(&none, &element));
}

static void a_token_is_found_anywhere_in_a_list_but_not_as_a_part(void **state)
{
    (void)state;
    assert_true(tri_slice_list_has(text("upgrade"), text("upgrade")));
    assert_true(tri_slice_list_has(text("keep-alive, Upgrade"), text("upgrade")));
    assert_true(tri_slice_list_has(text(" UPGRADE ,x"), text("upgrade")));
    assert_false(tri_slice_list_has(text("upgrades, upgrad"), text("upgrade")));
    assert_false(tri_slice_list_has(text("keep alive upgrade"), text("upgrade")));
    assert_false(tri_slice_list_has(text(""), text("upgrade")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equality_compares_bytes_and_length),
        cmocka_unit_test(case_is_ignored_for_ascii_letters_only),
        cmocka_unit_test(trim_takes_spaces_and_tabs_off_both_ends),
        cmocka_unit_test(list_elements_come_trimmed_and_in_order),
        cmocka_unit_test(a_list_of_nothing_has_no_elements),
        cmocka_unit_test(a_token_is_found_anywhere_in_a_list_but_not_as_a_part),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
