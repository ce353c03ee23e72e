/* See bench_worker.h. */
#include "bench_worker.h"

#include "bench_load.h"
#include "bench_opening.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How often a phase looks around; every end of a time that is known is met exactly. */
#define OPENING_TICK_NS UINT64_C(10000000)
#define READY_TICK_NS UINT64_C(1000000)
#define RUNNING_TICK_NS UINT64_C(50000000)
#define SETTLING_TICK_NS UINT64_C(2000000)

/* After that long, what is not closed politely is dropped. */
#define CLOSING_NS UINT64_C(3000000000)

/* So many messages a socket make up for those that are cut. */
#define CUT_MESSAGES_MIN UINT64_C(100)

/* For frames, and for the answers to control frames, beside the messages in flight. */
#define QUEUE_SPARE_BYTES ((size_t)(64 * 1024))
#define QUEUE_BYTES_MAX ((size_t)1 << 30)

/* --------------------------------------------------------------------------------------- counts */

void bench_worker_fault(struct bench_worker *w, enum bench_fault fault, const char *format, ...)
{
    if (w->phase == BENCH_PHASE_CLOSING) {
        return;
    }
    w->tally.counts.faults[fault]++;
    if (w->tally.why[0]) {
        return;
    }
    va_list args;
    va_start(args, format);
    (void)vsnprintf(w->tally.why, sizeof w->tally.why, format, args);
    va_end(args);
}

/* What passed since the measured time began. */
static void count_traffic(struct bench_worker *w)
{
    const struct tri_client_traffic now = bench_opening_traffic(w);
    w->tally.counts.wire_in = now.bytes_in - w->start_traffic.bytes_in;
    w->tally.counts.wire_out = now.bytes_out - w->start_traffic.bytes_out;
}

static struct bench_passed read_passed(const struct bench_worker *w)
{
    const struct tri_client_traffic traffic = bench_opening_traffic(w);
    return (struct bench_passed){
        .messages_out = w->tally.messages_out_total,
        .messages_in = w->tally.messages_in_total,
        .bytes_out = w->tally.bytes_out_total,
        .bytes_in = w->tally.bytes_in_total,
        .wire_out = traffic.bytes_out,
        .wire_in = traffic.bytes_in,
    };
}

/* All has come, so all was sent, and nothing is under way: but for what the server sends by itself,
 * of which a message for each socket may be cut at either end. */
static void count_load(struct bench_worker *w)
{
    const uint64_t *faults = w->tally.counts.faults;
    const struct bench_passed now = read_passed(w);
    w->tally.load = bench_passed_between(&w->before_load, &now);
    bool is_cut = w->leg->options->mode == BENCH_PUSH &&
                  w->tally.load.messages_in < CUT_MESSAGES_MIN * (uint64_t)w->sockets_len;
    w->tally.is_whole = !is_cut && faults[BENCH_FAULT_CLOSED] == 0 &&
                        faults[BENCH_FAULT_MISSING] == 0 && faults[BENCH_FAULT_SEND] == 0;
}

/* --------------------------------------------------------------------------------------- phases */

static void on_time(void *user);

static void set_timer(struct bench_worker *w, uint64_t due_ns)
{
    uint64_t now = tri_client_now_ns();
    tri_client_timer(w->client, due_ns > now ? due_ns - now : 0, on_time, w);
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

void bench_worker_wake(struct bench_worker *w, uint64_t due_ns)
{
    if (due_ns < w->load_due_ns) {
        w->load_due_ns = due_ns;
        set_timer(w, earlier(w->tick_ns, due_ns));
    }
}

static void set_phase(struct bench_worker *w, enum bench_phase phase)
{
    assert(phase > w->phase);
    w->phase = phase;
}

static void begin_closing(struct bench_worker *w, uint64_t now)
{
    set_phase(w, BENCH_PHASE_CLOSING);
    w->load_due_ns = UINT64_MAX;
    w->tick_ns = now + CLOSING_NS;
    bench_opening_close(w);
    if (w->conns_open == 0) {
        tri_client_stop(w->client);
    }
}

static void look_while_opening(struct bench_worker *w, uint64_t now)
{
    w->tick_ns = now + OPENING_TICK_NS;
    if (w->sockets_pending > 0) {
        return;
    }
    set_phase(w, BENCH_PHASE_READY);
    w->tick_ns = now + READY_TICK_NS;
    /* The last one to come here leaves the time at which all were open. */
    atomic_store(&w->leg->opened_at_ns, now);
    atomic_fetch_add(&w->leg->workers_ready, 1);
}

static void look_while_ready(struct bench_worker *w, uint64_t now)
{
    uint64_t start = atomic_load(&w->leg->start_ns);
    w->tick_ns = start > now ? earlier(start, now + READY_TICK_NS) : now + READY_TICK_NS;
    if (start == 0 || now < start) {
        return;
    }
    set_phase(w, BENCH_PHASE_RUNNING);
    w->measure_ns = atomic_load(&w->leg->measure_ns);
    w->end_ns = atomic_load(&w->leg->end_ns);
    w->window_ns = w->end_ns - w->measure_ns;
    w->tick_ns = now;
    w->before_load = read_passed(w);
    w->load->start(w, now);
}

/* The end may have been brought forward, even to before the measured time. */
static void look_for_end(struct bench_worker *w)
{
    uint64_t end = atomic_load(&w->leg->end_ns);
    if (end != w->end_ns) {
        w->end_ns = end;
        w->window_ns = end > w->measure_ns ? end - w->measure_ns : 0;
    }
}

static void look_while_running(struct bench_worker *w, uint64_t now)
{
    look_for_end(w);
    if (!w->is_measuring && now >= w->measure_ns) {
        w->is_measuring = true;
        w->start_traffic = bench_opening_traffic(w);
    }
    if (now >= w->end_ns) {
        if (w->is_measuring) {
            count_traffic(w);
        }
        set_phase(w, BENCH_PHASE_SETTLING);
        w->tick_ns = now;
        return;
    }
    uint64_t next = w->is_measuring ? w->end_ns : earlier(w->measure_ns, w->end_ns);
    w->tick_ns = earlier(next, now + RUNNING_TICK_NS);
}

static void look_while_settling(struct bench_worker *w, uint64_t now)
{
    w->tick_ns = now + SETTLING_TICK_NS;
    bool is_settled = !w->load->is_settled || w->load->is_settled(w, now);
    if (!is_settled && now < w->end_ns + BENCH_ECHO_TIMEOUT_NS) {
        return;
    }
    if (w->load->finish) {
        w->load->finish(w);
    }
    if (is_settled) {
        count_load(w);
    }
    begin_closing(w, now);
}

static void look(struct bench_worker *w, uint64_t now)
{
    if (w->phase < BENCH_PHASE_CLOSING && atomic_load(&w->leg->is_cancelled)) {
        begin_closing(w, now);
        return;
    }
    switch (w->phase) {
    case BENCH_PHASE_OPENING:
        look_while_opening(w, now);
        break;
    case BENCH_PHASE_READY:
        look_while_ready(w, now);
        break;
    case BENCH_PHASE_RUNNING:
        look_while_running(w, now);
        break;
    case BENCH_PHASE_SETTLING:
        look_while_settling(w, now);
        break;
    case BENCH_PHASE_CLOSING:
        tri_client_stop(w->client);
        break;
    }
}

static void on_time(void *user)
{
    struct bench_worker *w = user;
    uint64_t now = tri_client_now_ns();
    if (now >= w->tick_ns) {
        look(w, now);
        atomic_fetch_add(&w->leg->messages, w->tally.messages_in_total - w->published);
        w->published = w->tally.messages_in_total;
    }
    bool is_loaded = w->phase == BENCH_PHASE_RUNNING || w->phase == BENCH_PHASE_SETTLING;
    if (is_loaded && w->load->on_time && now >= w->load_due_ns) {
        w->load_due_ns = w->load->on_time(w, now);
    }
    set_timer(w, earlier(w->tick_ns, w->load_due_ns));
}

/* --------------------------------------------------------------------------------------- thread */

static bool set_limits(struct tri_client_config *config, const struct bench_options *o)
{
    size_t message = o->sizes.max + QUEUE_SPARE_BYTES;
    size_t queue = (o->in_flight > 0 ? o->in_flight : 1) * message;
    queue = queue < QUEUE_BYTES_MAX ? queue : QUEUE_BYTES_MAX;
    const size_t least_queue = 1u << 20, least_message = 16u << 20;
    const struct {
        enum tri_limit limit;
        uint64_t value;
    } limits[] = {
        {TRI_LIMIT_PING_INTERVAL_MS, 0}, /* a socket that rests should cost nobody anything */
        {TRI_LIMIT_IDLE_TIMEOUT_MS, 0},
        {TRI_LIMIT_CONTROL_FRAMES, 0},
        {TRI_LIMIT_QUEUE_BYTES, queue > least_queue ? queue : least_queue},
        {TRI_LIMIT_MESSAGE_BYTES, message > least_message ? message : least_message},
    };
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        if (tri_client_config_limit(config, limits[i].limit, limits[i].value) != TRI_OK) {
            return false;
        }
    }
    return true;
}

/* The client of |w|, or NULL, and then the reason is a fault. */
static struct tri_client *make_client(struct bench_worker *w)
{
    const struct bench_options *o = w->leg->options;
    char error[BENCH_TEXT_MAX] = "memory is short";
    struct tri_client *client = NULL;
    struct tri_client_config *config = tri_client_config_new();
    if (config && (!o->ca || tri_client_config_ca(config, o->ca) == TRI_OK) &&
        set_limits(config, o)) {
        tri_client_config_insecure(config, o->insecure);
        tri_client_config_resumption(config, o->resume);
        tri_client_config_io_uring(config, !o->epoll);
        if (tri_client_new(&client, config, error, sizeof error) != TRI_OK) {
            client = NULL;
        }
    }
    tri_client_config_free(config);
    if (!client) {
        bench_worker_fault(w, BENCH_FAULT_OPEN, "%s", error);
    }
    return client;
}

static void *run_worker(void *user)
{
    struct bench_worker *w = user;
    w->client = make_client(w);
    if (!w->client) {
        atomic_store(&w->leg->is_cancelled, true);
    } else {
        w->tick_ns = tri_client_now_ns();
        bench_opening_start(w);
        set_timer(w, w->tick_ns);
        if (tri_client_run(w->client) != TRI_OK) {
            bench_worker_fault(w, BENCH_FAULT_OPEN, "the event loop failed");
            atomic_store(&w->leg->is_cancelled, true);
        }
        w->phase = BENCH_PHASE_CLOSING; /* what is dropped now is no fault */
        tri_client_free(w->client);
    }
    atomic_fetch_add(&w->leg->workers_done, 1);
    return NULL;
}

/* Connection c of all has the sockets c, c + connections, c + 2 * connections ... */
static void share_out(struct bench_worker *w)
{
    const struct bench_leg *leg = w->leg;
    size_t at = 0;
    for (size_t i = 0; i < w->conns_len; i++) {
        struct bench_conn *c = &w->conns[i];
        size_t number = w->index + i * leg->threads;
        *c = (struct bench_conn){.worker = w, .sockets = &w->sockets[at]};
        for (size_t id = number; id < leg->sockets; id += leg->connections) {
            w->sockets[at] = (struct bench_socket){
                .worker = w, .conn = c, .id = (uint32_t)id, .index = (uint32_t)at};
            c->sockets_len++;
            at++;
        }
    }
    assert(at == w->sockets_len);
}

static size_t count_share(const struct bench_leg *leg, size_t index)
{
    size_t sockets = 0;
    for (size_t number = index; number < leg->connections; number += leg->threads) {
        sockets += (leg->sockets - number + leg->connections - 1) / leg->connections;
    }
    return sockets;
}

static struct bench_worker *make_worker(struct bench_leg *leg, size_t index)
{
    struct bench_worker *w = calloc(1, sizeof *w);
    if (!w) {
        return NULL;
    }
    w->leg = leg;
    w->index = index;
    w->load = bench_load_of(leg->options, leg->http);
    w->handler = w->load->handler;
    w->handler.on_open = bench_opening_on_open;
    w->handler.on_close = bench_opening_on_close;
    w->measure_ns = w->end_ns = w->load_due_ns = UINT64_MAX;
    w->conns_len = (leg->connections - index + leg->threads - 1) / leg->threads;
    w->sockets_len = count_share(leg, index);
    w->conns = calloc(w->conns_len, sizeof *w->conns);
    w->sockets = aligned_alloc(BENCH_CACHE_LINE, w->sockets_len * sizeof *w->sockets);
    if (w->sockets) {
        memset(w->sockets, 0, w->sockets_len * sizeof *w->sockets);
    }
    if (!w->conns || !w->sockets || bench_content_init(&w->content, leg->options) != TRI_OK) {
        bench_worker_free(w);
        return NULL;
    }
    w->verifies = leg->options->verify;
    share_out(w);
    return w;
}

/* What the tracks hold is made when the load starts, on the thread that uses it. */
void bench_worker_free(struct bench_worker *w)
{
    if (!w) {
        return;
    }
    for (size_t i = 0; w->sockets && i < w->sockets_len; i++) {
        bench_track_deinit(&w->sockets[i].track);
    }
    bench_content_deinit(&w->content);
    free(w->sockets);
    free(w->conns);
    free(w);
}

enum tri_err bench_worker_start(struct bench_worker **out, struct bench_leg *leg, size_t index)
{
    assert(leg->threads <= leg->connections && leg->connections <= leg->sockets);
    *out = make_worker(leg, index);
    if (!*out) {
        return TRI_ERR_NOMEM;
    }
    if (pthread_create(&(*out)->thread, NULL, run_worker, *out) == 0) {
        return TRI_OK;
    }
    bench_worker_free(*out);
    *out = NULL;
    return TRI_ERR_IO;
}

void bench_worker_join(struct bench_worker *w)
{
    (void)pthread_join(w->thread, NULL);
}
