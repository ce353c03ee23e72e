/* See alloc_life.h. */
#include "alloc_life.h"

#include "base_buf.h"
#include "survivor.h"
#include "ws_frame.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#define STREAMS_MAX 8
#define BYTES_MAX ((size_t)(1024 * 1024))
#define CLOSE_BYTE (0x80 | TRI_OP_CLOSE) /* the first of a Close frame */

/* One request of the peer, and what it is to get. */
struct asked {
    int stream;
    bool is_socket;
    bool is_closed;      /* the peer has sent its Close, or a reset */
    struct tri_buf want; /* the page; or the frames, without a Close */
};

struct life {
    const struct fixture_ops *t;
    struct fixture *f;
    struct survivor owner;
    struct asked asked[STREAMS_MAX];
    size_t asked_len;
};

static void append(struct tri_buf *b, const void *data, size_t len)
{
    assert_int_equal(tri_buf_append(b, data, len), TRI_OK);
}

static struct fixture_seen see(const struct life *l, const struct asked *a)
{
    struct fixture_seen seen;
    l->t->seen(l->f, a->stream, &seen);
    return seen;
}

static bool is_over(const struct life *l, const struct asked *a)
{
    const struct fixture_seen seen = see(l, a);
    return seen.fin || seen.reset || seen.conn_closed;
}

static void run(struct life *l)
{
    l->t->run(l->f);
    for (int i = 0; i < 3; i++) {
        survivor_turn(&l->owner, l->t->now_ns(l->f));
        l->t->run(l->f);
    }
}

/* ---- what the peer does */

static struct asked *ask(struct life *l, const struct fixture_request *r)
{
    int stream = l->t->request(l->f, r);
    if (stream < 0) {
        return NULL; /* the connection has ended */
    }
    assert_true(l->asked_len < STREAMS_MAX);
    struct asked *a = &l->asked[l->asked_len++];
    *a = (struct asked){.stream = stream, .is_socket = r->protocol != NULL};
    tri_buf_init(&a->want, tri_alloc_heap(), BYTES_MAX);
    run(l);
    return a;
}

static void ask_page(struct life *l, const char *path)
{
    static const struct tri_header more[] = {
        {"accept", "text/html"}, {"cookie", "some=thing"}, {NULL, NULL}};
    struct asked *a = ask(l, &(struct fixture_request){.path = path, .headers = more, .fin = true});
    for (size_t i = 0; a && i < SURVIVOR_PAGE_BYTES; i++) {
        const uint8_t byte = survivor_page_byte(i);
        append(&a->want, &byte, 1);
    }
}

/* Appends a frame; its mask, if it has one, is all zero. */
static void put_frame(struct tri_buf *b, struct tri_frame frame, struct tri_slice payload)
{
    uint8_t header[TRI_FRAME_HEADER_MAX];
    frame.payload_len = payload.len;
    append(b, header, tri_frame_encode(&frame, header));
    append(b, payload.data, payload.len);
}

static void send_frame(struct life *l, const struct asked *a, struct tri_frame frame,
                       struct tri_slice payload)
{
    if (!a || a->is_closed || is_over(l, a)) {
        return;
    }
    struct tri_buf bytes;
    tri_buf_init(&bytes, tri_alloc_heap(), BYTES_MAX);
    frame.masked = true;
    put_frame(&bytes, frame, payload);
    l->t->send(l->f, a->stream, bytes.data, tri_buf_peek(&bytes).len);
    tri_buf_deinit(&bytes);
    run(l);
}

static void expect(struct asked *a, enum tri_opcode opcode, struct tri_slice payload)
{
    if (a) {
        put_frame(&a->want, (struct tri_frame){.opcode = opcode, .fin = true}, payload);
    }
}

/* Sends a message, or a ping, of one frame, which is to come back. */
static void send_whole(struct life *l, struct asked *a, enum tri_opcode opcode,
                       struct tri_slice payload)
{
    send_frame(l, a, (struct tri_frame){.opcode = opcode, .fin = true}, payload);
    expect(a, opcode == TRI_OP_PING ? TRI_OP_PONG : opcode, payload);
}

/* More than a stream window, so that credit that is not returned is missed. */
static void talk(struct life *l, struct asked *a)
{
    static const uint8_t large[TRI_STREAM_WINDOW_BYTES * 3 / 4];
    send_whole(l, a, TRI_OP_TEXT, TRI_SLICE("hello"));
    send_whole(l, a, TRI_OP_BINARY, tri_slice_of(large, sizeof large));
    send_whole(l, a, TRI_OP_BINARY, tri_slice_of(large, sizeof large));
    send_frame(l, a, (struct tri_frame){.opcode = TRI_OP_TEXT}, TRI_SLICE("in two "));
    send_frame(l, a, (struct tri_frame){.fin = true}, TRI_SLICE("parts"));
    expect(a, TRI_OP_TEXT, TRI_SLICE("in two parts"));
    send_whole(l, a, TRI_OP_PING, TRI_SLICE("there?"));
}

static void close_socket(struct life *l, struct asked *a)
{
    send_frame(l, a, (struct tri_frame){.opcode = TRI_OP_CLOSE, .fin = true},
               TRI_SLICE("\x03\xe8"));
    if (a && !a->is_closed) {
        a->is_closed = true;
        if (l->t->half_close && !is_over(l, a)) {
            l->t->fin(l->f, a->stream);
        }
        run(l);
    }
}

static void reset_socket(struct life *l, struct asked *a)
{
    if (a && !is_over(l, a)) {
        l->t->reset(l->f, a->stream);
        a->is_closed = true;
        run(l);
    }
}

/* ---- what it got */

static bool starts_with(struct tri_slice whole, struct tri_slice part)
{
    return part.len <= whole.len && memcmp(whole.data, part.data, part.len) == 0;
}

/* All of it, a socket's Close behind it or not; or whole frames of it, and then a Close. */
static bool is_right(const struct asked *a, struct tri_slice got, bool is_ended)
{
    const struct tri_slice want = tri_buf_peek(&a->want);
    if (starts_with(got, want) && (got.len == want.len || got.data[want.len] == CLOSE_BYTE)) {
        return true;
    }
    if (!is_ended) {
        return false;
    }
    size_t same = 0;
    while (same < got.len && same < want.len && got.data[same] == want.data[same]) {
        same++;
    }
    return same == got.len || (a->is_socket && got.data[same] == CLOSE_BYTE);
}

static void check(const struct life *l)
{
    for (size_t i = 0; i < l->asked_len; i++) {
        const struct asked *a = &l->asked[i];
        const struct fixture_seen seen = see(l, a);
        const bool is_refused = seen.status >= 400;
        if (!is_refused && !is_right(a, seen.body, a->is_closed || is_over(l, a))) {
            fail_msg("allocation %zu: request %zu has status %d and %zu bytes of %zu",
                     l->owner.alloc.fail_at, i, seen.status, seen.body.len,
                     tri_buf_peek(&a->want).len);
        }
    }
}

/* ---- its life */

/* One WebSocket of a connection of many ends by the peer's Close, one by a reset, and one lives
 * until the drain; on HTTP/1.1 there is only the last. */
static void live(struct life *l)
{
    static const struct fixture_request websocket = {.protocol = "websocket"};
    struct asked *a = NULL, *b = NULL;
    ask_page(l, "/page");
    ask_page(l, "/late");
    if (l->t->many_streams) {
        a = ask(l, &websocket);
        b = ask(l, &websocket);
    }
    struct asked *last = ask(l, &websocket);
    talk(l, a);
    talk(l, last);
    send_whole(l, b, TRI_OP_TEXT, TRI_SLICE("reset me"));
    check(l);
    close_socket(l, a);
    reset_socket(l, b);
    check(l);
    survivor_close_all(&l->owner);
    l->t->shutdown(l->f);
    run(l);
    close_socket(l, last);
    check(l);
}

/* Nothing waits for ever: it has ended by itself when the longest timeout has passed. */
static void end(struct life *l)
{
    const struct tri_limits *limits = &l->owner.limits;
    const uint64_t longest_ms = limits->idle_timeout_ms + limits->keepalive_timeout_ms +
                                limits->handshake_timeout_ms + limits->close_timeout_ms;
    for (uint64_t ms = 0; ms < longest_ms; ms += 1000) {
        l->t->advance(l->f, 1000);
        survivor_turn(&l->owner, l->t->now_ns(l->f));
    }
    run(l);
    assert_int_equal(l->owner.opens, l->owner.closes);
    for (size_t i = 0; i < l->asked_len; i++) {
        assert_true(see(l, &l->asked[i]).conn_closed);
        tri_buf_deinit(&l->asked[i].want);
    }
    l->t->close(l->f);
}

/* Returns the allocations asked for. */
static size_t live_with_failure(const struct fixture_ops *t, size_t fail_at)
{
    struct life *l = calloc(1, sizeof *l);
    assert_non_null(l);
    l->t = t;
    if (survivor_init(&l->owner, fail_at)) {
        l->f = t->open(&l->owner.alloc.alloc, &l->owner.limits, &survivor_events, &l->owner);
        assert_true(l->f || test_alloc_has_failed(&l->owner.alloc));
        if (l->f) {
            live(l);
            end(l);
        }
        survivor_deinit(&l->owner);
    }
    const size_t calls = l->owner.alloc.calls;
    free(l);
    return calls;
}

void alloc_life_sweep(const struct fixture_ops *transport)
{
    size_t n = 1;
    while (live_with_failure(transport, n) >= n) {
        n++;
    }
    printf("%s: %zu allocations, each failed once\n", transport->name, n - 1);
    assert_true(n > 10);
}
