/* Which connection a datagram is for, and whose turn it is. */
#include "rig_h3.h"

#include "base_timeout.h"

#include <stdlib.h>

/* What a client sends first: an Initial packet with its ClientHello. */
static size_t first_flight(struct rig_h3 *r, uint8_t out[1500])
{
    uint8_t ecn = 0;
    r->peer = peer_h3_new(&r->options.peer, r->now_ns);
    size_t len = peer_h3_send(r->peer, out, 1500, &ecn, r->now_ns);
    assert_true(len >= 1200);
    return len;
}

static struct rig_h3 *new_alone(void)
{
    struct rig_h3 *r = calloc(1, sizeof *r);
    assert_non_null(r);
    assert_true(rig_h3_init(r, &(struct rig_h3_options){.lossy = false}));
    return r;
}

static uint32_t noise(uint32_t *x)
{
    *x = *x * 1664525u + 1013904223u;
    return *x >> 8;
}

static void garbage_is_dropped_and_counted(void **state)
{
    (void)state;
    struct rig_h3 *r = new_alone();
    uint8_t junk[1500];
    uint32_t x = 1;
    for (int i = 0; i < 3000; i++) {
        size_t len = noise(&x) % sizeof junk;
        for (size_t n = 0; n < len; n++) {
            junk[n] = (uint8_t)noise(&x);
        }
        rig_h3_inject(r, junk, len);
        rig_h3_flush(r);
    }
    assert_int_equal(r->accepts, r->closes);
    assert_true(tri_h3_endpoint_counters(r->endpoint).dropped > 2000);
    rig_h3_free(r);
}

static void every_beginning_of_an_initial_packet_is_harmless(void **state)
{
    (void)state;
    struct rig_h3 *r = new_alone();
    uint8_t packet[1500];
    size_t len = first_flight(r, packet);
    for (size_t cut = 0; cut < len; cut++) {
        rig_h3_inject(r, packet, cut);
        r->now_ns += 1000;
    }
    assert_int_equal(r->accepts, 0); /* RFC 9000 section 14.1: 1,200 bytes or nothing */
    rig_h3_free(r);
}

static void a_damaged_initial_packet_leaves_nothing_behind(void **state)
{
    (void)state;
    struct rig_h3 *r = new_alone();
    uint8_t packet[1500];
    size_t len = first_flight(r, packet);
    rig_h3_hang_up(r);
    for (size_t i = 0; i < len; i += 7) {
        packet[i] ^= 0x55;
        rig_h3_inject(r, packet, len);
        packet[i] ^= 0x55;
        rig_h3_flush(r);
    }
    rig_h3_advance(r, 20 * 1000);
    assert_true(r->accepts > 10); /* what a client could have sent, until it is decrypted */
    assert_int_equal(r->accepts, r->closes);
    assert_true(tri_h3_endpoint_is_idle(r->endpoint));
    rig_h3_free(r);
}

static void damaged_packets_of_a_connection_are_harmless(void **state)
{
    (void)state;
    struct rig_h3 *r = rig_h3_new(&(struct rig_h3_options){.lossy = false});
    int stream = rig_h3_websocket(r);
    uint32_t x = 5;
    for (int i = 0; i < 300; i++) {
        uint8_t packet[1500];
        uint8_t ecn = 0;
        peer_h3_data(r->peer, stream, "some bytes", 10);
        size_t len = peer_h3_send(r->peer, packet, sizeof packet, &ecn, r->now_ns);
        if (len == 0) {
            rig_h3_run(r);
            continue;
        }
        uint8_t damaged[1500];
        memcpy(damaged, packet, len);
        damaged[9 + noise(&x) % (len - 9)] ^= (uint8_t)(1 + noise(&x) % 255);
        rig_h3_inject(r, damaged, len);
        rig_h3_inject(r, packet, len);
        rig_h3_inject(r, packet, len); /* twice */
    }
    rig_h3_run(r);
    assert_int_equal(rig_h3_tenant(r, 0)->in_len % 10, 0);
    assert_true(rig_h3_tenant(r, 0)->in_len >= 2000);
    rig_h3_assert_alive(r);
    rig_h3_free(r);
}

static void a_repeated_first_flight_makes_one_connection(void **state)
{
    (void)state;
    struct rig_h3 *r = new_alone();
    uint8_t packet[1500];
    size_t len = first_flight(r, packet);
    for (int i = 0; i < 5; i++) {
        rig_h3_inject(r, packet, len);
    }
    rig_h3_run(r);
    assert_true(peer_h3_is_ready(r->peer));
    rig_h3_inject(r, packet, len); /* also when it is long done */
    rig_h3_run(r);
    assert_int_equal(r->accepts, 1);
    rig_h3_assert_alive(r);
    rig_h3_free(r);
}

/* RFC 9000 section 8.1: three times what came, before the address is proven. */
static void an_unproven_address_gets_three_times_what_it_sent(void **state)
{
    (void)state;
    struct rig_h3 *r = new_alone();
    uint8_t packet[1500];
    size_t len = first_flight(r, packet);
    r->down.cut = true;
    rig_h3_inject(r, packet, len);
    uint8_t ecn = 0;
    for (size_t n; (n = peer_h3_send(r->peer, packet, sizeof packet, &ecn, r->now_ns)) > 0;) {
        rig_h3_inject(r, packet, n); /* the rest of its ClientHello */
        len += n;
    }
    rig_h3_hang_up(r);
    size_t sent = 0;
    for (int i = 0; i < 200; i++) {
        struct tri_h3_run run;
        while (tri_h3_endpoint_send(r->endpoint, &run, r->now_ns)) {
            sent += run.len;
        }
        r->now_ns += 100 * TRI_NS_PER_MS;
        if (tri_h3_endpoint_deadline_ns(r->endpoint) <= r->now_ns) {
            tri_h3_endpoint_expire(r->endpoint, r->now_ns);
        }
    }
    assert_true(sent > 2 * len && sent <= 3 * len);
    assert_int_equal(r->closes, 1);
    rig_h3_free(r);
}

static void an_endpoint_without_connections_has_no_deadline(void **state)
{
    (void)state;
    struct rig_h3 *r = new_alone();
    struct tri_h3_run run;
    assert_int_equal(tri_h3_endpoint_deadline_ns(r->endpoint), TRI_NEVER_NS);
    assert_false(tri_h3_endpoint_send(r->endpoint, &run, r->now_ns));
    assert_true(tri_h3_endpoint_is_idle(r->endpoint));
    tri_h3_endpoint_expire(r->endpoint, r->now_ns);
    rig_h3_free(r);
}

/* ---- two clients: each has its turn */

struct pair {
    struct rig_h3 rig;
    struct peer_h3 *peers[2];
    struct tri_addr clients[2];
    size_t runs[2];
    size_t longest_wait[2], wait[2]; /* runs of the other in a row, while there was something */
};

static void pump(struct pair *p)
{
    struct tri_h3_run run;
    for (int idle = 0; idle < 50; idle++) {
        while (tri_h3_endpoint_send(p->rig.endpoint, &run, p->rig.now_ns)) {
            size_t i = tri_addr_equal(&run.remote, &p->clients[1]) ? 1 : 0;
            p->runs[i]++;
            p->wait[i] = 0;
            p->wait[1 - i]++;
            if (p->wait[1 - i] > p->longest_wait[1 - i]) {
                p->longest_wait[1 - i] = p->wait[1 - i];
            }
            for (size_t at = 0; at < run.len; at += run.segment) {
                size_t len = run.len - at < run.segment ? run.len - at : run.segment;
                peer_h3_recv(p->peers[i], run.ecn, run.data + at, len, p->rig.now_ns);
            }
            idle = 0;
        }
        for (size_t i = 0; i < 2; i++) {
            uint8_t buf[1500];
            uint8_t ecn = 0;
            for (size_t len;
                 (len = peer_h3_send(p->peers[i], buf, sizeof buf, &ecn, p->rig.now_ns));) {
                tri_h3_endpoint_recv(p->rig.endpoint, &p->rig.server, &p->clients[i], ecn, buf, len,
                                     p->rig.now_ns);
            }
        }
        p->rig.now_ns += TRI_NS_PER_MS;
        if (tri_h3_endpoint_deadline_ns(p->rig.endpoint) <= p->rig.now_ns) {
            tri_h3_endpoint_expire(p->rig.endpoint, p->rig.now_ns);
        }
        for (size_t i = 0; i < 2; i++) {
            if (peer_h3_deadline_ns(p->peers[i]) <= p->rig.now_ns) {
                peer_h3_expire(p->peers[i], p->rig.now_ns);
            }
        }
    }
}

static void connections_are_served_in_turns(void **state)
{
    (void)state;
    enum { LEN = 4 * 1024 * 1024 };
    struct pair *p = calloc(1, sizeof *p);
    assert_non_null(p);
    assert_true(rig_h3_init(&p->rig, &(struct rig_h3_options){.lossy = false}));
    uint8_t *bytes = calloc(1, LEN);
    assert_non_null(bytes);
    for (size_t i = 0; i < 2; i++) {
        p->peers[i] = peer_h3_new(&(struct peer_h3_options){.stream_window = 64 * 1024 * 1024},
                                  p->rig.now_ns);
        p->clients[i] = p->rig.client;
        tri_addr_set_port(&p->clients[i], (uint16_t)(50000 + i));
    }
    pump(p);
    for (size_t i = 0; i < 2; i++) {
        assert_true(peer_h3_is_ready(p->peers[i]));
        p->rig.peer = p->peers[i];
        assert_true(rig_h3_request(&p->rig, rig_h3_websocket_fields, false) >= 0);
    }
    p->rig.peer = NULL;
    pump(p);
    assert_int_equal(p->rig.tenants_len, 2);
    for (size_t i = 0; i < 2; i++) {
        tenant_room(rig_h3_tenant(&p->rig, i), LEN);
        rig_h3_tenant(&p->rig, i)->slice_max = 16384;
        tenant_send(rig_h3_tenant(&p->rig, i), bytes, LEN);
    }
    p->longest_wait[0] = p->longest_wait[1] = p->wait[0] = p->wait[1] = 0;
    pump(p);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(tri_buf_peek(&p->peers[i]->streams[0]->body).len, LEN);
        assert_true(p->runs[i] > 10);
        assert_true(p->longest_wait[i] <= 3); /* runs of the other's in a row */
    }
    free(bytes);
    rig_h3_deinit(&p->rig);
    peer_h3_free(p->peers[0]);
    peer_h3_free(p->peers[1]);
    free(p);
}

static void N6_a_changed_request_timeout_counts_for_heads_under_way(void **state)
{
    (void)state;
    static const uint8_t head[] = {1, 8, 0, 0, 0xd1}; /* HEADERS, and not all of them */
    struct rig_h3 *r = rig_h3_new(&(struct rig_h3_options){.lossy = false});
    int64_t id = peer_h3_raw_open(r->peer, false);
    peer_h3_raw_send(r->peer, id, head, sizeof head, false);
    rig_h3_run(r);
    rig_h3_advance(r, 100);
    assert_int_equal(r->peer->raw_resets, 0);
    r->limits.request_timeout_ms = 1000;
    tri_h3_endpoint_limits_changed(r->endpoint);
    rig_h3_advance(r, 800);
    assert_int_equal(r->peer->raw_resets, 0);
    rig_h3_advance(r, 1000);
    assert_int_equal(r->peer->raw_resets, 1);
    assert_int_equal(r->peer->raw_reset_code, NGHTTP3_H3_REQUEST_CANCELLED);
    rig_h3_assert_alive(r);
    rig_h3_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(N6_a_changed_request_timeout_counts_for_heads_under_way),
        cmocka_unit_test(garbage_is_dropped_and_counted),
        cmocka_unit_test(every_beginning_of_an_initial_packet_is_harmless),
        cmocka_unit_test(a_damaged_initial_packet_leaves_nothing_behind),
        cmocka_unit_test(damaged_packets_of_a_connection_are_harmless),
        cmocka_unit_test(a_repeated_first_flight_makes_one_connection),
        cmocka_unit_test(an_unproven_address_gets_three_times_what_it_sent),
        cmocka_unit_test(an_endpoint_without_connections_has_no_deadline),
        cmocka_unit_test(connections_are_served_in_turns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
