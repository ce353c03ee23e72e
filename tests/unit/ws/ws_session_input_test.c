/*
 * ws_session_input: received bytes to messages. Each case is fed whole, one byte at a time, and
 * split at every point, and must tell the same story each time.
 */
#include "test_session.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#define FRAMES_MAX 7

/* First bytes of frames. */
#define FIN 0x80u
#define RSV1 0x40u
#define CONT 0x0u
#define TEXT 0x1u
#define BIN 0x2u
#define CLOSE 0x8u
#define PING 0x9u
#define PONG 0xau

struct frame {
    unsigned first;
    const char *payload;
    size_t len;
};

#define F(first, literal)                                                                          \
    {                                                                                              \
        (first), (literal), sizeof(literal) - 1                                                    \
    }

struct input_case {
    struct frame frames[FRAMES_MAX]; /* up to one without payload pointer */
    const char *told;                /* to the owner, when the stream has ended in order */
    const char *sent;                /* to the peer */
};

static void put_case(struct tri_buf *wire, const struct input_case *c, enum tri_session_role role)
{
    tri_buf_init(wire, tri_alloc_heap(), SIZE_MAX / 2);
    for (size_t i = 0; i < FRAMES_MAX && c->frames[i].payload; i++) {
        const struct frame *f = &c->frames[i];
        test_put_frame(wire, f->first, f->payload, f->len, role == TRI_SESSION_SERVER);
    }
}

/* How bytes are cut: at |a| and |b|, or bytewise if |a| is SIZE_MAX. */
static void run_cut(enum tri_session_role role, struct tri_slice wire, size_t a, size_t b,
                    const struct input_case *c)
{
    struct test_session t;
    test_session_init(&t, role);
    test_session_open(&t);
    if (a == SIZE_MAX) {
        test_session_feed_bytewise(&t, wire.data, wire.len);
    } else {
        test_session_feed(&t, wire.data, a);
        test_session_feed(&t, wire.data + a, b - a);
        test_session_feed(&t, wire.data + b, wire.len - b);
    }
    test_session_drain(&t);
    test_session_end(&t, TRI_STREAM_FINISHED);
    assert_string_equal(test_session_told(&t), c->told);
    assert_string_equal(test_session_sent(&t), c->sent);
    test_session_deinit(&t);
}

static void run_wire(enum tri_session_role role, struct tri_slice wire, const struct input_case *c)
{
    run_cut(role, wire, wire.len, wire.len, c);
    run_cut(role, wire, SIZE_MAX, 0, c);
    for (size_t a = 0; a < wire.len; a++) {
        run_cut(role, wire, a, wire.len, c);
        run_cut(role, wire, a, a + 1, c);
    }
}

static void run_cases(enum tri_session_role role, const struct input_case *cases, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        struct tri_buf wire;
        put_case(&wire, &cases[i], role);
        run_wire(role, tri_buf_peek(&wire), &cases[i]);
        tri_buf_deinit(&wire);
    }
}
#define RUN(role, cases) run_cases((role), (cases), sizeof(cases) / sizeof((cases)[0]))

#define NO_CLOSE "close(1006 the stream ended without a Close frame unclean);"

static const struct input_case good[] = {
    {{F(FIN | TEXT, "hello")}, "T5:hello;" NO_CLOSE, ""},
    {{F(FIN | TEXT, "")}, "T0;" NO_CLOSE, ""},
    {{F(FIN | BIN, "")}, "B0;" NO_CLOSE, ""},
    {{F(FIN | BIN, "\xff\x80\xc0")}, "B3:\xff\x80\xc0;" NO_CLOSE, ""},
    {{F(FIN | TEXT, "a"), F(FIN | BIN, "b"), F(FIN | TEXT, "c")}, "T1:a;B1:b;T1:c;" NO_CLOSE, ""},
    /* Fragments, also empty ones. */
    {{F(TEXT, "he"), F(CONT, "l"), F(FIN | CONT, "lo")}, "T5:hello;" NO_CLOSE, ""},
    {{F(BIN, ""), F(CONT, ""), F(FIN | CONT, "")}, "B0;" NO_CLOSE, ""},
    {{F(TEXT, ""), F(FIN | CONT, "x")}, "T1:x;" NO_CLOSE, ""},
    {{F(TEXT, "x"), F(FIN | CONT, "")}, "T1:x;" NO_CLOSE, ""},
    /* Control frames stand between fragments and are answered at once. */
    {{F(TEXT, "he"), F(FIN | PING, "now"), F(CONT, "l"), F(FIN | PONG, ""), F(FIN | CONT, "lo")},
     "T5:hello;" NO_CLOSE,
     "pong:now;"},
    {{F(FIN | PING, ""), F(FIN | PING, "payload")}, NO_CLOSE, "pong;pong:payload;"},
    {{F(FIN | PONG, "never asked for")}, NO_CLOSE, ""},
    /* A code point may be split between fragments. */
    {{F(TEXT, "\xe2"), F(CONT, "\x82"), F(FIN | CONT, "\xac")}, "T3:\xe2\x82\xac;" NO_CLOSE, ""},
    {{F(TEXT, "\xf0\x9f"), F(FIN | PING, "\xff"), F(FIN | CONT, "\x98\x80")},
     "T4:\xf0\x9f\x98\x80;" NO_CLOSE,
     "pong:\xff;"},
};

static void W1_messages_come_whole_in_order_however_they_are_cut(void **state)
{
    (void)state;
    RUN(TRI_SESSION_SERVER, good);
}

static void W1_a_client_reads_what_a_server_reads_without_masks(void **state)
{
    (void)state;
    RUN(TRI_SESSION_CLIENT, good);
}

#define HEADER_1002 "close(1002 malformed frame header unclean);"
#define SENT_1002(why) "close:1002 " why ";fin;"

static const struct input_case violations[] = {
    {{F(FIN | 0x3, "x")}, HEADER_1002, SENT_1002("malformed frame header")},
    {{F(FIN | 0x7, "x")}, HEADER_1002, SENT_1002("malformed frame header")},
    {{F(FIN | 0xb, "")}, HEADER_1002, SENT_1002("malformed frame header")},
    {{F(FIN | 0xf, "")}, HEADER_1002, SENT_1002("malformed frame header")},
    {{F(FIN | 0x20 | TEXT, "x")}, HEADER_1002, SENT_1002("malformed frame header")},
    {{F(FIN | 0x10 | TEXT, "x")}, HEADER_1002, SENT_1002("malformed frame header")},
    {{F(PING, "x")}, HEADER_1002, SENT_1002("malformed frame header")},
    {{F(CLOSE, "\x03\xe8")}, HEADER_1002, SENT_1002("malformed frame header")},
    {{F(FIN | RSV1 | PING, "x")}, HEADER_1002, SENT_1002("malformed frame header")},
    {{F(FIN | RSV1 | TEXT, "x")},
     "close(1002 RSV1 without an extension unclean);",
     SENT_1002("RSV1 without an extension")},
    {{F(FIN | CONT, "x")},
     "close(1002 continuation without a message unclean);",
     SENT_1002("continuation without a message")},
    {{F(FIN | TEXT, "whole"), F(CONT, "x")},
     "T5:whole;close(1002 continuation without a message unclean);",
     SENT_1002("continuation without a message")},
    {{F(TEXT, "x"), F(FIN | TEXT, "y")},
     "close(1002 a new message within a message unclean);",
     SENT_1002("a new message within a message")},
    {{F(BIN, ""), F(FIN | BIN, "y")},
     "close(1002 a new message within a message unclean);",
     SENT_1002("a new message within a message")},
    /* What stands before a violation is delivered, what follows is not read. */
    {{F(FIN | TEXT, "before"), F(FIN | 0x3, "bad"), F(FIN | TEXT, "after")},
     "T6:before;close(1002 malformed frame header unclean);",
     SENT_1002("malformed frame header")},
};

static void W1_each_violation_of_framing_is_1002(void **state)
{
    (void)state;
    RUN(TRI_SESSION_SERVER, violations);
    RUN(TRI_SESSION_CLIENT, violations);
}

static const struct input_case bad_text[] = {
    {{F(FIN | TEXT, "ok\xff")}, "close(1007 text is not UTF-8 unclean);", ""},
    {{F(FIN | TEXT, "\xc0\xaf")}, "close(1007 text is not UTF-8 unclean);", ""},
    {{F(FIN | TEXT, "\xed\xa0\x80")}, "close(1007 text is not UTF-8 unclean);", ""},
    {{F(FIN | TEXT, "\xf4\x90\x80\x80")}, "close(1007 text is not UTF-8 unclean);", ""},
    /* Cut off at the end of the message. */
    {{F(FIN | TEXT, "caf\xc3")}, "close(1007 text is not UTF-8 unclean);", ""},
    {{F(TEXT, "caf\xc3"), F(FIN | CONT, "")}, "close(1007 text is not UTF-8 unclean);", ""},
    /* In a fragment, or made by two. */
    {{F(TEXT, "fine"), F(CONT, "\x80"), F(FIN | CONT, "")},
     "close(1007 text is not UTF-8 unclean);",
     ""},
    {{F(TEXT, "\xe2\x82"), F(FIN | CONT, "x")}, "close(1007 text is not UTF-8 unclean);", ""},
    /* The next message begins afresh. */
    {{F(FIN | TEXT, "\xc3\xa4"), F(FIN | BIN, "\xff"), F(FIN | TEXT, "\xff")},
     "T2:\xc3\xa4;B1:\xff;close(1007 text is not UTF-8 unclean);",
     ""},
};

static void W2_bad_text_is_1007(void **state)
{
    (void)state;
    struct input_case cases[sizeof bad_text / sizeof bad_text[0]];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cases[i] = bad_text[i];
        cases[i].sent = "close:1007 text is not UTF-8;fin;";
    }
    RUN(TRI_SESSION_SERVER, cases);
    RUN(TRI_SESSION_CLIENT, cases);
}

static const struct input_case closes[] = {
    {{F(FIN | CLOSE, "\x03\xe8"
                     "bye")},
     "close(1000 bye clean);",
     "close:1000 bye;fin;"},
    {{F(FIN | CLOSE, "")}, "close(1005 clean);", "close;fin;"},
    {{F(FIN | CLOSE, "\x0f\xa0")}, "close(4000 clean);", "close:4000;fin;"},
    {{F(FIN | TEXT, "x"), F(FIN | CLOSE, "\x03\xe9"), F(FIN | TEXT, "ignored")},
     "T1:x;close(1001 clean);",
     "close:1001;fin;"},
    {{F(FIN | CLOSE, "\x03\xe8"), F(0x7f, "ignored, whatever it is")},
     "close(1000 clean);",
     "close:1000;fin;"},
    {{F(TEXT, "half"), F(FIN | CLOSE, "\x03\xe8")}, "close(1000 clean);", "close:1000;fin;"},
    /* Payloads that no Close may have. */
    {{F(FIN | CLOSE, "\x03")},
     "close(1002 a close code that may not be sent unclean);",
     SENT_1002("a close code that may not be sent")},
    {{F(FIN | CLOSE, "\x03\xed")},
     "close(1002 a close code that may not be sent unclean);",
     SENT_1002("a close code that may not be sent")},
    {{F(FIN | CLOSE, "\x00\x00")},
     "close(1002 a close code that may not be sent unclean);",
     SENT_1002("a close code that may not be sent")},
    {{F(FIN | CLOSE, "\x03\xe8"
                     "\xc3")},
     "close(1007 the close reason is not UTF-8 unclean);",
     "close:1007 the close reason is not UTF-8;fin;"},
};

static void W1_a_close_is_answered_with_its_code_its_reason_and_the_end(void **state)
{
    (void)state;
    RUN(TRI_SESSION_SERVER, closes);
}

/* The examples of RFC 6455 section 5.7, as bytes. */
static void W1_the_examples_of_the_rfc_are_read(void **state)
{
    (void)state;
    const struct input_case hello = {.told = "T5:Hello;" NO_CLOSE, .sent = ""};
    run_wire(TRI_SESSION_SERVER, TRI_SLICE("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"), &hello);
    run_wire(TRI_SESSION_CLIENT, TRI_SLICE("\x81\x05\x48\x65\x6c\x6c\x6f"), &hello);
    run_wire(TRI_SESSION_CLIENT, TRI_SLICE("\x01\x03\x48\x65\x6c\x80\x02\x6c\x6f"), &hello);
    const struct input_case ping = {.told = NO_CLOSE, .sent = "pong:Hello;"};
    run_wire(TRI_SESSION_CLIENT, TRI_SLICE("\x89\x05\x48\x65\x6c\x6c\x6f"), &ping);
    const struct input_case pong = {.told = NO_CLOSE, .sent = ""};
    run_wire(TRI_SESSION_SERVER, TRI_SLICE("\x8a\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"), &pong);
}

static void W1_masks_are_required_from_clients_and_forbidden_to_servers(void **state)
{
    (void)state;
    static const unsigned firsts[] = {FIN | TEXT, FIN | BIN, TEXT, FIN | PING, FIN | CLOSE};
    for (size_t i = 0; i < sizeof firsts / sizeof firsts[0]; i++) {
        struct tri_buf wire;
        tri_buf_init(&wire, tri_alloc_heap(), 1000);
        test_put_frame(&wire, firsts[i], "", 0, false);
        const struct input_case unmasked = {.told = "close(1002 a frame without a mask unclean);",
                                            .sent = SENT_1002("a frame without a mask")};
        run_wire(TRI_SESSION_SERVER, tri_buf_peek(&wire), &unmasked);
        tri_buf_deinit(&wire);

        test_put_frame(&wire, firsts[i], "", 0, true);
        const struct input_case masked = {.told =
                                              "close(1002 a masked frame from a server unclean);",
                                          .sent = SENT_1002("a masked frame from a server")};
        run_wire(TRI_SESSION_CLIENT, tri_buf_peek(&wire), &masked);
        tri_buf_deinit(&wire);
    }
}

/* Feeds |wire| one byte at a time; returns how many bytes it takes until a Close is queued. */
static size_t find_failure(const struct tri_limits *limits, struct tri_slice wire, const char *sent)
{
    struct test_session t;
    size_t n = 0;
    test_session_init(&t, TRI_SESSION_SERVER);
    if (limits) {
        t.limits = *limits;
        t.limits.ping_interval_ms = 0;
    }
    test_session_open(&t);
    while (n < wire.len && tri_session_queued_bytes(t.session) == 0) {
        test_session_feed(&t, wire.data + n, 1);
        n++;
    }
    test_session_drain(&t);
    assert_string_equal(test_session_sent(&t), sent);
    test_session_deinit(&t);
    return n;
}

static void W2_text_fails_at_the_first_bad_byte(void **state)
{
    (void)state;
    static const struct {
        const char *payload;
        size_t bad; /* place in the payload */
    } texts[] = {
        {"abc\xff more", 3},     {"\xe2\x28\xa1", 1},  {"\xed\xa0\x80", 1},
        {"\xf4\x90\x80\x80", 1}, {"\xf0\x9f\x98z", 3}, {"0123456789\x80", 10},
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct tri_buf wire;
        tri_buf_init(&wire, tri_alloc_heap(), 1000);
        /* A whole message, and a fragment that is not the last. */
        for (unsigned fin = 0; fin <= FIN; fin += FIN) {
            test_put_frame(&wire, fin | TEXT, texts[i].payload, strlen(texts[i].payload), true);
            assert_int_equal(
                find_failure(NULL, tri_buf_peek(&wire), "close:1007 text is not UTF-8;fin;"),
                6 + texts[i].bad + 1);
            tri_buf_deinit(&wire);
        }
    }
}

static void W7_a_message_over_its_limit_is_1009_with_the_header_alone(void **state)
{
    (void)state;
    struct tri_limits limits;
    tri_limits_default(&limits);
    limits.message_bytes_max = 1000;
    const char *sent = "close:1009 message too big;fin;";
    static const uint8_t payload[1001] = {0};
    struct tri_buf wire;
    tri_buf_init(&wire, tri_alloc_heap(), 10000);
    test_put_frame(&wire, FIN | BIN, payload, 1001, true);
    assert_int_equal(find_failure(&limits, tri_buf_peek(&wire), sent), 8);
    tri_buf_deinit(&wire);
    /* Fragments count together; the last one's header tells. */
    test_put_frame(&wire, BIN, payload, 600, true);
    test_put_frame(&wire, CONT, payload, 400, true);
    test_put_frame(&wire, FIN | CONT, payload, 1, true);
    assert_int_equal(find_failure(&limits, tri_buf_peek(&wire), sent), 8 + 600 + 8 + 400 + 6);
    tri_buf_deinit(&wire);
    /* What is declared is never allocated: 2^63 - 1 bytes. */
    const struct tri_slice huge =
        TRI_SLICE("\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff\x01\x02\x03\x04");
    assert_int_equal(find_failure(&limits, huge, sent), 14);
    assert_int_equal(find_failure(NULL, huge, sent), 14);
}

static void W7_a_message_of_exactly_the_limit_passes(void **state)
{
    (void)state;
    static const uint8_t payload[1000] = {0};
    for (int way = 0; way < 3; way++) {
        struct test_session t;
        struct tri_buf wire;
        test_session_init(&t, TRI_SESSION_SERVER);
        t.limits.message_bytes_max = 1000;
        test_session_open(&t);
        tri_buf_init(&wire, tri_alloc_heap(), 10000);
        if (way == 2) {
            test_put_frame(&wire, BIN, payload, 400, true);
            test_put_frame(&wire, FIN | CONT, payload, 600, true);
        } else {
            test_put_frame(&wire, FIN | BIN, payload, 1000, true);
        }
        const struct tri_slice all = tri_buf_peek(&wire);
        if (way == 0) {
            test_session_feed(&t, all.data, all.len);
        } else {
            test_session_feed_bytewise(&t, all.data, all.len);
        }
        assert_string_equal(test_session_told(&t), "B1000;");
        tri_buf_deinit(&wire);
        test_session_deinit(&t);
    }
}

static void W7_too_many_fragments_are_1008(void **state)
{
    (void)state;
    struct test_session t;
    struct tri_buf frame, empty;
    test_session_init(&t, TRI_SESSION_SERVER);
    test_session_open(&t);
    tri_buf_init(&frame, tri_alloc_heap(), 100);
    tri_buf_init(&empty, tri_alloc_heap(), 100);
    test_put_frame(&frame, TEXT, "", 0, true);
    test_put_frame(&empty, CONT, "", 0, true);
    test_session_feed(&t, frame.data, frame.len);
    for (unsigned i = 1; i < t.limits.fragments_max; i++) {
        test_session_feed(&t, empty.data, empty.len);
    }
    test_session_drain(&t);
    assert_string_equal(test_session_sent(&t), "");
    test_session_feed(&t, empty.data, empty.len);
    test_session_drain(&t);
    assert_string_equal(test_session_sent(&t), "close:1008 too many fragments;fin;");
    assert_int_equal(t.heap.live, 4); /* worker's scratch, a spare reader and chunk, the session */
    tri_buf_deinit(&frame);
    tri_buf_deinit(&empty);
    test_session_deinit(&t);
}

static void W7_too_many_pings_without_reading_the_pongs_are_1008(void **state)
{
    (void)state;
    struct test_session t;
    struct tri_buf ping;
    test_session_init(&t, TRI_SESSION_SERVER);
    t.limits.control_frames_max = 0;
    test_session_open(&t);
    tri_buf_init(&ping, tri_alloc_heap(), 100);
    test_put_frame(&ping, FIN | PING, "p", 1, true);
    /* Any number is fine as long as the pongs go out. */
    for (unsigned i = 0; i < 3 * TRI_CONTROL_FRAMES_QUEUED_MAX; i++) {
        test_session_feed(&t, ping.data, ping.len);
        if (i % TRI_CONTROL_FRAMES_QUEUED_MAX == TRI_CONTROL_FRAMES_QUEUED_MAX - 1) {
            test_session_drain(&t);
        }
    }
    assert_null(strstr(test_session_sent(&t), "close"));
    for (unsigned i = 0; i < TRI_CONTROL_FRAMES_QUEUED_MAX; i++) {
        test_session_feed(&t, ping.data, ping.len);
    }
    const size_t queued = tri_session_queued_bytes(t.session);
    assert_int_equal(queued, TRI_CONTROL_FRAMES_QUEUED_MAX * 3);
    test_session_feed(&t, ping.data, ping.len);
    test_session_drain(&t);
    assert_non_null(strstr(test_session_sent(&t), "close:1008 too many unanswered pings;fin;"));
    tri_buf_deinit(&ping);
    test_session_deinit(&t);
}

static void W1_control_payloads_of_every_length_are_echoed(void **state)
{
    (void)state;
    char payload[TRI_CONTROL_PAYLOAD_MAX];
    memset(payload, 'p', sizeof payload);
    for (size_t len = 0; len <= sizeof payload; len++) {
        struct test_session t;
        struct tri_buf wire;
        tri_buf_init(&wire, tri_alloc_heap(), 1000);
        test_session_init(&t, TRI_SESSION_SERVER);
        test_session_open(&t);
        test_put_frame(&wire, FIN | PING, payload, len, true);
        test_session_feed_bytewise(&t, wire.data, wire.len);
        test_session_feed(&t, wire.data, wire.len);
        test_session_drain(&t);
        const struct tri_slice out = tri_buf_peek(&t.out);
        assert_int_equal(out.len, 2 * (len + 2));
        for (size_t at = 0; at < out.len; at += len + 2) {
            assert_int_equal(out.data[at], FIN | PONG);
            assert_int_equal(out.data[at + 1], len);
            assert_memory_equal(out.data + at + 2, payload, len);
        }
        tri_buf_deinit(&wire);
        test_session_deinit(&t);
    }
}

/* Sizes around every boundary: lengths of headers, the scratch, growth of the buffer. */
static void W1_messages_of_every_size_pass_whole_and_in_pieces(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 125, 126, 127, 65535, 65536, 65537, 1 << 20};
    static const size_t pieces[] = {SIZE_MAX, 100000, 65536, 1460, 7};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct tri_buf wire;
        uint8_t *payload = malloc(sizes[i] + 1);
        memset(payload, 'm', sizes[i] + 1);
        tri_buf_init(&wire, tri_alloc_heap(), SIZE_MAX / 2);
        test_put_frame(&wire, FIN | TEXT, payload, sizes[i], true);
        test_put_frame(&wire, TEXT, payload, sizes[i] / 2, true);
        test_put_frame(&wire, FIN | CONT, payload, sizes[i] - sizes[i] / 2, true);
        for (size_t p = 0; p < sizeof pieces / sizeof pieces[0]; p++) {
            struct test_session t;
            if (pieces[p] < 100 && sizes[i] > 70000) {
                continue; /* slow, and nothing new */
            }
            test_session_init(&t, TRI_SESSION_SERVER);
            test_session_open(&t);
            for (size_t at = 0; at < wire.len;) {
                const size_t left = wire.len - at;
                const size_t n = left < pieces[p] ? left : pieces[p];
                test_session_feed(&t, wire.data + at, n);
                at += n;
            }
            test_session_end(&t, TRI_STREAM_RESET);
            assert_int_equal(t.end.messages_in, 2);
            assert_int_equal(t.end.bytes_in, 2 * sizes[i]);
            assert_non_null(strstr(test_session_told(&t), "T"));
            assert_null(strstr(test_session_told(&t), "B"));
            test_session_deinit(&t);
        }
        tri_buf_deinit(&wire);
        free(payload);
    }
}

/* What the owner gets is checked byte for byte, whichever way the message went. */
static void compare_pattern(struct test_session *t, enum tri_type type, const uint8_t *data,
                            size_t len)
{
    (void)t;
    (void)type;
    for (size_t i = 0; i < len; i++) {
        assert_int_equal(data[i], (uint8_t)(i * 7 >> 2));
    }
}

static void W1_every_byte_of_a_message_arrives(void **state)
{
    (void)state;
    static const size_t lens[] = {5, 200, 65536, 66000};
    static uint8_t payload[66000];
    for (size_t i = 0; i < sizeof payload; i++) {
        payload[i] = (uint8_t)(i * 7 >> 2);
    }
    for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
        struct test_session t;
        struct tri_buf wire;
        tri_buf_init(&wire, tri_alloc_heap(), 1000000);
        test_session_init(&t, TRI_SESSION_SERVER);
        t.on_message = compare_pattern;
        test_session_open(&t);
        test_put_frame(&wire, FIN | BIN, payload, lens[i], true);
        test_session_feed(&t, wire.data, wire.len);
        for (size_t at = 0; at < wire.len; at += 997) {
            const size_t left = wire.len - at;
            test_session_feed(&t, wire.data + at, left < 997 ? left : 997);
        }
        test_session_end(&t, TRI_STREAM_RESET);
        assert_int_equal(t.end.messages_in, 2);
        tri_buf_deinit(&wire);
        test_session_deinit(&t);
    }
}

static void a_small_message_in_one_piece_allocates_nothing(void **state)
{
    (void)state;
    struct test_session t;
    struct tri_buf wire;
    tri_buf_init(&wire, tri_alloc_heap(), 1000);
    test_session_init(&t, TRI_SESSION_SERVER);
    test_session_open(&t);
    test_put_frame(&wire, FIN | TEXT, "small", 5, true);
    test_put_frame(&wire, FIN | BIN, "binary", 6, true);
    test_session_feed(&t, wire.data, wire.len); /* the worker has a spare reader from now on */
    const size_t calls = t.heap.calls;
    for (int i = 0; i < 100; i++) {
        test_session_feed(&t, wire.data, wire.len);
    }
    assert_int_equal(t.heap.calls, calls);
    tri_buf_deinit(&wire);
    test_session_deinit(&t);
}

static void an_idle_session_owns_no_buffer(void **state)
{
    (void)state;
    struct test_session t;
    struct tri_buf wire;
    tri_buf_init(&wire, tri_alloc_heap(), 1000);
    test_session_init(&t, TRI_SESSION_SERVER);
    test_session_open(&t);
    test_session_feed(&t, "\x8a\x80\0\0\0\0", 6); /* the worker has a spare reader from now on */
    const size_t live = t.heap.live;
    test_put_frame(&wire, TEXT, "in pieces", 9, true);
    test_put_frame(&wire, FIN | PONG, "also in pieces", 14, true);
    test_put_frame(&wire, FIN | CONT, "the end", 7, true);
    test_session_feed_bytewise(&t, wire.data, wire.len - 1);
    assert_true(t.heap.live > live);
    test_session_feed(&t, wire.data + wire.len - 1, 1);
    assert_int_equal(t.heap.live, live);
    assert_string_equal(test_session_told(&t), "T16:in piecesthe end;");
    tri_buf_deinit(&wire);
    test_session_deinit(&t);
}

/* Memory grows by what has arrived, not by what the header says. */
static void a_declared_length_reserves_nothing(void **state)
{
    (void)state;
    struct test_session t;
    test_session_init(&t, TRI_SESSION_SERVER);
    test_session_open(&t);
    t.heap.largest = 0;
    /* 16 MiB announced, 3 bytes sent. */
    test_session_feed(&t, "\x82\xff\0\0\0\0\x01\0\0\0\x01\x02\x03\x04xyz", 17);
    assert_true(t.heap.largest > 0 && t.heap.largest < 1000);
    test_session_end(&t, TRI_STREAM_CONN_LOST);
    test_session_deinit(&t);
}

#define CASE(f) cmocka_unit_test(f)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(W1_messages_come_whole_in_order_however_they_are_cut),
        CASE(W1_a_client_reads_what_a_server_reads_without_masks),
        CASE(W1_each_violation_of_framing_is_1002),
        CASE(W2_bad_text_is_1007),
        CASE(W1_a_close_is_answered_with_its_code_its_reason_and_the_end),
        CASE(W1_the_examples_of_the_rfc_are_read),
        CASE(W1_masks_are_required_from_clients_and_forbidden_to_servers),
        CASE(W2_text_fails_at_the_first_bad_byte),
        CASE(W7_a_message_over_its_limit_is_1009_with_the_header_alone),
        CASE(W7_a_message_of_exactly_the_limit_passes),
        CASE(W7_too_many_fragments_are_1008),
        CASE(W7_too_many_pings_without_reading_the_pongs_are_1008),
        CASE(W1_control_payloads_of_every_length_are_echoed),
        CASE(W1_messages_of_every_size_pass_whole_and_in_pieces),
        CASE(W1_every_byte_of_a_message_arrives),
        CASE(a_small_message_in_one_piece_allocates_nothing),
        CASE(an_idle_session_owns_no_buffer),
        CASE(a_declared_length_reserves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
