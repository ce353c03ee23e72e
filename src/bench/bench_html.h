/*
 * The report as a page: one file without scripts and without references to others, tables and
 * drawings (inline SVG) of one run, or of two side by side.
 */
#ifndef BENCH_HTML_H
#define BENCH_HTML_H

#include "bench_result.h"

#define BENCH_HTML_RUNS_MAX 2u

/*
 * Writes a page of |runs_len| (1 or 2) runs to |file|, as a whole or not at all. What comes from
 * outside (URL, label, text of the server) is escaped. TRI_OK; TRI_ERR_IO, TRI_ERR_NOMEM: |error| has
 * a sentence that names the file and the cause.
 */
TRI_MUST_USE enum tri_err bench_html_write(const struct bench_result *const *runs, size_t runs_len,
                                           const char *file, char error[BENCH_ERROR_MAX]);

#endif
