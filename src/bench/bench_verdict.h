/* Whether two runs differ in a figure, or only as their own rounds do. */
#ifndef BENCH_VERDICT_H
#define BENCH_VERDICT_H

#include "bench_metric.h"

enum bench_verdict {
    BENCH_NO_VERDICT, /* one of the two has no value, or not two rounds to tell the spread from */
    BENCH_WITHIN,     /* the rounds of both overlap, or differ by less than 1 %: it may be noise */
    BENCH_BETTER,     /* B is beyond all rounds of A, to the better */
    BENCH_WORSE,
    BENCH_OTHER, /* beyond the spread, of a figure that is neither good nor bad */
};

/* The verdict in one word, for a table: "better", "within spread", "" for none. */
const char *bench_verdict_name(enum bench_verdict verdict);

struct bench_difference {
    double a, b;  /* NAN: not measured */
    double ratio; /* b / a; NAN if that is none */
    enum bench_verdict verdict;
};

/* |a| and |b| may be NULL: a version that one of the runs does not have. */
struct bench_difference bench_difference_of(const struct bench_metric *metric,
                                            const struct bench_series *a,
                                            const struct bench_series *b);

/* The series of |http|; NULL if there is none. */
const struct bench_series *bench_find_series(const struct bench_result *result, enum tri_http http);

#endif
