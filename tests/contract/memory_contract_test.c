/*
 * A thousand sockets, each just short of a message of 16 MiB, over each HTTP: the server stays within
 * its limit of memory, each that would take it over ends with 1013, and who sends small messages does
 * not notice, not even on the same connection. Row E10.
 */
#include "base_budget.h"
#include "base_random.h"
#include "base_timeout.h"
#include "fixture.h"
#include "ws_frame.h"
#include "ws_session.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#define MIB ((size_t)(1024 * 1024))
#define LIMIT_BYTES (32 * MIB)
#define MESSAGE_BYTES (16 * MIB)
#define PIECE_BYTES ((size_t)(64 * 1024))

enum { SOCKETS = 1000, SOCKETS_A_CONN = 100 };

struct crowd;

struct member {
    struct crowd *crowd;
    struct fixture *f;
    int stream;
    struct tri_session *session; /* NULL once closed */
    bool is_over;                /* its peer knows that it was refused */
    size_t sent;                 /* of its message, without the header */
    size_t largest;              /* message that it was given whole */
};

struct crowd {
    const struct fixture_ops *t;
    struct tri_budget budget;
    struct tri_limits limits;
    struct tri_session_worker worker;
    struct fixture *conns[SOCKETS + 1];
    size_t conns_len;
    struct member members[SOCKETS + 1]; /* the last, and the one before it, talk */
    size_t len;
    size_t peak; /* bytes that the server held */
    uint8_t *piece;
};

static void take_message(void *owner, enum tri_type type, const uint8_t *data, size_t len)
{
    struct member *m = owner;
    m->largest = len > m->largest ? len : m->largest;
    if (len < 100) {
        assert_int_equal(tri_session_send(m->session, type, data, len), TRI_OK);
    }
}

static void take_close(void *owner, const struct tri_ws_end *end)
{
    struct member *m = owner;
    m->session = NULL;
    assert_true(!m->is_over || end->code == TRI_CLOSE_TRY_AGAIN_LATER);
}

static const struct tri_session_events events = {.on_message = take_message,
                                                 .on_close = take_close};

static void take_request(void *user, struct tri_exchange *x, const struct tri_request_head *head)
{
    (void)head;
    struct crowd *c = user;
    struct member *m = &c->members[c->len++];
    m->crowd = c;
    const struct tri_session_setup setup = {
        .role = TRI_SESSION_SERVER, .stream = &x->stream, .events = &events, .owner = m};
    assert_int_equal(tri_session_new(&m->session, &c->worker, &setup), TRI_OK);
    const struct tri_response response = {.answer = TRI_ANSWER_WEBSOCKET,
                                          .content_length = TRI_LENGTH_NONE,
                                          .events = &tri_session_stream_events,
                                          .session = m->session};
    assert_int_equal(x->ops->respond(x, &response), TRI_OK);
}

static void ignore_cancel(void *user, struct tri_exchange *x)
{
    (void)user;
    (void)x;
}

static void ignore_wake(void *user)
{
    (void)user;
}

static const struct tri_exchange_events exchange_events = {
    .on_request = take_request, .on_cancel = ignore_cancel, .on_wake = ignore_wake};

static struct crowd *open_crowd(const struct fixture_ops *t)
{
    struct crowd *c = calloc(1, sizeof *c);
    assert_non_null(c);
    c->t = t;
    c->piece = calloc(1, PIECE_BYTES);
    assert_non_null(c->piece);
    tri_budget_init(&c->budget, tri_alloc_heap(), LIMIT_BYTES);
    tri_limits_default(&c->limits);
    c->limits.ping_interval_ms = 0;
    c->limits.idle_timeout_ms = 0;
    assert_int_equal(
        tri_session_worker_init(&c->worker, &c->budget.alloc, &c->limits, tri_random_system()),
        TRI_OK);
    c->worker.budget = &c->budget;
    return c;
}

static void close_crowd(struct crowd *c)
{
    for (size_t i = 0; i < c->conns_len; i++) {
        c->t->close(c->conns[i]);
    }
    tri_session_worker_deinit(&c->worker);
    assert_int_equal(c->budget.bytes, 0);
    free(c->piece);
    free(c);
}

/* Moves the bytes of one connection, and remembers how much the server held. */
static void run(struct crowd *c, struct fixture *f)
{
    /* Each connection has a clock of its own; a server's does not go backwards. */
    const uint64_t now_ns = c->t->now_ns(f);
    c->worker.now_ns = now_ns > c->worker.now_ns ? now_ns : c->worker.now_ns;
    c->t->run(f);
    c->peak = c->budget.bytes > c->peak ? c->budget.bytes : c->peak;
}

static struct member *join(struct crowd *c, bool on_new_conn)
{
    if (on_new_conn) {
        struct fixture *f = c->t->open(&c->budget.alloc, &c->limits, &exchange_events, c);
        assert_non_null(f);
        c->conns[c->conns_len++] = f;
    }
    struct fixture *f = c->conns[c->conns_len - 1];
    const size_t before = c->len;
    const int stream = c->t->request(f, &(struct fixture_request){.protocol = "websocket"});
    run(c, f);
    assert_int_equal(c->len, before + 1);
    struct member *m = &c->members[before];
    m->f = f;
    m->stream = stream;
    return m;
}

/* The mask is all zero. */
static void send_header(struct member *m, size_t len)
{
    const struct tri_frame frame = {
        .opcode = TRI_OP_BINARY, .fin = true, .masked = true, .payload_len = len};
    uint8_t header[TRI_FRAME_HEADER_MAX];
    m->crowd->t->send(m->f, m->stream, header, tri_frame_encode(&frame, header));
}

/* Whether its peer was told 1013. */
static bool is_refused(const struct member *m)
{
    static const uint8_t close_1013[] = {0x03, 0xf5};
    struct fixture_seen seen;
    m->crowd->t->seen(m->f, m->stream, &seen);
    if (seen.body.len == 0) {
        return false;
    }
    assert_true(seen.body.len > 4);
    assert_int_equal(seen.body.data[0], 0x88); /* a Close, and nothing else */
    assert_memory_equal(seen.body.data + 2, close_1013, sizeof close_1013);
    return true;
}

static void push(struct member *m)
{
    const size_t left = MESSAGE_BYTES - 1 - m->sent;
    const size_t len = left < PIECE_BYTES ? left : PIECE_BYTES;
    if (len > 0 && !m->is_over) {
        m->crowd->t->send(m->f, m->stream, m->crowd->piece, len);
        m->sent += len;
        run(m->crowd, m->f);
        m->is_over = is_refused(m);
    }
}

/* A byte there and back. */
static void talk(struct member *m)
{
    struct crowd *c = m->crowd;
    struct fixture_seen seen;
    send_header(m, 1);
    c->t->send(m->f, m->stream, "x", 1);
    run(c, m->f);
    c->t->seen(m->f, m->stream, &seen);
    assert_int_equal(seen.body.len, 3);
    assert_memory_equal(seen.body.data, "\x82\x01x", 3);
    c->t->forget(m->f, m->stream, seen.body.len);
}

static size_t count_left(const struct crowd *c, size_t sockets)
{
    size_t left = 0;
    for (size_t i = 0; i < sockets; i++) {
        left += !c->members[i].is_over;
    }
    return left;
}

static void finish_one(struct crowd *c, size_t sockets)
{
    for (size_t i = 0; i < sockets; i++) {
        struct member *m = &c->members[i];
        if (!m->is_over && m->sent == MESSAGE_BYTES - 1) {
            c->t->send(m->f, m->stream, "x", 1);
            run(c, m->f);
            assert_int_equal(m->largest, MESSAGE_BYTES);
            return;
        }
    }
    fail();
}

static void press(const struct fixture_ops *t, size_t sockets)
{
    struct crowd *c = open_crowd(t);
    for (size_t i = 0; i < sockets; i++) {
        struct member *m = join(c, i == 0 || !t->many_streams || i % SOCKETS_A_CONN == 0);
        send_header(m, MESSAGE_BYTES);
    }
    struct member *bystander = join(c, !t->many_streams); /* beside a hundred of them if it can */
    for (size_t round = 0; round < MESSAGE_BYTES / PIECE_BYTES; round++) {
        for (size_t i = 0; i < sockets; i++) {
            push(&c->members[i]);
        }
        talk(bystander);
    }
    assert_in_range(count_left(c, sockets), 1, LIMIT_BYTES / MESSAGE_BYTES);
    assert_true(c->peak > LIMIT_BYTES / 2);
    assert_true(c->peak <= LIMIT_BYTES + sockets * TRI_MEMORY_SMALL_BYTES);
    finish_one(c, sockets);
    close_crowd(c);
}

static void E10_a_thousand_messages_in_the_making_stay_within_the_limit_on_h1(void **state)
{
    (void)state;
    press(&fixture_h1, SOCKETS);
}

static void E10_a_thousand_messages_in_the_making_stay_within_the_limit_on_h2(void **state)
{
    (void)state;
    press(&fixture_h2, SOCKETS);
}

static void E10_a_thousand_messages_in_the_making_stay_within_the_limit_on_h3(void **state)
{
    (void)state;
    press(&fixture_h3, SOCKETS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(E10_a_thousand_messages_in_the_making_stay_within_the_limit_on_h1),
        cmocka_unit_test(E10_a_thousand_messages_in_the_making_stay_within_the_limit_on_h2),
        cmocka_unit_test(E10_a_thousand_messages_in_the_making_stay_within_the_limit_on_h3),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
