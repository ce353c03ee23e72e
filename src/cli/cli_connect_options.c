/* See cli_connect_options.h. One table of options; each has a function that takes its value. */
#include "cli_connect_options.h"

#include "bench_numbers.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WAIT_MS_DEFAULT 500u
#define DAY_S 86400.0
#define MESSAGE_MAX (UINT64_C(1) << 30) /* of TRI_LIMIT_MESSAGE_BYTES */

struct parsing {
    struct cli_connect_options *out;
    char *error;
};

struct option;
typedef enum tri_err take(const struct parsing *p, const struct option *o, const char *value);

struct option {
    const char *name;
    take *take;
    size_t field; /* of take_string, take_flag, take_duration */
    bool has_value;
};

__attribute__((format(printf, 2, 3))) static enum tri_err fail(const struct parsing *p,
                                                               const char *format, ...)
{
    va_list list;
    va_start(list, format);
    (void)vsnprintf(p->error, CLI_ERROR_MAX, format, list);
    va_end(list);
    return TRI_ERR_INVALID;
}

/* ----------------------------------------------------------------------------------- the values */

static enum tri_err take_string(const struct parsing *p, const struct option *o, const char *value)
{
    *(const char **)(void *)((char *)p->out + o->field) = value;
    return TRI_OK;
}

static enum tri_err take_flag(const struct parsing *p, const struct option *o, const char *value)
{
    (void)value;
    *(bool *)(void *)((char *)p->out + o->field) = true;
    return TRI_OK;
}

static enum tri_err take_duration(const struct parsing *p, const struct option *o,
                                  const char *value)
{
    double seconds = 0;
    if (!bench_read_duration(value, 0, DAY_S, &seconds)) {
        return fail(p, "%s %s is no time up to a day; give one like 500ms or 20s", o->name, value);
    }
    *(uint64_t *)(void *)((char *)p->out + o->field) = (uint64_t)(seconds * 1000 + 0.5);
    *(o->field == offsetof(struct cli_connect_options, ping_ms) ? &p->out->has_ping
                                                                : &p->out->has_wait) = true;
    return TRI_OK;
}

static enum tri_err take_max_message(const struct parsing *p, const struct option *o,
                                     const char *value)
{
    size_t bytes = 0;
    if (!bench_read_size(value, value + strlen(value), MESSAGE_MAX, &bytes) || bytes == 0) {
        return fail(p, "%s %s is no size up to 1024m; give one like 65536 or 64k", o->name, value);
    }
    p->out->max_message = bytes;
    return TRI_OK;
}

/* One of the list; 0: none of HTTP. */
static unsigned find_http(const char *word, size_t len)
{
    static const struct {
        const char *name;
        unsigned http;
    } rows[] = {{"1.1", TRI_HTTP_1_1}, {"2", TRI_HTTP_2}, {"3", TRI_HTTP_3}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (strlen(rows[i].name) == len && memcmp(rows[i].name, word, len) == 0) {
            return rows[i].http;
        }
    }
    return 0;
}

static enum tri_err take_http(const struct parsing *p, const struct option *o, const char *value)
{
    unsigned all = 0;
    bool h3_first = false;
    for (const char *at = value;; at++) {
        const size_t len = strcspn(at, ",");
        const unsigned http = find_http(at, len);
        if (http == 0) {
            return fail(p, "%s %s is not understood; give some of 1.1,2,3", o->name, value);
        }
        h3_first = all == 0 ? http == TRI_HTTP_3 : h3_first;
        all |= http;
        at += len;
        if (*at == '\0') {
            break;
        }
    }
    p->out->http = all;
    p->out->h3_first = h3_first;
    return TRI_OK;
}

static enum tri_err take_deflate(const struct parsing *p, const struct option *o, const char *value)
{
    static const char *const names[] = {[TRI_DEFLATE_OFF] = "off",
                                        [TRI_DEFLATE_SHARED] = "shared",
                                        [TRI_DEFLATE_DEDICATED] = "dedicated"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(names[i], value) == 0) {
            p->out->deflate = (enum tri_deflate)i;
            return TRI_OK;
        }
    }
    return fail(p, "%s %s is not understood; give off, shared or dedicated", o->name, value);
}

/* Field names are ASCII, whatever the locale. */
static char lower(char c)
{
    return (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

/* Splits "Name: value" where it is; the name becomes lower case. False: there is no name. */
static bool split_header(char *text, struct tri_header *out)
{
    const size_t name_len = strcspn(text, ": \t");
    if (name_len == 0 || text[name_len] != ':') {
        return false;
    }
    text[name_len] = '\0';
    for (size_t i = 0; i < name_len; i++) {
        text[i] = lower(text[i]);
    }
    char *value = text + name_len + 1;
    value += strspn(value, " \t");
    size_t len = strlen(value);
    while (len > 0 && (value[len - 1] == ' ' || value[len - 1] == '\t')) {
        value[--len] = '\0';
    }
    *out = (struct tri_header){.name = text, .value = value};
    return true;
}

static enum tri_err take_header(const struct parsing *p, const struct option *o, const char *value)
{
    struct cli_connect_options *out = p->out;
    if (out->headers_len == CLI_CONNECT_HEADERS_MAX) {
        return fail(p, "%s is given more than %u times", o->name, CLI_CONNECT_HEADERS_MAX);
    }
    char *text = strdup(value);
    if (!text) {
        (void)fail(p, "not enough memory");
        return TRI_ERR_NOMEM;
    }
    if (!split_header(text, &out->headers[out->headers_len])) {
        free(text);
        return fail(p, "%s %s is no field; give one like 'Name: value'", o->name, value);
    }
    out->header_texts[out->headers_len++] = text;
    return TRI_OK;
}

/* ------------------------------------------------------------------------------------ the table */

/* An option is one line here, a field in struct cli_connect_options and a line of its help. */
#define FIELD(name) offsetof(struct cli_connect_options, name)
/* clang-format off */
static const struct option options[] = {
    {"--http", take_http, 0, true},
    {"--header", take_header, 0, true},
    {"--origin", take_string, FIELD(origin), true},
    {"--subprotocol", take_string, FIELD(subprotocols), true},
    {"--deflate", take_deflate, 0, true},
    {"--ping", take_duration, FIELD(ping_ms), true},
    {"--wait", take_duration, FIELD(wait_ms), true},
    {"--once", take_string, FIELD(once), true},
    {"--binary", take_flag, FIELD(binary), false},
    {"--raw", take_flag, FIELD(raw), false},
    {"--json", take_flag, FIELD(json), false},
    {"--ca", take_string, FIELD(ca), true},
    {"--insecure", take_flag, FIELD(insecure), false},
    {"--verbose", take_flag, FIELD(verbose), false},
    {"-v", take_flag, FIELD(verbose), false},
    {"--keylog", take_string, FIELD(keylog), true},
    {"--qlog", take_string, FIELD(qlog), true},
    {"--max-message", take_max_message, 0, true},
    {"--bridge", take_string, FIELD(bridge), true},
    {"--help", take_flag, FIELD(help), false},
    {"-h", take_flag, FIELD(help), false},
};
/* clang-format on */

static const struct option *find_option(const char *argument, size_t name_len)
{
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        if (strlen(options[i].name) == name_len &&
            memcmp(options[i].name, argument, name_len) == 0) {
            return &options[i];
        }
    }
    return NULL;
}

static enum tri_err take_url(const struct parsing *p, const char *argument)
{
    if (argument[0] == '-') {
        return fail(p, "unknown option %s; see trisock connect --help", argument);
    }
    if (p->out->url) {
        return fail(p, "%s is a second URL; give one", argument);
    }
    p->out->url = argument;
    return TRI_OK;
}

/* Reads the argument at |argv[*at]| and its value; |*at| moves to the last one that it used. */
static enum tri_err parse_one(const struct parsing *p, int argc, const char *const *argv, int *at)
{
    const char *argument = argv[*at];
    const size_t name_len = argument[0] == '-' ? strcspn(argument, "=") : strlen(argument);
    const struct option *o = find_option(argument, name_len);
    if (!o) {
        return take_url(p, argument);
    }
    const char *value = argument[name_len] == '=' ? argument + name_len + 1 : NULL;
    if (!o->has_value) {
        return value ? fail(p, "%s takes no value; leave out =%s", o->name, value)
                     : o->take(p, o, NULL);
    }
    if (!value && *at + 1 < argc) {
        *at += 1;
        value = argv[*at];
    }
    /* An empty message is one too. */
    const bool may_be_empty = o->field == FIELD(once) && o->take == take_string;
    if (!value || (value[0] == '\0' && !may_be_empty)) {
        return fail(p, "%s wants a value; see trisock connect --help", o->name);
    }
    return o->take(p, o, value);
}

static enum tri_err check_whole(const struct parsing *p)
{
    const struct cli_connect_options *o = p->out;
    if (!o->url) {
        return fail(p, "there is no URL; give one like wss://localhost:8443/echo");
    }
    if (o->ca && o->insecure) {
        return fail(p, "--ca and --insecure exclude each other; leave out one");
    }
    if (o->raw && o->json) {
        return fail(p, "--raw and --json exclude each other; leave out one");
    }
    if (o->bridge && (o->once || o->json || o->binary || o->raw)) {
        return fail(p, "--bridge sends and prints no messages; leave out --once, --json, --binary "
                       "and --raw");
    }
    if (o->bridge && (o->origin || o->subprotocols || o->deflate != TRI_DEFLATE_OFF)) {
        return fail(p, "--bridge passes on what its clients ask for; leave out --origin, "
                       "--subprotocol and --deflate");
    }
    if (o->bridge && (o->has_ping || o->has_wait || o->max_message > 0)) {
        return fail(p, "--bridge leaves pings, ends and messages to its clients and the server; "
                       "leave out --ping, --wait and --max-message");
    }
    return TRI_OK;
}

enum tri_err cli_connect_options_parse(struct cli_connect_options *out, int argc,
                                       const char *const *argv, char error[CLI_ERROR_MAX])
{
    *out = (struct cli_connect_options){.wait_ms = WAIT_MS_DEFAULT};
    error[0] = '\0';
    const struct parsing p = {.out = out, .error = error};
    enum tri_err err = TRI_OK;
    for (int at = 0; at < argc && err == TRI_OK && !out->help; at++) {
        err = parse_one(&p, argc, argv, &at);
    }
    if (err == TRI_OK && !out->help) {
        err = check_whole(&p);
    }
    if (err != TRI_OK) {
        cli_connect_options_deinit(out);
    }
    return err;
}

void cli_connect_options_deinit(struct cli_connect_options *o)
{
    for (size_t i = 0; i < o->headers_len; i++) {
        free(o->header_texts[i]);
    }
    o->headers_len = 0;
}
