/* A request stream from its first byte to its last. Rows E2, E6, E7; lines 5 to 8 of the contract. */
#include "rig_h3.h"

#include "base_limits.h"

#include <stdlib.h>

static void leave_unanswered(struct rig_h3 *r, struct tenant *t)
{
    (void)r;
    (void)t;
}

/* ---- the head */

/* A GET of / for https://a, by static table entries and one literal. RFC 9204 appendix A. */
static const char get_frame[] = "\x01\x08\x00\x00\xd1\xd7\xc1\x50\x01"
                                "a";

static void a_request_in_single_bytes(void **state)
{
    (void)state;
    struct rig_h3 *r = rig_h3_new(&(struct rig_h3_options){.lossy = false});
    int64_t id = peer_h3_raw_open(r->peer, false);
    for (size_t i = 0; i + 1 < sizeof get_frame; i++) {
        assert_int_equal(r->tenants_len, 0);
        peer_h3_raw_send(r->peer, id, get_frame + i, 1, false);
        rig_h3_run(r);
    }
    assert_int_equal(r->tenants_len, 1);
    assert_string_equal(r->last, "GET https a / \n");
    rig_h3_free(r);
}

static void a_request_split_at_every_point(void **state)
{
    (void)state;
    struct rig_h3 *r = rig_h3_new(&(struct rig_h3_options){.lossy = false});
    size_t len = sizeof get_frame - 1;
    for (size_t cut = 1; cut < len; cut++) {
        int64_t id = peer_h3_raw_open(r->peer, false);
        peer_h3_raw_send(r->peer, id, get_frame, cut, false);
        rig_h3_run(r);
        peer_h3_raw_send(r->peer, id, get_frame + cut, len - cut, true);
        rig_h3_run(r);
        assert_int_equal(r->tenants_len, cut);
    }
    rig_h3_free(r);
}

static void a_head_over_its_limit_is_431(void **state)
{
    (void)state;
    static char long_value[TRI_REQUEST_HEAD_BYTES_MAX + 1];
    memset(long_value, 'x', sizeof long_value - 1);
    const struct tri_header fields[] = {{":method", "GET"},          {":scheme", "https"},
                                        {":authority", "localhost"}, {":path", "/"},
                                        {"x", long_value},           {NULL, NULL}};
    struct rig_h3 *r = rig_h3_new(&(struct rig_h3_options){.lossy = false});
    int stream = rig_h3_request(r, fields, false);
    rig_h3_run(r);
    assert_int_equal(rig_h3_seen(r, stream)->status, 431);
    assert_true(rig_h3_seen(r, stream)->fin_seen);
    assert_true(rig_h3_seen(r, stream)->stop_seen);
    assert_int_equal(rig_h3_seen(r, stream)->stop_code, NGHTTP3_H3_NO_ERROR);
    assert_int_equal(r->tenants_len, 0);
    rig_h3_assert_alive(r);
    rig_h3_free(r);
}

static void too_many_fields_are_431(void **state)
{
    (void)state;
    struct rig_h3 *r = rig_h3_new(&(struct rig_h3_options){.lossy = false});
    for (size_t count = TRI_REQUEST_FIELDS_MAX; count <= TRI_REQUEST_FIELDS_MAX + 1; count++) {
        struct tri_header fields[TRI_REQUEST_FIELDS_MAX + 6] = {
            {":method", "GET"}, {":scheme", "https"}, {":authority", "a"}, {":path", "/"}};
        for (size_t i = 0; i < count; i++) {
            fields[4 + i] = (struct tri_header){.name = "x", .value = "y"};
        }
        int stream = rig_h3_request(r, fields, true);
        rig_h3_run(r);
        assert_int_equal(rig_h3_seen(r, stream)->status,
                         count > TRI_REQUEST_FIELDS_MAX ? 431 : 200);
    }
    rig_h3_free(r);
}

static void a_head_that_never_ends_is_given_up(void **state)
{
    (void)state;
    struct rig_h3 *r = rig_h3_new(&(struct rig_h3_options){.lossy = false});
    rig_h3_websocket(r);
    int64_t id = peer_h3_raw_open(r->peer, false);
    peer_h3_raw_send(r->peer, id, get_frame, 5, false);
    rig_h3_run(r);
    rig_h3_advance(r, r->limits.request_timeout_ms - 1000);
    assert_int_equal(r->peer->raw_resets, 0);
    rig_h3_advance(r, 2000);
    assert_int_equal(r->peer->raw_resets, 1);
    assert_int_equal(r->peer->raw_reset_code, NGHTTP3_H3_REQUEST_CANCELLED);
    assert_int_equal(r->peer->raw_stops, 1);
    assert_int_equal(rig_h3_tenant(r, 0)->closes, 0);
    rig_h3_assert_alive(r);
    rig_h3_free(r);
}

static void a_stream_that_is_reset_in_its_head_tells_nobody(void **state)
{
    (void)state;
    struct rig_h3 *r = rig_h3_new(&(struct rig_h3_options){.lossy = false});
    int64_t id = peer_h3_raw_open(r->peer, false);
    peer_h3_raw_send(r->peer, id, get_frame, 5, false);
    rig_h3_run(r);
    assert_int_equal(ngtcp2_conn_shutdown_stream_write(r->peer->quic, 0, id, 0x10c), 0);
    rig_h3_run(r);
    assert_int_equal(r->tenants_len + r->cancels, 0);
    assert_int_equal(r->peer->raw_resets, 1); /* our direction ends too */
    rig_h3_assert_alive(r);
    rig_h3_free(r);
}

/* RFC 9000 section 3.5: STOP_SENDING may come before the first byte of the stream. */
static void a_stream_that_is_stopped_before_its_head_is_over(void **state)
{
    (void)state;
    struct rig_h3 *r = rig_h3_new(&(struct rig_h3_options){.lossy = false});
    int64_t id = peer_h3_raw_open(r->peer, false);
    assert_int_equal(ngtcp2_conn_shutdown_stream_read(r->peer->quic, 0, id, 0x10c), 0);
    rig_h3_run(r);
    peer_h3_raw_send(r->peer, id, get_frame, sizeof get_frame - 1, true);
    rig_h3_run(r);
    for (size_t i = 0; i < r->tenants_len; i++) {
        assert_true(rig_h3_tenant(r, i)->bound || rig_h3_tenant(r, i)->canceled ||
                    !rig_h3_tenant(r, i)->head);
    }
    rig_h3_assert_alive(r);
    rig_h3_free(r);
}

/* ---- before the verdict */

static void bytes_before_the_verdict_are_held_up_to_the_limit(void **state)
{
    (void)state;
    static uint8_t many[TRI_STREAM_WINDOW_BYTES];
    memset(many, 7, sizeof many);
    struct rig_h3 *r = rig_h3_new(&(struct rig_h3_options){.lossy = false});
    r->on_request = leave_unanswered;
    int stream = rig_h3_websocket(r);
    peer_h3_data(r->peer, stream, many, sizeof many);
    peer_h3_fin(r->peer, stream);
    rig_h3_run(r);
    const struct peer_h3_stream *s = rig_h3_seen(r, stream);
    assert_true(s->queued - s->given >= sizeof many - TRI_HELD_BYTES_MAX - 8192);
    struct tenant *t = rig_h3_tenant(r, 0);
    assert_int_equal(t->in_len, 0);
    tenant_accept(t);
    rig_h3_run(r);
    assert_int_equal(s->status, 200);
    assert_int_equal(t->in_len, sizeof many);
    assert_int_equal(t->fins, 1);
    rig_h3_free(r);
}

static void the_window_of_a_socket_is_the_configured_one(void **state)
{
    (void)state;
    static uint8_t many[2 * TRI_STREAM_WINDOW_BYTES];
    struct rig_h3 *r = rig_h3_new(&(struct rig_h3_options){.lossy = false});
    int stream = rig_h3_websocket(r);
    struct tenant *t = rig_h3_tenant(r, 0);
    t->hold_credit = true;
    peer_h3_data(r->peer, stream, many, sizeof many);
    rig_h3_run(r);
    assert_true(t->in_len <= TRI_STREAM_WINDOW_BYTES);
    assert_true(t->in_len >= TRI_STREAM_WINDOW_BYTES - 1024);
    rig_h3_run(r);
    rig_h3_advance(r, 5000);
    assert_true(t->in_len <= TRI_STREAM_WINDOW_BYTES); /* nothing leaks in */
    t->hold_credit = false;
    tenant_consume(t, t->unconsumed);
    rig_h3_run(r);
    assert_int_equal(t->in_len, sizeof many);
    rig_h3_free(r);
}

/* What HTTP/3 itself uses up is no tenant's to return credit for. */
static void empty_frames_cost_no_credit(void **state)
{
    (void)state;
    static const uint8_t empty_frames[60000]; /* DATA of length 0, two bytes each */
    struct rig_h3 *r = rig_h3_new(&(struct rig_h3_options){.lossy = false});
    r->on_request = leave_unanswered;
    int64_t id = peer_h3_raw_open(r->peer, false);
    peer_h3_raw_send(r->peer, id, get_frame, sizeof get_frame - 1, false);
    for (size_t sent = 0; sent < 2 * TRI_STREAM_WINDOW_BYTES; sent += sizeof empty_frames) {
        rig_h3_run(r);
        peer_h3_raw_send(r->peer, id, empty_frames, sizeof empty_frames, false);
    }
    rig_h3_run(r);
    peer_h3_raw_send(r->peer, id, "\x00\x01x", 3, false);
    rig_h3_run(r);
    tenant_accept(rig_h3_tenant(r, 0));
    rig_h3_run(r);
    assert_int_equal(rig_h3_tenant(r, 0)->in_len, 1);
    rig_h3_free(r);
}

static void a_late_verdict_after_the_peer_left_is_not_asked_for(void **state)
{
    (void)state;
    struct rig_h3 *r = rig_h3_new(&(struct rig_h3_options){.lossy = false});
    r->on_request = leave_unanswered;
    int reset = rig_h3_websocket(r);
    int stopped = rig_h3_websocket(r);
    peer_h3_data(r->peer, reset, "early", 5);
    rig_h3_run(r);
    peer_h3_reset(r->peer, reset, NGHTTP3_H3_REQUEST_CANCELLED);
    peer_h3_stop(r->peer, stopped, NGHTTP3_H3_REQUEST_CANCELLED);
    rig_h3_run(r);
    assert_int_equal(r->cancels, 2);
    assert_true(rig_h3_tenant(r, 0)->canceled && rig_h3_tenant(r, 1)->canceled);
    r->on_request = NULL;
    rig_h3_assert_alive(r);
    rig_h3_free(r);
}

static void a_lost_connection_cancels_what_waits(void **state)
{
    (void)state;
    struct rig_h3 *r = rig_h3_new(&(struct rig_h3_options){.lossy = false});
    r->on_request = leave_unanswered;
    rig_h3_websocket(r);
    rig_h3_hang_up(r);
    rig_h3_advance(r, 2 * r->limits.idle_timeout_ms);
    assert_int_equal(r->cancels, 1);
    rig_h3_free(r);
}

/* ---- the ends: row E7 */

static void E7_abort_is_reset_and_stop_sending_with_request_cancelled(void **state)
{
    (void)state;
    struct rig_h3 *r = rig_h3_new(&(struct rig_h3_options){.lossy = false});
    int stream = rig_h3_websocket(r);
    tenant_abort(rig_h3_tenant(r, 0));
    tenant_abort(rig_h3_tenant(r, 0)); /* twice: harmless */
    assert_int_equal(rig_h3_tenant(r, 0)->closes, 0);
    rig_h3_run(r);
    const struct peer_h3_stream *s = rig_h3_seen(r, stream);
    assert_true(s->reset_seen && s->stop_seen);
    assert_int_equal(s->reset_code, NGHTTP3_H3_REQUEST_CANCELLED);
    assert_int_equal(s->stop_code, NGHTTP3_H3_REQUEST_CANCELLED);
    assert_int_equal(rig_h3_tenant(r, 0)->cause, TRI_STREAM_ABORTED);
    assert_true(s->closed); /* and QUIC is done with it */
    rig_h3_free(r);
}

static void E7_a_reset_by_the_peer_resets_our_direction_too(void **state)
{
    (void)state;
    struct rig_h3 *r = rig_h3_new(&(struct rig_h3_options){.lossy = false});
    int stream = rig_h3_websocket(r);
    peer_h3_reset(r->peer, stream, NGHTTP3_H3_REQUEST_CANCELLED);
    rig_h3_run(r);
    const struct peer_h3_stream *s = rig_h3_seen(r, stream);
    assert_true(s->reset_seen);
    assert_int_equal(s->reset_code, NGHTTP3_H3_REQUEST_CANCELLED);
    assert_false(s->fin_seen);
    assert_int_equal(rig_h3_tenant(r, 0)->cause, TRI_STREAM_RESET);
    assert_int_equal(rig_h3_tenant(r, 0)->fins, 0);
    rig_h3_free(r);
}

static void E7_stop_sending_stops_the_peers_direction_too(void **state)
{
    (void)state;
    struct rig_h3 *r = rig_h3_new(&(struct rig_h3_options){.lossy = false});
    int stream = rig_h3_websocket(r);
    peer_h3_stop(r->peer, stream, NGHTTP3_H3_REQUEST_CANCELLED);
    rig_h3_run(r);
    const struct peer_h3_stream *s = rig_h3_seen(r, stream);
    assert_true(s->stop_seen);
    assert_int_equal(s->stop_code, NGHTTP3_H3_REQUEST_CANCELLED);
    assert_int_equal(rig_h3_tenant(r, 0)->cause, TRI_STREAM_RESET);
    rig_h3_free(r);
}

static void a_reset_with_bytes_in_flight_over_a_bad_link(void **state)
{
    (void)state;
    static uint8_t many[600 * 1024];
    for (uint32_t seed = 0; seed < 20; seed++) {
        struct rig_h3 *r = rig_h3_new(&(struct rig_h3_options){.lossy = true, .link_seed = seed});
        int stream = rig_h3_websocket(r);
        struct tenant *t = rig_h3_tenant(r, 0);
        tenant_room(t, sizeof many);
        tenant_send(t, many, sizeof many);
        for (uint32_t i = 0; i < 1 + seed % 5; i++) {
            rig_h3_flush(r);
            rig_h3_advance(r, 1);
        }
        if (seed % 3 == 0) {
            tenant_abort(t); /* tenant.c overwrites its bytes in on_closed */
        } else if (seed % 3 == 1) {
            peer_h3_reset(r->peer, stream, NGHTTP3_H3_REQUEST_CANCELLED);
        } else {
            peer_h3_stop(r->peer, stream, NGHTTP3_H3_REQUEST_CANCELLED);
        }
        rig_h3_run(r);
        assert_int_equal(t->closes, 1);
        struct tri_slice body = tri_buf_peek(&rig_h3_seen(r, stream)->body);
        for (size_t i = 0; i < body.len; i++) {
            assert_int_equal(body.data[i], 0); /* none of what was overwritten */
        }
        rig_h3_assert_alive(r);
        rig_h3_free(r);
    }
}

static void the_end_of_an_unfinished_request_is_its_answers_end(void **state)
{
    (void)state;
    struct rig_h3 *r = rig_h3_new(&(struct rig_h3_options){.lossy = false});
    int stream = rig_h3_request(r, rig_h3_get_fields, false);
    rig_h3_run(r);
    const struct peer_h3_stream *s = rig_h3_seen(r, stream);
    assert_int_equal(s->status, 200);
    assert_true(s->fin_seen);
    assert_true(s->stop_seen); /* RFC 9114 section 4.1 */
    assert_int_equal(s->stop_code, NGHTTP3_H3_NO_ERROR);
    assert_false(s->reset_seen);
    assert_true(s->closed);
    rig_h3_free(r);
}

static void a_reset_that_answers_our_stop_is_no_reset(void **state)
{
    (void)state;
    struct rig_h3 *r = rig_h3_new(&(struct rig_h3_options){.lossy = false});
    r->on_request = leave_unanswered;
    int stream = rig_h3_request(r, rig_h3_get_fields, false);
    rig_h3_run(r);
    struct tenant *t = rig_h3_tenant(r, 0);
    assert_int_equal(rig_h3_reply(t, &(struct tri_response){.answer = TRI_ANSWER_PLAIN,
                                                            .status = 200,
                                                            .content_length = 4}),
                     TRI_OK);
    tenant_send(t, "body", 4);
    tenant_end(t);
    rig_h3_run(r);
    assert_true(rig_h3_seen(r, stream)->fin_seen);
    assert_int_equal(t->cause, TRI_STREAM_FINISHED);
    rig_h3_free(r);
}

static void everything_arrives_over_bad_links(void **state)
{
    (void)state;
    static uint8_t pattern[300 * 1024];
    for (size_t i = 0; i < sizeof pattern; i++) {
        pattern[i] = (uint8_t)(i * 31 + i / 256);
    }
    size_t lost = 0;
    for (uint32_t seed = 0; seed < 8; seed++) {
        struct rig_h3 *r = rig_h3_new(&(struct rig_h3_options){.lossy = true, .link_seed = seed});
        int streams[5];
        for (size_t i = 0; i < 5; i++) {
            streams[i] = rig_h3_websocket(r);
            struct tenant *t = rig_h3_tenant(r, i);
            tenant_room(t, sizeof pattern);
            tenant_send(t, pattern, sizeof pattern);
            tenant_end(t);
            peer_h3_data(r->peer, streams[i], pattern, sizeof pattern);
            peer_h3_fin(r->peer, streams[i]);
        }
        rig_h3_run(r);
        for (size_t i = 0; i < 5; i++) {
            struct tenant *t = rig_h3_tenant(r, i);
            struct tri_slice body = tri_buf_peek(&rig_h3_seen(r, streams[i])->body);
            assert_int_equal(body.len, sizeof pattern);
            assert_memory_equal(body.data, pattern, sizeof pattern);
            assert_int_equal(t->in_len, sizeof pattern);
            assert_memory_equal(t->in, pattern, sizeof pattern);
            assert_int_equal(t->released, sizeof pattern);
            assert_int_equal(t->cause, TRI_STREAM_FINISHED);
        }
        lost += r->up.lost + r->down.lost;
        rig_h3_free(r);
    }
    assert_true(lost > 500);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_in_single_bytes),
        cmocka_unit_test(a_request_split_at_every_point),
        cmocka_unit_test(a_head_over_its_limit_is_431),
        cmocka_unit_test(too_many_fields_are_431),
        cmocka_unit_test(a_head_that_never_ends_is_given_up),
        cmocka_unit_test(a_stream_that_is_reset_in_its_head_tells_nobody),
        cmocka_unit_test(a_stream_that_is_stopped_before_its_head_is_over),
        cmocka_unit_test(bytes_before_the_verdict_are_held_up_to_the_limit),
        cmocka_unit_test(the_window_of_a_socket_is_the_configured_one),
        cmocka_unit_test(empty_frames_cost_no_credit),
        cmocka_unit_test(a_late_verdict_after_the_peer_left_is_not_asked_for),
        cmocka_unit_test(a_lost_connection_cancels_what_waits),
        cmocka_unit_test(E7_abort_is_reset_and_stop_sending_with_request_cancelled),
        cmocka_unit_test(E7_a_reset_by_the_peer_resets_our_direction_too),
        cmocka_unit_test(E7_stop_sending_stops_the_peers_direction_too),
        cmocka_unit_test(a_reset_with_bytes_in_flight_over_a_bad_link),
        cmocka_unit_test(the_end_of_an_unfinished_request_is_its_answers_end),
        cmocka_unit_test(a_reset_that_answers_our_stop_is_no_reset),
        cmocka_unit_test(everything_arrives_over_bad_links),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
