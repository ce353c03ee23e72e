/* See bench_verdict.h. */
#include "bench_verdict.h"

#include <math.h>

const char *bench_verdict_name(enum bench_verdict verdict)
{
    switch (verdict) {
    case BENCH_NO_VERDICT:
        return "";
    case BENCH_WITHIN:
        return "within spread";
    case BENCH_BETTER:
        return "better";
    case BENCH_WORSE:
        return "worse";
    case BENCH_OTHER:
        return "other";
    }
    return "";
}

/* What differs by less is the same: times are not known better. */
#define LEAST_DIFFERENCE 0.01

static enum bench_verdict judge(const struct bench_metric *metric, const struct bench_series *a,
                                const struct bench_series *b)
{
    const struct bench_spread x = bench_metric_spread(metric, a);
    const struct bench_spread y = bench_metric_spread(metric, b);
    if (x.len < 2 || y.len < 2) {
        return BENCH_NO_VERDICT;
    }
    const bool is_over = y.min > x.max && y.median > x.median * (1 + LEAST_DIFFERENCE);
    const bool is_under = y.max < x.min && y.median < x.median * (1 - LEAST_DIFFERENCE);
    if (!is_over && !is_under) {
        return BENCH_WITHIN;
    }
    switch (metric->better) {
    case BENCH_HIGHER:
        return is_over ? BENCH_BETTER : BENCH_WORSE;
    case BENCH_LOWER:
        return is_over ? BENCH_WORSE : BENCH_BETTER;
    case BENCH_NEITHER:
        break;
    }
    return BENCH_OTHER;
}

struct bench_difference bench_difference_of(const struct bench_metric *metric,
                                            const struct bench_series *a,
                                            const struct bench_series *b)
{
    struct bench_difference d = {.a = a ? bench_metric_value(metric, a) : (double)NAN,
                                 .b = b ? bench_metric_value(metric, b) : (double)NAN,
                                 .ratio = (double)NAN};
    if (isfinite(d.a) && isfinite(d.b)) {
        d.ratio = d.a > 0 && d.b >= 0 ? d.b / d.a : (double)NAN;
        d.verdict = judge(metric, a, b);
    }
    return d;
}

const struct bench_series *bench_find_series(const struct bench_result *result, enum tri_http http)
{
    for (size_t i = 0; i < result->series_len; i++) {
        if (result->series[i].http == http) {
            return &result->series[i];
        }
    }
    return NULL;
}
