/* Two runs side by side: for each HTTP version, A, B, their ratio, and whether it is more than noise. */
#ifndef BENCH_COMPARE_H
#define BENCH_COMPARE_H

#include "bench_result.h"

#include <stdio.h>

/*
 * `--compare A B`: reads the two files of |options|, prints the table to |out| and, with --html,
 * writes the page. Returns TRI_OK; the errors of bench_json_read and bench_html_write, with their
 * sentence in |error|.
 */
TRI_MUST_USE enum tri_err bench_compare(const struct bench_options *options, FILE *out,
                                        char error[BENCH_ERROR_MAX]);

/* The table alone. */
void bench_compare_print(FILE *out, const struct bench_result *a, const struct bench_result *b);

#endif
