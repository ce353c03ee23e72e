/* See bench_options.h. */
#include "bench_options.h"

#include "bench_values.h"

#include <assert.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define FIELD(name) offsetof(struct bench_options, name)

static const struct bench_option table[] = {
    {.name = "--http", .take = bench_take_http, .values = 1},
    {.name = "--sockets",
     .take = bench_take_count,
     .values = 1,
     .field = FIELD(sockets),
     .min = 1,
     .max = BENCH_SOCKETS_MAX},
    {.name = "--connections",
     .take = bench_take_count,
     .values = 1,
     .field = FIELD(connections),
     .min = 1,
     .max = BENCH_SOCKETS_MAX},
    {.name = "--size", .take = bench_take_sizes, .values = 1},
    {.name = "--in-flight",
     .take = bench_take_count,
     .values = 1,
     .field = FIELD(in_flight),
     .min = 1,
     .max = BENCH_IN_FLIGHT_MAX},
    {.name = "--rate", .take = bench_take_rate, .values = 1},
    {.name = "--mode", .take = bench_take_mode, .values = 1},
    {.name = "--duration",
     .take = bench_take_duration,
     .values = 1,
     .field = FIELD(duration_s),
     .min = 1},
    {.name = "--warmup", .take = bench_take_duration, .values = 1, .field = FIELD(warmup_s)},
    {.name = "--rounds",
     .take = bench_take_count,
     .values = 1,
     .field = FIELD(rounds),
     .min = 1,
     .max = BENCH_ROUNDS_MAX},
    {.name = "--threads",
     .take = bench_take_count,
     .values = 1,
     .field = FIELD(threads),
     .min = 1,
     .max = BENCH_THREADS_MAX},
    {.name = "--fresh", .take = bench_take_flag, .field = FIELD(fresh)},
    {.name = "--resume", .take = bench_take_flag, .field = FIELD(resume)},
    {.name = "--deflate", .take = bench_take_deflate, .values = 1},
    {.name = "--verify", .take = bench_take_flag, .field = FIELD(verify)},
    {.name = "--server-pid", .take = bench_take_pid, .values = 1},
    {.name = "--header", .take = bench_take_header, .values = 1},
    {.name = "--origin", .take = bench_take_string, .values = 1, .field = FIELD(origin)},
    {.name = "--subprotocol", .take = bench_take_string, .values = 1, .field = FIELD(subprotocols)},
    {.name = "--ca", .take = bench_take_string, .values = 1, .field = FIELD(ca)},
    {.name = "--insecure", .take = bench_take_flag, .field = FIELD(insecure)},
    {.name = "--epoll", .take = bench_take_flag, .field = FIELD(epoll)},
    {.name = "--json", .take = bench_take_string, .values = 1, .field = FIELD(json_file)},
    {.name = "--html", .take = bench_take_string, .values = 1, .field = FIELD(html_file)},
    {.name = "--compare", .take = bench_take_compare, .values = 2},
    {.name = "--label", .take = bench_take_string, .values = 1, .field = FIELD(label)},
    {.name = "--seed", .take = bench_take_seed, .values = 1},
    {.name = "--help", .take = bench_take_flag, .field = FIELD(help)},
};

const char *bench_http_name(enum tri_http http)
{
    switch (http) {
    case TRI_HTTP_1_1:
        return "h1";
    case TRI_HTTP_2:
        return "h2";
    case TRI_HTTP_3:
        return "h3";
    case TRI_HTTP_ALL:
        break;
    }
    assert(false);
    return "";
}

const char *bench_mode_name(enum bench_mode mode)
{
    switch (mode) {
    case BENCH_ECHO:
        return "echo";
    case BENCH_OPEN:
        return "open";
    case BENCH_IDLE:
        return "idle";
    case BENCH_PUSH:
        return "push";
    case BENCH_BROADCAST:
        return "broadcast";
    }
    assert(false);
    return "";
}

static const struct bench_option *find_option(const char *name, size_t len)
{
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (strlen(table[i].name) == len && memcmp(table[i].name, name, len) == 0) {
            return &table[i];
        }
    }
    return NULL;
}

static void set_defaults(struct bench_options *out)
{
    memset(out, 0, sizeof *out);
    out->https[0] = TRI_HTTP_1_1;
    out->https[1] = TRI_HTTP_2;
    out->https[2] = TRI_HTTP_3;
    out->https_len = 3;
    out->mode = BENCH_ECHO;
    out->sockets = 100;
    out->connections = 1;
    out->sizes.min = out->sizes.max = 32;
    out->duration_s = 5;
    out->warmup_s = 1;
    out->rounds = 3;
    out->threads = 1;
    out->seed = 1;
}

/* One option and what belongs to it, behind it or behind a =; |*i| moves on to its last value. */
static enum tri_err take_option(const struct bench_parsing *p, int argc, const char *const *argv,
                                int *i)
{
    const size_t len = strcspn(argv[*i], "=");
    const struct bench_option *o = find_option(argv[*i], len);
    if (!o) { /* what it was given is not told: it may be a secret */
        return bench_fail(p, "unknown option %.*s; see trisock bench --help",
                          len < 100 ? (int)len : 100, argv[*i]);
    }
    if (argv[*i][len] == '=') {
        const char *value = argv[*i] + len + 1;
        return o->values == 1 ? o->take(p, o, &value)
                              : bench_fail(p, "%s takes %s; see trisock bench --help", o->name,
                                           o->values == 0 ? "no value" : "two values, without =");
    }
    if (argc - *i - 1 < o->values) {
        return bench_fail(p, "%s needs %s; see trisock bench --help", o->name,
                          o->values == 1 ? "a value" : "two values");
    }
    enum tri_err err = o->take(p, o, argv + *i + 1);
    *i += o->values;
    return err;
}

static enum tri_err take_url(const struct bench_parsing *p, const char *text)
{
    if (p->out->url) {
        return bench_fail(p, "there are two URLs, %.100s and %.100s; give one", p->out->url, text);
    }
    p->out->url = text;
    return TRI_OK;
}

/* What of the options does not go with another. */
static enum tri_err check_load(const struct bench_parsing *p)
{
    struct bench_options *o = p->out;
    bool does_send = o->mode == BENCH_ECHO || o->mode == BENCH_BROADCAST;
    if (o->rate > 0 && o->in_flight > 0) {
        return bench_fail(p, "--rate and --in-flight exclude each other; give one of them");
    }
    if (!does_send && (o->rate > 0 || o->in_flight > 0)) {
        return bench_fail(p, "--mode %s sends no messages; leave out %s", bench_mode_name(o->mode),
                          o->rate > 0 ? "--rate" : "--in-flight");
    }
    if (o->mode == BENCH_BROADCAST && o->in_flight > 1) {
        return bench_fail(p,
                          "--mode broadcast sends one message at a time, or by --rate; leave out "
                          "--in-flight");
    }
    if (o->rate == 0 && o->in_flight == 0) {
        o->in_flight = 1;
    }
    return TRI_OK;
}

static enum tri_err check_sockets(const struct bench_parsing *p)
{
    const struct bench_options *o = p->out;
    if (o->connections > o->sockets) {
        return bench_fail(p,
                          "--connections %zu is more than --sockets %zu; give fewer of them, or "
                          "more sockets",
                          o->connections, o->sockets);
    }
    if (o->fresh && o->mode != BENCH_OPEN) {
        return bench_fail(p, "--fresh is for --mode open; leave it out");
    }
    if (o->verify && o->mode != BENCH_ECHO) {
        return bench_fail(p, "--verify is for --mode echo; leave it out");
    }
    if (o->mode == BENCH_BROADCAST && o->sizes.min < BENCH_HEADED_MIN) {
        return bench_fail(p,
                          "--mode broadcast needs messages of at least %u bytes; give a larger "
                          "--size",
                          BENCH_HEADED_MIN);
    }
    return TRI_OK;
}

/* The library reads the rest of it. */
static enum tri_err check_url(const struct bench_parsing *p)
{
    const char *url = p->out->url;
    if (strchr(url, '#')) {
        return bench_fail(p, "%.200s has a fragment, which is not sent; leave it out", url);
    }
    const char *host = strstr(url, "://");
    const char *query = strchr(url, '?');
    const char *path = strchr(host ? host + 3 : url, '/');
    if (query && (!path || path > query)) {
        return bench_fail(p, "%.200s has no path; give one, such as wss://localhost:8443/echo",
                          url);
    }
    return TRI_OK;
}

static enum tri_err check_files(const struct bench_parsing *p)
{
    const struct {
        const char *option, *file;
    } files[] = {
        {"--ca", p->out->ca}, {"--json", p->out->json_file}, {"--html", p->out->html_file}};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        if (files[i].file && files[i].file[0] == '\0') {
            return bench_fail(p, "%s needs the name of a file; it is empty", files[i].option);
        }
    }
    return TRI_OK;
}

static enum tri_err check_all(const struct bench_parsing *p)
{
    if (p->out->help) {
        return TRI_OK;
    }
    if (check_files(p) != TRI_OK) {
        return TRI_ERR_INVALID;
    }
    if (p->out->compare[0]) {
        return TRI_OK;
    }
    if (!p->out->url) {
        return bench_fail(p, "bench needs a URL, such as wss://localhost:8443/echo");
    }
    enum tri_err err = check_url(p);
    if (err == TRI_OK) {
        err = check_load(p);
    }
    return err == TRI_OK ? check_sockets(p) : err;
}

enum tri_err bench_options_parse(struct bench_options *out, int argc, const char *const *argv,
                                 char error[BENCH_ERROR_MAX])
{
    const struct bench_parsing p = {out, error};
    error[0] = '\0';
    set_defaults(out);
    enum tri_err err = TRI_OK;
    for (int i = 0; i < argc && err == TRI_OK; i++) {
        err = argv[i][0] == '-' ? take_option(&p, argc, argv, &i) : take_url(&p, argv[i]);
    }
    return err == TRI_OK ? check_all(&p) : err;
}
