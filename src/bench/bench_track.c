/* See bench_track.h. */
#include "bench_track.h"

#include <assert.h>
#include <stdlib.h>

#define RING_MIN 8u

static struct bench_sent *entry_of(const struct bench_track *t, uint64_t number)
{
    return &t->ring[number & (t->ring_len - 1)];
}

enum tri_err bench_track_init(struct bench_track *t, size_t in_flight)
{
    *t = (struct bench_track){.ring_len = RING_MIN};
    while (t->ring_len < 2 * in_flight) {
        t->ring_len *= 2;
    }
    t->ring = calloc(t->ring_len, sizeof *t->ring);
    return t->ring ? TRI_OK : TRI_ERR_NOMEM;
}

void bench_track_deinit(struct bench_track *t)
{
    free(t->ring);
    *t = (struct bench_track){.ring = NULL};
}

static enum tri_err grow(struct bench_track *t)
{
    struct bench_track larger = *t;
    if (t->ring_len > UINT32_MAX / 2) {
        return TRI_ERR_NOMEM;
    }
    larger.ring_len = 2 * t->ring_len;
    larger.ring = calloc(larger.ring_len, sizeof *larger.ring);
    if (!larger.ring) {
        return TRI_ERR_NOMEM;
    }
    for (uint64_t i = t->first; i < t->next; i++) {
        *entry_of(&larger, i) = *entry_of(t, i);
    }
    free(t->ring);
    *t = larger;
    return TRI_OK;
}

static void settle(struct bench_track *t)
{
    while (t->first < t->next && entry_of(t, t->first)->state == BENCH_SENT_HEARD) {
        t->first++;
    }
    if (t->low < t->first) {
        t->low = t->first;
    }
}

static void miss(struct bench_track *t, struct bench_sent *sent, uint64_t faults[BENCH_FAULTS])
{
    assert(sent->state != BENCH_SENT_HEARD);
    if (sent->state == BENCH_SENT_WAITING) {
        t->waiting--;
    }
    sent->state = BENCH_SENT_HEARD;
    faults[BENCH_FAULT_MISSING]++;
}

enum tri_err bench_track_make_room(struct bench_track *t, uint64_t faults[BENCH_FAULTS])
{
    assert(t->next - t->first == t->ring_len);
    struct bench_sent *oldest = entry_of(t, t->first);
    if (oldest->state == BENCH_SENT_WAITING) {
        return grow(t);
    }
    miss(t, oldest, faults);
    settle(t);
    return TRI_OK;
}

/* Those before |number| that were waited for have been overtaken. */
static void pass_over(struct bench_track *t, uint64_t number)
{
    for (; t->low < number; t->low++) {
        struct bench_sent *sent = entry_of(t, t->low);
        if (sent->state == BENCH_SENT_WAITING) {
            sent->state = BENCH_SENT_PASSED;
            t->waiting--;
        }
    }
}

bool bench_track_hear(struct bench_track *t, uint64_t number, size_t len,
                      uint64_t faults[BENCH_FAULTS], uint64_t *at_ns)
{
    if (number - t->first >= t->next - t->first) { /* none in the ring; it may be "negative" */
        bool was_sent = (int64_t)(number - t->first) < 0;
        faults[was_sent ? BENCH_FAULT_REPEATED : BENCH_FAULT_CORRUPT]++;
        return false;
    }
    struct bench_sent *sent = entry_of(t, number);
    if (sent->state == BENCH_SENT_HEARD) {
        faults[BENCH_FAULT_REPEATED]++;
        return false;
    }
    if (sent->state == BENCH_SENT_PASSED) {
        faults[BENCH_FAULT_REORDERED]++;
    } else {
        pass_over(t, number);
        t->waiting--;
    }
    if (sent->len != len) {
        faults[BENCH_FAULT_CORRUPT]++;
    }
    sent->state = BENCH_SENT_HEARD;
    *at_ns = sent->at_ns;
    settle(t);
    return true;
}

void bench_track_spoil(struct bench_track *t, uint64_t faults[BENCH_FAULTS])
{
    while (t->low < t->next && entry_of(t, t->low)->state != BENCH_SENT_WAITING) {
        t->low++;
    }
    if (t->low == t->next) {
        faults[BENCH_FAULT_REPEATED]++;
        return;
    }
    faults[BENCH_FAULT_CORRUPT]++;
    entry_of(t, t->low)->state = BENCH_SENT_HEARD;
    t->waiting--;
    settle(t);
}

void bench_track_expire(struct bench_track *t, uint64_t before_ns, uint64_t faults[BENCH_FAULTS])
{
    for (uint64_t i = t->first; i < t->next && entry_of(t, i)->at_ns < before_ns; i++) {
        struct bench_sent *sent = entry_of(t, i);
        if (sent->state != BENCH_SENT_HEARD) {
            miss(t, sent, faults);
        }
    }
    settle(t);
}
