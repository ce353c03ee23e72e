/* `trisock bench`: its exit status, and that files and arguments go where they belong. */
#include "bench_server.h"
#include "cli_bench.h"
#include "temp_dir.h"
#include "trisock/trisock.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static struct bench_server server;
static struct temp_dir dir;

static int start_server(void **state)
{
    (void)state;
    /* Its thread is not to take the signals that the command waits for. */
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    (void)pthread_sigmask(SIG_BLOCK, &set, NULL);
    bench_server_start(&server, TRI_HTTP_1_1);
    temp_dir_make(&dir);
    return 0;
}

static int stop_server(void **state)
{
    (void)state;
    temp_dir_remove(&dir);
    bench_server_stop(&server);
    return 0;
}

/* The command with a short run of |path|; |more| ends with NULL. */
static int run(const char *path, const char *const *more)
{
    static char url[256];
    (void)snprintf(url, sizeof url, "%s%s", server.url, path);
    const char *argv[32] = {url,    "--insecure", "--sockets", "2",        "--duration",
                            "50ms", "--warmup",   "0",         "--rounds", "1"};
    int argc = 10;
    for (; *more; more++) {
        argv[argc++] = *more;
    }
    return cli_bench(argc, argv);
}

static void its_status_tells_how_it_went(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        const char *more[3];
        int status;
    } rows[] = {
        {"/echo", {NULL}, 0},
        {"/echo", {"--http", "1.1", NULL}, 0},
        {"/echo", {"--http", "1.1,2", NULL}, 3},
        {"/missing", {NULL}, 3},
        {"/short", {NULL}, 1},
        {"/echo", {"--bogus", NULL}, 2},
        {"/echo", {"--json", "/nowhere/a.json", NULL}, 2},
        {"/echo", {"--html", "/nowhere/a.html", NULL}, 2},
        {"/echo", {"--server-pid", "4194303", NULL}, 2},
        {"/echo", {"--help", NULL}, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(run(rows[i].path, rows[i].more), rows[i].status);
    }
}

static void what_cannot_be_used_is_told_before_it_is_measured(void **state)
{
    (void)state;
    static const char *const rows[][3] = {
        {"ws://localhost/echo"},
        {"http://localhost/echo"},
        {"localhost:8443/echo"},
        {"wss://localhost:99999/echo"},
        {"wss://me@localhost/echo"},
        {NULL, "--json", "/nowhere/a.json"},
        {NULL, "--html", "/nowhere/a.html"},
        {NULL, "--json", "/tmp"},
        {NULL, "--ca", ""},
    };
    char url[256];
    (void)snprintf(url, sizeof url, "%s/echo", server.url);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *argv[] = {rows[i][0] ? rows[i][0] : url,
                              "--duration",
                              "60s",
                              "--insecure",
                              rows[i][1],
                              rows[i][2]};
        const time_t began = time(NULL);
        assert_int_equal(cli_bench(rows[i][1] ? 6 : 4, argv), 2);
        assert_true(time(NULL) - began < 30);
    }
}

/* Neither keeps the other from being written. */
static void what_can_be_written_is(void **state)
{
    (void)state;
    char file[512];
    struct stat st;
    (void)snprintf(file, sizeof file, "%s/c.html", dir.path);
    assert_int_equal(
        run("/echo", (const char *const[]){"--json", "/dev/full", "--html", file, NULL}), 2);
    assert_int_equal(stat(file, &st), 0);
    assert_true(st.st_size > 1000);
    (void)unlink(file);
}

static void the_command_can_be_typed_again(void **state)
{
    (void)state;
    char file[512], text[4096] = "";
    (void)snprintf(file, sizeof file, "%s/a.json", dir.path);
    assert_int_equal(
        run("/echo", (const char *const[]){"--json", file, "--label", "it's $x", NULL}), 0);
    FILE *in = fopen(file, "r");
    assert_non_null(in);
    assert_true(fread(text, 1, sizeof text - 1, in) > 0);
    (void)fclose(in);
    assert_non_null(strstr(text, "--label 'it'\\\\''s $x'\""));
    assert_int_equal(cli_bench(3, (const char *const[]){"--compare", file, file}), 0);
    (void)unlink(file);
}

static void a_field_is_told_without_its_value(void **state)
{
    (void)state;
    char file[512], text[4096] = "";
    (void)snprintf(file, sizeof file, "%s/b.json", dir.path);
    assert_int_equal(run("/echo", (const char *const[]){"--json", file, "--header", "X-Key: hidden",
                                                        "--header=X-Other: hidden", NULL}),
                     0);
    FILE *in = fopen(file, "r");
    assert_non_null(in);
    assert_true(fread(text, 1, sizeof text - 1, in) > 0);
    (void)fclose(in);
    assert_non_null(strstr(text, "--header 'X-Key: ...'"));
    assert_non_null(strstr(text, "'--header=X-Other: ...'"));
    assert_null(strstr(text, "hidden"));
    (void)unlink(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(its_status_tells_how_it_went),
        cmocka_unit_test(what_cannot_be_used_is_told_before_it_is_measured),
        cmocka_unit_test(what_can_be_written_is),
        cmocka_unit_test(the_command_can_be_typed_again),
        cmocka_unit_test(a_field_is_told_without_its_value),
    };
    return cmocka_run_group_tests(tests, start_server, stop_server);
}
