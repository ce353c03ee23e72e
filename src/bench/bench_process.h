/* What a process costs: its CPU time and its memory; and the machine that it runs on. */
#ifndef BENCH_PROCESS_H
#define BENCH_PROCESS_H

#include "bench_result.h"

/* CPU time since the start of a process. */
struct bench_usage {
    uint64_t total_ns;       /* exact */
    struct bench_cpu shares; /* some systems know them to 10 ms only */
};

/* Of process |pid|, all its threads, also those that have ended; 0: this one. False: there is none,
 * or it cannot be asked, and |out| is zero. */
bool bench_process_usage(pid_t pid, struct bench_usage *out);

/* What was used from |before| to |after|: the exact total, divided as the shares are. */
struct bench_cpu bench_usage_between(const struct bench_usage *before,
                                     const struct bench_usage *after);

/* Bytes of memory of process |pid|, what it shares counted in parts (Pss), or as a whole where the
 * kernel does not tell that or not to us (VmRSS). 0: not known. */
uint64_t bench_process_memory(pid_t pid);

/* "AMD EPYC 7B13, 2 cores, Linux 6.18.44". */
void bench_process_machine(char out[BENCH_TEXT_MAX]);

#endif
