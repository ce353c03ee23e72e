/*
 * A worker: a loop with its listeners and all that comes by them, and the order of a turn. What is
 * ready is handled; then everything that has something to send is flushed, once; then the next
 * deadline is set.
 *
 *   SERVING ──stop, drain──► STOPPING ──all gone──► STOPPED
 *                               └──stop (again), or time is up: what is left is dropped
 *
 * A stop is a drain over no time.
 */
#ifndef TRI_SERVER_WORKER_H
#define TRI_SERVER_WORKER_H

#include "server_admin_port.h"
#include "server_drain.h"
#include "server_listener.h"

enum tri_worker_state { TRI_WORKER_SERVING, TRI_WORKER_STOPPING, TRI_WORKER_STOPPED };

struct tri_worker {
    struct tri_hub hub;
    enum tri_worker_state state;
    struct tri_listener listeners[2 * TRI_LISTENERS_MAX]; /* those with TLS come first */
    size_t listeners_len;
    size_t tls_listeners_len;    /* <= listeners_len */
    struct tri_admin_port admin; /* closed unless it is configured */

    struct tri_drain drain;
    uint64_t stop_started_ns;  /* this and the next three are meaningful while STOPPING */
    uint64_t stop_deadline_ns; /* UINT64_MAX once dropped */
    size_t stop_sockets;       /* open when it started */
    size_t stop_dropped;       /* of these, those that were not closed in time */

    atomic_uint stops_asked;   /* by tri_worker_ask_stop */
    unsigned stops_done;       /* <= stops_asked */
    atomic_bool reload_asked;  /* by tri_worker_ask_reload */
    atomic_bool drain_asked;   /* by tri_worker_ask_drain, and not begun */
    _Atomic uint64_t drain_ms; /* over which; set before |drain_asked| */
};

/*
 * Makes the worker and binds every address of the configuration. |w| must stay where it is. On
 * failure it is released and |error| has the sentence. TRI_ERR_INUSE, TRI_ERR_IO, TRI_ERR_NOMEM.
 */
TRI_MUST_USE enum tri_err tri_worker_init(struct tri_worker *w, struct tri_shared *shared,
                                          struct tri_sentence error);

/* Drops what is open; each open socket gets its on_close. */
void tri_worker_deinit(struct tri_worker *w);

/* Until it has stopped. TRI_OK or TRI_ERR_IO. */
TRI_MUST_USE enum tri_err tri_worker_run(struct tri_worker *w);

/* What is ready now, without blocking. */
void tri_worker_step(struct tri_worker *w);

/* How long tri_worker_step may wait, in milliseconds; -1: until the loop's fd is readable. */
int tri_worker_timeout_ms(const struct tri_worker *w);

/* Asks for a polite stop; the second time, for the end. Any thread, any signal handler. */
void tri_worker_ask_stop(struct tri_worker *w);

/* Asks for the certificates to be read again, at the next turn. Any thread, any signal handler. */
void tri_worker_ask_reload(struct tri_worker *w);

/*
 * Asks for a polite stop that takes |over_ms|, at most TRI_DRAIN_MS_MAX, to close the sockets. Heard
 * by a worker that serves and was asked nothing else. Any thread, any signal handler.
 */
void tri_worker_ask_drain(struct tri_worker *w, uint64_t over_ms);

/* server_worker_listen.c: opens every listener of the configuration. On failure some may be open,
 * and |error| has the sentence. Errors as tri_worker_init. */
TRI_MUST_USE enum tri_err tri_worker_listen(struct tri_worker *w, struct tri_sentence error);

#endif
