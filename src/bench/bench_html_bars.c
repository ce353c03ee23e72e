/* The bars of the page: opening by part, CPU, bytes on the wire, memory. */
#include "bench_html_page.h"
#include "bench_svg.h"

#include <math.h>
#include <string.h>

#define WIDTH 620.0
#define ROW 30.0 /* from one bar to the next; of few bars, ROW_FEW */
#define ROW_FEW 54.0
#define FEW 3u
#define GAP 10.0 /* between bars, of that */
#define PARTS_MAX 4u
#define BARS_MAX 16u

/* One bar, of parts behind each other. */
struct bar {
    const struct bench_html_line *line;
    const char *label; /* before the bar: "h2", "h2 server" */
    char own[32];      /* memory for |label| */
    double parts[PARTS_MAX];
    const char *css[PARTS_MAX];
    size_t parts_len;
    double mark; /* a line across the bar there; NAN: none */
};

struct bars {
    struct bar list[BARS_MAX];
    size_t len;
    enum bench_unit unit;
    const char *title, *axis;
};

static double add_parts(const struct bar *bar)
{
    double sum = 0;
    for (size_t i = 0; i < bar->parts_len; i++) {
        sum += isfinite(bar->parts[i]) && bar->parts[i] > 0 ? bar->parts[i] : 0;
    }
    return sum;
}

/* The next bar; NULL if there are as many as can be. */
static struct bar *add_bar(struct bars *bars, const struct bench_html_line *line, const char *what)
{
    if (bars->len == BARS_MAX) {
        return NULL;
    }
    struct bar *bar = &bars->list[bars->len++];
    *bar = (struct bar){.line = line, .mark = (double)NAN};
    (void)snprintf(bar->own, sizeof bar->own, "%s%s%s", line->label, what[0] != '\0' ? " " : "",
                   what);
    bar->label = bar->own;
    return bar;
}

static void add_part(struct bar *bar, double value, const char *css)
{
    if (bar && bar->parts_len < PARTS_MAX) {
        bar->parts[bar->parts_len] = value;
        bar->css[bar->parts_len] = css;
        bar->parts_len += 1;
    }
}

static double find_longest(const struct bars *bars)
{
    double most = 0;
    for (size_t i = 0; i < bars->len; i++) {
        const double sum = add_parts(&bars->list[i]);
        most = sum > most ? sum : most;
        most = bars->list[i].mark > most ? bars->list[i].mark : most;
    }
    return most;
}

/* Where a bar is drawn. */
struct band {
    double y, thick;
};

static double text_line(struct band band)
{
    return band.y + band.thick / 2 + 4.5;
}

/* A part's own figure stands in it where there is room. */
static void draw_part(const struct bench_plot *p, const struct bar *bar, size_t i, double from,
                      struct band band)
{
    const double x1 = bench_axis_at(&p->x, from);
    const double x2 = bench_axis_at(&p->x, from + bar->parts[i]);
    (void)fprintf(p->out,
                  "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" "
                  "rx=\"2\"/>\n",
                  bar->css[i], x1, band.y, x2 - x1 > 0.6 ? x2 - x1 - 0.6 : x2 - x1, band.thick);
    char text[BENCH_NUMBER_MAX];
    (void)bench_quantity_shown(text, bar->parts[i], p->x.unit);
    const bool is_dark = i > 1;
    if (bar->parts_len > 1 && bar->css[i][0] == 'p' &&
        x2 - x1 > 7.5 * (double)bench_text_columns(text) + 6) {
        bench_svg_text(p->out, (struct bench_place){(x1 + x2) / 2, text_line(band), BENCH_MIDDLE},
                       is_dark ? "inside dark" : "inside", text);
    }
}

static void draw_mark(const struct bench_plot *p, double value, struct band band)
{
    const double x = bench_axis_at(&p->x, value);
    (void)fprintf(p->out,
                  "<line class=\"mark\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>\n", x,
                  band.y - 3, x, band.y + band.thick + 3);
}

static void draw_bar(const struct bench_plot *p, const struct bar *bar, struct band band)
{
    (void)fprintf(p->out, "<g class=\"%s\">\n", bar->line->css);
    bench_svg_text(p->out, (struct bench_place){p->left - 10, text_line(band), BENCH_END}, "label",
                   bar->label);
    double from = 0;
    for (size_t i = 0; i < bar->parts_len; i++) {
        if (isfinite(bar->parts[i]) && bar->parts[i] > 0) {
            draw_part(p, bar, i, from, band);
            from += bar->parts[i];
        }
    }
    const bool has_mark = isfinite(bar->mark);
    char text[BENCH_NUMBER_MAX];
    (void)bench_quantity_shown(text, has_mark ? bar->mark : from, p->x.unit);
    const double end = has_mark && bar->mark > from ? bar->mark : from;
    if (has_mark) {
        draw_mark(p, bar->mark, band);
    }
    bench_svg_text(
        p->out, (struct bench_place){bench_axis_at(&p->x, end) + 8, text_line(band), BENCH_START},
        "value", text);
    (void)fputs("</g>\n", p->out);
}

static void draw_bars(const struct bench_html_page *page, const struct bars *bars)
{
    size_t widest = 0;
    for (size_t i = 0; i < bars->len; i++) {
        const size_t columns = bench_text_columns(bars->list[i].label);
        widest = columns > widest ? columns : widest;
    }
    const double row = bars->len <= FEW ? ROW_FEW : ROW;
    struct bench_plot p = {.out = page->out,
                           .title = bars->title,
                           .width = WIDTH,
                           .height = (double)bars->len * row + 56,
                           .left = 22 + 7.6 * (double)widest,
                           .right = 84,
                           .top = 4,
                           .bottom = 46};
    p.x = (struct bench_axis){.unit = bars->unit};
    p.y = (struct bench_axis){.to = 1};
    bench_axis_fit(&p.x, 0, find_longest(bars));
    bench_plot_begin(&p);
    bench_plot_axis_x(&p, bars->axis);
    for (size_t i = 0; i < bars->len; i++) {
        const double y = p.top + GAP / 2 + (double)i * row;
        draw_bar(&p, &bars->list[i], (struct band){y, row - GAP});
    }
    bench_plot_end(&p);
}

/* -------------------------------------------------------------------------------------- opening */

static double find_median(const struct bench_histogram *h)
{
    return h->total > 0 ? (double)bench_histogram_quantile(h, 0.5) : (double)NAN;
}

static void write_legend(const struct bench_html_page *page)
{
    (void)fputs("<ul class=\"legend\"><li><i style=\"--s:var(--p0)\"></i>TCP or QUIC</li>"
                "<li><i style=\"--s:var(--p1)\"></i>TLS</li>"
                "<li><i style=\"--s:var(--p2)\"></i>SETTINGS</li>"
                "<li><i style=\"--s:var(--p3)\"></i>opening handshake</li></ul>\n",
                page->out);
}

void bench_html_opening(const struct bench_html_page *page)
{
    struct bars bars = {.unit = BENCH_UNIT_TIME,
                        .title = "Time to open a socket, by part, for each version",
                        .axis = "median of each part; the line across: median of the whole"};
    for (size_t i = 0; i < page->lines_len; i++) {
        const struct bench_series *s = page->lines[i].series;
        if (s->open.total + s->connect.total + s->handshake.total == 0) {
            continue;
        }
        struct bar *bar = add_bar(&bars, &page->lines[i], "");
        add_part(bar, find_median(&s->connect), "p0");
        add_part(bar, find_median(&s->tls), "p1");
        add_part(bar, find_median(&s->settings), "p2");
        add_part(bar, find_median(&s->handshake), "p3");
        if (bar) {
            bar->mark = find_median(&s->open);
        }
    }
    if (bars.len == 0) {
        return;
    }
    bench_html_figure_begin(page, "From nothing to an open socket",
                            "What a first socket waits for, on a new connection. TLS is part of "
                            "QUIC&#39;s own handshake on h3; a bar of the opening handshake "
                            "alone is of sockets on connections that were there. Shorter is "
                            "better.");
    write_legend(page);
    draw_bars(page, &bars);
    bench_html_figure_end(page);
}

/* ------------------------------------------------------------------------------- single figures */

/* A bar for each line that has |key|, called |what|. */
static void add_metric(struct bars *bars, const struct bench_html_line *line, const char *key,
                       const char *what, const char *css)
{
    const struct bench_metric *metric = bench_metric_by_key(key);
    const double value = metric ? bench_metric_value(metric, line->series) : (double)NAN;
    if (isfinite(value)) {
        add_part(add_bar(bars, line, what), value, css);
    }
}

static enum bench_mode mode_of(const struct bench_html_page *page)
{
    return page->runs[0]->options->mode;
}

void bench_html_cpu(const struct bench_html_page *page)
{
    const bool is_open = mode_of(page) == BENCH_OPEN;
    struct bars bars = {.unit = BENCH_UNIT_TIME,
                        .title = "CPU time of client and server, for each version",
                        .axis = is_open ? "CPU time a socket" : "CPU time a message"};
    for (size_t i = 0; i < page->lines_len; i++) {
        add_metric(&bars, &page->lines[i],
                   is_open ? "client_cpu_per_socket" : "client_cpu_per_message", "client",
                   "bar pale");
        add_metric(&bars, &page->lines[i],
                   is_open ? "server_cpu_per_socket" : "server_cpu_per_message", "server", "bar");
    }
    if (bars.len == 0 || mode_of(page) == BENCH_IDLE) {
        return;
    }
    bench_html_figure_begin(page, is_open ? "CPU a socket" : "CPU a message",
                            "What the work costs at each end, user and system time together: pale "
                            "the client, full the server (where its process was named). Shorter "
                            "is better.");
    draw_bars(page, &bars);
    bench_html_figure_end(page);
}

void bench_html_wire(const struct bench_html_page *page)
{
    const bool is_open = mode_of(page) == BENCH_OPEN;
    struct bars bars = {.unit = BENCH_UNIT_BYTES,
                        .title = "Bytes on the wire, for each version",
                        .axis = is_open ? "bytes a socket" : "bytes a message"};
    for (size_t i = 0; i < page->lines_len; i++) {
        add_metric(&bars, &page->lines[i], is_open ? "wire_out_per_socket" : "wire_out_per_message",
                   "out", "bar");
        add_metric(&bars, &page->lines[i], is_open ? "wire_in_per_socket" : "wire_in_per_message",
                   "in", "bar pale");
    }
    if (bars.len == 0 || mode_of(page) == BENCH_IDLE) {
        return;
    }
    bench_html_figure_begin(page, is_open ? "On the wire, a socket" : "On the wire, a message",
                            "Payload of TCP segments and UDP datagrams: the message, its frame, "
                            "and what TLS, HTTP and QUIC add, acknowledgements of QUIC among it.");
    draw_bars(page, &bars);
    bench_html_figure_end(page);
}

void bench_html_memory(const struct bench_html_page *page)
{
    struct bars bars = {.unit = BENCH_UNIT_BYTES,
                        .title = "Memory of the server for a socket, for each version",
                        .axis = "memory a socket"};
    for (size_t i = 0; i < page->lines_len; i++) {
        add_metric(&bars, &page->lines[i], "server_memory_per_socket", "", "bar");
    }
    if (bars.len == 0 || mode_of(page) == BENCH_OPEN) {
        return;
    }
    bench_html_figure_begin(page, "Memory of the server, a socket",
                            "What its process grew by until all sockets were open, shared among "
                            "them, their connections included. Shorter is better.");
    draw_bars(page, &bars);
    bench_html_figure_end(page);
}
