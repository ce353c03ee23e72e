/* See cli_reload.h. */
#include "cli_reload.h"

#include "cli_configure.h"

#include <assert.h>
#include <string.h>

static struct tri_log make_log(const struct cli_options *o, void *user)
{
    return (struct tri_log){
        .write = cli_log_write,
        .user = user,
        .level = o->verbose ? TRI_LOG_DEBUG : TRI_LOG_INFO,
        .format = o->log_format,
    };
}

void cli_reload_init(struct cli_reload *r, const struct cli_options *options,
                     struct cli_routes *routes, struct cli_log *log)
{
    r->options = options;
    r->routes = routes;
    r->log = make_log(options, log);
    atomic_init(&r->drain_ms, options->drain_ms);
}

static bool is_same(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static void log_difference(const struct tri_log *log, const char *name)
{
    TRI_LOG(log, WARN, "reload.ignored", TRI_KV_S("setting", name), TRI_KV_S("remedy", "restart"));
}

/* Names what the server does not know of, and what stays as it was at the start. */
static void log_ignored(const struct cli_reload *r, const struct cli_options *next)
{
    const struct cli_options *o = r->options;
    const struct {
        const char *name;
        bool same;
    } rows[] = {
        {"root", is_same(o->root, next->root)},
        {"echo", is_same(o->echo, next->echo)},
        {"slow", o->slow == next->slow}, /* the echo looks at it whenever a queue is full */
        {"log", is_same(o->log, next->log)},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (!rows[i].same) {
            log_difference(&r->log, rows[i].name);
        }
    }
}

static void log_failure(const struct cli_reload *r, const char *reason)
{
    TRI_LOG(&r->log, ERROR, "reload.fail", TRI_KV_S("reason", reason));
}

/* False: the log says why not. */
static bool fill_config(const struct cli_reload *r, struct tri_config *config,
                        const struct cli_options *next)
{
    enum tri_err err = config ? cli_configure(config, next) : TRI_ERR_NOMEM;
    if (err != TRI_OK) {
        log_failure(r, tri_err_text(err));
        return false;
    }
    char error[CLI_ERROR_MAX];
    err = cli_routes_configure(r->routes, config, next, error);
    if (err != TRI_OK) {
        log_failure(r, error);
    }
    return err == TRI_OK;
}

/* What the server takes over is in the log, and if it takes nothing, why. */
static void take_over(struct cli_reload *r, const struct cli_options *next)
{
    const struct tri_log log = make_log(next, r->log.user);
    struct cli_options kept = *next; /* with its routes where they are */
    kept.root = r->options->root;
    kept.echo = r->options->echo;
    kept.slow = r->options->slow;
    struct tri_config *config = tri_config_new();
    if (fill_config(r, config, &kept)) {
        tri_config_log(config, log.write, log.user, log.level, log.format);
        if (tri_server_reconfigure(r->server, config, NULL, 0) == TRI_OK) {
            log_ignored(r, next);
            r->log = log;
            atomic_store(&r->drain_ms, next->drain_ms);
        }
    }
    tri_config_free(config);
}

void cli_reload(void *user)
{
    struct cli_reload *r = user;
    assert(r->server);
    struct cli_options next;
    char error[CLI_ERROR_MAX];
    if (cli_options_parse(&next, r->argc, r->argv, error) != TRI_OK) {
        log_failure(r, error);
        return;
    }
    take_over(r, &next);
    cli_options_deinit(&next);
}
