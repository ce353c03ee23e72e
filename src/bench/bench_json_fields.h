/*
 * Which member of a JSON object holds which field of which struct: one table a struct, from which
 * it is both written and read. src/docs/bench-json.md describes the members.
 */
#ifndef BENCH_JSON_FIELDS_H
#define BENCH_JSON_FIELDS_H

#include "bench_result.h"

#include <jansson.h>

enum bench_json_kind {
    BENCH_JSON_U64,    /* uint64_t; what is over 2^63 - 1 is written as that */
    BENCH_JSON_SIZE,   /* size_t */
    BENCH_JSON_PID,    /* pid_t */
    BENCH_JSON_REAL,   /* double, finite, not negative */
    BENCH_JSON_BOOL,   /* bool */
    BENCH_JSON_TEXT,   /* char[size], cut there */
    BENCH_JSON_STRING, /* const char *, never NULL */
    BENCH_JSON_MAYBE,  /* const char *, or null */
    BENCH_JSON_OBJECT, /* a struct of its own: |inner| */
};

struct bench_json_struct;

struct bench_json_field {
    const char *name;
    enum bench_json_kind kind;
    size_t offset;
    size_t size;                           /* of BENCH_JSON_TEXT */
    uint64_t max;                          /* of the numbers: what is over it is refused; 0: any */
    const struct bench_json_struct *inner; /* of BENCH_JSON_OBJECT */
};

struct bench_json_struct {
    const struct bench_json_field *fields;
    size_t len;
};

/* Those that have more members write and read them by themselves. */
extern const struct bench_json_struct bench_json_result;  /* + options, series */
extern const struct bench_json_struct bench_json_options; /* + http, mode, size, deflate, headers */
extern const struct bench_json_struct bench_json_series;  /* + http, histograms, summary, rounds */
extern const struct bench_json_struct bench_json_round;
extern const struct bench_json_struct bench_json_counts;

/* The histograms of a series. */
struct bench_json_histogram {
    const char *name;
    size_t offset; /* in struct bench_series */
};
#define BENCH_JSON_HISTOGRAMS 7u
extern const struct bench_json_histogram bench_json_histograms[BENCH_JSON_HISTOGRAMS];

/* A string of JSON with |text|, cleaned; NULL if memory is short. */
json_t *bench_json_text(const char *text);

/* Puts the fields of |from| into |object|. False: memory is short. */
bool bench_json_pack(json_t *object, const struct bench_json_struct *fields, const void *from);

/* What is read, for the sentence of an error. */
struct bench_json_reading {
    const char *file;
    char *error; /* BENCH_ERROR_MAX bytes */
};

/* Writes the sentence. Returns TRI_ERR_INVALID. */
enum tri_err bench_json_fail(const struct bench_json_reading *reading, const char *where,
                             const char *what);

/*
 * Reads the fields of |to| from |object|, which is called |where| in errors ("series[1].counts").
 * Strings are borrowed from |object|. TRI_OK or TRI_ERR_INVALID.
 */
TRI_MUST_USE enum tri_err bench_json_unpack(const struct bench_json_reading *reading,
                                            const struct bench_json_struct *fields,
                                            const json_t *object, const char *where, void *to);

/* The member |name| of |object|, of |type|; NULL: the error is written. */
json_t *bench_json_member(const struct bench_json_reading *reading, const json_t *object,
                          const char *where, const char *name, json_type type);

#define BENCH_JSON_WHERE_MAX 128
/* "where.name", or "name" of the whole. Returns |out|. */
char *bench_json_where(char out[BENCH_JSON_WHERE_MAX], const char *where, const char *name);

#endif
