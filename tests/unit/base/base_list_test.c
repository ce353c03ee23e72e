/* base_list: the intrusive list. */
#include "base_list.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

struct item {
    int number;
    struct tri_list node;
};

static int number_of(struct tri_list *node)
{
    return TRI_CONTAINER_OF(node, struct item, node)->number;
}

static void an_empty_list_has_no_first(void **state)
{
    (void)state;
    struct tri_list list;
    tri_list_init(&list);
    assert_true(tri_list_is_empty(&list));
    assert_null(tri_list_first(&list));
    assert_null(tri_list_pop(&list));
}

static void nodes_come_off_in_the_order_they_went_on(void **state)
{
    (void)state;
    struct tri_list list;
    struct item items[3];
    tri_list_init(&list);
    for (int i = 0; i < 3; i++) {
        items[i].number = i;
        tri_list_init(&items[i].node);
        assert_false(tri_list_is_linked(&items[i].node));
        tri_list_append(&list, &items[i].node);
        assert_true(tri_list_is_linked(&items[i].node));
    }
    assert_int_equal(number_of(tri_list_first(&list)), 0);
    for (int i = 0; i < 3; i++) {
        struct tri_list *node = tri_list_pop(&list);
        assert_int_equal(number_of(node), i);
        assert_false(tri_list_is_linked(node));
    }
    assert_true(tri_list_is_empty(&list));
}

static void a_node_can_be_removed_from_the_middle_and_twice(void **state)
{
    (void)state;
    struct tri_list list;
    struct item items[3];
    tri_list_init(&list);
    for (int i = 0; i < 3; i++) {
        items[i].number = i;
        tri_list_init(&items[i].node);
        tri_list_append(&list, &items[i].node);
    }
    tri_list_remove(&items[1].node);
    tri_list_remove(&items[1].node);
    assert_false(tri_list_is_linked(&items[1].node));
    assert_int_equal(number_of(tri_list_pop(&list)), 0);
    assert_int_equal(number_of(tri_list_pop(&list)), 2);
    assert_true(tri_list_is_empty(&list));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_list_has_no_first),
        cmocka_unit_test(nodes_come_off_in_the_order_they_went_on),
        cmocka_unit_test(a_node_can_be_removed_from_the_middle_and_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
