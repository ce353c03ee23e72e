/*
 * The figures of a report, one row of a table each: what they are called, their unit, and how they
 * follow from what was counted. The terminal, the page, the comparison and the summary in JSON all
 * show the same ones.
 */
#ifndef BENCH_METRIC_H
#define BENCH_METRIC_H

#include "bench_result.h"
#include "bench_text.h"

/* What was counted over some time: of a series, or of one round. */
struct bench_flow {
    const struct bench_counts *counts;
    double seconds;
    const struct bench_cpu *client, *server;
};

enum bench_better { BENCH_HIGHER, BENCH_LOWER, BENCH_NEITHER };

/* Exactly one of of_flow, of_series and histogram says where the value comes from. */
struct bench_metric {
    const char *key;   /* in JSON: "latency_p99" */
    const char *group; /* of rows that stand together: "latency" */
    const char *name;  /* in its group: "p99" */
    const char *per;   /* what bare numbers count: "1/s"; NULL: nothing, or the scale tells it */
    enum bench_unit unit;
    enum bench_better better;
    unsigned modes; /* 1 << enum bench_mode: where it means something */
    double (*of_flow)(const struct bench_flow *flow);
    double (*of_series)(const struct bench_series *series);
    size_t histogram; /* its offset in struct bench_series; 0: none */
    double quantile;  /* of |histogram| */
    size_t round_ns;  /* the same of a round: offset in struct bench_round; 0: not known */
};

/* The |index|-th, in the order of the report; NULL past the end. */
const struct bench_metric *bench_metric_at(size_t index);
const struct bench_metric *bench_metric_by_key(const char *key); /* NULL: there is none */

/* The value for |series|; NAN if it was not measured. */
double bench_metric_value(const struct bench_metric *metric, const struct bench_series *series);

/* The same of a round. */
double bench_metric_of_round(const struct bench_metric *metric, const struct bench_round *round);

/* How the rounds lie. */
struct bench_spread {
    double min, median, max; /* NAN if there is no round that has a value */
    size_t len;              /* rounds that have one */
};
struct bench_spread bench_metric_spread(const struct bench_metric *metric,
                                        const struct bench_series *series);

/* Whether |metric| belongs in a report of |result|: its mode is right, and some series has it. */
bool bench_metric_is_shown(const struct bench_metric *metric, const struct bench_result *result);

/* The scale on which the values of |metric| of all series can be compared. */
struct bench_scale bench_metric_scale(const struct bench_metric *metric,
                                      const struct bench_result *const *results, size_t len);

/* The unit as a table writes it: "us", "1/s", "B"; "" for a bare number. */
const char *bench_metric_unit(const struct bench_metric *metric, const struct bench_scale *scale);

#endif
