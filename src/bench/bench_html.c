/* See bench_html.h: the page as a whole, its head and its foot. */
#include "bench_html.h"

#include "bench_describe.h"
#include "bench_file.h"
#include "bench_html_page.h"
#include "bench_svg.h"
#include "bench_verdict.h"

#include <assert.h>
#include <string.h>

/* ----------------------------------------------------------------------------------- the lines */

static void name_line(struct bench_html_line *line, enum tri_http http, size_t run, bool is_alone)
{
    static const char *const first[] = {"h1", "h2", "h3"};
    static const char *const second[] = {"h1 b", "h2 b", "h3 b"};
    line->shape = http == TRI_HTTP_1_1 ? 0 : http == TRI_HTTP_2 ? 1 : 2;
    line->css = run == 0 ? first[line->shape] : second[line->shape];
    const char *letter = run == 0 ? "A " : "B ";
    (void)snprintf(line->label, sizeof line->label, "%s%s", is_alone ? "" : letter,
                   bench_http_name(http));
}

/* The line of |http| in the run at |run|, if it was run. */
static void add_line(struct bench_html_page *page, enum tri_http http, size_t run)
{
    const struct bench_series *s = bench_find_series(page->runs[run], http);
    if (!s || !s->is_run) {
        return;
    }
    assert(page->lines_len < BENCH_HTML_LINES_MAX);
    struct bench_html_line *line = &page->lines[page->lines_len++];
    line->series = s;
    name_line(line, http, run, page->runs_len == 1);
}

/* Of two runs, the same version of both stands side by side. */
static void collect_lines(struct bench_html_page *page)
{
    static const enum tri_http order[] = {TRI_HTTP_1_1, TRI_HTTP_2, TRI_HTTP_3};
    for (size_t h = 0; h < BENCH_HTTPS_MAX; h++) {
        for (size_t r = 0; r < page->runs_len; r++) {
            add_line(page, order[h], r);
        }
    }
}

/* ---------------------------------------------------------------------------------------- head */

static void write_fact(FILE *out, const char *name, const char *value)
{
    if (value[0] == '\0') {
        return;
    }
    (void)fprintf(out, "<dt>%s</dt><dd>", name);
    bench_html_text(out, value);
    (void)fputs("</dd>\n", out);
}

static void write_notices(FILE *out, const struct bench_result *run)
{
    if (run->is_interrupted) {
        (void)fputs("<p class=\"notice\">Interrupted by a signal: these are the results so far."
                    "</p>\n",
                    out);
    }
    for (size_t i = 0; i < run->series_len; i++) {
        if (!run->series[i].is_run) {
            (void)fprintf(out, "<p class=\"notice\"><b>%s was not run.</b> ",
                          bench_http_name(run->series[i].http));
            bench_html_text(out, run->series[i].why);
            (void)fputs("</p>\n", out);
        }
    }
}

static void write_run(FILE *out, const struct bench_result *run, const char *letter)
{
    char text[BENCH_DESCRIBE_MAX];
    (void)fputs("<section class=\"run\">\n", out);
    (void)fprintf(out, "<p class=\"over\">trisock bench%s%s</p>\n<h1>",
                  letter[0] != '\0' ? ": run " : "", letter);
    bench_html_text(out, bench_label(run->options));
    (void)fputs("</h1>\n<p class=\"what\">", out);
    bench_html_text(out, bench_describe(text, run->options));
    (void)fputs(".</p>\n<dl>\n", out);
    if (run->options->label) {
        write_fact(out, "URL", run->options->url);
    }
    write_fact(out, "Server", run->server_software);
    write_fact(out, "trisock", run->trisock);
    write_fact(out, "Machine", run->machine);
    write_fact(out, "Started", run->started);
    (void)fputs("</dl>\n<pre>", out);
    bench_html_text(out, run->command);
    (void)fputs("</pre>\n", out);
    write_notices(out, run);
    (void)fputs("</section>\n", out);
}

static void write_head(const struct bench_html_page *page)
{
    FILE *out = page->out;
    (void)fputs("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
                "<link rel=\"icon\" href=\"data:,\">\n<title>trisock bench: ",
                out);
    bench_html_text(out, bench_label(page->runs[0]->options));
    (void)fprintf(out, "</title>\n<style>\n%s</style>\n</head>\n<body>\n<header>\n",
                  bench_html_style);
    for (size_t i = 0; i < page->runs_len; i++) {
        const char *letter = i == 0 ? "A" : "B";
        write_run(out, page->runs[i], page->runs_len > 1 ? letter : "");
    }
    bench_html_cards(page);
    (void)fputs("</header>\n", out);
}

/* -------------------------------------------------------------------------------- the drawings */

void bench_html_figure_begin(const struct bench_html_page *page, const char *title,
                             const char *sentence)
{
    (void)fprintf(page->out, "<figure>\n<figcaption><h3>%s</h3><p>%s</p></figcaption>\n", title,
                  sentence);
}

void bench_html_figure_end(const struct bench_html_page *page)
{
    (void)fputs("</figure>\n", page->out);
}

static void write_figures(const struct bench_html_page *page)
{
    if (page->lines_len == 0) {
        return;
    }
    (void)fputs("<h2>Side by side</h2>\n<div class=\"grid2\">\n", page->out);
    bench_html_percentiles(page);
    bench_html_distribution(page);
    bench_html_rounds(page);
    bench_html_opening(page);
    bench_html_cpu(page);
    bench_html_wire(page);
    bench_html_memory(page);
    (void)fputs("</div>\n", page->out);
}

static void write_foot(const struct bench_html_page *page)
{
    (void)fputs(
        "<footer>\n<p>The versions are measured in turns, round by round, so that a machine "
        "that drifts favours none. Latency is counted from the moment a message was meant "
        "to be sent. Every time is known to less than 1 %; least, greatest and counts are "
        "exact.</p>\n<p>Drawn by trisock ",
        page->out);
    bench_html_text(page->out, page->runs[0]->trisock);
    (void)fputs(". This page needs no other file.</p>\n</footer>\n</body>\n</html>\n", page->out);
}

enum tri_err bench_html_write(const struct bench_result *const *runs, size_t runs_len,
                              const char *file, char error[BENCH_ERROR_MAX])
{
    assert(runs_len >= 1 && runs_len <= BENCH_HTML_RUNS_MAX);
    struct bench_file f;
    const enum tri_err err = bench_file_open(&f, file, error);
    if (err != TRI_OK) {
        return err;
    }
    struct bench_html_page page = {.out = f.out, .runs = runs, .runs_len = runs_len};
    collect_lines(&page);
    write_head(&page);
    (void)fputs("<main>\n", page.out);
    write_figures(&page);
    bench_html_figures_table(&page);
    bench_html_faults(&page);
    (void)fputs("</main>\n", page.out);
    write_foot(&page);
    return bench_file_commit(&f, error);
}
