/* The parts of the page, which bench_html.c puts together. For bench_html*.c alone. */
#ifndef BENCH_HTML_PAGE_H
#define BENCH_HTML_PAGE_H

#include "bench_html.h"
#include "bench_metric.h"

#include <stdio.h>

#define BENCH_HTML_LINES_MAX (BENCH_HTML_RUNS_MAX * BENCH_HTTPS_MAX)

/* One version of one run, as drawings show it: by colour, shape and label. */
struct bench_html_line {
    const struct bench_series *series;
    char label[8];   /* "h2"; of two runs "A h2" */
    const char *css; /* its classes: "h2", of the second run "h2 b" */
    unsigned shape;
};

struct bench_html_page {
    FILE *out;
    const struct bench_result *const *runs;
    size_t runs_len;
    struct bench_html_line lines[BENCH_HTML_LINES_MAX]; /* those that were run */
    size_t lines_len;
};

extern const char bench_html_style[];

/* Each writes its part, or nothing where nothing was measured. */
void bench_html_cards(const struct bench_html_page *page);
void bench_html_figures_table(const struct bench_html_page *page);
void bench_html_faults(const struct bench_html_page *page);
void bench_html_percentiles(const struct bench_html_page *page);
void bench_html_distribution(const struct bench_html_page *page);
void bench_html_rounds(const struct bench_html_page *page);
void bench_html_opening(const struct bench_html_page *page);
void bench_html_cpu(const struct bench_html_page *page);
void bench_html_wire(const struct bench_html_page *page);
void bench_html_memory(const struct bench_html_page *page);

/* The frame of a drawing: its title, and a sentence that says what it shows. */
void bench_html_figure_begin(const struct bench_html_page *page, const char *title,
                             const char *sentence);
void bench_html_figure_end(const struct bench_html_page *page);

#endif
