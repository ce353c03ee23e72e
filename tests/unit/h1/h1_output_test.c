#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "h1_rig.h"
#include "http_body.h"

#define GET "GET /a HTTP/1.1\r\nHost: a\r\n\r\n"

/* A tenant of a plain response that gives |text| in pieces and ends when it is told to. */
struct speaker {
    const char *text;
    size_t len, sent, released;
    size_t piece; /* bytes that one peek shows */
    bool ends;
    unsigned fins, closes, peeks;
    enum tri_stream_cause cause;
};

static void on_data(void *session, const uint8_t *data, size_t len)
{
    (void)session;
    (void)data;
    (void)len;
    fail_msg("a request body is dropped by the connection");
}

static void on_fin(void *session)
{
    ((struct speaker *)session)->fins++;
}

static size_t peek(void *session, struct tri_slice *out, size_t out_max, bool *fin)
{
    struct speaker *s = session;
    assert_true(out_max > 0);
    assert_int_equal(s->closes, 0);
    s->peeks++;
    const size_t left = s->len - s->sent;
    const size_t part = left < s->piece ? left : s->piece;
    out[0] = tri_slice_of(s->text + s->sent, part);
    *fin = s->ends && part == left;
    return part > 0 ? 1 : 0;
}

static void on_sent(void *session, size_t len)
{
    ((struct speaker *)session)->sent += len;
}

static void on_released(void *session, size_t len)
{
    struct speaker *s = session;
    s->released += len;
    assert_true(s->released <= s->sent);
}

static void on_closed(void *session, enum tri_stream_cause cause)
{
    struct speaker *s = session;
    s->closes++;
    s->cause = cause;
}

static const struct tri_stream_events speaker_events = {.on_data = on_data,
                                                        .on_fin = on_fin,
                                                        .peek = peek,
                                                        .on_sent = on_sent,
                                                        .on_released = on_released,
                                                        .on_closed = on_closed};

static struct speaker make_speaker(const char *text, size_t piece, bool ends)
{
    return (struct speaker){.text = text, .len = strlen(text), .piece = piece, .ends = ends};
}

/* Opens a connection whose one request |in| waits for an answer. */
static struct tri_exchange *start(struct h1_rig *r, const char *in)
{
    h1_rig_open(r);
    r->answer = H1_RIG_LATER;
    h1_rig_text(r, in);
    assert_int_equal(r->requests_len, 1);
    return r->tenants[0].exchange;
}

static void respond(struct h1_rig *r, struct tri_exchange *x, int status, uint64_t length,
                    struct speaker *s)
{
    const struct tri_response response = {.answer = TRI_ANSWER_PLAIN,
                                          .status = status,
                                          .content_length = length,
                                          .events = s ? &speaker_events : NULL,
                                          .session = s};
    assert_int_equal(x->ops->respond(x, &response), TRI_OK);
    h1_rig_drain(r);
}

static void check_closed(const struct speaker *s, enum tri_stream_cause cause)
{
    assert_int_equal(s->closes, 1);
    assert_int_equal(s->cause, cause);
}

static void a_body_is_sent_behind_its_head_and_then_finished(void **state)
{
    (void)state;
    for (size_t piece = 1; piece <= 6; piece++) {
        struct h1_rig r;
        struct tri_exchange *x = start(&r, GET);
        struct speaker s = make_speaker("hello", piece, true);
        respond(&r, x, 200, 5, &s);
        assert_string_equal(r.out, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
        assert_int_equal(s.released, 5);
        assert_int_equal(s.fins, 1);
        check_closed(&s, TRI_STREAM_FINISHED);
        assert_false(h1_rig_is_done(&r));
        h1_rig_close(&r);
    }
}

static void yielded_bytes_are_settled_by_the_next_send(void **state)
{
    (void)state;
    struct h1_rig r;
    struct tri_exchange *x = start(&r, GET);
    struct speaker s = make_speaker("hello", 5, true);
    const struct tri_response response = {.answer = TRI_ANSWER_PLAIN,
                                          .status = 200,
                                          .content_length = 5,
                                          .events = &speaker_events,
                                          .session = &s};
    assert_int_equal(x->ops->respond(x, &response), TRI_OK);
    assert_int_equal(s.peeks, 0); /* contract line 7 */
    assert_true(r.wakes > 0);
    struct tri_slice out[16];
    assert_int_equal(r.conn->ops->send(r.conn, out, 16, r.now_ns), 2);
    assert_ptr_equal(out[1].data, s.text); /* no copy */
    assert_int_equal(s.sent, 0);
    assert_int_equal(s.closes, 0);
    assert_int_equal(r.conn->ops->send(r.conn, out, 16, r.now_ns), 0);
    assert_int_equal(s.sent, 5);
    assert_int_equal(s.released, 5);
    assert_int_equal(s.closes, 1);
    h1_rig_close(&r);
}

static void a_body_that_pauses_goes_on_when_it_wakes(void **state)
{
    (void)state;
    struct h1_rig r;
    struct tri_exchange *x = start(&r, GET);
    struct speaker s = make_speaker("hello", 100, false);
    s.len = 2;
    respond(&r, x, 200, 5, &s);
    assert_int_equal(s.released, 2);
    assert_int_equal(s.closes, 0);
    s.len = 5;
    s.ends = true;
    const size_t wakes = r.wakes;
    x->stream.ops->wake_write(&x->stream);
    assert_int_equal(r.wakes, wakes + 1);
    h1_rig_drain(&r);
    assert_true(h1_rig_sent(&r, "\r\n\r\nhello"));
    check_closed(&s, TRI_STREAM_FINISHED);
    h1_rig_close(&r);
}

static void never_more_is_sent_than_was_told(void **state)
{
    (void)state;
    for (size_t piece = 1; piece < 12; piece++) {
        struct h1_rig r;
        struct tri_exchange *x = start(&r, GET GET);
        struct speaker s = make_speaker("hello world", piece, true);
        respond(&r, x, 200, 5, &s);
        assert_string_equal(r.out, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
        assert_int_equal(s.released, 5);
        check_closed(&s, TRI_STREAM_FINISHED);
        assert_int_equal(r.requests_len, 2);
        h1_rig_close(&r);
    }
}

static void a_body_that_ends_early_cuts_the_connection(void **state)
{
    (void)state;
    for (size_t piece = 1; piece < 6; piece++) {
        struct h1_rig r;
        struct tri_exchange *x = start(&r, GET GET);
        struct speaker s = make_speaker("hell", piece, true);
        respond(&r, x, 200, 5, &s);
        check_closed(&s, TRI_STREAM_ABORTED);
        assert_true(h1_rig_is_aborted(&r));
        assert_false(h1_rig_is_done(&r));
        assert_int_equal(r.requests_len, 1);
        h1_rig_close(&r);
    }
}

static void a_body_without_a_length_ends_with_the_connection(void **state)
{
    (void)state;
    struct h1_rig r;
    struct tri_exchange *x = start(&r, GET GET);
    struct speaker s = make_speaker("hello", 2, true);
    respond(&r, x, 200, TRI_LENGTH_NONE, &s);
    assert_string_equal(r.out, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello");
    check_closed(&s, TRI_STREAM_FINISHED);
    assert_true(h1_rig_is_done(&r));
    assert_int_equal(r.requests_len, 1);
    h1_rig_close(&r);
}

static void a_response_to_HEAD_keeps_its_length_and_has_no_body(void **state)
{
    (void)state;
    for (int is_bound = 0; is_bound < 2; is_bound++) {
        struct h1_rig r;
        struct tri_exchange *x = start(&r, "HEAD /a HTTP/1.1\r\nHost: a\r\n\r\n" GET);
        struct speaker s = make_speaker("hello", 5, true);
        respond(&r, x, 200, 5, is_bound ? &s : NULL);
        assert_string_equal(r.out, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
        assert_int_equal(s.peeks, 0);
        assert_int_equal(s.closes, is_bound);
        assert_int_equal(r.requests_len, 2); /* the connection goes on */
        h1_rig_close(&r);
    }
}

static void statuses_without_a_body_have_none(void **state)
{
    (void)state;
    static const struct {
        int status;
        uint64_t length;
        const char *out;
    } cases[] = {
        {204, 5, "HTTP/1.1 204 No Content\r\n\r\n"},
        {204, TRI_LENGTH_NONE, "HTTP/1.1 204 No Content\r\n\r\n"},
        {304, 5, "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n"},
        {304, TRI_LENGTH_NONE, "HTTP/1.1 304 Not Modified\r\n\r\n"},
    };
    for (size_t i = 0; i < 2 * sizeof cases / sizeof cases[0]; i++) {
        struct h1_rig r;
        struct tri_exchange *x = start(&r, GET GET);
        struct speaker s = make_speaker("hello", 5, true);
        respond(&r, x, cases[i / 2].status, cases[i / 2].length, i % 2 ? &s : NULL);
        assert_string_equal(r.out, cases[i / 2].out);
        assert_int_equal(s.peeks, 0);
        assert_int_equal(s.closes, i % 2);
        assert_int_equal(r.requests_len, 2);
        h1_rig_close(&r);
    }
}

static void a_response_without_a_body_tells_so(void **state)
{
    (void)state;
    struct h1_rig r;
    struct tri_exchange *x = start(&r, GET GET);
    respond(&r, x, 404, TRI_LENGTH_NONE, NULL);
    assert_string_equal(r.out, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
    assert_int_equal(r.requests_len, 2);
    h1_rig_close(&r);
}

static void a_body_of_no_bytes_is_finished(void **state)
{
    (void)state;
    for (int ends = 0; ends < 2; ends++) {
        struct h1_rig r;
        struct tri_exchange *x = start(&r, GET GET);
        struct speaker s = make_speaker("", 1, ends != 0);
        respond(&r, x, 200, 0, &s);
        check_closed(&s, TRI_STREAM_FINISHED);
        assert_int_equal(r.requests_len, 2);
        h1_rig_close(&r);
    }
}

static enum tri_err fail_read(void *user, uint8_t *out, size_t max, size_t *len)
{
    (void)user;
    memset(out, 'x', max); /* what a failing read leaves behind is not sent */
    *len = 0;
    return TRI_ERR_IO;
}

static void a_body_that_aborts_while_it_is_peeked_cuts_the_connection(void **state)
{
    (void)state;
    struct h1_rig r;
    struct tri_exchange *x = start(&r, GET);
    const struct tri_body source = {.read = fail_read, .length = 5};
    struct tri_http_body *body;
    assert_int_equal(tri_http_body_new_source(&body, &r.alloc.alloc, &x->stream, &source), TRI_OK);
    const struct tri_response response = {.answer = TRI_ANSWER_PLAIN,
                                          .status = 200,
                                          .content_length = 5,
                                          .events = &tri_http_body_stream_events,
                                          .session = body};
    assert_int_equal(x->ops->respond(x, &response), TRI_OK);
    h1_rig_drain(&r);
    assert_true(h1_rig_is_aborted(&r));
    h1_rig_close(&r);
}

static void a_large_body_passes_whole_with_keep_alive(void **state)
{
    (void)state;
    const size_t len = 1000 * 1000;
    char *text = malloc(len + 1);
    assert_non_null(text);
    for (size_t i = 0; i < len; i++) {
        text[i] = (char)('a' + i % 26);
    }
    text[len] = '\0';
    struct h1_rig r;
    struct tri_exchange *x = start(&r, GET GET);
    struct speaker s = make_speaker(text, 16384, true);
    respond(&r, x, 200, len, &s);
    const char head[] = "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n";
    assert_int_equal(r.out_len, strlen(head) + len);
    assert_string_equal(&r.out[strlen(head)], text);
    assert_int_equal(r.requests_len, 2);
    h1_rig_close(&r);
    free(text);
}

static void a_torn_connection_ends_a_body(void **state)
{
    (void)state;
    struct h1_rig r;
    struct tri_exchange *x = start(&r, GET);
    struct speaker s = make_speaker("hel", 3, false);
    respond(&r, x, 200, 5, &s);
    h1_rig_eof(&r, false);
    check_closed(&s, TRI_STREAM_CONN_LOST);
    assert_true(h1_rig_is_aborted(&r));
    h1_rig_close(&r);
}

static void an_orderly_end_lets_a_body_be_sent(void **state)
{
    (void)state;
    struct h1_rig r;
    struct tri_exchange *x = start(&r, GET);
    struct speaker s = make_speaker("hello", 3, false);
    s.len = 3;
    respond(&r, x, 200, 5, &s);
    h1_rig_eof(&r, true);
    assert_int_equal(s.closes, 0);
    s.len = 5;
    h1_rig_drain(&r);
    check_closed(&s, TRI_STREAM_FINISHED);
    assert_true(h1_rig_sent(&r, "hello"));
    assert_true(h1_rig_is_done(&r));
    h1_rig_close(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_body_is_sent_behind_its_head_and_then_finished),
        cmocka_unit_test(yielded_bytes_are_settled_by_the_next_send),
        cmocka_unit_test(a_body_that_pauses_goes_on_when_it_wakes),
        cmocka_unit_test(never_more_is_sent_than_was_told),
        cmocka_unit_test(a_body_that_ends_early_cuts_the_connection),
        cmocka_unit_test(a_body_without_a_length_ends_with_the_connection),
        cmocka_unit_test(a_response_to_HEAD_keeps_its_length_and_has_no_body),
        cmocka_unit_test(statuses_without_a_body_have_none),
        cmocka_unit_test(a_response_without_a_body_tells_so),
        cmocka_unit_test(a_body_of_no_bytes_is_finished),
        cmocka_unit_test(a_body_that_aborts_while_it_is_peeked_cuts_the_connection),
        cmocka_unit_test(a_large_body_passes_whole_with_keep_alive),
        cmocka_unit_test(a_torn_connection_ends_a_body),
        cmocka_unit_test(an_orderly_end_lets_a_body_be_sent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
