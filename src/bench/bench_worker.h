/*
 * A worker: a thread with a client of its own, and its share of a leg's connections and sockets.
 *
 *   OPENING -> READY -> RUNNING -> SETTLING -> CLOSING
 *
 *   OPENING    opens what is its own
 *   READY      until the main thread says when to start
 *   RUNNING    makes the load of the mode, to warm up and then measured
 *   SETTLING   sends no more and waits for what is still to come
 *   CLOSING    until all connections are closed
 *
 * From any phase it may go on to CLOSING: when the leg is cancelled.
 */
#ifndef BENCH_WORKER_H
#define BENCH_WORKER_H

#include "bench_content.h"
#include "bench_leg.h"
#include "bench_pace.h"
#include "bench_track.h"

#include <pthread.h>

/* A message whose echo has not come after that time is missing. */
#define BENCH_ECHO_TIMEOUT_NS UINT64_C(10000000000)

/* An echo that others have overtaken has that time left when all others have come. */
#define BENCH_LATE_TIMEOUT_NS UINT64_C(1000000000)

enum bench_phase {
    BENCH_PHASE_OPENING,
    BENCH_PHASE_READY,
    BENCH_PHASE_RUNNING,
    BENCH_PHASE_SETTLING,
    BENCH_PHASE_CLOSING,
};

struct bench_worker;
struct bench_conn;

#define BENCH_CACHE_LINE 64

/* What each message needs stands first, and fits a cache line. */
struct bench_socket {
    _Alignas(BENCH_CACHE_LINE) struct bench_worker *worker;
    struct tri_ws *ws;        /* NULL: not open */
    struct bench_track track; /* echo: what it has sent */
    uint32_t id;              /* among all of the leg */
    bool is_blocked;          /* its queue is full; on_drain follows */
    bool is_settled;          /* while OPENING: it has opened or failed */
    uint32_t index;           /* among those of the worker */
    struct bench_conn *conn;
    uint64_t asked_ns; /* when it was asked for */
    uint64_t expected; /* broadcast: the number of the next message */
};

struct bench_conn {
    struct bench_worker *worker;
    struct tri_client_conn *conn; /* NULL: none, or closed */
    uint64_t asked_ns;
    struct bench_socket *sockets; /* of the worker's */
    size_t sockets_len;
    size_t asked, settled; /* of its sockets: were asked for; have opened or failed */
    bool has_opened;       /* a socket has opened on it */
};

/* What a mode does; one const table each. */
struct bench_load {
    struct tri_ws_handler handler; /* but on_open and on_close, which are the worker's */
    /* The load begins: phase RUNNING. */
    void (*start)(struct bench_worker *w, uint64_t now_ns);
    /* Called at the time that it returned last or later, from RUNNING to SETTLING; UINT64_MAX: no
     * need. NULL: never. */
    uint64_t (*on_time)(struct bench_worker *w, uint64_t now_ns);
    /* While SETTLING: nothing is to be waited for any more. NULL: never anything. */
    bool (*is_settled)(const struct bench_worker *w, uint64_t now_ns);
    /* Before the sockets are closed: what has not come is missing. May be NULL. */
    void (*finish)(struct bench_worker *w);
    /* In RUNNING and SETTLING, a socket opened, or a socket or connection ended. NULL: an end is a
     * fault, and nothing opens. */
    void (*opened)(struct bench_socket *s, uint64_t now_ns);
    void (*closed)(struct bench_socket *s, const struct tri_ws_end *end);
    void (*conn_closed)(struct bench_conn *c, const struct tri_failure *why);
};

struct bench_worker {
    struct bench_leg *leg;
    const struct bench_load *load;
    struct tri_ws_handler handler; /* that of |load|, made whole */
    size_t index;                  /* 0 .. leg->threads - 1 */
    pthread_t thread;
    struct tri_client *client;
    enum bench_phase phase;
    uint64_t tick_ns;     /* when on_time of the phase is due at the latest */
    uint64_t load_due_ns; /* when load->on_time is due */
    /* UINT64_MAX and 0 until READY is over: |now - measure_ns < window_ns| is the measured time. */
    uint64_t measure_ns, window_ns, end_ns;
    bool is_measuring; /* the traffic at its start is noted */
    struct bench_conn *conns;
    size_t conns_len, conns_dialled, conns_open;
    size_t dialling; /* connections that are not up with all their sockets */
    struct bench_socket *sockets;
    size_t sockets_len, sockets_pending; /* OPENING: neither open nor failed */
    struct tri_client_traffic closed_traffic, start_traffic;
    struct bench_passed before_load;
    struct bench_content content;
    bool verifies; /* options->verify */
    struct bench_pace pace;
    uint64_t published; /* of messages_in_total: what leg->messages has */
    uint64_t sweep_ns;  /* when old messages are looked for again */
    uint64_t paced;     /* open loop: messages of the pace that were looked at */
    struct bench_tally tally;
};

/* Whether |now_ns| is measured time. */
static inline bool bench_worker_is_measured(const struct bench_worker *w, uint64_t now_ns)
{
    return now_ns - w->measure_ns < w->window_ns;
}

/* Makes worker |index| of |leg|; its thread runs on return. TRI_OK; TRI_ERR_NOMEM, TRI_ERR_IO:
 * there is nothing to be joined. */
TRI_MUST_USE enum tri_err bench_worker_start(struct bench_worker **out, struct bench_leg *leg,
                                             size_t index);

/* Waits for the thread's end. Its tally can be read then. */
void bench_worker_join(struct bench_worker *w);
void bench_worker_free(struct bench_worker *w);

/* Counts a fault and, if it is the first, keeps the sentence. Not while CLOSING. */
void bench_worker_fault(struct bench_worker *w, enum bench_fault fault, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Has load->on_time called at |due_ns|, if that is earlier than it would be. */
void bench_worker_wake(struct bench_worker *w, uint64_t due_ns);

/* A message of |len| bytes was given to the library, or came. */
static inline void bench_worker_count_out(struct bench_worker *w, uint64_t now_ns, size_t len)
{
    w->tally.messages_out_total++;
    w->tally.bytes_out_total += len;
    if (bench_worker_is_measured(w, now_ns)) {
        w->tally.counts.messages_out++;
        w->tally.counts.bytes_out += len;
    }
}

static inline void bench_worker_count_in(struct bench_worker *w, uint64_t now_ns, size_t len)
{
    w->tally.messages_in_total++;
    w->tally.bytes_in_total += len;
    if (bench_worker_is_measured(w, now_ns)) {
        w->tally.counts.messages_in++;
        w->tally.counts.bytes_in += len;
    }
}

#endif
