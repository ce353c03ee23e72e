/* See cli_options.h. One table of options; each has a function that takes its value. */
#include "cli_options.h"

#include "base_addr.h"
#include "cli_config.h"
#include "cli_values.h"

#include <assert.h>
#include <string.h>

/* An option is one line here, a field in struct cli_options and a line in cli_help.c. */
/* clang-format off */
#define VALUE(take) take, 0, 0, true
#define STRING(field) cli_take_string, offsetof(struct cli_options, field), 0, true
#define FLAG(field) cli_take_flag, offsetof(struct cli_options, field), 0, false
#define LIMIT(limit) cli_take_limit, 0, TRI_LIMIT_##limit, true
#define SWITCH(take) take, 0, 0, false
static const struct cli_option options[] = {
    {"--config", STRING(config)},
    {"--listen", VALUE(cli_take_listen)},
    {"--cert", VALUE(cli_take_cert)},
    {"--key", VALUE(cli_take_key)},
    {"--root", STRING(root)},
    {"--echo", VALUE(cli_take_echo)},
    {"--http", VALUE(cli_take_http)},
    {"--extended-connect", VALUE(cli_take_extended_connect)},
    {"--no-extended-connect", SWITCH(cli_take_no_extended_connect)},
    {"--early-data", FLAG(early_data)},
    {"--early-data-websocket", VALUE(cli_take_early_data_websocket)},
    {"--deflate", VALUE(cli_take_deflate)},
    {"--slow", VALUE(cli_take_slow)},
    {"--subprotocol", STRING(subprotocols)},
    {"--origin", STRING(origins)},
    {"--cleartext", VALUE(cli_take_cleartext)},
    {"--admin", VALUE(cli_take_admin)},
    {"--cleartext-redirect", FLAG(cleartext_redirect)},
    {"--keylog", STRING(keylog)},
    {"--qlog", STRING(qlog)},
    {"--secret-file", STRING(secret_file)},
    {"--log", STRING(log)},
    {"--log-format", VALUE(cli_take_log_format)},
    {"--verbose", FLAG(verbose)},
    {"--drain-seconds", VALUE(cli_take_drain)},
    {"--version", FLAG(version)},
    {"--help", FLAG(help)},
    {"-h", FLAG(help)},
    {"--max-message", LIMIT(MESSAGE_BYTES)},
    {"--max-queue", LIMIT(QUEUE_BYTES)},
    {"--max-streams", LIMIT(STREAMS)},
    {"--max-connections", LIMIT(CONNECTIONS)},
    {"--max-connections-per-address", LIMIT(CONNECTIONS_ADDRESS)},
    {"--memory-max", LIMIT(MEMORY_BYTES)},
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
    {"--response-timeout", LIMIT(RESPONSE_TIMEOUT_MS)},
    {"--deflate-memory", LIMIT(DEFLATE_BYTES)},
    {"--deflate-least", LIMIT(DEFLATE_LEAST_BYTES)},
    {"--deflate-window", LIMIT(DEFLATE_WINDOW_BITS)},
    {"--deflate-level", LIMIT(DEFLATE_LEVEL)},
};
/* clang-format on */

/* ------------------------------------------------------------------------------- the arguments */

static const struct cli_option *find_option(const char *argument, size_t name_len)
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
static enum tri_err parse_one(const struct cli_parsing *p, int argc, const char *const *argv,
                              int *at)
{
    assert(*at >= 0 && *at < argc);
    const char *argument = argv[*at];
    size_t name_len = strcspn(argument, "=");
    const struct cli_option *o = find_option(argument, name_len);
    if (!o) {
        const char *what = argument[0] == '-' ? "option" : "argument";
        return cli_fail(p, "unknown %s %.*s; see trisock serve --help", what, (int)name_len,
                        argument);
    }
    bool has_equals = argument[name_len] == '=';
    if (!o->has_value) {
        return has_equals
                   ? cli_fail(p, "%s takes no value; leave out %s", o->name, argument + name_len)
                   : o->take(p, o, NULL);
    }
    const char *value = has_equals ? argument + name_len + 1 : NULL;
    if (!has_equals && *at + 1 < argc) {
        *at += 1;
        value = argv[*at];
    }
    if (!value || value[0] == '\0') {
        return cli_fail(p, "%s wants a value; see trisock serve --help", o->name);
    }
    return o->take(p, o, value);
}

static enum tri_err parse_arguments(const struct cli_parsing *p, int argc, const char *const *argv)
{
    enum tri_err err = TRI_OK;
    for (int at = 0; at < argc && err == TRI_OK && !p->out->help && !p->out->version; at++) {
        err = parse_one(p, argc, argv, &at);
    }
    return err;
}

/* ------------------------------------------------------------------------------------ the file */

/* The option that a line of the file names; NULL: |p->error| says why not. */
static const struct cli_option *find_named(const struct cli_parsing *p, const char *name)
{
    static const char *const arguments_only[] = {"config", "help", "version"};
    for (size_t i = 0; i < sizeof arguments_only / sizeof arguments_only[0]; i++) {
        if (strcmp(arguments_only[i], name) == 0) {
            (void)cli_fail(p, "%s has no place in a file; give it as an argument", name);
            return NULL;
        }
    }
    if (name[0] == '-') {
        (void)cli_fail(p, "%s has dashes; leave them out here", name);
        return NULL;
    }
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        if (options[i].name[1] == '-' && strcmp(options[i].name + 2, name) == 0) {
            return &options[i];
        }
    }
    (void)cli_fail(p, "unknown option %s; see trisock serve --help", name);
    return NULL;
}

static enum tri_err parse_line(const struct cli_parsing *p, const char *name, const char *value)
{
    const struct cli_option *o = find_named(p, name);
    if (!o) {
        return TRI_ERR_INVALID;
    }
    const bool is_given = value[0] != '\0';
    if (is_given != o->has_value) {
        return is_given ? cli_fail(p, "%s takes no value; leave out %s", name, value)
                        : cli_fail(p, "%s wants a value; see trisock serve --help", name);
    }
    return o->take(p, o, is_given ? value : NULL);
}

static enum tri_err parse_file(const struct cli_parsing *arguments, const char *file)
{
    struct cli_parsing p = {
        .out = arguments->out, .error = arguments->error, .source = CLI_SOURCE_FILE, .file = file};
    struct cli_config_lines lines = {.at = p.out->text};
    const char *name = NULL;
    const char *value = NULL;
    enum tri_err err = TRI_OK;
    while (err == TRI_OK && (err = cli_config_next(&lines, &name, &value)) == TRI_OK) {
        p.line = lines.number;
        err = parse_line(&p, name, value);
    }
    if (err == TRI_ERR_LIMIT) {
        p.line = lines.number;
        return cli_fail(&p, "the line is longer than 4 KiB; make it shorter");
    }
    return err == TRI_ERR_NOT_FOUND ? TRI_OK : err;
}

/* ------------------------------------------------------------------------------------ the whole */

static enum tri_err check_addresses(const struct cli_parsing *p, const char *option,
                                    const char *const *addresses, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        struct tri_addr addr;
        if (tri_addr_parse(&addr, addresses[i]) != TRI_OK) {
            return cli_fail(p, "%s %s is no address; give one like 127.0.0.1:8443 or [::1]:8443",
                            option, addresses[i]);
        }
    }
    return TRI_OK;
}

/* The other application that is served at |path|, or NULL. */
static const char *app_at(const char *path)
{
    static const char *const apps[][2] = {{"/hello", "the greeting"},
                                          {"/stream", "the stream"},
                                          {"/rooms/", "the rooms"},
                                          {"/push", "the push"}};
    for (size_t i = 0; i < sizeof apps / sizeof apps[0]; i++) {
        if (strcmp(apps[i][0], path) == 0) {
            return apps[i][1];
        }
    }
    return NULL;
}

/* What only makes sense together. */
static enum tri_err check_whole(const struct cli_parsing *p)
{
    const struct cli_options *o = p->out;
    if (o->cert_len > o->key_len) {
        return cli_fail(p, "--cert %s is given without its key; add --key FILE",
                        o->cert[o->key_len]);
    }
    if (o->key_len > o->cert_len) {
        return cli_fail(p, "--key %s is given without its certificate; add --cert FILE",
                        o->key[o->cert_len]);
    }
    if (o->cleartext_redirect && o->cleartext_len == 0) {
        return cli_fail(p, "--cleartext-redirect needs a port to redirect from; add --cleartext "
                           "ADDR:PORT");
    }
    if (o->early_data_425 && !o->early_data) {
        return cli_fail(p, "--early-data-websocket 425 says nothing while no early data is taken; "
                           "add --early-data");
    }
    const char *app = app_at(o->echo);
    if (app) {
        return cli_fail(p, "--echo %s is taken by %s; give another path", o->echo, app);
    }
    enum tri_err err = check_addresses(p, "--listen", o->listen, o->listen_len);
    return err == TRI_OK ? check_addresses(p, "--cleartext", o->cleartext, o->cleartext_len) : err;
}

static void set_defaults(struct cli_options *out)
{
    *out = (struct cli_options){
        .echo = "/echo",
        .http = TRI_HTTP_ALL,
        .extended_connect = true,
        .log_format = TRI_LOG_TEXT,
    };
}

/* The arguments once more, over what the file says. */
static enum tri_err parse_with_file(const struct cli_parsing *p, int argc, const char *const *argv)
{
    struct cli_options *out = p->out;
    const char *file = out->config;
    set_defaults(out);
    enum tri_err err = cli_config_read(&out->text, file, p->error);
    if (err == TRI_OK) {
        err = parse_file(p, file);
    }
    return err == TRI_OK ? parse_arguments(p, argc, argv) : err;
}

enum tri_err cli_options_parse(struct cli_options *out, int argc, const char *const *argv,
                               char error[CLI_ERROR_MAX])
{
    set_defaults(out);
    error[0] = '\0';
    const struct cli_parsing p = {.out = out, .error = error, .source = CLI_SOURCE_ARGUMENTS};
    enum tri_err err = parse_arguments(&p, argc, argv);
    if (err != TRI_OK || out->help || out->version) {
        return err;
    }
    if (out->config) {
        err = parse_with_file(&p, argc, argv);
    }
    if (err == TRI_OK) {
        err = check_whole(&p);
    }
    if (err != TRI_OK) {
        cli_options_deinit(out);
    }
    return err;
}

void cli_options_deinit(struct cli_options *o)
{
    cli_config_release(o->text);
    o->text = NULL;
}
