/* A reload: what counts afterwards, and what the log says of it. */
#include "cli_configure.h"
#include "cli_reload.h"
#include "server_instance.h"
#include "temp_dir.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What `trisock serve --config FILE` holds, without signals. */
struct rig {
    struct temp_dir dir;
    char file[512], log_file[512];
    const char *argv[2];
    struct cli_options options;
    struct cli_routes routes;
    struct cli_log log;
    struct cli_reload reload;
    char said[8192]; /* the log since the last start or reload */
};

static struct rig *make_rig(void)
{
    struct rig *r = calloc(1, sizeof *r);
    assert_non_null(r);
    temp_dir_make(&r->dir);
    assert_int_equal(setenv("XDG_STATE_HOME", r->dir.path, 1), 0);
    (void)snprintf(r->file, sizeof r->file, "%s", temp_dir_path(&r->dir, "t.conf"));
    (void)snprintf(r->log_file, sizeof r->log_file, "%s", temp_dir_path(&r->dir, "log"));
    r->argv[0] = "--config";
    r->argv[1] = r->file;
    return r;
}

/* Lines of the log without what was there before. */
static void read_log(struct rig *r, long from)
{
    FILE *f = fopen(r->log_file, "r");
    assert_non_null(f);
    assert_int_equal(fseek(f, from, SEEK_SET), 0);
    const size_t len = fread(r->said, 1, sizeof r->said - 1, f);
    r->said[len] = '\0';
    (void)fclose(f);
}

static void make_server(struct rig *r)
{
    char error[CLI_ERROR_MAX];
    struct tri_config *config = tri_config_new();
    assert_non_null(config);
    assert_int_equal(cli_configure(config, &r->options), TRI_OK);
    assert_int_equal(cli_routes_configure(&r->routes, config, &r->options, error), TRI_OK);
    const struct tri_log *log = &r->reload.log;
    tri_config_log(config, log->write, log->user, log->level, log->format);
    assert_int_equal(tri_server_new(&r->reload.server, config, error, sizeof error), TRI_OK);
    tri_config_free(config);
}

/* Starts with |text| as the file. */
static struct rig *start(const char *text)
{
    struct rig *r = make_rig();
    char error[CLI_ERROR_MAX];
    temp_dir_text(&r->dir, "t.conf", text);
    assert_int_equal(cli_options_parse(&r->options, 2, r->argv, error), TRI_OK);
    assert_int_equal(cli_log_open(&r->log, r->log_file), TRI_OK);
    assert_int_equal(cli_routes_init(&r->routes, &r->options), TRI_OK);
    r->reload.argc = 2;
    r->reload.argv = r->argv;
    cli_reload_init(&r->reload, &r->options, &r->routes, &r->log);
    make_server(r);
    return r;
}

static void finish(struct rig *r)
{
    tri_server_free(r->reload.server);
    cli_routes_deinit(&r->routes);
    cli_log_close(&r->log);
    cli_options_deinit(&r->options);
    temp_dir_remove(&r->dir);
    free(r);
}

static void reload(struct rig *r, const char *text)
{
    const long from = ftell(r->log.out);
    temp_dir_text(&r->dir, "t.conf", text);
    cli_reload(&r->reload);
    read_log(r, from);
}

static const struct tri_config *config_of(const struct rig *r)
{
    return &r->reload.server->shared.config;
}

static size_t count(const char *text, const char *word)
{
    size_t n = 0;
    for (const char *at = text; (at = strstr(at, word)); at++) {
        n++;
    }
    return n;
}

static void N6_a_changed_file_counts(void **state)
{
    (void)state;
    struct rig *r = start("listen 127.0.0.1:0\nmax-message 1000\ndrain-seconds 1\n");
    assert_int_equal(atomic_load(&r->reload.drain_ms), 1000);
    reload(r, "listen 127.0.0.1:0\nmax-message 2000\ndrain-seconds 7\norigin https://a.example\n"
              "subprotocol chat\ndeflate shared\nverbose\n");
    assert_non_null(strstr(r->said, "info reload.done "));
    assert_null(strstr(r->said, "reload.ignored"));
    assert_int_equal(config_of(r)->limits.message_bytes_max, 2000);
    assert_int_equal(atomic_load(&r->reload.drain_ms), 7000);
    const struct tri_route *route = &config_of(r)->routes.routes[0];
    assert_string_equal(route->origins, "https://a.example");
    assert_string_equal(route->subprotocols, "chat");
    assert_int_equal(route->deflate, TRI_DEFLATE_SHARED);
    assert_int_equal(config_of(r)->log.level, TRI_LOG_DEBUG);
    reload(r, "listen 127.0.0.1:0\n"); /* what is not there is at its default */
    struct tri_limits limits;
    tri_limits_default(&limits);
    assert_int_equal(config_of(r)->limits.message_bytes_max, limits.message_bytes_max);
    assert_null(route->origins);
    assert_int_equal(config_of(r)->log.level, TRI_LOG_INFO);
    assert_int_equal(atomic_load(&r->reload.drain_ms), 0);
    finish(r);
}

static void assert_nothing_changed(struct rig *r, const char *reason)
{
    assert_int_equal(count(r->said, "\n"), 1);
    assert_non_null(strstr(r->said, " error reload.fail reason="));
    assert_non_null(strstr(r->said, reason));
    assert_int_equal(config_of(r)->limits.message_bytes_max, 1000);
    assert_int_equal(atomic_load(&r->reload.drain_ms), 1000);
}

static void N6_a_bad_file_changes_nothing_and_is_logged(void **state)
{
    (void)state;
    struct rig *r = start("listen 127.0.0.1:0\nmax-message 1000\ndrain-seconds 1\n");
    reload(r, "max-message 2000\nmax-mesage 3000\n");
    assert_nothing_changed(r, "t.conf:2: unknown option max-mesage");
    reload(r, "max-message 2000\norigin https://\n");
    assert_nothing_changed(r, "--origin https:// is not understood");
    reload(r, "max-message 2000\ncert c\n");
    assert_nothing_changed(r, "--cert c is given without its key");
    assert_int_equal(remove(r->file), 0);
    const long from = ftell(r->log.out);
    cli_reload(&r->reload);
    read_log(r, from);
    assert_nothing_changed(r, "cannot be read: No such file or directory");
    finish(r);
}

static void N6_a_made_certificate_waits_for_a_restart(void **state)
{
    (void)state;
    char text[2048];
    struct rig *r = start("listen 127.0.0.1:0\n"); /* with a certificate of its own */
    (void)snprintf(text, sizeof text,
                   "listen 127.0.0.1:0\ncert %s/trisock/localhost.crt\n"
                   "key %s/trisock/localhost.key\n",
                   r->dir.path, r->dir.path);
    reload(r, text);
    assert_non_null(strstr(r->said, "reload.ignored setting=certificate remedy=restart"));
    assert_non_null(strstr(r->said, "reload.done"));
    finish(r);
}

static void N6_what_waits_for_a_restart_is_named(void **state)
{
    (void)state;
    struct rig *r = start("listen 127.0.0.1:0\necho /e\n");
    reload(r, "listen 127.0.0.1:0\nlisten 127.0.0.1:0\necho /other\nslow close\nlog /no/where\n"
              "root /tmp\nmax-message 5\n");
    static const char *const settings[] = {"listen", "echo", "slow", "log", "root"};
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++) {
        char line[128];
        (void)snprintf(line, sizeof line, "warn reload.ignored setting=%s remedy=restart\n",
                       settings[i]);
        assert_non_null(strstr(r->said, line));
    }
    assert_int_equal(count(r->said, "reload.ignored"), 5);
    assert_int_equal(config_of(r)->limits.message_bytes_max, 5); /* the rest counts */
    assert_string_equal(config_of(r)->routes.routes[0].path, "/e");
    finish(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(N6_a_changed_file_counts),
        cmocka_unit_test(N6_a_bad_file_changes_nothing_and_is_logged),
        cmocka_unit_test(N6_a_made_certificate_waits_for_a_restart),
        cmocka_unit_test(N6_what_waits_for_a_restart_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
