/*
 * What one socket has sent and not heard back: a ring of messages by number, which judges each
 * echo.
 *
 *   first <= low <= next          first to next are in the ring
 *   before |first|                heard, or counted as missing
 *   first .. low                  heard, or passed over by a later echo
 *   low .. next                   waited for, but for what a later echo was heard of before
 *
 * One that is passed over may still come late (reordered); if the ring has no room for it any more,
 * or its time is over, it is missing. It does not count as waited for, so that the load goes on.
 */
#ifndef BENCH_TRACK_H
#define BENCH_TRACK_H

#include "bench_result.h"

#include <string.h>

enum bench_sent_state { BENCH_SENT_WAITING, BENCH_SENT_PASSED, BENCH_SENT_HEARD };

struct bench_sent {
    uint64_t at_ns;
    uint32_t len;
    uint32_t state; /* enum bench_sent_state */
    uint64_t head;  /* its first eight bytes; 0 if it is shorter */
};

struct bench_track {
    struct bench_sent *ring; /* of |ring_len|, a power of two; owned; NULL: nothing was sent */
    uint64_t first, low, next;
    uint32_t ring_len;
    uint32_t waiting; /* messages in flight */
};

/* Makes room for |in_flight| messages and for as many that were passed over. TRI_OK,
 * TRI_ERR_NOMEM. */
TRI_MUST_USE enum tri_err bench_track_init(struct bench_track *t, size_t in_flight);
void bench_track_deinit(struct bench_track *t);

/* Makes room for one more where the ring is full: those that were passed over first are missing then
 * and counted in |faults|; it grows when all in it is waited for. TRI_OK; TRI_ERR_NOMEM: nothing
 * changed. */
TRI_MUST_USE enum tri_err bench_track_make_room(struct bench_track *t,
                                                uint64_t faults[BENCH_FAULTS]);

/* Message t->next was sent, or meant to be, at |at_ns|: |message|, |len| bytes. Errors as above. */
static inline TRI_MUST_USE enum tri_err bench_track_send(struct bench_track *t, uint64_t at_ns,
                                                         const uint8_t *message, size_t len,
                                                         uint64_t faults[BENCH_FAULTS])
{
    if (t->next - t->first == t->ring_len) {
        enum tri_err err = bench_track_make_room(t, faults);
        if (err != TRI_OK) {
            return err;
        }
    }
    struct bench_sent *sent = &t->ring[t->next++ & (t->ring_len - 1)];
    *sent = (struct bench_sent){at_ns, (uint32_t)len, BENCH_SENT_WAITING, 0};
    if (len >= sizeof sent->head) {
        memcpy(&sent->head, message, sizeof sent->head);
    }
    t->waiting++;
    return TRI_OK;
}

/*
 * Whether the message that came is the echo of the one that is due next, all before it heard, as
 * nearly every one is: the same length, the same first eight bytes. *at_ns is when it was sent. If
 * not, nothing has changed: see bench_track_hear.
 */
static inline bool bench_track_hear_next(struct bench_track *t, const uint8_t *data, size_t len,
                                         uint64_t *at_ns)
{
    struct bench_sent *sent = &t->ring[t->low & (t->ring_len - 1)];
    uint64_t head = 0;
    if (len < sizeof head || t->first != t->low || t->low == t->next || sent->len != len) {
        return false;
    }
    memcpy(&head, data, sizeof head);
    if (sent->state != BENCH_SENT_WAITING || sent->head != head) {
        return false;
    }
    sent->state = BENCH_SENT_HEARD;
    *at_ns = sent->at_ns;
    t->first = ++t->low;
    t->waiting--;
    return true;
}

/*
 * The echo of |number| came, with |len| bytes. True: it was waited for, or is late, and *at_ns is
 * when it was sent. False: it is none that is due (repeated, or corrupt). Faults are counted.
 */
bool bench_track_hear(struct bench_track *t, uint64_t number, size_t len,
                      uint64_t faults[BENCH_FAULTS], uint64_t *at_ns);

/* An echo came that cannot be read. It stands for the one that is due; if none is, it is one too
 * many. */
void bench_track_spoil(struct bench_track *t, uint64_t faults[BENCH_FAULTS]);

/* What was sent before |before_ns| and was not heard is missing. */
void bench_track_expire(struct bench_track *t, uint64_t before_ns, uint64_t faults[BENCH_FAULTS]);

#endif
