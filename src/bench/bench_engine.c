/* See bench_engine.h. */
#include "bench_engine.h"

#include "bench_leg.h"
#include "bench_process.h"
#include "bench_progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

/* Beside those of connections: the standard streams, files, and each thread's loop. */
#define FILES_SPARE 64u
#define FILES_PER_THREAD 8u

/* ------------------------------------------------------------------------------- before the run */

/* The limit of open files, as high as it may be. */
static uint64_t raise_files(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return UINT64_MAX;
    }
    if (limit.rlim_cur < limit.rlim_max) {
        struct rlimit raised = {limit.rlim_max, limit.rlim_max};
        if (setrlimit(RLIMIT_NOFILE, &raised) == 0) {
            return raised.rlim_cur;
        }
    }
    return limit.rlim_cur;
}

static size_t most_connections(const struct bench_options *options)
{
    size_t most = 0;
    for (size_t i = 0; i < options->https_len; i++) {
        size_t one = bench_leg_connections(options, options->https[i]);
        most = one > most ? one : most;
    }
    return most;
}

enum tri_err bench_engine_prepare(const struct bench_options *options, char error[BENCH_ERROR_MAX])
{
    uint64_t files = raise_files();
    uint64_t needed =
        most_connections(options) + FILES_SPARE + FILES_PER_THREAD * (uint64_t)options->threads;
    if (needed > files) {
        (void)snprintf(error, BENCH_ERROR_MAX,
                       "%zu connections need %" PRIu64 " open files, and %" PRIu64
                       " are allowed; give fewer --sockets, or allow more (ulimit -Hn)",
                       most_connections(options), needed, files);
        return TRI_ERR_LIMIT;
    }
    struct bench_usage usage;
    if (options->server_pid > 0 && !bench_process_usage(options->server_pid, &usage)) {
        (void)snprintf(error, BENCH_ERROR_MAX,
                       "--server-pid %ld: there is no such process; give that of the server",
                       (long)options->server_pid);
        return TRI_ERR_NOT_FOUND;
    }
    return TRI_OK;
}

/* -------------------------------------------------------------------------------------- the run */

/* RFC 3339, UTC. */
static void write_time(char out[32])
{
    time_t now = time(NULL);
    struct tm tm;
    out[0] = '\0';
    if (gmtime_r(&now, &tm)) {
        (void)strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &tm);
    }
}

static void describe(struct bench_result *result, const struct bench_options *options)
{
    result->options = options;
    write_time(result->started);
    bench_process_machine(result->machine);
    (void)snprintf(result->trisock, sizeof result->trisock, "%s", tri_version());
    result->series_len = options->https_len;
    for (size_t i = 0; i < options->https_len; i++) {
        result->series[i].http = options->https[i];
        result->series[i].is_run = true; /* until it turns out that it cannot be */
    }
}

static void on_progress(void *user, const struct bench_leg *leg)
{
    bench_progress_show(user, leg);
}

static bool has_opened_any(const struct bench_result *result)
{
    for (size_t i = 0; i < result->series_len; i++) {
        if (result->series[i].opening_sockets > 0) {
            return true;
        }
    }
    return false;
}

/*
 * A server keeps memory of sockets that are gone, and new ones take that first. So only the first
 * sockets of a run tell what a socket takes; of the others it is not known.
 */
static enum tri_err run_leg(struct bench_result *result, struct bench_series *s,
                            const struct bench_watch *watch)
{
    bool is_late = has_opened_any(result) && s->rounds_len == 0;
    enum tri_err err = bench_leg_run(s, result->options, watch);
    if (is_late) {
        s->server_rss_before = s->server_rss_open = 0;
    }
    return err;
}

/* Round |round|: each version in turn, another one first each time. */
static enum tri_err run_round(struct bench_result *result, const struct bench_watch *watch,
                              size_t round)
{
    for (size_t i = 0; i < result->series_len; i++) {
        struct bench_series *s = &result->series[(round + i) % result->series_len];
        if (!s->is_run) {
            continue;
        }
        enum tri_err err = run_leg(result, s, watch);
        if (err != TRI_OK || s->is_lost || atomic_load(watch->interrupts) != 0) {
            return err;
        }
    }
    return TRI_OK;
}

static bool is_server_lost(const struct bench_result *result)
{
    for (size_t i = 0; i < result->series_len; i++) {
        if (result->series[i].is_lost) {
            return true;
        }
    }
    return false;
}

static const char *name_unreached_why(const struct bench_result *result)
{
    if (is_server_lost(result)) {
        return "the server was lost before it was measured";
    }
    return result->is_interrupted ? "interrupted before it was measured" : "nothing was measured";
}

/* A version whose turn never came, as the run ended before. */
static void name_unreached(struct bench_result *result)
{
    for (size_t i = 0; i < result->series_len; i++) {
        struct bench_series *s = &result->series[i];
        if (s->rounds_len > 0 || s->is_lost) {
            continue;
        }
        s->is_run = false;
        if (s->why[0] == '\0') {
            (void)snprintf(s->why, sizeof s->why, "%s", name_unreached_why(result));
        }
    }
}

enum tri_err bench_engine_run(struct bench_result *result, const struct bench_options *options,
                              const atomic_int *interrupts, bool progress,
                              char error[BENCH_ERROR_MAX])
{
    struct bench_progress line = {.out = progress ? stderr : NULL, .rounds = options->rounds};
    const struct bench_watch watch = {interrupts, progress ? on_progress : NULL, &line};
    describe(result, options);
    enum tri_err err = TRI_OK;
    for (size_t i = 0; i < options->rounds && err == TRI_OK && !is_server_lost(result) &&
                       atomic_load(interrupts) == 0;
         i++) {
        line.round = i + 1;
        err = run_round(result, &watch, i);
    }
    bench_progress_clear(&line);
    result->is_interrupted = atomic_load(interrupts) != 0;
    name_unreached(result);
    if (err != TRI_OK) {
        (void)snprintf(error, BENCH_ERROR_MAX, "the run cannot go on: %s; give fewer --threads",
                       tri_err_text(err));
    }
    return err;
}

/* -------------------------------------------------------------------------------- after the run */

static bool has_faults(const struct bench_series *s)
{
    for (size_t i = 0; i < BENCH_FAULTS; i++) {
        if (s->counts.faults[i] > 0) {
            return true;
        }
    }
    return false;
}

enum bench_status bench_engine_status(const struct bench_result *result)
{
    size_t run = 0;
    for (size_t i = 0; i < result->series_len; i++) {
        if (has_faults(&result->series[i])) {
            return BENCH_STATUS_FAULTS;
        }
        run += result->series[i].is_run ? 1 : 0;
    }
    bool is_short = run < result->series_len;
    if (run == 0 || (is_short && result->options->https_given)) {
        return BENCH_STATUS_NOTHING;
    }
    return BENCH_STATUS_OK;
}
