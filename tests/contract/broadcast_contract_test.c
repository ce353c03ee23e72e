/*
 * One message to a thousand sockets, over all three HTTPs at once: it is framed, and compressed,
 * once; nobody copies it; everybody gets it. Row W8.
 */
#include "base_random.h"
#include "fixture.h"
#include "test_alloc.h"
#include "ws_session.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#define MESSAGE_BYTES ((size_t)1024)
#define CONNS_MAX 256

/* So many connections of each kind, with so many sockets each: a thousand together. */
static const struct {
    const struct fixture_ops *t;
    unsigned conns, sockets;
} plan[] = {
    {&fixture_h1, 200, 1},
    {&fixture_h2, 4, 100},
    {&fixture_h3, 4, 100},
};

struct member {
    struct session_spy {
        struct tri_session *session;
        size_t shared_bytes; /* that the transport was shown in the payload's own memory */
    } spy;
    struct room *room;
    unsigned closes;
};

struct conn {
    struct room *room;
    const struct fixture_ops *t;
    struct fixture *f;
    unsigned sockets;
};

struct room {
    struct test_alloc heap; /* of the sessions, the worker and the payload */
    struct tri_limits limits;
    struct tri_session_worker worker;
    struct tri_deflate_params deflate;
    struct conn conns[CONNS_MAX];
    size_t conns_len;
    struct member members[1000];
    size_t members_len;
    struct tri_payload *payload; /* being broadcast */
};

/* --- between transport and session: does it get the payload's own bytes? */

static bool is_within(struct tri_slice part, struct tri_slice whole)
{
    return whole.len > 0 && part.data >= whole.data &&
           part.data + part.len <= whole.data + whole.len;
}

static size_t spy_peek(void *user, struct tri_slice *out, size_t out_max, bool *fin)
{
    struct member *m = user;
    const size_t n = tri_session_stream_events.peek(m->spy.session, out, out_max, fin);
    for (size_t i = 0; i < n && m->room->payload; i++) {
        struct tri_payload *p = m->room->payload;
        const unsigned bits = m->room->deflate.server_max_window_bits;
        if (is_within(out[i], tri_payload_frame(p)) ||
            (bits > 0 &&
             is_within(out[i], tri_payload_deflated(p, &m->room->worker.deflate, bits)))) {
            m->spy.shared_bytes =
                out[i].len > m->spy.shared_bytes ? out[i].len : m->spy.shared_bytes;
        }
    }
    return n;
}

static void spy_sent(void *user, size_t len)
{
    tri_session_stream_events.on_sent(((struct member *)user)->spy.session, len);
}

static void spy_released(void *user, size_t len)
{
    tri_session_stream_events.on_released(((struct member *)user)->spy.session, len);
}

static void spy_data(void *user, const uint8_t *data, size_t len)
{
    tri_session_stream_events.on_data(((struct member *)user)->spy.session, data, len);
}

static void spy_fin(void *user)
{
    tri_session_stream_events.on_fin(((struct member *)user)->spy.session);
}

static void spy_closed(void *user, enum tri_stream_cause cause)
{
    tri_session_stream_events.on_closed(((struct member *)user)->spy.session, cause);
}

static const struct tri_stream_events spy_events = {
    .on_data = spy_data,
    .on_fin = spy_fin,
    .peek = spy_peek,
    .on_sent = spy_sent,
    .on_released = spy_released,
    .on_closed = spy_closed,
};

/* --- a thousand sockets */

static void count_close(void *owner, const struct tri_ws_end *end)
{
    (void)end;
    ((struct member *)owner)->closes++;
}

static const struct tri_session_events session_events = {.on_close = count_close};

static void accept_socket(void *user, struct tri_exchange *x, const struct tri_request_head *head)
{
    (void)head;
    struct room *room = ((struct conn *)user)->room;
    struct member *m = &room->members[room->members_len++];
    m->room = room;
    const struct tri_session_setup setup = {
        .stream = &x->stream, .events = &session_events, .owner = m, .deflate = room->deflate};
    assert_int_equal(tri_session_new(&m->spy.session, &room->worker, &setup), TRI_OK);
    const struct tri_response response = {.answer = TRI_ANSWER_WEBSOCKET,
                                          .content_length = TRI_LENGTH_NONE,
                                          .events = &spy_events,
                                          .session = m};
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
    .on_request = accept_socket, .on_cancel = ignore_cancel, .on_wake = ignore_wake};

static void open_conn(struct room *room, const struct fixture_ops *t, unsigned sockets)
{
    struct conn *c = &room->conns[room->conns_len++];
    *c = (struct conn){.room = room, .t = t, .sockets = sockets};
    c->f = t->open(tri_alloc_heap(), &room->limits, &exchange_events, c);
    for (unsigned i = 0; i < sockets; i++) {
        assert_int_equal(t->request(c->f, &(struct fixture_request){.protocol = "websocket"}), i);
    }
    t->run(c->f);
}

static struct room *open_room(const struct tri_deflate_params *deflate)
{
    struct room *room = calloc(1, sizeof *room);
    assert_non_null(room);
    test_alloc_init(&room->heap);
    tri_limits_default(&room->limits);
    if (deflate) {
        room->deflate = *deflate;
    }
    assert_int_equal(tri_session_worker_init(&room->worker, &room->heap.alloc, &room->limits,
                                             tri_random_system()),
                     TRI_OK);
    for (size_t i = 0; i < sizeof plan / sizeof plan[0]; i++) {
        for (unsigned n = 0; n < plan[i].conns; n++) {
            open_conn(room, plan[i].t, plan[i].sockets);
        }
    }
    assert_int_equal(room->members_len, 1000);
    return room;
}

static void close_room(struct room *room)
{
    for (size_t i = 0; i < room->conns_len; i++) {
        room->conns[i].t->close(room->conns[i].f);
    }
    for (size_t i = 0; i < room->members_len; i++) {
        assert_int_equal(room->members[i].closes, 1);
    }
    tri_session_worker_deinit(&room->worker);
    assert_int_equal(room->heap.live, 0);
    free(room);
}

/* --- the broadcast */

static struct tri_payload *make_payload(struct room *room)
{
    char text[MESSAGE_BYTES];
    for (size_t i = 0; i < sizeof text; i++) {
        text[i] = (char)('a' + i * i % 23);
    }
    struct tri_payload *p = tri_payload_new_with(&room->heap.alloc, TRI_TEXT, text, sizeof text);
    assert_non_null(p);
    return p;
}

static void send_to_all(struct room *room)
{
    for (size_t i = 0; i < room->members_len; i++) {
        assert_int_equal(tri_session_send_payload(room->members[i].spy.session, room->payload),
                         TRI_OK);
    }
}

/* Every peer has |frame| as the last of |count| frames. */
static void expect_at_all(struct room *room, struct tri_slice frame, size_t count)
{
    for (size_t i = 0; i < room->conns_len; i++) {
        struct conn *c = &room->conns[i];
        c->t->run(c->f);
        c->t->advance(c->f, 100); /* over h3 memory goes with the acknowledgement */
        for (unsigned stream = 0; stream < c->sockets; stream++) {
            struct fixture_seen seen;
            c->t->seen(c->f, (int)stream, &seen);
            assert_int_equal(seen.body.len, count * frame.len);
            assert_memory_equal(seen.body.data + (count - 1) * frame.len, frame.data, frame.len);
        }
    }
    for (size_t i = 0; i < room->members_len; i++) {
        assert_int_equal(tri_session_queued_bytes(room->members[i].spy.session), 0);
    }
}

static size_t slabs_for(size_t refs)
{
    return (refs + TRI_CHUNK_REFS_SLAB - 1) / TRI_CHUNK_REFS_SLAB;
}

static void broadcast_twice(struct room *room, const char *what)
{
    size_t allocations[2];
    for (size_t round = 0; round < 2; round++) {
        const size_t calls = room->heap.calls;
        room->payload = make_payload(room);
        send_to_all(room);
        allocations[round] = room->heap.calls - calls;
        const unsigned bits = room->deflate.server_max_window_bits;
        const struct tri_slice frame =
            bits == 0 ? tri_payload_frame(room->payload)
                      : tri_payload_deflated(room->payload, &room->worker.deflate, bits);
        assert_true(bits == 0 ? frame.len == MESSAGE_BYTES + 4 : frame.len < MESSAGE_BYTES);
        expect_at_all(room, frame, round + 1);
        for (size_t i = 0; i < room->members_len; i++) {
            assert_int_equal(room->members[i].spy.shared_bytes, frame.len);
            room->members[i].spy.shared_bytes = 0;
        }
        const size_t live = room->heap.live;
        tri_payload_free(room->payload);
        room->payload = NULL;
        assert_true(room->heap.live < live); /* nobody else held it any more */
    }
    print_message(
        "%s: 1,000 sockets, allocations of the first broadcast: %zu, of the second: %zu\n", what,
        allocations[0], allocations[1]);
    if (room->deflate.mode == TRI_DEFLATE_OFF) {
        /* The payload, and once the memory that holds the places in the queues. */
        assert_int_equal(allocations[0], 1 + slabs_for(room->members_len));
        assert_int_equal(allocations[1], 1);
    } else {
        assert_in_range(allocations[1], 2, 6); /* and its compressed form */
    }
}

static void W8_a_broadcast_to_h1_h2_and_h3_is_one_payload(void **state)
{
    (void)state;
    struct room *room = open_room(NULL);
    broadcast_twice(room, "uncompressed");
    close_room(room);
}

static void W8_W3_a_broadcast_is_compressed_once(void **state)
{
    (void)state;
    const struct tri_deflate_params shared = {.mode = TRI_DEFLATE_SHARED,
                                              .server_no_context_takeover = true,
                                              .client_no_context_takeover = true,
                                              .server_max_window_bits = 15,
                                              .client_max_window_bits = 15};
    struct room *room = open_room(&shared);
    broadcast_twice(room, "compressed");
    close_room(room);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(W8_a_broadcast_to_h1_h2_and_h3_is_one_payload),
        cmocka_unit_test(W8_W3_a_broadcast_is_compressed_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
