/* The arguments of `trisock bench` as one line, for tests of the options and of their values. */
#ifndef TRI_TESTS_BENCH_LINE_H
#define TRI_TESTS_BENCH_LINE_H

#include "bench_options.h"

/* Parses "a b c": up to 48 arguments without blanks. |o| borrows from a text of its own, which the
 * next call changes. |error| gets BENCH_ERROR_MAX bytes, as from bench_options_parse. */
enum tri_err bench_line(struct bench_options *o, const char *line, char *error);

#endif
