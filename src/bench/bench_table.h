/* The report of a run on a terminal, or in a file: plain text, a column for each HTTP version. */
#ifndef BENCH_TABLE_H
#define BENCH_TABLE_H

#include "bench_result.h"

#include <stdio.h>

/*
 * Prints what |result| measured: a line that says what was done, a row for each figure with its
 * unit, the spread over the rounds, faults by kind, and why a version could not be run. Text of the
 * server is printed without control characters. Whether |out| could be written is the caller's to
 * ask (ferror).
 */
void bench_table_print(FILE *out, const struct bench_result *result);

#endif
