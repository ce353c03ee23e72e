/* A run of `trisock bench` that never was: three versions, five rounds, all that can be measured. */
#ifndef SAMPLE_RESULT_H
#define SAMPLE_RESULT_H

#include "bench_result.h"

struct sample_result {
    struct bench_options options;
    struct bench_result result; /* of |options| */
};

/*
 * The same values each time; |slower| stretches all times (1: as they are; 1.3: all 30 % slower).
 * To be given to free().
 */
struct sample_result *sample_result_new(enum bench_mode mode, double slower);

/* The series at |index| could not be run, for |why|. */
void sample_result_refuse(struct sample_result *sample, size_t index, const char *why);

#endif
