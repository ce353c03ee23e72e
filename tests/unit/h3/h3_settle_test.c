/*
 * Streams that come to nothing: a burst and a rate are free, then the connection ends. What marks do
 * besides is in h3_stream_test. RFC 9114 section 10.5; row E5.
 */
#include "h3_settle.h"

#include "bare_h3.h"
#include "base_limits.h"
#include "base_timeout.h"

#include <stdlib.h>

struct flood {
    struct rig_h3 rig;
    struct bare_h3 bare;
    struct tri_limits limits;
    uint8_t head[BARE_H3_BYTES_MAX];
};

/* A connection with a socket that echoes, and room for a burst of streams beside it. */
static struct flood *new_flood(void)
{
    struct flood *f = calloc(1, sizeof *f);
    assert_non_null(f);
    tri_limits_default(&f->limits);
    f->limits.streams_max = TRI_RESETS_BURST + 1;
    assert_true(rig_h3_init(
        &f->rig, &(struct rig_h3_options){.limits = &f->limits, .peer = {.is_bare = true}}));
    bare_h3_init(&f->bare, &f->rig, true);
    return f;
}

static void free_flood(struct flood *f)
{
    rig_h3_deinit(&f->rig);
    free(f);
}

static void assert_no_flood(struct flood *f)
{
    assert_int_equal(f->rig.closes, 0);
    assert_int_equal(f->rig.metrics.http[TRI_METRICS_H3].floods[TRI_FLOOD_RESET], 0);
    bare_h3_assert_echo(&f->bare);
}

static void assert_flood(struct flood *f)
{
    assert_int_equal(f->rig.closes, 1);
    rig_h3_assert_closed(&f->rig, NGTCP2_CCERR_TYPE_APPLICATION, NGHTTP3_H3_EXCESSIVE_LOAD);
    assert_int_equal(f->rig.metrics.http[TRI_METRICS_H3].floods[TRI_FLOOD_RESET], 1);
    assert_int_equal(f->rig.metrics.http[TRI_METRICS_H3].floods[TRI_FLOOD_OTHER], 0);
    assert_int_equal(rig_h3_tenant(&f->rig, 0)->closes, 1);
    assert_int_equal(rig_h3_tenant(&f->rig, 0)->cause, TRI_STREAM_CONN_LOST);
}

static int64_t ask(struct flood *f, const struct tri_header *fields, bool fin)
{
    int64_t id = peer_h3_raw_open(f->rig.peer, false);
    assert_true(id >= 0);
    peer_h3_raw_send(f->rig.peer, id, f->head, bare_h3_headers(f->head, fields), fin);
    rig_h3_run(&f->rig);
    return id;
}

static void leave(struct flood *f, int64_t id)
{
    int rv = ngtcp2_conn_shutdown_stream(f->rig.peer->quic, 0, id, NGHTTP3_H3_REQUEST_CANCELLED);
    assert_int_equal(rv, 0);
}

/* The rig has places for a few: what is over leaves its own. */
static void forget_tenants(struct flood *f)
{
    while (f->rig.tenants_len > 1) {
        tenant_deinit(&f->rig.tenants[--f->rig.tenants_len]);
    }
}

static void a_page_left_with_a_burst_of_streams_open_is_no_flood(void **state)
{
    (void)state;
    struct flood *f = new_flood();
    int64_t ids[TRI_RESETS_BURST];
    for (size_t i = 0; i < TRI_RESETS_BURST; i++) {
        ids[i] = peer_h3_raw_open(f->rig.peer, false);
        assert_true(ids[i] >= 0);
        peer_h3_raw_send(f->rig.peer, ids[i], "\x01", 1, false);
    }
    rig_h3_run(&f->rig);
    for (size_t i = 0; i < TRI_RESETS_BURST; i++) {
        leave(f, ids[i]);
    }
    rig_h3_run(&f->rig);
    assert_no_flood(f);
    free_flood(f);
}

/* Each is counted once, though RESET_STREAM and STOP_SENDING come for it. */
static void sockets_reset_at_once_are_a_flood(void **state)
{
    (void)state;
    struct flood *f = new_flood();
    const uint64_t begin_ns = f->rig.now_ns;
    uint32_t n = 0;
    for (; n < 3 * TRI_RESETS_BURST && f->rig.closes == 0; n++) {
        leave(f, ask(f, rig_h3_websocket_fields, false));
        rig_h3_run(&f->rig);
        forget_tenants(f);
    }
    const uint64_t ms = (f->rig.now_ns - begin_ns) / TRI_NS_PER_MS;
    const uint64_t free_ones = TRI_RESETS_BURST + ms * TRI_RESETS_PER_SECOND / 1000;
    assert_in_range(n, TRI_RESETS_BURST + 1, free_ones + 2);
    assert_flood(f);
    free_flood(f);
}

static void streams_left_one_after_another_are_no_flood(void **state)
{
    (void)state;
    struct flood *f = new_flood();
    for (uint32_t n = 0; n < TRI_RESETS_BURST + 100; n++) {
        leave(f, peer_h3_raw_open(f->rig.peer, false));
        rig_h3_run(&f->rig);
        f->rig.now_ns += 1000 * TRI_NS_PER_MS / TRI_RESETS_PER_SECOND;
        assert_int_equal(f->rig.closes, 0);
    }
    assert_no_flood(f);
    free_flood(f);
}

static void what_a_tenant_aborts_is_not_the_peers_doing(void **state)
{
    (void)state;
    struct flood *f = new_flood();
    for (uint32_t n = 0; n < 2 * TRI_RESETS_BURST; n++) {
        (void)ask(f, rig_h3_websocket_fields, false);
        tenant_abort(rig_h3_tenant(&f->rig, 1));
        rig_h3_run(&f->rig);
        assert_int_equal(f->rig.closes, 0);
        forget_tenants(f);
    }
    assert_no_flood(f);
    free_flood(f);
}

static void requests_that_are_answered_come_to_something(void **state)
{
    (void)state;
    struct flood *f = new_flood();
    for (uint32_t n = 0; n < 2 * TRI_RESETS_BURST; n++) {
        (void)ask(f, rig_h3_get_fields, true);
        forget_tenants(f);
    }
    assert_no_flood(f);
    free_flood(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_page_left_with_a_burst_of_streams_open_is_no_flood),
        cmocka_unit_test(sockets_reset_at_once_are_a_flood),
        cmocka_unit_test(streams_left_one_after_another_are_no_flood),
        cmocka_unit_test(what_a_tenant_aborts_is_not_the_peers_doing),
        cmocka_unit_test(requests_that_are_answered_come_to_something),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
