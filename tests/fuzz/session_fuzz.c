/*
 * A whole session under a script. The input says everything:
 *
 *   byte 0   bit 0: role; bit 1: large limits; bit 2: bytes are kept until released
 *   byte 1   which allocation fails, counted after the session was made; 0: none
 *   then     steps: one byte what, and what it needs (see take_step)
 *
 * The owner's reaction to each on_message and on_drain is taken from the script too. The played
 * stream asserts the credit, the stability of peeked bytes, one on_close and no leak; this file
 * asserts that text is text, that limits hold, and that all that was sent is well-formed.
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
    assert(err == TRI_OK ? after > before : after == before);
    assert(err != TRI_OK || before == 0 || after <= t->limits.queue_bytes_max);
    assert(err != TRI_ERR_FULL || before > 0);
}

static void close_some(struct test_session *t)
{
    const uint16_t code = (uint16_t)(take_byte() << 8 | take_byte());
    const enum tri_err err = tri_session_close(t->session, code, take_bytes(take_byte()));
    assert(err == TRI_OK || err == TRI_ERR_INVALID);
}

static void react(struct test_session *t, enum tri_type type, const uint8_t *data, size_t len)
{
    if (data) {
        assert(len <= t->limits.message_bytes_max);
        assert(type != TRI_TEXT || tri_utf8_is_valid(data, len));
    }
    switch (take_byte() & 7) {
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

static bool take_step(struct test_session *t, bool *has_fin)
{
    switch (take_byte() % 10) {
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
        break;
    }
    return script.len > 0;
}

/* All that was sent: whole frames, the last perhaps cut; nothing behind a Close. */
static void check_sent(struct test_session *t)
{
    struct tri_slice out = tri_buf_peek(&t->out);
    bool is_closed = false;
    while (out.len > 0) {
        struct tri_frame f;
        size_t used;
        const enum tri_err err = tri_frame_decode(out.data, out.len, &f, &used);
        assert(!is_closed);
        if (err == TRI_PARTIAL) {
            return;
        }
        assert(err == TRI_OK && f.fin && !f.rsv1 && f.opcode != TRI_OP_CONTINUATION);
        assert(f.masked == (t->role == TRI_SESSION_CLIENT));
        is_closed = f.opcode == TRI_OP_CLOSE;
        if (f.payload_len > out.len - used) {
            return;
        }
        used += (size_t)f.payload_len;
        out = tri_slice_of(out.data + used, out.len - used);
    }
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
    t.on_message = react;
    t.on_drain = react;
    test_session_open(&t);
    t.heap.fail_at = fail_at > 0 ? t.heap.calls + fail_at : 0;
    while (script.len > 0 && take_step(&t, &has_fin)) {}
    test_session_drain(&t);
    check_sent(&t);
    test_session_end(&t, t.aborts > 0 ? TRI_STREAM_ABORTED : TRI_STREAM_FINISHED);
    assert(t.aborts <= 1);
    test_session_deinit(&t);
    return 0;
}
