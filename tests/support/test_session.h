/*
 * A WebSocket session on a stream that is played by the test: it feeds bytes, takes what is to be
 * sent, and writes down all that the session's owner is told, as one line of text:
 *
 *   T5:hello;B2:xy;drain;close(1000 bye clean);
 *
 * a text of 5 bytes, binary data of 2, an on_drain, and the end. Pieces of a message:
 *
 *   T3:hel+;-2:lo;
 *
 * the first, with more to come, and the last. Memory is counted.
 */
#ifndef TRI_TESTS_TEST_SESSION_H
#define TRI_TESTS_TEST_SESSION_H

#include "base_buf.h"
#include "base_random.h"
#include "test_alloc.h"
#include "ws_frame.h"
#include "ws_session.h"

struct test_session;

/* What the owner does in each on_message and on_drain, before it returns. */
typedef void test_session_action(struct test_session *t, enum tri_type type, const uint8_t *data,
                                 size_t len);

struct test_session {
    struct test_alloc heap;
    struct tri_limits limits; /* may be changed between init and open */
    struct tri_random random; /* counts up: predictable */
    uint8_t random_next;
    struct tri_session_worker worker;
    enum tri_session_role role;
    struct tri_deflate_params deflate; /* may be set between init and open, as the next two */
    enum tri_slow slow;
    bool pieces; /* the owner takes messages piece by piece */
    struct tri_stream stream;
    struct tri_session *session; /* NULL after on_close */

    /* What the stream was asked for. */
    size_t fed, consumed; /* bytes */
    bool holds_credit;    /* a pause, or a long decompression: not all comes back at once */
    unsigned wakes, aborts, urgencies;
    unsigned urgency;   /* the last */
    struct tri_buf out; /* all bytes that were sent */
    size_t unreleased;  /* of them */
    bool keeps_bytes;   /* sent does not mean released, until test_session_release */
    bool fin;           /* the session gave fin */

    /* What the owner was told. */
    struct tri_buf told;
    struct tri_buf sent_text;
    test_session_action *on_message; /* may be NULL */
    test_session_action *on_drain;   /* type and data mean nothing */
    struct tri_ws_end end;           /* without the reason */
    unsigned closes;
};

/* One after the other; |t| must not move. Default limits, no pings. */
void test_session_init(struct test_session *t, enum tri_session_role role);
void test_session_open(struct test_session *t); /* asserts that memory was enough */
enum tri_err test_session_try_open(struct test_session *t);

/* Ends the session, if it is there, and the worker; asserts that all credit came back (unless
 * holds_credit), that there was exactly one close, and that no memory is left. */
void test_session_deinit(struct test_session *t);

/* Feeds received bytes. */
void test_session_feed(struct test_session *t, const void *data, size_t len);
void test_session_feed_bytewise(struct test_session *t, const void *data, size_t len);

/* The stream takes all there is to send; up to |max| bytes. */
void test_session_drain(struct test_session *t);
void test_session_take(struct test_session *t, size_t max);
void test_session_release(struct test_session *t, size_t len);

/* The stream ends; the session is gone. */
void test_session_end(struct test_session *t, enum tri_stream_cause cause);

/* Passes time, and expires what is due on the way. */
void test_session_advance(struct test_session *t, uint64_t ms);

/* The transcript so far, NUL-terminated. */
const char *test_session_told(struct test_session *t);

/*
 * The frames that were sent so far, in the same words, NUL-terminated, valid until the next call:
 *
 *   T5:hello;ping;pong:abc;close:1000 bye;fin;
 *
 * Those of a compressed message have a z, and are told as they were before: T5z:hello;
 */
const char *test_session_sent(struct test_session *t);

/*
 * Appends a frame as the session's peer would send it: |first| is the first byte (FIN, RSV and
 * opcode); masked if |masked|. The length is minimal.
 */
void test_put_frame(struct tri_buf *b, unsigned first, const void *payload, size_t len,
                    bool masked);

#endif
