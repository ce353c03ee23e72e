/* Which load is made, by mode and version. */
#include "bench_line.h"
#include "bench_load.h"
#include "trisock/trisock.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#define URL "wss://h/x "

static void each_mode_has_its_load(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        enum tri_http http;
        const struct bench_load *load;
    } rows[] = {
        {URL, TRI_HTTP_1_1, &bench_load_echo},
        {URL "--in-flight 9", TRI_HTTP_3, &bench_load_echo},
        {URL "--rate 9", TRI_HTTP_3, &bench_load_paced},
        {URL "--mode open", TRI_HTTP_2, &bench_load_reopen},
        {URL "--mode open", TRI_HTTP_1_1, &bench_load_redial},
        {URL "--mode open --fresh", TRI_HTTP_3, &bench_load_redial},
        {URL "--mode idle", TRI_HTTP_2, &bench_load_idle},
        {URL "--mode push", TRI_HTTP_2, &bench_load_push},
        {URL "--mode broadcast --rate 9", TRI_HTTP_2, &bench_load_broadcast},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct bench_options o;
        char error[BENCH_ERROR_MAX];
        assert_int_equal(bench_line(&o, rows[i].line, error), TRI_OK);
        assert_ptr_equal(bench_load_of(&o, rows[i].http), rows[i].load);
    }
}

static void a_connection_is_that_of_one_socket_where_it_must_be(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        enum tri_http http;
        size_t connections;
    } rows[] = {
        {URL "--sockets 50 --connections 5", TRI_HTTP_1_1, 50},
        {URL "--sockets 50 --connections 5", TRI_HTTP_2, 5},
        {URL "--sockets 50 --connections 5", TRI_HTTP_3, 5},
        {URL "--sockets 50 --mode open", TRI_HTTP_3, 1},
        {URL "--sockets 50 --mode open --fresh", TRI_HTTP_3, 50},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct bench_options o;
        char error[BENCH_ERROR_MAX];
        assert_int_equal(bench_line(&o, rows[i].line, error), TRI_OK);
        assert_int_equal(bench_leg_connections(&o, rows[i].http), rows[i].connections);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_mode_has_its_load),
        cmocka_unit_test(a_connection_is_that_of_one_socket_where_it_must_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
