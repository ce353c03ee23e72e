#include "h3_shared.h"
#include "base_limits.h"
#include "test_alloc.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

static enum tri_err make(struct tri_h3_shared *s, struct test_alloc *alloc,
                         struct tri_limits *limits)
{
    tri_limits_default(limits);
    const struct tri_h3_config config = {
        .alloc = &alloc->alloc, .limits = limits, .random = tri_random_system()};
    return tri_h3_shared_init(s, &config);
}

static void the_libraries_memory_is_ours(void **state)
{
    (void)state;
    struct test_alloc alloc;
    struct tri_limits limits;
    struct tri_h3_shared s;
    test_alloc_init(&alloc);
    assert_int_equal(make(&s, &alloc, &limits), TRI_OK);
    size_t live = alloc.live;
    uint8_t *p = s.quic_mem.calloc(3, 5, s.quic_mem.user_data);
    assert_non_null(p);
    for (size_t i = 0; i < 15; i++) {
        assert_int_equal(p[i], 0);
    }
    p = s.http_mem.realloc(p, 100, s.http_mem.user_data);
    void *nothing = s.http_mem.malloc(0, s.http_mem.user_data);
    assert_true(p && nothing); /* C allows it, tri_alloc does not */
    assert_int_equal(alloc.live, live + 2);
    s.quic_mem.free(p, s.quic_mem.user_data);
    s.quic_mem.free(nothing, s.quic_mem.user_data);
    s.quic_mem.free(NULL, s.quic_mem.user_data);
    assert_null(s.quic_mem.calloc(SIZE_MAX / 2, 3, s.quic_mem.user_data));
    tri_h3_shared_deinit(&s);
    assert_int_equal(alloc.live, 0);
}

static void a_reset_token_belongs_to_its_id_and_its_endpoint(void **state)
{
    (void)state;
    struct test_alloc alloc;
    struct tri_limits limits;
    struct tri_h3_shared s[2];
    uint8_t token[4][NGTCP2_STATELESS_RESET_TOKENLEN];
    const ngtcp2_cid a = {.datalen = 8, .data = "aaaaaaaa"};
    const ngtcp2_cid b = {.datalen = 8, .data = "bbbbbbbb"};
    test_alloc_init(&alloc);
    assert_int_equal(make(&s[0], &alloc, &limits), TRI_OK);
    assert_int_equal(make(&s[1], &alloc, &limits), TRI_OK);
    assert_true(tri_h3_shared_reset_token(&s[0], &a, token[0]));
    assert_true(tri_h3_shared_reset_token(&s[0], &a, token[1]));
    assert_true(tri_h3_shared_reset_token(&s[0], &b, token[2]));
    assert_true(tri_h3_shared_reset_token(&s[1], &a, token[3]));
    assert_memory_equal(token[0], token[1], sizeof token[0]);
    assert_memory_not_equal(token[0], token[2], sizeof token[0]);
    assert_memory_not_equal(token[0], token[3], sizeof token[0]);
    tri_h3_shared_deinit(&s[0]);
    tri_h3_shared_deinit(&s[1]);
}

static void memory_may_be_short(void **state)
{
    (void)state;
    struct test_alloc alloc;
    struct tri_limits limits;
    struct tri_h3_shared s;
    test_alloc_init(&alloc);
    alloc.fail_at = 1;
    assert_int_equal(make(&s, &alloc, &limits), TRI_ERR_NOMEM);
    assert_int_equal(alloc.live, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_libraries_memory_is_ours),
        cmocka_unit_test(a_reset_token_belongs_to_its_id_and_its_endpoint),
        cmocka_unit_test(memory_may_be_short),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
