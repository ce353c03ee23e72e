/* Answers, as the client gets them. Rows E2, E5, U4, U5. */
#include "rig_h3.h"

#include <stdlib.h>

static void leave_unanswered(struct rig_h3 *r, struct tenant *t)
{
    (void)r;
    (void)t;
}

static struct rig_h3 *new_waiting(void)
{
    struct rig_h3 *r = rig_h3_new(&(struct rig_h3_options){.lossy = false});
    r->on_request = leave_unanswered;
    return r;
}

static struct tri_slice head_of(const struct rig_h3 *r, int stream)
{
    return tri_buf_peek(&rig_h3_seen(r, stream)->head);
}

static struct tri_slice body_of(const struct rig_h3 *r, int stream)
{
    return tri_buf_peek(&rig_h3_seen(r, stream)->body);
}

static void E2_a_socket_is_accepted_with_200_and_its_fields(void **state)
{
    (void)state;
    struct rig_h3 *r = new_waiting();
    int stream = rig_h3_websocket(r);
    const struct tri_field fields[] = {{TRI_SLICE("sec-websocket-protocol"), TRI_SLICE("chat")}};
    struct tenant *t = rig_h3_tenant(r, 0);
    assert_int_equal(rig_h3_reply(t, &(struct tri_response){.answer = TRI_ANSWER_WEBSOCKET,
                                                            .fields = fields,
                                                            .fields_len = 1}),
                     TRI_OK);
    rig_h3_run(r);
    assert_int_equal(rig_h3_seen(r, stream)->status, 200);
    assert_true(tri_slice_equal(head_of(r, stream), TRI_SLICE("sec-websocket-protocol: chat\n")));
    assert_false(rig_h3_seen(r, stream)->fin_seen);
    rig_h3_free(r);
}

static void U4_a_missing_upgrade_gets_400_and_ends_with_its_head(void **state)
{
    (void)state;
    struct rig_h3 *r = new_waiting();
    int stream = rig_h3_get(r, "/echo");
    struct tenant *t = rig_h3_tenant(r, 0);
    const struct tri_response answer = {.answer = TRI_ANSWER_UPGRADE_NEEDED,
                                        .content_length = TRI_LENGTH_NONE};
    assert_int_equal(t->exchange->ops->respond(t->exchange, &answer), TRI_OK);
    rig_h3_run(r);
    const struct peer_h3_stream *s = rig_h3_seen(r, stream);
    assert_int_equal(s->status, 400);
    assert_int_equal(head_of(r, stream).len, 0);
    assert_int_equal(body_of(r, stream).len, 0);
    assert_true(s->fin_seen && s->closed);
    rig_h3_free(r);
}

static void U5_a_wrong_version_gets_400_and_the_right_one(void **state)
{
    (void)state;
    struct rig_h3 *r = new_waiting();
    int stream = rig_h3_websocket(r);
    struct tenant *t = rig_h3_tenant(r, 0);
    const struct tri_response answer = {.answer = TRI_ANSWER_VERSION_NEEDED, .content_length = 0};
    assert_int_equal(t->exchange->ops->respond(t->exchange, &answer), TRI_OK);
    rig_h3_run(r);
    const struct peer_h3_stream *s = rig_h3_seen(r, stream);
    assert_int_equal(s->status, 400);
    assert_true(tri_slice_equal(head_of(r, stream),
                                TRI_SLICE("content-length: 0\nsec-websocket-version: 13\n")));
    assert_true(s->fin_seen);
    assert_int_equal(s->stop_code, NGHTTP3_H3_NO_ERROR); /* the rest of the request is not wanted */
    rig_h3_free(r);
}

static void a_body_of_many_windows_arrives_and_finishes(void **state)
{
    (void)state;
    enum { LEN = 1024 * 1024 };
    struct rig_h3 *r = new_waiting();
    int stream = rig_h3_get(r, "/file");
    struct tenant *t = rig_h3_tenant(r, 0);
    uint8_t *file = malloc(LEN);
    assert_non_null(file);
    for (size_t i = 0; i < LEN; i++) {
        file[i] = (uint8_t)(i * 7 + i / 1000);
    }
    tenant_room(t, LEN);
    t->slice_max = 16384;
    assert_int_equal(rig_h3_reply(t, &(struct tri_response){.answer = TRI_ANSWER_PLAIN,
                                                            .status = 200,
                                                            .content_length = LEN}),
                     TRI_OK);
    tenant_send(t, file, LEN);
    tenant_end(t);
    rig_h3_run(r);
    assert_int_equal(body_of(r, stream).len, LEN);
    assert_memory_equal(body_of(r, stream).data, file, LEN);
    assert_int_equal(t->released, LEN);
    assert_int_equal(t->cause, TRI_STREAM_FINISHED);
    free(file);
    rig_h3_free(r);
}

static void a_late_answer_wakes_the_owner(void **state)
{
    (void)state;
    struct rig_h3 *r = new_waiting();
    int stream = rig_h3_websocket(r);
    size_t wakes = r->wakes;
    tenant_accept(rig_h3_tenant(r, 0));
    assert_true(r->wakes > wakes);
    assert_int_equal(rig_h3_seen(r, stream)->status, 0);
    rig_h3_run(r);
    assert_int_equal(rig_h3_seen(r, stream)->status, 200);
    rig_h3_free(r);
}

/* Sockets that always have something to send take turns, whatever their streams' numbers. */
static void E5_sockets_share_a_connection_in_turns(void **state)
{
    (void)state;
    enum { LEN = 4 * 1024 * 1024, SOCKETS = 4 };
    struct rig_h3 *r =
        rig_h3_new(&(struct rig_h3_options){.peer = {.stream_window = 64 * 1024 * 1024}});
    int streams[SOCKETS];
    uint8_t *bytes = calloc(1, LEN);
    assert_non_null(bytes);
    for (size_t i = 0; i < SOCKETS; i++) {
        streams[i] = rig_h3_websocket(r);
        tenant_room(rig_h3_tenant(r, i), LEN);
    }
    for (size_t i = 0; i < SOCKETS; i++) {
        tenant_send(rig_h3_tenant(r, i), bytes, LEN);
    }
    size_t got[SOCKETS] = {0};
    for (size_t total = 0; total < LEN;) { /* a quarter of all: nobody is through */
        rig_h3_advance(r, 1);
        total = 0;
        for (size_t i = 0; i < SOCKETS; i++) {
            got[i] = body_of(r, streams[i]).len;
            total += got[i];
        }
    }
    for (size_t i = 1; i < SOCKETS; i++) {
        assert_true(got[i] > got[0] / 2 && got[i] < got[0] * 2 + 100000);
    }
    free(bytes);
    rig_h3_free(r);
}

static void refuse_plainly(struct rig_h3 *r, struct tenant *t)
{
    (void)r;
    tenant_refuse(t, 404);
}

/* A peer that lets no byte of an answer out. */
static struct rig_h3 *new_closed_window(void)
{
    struct rig_h3 *r = rig_h3_new(&(struct rig_h3_options){.peer = {.stream_window = 1}});
    r->on_request = refuse_plainly;
    return r;
}

static void E10_an_answer_without_a_body_waits_so_long_and_no_longer(void **state)
{
    (void)state;
    struct rig_h3 *r = new_closed_window();
    const size_t before = r->alloc.live;
    for (int i = 0; i < 20; i++) {
        peer_h3_pause(r->peer, rig_h3_request(r, rig_h3_get_fields, true), true);
    }
    rig_h3_run(r);
    assert_true(r->alloc.live > before);
    rig_h3_advance(r, 55 * 1000);
    assert_false(r->peer->streams[0]->reset_seen);
    rig_h3_advance(r, 10 * 1000);
    for (int i = 0; i < 20; i++) {
        assert_true(r->peer->streams[i]->reset_seen);
        assert_int_equal(r->peer->streams[i]->reset_code, NGHTTP3_H3_REQUEST_CANCELLED);
    }
    assert_false(r->peer->closed);
    rig_h3_free(r);
}

static void an_answer_that_is_out_is_not_given_up(void **state)
{
    (void)state;
    struct rig_h3 *r = rig_h3_new(&(struct rig_h3_options){.lossy = false});
    r->on_request = refuse_plainly;
    const int stream = rig_h3_request(r, rig_h3_get_fields, false); /* the request goes on */
    rig_h3_run(r);
    assert_int_equal(r->peer->streams[stream]->status, 404);
    rig_h3_advance(r, 50 * 1000);
    assert_false(r->peer->streams[stream]->reset_seen);
    rig_h3_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(E10_an_answer_without_a_body_waits_so_long_and_no_longer),
        cmocka_unit_test(an_answer_that_is_out_is_not_given_up),
        cmocka_unit_test(E2_a_socket_is_accepted_with_200_and_its_fields),
        cmocka_unit_test(U4_a_missing_upgrade_gets_400_and_ends_with_its_head),
        cmocka_unit_test(U5_a_wrong_version_gets_400_and_the_right_one),
        cmocka_unit_test(a_body_of_many_windows_arrives_and_finishes),
        cmocka_unit_test(a_late_answer_wakes_the_owner),
        cmocka_unit_test(E5_sockets_share_a_connection_in_turns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
