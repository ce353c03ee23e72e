/* What the page says in figures: a card for each version, the tables, the faults. */
#include "bench_describe.h"
#include "bench_html_page.h"
#include "bench_svg.h"
#include "bench_verdict.h"

#include <math.h>
#include <string.h>

/* ---------------------------------------------------------------------------------------- cards */

static double value_of(const struct bench_html_line *line, const char *key)
{
    const struct bench_metric *metric = bench_metric_by_key(key);
    return metric ? bench_metric_value(metric, line->series) : (double)NAN;
}

/* What a mode is about: the first of these that was measured. */
struct headline {
    const char *key, *what;
    enum bench_unit unit;
};

static struct headline find_headline(const struct bench_html_page *page)
{
    static const struct headline all[] = {
        {"messages_per_s", "messages a second", BENCH_UNIT_NUMBER},
        {"sockets_per_s", "sockets opened a second", BENCH_UNIT_NUMBER},
        {"server_memory_per_socket", "of server memory a socket", BENCH_UNIT_BYTES},
        {"sockets", "sockets open", BENCH_UNIT_NUMBER},
    };
    const size_t len = sizeof all / sizeof all[0];
    for (size_t i = 0; i < len; i++) {
        const struct bench_metric *metric = bench_metric_by_key(all[i].key);
        if (metric && bench_metric_is_shown(metric, page->runs[0])) {
            return all[i];
        }
    }
    return all[len - 1];
}

/* The times of a card, those that were measured. */
static void write_times(FILE *out, const struct bench_html_line *line)
{
    static const struct {
        const char *key, *what;
    } times[] = {{"latency_p50", "p50"},
                 {"latency_p99", "p99"},
                 {"open_p50", "open"},
                 {"handshake_p50", "handshake"}};
    const char *before = "";
    (void)fputs("<p>", out);
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        char text[BENCH_NUMBER_MAX];
        const double value = value_of(line, times[i].key);
        /* The handshake is part of opening: it stands alone or not at all. */
        if (isfinite(value) && (i < 3 || before[0] == '\0')) {
            (void)fprintf(out, "%s%s %s", before, times[i].what,
                          bench_quantity_shown(text, value, BENCH_UNIT_TIME));
            before = " &middot; ";
        }
    }
    (void)fputs("</p>", out);
}

static void write_card(const struct bench_html_page *page, const struct bench_html_line *line,
                       const struct headline *headline)
{
    FILE *out = page->out;
    char text[BENCH_NUMBER_MAX];
    const double value = value_of(line, headline->key);
    const struct bench_scale scale = bench_scale_of(BENCH_UNIT_NUMBER, value);
    (void)fprintf(
        out, "<div class=\"card %s\"><span class=\"of\">%s</span><b>%s</b><span>%s</span>",
        line->css, line->label,
        headline->unit == BENCH_UNIT_NUMBER ? bench_number(text, round(value), &scale)
                                            : bench_quantity_shown(text, value, headline->unit),
        headline->what);
    write_times(out, line);
    (void)fputs("<p class=\"small\">", out);
    bench_html_text(out, line->series->carrier);
    (void)fputs("</p></div>\n", out);
}

void bench_html_cards(const struct bench_html_page *page)
{
    if (page->lines_len == 0) {
        return;
    }
    const struct headline headline = find_headline(page);
    (void)fprintf(page->out, "<div class=\"cards%s\">\n", page->runs_len > 1 ? " two" : "");
    for (size_t i = 0; i < page->lines_len; i++) {
        write_card(page, &page->lines[i], &headline);
    }
    (void)fputs("</div>\n", page->out);
}

/* ---------------------------------------------------------------------------------- one run */

/* The cells before the figures. |*group| is that of the row before, NULL at first. */
static void write_row_head(FILE *out, const struct bench_metric *metric, const char **group,
                           const struct bench_scale *scale)
{
    const bool is_new = !*group || strcmp(*group, metric->group) != 0;
    (void)fprintf(out, "<tr%s><th class=\"group\" scope=\"row\">%s</th><th scope=\"row\">%s</th>",
                  is_new ? " class=\"first\"" : "", is_new ? metric->group : "", metric->name);
    (void)fprintf(out, "<td class=\"unit\">%s</td>", metric->per ? metric->per : scale->shown);
    *group = metric->group;
}

/* The best value of all series; NAN where there is no best. */
static double find_best(const struct bench_metric *metric, const struct bench_result *run)
{
    double best = (double)NAN;
    size_t values = 0;
    for (size_t i = 0; i < run->series_len; i++) {
        const double value = bench_metric_value(metric, &run->series[i]);
        if (!isfinite(value)) {
            continue;
        }
        values += 1;
        const bool is_better = metric->better == BENCH_HIGHER ? value > best : value < best;
        best = values == 1 || is_better ? value : best;
    }
    return values > 1 && metric->better != BENCH_NEITHER ? best : (double)NAN;
}

static void write_cell(FILE *out, const struct bench_metric *metric, const struct bench_series *s,
                       const struct bench_scale *scale, double best)
{
    char text[BENCH_NUMBER_MAX];
    char most[BENCH_NUMBER_MAX];
    const double value = bench_metric_value(metric, s);
    (void)fprintf(out, "<td%s>%s", value == best ? " class=\"best\"" : "",
                  isfinite(value) ? bench_number(text, value, scale) : "&ndash;");
    const struct bench_spread spread = bench_metric_spread(metric, s);
    if (isfinite(value) && spread.len > 1 && metric->better != BENCH_NEITHER &&
        metric->unit != BENCH_UNIT_BYTES) {
        (void)fprintf(out, "<span class=\"spread\">%s &hellip; %s</span>",
                      bench_number(text, spread.min, scale), bench_number(most, spread.max, scale));
    }
    (void)fputs("</td>", out);
}

static void write_one_run(const struct bench_html_page *page)
{
    FILE *out = page->out;
    const struct bench_result *run = page->runs[0];
    (void)fputs("<div class=\"table\"><table>\n<thead><tr><th></th><th></th><th></th>", out);
    for (size_t i = 0; i < run->series_len; i++) {
        const char *name = bench_http_name(run->series[i].http);
        (void)fprintf(out, "<th class=\"%s\" scope=\"col\">%s</th>", name, name);
    }
    (void)fputs("</tr></thead>\n<tbody>\n", out);
    const char *group = NULL;
    const struct bench_metric *metric = NULL;
    for (size_t m = 0; (metric = bench_metric_at(m)) != NULL; m++) {
        if (!bench_metric_is_shown(metric, run)) {
            continue;
        }
        const struct bench_scale scale = bench_metric_scale(metric, &run, 1);
        write_row_head(out, metric, &group, &scale);
        for (size_t i = 0; i < run->series_len; i++) {
            write_cell(out, metric, &run->series[i], &scale, find_best(metric, run));
        }
        (void)fputs("</tr>\n", out);
    }
    (void)fputs("</tbody></table></div>\n<p class=\"note\">In each row the best figure has a dot. "
                "The small figures are the least and the greatest of the rounds.</p>\n",
                out);
}

/* ------------------------------------------------------------------------------------- two runs */

static void write_difference(FILE *out, const struct bench_difference *d,
                             const struct bench_scale *scale)
{
    static const char *const css[] = {[BENCH_NO_VERDICT] = "noise",
                                      [BENCH_WITHIN] = "noise",
                                      [BENCH_BETTER] = "better",
                                      [BENCH_WORSE] = "worse",
                                      [BENCH_OTHER] = ""};
    char text[BENCH_NUMBER_MAX];
    (void)fprintf(out, "<td>%s</td>", isfinite(d->a) ? bench_number(text, d->a, scale) : "&ndash;");
    (void)fprintf(out, "<td>%s</td>", isfinite(d->b) ? bench_number(text, d->b, scale) : "&ndash;");
    if (isfinite(d->ratio)) {
        (void)fprintf(out, "<td class=\"%s\">&times;%.*f<span class=\"spread\">%s</span></td>",
                      css[d->verdict], d->ratio < 100 ? 2 : 0, d->ratio,
                      bench_verdict_name(d->verdict));
    } else {
        (void)fputs("<td>&ndash;</td>", out);
    }
}

static const enum tri_http all_https[] = {TRI_HTTP_1_1, TRI_HTTP_2, TRI_HTTP_3};

static bool has_version(const struct bench_html_page *page, enum tri_http http)
{
    return bench_find_series(page->runs[0], http) || bench_find_series(page->runs[1], http);
}

static void write_two_heads(const struct bench_html_page *page)
{
    FILE *out = page->out;
    (void)fputs("<thead><tr><th></th><th></th><th></th>", out);
    for (size_t i = 0; i < BENCH_HTTPS_MAX; i++) {
        if (has_version(page, all_https[i])) {
            const char *name = bench_http_name(all_https[i]);
            (void)fprintf(out,
                          "<th class=\"%s\" scope=\"col\">A %s</th><th class=\"%s\" "
                          "scope=\"col\">B %s</th><th class=\"%s\" scope=\"col\">B / A</th>",
                          name, name, name, name, name);
        }
    }
    (void)fputs("</tr></thead>\n", out);
}

static void write_two_runs(const struct bench_html_page *page)
{
    FILE *out = page->out;
    (void)fputs("<div class=\"table dense\"><table>\n", out);
    write_two_heads(page);
    (void)fputs("<tbody>\n", out);
    const char *group = NULL;
    const struct bench_metric *metric = NULL;
    for (size_t m = 0; (metric = bench_metric_at(m)) != NULL; m++) {
        if (!bench_metric_is_shown(metric, page->runs[0]) &&
            !bench_metric_is_shown(metric, page->runs[1])) {
            continue;
        }
        const struct bench_scale scale = bench_metric_scale(metric, page->runs, page->runs_len);
        write_row_head(out, metric, &group, &scale);
        for (size_t i = 0; i < BENCH_HTTPS_MAX; i++) {
            if (has_version(page, all_https[i])) {
                const struct bench_difference d =
                    bench_difference_of(metric, bench_find_series(page->runs[0], all_https[i]),
                                        bench_find_series(page->runs[1], all_https[i]));
                write_difference(out, &d, &scale);
            }
        }
        (void)fputs("</tr>\n", out);
    }
    (void)fputs("</tbody></table></div>\n<p class=\"note\">&ldquo;better&rdquo; and "
                "&ldquo;worse&rdquo;: every round of B is beyond every round of A. &ldquo;within "
                "spread&rdquo;: the rounds overlap, and the difference may be noise. Without a "
                "word: the rounds do not tell.</p>\n",
                out);
}

void bench_html_figures_table(const struct bench_html_page *page)
{
    if (page->lines_len == 0) {
        return;
    }
    (void)fputs("<h2>All figures</h2>\n", page->out);
    if (page->runs_len == 1) {
        write_one_run(page);
    } else {
        write_two_runs(page);
    }
}

/* --------------------------------------------------------------------------------------- faults */

static void write_fault_row(FILE *out, const struct bench_html_line *line)
{
    char text[BENCH_NUMBER_MAX];
    const struct bench_scale scale = bench_scale_of(BENCH_UNIT_NUMBER, 0);
    (void)fprintf(out, "<tr class=\"first %s\"><th scope=\"row\">%s</th>", line->css, line->label);
    for (size_t kind = 0; kind < BENCH_FAULTS; kind++) {
        const uint64_t count = line->series->counts.faults[kind];
        (void)fprintf(out, "<td%s>%s</td>", count > 0 ? " class=\"worse\"" : "",
                      bench_number(text, (double)count, &scale));
    }
    (void)fputs("<td class=\"unit\">", out);
    bench_html_text(out, line->series->why);
    (void)fputs("</td></tr>\n", out);
}

void bench_html_faults(const struct bench_html_page *page)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < page->lines_len; i++) {
        sum += bench_count_faults(page->lines[i].series) > 0;
    }
    if (page->lines_len == 0 || sum == 0) {
        (void)fputs(page->lines_len > 0 ? "<p class=\"note\">Faults: none.</p>\n" : "", page->out);
        return;
    }
    FILE *out = page->out;
    (void)fputs("<h2>Faults</h2>\n<div class=\"table\"><table>\n<thead><tr><th></th>", out);
    for (size_t kind = 0; kind < BENCH_FAULTS; kind++) {
        (void)fprintf(out, "<th scope=\"col\">%s</th>", bench_fault_name((enum bench_fault)kind));
    }
    (void)fputs("<th></th></tr></thead>\n<tbody>\n", out);
    for (size_t i = 0; i < page->lines_len; i++) {
        write_fault_row(out, &page->lines[i]);
    }
    (void)fputs("</tbody></table></div>\n", out);
}
