/* The curves of the page: latency by percentile, its distribution, and the rounds. */
#include "bench_html_page.h"
#include "bench_svg.h"

#include <math.h>
#include <string.h>

#define WIDTH 620.0
#define HEIGHT 360.0

static struct bench_plot plan_plot(const struct bench_html_page *page, const char *title)
{
    return (struct bench_plot){.out = page->out,
                               .title = title,
                               .width = WIDTH,
                               .height = HEIGHT,
                               .left = 76,
                               .right = 62,
                               .top = 28,
                               .bottom = 46};
}

/* --------------------------------------------------------------------------------- line labels */

/* Where the label of each line stands, right of its end. */
struct labels {
    double at[BENCH_HTML_LINES_MAX];  /* the line's end */
    double put[BENCH_HTML_LINES_MAX]; /* its label, moved away from others */
    size_t order[BENCH_HTML_LINES_MAX];
};

static void sort_labels(struct labels *l, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        size_t j = i;
        for (; j > 0 && l->at[l->order[j - 1]] > l->at[i]; j--) {
            l->order[j] = l->order[j - 1];
        }
        l->order[j] = i;
    }
}

/* Labels are moved down until none covers another, and then up as far as they are too low. */
static void spread_labels(struct labels *l, size_t len, double bottom)
{
    sort_labels(l, len);
    double free_from = -1e9;
    for (size_t i = 0; i < len; i++) {
        const size_t k = l->order[i];
        if (!isfinite(l->at[k])) {
            continue;
        }
        l->put[k] = l->at[k] > free_from ? l->at[k] : free_from;
        free_from = l->put[k] + 15;
    }
    double most = bottom;
    for (size_t i = len; i-- > 0;) {
        const size_t k = l->order[i];
        if (!isfinite(l->at[k])) {
            continue;
        }
        l->put[k] = l->put[k] < most ? l->put[k] : most;
        most = l->put[k] - 15;
    }
}

static void draw_labels(const struct bench_html_page *page, const struct bench_plot *p,
                        struct labels *l)
{
    spread_labels(l, page->lines_len, p->y.start);
    for (size_t i = 0; i < page->lines_len; i++) {
        if (!isfinite(l->at[i])) {
            continue;
        }
        (void)fprintf(p->out,
                      "<g class=\"%s\"><line class=\"lead\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" "
                      "y2=\"%.1f\"/>\n",
                      page->lines[i].css, p->x.end + 3, l->at[i], p->x.end + 14, l->put[i]);
        bench_svg_text(p->out, (struct bench_place){p->x.end + 17, l->put[i] + 4, BENCH_START},
                       "label", page->lines[i].label);
        (void)fputs("</g>\n", p->out);
    }
}

/* ------------------------------------------------------------------------- by number of nines */

static bool has_latency(const struct bench_html_page *page)
{
    bool has = false;
    for (size_t i = 0; i < page->lines_len; i++) {
        has = has || page->lines[i].series->latency.total > 0;
    }
    return has;
}

/* How many nines |h| can tell of: at the last point one value is beyond. */
static double count_nines(const struct bench_histogram *h)
{
    const double nines = h->total > 0 ? log10((double)h->total) : 0;
    return nines < 6 ? nines : 6;
}

static double find_at_nines(const struct bench_histogram *h, double nines)
{
    const double q = 1 - pow(10, -nines);
    return (double)bench_histogram_quantile(h, q);
}

static void find_range(const struct bench_html_page *page, double low_q, struct bench_axis *axis)
{
    double least = 0;
    double most = 0;
    for (size_t i = 0; i < page->lines_len; i++) {
        const struct bench_histogram *h = &page->lines[i].series->latency;
        const double low = (double)bench_histogram_quantile(h, low_q);
        if (h->total > 0) {
            least = least == 0 || low < least ? low : least;
            most = (double)h->max > most ? (double)h->max : most;
        }
    }
    bench_axis_fit(axis, least > 1 ? least : 1, most);
}

#define STEPS_A_NINE 24

static void draw_percentiles(const struct bench_plot *p, const struct bench_html_line *line)
{
    const struct bench_histogram *h = &line->series->latency;
    const double nines = count_nines(h);
    const int steps = (int)(nines * STEPS_A_NINE);
    (void)fprintf(p->out, "<g class=\"%s\"><path class=\"curve\" d=\"", line->css);
    for (int i = 0; i <= steps; i++) {
        const double at = (double)i / STEPS_A_NINE;
        (void)fprintf(p->out, "%c%.1f %.1f", i == 0 ? 'M' : 'L', bench_axis_at(&p->x, at),
                      bench_axis_at(&p->y, find_at_nines(h, at)));
    }
    (void)fprintf(p->out, "L%.1f %.1f\"/>\n", p->x.end, bench_axis_at(&p->y, (double)h->max));
    for (int nine = 1; nine <= (int)nines; nine++) {
        bench_svg_sign(p->out, bench_axis_at(&p->x, nine),
                       bench_axis_at(&p->y, find_at_nines(h, nine)), line->shape);
    }
    (void)fputs("</g>\n", p->out);
}

static void draw_nines_axis(const struct bench_plot *p)
{
    static const struct {
        double at;
        const char *text;
    } ticks[] = {{0.30103, "50 %"}, {1, "90 %"},     {2, "99 %"},     {3, "99.9 %"},
                 {4, "99.99 %"},    {5, "99.999 %"}, {6, "99.9999 %"}};
    for (size_t i = 0; i < sizeof ticks / sizeof ticks[0]; i++) {
        if (ticks[i].at <= p->x.to) {
            bench_plot_tick_x(p, ticks[i].at, ticks[i].text);
        }
    }
    bench_plot_name_x(p, "share of all messages that were as fast or faster");
}

void bench_html_percentiles(const struct bench_html_page *page)
{
    if (!has_latency(page)) {
        return;
    }
    bench_html_figure_begin(page, "Latency by percentile",
                            "How long the slowest of 10, 100, 1,000 ... messages took: to the "
                            "right, each line across is ten times rarer. Lower is better.");
    struct bench_plot p = plan_plot(page, "Latency by percentile, for each version");
    p.y = (struct bench_axis){.is_log = true, .unit = BENCH_UNIT_TIME};
    double nines = 1;
    for (size_t i = 0; i < page->lines_len; i++) {
        const double own = count_nines(&page->lines[i].series->latency);
        nines = own > nines ? own : nines;
    }
    p.x = (struct bench_axis){.from = 0, .to = nines, .unit = BENCH_UNIT_NUMBER};
    find_range(page, 0, &p.y);
    bench_plot_begin(&p);
    bench_plot_axis_y(&p, "latency");
    draw_nines_axis(&p);
    struct labels labels = {.order = {0}};
    for (size_t i = 0; i < page->lines_len; i++) {
        const struct bench_histogram *h = &page->lines[i].series->latency;
        labels.at[i] = h->total > 0 ? bench_axis_at(&p.y, (double)h->max) : (double)NAN;
        if (h->total > 0) {
            draw_percentiles(&p, &page->lines[i]);
        }
    }
    draw_labels(page, &p, &labels);
    bench_plot_end(&p);
    bench_html_figure_end(page);
}

/* --------------------------------------------------------------------------------- distribution */

#define BINS 96

/* The share of all values in each of BINS equal parts of |axis|, percent. Returns the largest. */
static double fill_bins(const struct bench_histogram *h, const struct bench_axis *axis,
                        double bins[BINS])
{
    memset(bins, 0, BINS * sizeof bins[0]);
    const double width = log(axis->to / axis->from) / BINS;
    for (size_t i = 0; i < BENCH_HISTOGRAM_BUCKETS; i++) {
        if (h->counts[i] == 0) {
            continue;
        }
        /* A bucket is spread over the parts that it covers: it may be wider than one. */
        const double low = log((double)(bench_histogram_low(i) + (i == 0)) / axis->from) / width;
        const double high = log((double)bench_histogram_high(i) / axis->from) / width;
        const double end = high > low ? high : low + 1e-9;
        for (int b = (int)fmax(0, floor(low)); b < BINS && b < end; b++) {
            const double part = fmin(end, b + 1) - fmax(low, b);
            bins[b] += part / (end - low) * 100 * (double)h->counts[i] / (double)h->total;
        }
    }
    double most = 0;
    for (size_t b = 0; b < BINS; b++) {
        most = bins[b] > most ? bins[b] : most;
    }
    return most;
}

/* The path of the bins, from the ground and back to it. */
static void draw_bins(const struct bench_plot *p, const double bins[BINS], const char *css)
{
    const double step = (p->x.end - p->x.start) / BINS;
    (void)fprintf(p->out, "<path class=\"%s\" d=\"M%.1f %.1f", css, p->x.start, p->y.start);
    for (int b = 0; b < BINS; b++) {
        (void)fprintf(p->out, "L%.1f %.1f", p->x.start + (b + 0.5) * step,
                      bench_axis_at(&p->y, bins[b]));
    }
    (void)fprintf(p->out, "L%.1f %.1f\"/>\n", p->x.end, p->y.start);
}

/* Where the label of a curve's peak is; above those before it that it would cover. */
static struct bench_place place_peak(const struct bench_plot *p, const double bins[BINS],
                                     const struct bench_place *before, size_t len)
{
    int peak = 0;
    for (int b = 1; b < BINS; b++) {
        peak = bins[b] > bins[peak] ? b : peak;
    }
    struct bench_place at = {.x = p->x.start + (peak + 0.5) * (p->x.end - p->x.start) / BINS,
                             .y = bench_axis_at(&p->y, bins[peak]) - 6,
                             .anchor = BENCH_MIDDLE};
    for (size_t i = 0; i < len; i++) {
        if (fabs(before[i].x - at.x) < 34 && fabs(before[i].y - at.y) < 14) {
            at.y = before[i].y - 14;
        }
    }
    return at;
}

static void draw_distributions(const struct bench_html_page *page, const struct bench_plot *p,
                               double bins[BENCH_HTML_LINES_MAX][BINS])
{
    struct bench_place peaks[BENCH_HTML_LINES_MAX];
    size_t len = 0;
    for (size_t i = 0; i < page->lines_len; i++) {
        if (page->lines[i].series->latency.total == 0) {
            continue;
        }
        (void)fprintf(p->out, "<g class=\"%s\">\n", page->lines[i].css);
        draw_bins(p, bins[i], "area");
        draw_bins(p, bins[i], "curve");
        peaks[len] = place_peak(p, bins[i], peaks, len);
        bench_svg_text(p->out, peaks[len], "label", page->lines[i].label);
        len += 1;
        (void)fputs("</g>\n", p->out);
    }
}

void bench_html_distribution(const struct bench_html_page *page)
{
    if (!has_latency(page)) {
        return;
    }
    bench_html_figure_begin(page, "Distribution of latency",
                            "How many messages took how long. A narrow peak to the left is best; "
                            "a second hump is a second way that messages can go.");
    struct bench_plot p = plan_plot(page, "Distribution of latency, for each version");
    p.right = 30;
    p.x = (struct bench_axis){.is_log = true, .unit = BENCH_UNIT_TIME};
    p.y = (struct bench_axis){.unit = BENCH_UNIT_PERCENT};
    find_range(page, 0.0001, &p.x);
    double bins[BENCH_HTML_LINES_MAX][BINS];
    double most = 0;
    for (size_t i = 0; i < page->lines_len; i++) {
        const double own = fill_bins(&page->lines[i].series->latency, &p.x, bins[i]);
        most = own > most ? own : most;
    }
    bench_axis_fit(&p.y, 0, most * (page->runs_len > 1 ? 1.25 : 1.06));
    bench_plot_begin(&p);
    bench_plot_axis_y(&p, "share of messages");
    bench_plot_axis_x(&p, "latency");
    draw_distributions(page, &p, bins);
    bench_plot_end(&p);
    bench_html_figure_end(page);
}

/* --------------------------------------------------------------------------------------- rounds */

static void draw_rounds(const struct bench_plot *p, const struct bench_metric *metric,
                        const struct bench_html_line *line)
{
    const struct bench_series *s = line->series;
    (void)fprintf(p->out, "<g class=\"%s\"><path class=\"curve\" d=\"", line->css);
    for (size_t i = 0; i < s->rounds_len; i++) {
        (void)fprintf(p->out, "%c%.1f %.1f", i == 0 ? 'M' : 'L',
                      bench_axis_at(&p->x, (double)i + 1),
                      bench_axis_at(&p->y, bench_metric_of_round(metric, &s->rounds[i])));
    }
    (void)fputs("\"/>\n", p->out);
    for (size_t i = 0; i < s->rounds_len && s->rounds_len <= 60; i++) {
        bench_svg_sign(p->out, bench_axis_at(&p->x, (double)i + 1),
                       bench_axis_at(&p->y, bench_metric_of_round(metric, &s->rounds[i])),
                       line->shape);
    }
    (void)fputs("</g>\n", p->out);
}

static void draw_round_numbers(const struct bench_plot *p, size_t rounds)
{
    const size_t step = (rounds + 11) / 12;
    for (size_t i = 1; i <= rounds; i += step) {
        char text[BENCH_NUMBER_MAX];
        bench_plot_tick_x(p, (double)i, bench_tick(text, (double)i, BENCH_UNIT_NUMBER));
    }
    bench_plot_name_x(p, "round");
}

/* What the mode is about; NULL: nothing that has rounds. */
static const struct bench_metric *find_rate(const struct bench_html_page *page)
{
    const char *const keys[] = {"messages_per_s", "sockets_per_s"};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        const struct bench_metric *metric = bench_metric_by_key(keys[i]);
        if (metric && bench_metric_is_shown(metric, page->runs[0])) {
            return metric;
        }
    }
    return NULL;
}

/* The most rounds and the highest rate of all lines; a series without rounds has no line. */
static void measure_rounds(const struct bench_html_page *page, const struct bench_metric *metric,
                           struct bench_plot *p, size_t *rounds)
{
    double most = 0;
    *rounds = 0;
    for (size_t i = 0; i < page->lines_len; i++) {
        const struct bench_series *s = page->lines[i].series;
        const struct bench_spread spread = bench_metric_spread(metric, s);
        most = spread.len > 0 && spread.max > most ? spread.max : most;
        *rounds = s->rounds_len > *rounds ? s->rounds_len : *rounds;
    }
    bench_axis_fit(&p->y, 0, most * 1.05);
    p->x = (struct bench_axis){.from = 0.5, .to = (double)*rounds + 0.5};
}

void bench_html_rounds(const struct bench_html_page *page)
{
    const struct bench_metric *metric = find_rate(page);
    struct bench_plot p = plan_plot(page, "Throughput of each round, for each version");
    p.height = 270;
    p.y = (struct bench_axis){.unit = BENCH_UNIT_NUMBER};
    size_t rounds = 0;
    if (metric) {
        measure_rounds(page, metric, &p, &rounds);
    }
    if (rounds < 2) {
        return;
    }
    bench_html_figure_begin(page, "Throughput, round by round",
                            "The versions take turns. Lines that are level and apart mean a "
                            "difference; lines that cross mean noise. Higher is better.");
    bench_plot_begin(&p);
    bench_plot_axis_y(&p, metric->modes == 1U << BENCH_OPEN ? "sockets opened a second"
                                                            : "messages received a second");
    draw_round_numbers(&p, rounds);
    struct labels labels = {.order = {0}};
    for (size_t i = 0; i < page->lines_len; i++) {
        const struct bench_series *s = page->lines[i].series;
        labels.at[i] = (double)NAN;
        if (s->rounds_len > 0) {
            const struct bench_round *last = &s->rounds[s->rounds_len - 1];
            draw_rounds(&p, metric, &page->lines[i]);
            labels.at[i] = bench_axis_at(&p.y, bench_metric_of_round(metric, last));
        }
    }
    draw_labels(page, &p, &labels);
    bench_plot_end(&p);
    bench_html_figure_end(page);
}
