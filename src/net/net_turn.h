/*
 * What net's own files need of the loop beside net_loop.h: they tell it when a turn has something
 * to do, and share its timer and its scratch memory. Private to net.
 */
#ifndef TRI_NET_TURN_H
#define TRI_NET_TURN_H

#include "base_heap.h"
#include "base_list.h"
#include "net_loop.h"

/* One system call's worth of received bytes. */
#define TRI_LOOP_RECV_BYTES ((size_t)(64 * 1024))
/* One TLS record's worth of plaintext. */
#define TRI_LOOP_PLAIN_BYTES ((size_t)(16 * 1024))

struct tri_ring; /* net_ring.h */

/* Memory that whoever handles an event may use until it returns. One a worker, so an idle
 * connection has none. */
struct tri_loop_scratch {
    uint8_t recv[TRI_LOOP_RECV_BYTES];
    uint8_t plain[TRI_LOOP_PLAIN_BYTES];
};

/* A deadline of its own, on the loop's one timer. Embedded, fields private. */
struct tri_loop_timer {
    struct tri_heap_node node;
    void (*on_expire)(struct tri_loop_timer *t, uint64_t now_ns);
};

/* Something to do after on_turn_end. Embedded, fields private. */
struct tri_loop_late {
    struct tri_list node;
    void (*run)(struct tri_loop_late *late);
};

const struct tri_alloc *tri_loop_alloc(const struct tri_loop *l);
struct tri_loop_scratch *tri_loop_scratch(struct tri_loop *l);

/* As the scratch, for what is large and not every loop needs: |len| bytes, not cleared, the same block
 * with each call, freed with the loop. NULL if memory was short, which only the first call can find. */
void *tri_loop_large_scratch(struct tri_loop *l, size_t len);

/* The loop's io_uring, made when it is first asked for. NULL: it could not be had, or the loop does not
 * run by tri_loop_run but in steps of a host, whose poll would not see it. */
struct tri_ring *tri_loop_ring(struct tri_loop *l);

/* Every libuv callback calls this first: the clock is read, and the turn will have an end. */
void tri_loop_begin(struct tri_loop *l);

/* A system call has brought input: what tri_loop_input_ns says is old. */
void tri_loop_note_input(struct tri_loop *l);

/* Not armed yet. TRI_OK or TRI_ERR_NOMEM; arming it later cannot fail. */
TRI_MUST_USE enum tri_err tri_loop_timer_init(struct tri_loop *l, struct tri_loop_timer *t,
                                              void (*on_expire)(struct tri_loop_timer *t,
                                                                uint64_t now_ns));
void tri_loop_timer_deinit(struct tri_loop *l, struct tri_loop_timer *t);

/* UINT64_MAX disarms. It is disarmed when on_expire is called. */
void tri_loop_timer_set(struct tri_loop *l, struct tri_loop_timer *t, uint64_t deadline_ns);

/* Arms it |ms| after now. */
void tri_loop_timer_after(struct tri_loop *l, struct tri_loop_timer *t, uint64_t ms);

void tri_loop_late_init(struct tri_loop_late *late, void (*run)(struct tri_loop_late *late));

/* |late| runs once, when this turn ends. Harmless if it is already to run. */
void tri_loop_late_add(struct tri_loop *l, struct tri_loop_late *late);
void tri_loop_late_remove(struct tri_loop_late *late);

#endif
