/* See bench_metric.h. */
#include "bench_metric.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* -------------------------------------------------------------------------- what is counted up */

static double divide(double a, double b)
{
    return b > 0 ? a / b : (double)NAN;
}

static double cpu_ns(const struct bench_cpu *cpu)
{
    const double sum = (double)cpu->user_ns + (double)cpu->system_ns;
    return sum > 0 ? sum : (double)NAN;
}

static double received_per_s(const struct bench_flow *f)
{
    return divide((double)f->counts->messages_in, f->seconds);
}

static double sent_per_s(const struct bench_flow *f)
{
    return divide((double)f->counts->messages_out, f->seconds);
}

static double bytes_per_s(const struct bench_flow *f)
{
    return divide((double)f->counts->bytes_in, f->seconds);
}

static double opened_per_s(const struct bench_flow *f)
{
    return divide((double)f->counts->sockets_opened, f->seconds);
}

/* No message takes nothing: then it is not known. */
static double wire_of(uint64_t wire, uint64_t messages)
{
    return wire > 0 ? divide((double)wire, (double)messages) : (double)NAN;
}

static double wire_out(const struct bench_flow *f)
{
    return wire_of(f->counts->wire_out, f->counts->messages_out);
}

static double wire_in(const struct bench_flow *f)
{
    return wire_of(f->counts->wire_in, f->counts->messages_in);
}

static double overhead_out(const struct bench_flow *f)
{
    return wire_out(f) - divide((double)f->counts->bytes_out, (double)f->counts->messages_out);
}

static double overhead_in(const struct bench_flow *f)
{
    return wire_in(f) - divide((double)f->counts->bytes_in, (double)f->counts->messages_in);
}

static double wire_out_per_socket(const struct bench_flow *f)
{
    return divide((double)f->counts->wire_out, (double)f->counts->sockets_opened);
}

static double wire_in_per_socket(const struct bench_flow *f)
{
    return divide((double)f->counts->wire_in, (double)f->counts->sockets_opened);
}

static double client_per_message(const struct bench_flow *f)
{
    return divide(cpu_ns(f->client), (double)f->counts->messages_in);
}

static double server_per_message(const struct bench_flow *f)
{
    return divide(cpu_ns(f->server), (double)f->counts->messages_in);
}

static double client_per_socket(const struct bench_flow *f)
{
    return divide(cpu_ns(f->client), (double)f->counts->sockets_opened);
}

static double server_per_socket(const struct bench_flow *f)
{
    return divide(cpu_ns(f->server), (double)f->counts->sockets_opened);
}

static double client_load(const struct bench_flow *f)
{
    return divide(cpu_ns(f->client), f->seconds * 1e7);
}

static double server_load(const struct bench_flow *f)
{
    return divide(cpu_ns(f->server), f->seconds * 1e7);
}

/* ------------------------------------------------------------------------- what a series knows */

static double count_sockets(const struct bench_series *s)
{
    return s->sockets > 0 ? (double)s->sockets : (double)NAN;
}

static double opening_per_s(const struct bench_series *s)
{
    return s->opening_sockets > 0 ? divide((double)s->opening_sockets, s->opening_seconds)
                                  : (double)NAN;
}

static double count_connections(const struct bench_series *s)
{
    return s->connections > 0 ? (double)s->connections : (double)NAN;
}

/* A server that did not grow had the memory from sockets before: then it tells nothing. */
static double memory_per_socket(const struct bench_series *s)
{
    if (s->server_rss_before == 0 || s->server_rss_open <= s->server_rss_before) {
        return (double)NAN;
    }
    return divide((double)s->server_rss_open - (double)s->server_rss_before, (double)s->sockets);
}

/* ----------------------------------------------------------------------------------- the table */

#define ECHO (1u << BENCH_ECHO)
#define OPEN (1u << BENCH_OPEN)
#define IDLE (1u << BENCH_IDLE)
#define PUSH (1u << BENCH_PUSH)
#define BROADCAST (1u << BENCH_BROADCAST)
#define MESSAGES (ECHO | PUSH | BROADCAST)
#define KEPT (MESSAGES | IDLE) /* sockets that stay open */
#define ALL (KEPT | OPEN)

#define FLOW(function) .of_flow = (function)
#define QUANTILE(of, q) .histogram = offsetof(struct bench_series, of), .quantile = (q)
#define ROUND(member) .round_ns = offsetof(struct bench_round, member)
#define NUMBER(what) .unit = BENCH_UNIT_NUMBER, .per = (what)
#define TIME .unit = BENCH_UNIT_TIME, .better = BENCH_LOWER
#define BYTES .unit = BENCH_UNIT_BYTES, .better = BENCH_LOWER

/* clang-format off */
static const struct bench_metric metrics[] = {
    {"messages_per_s", "messages", "received", NUMBER("1/s"), .modes = MESSAGES,
     FLOW(received_per_s), .better = BENCH_HIGHER},
    {"messages_out_per_s", "messages", "sent", NUMBER("1/s"), .modes = BROADCAST,
     FLOW(sent_per_s), .better = BENCH_HIGHER},
    {"bytes_per_s", "messages", "volume", .unit = BENCH_UNIT_SPEED, .modes = MESSAGES,
     FLOW(bytes_per_s), .better = BENCH_HIGHER},
    {"sockets_per_s", "sockets", "opened", NUMBER("1/s"), .modes = OPEN,
     FLOW(opened_per_s), .better = BENCH_HIGHER},
    {"opening_per_s", "sockets", "opened at once", NUMBER("1/s"), .modes = IDLE,
     .of_series = opening_per_s, .better = BENCH_HIGHER},
    {"latency_p50", "latency", "p50", TIME, .modes = ALL, QUANTILE(latency, 0.5),
     ROUND(latency_p50_ns)},
    {"latency_p90", "latency", "p90", TIME, .modes = ALL, QUANTILE(latency, 0.9)},
    {"latency_p99", "latency", "p99", TIME, .modes = ALL, QUANTILE(latency, 0.99),
     ROUND(latency_p99_ns)},
    {"latency_p999", "latency", "p99.9", TIME, .modes = ALL, QUANTILE(latency, 0.999),
     ROUND(latency_p999_ns)},
    {"latency_max", "latency", "max", TIME, .modes = ALL, QUANTILE(latency, 1)},
    {"late_p99", "sent late", "p99", TIME, .modes = ECHO | BROADCAST, QUANTILE(late, 0.99)},
    {"late_max", "sent late", "max", TIME, .modes = ECHO | BROADCAST, QUANTILE(late, 1)},
    {"connect_p50", "opening, p50", "TCP or QUIC", TIME, .modes = ALL, QUANTILE(connect, 0.5)},
    {"tls_p50", "opening, p50", "TLS", TIME, .modes = ALL, QUANTILE(tls, 0.5)},
    {"settings_p50", "opening, p50", "SETTINGS", TIME, .modes = ALL, QUANTILE(settings, 0.5)},
    {"handshake_p50", "opening, p50", "handshake", TIME, .modes = ALL, QUANTILE(handshake, 0.5)},
    {"open_p50", "opening, p50", "all", TIME, .modes = ALL, QUANTILE(open, 0.5),
     ROUND(open_p50_ns)},
    {"open_p99", "opening, p99", "all", TIME, .modes = ALL, QUANTILE(open, 0.99)},
    {"wire_out_per_message", "wire, a message", "out", BYTES, .modes = MESSAGES, FLOW(wire_out)},
    {"wire_in_per_message", "wire, a message", "in", BYTES, .modes = MESSAGES, FLOW(wire_in)},
    {"overhead_out_per_message", "wire, a message", "overhead out", BYTES, .modes = MESSAGES,
     FLOW(overhead_out)},
    {"overhead_in_per_message", "wire, a message", "overhead in", BYTES, .modes = MESSAGES,
     FLOW(overhead_in)},
    {"wire_out_per_socket", "wire, a socket", "out", BYTES, .modes = OPEN,
     FLOW(wire_out_per_socket)},
    {"wire_in_per_socket", "wire, a socket", "in", BYTES, .modes = OPEN, FLOW(wire_in_per_socket)},
    {"client_cpu_per_message", "CPU, a message", "client", TIME, .modes = MESSAGES,
     FLOW(client_per_message)},
    {"server_cpu_per_message", "CPU, a message", "server", TIME, .modes = MESSAGES,
     FLOW(server_per_message)},
    {"client_cpu_per_socket", "CPU, a socket", "client", TIME, .modes = OPEN,
     FLOW(client_per_socket)},
    {"server_cpu_per_socket", "CPU, a socket", "server", TIME, .modes = OPEN,
     FLOW(server_per_socket)},
    {"client_load", "CPU, of a core", "client", .unit = BENCH_UNIT_PERCENT, .modes = ALL,
     FLOW(client_load), .better = BENCH_NEITHER},
    {"server_load", "CPU, of a core", "server", .unit = BENCH_UNIT_PERCENT, .modes = ALL,
     FLOW(server_load), .better = BENCH_NEITHER},
    {"server_memory_per_socket", "memory, a socket", "server", BYTES, .modes = KEPT,
     .of_series = memory_per_socket},
    {"sockets", "open", "sockets", NUMBER(NULL), .modes = KEPT, .of_series = count_sockets,
     .better = BENCH_NEITHER},
    {"connections", "open", "connections", NUMBER(NULL), .modes = KEPT,
     .of_series = count_connections, .better = BENCH_NEITHER},
};
/* clang-format on */

const struct bench_metric *bench_metric_at(size_t index)
{
    return index < sizeof metrics / sizeof metrics[0] ? &metrics[index] : NULL;
}

const struct bench_metric *bench_metric_by_key(const char *key)
{
    for (size_t i = 0; i < sizeof metrics / sizeof metrics[0]; i++) {
        if (strcmp(metrics[i].key, key) == 0) {
            return &metrics[i];
        }
    }
    return NULL;
}

/* --------------------------------------------------------------------------------- their values */

double bench_metric_value(const struct bench_metric *metric, const struct bench_series *series)
{
    if (!series->is_run) {
        return (double)NAN;
    }
    if (metric->of_flow) {
        const struct bench_flow flow = {.counts = &series->counts,
                                        .seconds = series->seconds,
                                        .client = &series->client,
                                        .server = &series->server};
        return metric->of_flow(&flow);
    }
    if (metric->of_series) {
        return metric->of_series(series);
    }
    assert(metric->histogram != 0);
    const struct bench_histogram *h = (const void *)((const char *)series + metric->histogram);
    return h->total > 0 ? (double)bench_histogram_quantile(h, metric->quantile) : (double)NAN;
}

double bench_metric_of_round(const struct bench_metric *metric, const struct bench_round *round)
{
    if (metric->of_flow) {
        const struct bench_flow flow = {.counts = &round->counts,
                                        .seconds = round->seconds,
                                        .client = &round->client,
                                        .server = &round->server};
        return metric->of_flow(&flow);
    }
    if (metric->round_ns == 0) {
        return (double)NAN;
    }
    uint64_t ns = 0;
    memcpy(&ns, (const char *)round + metric->round_ns, sizeof ns);
    return ns > 0 ? (double)ns : (double)NAN;
}

static int compare_doubles(const void *a, const void *b)
{
    const double x = *(const double *)a;
    const double y = *(const double *)b;
    return (x > y) - (x < y);
}

struct bench_spread bench_metric_spread(const struct bench_metric *metric,
                                        const struct bench_series *series)
{
    double values[BENCH_ROUNDS_MAX];
    size_t len = 0;
    for (size_t i = 0; i < series->rounds_len; i++) {
        const double value = bench_metric_of_round(metric, &series->rounds[i]);
        if (isfinite(value)) {
            values[len++] = value;
        }
    }
    if (len == 0) {
        return (struct bench_spread){(double)NAN, (double)NAN, (double)NAN, 0};
    }
    qsort(values, len, sizeof values[0], compare_doubles);
    return (struct bench_spread){.min = values[0],
                                 .median = (values[(len - 1) / 2] + values[len / 2]) / 2,
                                 .max = values[len - 1],
                                 .len = len};
}

/* ------------------------------------------------------------------------------------ as shown */

bool bench_metric_is_shown(const struct bench_metric *metric, const struct bench_result *result)
{
    bool has_value = false;
    for (size_t i = 0; i < result->series_len; i++) {
        has_value = has_value || isfinite(bench_metric_value(metric, &result->series[i]));
    }
    return has_value && (metric->modes >> result->options->mode & 1U) != 0;
}

struct bench_scale bench_metric_scale(const struct bench_metric *metric,
                                      const struct bench_result *const *results, size_t len)
{
    double least = 0;
    double most = 0;
    for (size_t r = 0; r < len; r++) {
        for (size_t i = 0; i < results[r]->series_len; i++) {
            const double size = fabs(bench_metric_value(metric, &results[r]->series[i]));
            if (isfinite(size) && size > 0) {
                least = least == 0 || size < least ? size : least;
                most = size > most ? size : most;
            }
        }
    }
    /* The least is to be 1 or more, but not if the others get more than five digits by that. */
    return bench_scale_of(metric->unit, fmax(least, most / 100));
}

const char *bench_metric_unit(const struct bench_metric *metric, const struct bench_scale *scale)
{
    return metric->per ? metric->per : scale->name;
}
