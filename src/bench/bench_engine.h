/*
 * `trisock bench`: the whole run. Round by round each version has its turn, and each round
 * begins with another version: so a machine that drifts favours none.
 */
#ifndef BENCH_ENGINE_H
#define BENCH_ENGINE_H

#include "bench_result.h"

#include <stdatomic.h>

/* How a run ends, as the program tells it. */
enum bench_status {
    BENCH_STATUS_OK = 0,
    BENCH_STATUS_FAULTS = 1, /* faults were counted */
    BENCH_STATUS_USAGE = 2,  /* the arguments, the files or the machine do not allow it */
    BENCH_STATUS_NOTHING =
        3, /* nothing was measured, or a version that was asked for by name was not */
};

/*
 * Raises the limit of open files as far as it goes, and looks whether the run is possible here.
 * TRI_OK; TRI_ERR_LIMIT (too many sockets for it), TRI_ERR_NOT_FOUND (no such server process):
 * |error| has a sentence that names the option and the remedy.
 */
TRI_MUST_USE enum tri_err bench_engine_prepare(const struct bench_options *options,
                                               char error[BENCH_ERROR_MAX]);

/*
 * Runs all rounds.
 *
 * result       owned by the caller, zero; what is set in it before (|command|) stays
 * interrupts   once it is not 0, the run ends with what it has
 * progress     whether to show on stderr how it goes
 *
 * TRI_OK; TRI_ERR_NOMEM, TRI_ERR_IO: |error| has a sentence, and |result| what was measured before.
 */
TRI_MUST_USE enum tri_err bench_engine_run(struct bench_result *result,
                                           const struct bench_options *options,
                                           const atomic_int *interrupts, bool progress,
                                           char error[BENCH_ERROR_MAX]);

/* What the results mean for the one who called. */
enum bench_status bench_engine_status(const struct bench_result *result);

#endif
