/* `trisock serve` as a process: what it says, on which stream, and its exit code. */
#include "cli_serve.h"
#include "temp_dir.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct run {
    struct temp_dir dir; /* its state folder */
    pid_t pid;
    FILE *out, *err;
    char said[4096]; /* on standard output */
    char complained[4096];
};

static void start(struct run *r, int argc, const char *const *argv)
{
    int out[2];
    int err[2];
    assert_int_equal(pipe(out) | pipe(err), 0);
    temp_dir_make(&r->dir);
    r->pid = fork();
    assert_true(r->pid >= 0);
    if (r->pid == 0) {
        (void)setenv("XDG_STATE_HOME", r->dir.path, 1);
        (void)dup2(out[1], STDOUT_FILENO);
        (void)dup2(err[1], STDERR_FILENO);
        int code = cli_serve(argc, argv);
        (void)fflush(NULL);
        _exit(code);
    }
    close(out[1]);
    close(err[1]);
    r->out = fdopen(out[0], "r");
    r->err = fdopen(err[0], "r");
    r->said[0] = '\0';
}

/* Reads up to a line that holds |text|. */
static void await_line(struct run *r, const char *text)
{
    char line[1024];
    while (fgets(line, sizeof line, r->out)) {
        size_t used = strlen(r->said);
        (void)snprintf(r->said + used, sizeof r->said - used, "%s", line);
        if (strstr(line, text)) {
            return;
        }
    }
    fail_msg("the output ended without %s: %s", text, r->said);
}

static void read_rest(FILE *from, char *to, size_t max)
{
    size_t len = fread(to, 1, max - 1, from);
    to[len] = '\0';
    (void)fclose(from);
}

static int finish(struct run *r)
{
    size_t used = strlen(r->said);
    read_rest(r->out, r->said + used, sizeof r->said - used);
    read_rest(r->err, r->complained, sizeof r->complained);
    int status = 0;
    assert_int_equal(waitpid(r->pid, &status, 0), r->pid);
    temp_dir_remove(&r->dir);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void assert_fails(int argc, const char *const *argv, int code, const char *complaint)
{
    struct run r;
    start(&r, argc, argv);
    assert_int_equal(finish(&r), code);
    assert_string_equal(r.said, "");
    assert_string_equal(r.complained, complaint);
}

static void a_usage_error_is_one_line_and_2(void **state)
{
    (void)state;
    static const char *const argv[] = {"--nothing"};
    assert_fails(1, argv, 2, "trisock: unknown option --nothing; see trisock serve --help\n");
    static const char *const origin[] = {"--origin=https://"};
    assert_fails(1, origin, 2,
                 "trisock: --origin https:// is not understood; give a list like "
                 "https://example.com,https://example.org:8443\n");
}

static void a_missing_root_is_one_line_and_1(void **state)
{
    (void)state;
    static const char *const argv[] = {"--root", "/no/such/folder"};
    assert_fails(2, argv, 1, "trisock: --root /no/such/folder: no such directory\n");
    static const char *const file[] = {"--root", "/etc/passwd"};
    assert_fails(2, file, 1, "trisock: --root /etc/passwd: Not a directory\n");
}

static void a_log_that_cannot_be_written_is_one_line_and_1(void **state)
{
    (void)state;
    static const char *const argv[] = {"--log", "/no/such/folder/log"};
    assert_fails(2, argv, 1,
                 "trisock: --log /no/such/folder/log: No such file or directory; give a file "
                 "that can be written\n");
}

static void help_and_version_are_printed(void **state)
{
    (void)state;
    static const char *const help[] = {"--help"};
    static const char *const version[] = {"--version"};
    struct run r;
    start(&r, 1, help);
    assert_int_equal(finish(&r), 0);
    assert_int_equal(strncmp(r.said, "usage: trisock serve ", 21), 0);
    assert_string_equal(r.complained, "");
    start(&r, 1, version);
    assert_int_equal(finish(&r), 0);
    assert_string_equal(r.said, "trisock 0.1.0\n");
}

static void it_serves_until_a_signal_and_ends_with_0(void **state)
{
    (void)state;
    static const int signals[] = {SIGTERM, SIGINT};
    for (size_t i = 0; i < 2; i++) {
        static const char *const argv[] = {"--listen", "127.0.0.1:0", "--cleartext", "127.0.0.1:0"};
        struct run r;
        start(&r, 4, argv);
        await_line(&r, " https://127.0.0.1:"); /* the last word is the browser's command */
        await_line(&r, "chromium ");
        assert_int_equal(kill(r.pid, signals[i]), 0);
        assert_int_equal(finish(&r), 0);
        assert_int_equal(strncmp(r.said, "trisock: serving https://127.0.0.1:", 35), 0);
        assert_non_null(strstr(r.said, " (h3, h2, http/1.1)\ntrisock: refusing http://127.0.0.1:"));
        assert_non_null(strstr(r.complained, "info listen address=127.0.0.1:"));
        assert_non_null(strstr(r.complained, "info stop "));
    }
}

static void a_port_in_use_is_one_line_and_1(void **state)
{
    (void)state;
    static const char *const any[] = {"--listen", "127.0.0.1:0"};
    struct run first;
    start(&first, 2, any);
    await_line(&first, "serving");
    char address[64];
    assert_int_equal(sscanf(first.said, "trisock: serving https://%63s", address), 1);
    const char *const same[] = {"--listen", address};
    char complaint[256];
    (void)snprintf(complaint, sizeof complaint,
                   "trisock: %s is in use by another program; choose another with --listen "
                   "ADDR:PORT\n",
                   address);
    assert_fails(2, same, 1, complaint);
    assert_int_equal(kill(first.pid, SIGTERM), 0);
    assert_int_equal(finish(&first), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_usage_error_is_one_line_and_2),
        cmocka_unit_test(a_missing_root_is_one_line_and_1),
        cmocka_unit_test(a_log_that_cannot_be_written_is_one_line_and_1),
        cmocka_unit_test(help_and_version_are_printed),
        cmocka_unit_test(it_serves_until_a_signal_and_ends_with_0),
        cmocka_unit_test(a_port_in_use_is_one_line_and_1),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
