/* Drawings as SVG: axes and what stands on them. Colours and fonts are the page's. */
#ifndef BENCH_SVG_H
#define BENCH_SVG_H

#include "bench_text.h"

#include <stdbool.h>
#include <stdio.h>

#define BENCH_TICKS_MAX 24u

/* From values to points of a drawing. */
struct bench_axis {
    double from, to;   /* values; a logarithmic axis has none that is not over 0 */
    double start, end; /* points; of a vertical axis start > end */
    bool is_log;
    enum bench_unit unit;
};

/* The point of |value|; what is beyond the ends is drawn at them. */
double bench_axis_at(const struct bench_axis *axis, double value);

/* Widens |least| to |most| to round numbers, and makes them the ends of the axis. */
void bench_axis_fit(struct bench_axis *axis, double least, double most);

/* Values for marks, in order; returns their number. */
size_t bench_axis_ticks(const struct bench_axis *axis, double ticks[BENCH_TICKS_MAX]);

/* Where the axes of a drawing are, and how they are called. */
struct bench_plot {
    FILE *out;
    const char *title; /* for those who do not see it */
    double width, height;
    double left, right, top, bottom; /* margins */
    struct bench_axis x, y;
};

/* Begins a drawing of |p->width| by |p->height|, and sets the ends of its axes. */
void bench_plot_begin(struct bench_plot *p);
void bench_plot_end(const struct bench_plot *p);

/* Lines across at the marks of an axis, with their values, and the axis' |name|. */
void bench_plot_axis_x(const struct bench_plot *p, const char *name);
void bench_plot_axis_y(const struct bench_plot *p, const char *name);

/* One mark of the x axis alone, called |text|. */
void bench_plot_tick_x(const struct bench_plot *p, double value, const char *text);
void bench_plot_name_x(const struct bench_plot *p, const char *name);

enum bench_anchor { BENCH_START, BENCH_MIDDLE, BENCH_END };
struct bench_place {
    double x, y;
    enum bench_anchor anchor;
};

/* |text| in the class |css|, escaped. */
void bench_svg_text(FILE *out, struct bench_place at, const char *css, const char *text);

/* A sign that differs by |shape| (0: circle, 1: square, 2: triangle) as well as by colour. */
void bench_svg_sign(FILE *out, double x, double y, unsigned shape);

/* Writes |text| so that it is text in HTML and SVG, in attributes too, and nothing else. */
void bench_html_text(FILE *out, const char *text);

#endif
