/*
 * One long message through a session and back, piece by piece, as a relay would do it: what comes in
 * on_fragment goes out by send_append; while the queue is full the socket is paused, and goes on
 * with on_drain. Nobody ever holds the message. Rows W1, W6, E6.
 */
#include "contract_sockets.h"

#include <stdlib.h>
#include <string.h>

#define KIB ((size_t)1024)
#define MIB ((size_t)(1024 * 1024))

#define MESSAGE_BYTES (64 * MIB)
#define FIRST_FRAME_BYTES (40 * MIB) /* then smaller ones, so that both are there */
#define NEXT_FRAME_BYTES ((size_t)99991)
#define STEP_BYTES (64 * KIB) /* that the client is given to send at a time */
#define HEAP_BYTES_MAX (8 * MIB)

/* The content: byte |at| is pattern[at % PATTERN_BYTES]; a prime, so that no edge hides in it. */
#define PATTERN_BYTES ((size_t)65521)

struct relay {
    struct contract_sockets sockets;
    struct contract_socket *socket;
    uint8_t *pattern;
    /* The application. */
    struct tri_buf pending; /* the piece that the queue had no room for */
    bool is_last_pending;
    size_t pieces, pauses, messages_ended;
    uint64_t taken; /* bytes of the message */
    /* The client. */
    uint64_t sent, frame_left; /* of the message; of the frame that it sends */
    uint64_t back;             /* that came back, all of it right */
    bool is_back;
};

/* ---- the application */

static void end_message(struct relay *r)
{
    assert_int_equal(tri_session_send_end(r->socket->session), TRI_OK);
    r->messages_ended++;
}

/* The queue is full: hold this piece, and ask for no other. */
static void hold_piece(struct relay *r, const struct tri_fragment *f)
{
    assert_int_equal(tri_buf_append(&r->pending, f->data, f->len), TRI_OK);
    r->is_last_pending = f->last;
    r->pauses++;
    tri_session_pause(r->socket->session);
}

static void on_fragment(void *owner, const struct tri_fragment *f)
{
    struct contract_socket *socket = owner;
    struct relay *r = socket->extra;
    assert_int_equal(tri_buf_peek(&r->pending).len, 0); /* or it is not paused */
    assert_int_equal(f->type, TRI_BINARY);
    assert_true(f->first == (r->pieces == 0));
    r->pieces++;
    r->taken += f->len;
    if (f->first) {
        assert_int_equal(tri_session_send_begin(socket->session, f->type), TRI_OK);
    }
    enum tri_err err = TRI_OK;
    if (f->len > 0) {
        err = tri_session_send_append(socket->session, f->data, f->len);
    }
    assert_true(err == TRI_OK || err == TRI_ERR_FULL);
    if (err == TRI_ERR_FULL) {
        hold_piece(r, f);
    } else if (f->last) {
        end_message(r);
    }
}

static void on_drain(void *owner)
{
    struct contract_socket *socket = owner;
    struct relay *r = socket->extra;
    const struct tri_slice piece = tri_buf_peek(&r->pending);
    assert_true(piece.len > 0);
    assert_int_equal(tri_session_send_append(socket->session, piece.data, piece.len), TRI_OK);
    tri_buf_consume(&r->pending, piece.len);
    if (r->is_last_pending) {
        end_message(r);
    }
    tri_session_resume(socket->session);
}

static const struct tri_session_events relay_events = {
    .on_fragment = on_fragment,
    .on_drain = on_drain,
    .on_close = contract_socket_on_close,
};

/* ---- the client */

/* What comes of the pattern from |at| on without a break, up to |max| bytes. */
static struct tri_slice pattern_at(const struct relay *r, uint64_t at, uint64_t max)
{
    const size_t from = (size_t)(at % PATTERN_BYTES);
    const size_t len = PATTERN_BYTES - from;
    return tri_slice_of(r->pattern + from, len < max ? len : (size_t)max);
}

static void begin_frame(struct relay *r)
{
    const uint64_t left = MESSAGE_BYTES - r->sent;
    const bool is_first = r->sent == 0;
    const uint64_t len_max = is_first ? FIRST_FRAME_BYTES : NEXT_FRAME_BYTES;
    r->frame_left = left < len_max ? left : len_max;
    contract_socket_send_header(&r->sockets, r->socket,
                                is_first ? TRI_OP_BINARY : TRI_OP_CONTINUATION,
                                r->frame_left == left, r->frame_left);
}

static void send_some(struct relay *r, size_t len)
{
    while (len > 0 && r->sent < MESSAGE_BYTES) {
        if (r->frame_left == 0) {
            begin_frame(r);
        }
        const uint64_t max = r->frame_left < len ? r->frame_left : len;
        const struct tri_slice piece = pattern_at(r, r->sent, max);
        contract_socket_send(&r->sockets, r->socket, piece.data, piece.len);
        r->sent += piece.len;
        r->frame_left -= piece.len;
        len -= piece.len;
    }
}

static void take_back(void *user, const struct tri_frame *frame, uint64_t left,
                      struct tri_slice data)
{
    struct relay *r = user;
    assert_false(r->is_back);
    while (data.len > 0) {
        const struct tri_slice want = pattern_at(r, r->back, data.len);
        assert_memory_equal(data.data, want.data, want.len);
        r->back += want.len;
        data = tri_slice_of(data.data + want.len, data.len - want.len);
    }
    r->is_back = frame->fin && left == 0;
}

/* ---- the case */

static struct relay *open_relay(struct contract *c)
{
    struct relay *r = calloc(1, sizeof *r);
    assert_non_null(r);
    r->pattern = malloc(PATTERN_BYTES);
    assert_non_null(r->pattern);
    uint32_t x = 2463534242u;
    for (size_t i = 0; i < PATTERN_BYTES; i++) {
        x = x * 1664525u + 1013904223u;
        r->pattern[i] = (uint8_t)(x >> 24);
    }
    contract_sockets_init(&r->sockets, c, &relay_events);
    tri_buf_init(&r->pending, &c->alloc.alloc, c->limits.queue_bytes_max);
    r->socket = contract_sockets_open(&r->sockets);
    r->socket->extra = r;
    return r;
}

static void close_relay(struct relay *r)
{
    contract_sockets_deinit(&r->sockets);
    tri_buf_deinit(&r->pending);
    free(r->pattern);
    free(r);
}

/* The client sends for a while and reads nothing, until that stops it; then it reads all. */
static void send_and_read(struct relay *r)
{
    struct contract *c = r->sockets.c;
    c->t->pause(c->f, r->socket->stream, true);
    for (size_t n = 0; n < 64 && contract_socket_unsent(&r->sockets, r->socket) == 0; n++) {
        send_some(r, STEP_BYTES);
        contract_sockets_run(&r->sockets);
    }
    c->t->pause(c->f, r->socket->stream, false);
    contract_sockets_run(&r->sockets);
    contract_socket_read(&r->sockets, r->socket, take_back, r);
}

static void W1_W6_a_long_message_passes_through_little_memory(struct contract *c)
{
    struct relay *r = open_relay(c);
    test_alloc_restart_peak(&c->alloc);
    for (int turns = 0; !r->is_back; turns++) {
        assert_true(turns < 1000);
        send_and_read(r);
    }
    assert_int_equal(r->taken, MESSAGE_BYTES);
    assert_int_equal(r->back, MESSAGE_BYTES);
    assert_int_equal(r->messages_ended, 1);
    assert_true(r->pauses > 10); /* or it was never in want of room */
    assert_true(c->alloc.bytes_peak < HEAP_BYTES_MAX);
    close_relay(r);
}

/* Loss would only make it slow; and the fake's peer has the server's heap. */
static bool is_clean_and_real(const struct fixture_ops *t)
{
    return t != &fixture_fake && t != &fixture_h3_lossy;
}

static const struct contract_case cases[] = {
    {"W1 W6: a long message passes through little memory",
     W1_W6_a_long_message_passes_through_little_memory, is_clean_and_real},
};

int main(void)
{
    return contract_run("large message contract", cases, sizeof cases / sizeof cases[0]);
}
