/* See cli_values.h. */
#include "cli_values.h"

#include "base_addr.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum tri_err cli_fail(const struct cli_parsing *p, const char *format, ...)
{
    p->error[0] = '\0';
    if (p->file) {
        (void)snprintf(p->error, CLI_ERROR_MAX, "%.200s:%u: ", p->file, p->line);
    }
    const size_t used = strlen(p->error);
    va_list args;
    va_start(args, format);
    (void)vsnprintf(p->error + used, CLI_ERROR_MAX - used, format, args);
    va_end(args);
    return TRI_ERR_INVALID;
}

enum tri_err cli_take_string(const struct cli_parsing *p, const struct cli_option *o,
                             const char *value)
{
    assert(o->field + sizeof(const char *) <= sizeof *p->out);
    memcpy((char *)p->out + o->field, &value, sizeof(const char *));
    return TRI_OK;
}

enum tri_err cli_take_flag(const struct cli_parsing *p, const struct cli_option *o,
                           const char *value)
{
    (void)value;
    const bool on = true;
    memcpy((char *)p->out + o->field, &on, sizeof on);
    return TRI_OK;
}

static enum tri_err fail_often(const struct cli_parsing *p, const struct cli_option *o,
                               unsigned max)
{
    return cli_fail(p, "%s is given more than %u times; leave some out", o->name, max);
}

/* A list is of one source: what another one gave before goes. */
static void start_list(const struct cli_parsing *p, enum cli_source *source, size_t *len)
{
    if (*source != p->source) {
        *source = p->source;
        *len = 0;
    }
}

enum tri_err cli_take_listen(const struct cli_parsing *p, const struct cli_option *o,
                             const char *value)
{
    struct cli_options *out = p->out;
    start_list(p, &out->listen_source, &out->listen_len);
    if (out->listen_len == TRI_LISTENERS_MAX) {
        return fail_often(p, o, TRI_LISTENERS_MAX);
    }
    out->listen_no_extended_connect[out->listen_len] = false;
    out->listen[out->listen_len++] = value;
    return TRI_OK;
}

/* Behind an address it means that one, before all of them all. */
enum tri_err cli_take_no_extended_connect(const struct cli_parsing *p, const struct cli_option *o,
                                          const char *value)
{
    (void)o;
    (void)value;
    struct cli_options *out = p->out;
    if (out->listen_source == p->source && out->listen_len > 0) {
        out->listen_no_extended_connect[out->listen_len - 1] = true;
    } else {
        out->extended_connect = false;
    }
    return TRI_OK;
}

enum tri_err cli_take_cleartext(const struct cli_parsing *p, const struct cli_option *o,
                                const char *value)
{
    start_list(p, &p->out->cleartext_source, &p->out->cleartext_len);
    if (p->out->cleartext_len == TRI_LISTENERS_MAX) {
        return fail_often(p, o, TRI_LISTENERS_MAX);
    }
    p->out->cleartext[p->out->cleartext_len++] = value;
    return TRI_OK;
}

/* Certificates and keys are one list, of pairs. */
static void start_pairs(const struct cli_parsing *p)
{
    if (p->out->cert_source != p->source) {
        p->out->key_len = 0;
    }
    start_list(p, &p->out->cert_source, &p->out->cert_len);
}

enum tri_err cli_take_cert(const struct cli_parsing *p, const struct cli_option *o,
                           const char *value)
{
    start_pairs(p);
    if (p->out->cert_len == TRI_CERTIFICATES_MAX) {
        return fail_often(p, o, TRI_CERTIFICATES_MAX);
    }
    p->out->cert[p->out->cert_len++] = value;
    return TRI_OK;
}

enum tri_err cli_take_key(const struct cli_parsing *p, const struct cli_option *o,
                          const char *value)
{
    start_pairs(p);
    if (p->out->key_len == TRI_CERTIFICATES_MAX) {
        return fail_often(p, o, TRI_CERTIFICATES_MAX);
    }
    p->out->key[p->out->key_len++] = value;
    return TRI_OK;
}

enum tri_err cli_take_admin(const struct cli_parsing *p, const struct cli_option *o,
                            const char *value)
{
    struct tri_addr addr;
    if (tri_addr_parse(&addr, value) != TRI_OK) {
        return cli_fail(p, "%s %s is no address; give one like 127.0.0.1:9100 or [::1]:9100",
                        o->name, value);
    }
    if (!tri_addr_is_loopback(&addr)) {
        return cli_fail(p,
                        "%s %s can be reached from elsewhere, and whoever reaches it may drain the "
                        "server; give one like 127.0.0.1:9100 or [::1]:9100",
                        o->name, value);
    }
    p->out->admin = value;
    return TRI_OK;
}

enum tri_err cli_take_echo(const struct cli_parsing *p, const struct cli_option *o,
                           const char *value)
{
    if (value[0] != '/' || strpbrk(value, "?# ")) {
        return cli_fail(p, "%s %s is no path; give one like /echo", o->name, value);
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

enum tri_err cli_take_http(const struct cli_parsing *p, const struct cli_option *o,
                           const char *value)
{
    unsigned http = 0;
    for (const char *at = value;; at++) {
        size_t len = strcspn(at, ",");
        unsigned flag = http_flag(at, len);
        if (flag == 0) {
            return cli_fail(p,
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
static enum tri_err choose(const struct cli_parsing *p, const struct cli_option *o,
                           const char *value, const char *const *words, unsigned *index)
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
    return cli_fail(p, "%s %s is not known; give %s", o->name, value, list);
}

enum tri_err cli_take_extended_connect(const struct cli_parsing *p, const struct cli_option *o,
                                       const char *value)
{
    static const char *const words[] = {"on", "off", NULL};
    unsigned index = 0;
    enum tri_err err = choose(p, o, value, words, &index);
    p->out->extended_connect = index == 0;
    return err;
}

enum tri_err cli_take_log_format(const struct cli_parsing *p, const struct cli_option *o,
                                 const char *value)
{
    static const char *const words[] = {
        [TRI_LOG_TEXT] = "text", [TRI_LOG_JSON] = "json", [TRI_LOG_JSON + 1] = NULL};
    unsigned index = 0;
    enum tri_err err = choose(p, o, value, words, &index);
    p->out->log_format = (enum tri_log_format)index;
    return err;
}

enum tri_err cli_take_deflate(const struct cli_parsing *p, const struct cli_option *o,
                              const char *value)
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

enum tri_err cli_take_slow(const struct cli_parsing *p, const struct cli_option *o,
                           const char *value)
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

enum tri_err cli_take_early_data_websocket(const struct cli_parsing *p, const struct cli_option *o,
                                           const char *value)
{
    static const char *const words[] = {"wait", "425", NULL};
    unsigned index = 0;
    enum tri_err err = choose(p, o, value, words, &index);
    p->out->early_data_425 = index == 1;
    return err;
}

enum tri_err cli_take_drain(const struct cli_parsing *p, const struct cli_option *o,
                            const char *value)
{
    char *end = NULL;
    errno = 0;
    unsigned long long seconds = strtoull(value, &end, 10);
    if (value[0] < '0' || value[0] > '9' || *end != '\0') {
        return cli_fail(p, "%s %s is no number; give digits only", o->name, value);
    }
    if (errno != 0 || seconds > TRI_DRAIN_MS_MAX / 1000) {
        return cli_fail(p, "%s %s is longer than a day; give 86400 or less", o->name, value);
    }
    p->out->drain_ms = seconds * 1000;
    return TRI_OK;
}

static enum tri_err fail_range(const struct cli_parsing *p, const struct cli_option *o,
                               const char *value)
{
    const struct tri_limit_range r = tri_limits_range(o->limit);
    return cli_fail(p, "%s %s is out of range; give %" PRIu64 " to %" PRIu64 "%s", o->name, value,
                    r.min, r.max, r.is_zero_fine ? ", or 0" : "");
}

enum tri_err cli_take_limit(const struct cli_parsing *p, const struct cli_option *o,
                            const char *value)
{
    assert((size_t)o->limit < CLI_LIMITS_LEN);
    char *end = NULL;
    errno = 0;
    unsigned long long number = strtoull(value, &end, 10);
    if (value[0] < '0' || value[0] > '9' || *end != '\0') {
        return cli_fail(p, "%s %s is no number; give digits only", o->name, value);
    }
    struct tri_limits scratch;
    tri_limits_default(&scratch);
    if (errno != 0 || tri_limits_set(&scratch, o->limit, number) != TRI_OK) {
        return fail_range(p, o, value);
    }
    p->out->limits[o->limit] =
        (struct cli_limit){.limit = o->limit, .value = number, .given = true};
    return TRI_OK;
}
