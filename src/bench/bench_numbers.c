/* See bench_numbers.h. */
#include "bench_numbers.h"

#include <stdlib.h>
#include <string.h>

#define DIGITS "0123456789"

/* Digits from |text| to |end|, at least one. */
static bool read_digits(const char *text, const char *end, uint64_t max, uint64_t *out)
{
    uint64_t value = 0;
    if (text == end) {
        return false;
    }
    for (; text < end; text++) {
        if (*text < '0' || *text > '9') {
            return false;
        }
        uint64_t digit = (uint64_t)(*text - '0');
        if (value > (UINT64_MAX - digit) / 10) {
            return false;
        }
        value = value * 10 + digit;
    }
    if (value > max) {
        return false;
    }
    *out = value;
    return true;
}

bool bench_read_count(const char *text, uint64_t min, uint64_t max, uint64_t *out)
{
    uint64_t value = 0;
    if (!read_digits(text, text + strlen(text), max, &value) || value < min) {
        return false;
    }
    *out = value;
    return true;
}

bool bench_read_size(const char *text, const char *end, uint64_t max, size_t *out)
{
    unsigned shift = 0;
    if (end > text && (end[-1] == 'k' || end[-1] == 'K')) {
        shift = 10;
    } else if (end > text && (end[-1] == 'm' || end[-1] == 'M')) {
        shift = 20;
    }
    uint64_t value = 0;
    if (!read_digits(text, shift > 0 ? end - 1 : end, max >> shift, &value)) {
        return false;
    }
    *out = (size_t)(value << shift);
    return true;
}

/* Digits with or without a fraction, at the start of |text|; the rest of it, or NULL. */
static const char *read_decimal(const char *text, double *out)
{
    size_t whole = strspn(text, DIGITS);
    size_t len = whole;
    if (whole > 0 && text[whole] == '.') {
        size_t fraction = strspn(text + whole + 1, DIGITS);
        len = fraction > 0 ? whole + 1 + fraction : 0;
    }
    if (len == 0 || len > 20) {
        return NULL;
    }
    /* strtod would take exponents and a sign too: it gets the digits alone, in the C locale. */
    char digits[24];
    memcpy(digits, text, len);
    digits[len] = '\0';
    *out = strtod(digits, NULL);
    return text + len;
}

bool bench_read_rate(const char *text, double max, double *out)
{
    double value = 0;
    const char *rest = read_decimal(text, &value);
    if (!rest) {
        return false;
    }
    if (strcmp(rest, "k") == 0) {
        value *= 1e3;
    } else if (strcmp(rest, "m") == 0) {
        value *= 1e6;
    } else if (*rest != '\0') {
        return false;
    }
    if (value <= 0 || value > max) {
        return false;
    }
    *out = value;
    return true;
}

bool bench_read_duration(const char *text, double min_s, double max_s, double *out_s)
{
    double value = 0;
    const char *rest = read_decimal(text, &value);
    if (!rest) {
        return false;
    }
    if (strcmp(rest, "ms") == 0) {
        value /= 1e3;
    } else if (strcmp(rest, "m") == 0) {
        value *= 60;
    } else if (*rest != '\0' && strcmp(rest, "s") != 0) {
        return false;
    }
    if (value < min_s || value > max_s) {
        return false;
    }
    *out_s = value;
    return true;
}
