/* Answers in HTTP/2's spelling. */
#include "rig_h2.h"

#include <stdio.h>
#include <stdlib.h>

static void answer_late(struct rig_h2 *r, struct tenant *t)
{
    (void)r;
    (void)t;
}

/* Opens |request|, answers it with |response| and no tenant, and returns what the peer saw. */
static const struct peer_h2_stream *answer(struct rig_h2 *r, const struct fixture_request *request,
                                           const struct tri_response *response)
{
    rig_h2_init(r);
    r->on_request = answer_late;
    int s = rig_h2_open(r, request);
    struct tenant *t = rig_h2_tenant(r, 0);
    assert_int_equal(t->exchange->ops->respond(t->exchange, response), TRI_OK);
    rig_h2_run(r);
    return r->peer.streams[s];
}

static void assert_text(const struct peer_h2_stream *s, const char *text)
{
    assert_int_equal(s->text.len, strlen(text));
    assert_memory_equal(s->text.data, text, strlen(text));
}

static const struct fixture_request get = {.path = "/", .fin = true};
static const struct fixture_request websocket = {.protocol = "websocket"};

static void a_plain_answer_without_a_tenant_ends_with_its_head(void **state)
{
    (void)state;
    const struct tri_field fields[] = {{TRI_SLICE("content-type"), TRI_SLICE("text/plain")},
                                       {TRI_SLICE("x-empty"), TRI_SLICE("")}};
    struct rig_h2 r;
    const struct peer_h2_stream *s = answer(&r, &get,
                                            &(struct tri_response){.answer = TRI_ANSWER_PLAIN,
                                                                   .status = 404,
                                                                   .fields = fields,
                                                                   .fields_len = 2,
                                                                   .content_length = 0});
    assert_int_equal(s->status, 404);
    assert_text(s, "content-type: text/plain\nx-empty: \ncontent-length: 0\n");
    assert_true(s->fin && s->is_closed && !s->is_reset);
    assert_int_equal(s->body.len, 0);
    const struct frame_h2 head = rig_h2_frame(&r, NGHTTP2_HEADERS, 1, 0);
    assert_true(head.flags & NGHTTP2_FLAG_END_STREAM);
    rig_h2_deinit(&r);
}

static void the_length_of_a_body_is_told_in_full(void **state)
{
    (void)state;
    struct rig_h2 r;
    const struct peer_h2_stream *s =
        answer(&r, &(struct fixture_request){.method = "HEAD", .path = "/", .fin = true},
               &(struct tri_response){.answer = TRI_ANSWER_PLAIN,
                                      .status = 200,
                                      .content_length = UINT64_C(9223372036854775807)});
    assert_text(s, "content-length: 9223372036854775807\n");
    rig_h2_deinit(&r);
}

static void E2_an_accepted_WebSocket_is_200_without_length_or_accept(void **state)
{
    (void)state;
    const struct tri_field fields[] = {{TRI_SLICE("sec-websocket-protocol"), TRI_SLICE("chat")}};
    struct rig_h2 r;
    rig_h2_init(&r);
    r.on_request = answer_late;
    int s = rig_h2_open(&r, &websocket);
    enum tri_err err =
        rig_h2_reply(rig_h2_tenant(&r, 0), &(struct tri_response){.answer = TRI_ANSWER_WEBSOCKET,
                                                                  .fields = fields,
                                                                  .fields_len = 1,
                                                                  .content_length = 5});
    assert_int_equal(err, TRI_OK);
    rig_h2_run(&r);
    struct bytes_h2 fields_seen = {.len = 0}; /* the client would hide a length: RFC 9110 8.6 */
    assert_int_equal(rig_h2_head(&r, 1, &fields_seen), 200);
    assert_int_equal(fields_seen.len, strlen("sec-websocket-protocol: chat\n"));
    assert_memory_equal(fields_seen.data, "sec-websocket-protocol: chat\n", fields_seen.len);
    bytes_h2_free(&fields_seen);
    assert_false(r.peer.streams[s]->fin);
    rig_h2_deinit(&r);
}

static void E2_a_wrong_version_is_400_with_the_right_one(void **state)
{
    (void)state;
    struct rig_h2 r;
    const struct peer_h2_stream *s =
        answer(&r, &websocket,
               &(struct tri_response){.answer = TRI_ANSWER_VERSION_NEEDED,
                                      .content_length = TRI_LENGTH_NONE});
    assert_int_equal(s->status, 400);
    assert_text(s, "sec-websocket-version: 13\n");
    assert_true(s->fin);
    rig_h2_assert_reset(&r, 1, NGHTTP2_NO_ERROR); /* the request's direction was open */
    rig_h2_deinit(&r);
}

static const struct tri_response upgrade_needed = {.answer = TRI_ANSWER_UPGRADE_NEEDED,
                                                   .content_length = TRI_LENGTH_NONE};

static void E4_an_upgrade_that_is_needed_is_400_and_ends_with_its_head(void **state)
{
    (void)state;
    struct rig_h2 r;
    const struct peer_h2_stream *s = answer(&r, &get, &upgrade_needed);
    assert_int_equal(s->status, 400);
    assert_text(s, "");
    assert_int_equal(s->body.len, 0);
    assert_true(s->fin && !s->is_reset);
    const struct frame_h2 head = rig_h2_frame(&r, NGHTTP2_HEADERS, 1, 0);
    assert_true(head.flags & NGHTTP2_FLAG_END_STREAM);
    rig_h2_deinit(&r);
}

static void E4_a_handler_explains_it_with_a_body(void **state)
{
    (void)state;
    struct rig_h2 r;
    rig_h2_init(&r);
    r.on_request = answer_late;
    int s = rig_h2_open(&r, &get);
    struct tenant *t = rig_h2_tenant(&r, 0);
    assert_int_equal(rig_h2_reply(t, &(struct tri_response){.answer = TRI_ANSWER_UPGRADE_NEEDED,
                                                            .content_length = 4}),
                     TRI_OK);
    tenant_send(t, "mine", 4);
    tenant_end(t);
    rig_h2_run(&r);
    assert_int_equal(r.peer.streams[s]->status, 400);
    assert_text(r.peer.streams[s], "content-length: 4\n");
    assert_memory_equal(r.peer.streams[s]->body.data, "mine", 4);
    assert_int_equal(t->closes, 1);
    assert_int_equal(t->cause, TRI_STREAM_FINISHED);
    rig_h2_deinit(&r);
}

static void many_fields_are_sent_all(void **state)
{
    (void)state;
    enum { MANY = 60 };
    struct tri_field fields[MANY];
    char names[MANY][8];
    for (int i = 0; i < MANY; i++) {
        snprintf(names[i], sizeof names[i], "x-%02d", i);
        fields[i] = (struct tri_field){tri_slice_of_string(names[i]), TRI_SLICE("v")};
    }
    for (size_t len = 26; len <= MANY; len++) { /* past the edge of what lies on the stack */
        struct rig_h2 r;
        const struct peer_h2_stream *s =
            answer(&r, &get,
                   &(struct tri_response){.answer = TRI_ANSWER_PLAIN,
                                          .status = 200,
                                          .fields = fields,
                                          .fields_len = len,
                                          .content_length = TRI_LENGTH_NONE});
        assert_int_equal(s->text.len, len * strlen("x-00: v\n"));
        rig_h2_deinit(&r);
    }
}

static void a_head_too_large_to_send_resets_its_stream_only(void **state)
{
    (void)state;
    const size_t len = 70000;
    uint8_t *value = malloc(len);
    assert_non_null(value);
    memset(value, 'v', len);
    const struct tri_field fields[] = {{TRI_SLICE("x"), tri_slice_of(value, len)}};
    struct rig_h2 r;
    rig_h2_init(&r);
    r.on_request = answer_late;
    rig_h2_open(&r, &websocket);
    struct tenant *t = rig_h2_tenant(&r, 0);
    assert_int_equal(rig_h2_reply(t, &(struct tri_response){.answer = TRI_ANSWER_WEBSOCKET,
                                                            .fields = fields,
                                                            .fields_len = 1}),
                     TRI_OK);
    free(value); /* borrowed for the call only */
    tenant_send(t, "unheard", 7);
    rig_h2_run(&r);
    rig_h2_assert_reset(&r, 1, NGHTTP2_INTERNAL_ERROR);
    assert_int_equal(t->closes, 1);
    assert_int_equal(t->sent, 0);
    r.on_request = NULL;
    int s = rig_h2_open(&r, &get);
    assert_int_equal(r.peer.streams[s]->status, 200);
    rig_h2_deinit(&r);
}

static void an_answer_survives_each_failing_allocation(void **state)
{
    (void)state;
    struct tri_field fields[40];
    for (size_t i = 0; i < 40; i++) {
        fields[i] = (struct tri_field){TRI_SLICE("x"), TRI_SLICE("v")};
    }
    const struct tri_response response = {.answer = TRI_ANSWER_WEBSOCKET,
                                          .fields = fields,
                                          .fields_len = 40,
                                          .content_length = TRI_LENGTH_NONE};
    size_t failures = 0;
    for (bool failed = true; failed; failures += failed) {
        struct rig_h2 r;
        rig_h2_init(&r);
        r.on_request = answer_late;
        int s = rig_h2_open(&r, &websocket);
        struct tenant *t = rig_h2_tenant(&r, 0);
        r.alloc.fail_at = r.alloc.calls + failures + 1;
        enum tri_err err = rig_h2_reply(t, &response);
        failed = err != TRI_OK;
        assert_int_equal(t->exchange->status, failed ? 0 : 200);
        r.alloc.fail_at = 0;
        rig_h2_run(&r);
        if (failed) {
            assert_int_equal(err, TRI_ERR_NOMEM);
            assert_int_equal(r.cancels, 0); /* no event comes */
            assert_true(r.peer.streams[s]->is_reset);
            assert_int_equal(r.peer.streams[s]->status, 0);
            r.on_request = NULL;
            rig_h2_websocket(&r); /* the connection lives */
            assert_int_equal(rig_h2_tenant(&r, 1)->closes, 0);
        }
        rig_h2_deinit(&r);
    }
    assert_true(failures >= 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plain_answer_without_a_tenant_ends_with_its_head),
        cmocka_unit_test(the_length_of_a_body_is_told_in_full),
        cmocka_unit_test(E2_an_accepted_WebSocket_is_200_without_length_or_accept),
        cmocka_unit_test(E2_a_wrong_version_is_400_with_the_right_one),
        cmocka_unit_test(E4_an_upgrade_that_is_needed_is_400_and_ends_with_its_head),
        cmocka_unit_test(E4_a_handler_explains_it_with_a_body),
        cmocka_unit_test(many_fields_are_sent_all),
        cmocka_unit_test(a_head_too_large_to_send_resets_its_stream_only),
        cmocka_unit_test(an_answer_survives_each_failing_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
