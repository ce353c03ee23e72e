/* See bench_text.h. */
#include "bench_text.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* -------------------------------------------------------------------------------- from outside */

static bool is_tail(unsigned char byte)
{
    return (byte & 0xc0U) == 0x80U;
}

/* The lowest and the highest byte that may follow |lead|: RFC 3629 section 4. */
static bool is_second(unsigned char lead, unsigned char byte)
{
    switch (lead) {
    case 0xe0:
        return byte >= 0xa0 && byte <= 0xbf;
    case 0xed:
        return byte >= 0x80 && byte <= 0x9f;
    case 0xf0:
        return byte >= 0x90 && byte <= 0xbf;
    case 0xf4:
        return byte >= 0x80 && byte <= 0x8f;
    default:
        return is_tail(byte);
    }
}

/* Bytes of the character at |text|; 0 if there is none that can be shown. */
static size_t measure_character(const unsigned char *text)
{
    const unsigned char lead = text[0];
    if (lead < 0x80) {
        return lead >= 0x20 && lead != 0x7f ? 1 : 0;
    }
    if (lead < 0xc2 || lead > 0xf4 || !is_second(lead, text[1])) {
        return 0;
    }
    if (lead < 0xe0) {
        /* U+0080 to U+009F are control characters too. */
        return lead == 0xc2 && text[1] < 0xa0 ? 0 : 2;
    }
    if (!is_tail(text[2])) {
        return 0;
    }
    if (lead < 0xf0) {
        return 3;
    }
    return is_tail(text[3]) ? 4 : 0;
}

char *bench_text_clean(char *out, size_t max, const char *text)
{
    assert(max > 0);
    const unsigned char *at = (const unsigned char *)text;
    size_t len = 0;
    while (*at != '\0') {
        const size_t bytes = measure_character(at);
        const size_t used = bytes > 0 ? bytes : 1;
        if (len + used >= max) {
            break;
        }
        if (bytes > 0) {
            memcpy(out + len, at, bytes);
        } else {
            out[len] = '?';
        }
        len += used;
        at += used;
    }
    out[len] = '\0';
    return out;
}

size_t bench_text_columns(const char *text)
{
    size_t columns = 0;
    for (; *text != '\0'; text++) {
        columns += is_tail((unsigned char)*text) ? 0 : 1;
    }
    return columns;
}

/* ------------------------------------------------------------------------------------- figures */

struct step {
    double divisor;
    const char *name, *shown;
};

/* The largest step of |steps| that leaves |least| at 1 or more. */
static struct step choose_step(const struct step *steps, size_t len, double least)
{
    size_t chosen = 0;
    for (size_t i = 1; i < len; i++) {
        if (least >= steps[i].divisor) {
            chosen = i;
        }
    }
    return steps[chosen];
}

struct bench_scale bench_scale_of(enum bench_unit unit, double least)
{
    static const struct step times[] = {
        {1, "ns", "ns"}, {1e3, "us", "µs"}, {1e6, "ms", "ms"}, {1e9, "s", "s"}};
    static const struct step bytes[] = {
        {1, "B", "B"}, {1e3, "kB", "kB"}, {1e6, "MB", "MB"}, {1e9, "GB", "GB"}};
    static const struct step speeds[] = {
        {1, "B/s", "B/s"}, {1e3, "kB/s", "kB/s"}, {1e6, "MB/s", "MB/s"}, {1e9, "GB/s", "GB/s"}};
    struct step step = {1, "", ""};
    switch (unit) {
    case BENCH_UNIT_NUMBER:
        break;
    case BENCH_UNIT_TIME:
        step = choose_step(times, sizeof times / sizeof times[0], least);
        break;
    case BENCH_UNIT_BYTES:
        step = choose_step(bytes, sizeof bytes / sizeof bytes[0], least);
        break;
    case BENCH_UNIT_SPEED:
        step = choose_step(speeds, sizeof speeds / sizeof speeds[0], least);
        break;
    case BENCH_UNIT_PERCENT:
        step = (struct step){1, "%", "%"};
        break;
    }
    return (struct bench_scale){
        .unit = unit, .divisor = step.divisor, .name = step.name, .shown = step.shown};
}

/* Digits behind the point, for three that count. */
static int count_decimals(double value, enum bench_unit unit, double divisor)
{
    const double size = fabs(value);
    const bool is_whole = floor(value) == value;
    if (size >= 99.95 || (is_whole && (unit == BENCH_UNIT_NUMBER || divisor == 1))) {
        return 0;
    }
    if (size >= 9.995) {
        return 1;
    }
    return size >= 0.0995 || unit == BENCH_UNIT_PERCENT ? 2 : 3;
}

/* Puts "," between thousands of |digits|, which may hold a sign and a fraction. */
static void group_thousands(char out[BENCH_NUMBER_MAX], const char *digits)
{
    const size_t sign = digits[0] == '-' ? 1 : 0;
    const size_t whole = sign + strspn(digits + sign, "0123456789");
    size_t len = 0;
    for (size_t i = 0; digits[i] != '\0' && len + 2 < BENCH_NUMBER_MAX; i++) {
        if (i > sign && i < whole && (whole - i) % 3 == 0) {
            out[len++] = ',';
        }
        out[len++] = digits[i];
    }
    out[len] = '\0';
}

char *bench_number(char out[BENCH_NUMBER_MAX], double value, const struct bench_scale *scale)
{
    assert(scale->divisor > 0);
    const double scaled = value / scale->divisor;
    if (!isfinite(scaled) || fabs(scaled) >= 1e21) {
        (void)snprintf(out, BENCH_NUMBER_MAX, "-");
        return out;
    }
    char digits[BENCH_NUMBER_MAX];
    (void)snprintf(digits, sizeof digits, "%.*f",
                   count_decimals(scaled, scale->unit, scale->divisor), scaled);
    group_thousands(out, digits);
    return out;
}

/* Puts the name of a unit behind the number in |out|. */
static char *append_unit(char out[BENCH_NUMBER_MAX], const char *name)
{
    const size_t len = strlen(out);
    const bool is_none = strcmp(out, "-") == 0 || name[0] == '\0';
    if (!is_none) {
        (void)snprintf(out + len, BENCH_NUMBER_MAX - len, "%s%s", name[0] == '%' ? "" : " ", name);
    }
    return out;
}

char *bench_quantity(char out[BENCH_NUMBER_MAX], double value, enum bench_unit unit)
{
    const struct bench_scale scale = bench_scale_of(unit, fabs(value));
    return append_unit(bench_number(out, value, &scale), scale.name);
}

char *bench_quantity_shown(char out[BENCH_NUMBER_MAX], double value, enum bench_unit unit)
{
    const struct bench_scale scale = bench_scale_of(unit, fabs(value));
    return append_unit(bench_number(out, value, &scale), scale.shown);
}

char *bench_tick(char out[BENCH_NUMBER_MAX], double value, enum bench_unit unit)
{
    const struct bench_scale scale = bench_scale_of(unit, fabs(value));
    char digits[BENCH_NUMBER_MAX];
    const double scaled = value / scale.divisor;
    if (!(fabs(scaled) < 1e15)) {
        digits[0] = '-';
        digits[1] = '\0';
    } else if (fabs(scaled) >= 1000) {
        (void)snprintf(digits, sizeof digits, "%.0f", scaled);
    } else {
        (void)snprintf(digits, sizeof digits, "%.4g", scaled);
    }
    group_thousands(out, digits);
    return value == 0 ? out : append_unit(out, scale.shown);
}
