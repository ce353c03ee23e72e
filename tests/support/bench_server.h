/* A server of ours on a thread of its own, with the applications that `trisock bench` measures. */
#ifndef TRI_TESTS_BENCH_SERVER_H
#define TRI_TESTS_BENCH_SERVER_H

#include "app_echo.h"
#include "app_rooms.h"
#include "temp_dir.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stddef.h>

/* /echo, /push and /rooms/NAME; /deaf, which answers nothing; /short, which is closed by the server
 * after its tenth message; /counted, an echo that posts |heard| once, at the first message behind
 * the |counted_wanted|th of its sockets. */
struct bench_server {
    struct temp_dir dir;
    struct tri_echo echo;
    struct tri_rooms rooms;
    struct tri_server *server;
    pthread_t thread;
    atomic_size_t counted, counted_wanted;
    sem_t heard;
    char url[128]; /* "wss://127.0.0.1:12345" */
};

/* Offers |http|, TRI_HTTP_ flags. Its certificate is its own: --insecure. */
void bench_server_start(struct bench_server *s, unsigned http);
void bench_server_stop(struct bench_server *s);

#endif
