/*
 * The load of mode broadcast: socket 0 of all speaks, and everybody who is in the room hears it,
 * the speaker too or not, as the server does it. By default the next message goes when all the
 * others have the last one; with --rate, when its time has come. Only binary messages count:
 * what a server says by itself, such as who has joined, is text.
 *
 * The speaker's thread learns from a counter that others have heard; when they are on other threads
 * it looks every POLL_NS.
 */
#include "bench_load.h"

#include <inttypes.h>

#define POLL_NS UINT64_C(50000)
#define SWEEP_NS UINT64_C(100000000)

static struct bench_socket *speaker_of(const struct bench_worker *w)
{
    return w->index == 0 && w->sockets[0].ws ? &w->sockets[0] : NULL;
}

static size_t others_len(const struct bench_leg *leg)
{
    size_t open = atomic_load_explicit(&leg->sockets_open, memory_order_relaxed);
    return open > 0 ? open - 1 : 0;
}

/* ------------------------------------------------------------------------------------- speaking */

/* The next message, which counts from |at_ns|. False: not now, or never. */
static bool speak(struct bench_socket *s, uint64_t at_ns, uint64_t now)
{
    struct bench_worker *w = s->worker;
    struct bench_speech *speech = &w->leg->speech;
    uint64_t number = atomic_load_explicit(&speech->sent, memory_order_relaxed);
    size_t len = bench_content_len(&w->content, s->id, number);
    /* Before it goes: the first receipt may come at once, on another thread. */
    atomic_store(&speech->at_ns[number % BENCH_BROADCAST_TIMES], at_ns);
    atomic_store(&speech->heard, 0);
    atomic_store(&speech->sent, number + 1);
    enum tri_err err =
        tri_ws_send(s->ws, TRI_BINARY, bench_content_make(&w->content, s->id, number, len), len);
    if (err == TRI_OK) {
        bench_worker_count_out(w, now, len);
        return true;
    }
    atomic_store(&speech->sent, number);
    s->is_blocked = err == TRI_ERR_FULL;
    if (err != TRI_ERR_FULL && err != TRI_ERR_CLOSED) {
        bench_worker_fault(w, BENCH_FAULT_SEND, "a message could not be sent: %s",
                           tri_err_text(err));
    }
    return false;
}

static bool is_over(const struct bench_worker *w, uint64_t now)
{
    return now >= w->end_ns;
}

/* Whether the last message has come to all, or will never. */
static bool is_heard_by_all(const struct bench_leg *leg, uint64_t now)
{
    uint64_t sent = atomic_load(&leg->speech.sent);
    if (sent == 0 || atomic_load(&leg->speech.heard) >= others_len(leg)) {
        return true;
    }
    uint64_t at = atomic_load(&leg->speech.at_ns[(sent - 1) % BENCH_BROADCAST_TIMES]);
    return now > at && now - at > BENCH_ECHO_TIMEOUT_NS;
}

/* Closed loop: one at a time. */
static void go_on(struct bench_worker *w, uint64_t now)
{
    struct bench_socket *s = speaker_of(w);
    if (s && w->leg->options->in_flight > 0 && !s->is_blocked && !is_over(w, now) &&
        is_heard_by_all(w->leg, now)) {
        (void)speak(s, now, now);
    }
}

/* Open loop: all that is due. Returns when the next is. */
static uint64_t speak_due(struct bench_worker *w, uint64_t now)
{
    struct bench_socket *s = speaker_of(w);
    while (s && !s->is_blocked) {
        uint64_t due = bench_pace_due(&w->pace, 0, atomic_load(&w->leg->speech.sent));
        if (due >= w->end_ns) {
            return UINT64_MAX;
        }
        if (due > now) {
            return due;
        }
        if (bench_worker_is_measured(w, due)) {
            bench_histogram_record(&w->tally.late, now - due);
        }
        if (!speak(s, due, now)) {
            break;
        }
    }
    return UINT64_MAX; /* on_drain goes on */
}

/* -------------------------------------------------------------------------------------- hearing */

static void note_receipt(struct bench_socket *s, uint64_t number, uint64_t now)
{
    struct bench_worker *w = s->worker;
    struct bench_speech *speech = &w->leg->speech;
    uint64_t sent = atomic_load(&speech->sent);
    uint64_t *faults = w->tally.counts.faults;
    if (number >= sent) {
        bench_worker_fault(w, BENCH_FAULT_CORRUPT, "a message came that was never sent");
        return;
    }
    if (number < s->expected) {
        bench_worker_fault(w, BENCH_FAULT_REPEATED, "socket %u got a message twice, or late",
                           (unsigned)s->id);
        return;
    }
    if (number > s->expected) {
        bench_worker_fault(w, BENCH_FAULT_MISSING, "socket %u did not get message %" PRIu64,
                           (unsigned)s->id, s->expected);
        faults[BENCH_FAULT_MISSING] += number - s->expected - 1;
    }
    s->expected = number + 1;
    if (sent - number <= BENCH_BROADCAST_TIMES) {
        uint64_t at = atomic_load(&speech->at_ns[number % BENCH_BROADCAST_TIMES]);
        if (bench_worker_is_measured(w, at)) {
            bench_histogram_record(&w->tally.latency, now > at ? now - at : 0);
        }
    }
    if (s->id != 0 && number + 1 == sent) {
        atomic_fetch_add(&speech->heard, 1);
    }
}

static void on_message(void *user, struct tri_ws *ws, enum tri_type type, const uint8_t *data,
                       size_t len)
{
    (void)ws;
    struct bench_socket *s = user;
    struct bench_worker *w = s->worker;
    uint64_t now = tri_client_now_ns();
    if (type != TRI_BINARY) {
        w->tally.messages_in_total++;
        w->tally.bytes_in_total += len;
        return;
    }
    bench_worker_count_in(w, now, len);
    uint64_t number = 0;
    if (bench_content_read(&w->content, 0, s->expected, data, len, &number) == BENCH_LABEL_OWN) {
        note_receipt(s, number, now);
    } else {
        bench_worker_fault(w, BENCH_FAULT_CORRUPT, "a message is not what was sent");
    }
    go_on(w, now);
}

static void on_drain(void *user, struct tri_ws *ws)
{
    (void)ws;
    struct bench_socket *s = user;
    struct bench_worker *w = s->worker;
    uint64_t now = tri_client_now_ns();
    s->is_blocked = false;
    if (w->leg->options->in_flight > 0) {
        go_on(w, now);
    } else {
        bench_worker_wake(w, speak_due(w, now));
    }
}

/* ----------------------------------------------------------------------------------------- load */

static uint64_t on_time(struct bench_worker *w, uint64_t now_ns)
{
    if (w->index != 0) {
        return UINT64_MAX;
    }
    if (w->leg->options->in_flight == 0) {
        return speak_due(w, now_ns);
    }
    go_on(w, now_ns);
    return now_ns + (w->leg->threads > 1 ? POLL_NS : SWEEP_NS);
}

static void start(struct bench_worker *w, uint64_t now_ns)
{
    w->load_due_ns = now_ns;
    if (w->leg->options->in_flight == 0) {
        w->pace = (struct bench_pace){
            .start_ns = now_ns, .interval_ns = 1e9 / w->leg->options->rate, .sockets = 1};
    }
}

/* The speaker says nothing more; all the worker's own sockets have all. */
static bool is_settled(const struct bench_worker *w, uint64_t now_ns)
{
    (void)now_ns;
    uint64_t sent = atomic_load(&w->leg->speech.sent);
    for (size_t i = 0; i < w->sockets_len; i++) {
        const struct bench_socket *s = &w->sockets[i];
        if (s->ws && s->id != 0 && s->expected < sent) {
            return false;
        }
    }
    return true;
}

static void finish(struct bench_worker *w)
{
    uint64_t sent = atomic_load(&w->leg->speech.sent);
    for (size_t i = 0; i < w->sockets_len; i++) {
        const struct bench_socket *s = &w->sockets[i];
        bool need_not_hear = s->id == 0 && s->expected == 0;
        if (s->ws && !need_not_hear && s->expected < sent) {
            bench_worker_fault(w, BENCH_FAULT_MISSING, "socket %u did not get all messages",
                               (unsigned)s->id);
            w->tally.counts.faults[BENCH_FAULT_MISSING] += sent - s->expected - 1;
        }
    }
}

const struct bench_load bench_load_broadcast = {
    .handler = {.on_message = on_message, .on_drain = on_drain},
    .start = start,
    .on_time = on_time,
    .is_settled = is_settled,
    .finish = finish,
};
