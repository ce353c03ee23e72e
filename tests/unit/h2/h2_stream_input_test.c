/* What a peer sends before and without a verdict: held bytes and request bodies. */
#include "rig_h2.h"

#include <stdlib.h>

#define BIG ((size_t)(600 * 1024)) /* more than a stream window */

static void answer_late(struct rig_h2 *r, struct tenant *t)
{
    (void)r;
    (void)t;
}

static uint8_t *make_pattern(size_t len)
{
    uint8_t *p = malloc(len);
    assert_non_null(p);
    for (size_t i = 0; i < len; i++) {
        p[i] = (uint8_t)(i * 31 + i / 251);
    }
    return p;
}

static const struct peer_h2_stream *peer_stream(const struct rig_h2 *r, int stream)
{
    return r->peer.streams[stream];
}

static void assert_closed(const struct tenant *t, enum tri_stream_cause cause)
{
    assert_int_equal(t->closes, 1);
    assert_int_equal(t->cause, cause);
}

/* ---- before the verdict */

static void bytes_before_the_verdict_are_held_without_credit(void **state)
{
    (void)state;
    struct rig_h2 r;
    rig_h2_init(&r);
    r.on_request = answer_late;
    int s = rig_h2_websocket(&r);
    uint8_t *pattern = make_pattern(TRI_HELD_BYTES_MAX);
    peer_h2_send(&r.peer, s, pattern, TRI_HELD_BYTES_MAX);
    rig_h2_run(&r);
    struct tenant *t = rig_h2_tenant(&r, 0);
    assert_int_equal(t->in_len, 0);
    assert_int_equal(peer_stream(&r, s)->status, 0);
    assert_int_equal(rig_h2_count(&r, NGHTTP2_WINDOW_UPDATE, 1), 0);
    tenant_accept(t);
    assert_int_equal(t->in_len, 0); /* not inside respond */
    rig_h2_run(&r);
    assert_int_equal(t->in_len, TRI_HELD_BYTES_MAX);
    assert_memory_equal(t->in, pattern, TRI_HELD_BYTES_MAX);
    assert_int_equal(peer_stream(&r, s)->status, 200);
    free(pattern);
    rig_h2_deinit(&r);
}

static void one_byte_more_than_may_be_held_resets_the_stream(void **state)
{
    (void)state;
    struct rig_h2 r;
    rig_h2_init(&r);
    r.on_request = answer_late;
    int s = rig_h2_websocket(&r);
    uint8_t *pattern = make_pattern(TRI_HELD_BYTES_MAX + 1);
    peer_h2_send(&r.peer, s, pattern, TRI_HELD_BYTES_MAX + 1);
    rig_h2_run(&r);
    rig_h2_assert_reset(&r, 1, NGHTTP2_ENHANCE_YOUR_CALM);
    assert_true(rig_h2_tenant(&r, 0)->canceled);
    assert_int_equal(r.cancels, 1);
    free(pattern);
    rig_h2_deinit(&r);
}

static void an_accepted_stream_takes_a_whole_window_in_the_same_turn(void **state)
{
    (void)state;
    struct rig_h2 r;
    rig_h2_init(&r);
    uint8_t *pattern = make_pattern(TRI_STREAM_WINDOW_BYTES);
    struct bytes_h2 in = {.len = 0};
    frames_h2_preface(&in);
    frames_h2_headers(&in, 1, rig_h2_websocket_fields, false);
    frames_h2_data(&in, 1, pattern, TRI_STREAM_WINDOW_BYTES, true);
    rig_h2_output(&r); /* the peer has seen our SETTINGS */
    rig_h2_bytes(&r, &in);
    struct tenant *t = rig_h2_tenant(&r, 0);
    assert_int_equal(t->in_len, TRI_STREAM_WINDOW_BYTES);
    assert_memory_equal(t->in, pattern, TRI_STREAM_WINDOW_BYTES);
    assert_int_equal(t->fins, 1);
    free(pattern);
    rig_h2_deinit(&r);
}

static void an_end_before_the_verdict_is_told_after_it(void **state)
{
    (void)state;
    struct rig_h2 r;
    rig_h2_init(&r);
    r.on_request = answer_late;
    rig_h2_open(&r, &(struct fixture_request){.protocol = "websocket", .fin = true});
    struct tenant *t = rig_h2_tenant(&r, 0);
    assert_int_equal(t->fins, 0);
    tenant_accept(t);
    rig_h2_run(&r);
    assert_int_equal(t->fins, 1);
    assert_int_equal(t->closes, 0);
    tenant_end(t);
    rig_h2_run(&r);
    assert_closed(t, TRI_STREAM_FINISHED);
    rig_h2_deinit(&r);
}

static void E7_a_peer_that_leaves_before_the_verdict_cancels(void **state)
{
    (void)state;
    struct rig_h2 r;
    rig_h2_init(&r);
    r.on_request = answer_late;
    int s = rig_h2_websocket(&r);
    peer_h2_reset(&r.peer, s, NGHTTP2_CANCEL);
    rig_h2_run(&r);
    assert_int_equal(r.cancels, 1);
    rig_h2_deinit(&r);
}

static void request_answer_and_reset_in_one_read_end_in_order(void **state)
{
    (void)state;
    struct rig_h2 r;
    rig_h2_init(&r);
    struct bytes_h2 in = {.len = 0};
    frames_h2_preface(&in);
    frames_h2_headers(&in, 1, rig_h2_websocket_fields, false);
    frames_h2_number(&in, NGHTTP2_RST_STREAM, 1, NGHTTP2_CANCEL);
    rig_h2_bytes(&r, &in);
    assert_closed(rig_h2_tenant(&r, 0), TRI_STREAM_RESET);
    assert_int_equal(rig_h2_count(&r, NGHTTP2_HEADERS, 1), 0);
    rig_h2_deinit(&r);
}

/* Answers the other exchange than the one that asks, whose stream has just been reset. */
static void answer_the_first(struct rig_h2 *r, struct tenant *t)
{
    if (r->tenants_len == 2) {
        tenant_accept(rig_h2_tenant(r, 0));
        tenant_accept(t);
    }
}

static void an_answer_to_a_stream_that_has_just_gone_is_told_so(void **state)
{
    (void)state;
    struct rig_h2 r;
    rig_h2_init(&r);
    r.on_request = answer_the_first;
    struct bytes_h2 in = {.len = 0};
    frames_h2_preface(&in);
    frames_h2_headers(&in, 1, rig_h2_websocket_fields, false);
    frames_h2_number(&in, NGHTTP2_RST_STREAM, 1, NGHTTP2_CANCEL);
    frames_h2_headers(&in, 3, rig_h2_websocket_fields, false);
    rig_h2_bytes(&r, &in);
    assert_closed(rig_h2_tenant(&r, 0), TRI_STREAM_RESET);
    assert_int_equal(rig_h2_status(&r, 1), 0);
    assert_int_equal(rig_h2_status(&r, 3), 200);
    assert_int_equal(rig_h2_tenant(&r, 1)->closes, 0);
    rig_h2_deinit(&r);
}

static void bytes_behind_a_late_answer_come_behind_the_held_ones(void **state)
{
    (void)state;
    struct rig_h2 r;
    rig_h2_init(&r);
    r.on_request = answer_the_first;
    struct bytes_h2 in = {.len = 0};
    frames_h2_preface(&in);
    frames_h2_headers(&in, 1, rig_h2_websocket_fields, false);
    frames_h2_data(&in, 1, "early", 5, false);
    rig_h2_bytes(&r, &in);
    frames_h2_headers(&in, 3, rig_h2_websocket_fields, false); /* the first is answered here */
    frames_h2_data(&in, 1, " late", 5, false);
    rig_h2_bytes(&r, &in);
    assert_int_equal(rig_h2_tenant(&r, 0)->in_len, 10);
    assert_memory_equal(rig_h2_tenant(&r, 0)->in, "early late", 10);
    rig_h2_deinit(&r);
}

/* ---- request bodies */

static void a_body_that_nobody_reads_is_dropped_with_its_credit(void **state)
{
    (void)state;
    struct rig_h2 r;
    rig_h2_init(&r);
    r.on_request = answer_late;
    int s = rig_h2_open(&r, &(struct fixture_request){.method = "POST", .path = "/"});
    uint8_t *pattern = make_pattern(BIG);
    peer_h2_send(&r.peer, s, pattern, BIG);
    rig_h2_run(&r);
    assert_int_equal(peer_h2_unsent(&r.peer, s), 0);
    peer_h2_fin(&r.peer, s);
    rig_h2_run(&r);
    tenant_refuse(rig_h2_tenant(&r, 0), 204);
    rig_h2_run(&r);
    assert_int_equal(peer_stream(&r, s)->status, 204);
    assert_true(peer_stream(&r, s)->fin);
    assert_false(peer_stream(&r, s)->is_reset);
    free(pattern);
    rig_h2_deinit(&r);
}

static void a_body_over_the_limit_is_answered_413(void **state)
{
    (void)state;
    struct rig_h2 r;
    rig_h2_init(&r);
    r.on_request = answer_late;
    int s = rig_h2_open(&r, &(struct fixture_request){.method = "POST", .path = "/"});
    uint8_t *pattern = make_pattern(TRI_REQUEST_BODY_BYTES_MAX + 1);
    peer_h2_send(&r.peer, s, pattern, TRI_REQUEST_BODY_BYTES_MAX);
    rig_h2_run(&r);
    assert_int_equal(r.cancels, 0);
    peer_h2_send(&r.peer, s, pattern, 1);
    rig_h2_run(&r);
    assert_int_equal(r.cancels, 1);
    assert_int_equal(peer_stream(&r, s)->status, 413);
    assert_true(peer_stream(&r, s)->fin);
    rig_h2_assert_reset(&r, 1, NGHTTP2_NO_ERROR);
    free(pattern);
    rig_h2_deinit(&r);
}

static void accept_plainly(struct rig_h2 *r, struct tenant *t)
{
    (void)r;
    enum tri_err err = rig_h2_reply(t, &(struct tri_response){.answer = TRI_ANSWER_PLAIN,
                                                              .status = 200,
                                                              .content_length = TRI_LENGTH_NONE});
    assert_int_equal(err, TRI_OK);
}

static void a_tenant_of_a_plain_request_gets_its_body_within_the_limit(void **state)
{
    (void)state;
    struct rig_h2 r;
    rig_h2_init(&r);
    r.on_request = accept_plainly;
    int s = rig_h2_open(&r, &(struct fixture_request){.method = "POST", .path = "/"});
    uint8_t *pattern = make_pattern(TRI_REQUEST_BODY_BYTES_MAX + 1);
    peer_h2_send(&r.peer, s, pattern, TRI_REQUEST_BODY_BYTES_MAX);
    rig_h2_run(&r);
    struct tenant *t = rig_h2_tenant(&r, 0);
    assert_int_equal(t->in_len, TRI_REQUEST_BODY_BYTES_MAX);
    peer_h2_send(&r.peer, s, pattern, 1);
    rig_h2_run(&r);
    assert_closed(t, TRI_STREAM_ABORTED);
    rig_h2_assert_reset(&r, 1, NGHTTP2_ENHANCE_YOUR_CALM);
    free(pattern);
    rig_h2_deinit(&r);
}

static void a_WebSocket_may_pass_more_than_a_request_body(void **state)
{
    (void)state;
    struct rig_h2 r;
    rig_h2_init(&r);
    int s = rig_h2_websocket(&r);
    const size_t len = 3 * TRI_REQUEST_BODY_BYTES_MAX;
    uint8_t *pattern = make_pattern(len);
    peer_h2_send(&r.peer, s, pattern, len);
    rig_h2_run(&r);
    assert_int_equal(rig_h2_tenant(&r, 0)->in_len, len);
    assert_memory_equal(rig_h2_tenant(&r, 0)->in, pattern, len);
    free(pattern);
    rig_h2_deinit(&r);
}

static void a_finished_plain_response_does_not_wait_for_the_rest_of_the_request(void **state)
{
    (void)state;
    struct rig_h2 r;
    rig_h2_init(&r);
    r.on_request = accept_plainly;
    int s = rig_h2_open(&r, &(struct fixture_request){.method = "POST", .path = "/"});
    struct tenant *t = rig_h2_tenant(&r, 0);
    tenant_send(t, "done", 4);
    tenant_end(t);
    rig_h2_run(&r);
    assert_closed(t, TRI_STREAM_FINISHED);
    assert_int_equal(peer_stream(&r, s)->body.len, 4);
    assert_true(peer_stream(&r, s)->fin);
    rig_h2_assert_reset(&r, 1, NGHTTP2_NO_ERROR);
    rig_h2_deinit(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_before_the_verdict_are_held_without_credit),
        cmocka_unit_test(one_byte_more_than_may_be_held_resets_the_stream),
        cmocka_unit_test(an_accepted_stream_takes_a_whole_window_in_the_same_turn),
        cmocka_unit_test(an_end_before_the_verdict_is_told_after_it),
        cmocka_unit_test(E7_a_peer_that_leaves_before_the_verdict_cancels),
        cmocka_unit_test(request_answer_and_reset_in_one_read_end_in_order),
        cmocka_unit_test(an_answer_to_a_stream_that_has_just_gone_is_told_so),
        cmocka_unit_test(bytes_behind_a_late_answer_come_behind_the_held_ones),
        cmocka_unit_test(a_body_that_nobody_reads_is_dropped_with_its_credit),
        cmocka_unit_test(a_body_over_the_limit_is_answered_413),
        cmocka_unit_test(a_tenant_of_a_plain_request_gets_its_body_within_the_limit),
        cmocka_unit_test(a_WebSocket_may_pass_more_than_a_request_body),
        cmocka_unit_test(a_finished_plain_response_does_not_wait_for_the_rest_of_the_request),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
