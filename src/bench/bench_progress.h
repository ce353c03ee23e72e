/* The line on a terminal that tells how a run goes. It writes over itself. */
#ifndef BENCH_PROGRESS_H
#define BENCH_PROGRESS_H

#include "bench_leg.h"

#include <stdio.h>

#define BENCH_PROGRESS_MAX 120u

struct bench_progress {
    FILE *out; /* NULL: nowhere */
    size_t round, rounds;
    uint64_t messages, at_ns; /* as they were when it was shown last */
};

/* What the line says of |leg| at |now_ns|. Remembers it for the next one. */
void bench_progress_text(struct bench_progress *p, const struct bench_leg *leg, uint64_t now_ns,
                         char text[BENCH_PROGRESS_MAX]);

void bench_progress_show(struct bench_progress *p, const struct bench_leg *leg);

/* Removes the line. */
void bench_progress_clear(struct bench_progress *p);

#endif
