/* How connections end, and what keeps them. RFC 9000 section 10, RFC 9114 section 5; row E7. */
#include "rig_h3.h"

#include "base_limits.h"
#include "base_timeout.h"

#include <stdlib.h>

static uint8_t last_up[1500];
static size_t last_up_len;

/* Lets the server have what the client sends next, and keeps it. */
static void send_and_keep(struct rig_h3 *r)
{
    uint8_t ecn = 0;
    last_up_len = peer_h3_send(r->peer, last_up, sizeof last_up, &ecn, r->now_ns);
    assert_true(last_up_len > 0);
    rig_h3_inject(r, last_up, last_up_len);
    rig_h3_flush(r);
}

static void the_peers_close_ends_all_and_is_not_answered(void **state)
{
    (void)state;
    struct rig_h3 *r = rig_h3_new(&(struct rig_h3_options){.lossy = false});
    rig_h3_websocket(r);
    rig_h3_websocket(r);
    uint8_t packet[1500];
    size_t len = peer_h3_close(r->peer, packet, sizeof packet, NGHTTP3_H3_NO_ERROR, r->now_ns);
    size_t packets = r->packets;
    rig_h3_inject(r, packet, len);
    assert_int_equal(rig_h3_tenant(r, 0)->cause, TRI_STREAM_CONN_LOST);
    assert_int_equal(rig_h3_tenant(r, 1)->cause, TRI_STREAM_CONN_LOST);
    assert_int_equal(r->closes, 1);
    assert_true(tri_h3_endpoint_is_idle(r->endpoint));
    assert_int_equal(r->metrics.http[TRI_METRICS_H3].conns_opened, 1);
    assert_int_equal(r->metrics.http[TRI_METRICS_H3].conns_closed, 1);
    assert_int_equal(r->metrics.handshakes_failed, 0);
    uint64_t dropped = tri_h3_endpoint_counters(r->endpoint).dropped;
    for (int i = 0; i < 10; i++) { /* late packets are known, and swallowed */
        rig_h3_inject(r, packet, len);
    }
    rig_h3_run(r);
    assert_int_equal(r->packets, packets);
    assert_int_equal(tri_h3_endpoint_counters(r->endpoint).dropped, dropped);
    rig_h3_advance(r, 60 * 1000);
    assert_int_equal(tri_h3_endpoint_deadline_ns(r->endpoint), TRI_NEVER_NS);
    rig_h3_inject(r, packet, len); /* forgotten: a stateless reset */
    rig_h3_run(r);
    assert_int_equal(r->packets, packets + 1);
    rig_h3_free(r);
}

static void our_close_is_repeated_but_not_for_every_late_packet(void **state)
{
    (void)state;
    struct rig_h3 *r = rig_h3_new(&(struct rig_h3_options){.lossy = false});
    int stream = rig_h3_websocket(r);
    int64_t id = peer_h3_raw_open(r->peer, false);
    peer_h3_raw_send(r->peer, id, "\x04\x00", 2, false); /* SETTINGS where none may be */
    peer_h3_data(r->peer, stream, "x", 1);
    r->down.cut = true; /* the close is lost */
    send_and_keep(r);
    assert_int_equal(r->closes, 1);
    assert_true(tri_h3_endpoint_is_idle(r->endpoint));
    size_t packets = r->packets;
    for (int i = 0; i < 100; i++) {
        rig_h3_inject(r, last_up, last_up_len);
        rig_h3_flush(r);
    }
    assert_int_equal(r->packets - packets, 7); /* for the 1st, 2nd, 4th ... 64th */
    r->down.cut = false;
    for (int i = 100; i < 130; i++) {
        rig_h3_inject(r, last_up, last_up_len);
    }
    rig_h3_run(r);
    rig_h3_assert_closed(r, NGTCP2_CCERR_TYPE_APPLICATION, NGHTTP3_H3_FRAME_UNEXPECTED);
    rig_h3_advance(r, 60 * 1000);
    assert_int_equal(tri_h3_endpoint_deadline_ns(r->endpoint), TRI_NEVER_NS);
    rig_h3_free(r);
}

static void a_vanished_peer_is_found_out_by_the_idle_timeout(void **state)
{
    (void)state;
    struct rig_h3 *r = rig_h3_new(&(struct rig_h3_options){.lossy = false});
    rig_h3_websocket(r);
    rig_h3_hang_up(r);
    rig_h3_advance(r, r->limits.idle_timeout_ms / 2);
    assert_int_equal(rig_h3_tenant(r, 0)->closes, 0);
    rig_h3_advance(r, r->limits.idle_timeout_ms);
    assert_int_equal(rig_h3_tenant(r, 0)->cause, TRI_STREAM_CONN_LOST);
    assert_int_equal(r->closes, 1);
    assert_int_equal(tri_h3_endpoint_deadline_ns(r->endpoint), TRI_NEVER_NS); /* silently */
    rig_h3_free(r);
}

static void a_connection_with_a_socket_lives_through_silence(void **state)
{
    (void)state;
    struct rig_h3 *r = rig_h3_new(&(struct rig_h3_options){.peer = {.idle_timeout_ms = 20 * 1000}});
    rig_h3_websocket(r);
    rig_h3_advance(r, 10 * 60 * 1000);
    assert_int_equal(rig_h3_tenant(r, 0)->closes, 0);
    rig_h3_assert_alive(r);
    rig_h3_free(r);
}

static void a_connection_without_streams_is_closed_in_time(void **state)
{
    (void)state;
    struct tri_limits limits;
    tri_limits_default(&limits);
    limits.idle_timeout_ms = 60 * 1000;
    limits.keepalive_timeout_ms = 5 * 1000;
    struct rig_h3 *r = rig_h3_new(&(struct rig_h3_options){.limits = &limits});
    rig_h3_get(r, "/");
    rig_h3_advance(r, 4000);
    assert_int_equal(r->closes, 0);
    rig_h3_get(r, "/"); /* starts the time anew */
    rig_h3_advance(r, 4000);
    assert_int_equal(r->closes, 0);
    rig_h3_advance(r, 1500);
    assert_int_equal(r->closes, 1);
    rig_h3_assert_closed(r, NGTCP2_CCERR_TYPE_APPLICATION, NGHTTP3_H3_NO_ERROR);
    rig_h3_free(r);
}

static void a_handshake_that_never_ends_is_given_up(void **state)
{
    (void)state;
    struct rig_h3 *r = calloc(1, sizeof *r);
    assert_non_null(r);
    assert_true(rig_h3_init(r, &(struct rig_h3_options){.lossy = false}));
    r->down.cut = true; /* the client hears nothing */
    rig_h3_dial(r);
    assert_int_equal(r->accepts, 1);
    rig_h3_advance(r, r->limits.handshake_timeout_ms + 1000);
    assert_int_equal(r->closes, 1);
    assert_int_equal(r->metrics.handshakes_failed, 1);
    assert_int_equal(r->metrics.http[TRI_METRICS_H3].conns_opened, 0);
    assert_int_equal(r->metrics.http[TRI_METRICS_H3].conns_closed, 0);
    assert_true(tri_h3_endpoint_is_idle(r->endpoint));
    rig_h3_free(r);
}

static void an_owner_may_refuse_a_connection(void **state)
{
    (void)state;
    struct rig_h3 *r = calloc(1, sizeof *r);
    assert_non_null(r);
    assert_true(rig_h3_init(r, &(struct rig_h3_options){.lossy = false}));
    r->refuse_accept = true;
    rig_h3_dial(r);
    rig_h3_assert_closed(r, NGTCP2_CCERR_TYPE_TRANSPORT, NGTCP2_CONNECTION_REFUSED);
    assert_int_equal(r->accepts, 0);
    assert_int_equal(tri_h3_endpoint_deadline_ns(r->endpoint), TRI_NEVER_NS);
    rig_h3_free(r);
}

/* ---- the polite end */

static void shutdown_closes_an_idle_connection(void **state)
{
    (void)state;
    struct rig_h3 *r = rig_h3_new(&(struct rig_h3_options){.lossy = false});
    assert_false(tri_h3_endpoint_is_idle(r->endpoint));
    tri_h3_endpoint_shutdown(r->endpoint, r->now_ns);
    rig_h3_run(r);
    assert_int_equal(r->peer->goaways,
                     2); /* RFC 9114 section 5.2: first one that refuses nothing */
    rig_h3_assert_closed(r, NGTCP2_CCERR_TYPE_APPLICATION, NGHTTP3_H3_NO_ERROR);
    assert_true(tri_h3_endpoint_is_idle(r->endpoint));
    rig_h3_free(r);
}

static void shutdown_waits_for_open_streams(void **state)
{
    (void)state;
    struct rig_h3 *r = rig_h3_new(&(struct rig_h3_options){.lossy = false});
    int stream = rig_h3_websocket(r);
    tri_h3_endpoint_shutdown(r->endpoint, r->now_ns);
    tri_h3_endpoint_shutdown(r->endpoint, r->now_ns); /* again: harmless */
    rig_h3_run(r);
    assert_int_equal(r->peer->goaways, 2);
    assert_int_equal(r->peer->goaway_id, 4);
    assert_false(r->peer->closed);
    tenant_send(rig_h3_tenant(r, 0), "bye", 3);
    tenant_end(rig_h3_tenant(r, 0));
    rig_h3_run(r);
    assert_true(rig_h3_seen(r, stream)->fin_seen);
    assert_false(r->peer->closed);
    peer_h3_fin(r->peer, stream);
    rig_h3_run(r);
    assert_int_equal(rig_h3_tenant(r, 0)->cause, TRI_STREAM_FINISHED);
    rig_h3_assert_closed(r, NGTCP2_CCERR_TYPE_APPLICATION, NGHTTP3_H3_NO_ERROR);
    assert_true(tri_h3_endpoint_is_idle(r->endpoint));
    rig_h3_free(r);
}

static void E9_shutdown_leaves_a_busy_connection_alone_until_it_is_free(void **state)
{
    (void)state;
    struct rig_h3 *r = rig_h3_new(&(struct rig_h3_options){.lossy = false});
    r->is_busy = true;
    tri_h3_endpoint_shutdown(r->endpoint, r->now_ns);
    rig_h3_run(r);
    assert_int_equal(r->peer->goaways, 0);
    rig_h3_assert_alive(r);
    r->is_busy = false;
    tri_h3_endpoint_shutdown(r->endpoint, r->now_ns);
    rig_h3_run(r);
    assert_int_equal(r->peer->goaways, 2);
    rig_h3_assert_closed(r, NGTCP2_CCERR_TYPE_APPLICATION, NGHTTP3_H3_NO_ERROR);
    rig_h3_free(r);
}

static void shutdown_answers_what_was_on_its_way_and_rejects_what_comes_later(void **state)
{
    (void)state;
    struct rig_h3 *r = rig_h3_new(&(struct rig_h3_options){.lossy = false});
    rig_h3_websocket(r);
    int early = rig_h3_request(r, rig_h3_get_fields, true);
    tri_h3_endpoint_shutdown(r->endpoint, r->now_ns);
    rig_h3_run(r);
    assert_int_equal(rig_h3_seen(r, early)->status, 200);
    int64_t raw = peer_h3_raw_open(r->peer, false);
    peer_h3_raw_send(r->peer, raw,
                     "\x01\x08\x00\x00\xd1\xd7\xc1\x50\x01"
                     "a",
                     10, true);
    size_t tenants = r->tenants_len;
    rig_h3_run(r);
    assert_int_equal(r->tenants_len, tenants);
    assert_int_equal(r->peer->raw_resets, 1);
    assert_int_equal(r->peer->raw_reset_code, NGHTTP3_H3_REQUEST_REJECTED);
    assert_int_equal(rig_h3_tenant(r, 0)->closes, 0);
    rig_h3_free(r);
}

static void shutdown_refuses_new_connections_and_handshakes(void **state)
{
    (void)state;
    struct rig_h3 *r = calloc(1, sizeof *r);
    assert_non_null(r);
    assert_true(rig_h3_init(r, &(struct rig_h3_options){.lossy = false}));
    r->down.cut = true;
    rig_h3_dial(r); /* one that hangs in its handshake */
    assert_int_equal(r->accepts, 1);
    r->down.cut = false;
    tri_h3_endpoint_shutdown(r->endpoint, r->now_ns);
    rig_h3_run(r);
    rig_h3_assert_closed(r, NGTCP2_CCERR_TYPE_TRANSPORT, NGTCP2_CONNECTION_REFUSED);
    rig_h3_hang_up(r);
    rig_h3_dial(r);
    rig_h3_assert_closed(r, NGTCP2_CCERR_TYPE_TRANSPORT, NGTCP2_CONNECTION_REFUSED);
    assert_int_equal(r->accepts, 1);
    assert_true(tri_h3_endpoint_is_idle(r->endpoint));
    rig_h3_free(r);
}

/* ---- the end at once */

static void E9_a_close_tells_the_peer_at_once_and_ends_every_stream(void **state)
{
    (void)state;
    struct rig_h3 *r = rig_h3_new(&(struct rig_h3_options){.lossy = false});
    rig_h3_websocket(r);
    rig_h3_websocket(r);
    size_t packets = r->packets;
    tri_h3_endpoint_close(r->endpoint, r->now_ns);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(rig_h3_tenant(r, i)->closes, 1);
        assert_int_equal(rig_h3_tenant(r, i)->cause, TRI_STREAM_CONN_LOST);
    }
    assert_int_equal(r->closes, 1);
    assert_false(tri_h3_endpoint_is_idle(r->endpoint)); /* before it was sent */
    tri_h3_endpoint_close(r->endpoint, r->now_ns);      /* again: harmless */
    rig_h3_run(r);
    assert_int_equal(r->packets, packets + 1);
    rig_h3_assert_closed(r, NGTCP2_CCERR_TYPE_APPLICATION, NGHTTP3_H3_NO_ERROR);
    assert_true(tri_h3_endpoint_is_idle(r->endpoint));
    rig_h3_hang_up(r);
    rig_h3_dial(r);
    rig_h3_assert_closed(r, NGTCP2_CCERR_TYPE_TRANSPORT, NGTCP2_CONNECTION_REFUSED);
    rig_h3_free(r);
}

static void E9_a_close_after_a_polite_shutdown_does_not_wait(void **state)
{
    (void)state;
    struct rig_h3 *r = rig_h3_new(&(struct rig_h3_options){.lossy = false});
    rig_h3_websocket(r);
    tri_h3_endpoint_shutdown(r->endpoint, r->now_ns);
    rig_h3_run(r);
    assert_false(r->peer->closed);
    tri_h3_endpoint_close(r->endpoint, r->now_ns);
    rig_h3_run(r);
    rig_h3_assert_closed(r, NGTCP2_CCERR_TYPE_APPLICATION, NGHTTP3_H3_NO_ERROR);
    rig_h3_free(r);
}

static void E9_a_close_refuses_a_connection_in_its_handshake(void **state)
{
    (void)state;
    struct rig_h3 *r = calloc(1, sizeof *r);
    assert_non_null(r);
    assert_true(rig_h3_init(r, &(struct rig_h3_options){.lossy = false}));
    r->down.cut = true;
    rig_h3_dial(r);
    assert_int_equal(r->accepts, 1);
    r->down.cut = false;
    tri_h3_endpoint_close(r->endpoint, r->now_ns);
    rig_h3_run(r);
    rig_h3_assert_closed(r, NGTCP2_CCERR_TYPE_TRANSPORT, NGTCP2_CONNECTION_REFUSED);
    assert_int_equal(r->closes, 1);
    rig_h3_free(r);
}

static void shutdown_over_a_bad_link_ends_too(void **state)
{
    (void)state;
    for (uint32_t seed = 0; seed < 10; seed++) {
        struct rig_h3 *r = rig_h3_new(&(struct rig_h3_options){.lossy = true, .link_seed = seed});
        int stream = rig_h3_websocket(r);
        tri_h3_endpoint_shutdown(r->endpoint, r->now_ns);
        rig_h3_run(r);
        peer_h3_fin(r->peer, stream);
        tenant_end(rig_h3_tenant(r, 0));
        rig_h3_run(r);
        rig_h3_advance(r, 5000);
        assert_int_equal(rig_h3_tenant(r, 0)->cause, TRI_STREAM_FINISHED);
        assert_true(tri_h3_endpoint_is_idle(r->endpoint));
        rig_h3_free(r);
    }
}

static void freeing_the_endpoint_tells_everybody(void **state)
{
    (void)state;
    struct rig_h3 *r = rig_h3_new(&(struct rig_h3_options){.lossy = false});
    rig_h3_websocket(r);
    tenant_send(rig_h3_tenant(r, 0), "unsent", 6);
    tri_h3_endpoint_free(r->endpoint);
    assert_int_equal(rig_h3_tenant(r, 0)->cause, TRI_STREAM_CONN_LOST);
    assert_int_equal(r->closes, 1);
    r->endpoint = NULL; /* free(NULL) is fine */
    rig_h3_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_peers_close_ends_all_and_is_not_answered),
        cmocka_unit_test(our_close_is_repeated_but_not_for_every_late_packet),
        cmocka_unit_test(a_vanished_peer_is_found_out_by_the_idle_timeout),
        cmocka_unit_test(a_connection_with_a_socket_lives_through_silence),
        cmocka_unit_test(a_connection_without_streams_is_closed_in_time),
        cmocka_unit_test(a_handshake_that_never_ends_is_given_up),
        cmocka_unit_test(an_owner_may_refuse_a_connection),
        cmocka_unit_test(shutdown_closes_an_idle_connection),
        cmocka_unit_test(shutdown_waits_for_open_streams),
        cmocka_unit_test(E9_shutdown_leaves_a_busy_connection_alone_until_it_is_free),
        cmocka_unit_test(shutdown_answers_what_was_on_its_way_and_rejects_what_comes_later),
        cmocka_unit_test(shutdown_refuses_new_connections_and_handshakes),
        cmocka_unit_test(shutdown_over_a_bad_link_ends_too),
        cmocka_unit_test(E9_a_close_tells_the_peer_at_once_and_ends_every_stream),
        cmocka_unit_test(E9_a_close_after_a_polite_shutdown_does_not_wait),
        cmocka_unit_test(E9_a_close_refuses_a_connection_in_its_handshake),
        cmocka_unit_test(freeing_the_endpoint_tells_everybody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
