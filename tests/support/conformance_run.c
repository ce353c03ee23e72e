/* Cases over transports: see the header. */
#include "conformance_run.h"

#include "conformance_socket.h"

#include "base_random.h"
#include "base_timeout.h"

#include <assert.h>
#include <stdlib.h>

#define MIB ((size_t)1024 * 1024)

/* The server's clock stands still, so that all of a script falls into one second. */
#define NOW_NS (1000 * TRI_NS_PER_MS)

const char *conformance_mode_name(enum tri_deflate mode)
{
    static const char *const names[] = {"off", "shared", "dedicated"};
    return names[mode];
}

/* --- the server */

static void on_request(void *user, struct tri_exchange *x, const struct tri_request_head *head)
{
    struct conformance_batch *b = user;
    const struct tri_field *field = tri_request_head_field(head, CONFORMANCE_CASE_FIELD);
    assert(field && field->value.len == 3);
    const uint8_t *digits = field->value.data;
    const size_t i =
        (size_t)(digits[0] - '0') * 100 + (size_t)(digits[1] - '0') * 10 + (digits[2] - '0');
    assert(i < b->len);
    const struct conformance_echo_options options = {
        .worker = &b->worker, .mode = b->v->mode, .in_pieces = b->v->in_pieces};
    conformance_echo_accept(&b->sockets[i].echo, x, head, &options);
}

static void on_cancel(void *user, struct tri_exchange *x)
{
    (void)user;
    (void)x;
    assert(!"each request is answered at once");
}

static void on_wake(void *user)
{
    (void)user;
}

static const struct tri_exchange_events exchange_events = {
    .on_request = on_request,
    .on_cancel = on_cancel,
    .on_wake = on_wake,
};

static void set_limits(struct tri_limits *limits, enum conformance_limits which)
{
    tri_limits_default(limits);
    limits->queue_bytes_max = 64 * MIB;     /* the echo never waits */
    limits->deflate_bytes_max = 1024 * MIB; /* nor does it get less than it asks for */
    limits->ping_interval_ms = 0;
    switch (which) {
    case LIMITS_DEFAULT:
        break;
    case LIMITS_TIGHT:
        limits->message_bytes_max = 1000;
        limits->fragments_max = 8;
        limits->control_frames_max = 10;
        break;
    case LIMITS_WIDE:
        limits->deflate_window_bits = 15;
        limits->deflate_bytes_least = 0;
        break;
    }
}

/* Moves all that moves; a session may want several turns for one message. */
static void run(struct conformance_batch *b)
{
    b->v->transport->run(b->f);
    while (tri_session_worker_deadline_ns(&b->worker) <= NOW_NS) {
        tri_session_worker_expire(&b->worker, NOW_NS);
        b->v->transport->run(b->f);
    }
}

/* --- a connection's life */

static void open_batch(struct conformance_batch *b, enum conformance_limits limits)
{
    test_alloc_init(&b->heap);
    set_limits(&b->limits, limits);
    const enum tri_err err =
        tri_session_worker_init(&b->worker, &b->heap.alloc, &b->limits, tri_random_system());
    assert(err == TRI_OK);
    (void)err;
    b->worker.now_ns = NOW_NS;
    b->f = b->v->transport->open(&b->heap.alloc, &b->limits, &exchange_events, b);
    assert(b->f);
    if (b->v->transport->pieces) {
        b->v->transport->pieces(b->f, SIZE_MAX);
    }
}

static void deliver(struct conformance_batch *b)
{
    bool moves = true;
    while (moves) {
        moves = false;
        for (size_t i = 0; i < b->len; i++) {
            moves = conformance_socket_step(b, &b->sockets[i]) || moves;
        }
        run(b);
    }
}

static bool is_all_closed(const struct conformance_batch *b)
{
    for (size_t i = 0; i < b->len; i++) {
        if (b->sockets[i].echo.session) {
            return false;
        }
    }
    return true;
}

/* The client ends its direction, as it must after a Close. RFC 6455 section 7.1.1 */
static void finish(struct conformance_batch *b)
{
    for (size_t i = 0; i < b->len; i++) {
        b->v->transport->fin(b->f, b->sockets[i].stream);
    }
    run(b);
    if (!is_all_closed(b)) {
        b->v->transport->advance(b->f, TRI_LINGER_MS);
    }
}

static bool close_batch(struct conformance_batch *b)
{
    b->v->transport->close(b->f);
    for (size_t i = 0; i < b->len; i++) {
        conformance_socket_end(b, &b->sockets[i]);
    }
    tri_session_worker_deinit(&b->worker);
    return b->heap.live == 0;
}

/* False if memory was left. */
static bool run_connection(struct conformance_batch *b)
{
    open_batch(b, b->sockets[0].result->one->limits);
    for (size_t i = 0; i < b->len; i++) {
        conformance_socket_request(b, i);
    }
    run(b);
    for (size_t i = 0; i < b->len; i++) {
        conformance_socket_prepare(b, &b->sockets[i]);
    }
    deliver(b);
    for (size_t i = 0; i < b->len; i++) {
        conformance_socket_compare(b, &b->sockets[i]);
    }
    finish(b);
    return close_batch(b);
}

static void run_alone(const struct conformance_variant *v, struct conformance_result *result)
{
    struct conformance_batch *b = calloc(1, sizeof *b);
    assert(b);
    b->v = v;
    b->len = 1;
    b->sockets[0].result = result;
    if (!run_connection(b)) {
        conformance_socket_blame(b, &b->sockets[0], "memory was left: %zu blocks", b->heap.live);
    }
    free(b);
}

static void run_batch(struct conformance_batch *b)
{
    const bool is_clean = run_connection(b);
    for (size_t i = 0; i < b->len; i++) {
        b->sockets[i].result->runs++;
    }
    for (size_t i = 0; i < b->len && !is_clean; i++) {
        run_alone(b->v, b->sockets[i].result); /* whose was it? */
    }
    const struct conformance_variant *v = b->v;
    *b = (struct conformance_batch){.v = v};
}

/* --- all */

bool conformance_applies(const struct conformance_case *one, const struct conformance_variant *v)
{
    if (v->squeezes && (v->mode == TRI_DEFLATE_OFF || (one->flags & (CASE_PLAIN | CASE_DEFLATE)))) {
        return false;
    }
    return (one->flags & (v->in_pieces ? CASE_WHOLE : CASE_PIECES)) == 0;
}

void conformance_run(const struct conformance_variant *v, struct conformance_result *results,
                     size_t len)
{
    const size_t max = v->transport->many_streams ? FIXTURE_STREAMS_MAX : 1;
    struct conformance_batch *b = calloc(1, sizeof *b);
    assert(b);
    b->v = v;
    for (size_t i = 0; i < len; i++) {
        if (!conformance_applies(results[i].one, v)) {
            continue;
        }
        if (b->len == max ||
            (b->len > 0 && b->sockets[0].result->one->limits != results[i].one->limits)) {
            run_batch(b);
        }
        b->sockets[b->len++].result = &results[i];
    }
    if (b->len > 0) {
        run_batch(b);
    }
    free(b);
}
