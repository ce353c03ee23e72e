/* What a counter counts, where it is more than an addition. */
#include "base_metrics.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

static void a_connection_is_in_the_bucket_of_the_most_sockets_it_had(void **state)
{
    (void)state;
    static const struct {
        size_t peak, bucket;
    } cases[] = {{1, 0},   {2, 1},    {10, 1},   {11, 2},   {100, 2},
                 {101, 3}, {1000, 3}, {1001, 4}, {65536, 4}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct tri_http_metrics m = {.requests = 0};
        tri_metrics_conn_sockets(&m, cases[i].peak);
        for (size_t b = 0; b < TRI_SOCKETS_BUCKETS; b++) {
            assert_int_equal(m.sockets_of_conn[b], b == cases[i].bucket);
        }
        assert_int_equal(m.sockets_of_conn_sum, cases[i].peak);
    }
}

static void a_connection_without_sockets_is_in_no_bucket(void **state)
{
    (void)state;
    struct tri_http_metrics m = {.requests = 0};
    tri_metrics_conn_opened(&m);
    tri_metrics_conn_closed(&m);
    tri_metrics_conn_sockets(&m, 0);
    const struct tri_http_metrics want = {.conns_opened = 1, .conns_closed = 1};
    assert_memory_equal(&m, &want, sizeof m);
}

static void a_socket_is_counted_by_its_close_code(void **state)
{
    (void)state;
    struct tri_http_metrics m = {.requests = 0};
    tri_metrics_socket_closed(&m, 1000);
    tri_metrics_socket_closed(&m, 1006);
    tri_metrics_socket_closed(&m, 1006);
    tri_metrics_socket_closed(&m, 1015);
    tri_metrics_socket_closed(&m, 999);
    tri_metrics_socket_closed(&m, 1016);
    tri_metrics_socket_closed(&m, 4999);
    struct tri_http_metrics want = {.sockets_closed = 7, .closed_other = 3};
    want.closed_code[0] = 1;
    want.closed_code[6] = 2;
    want.closed_code[15] = 1;
    assert_memory_equal(&m, &want, sizeof m);
}

static void a_flood_is_counted_by_its_kind(void **state)
{
    (void)state;
    struct tri_http_metrics m = {.requests = 0};
    tri_metrics_flood(&m, TRI_FLOOD_WINDOW);
    tri_metrics_flood(&m, TRI_FLOOD_OTHER);
    assert_int_equal(m.floods[TRI_FLOOD_WINDOW], 1);
    assert_int_equal(m.floods[TRI_FLOOD_OTHER], 1);
    assert_int_equal(m.floods[TRI_FLOOD_RESET], 0);
}

static void nobody_needs_to_count(void **state)
{
    (void)state;
    tri_metrics_conn_opened(NULL);
    tri_metrics_conn_closed(NULL);
    tri_metrics_conn_sockets(NULL, 7);
    tri_metrics_socket_closed(NULL, 1000);
    tri_metrics_flood(NULL, TRI_FLOOD_ACK);
}

static void each_label_is_a_word_of_its_own(void **state)
{
    (void)state;
    for (size_t i = 0; i < TRI_REFUSED_LEN; i++) {
        assert_true(strlen(tri_refused_name((enum tri_refused)i)) > 0);
        for (size_t k = 0; k < i; k++) {
            assert_string_not_equal(tri_refused_name((enum tri_refused)i),
                                    tri_refused_name((enum tri_refused)k));
        }
    }
    for (size_t i = 0; i < TRI_FLOOD_LEN; i++) {
        assert_true(strlen(tri_flood_name((enum tri_flood)i)) > 0);
        for (size_t k = 0; k < i; k++) {
            assert_string_not_equal(tri_flood_name((enum tri_flood)i),
                                    tri_flood_name((enum tri_flood)k));
        }
    }
    assert_string_equal(tri_conn_refused_name(TRI_CONN_REFUSED_LIMIT), "limit");
    assert_string_equal(tri_conn_refused_name(TRI_CONN_REFUSED_ADDRESS), "address");
    assert_string_equal(tri_conn_refused_name(TRI_CONN_REFUSED_MEMORY), "memory");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_connection_is_in_the_bucket_of_the_most_sockets_it_had),
        cmocka_unit_test(a_connection_without_sockets_is_in_no_bucket),
        cmocka_unit_test(a_socket_is_counted_by_its_close_code),
        cmocka_unit_test(a_flood_is_counted_by_its_kind),
        cmocka_unit_test(nobody_needs_to_count),
        cmocka_unit_test(each_label_is_a_word_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
