/* How much of what there is to send shares a packet, and a run. */
#include "rig_h3.h"

#include <stdlib.h>

/* What the server sends from now on, until nothing moves: packets of the first burst. */
static size_t packets_of_a_flush(struct rig_h3 *r)
{
    size_t before = r->packets;
    rig_h3_flush(r);
    return r->packets - before;
}

/* nghttp3 says "nothing" when one stream has nothing: the others must not wait for that. */
static void frames_of_many_sockets_share_packets(void **state)
{
    (void)state;
    enum { SOCKETS = 100 };
    struct rig_h3 *r = rig_h3_new(&(struct rig_h3_options){.lossy = false});
    for (size_t i = 0; i < SOCKETS; i++) {
        rig_h3_websocket(r);
    }
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < SOCKETS; i++) {
            tenant_send(rig_h3_tenant(r, i), "0123456789", 10);
        }
        assert_true(packets_of_a_flush(r) <= 4); /* 100 frames of about 16 bytes */
        rig_h3_run(r);
        for (size_t i = 0; i < SOCKETS; i++) {
            assert_int_equal(tri_buf_peek(&rig_h3_seen(r, (int)i)->body).len,
                             10 * (size_t)(round + 1));
        }
    }
    rig_h3_free(r);
}

static void sockets_without_anything_to_say_stop_nobody(void **state)
{
    (void)state;
    enum { SOCKETS = 30 };
    struct rig_h3 *r = rig_h3_new(&(struct rig_h3_options){.lossy = false});
    for (size_t i = 0; i < SOCKETS; i++) {
        rig_h3_websocket(r);
    }
    for (size_t i = 0; i < SOCKETS; i++) { /* all are woken, the last alone has something */
        struct tri_stream *s = &rig_h3_tenant(r, i)->exchange->stream;
        s->ops->wake_write(s);
    }
    tenant_send(rig_h3_tenant(r, SOCKETS - 1), "x", 1);
    rig_h3_flush(r);
    assert_int_equal(rig_h3_tenant(r, SOCKETS - 1)->sent, 1);
    rig_h3_run(r);
    rig_h3_free(r);
}

/* A client beyond a path that carries datagrams of so many bytes. */
static struct rig_h3 *rig_on_path(size_t bytes_max, uint64_t stream_window)
{
    struct rig_h3 *r = calloc(1, sizeof *r);
    assert_non_null(r);
    assert_true(rig_h3_init(r, &(struct rig_h3_options){.peer = {.stream_window = stream_window}}));
    r->up.bytes_max = r->down.bytes_max = bytes_max;
    rig_h3_dial(r);
    assert_true(peer_h3_is_ready(r->peer));
    return r;
}

#define BULK ((size_t)8 * 1024 * 1024)

/* Sends it, once the path is known; r->packets and r->runs are of it alone. */
static void send_bulk(struct rig_h3 *r)
{
    rig_h3_websocket(r);
    rig_h3_advance(r, 5000);
    struct tenant *t = rig_h3_tenant(r, 0);
    uint8_t *bytes = calloc(1, BULK);
    assert_non_null(bytes);
    tenant_room(t, BULK);
    t->slice_max = 16384;
    tenant_send(t, bytes, BULK);
    r->runs = r->packets = 0;
    rig_h3_run(r);
    assert_int_equal(t->released, BULK);
    print_message("%zu packets in %zu runs, the largest of %zu bytes\n", r->packets, r->runs,
                  r->run_bytes_max);
    free(bytes);
}

static void a_bulk_of_bytes_goes_in_large_runs(void **state)
{
    (void)state;
    struct rig_h3 *r = rig_on_path(1452, 64 * 1024 * 1024);
    send_bulk(r);
    assert_true(r->packets / r->runs >= 10);
    assert_true(r->run_bytes_max > 50000);
    rig_h3_free(r);
}

/* Frames that leave a rest of a packet which no other frame fits into. */
static void frames_of_odd_sizes_go_in_large_runs_too(void **state)
{
    (void)state;
    enum { SOCKETS = 100, LEN = 997 };
    static const uint8_t bytes[LEN];
    struct rig_h3 *r = rig_on_path(1452, 0);
    for (size_t i = 0; i < SOCKETS; i++) {
        rig_h3_websocket(r);
    }
    for (int round = 0; round < 3; round++) { /* the congestion window opens */
        for (size_t i = 0; i < SOCKETS; i++) {
            tenant_send(rig_h3_tenant(r, i), bytes, LEN - i % 7);
        }
        r->runs = r->packets = 0;
        rig_h3_run(r);
    }
    print_message("%zu packets in %zu runs\n", r->packets, r->runs);
    assert_true(r->packets >= 70);
    assert_true(r->runs <= 12);
    rig_h3_free(r);
}

static void a_small_frame_makes_a_small_packet(void **state)
{
    (void)state;
    struct rig_h3 *r = rig_h3_new(&(struct rig_h3_options){.lossy = false});
    rig_h3_websocket(r);
    rig_h3_advance(r, 3000); /* path MTU discovery is over */
    r->run_bytes_max = 0;
    tenant_send(rig_h3_tenant(r, 0), "x", 1);
    assert_int_equal(packets_of_a_flush(r), 1);
    assert_true(r->run_bytes_max < 100); /* not padded */
    rig_h3_run(r);
    rig_h3_free(r);
}

/* RFC 8899: what Ethernet carries, and what a data centre with jumbo frames does. */
static void the_path_mtu_is_found(void **state)
{
    (void)state;
    static const size_t paths[] = {1452, 8952, 0};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        struct rig_h3 *r = rig_on_path(paths[i], 64 * 1024 * 1024);
        send_bulk(r);
        const size_t largest = paths[i] > 0 ? paths[i] : 8952;
        assert_in_range(r->packets, BULK / largest, BULK / (largest - largest / 10));
        rig_h3_free(r);
    }
}

static void a_narrow_path_is_no_obstacle(void **state)
{
    (void)state;
    struct rig_h3 *r = rig_on_path(1200, 0); /* RFC 9000 section 14 */
    rig_h3_websocket(r);
    struct tenant *t = rig_h3_tenant(r, 0);
    uint8_t *bytes = calloc(1, 200000);
    assert_non_null(bytes);
    tenant_room(t, 200000);
    tenant_send(t, bytes, 200000);
    rig_h3_run(r);
    assert_int_equal(t->released, 200000);
    assert_true(r->down.lost > 0); /* the probes */
    free(bytes);
    rig_h3_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_of_many_sockets_share_packets),
        cmocka_unit_test(sockets_without_anything_to_say_stop_nobody),
        cmocka_unit_test(a_bulk_of_bytes_goes_in_large_runs),
        cmocka_unit_test(frames_of_odd_sizes_go_in_large_runs_too),
        cmocka_unit_test(a_small_frame_makes_a_small_packet),
        cmocka_unit_test(the_path_mtu_is_found),
        cmocka_unit_test(a_narrow_path_is_no_obstacle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
