/* Sentences end where the caller's memory ends. */
#include "server_error.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

static void a_sentence_is_written(void **state)
{
    (void)state;
    char text[32];
    tri_sentence_write((struct tri_sentence){text, sizeof text}, "%s is %d", "one", 1);
    assert_string_equal(text, "one is 1");
}

static void a_sentence_is_cut_with_its_nul(void **state)
{
    (void)state;
    char text[8] = "xxxxxxx";
    tri_sentence_write((struct tri_sentence){text, 4}, "%s", "abcdef");
    assert_string_equal(text, "abc");
    assert_int_equal(text[4], 'x');
    tri_sentence_write((struct tri_sentence){text, 1}, "%s", "abcdef");
    assert_string_equal(text, "");
}

static void nobody_has_to_listen(void **state)
{
    (void)state;
    char text[8] = {0};
    tri_sentence_write((struct tri_sentence){NULL, 8}, "%s", "lost");
    tri_sentence_write((struct tri_sentence){text, 0}, "%s", "lost");
    assert_int_equal(text[0], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sentence_is_written),
        cmocka_unit_test(a_sentence_is_cut_with_its_nul),
        cmocka_unit_test(nobody_has_to_listen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
