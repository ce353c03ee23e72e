/* See bench_table.h. */
#include "bench_table.h"

#include "bench_describe.h"
#include "bench_grid.h"
#include "bench_metric.h"

#include <math.h>
#include <string.h>

static const char *clean(char out[BENCH_DESCRIBE_MAX], const char *text)
{
    return bench_text_clean(out, BENCH_DESCRIBE_MAX, text);
}

/* ---------------------------------------------------------------------------------------- head */

static void print_head(FILE *out, const struct bench_result *r)
{
    char text[BENCH_DESCRIBE_MAX];
    (void)fprintf(out, "%s\n", clean(text, bench_label(r->options)));
    if (r->server_software[0] != '\0') {
        (void)fprintf(out, "server: %s\n", clean(text, r->server_software));
    }
    (void)fprintf(out, "%s\n", bench_describe(text, r->options));
    (void)fprintf(out, "%s, trisock %s, ", r->started, r->trisock);
    (void)fprintf(out, "%s\n", clean(text, r->machine));
    if (r->is_interrupted) {
        (void)fputs("interrupted by a signal: these are the results so far\n", out);
    }
    (void)fputc('\n', out);
}

/* --------------------------------------------------------------------------------------- grids */

/* The cells before those of the versions: group (where it is another than before), name, unit. */
static void add_row_head(struct bench_grid *grid, const struct bench_metric *metric,
                         const char **group, const char *unit)
{
    const bool is_new = !*group || strcmp(*group, metric->group) != 0;
    bench_grid_row(grid);
    bench_grid_cell(grid, is_new ? metric->group : "");
    bench_grid_cell(grid, metric->name);
    bench_grid_cell(grid, unit);
    *group = metric->group;
}

static void add_version_names(struct bench_grid *grid, const struct bench_result *r)
{
    bench_grid_row(grid);
    for (size_t i = 0; i < 3; i++) {
        bench_grid_cell(grid, "");
    }
    for (size_t i = 0; i < r->series_len; i++) {
        bench_grid_cell(grid, bench_http_name(r->series[i].http));
    }
}

static void print_figures(FILE *out, const struct bench_result *r)
{
    struct bench_grid grid;
    bench_grid_init(&grid, 3);
    add_version_names(&grid, r);
    const char *group = NULL;
    const struct bench_metric *metric = NULL;
    for (size_t m = 0; (metric = bench_metric_at(m)) != NULL; m++) {
        if (!bench_metric_is_shown(metric, r)) {
            continue;
        }
        const struct bench_scale scale = bench_metric_scale(metric, &r, 1);
        add_row_head(&grid, metric, &group, bench_metric_unit(metric, &scale));
        for (size_t i = 0; i < r->series_len; i++) {
            char number[BENCH_NUMBER_MAX];
            const double value = bench_metric_value(metric, &r->series[i]);
            bench_grid_cell(&grid, bench_number(number, value, &scale));
        }
    }
    bench_grid_print(&grid, out);
}

static void add_spread(struct bench_grid *grid, const struct bench_spread *spread,
                       const struct bench_scale *scale)
{
    char least[BENCH_NUMBER_MAX];
    char middle[BENCH_NUMBER_MAX];
    char most[BENCH_NUMBER_MAX];
    char cell[BENCH_GRID_CELL_MAX];
    (void)snprintf(cell, sizeof cell, "%s .. %s .. %s", bench_number(least, spread->min, scale),
                   bench_number(middle, spread->median, scale),
                   bench_number(most, spread->max, scale));
    bench_grid_cell(grid, spread->len > 0 ? cell : "-");
}

/* Whether the rounds tell something of |metric|: bytes a message hardly differ between them. */
static bool has_rounds(const struct bench_metric *metric, const struct bench_result *r)
{
    if (metric->better == BENCH_NEITHER || metric->unit == BENCH_UNIT_BYTES ||
        metric->unit == BENCH_UNIT_SPEED) {
        return false;
    }
    size_t most = 0;
    for (size_t i = 0; i < r->series_len; i++) {
        const struct bench_spread spread = bench_metric_spread(metric, &r->series[i]);
        most = spread.len > most ? spread.len : most;
    }
    return most > 1;
}

/* Of each figure that the rounds have too: the least, the middle and the most of them. */
static void print_spreads(FILE *out, const struct bench_result *r)
{
    struct bench_grid grid;
    bench_grid_init(&grid, 3);
    add_version_names(&grid, r);
    const char *group = NULL;
    const struct bench_metric *metric = NULL;
    for (size_t m = 0; (metric = bench_metric_at(m)) != NULL; m++) {
        if (!bench_metric_is_shown(metric, r) || !has_rounds(metric, r)) {
            continue;
        }
        const struct bench_scale scale = bench_metric_scale(metric, &r, 1);
        add_row_head(&grid, metric, &group, bench_metric_unit(metric, &scale));
        for (size_t i = 0; i < r->series_len; i++) {
            const struct bench_spread spread = bench_metric_spread(metric, &r->series[i]);
            add_spread(&grid, &spread, &scale);
        }
    }
    if (group) {
        (void)fputs("\nover the rounds: least .. median .. most\n", out);
        bench_grid_print(&grid, out);
    }
}

/* -------------------------------------------------------------------------------------- faults */

static uint64_t count_kind(const struct bench_result *r, size_t kind)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < r->series_len; i++) {
        sum += r->series[i].counts.faults[kind];
    }
    return sum;
}

static void print_faults(FILE *out, const struct bench_result *r)
{
    struct bench_grid grid;
    bench_grid_init(&grid, 3);
    add_version_names(&grid, r);
    bool has_any = false;
    const struct bench_scale scale = bench_scale_of(BENCH_UNIT_NUMBER, 0);
    for (size_t kind = 0; kind < BENCH_FAULTS; kind++) {
        if (count_kind(r, kind) == 0) {
            continue;
        }
        bench_grid_row(&grid);
        bench_grid_cell(&grid, has_any ? "" : "faults");
        bench_grid_cell(&grid, bench_fault_name((enum bench_fault)kind));
        bench_grid_cell(&grid, "");
        for (size_t i = 0; i < r->series_len; i++) {
            char number[BENCH_NUMBER_MAX];
            const double count = (double)r->series[i].counts.faults[kind];
            const bool is_run = r->series[i].is_run || count > 0;
            bench_grid_cell(&grid, bench_number(number, is_run ? count : (double)NAN, &scale));
        }
        has_any = true;
    }
    (void)fputs(has_any ? "\n" : "\nfaults: none\n", out);
    if (has_any) {
        bench_grid_print(&grid, out);
    }
}

/* What each version rode on, why it was not run, and what its first fault was. */
static void print_words(FILE *out, const struct bench_result *r)
{
    char text[BENCH_DESCRIBE_MAX];
    for (size_t i = 0; i < r->series_len; i++) {
        const struct bench_series *s = &r->series[i];
        const char *name = bench_http_name(s->http);
        if (!s->is_run) {
            (void)fprintf(out, "%s was not run: %s\n", name, clean(text, s->why));
            continue;
        }
        (void)fprintf(out, "%s rode on %s\n", name, clean(text, s->carrier));
        if (s->why[0] != '\0') {
            (void)fprintf(out, "%s, the first fault: %s\n", name, clean(text, s->why));
        }
    }
}

/* Where nothing was measured, empty rows and "no faults" would read like a good result. */
static bool has_measured(const struct bench_result *r)
{
    bool has_any = false;
    for (size_t i = 0; i < r->series_len; i++) {
        has_any = has_any || r->series[i].is_run;
    }
    for (size_t kind = 0; kind < BENCH_FAULTS; kind++) {
        has_any = has_any || count_kind(r, kind) > 0;
    }
    return has_any;
}

void bench_table_print(FILE *out, const struct bench_result *result)
{
    print_head(out, result);
    if (has_measured(result)) {
        print_figures(out, result);
        print_spreads(out, result);
        print_faults(out, result);
    }
    print_words(out, result);
}
