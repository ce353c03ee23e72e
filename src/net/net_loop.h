/*
 * The event loop of a worker, on libuv. One turn: handle what is ready, then on_turn_end once,
 * where all that the turn produced is flushed. Deadlines come through one timer.
 */
#ifndef TRI_NET_LOOP_H
#define TRI_NET_LOOP_H

#include "base_alloc.h"
#include "trisock/trisock.h"

#include <uv.h>

struct tri_loop;

struct tri_loop_events {
    /* Everything ready has been handled: flush, free what is dead. */
    void (*on_turn_end)(void *user, uint64_t now_ns);
    /* The deadline that tri_loop_set_deadline gave has come. */
    void (*on_deadline)(void *user, uint64_t now_ns);
    /* tri_loop_wake was called (from any thread or a signal handler), once or more. */
    void (*on_wake)(void *user);
};

TRI_MUST_USE enum tri_err tri_loop_new(struct tri_loop **out, const struct tri_alloc *alloc,
                                       const struct tri_loop_events *events, void *user);

/* Runs the closes that are due, then frees. Listeners and connections must be closed already. */
void tri_loop_free(struct tri_loop *l);

/* Runs until tri_loop_stop. TRI_OK or TRI_ERR_IO. */
TRI_MUST_USE enum tri_err tri_loop_run(struct tri_loop *l);
void tri_loop_stop(struct tri_loop *l);

/* Whether the caller was called by it. Then it must not be run, stepped or freed. */
bool tri_loop_is_running(const struct tri_loop *l);

/* For a host's own loop: see tri_server_fd, _timeout_ms and _step in trisock.h. */
int tri_loop_fd(const struct tri_loop *l);
int tri_loop_timeout_ms(struct tri_loop *l);
void tri_loop_step(struct tri_loop *l);

/* Monotonic. Read once a turn; between turns, when a host's own loop calls, at each call. */
uint64_t tri_loop_now_ns(struct tri_loop *l);

/*
 * When the input that is being handled was received: the clock, read when it is first asked for
 * after each system call that brings input, and at least once a turn.
 */
uint64_t tri_loop_input_ns(struct tri_loop *l);

/* One deadline for the worker; UINT64_MAX: none. on_deadline comes at or just after it. */
void tri_loop_set_deadline(struct tri_loop *l, uint64_t deadline_ns);

/* Async-signal-safe, any thread. */
void tri_loop_wake(struct tri_loop *l);

uv_loop_t *tri_loop_uv(struct tri_loop *l); /* for net's own files */

#endif
