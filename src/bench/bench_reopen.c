/*
 * The loads of mode open: each socket is closed as soon as it has opened, and opened again, on the
 * connection that stays (reopen) or on a new one (redial). One that does not open is not tried
 * again: it would fail at the speed of the loop.
 */
#include "bench_load.h"
#include "bench_opening.h"

static bool goes_on(const struct bench_worker *w)
{
    return w->phase == BENCH_PHASE_RUNNING && tri_client_now_ns() < w->end_ns;
}

/* The histograms of opening are of the measured time alone. */
static void forget_openings(struct bench_tally *tally)
{
    const struct bench_histogram empty = {.total = 0};
    tally->connect = tally->tls = tally->settings = empty;
    tally->handshake = tally->open = empty;
}

static uint64_t on_time(struct bench_worker *w, uint64_t now_ns)
{
    if (now_ns < w->measure_ns) {
        return w->measure_ns;
    }
    forget_openings(&w->tally);
    return UINT64_MAX;
}

static void close_all(struct bench_worker *w, void (*close)(struct bench_socket *s))
{
    w->load_due_ns = w->measure_ns;
    for (size_t i = 0; i < w->sockets_len; i++) {
        if (w->sockets[i].ws) {
            close(&w->sockets[i]);
        }
    }
}

/* --------------------------------------------------------------------------------------- reopen */

static void close_socket(struct bench_socket *s)
{
    enum tri_err err = tri_ws_close(s->ws, TRI_CLOSE_NORMAL, NULL);
    (void)err; /* the code is one that may be sent */
}

static void start_reopening(struct bench_worker *w, uint64_t now_ns)
{
    (void)now_ns;
    close_all(w, close_socket);
}

static void on_reopened(struct bench_socket *s, uint64_t now_ns)
{
    (void)now_ns;
    close_socket(s);
}

static void on_socket_closed(struct bench_socket *s, const struct tri_ws_end *end)
{
    if (!end->clean || !s->conn->conn) {
        s->worker->tally.lost++;
        bench_worker_fault(s->worker, BENCH_FAULT_CLOSED, "a socket was closed with %u%s%.150s",
                           (unsigned)end->code, end->reason[0] ? ": " : "", end->reason);
    } else if (goes_on(s->worker)) {
        bench_opening_ask(s);
    }
}

const struct bench_load bench_load_reopen = {
    .start = start_reopening,
    .on_time = on_time,
    .opened = on_reopened,
    .closed = on_socket_closed,
};

/* --------------------------------------------------------------------------------------- redial */

static void close_conn(struct bench_socket *s)
{
    tri_client_conn_close(s->conn->conn);
}

static void start_redialling(struct bench_worker *w, uint64_t now_ns)
{
    (void)now_ns;
    close_all(w, close_conn);
}

static void on_redialled(struct bench_socket *s, uint64_t now_ns)
{
    (void)now_ns;
    close_conn(s);
}

static void on_its_socket_closed(struct bench_socket *s, const struct tri_ws_end *end)
{
    (void)s;
    (void)end; /* by us; its connection follows */
}

static void on_conn_closed(struct bench_conn *c, const struct tri_failure *why)
{
    if (!c->has_opened) {
        c->worker->tally.lost++;
        bench_worker_fault(c->worker, BENCH_FAULT_OPEN, "%.200s", why->text);
    } else if (goes_on(c->worker)) {
        bench_opening_dial(c);
    }
}

const struct bench_load bench_load_redial = {
    .start = start_redialling,
    .on_time = on_time,
    .opened = on_redialled,
    .closed = on_its_socket_closed,
    .conn_closed = on_conn_closed,
};
