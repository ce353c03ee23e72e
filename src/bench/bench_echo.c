/*
 * The load of mode echo: each socket sends messages and judges what comes back.
 *
 * The clock is read once for all that one system call brings: that is the time of these messages and
 * of those that are sent for them. What the client itself takes to hear and to send so many counts as
 * latency, never the other way round. A message is sent from one buffer, in which only its header
 * changes; the library's copy of it, masked, is the only one.
 */
#include "bench_load.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define SWEEP_NS UINT64_C(1000000000)

/* -------------------------------------------------------------------------------------- sending */

/* Sends the next message of |s|, which counts from |at_ns|. False: not now, or never. */
static bool send_one(struct bench_socket *s, uint64_t at_ns, uint64_t now)
{
    struct bench_worker *w = s->worker;
    uint64_t number = s->track.next;
    size_t len = bench_content_len(&w->content, s->id, number);
    const uint8_t *message = bench_content_make(&w->content, s->id, number, len);
    enum tri_err err = tri_ws_send(s->ws, TRI_BINARY, message, len);
    if (err == TRI_ERR_FULL) {
        s->is_blocked = true;
        return false;
    }
    if (err == TRI_OK) {
        bench_worker_count_out(w, now, len);
        err = bench_track_send(&s->track, at_ns, message, len, w->tally.counts.faults);
    }
    if (err != TRI_OK && err != TRI_ERR_CLOSED) { /* on_close tells of one that is closed */
        bench_worker_fault(w, BENCH_FAULT_SEND, "a message could not be sent: %s",
                           tri_err_text(err));
    }
    return err == TRI_OK;
}

static bool can_send(const struct bench_socket *s)
{
    return s->ws && !s->is_blocked;
}

/* -------------------------------------------------------------------------------------- judging */

/* Of the first fault there is a sentence. */
static void note_fault(const struct bench_socket *s, uint64_t number, const char *what)
{
    char *why = s->worker->tally.why;
    if (why[0] == '\0') {
        (void)snprintf(why, BENCH_TEXT_MAX,
                       "an echo on socket %" PRIu32 " %s, about message %" PRIu64, s->id, what,
                       number);
    }
}

static void take_latency(struct bench_worker *w, uint64_t at, uint64_t now)
{
    if (bench_worker_is_measured(w, at)) {
        bench_histogram_record(&w->tally.latency, now > at ? now - at : 0);
    }
}

static void verify(struct bench_socket *s, uint64_t number, const uint8_t *data, size_t len)
{
    struct bench_worker *w = s->worker;
    if (!bench_content_is_same(&w->content, s->id, number, data, len)) {
        w->tally.counts.faults[BENCH_FAULT_CORRUPT]++;
        note_fault(s, number, "is not what was sent");
    }
}

/* |number| is when and what the echo says it is; only the readable come here. */
static void hear(struct bench_socket *s, uint64_t number, const uint8_t *data, size_t len,
                 uint64_t now)
{
    struct bench_worker *w = s->worker;
    uint64_t *faults = w->tally.counts.faults;
    uint64_t at = 0;
    if (number != s->track.low) {
        note_fault(s, number, "did not come in its turn");
    }
    if (!bench_track_hear(&s->track, number, len, faults, &at)) {
        return;
    }
    take_latency(w, at, now);
    if (w->verifies) {
        verify(s, number, data, len);
    }
}

/* One that is not simply the next. */
static void judge(struct bench_socket *s, enum tri_type type, const uint8_t *data, size_t len,
                  uint64_t now)
{
    struct bench_worker *w = s->worker;
    uint64_t number = s->track.low;
    enum bench_label label =
        bench_content_read(&w->content, s->id, s->track.low, data, len, &number);
    if (label == BENCH_LABEL_OWN && type == TRI_BINARY) {
        hear(s, number, data, len, now);
    } else if (label == BENCH_LABEL_OTHER) {
        note_fault(s, number, "is of another socket");
        w->tally.counts.faults[BENCH_FAULT_REPEATED]++;
    } else {
        note_fault(s, s->track.low, "is not what was sent");
        bench_track_spoil(&s->track, w->tally.counts.faults);
    }
}

static void take_echo(struct bench_socket *s, enum tri_type type, const uint8_t *data, size_t len,
                      uint64_t now)
{
    struct bench_worker *w = s->worker;
    uint64_t number = s->track.low, at = 0;
    bench_worker_count_in(w, now, len);
    if (type == TRI_BINARY && bench_track_hear_next(&s->track, data, len, &at)) {
        take_latency(w, at, now);
        if (w->verifies) {
            verify(s, number, data, len);
        }
    } else {
        judge(s, type, data, len, now);
    }
}

static void expire(struct bench_worker *w, uint64_t before_ns)
{
    const uint64_t *missing = &w->tally.counts.faults[BENCH_FAULT_MISSING];
    for (size_t i = 0; i < w->sockets_len; i++) {
        struct bench_socket *s = &w->sockets[i];
        uint64_t before = *missing, first = s->track.first;
        if (s->ws) {
            bench_track_expire(&s->track, before_ns, w->tally.counts.faults);
        }
        if (*missing > before) {
            note_fault(s, first, "never came");
        }
    }
}

/* Messages so old that they are given up, once a second. */
static void sweep(struct bench_worker *w, uint64_t now)
{
    if (now < w->sweep_ns) {
        return;
    }
    w->sweep_ns = now + SWEEP_NS;
    if (now > BENCH_ECHO_TIMEOUT_NS) {
        expire(w, now - BENCH_ECHO_TIMEOUT_NS);
    }
}

/* What was overtaken may still come, for a while. */
static bool is_heard(const struct bench_worker *w, uint64_t now_ns)
{
    bool is_late = now_ns >= w->end_ns + BENCH_LATE_TIMEOUT_NS;
    for (size_t i = 0; i < w->sockets_len; i++) {
        const struct bench_socket *s = &w->sockets[i];
        if (s->ws && (s->track.waiting > 0 || (!is_late && s->track.first < s->track.next))) {
            return false;
        }
    }
    return true;
}

static bool init_tracks(struct bench_worker *w)
{
    for (size_t i = 0; i < w->sockets_len; i++) {
        if (bench_track_init(&w->sockets[i].track, w->leg->options->in_flight) != TRI_OK) {
            bench_worker_fault(w, BENCH_FAULT_SEND, "memory is short");
            atomic_store(&w->leg->is_cancelled, true);
            return false;
        }
    }
    return true;
}

/* ---------------------------------------------------------------------------------- closed loop */

static void fill(struct bench_socket *s, uint64_t now)
{
    struct bench_worker *w = s->worker;
    while (can_send(s) && s->track.waiting < w->leg->options->in_flight && now < w->end_ns &&
           send_one(s, now, now)) {}
}

static void on_message(void *user, struct tri_ws *ws, enum tri_type type, const uint8_t *data,
                       size_t len)
{
    (void)ws;
    struct bench_socket *s = user;
    uint64_t now = tri_client_input_ns(s->worker->client);
    take_echo(s, type, data, len, now);
    fill(s, now);
}

static void on_drain(void *user, struct tri_ws *ws)
{
    (void)ws;
    struct bench_socket *s = user;
    s->is_blocked = false;
    fill(s, tri_client_now_ns());
}

static void fill_all(struct bench_worker *w, uint64_t now)
{
    for (size_t i = 0; i < w->sockets_len; i++) {
        fill(&w->sockets[i], now);
    }
}

static uint64_t on_time(struct bench_worker *w, uint64_t now_ns)
{
    sweep(w, now_ns);
    fill_all(w, now_ns);
    return w->sweep_ns;
}

static void start(struct bench_worker *w, uint64_t now_ns)
{
    if (init_tracks(w)) {
        fill_all(w, now_ns);
        w->sweep_ns = now_ns + SWEEP_NS;
        w->load_due_ns = w->sweep_ns;
    }
}

static void finish(struct bench_worker *w)
{
    expire(w, UINT64_MAX);
}

const struct bench_load bench_load_echo = {
    .handler = {.on_message = on_message, .on_drain = on_drain},
    .start = start,
    .on_time = on_time,
    .is_settled = is_heard,
    .finish = finish,
};

/* ------------------------------------------------------------------------------------ open loop */

/* When the next message of |s| is due; UINT64_MAX: none any more. */
static uint64_t due_of(const struct bench_socket *s)
{
    uint64_t due = bench_pace_due(&s->worker->pace, s->index, s->track.next);
    return due < s->worker->end_ns ? due : UINT64_MAX;
}

static bool send_due(struct bench_socket *s, uint64_t due, uint64_t now)
{
    if (bench_worker_is_measured(s->worker, due)) {
        bench_histogram_record(&s->worker->tally.late, now - due);
    }
    return send_one(s, due, now);
}

/* All that is due, in order of time over all sockets. One that is blocked is passed over: its
 * messages go when it drains. Returns when the next is due. */
static uint64_t send_all_due(struct bench_worker *w, uint64_t now)
{
    for (;; w->paced++) {
        struct bench_socket *s = &w->sockets[w->paced % w->sockets_len];
        uint64_t number = w->paced / w->sockets_len;
        uint64_t due = bench_pace_due(&w->pace, s->index, number);
        if (due >= w->end_ns) {
            return UINT64_MAX;
        }
        if (due > now) {
            return due;
        }
        if (can_send(s) && s->track.next == number) {
            (void)send_due(s, due, now);
        }
    }
}

static void on_paced_message(void *user, struct tri_ws *ws, enum tri_type type, const uint8_t *data,
                             size_t len)
{
    (void)ws;
    struct bench_socket *s = user;
    struct bench_worker *w = s->worker;
    uint64_t now = tri_client_input_ns(w->client);
    take_echo(s, type, data, len, now);
    if (now >= w->load_due_ns) { /* before the timer comes to it */
        w->load_due_ns = send_all_due(w, now);
    }
}

static void on_paced_drain(void *user, struct tri_ws *ws)
{
    (void)ws;
    struct bench_socket *s = user;
    s->is_blocked = false;
    uint64_t now = tri_client_now_ns();
    for (uint64_t due = due_of(s); due <= now && can_send(s); due = due_of(s)) {
        if (!send_due(s, due, now)) {
            break;
        }
    }
}

static uint64_t on_paced_time(struct bench_worker *w, uint64_t now_ns)
{
    sweep(w, now_ns);
    uint64_t due = send_all_due(w, now_ns);
    return due < w->sweep_ns ? due : w->sweep_ns;
}

/* The worker's part of the rate is its part of the sockets; the workers' beats lie between each
 * other's. */
static void start_paced(struct bench_worker *w, uint64_t now_ns)
{
    const struct bench_leg *leg = w->leg;
    double interval = 1e9 * (double)leg->sockets / (leg->options->rate * (double)w->sockets_len);
    w->pace = (struct bench_pace){
        .start_ns = now_ns + (uint64_t)(interval * (double)w->index / (double)leg->threads),
        .interval_ns = interval,
        .sockets = w->sockets_len,
    };
    if (init_tracks(w)) {
        w->sweep_ns = now_ns + SWEEP_NS;
        w->load_due_ns = w->pace.start_ns;
    }
}

static bool is_paced_heard(const struct bench_worker *w, uint64_t now_ns)
{
    for (size_t i = 0; i < w->sockets_len; i++) {
        if (w->sockets[i].ws && due_of(&w->sockets[i]) != UINT64_MAX) {
            return false;
        }
    }
    return is_heard(w, now_ns);
}

/* How many messages of |s| were due and never sent. */
static uint64_t count_unsent(const struct bench_socket *s)
{
    const struct bench_worker *w = s->worker;
    if (due_of(s) == UINT64_MAX) {
        return 0;
    }
    double beats = (double)(w->end_ns - w->pace.start_ns) / w->pace.interval_ns;
    double all = ceil((beats - (double)s->index) / (double)w->pace.sockets);
    return all > (double)s->track.next ? (uint64_t)all - s->track.next : 1;
}

static void finish_paced(struct bench_worker *w)
{
    for (size_t i = 0; i < w->sockets_len; i++) {
        uint64_t unsent = w->sockets[i].ws ? count_unsent(&w->sockets[i]) : 0;
        if (unsent > 0) {
            bench_worker_fault(
                w, BENCH_FAULT_SEND,
                "the server took too little: messages that were due were never sent");
            w->tally.counts.faults[BENCH_FAULT_SEND] += unsent - 1;
        }
    }
    expire(w, UINT64_MAX);
}

const struct bench_load bench_load_paced = {
    .handler = {.on_message = on_paced_message, .on_drain = on_paced_drain},
    .start = start_paced,
    .on_time = on_paced_time,
    .is_settled = is_paced_heard,
    .finish = finish_paced,
};
