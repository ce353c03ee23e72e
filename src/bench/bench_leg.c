/* See bench_leg.h: the main thread's part. */
#include "bench_leg.h"

#include "bench_worker.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* How often it looks at the workers, and shows the progress. */
#define LOOK_NS UINT64_C(5000000)

/* The same while the load runs: each look takes time from the worker that shares its core. */
#define WATCH_NS UINT64_C(50000000)
#define PROGRESS_NS UINT64_C(200000000)

/* From the order to start to the start: all threads have seen it by then. */
#define LEAD_NS UINT64_C(5000000)

/* From an interruption to the end: no thread has counted anything later by then. */
#define FINAL_NS UINT64_C(60000000)

/* A leg with what the main thread alone knows of it. */
struct run {
    struct bench_leg leg;
    const struct bench_watch *watch;
    struct bench_worker *workers[BENCH_THREADS_MAX];
    uint64_t began_ns, shown_ns;
    uint64_t memory_before, memory_open;     /* of the server, bytes */
    struct bench_usage client[2], server[2]; /* at the start and the end of the measured time */
    struct bench_histogram latency, open;    /* of all workers */
    bool is_measured;
};

size_t bench_leg_connections(const struct bench_options *options, enum tri_http http)
{
    bool is_single = http == TRI_HTTP_1_1 || (options->mode == BENCH_OPEN && options->fresh);
    return is_single ? options->sockets : options->connections;
}

/* -------------------------------------------------------------------------------------- waiting */

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static void sleep_until(uint64_t due_ns)
{
    uint64_t now = tri_client_now_ns();
    if (due_ns > now) {
        const struct timespec t = {(time_t)((due_ns - now) / 1000000000u),
                                   (long)((due_ns - now) % 1000000000u)};
        (void)nanosleep(&t, NULL);
    }
}

static bool is_interrupted(const struct run *r)
{
    return atomic_load(r->watch->interrupts) != 0;
}

static void show(struct run *r)
{
    uint64_t now = tri_client_now_ns();
    if (r->watch->on_progress && now - r->shown_ns >= PROGRESS_NS) {
        r->shown_ns = now;
        r->watch->on_progress(r->watch->user, &r->leg);
    }
}

static bool is_done(struct run *r)
{
    return atomic_load(&r->leg.workers_done) == r->leg.threads;
}

/* Until |due_ns|, at most. False: the run was interrupted, or all workers have ended before. */
static bool wait_until(struct run *r, uint64_t due_ns)
{
    for (uint64_t now = tri_client_now_ns(); now < due_ns; now = tri_client_now_ns()) {
        if (is_interrupted(r) || is_done(r)) {
            return false;
        }
        sleep_until(earlier(due_ns, now + WATCH_NS));
        show(r);
    }
    return true;
}

/* Until all sockets are open. False: they will not be. */
static bool wait_ready(struct run *r)
{
    while (atomic_load(&r->leg.workers_ready) < r->leg.threads) {
        if (is_interrupted(r)) {
            atomic_store(&r->leg.is_cancelled, true);
        }
        if (atomic_load(&r->leg.is_cancelled) || !wait_until(r, tri_client_now_ns() + LOOK_NS)) {
            atomic_store(&r->leg.is_cancelled, true);
            return false;
        }
    }
    return !atomic_load(&r->leg.is_cancelled);
}

/* -------------------------------------------------------------------------------------- running */

static void read_usage(struct run *r, size_t at)
{
    (void)bench_process_usage(0, &r->client[at]);
    if (r->leg.options->server_pid > 0) {
        (void)bench_process_usage(r->leg.options->server_pid, &r->server[at]);
    }
}

static uint64_t read_memory(const struct run *r)
{
    pid_t pid = r->leg.options->server_pid;
    return pid > 0 ? bench_process_memory(pid) : 0;
}

static uint64_t ns_of(double seconds)
{
    return (uint64_t)(seconds * 1e9);
}

/* Brings the end forward. */
static uint64_t end_now(struct run *r, uint64_t end)
{
    uint64_t sooner = earlier(end, tri_client_now_ns() + FINAL_NS);
    atomic_store(&r->leg.end_ns, sooner);
    return sooner;
}

/* Warms up and measures. The workers do both by the clock; this thread reads what is read. */
static void measure(struct run *r)
{
    const struct bench_options *o = r->leg.options;
    uint64_t start = tri_client_now_ns() + LEAD_NS;
    uint64_t from = start + ns_of(o->warmup_s);
    uint64_t end = from + ns_of(o->duration_s);
    atomic_store(&r->leg.measure_ns, from);
    atomic_store(&r->leg.end_ns, end);
    atomic_store(&r->leg.start_ns, start);
    if (!wait_until(r, from)) {
        (void)end_now(r, from);
        return;
    }
    read_usage(r, 0);
    if (!wait_until(r, end)) {
        end = end_now(r, end);
        sleep_until(end);
    }
    read_usage(r, 1);
    if (o->mode == BENCH_IDLE) {
        r->memory_open = read_memory(r); /* now that all is at rest */
    }
    r->is_measured = true;
}

static enum tri_err start_workers(struct run *r)
{
    for (size_t i = 0; i < r->leg.threads; i++) {
        enum tri_err err = bench_worker_start(&r->workers[i], &r->leg, i);
        if (err != TRI_OK) {
            atomic_store(&r->leg.is_cancelled, true);
            return err;
        }
    }
    return TRI_OK;
}

static void run_workers(struct run *r)
{
    if (!wait_ready(r)) {
        return;
    }
    r->memory_open = read_memory(r);
    measure(r);
    while (!is_done(r)) {
        sleep_until(tri_client_now_ns() + LOOK_NS);
        show(r);
    }
}

/* -------------------------------------------------------------------------------------- results */

static void add_counts(struct bench_counts *sum, const struct bench_counts *one)
{
    sum->messages_out += one->messages_out;
    sum->messages_in += one->messages_in;
    sum->bytes_out += one->bytes_out;
    sum->bytes_in += one->bytes_in;
    sum->wire_out += one->wire_out;
    sum->wire_in += one->wire_in;
    sum->sockets_opened += one->sockets_opened;
    for (size_t i = 0; i < BENCH_FAULTS; i++) {
        sum->faults[i] += one->faults[i];
    }
}

static void add_cpu(struct bench_cpu *sum, const struct bench_cpu *one)
{
    sum->user_ns += one->user_ns;
    sum->system_ns += one->system_ns;
}

static void keep_text(char out[BENCH_TEXT_MAX], const char *text)
{
    if (out[0] == '\0') {
        (void)snprintf(out, BENCH_TEXT_MAX, "%s", text);
    }
}

static void add_tally(struct bench_series *s, struct bench_round *round,
                      const struct bench_tally *tally)
{
    add_counts(&round->counts, &tally->counts);
    bench_histogram_add(&s->latency, &tally->latency);
    bench_histogram_add(&s->late, &tally->late);
    bench_histogram_add(&s->connect, &tally->connect);
    bench_histogram_add(&s->tls, &tally->tls);
    bench_histogram_add(&s->settings, &tally->settings);
    bench_histogram_add(&s->handshake, &tally->handshake);
    bench_histogram_add(&s->open, &tally->open);
    s->messages_out_total += tally->messages_out_total;
    s->messages_in_total += tally->messages_in_total;
    keep_text(s->why, tally->why);
    keep_text(s->carrier, tally->carrier);
}

/* In mode open it is sockets that take bytes: all that passes in the measured time. */
static void add_wire(const struct run *r, struct bench_round *round)
{
    struct bench_passed load = {.messages_out = 0};
    bool is_whole = true;
    for (size_t i = 0; i < r->leg.threads; i++) {
        is_whole = is_whole && r->workers[i]->tally.is_whole;
        bench_passed_add(&load, &r->workers[i]->tally.load);
    }
    if (r->leg.options->mode != BENCH_OPEN) {
        bench_wire_give(&round->counts, is_whole ? &load : NULL);
    }
}

static void add_opening(struct bench_series *s, const struct run *r)
{
    uint64_t opened = atomic_load(&r->leg.opened_at_ns);
    if (opened > r->began_ns) {
        s->opening_seconds += (double)(opened - r->began_ns) / 1e9;
        s->opening_sockets += r->leg.sockets;
    }
    if (s->rounds_len == 0) {
        s->server_rss_before = r->memory_before;
        s->server_rss_open = r->memory_open;
    }
}

static void add_round(struct bench_series *s, const struct run *r, struct bench_round *round)
{
    round->seconds = (double)(atomic_load(&r->leg.end_ns) - atomic_load(&r->leg.measure_ns)) / 1e9;
    round->client = bench_usage_between(&r->client[0], &r->client[1]);
    round->server = bench_usage_between(&r->server[0], &r->server[1]);
    round->latency_p50_ns = bench_histogram_quantile(&r->latency, 0.5);
    round->latency_p99_ns = bench_histogram_quantile(&r->latency, 0.99);
    round->latency_p999_ns = bench_histogram_quantile(&r->latency, 0.999);
    round->open_p50_ns = bench_histogram_quantile(&r->open, 0.5);
    s->seconds += round->seconds;
    add_cpu(&s->client, &round->client);
    add_cpu(&s->server, &round->server);
    s->rounds[s->rounds_len++] = *round;
}

/* Says it in the place of what followed from it. */
static void note_lost(struct bench_series *s, const struct run *r)
{
    const char *why = "";
    for (size_t i = 0; i < r->leg.threads && why[0] == '\0'; i++) {
        why = r->workers[i]->tally.why;
    }
    s->is_lost = true;
    (void)snprintf(s->why, sizeof s->why, "the server was lost in round %zu: %.200s",
                   s->rounds_len + 1, why);
}

static bool has_lost_all(const struct run *r)
{
    size_t lost = 0;
    for (size_t i = 0; i < r->leg.threads; i++) {
        lost += r->workers[i]->tally.lost;
    }
    return lost >= r->leg.sockets;
}

/*
 * A version of which no socket ever opened was not run, and that is no fault: |why| says what the
 * server lacks. What failed in a leg that was run, or later, counts.
 */
static void add_run(struct bench_series *s, struct run *r)
{
    struct bench_round round = {.seconds = 0};
    for (size_t i = 0; i < r->leg.threads; i++) {
        assert(r->workers[i]); /* or they would not have been run */
        const struct bench_tally *tally = &r->workers[i]->tally;
        add_tally(s, &round, tally);
        bench_histogram_add(&r->latency, &tally->latency);
        bench_histogram_add(&r->open, &tally->open);
    }
    bool is_refused = atomic_load(&r->leg.is_cancelled) && s->rounds_len == 0;
    s->is_run = !is_refused;
    s->sockets = r->leg.sockets;
    s->connections = r->leg.connections;
    if (is_refused) {
        return;
    }
    if (atomic_load(&r->leg.is_cancelled) && atomic_load(&r->leg.is_unreachable)) {
        note_lost(s, r);
        s->counts.faults[BENCH_FAULT_OPEN]++; /* one for all that could not be opened */
        return;
    }
    if (has_lost_all(r)) {
        note_lost(s, r);
    }
    add_wire(r, &round);
    add_counts(&s->counts, &round.counts);
    add_opening(s, r);
    if (r->is_measured) {
        add_round(s, r, &round);
        bench_wire_sum(s);
    }
}

static void init_run(struct run *r, const struct bench_series *s,
                     const struct bench_options *options, const struct bench_watch *watch)
{
    memset(r, 0, sizeof *r);
    r->watch = watch;
    r->leg.options = options;
    r->leg.http = s->http;
    r->leg.sockets = options->sockets;
    r->leg.connections = bench_leg_connections(options, s->http);
    r->leg.threads = options->threads < r->leg.connections ? options->threads : r->leg.connections;
}

enum tri_err bench_leg_run(struct bench_series *series, const struct bench_options *options,
                           const struct bench_watch *watch)
{
    struct run *r = malloc(sizeof *r);
    if (!r) {
        return TRI_ERR_NOMEM;
    }
    init_run(r, series, options, watch);
    r->memory_before = read_memory(r);
    r->began_ns = tri_client_now_ns();
    enum tri_err err = start_workers(r);
    if (err == TRI_OK) {
        run_workers(r);
    }
    for (size_t i = 0; i < r->leg.threads && r->workers[i]; i++) {
        bench_worker_join(r->workers[i]);
    }
    if (err == TRI_OK) {
        add_run(series, r);
    }
    for (size_t i = 0; i < r->leg.threads; i++) {
        bench_worker_free(r->workers[i]);
    }
    free(r);
    return err;
}
