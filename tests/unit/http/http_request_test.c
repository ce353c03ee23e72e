#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include "http_request.h"

static const struct tri_field fields[] = {
    {TRI_SLICE("host"), TRI_SLICE("a")},
    {TRI_SLICE("cookie"), TRI_SLICE("one")},
    {TRI_SLICE("cookie"), TRI_SLICE("two")},
};
static const struct tri_request_head with_fields = {.fields = fields, .fields_len = 3};

static void finds_the_first_field_of_a_name(void **state)
{
    (void)state;
    assert_ptr_equal(tri_request_head_field(&with_fields, "host"), &fields[0]);
    assert_ptr_equal(tri_request_head_field(&with_fields, "cookie"), &fields[1]);
}

static void finds_no_field_that_is_not_there(void **state)
{
    (void)state;
    const struct tri_request_head none = {.fields = NULL};
    assert_null(tri_request_head_field(&with_fields, "cook"));
    assert_null(tri_request_head_field(&with_fields, "cookies"));
    assert_null(tri_request_head_field(&with_fields, ""));
    assert_null(tri_request_head_field(&none, "host"));
}

static void counts_the_fields_of_a_name(void **state)
{
    (void)state;
    assert_int_equal(tri_request_head_count(&with_fields, "host"), 1);
    assert_int_equal(tri_request_head_count(&with_fields, "cookie"), 2);
    assert_int_equal(tri_request_head_count(&with_fields, "te"), 0);
}

static void splits_the_path_from_its_query(void **state)
{
    (void)state;
    static const struct {
        const char *target, *path, *query;
    } cases[] = {
        {"/", "/", ""},    {"/a?b", "/a", "b"},   {"/a?b?c", "/a", "b?c"},
        {"/a?", "/a", ""}, {"?only", "", "only"}, {"*", "*", ""},
        {"", "", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct tri_request_head head = {.path = tri_slice_of_string(cases[i].target)};
        assert_true(
            tri_slice_equal(tri_request_head_path(&head), tri_slice_of_string(cases[i].path)));
        assert_true(
            tri_slice_equal(tri_request_head_query(&head), tri_slice_of_string(cases[i].query)));
    }
}

static void a_path_that_never_came_is_empty(void **state)
{
    (void)state;
    const struct tri_request_head head = {.fields = NULL};
    assert_int_equal(tri_request_head_path(&head).len, 0);
    assert_int_equal(tri_request_head_query(&head).len, 0);
}

static void U2_finds_a_token_in_any_of_several_lists(void **state)
{
    (void)state;
    static const struct tri_field lists[] = {
        {TRI_SLICE("connection"), TRI_SLICE("keep-alive, Foo")},
        {TRI_SLICE("upgrade"), TRI_SLICE("h2c")},
        {TRI_SLICE("connection"), TRI_SLICE(" ,,UPGRADE")},
    };
    const struct tri_request_head head = {.fields = lists, .fields_len = 3};
    assert_true(tri_request_head_has_token(&head, "connection", TRI_SLICE("foo")));
    assert_true(tri_request_head_has_token(&head, "connection", TRI_SLICE("upgrade")));
    assert_false(tri_request_head_has_token(&head, "connection", TRI_SLICE("keep")));
    assert_false(tri_request_head_has_token(&head, "connection", TRI_SLICE("h2c")));
    assert_false(tri_request_head_has_token(&head, "te", TRI_SLICE("h2c")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_the_first_field_of_a_name),
        cmocka_unit_test(finds_no_field_that_is_not_there),
        cmocka_unit_test(counts_the_fields_of_a_name),
        cmocka_unit_test(U2_finds_a_token_in_any_of_several_lists),
        cmocka_unit_test(splits_the_path_from_its_query),
        cmocka_unit_test(a_path_that_never_came_is_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
