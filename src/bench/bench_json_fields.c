/* See bench_json_fields.h: the tables. */
#include "bench_json_fields.h"

#include <stddef.h>

#define NONE 0, 0, NULL
#define U64(type, name)                                                                            \
    {                                                                                              \
#name, BENCH_JSON_U64, offsetof(struct type, name), NONE                                   \
    }
#define SIZE(type, name, max)                                                                      \
    {                                                                                              \
#name, BENCH_JSON_SIZE, offsetof(struct type, name), 0, max, NULL                          \
    }
#define REAL(type, name, max)                                                                      \
    {                                                                                              \
#name, BENCH_JSON_REAL, offsetof(struct type, name), 0, max, NULL                          \
    }
#define BOOL(type, name)                                                                           \
    {                                                                                              \
#name, BENCH_JSON_BOOL, offsetof(struct type, name), NONE                                  \
    }
#define MAYBE(type, name)                                                                          \
    {                                                                                              \
#name, BENCH_JSON_MAYBE, offsetof(struct type, name), NONE                                 \
    }
#define OBJECT(type, name, inner)                                                                  \
    {                                                                                              \
#name, BENCH_JSON_OBJECT, offsetof(struct type, name), 0, 0, &(inner)                      \
    }
#define TEXT(type, name)                                                                           \
    {                                                                                              \
#name, BENCH_JSON_TEXT, offsetof(struct type, name), sizeof((struct type *)0)->name, 0,    \
            NULL                                                                                   \
    }
#define FAULT(name, index)                                                                         \
    {                                                                                              \
        name, BENCH_JSON_U64, offsetof(struct bench_counts, faults) + 8u * (index), NONE           \
    }
#define STRUCT(fields)                                                                             \
    {                                                                                              \
        fields, sizeof(fields) / sizeof(fields)[0]                                                 \
    }

#define COUNT_MAX 1000000000u /* of sockets, threads and what else is asked for */
#define YEAR_S 31536000u

static const struct bench_json_field cpu_fields[] = {
    U64(bench_cpu, user_ns),
    U64(bench_cpu, system_ns),
};
static const struct bench_json_struct cpu = STRUCT(cpu_fields);

/* Their names are those of bench_fault_name, which a test compares. */
static const struct bench_json_field fault_fields[] = {
    FAULT("open", BENCH_FAULT_OPEN),         FAULT("closed", BENCH_FAULT_CLOSED),
    FAULT("corrupt", BENCH_FAULT_CORRUPT),   FAULT("missing", BENCH_FAULT_MISSING),
    FAULT("repeated", BENCH_FAULT_REPEATED), FAULT("reordered", BENCH_FAULT_REORDERED),
    FAULT("send", BENCH_FAULT_SEND),
};
static const struct bench_json_struct faults = STRUCT(fault_fields);
_Static_assert(sizeof fault_fields / sizeof fault_fields[0] == BENCH_FAULTS, "each has a member");

static const struct bench_json_field counts_fields[] = {
    U64(bench_counts, messages_out),   U64(bench_counts, messages_in),
    U64(bench_counts, bytes_out),      U64(bench_counts, bytes_in),
    U64(bench_counts, wire_out),       U64(bench_counts, wire_in),
    U64(bench_counts, sockets_opened), {"faults", BENCH_JSON_OBJECT, 0, 0, 0, &faults},
};
const struct bench_json_struct bench_json_counts = STRUCT(counts_fields);

static const struct bench_json_field round_fields[] = {
    REAL(bench_round, seconds, YEAR_S), OBJECT(bench_round, counts, bench_json_counts),
    OBJECT(bench_round, client, cpu),   OBJECT(bench_round, server, cpu),
    U64(bench_round, latency_p50_ns),   U64(bench_round, latency_p99_ns),
    U64(bench_round, latency_p999_ns),  U64(bench_round, open_p50_ns),
};
const struct bench_json_struct bench_json_round = STRUCT(round_fields);

static const struct bench_json_field series_fields[] = {
    BOOL(bench_series, is_run),
    TEXT(bench_series, why),
    SIZE(bench_series, sockets, COUNT_MAX),
    SIZE(bench_series, connections, COUNT_MAX),
    TEXT(bench_series, carrier),
    REAL(bench_series, seconds, YEAR_S),
    OBJECT(bench_series, counts, bench_json_counts),
    U64(bench_series, messages_out_total),
    U64(bench_series, messages_in_total),
    REAL(bench_series, opening_seconds, YEAR_S),
    U64(bench_series, opening_sockets),
    OBJECT(bench_series, client, cpu),
    OBJECT(bench_series, server, cpu),
    U64(bench_series, server_rss_before),
    U64(bench_series, server_rss_open),
};
const struct bench_json_struct bench_json_series = STRUCT(series_fields);

static const struct bench_json_field options_fields[] = {
    {"url", BENCH_JSON_STRING, offsetof(struct bench_options, url), NONE},
    MAYBE(bench_options, label),
    SIZE(bench_options, sockets, COUNT_MAX),
    SIZE(bench_options, connections, COUNT_MAX),
    SIZE(bench_options, in_flight, COUNT_MAX),
    REAL(bench_options, rate, COUNT_MAX),
    REAL(bench_options, duration_s, YEAR_S),
    REAL(bench_options, warmup_s, YEAR_S),
    SIZE(bench_options, rounds, COUNT_MAX),
    SIZE(bench_options, threads, COUNT_MAX),
    BOOL(bench_options, fresh),
    BOOL(bench_options, resume),
    BOOL(bench_options, verify),
    {"server_pid", BENCH_JSON_PID, offsetof(struct bench_options, server_pid), 0, INT32_MAX, NULL},
    MAYBE(bench_options, origin),
    MAYBE(bench_options, subprotocols),
    MAYBE(bench_options, ca),
    BOOL(bench_options, insecure),
    U64(bench_options, seed),
};
const struct bench_json_struct bench_json_options = STRUCT(options_fields);

static const struct bench_json_field result_fields[] = {
    TEXT(bench_result, command),         TEXT(bench_result, started),
    TEXT(bench_result, machine),         TEXT(bench_result, trisock),
    TEXT(bench_result, server_software), BOOL(bench_result, is_interrupted),
};
const struct bench_json_struct bench_json_result = STRUCT(result_fields);

const struct bench_json_histogram bench_json_histograms[BENCH_JSON_HISTOGRAMS] = {
    {"latency", offsetof(struct bench_series, latency)},
    {"late", offsetof(struct bench_series, late)},
    {"connect", offsetof(struct bench_series, connect)},
    {"tls", offsetof(struct bench_series, tls)},
    {"settings", offsetof(struct bench_series, settings)},
    {"handshake", offsetof(struct bench_series, handshake)},
    {"open", offsetof(struct bench_series, open)},
};
