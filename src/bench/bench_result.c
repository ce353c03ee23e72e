/* See bench_result.h. */
#include "bench_result.h"

#include <assert.h>

const char *bench_fault_name(enum bench_fault fault)
{
    static const char *const names[BENCH_FAULTS] = {
        [BENCH_FAULT_OPEN] = "open",         [BENCH_FAULT_CLOSED] = "closed",
        [BENCH_FAULT_CORRUPT] = "corrupt",   [BENCH_FAULT_MISSING] = "missing",
        [BENCH_FAULT_REPEATED] = "repeated", [BENCH_FAULT_REORDERED] = "reordered",
        [BENCH_FAULT_SEND] = "send",
    };
    assert(fault < BENCH_FAULTS);
    return names[fault];
}
