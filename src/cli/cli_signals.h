/*
 * SIGINT, SIGTERM and SIGHUP as calls on a thread of their own, which waits for nothing else: so a
 * handler needs no global, and may do what a signal handler may not.
 */
#ifndef CLI_SIGNALS_H
#define CLI_SIGNALS_H

#include "trisock/trisock.h"

#include <pthread.h>
#include <stdatomic.h>

struct cli_signals {
    pthread_t thread;
    atomic_bool ended;             /* the thread's next signal is its last */
    void (*on_stop)(void *user);   /* each time SIGINT or SIGTERM comes, on the thread above */
    void (*on_reload)(void *user); /* each time SIGHUP comes */
    void *user;
};

/*
 * From now on the signals come to |s|, which must stay where it is. Call it before any other
 * thread is made: they inherit that these signals are blocked. TRI_OK or TRI_ERR_IO.
 */
TRI_MUST_USE enum tri_err cli_signals_start(struct cli_signals *s);
void cli_signals_end(struct cli_signals *s);

#endif
