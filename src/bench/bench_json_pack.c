/* See bench_json_fields.h: structs from and to JSON objects, by their tables. */
#include "bench_json_fields.h"
#include "bench_text.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------------------------------------- writing */

/* What is not a number is written as 0, which JSON knows. */
static json_t *pack_real(double value)
{
    return json_real(isfinite(value) ? value : 0);
}

static json_t *pack_integer(uint64_t value)
{
    return json_integer((json_int_t)(value < INT64_MAX ? value : INT64_MAX));
}

json_t *bench_json_text(const char *text)
{
    const size_t max = strlen(text) + 1;
    char *clean = malloc(max);
    if (!clean) {
        return NULL;
    }
    json_t *value = json_string(bench_text_clean(clean, max, text));
    free(clean);
    return value;
}

static json_t *pack_object(const struct bench_json_struct *fields, const void *from)
{
    json_t *object = json_object();
    if (object && !bench_json_pack(object, fields, from)) {
        json_decref(object);
        return NULL;
    }
    return object;
}

static json_t *pack_field(const struct bench_json_field *f, const void *at)
{
    switch (f->kind) {
    case BENCH_JSON_U64:
        return pack_integer(*(const uint64_t *)at);
    case BENCH_JSON_SIZE:
        return pack_integer(*(const size_t *)at);
    case BENCH_JSON_PID:
        return json_integer(*(const pid_t *)at);
    case BENCH_JSON_REAL:
        return pack_real(*(const double *)at);
    case BENCH_JSON_BOOL:
        return json_boolean(*(const bool *)at);
    case BENCH_JSON_TEXT:
        return bench_json_text(at);
    case BENCH_JSON_STRING:
    case BENCH_JSON_MAYBE: {
        const char *text = *(const char *const *)at;
        if (!text && f->kind == BENCH_JSON_MAYBE) {
            return json_null();
        }
        return bench_json_text(text ? text : "");
    }
    case BENCH_JSON_OBJECT:
        return pack_object(f->inner, at);
    }
    return NULL;
}

bool bench_json_pack(json_t *object, const struct bench_json_struct *fields, const void *from)
{
    for (size_t i = 0; i < fields->len; i++) {
        const struct bench_json_field *f = &fields->fields[i];
        if (json_object_set_new(object, f->name, pack_field(f, (const char *)from + f->offset)) !=
            0) {
            return false;
        }
    }
    return true;
}

/* ------------------------------------------------------------------------------------- reading */

char *bench_json_where(char out[BENCH_JSON_WHERE_MAX], const char *where, const char *name)
{
    (void)snprintf(out, BENCH_JSON_WHERE_MAX, "%s%s%s", where, where[0] != '\0' ? "." : "", name);
    return out;
}

enum tri_err bench_json_fail(const struct bench_json_reading *reading, const char *where,
                             const char *what)
{
    (void)snprintf(reading->error, BENCH_ERROR_MAX,
                   "%s: %s %s; give a file that trisock bench --json wrote", reading->file, where,
                   what);
    return TRI_ERR_INVALID;
}

/* For errors: "is missing", "is not a number". */
static const char *name_type(json_type type)
{
    switch (type) {
    case JSON_OBJECT:
        return "is not an object";
    case JSON_ARRAY:
        return "is not a list";
    case JSON_STRING:
        return "is not a string";
    case JSON_INTEGER:
        return "is not a whole number";
    case JSON_REAL:
        return "is not a number";
    case JSON_TRUE:
    case JSON_FALSE:
        return "is neither true nor false";
    case JSON_NULL:
        return "is not null";
    }
    return "is not understood";
}

json_t *bench_json_member(const struct bench_json_reading *reading, const json_t *object,
                          const char *where, const char *name, json_type type)
{
    char full[BENCH_JSON_WHERE_MAX];
    json_t *value = json_object_get(object, name);
    if (!value) {
        (void)bench_json_fail(reading, bench_json_where(full, where, name), "is missing");
        return NULL;
    }
    if (json_typeof(value) != type) {
        (void)bench_json_fail(reading, bench_json_where(full, where, name), name_type(type));
        return NULL;
    }
    return value;
}

/* Each of these returns NULL, or what is wrong with |value|. */

static const char *unpack_integer(const struct bench_json_field *f, const json_t *value,
                                  uint64_t *out)
{
    if (!json_is_integer(value)) {
        return name_type(JSON_INTEGER);
    }
    const json_int_t number = json_integer_value(value);
    if (number < 0) {
        return "is negative";
    }
    if (f->max != 0 && (uint64_t)number > f->max) {
        return "is too large";
    }
    *out = (uint64_t)number;
    return NULL;
}

static const char *unpack_real(const struct bench_json_field *f, const json_t *value, double *out)
{
    if (!json_is_number(value)) {
        return name_type(JSON_REAL);
    }
    const double number = json_number_value(value);
    if (!(number >= 0)) {
        return "is negative";
    }
    if (!isfinite(number) || (f->max != 0 && number > (double)f->max)) {
        return "is too large";
    }
    *out = number;
    return NULL;
}

static const char *unpack_bool(const json_t *value, bool *out)
{
    if (!json_is_boolean(value)) {
        return name_type(JSON_TRUE);
    }
    *out = json_is_true(value);
    return NULL;
}

/* json_loadb refuses NUL in strings, so they end where they seem to. */
static const char *unpack_string(const struct bench_json_field *f, const json_t *value, void *at)
{
    if (f->kind == BENCH_JSON_MAYBE && json_is_null(value)) {
        *(const char **)at = NULL;
        return NULL;
    }
    if (!json_is_string(value)) {
        return name_type(JSON_STRING);
    }
    if (f->kind != BENCH_JSON_TEXT) {
        *(const char **)at = json_string_value(value);
        return NULL;
    }
    if (json_string_length(value) >= f->size) {
        return "is too long";
    }
    memcpy(at, json_string_value(value), json_string_length(value) + 1);
    return NULL;
}

static const char *unpack_scalar(const struct bench_json_field *f, const json_t *value, void *at)
{
    uint64_t number = 0;
    const char *wrong = NULL;
    switch (f->kind) {
    case BENCH_JSON_U64:
        return unpack_integer(f, value, at);
    case BENCH_JSON_SIZE:
        wrong = unpack_integer(f, value, &number);
        *(size_t *)at = (size_t)number;
        return wrong;
    case BENCH_JSON_PID:
        wrong = unpack_integer(f, value, &number);
        *(pid_t *)at = (pid_t)number;
        return wrong;
    case BENCH_JSON_REAL:
        return unpack_real(f, value, at);
    case BENCH_JSON_BOOL:
        return unpack_bool(value, at);
    case BENCH_JSON_TEXT:
    case BENCH_JSON_STRING:
    case BENCH_JSON_MAYBE:
        return unpack_string(f, value, at);
    case BENCH_JSON_OBJECT:
        break;
    }
    return name_type(JSON_OBJECT);
}

static enum tri_err unpack_field(const struct bench_json_reading *reading,
                                 const struct bench_json_field *f, const json_t *object,
                                 const char *where, void *to)
{
    char full[BENCH_JSON_WHERE_MAX];
    (void)bench_json_where(full, where, f->name);
    const json_t *value = json_object_get(object, f->name);
    if (!value) {
        return bench_json_fail(reading, full, "is missing");
    }
    void *at = (char *)to + f->offset;
    if (f->kind == BENCH_JSON_OBJECT && json_is_object(value)) {
        return bench_json_unpack(reading, f->inner, value, full, at);
    }
    const char *wrong = unpack_scalar(f, value, at);
    return wrong ? bench_json_fail(reading, full, wrong) : TRI_OK;
}

enum tri_err bench_json_unpack(const struct bench_json_reading *reading,
                               const struct bench_json_struct *fields, const json_t *object,
                               const char *where, void *to)
{
    enum tri_err err = TRI_OK;
    for (size_t i = 0; i < fields->len && err == TRI_OK; i++) {
        err = unpack_field(reading, &fields->fields[i], object, where, to);
    }
    return err;
}
