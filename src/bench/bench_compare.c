/* See bench_compare.h. */
#include "bench_compare.h"

#include "bench_describe.h"
#include "bench_grid.h"
#include "bench_html.h"
#include "bench_json.h"
#include "bench_verdict.h"

#include <assert.h>
#include <math.h>
#include <string.h>

static void print_head(FILE *out, const char *letter, const struct bench_result *r)
{
    char text[BENCH_DESCRIBE_MAX];
    (void)fprintf(out, "%s: %s\n", letter,
                  bench_text_clean(text, sizeof text, bench_label(r->options)));
    (void)fprintf(out, "   %s\n", bench_describe(text, r->options));
    (void)fprintf(out, "   %s, ", bench_text_clean(text, sizeof text, r->started));
    (void)fprintf(out, "trisock %s, ", bench_text_clean(text, sizeof text, r->trisock));
    (void)fprintf(out, "%s\n", bench_text_clean(text, sizeof text, r->machine));
    if (r->is_interrupted) {
        (void)fputs("   interrupted by a signal\n", out);
    }
}

static void add_head_row(struct bench_grid *grid, enum tri_http http)
{
    const char *const cells[] = {bench_http_name(http), "", "", "A", "B", "B / A", ""};
    bench_grid_row(grid);
    for (size_t i = 0; i < sizeof cells / sizeof cells[0]; i++) {
        bench_grid_cell(grid, cells[i]);
    }
}

static void add_difference(struct bench_grid *grid, const struct bench_difference *d,
                           const struct bench_scale *scale)
{
    char number[BENCH_NUMBER_MAX];
    bench_grid_cell(grid, bench_number(number, d->a, scale));
    bench_grid_cell(grid, bench_number(number, d->b, scale));
    (void)snprintf(number, sizeof number, isfinite(d->ratio) ? "%.3f" : "-", d->ratio);
    bench_grid_cell(grid, number);
    bench_grid_cell(grid, bench_verdict_name(d->verdict));
}

/* A row for each figure that one of the two has. */
static void print_version(FILE *out, const struct bench_result *const runs[2], enum tri_http http)
{
    struct bench_grid grid;
    bench_grid_init(&grid, 3);
    add_head_row(&grid, http);
    const char *group = NULL;
    const struct bench_metric *metric = NULL;
    for (size_t m = 0; (metric = bench_metric_at(m)) != NULL; m++) {
        const struct bench_difference d = bench_difference_of(
            metric, bench_find_series(runs[0], http), bench_find_series(runs[1], http));
        const bool is_shown =
            bench_metric_is_shown(metric, runs[0]) || bench_metric_is_shown(metric, runs[1]);
        if (!is_shown || (!isfinite(d.a) && !isfinite(d.b))) {
            continue;
        }
        const struct bench_scale scale = bench_metric_scale(metric, runs, 2);
        bench_grid_row(&grid);
        bench_grid_cell(&grid, !group || strcmp(group, metric->group) != 0 ? metric->group : "");
        bench_grid_cell(&grid, metric->name);
        bench_grid_cell(&grid, bench_metric_unit(metric, &scale));
        add_difference(&grid, &d, &scale);
        group = metric->group;
    }
    (void)fputc('\n', out);
    bench_grid_print(&grid, out);
}

/* Why a version is missing in one of them, and whether faults were counted. */
static void print_words(FILE *out, const char *letter, const struct bench_result *r)
{
    char text[BENCH_DESCRIBE_MAX];
    for (size_t i = 0; i < r->series_len; i++) {
        const struct bench_series *s = &r->series[i];
        const uint64_t faults = bench_count_faults(s);
        if (!s->is_run) {
            (void)fprintf(out, "%s: %s was not run: %s\n", letter, bench_http_name(s->http),
                          bench_text_clean(text, sizeof text, s->why));
        } else if (faults > 0) {
            (void)fprintf(out, "%s: %s had %llu faults, the first: %s\n", letter,
                          bench_http_name(s->http), (unsigned long long)faults,
                          bench_text_clean(text, sizeof text, s->why));
        }
    }
}

void bench_compare_print(FILE *out, const struct bench_result *a, const struct bench_result *b)
{
    static const enum tri_http all[] = {TRI_HTTP_1_1, TRI_HTTP_2, TRI_HTTP_3};
    const struct bench_result *const runs[2] = {a, b};
    print_head(out, "A", a);
    print_head(out, "B", b);
    if (a->options->mode != b->options->mode) {
        (void)fputs("these are runs of different modes: what both measured is compared\n", out);
    }
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        if (bench_find_series(a, all[i]) || bench_find_series(b, all[i])) {
            print_version(out, runs, all[i]);
        }
    }
    (void)fputs("\nbetter, worse: every round of B is beyond every round of A; within spread: the "
                "rounds\noverlap, and the difference may be noise; no word: the rounds do not "
                "tell\n",
                out);
    print_words(out, "A", a);
    print_words(out, "B", b);
}

static enum tri_err compare_runs(const struct bench_options *options, FILE *out,
                                 struct bench_run *const runs[2], char error[BENCH_ERROR_MAX])
{
    bench_compare_print(out, &runs[0]->result, &runs[1]->result);
    if (!options->html_file) {
        return TRI_OK;
    }
    const struct bench_result *const both[2] = {&runs[0]->result, &runs[1]->result};
    return bench_html_write(both, 2, options->html_file, error);
}

enum tri_err bench_compare(const struct bench_options *options, FILE *out,
                           char error[BENCH_ERROR_MAX])
{
    assert(options->compare[0] && options->compare[1]);
    struct bench_run *runs[2] = {NULL, NULL};
    enum tri_err err = bench_json_read(&runs[0], options->compare[0], error);
    if (err == TRI_OK) {
        err = bench_json_read(&runs[1], options->compare[1], error);
    }
    if (err == TRI_OK) {
        err = compare_runs(options, out, runs, error);
    }
    bench_run_free(runs[0]);
    bench_run_free(runs[1]);
    return err;
}
