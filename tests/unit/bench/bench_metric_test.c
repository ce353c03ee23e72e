/* What follows from the counts. */
#include "bench_metric.h"
#include "sample_result.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static struct bench_series series; /* large */

static double value_of(const char *key)
{
    const struct bench_metric *metric = bench_metric_by_key(key);
    assert_non_null(metric);
    return bench_metric_value(metric, &series);
}

static void figures_follow_from_the_counts(void **state)
{
    (void)state;
    series = (struct bench_series){
        .is_run = true,
        .sockets = 10,
        .connections = 2,
        .seconds = 4,
        .counts = {.messages_out = 1000,
                   .messages_in = 2000,
                   .bytes_out = 32000,
                   .bytes_in = 64000,
                   .wire_out = 50000,
                   .wire_in = 80000,
                   .sockets_opened = 20},
        .client = {1000000, 3000000},
        .server = {0, 2000000},
        .server_rss_before = 1000000,
        .server_rss_open = 1500000,
    };
    static const struct {
        const char *key;
        double value;
    } rows[] = {
        {"messages_per_s", 500},
        {"messages_out_per_s", 250},
        {"bytes_per_s", 16000},
        {"sockets_per_s", 5},
        {"wire_out_per_message", 50},
        {"wire_in_per_message", 40},
        {"overhead_out_per_message", 18},
        {"overhead_in_per_message", 8},
        {"wire_out_per_socket", 2500},
        {"wire_in_per_socket", 4000},
        {"client_cpu_per_message", 2000},
        {"server_cpu_per_message", 1000},
        {"client_cpu_per_socket", 200000},
        {"server_cpu_per_socket", 100000},
        {"client_load", 0.1},
        {"server_load", 0.05},
        {"server_memory_per_socket", 50000},
        {"sockets", 10},
        {"connections", 2},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (fabs(value_of(rows[i].key) - rows[i].value) > rows[i].value * 1e-9) {
            fail_msg("%s is %g, not %g", rows[i].key, value_of(rows[i].key), rows[i].value);
        }
    }
}

static void what_was_not_measured_is_no_number(void **state)
{
    (void)state;
    memset(&series, 0, sizeof series);
    series.is_run = true;
    const struct bench_metric *metric = NULL;
    for (size_t i = 0; (metric = bench_metric_at(i)) != NULL; i++) {
        assert_true(isnan(bench_metric_value(metric, &series)));
        assert_int_equal(bench_metric_spread(metric, &series).len, 0);
    }
    series.seconds = 1;
    series.counts.messages_in = 1;
    assert_true(isnan(value_of("server_cpu_per_message"))); /* no --server-pid */
    series.sockets = 1;
    series.server_rss_before = series.server_rss_open = 1000;
    assert_true(isnan(value_of("server_memory_per_socket"))); /* it did not grow */
    series.is_run = false;
    assert_true(isnan(value_of("messages_per_s")));
}

static void quantiles_come_from_their_histogram(void **state)
{
    (void)state;
    memset(&series, 0, sizeof series);
    series.is_run = true;
    for (uint64_t i = 1; i <= 100; i++) {
        bench_histogram_record(&series.latency, i);
        bench_histogram_record(&series.open, 2 * i);
    }
    assert_true(value_of("latency_p50") == 50 && value_of("latency_p99") == 99);
    assert_true(value_of("latency_p90") == 90 && value_of("latency_max") == 100);
    assert_true(value_of("latency_p999") == 100);
    assert_true(value_of("open_p50") == 100 && value_of("open_p99") == 198);
    assert_true(isnan(value_of("tls_p50")));
}

static void the_spread_is_of_the_rounds_that_have_a_value(void **state)
{
    (void)state;
    memset(&series, 0, sizeof series);
    static const uint64_t p50[] = {40, 0, 10, 30, 20};
    for (size_t i = 0; i < 5; i++) {
        series.rounds[i].latency_p50_ns = p50[i];
    }
    series.rounds_len = 5;
    const struct bench_metric *metric = bench_metric_by_key("latency_p50");
    const struct bench_spread spread = bench_metric_spread(metric, &series);
    assert_int_equal(spread.len, 4);
    assert_true(spread.min == 10 && spread.median == 25 && spread.max == 40);
}

static void a_row_is_written_on_one_scale(void **state)
{
    (void)state;
    static const struct {
        uint64_t least, most; /* ns */
        const char *unit;
    } rows[] = {
        {10, 999, "ns"},         {999, 99999, "ns"},
        {999, 100000, "us"},     {631, 864255, "us"},
        {803000, 4260000, "us"}, {4000000, 13900000, "ms"},
        {0, 1500, "us"},         {0, 0, "ns"},
    };
    struct sample_result *sample = sample_result_new(BENCH_ECHO, 1);
    const struct bench_result *result = &sample->result;
    const struct bench_metric *metric = bench_metric_by_key("latency_max");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        sample->result.series_len = 2;
        memset(&sample->result.series[0].latency, 0, sizeof(struct bench_histogram));
        memset(&sample->result.series[1].latency, 0, sizeof(struct bench_histogram));
        bench_histogram_record(&sample->result.series[0].latency, rows[i].least);
        bench_histogram_record(&sample->result.series[1].latency, rows[i].most);
        assert_string_equal(bench_metric_scale(metric, &result, 1).name, rows[i].unit);
    }
    free(sample);
}

static void no_key_is_there_twice_and_each_has_one_source(void **state)
{
    (void)state;
    const struct bench_metric *metric = NULL;
    size_t len = 0;
    for (; (metric = bench_metric_at(len)) != NULL; len++) {
        assert_ptr_equal(bench_metric_by_key(metric->key), metric);
        assert_int_equal(
            (metric->of_flow != NULL) + (metric->of_series != NULL) + (metric->histogram != 0), 1);
        assert_true(metric->modes != 0);
    }
    assert_true(len > 25);
    assert_null(bench_metric_by_key("none"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(figures_follow_from_the_counts),
        cmocka_unit_test(what_was_not_measured_is_no_number),
        cmocka_unit_test(quantiles_come_from_their_histogram),
        cmocka_unit_test(the_spread_is_of_the_rounds_that_have_a_value),
        cmocka_unit_test(a_row_is_written_on_one_scale),
        cmocka_unit_test(no_key_is_there_twice_and_each_has_one_source),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
