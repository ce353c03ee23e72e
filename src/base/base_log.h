/*
 * Structured log lines: an event and its fields. The text form is for grep, the JSON form for
 * collectors. Values that a peer chose cannot break a line: they are quoted and escaped.
 *
 *   2026-11-23T08:31:44.123Z info ws.open id=7 http=h3 conn=3 stream=0 path=/echo
 *   {"time":"2026-11-23T08:31:44.123Z","level":"info","event":"ws.open","id":7,"http":"h3", ...}
 */
#ifndef TRI_BASE_LOG_H
#define TRI_BASE_LOG_H

#include "base_slice.h"
#include "trisock/trisock.h"

#define TRI_LOG_LINE_MAX 1024 /* bytes with NUL; longer lines are cut at a field */

struct tri_log_field {
    const char *key;
    enum { TRI_LOG_KIND_STRING, TRI_LOG_KIND_U64, TRI_LOG_KIND_I64 } kind;
    struct tri_slice string;
    uint64_t u64;
    int64_t i64;
};

#define TRI_KV_S(k, s)                                                                             \
    ((struct tri_log_field){                                                                       \
        .key = (k), .kind = TRI_LOG_KIND_STRING, .string = tri_slice_of_string(s)})
#define TRI_KV_SLICE(k, s)                                                                         \
    ((struct tri_log_field){.key = (k), .kind = TRI_LOG_KIND_STRING, .string = (s)})
#define TRI_KV_U(k, v) ((struct tri_log_field){.key = (k), .kind = TRI_LOG_KIND_U64, .u64 = (v)})
#define TRI_KV_I(k, v) ((struct tri_log_field){.key = (k), .kind = TRI_LOG_KIND_I64, .i64 = (v)})

struct tri_log {
    void (*write)(void *user, enum tri_log_level level, const char *line); /* NULL: log nothing */
    void *user;
    enum tri_log_level level; /* the least important that is written */
    enum tri_log_format format;
    uint64_t (*wall_ms)(void); /* milliseconds since 1970 UTC; NULL: the system's clock */
};

static inline bool tri_log_wants(const struct tri_log *log, enum tri_log_level level)
{
    return log && log->write && level <= log->level;
}

/* Formats and writes one line. |event| is "noun.verb". Cheap when the level is not wanted. */
void tri_log_event(const struct tri_log *log, enum tri_log_level level, const char *event,
                   const struct tri_log_field *fields, size_t fields_len);

/* TRI_LOG(log, INFO, "ws.open", TRI_KV_U("id", 7), ...) evaluates its fields only if wanted. */
#define TRI_LOG(log, LEVEL, event, ...)                                                            \
    do {                                                                                           \
        if (tri_log_wants((log), TRI_LOG_##LEVEL)) {                                               \
            const struct tri_log_field tri_log_fields[] = {__VA_ARGS__};                           \
            tri_log_event((log), TRI_LOG_##LEVEL, (event), tri_log_fields,                         \
                          sizeof tri_log_fields / sizeof tri_log_fields[0]);                       \
        }                                                                                          \
    } while (0)

#endif
