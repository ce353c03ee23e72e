/* See cli_routes.h. */
#include "cli_routes.h"

#include "app_hello.h"
#include "app_push.h"
#include "app_site.h"
#include "app_stream.h"

#include <stdio.h>

enum tri_err cli_routes_init(struct cli_routes *r, const struct cli_options *options)
{
    *r = (struct cli_routes){.echo = {.slow = options->slow}};
    tri_rooms_init(&r->rooms);
    if (!options->root) {
        return TRI_OK;
    }
    enum tri_err err = tri_files_init(&r->files, options->root, &tri_site_handler, NULL);
    r->has_files = err == TRI_OK;
    return err;
}

void cli_routes_deinit(struct cli_routes *r)
{
    tri_rooms_deinit(&r->rooms);
    if (r->has_files) {
        tri_files_deinit(&r->files);
    }
}

static enum tri_err fail(char error[CLI_ERROR_MAX], enum tri_err err)
{
    (void)snprintf(error, CLI_ERROR_MAX, "%s", tri_err_text(err));
    return err;
}

/* The library reads a list, so only it can say that one is none. */
static enum tri_err fail_list(char error[CLI_ERROR_MAX], enum tri_err err, const char *option,
                              const char *list, const char *example)
{
    if (err != TRI_ERR_INVALID) {
        return fail(error, err);
    }
    (void)snprintf(error, CLI_ERROR_MAX, "%s %.200s is not understood; give a list like %s", option,
                   list, example);
    return err;
}

static enum tri_err add_lists(struct tri_config *config, const char *path,
                              const struct cli_options *o, char error[CLI_ERROR_MAX])
{
    enum tri_err err = TRI_OK;
    if (o->subprotocols) {
        err = tri_config_ws_subprotocols(config, path, o->subprotocols);
        if (err != TRI_OK) {
            return fail_list(error, err, "--subprotocol", o->subprotocols, "chat,superchat");
        }
    }
    if (o->origins) {
        err = tri_config_ws_origins(config, path, o->origins);
        if (err != TRI_OK) {
            return fail_list(error, err, "--origin", o->origins,
                             "https://example.com,https://example.org:8443");
        }
    }
    return TRI_OK;
}

/* One WebSocket route. */
struct row {
    const char *path;
    const struct tri_ws_handler *handler;
    void *user;
    enum tri_slow slow;
};

static enum tri_err add_row(struct tri_config *config, const struct row *row,
                            const struct cli_options *o, char error[CLI_ERROR_MAX])
{
    enum tri_err err = tri_config_ws(config, row->path, row->handler, row->user);
    if (err == TRI_OK) {
        err = tri_config_ws_deflate(config, row->path, o->deflate);
    }
    if (err == TRI_OK) {
        err = tri_config_ws_slow(config, row->path, row->slow);
    }
    return err == TRI_OK ? add_lists(config, row->path, o, error) : fail(error, err);
}

enum tri_err cli_routes_configure(struct cli_routes *r, struct tri_config *config,
                                  const struct cli_options *options, char error[CLI_ERROR_MAX])
{
    const struct row rows[] = {
        {options->echo, &tri_echo_handler, &r->echo, options->slow},
        {"/hello", &tri_hello_handler, &r->echo, options->slow},
        {"/stream", &tri_stream_handler, &r->echo, options->slow},
        {TRI_PUSH_PATH, &tri_push_handler, NULL, TRI_SLOW_WAIT},
        {TRI_ROOMS_PATH, &tri_rooms_handler, &r->rooms, TRI_SLOW_DROP},
    };
    error[0] = '\0';
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        enum tri_err err = add_row(config, &rows[i], options, error);
        if (err != TRI_OK) {
            return err;
        }
    }
    enum tri_err err = r->has_files
                           ? tri_config_http_route(config, "/", &tri_files_handler, &r->files)
                           : tri_config_http_route(config, "/", &tri_site_handler, NULL);
    if (err == TRI_OK) {
        err = tri_config_http_route_early(config, "/"); /* files, which reading does not change */
    }
    return err == TRI_OK ? TRI_OK : fail(error, err);
}
