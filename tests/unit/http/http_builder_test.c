#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include "base_limits.h"
#include "http_builder.h"
#include "test_alloc.h"

static enum tri_err add(struct tri_request_builder *b, const char *name, const char *value)
{
    return tri_request_builder_add(b, tri_slice_of_string(name), tri_slice_of_string(value));
}

static void check_slice(struct tri_slice got, const char *want)
{
    assert_true(tri_slice_equal(got, tri_slice_of_string(want)));
}

static void E2_puts_pseudo_fields_in_their_places(void **state)
{
    (void)state;
    struct test_alloc t;
    test_alloc_init(&t);
    struct tri_request_builder b;
    tri_request_builder_init(&b, &t.alloc);
    assert_int_equal(add(&b, ":method", "CONNECT"), TRI_OK);
    assert_int_equal(add(&b, ":protocol", "websocket"), TRI_OK);
    assert_int_equal(add(&b, ":scheme", "https"), TRI_OK);
    assert_int_equal(add(&b, ":path", "/echo?a=b"), TRI_OK);
    assert_int_equal(add(&b, ":authority", "localhost:8443"), TRI_OK);
    assert_int_equal(add(&b, "sec-websocket-version", "13"), TRI_OK);
    assert_int_equal(add(&b, "origin", ""), TRI_OK);

    struct tri_request_head head;
    assert_int_equal(tri_request_builder_finish(&b, &head), TRI_OK);
    check_slice(head.method, "CONNECT");
    check_slice(head.protocol, "websocket");
    check_slice(head.scheme, "https");
    check_slice(head.path, "/echo?a=b");
    check_slice(head.authority, "localhost:8443");
    assert_int_equal(head.fields_len, 2);
    check_slice(head.fields[0].name, "sec-websocket-version");
    check_slice(head.fields[0].value, "13");
    check_slice(head.fields[1].name, "origin");
    check_slice(head.fields[1].value, "");
    tri_request_builder_deinit(&b);
    assert_int_equal(t.live, 0);
}

static void host_stands_in_for_a_missing_authority(void **state)
{
    (void)state;
    struct test_alloc t;
    test_alloc_init(&t);
    for (int with_authority = 0; with_authority < 2; with_authority++) {
        struct tri_request_builder b;
        tri_request_builder_init(&b, &t.alloc);
        if (with_authority) {
            assert_int_equal(add(&b, ":authority", "first"), TRI_OK);
        }
        assert_int_equal(add(&b, "host", "second"), TRI_OK);
        struct tri_request_head head;
        assert_int_equal(tri_request_builder_finish(&b, &head), TRI_OK);
        check_slice(head.authority, with_authority ? "first" : "second");
        assert_int_equal(tri_request_head_count(&head, "host"), 1);
        tri_request_builder_deinit(&b);
    }
    assert_int_equal(t.live, 0);
}

static void nothing_added_gives_an_empty_head(void **state)
{
    (void)state;
    struct test_alloc t;
    test_alloc_init(&t);
    struct tri_request_builder b;
    tri_request_builder_init(&b, &t.alloc);
    struct tri_request_head head;
    assert_int_equal(tri_request_builder_finish(&b, &head), TRI_OK);
    assert_int_equal(head.method.len + head.path.len + head.authority.len, 0);
    assert_int_equal(head.fields_len, 0);
    tri_request_builder_deinit(&b);
    assert_int_equal(t.live, 0);
}

static void keeps_earlier_fields_right_while_it_grows(void **state)
{
    (void)state;
    struct test_alloc t;
    test_alloc_init(&t);
    struct tri_request_builder b;
    tri_request_builder_init(&b, &t.alloc);
    for (int i = 0; i < (int)TRI_REQUEST_FIELDS_MAX; i++) {
        const uint8_t name[2] = {(uint8_t)('a' + i / 26), (uint8_t)('a' + i % 26)};
        uint8_t value[100];
        memset(value, 'a' + i % 26, sizeof value);
        assert_int_equal(
            tri_request_builder_add(&b, tri_slice_of(name, 2), tri_slice_of(value, sizeof value)),
            TRI_OK);
    }
    struct tri_request_head head;
    assert_int_equal(tri_request_builder_finish(&b, &head), TRI_OK);
    assert_int_equal(head.fields_len, TRI_REQUEST_FIELDS_MAX);
    for (int i = 0; i < (int)TRI_REQUEST_FIELDS_MAX; i++) {
        assert_int_equal(head.fields[i].name.data[0], 'a' + i / 26);
        assert_int_equal(head.fields[i].name.data[1], 'a' + i % 26);
        assert_int_equal(head.fields[i].value.data[99], 'a' + i % 26);
    }
    tri_request_builder_deinit(&b);
    assert_int_equal(t.live, 0);
}

static void one_field_too_many_is_over_the_limit(void **state)
{
    (void)state;
    struct test_alloc t;
    test_alloc_init(&t);
    struct tri_request_builder b;
    tri_request_builder_init(&b, &t.alloc);
    for (size_t i = 0; i < TRI_REQUEST_FIELDS_MAX; i++) {
        assert_int_equal(add(&b, "a", "b"), TRI_OK);
    }
    assert_int_equal(add(&b, ":path", "/"), TRI_OK); /* a pseudo-field is not counted */
    assert_false(b.over);
    assert_int_equal(add(&b, "a", "b"), TRI_ERR_LIMIT);
    assert_true(b.over);
    assert_int_equal(add(&b, ":scheme", "https"), TRI_ERR_LIMIT); /* later ones are dropped */
    struct tri_request_head head;
    assert_int_equal(tri_request_builder_finish(&b, &head), TRI_ERR_LIMIT);
    tri_request_builder_deinit(&b);
    assert_int_equal(t.live, 0);
}

static void a_head_may_be_as_long_as_its_limit_and_no_longer(void **state)
{
    (void)state;
    static const uint8_t big[TRI_REQUEST_HEAD_BYTES_MAX];
    struct test_alloc t;
    test_alloc_init(&t);
    for (size_t over = 0; over < 2; over++) {
        struct tri_request_builder b;
        tri_request_builder_init(&b, &t.alloc);
        const size_t len = TRI_REQUEST_HEAD_BYTES_MAX - 1 + over;
        const enum tri_err want = over ? TRI_ERR_LIMIT : TRI_OK;
        assert_int_equal(tri_request_builder_add(&b, TRI_SLICE("n"), tri_slice_of(big, len)), want);
        struct tri_request_head head;
        assert_int_equal(tri_request_builder_finish(&b, &head), want);
        tri_request_builder_deinit(&b);
    }
    assert_int_equal(t.live, 0);
}

static void an_unknown_pseudo_field_does_not_become_a_field(void **state)
{
    (void)state;
    struct test_alloc t;
    test_alloc_init(&t);
    struct tri_request_builder b;
    tri_request_builder_init(&b, &t.alloc);
    assert_int_equal(add(&b, ":status", "200"), TRI_OK);
    struct tri_request_head head;
    assert_int_equal(tri_request_builder_finish(&b, &head), TRI_OK);
    assert_int_equal(head.fields_len, 0);
    tri_request_builder_deinit(&b);
    assert_int_equal(t.live, 0);
}

/* Returns whether the head came out whole although the n-th allocation failed. */
static bool build_with_failure(size_t fail_at)
{
    struct test_alloc t;
    test_alloc_init(&t);
    t.fail_at = fail_at;
    struct tri_request_builder b;
    tri_request_builder_init(&b, &t.alloc);
    enum tri_err err = add(&b, ":method", "GET");
    if (err == TRI_OK) {
        err = add(&b, "host", "a");
    }
    struct tri_request_head head;
    if (err == TRI_OK) {
        err = tri_request_builder_finish(&b, &head);
    }
    assert_true(err == TRI_OK || err == TRI_ERR_NOMEM);
    tri_request_builder_deinit(&b);
    assert_int_equal(t.live, 0);
    return err == TRI_OK;
}

static void each_failed_allocation_is_reported_and_nothing_leaks(void **state)
{
    (void)state;
    size_t failures = 0;
    while (!build_with_failure(failures + 1)) {
        failures++;
        assert_true(failures < 100);
    }
    assert_true(failures >= 3); /* bytes, marks, fields */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(E2_puts_pseudo_fields_in_their_places),
        cmocka_unit_test(host_stands_in_for_a_missing_authority),
        cmocka_unit_test(nothing_added_gives_an_empty_head),
        cmocka_unit_test(keeps_earlier_fields_right_while_it_grows),
        cmocka_unit_test(one_field_too_many_is_over_the_limit),
        cmocka_unit_test(a_head_may_be_as_long_as_its_limit_and_no_longer),
        cmocka_unit_test(an_unknown_pseudo_field_does_not_become_a_field),
        cmocka_unit_test(each_failed_allocation_is_reported_and_nothing_leaks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
