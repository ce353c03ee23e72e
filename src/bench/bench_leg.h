/*
 * A leg: one version's turn in a round. It opens its own sockets, warms up, measures, and closes
 * them again, so that no socket of another version is there, and nothing of an earlier round.
 *
 * The main thread and the workers share what is here, by atomics; there is no lock. A worker counts
 * for itself (struct bench_tally), which is read when its thread has ended.
 */
#ifndef BENCH_LEG_H
#define BENCH_LEG_H

#include "bench_process.h"
#include "bench_result.h"
#include "bench_wire.h"

#include <stdatomic.h>

/* Sent messages whose time is kept; a receipt that is more of them late is not timed. */
#define BENCH_BROADCAST_TIMES 4096u

/* The one who speaks in mode broadcast, as all threads see it. */
struct bench_speech {
    atomic_uint_fast64_t sent;  /* messages so far */
    atomic_uint_fast64_t heard; /* receipts of the last one, the speaker's own not among them */
    atomic_uint_fast64_t
        at_ns[BENCH_BROADCAST_TIMES]; /* when message n was sent, at n modulo that */
};

struct bench_leg {
    const struct bench_options *options; /* borrowed */
    enum tri_http http;
    size_t sockets, connections, threads; /* threads <= connections <= sockets */
    /* The main thread sets them, |start_ns| last, when all workers are ready; until then 0. Only
     * |end_ns| may change afterwards, and only to an earlier time. */
    atomic_uint_fast64_t start_ns, measure_ns, end_ns;
    atomic_bool is_cancelled;   /* by whoever sees that it cannot be run, or need not */
    atomic_bool is_unreachable; /* no socket opened, as nobody is there */
    /* Of the workers. */
    atomic_size_t workers_ready, workers_done;
    atomic_size_t sockets_open;          /* now */
    atomic_uint_fast64_t sockets_opened; /* so far */
    atomic_uint_fast64_t messages;       /* received so far, for the progress line */
    atomic_uint_fast64_t opened_at_ns;   /* when the last worker had opened its sockets */
    struct bench_speech speech;
};

/* What a worker has counted; all zero is an empty one. */
struct bench_tally {
    struct bench_counts counts; /* of the measured time */
    struct bench_histogram latency, late;
    struct bench_histogram connect, tls, settings, handshake, open;
    uint64_t messages_out_total, messages_in_total, bytes_out_total, bytes_in_total;
    struct bench_passed load; /* from its start until all of it had come */
    bool is_whole;            /* that is known */
    size_t lost;              /* sockets that ended under the load without a word, for good */
    char why[BENCH_TEXT_MAX]; /* the first fault; "": none */
    char carrier[BENCH_TEXT_MAX];
};

/* How the main thread takes part. */
struct bench_watch {
    const atomic_int *interrupts; /* not 0: end now with what there is */
    /* Called some times a second while the leg runs; may be NULL. */
    void (*on_progress)(void *user, const struct bench_leg *leg);
    void *user;
};

/*
 * Runs the leg of |http| and adds what it measured to |series|, as a round of its own if there was
 * measured time. A leg in which no socket opened in the first round makes series->is_run false.
 * If all sockets were lost, or none can be opened any more, series->is_lost is set.
 * TRI_OK; TRI_ERR_NOMEM, TRI_ERR_IO (no thread).
 */
TRI_MUST_USE enum tri_err bench_leg_run(struct bench_series *series,
                                        const struct bench_options *options,
                                        const struct bench_watch *watch);

/* How many connections |options| mean on |http|. */
size_t bench_leg_connections(const struct bench_options *options, enum tri_http http);

#endif
