/* See bench_json.h: reading. What a file holds is as hostile as anything from outside. */
#include "bench_json.h"
#include "bench_json_fields.h"
#include "bench_text.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------------------------------------- options */

/* The version, mode or compression that |name| names: each of these returns false for none. */

static bool find_http(const char *name, enum tri_http *out)
{
    static const enum tri_http all[] = {TRI_HTTP_1_1, TRI_HTTP_2, TRI_HTTP_3};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        if (strcmp(name, bench_http_name(all[i])) == 0) {
            *out = all[i];
            return true;
        }
    }
    return false;
}

static bool find_mode(const char *name, enum bench_mode *out)
{
    for (int mode = BENCH_ECHO; mode <= BENCH_BROADCAST; mode++) {
        if (strcmp(name, bench_mode_name((enum bench_mode)mode)) == 0) {
            *out = (enum bench_mode)mode;
            return true;
        }
    }
    return false;
}

static bool find_deflate(const char *name, enum tri_deflate *out)
{
    static const char *const names[] = {"off", "shared", "dedicated"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(name, names[i]) == 0) {
            *out = (enum tri_deflate)i;
            return true;
        }
    }
    return false;
}

static enum tri_err read_https(const struct bench_json_reading *r, const json_t *object,
                               struct bench_options *o)
{
    const json_t *list = bench_json_member(r, object, "options", "http", JSON_ARRAY);
    if (!list) {
        return TRI_ERR_INVALID;
    }
    if (json_array_size(list) > BENCH_HTTPS_MAX) {
        return bench_json_fail(r, "options.http", "is too long");
    }
    o->https_len = json_array_size(list);
    for (size_t i = 0; i < o->https_len; i++) {
        const char *name = json_string_value(json_array_get(list, i));
        if (!name || !find_http(name, &o->https[i])) {
            return bench_json_fail(r, "options.http", "holds what is none of h1, h2, h3");
        }
    }
    return TRI_OK;
}

static enum tri_err read_words(const struct bench_json_reading *r, const json_t *object,
                               struct bench_options *o)
{
    const json_t *mode = bench_json_member(r, object, "options", "mode", JSON_STRING);
    if (!mode) {
        return TRI_ERR_INVALID;
    }
    if (!find_mode(json_string_value(mode), &o->mode)) {
        return bench_json_fail(r, "options.mode", "is no mode");
    }
    const json_t *deflate = bench_json_member(r, object, "options", "deflate", JSON_STRING);
    if (!deflate) {
        return TRI_ERR_INVALID;
    }
    return find_deflate(json_string_value(deflate), &o->deflate)
               ? TRI_OK
               : bench_json_fail(r, "options.deflate", "is none of off, shared, dedicated");
}

static const struct bench_json_field sizes_fields[] = {
    {"min", BENCH_JSON_SIZE, offsetof(struct bench_sizes, min), 0, 1u << 30, NULL},
    {"max", BENCH_JSON_SIZE, offsetof(struct bench_sizes, max), 0, 1u << 30, NULL},
};
static const struct bench_json_struct sizes_struct = {sizes_fields, 2};

static enum tri_err read_sizes(const struct bench_json_reading *r, const json_t *object,
                               struct bench_sizes *sizes)
{
    const json_t *size = bench_json_member(r, object, "options", "size", JSON_OBJECT);
    const json_t *list = NULL;
    if (!size || bench_json_unpack(r, &sizes_struct, size, "options.size", sizes) != TRI_OK ||
        !(list = bench_json_member(r, size, "options.size", "list", JSON_ARRAY))) {
        return TRI_ERR_INVALID;
    }
    if (json_array_size(list) > BENCH_SIZES_MAX) {
        return bench_json_fail(r, "options.size.list", "is too long");
    }
    sizes->list_len = json_array_size(list);
    for (size_t i = 0; i < sizes->list_len; i++) {
        const json_t *item = json_array_get(list, i);
        const json_int_t number = json_integer_value(item);
        if (!json_is_integer(item) || number < 0 || number > 1 << 30) {
            return bench_json_fail(r, "options.size.list", "holds what is no size of a message");
        }
        sizes->list[i] = (size_t)number;
    }
    return TRI_OK;
}

static enum tri_err read_headers(const struct bench_json_reading *r, const json_t *object,
                                 struct bench_options *o)
{
    const json_t *list = bench_json_member(r, object, "options", "headers", JSON_ARRAY);
    if (!list) {
        return TRI_ERR_INVALID;
    }
    if (json_array_size(list) > BENCH_HEADERS_MAX) {
        return bench_json_fail(r, "options.headers", "is too long");
    }
    o->headers_len = json_array_size(list);
    for (size_t i = 0; i < o->headers_len; i++) {
        o->headers[i].name = json_string_value(json_array_get(list, i));
        o->headers[i].value = "";
        if (!o->headers[i].name) {
            return bench_json_fail(r, "options.headers", "holds what is not a string");
        }
    }
    return TRI_OK;
}

static enum tri_err read_options(const struct bench_json_reading *r, const json_t *root,
                                 struct bench_options *o)
{
    const json_t *object = bench_json_member(r, root, "", "options", JSON_OBJECT);
    if (!object) {
        return TRI_ERR_INVALID;
    }
    enum tri_err err = bench_json_unpack(r, &bench_json_options, object, "options", o);
    if (err == TRI_OK) {
        err = read_https(r, object, o);
    }
    if (err == TRI_OK) {
        err = read_words(r, object, o);
    }
    if (err == TRI_OK) {
        err = read_sizes(r, object, &o->sizes);
    }
    return err == TRI_OK ? read_headers(r, object, o) : err;
}

/* ---------------------------------------------------------------------------------- histograms */

static const struct bench_json_field histogram_fields[] = {
    {"total", BENCH_JSON_U64, offsetof(struct bench_histogram, total), 0, 0, NULL},
    {"min", BENCH_JSON_U64, offsetof(struct bench_histogram, min), 0, 0, NULL},
    {"max", BENCH_JSON_U64, offsetof(struct bench_histogram, max), 0, 0, NULL},
    {"sum", BENCH_JSON_REAL, offsetof(struct bench_histogram, sum), 0, 0, NULL},
};
static const struct bench_json_struct histogram_struct = {histogram_fields, 4};

/* The first bucket from |*at| on whose lowest value is |low|; false if there is none. */
static bool find_low(uint64_t low, size_t *at)
{
    while (*at < BENCH_HISTOGRAM_BUCKETS && bench_histogram_low(*at) < low) {
        *at += 1;
    }
    return *at < BENCH_HISTOGRAM_BUCKETS && bench_histogram_low(*at) == low;
}

/* Takes one pair. NULL, or what is wrong with it. */
static const char *read_bucket(const json_t *pair, struct bench_histogram *h, size_t *at,
                               uint64_t *counted)
{
    const json_t *low = json_array_get(pair, 0);
    const json_t *count = json_array_get(pair, 1);
    if (json_array_size(pair) != 2 || !json_is_integer(low) || !json_is_integer(count)) {
        return "holds what is not a pair of whole numbers";
    }
    if (json_integer_value(low) < 0 || !find_low((uint64_t)json_integer_value(low), at)) {
        return "has a bucket that there is not, twice, or not in order";
    }
    const json_int_t number = json_integer_value(count);
    if (number < 1 || (uint64_t)number > h->total - *counted) {
        return "does not add up to the total";
    }
    h->counts[*at] = (uint64_t)number;
    *at += 1;
    *counted += (uint64_t)number;
    return NULL;
}

static enum tri_err read_buckets(const struct bench_json_reading *r, const json_t *list,
                                 const char *where, struct bench_histogram *h)
{
    size_t at = 0;
    uint64_t counted = 0;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *wrong = read_bucket(json_array_get(list, i), h, &at, &counted);
        if (wrong) {
            return bench_json_fail(r, where, wrong);
        }
    }
    if (counted != h->total) {
        return bench_json_fail(r, where, "does not add up to the total");
    }
    return TRI_OK;
}

static enum tri_err read_histogram(const struct bench_json_reading *r, const json_t *object,
                                   const char *where, struct bench_histogram *h)
{
    char full[BENCH_JSON_WHERE_MAX];
    if (bench_json_unpack(r, &histogram_struct, object, where, h) != TRI_OK) {
        return TRI_ERR_INVALID;
    }
    const json_t *list = bench_json_member(r, object, where, "buckets", JSON_ARRAY);
    if (!list) {
        return TRI_ERR_INVALID;
    }
    if (h->min > h->max) {
        return bench_json_fail(r, bench_json_where(full, where, "min"), "is over max");
    }
    return read_buckets(r, list, bench_json_where(full, where, "buckets"), h);
}

static enum tri_err read_histograms(const struct bench_json_reading *r, const json_t *object,
                                    const char *where, struct bench_series *s)
{
    const json_t *all = bench_json_member(r, object, where, "histograms", JSON_OBJECT);
    if (!all) {
        return TRI_ERR_INVALID;
    }
    char place[BENCH_JSON_WHERE_MAX];
    (void)bench_json_where(place, where, "histograms");
    for (size_t i = 0; i < BENCH_JSON_HISTOGRAMS; i++) {
        const char *name = bench_json_histograms[i].name;
        const json_t *one = bench_json_member(r, all, place, name, JSON_OBJECT);
        char full[BENCH_JSON_WHERE_MAX];
        if (!one ||
            read_histogram(r, one, bench_json_where(full, place, name),
                           (void *)((char *)s + bench_json_histograms[i].offset)) != TRI_OK) {
            return TRI_ERR_INVALID;
        }
    }
    return TRI_OK;
}

/* -------------------------------------------------------------------------------------- series */

static enum tri_err read_rounds(const struct bench_json_reading *r, const json_t *object,
                                const char *where, struct bench_series *s)
{
    char full[BENCH_JSON_WHERE_MAX];
    const json_t *list = bench_json_member(r, object, where, "rounds", JSON_ARRAY);
    if (!list) {
        return TRI_ERR_INVALID;
    }
    if (json_array_size(list) > BENCH_ROUNDS_MAX) {
        return bench_json_fail(r, bench_json_where(full, where, "rounds"), "is too long");
    }
    s->rounds_len = json_array_size(list);
    for (size_t i = 0; i < s->rounds_len; i++) {
        const json_t *round = json_array_get(list, i);
        (void)snprintf(full, sizeof full, "%.*s.rounds[%zu]", BENCH_JSON_WHERE_MAX / 2, where, i);
        if (!json_is_object(round)) {
            return bench_json_fail(r, full, "is not an object");
        }
        if (bench_json_unpack(r, &bench_json_round, round, full, &s->rounds[i]) != TRI_OK) {
            return TRI_ERR_INVALID;
        }
    }
    return TRI_OK;
}

static enum tri_err read_series(const struct bench_json_reading *r, const json_t *object,
                                const char *where, struct bench_series *s)
{
    char full[BENCH_JSON_WHERE_MAX];
    const json_t *http = bench_json_member(r, object, where, "http", JSON_STRING);
    if (!http) {
        return TRI_ERR_INVALID;
    }
    if (!find_http(json_string_value(http), &s->http)) {
        return bench_json_fail(r, bench_json_where(full, where, "http"), "is none of h1, h2, h3");
    }
    enum tri_err err = bench_json_unpack(r, &bench_json_series, object, where, s);
    if (err == TRI_OK) {
        err = read_rounds(r, object, where, s);
    }
    return err == TRI_OK ? read_histograms(r, object, where, s) : err;
}

/* Whether a series before |index| is of its version. */
static bool is_twice(const struct bench_result *result, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (result->series[i].http == result->series[index].http) {
            return true;
        }
    }
    return false;
}

static enum tri_err read_all_series(const struct bench_json_reading *r, const json_t *root,
                                    struct bench_result *result)
{
    const json_t *list = bench_json_member(r, root, "", "series", JSON_ARRAY);
    if (!list) {
        return TRI_ERR_INVALID;
    }
    if (json_array_size(list) == 0 || json_array_size(list) > BENCH_HTTPS_MAX) {
        return bench_json_fail(r, "series", "does not hold one to three of them");
    }
    result->series_len = json_array_size(list);
    for (size_t i = 0; i < result->series_len; i++) {
        const json_t *object = json_array_get(list, i);
        char where[BENCH_JSON_WHERE_MAX];
        (void)snprintf(where, sizeof where, "series[%zu]", i);
        if (!json_is_object(object)) {
            return bench_json_fail(r, where, "is not an object");
        }
        if (read_series(r, object, where, &result->series[i]) != TRI_OK) {
            return TRI_ERR_INVALID;
        }
        if (is_twice(result, i)) {
            return bench_json_fail(r, where, "is of a version that another is of");
        }
    }
    return TRI_OK;
}

/* ----------------------------------------------------------------------------------- the whole */

static enum tri_err check_format(const struct bench_json_reading *r, const json_t *root)
{
    if (!json_is_object(root)) {
        return bench_json_fail(r, "the whole", "is not an object");
    }
    const json_t *format = bench_json_member(r, root, "", "format", JSON_STRING);
    if (!format) {
        return TRI_ERR_INVALID;
    }
    if (strcmp(json_string_value(format), "trisock-bench") != 0) {
        return bench_json_fail(r, "format", "is not trisock-bench");
    }
    const json_t *version = bench_json_member(r, root, "", "version", JSON_INTEGER);
    if (!version) {
        return TRI_ERR_INVALID;
    }
    return json_integer_value(version) == 1
               ? TRI_OK
               : bench_json_fail(r, "version", "is not 1, the one that is known here");
}

static enum tri_err read_run(const struct bench_json_reading *r, struct bench_run *run)
{
    const json_t *root = run->strings;
    enum tri_err err = check_format(r, root);
    if (err == TRI_OK) {
        err = bench_json_unpack(r, &bench_json_result, root, "", &run->result);
    }
    if (err == TRI_OK) {
        err = read_options(r, root, &run->options);
    }
    return err == TRI_OK ? read_all_series(r, root, &run->result) : err;
}

enum tri_err bench_json_parse(struct bench_run **out, const char *data, size_t len,
                              const char *file, char error[BENCH_ERROR_MAX])
{
    *out = NULL;
    if (len > BENCH_JSON_BYTES_MAX) {
        (void)snprintf(error, BENCH_ERROR_MAX, "%s: longer than %u MiB; no report is", file,
                       BENCH_JSON_BYTES_MAX >> 20);
        return TRI_ERR_LIMIT;
    }
    json_error_t why;
    json_t *root = json_loadb(data, len, JSON_REJECT_DUPLICATES, &why);
    if (!root) {
        char text[JSON_ERROR_TEXT_LENGTH];
        (void)snprintf(error, BENCH_ERROR_MAX, "%s: line %d: not JSON: %s", file, why.line,
                       bench_text_clean(text, sizeof text, why.text));
        return TRI_ERR_INVALID;
    }
    struct bench_run *run = calloc(1, sizeof *run);
    if (!run) {
        json_decref(root);
        (void)snprintf(error, BENCH_ERROR_MAX, "%s: not enough memory to read it", file);
        return TRI_ERR_NOMEM;
    }
    run->strings = root;
    run->result.options = &run->options;
    const struct bench_json_reading reading = {.file = file, .error = error};
    const enum tri_err err = read_run(&reading, run);
    if (err != TRI_OK) {
        bench_run_free(run);
        return err;
    }
    *out = run;
    return TRI_OK;
}

void bench_run_free(struct bench_run *run)
{
    if (run) {
        json_decref(run->strings);
        free(run);
    }
}

/* ---------------------------------------------------------------------------------------- file */

/* Reads up to one byte more than is taken, so that bench_json_parse sees what is too long. */
static char *read_bytes(FILE *in, size_t *len)
{
    size_t room = 1u << 16;
    char *data = malloc(room);
    size_t at = 0;
    size_t got = 0;
    while (data && (got = fread(data + at, 1, room - at, in)) > 0) {
        at += got;
        if (at > BENCH_JSON_BYTES_MAX) {
            break;
        }
        if (at == room) {
            char *more = realloc(data, room * 2);
            if (!more) {
                free(data);
                return NULL;
            }
            data = more;
            room *= 2;
        }
    }
    *len = at;
    return data;
}

static enum tri_err tell_cause(const char *file, int cause, char error[BENCH_ERROR_MAX])
{
    (void)snprintf(error, BENCH_ERROR_MAX, "%s: %s; give a file that trisock bench --json wrote",
                   file, strerror(cause));
    if (cause == ENOMEM) {
        return TRI_ERR_NOMEM;
    }
    return cause == ENOENT ? TRI_ERR_NOT_FOUND : TRI_ERR_IO;
}

enum tri_err bench_json_read(struct bench_run **out, const char *file, char error[BENCH_ERROR_MAX])
{
    *out = NULL;
    FILE *in = fopen(file, "r");
    if (!in) {
        return tell_cause(file, errno, error);
    }
    size_t len = 0;
    char *data = read_bytes(in, &len);
    const int cause = data ? errno : ENOMEM;
    const bool is_read = data && !ferror(in);
    (void)fclose(in);
    const enum tri_err err =
        is_read ? bench_json_parse(out, data, len, file, error) : tell_cause(file, cause, error);
    free(data);
    return err;
}
