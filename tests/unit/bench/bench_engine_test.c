/* Before a run and behind it: what is possible here, and what the results mean. */
#include "bench_engine.h"
#include "bench_line.h"
#include "bench_server.h"
#include "trisock/trisock.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static struct bench_options o;
static struct bench_result *result;

static int make_result(void **state)
{
    (void)state;
    o = (struct bench_options){.https_len = 3, .threads = 1, .sockets = 10, .connections = 1};
    result = calloc(1, sizeof *result);
    result->options = &o;
    result->series_len = 3;
    return result ? 0 : -1;
}

static int free_result(void **state)
{
    (void)state;
    free(result);
    return 0;
}

static void set_run(bool h1, bool h2, bool h3)
{
    result->series[0].is_run = h1;
    result->series[1].is_run = h2;
    result->series[2].is_run = h3;
}

static void all_that_ran_without_faults_is_well(void **state)
{
    (void)state;
    set_run(true, true, true);
    assert_int_equal(bench_engine_status(result), BENCH_STATUS_OK);
}

static void a_version_that_nobody_asked_for_may_be_missing(void **state)
{
    (void)state;
    set_run(true, false, true);
    assert_int_equal(bench_engine_status(result), BENCH_STATUS_OK);
    o.https_given = true;
    assert_int_equal(bench_engine_status(result), BENCH_STATUS_NOTHING);
    result->is_interrupted = true; /* it had no turn: it was asked for all the same */
    assert_int_equal(bench_engine_status(result), BENCH_STATUS_NOTHING);
    o.https_given = false;
    assert_int_equal(bench_engine_status(result), BENCH_STATUS_OK);
}

static void nothing_at_all_is_an_error(void **state)
{
    (void)state;
    set_run(false, false, false);
    assert_int_equal(bench_engine_status(result), BENCH_STATUS_NOTHING);
}

static void every_kind_of_fault_counts_more(void **state)
{
    (void)state;
    for (size_t i = 0; i < BENCH_FAULTS; i++) {
        set_run(false, true, true);
        result->series[2].counts.faults[i] = 1;
        assert_int_equal(bench_engine_status(result), BENCH_STATUS_FAULTS);
        result->series[2].counts.faults[i] = 0;
    }
}

static void sockets_that_exceed_the_limit_of_files_are_told(void **state)
{
    (void)state;
    char error[BENCH_ERROR_MAX] = "";
    struct rlimit old;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
    o.https[0] = TRI_HTTP_2;
    o.https_len = 1;
    o.sockets = 100000000; /* on one connection: that is no matter of files */
    assert_int_equal(bench_engine_prepare(&o, error), TRI_OK);
    struct rlimit now;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &now), 0);
    assert_true(now.rlim_cur == now.rlim_max); /* raised, as far as it goes */
    o.https[0] = TRI_HTTP_1_1;
    assert_int_equal(bench_engine_prepare(&o, error), TRI_ERR_LIMIT);
    assert_non_null(strstr(error, "100000000 connections need 100000072 open files, and "));
    assert_non_null(strstr(error, "give fewer --sockets, or allow more (ulimit -Hn)"));
}

static void a_server_process_that_is_none_is_told(void **state)
{
    (void)state;
    char error[BENCH_ERROR_MAX] = "";
    o.server_pid = (1 << 22) - 1;
    assert_int_equal(bench_engine_prepare(&o, error), TRI_ERR_NOT_FOUND);
    assert_string_equal(error, "--server-pid 4194303: there is no such process; give that of "
                               "the server");
    o.server_pid = getpid();
    assert_int_equal(bench_engine_prepare(&o, error), TRI_OK);
}

/* Round by round with each version, against a server of ours. */
static void versions_take_turns_and_only_the_first_tells_of_memory(void **state)
{
    (void)state;
    struct bench_server server;
    char line[256], error[BENCH_ERROR_MAX];
    static struct bench_options run;
    atomic_int interrupts = 0;
    bench_server_start(&server, TRI_HTTP_ALL);
    (void)snprintf(line, sizeof line,
                   "%s/echo --insecure --http 2,3,1.1 --sockets 4 --rounds 2 --duration 50ms "
                   "--warmup 10ms --server-pid %ld",
                   server.url, (long)getpid());
    assert_int_equal(bench_line(&run, line, error), TRI_OK);
    memset(result, 0, sizeof *result);
    assert_int_equal(bench_engine_run(result, &run, &interrupts, false, error), TRI_OK);
    assert_int_equal(bench_engine_status(result), BENCH_STATUS_OK);
    assert_int_equal(result->series_len, 3);
    assert_int_equal(result->series[0].http, TRI_HTTP_2);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(result->series[i].rounds_len, 2);
        assert_int_equal(result->series[i].opening_sockets, 8);
        assert_int_equal(result->series[i].server_rss_open > 0, i == 0);
        assert_true(result->series[i].rounds[1].latency_p50_ns > 0);
    }
    assert_string_equal(result->trisock, TRI_VERSION);
    assert_int_equal(strlen(result->started), strlen("2026-01-01T00:00:00Z"));
    bench_server_stop(&server);
}

static void a_run_that_is_interrupted_says_what_had_no_turn(void **state)
{
    (void)state;
    char error[BENCH_ERROR_MAX];
    static struct bench_options run;
    atomic_int interrupts = 1;
    assert_int_equal(bench_line(&run, "wss://localhost:1/", error), TRI_OK);
    memset(result, 0, sizeof *result);
    assert_int_equal(bench_engine_run(result, &run, &interrupts, false, error), TRI_OK);
    assert_true(result->is_interrupted);
    assert_false(result->series[0].is_run);
    assert_string_equal(result->series[0].why, "interrupted before it was measured");
    assert_int_equal(bench_engine_status(result), BENCH_STATUS_NOTHING);
}

/* Once the second round has begun to measure. */
static void *end_server(void *user)
{
    struct bench_server *server = user;
    while (sem_wait(&server->heard) != 0) {}
    bench_server_stop(server);
    return NULL;
}

/* Closed politely, the sockets tell; then nobody is there. */
static void a_server_that_is_lost_is_told_once(void **state)
{
    (void)state;
    static struct bench_server server; /* large */
    static struct bench_options run;
    char line[256], error[BENCH_ERROR_MAX];
    atomic_int interrupts = 0;
    pthread_t thread;
    bench_server_start(&server, TRI_HTTP_1_1);
    atomic_store(&server.counted_wanted, 80); /* all of the second round are open */
    (void)snprintf(line, sizeof line,
                   "%s/counted --insecure --http 1.1,2 --sockets 40 --rounds 20 --duration 200ms "
                   "--warmup 0",
                   server.url);
    assert_int_equal(bench_line(&run, line, error), TRI_OK);
    memset(result, 0, sizeof *result);
    assert_int_equal(pthread_create(&thread, NULL, end_server, &server), 0);
    assert_int_equal(bench_engine_run(result, &run, &interrupts, false, error), TRI_OK);
    assert_int_equal(pthread_join(thread, NULL), 0);
    const struct bench_series *s = &result->series[0];
    assert_int_equal(bench_engine_status(result), BENCH_STATUS_FAULTS);
    assert_true(s->is_run && s->is_lost);
    assert_int_equal(s->rounds_len, 2);
    assert_memory_equal(s->why, "the server was lost in round 3: ", 32);
    assert_int_equal(s->counts.faults[BENCH_FAULT_OPEN], 1);
    assert_int_equal(s->counts.faults[BENCH_FAULT_CLOSED], 40);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(all_that_ran_without_faults_is_well, make_result,
                                        free_result),
        cmocka_unit_test_setup_teardown(a_version_that_nobody_asked_for_may_be_missing, make_result,
                                        free_result),
        cmocka_unit_test_setup_teardown(nothing_at_all_is_an_error, make_result, free_result),
        cmocka_unit_test_setup_teardown(every_kind_of_fault_counts_more, make_result, free_result),
        cmocka_unit_test_setup_teardown(sockets_that_exceed_the_limit_of_files_are_told,
                                        make_result, free_result),
        cmocka_unit_test_setup_teardown(a_server_process_that_is_none_is_told, make_result,
                                        free_result),
        cmocka_unit_test_setup_teardown(versions_take_turns_and_only_the_first_tells_of_memory,
                                        make_result, free_result),
        cmocka_unit_test_setup_teardown(a_run_that_is_interrupted_says_what_had_no_turn,
                                        make_result, free_result),
        cmocka_unit_test_setup_teardown(a_server_that_is_lost_is_told_once, make_result,
                                        free_result),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
