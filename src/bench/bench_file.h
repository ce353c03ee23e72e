/*
 * A report's file, written as a whole or not at all: into a file beside it, which takes its place
 * when all is written. What is not a regular file (a pipe, /dev/stdout) is written directly.
 */
#ifndef BENCH_FILE_H
#define BENCH_FILE_H

#include "bench_options.h"

#include <stdio.h>

struct bench_file {
    FILE *out;        /* where to write; errors of writing are found by bench_file_commit */
    const char *name; /* borrowed, as it was given */
    char *target;     /* what is replaced; NULL: |out| is the file itself */
    char *temporary;  /* NULL: as |target| */
};

/* TRI_OK; TRI_ERR_IO, TRI_ERR_NOMEM: |error| has a sentence that names the file and the cause. */
TRI_MUST_USE enum tri_err bench_file_open(struct bench_file *f, const char *name,
                                          char error[BENCH_ERROR_MAX]);

/* Whether bench_file_open would do, as far as can be told before there is anything to write.
 * Errors as above. */
TRI_MUST_USE enum tri_err bench_file_check(const char *name, char error[BENCH_ERROR_MAX]);

/* Makes it what |name| is. Either of these two ends |f|. Errors as above; nothing is left then. */
TRI_MUST_USE enum tri_err bench_file_commit(struct bench_file *f, char error[BENCH_ERROR_MAX]);
void bench_file_abandon(struct bench_file *f);

#endif
