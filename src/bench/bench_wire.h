/*
 * Bytes on the wire, a message. What is sent within the measured time is not what was given to the
 * library within it, and what comes in may be parts of messages. So they are counted over the whole
 * life of a load, from before its first message until all that was sent has been heard, and the
 * messages of the measured time get their part of it.
 */
#ifndef BENCH_WIRE_H
#define BENCH_WIRE_H

#include "bench_result.h"

/* What passed over some time; all zero is nothing. */
struct bench_passed {
    uint64_t messages_out, messages_in;
    uint64_t bytes_out, bytes_in; /* of the messages */
    uint64_t wire_out, wire_in;
};

void bench_passed_add(struct bench_passed *sum, const struct bench_passed *one);
struct bench_passed bench_passed_between(const struct bench_passed *from,
                                         const struct bench_passed *to);

/* Sets the bytes on the wire of |counts|: those of its messages, and of what passed beside the
 * messages of |load| the same for each. NULL: not known; they are 0 then, which no message takes. */
void bench_wire_give(struct bench_counts *counts, const struct bench_passed *load);

/* Those of |series| from its rounds; 0 if they are not known of all. */
void bench_wire_sum(struct bench_series *series);

#endif
