/* The report of a run as text. */
#include "bench_table.h"
#include "sample_result.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

/* To be given to free(). */
static char *print(const struct bench_result *result)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    assert_non_null(out);
    bench_table_print(out, result);
    assert_false(ferror(out));
    (void)fclose(out);
    return text;
}

static void assert_has(const char *text, const char *what)
{
    if (!strstr(text, what)) {
        fail_msg("no \"%s\" in:\n%s", what, text);
    }
}

static void an_echo_shows_all_that_was_measured(void **state)
{
    (void)state;
    struct sample_result *sample = sample_result_new(BENCH_ECHO, 1);
    char *text = print(&sample->result);
    static const char *const lines[] = {
        "wss://localhost:8443/echo\nserver: trisock/0.1.0\n",
        "echo of 32 B messages over 100 sockets on 10 connections (HTTP/1.1: one each), 1 in ",
        ", 1 in flight on each; 5 rounds of 2.00 s each, 2 threads\n",
        "2026-11-23T18:00:00Z, trisock 0.1.0, Some CPU at 3 GHz, 2 cores, Linux 6.1\n",
        "                                           h1       h2       h3\n",
        "messages          received      1/s   310,496  821,312  540,864\n",
        "                  volume        MB/s     9.94     26.3     17.3\n",
        "latency           p50           us        272      103      154\n",
        "                  p99.9         us        795      293      440\n",
        "                  max           ms       3.99     1.53     2.27\n",
        "                  TLS           us        791      807        -\n",
        "                  SETTINGS      us          -      103     79.4\n",
        "                  overhead in   B          28     16.4     19.2\n",
        "                  server        ns      2,600      440      860\n",
        "memory, a socket  server        kB       31.0     1.90     3.30\n",
        "\nover the rounds: least .. median .. most\n",
        "305,350 .. 310,000 .. 316,820  807,700 .. 820,000 .. 838,040",
        "\nfaults: none\n",
        "h2 rode on h2, TLS 1.3, TLS_AES_128_GCM_SHA256, X25519MLKEM768\n",
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        assert_has(text, lines[i]);
    }
    free(text);
    free(sample);
}

static void each_mode_has_the_rows_that_it_measures(void **state)
{
    (void)state;
    static const struct {
        enum bench_mode mode;
        const char *has, *has_not, *head;
    } rows[] = {
        {BENCH_ECHO, "overhead out", "opened", "echo of 32 B"},
        {BENCH_OPEN, "opened", "received", "opening and closing, 100 sockets"},
        {BENCH_IDLE, "memory, a socket", "received", "idle: 100 sockets on 10"},
        {BENCH_PUSH, "received", "opened", "messages that the server sends over 100 sockets"},
        {BENCH_BROADCAST, "sent", "opened", "broadcast of 32 B messages to 100 sockets"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct sample_result *sample = sample_result_new(rows[i].mode, 1);
        char *text = print(&sample->result);
        assert_has(text, rows[i].has);
        assert_has(text, rows[i].head);
        assert_null(strstr(text, rows[i].has_not));
        free(text);
        free(sample);
    }
}

static void the_head_says_what_is_unusual(void **state)
{
    (void)state;
    struct sample_result *sample = sample_result_new(BENCH_ECHO, 1);
    struct bench_options *o = &sample->options;
    o->label = "another server";
    o->sizes = (struct bench_sizes){.min = 16, .max = 16384};
    o->in_flight = 0;
    o->rate = 20000;
    o->deflate = TRI_DEFLATE_SHARED;
    o->verify = true;
    sample->result.is_interrupted = true;
    char *text = print(&sample->result);
    assert_has(text, "another server\n");
    assert_has(text, "echo of 16 B to 16.4 kB messages");
    assert_has(text, ", 20,000 a second together (open loop);");
    assert_has(text, ", compressed, each echo verified\n");
    assert_has(text, "interrupted by a signal: these are the results so far\n");
    free(text);
    o->sizes = (struct bench_sizes){.list = {32, 1024}, .list_len = 2};
    text = print(&sample->result);
    assert_has(text, "echo of 32 B, 1.02 kB messages");
    free(text);
    free(sample);
}

static void faults_are_shown_by_kind(void **state)
{
    (void)state;
    struct sample_result *sample = sample_result_new(BENCH_ECHO, 1);
    sample->result.series[1].counts.faults[BENCH_FAULT_CORRUPT] = 1234;
    sample->result.series[2].counts.faults[BENCH_FAULT_SEND] = 2;
    (void)snprintf(sample->result.series[1].why, BENCH_TEXT_MAX, "byte 7 differs");
    char *text = print(&sample->result);
    assert_has(text, "faults  corrupt   0  1,234   0\n");
    assert_has(text, "        send      0      0   2\n");
    assert_has(text, "h2, the first fault: byte 7 differs\n");
    assert_null(strstr(text, "reordered"));
    free(text);
    free(sample);
}

static void a_version_that_was_not_run_says_why(void **state)
{
    (void)state;
    struct sample_result *sample = sample_result_new(BENCH_ECHO, 1);
    sample_result_refuse(sample, 1, "the server\x1b[2J does not offer h2");
    char *text = print(&sample->result);
    assert_has(text, "h2 was not run: the server?[2J does not offer h2\n");
    assert_has(text, "received      1/s   310,496   -  540,864\n");
    free(text);
    free(sample);
}

static void where_nothing_was_measured_there_is_no_praise(void **state)
{
    (void)state;
    struct sample_result *sample = sample_result_new(BENCH_ECHO, 1);
    for (size_t i = 0; i < sample->result.series_len; i++) {
        sample_result_refuse(sample, i, "a URL starts with wss://");
    }
    char *text = print(&sample->result);
    assert_null(strstr(text, "faults: none"));
    assert_null(strstr(text, "h1  h2"));
    assert_has(text, "\n\nh1 was not run: a URL starts with wss://\n");
    free(text);
    free(sample);
}

static void without_rounds_no_spread_is_shown(void **state)
{
    (void)state;
    struct sample_result *sample = sample_result_new(BENCH_ECHO, 1);
    for (size_t i = 0; i < 3; i++) {
        sample->result.series[i].rounds_len = 1;
    }
    char *text = print(&sample->result);
    assert_null(strstr(text, "over the rounds"));
    free(text);
    free(sample);
}

static void no_line_ends_in_a_space(void **state)
{
    (void)state;
    for (int mode = BENCH_ECHO; mode <= BENCH_BROADCAST; mode++) {
        struct sample_result *sample = sample_result_new((enum bench_mode)mode, 1);
        char *text = print(&sample->result);
        assert_null(strstr(text, " \n"));
        assert_null(strchr(text, '\x1b'));
        assert_null(strchr(text, '\t'));
        free(text);
        free(sample);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_echo_shows_all_that_was_measured),
        cmocka_unit_test(each_mode_has_the_rows_that_it_measures),
        cmocka_unit_test(the_head_says_what_is_unusual),
        cmocka_unit_test(faults_are_shown_by_kind),
        cmocka_unit_test(a_version_that_was_not_run_says_why),
        cmocka_unit_test(where_nothing_was_measured_there_is_no_praise),
        cmocka_unit_test(without_rounds_no_spread_is_shown),
        cmocka_unit_test(no_line_ends_in_a_space),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
