/* See bench_progress.h. */
#include "bench_progress.h"

#include <inttypes.h>

/* To the start of the line, and away with what stands there (ECMA-48, EL). */
#define CLEAR "\r\033[K"

static void write_rate(struct bench_progress *p, const struct bench_leg *leg, uint64_t now_ns,
                       char text[BENCH_PROGRESS_MAX])
{
    uint64_t messages = atomic_load(&leg->messages);
    double seconds = (double)(now_ns - p->at_ns) / 1e9;
    double rate =
        messages > p->messages && seconds > 0 ? (double)(messages - p->messages) / seconds : 0;
    uint64_t measure = atomic_load(&leg->measure_ns);
    (void)snprintf(text, BENCH_PROGRESS_MAX,
                   "round %zu of %zu, %s: %s, %zu sockets open, %.0f messages/s", p->round,
                   p->rounds, bench_http_name(leg->http),
                   now_ns < measure ? "warming up" : "measuring",
                   (size_t)atomic_load(&leg->sockets_open), rate);
    p->messages = messages;
}

void bench_progress_text(struct bench_progress *p, const struct bench_leg *leg, uint64_t now_ns,
                         char text[BENCH_PROGRESS_MAX])
{
    uint64_t start = atomic_load(&leg->start_ns);
    if (start == 0 || now_ns < start) {
        (void)snprintf(text, BENCH_PROGRESS_MAX,
                       "round %zu of %zu, %s: opening, %zu of %zu sockets", p->round, p->rounds,
                       bench_http_name(leg->http), (size_t)atomic_load(&leg->sockets_open),
                       leg->sockets);
        p->messages = 0;
    } else {
        write_rate(p, leg, now_ns, text);
    }
    p->at_ns = now_ns;
}

void bench_progress_show(struct bench_progress *p, const struct bench_leg *leg)
{
    char text[BENCH_PROGRESS_MAX];
    bench_progress_text(p, leg, tri_client_now_ns(), text);
    if (p->out) {
        (void)fprintf(p->out, CLEAR "%s", text);
        (void)fflush(p->out);
    }
}

void bench_progress_clear(struct bench_progress *p)
{
    if (p->out) {
        (void)fputs(CLEAR, p->out);
        (void)fflush(p->out);
    }
}
