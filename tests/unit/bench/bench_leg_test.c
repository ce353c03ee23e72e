/*
 * Whole legs against a server of ours, on one thread and on several: each mode over each version
 * measures something, without a fault, and counts what it should.
 */
#include "bench_leg.h"
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
#include <unistd.h>

static const enum tri_http https[] = {TRI_HTTP_1_1, TRI_HTTP_2, TRI_HTTP_3};

static struct bench_server server;
static struct bench_options o;
static struct bench_series *series;
static atomic_int interrupts;

static int start_server(void **state)
{
    (void)state;
    bench_server_start(&server, TRI_HTTP_ALL);
    series = calloc(1, sizeof *series);
    return series ? 0 : -1;
}

static int stop_server(void **state)
{
    (void)state;
    free(series);
    bench_server_stop(&server);
    return 0;
}

/* A round over |http| of "PATH OPTION...", of 200 ms. */
static void run_leg(enum tri_http http, const char *rest)
{
    char line[256], error[BENCH_ERROR_MAX];
    (void)snprintf(line, sizeof line, "%s%s --insecure --duration 200ms --warmup 50ms", server.url,
                   rest);
    assert_int_equal(bench_line(&o, line, error), TRI_OK);
    memset(series, 0, sizeof *series);
    series->http = http;
    const struct bench_watch watch = {.interrupts = &interrupts};
    assert_int_equal(bench_leg_run(series, &o, &watch), TRI_OK);
}

static uint64_t all_faults(void)
{
    uint64_t all = 0;
    for (size_t i = 0; i < BENCH_FAULTS; i++) {
        all += series->counts.faults[i];
    }
    return all;
}

static void assert_well(void)
{
    assert_string_equal(series->why, "");
    assert_true(series->is_run);
    assert_int_equal(all_faults(), 0);
    assert_int_equal(series->rounds_len, 1);
    assert_true(series->seconds > 0.19 && series->seconds < 0.21);
}

static void echoes_come_back_over_each_version(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "/echo --sockets 4",
        "/echo --sockets 5 --connections 3 --threads 2 --in-flight 8 --size 0-2000 --verify",
        "/echo --sockets 4 --size 3 --in-flight 20",
        "/echo --sockets 4 --size 100 --deflate dedicated --in-flight 3 --verify",
        "/echo --sockets 4 --rate 2000 --verify",
        "/echo --sockets 6 --connections 2 --threads 2 --rate 2000 --size 0,20",
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        for (size_t j = 0; j < 3; j++) {
            run_leg(https[j], lines[i]);
            assert_well();
            const struct bench_counts *c = &series->counts;
            assert_true(c->messages_in > 20 && c->messages_out > 20);
            assert_true(series->latency.total > 20);
            assert_true(c->wire_in > 0 && c->wire_out > 0);
            assert_int_equal(series->messages_in_total, series->messages_out_total);
            assert_true(series->messages_in_total > c->messages_in);
            assert_int_equal(series->opening_sockets, o.sockets);
            assert_int_equal(series->handshake.total, o.sockets);
            assert_true(series->client.user_ns + series->client.system_ns > 0);
        }
    }
}

/* |wire| bytes for |messages| of |bytes|: each takes more than it holds, by less than |most|. */
static void assert_overhead(uint64_t wire, uint64_t bytes, uint64_t messages, double most)
{
    const double overhead = (double)wire - (double)bytes;
    if (messages == 0) { /* the machine came to none within the measured time */
        assert_int_equal(wire, 0);
        return;
    }
    if (overhead <= 0 || overhead >= most * (double)messages) {
        fail_msg("%g B more than messages hold, of which there are %g", overhead, (double)messages);
    }
}

/* Also where much is given to the library that goes later, and where messages are cut by the ends of
 * the measured time: a frame takes its header, a record of TLS 22 bytes for up to 16 KiB, and a
 * message may have a datagram for itself, or many. */
static void assert_wire(enum tri_http http, const char *line, double most)
{
    run_leg(http, line);
    const struct bench_counts *c = &series->counts;
    if (all_faults() > 0) { /* too slow a machine for all that was due */
        assert_int_equal(c->wire_out + c->wire_in, 0);
        return;
    }
    assert_overhead(c->wire_out, c->bytes_out, c->messages_out, most);
    assert_overhead(c->wire_in, c->bytes_in, c->messages_in, most);
}

static void what_a_message_takes_on_the_wire_is_at_least_itself(void **state)
{
    (void)state;
    for (size_t j = 0; j < 3; j++) {
        assert_wire(https[j], "/echo --sockets 4 --rate 10m", 100);
        assert_wire(https[j], "/echo --sockets 20 --size 1-70000 --warmup 0", 4000);
    }
}

static void the_open_loop_keeps_its_rate(void **state)
{
    (void)state;
    for (size_t j = 0; j < 3; j++) {
        run_leg(https[j], "/echo --sockets 7 --connections 3 --threads 2 --rate 1000");
        assert_well();
        assert_in_range(series->late.total, 199, 201);
        assert_in_range(series->latency.total, 199, 201);
    }
}

static void parts_of_opening_are_those_of_the_version(void **state)
{
    (void)state;
    static const struct {
        enum tri_http http;
        uint64_t connect, tls, settings;
        const char *carrier;
    } rows[] = {
        {TRI_HTTP_1_1, 6, 6, 0, "http/1.1, TLS 1.3, "},
        {TRI_HTTP_2, 2, 2, 2, "h2, TLS 1.3, "},
        {TRI_HTTP_3, 2, 0, 2, "h3, TLS 1.3, "},
    };
    for (size_t i = 0; i < 3; i++) {
        run_leg(rows[i].http, "/echo --sockets 6 --connections 2");
        assert_well();
        assert_int_equal(series->connect.total, rows[i].connect);
        assert_int_equal(series->open.total, rows[i].connect);
        assert_int_equal(series->tls.total, rows[i].tls);
        assert_int_equal(series->settings.total, rows[i].settings);
        assert_int_equal(series->connections, rows[i].connect);
        assert_memory_equal(series->carrier, rows[i].carrier, strlen(rows[i].carrier));
    }
}

static void sockets_are_opened_over_and_over(void **state)
{
    (void)state;
    for (size_t j = 0; j < 3; j++) {
        run_leg(https[j], "/echo --mode open --sockets 4 --connections 2 --threads 2");
        assert_well();
        assert_true(series->counts.sockets_opened > 8);
        assert_in_range(series->handshake.total, series->counts.sockets_opened - 8,
                        series->counts.sockets_opened + 8);
        run_leg(https[j], "/echo --mode open --fresh --sockets 2");
        assert_well();
        assert_true(series->counts.sockets_opened > 2);
        assert_true(series->open.total > 2);
    }
}

static void what_the_server_pushes_is_counted(void **state)
{
    (void)state;
    for (size_t j = 0; j < 3; j++) {
        run_leg(https[j], "/push?size=1000 --mode push --sockets 2");
        assert_well();
        assert_true(series->counts.messages_in > 100);
        assert_int_equal(series->counts.bytes_in, 1000 * series->counts.messages_in);
        assert_int_equal(series->counts.messages_out, 0);
    }
}

static void idle_sockets_cost_memory_alone(void **state)
{
    (void)state;
    char rest[128];
    (void)snprintf(rest, sizeof rest, "/echo --mode idle --sockets 50 --server-pid %ld",
                   (long)getpid());
    for (size_t j = 0; j < 3; j++) {
        run_leg(https[j], rest);
        assert_well();
        assert_int_equal(series->counts.messages_in + series->counts.messages_out, 0);
        assert_int_equal(series->opening_sockets, 50);
        assert_true(series->opening_seconds > 0);
        assert_true(series->server_rss_open > 0 && series->server_rss_before > 0);
    }
}

static void all_hear_what_one_says(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "/rooms/a --mode broadcast --sockets 5",
        "/rooms/a --mode broadcast --sockets 6 --connections 3 --threads 3 --size 500",
        "/rooms/a --mode broadcast --sockets 6 --connections 2 --threads 2 --rate 500",
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        for (size_t j = 0; j < 3; j++) {
            run_leg(https[j], lines[i]);
            assert_well();
            const struct bench_counts *c = &series->counts;
            assert_true(c->messages_out > 10);
            assert_in_range(c->messages_in, (c->messages_out - 3) * o.sockets,
                            (c->messages_out + 3) * o.sockets);
            assert_true(series->latency.total > 10);
        }
    }
}

static void a_server_that_closes_is_a_fault(void **state)
{
    (void)state;
    for (size_t j = 0; j < 3; j++) {
        run_leg(https[j], "/short --sockets 3");
        assert_int_equal(series->counts.faults[BENCH_FAULT_CLOSED], 3);
        assert_int_equal(all_faults(), 3);
        assert_string_equal(series->why, "a socket was closed with 4000: enough");
    }
}

static void a_version_that_is_not_offered_is_not_run(void **state)
{
    (void)state;
    bench_server_stop(&server);
    bench_server_start(&server, TRI_HTTP_1_1);
    run_leg(TRI_HTTP_2, "/echo --sockets 3");
    assert_false(series->is_run);
    assert_int_equal(all_faults(), 0);
    assert_true(strlen(series->why) > 10);
    run_leg(TRI_HTTP_1_1, "/missing --sockets 100");
    assert_false(series->is_run);
    assert_non_null(strstr(series->why, "404"));
    bench_server_stop(&server);
    bench_server_start(&server, TRI_HTTP_ALL);
}

static void more_sockets_than_a_connection_takes_are_told(void **state)
{
    (void)state;
    run_leg(TRI_HTTP_2, "/echo --sockets 1001");
    assert_false(series->is_run);
    assert_string_equal(series->why, "the server takes 1000 sockets on a connection, not 1001; "
                                     "give more --connections, or fewer --sockets");
}

static void an_interruption_ends_it_with_nothing_or_with_what_there_is(void **state)
{
    (void)state;
    atomic_store(&interrupts, 1);
    run_leg(TRI_HTTP_1_1, "/echo --sockets 2");
    atomic_store(&interrupts, 0);
    assert_int_equal(series->rounds_len, 0);
    assert_int_equal(all_faults(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(echoes_come_back_over_each_version),
        cmocka_unit_test(what_a_message_takes_on_the_wire_is_at_least_itself),
        cmocka_unit_test(the_open_loop_keeps_its_rate),
        cmocka_unit_test(parts_of_opening_are_those_of_the_version),
        cmocka_unit_test(sockets_are_opened_over_and_over),
        cmocka_unit_test(what_the_server_pushes_is_counted),
        cmocka_unit_test(idle_sockets_cost_memory_alone),
        cmocka_unit_test(all_hear_what_one_says),
        cmocka_unit_test(a_server_that_closes_is_a_fault),
        cmocka_unit_test(a_version_that_is_not_offered_is_not_run),
        cmocka_unit_test(more_sockets_than_a_connection_takes_are_told),
        cmocka_unit_test(an_interruption_ends_it_with_nothing_or_with_what_there_is),
    };
    return cmocka_run_group_tests(tests, start_server, stop_server);
}
