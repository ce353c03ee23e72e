/*
 * HTTP/3: datagrams of clients that nobody knows: they cost little, get no more than three times what
 * they sent, and keep nobody out. RFC 9000 section 6, 8.1, 10.3.
 */
#include "attacks.h"

#include "base_limits.h"
#include "base_timeout.h"
#include "h3_stray.h"
#include "scene_h3.h"

/* ---- datagrams for nobody */

static void datagrams_for_unknown_connections_get_few_resets(const struct attack *a,
                                                             struct attack_report *r)
{
    (void)a;
    struct scene_h3 *f = scene_h3_new(r);
    for (unsigned i = 0; i < 20000; i++) {
        uint8_t packet[60] = {0x40, (uint8_t)i, (uint8_t)(i >> 8), 'n', 'o', 'b', 'o', 'd', 'y'};
        rig_h3_inject(&f->rig, packet, sizeof packet);
        scene_h3_drain(f);
        if (i % 5000 == 0) {
            scene_h3_echo(f);
        }
    }
    assert_true(f->datagrams > 0 && f->datagrams <= TRI_H3_RESETS_PER_SECOND);
    assert_true(f->rig.alloc.bytes <= f->level + SCENE_H3_SLACK_BYTES);
    scene_h3_note(f, "a rate of stateless resets");
    scene_h3_free(f);
}

static void unknown_versions_get_few_answers_at_a_time_and_short_ones_none(const struct attack *a,
                                                                           struct attack_report *r)
{
    (void)a;
    struct scene_h3 *f = scene_h3_new(r);
    uint8_t packet[1200] = {0xc0, 0x1a, 0x2a, 0x3a, 0x4a, 8, 'u', 'n', 'k', 'n', 'o', 'w', 'n'};
    for (unsigned i = 0; i < 5000; i++) {
        rig_h3_inject(&f->rig, packet, sizeof packet - 1);
    }
    scene_h3_drain(f);
    assert_int_equal(f->datagrams, 0);
    for (unsigned i = 0; i < 5000; i++) {
        rig_h3_inject(&f->rig, packet, sizeof packet);
    }
    scene_h3_drain(f);
    assert_int_equal(f->datagrams, TRI_H3_STRAYS_MAX);
    assert_true(f->bytes < TRI_H3_STRAYS_MAX * sizeof packet);
    scene_h3_note(f, "few answers at a time, shorter ones");
    scene_h3_free(f);
}

/* What a client sends before it hears anything. Returns its bytes. */
static size_t inject_first_flight(struct scene_h3 *f)
{
    uint8_t packet[1500];
    uint8_t ecn = 0;
    size_t sent = 0;
    struct peer_h3 *p = peer_h3_new(&(struct peer_h3_options){.version = 0}, f->rig.now_ns);
    for (size_t len; (len = peer_h3_send(p, packet, sizeof packet, &ecn, f->rig.now_ns)) > 0;) {
        rig_h3_inject(&f->rig, packet, len);
        scene_h3_drain(f);
        sent += len;
    }
    peer_h3_free(p);
    return sent;
}

/* Handshakes that never go on: each gets three times what it sent, and is forgotten in time. */
static void half_open_connections_get_no_more_than_their_share(const struct attack *a,
                                                               struct attack_report *r)
{
    (void)a;
    enum { CLIENTS = 20 };
    struct scene_h3 *f = scene_h3_new(r);
    size_t sent = 0;
    for (unsigned i = 0; i < CLIENTS; i++) {
        tri_addr_set_port(&f->rig.client, (uint16_t)(2000 + i));
        sent += inject_first_flight(f);
    }
    assert_int_equal(f->rig.accepts, 1 + CLIENTS);
    scene_h3_echo(f);
    for (uint64_t ms = 0; ms < f->rig.limits.handshake_timeout_ms; ms += 100) {
        scene_h3_pass(f, 100);
    }
    assert_true(scene_h3_bytes_out(f) > 2 * sent && scene_h3_bytes_out(f) <= 3 * sent);
    scene_h3_note(f, "three times what it sent, and a deadline");
    scene_h3_free(f);
}

/* ---- addresses that nobody has proven: section 8.1 */

#define HALF_OPEN_MAX 5u
#define STRANGERS 500u

static void first_flights_over_the_threshold(const struct attack *a, struct attack_report *r)
{
    (void)a;
    struct scene_h3 *f = scene_h3_new(r);
    f->rig.limits.half_open_max = HALF_OPEN_MAX;
    size_t peak = 0;
    for (unsigned i = 0; i < STRANGERS; i++) {
        tri_addr_set_port(&f->rig.client, (uint16_t)(2000 + i));
        inject_first_flight(f);
        peak = f->rig.alloc.bytes > peak ? f->rig.alloc.bytes : peak;
        assert_true(f->rig.accepts - f->rig.closes <= 1 + HALF_OPEN_MAX);
        if (i % 50 == 0) {
            scene_h3_echo(f);
        }
    }
    assert_true(tri_h3_endpoint_counters(f->rig.endpoint).retries > STRANGERS * 9 / 10);
    assert_true(peak <= f->level + HALF_OPEN_MAX * SCENE_H3_CONN_BYTES_MAX);
    tri_addr_set_port(&f->rig.client, 50000); /* somebody who is there is served meanwhile */
    rig_h3_dial(&f->rig);
    assert_true(peer_h3_is_ready(f->rig.peer));
    scene_h3_note(f, "Retry");
    scene_h3_free(f);
}

/* ---- the table */

static const struct attack list[] = {
    {"h3 amplification by handshakes", half_open_connections_get_no_more_than_their_share, NULL},
    {"h3 handshakes over the threshold", first_flights_over_the_threshold, NULL},
    {"h3 datagrams for nobody", datagrams_for_unknown_connections_get_few_resets, NULL},
    {"h3 unknown versions", unknown_versions_get_few_answers_at_a_time_and_short_ones_none, NULL},
};

struct attacks attacks_h3_strangers(void)
{
    return (struct attacks){.list = list, .len = sizeof list / sizeof list[0]};
}
