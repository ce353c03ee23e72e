/* The loads, by mode: what is done with the sockets of a worker when they are open. */
#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H

#include "bench_worker.h"

extern const struct bench_load bench_load_echo;   /* in flight: so many a socket */
extern const struct bench_load bench_load_paced;  /* echo by --rate */
extern const struct bench_load bench_load_reopen; /* open: sockets on connections that stay */
extern const struct bench_load bench_load_redial; /* open: each with a connection of its own */
extern const struct bench_load bench_load_idle;
extern const struct bench_load bench_load_push;
extern const struct bench_load bench_load_broadcast;

const struct bench_load *bench_load_of(const struct bench_options *options, enum tri_http http);

#endif
