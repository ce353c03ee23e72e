/* What we agree on with a client's QUIC: versions, windows, limits, ids. Rows N1, E5, E6. */
#include "rig_h3.h"

#include "base_limits.h"

#include <stdlib.h>

static const uint32_t both[] = {NGTCP2_PROTO_VER_V2, NGTCP2_PROTO_VER_V1};

static uint32_t version_of(const struct rig_h3 *r)
{
    return ngtcp2_conn_get_negotiated_version2(r->peer->quic);
}

static void N1_a_client_of_version_1_alone_gets_version_1(void **state)
{
    (void)state;
    struct rig_h3 *r = rig_h3_new(&(struct rig_h3_options){.lossy = false});
    assert_int_equal(version_of(r), NGTCP2_PROTO_VER_V1);
    rig_h3_assert_alive(r);
    rig_h3_free(r);
}

static void N1_a_client_of_version_2_alone_gets_version_2(void **state)
{
    (void)state;
    struct rig_h3 *r =
        rig_h3_new(&(struct rig_h3_options){.peer = {.version = NGTCP2_PROTO_VER_V2}});
    assert_int_equal(version_of(r), NGTCP2_PROTO_VER_V2);
    rig_h3_assert_alive(r);
    rig_h3_free(r);
}

static void N1_a_client_of_both_moves_from_version_1_to_2(void **state)
{
    (void)state;
    struct rig_h3 *r =
        rig_h3_new(&(struct rig_h3_options){.peer = {.versions = both, .versions_len = 2}});
    assert_int_equal(ngtcp2_conn_get_client_chosen_version2(r->peer->quic), NGTCP2_PROTO_VER_V1);
    assert_int_equal(version_of(r), NGTCP2_PROTO_VER_V2);
    rig_h3_assert_alive(r);
    rig_h3_free(r);
}

static void N1_versions_are_negotiated_over_a_bad_link_too(void **state)
{
    (void)state;
    size_t lost = 0;
    for (uint32_t seed = 0; seed < 20; seed++) {
        struct rig_h3 *r = rig_h3_new(&(struct rig_h3_options){
            .lossy = true, .link_seed = seed, .peer = {.versions = both, .versions_len = 2}});
        assert_int_equal(version_of(r), NGTCP2_PROTO_VER_V2);
        rig_h3_assert_alive(r);
        lost += r->up.lost + r->down.lost;
        rig_h3_free(r);
    }
    assert_true(lost > 10);
}

static void the_windows_and_limits_are_those_of_the_configuration(void **state)
{
    (void)state;
    struct tri_limits limits;
    tri_limits_default(&limits);
    limits.streams_max = 7;
    limits.idle_timeout_ms = 12345;
    struct rig_h3 *r = rig_h3_new(&(struct rig_h3_options){.limits = &limits});
    const ngtcp2_transport_params *p = ngtcp2_conn_get_remote_transport_params2(r->peer->quic);
    assert_int_equal(p->initial_max_streams_bidi, 7);
    assert_int_equal(p->initial_max_data, TRI_CONN_WINDOW_BYTES);
    assert_int_equal(p->initial_max_stream_data_bidi_remote, TRI_HELD_BYTES_MAX);
    assert_int_equal(p->max_idle_timeout, UINT64_C(12345) * 1000000);
    assert_true(p->stateless_reset_token_present);
    rig_h3_free(r);
}

static void a_silent_connection_without_an_idle_limit_ends_by_the_keepalive_limit(void **state)
{
    (void)state;
    struct tri_limits limits;
    tri_limits_default(&limits);
    limits.idle_timeout_ms = 0;
    limits.keepalive_timeout_ms = 5000;
    struct rig_h3 *r = rig_h3_new(&(struct rig_h3_options){.limits = &limits});
    const ngtcp2_transport_params *p = ngtcp2_conn_get_remote_transport_params2(r->peer->quic);
    assert_int_equal(p->max_idle_timeout, UINT64_C(5000) * 1000000);
    rig_h3_free(r);
}

static void E5_closed_streams_make_room_for_new_ones(void **state)
{
    (void)state;
    struct tri_limits limits;
    tri_limits_default(&limits);
    limits.streams_max = 3;
    struct rig_h3 *r = rig_h3_new(&(struct rig_h3_options){.limits = &limits});
    for (int i = 0; i < 30; i++) {
        int stream = rig_h3_get(r, "/");
        assert_int_equal(rig_h3_seen(r, stream)->status, 200);
    }
    assert_int_equal(rig_h3_websocket(r), 30);
    assert_int_equal(rig_h3_websocket(r), 31);
    assert_int_equal(rig_h3_websocket(r), 32);
    assert_int_equal(rig_h3_request(r, rig_h3_get_fields, true), -1); /* the limit, then */
    rig_h3_free(r);
}

/* nghttp3 knows by itself how many streams there may be, and refuses a priority for later ones. */
static void a_priority_for_a_stream_behind_the_first_limit_is_no_error(void **state)
{
    (void)state;
    struct tri_limits limits;
    tri_limits_default(&limits);
    limits.streams_max = 3;
    struct rig_h3 *r = rig_h3_new(&(struct rig_h3_options){.limits = &limits});
    for (int i = 0; i < 10; i++) {
        rig_h3_get(r, "/");
    }
    int stream = rig_h3_websocket(r);
    assert_int_equal(nghttp3_conn_set_client_stream_priority(
                         r->peer->http, rig_h3_seen(r, stream)->id, (const uint8_t *)"u=1", 3),
                     0);
    rig_h3_run(r);
    rig_h3_assert_alive(r);
    rig_h3_free(r);
}

static void unknown_unidirectional_streams_make_room_for_new_ones(void **state)
{
    (void)state;
    struct rig_h3 *r = rig_h3_new(&(struct rig_h3_options){.lossy = false});
    for (int i = 0; i < 40; i++) {
        int64_t id = peer_h3_raw_open(r->peer, true);
        assert_true(id >= 0);
        peer_h3_raw_send(r->peer, id, "\x21grease", 7, true); /* RFC 9114 section 6.2.3 */
        rig_h3_run(r);
    }
    rig_h3_assert_alive(r);
    rig_h3_free(r);
}

static void packets_are_marked_for_ecn(void **state)
{
    (void)state;
    struct rig_h3 *r = rig_h3_new(&(struct rig_h3_options){.lossy = false});
    rig_h3_websocket(r);
    tenant_send(rig_h3_tenant(r, 0), "x", 1);
    rig_h3_flush(r);
    assert_int_equal(r->last_ecn, NGTCP2_ECN_ECT_0);
    rig_h3_run(r);
    rig_h3_free(r);
}

/* The client changes its port and its connection id; RFC 9000 section 9. */
static void a_client_may_move(void **state)
{
    (void)state;
    struct rig_h3 *r = rig_h3_new(&(struct rig_h3_options){.lossy = false});
    int stream = rig_h3_websocket(r);
    for (unsigned move = 1; move <= 5; move++) {
        rig_h3_advance(r, 2000);
        r->any_client = true;
        tri_addr_set_port(&r->client, (uint16_t)(50000 + move));
        r->peer->local = r->client;
        const ngtcp2_path path = {
            .local = {.addr = &r->peer->local.sa, .addrlen = r->peer->local.len},
            .remote = {.addr = &r->peer->remote.sa, .addrlen = r->peer->remote.len}};
        assert_int_equal(ngtcp2_conn_initiate_immediate_migration(r->peer->quic, &path, r->now_ns),
                         0);
        peer_h3_data(r->peer, stream, "moved", 5);
        rig_h3_run(r);
        assert_int_equal(rig_h3_tenant(r, 0)->in_len, 5 * move);
    }
    rig_h3_assert_alive(r);
    rig_h3_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(N1_a_client_of_version_1_alone_gets_version_1),
        cmocka_unit_test(N1_a_client_of_version_2_alone_gets_version_2),
        cmocka_unit_test(N1_a_client_of_both_moves_from_version_1_to_2),
        cmocka_unit_test(N1_versions_are_negotiated_over_a_bad_link_too),
        cmocka_unit_test(the_windows_and_limits_are_those_of_the_configuration),
        cmocka_unit_test(a_silent_connection_without_an_idle_limit_ends_by_the_keepalive_limit),
        cmocka_unit_test(E5_closed_streams_make_room_for_new_ones),
        cmocka_unit_test(a_priority_for_a_stream_behind_the_first_limit_is_no_error),
        cmocka_unit_test(unknown_unidirectional_streams_make_room_for_new_ones),
        cmocka_unit_test(packets_are_marked_for_ecn),
        cmocka_unit_test(a_client_may_move),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
