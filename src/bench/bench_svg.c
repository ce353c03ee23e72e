/* See bench_svg.h. */
#include "bench_svg.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---------------------------------------------------------------------------------------- text */

static void put_escaped(FILE *out, char c)
{
    switch (c) {
    case '&':
        (void)fputs("&amp;", out);
        break;
    case '<':
        (void)fputs("&lt;", out);
        break;
    case '>':
        (void)fputs("&gt;", out);
        break;
    case '"':
        (void)fputs("&quot;", out);
        break;
    case '\'':
        (void)fputs("&#39;", out);
        break;
    default:
        (void)fputc(c, out);
    }
}

void bench_html_text(FILE *out, const char *text)
{
    char clean[2048];
    (void)bench_text_clean(clean, sizeof clean, text);
    for (const char *at = clean; *at != '\0'; at++) {
        put_escaped(out, *at);
    }
}

void bench_svg_text(FILE *out, struct bench_place at, const char *css, const char *text)
{
    static const char *const anchors[] = {"start", "middle", "end"};
    (void)fprintf(out, "<text x=\"%.1f\" y=\"%.1f\" class=\"%s\" text-anchor=\"%s\">", at.x, at.y,
                  css, anchors[at.anchor]);
    bench_html_text(out, text);
    (void)fputs("</text>\n", out);
}

void bench_svg_sign(FILE *out, double x, double y, unsigned shape)
{
    switch (shape % 3) {
    case 0:
        (void)fprintf(out, "<circle class=\"sign\" cx=\"%.1f\" cy=\"%.1f\" r=\"4\"/>\n", x, y);
        break;
    case 1:
        (void)fprintf(out,
                      "<rect class=\"sign\" x=\"%.1f\" y=\"%.1f\" width=\"7\" height=\"7\"/>\n",
                      x - 3.5, y - 3.5);
        break;
    default:
        (void)fprintf(out, "<path class=\"sign\" d=\"M%.1f %.1fl4.6 8h-9.2z\"/>\n", x, y - 5.2);
    }
}

/* ---------------------------------------------------------------------------------------- axes */

double bench_axis_at(const struct bench_axis *axis, double value)
{
    assert(axis->to > axis->from && (!axis->is_log || axis->from > 0));
    double share = 0;
    if (!axis->is_log) {
        share = (value - axis->from) / (axis->to - axis->from);
    } else if (value > 0) {
        share = log(value / axis->from) / log(axis->to / axis->from);
    }
    if (!(share >= 0)) {
        share = 0;
    }
    share = share > 1 ? 1 : share;
    return axis->start + share * (axis->end - axis->start);
}

/* The least of 1, 2, 5, 10 times a power of ten that is not under |value| > 0. */
static double round_up(double value)
{
    const double power = pow(10, floor(log10(value) + 1e-12));
    static const double steps[] = {1, 2, 5, 10};
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        if (value <= steps[i] * power * (1 + 1e-9)) {
            return steps[i] * power;
        }
    }
    return 10 * power;
}

/* The greatest such number that is not over |value|. */
static double round_down(double value)
{
    const double power = pow(10, floor(log10(value) + 1e-12));
    static const double steps[] = {5, 2, 1};
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        if (value >= steps[i] * power * (1 - 1e-9)) {
            return steps[i] * power;
        }
    }
    return power;
}

void bench_axis_fit(struct bench_axis *axis, double least, double most)
{
    if (!axis->is_log) {
        const double step = most > 0 ? round_up(most / 6) : 1;
        axis->from = 0;
        axis->to = most > 0 ? step * ceil(most / step - 1e-9) : 1;
        return;
    }
    const double low = least > 0 && isfinite(least) ? least : 1;
    const double high = most > low && isfinite(most) ? most : low;
    axis->from = round_down(low);
    axis->to = round_up(high);
    if (!(axis->to > axis->from)) {
        axis->to = axis->from * 10;
    }
}

static size_t tick_evenly(const struct bench_axis *axis, double ticks[BENCH_TICKS_MAX])
{
    const double step = round_up(axis->to / 6);
    size_t len = 0;
    while ((double)len * step <= axis->to * (1 + 1e-9) && len < BENCH_TICKS_MAX) {
        ticks[len] = (double)len * step;
        len += 1;
    }
    return len;
}

/* 1, 2 and 5 in each power of ten; over three powers of ten 1 alone. */
static size_t tick_by_powers(const struct bench_axis *axis, double ticks[BENCH_TICKS_MAX])
{
    static const double all[] = {1, 2, 5};
    const size_t each = axis->to / axis->from > 1000 ? 1 : 3;
    size_t len = 0;
    const int first = (int)floor(log10(axis->from) + 1e-12);
    const int last = (int)floor(log10(axis->to) + 1e-9);
    for (int power = first; power <= last; power++) {
        for (size_t i = 0; i < each; i++) {
            const double at = all[i] * pow(10, power);
            if (at >= axis->from * (1 - 1e-9) && at <= axis->to * (1 + 1e-9) &&
                len < BENCH_TICKS_MAX) {
                ticks[len++] = at;
            }
        }
    }
    return len;
}

size_t bench_axis_ticks(const struct bench_axis *axis, double ticks[BENCH_TICKS_MAX])
{
    return axis->is_log ? tick_by_powers(axis, ticks) : tick_evenly(axis, ticks);
}

/* -------------------------------------------------------------------------------------- drawing */

void bench_plot_begin(struct bench_plot *p)
{
    p->x.start = p->left;
    p->x.end = p->width - p->right;
    p->y.start = p->height - p->bottom;
    p->y.end = p->top;
    (void)fprintf(p->out, "<svg viewBox=\"0 0 %.0f %.0f\" role=\"img\" aria-label=\"", p->width,
                  p->height);
    bench_html_text(p->out, p->title);
    (void)fputs("\">\n", p->out);
}

void bench_plot_end(const struct bench_plot *p)
{
    (void)fputs("</svg>\n", p->out);
}

static void put_line(const struct bench_plot *p, double x1, double y1, double x2, double y2)
{
    (void)fprintf(p->out,
                  "<line class=\"grid\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>\n", x1,
                  y1, x2, y2);
}

void bench_plot_tick_x(const struct bench_plot *p, double value, const char *text)
{
    const double x = bench_axis_at(&p->x, value);
    put_line(p, x, p->y.start, x, p->y.end);
    bench_svg_text(p->out, (struct bench_place){x, p->y.start + 18, BENCH_MIDDLE}, "tick", text);
}

void bench_plot_name_x(const struct bench_plot *p, const char *name)
{
    const struct bench_place at = {(p->x.start + p->x.end) / 2, p->height - 6, BENCH_MIDDLE};
    bench_svg_text(p->out, at, "name", name);
}

void bench_plot_axis_x(const struct bench_plot *p, const char *name)
{
    double ticks[BENCH_TICKS_MAX];
    const size_t len = bench_axis_ticks(&p->x, ticks);
    for (size_t i = 0; i < len; i++) {
        char text[BENCH_NUMBER_MAX];
        bench_plot_tick_x(p, ticks[i], bench_tick(text, ticks[i], p->x.unit));
    }
    bench_plot_name_x(p, name);
}

void bench_plot_axis_y(const struct bench_plot *p, const char *name)
{
    double ticks[BENCH_TICKS_MAX];
    const size_t len = bench_axis_ticks(&p->y, ticks);
    for (size_t i = 0; i < len; i++) {
        const double y = bench_axis_at(&p->y, ticks[i]);
        char text[BENCH_NUMBER_MAX];
        put_line(p, p->x.start, y, p->x.end, y);
        bench_svg_text(p->out, (struct bench_place){p->left - 8, y + 4, BENCH_END}, "tick",
                       bench_tick(text, ticks[i], p->y.unit));
    }
    bench_svg_text(p->out, (struct bench_place){8, 14, BENCH_START}, "name", name);
}
