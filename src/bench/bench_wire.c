/* See bench_wire.h. */
#include "bench_wire.h"

#include <math.h>

void bench_passed_add(struct bench_passed *sum, const struct bench_passed *one)
{
    sum->messages_out += one->messages_out;
    sum->messages_in += one->messages_in;
    sum->bytes_out += one->bytes_out;
    sum->bytes_in += one->bytes_in;
    sum->wire_out += one->wire_out;
    sum->wire_in += one->wire_in;
}

struct bench_passed bench_passed_between(const struct bench_passed *from,
                                         const struct bench_passed *to)
{
    return (struct bench_passed){
        .messages_out = to->messages_out - from->messages_out,
        .messages_in = to->messages_in - from->messages_in,
        .bytes_out = to->bytes_out - from->bytes_out,
        .bytes_in = to->bytes_in - from->bytes_in,
        .wire_out = to->wire_out - from->wire_out,
        .wire_in = to->wire_in - from->wire_in,
    };
}

/* Compressed messages take less than their bytes: then what passed beside them is negative. */
static uint64_t give(uint64_t messages, uint64_t bytes, const uint64_t load[3])
{
    if (messages == 0 || load[0] == 0 || load[2] == 0) {
        return 0;
    }
    const double each = ((double)load[2] - (double)load[1]) / (double)load[0];
    const double wire = (double)bytes + each * (double)messages;
    return wire >= 1 ? (uint64_t)llround(wire) : 0;
}

void bench_wire_give(struct bench_counts *counts, const struct bench_passed *load)
{
    static const struct bench_passed nothing = {.messages_out = 0};
    const struct bench_passed *l = load ? load : &nothing;
    const uint64_t out[3] = {l->messages_out, l->bytes_out, l->wire_out};
    const uint64_t in[3] = {l->messages_in, l->bytes_in, l->wire_in};
    counts->wire_out = give(counts->messages_out, counts->bytes_out, out);
    counts->wire_in = give(counts->messages_in, counts->bytes_in, in);
}

void bench_wire_sum(struct bench_series *series)
{
    bool is_known_out = true, is_known_in = true;
    series->counts.wire_out = series->counts.wire_in = 0;
    for (size_t i = 0; i < series->rounds_len; i++) {
        const struct bench_counts *c = &series->rounds[i].counts;
        is_known_out = is_known_out && (c->messages_out == 0 || c->wire_out > 0);
        is_known_in = is_known_in && (c->messages_in == 0 || c->wire_in > 0);
        series->counts.wire_out += c->wire_out;
        series->counts.wire_in += c->wire_in;
    }
    series->counts.wire_out = is_known_out ? series->counts.wire_out : 0;
    series->counts.wire_in = is_known_in ? series->counts.wire_in : 0;
}
