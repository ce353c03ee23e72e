/*
 * A whole session under a script. The input says everything:
 *
 *   byte 0   bit 0: role; bit 1: large limits; bit 2: bytes are kept until released; bit 3:
 *            compression; bit 4: with context takeover; bit 5: messages piece by piece
 *   byte 1   which allocation fails, counted after the session was made; 0: none
 *   then     steps: one byte what, and what it needs (see take_step)
 *
 * The owner's reaction to each on_message and on_drain is taken from the script too. The played
 * stream asserts the credit, the stability of peeked bytes, one on_close and no leak; this file
 * asserts that text is text, that limits hold, and that all that was sent can be read: framed, and
 * decompressed, by a peer that follows the RFCs.
 */
#include "test_session.h"

#include "ws_utf8.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static struct tri_slice script;

static uint8_t take_byte(void)
{
    if (script.len == 0) {
        return 0;
    }
    const uint8_t byte = script.data[0];
    script = tri_slice_of(script.data + 1, script.len - 1);
    return byte;
}

static struct tri_slice take_bytes(size_t len)
{
    const struct tri_slice taken = tri_slice_of(script.data, len < script.len ? len : script.len);
    script = tri_slice_of(script.data + taken.len, script.len - taken.len);
    return taken;
}

/* --- the owner */

static void send_some(struct test_session *t, size_t len)
{
    static uint8_t text[70000];
    if (text[0] == 0) {
        memset(text, 't', sizeof text);
    }
    const size_t before = tri_session_queued_bytes(t->session);
    const enum tri_err err =
        tri_session_send(t->session, len % 2 == 0 ? TRI_TEXT : TRI_BINARY, text, len);
    const size_t after = tri_session_queued_bytes(t->session);
    assert(err == TRI_OK ? after > before : after == before || t->slow == TRI_SLOW_CLOSE);
    /* What compression cannot make smaller it makes larger by a little. */
    assert(err != TRI_OK || before == 0 || after <= t->limits.queue_bytes_max + 100);
    assert(err != TRI_ERR_FULL || before > 0);
}

static void close_some(struct test_session *t)
{
    const uint16_t code = (uint16_t)(take_byte() << 8 | take_byte());
    const enum tri_err err = tri_session_close(t->session, code, take_bytes(take_byte()));
    assert(err == TRI_OK || err == TRI_ERR_INVALID);
}

static void expect(enum tri_err err)
{
    assert(err == TRI_OK || err == TRI_ERR_FULL || err == TRI_ERR_CLOSED ||
           err == TRI_ERR_INVALID || err == TRI_ERR_NOMEM);
}

/* Begins, goes on with or ends a message in pieces. */
static void send_piece(struct test_session *t, const uint8_t *data, size_t len)
{
    switch (take_byte() & 3) {
    case 0:
        expect(tri_session_send_begin(t->session, TRI_BINARY));
        break;
    case 1:
    case 2:
        expect(tri_session_send_append(t->session, data, len));
        break;
    default:
        expect(tri_session_send_end(t->session));
        break;
    }
}

static void send_payload(struct test_session *t)
{
    const struct tri_slice bytes = take_bytes(take_byte());
    struct tri_payload *payload =
        tri_payload_new_with(&t->heap.alloc, TRI_BINARY, bytes.data, bytes.len);
    if (payload) {
        expect(tri_session_send_payload(t->session, payload));
    }
    tri_payload_free(payload);
}

static void react(struct test_session *t, enum tri_type type, const uint8_t *data, size_t len)
{
    if (data && !t->pieces) {
        assert(len <= t->limits.message_bytes_max);
        assert(type != TRI_TEXT || tri_utf8_is_valid(data, len));
    }
    switch (take_byte() % 10) {
    case 0:
    case 1:
        break;
    case 2:
        if (data) {
            (void)!tri_session_send(t->session, type, data, len);
        }
        break;
    case 3:
        send_some(t, take_byte());
        break;
    case 4:
        send_some(t, 70000);
        break;
    case 5:
        close_some(t);
        break;
    case 6:
        tri_session_abort(t->session);
        break;
    case 7:
        send_some(t, 3);
        close_some(t);
        break;
    case 8:
        tri_session_pause(t->session);
        break;
    case 9:
        send_piece(t, data, len);
        break;
    default:
        break;
    }
}

/* --- the stream */

/* In memory of exactly its size, so that one byte too far is seen. */
static void feed_some(struct test_session *t, size_t len)
{
    const struct tri_slice taken = take_bytes(len);
    if (taken.len > 0) {
        uint8_t *copy = malloc(taken.len);
        assert(copy);
        memcpy(copy, taken.data, taken.len);
        test_session_feed(t, copy, taken.len);
        free(copy);
    }
}

/* A good compressed message, cut somewhere. */
static void feed_deflated(struct test_session *t)
{
    struct tri_deflate_worker worker;
    struct tri_buf out, wire;
    const struct tri_slice text = take_bytes(take_byte());
    tri_deflate_worker_init(&worker, tri_alloc_heap(), &t->limits);
    tri_buf_init(&out, tri_alloc_heap(), 100000);
    tri_buf_init(&wire, tri_alloc_heap(), 100000);
    const enum tri_err err = tri_deflate_worker_compress(&worker, 9, text, &out);
    assert(err == TRI_OK);
    (void)err;
    const struct tri_slice all = tri_buf_peek(&out);
    const size_t cut = take_byte() % (all.len + 1);
    const bool masked = t->role == TRI_SESSION_SERVER;
    test_put_frame(&wire, 0x42, all.data, cut, masked);
    test_put_frame(&wire, 0x80, all.data + cut, all.len - cut, masked);
    test_session_feed(t, wire.data, wire.len);
    tri_buf_deinit(&out);
    tri_buf_deinit(&wire);
    tri_deflate_worker_deinit(&worker);
}

/* What came later than the others. */
static void take_other_step(struct test_session *t, uint8_t step)
{
    static const uint8_t bytes[300];
    switch (step) {
    case 10:
        tri_session_pause(t->session);
        break;
    case 11:
        tri_session_resume(t->session);
        break;
    case 12:
        send_piece(t, bytes, take_byte());
        break;
    case 13:
        send_payload(t);
        break;
    case 14:
        feed_deflated(t);
        break;
    case 15:
        t->slow = (enum tri_slow)(take_byte() % 3);
        tri_session_slow(t->session, t->slow);
        break;
    default:
        break;
    }
}

static bool take_step(struct test_session *t, bool *has_fin)
{
    const uint8_t step = take_byte() % 16;
    switch (step) {
    case 0:
    case 1:
        feed_some(t, take_byte());
        break;
    case 2:
        feed_some(t, (size_t)take_byte() << 8);
        break;
    case 3:
        feed_some(t, 1);
        break;
    case 4:
        send_some(t, take_byte());
        break;
    case 5:
        test_session_take(t, take_byte());
        break;
    case 6:
        test_session_drain(t);
        break;
    case 7:
        test_session_release(t, t->unreleased / 2);
        break;
    case 8:
        test_session_advance(t, (uint64_t)take_byte() * 100);
        break;
    case 9:
        if (!*has_fin) {
            *has_fin = true;
            t->stream.events->on_fin(t->session);
        }
        break;
    default:
        take_other_step(t, step);
        break;
    }
    return script.len > 0;
}

static void set_deflate(struct test_session *t, uint8_t options)
{
    const bool takes_over = (options & 16) != 0;
    t->limits.deflate_bytes_least = 10;
    t->limits.deflate_bytes_max = 200000;
    t->deflate = (struct tri_deflate_params){
        .mode = takes_over ? TRI_DEFLATE_DEDICATED : TRI_DEFLATE_SHARED,
        .server_no_context_takeover = !takes_over,
        .client_no_context_takeover = !takes_over,
        .server_max_window_bits = 10,
        .client_max_window_bits = 10,
    };
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct test_session t;
    bool has_fin = false;
    script = tri_slice_of(data, len);
    const uint8_t options = take_byte();
    const uint8_t fail_at = take_byte();
    test_session_init(&t, (options & 1) != 0 ? TRI_SESSION_CLIENT : TRI_SESSION_SERVER);
    t.limits.message_bytes_max = (options & 2) != 0 ? 200000 : 300;
    t.limits.queue_bytes_max = (options & 2) != 0 ? 100000 : 500;
    t.limits.ping_interval_ms = 5000;
    t.limits.idle_timeout_ms = 20000;
    t.keeps_bytes = (options & 4) != 0;
    t.pieces = (options & 32) != 0;
    t.holds_credit = true;
    t.on_message = react;
    t.on_drain = react;
    if ((options & 8) != 0) {
        set_deflate(&t, options);
    }
    test_session_open(&t);
    t.heap.fail_at = fail_at > 0 ? t.heap.calls + fail_at : 0;
    while (script.len > 0 && take_step(&t, &has_fin)) {}
    test_session_drain(&t);
    if (t.aborts == 0) { /* else the last frame may be cut */
        (void)test_session_sent(&t);
    }
    assert(t.worker.deflate.held_bytes <= 1000000);
    test_session_end(&t, t.aborts > 0 ? TRI_STREAM_ABORTED : TRI_STREAM_FINISHED);
    assert(t.aborts <= 1);
    test_session_deinit(&t);
    return 0;
}
