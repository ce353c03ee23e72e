/*
 * One slow socket among a hundred, on one connection: the others do not notice, and what it costs
 * is bounded. Slow is an application that does not read, and a peer that does not. Row E5, E6, W6.
 */
#include "contract_sockets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define KIB ((size_t)1024)
#define MIB ((size_t)(1024 * 1024))

enum { SOCKETS = 100, ROUNDS = 20, SAMPLES = (SOCKETS - 1) * ROUNDS };

#define PUSHED_BYTES (64 * MIB)
#define PUSH_BYTES (64 * KIB) /* a message of the client that is not read */

/* Bytes that the client's HTTP/3 engine has taken, which counts as sent, though the window is shut. */
#define ENGINE_BYTES (4 * KIB)

/* The owner: an echo, but for the one that counts. */
struct isolation {
    struct contract_sockets sockets;
    struct contract_socket *slow;
    size_t slow_bytes, slow_messages;
    size_t pushed;       /* bytes that the slow one's client was told to send, headers included */
    size_t pushes;       /* messages */
    uint8_t *push_bytes; /* the payload of each */
    uint64_t samples_ns[SAMPLES];
    size_t samples_len;
};

static void count_slow(struct isolation *i, const uint8_t *data, size_t len)
{
    assert_int_equal(len, PUSH_BYTES);
    assert_memory_equal(data, i->push_bytes, len);
    i->slow_bytes += len;
    i->slow_messages++;
}

static void on_message(void *owner, enum tri_type type, const uint8_t *data, size_t len)
{
    struct contract_socket *socket = owner;
    struct isolation *i = socket->extra;
    if (socket == i->slow) {
        count_slow(i, data, len);
    } else {
        assert_int_equal(tri_session_send(socket->session, type, data, len), TRI_OK);
    }
}

static const struct tri_session_events echo_events = {
    .on_message = on_message,
    .on_drain = NULL,
    .on_close = contract_socket_on_close,
};

static struct isolation *open_isolation(struct contract *c, size_t sockets)
{
    struct isolation *i = calloc(1, sizeof *i);
    assert_non_null(i);
    i->push_bytes = malloc(PUSH_BYTES);
    assert_non_null(i->push_bytes);
    for (size_t n = 0; n < PUSH_BYTES; n++) {
        i->push_bytes[n] = (uint8_t)(n * 7 + n / 256);
    }
    contract_sockets_init(&i->sockets, c, &echo_events);
    for (size_t n = 0; n < sockets; n++) {
        contract_sockets_open(&i->sockets)->extra = i;
    }
    i->slow = &i->sockets.all[sockets / 2];
    return i;
}

static void close_isolation(struct isolation *i)
{
    contract_sockets_deinit(&i->sockets);
    free(i->push_bytes);
    free(i);
}

/* ---- echoes */

struct echo {
    const char *text;
    size_t len, messages;
};

static void take_echo(void *user, const struct tri_frame *frame, uint64_t left,
                      struct tri_slice data)
{
    struct echo *e = user;
    assert_int_equal(frame->opcode, TRI_OP_TEXT);
    assert_int_equal(left, 0);
    assert_int_equal(data.len, e->len);
    assert_memory_equal(data.data, e->text, e->len);
    e->messages++;
}

/* Nothing here waits, so this thread's time is all there is, and other programs do not add to it. */
static uint64_t read_clock_ns(void)
{
    struct timespec t;
    assert_int_equal(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t), 0);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* Returns how long it took. */
static uint64_t echo_once(struct isolation *i, struct contract_socket *socket, size_t round)
{
    char text[64];
    int len = snprintf(text, sizeof text, "round %zu of socket %d", round, socket->stream);
    struct echo e = {.text = text, .len = (size_t)len};
    const uint64_t start_ns = read_clock_ns();
    contract_socket_send_header(&i->sockets, socket, TRI_OP_TEXT, true, e.len);
    contract_socket_send(&i->sockets, socket, text, e.len);
    contract_sockets_run(&i->sockets);
    const uint64_t took_ns = read_clock_ns() - start_ns;
    contract_socket_read(&i->sockets, socket, take_echo, &e);
    assert_int_equal(e.messages, 1);
    return took_ns;
}

static int compare_ns(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a;
    const uint64_t y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static uint64_t find_p99_ns(struct isolation *i)
{
    assert_true(i->samples_len > 0);
    qsort(i->samples_ns, i->samples_len, sizeof i->samples_ns[0], compare_ns);
    return i->samples_ns[i->samples_len * 99 / 100];
}

/* ---- an application that does not read one socket */

/* Keeps the slow one's client busy: whenever all was sent, there is another message. */
static void push(struct isolation *i)
{
    const size_t pushes_max = PUSHED_BYTES / PUSH_BYTES;
    while (i->pushes < pushes_max && contract_socket_unsent(&i->sockets, i->slow) < PUSH_BYTES) {
        contract_socket_send_header(&i->sockets, i->slow, TRI_OP_BINARY, true, PUSH_BYTES);
        contract_socket_send(&i->sockets, i->slow, i->push_bytes, PUSH_BYTES);
        i->pushed += TRI_FRAME_HEADER_MAX + PUSH_BYTES;
        i->pushes++;
    }
}

/* Every other socket echoes, in turn, while the slow one's client pushes what it can. */
static void echo_rounds(struct isolation *i, bool pushes)
{
    i->samples_len = 0;
    for (size_t round = 0; round < ROUNDS; round++) {
        for (size_t n = 0; n < i->sockets.len; n++) {
            if (pushes) {
                push(i);
            }
            if (&i->sockets.all[n] != i->slow) {
                i->samples_ns[i->samples_len++] = echo_once(i, &i->sockets.all[n], round);
            }
        }
    }
}

static bool has_many_streams(const struct fixture_ops *t)
{
    return t->many_streams;
}

static void read_all(struct isolation *i)
{
    tri_session_resume(i->slow->session);
    contract_sockets_run(&i->sockets);
    while (i->pushes < PUSHED_BYTES / PUSH_BYTES) {
        push(i);
        contract_sockets_run(&i->sockets);
        assert_int_equal(contract_socket_unsent(&i->sockets, i->slow), 0);
    }
    assert_int_equal(i->slow_bytes, PUSHED_BYTES);
    assert_int_equal(i->slow_messages, PUSHED_BYTES / PUSH_BYTES);
}

/* The slow one was told nothing, its client is stopped, and little is held because of it. */
static void assert_stopped(struct isolation *i, size_t bytes_before)
{
    const struct contract *c = i->sockets.c;
    const size_t held_max = c->t->held_bytes_max;
    assert_int_equal(i->slow_messages, 0);
    const size_t sent = i->pushed - contract_socket_unsent(&i->sockets, i->slow);
    assert_in_range(sent, held_max / 2, held_max + ENGINE_BYTES);
    assert_true(c->alloc.bytes_peak - bytes_before <= held_max + c->limits.queue_bytes_max);
}

static void E6_a_paused_socket_stops_its_client(struct contract *c)
{
    struct isolation *i = open_isolation(c, 1);
    tri_session_pause(i->slow->session);
    const size_t before = c->alloc.bytes;
    test_alloc_restart_peak(&c->alloc);
    for (int n = 0; n < 100; n++) {
        push(i);
        contract_sockets_run(&i->sockets);
    }
    assert_stopped(i, before);
    assert_int_equal(tri_session_send(i->slow->session, TRI_TEXT, (const uint8_t *)"out", 3),
                     TRI_OK);
    contract_sockets_run(&i->sockets);
    struct echo e = {.text = "out", .len = 3};
    contract_socket_read(&i->sockets, i->slow, take_echo, &e);
    assert_int_equal(e.messages, 1);
    read_all(i);
    c->t->advance(c->f, 1000);
    assert_true(c->alloc.bytes <= before + c->t->held_bytes_max / 2); /* it has gone again */
    close_isolation(i);
}

static void E5_E6_a_paused_socket_delays_no_sibling(struct contract *c)
{
    struct isolation *i = open_isolation(c, SOCKETS);
    echo_rounds(i, false);
    const uint64_t without_ns = find_p99_ns(i);
    tri_session_pause(i->slow->session);
    const size_t before = c->alloc.bytes;
    test_alloc_restart_peak(&c->alloc);
    echo_rounds(i, true);
    const uint64_t with_ns = find_p99_ns(i);
    print_message("%s: p99 of an echo %.0f us, without the paused socket %.0f us (%.2fx)\n",
                  c->t->name, (double)with_ns / 1e3, (double)without_ns / 1e3,
                  (double)with_ns / (double)without_ns);
    assert_stopped(i, before);
    read_all(i);
    (void)echo_once(i, &i->sockets.all[0], ROUNDS);
    close_isolation(i);
}

/* ---- a peer that does not read one socket */

/* Sends until the queue is full; returns how many messages it took. */
static size_t fill_queue(struct isolation *i)
{
    size_t taken = 0;
    enum tri_err err = TRI_OK;
    while (err == TRI_OK && taken < PUSHED_BYTES / PUSH_BYTES) {
        err = tri_session_send(i->slow->session, TRI_BINARY, i->push_bytes, PUSH_BYTES);
        taken += err == TRI_OK;
        contract_sockets_run(&i->sockets);
    }
    assert_int_equal(err, TRI_ERR_FULL);
    return taken;
}

struct taken {
    struct isolation *i;
    size_t bytes;
};

static void take_pushed(void *user, const struct tri_frame *frame, uint64_t left,
                        struct tri_slice data)
{
    struct taken *t = user;
    assert_int_equal(frame->payload_len, PUSH_BYTES);
    const size_t at = PUSH_BYTES - (size_t)left - data.len;
    assert_memory_equal(data.data, t->i->push_bytes + at, data.len);
    t->bytes += data.len;
}

static void E5_W6_a_peer_that_reads_nothing_fills_one_queue(struct contract *c)
{
    struct isolation *i = open_isolation(c, c->t->many_streams ? SOCKETS : 1);
    c->t->pause(c->f, i->slow->stream, true);
    const size_t before = c->alloc.bytes;
    test_alloc_restart_peak(&c->alloc);
    const size_t taken = fill_queue(i);
    assert_true(tri_session_queued_bytes(i->slow->session) <= c->limits.queue_bytes_max);
    echo_rounds(i, false);
    if (c->t != &fixture_fake) { /* whose peer has the same heap */
        assert_true(c->alloc.bytes_peak - before <= 2 * c->limits.queue_bytes_max);
    }
    c->t->pause(c->f, i->slow->stream, false);
    contract_sockets_run(&i->sockets);
    struct taken t = {.i = i};
    contract_socket_read(&i->sockets, i->slow, take_pushed, &t);
    assert_int_equal(t.bytes, taken * PUSH_BYTES);
    c->t->advance(c->f, 1000); /* the last acknowledgement may be delayed */
    assert_int_equal(tri_session_queued_bytes(i->slow->session), 0);
    close_isolation(i);
}

static const struct contract_case cases[] = {
    {"E6: a paused socket stops its client", E6_a_paused_socket_stops_its_client, NULL},
    {"E5 E6: a paused socket delays no sibling", E5_E6_a_paused_socket_delays_no_sibling,
     has_many_streams},
    {"E5 W6: a peer that reads nothing fills one queue",
     E5_W6_a_peer_that_reads_nothing_fills_one_queue, NULL},
};

int main(void)
{
    return contract_run("isolation contract", cases, sizeof cases / sizeof cases[0]);
}
