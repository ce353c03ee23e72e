/* See cli_signals.h. */
#include "cli_signals.h"

#include <assert.h>
#include <signal.h>

static void fill_set(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGHUP);
}

static void *wait_for_signals(void *user)
{
    struct cli_signals *s = user;
    sigset_t set;
    fill_set(&set);
    int number = 0;
    while (sigwait(&set, &number) == 0 && !atomic_load(&s->ended)) {
        if (number == SIGHUP) {
            s->on_reload(s->user);
        } else {
            s->on_stop(s->user);
        }
    }
    return NULL;
}

enum tri_err cli_signals_start(struct cli_signals *s)
{
    assert(s->on_stop && s->on_reload);
    atomic_init(&s->ended, false);
    sigset_t set;
    fill_set(&set);
    if (pthread_sigmask(SIG_BLOCK, &set, NULL) != 0 ||
        pthread_create(&s->thread, NULL, wait_for_signals, s) != 0) {
        return TRI_ERR_IO;
    }
    return TRI_OK;
}

void cli_signals_end(struct cli_signals *s)
{
    atomic_store(&s->ended, true);
    /* One of its own signals is what the thread waits for. */
    pthread_kill(s->thread, SIGINT);
    pthread_join(s->thread, NULL);
}
