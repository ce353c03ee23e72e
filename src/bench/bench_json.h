/*
 * A run in a file: "format": "trisock-bench", "version": 1. Every member is described in
 * src/docs/bench-json.md.
 */
#ifndef BENCH_JSON_H
#define BENCH_JSON_H

#include "bench_result.h"

/* The longest file that is read; the longest that is written is some 5 MiB. */
#define BENCH_JSON_BYTES_MAX (8u << 20)

/*
 * Writes |result| to |file|, as a whole or not at all: a file of that name is replaced in one step.
 * TRI_OK; TRI_ERR_IO, TRI_ERR_NOMEM: |error| has a sentence that names the file and the cause.
 */
TRI_MUST_USE enum tri_err bench_json_write(const struct bench_result *result, const char *file,
                                           char error[BENCH_ERROR_MAX]);

/* A run that was read from a file. |result.options| is |options|. */
struct bench_run {
    struct bench_result result;
    struct bench_options options;
    void *strings; /* what the strings of |options| are borrowed from */
};

/*
 * Reads |file| again. On TRI_OK, *out is to be given to bench_run_free; else it is NULL, and |error|
 * has a sentence that names the file and, where it is not what such a file holds, the member.
 *
 * Returns TRI_OK; TRI_ERR_NOT_FOUND, TRI_ERR_IO; TRI_ERR_LIMIT (over BENCH_JSON_BYTES_MAX);
 * TRI_ERR_INVALID (not JSON, not of this format or version, a member that is missing, of another
 * type or out of its range); TRI_ERR_NOMEM.
 */
TRI_MUST_USE enum tri_err bench_json_read(struct bench_run **out, const char *file,
                                          char error[BENCH_ERROR_MAX]);

/* The same of |len| bytes at |data|; |file| is only named in errors. */
TRI_MUST_USE enum tri_err bench_json_parse(struct bench_run **out, const char *data, size_t len,
                                           const char *file, char error[BENCH_ERROR_MAX]);

void bench_run_free(struct bench_run *run); /* NULL is fine */

#endif
