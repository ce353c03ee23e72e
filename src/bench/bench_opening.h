/* The opening of a worker's connections and sockets, their times, and their end. */
#ifndef BENCH_OPENING_H
#define BENCH_OPENING_H

#include "bench_worker.h"

/* So many connections are opened at a time by a worker, and so many sockets on one connection:
 * more would overrun the server's accept queue, and the times would be those of the queue. */
#define BENCH_OPENING_MAX 32u

/* Starts to open all of |w|. When all is settled, w->sockets_pending is 0. */
void bench_opening_start(struct bench_worker *w);

/* Opens |c| again, which is closed. A failure counts as a fault. */
void bench_opening_dial(struct bench_conn *c);

/* Opens |s| on its connection, which is up. A failure counts as a fault. */
void bench_opening_ask(struct bench_socket *s);

/* The worker's own part of the handler of all sockets. */
void bench_opening_on_open(void *user, struct tri_ws *ws);
void bench_opening_on_close(void *user, struct tri_ws *ws, const struct tri_ws_end *end);

/* Closes all connections that are open. */
void bench_opening_close(struct bench_worker *w);

/* What passed over all connections of |w| so far. */
struct tri_client_traffic bench_opening_traffic(const struct bench_worker *w);

#endif
