/* See bench_load.h: the choice, and the two loads that do nothing by themselves. */
#include "bench_load.h"

#include <assert.h>

static void start_nothing(struct bench_worker *w, uint64_t now_ns)
{
    (void)w;
    (void)now_ns;
}

static void count_message(void *user, struct tri_ws *ws, enum tri_type type, const uint8_t *data,
                          size_t len)
{
    (void)ws;
    (void)type;
    (void)data;
    struct bench_socket *s = user;
    bench_worker_count_in(s->worker, tri_client_now_ns(), len);
}

const struct bench_load bench_load_idle = {
    .handler = {.on_message = count_message},
    .start = start_nothing,
};

const struct bench_load bench_load_push = {
    .handler = {.on_message = count_message},
    .start = start_nothing,
};

const struct bench_load *bench_load_of(const struct bench_options *options, enum tri_http http)
{
    switch (options->mode) {
    case BENCH_ECHO:
        return options->in_flight > 0 ? &bench_load_echo : &bench_load_paced;
    case BENCH_OPEN:
        return options->fresh || http == TRI_HTTP_1_1 ? &bench_load_redial : &bench_load_reopen;
    case BENCH_IDLE:
        return &bench_load_idle;
    case BENCH_PUSH:
        return &bench_load_push;
    case BENCH_BROADCAST:
        return &bench_load_broadcast;
    }
    assert(false);
    return NULL;
}
