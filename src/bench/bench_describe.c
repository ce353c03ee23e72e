/* See bench_describe.h. */
#include "bench_describe.h"

#include "bench_text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Text that grows in a buffer of BENCH_DESCRIBE_MAX bytes, and is cut there. */
struct text {
    char *out;
    size_t len;
};

__attribute__((format(printf, 2, 3))) static void append(struct text *t, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    const int wanted = vsnprintf(t->out + t->len, BENCH_DESCRIBE_MAX - t->len, format, list);
    va_end(list);
    if (wanted > 0) {
        const size_t most = BENCH_DESCRIBE_MAX - 1 - t->len;
        t->len += (size_t)wanted < most ? (size_t)wanted : most;
    }
}

static void append_quantity(struct text *t, double value, enum bench_unit unit)
{
    char number[BENCH_NUMBER_MAX];
    append(t, "%s", bench_quantity(number, value, unit));
}

static void append_sizes(struct text *t, const struct bench_sizes *sizes)
{
    for (size_t i = 0; i < sizes->list_len; i++) {
        append(t, "%s", i > 0 ? ", " : "");
        append_quantity(t, (double)sizes->list[i], BENCH_UNIT_BYTES);
    }
    if (sizes->list_len == 0) {
        append_quantity(t, (double)sizes->min, BENCH_UNIT_BYTES);
    }
    if (sizes->list_len == 0 && sizes->max != sizes->min) {
        append(t, " to ");
        append_quantity(t, (double)sizes->max, BENCH_UNIT_BYTES);
    }
}

static void append_count(struct text *t, size_t count, const char *noun)
{
    append_quantity(t, (double)count, BENCH_UNIT_NUMBER);
    append(t, " %s%s", noun, count == 1 ? "" : "s");
}

static void append_mode(struct text *t, const struct bench_options *o)
{
    switch (o->mode) {
    case BENCH_ECHO:
        append(t, "echo of ");
        append_sizes(t, &o->sizes);
        append(t, " messages over ");
        break;
    case BENCH_OPEN:
        append(t, "opening and closing, ");
        break;
    case BENCH_IDLE:
        append(t, "idle: ");
        break;
    case BENCH_PUSH:
        append(t, "messages that the server sends over ");
        break;
    case BENCH_BROADCAST:
        append(t, "broadcast of ");
        append_sizes(t, &o->sizes);
        append(t, " messages to ");
        break;
    }
}

static void append_load(struct text *t, const struct bench_options *o)
{
    if (o->mode != BENCH_ECHO && o->mode != BENCH_BROADCAST) {
        return;
    }
    if (o->in_flight > 0) {
        append(t, ", ");
        append_quantity(t, (double)o->in_flight, BENCH_UNIT_NUMBER);
        append(t, " in flight %s", o->mode == BENCH_ECHO ? "on each" : "at a time");
    } else {
        append(t, ", ");
        append_quantity(t, o->rate, BENCH_UNIT_NUMBER);
        append(t, " a second together (open loop)");
    }
}

char *bench_describe(char out[BENCH_DESCRIBE_MAX], const struct bench_options *options)
{
    const struct bench_options *o = options;
    struct text t = {.out = out};
    out[0] = '\0';
    append_mode(&t, o);
    append_count(&t, o->sockets, "socket");
    append(&t, " on ");
    append_count(&t, o->connections, "connection");
    append(&t, " (HTTP/1.1: one each)");
    append_load(&t, o);
    append(&t, "; ");
    append_count(&t, o->rounds, "round");
    append(&t, " of ");
    append_quantity(&t, o->duration_s * 1e9, BENCH_UNIT_TIME);
    append(&t, " each, ");
    append_count(&t, o->threads, "thread");
    if (o->deflate != TRI_DEFLATE_OFF) {
        append(&t, ", compressed");
    }
    if (o->verify) {
        append(&t, ", each echo verified");
    }
    return out;
}

const char *bench_label(const struct bench_options *options)
{
    if (options->label) {
        return options->label;
    }
    return options->url ? options->url : "";
}

uint64_t bench_count_faults(const struct bench_series *series)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < BENCH_FAULTS; i++) {
        sum += series->counts.faults[i];
    }
    return sum;
}
