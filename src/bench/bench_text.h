/*
 * Text of the report: what comes from outside made harmless, and figures as people read them.
 */
#ifndef BENCH_TEXT_H
#define BENCH_TEXT_H

#include <stddef.h>
#include <stdint.h>

/*
 * Copies |text| to |out| of |max| > 0 bytes: control characters (which a terminal obeys) and what
 * is not UTF-8 become "?", and what does not fit is cut between characters. Returns |out|.
 */
char *bench_text_clean(char *out, size_t max, const char *text);

/* What a figure counts, and how it is written. */
enum bench_unit {
    BENCH_UNIT_NUMBER,  /* as it is, thousands apart: 12,345 */
    BENCH_UNIT_TIME,    /* nanoseconds: ns, us, ms or s */
    BENCH_UNIT_BYTES,   /* B, kB, MB or GB, of 1,000 each */
    BENCH_UNIT_SPEED,   /* bytes a second */
    BENCH_UNIT_PERCENT, /* 100 is all */
};

/* How the figures of one row are written, so that they can be compared: all in the same unit. */
struct bench_scale {
    enum bench_unit unit;
    double divisor;    /* of what is written to what was measured */
    const char *name;  /* "us", "MB/s", "" for a bare number */
    const char *shown; /* the same with signs that are not ASCII: "µs" */
};

/* The scale for values of which |least| is the smallest that is not zero. */
struct bench_scale bench_scale_of(enum bench_unit unit, double least);

#define BENCH_NUMBER_MAX 48

/*
 * Writes |value| on |scale|, without its name: three digits at least, "," between thousands, "-" if
 * it is not a number. Returns |out|.
 */
char *bench_number(char out[BENCH_NUMBER_MAX], double value, const struct bench_scale *scale);

/* Writes |value| on its own scale, with its name behind a space: "12.3 us". Returns |out|. */
char *bench_quantity(char out[BENCH_NUMBER_MAX], double value, enum bench_unit unit);

/* The same for a page: with signs that are not ASCII, "12.3 µs". Returns |out|. */
char *bench_quantity_shown(char out[BENCH_NUMBER_MAX], double value, enum bench_unit unit);

/* A mark on an axis: as short as can be, "200 µs". Returns |out|. */
char *bench_tick(char out[BENCH_NUMBER_MAX], double value, enum bench_unit unit);

/* How many columns |text| (UTF-8) takes on a terminal, if each character takes one. */
size_t bench_text_columns(const char *text);

#endif
