/*
 * The functions that take the values of one option of `trisock bench`; the table that names them is
 * in bench_options.c.
 *
 * Each returns TRI_OK, or TRI_ERR_INVALID when a value is none for the option: p->error then has
 * one sentence that names the option, the value and the remedy.
 */
#ifndef BENCH_VALUES_H
#define BENCH_VALUES_H

#include "bench_options.h"
#include "bench_result.h"

/* What the values are read into. */
struct bench_parsing {
    struct bench_options *out;
    char *error; /* BENCH_ERROR_MAX bytes */
};

struct bench_option;

/* |values| are as many as the option has. */
typedef enum tri_err bench_take(const struct bench_parsing *p, const struct bench_option *o,
                                const char *const *values);

/* One option of the table. */
struct bench_option {
    const char *name; /* with the dashes */
    bench_take *take;
    int values;        /* how many */
    size_t field;      /* offset in struct bench_options */
    uint64_t min, max; /* of a count; of a duration: min 1 when it cannot be 0 */
};

/* Writes the sentence of an error. Returns TRI_ERR_INVALID. */
enum tri_err bench_fail(const struct bench_parsing *p, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

bench_take bench_take_string;
bench_take bench_take_flag;
bench_take bench_take_count;
bench_take bench_take_duration;
bench_take bench_take_http;
bench_take bench_take_sizes;
bench_take bench_take_rate;
bench_take bench_take_mode;
bench_take bench_take_deflate;
bench_take bench_take_pid;
bench_take bench_take_header;
bench_take bench_take_compare;
bench_take bench_take_seed;

#endif
