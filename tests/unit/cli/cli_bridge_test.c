/* What `trisock connect --bridge` says, and how signals end it; what it carries: client_bridge_test.c. */
#include "cli_bridge.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Runs it with standard output in |out|; the signals are pending when it starts. */
static int run(const struct cli_bridge_options *o, unsigned signals, char *out, size_t out_max)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    assert_int_equal(pthread_sigmask(SIG_BLOCK, &set, NULL), 0);
    if (signals > 0) {
        (void)kill(getpid(), SIGTERM);
    }
    FILE *file = tmpfile();
    assert_non_null(file);
    (void)fflush(stdout);
    const int saved = dup(STDOUT_FILENO);
    assert_true(dup2(fileno(file), STDOUT_FILENO) >= 0);

    struct tri_client_config *config = tri_client_config_new();
    struct tri_client *client;
    assert_int_equal(tri_client_new(&client, config, NULL, 0), TRI_OK);
    tri_client_config_free(config);
    const int code = cli_bridge(client, o);
    tri_client_free(client);

    (void)fflush(stdout);
    assert_true(dup2(saved, STDOUT_FILENO) >= 0);
    (void)close(saved);
    rewind(file);
    const size_t len = fread(out, 1, out_max - 1, file);
    out[len] = '\0';
    (void)fclose(file);
    return code;
}

static void it_says_where_it_listens_and_ends_by_a_signal(void **state)
{
    (void)state;
    static const char *const listens[] = {"127.0.0.1:0", "0", ":0", "localhost:0"};
    for (size_t i = 0; i < sizeof listens / sizeof *listens; i++) {
        const struct cli_bridge_options o = {.listen = listens[i], .url = "wss://example.com/x"};
        char out[256];
        assert_int_equal(run(&o, 1, out, sizeof out), 0);
        static const char before[] = "trisock: bridging ws://127.0.0.1:";
        assert_memory_equal(out, before, sizeof before - 1);
        char *after;
        const unsigned long port = strtoul(out + sizeof before - 1, &after, 10);
        assert_in_range(port, 1, 65535);
        assert_string_equal(after, " to wss://example.com/x\n");
    }
}

static void what_is_not_usable_is_a_usage_error(void **state)
{
    (void)state;
    static const struct cli_bridge_options rows[] = {
        {.listen = "0.0.0.0:0", .url = "wss://example.com"},
        {.listen = "", .url = "wss://example.com"},
        {.listen = ":", .url = "wss://example.com"},
        {.listen = "70000", .url = "wss://example.com"},
        {.listen = "0", .url = "example.com"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char out[256];
        assert_int_equal(run(&rows[i], 0, out, sizeof out), 2);
        assert_string_equal(out, "");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_says_where_it_listens_and_ends_by_a_signal),
        cmocka_unit_test(what_is_not_usable_is_a_usage_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
