/* See bench_values.h. */
#include "bench_values.h"

#include "bench_numbers.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Where the option's value goes. */
#define PLACE(type, p, o) ((type *)(void *)((char *)(p)->out + (o)->field))

/* Long enough for a machine that is left alone over a weekend; more is a slip. */
#define DURATION_MAX_S (7.0 * 24 * 3600)
#define DURATION_MIN_S 0.05
#define RATE_MAX 1e9
#define PID_MAX ((uint64_t)1 << 22) /* Linux has no higher one */

enum tri_err bench_fail(const struct bench_parsing *p, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)vsnprintf(p->error, BENCH_ERROR_MAX, format, args);
    va_end(args);
    return TRI_ERR_INVALID;
}

enum tri_err bench_take_string(const struct bench_parsing *p, const struct bench_option *o,
                               const char *const *values)
{
    *PLACE(const char *, p, o) = values[0];
    return TRI_OK;
}

enum tri_err bench_take_flag(const struct bench_parsing *p, const struct bench_option *o,
                             const char *const *values)
{
    (void)values;
    *PLACE(bool, p, o) = true;
    return TRI_OK;
}

enum tri_err bench_take_count(const struct bench_parsing *p, const struct bench_option *o,
                              const char *const *values)
{
    uint64_t value = 0;
    if (!bench_read_count(values[0], o->min, o->max, &value)) {
        return bench_fail(p,
                          "%s %.100s is not understood; give a number from %" PRIu64 " to %" PRIu64,
                          o->name, values[0], o->min, o->max);
    }
    *PLACE(size_t, p, o) = (size_t)value;
    return TRI_OK;
}

enum tri_err bench_take_seed(const struct bench_parsing *p, const struct bench_option *o,
                             const char *const *values)
{
    return bench_read_count(values[0], 0, UINT64_MAX, &p->out->seed)
               ? TRI_OK
               : bench_fail(p, "%s %.100s is not understood; give a number", o->name, values[0]);
}

enum tri_err bench_take_pid(const struct bench_parsing *p, const struct bench_option *o,
                            const char *const *values)
{
    uint64_t value = 0;
    if (!bench_read_count(values[0], 1, PID_MAX, &value)) {
        return bench_fail(p, "%s %.100s is not understood; give the number of a process", o->name,
                          values[0]);
    }
    p->out->server_pid = (pid_t)value;
    return TRI_OK;
}

enum tri_err bench_take_duration(const struct bench_parsing *p, const struct bench_option *o,
                                 const char *const *values)
{
    double least = o->min > 0 ? DURATION_MIN_S : 0;
    if (!bench_read_duration(values[0], least, DURATION_MAX_S, PLACE(double, p, o))) {
        return bench_fail(p,
                          "%s %.100s is not understood; give a time from %s to 7 days, like 500ms, "
                          "5s or 2m",
                          o->name, values[0], o->min > 0 ? "50ms" : "0");
    }
    return TRI_OK;
}

enum tri_err bench_take_rate(const struct bench_parsing *p, const struct bench_option *o,
                             const char *const *values)
{
    return bench_read_rate(values[0], RATE_MAX, &p->out->rate)
               ? TRI_OK
               : bench_fail(p,
                            "%s %.100s is not understood; give messages a second, like 500 or 20k",
                            o->name, values[0]);
}

/* The version that |text| of |len| bytes names; TRI_HTTP_ALL: none. */
static enum tri_http http_of(const char *text, size_t len)
{
    static const struct {
        const char *name;
        enum tri_http http;
    } names[] = {{"1.1", TRI_HTTP_1_1}, {"2", TRI_HTTP_2}, {"3", TRI_HTTP_3}};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strlen(names[i].name) == len && memcmp(names[i].name, text, len) == 0) {
            return names[i].http;
        }
    }
    return TRI_HTTP_ALL;
}

enum tri_err bench_take_http(const struct bench_parsing *p, const struct bench_option *o,
                             const char *const *values)
{
    struct bench_options *out = p->out;
    unsigned seen = 0;
    out->https_given = true;
    out->https_len = 0;
    for (const char *at = values[0];; at++) {
        size_t len = strcspn(at, ",");
        enum tri_http http = http_of(at, len);
        if (http == TRI_HTTP_ALL || (seen & (unsigned)http) != 0) {
            return bench_fail(p, "%s %.100s is not understood; give some of 1.1,2,3, each once",
                              o->name, values[0]);
        }
        seen |= (unsigned)http;
        out->https[out->https_len++] = http;
        at += len;
        if (*at == '\0') {
            return TRI_OK;
        }
    }
}

static bool read_range(const char *text, const char *dash, struct bench_sizes *out)
{
    return bench_read_size(text, dash, BENCH_SIZE_MAX, &out->min) &&
           bench_read_size(dash + 1, dash + 1 + strlen(dash + 1), BENCH_SIZE_MAX, &out->max) &&
           out->min <= out->max;
}

/* One or more with commas; min and max are the least and the most of them. */
static bool read_list(const char *text, struct bench_sizes *out)
{
    out->min = SIZE_MAX;
    for (const char *at = text;; at++) {
        const char *end = at + strcspn(at, ",");
        size_t size = 0;
        if (out->list_len == BENCH_SIZES_MAX || !bench_read_size(at, end, BENCH_SIZE_MAX, &size)) {
            return false;
        }
        out->list[out->list_len++] = size;
        out->min = size < out->min ? size : out->min;
        out->max = size > out->max ? size : out->max;
        at = end;
        if (*at == '\0') {
            break;
        }
    }
    if (out->list_len == 1) {
        out->list_len = 0;
    }
    return true;
}

enum tri_err bench_take_sizes(const struct bench_parsing *p, const struct bench_option *o,
                              const char *const *values)
{
    struct bench_sizes sizes = {.list_len = 0};
    const char *dash = strchr(values[0], '-');
    if (!(dash ? read_range(values[0], dash, &sizes) : read_list(values[0], &sizes))) {
        return bench_fail(
            p,
            "%s %.100s is not understood; give bytes up to 64m, like 32 or 16k, a range "
            "like 32-1024, or up to %u of them with commas",
            o->name, values[0], BENCH_SIZES_MAX);
    }
    p->out->sizes = sizes;
    return TRI_OK;
}

enum tri_err bench_take_mode(const struct bench_parsing *p, const struct bench_option *o,
                             const char *const *values)
{
    static const enum bench_mode modes[] = {BENCH_ECHO, BENCH_OPEN, BENCH_IDLE, BENCH_PUSH,
                                            BENCH_BROADCAST};
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        if (strcmp(bench_mode_name(modes[i]), values[0]) == 0) {
            p->out->mode = modes[i];
            return TRI_OK;
        }
    }
    return bench_fail(p, "%s %.100s is not understood; give echo, open, idle, push or broadcast",
                      o->name, values[0]);
}

enum tri_err bench_take_deflate(const struct bench_parsing *p, const struct bench_option *o,
                                const char *const *values)
{
    static const char *const names[] = {[TRI_DEFLATE_OFF] = "off",
                                        [TRI_DEFLATE_SHARED] = "shared",
                                        [TRI_DEFLATE_DEDICATED] = "dedicated"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(names[i], values[0]) == 0) {
            p->out->deflate = (enum tri_deflate)i;
            return TRI_OK;
        }
    }
    return bench_fail(p, "%s %.100s is not understood; give off, shared or dedicated", o->name,
                      values[0]);
}

enum tri_err bench_take_compare(const struct bench_parsing *p, const struct bench_option *o,
                                const char *const *values)
{
    (void)o;
    p->out->compare[0] = values[0];
    p->out->compare[1] = values[1];
    return TRI_OK;
}

/* The end of what the headers before take of |header_bytes|. */
static char *header_end(struct bench_options *out)
{
    if (out->headers_len == 0) {
        return out->header_bytes;
    }
    const char *last = out->headers[out->headers_len - 1].value;
    return out->header_bytes + (last - out->header_bytes) + strlen(last) + 1;
}

/* HTTP/2 and HTTP/3 have field names in lower case alone: RFC 9113 section 8.2.1. */
static void put_header(struct bench_options *out, const char *line, size_t name_len)
{
    char *name = header_end(out);
    for (size_t i = 0; i < name_len; i++) {
        name[i] = (char)(line[i] >= 'A' && line[i] <= 'Z' ? line[i] + ('a' - 'A') : line[i]);
    }
    name[name_len] = '\0';
    const char *from = line + name_len + 1;
    from += strspn(from, " \t");
    size_t len = strlen(from);
    while (len > 0 && (from[len - 1] == ' ' || from[len - 1] == '\t')) {
        len--;
    }
    char *value = name + name_len + 1;
    memcpy(value, from, len);
    value[len] = '\0';
    out->headers[out->headers_len++] = (struct tri_header){name, value};
}

enum tri_err bench_take_header(const struct bench_parsing *p, const struct bench_option *o,
                               const char *const *values)
{
    size_t name_len = strcspn(values[0], ":");
    if (name_len == 0 || values[0][name_len] == '\0') {
        /* It is not told: it may be a secret. */
        return bench_fail(p, "%s: what it was given is not understood; give it like 'Name: value'",
                          o->name);
    }
    const char *end = p->out->header_bytes + sizeof p->out->header_bytes;
    /* A name and a value end in a NUL each; one of them has the place of the colon. */
    if (p->out->headers_len == BENCH_HEADERS_MAX ||
        (size_t)(end - header_end(p->out)) < strlen(values[0]) + 1) {
        return bench_fail(p,
                          "%s is given too often; up to %u of them are taken, of %u bytes together",
                          o->name, BENCH_HEADERS_MAX, BENCH_HEADER_BYTES_MAX);
    }
    put_header(p->out, values[0], name_len);
    return TRI_OK;
}
