#include "h3_cid.h"
#include "test_alloc.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

/* The table only hands these pointers around. */
static struct tri_h3_conn *conn_number(uintptr_t n)
{
    return (struct tri_h3_conn *)(n * 64 + 64);
}

static struct tri_slice number(uint32_t *n)
{
    return tri_slice_of(n, sizeof *n);
}

static void an_id_leads_to_its_connection(void **state)
{
    (void)state;
    struct test_alloc alloc;
    struct tri_h3_cid_table t;
    struct tri_h3_cids a;
    struct tri_h3_cids b;
    test_alloc_init(&alloc);
    assert_int_equal(tri_h3_cid_table_init(&t, &alloc.alloc, tri_random_system()), TRI_OK);
    tri_h3_cids_init(&a, conn_number(1));
    tri_h3_cids_init(&b, conn_number(2));
    assert_int_equal(tri_h3_cid_add(&t, &a, TRI_SLICE("abcdefgh")), TRI_OK);
    assert_int_equal(tri_h3_cid_add(&t, &b, TRI_SLICE("abcdefgi")), TRI_OK);
    assert_int_equal(tri_h3_cid_add(&t, &b, TRI_SLICE("abcdefghi")), TRI_OK);
    assert_ptr_equal(tri_h3_cid_find(&t, TRI_SLICE("abcdefgh")), conn_number(1));
    assert_ptr_equal(tri_h3_cid_find(&t, TRI_SLICE("abcdefgi")), conn_number(2));
    assert_ptr_equal(tri_h3_cid_find(&t, TRI_SLICE("abcdefghi")), conn_number(2));
    assert_null(tri_h3_cid_find(&t, TRI_SLICE("abcdefg")));
    assert_null(tri_h3_cid_find(&t, TRI_SLICE("")));
    assert_null(tri_h3_cid_find(&t, TRI_SLICE("longer than any connection id")));
    tri_h3_cid_remove_all(&t, &a);
    assert_null(tri_h3_cid_find(&t, TRI_SLICE("abcdefgh")));
    tri_h3_cid_remove(&t, TRI_SLICE("abcdefgi"));
    tri_h3_cid_remove(&t, TRI_SLICE("abcdefgi"));
    assert_null(tri_h3_cid_find(&t, TRI_SLICE("abcdefgi")));
    assert_int_equal(b.len, 1);
    tri_h3_cid_remove_all(&t, &b);
    tri_h3_cid_table_deinit(&t);
    assert_int_equal(alloc.live, 0);
}

static void zeros_of_different_lengths_are_different_ids(void **state)
{
    (void)state;
    static const uint8_t zeros[TRI_H3_CID_LEN_MAX];
    struct tri_h3_cid_table t;
    struct tri_h3_cids owners[TRI_H3_CID_LEN_MAX + 1];
    assert_int_equal(tri_h3_cid_table_init(&t, tri_alloc_heap(), tri_random_system()), TRI_OK);
    for (size_t i = 0; i <= TRI_H3_CID_LEN_MAX; i++) {
        tri_h3_cids_init(&owners[i], conn_number(i));
        assert_int_equal(tri_h3_cid_add(&t, &owners[i], tri_slice_of(zeros, i)), TRI_OK);
    }
    for (size_t i = 0; i <= TRI_H3_CID_LEN_MAX; i++) {
        assert_ptr_equal(tri_h3_cid_find(&t, tri_slice_of(zeros, i)), conn_number(i));
    }
    for (size_t i = 0; i <= TRI_H3_CID_LEN_MAX; i++) {
        tri_h3_cid_remove_all(&t, &owners[i]);
    }
    tri_h3_cid_table_deinit(&t);
}

static void a_taken_id_is_refused(void **state)
{
    (void)state;
    struct tri_h3_cid_table t;
    struct tri_h3_cids a;
    struct tri_h3_cids b;
    assert_int_equal(tri_h3_cid_table_init(&t, tri_alloc_heap(), tri_random_system()), TRI_OK);
    tri_h3_cids_init(&a, conn_number(1));
    tri_h3_cids_init(&b, conn_number(2));
    assert_int_equal(tri_h3_cid_add(&t, &a, TRI_SLICE("taken")), TRI_OK);
    assert_int_equal(tri_h3_cid_add(&t, &b, TRI_SLICE("taken")), TRI_ERR_INVALID);
    assert_int_equal(b.len, 0);
    tri_h3_cid_remove_all(&t, &a);
    tri_h3_cid_table_deinit(&t);
}

static void a_connection_has_so_many_ids_and_no_more(void **state)
{
    (void)state;
    struct tri_h3_cid_table t;
    struct tri_h3_cids a;
    assert_int_equal(tri_h3_cid_table_init(&t, tri_alloc_heap(), tri_random_system()), TRI_OK);
    tri_h3_cids_init(&a, conn_number(1));
    for (uint32_t i = 0; i < TRI_H3_CIDS_MAX; i++) {
        assert_int_equal(tri_h3_cid_add(&t, &a, number(&i)), TRI_OK);
    }
    uint32_t more = TRI_H3_CIDS_MAX;
    assert_int_equal(tri_h3_cid_add(&t, &a, number(&more)), TRI_ERR_LIMIT);
    tri_h3_cid_remove_all(&t, &a);
    tri_h3_cid_table_deinit(&t);
}

enum { MANY = 200 };

static void use_many(struct test_alloc *alloc)
{
    struct tri_h3_cid_table t;
    static struct tri_h3_cids owners[MANY];
    static bool added[MANY];
    if (tri_h3_cid_table_init(&t, &alloc->alloc, tri_random_system()) != TRI_OK) {
        return;
    }
    for (uint32_t i = 0; i < MANY; i++) {
        tri_h3_cids_init(&owners[i], conn_number(i));
        added[i] = tri_h3_cid_add(&t, &owners[i], number(&i)) == TRI_OK;
    }
    for (uint32_t i = 0; i < MANY; i++) {
        assert_ptr_equal(tri_h3_cid_find(&t, number(&i)), added[i] ? conn_number(i) : NULL);
    }
    for (uint32_t i = 0; i < MANY; i += 2) {
        tri_h3_cid_remove_all(&t, &owners[i]);
    }
    for (uint32_t i = 0; i < MANY; i++) {
        bool is_there = added[i] && i % 2 == 1;
        assert_ptr_equal(tri_h3_cid_find(&t, number(&i)), is_there ? conn_number(i) : NULL);
        tri_h3_cid_remove_all(&t, &owners[i]);
    }
    tri_h3_cid_table_deinit(&t);
}

static void it_grows_and_each_allocation_may_fail(void **state)
{
    (void)state;
    for (size_t n = 0; n < 220; n++) {
        struct test_alloc alloc;
        test_alloc_init(&alloc);
        alloc.fail_at = n;
        use_many(&alloc);
        assert_int_equal(alloc.live, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_id_leads_to_its_connection),
        cmocka_unit_test(zeros_of_different_lengths_are_different_ids),
        cmocka_unit_test(a_taken_id_is_refused),
        cmocka_unit_test(a_connection_has_so_many_ids_and_no_more),
        cmocka_unit_test(it_grows_and_each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
