/* See cli_serve.h. */
#include "cli_serve.h"

#include "cli_configure.h"
#include "cli_help.h"
#include "cli_log.h"
#include "cli_options.h"
#include "cli_ready.h"
#include "cli_reload.h"
#include "cli_routes.h"
#include "cli_signals.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#define EXIT_FAILED 1
#define EXIT_USAGE 2

/* Everything a run holds; what is there is told by its flag. */
struct serving {
    struct cli_options options;
    struct cli_log log;
    struct cli_routes routes;
    struct cli_signals signals;
    struct cli_reload reload;
    struct tri_server *server;
    bool has_log, has_routes;
    bool is_stopping; /* belongs to the thread of |signals| */
};

static int complain(int code, const char *sentence)
{
    (void)fprintf(stderr, "trisock: %s\n", sentence);
    return code;
}

/* ------------------------------------------------------------------------------ what it opens */

static int open_log(struct serving *s)
{
    if (cli_log_open(&s->log, s->options.log) != TRI_OK) {
        (void)fprintf(stderr, "trisock: --log %s: %s; give a file that can be written\n",
                      s->options.log, strerror(errno));
        return EXIT_FAILED;
    }
    s->has_log = true;
    return 0;
}

static int open_routes(struct serving *s)
{
    if (cli_routes_init(&s->routes, &s->options) != TRI_OK) {
        const char *cause = errno == ENOENT ? "no such directory" : strerror(errno);
        (void)fprintf(stderr, "trisock: --root %s: %s\n", s->options.root, cause);
        return EXIT_FAILED;
    }
    s->has_routes = true;
    return 0;
}

/* ------------------------------------------------------------------------------------ the run */

static int make_config(struct serving *s, struct tri_config *config)
{
    enum tri_err err = config ? cli_configure(config, &s->options) : TRI_ERR_NOMEM;
    if (err != TRI_OK) {
        return complain(EXIT_FAILED, tri_err_text(err));
    }
    const struct tri_log *log = &s->reload.log;
    tri_config_log(config, log->write, log->user, log->level, log->format);
    tri_config_on_reload(config, cli_reload, &s->reload);
    char error[CLI_ERROR_MAX];
    err = cli_routes_configure(&s->routes, config, &s->options, error);
    if (err != TRI_OK) {
        return complain(err == TRI_ERR_INVALID ? EXIT_USAGE : EXIT_FAILED, error);
    }
    return 0;
}

static int make_server(struct serving *s)
{
    struct tri_config *config = tri_config_new();
    int code = make_config(s, config);
    if (code != 0) {
        tri_config_free(config);
        return code;
    }
    char error[CLI_ERROR_MAX];
    enum tri_err err = tri_server_new(&s->server, config, error, sizeof error);
    tri_config_free(config);
    if (err != TRI_OK) {
        char sentence[CLI_ERROR_MAX];
        cli_ready_explain(sentence, err, error, &s->options);
        return complain(EXIT_FAILED, sentence);
    }
    return 0;
}

/* Another signal means that somebody does not want to wait for the first one's end. */
static void ask_stop(void *user)
{
    struct serving *s = user;
    if (!s->is_stopping) {
        s->is_stopping = true;
        tri_server_drain(s->server, atomic_load(&s->reload.drain_ms));
    } else {
        tri_server_stop(s->server);
    }
}

static void ask_reload(void *user)
{
    struct serving *s = user;
    tri_server_ask_reload(s->server);
}

static int run_server(struct serving *s)
{
    assert(s->server && s->has_log);
    s->reload.server = s->server;
    s->signals.on_stop = ask_stop;
    s->signals.on_reload = ask_reload;
    s->signals.user = s;
    if (cli_signals_start(&s->signals) != TRI_OK) {
        return complain(EXIT_FAILED, "no thread can be made for signals; raise the limit of "
                                     "processes (ulimit -u)");
    }
    cli_ready_print(stdout, s->server, &s->options);
    enum tri_err err = tri_server_run(s->server);
    cli_signals_end(&s->signals);
    return err == TRI_OK ? 0 : complain(EXIT_FAILED, tri_err_text(err));
}

/* A socket is a descriptor: the soft limit of 1,024 is not what the machine can do. */
static void raise_descriptor_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static int serve(struct serving *s)
{
    raise_descriptor_limit();
    int code = open_log(s);
    if (code == 0) {
        code = open_routes(s);
    }
    if (code == 0) {
        cli_reload_init(&s->reload, &s->options, &s->routes, &s->log);
        code = make_server(s);
    }
    if (code == 0) {
        code = run_server(s);
    }
    tri_server_free(s->server);
    if (s->has_routes) {
        cli_routes_deinit(&s->routes);
    }
    if (s->has_log) {
        cli_log_close(&s->log);
    }
    return code;
}

int cli_serve(int argc, const char *const *argv)
{
    struct serving s = {.reload = {.argc = argc, .argv = argv}};
    char error[CLI_ERROR_MAX];
    if (cli_options_parse(&s.options, argc, argv, error) != TRI_OK) {
        return complain(EXIT_USAGE, error);
    }
    if (s.options.help) {
        (void)fputs(cli_help_serve(), stdout);
        return 0;
    }
    if (s.options.version) {
        (void)printf("trisock %s\n", tri_version());
        return 0;
    }
    const int code = serve(&s);
    cli_options_deinit(&s.options);
    return code;
}
