/* See cli_connect.h. */
#include "cli_connect.h"

#include "cli_bridge.h"
#include "cli_connect_run.h"
#include "cli_help.h"

#include <stdio.h>

static int complain(int code, const char *sentence)
{
    (void)fprintf(stderr, "trisock: %s\n", sentence);
    return code;
}

static enum tri_err set_files(struct tri_client_config *config, const struct cli_connect_options *o)
{
    enum tri_err err = o->ca ? tri_client_config_ca(config, o->ca) : TRI_OK;
    if (err == TRI_OK && o->keylog) {
        err = tri_client_config_keylog(config, o->keylog);
    }
    return err == TRI_OK && o->qlog ? tri_client_config_qlog(config, o->qlog) : err;
}

/* TRI_ERR_INVALID: |error| names the option whose value is out of its range. */
static enum tri_err configure(struct tri_client_config *config, const struct cli_connect_options *o,
                              char error[CLI_ERROR_MAX])
{
    if (o->insecure) {
        tri_client_config_insecure(config, true);
        (void)complain(0, "--insecure: anybody can be the server, its certificate is not checked");
    }
    if (o->has_ping &&
        tri_client_config_limit(config, TRI_LIMIT_PING_INTERVAL_MS, o->ping_ms) != TRI_OK) {
        (void)snprintf(error, CLI_ERROR_MAX, "--ping is out of range; give 0, or 10ms to a day");
        return TRI_ERR_INVALID;
    }
    if (o->max_message > 0 &&
        tri_client_config_limit(config, TRI_LIMIT_MESSAGE_BYTES, o->max_message) != TRI_OK) {
        (void)snprintf(error, CLI_ERROR_MAX, "--max-message is out of range; give 1 to 1024m");
        return TRI_ERR_INVALID;
    }
    const enum tri_err err = set_files(config, o);
    (void)snprintf(error, CLI_ERROR_MAX, "%s", tri_err_text(err));
    return err;
}

static int make_client(struct tri_client **out, const struct cli_connect_options *o)
{
    char error[CLI_ERROR_MAX];
    struct tri_client_config *config = tri_client_config_new();
    if (!config) {
        return complain(CLI_CONNECT_NOT_OPEN, tri_err_text(TRI_ERR_NOMEM));
    }
    enum tri_err err = configure(config, o, error);
    if (err == TRI_OK) {
        err = tri_client_new(out, config, error, sizeof error);
    }
    tri_client_config_free(config);
    return err == TRI_OK ? 0 : complain(CLI_CONNECT_USAGE, error);
}

/* Frees |client|. */
static int run(struct tri_client *client, const struct cli_connect_options *o)
{
    if (!o->bridge) {
        return cli_connect_run(client, o);
    }
    const struct cli_bridge_options bridge = {.listen = o->bridge,
                                              .url = o->url,
                                              .http = o->http,
                                              .h3_first = o->h3_first,
                                              .headers = o->headers,
                                              .headers_len = o->headers_len,
                                              .verbose = o->verbose};
    const int code = cli_bridge(client, &bridge);
    tri_client_free(client);
    return code;
}

int cli_connect(int argc, const char *const *argv)
{
    struct cli_connect_options options;
    char error[CLI_ERROR_MAX];
    if (cli_connect_options_parse(&options, argc, argv, error) != TRI_OK) {
        return complain(CLI_CONNECT_USAGE, error);
    }
    int code = 0;
    if (options.help) {
        (void)fputs(cli_help_connect(), stdout);
    } else {
        struct tri_client *client = NULL;
        code = make_client(&client, &options);
        if (code == 0) {
            code = run(client, &options);
        }
    }
    cli_connect_options_deinit(&options);
    return code;
}
