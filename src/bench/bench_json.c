/* See bench_json.h: writing. */
#include "bench_json.h"

#include "bench_file.h"
#include "bench_json_fields.h"
#include "bench_metric.h"

#include <math.h>

/* Puts |value| (taken; NULL: memory is short) into |object|. */
static bool put(json_t *object, const char *name, json_t *value)
{
    return json_object_set_new(object, name, value) == 0;
}

/* |value| if |is_whole|; else it is given up. */
static json_t *whole_or_null(json_t *value, bool is_whole)
{
    if (!is_whole) {
        json_decref(value);
        return NULL;
    }
    return value;
}

/* ------------------------------------------------------------------------------------- options */

static json_t *pack_https(const struct bench_options *o)
{
    json_t *list = json_array();
    bool ok = list != NULL;
    for (size_t i = 0; ok && i < o->https_len; i++) {
        ok = json_array_append_new(list, json_string(bench_http_name(o->https[i]))) == 0;
    }
    return whole_or_null(list, ok);
}

static json_t *pack_sizes(const struct bench_sizes *sizes)
{
    json_t *list = json_array();
    bool ok = list != NULL;
    for (size_t i = 0; ok && i < sizes->list_len; i++) {
        ok = json_array_append_new(list, json_integer((json_int_t)sizes->list[i])) == 0;
    }
    json_t *object = json_object();
    ok = put(object, "list", whole_or_null(list, ok)) &&
         put(object, "min", json_integer((json_int_t)sizes->min)) &&
         put(object, "max", json_integer((json_int_t)sizes->max));
    return whole_or_null(object, ok);
}

/* Names alone: what they hold may be a secret, and reports are given to others. */
static json_t *pack_headers(const struct bench_options *o)
{
    json_t *list = json_array();
    bool ok = list != NULL;
    for (size_t i = 0; ok && i < o->headers_len; i++) {
        ok = json_array_append_new(list, bench_json_text(o->headers[i].name)) == 0;
    }
    return whole_or_null(list, ok);
}

static const char *name_deflate(enum tri_deflate deflate)
{
    switch (deflate) {
    case TRI_DEFLATE_OFF:
        return "off";
    case TRI_DEFLATE_SHARED:
        return "shared";
    case TRI_DEFLATE_DEDICATED:
        return "dedicated";
    }
    return "";
}

static json_t *pack_options(const struct bench_options *o)
{
    json_t *object = json_object();
    const bool ok = object && bench_json_pack(object, &bench_json_options, o) &&
                    put(object, "http", pack_https(o)) &&
                    put(object, "mode", json_string(bench_mode_name(o->mode))) &&
                    put(object, "size", pack_sizes(&o->sizes)) &&
                    put(object, "deflate", json_string(name_deflate(o->deflate))) &&
                    put(object, "headers", pack_headers(o));
    return whole_or_null(object, ok);
}

/* -------------------------------------------------------------------------------------- series */

/* Pairs of a bucket's lowest value and its count, in their order, without those that are empty. */
static json_t *pack_buckets(const struct bench_histogram *h)
{
    json_t *list = json_array();
    bool ok = list != NULL;
    for (size_t i = 0; ok && i < BENCH_HISTOGRAM_BUCKETS; i++) {
        if (h->counts[i] > 0) {
            ok = json_array_append_new(list, json_pack("[I,I]", (json_int_t)bench_histogram_low(i),
                                                       (json_int_t)h->counts[i])) == 0;
        }
    }
    return whole_or_null(list, ok);
}

static json_t *pack_histogram(const struct bench_histogram *h)
{
    return json_pack("{s:I,s:I,s:I,s:f,s:o}", "total", (json_int_t)h->total, "min",
                     (json_int_t)h->min, "max", (json_int_t)h->max, "sum",
                     isfinite(h->sum) ? h->sum : 0, "buckets", pack_buckets(h));
}

static json_t *pack_histograms(const struct bench_series *s)
{
    json_t *object = json_object();
    bool ok = object != NULL;
    for (size_t i = 0; ok && i < BENCH_JSON_HISTOGRAMS; i++) {
        const void *at = (const char *)s + bench_json_histograms[i].offset;
        ok = put(object, bench_json_histograms[i].name, pack_histogram(at));
    }
    return whole_or_null(object, ok);
}

/* The figures of the report, for who reads the file with other tools. Not read again. */
static json_t *pack_summary(const struct bench_series *s, enum bench_mode mode)
{
    json_t *object = json_object();
    bool ok = object != NULL;
    const struct bench_metric *metric = NULL;
    for (size_t i = 0; ok && (metric = bench_metric_at(i)) != NULL; i++) {
        const double value = bench_metric_value(metric, s);
        if (isfinite(value) && (metric->modes >> mode & 1U) != 0) {
            ok = put(object, metric->key, json_real(value));
        }
    }
    return whole_or_null(object, ok);
}

static json_t *pack_rounds(const struct bench_series *s)
{
    json_t *list = json_array();
    bool ok = list != NULL;
    for (size_t i = 0; ok && i < s->rounds_len; i++) {
        json_t *round = json_object();
        const bool has_all = round && bench_json_pack(round, &bench_json_round, &s->rounds[i]);
        ok = json_array_append_new(list, whole_or_null(round, has_all)) == 0;
    }
    return whole_or_null(list, ok);
}

static json_t *pack_series(const struct bench_series *s, enum bench_mode mode)
{
    json_t *object = json_object();
    const bool ok = object && put(object, "http", json_string(bench_http_name(s->http))) &&
                    bench_json_pack(object, &bench_json_series, s) &&
                    put(object, "summary", pack_summary(s, mode)) &&
                    put(object, "rounds", pack_rounds(s)) &&
                    put(object, "histograms", pack_histograms(s));
    return whole_or_null(object, ok);
}

static json_t *pack_all_series(const struct bench_result *r)
{
    json_t *list = json_array();
    bool ok = list != NULL;
    for (size_t i = 0; ok && i < r->series_len; i++) {
        ok = json_array_append_new(list, pack_series(&r->series[i], r->options->mode)) == 0;
    }
    return whole_or_null(list, ok);
}

/* ---------------------------------------------------------------------------------------- file */

static json_t *pack_result(const struct bench_result *r)
{
    json_t *object = json_pack("{s:s,s:i}", "format", "trisock-bench", "version", 1);
    const bool ok = object && bench_json_pack(object, &bench_json_result, r) &&
                    put(object, "options", pack_options(r->options)) &&
                    put(object, "series", pack_all_series(r));
    return whole_or_null(object, ok);
}

static enum tri_err tell_no_memory(const char *file, char error[BENCH_ERROR_MAX])
{
    (void)snprintf(error, BENCH_ERROR_MAX, "%s: not enough memory to write the report", file);
    return TRI_ERR_NOMEM;
}

static enum tri_err dump(const json_t *root, const char *file, char error[BENCH_ERROR_MAX])
{
    struct bench_file f;
    const enum tri_err err = bench_file_open(&f, file, error);
    if (err != TRI_OK) {
        return err;
    }
    if (json_dumpf(root, f.out, JSON_REAL_PRECISION(15)) != 0 && !ferror(f.out)) {
        bench_file_abandon(&f);
        return tell_no_memory(file, error);
    }
    (void)fputc('\n', f.out);
    return bench_file_commit(&f, error);
}

enum tri_err bench_json_write(const struct bench_result *result, const char *file,
                              char error[BENCH_ERROR_MAX])
{
    json_t *root = pack_result(result);
    if (!root) {
        return tell_no_memory(file, error);
    }
    const enum tri_err err = dump(root, file, error);
    json_decref(root);
    return err;
}
