/* See server_config.h and, for the setters, trisock.h. */
#include "server_config.h"

#include "http_extensions.h"
#include "http_origins.h"

#include <assert.h>

void tri_config_init(struct tri_config *config, const struct tri_alloc *alloc)
{
    assert(config && alloc);
    *config = (struct tri_config){
        .alloc = alloc,
        .http = TRI_HTTP_ALL,
        .extended_connect = true,
    };
    tri_routes_init(&config->routes, alloc);
    tri_limits_default(&config->limits);
}

void tri_config_deinit(struct tri_config *config)
{
    for (size_t i = 0; i < config->certs_len; i++) {
        tri_alloc_release(config->alloc, config->certs[i].cert);
        tri_alloc_release(config->alloc, config->certs[i].key);
    }
    tri_alloc_release(config->alloc, config->keylog_file);
    tri_alloc_release(config->alloc, config->qlog_dir);
    tri_alloc_release(config->alloc, config->secret_file);
    tri_routes_deinit(&config->routes);
}

struct tri_config *tri_config_new_with(const struct tri_alloc *alloc)
{
    struct tri_config *config = tri_alloc_get(alloc, sizeof *config);
    if (config) {
        tri_config_init(config, alloc);
    }
    return config;
}

struct tri_config *tri_config_new(void)
{
    return tri_config_new_with(tri_alloc_heap());
}

void tri_config_free(struct tri_config *config)
{
    if (config) {
        tri_config_deinit(config);
        tri_alloc_release(config->alloc, config);
    }
}

/* Replaces an owned string. Nothing changes if there is no memory. */
static enum tri_err set_string(const struct tri_alloc *alloc, char **field, const char *text)
{
    char *copy = tri_alloc_string(alloc, text, strlen(text));
    if (!copy) {
        return TRI_ERR_NOMEM;
    }
    tri_alloc_release(alloc, *field);
    *field = copy;
    return TRI_OK;
}

static enum tri_err copy_string(const struct tri_alloc *alloc, char **to, const char *from)
{
    return from ? set_string(alloc, to, from) : TRI_OK;
}

static enum tri_err copy_strings(struct tri_config *to, const struct tri_config *from)
{
    enum tri_err err = TRI_OK;
    for (size_t i = 0; i < from->certs_len && err == TRI_OK; i++) {
        err = tri_config_certificate(to, from->certs[i].cert, from->certs[i].key);
    }
    if (err == TRI_OK) {
        err = copy_string(to->alloc, &to->keylog_file, from->keylog_file);
    }
    if (err == TRI_OK) {
        err = copy_string(to->alloc, &to->qlog_dir, from->qlog_dir);
    }
    if (err == TRI_OK) {
        err = copy_string(to->alloc, &to->secret_file, from->secret_file);
    }
    return err;
}

enum tri_err tri_config_copy(struct tri_config *to, const struct tri_config *from)
{
    assert(to->certs_len == 0 && !to->keylog_file && !to->qlog_dir && !to->secret_file);
    assert(to->routes.len == 0 && to->listen_len == 0);
    memcpy(to->listen, from->listen, sizeof to->listen);
    to->listen_len = from->listen_len;
    memcpy(to->cleartext, from->cleartext, sizeof to->cleartext);
    to->cleartext_len = from->cleartext_len;
    to->admin = from->admin;
    to->drain_ms = from->drain_ms;
    to->http = from->http;
    to->extended_connect = from->extended_connect;
    to->early_data = from->early_data;
    to->limits = from->limits;
    to->log = from->log;
    to->on_reload = from->on_reload;
    to->on_reload_user = from->on_reload_user;
    enum tri_err err = copy_strings(to, from);
    return err == TRI_OK ? tri_routes_copy(&to->routes, &from->routes) : err;
}

enum tri_err tri_config_listen(struct tri_config *config, const char *address)
{
    struct tri_addr addr;
    if (!address || tri_addr_parse(&addr, address) != TRI_OK) {
        return TRI_ERR_INVALID;
    }
    if (config->listen_len == TRI_LISTENERS_MAX) {
        return TRI_ERR_LIMIT;
    }
    config->listen[config->listen_len++] = (struct tri_listen_port){.addr = addr};
    return TRI_OK;
}

enum tri_err tri_config_listen_extended_connect(struct tri_config *config, size_t index, bool on)
{
    if (index >= config->listen_len) {
        return TRI_ERR_NOT_FOUND;
    }
    config->listen[index].has_extended_connect = true;
    config->listen[index].extended_connect = on;
    return TRI_OK;
}

enum tri_err tri_config_cleartext(struct tri_config *config, const char *address,
                                  enum tri_cleartext answer)
{
    struct tri_addr addr;
    bool known = answer == TRI_CLEARTEXT_REFUSE || answer == TRI_CLEARTEXT_REDIRECT;
    if (!known || !address || tri_addr_parse(&addr, address) != TRI_OK) {
        return TRI_ERR_INVALID;
    }
    if (config->cleartext_len == TRI_LISTENERS_MAX) {
        return TRI_ERR_LIMIT;
    }
    config->cleartext[config->cleartext_len++] =
        (struct tri_cleartext_port){.addr = addr, .answer = answer};
    return TRI_OK;
}

enum tri_err tri_config_admin(struct tri_config *config, const char *address)
{
    struct tri_addr addr;
    if (!address || tri_addr_parse(&addr, address) != TRI_OK || !tri_addr_is_loopback(&addr)) {
        return TRI_ERR_INVALID;
    }
    config->admin = addr;
    return TRI_OK;
}

void tri_config_drain_ms(struct tri_config *config, uint64_t over_ms)
{
    config->drain_ms = over_ms;
}

enum tri_err tri_config_certificate(struct tri_config *config, const char *cert_file,
                                    const char *key_file)
{
    if (!cert_file || !key_file || !*cert_file || !*key_file) {
        return TRI_ERR_INVALID;
    }
    if (config->certs_len == TRI_CERTIFICATES_MAX) {
        return TRI_ERR_LIMIT;
    }
    struct tri_cert_files files = {
        .cert = tri_alloc_string(config->alloc, cert_file, strlen(cert_file)),
        .key = tri_alloc_string(config->alloc, key_file, strlen(key_file)),
    };
    if (!files.cert || !files.key) {
        tri_alloc_release(config->alloc, files.cert);
        tri_alloc_release(config->alloc, files.key);
        return TRI_ERR_NOMEM;
    }
    config->certs[config->certs_len++] = files;
    return TRI_OK;
}

enum tri_err tri_config_http(struct tri_config *config, unsigned versions)
{
    if (versions == 0 || (versions & ~(unsigned)TRI_HTTP_ALL) != 0) {
        return TRI_ERR_INVALID;
    }
    config->http = versions;
    return TRI_OK;
}

void tri_config_extended_connect(struct tri_config *config, bool on)
{
    config->extended_connect = on;
}

enum tri_err tri_config_early_data(struct tri_config *config, enum tri_early_data mode)
{
    bool known =
        mode == TRI_EARLY_DATA_OFF || mode == TRI_EARLY_DATA_WAIT || mode == TRI_EARLY_DATA_REFUSE;
    if (!known) {
        return TRI_ERR_INVALID;
    }
    config->early_data = mode;
    return TRI_OK;
}

enum tri_err tri_config_ws(struct tri_config *config, const char *path,
                           const struct tri_ws_handler *handler, void *user)
{
    if (!path || !handler || (handler->on_message && handler->on_fragment)) {
        return TRI_ERR_INVALID;
    }
    return tri_routes_add_ws(&config->routes, path, handler, user);
}

enum tri_err tri_config_ws_deflate(struct tri_config *config, const char *path,
                                   enum tri_deflate mode)
{
    struct tri_route *route = tri_routes_get_ws(&config->routes, path);
    if (!route) {
        return TRI_ERR_NOT_FOUND;
    }
    if (mode != TRI_DEFLATE_OFF && mode != TRI_DEFLATE_SHARED && mode != TRI_DEFLATE_DEDICATED) {
        return TRI_ERR_INVALID;
    }
    route->deflate = mode;
    return TRI_OK;
}

enum tri_err tri_config_ws_slow(struct tri_config *config, const char *path, enum tri_slow policy)
{
    struct tri_route *route = tri_routes_get_ws(&config->routes, path);
    if (!route) {
        return TRI_ERR_NOT_FOUND;
    }
    if (policy != TRI_SLOW_WAIT && policy != TRI_SLOW_DROP && policy != TRI_SLOW_CLOSE) {
        return TRI_ERR_INVALID;
    }
    route->slow = policy;
    return TRI_OK;
}

/* Sets a list of a route; "" takes it away. */
static enum tri_err set_list(struct tri_config *config, char **field, const char *list)
{
    if (list[0] != '\0') {
        return set_string(config->alloc, field, list);
    }
    tri_alloc_release(config->alloc, *field);
    *field = NULL;
    return TRI_OK;
}

enum tri_err tri_config_ws_subprotocols(struct tri_config *config, const char *path,
                                        const char *subprotocols)
{
    struct tri_route *route = tri_routes_get_ws(&config->routes, path);
    if (!route) {
        return TRI_ERR_NOT_FOUND;
    }
    if (!subprotocols || !tri_subprotocols_are_valid(subprotocols)) {
        return TRI_ERR_INVALID;
    }
    return set_list(config, &route->subprotocols, subprotocols);
}

enum tri_err tri_config_ws_origins(struct tri_config *config, const char *path, const char *origins)
{
    struct tri_route *route = tri_routes_get_ws(&config->routes, path);
    if (!route) {
        return TRI_ERR_NOT_FOUND;
    }
    if (!origins || !tri_origins_are_valid(origins)) {
        return TRI_ERR_INVALID;
    }
    return set_list(config, &route->origins, origins);
}

enum tri_err tri_config_http_route(struct tri_config *config, const char *path,
                                   const struct tri_http_handler *handler, void *user)
{
    if (!path || !handler || !handler->on_request) {
        return TRI_ERR_INVALID;
    }
    return tri_routes_add_http(&config->routes, path, handler, user);
}

enum tri_err tri_config_http_route_early(struct tri_config *config, const char *path)
{
    struct tri_route *route = tri_routes_get_http(&config->routes, path);
    if (!route) {
        return TRI_ERR_NOT_FOUND;
    }
    route->early = true;
    return TRI_OK;
}

enum tri_err tri_config_limit(struct tri_config *config, enum tri_limit limit, uint64_t value)
{
    return tri_limits_set(&config->limits, limit, value);
}

void tri_config_log(struct tri_config *config,
                    void (*write)(void *user, enum tri_log_level level, const char *line),
                    void *user, enum tri_log_level level, enum tri_log_format format)
{
    config->log = (struct tri_log){.write = write, .user = user, .level = level, .format = format};
}

void tri_config_on_reload(struct tri_config *config, void (*on_reload)(void *user), void *user)
{
    config->on_reload = on_reload;
    config->on_reload_user = user;
}

enum tri_err tri_config_keylog(struct tri_config *config, const char *file)
{
    if (!file || !*file) {
        return TRI_ERR_INVALID;
    }
    return set_string(config->alloc, &config->keylog_file, file);
}

enum tri_err tri_config_secret_file(struct tri_config *config, const char *file)
{
    if (!file || !*file) {
        return TRI_ERR_INVALID;
    }
    return set_string(config->alloc, &config->secret_file, file);
}

enum tri_err tri_config_qlog(struct tri_config *config, const char *dir)
{
    if (!dir || !*dir) {
        return TRI_ERR_INVALID;
    }
    return set_string(config->alloc, &config->qlog_dir, dir);
}
