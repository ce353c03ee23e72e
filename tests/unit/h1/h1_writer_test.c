#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "h1_writer.h"

static const struct tri_field fields[] = {
    {.name = TRI_SLICE("a"), .value = TRI_SLICE("b")},
    {.name = TRI_SLICE("c"), .value = TRI_SLICE("")},
};

static void parts_stand_one_behind_the_other(void **state)
{
    (void)state;
    struct tri_buf out;
    tri_buf_init(&out, tri_alloc_heap(), 100);
    struct tri_h1_writer w = {.out = &out, .err = TRI_OK};
    tri_h1_writer_put(&w, TRI_SLICE("X\r\n"));
    tri_h1_writer_field(&w, TRI_SLICE("Y"), TRI_SLICE("z"));
    tri_h1_writer_fields(&w, fields, 2);
    assert_int_equal(w.err, TRI_OK);
    assert_true(tri_slice_equal(tri_buf_peek(&out), TRI_SLICE("X\r\nY: z\r\na: b\r\nc: \r\n")));
    tri_buf_deinit(&out);
}

static void the_first_failure_stays(void **state)
{
    (void)state;
    struct tri_buf out;
    tri_buf_init(&out, tri_alloc_heap(), 4);
    struct tri_h1_writer w = {.out = &out, .err = TRI_OK};
    tri_h1_writer_put(&w, TRI_SLICE("abc"));
    tri_h1_writer_put(&w, TRI_SLICE("de"));
    assert_int_equal(w.err, TRI_ERR_LIMIT);
    tri_h1_writer_put(&w, TRI_SLICE("f")); /* would fit, and must not stand there */
    assert_int_equal(w.err, TRI_ERR_LIMIT);
    assert_true(tri_slice_equal(tri_buf_peek(&out), TRI_SLICE("abc")));
    tri_buf_deinit(&out);
}

static void what_could_end_a_line_is_not_clean(void **state)
{
    (void)state;
    assert_true(tri_h1_writer_is_clean(TRI_SLICE("")));
    assert_true(tri_h1_writer_is_clean(TRI_SLICE("a\tb \x80")));
    assert_false(tri_h1_writer_is_clean(TRI_SLICE("a\rb")));
    assert_false(tri_h1_writer_is_clean(TRI_SLICE("a\n")));
    assert_false(tri_h1_writer_is_clean(TRI_SLICE("\0")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_stand_one_behind_the_other),
        cmocka_unit_test(the_first_failure_stays),
        cmocka_unit_test(what_could_end_a_line_is_not_clean),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
