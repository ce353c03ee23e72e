/* See client_config.h and, for the setters, trisock.h. */
#include "client_config.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void tri_client_config_init(struct tri_client_config *config, const struct tri_alloc *alloc)
{
    assert(config && alloc);
    *config = (struct tri_client_config){.alloc = alloc, .resumption = true};
    tri_limits_default(&config->limits);
}

void tri_client_config_deinit(struct tri_client_config *config)
{
    tri_alloc_release(config->alloc, config->ca_file);
    tri_alloc_release(config->alloc, config->keylog_file);
    tri_alloc_release(config->alloc, config->qlog_dir);
}

struct tri_client_config *tri_client_config_new_with(const struct tri_alloc *alloc)
{
    struct tri_client_config *config = tri_alloc_get(alloc, sizeof *config);
    if (config) {
        tri_client_config_init(config, alloc);
    }
    return config;
}

struct tri_client_config *tri_client_config_new(void)
{
    return tri_client_config_new_with(tri_alloc_heap());
}

void tri_client_config_free(struct tri_client_config *config)
{
    if (config) {
        tri_client_config_deinit(config);
        tri_alloc_release(config->alloc, config);
    }
}

/* Replaces an owned string. Nothing changes if there is no memory. */
static enum tri_err set_string(const struct tri_alloc *alloc, char **field, const char *text)
{
    if (!text || text[0] == '\0') {
        return TRI_ERR_INVALID;
    }
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

enum tri_err tri_client_config_copy(struct tri_client_config *to,
                                    const struct tri_client_config *from)
{
    assert(!to->ca_file && !to->keylog_file && !to->qlog_dir);
    to->insecure = from->insecure;
    to->resumption = from->resumption;
    to->io_uring = from->io_uring;
    to->limits = from->limits;
    to->log = from->log;
    enum tri_err err = copy_string(to->alloc, &to->ca_file, from->ca_file);
    if (err == TRI_OK) {
        err = copy_string(to->alloc, &to->keylog_file, from->keylog_file);
    }
    return err == TRI_OK ? copy_string(to->alloc, &to->qlog_dir, from->qlog_dir) : err;
}

/* A qlog that cannot be written would be missed only after the traffic has passed. */
enum tri_err tri_client_config_check_qlog(const struct tri_client_config *config, char *error,
                                          size_t error_max)
{
    const char *dir = config->qlog_dir;
    struct stat st;
    if (!dir) {
        return TRI_OK;
    }
    if (stat(dir, &st) != 0 || !S_ISDIR(st.st_mode)) {
        (void)snprintf(error, error_max,
                       "the qlog folder %s does not exist; make it, or give another", dir);
        return TRI_ERR_NOT_FOUND;
    }
    if (access(dir, W_OK | X_OK) != 0) {
        (void)snprintf(error, error_max, "the qlog folder %s cannot be written to; give another",
                       dir);
        return TRI_ERR_IO;
    }
    return TRI_OK;
}

enum tri_err tri_client_config_ca(struct tri_client_config *config, const char *file)
{
    return set_string(config->alloc, &config->ca_file, file);
}

void tri_client_config_insecure(struct tri_client_config *config, bool on)
{
    config->insecure = on;
}

void tri_client_config_resumption(struct tri_client_config *config, bool on)
{
    config->resumption = on;
}

void tri_client_config_io_uring(struct tri_client_config *config, bool on)
{
    assert(config);
    config->io_uring = on;
}

enum tri_err tri_client_config_limit(struct tri_client_config *config, enum tri_limit limit,
                                     uint64_t value)
{
    return tri_limits_set(&config->limits, limit, value);
}

void tri_client_config_log(struct tri_client_config *config,
                           void (*write)(void *user, enum tri_log_level level, const char *line),
                           void *user, enum tri_log_level level, enum tri_log_format format)
{
    config->log = (struct tri_log){.write = write, .user = user, .level = level, .format = format};
}

enum tri_err tri_client_config_keylog(struct tri_client_config *config, const char *file)
{
    return set_string(config->alloc, &config->keylog_file, file);
}

enum tri_err tri_client_config_qlog(struct tri_client_config *config, const char *dir)
{
    return set_string(config->alloc, &config->qlog_dir, dir);
}
