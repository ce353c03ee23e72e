/* See cli_options.h. One table of options; each has a function that takes its value. */
#include "cli_options.h"

#include "base_addr.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct parsing {
    struct cli_options *out;
    char *error; /* CLI_ERROR_MAX bytes */
};

/* One option and, while it is being read, its value. */
struct option {
    const char *name; /* with the dashes */
    enum tri_err (*take)(const struct parsing *p, const struct option *o, const char *value);
    size_t field;         /* for take_string and take_flag: offset in struct cli_options */
    enum tri_limit limit; /* for take_limit */
    bool has_value;
};

static enum tri_err fail(const struct parsing *p, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static enum tri_err fail(const struct parsing *p, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)vsnprintf(p->error, CLI_ERROR_MAX, format, args);
    va_end(args);
    return TRI_ERR_INVALID;
}

/* -------------------------------------------------------------------------------- the values */

static enum tri_err take_string(const struct parsing *p, const struct option *o, const char *value)
{
    assert(o->field + sizeof(const char *) <= sizeof *p->out);
    memcpy((char *)p->out + o->field, &value, sizeof(const char *));
    return TRI_OK;
}

static enum tri_err take_flag(const struct parsing *p, const struct option *o, const char *value)
{
    (void)value;
    const bool on = true;
    memcpy((char *)p->out + o->field, &on, sizeof on);
    return TRI_OK;
}

static enum tri_err fail_often(const struct parsing *p, const struct option *o, unsigned max)
{
    return fail(p, "%s is given more than %u times; leave some out", o->name, max);
}

static enum tri_err take_listen(const struct parsing *p, const struct option *o, const char *value)
{
    if (p->out->listen_len == TRI_LISTENERS_MAX) {
        return fail_often(p, o, TRI_LISTENERS_MAX);
    }
    p->out->listen[p->out->listen_len++] = value;
    return TRI_OK;
}

static enum tri_err take_cleartext(const struct parsing *p, const struct option *o,
                                   const char *value)
{
    if (p->out->cleartext_len == TRI_LISTENERS_MAX) {
        return fail_often(p, o, TRI_LISTENERS_MAX);
    }
    p->out->cleartext[p->out->cleartext_len++] = value;
    return TRI_OK;
}

static enum tri_err take_cert(const struct parsing *p, const struct option *o, const char *value)
{
    if (p->out->cert_len == TRI_CERTIFICATES_MAX) {
        return fail_often(p, o, TRI_CERTIFICATES_MAX);
    }
    p->out->cert[p->out->cert_len++] = value;
    return TRI_OK;
}

static enum tri_err take_key(const struct parsing *p, const struct option *o, const char *value)
{
    if (p->out->key_len == TRI_CERTIFICATES_MAX) {
        return fail_often(p, o, TRI_CERTIFICATES_MAX);
    }
    p->out->key[p->out->key_len++] = value;
    return TRI_OK;
}

static enum tri_err take_echo(const struct parsing *p, const struct option *o, const char *value)
{
    if (value[0] != '/' || strpbrk(value, "?# ")) {
        return fail(p, "%s %s is no path; give one like /echo", o->name, value);
    }
    p->out->echo = value;
    return TRI_OK;
}

static unsigned http_flag(const char *name, size_t len)
{
    static const struct {
        const char *name;
        unsigned flag;
    } rows[] = {
        {"1.1", TRI_HTTP_1_1},
        {"2", TRI_HTTP_2},
        {"3", TRI_HTTP_3},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (strlen(rows[i].name) == len && memcmp(rows[i].name, name, len) == 0) {
            return rows[i].flag;
        }
    }
    return 0;
}

static enum tri_err take_http(const struct parsing *p, const struct option *o, const char *value)
{
    unsigned http = 0;
    for (const char *at = value;; at++) {
        size_t len = strcspn(at, ",");
        unsigned flag = http_flag(at, len);
        if (flag == 0) {
            return fail(p,
                        "%s %s is no list of versions; give 1.1, 2 and 3 with commas, for "
                        "example %s 1.1,2,3",
                        o->name, value, o->name);
        }
        http |= flag;
        at += len;
        if (*at == '\0') {
            break;
        }
    }
    p->out->http = http;
    return TRI_OK;
}

/* Which of |words|, that end in a NULL, |value| is. The message names them all. */
static enum tri_err choose(const struct parsing *p, const struct option *o, const char *value,
                           const char *const *words, unsigned *index)
{
    char list[64] = "";
    for (unsigned i = 0; words[i]; i++) {
        if (strcmp(words[i], value) == 0) {
            *index = i;
            return TRI_OK;
        }
        size_t used = strlen(list);
        const char *joint = i == 0 ? "" : words[i + 1] ? ", " : " or ";
        (void)snprintf(list + used, sizeof list - used, "%s%s", joint, words[i]);
    }
    return fail(p, "%s %s is not known; give %s", o->name, value, list);
}

static enum tri_err take_extended_connect(const struct parsing *p, const struct option *o,
                                          const char *value)
{
    static const char *const words[] = {"on", "off", NULL};
    unsigned index = 0;
    enum tri_err err = choose(p, o, value, words, &index);
    p->out->extended_connect = index == 0;
    return err;
}

static enum tri_err take_log_format(const struct parsing *p, const struct option *o,
                                    const char *value)
{
    static const char *const words[] = {
        [TRI_LOG_TEXT] = "text", [TRI_LOG_JSON] = "json", [TRI_LOG_JSON + 1] = NULL};
    unsigned index = 0;
    enum tri_err err = choose(p, o, value, words, &index);
    p->out->log_format = (enum tri_log_format)index;
    return err;
}

static enum tri_err take_deflate(const struct parsing *p, const struct option *o, const char *value)
{
    static const char *const words[] = {[TRI_DEFLATE_OFF] = "off",
                                        [TRI_DEFLATE_SHARED] = "shared",
                                        [TRI_DEFLATE_DEDICATED] = "dedicated",
                                        [TRI_DEFLATE_DEDICATED + 1] = NULL};
    unsigned index = 0;
    enum tri_err err = choose(p, o, value, words, &index);
    p->out->deflate = (enum tri_deflate)index;
    return err;
}

static enum tri_err take_slow(const struct parsing *p, const struct option *o, const char *value)
{
    static const char *const words[] = {[TRI_SLOW_WAIT] = "wait",
                                        [TRI_SLOW_DROP] = "drop",
                                        [TRI_SLOW_CLOSE] = "close",
                                        [TRI_SLOW_CLOSE + 1] = NULL};
    unsigned index = 0;
    enum tri_err err = choose(p, o, value, words, &index);
    p->out->slow = (enum tri_slow)index;
    return err;
}

static enum tri_err take_drain(const struct parsing *p, const struct option *o, const char *value)
{
    char *end = NULL;
    errno = 0;
    unsigned long long seconds = strtoull(value, &end, 10);
    if (value[0] < '0' || value[0] > '9' || *end != '\0' || errno != 0) {
        return fail(p, "%s %s is no number; give digits only", o->name, value);
    }
    if (seconds > TRI_DRAIN_MS_MAX / 1000) {
        return fail(p, "%s %s is longer than a day; give 86400 or less", o->name, value);
    }
    p->out->drain_ms = seconds * 1000;
    return TRI_OK;
}

static enum tri_err take_limit(const struct parsing *p, const struct option *o, const char *value)
{
    assert((size_t)o->limit < CLI_LIMITS_LEN);
    char *end = NULL;
    errno = 0;
    unsigned long long number = strtoull(value, &end, 10);
    if (value[0] < '0' || value[0] > '9' || *end != '\0' || errno != 0) {
        return fail(p, "%s %s is no number; give digits only", o->name, value);
    }
    struct tri_limits scratch;
    tri_limits_default(&scratch);
    if (tri_limits_set(&scratch, o->limit, number) != TRI_OK) {
        return fail(p, "%s %s is out of range; see trisock serve --help", o->name, value);
    }
    p->out->limits[o->limit] =
        (struct cli_limit){.limit = o->limit, .value = number, .given = true};
    return TRI_OK;
}

/* clang-format off */
#define VALUE(take) take, 0, 0, true
#define STRING(field) take_string, offsetof(struct cli_options, field), 0, true
#define FLAG(field) take_flag, offsetof(struct cli_options, field), 0, false
#define LIMIT(limit) take_limit, 0, TRI_LIMIT_##limit, true
static const struct option options[] = {
    {"--listen", VALUE(take_listen)},
    {"--cert", VALUE(take_cert)},
    {"--key", VALUE(take_key)},
    {"--root", STRING(root)},
    {"--echo", VALUE(take_echo)},
    {"--http", VALUE(take_http)},
    {"--extended-connect", VALUE(take_extended_connect)},
    {"--deflate", VALUE(take_deflate)},
    {"--slow", VALUE(take_slow)},
    {"--subprotocol", STRING(subprotocols)},
    {"--origin", STRING(origins)},
    {"--cleartext", VALUE(take_cleartext)},
    {"--cleartext-redirect", FLAG(cleartext_redirect)},
    {"--keylog", STRING(keylog)},
    {"--qlog", STRING(qlog)},
    {"--secret-file", STRING(secret_file)},
    {"--log", STRING(log)},
    {"--log-format", VALUE(take_log_format)},
    {"--verbose", FLAG(verbose)},
    {"--drain-seconds", VALUE(take_drain)},
    {"--version", FLAG(version)},
    {"--help", FLAG(help)},
    {"-h", FLAG(help)},
    {"--max-message", LIMIT(MESSAGE_BYTES)},
    {"--max-queue", LIMIT(QUEUE_BYTES)},
    {"--max-streams", LIMIT(STREAMS)},
    {"--max-connections", LIMIT(CONNECTIONS)},
    {"--max-sockets", LIMIT(SOCKETS)},
    {"--max-fragments", LIMIT(FRAGMENTS)},
    {"--max-control-frames", LIMIT(CONTROL_FRAMES)},
    {"--max-half-open", LIMIT(HALF_OPEN)},
    {"--ping-interval", LIMIT(PING_INTERVAL_MS)},
    {"--idle-timeout", LIMIT(IDLE_TIMEOUT_MS)},
    {"--close-timeout", LIMIT(CLOSE_TIMEOUT_MS)},
    {"--handshake-timeout", LIMIT(HANDSHAKE_TIMEOUT_MS)},
    {"--request-timeout", LIMIT(REQUEST_TIMEOUT_MS)},
    {"--keepalive-timeout", LIMIT(KEEPALIVE_TIMEOUT_MS)},
    {"--deflate-memory", LIMIT(DEFLATE_BYTES)},
    {"--deflate-least", LIMIT(DEFLATE_LEAST_BYTES)},
    {"--deflate-window", LIMIT(DEFLATE_WINDOW_BITS)},
    {"--deflate-level", LIMIT(DEFLATE_LEVEL)},
};
/* clang-format on */

/* ------------------------------------------------------------------------------- the arguments */

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

/* Reads the option at |argv[*at]| and its value; |*at| moves to the last argument that it used. */
static enum tri_err parse_one(const struct parsing *p, int argc, const char *const *argv, int *at)
{
    assert(*at >= 0 && *at < argc);
    const char *argument = argv[*at];
    size_t name_len = strcspn(argument, "=");
    const struct option *o = find_option(argument, name_len);
    if (!o) {
        const char *what = argument[0] == '-' ? "option" : "argument";
        return fail(p, "unknown %s %.*s; see trisock serve --help", what, (int)name_len, argument);
    }
    bool has_equals = argument[name_len] == '=';
    if (!o->has_value) {
        return has_equals ? fail(p, "%s takes no value; leave out %s", o->name, argument + name_len)
                          : o->take(p, o, NULL);
    }
    const char *value = has_equals ? argument + name_len + 1 : NULL;
    if (!has_equals && *at + 1 < argc) {
        *at += 1;
        value = argv[*at];
    }
    if (!value || value[0] == '\0') {
        return fail(p, "%s wants a value; see trisock serve --help", o->name);
    }
    return o->take(p, o, value);
}

static enum tri_err check_addresses(const struct parsing *p, const char *option,
                                    const char *const *addresses, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        struct tri_addr addr;
        if (tri_addr_parse(&addr, addresses[i]) != TRI_OK) {
            return fail(p, "%s %s is no address; give one like 127.0.0.1:8443 or [::1]:8443",
                        option, addresses[i]);
        }
    }
    return TRI_OK;
}

/* The other application that is served at |path|, or NULL. */
static const char *app_at(const char *path)
{
    static const char *const apps[][2] = {
        {"/hello", "the greeting"}, {"/stream", "the stream"}, {"/rooms/", "the rooms"}};
    for (size_t i = 0; i < sizeof apps / sizeof apps[0]; i++) {
        if (strcmp(apps[i][0], path) == 0) {
            return apps[i][1];
        }
    }
    return NULL;
}

/* What only makes sense together. */
static enum tri_err check_whole(const struct parsing *p)
{
    const struct cli_options *o = p->out;
    if (o->cert_len > o->key_len) {
        return fail(p, "--cert %s is given without its key; add --key FILE", o->cert[o->key_len]);
    }
    if (o->key_len > o->cert_len) {
        return fail(p, "--key %s is given without its certificate; add --cert FILE",
                    o->key[o->cert_len]);
    }
    if (o->cleartext_redirect && o->cleartext_len == 0) {
        return fail(p, "--cleartext-redirect needs a port to redirect from; add --cleartext "
                       "ADDR:PORT");
    }
    const char *app = app_at(o->echo);
    if (app) {
        return fail(p, "--echo %s is taken by %s; give another path", o->echo, app);
    }
    enum tri_err err = check_addresses(p, "--listen", o->listen, o->listen_len);
    return err == TRI_OK ? check_addresses(p, "--cleartext", o->cleartext, o->cleartext_len) : err;
}

enum tri_err cli_options_parse(struct cli_options *out, int argc, const char *const *argv,
                               char error[CLI_ERROR_MAX])
{
    *out = (struct cli_options){
        .echo = "/echo",
        .http = TRI_HTTP_ALL,
        .extended_connect = true,
        .log_format = TRI_LOG_TEXT,
    };
    error[0] = '\0';
    const struct parsing p = {.out = out, .error = error};
    for (int at = 0; at < argc; at++) {
        enum tri_err err = parse_one(&p, argc, argv, &at);
        if (err != TRI_OK || out->help || out->version) {
            return err;
        }
    }
    return check_whole(&p);
}
