/* A run in words, for the head of a report. */
#ifndef BENCH_DESCRIBE_H
#define BENCH_DESCRIBE_H

#include "bench_result.h"

#define BENCH_DESCRIBE_MAX 512

/* "echo of 32 B messages over 100 sockets on 10 connections, ...". Returns |out|. */
char *bench_describe(char out[BENCH_DESCRIBE_MAX], const struct bench_options *options);

/* What the report calls the server: the label, or the URL. Not cleaned. */
const char *bench_label(const struct bench_options *options);

/* All faults of |series| together. */
uint64_t bench_count_faults(const struct bench_series *series);

#endif
