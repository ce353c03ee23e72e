/* See cli_bench.h. */
#include "cli_bench.h"

#include "bench_compare.h"
#include "bench_engine.h"
#include "bench_file.h"
#include "bench_html.h"
#include "bench_json.h"
#include "bench_table.h"
#include "cli_help.h"
#include "cli_signals.h"
#include "trisock/trisock.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* As shells tell of a program that SIGINT has ended. */
#define EXIT_INTERRUPTED 130

/* Everything a run holds. */
struct benching {
    struct bench_options options;
    struct bench_result *result;
    struct cli_signals signals;
    atomic_int interrupts;
};

static int complain(int code, const char *sentence)
{
    (void)fprintf(stderr, "trisock: %s\n", sentence);
    return code;
}

/* -------------------------------------------------------------------------------------- signals */

/* The first ends the run with what it has, the second one ends all. */
static void on_stop(void *user)
{
    struct benching *b = user;
    if (atomic_fetch_add(&b->interrupts, 1) > 0) {
        _exit(EXIT_INTERRUPTED);
    }
}

static void on_hangup(void *user)
{
    on_stop(user);
}

/* -------------------------------------------------------------------------------------- command */

/* What a shell takes as it is. */
static bool is_plain(const char *word)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                "0123456789-_./:,@%+=";
    return *word && word[strspn(word, plain)] == '\0';
}

/* Appends |text| to |out|, as much of it as fits |max|. */
static void append(char *out, size_t max, const char *text)
{
    size_t len = strlen(out);
    (void)snprintf(out + len, max - len, "%s", text);
}

static void append_word(char *out, size_t max, const char *word)
{
    append(out, max, " ");
    if (is_plain(word)) {
        append(out, max, word);
        return;
    }
    append(out, max, "'");
    for (; *word; word++) {
        const char one[] = {*word, '\0'};
        append(out, max, *word == '\'' ? "'\\''" : one);
    }
    append(out, max, "'");
}

/* The value of a field is often a secret, and reports are passed on: its name alone is told. */
static void append_field(char *out, size_t max, const char *field, const char *option)
{
    char masked[128];
    const size_t name_len = strcspn(field, ":");
    (void)snprintf(masked, sizeof masked, "%s%.*s: ...", option,
                   name_len > 100 ? 100 : (int)name_len, field);
    append_word(out, max, masked);
}

static void write_command(char *out, size_t max, int argc, const char *const *argv)
{
    (void)snprintf(out, max, "trisock bench");
    for (int i = 0; i < argc; i++) {
        const char joined[] = "--header=";
        if (i > 0 && strcmp(argv[i - 1], "--header") == 0) {
            append_field(out, max, argv[i], "");
        } else if (strncmp(argv[i], joined, sizeof joined - 1) == 0) {
            append_field(out, max, argv[i] + sizeof joined - 1, joined);
        } else {
            append_word(out, max, argv[i]);
        }
    }
}

/* ------------------------------------------------------------------------------------------ run */

/* All that can be written is; what cannot is told afterwards. */
static int report(struct benching *b)
{
    char error[BENCH_ERROR_MAX];
    int code = (int)bench_engine_status(b->result);
    const char *json = b->options.json_file, *html = b->options.html_file;
    const struct bench_result *const runs[] = {b->result};
    bench_table_print(stdout, b->result);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        code = complain(BENCH_STATUS_USAGE, "the report could not be written to standard output");
    }
    if (json && bench_json_write(b->result, json, error) != TRI_OK) {
        code = complain(BENCH_STATUS_USAGE, error);
    }
    if (html && bench_html_write(runs, 1, html, error) != TRI_OK) {
        code = complain(BENCH_STATUS_USAGE, error);
    }
    return code;
}

static int measure(struct benching *b)
{
    char error[BENCH_ERROR_MAX];
    b->signals.on_stop = on_stop;
    b->signals.on_reload = on_hangup;
    b->signals.user = b;
    if (cli_signals_start(&b->signals) != TRI_OK) {
        return complain(BENCH_STATUS_USAGE, "no thread can be made for signals; raise the limit "
                                            "of processes (ulimit -u)");
    }
    bool is_terminal = isatty(STDERR_FILENO) == 1;
    enum tri_err err = bench_engine_run(b->result, &b->options, &b->interrupts, is_terminal, error);
    cli_signals_end(&b->signals);
    return err == TRI_OK ? report(b) : complain(BENCH_STATUS_USAGE, error);
}

static bool are_files_well(const struct bench_options *o, char error[BENCH_ERROR_MAX])
{
    return (!o->json_file || bench_file_check(o->json_file, error) == TRI_OK) &&
           (!o->html_file || bench_file_check(o->html_file, error) == TRI_OK);
}

static void ignore_closed(void *user, struct tri_client_conn *conn, const struct tri_failure *why)
{
    (void)user;
    (void)conn;
    (void)why;
}

static void ignore_ready(void *user, struct tri_client_conn *conn)
{
    (void)user;
    (void)conn;
}

/* Whether the library takes the URL: what it begins of a connection is dropped at once. */
static bool takes_url(struct tri_client *client, const char *url, char error[BENCH_ERROR_MAX])
{
    const struct tri_client_conn_setup setup = {
        .url = url, .on_ready = ignore_ready, .on_closed = ignore_closed};
    struct tri_client_conn *conn = NULL;
    return tri_client_connect(&conn, client, &setup, error, BENCH_ERROR_MAX) == TRI_OK;
}

/* The same of the URL and of the certificates that are to be trusted, which it reads. */
static bool is_client_well(const struct bench_options *o, char error[BENCH_ERROR_MAX])
{
    struct tri_client *client = NULL;
    struct tri_client_config *config = tri_client_config_new();
    bool is_well = false;
    (void)snprintf(error, BENCH_ERROR_MAX, "memory is short");
    if (config && (!o->ca || tri_client_config_ca(config, o->ca) == TRI_OK)) {
        tri_client_config_insecure(config, o->insecure);
        is_well = tri_client_new(&client, config, error, BENCH_ERROR_MAX) == TRI_OK &&
                  takes_url(client, o->url, error);
    }
    tri_client_free(client);
    tri_client_config_free(config);
    return is_well;
}

/* What can be told before it is measured. */
static bool can_run(const struct bench_options *o, char error[BENCH_ERROR_MAX])
{
    return is_client_well(o, error) && are_files_well(o, error) &&
           bench_engine_prepare(o, error) == TRI_OK;
}

static int run(struct benching *b, int argc, const char *const *argv)
{
    char error[BENCH_ERROR_MAX];
    if (!can_run(&b->options, error)) {
        return complain(BENCH_STATUS_USAGE, error);
    }
    b->result = calloc(1, sizeof *b->result);
    if (!b->result) {
        return complain(BENCH_STATUS_USAGE, tri_err_text(TRI_ERR_NOMEM));
    }
    write_command(b->result->command, sizeof b->result->command, argc, argv);
    if (b->options.insecure) {
        (void)complain(0, "--insecure: anybody can be the server, its certificate is not checked");
    }
    int code = measure(b);
    free(b->result);
    return code;
}

static int compare(const struct bench_options *options)
{
    char error[BENCH_ERROR_MAX];
    if (bench_compare(options, stdout, error) != TRI_OK) {
        return complain(BENCH_STATUS_USAGE, error);
    }
    return fflush(stdout) == 0 ? 0 : BENCH_STATUS_USAGE;
}

int cli_bench(int argc, const char *const *argv)
{
    struct benching b = {.result = NULL};
    char error[BENCH_ERROR_MAX];
    if (bench_options_parse(&b.options, argc, argv, error) != TRI_OK) {
        return complain(BENCH_STATUS_USAGE, error);
    }
    if (b.options.help) {
        (void)fputs(cli_help_bench(), stdout);
        return 0;
    }
    return b.options.compare[0] ? compare(&b.options) : run(&b, argc, argv);
}
