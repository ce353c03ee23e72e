/*
 * The WebSocket session on every transport: the same frames in, the same messages, close codes and
 * frames out. Rows W1, W2, W7, E5, E7, and line 1 of the seam's contract, which the session keeps.
 */
#include "base_random.h"
#include "contract.h"
#include "ws_frame.h"
#include "ws_mask.h"
#include "ws_session.h"

#include <stdio.h>
#include <stdlib.h>

#define MIB ((size_t)1024 * 1024)

struct socket {
    struct suite *suite;
    struct tri_session *session; /* NULL once closed */
    size_t messages, bytes, drains, closes;
    bool echo;
    struct tri_ws_end end;
    char reason[TRI_CLOSE_REASON_MAX + 1];
    uint8_t *peeked; /* copy of the bytes that the last peek showed, all unsent */
    const uint8_t *peeked_at;
    size_t peeked_len;
};

struct suite {
    struct contract *c;
    struct tri_session_worker worker;
    struct socket sockets[FIXTURE_STREAMS_MAX];
    size_t sockets_len;
};

/* ---- the session's owner: an echo */

static void on_message(void *owner, enum tri_type type, const uint8_t *data, size_t len)
{
    struct socket *s = owner;
    s->messages++;
    s->bytes += len;
    if (s->echo) {
        assert_int_equal(tri_session_send(s->session, type, data, len), TRI_OK);
    }
}

static void on_drain(void *owner)
{
    struct socket *s = owner;
    s->drains++;
}

static void on_close(void *owner, const struct tri_ws_end *end)
{
    struct socket *s = owner;
    s->session = NULL;
    s->closes++;
    s->end = *end;
    s->end.reason = NULL;
    snprintf(s->reason, sizeof s->reason, "%s", end->reason);
}

static const struct tri_session_events session_events = {
    .on_message = on_message,
    .on_drain = on_drain,
    .on_close = on_close,
};

/* ---- a spy between transport and session: line 1, unsent bytes stay where they are */

static void check_stable(struct socket *s, struct tri_slice first)
{
    if (s->peeked_len > 0) {
        assert_ptr_equal(first.data, s->peeked_at);
        assert_true(first.len >= s->peeked_len);
        assert_memory_equal(first.data, s->peeked, s->peeked_len);
    }
    free(s->peeked);
    s->peeked = malloc(first.len + 1);
    assert_non_null(s->peeked);
    memcpy(s->peeked, first.data, first.len);
    s->peeked_at = first.data;
    s->peeked_len = first.len;
}

static struct socket *socket_of(void *session)
{
    return session;
}

static size_t spy_peek(void *session, struct tri_slice *out, size_t out_max, bool *fin)
{
    struct socket *s = socket_of(session);
    size_t n = tri_session_stream_events.peek(s->session, out, out_max, fin);
    if (n > 0) {
        check_stable(s, out[0]);
    }
    return n;
}

static void spy_on_sent(void *session, size_t len)
{
    socket_of(session)->peeked_len = 0;
    tri_session_stream_events.on_sent(socket_of(session)->session, len);
}

static void spy_on_released(void *session, size_t len)
{
    tri_session_stream_events.on_released(socket_of(session)->session, len);
}

static void spy_on_data(void *session, const uint8_t *data, size_t len)
{
    tri_session_stream_events.on_data(socket_of(session)->session, data, len);
}

static void spy_on_fin(void *session)
{
    tri_session_stream_events.on_fin(socket_of(session)->session);
}

static void spy_on_closed(void *session, enum tri_stream_cause cause)
{
    tri_session_stream_events.on_closed(socket_of(session)->session, cause);
}

static const struct tri_stream_events spy_events = {
    .on_data = spy_on_data,
    .on_fin = spy_on_fin,
    .peek = spy_peek,
    .on_sent = spy_on_sent,
    .on_released = spy_on_released,
    .on_closed = spy_on_closed,
};

static void on_request(struct contract *c, struct tri_exchange *x,
                       const struct tri_request_head *head)
{
    (void)head;
    struct suite *suite = c->extra;
    struct socket *s = &suite->sockets[suite->sockets_len++];
    s->suite = suite;
    s->echo = true;
    suite->worker.now_ns = c->t->now_ns(c->f);
    const struct tri_session_setup setup = {
        .stream = &x->stream, .events = &session_events, .owner = s};
    enum tri_err err = tri_session_new(&s->session, &suite->worker, &setup);
    assert_int_equal(err, TRI_OK);
    err = x->ops->respond(x, &(struct tri_response){.answer = TRI_ANSWER_WEBSOCKET,
                                                    .content_length = TRI_LENGTH_NONE,
                                                    .events = &spy_events,
                                                    .session = s});
    assert_int_equal(err, TRI_OK);
}

static void open_suite(struct suite *suite, struct contract *c)
{
    *suite = (struct suite){.c = c};
    enum tri_err err =
        tri_session_worker_init(&suite->worker, &c->alloc.alloc, &c->limits, tri_random_system());
    assert_int_equal(err, TRI_OK);
    c->extra = suite;
    c->on_request = on_request;
}

/* The connection goes first, then the worker that its sessions lean on. */
static void close_suite(struct suite *suite)
{
    struct contract *c = suite->c;
    c->t->close(c->f);
    c->f = NULL;
    for (size_t i = 0; i < suite->sockets_len; i++) {
        assert_int_equal(suite->sockets[i].closes, 1);
        free(suite->sockets[i].peeked);
    }
    tri_session_worker_deinit(&suite->worker);
}

static struct socket *open_socket(struct suite *suite, int *stream)
{
    struct contract *c = suite->c;
    *stream = c->t->request(c->f, &(struct fixture_request){.protocol = "websocket"});
    assert_true(*stream >= 0);
    c->t->run(c->f);
    return &suite->sockets[suite->sockets_len - 1];
}

/* ---- the peer's frames */

static void send_frame(struct suite *suite, int stream, struct tri_frame frame, const void *data,
                       size_t len)
{
    static const uint8_t mask[4] = {0x37, 0xfa, 0x21, 0x3d};
    uint8_t header[TRI_FRAME_HEADER_MAX];
    frame.payload_len = len;
    memcpy(frame.mask, mask, sizeof mask);
    const bool fin = frame.fin;
    frame.fin = fin || tri_opcode_is_control(frame.opcode); /* the encoder refuses to be wrong */
    size_t header_len = tri_frame_encode(&frame, header);
    header[0] = (uint8_t)(fin ? header[0] : header[0] & 0x7f);
    uint8_t *payload = malloc(len + 1);
    assert_non_null(payload);
    if (frame.masked) {
        tri_mask_apply(payload, data, len, mask, 0);
    } else if (len > 0) {
        memcpy(payload, data, len);
    }
    suite->c->t->send(suite->c->f, stream, header, header_len);
    if (len > 0) {
        suite->c->t->send(suite->c->f, stream, payload, len);
    }
    free(payload);
}

static void send_message(struct suite *suite, int stream, enum tri_opcode op, const void *data,
                         size_t len)
{
    send_frame(suite, stream, (struct tri_frame){.opcode = op, .fin = true, .masked = true}, data,
               len);
}

/* Checks the next frame of what the peer has seen, at |*at|, and moves behind it. */
static void expect_frame(struct suite *suite, int stream, size_t *at, enum tri_opcode op,
                         const void *data, size_t len)
{
    struct fixture_seen seen = contract_seen(suite->c, stream);
    struct tri_frame frame;
    size_t used;
    assert_true(*at <= seen.body.len);
    assert_int_equal(tri_frame_decode(seen.body.data + *at, seen.body.len - *at, &frame, &used),
                     TRI_OK);
    assert_int_equal(frame.opcode, op);
    assert_true(frame.fin);
    assert_false(frame.masked); /* W1: a server does not mask */
    assert_int_equal(frame.payload_len, len);
    assert_true(seen.body.len - *at - used >= len);
    if (len > 0) {
        assert_memory_equal(seen.body.data + *at + used, data, len);
    }
    *at += used + len;
}

static void expect_close(struct suite *suite, int stream, const size_t *at, uint16_t code)
{
    struct fixture_seen seen = contract_seen(suite->c, stream);
    struct tri_frame frame;
    size_t used;
    assert_true(*at < seen.body.len);
    assert_int_equal(tri_frame_decode(seen.body.data + *at, seen.body.len - *at, &frame, &used),
                     TRI_OK);
    assert_int_equal(frame.opcode, TRI_OP_CLOSE);
    assert_true(frame.payload_len >= 2);
    const uint8_t *payload = seen.body.data + *at + used;
    assert_int_equal(payload[0] << 8 | payload[1], code);
    assert_true(seen.fin); /* the stream ends after the Close */
    assert_int_equal(*at + used + frame.payload_len, seen.body.len);
}

static uint8_t *make_text(size_t len)
{
    uint8_t *p = malloc(len + 1);
    assert_non_null(p);
    for (size_t i = 0; i < len; i++) {
        p[i] = (uint8_t)('a' + i % 26);
    }
    return p;
}

/* ---- cases */

static const size_t sizes[] = {0, 1, 125, 126, 65535, 65536, MIB};

static void W1_messages_of_all_sizes_come_back(struct contract *c)
{
    struct suite suite;
    int stream;
    open_suite(&suite, c);
    c->limits.queue_bytes_max = 4 * MIB;
    open_socket(&suite, &stream);
    uint8_t *text = make_text(MIB);
    size_t at = 0;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        send_message(&suite, stream, TRI_OP_TEXT, text, sizes[i]);
        send_message(&suite, stream, TRI_OP_BINARY, text, sizes[i]);
        c->t->run(c->f);
        expect_frame(&suite, stream, &at, TRI_OP_TEXT, text, sizes[i]);
        expect_frame(&suite, stream, &at, TRI_OP_BINARY, text, sizes[i]);
    }
    free(text);
    close_suite(&suite);
}

static void W1_fragments_with_a_ping_between_make_one_message(struct contract *c)
{
    struct suite suite;
    int stream;
    open_suite(&suite, c);
    struct socket *s = open_socket(&suite, &stream);
    send_frame(&suite, stream, (struct tri_frame){.opcode = TRI_OP_TEXT, .masked = true}, "Hel", 3);
    send_message(&suite, stream, TRI_OP_PING, "?", 1);
    send_frame(&suite, stream, (struct tri_frame){.opcode = TRI_OP_CONTINUATION, .masked = true},
               "", 0);
    send_message(&suite, stream, TRI_OP_CONTINUATION, "lo", 2);
    c->t->run(c->f);
    size_t at = 0;
    expect_frame(&suite, stream, &at, TRI_OP_PONG, "?", 1);
    expect_frame(&suite, stream, &at, TRI_OP_TEXT, "Hello", 5);
    assert_int_equal(s->messages, 1);
    close_suite(&suite);
}

static void W1_the_peers_close_comes_back_and_the_stream_ends(struct contract *c)
{
    struct suite suite;
    int stream;
    open_suite(&suite, c);
    struct socket *s = open_socket(&suite, &stream);
    send_message(&suite, stream, TRI_OP_CLOSE,
                 "\x0f\xa1"
                 "bye",
                 5); /* 4001 */
    c->t->run(c->f);
    size_t at = 0;
    expect_close(&suite, stream, &at, 4001);
    c->t->fin(c->f, stream);
    c->t->run(c->f);
    c->t->advance(c->f, 1000);
    assert_int_equal(s->closes, 1);
    assert_int_equal(s->end.code, 4001);
    assert_string_equal(s->reason, "bye");
    assert_true(s->end.clean);
    close_suite(&suite);
}

static void W1_our_close_is_sent_and_the_peers_answer_ends_it(struct contract *c)
{
    struct suite suite;
    int stream;
    open_suite(&suite, c);
    struct socket *s = open_socket(&suite, &stream);
    assert_int_equal(tri_session_close(s->session, 1001, TRI_SLICE("going")), TRI_OK);
    c->t->run(c->f);
    size_t at = 0;
    expect_frame(&suite, stream, &at, TRI_OP_CLOSE, "\x03\xe9going", 7);
    send_message(&suite, stream, TRI_OP_CLOSE, "\x03\xe9", 2);
    c->t->run(c->f);
    assert_true(contract_seen(c, stream).fin);
    c->t->fin(c->f, stream);
    c->t->run(c->f);
    c->t->advance(c->f, 1000);
    assert_int_equal(s->closes, 1);
    assert_int_equal(s->end.code, 1001);
    assert_true(s->end.clean);
    close_suite(&suite);
}

static void W7_a_peer_that_never_answers_our_close_is_aborted(struct contract *c)
{
    struct suite suite;
    int stream;
    open_suite(&suite, c);
    struct socket *s = open_socket(&suite, &stream);
    assert_int_equal(tri_session_close(s->session, 1000, TRI_SLICE("")), TRI_OK);
    c->t->run(c->f);
    uint64_t later = c->t->now_ns(c->f) + (c->limits.close_timeout_ms + 1) * TRI_NS_PER_MS;
    tri_session_worker_expire(&suite.worker, later);
    c->t->run(c->f);
    assert_int_equal(s->closes, 1);
    assert_false(s->end.clean);
    assert_int_equal(s->end.code, TRI_CLOSE_ABNORMAL);
    close_suite(&suite);
}

static void W7_a_silent_peer_is_pinged_then_given_up(struct contract *c)
{
    struct suite suite;
    int stream;
    open_suite(&suite, c);
    struct socket *s = open_socket(&suite, &stream);
    uint64_t start = suite.worker.now_ns;
    tri_session_worker_expire(&suite.worker,
                              start + (c->limits.ping_interval_ms + 1) * TRI_NS_PER_MS);
    c->t->run(c->f);
    size_t at = 0;
    expect_frame(&suite, stream, &at, TRI_OP_PING, "", 0);
    tri_session_worker_expire(&suite.worker,
                              start + (c->limits.idle_timeout_ms + 1) * TRI_NS_PER_MS);
    c->t->run(c->f);
    tri_session_worker_expire(&suite.worker,
                              start + (c->limits.idle_timeout_ms + c->limits.close_timeout_ms + 2) *
                                          TRI_NS_PER_MS);
    c->t->run(c->f);
    assert_int_equal(s->closes, 1);
    expect_close(&suite, stream, &at, TRI_CLOSE_GOING_AWAY);
    assert_int_equal(s->end.code, TRI_CLOSE_GOING_AWAY);
    assert_false(s->end.clean);
    close_suite(&suite);
}

static void E7_a_fin_without_a_close_frame_is_1006(struct contract *c)
{
    struct suite suite;
    int stream;
    open_suite(&suite, c);
    struct socket *s = open_socket(&suite, &stream);
    send_message(&suite, stream, TRI_OP_TEXT, "hi", 2);
    c->t->fin(c->f, stream);
    c->t->run(c->f);
    c->t->advance(c->f, 1000);
    assert_int_equal(s->messages, 1);
    assert_int_equal(s->closes, 1);
    assert_int_equal(s->end.code, TRI_CLOSE_ABNORMAL);
    assert_false(s->end.clean);
    close_suite(&suite);
}

static void E7_a_reset_is_1006(struct contract *c)
{
    struct suite suite;
    int stream;
    open_suite(&suite, c);
    struct socket *s = open_socket(&suite, &stream);
    c->t->reset(c->f, stream);
    c->t->run(c->f);
    assert_int_equal(s->closes, 1);
    assert_int_equal(s->end.code, TRI_CLOSE_ABNORMAL);
    close_suite(&suite);
}

struct fault {
    struct tri_frame frame;
    const char *data;
    size_t len;
    uint16_t code;
};

static const struct fault faults[] = {
    {{.opcode = TRI_OP_TEXT, .fin = true}, "unmasked", 8, 1002},
    {{.opcode = TRI_OP_TEXT, .fin = true, .masked = true, .rsv1 = true}, "rsv", 3, 1002},
    {{.opcode = TRI_OP_CONTINUATION, .fin = true, .masked = true}, "stray", 5, 1002},
    {{.opcode = (enum tri_opcode)3, .fin = true, .masked = true}, "reserved", 8, 1002},
    {{.opcode = (enum tri_opcode)11, .fin = true, .masked = true}, "reserved", 8, 1002},
    {{.opcode = TRI_OP_PING, .fin = false, .masked = true}, "split", 5, 1002},
    {{.opcode = TRI_OP_CLOSE, .fin = true, .masked = true}, "x", 1, 1002},
    {{.opcode = TRI_OP_CLOSE, .fin = true, .masked = true}, "\x03\xee", 2, 1002}, /* 1006 */
    {{.opcode = TRI_OP_CLOSE, .fin = true, .masked = true}, "\x03\xe8\xff", 3, 1007},
    {{.opcode = TRI_OP_TEXT, .fin = true, .masked = true}, "\xc3\x28", 2, 1007},
    {{.opcode = TRI_OP_TEXT, .fin = true, .masked = true}, "\xe2\x82", 2, 1007}, /* cut off */
    {{.opcode = TRI_OP_TEXT, .fin = false, .masked = true}, "\xf8", 1, 1007},    /* at once */
};

static void run_fault(struct suite *suite, const struct fault *fault)
{
    struct contract *c = suite->c;
    int stream;
    struct socket *s = open_socket(suite, &stream);
    send_frame(suite, stream, fault->frame, fault->data, fault->len);
    c->t->run(c->f);
    size_t at = 0;
    expect_close(suite, stream, &at, fault->code);
    assert_int_equal(s->messages, 0);
}

static void W1_W2_each_fault_has_its_close_code(struct contract *c)
{
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        struct suite suite;
        open_suite(&suite, c);
        run_fault(&suite, &faults[i]);
        close_suite(&suite);
        contract_reopen(c);
    }
}

static bool has_many_streams(const struct fixture_ops *t)
{
    return t->many_streams;
}

static void W1_a_fault_on_one_socket_disturbs_no_other(struct contract *c)
{
    struct suite suite;
    int sibling;
    size_t at = 0;
    open_suite(&suite, c);
    open_socket(&suite, &sibling);
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        run_fault(&suite, &faults[i]);
        send_message(&suite, sibling, TRI_OP_TEXT, "still", 5);
        c->t->run(c->f);
        expect_frame(&suite, sibling, &at, TRI_OP_TEXT, "still", 5);
    }
    close_suite(&suite);
}

static void W7_a_message_over_the_limit_is_1009(struct contract *c)
{
    struct suite suite;
    int stream;
    open_suite(&suite, c);
    c->limits.message_bytes_max = 1000;
    struct socket *s = open_socket(&suite, &stream);
    uint8_t *text = make_text(2000);
    send_message(&suite, stream, TRI_OP_TEXT, text, 1000);
    c->t->run(c->f);
    size_t at = 0;
    expect_frame(&suite, stream, &at, TRI_OP_TEXT, text, 1000);
    send_message(&suite, stream, TRI_OP_TEXT, text, 1001);
    c->t->run(c->f);
    expect_close(&suite, stream, &at, TRI_CLOSE_TOO_BIG);
    assert_int_equal(s->messages, 1);
    free(text);
    close_suite(&suite);
}

static void W6_a_full_queue_says_so_and_drains(struct contract *c)
{
    struct suite suite;
    int stream;
    open_suite(&suite, c);
    struct socket *s = open_socket(&suite, &stream);
    uint8_t *text = make_text(100 * 1024);
    c->t->pause(c->f, stream, true);
    size_t taken = 0;
    enum tri_err err = TRI_OK;
    while (err == TRI_OK && taken < 200) {
        err = tri_session_send(s->session, TRI_TEXT, text, 100 * 1024);
        taken += err == TRI_OK;
    }
    assert_int_equal(err, TRI_ERR_FULL);
    assert_true(tri_session_queued_bytes(s->session) <= c->limits.queue_bytes_max);
    assert_int_equal(s->drains, 0);
    c->t->pause(c->f, stream, false);
    c->t->run(c->f);
    c->t->advance(c->f, 1000);
    assert_int_equal(s->drains, 1);
    assert_int_equal(tri_session_queued_bytes(s->session), 0);
    size_t at = 0;
    for (size_t i = 0; i < taken; i++) {
        expect_frame(&suite, stream, &at, TRI_OP_TEXT, text, 100 * 1024);
    }
    free(text);
    close_suite(&suite);
}

static const struct contract_case cases[] = {
    {"1, W1: messages of all sizes come back", W1_messages_of_all_sizes_come_back, NULL},
    {"W1: fragments with a ping between make one message",
     W1_fragments_with_a_ping_between_make_one_message, NULL},
    {"W1: the peer's close comes back and the stream ends",
     W1_the_peers_close_comes_back_and_the_stream_ends, NULL},
    {"W1: our close is sent and the peer's answer ends it",
     W1_our_close_is_sent_and_the_peers_answer_ends_it, NULL},
    {"W7: a peer that never answers our close is aborted",
     W7_a_peer_that_never_answers_our_close_is_aborted, NULL},
    {"W7: a silent peer is pinged, then given up", W7_a_silent_peer_is_pinged_then_given_up, NULL},
    {"E7: a fin without a Close frame is 1006", E7_a_fin_without_a_close_frame_is_1006, NULL},
    {"E7: a reset is 1006", E7_a_reset_is_1006, NULL},
    {"W1 W2: each fault has its close code", W1_W2_each_fault_has_its_close_code, NULL},
    {"W1 E5: a fault on one socket disturbs no other", W1_a_fault_on_one_socket_disturbs_no_other,
     has_many_streams},
    {"W7: a message over the limit is 1009", W7_a_message_over_the_limit_is_1009, NULL},
    {"W6: a full queue says so, and drains", W6_a_full_queue_says_so_and_drains, NULL},
};

int main(void)
{
    return contract_run("session contract", cases, sizeof cases / sizeof cases[0]);
}
