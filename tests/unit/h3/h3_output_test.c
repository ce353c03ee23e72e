/* What a tenant may do with peek, and what it costs. Lines 1 to 3 of the contract. */
#include "h3_framing.h"
#include "rig_h3.h"

#include <stdlib.h>

/* A tenant whose peek is a script: slices, some of them empty, then the end. */
struct script {
    struct tri_exchange *exchange;
    const char *words[4]; /* slices of one peek */
    size_t words_len;
    bool fin;
    bool abort_in_peek, abort_in_sent;
    size_t peeks, sent, released, closes;
    enum tri_stream_cause cause;
};

static void on_data(void *session, const uint8_t *data, size_t len)
{
    struct script *s = session;
    (void)data;
    s->exchange->stream.ops->consume(&s->exchange->stream, len);
}

static void on_fin(void *session)
{
    (void)session;
}

static size_t peek(void *session, struct tri_slice *out, size_t out_max, bool *fin)
{
    struct script *s = session;
    s->peeks++;
    if (s->abort_in_peek) {
        s->exchange->stream.ops->abort(&s->exchange->stream);
    }
    size_t n = 0;
    size_t at = s->sent;
    for (size_t i = 0; i < s->words_len && n < out_max; i++) {
        size_t len = strlen(s->words[i]);
        size_t cut = at < len ? at : len;
        out[n++] = tri_slice_of(s->words[i] + cut, len - cut); /* may be empty */
        at -= cut;
    }
    *fin = s->fin;
    return n;
}

static void on_sent(void *session, size_t len)
{
    struct script *s = session;
    assert_true(len > 0);
    s->sent += len;
    if (s->abort_in_sent) {
        s->exchange->stream.ops->abort(&s->exchange->stream);
    }
}

static void on_released(void *session, size_t len)
{
    struct script *s = session;
    s->released += len;
    assert_true(s->released <= s->sent);
}

static void on_closed(void *session, enum tri_stream_cause cause)
{
    struct script *s = session;
    s->closes++;
    s->cause = cause;
}

static const struct tri_stream_events script_events = {
    .on_data = on_data,
    .on_fin = on_fin,
    .peek = peek,
    .on_sent = on_sent,
    .on_released = on_released,
    .on_closed = on_closed,
};

static void on_request(void *user, struct tri_exchange *x, const struct tri_request_head *head)
{
    struct script *s = user;
    (void)head;
    s->exchange = x;
    const struct tri_response r = {
        .answer = TRI_ANSWER_WEBSOCKET, .events = &script_events, .session = s};
    assert_int_equal(x->ops->respond(x, &r), TRI_OK);
}

static void on_cancel(void *user, struct tri_exchange *x)
{
    (void)user;
    (void)x;
    fail();
}

static void on_wake(void *user)
{
    (void)user;
}

static const struct tri_exchange_events events = {
    .on_request = on_request, .on_cancel = on_cancel, .on_wake = on_wake};

static struct rig_h3 *play(struct script *s, int *stream)
{
    struct rig_h3 *r = rig_h3_new(&(struct rig_h3_options){.events = &events, .user = s});
    *stream = rig_h3_websocket(r);
    return r;
}

static void assert_body(const struct rig_h3 *r, int stream, const char *text)
{
    struct tri_slice body = tri_buf_peek(&rig_h3_seen(r, stream)->body);
    assert_true(tri_slice_equal(body, tri_slice_of_string(text)));
}

static void empty_slices_are_passed_over(void **state)
{
    (void)state;
    struct script s = {.words = {"", "Hel", "", "lo"}, .words_len = 4, .fin = true};
    int stream;
    struct rig_h3 *r = play(&s, &stream);
    assert_body(r, stream, "Hello");
    assert_true(rig_h3_seen(r, stream)->fin_seen);
    assert_int_equal(s.released, 5);
    rig_h3_free(r);
}

static void nothing_but_empty_slices_is_nothing(void **state)
{
    (void)state;
    struct script s = {.words = {"", ""}, .words_len = 2};
    int stream;
    struct rig_h3 *r = play(&s, &stream);
    assert_body(r, stream, "");
    assert_int_equal(rig_h3_seen(r, stream)->status, 200);
    assert_int_equal(s.sent, 0);
    s.words[1] = "now";
    s.exchange->stream.ops->wake_write(&s.exchange->stream);
    rig_h3_run(r);
    assert_body(r, stream, "now");
    rig_h3_free(r);
}

static void an_end_with_an_empty_slice_is_an_end(void **state)
{
    (void)state;
    struct script s = {.words = {""}, .words_len = 1, .fin = true};
    int stream;
    struct rig_h3 *r = play(&s, &stream);
    assert_true(rig_h3_seen(r, stream)->fin_seen);
    rig_h3_free(r);
}

static void peek_is_not_called_after_the_end(void **state)
{
    (void)state;
    struct script s = {.words = {"all"}, .words_len = 1, .fin = true};
    int stream;
    struct rig_h3 *r = play(&s, &stream);
    size_t peeks = s.peeks;
    s.exchange->stream.ops->wake_write(&s.exchange->stream);
    rig_h3_run(r);
    assert_int_equal(s.peeks, peeks);
    rig_h3_free(r);
}

static void nothing_to_send_is_not_asked_for_again_and_again(void **state)
{
    (void)state;
    struct script s = {.words_len = 0};
    int stream;
    struct rig_h3 *r = play(&s, &stream);
    size_t peeks = s.peeks;
    assert_true(peeks <= 2);
    rig_h3_advance(r, 25 * 1000);
    assert_int_equal(s.peeks, peeks);
    rig_h3_free(r);
}

static void abort_in_peek_sends_nothing_of_it(void **state)
{
    (void)state;
    struct script s = {.words = {"never"}, .words_len = 1, .abort_in_peek = true};
    int stream;
    struct rig_h3 *r = play(&s, &stream);
    assert_body(r, stream, "");
    assert_true(rig_h3_seen(r, stream)->reset_seen);
    assert_int_equal(s.sent, 0);
    assert_int_equal(s.closes, 1);
    assert_int_equal(s.cause, TRI_STREAM_ABORTED);
    rig_h3_free(r);
}

static void abort_in_sent_ends_the_stream(void **state)
{
    (void)state;
    struct script s = {.words = {"maybe"}, .words_len = 1, .abort_in_sent = true};
    int stream;
    struct rig_h3 *r = play(&s, &stream);
    assert_true(rig_h3_seen(r, stream)->reset_seen);
    assert_int_equal(s.closes, 1);
    rig_h3_free(r);
}

static void say_one_byte(struct rig_h3 *r, struct tenant *t)
{
    tenant_send(t, "x", 1);
    rig_h3_advance(r, 2);
}

static void without_memory_for_another_frame_the_rest_waits_for_an_acknowledgement(void **state)
{
    (void)state;
    struct rig_h3 *r = rig_h3_new(&(struct rig_h3_options){.lossy = false});
    const int stream = rig_h3_websocket(r);
    struct tenant *t = rig_h3_tenant(r, 0);
    tenant_room(t, 100);
    rig_h3_advance(r, 3000);
    const size_t bytes_max = r->up.bytes_max;
    r->up.bytes_max = 1; /* what the client says is lost */
    for (size_t i = 0; i < TRI_H3_FRAMES_INLINE; i++) {
        say_one_byte(r, t);
    }
    assert_int_equal(t->sent, TRI_H3_FRAMES_INLINE);
    r->alloc.fail_at = r->alloc.calls + 1;
    say_one_byte(r, t);
    assert_true(test_alloc_has_failed(&r->alloc));
    assert_int_equal(t->sent, TRI_H3_FRAMES_INLINE);
    r->alloc.fail_at = 0;
    r->up.bytes_max = bytes_max;
    rig_h3_advance(r, 3000);
    assert_int_equal(t->released, TRI_H3_FRAMES_INLINE + 1);
    assert_body(r, stream, "xxxxx");
    rig_h3_free(r);
}

/* Once both heads are done a socket costs no memory in nghttp3, which takes 1.4 KB for a stream. */
static void an_open_socket_is_small(void **state)
{
    (void)state;
    enum { SOCKETS = 50 };
    struct rig_h3 *r = rig_h3_new(&(struct rig_h3_options){.lossy = false});
    for (size_t i = 0; i < SOCKETS; i++) {
        rig_h3_websocket(r);
    }
    rig_h3_advance(r, 100);
    const size_t before = r->alloc.bytes;
    for (size_t i = 0; i < SOCKETS; i++) {
        rig_h3_websocket(r);
    }
    rig_h3_advance(r, 100);
    const size_t bytes = (r->alloc.bytes - before) / SOCKETS;
    print_message("%zu bytes a socket\n", bytes);
    assert_true(bytes < 1000);
    rig_h3_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(empty_slices_are_passed_over),
        cmocka_unit_test(nothing_but_empty_slices_is_nothing),
        cmocka_unit_test(an_end_with_an_empty_slice_is_an_end),
        cmocka_unit_test(peek_is_not_called_after_the_end),
        cmocka_unit_test(nothing_to_send_is_not_asked_for_again_and_again),
        cmocka_unit_test(abort_in_peek_sends_nothing_of_it),
        cmocka_unit_test(abort_in_sent_ends_the_stream),
        cmocka_unit_test(without_memory_for_another_frame_the_rest_waits_for_an_acknowledgement),
        cmocka_unit_test(an_open_socket_is_small),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
