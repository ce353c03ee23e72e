/*
 * HTTP/3: floods of QUIC frames, datagrams and streams: the one who sends them is stopped, or gets no more
 * than its share; somebody else's WebSocket echoes throughout; and the memory comes back. RFC 9000
 * section 5.1, 6, 7.5, 8.1, 8.2, 10.3, 21; RFC 9001 section 6.
 */
#include "attacks.h"

#include "base_limits.h"
#include "base_timeout.h"
#include "scene_h3.h"
#include "seal_h3.h"

#include <stdlib.h>

/* ---- CRYPTO */

static void N2_a_key_update_of_tls_ends_the_connection_alone(const struct attack *a,
                                                             struct attack_report *r)
{
    (void)a;
    struct scene_h3 *f = scene_h3_new_connected(r);
    scene_h3_hit(f, "\x06\x00\x05\x18\x00\x00\x01\x00", 8);
    scene_h3_assert_stopped(f, 0x10a);
    scene_h3_free(f);
}

/* CRYPTO with 1,152 bytes. */
static void put_crypto(uint8_t frame[7 + 1152], uint32_t at)
{
    const uint8_t head[] = {0x06,
                            (uint8_t)(0x80 | at >> 24),
                            (uint8_t)(at >> 16),
                            (uint8_t)(at >> 8),
                            (uint8_t)at,
                            0x44,
                            0x80};
    memset(frame, 0, 7 + 1152);
    memcpy(frame, head, sizeof head);
}

/* Pieces of a TLS message whose beginning never comes: RFC 9000 section 7.5. */
static void crypto_that_waits_for_its_beginning_is_bounded(const struct attack *a,
                                                           struct attack_report *r)
{
    (void)a;
    struct scene_h3 *f = scene_h3_new_connected(r);
    for (uint32_t at = 1; at < 1000 * 1000 && !scene_h3_is_stopped(f); at += 1300) {
        uint8_t frame[7 + 1152];
        put_crypto(frame, at);
        scene_h3_hit(f, frame, sizeof frame);
    }
    scene_h3_assert_stopped(f, NGTCP2_CRYPTO_BUFFER_EXCEEDED);
    scene_h3_free(f);
}

/* The same before the handshake has begun, in first packets. */
static void crypto_of_first_packets_is_bounded(const struct attack *a, struct attack_report *r)
{
    (void)a;
    struct scene_h3 *f = scene_h3_new(r);
    const ngtcp2_cid dcid = {.datalen = 8, .data = {1, 2, 3, 4, 5, 6, 7, 8}};
    const ngtcp2_cid scid = {.datalen = 4, .data = {9, 9, 9, 9}};
    struct seal_h3 seal;
    seal_h3_init_first(&seal, &dcid);
    uint32_t number = 0;
    for (uint32_t at = 1; at < 1000 * 1000 && !scene_h3_is_stopped(f); at += 1300) {
        uint8_t frames[1200] = {0};
        put_crypto(frames, at);
        uint8_t packet[sizeof frames + SEAL_H3_OVERHEAD];
        size_t len = seal_h3_long(&seal, packet, 0, &dcid, &scid, number++,
                                  tri_slice_of(frames, sizeof frames));
        rig_h3_inject(&f->rig, packet, len);
        scene_h3_drain(f);
        assert_true(f->rig.alloc.bytes <= f->level + SCENE_H3_CONN_BYTES_MAX);
    }
    seal_h3_deinit(&seal);
    assert_int_equal(f->rig.closes, 1);
    assert_true(number < 100);
    scene_h3_note(f, "CRYPTO_BUFFER_EXCEEDED in the handshake");
    scene_h3_free(f);
}

/* ---- paths */

/* A challenge is answered, but not each of a hundred in a packet: RFC 9000 section 8.2, 21.9. */
static void path_challenges_are_not_all_answered(const struct attack *a, struct attack_report *r)
{
    (void)a;
    struct scene_h3 *f = scene_h3_new_connected(r);
    uint8_t frames[100 * 9];
    for (size_t i = 0; i < sizeof frames; i++) {
        frames[i] = i % 9 == 0 ? 0x1a : (uint8_t)i;
    }
    size_t hits = 0;
    for (; hits < 500 && !scene_h3_is_stopped(f); hits++) {
        scene_h3_hit(f, frames, sizeof frames);
        f->rig.now_ns += TRI_NS_PER_MS / 10;
    }
    assert_true(f->datagrams <= 2 * hits);
    assert_true(scene_h3_bytes_out(f) <= hits * (sizeof frames + 100));
    scene_h3_note(f, "two answers a packet at most");
    scene_h3_free(f);
}

/* From addresses that are not its own, it gets three times what it sent: section 8.1, 9.3. */
static void path_challenges_from_elsewhere_are_not_amplified(const struct attack *a,
                                                             struct attack_report *r)
{
    (void)a;
    struct scene_h3 *f = scene_h3_new_connected(r);
    struct tri_addr home = f->rig.client;
    size_t sent = 0;
    for (uint16_t port = 1000; port < 1200 && !scene_h3_is_stopped(f); port++) {
        tri_addr_set_port(&f->rig.client, port);
        scene_h3_hit(f,
                     "\x1a"
                     "datadata",
                     9);
        sent += 1 + 18 + 4 + 9 + 16;
        f->rig.now_ns += TRI_NS_PER_MS / 10;
    }
    assert_true(scene_h3_bytes_out(f) <= 3 * sent);
    f->rig.client = home;
    scene_h3_note(f, "three times what it sent");
    scene_h3_free(f);
}

/* ---- connection ids: section 5.1 */

static size_t put_new_id(uint8_t *p, uint32_t number, uint32_t retire_below)
{
    uint8_t frame[2 + 4 + 4 + 1 + 8 + 16] = {0x18};
    uint8_t *at = frame + 1;
    const uint32_t numbers[2] = {number, retire_below};
    for (size_t i = 0; i < 2; i++) {
        *at++ = (uint8_t)(0x80 | numbers[i] >> 24);
        *at++ = (uint8_t)(numbers[i] >> 16);
        *at++ = (uint8_t)(numbers[i] >> 8);
        *at++ = (uint8_t)numbers[i];
    }
    *at++ = 8;
    memset(at, 0x5a, 8 + 16);
    memcpy(at, &number, sizeof number);
    memcpy(at + 8, &number, sizeof number);
    at += 8 + 16;
    memcpy(p, frame, (size_t)(at - frame));
    return (size_t)(at - frame);
}

static void more_ids_than_we_keep_end_the_connection(const struct attack *a,
                                                     struct attack_report *r)
{
    (void)a;
    struct scene_h3 *f = scene_h3_new_connected(r);
    uint8_t frame[64];
    uint32_t n = 100;
    for (; n < 1000 && !scene_h3_is_stopped(f); n++) {
        scene_h3_hit(f, frame, put_new_id(frame, n, 0));
    }
    assert_true(n < 110);
    scene_h3_assert_stopped(f, NGTCP2_CONNECTION_ID_LIMIT_ERROR);
    scene_h3_free(f);
}

/* Each new one retires the last, and we are to say so again and again: section 5.1.2. */
static void ids_that_retire_one_another_end_the_connection(const struct attack *a,
                                                           struct attack_report *r)
{
    (void)a;
    struct scene_h3 *f = scene_h3_new_connected(r);
    uint8_t frame[64];
    uint32_t n = 100;
    for (; n < 100000 && !scene_h3_is_stopped(f); n++) {
        scene_h3_hit(f, frame, put_new_id(frame, n, n));
    }
    assert_true(n < 1000); /* the close goes to the last of the ids, which its QUIC does not know */
    assert_int_equal(f->rig.closes, 1);
    scene_h3_note(f, "CONNECTION_CLOSE");
    scene_h3_free(f);
}

/* A client that ends each of our ids makes us give out new ones. */
static void ids_that_are_ended_do_not_pile_up(const struct attack *a, struct attack_report *r)
{
    (void)a;
    struct scene_h3 *f = scene_h3_new_connected(r);
    for (uint32_t n = 1; n < 5000 && !scene_h3_is_stopped(f); n++) {
        uint8_t frame[5] = {0x19, (uint8_t)(0x80 | n >> 24), (uint8_t)(n >> 16), (uint8_t)(n >> 8),
                            (uint8_t)n};
        scene_h3_hit(f, frame, sizeof frame);
        f->rig.now_ns += TRI_NS_PER_MS / 10;
    }
    scene_h3_assert_stopped(f, NGTCP2_PROTOCOL_VIOLATION); /* one that was not given out yet */
    scene_h3_free(f);
}

/* ---- streams */

/* RFC 9000 section 4.6, 4.1: a stream past the limit; bytes past the window. */
static void a_stream_past_the_limit(const struct attack *a, struct attack_report *r)
{
    (void)a;
    struct scene_h3 *f = scene_h3_new_connected(r);
    scene_h3_hit(f, "\x0a\xc0\0\0\0\0\x10\0\0\x01x", 11);
    scene_h3_assert_stopped(f, NGTCP2_STREAM_LIMIT_ERROR);
    scene_h3_free(f);
}

static void bytes_past_the_window(const struct attack *a, struct attack_report *r)
{
    (void)a;
    struct scene_h3 *f = scene_h3_new_connected(r);
    scene_h3_hit(f, "\x0e\x20\xc0\0\0\0\x40\0\0\0\x01x", 12);
    scene_h3_assert_stopped(f, NGTCP2_FLOW_CONTROL_ERROR);
    scene_h3_free(f);
}

/* More fields than a request may have: 431, and nothing of them is kept. */
static void long_lists(const struct attack *a, struct attack_report *r)
{
    (void)a;
    struct scene_h3 *f = scene_h3_new_connected(r);
    char value[4001] = {0};
    memset(value, 'v', sizeof value - 1);
    const struct tri_header fields[] = {
        {":method", "GET"}, {":scheme", "https"}, {":authority", "localhost"},
        {":path", "/"},     {"x-1", value},       {"x-2", value},
        {"x-3", value},     {"x-4", value},       {"x-5", value},
        {NULL, NULL},
    };
    uint8_t *head = malloc(BARE_H3_BYTES_MAX);
    assert_non_null(head);
    const size_t len = bare_h3_headers(head, fields);
    const size_t requests = f->rig.tenants_len;
    for (int i = 0; i < 20; i++) {
        peer_h3_raw_send(f->rig.peer, peer_h3_raw_open(f->rig.peer, false), head, len, true);
        rig_h3_run(&f->rig);
        struct tri_slice in = tri_buf_peek(&f->rig.peer->raw_in);
        assert_non_null(memmem(in.data, in.len, "431", 3));
        tri_buf_consume(&f->rig.peer->raw_in, in.len);
        scene_h3_echo_beside(f);
        scene_h3_echo(f);
    }
    free(head);
    assert_int_equal(f->rig.tenants_len, requests);
    scene_h3_note(f, "status 431");
    scene_h3_free(f);
}

/* ---- streams that come to nothing */

#define RESETS_ROUND 50u

typedef void reset_step(struct peer_h3 *p, int64_t id);

static void reset_at_once(struct peer_h3 *p, int64_t id)
{
    int rv = ngtcp2_conn_shutdown_stream(p->quic, 0, id, NGHTTP3_H3_REQUEST_CANCELLED);
    assert_int_equal(rv, 0);
}

static void stop_at_once(struct peer_h3 *p, int64_t id)
{
    peer_h3_raw_send(p, id, "\x01", 1, false);
    int rv = ngtcp2_conn_shutdown_stream_read(p->quic, 0, id, NGHTTP3_H3_REQUEST_CANCELLED);
    assert_int_equal(rv, 0);
}

/* RFC 9114 section 4.2 */
static void ask_malformed(struct peer_h3 *p, int64_t id)
{
    static const struct tri_header fields[] = {{":method", "GET"}, {"Upper", "case"}, {NULL, NULL}};
    uint8_t *head = malloc(BARE_H3_BYTES_MAX);
    assert_non_null(head);
    peer_h3_raw_send(p, id, head, bare_h3_headers(head, fields), true);
    free(head);
}

static const struct {
    reset_step *step;
} resets = {reset_at_once}, stops = {stop_at_once}, provoked = {ask_malformed};

/* RFC 9114 section 10.5: CVE-2023-44487, CVE-2025-8671 */
static void streams_that_come_to_nothing(const struct attack *a, struct attack_report *r)
{
    reset_step *step = *(reset_step *const *)a->how;
    struct scene_h3 *f = scene_h3_new_connected(r);
    uint32_t n = 0;
    while (n < 10 * TRI_RESETS_BURST && !scene_h3_is_stopped(f)) {
        scene_h3_echo(f);
        scene_h3_echo_beside(f);
        for (uint32_t end = n + RESETS_ROUND; n < end; n++) {
            step(f->rig.peer, peer_h3_raw_open(f->rig.peer, false));
        }
        rig_h3_run(&f->rig);
        assert_true(f->rig.alloc.bytes <= f->level + SCENE_H3_CONN_BYTES_MAX);
    }
    assert_in_range(n, TRI_RESETS_BURST, TRI_RESETS_BURST + 4 * RESETS_ROUND); /* time passes */
    rig_h3_assert_closed(&f->rig, NGTCP2_CCERR_TYPE_APPLICATION, NGHTTP3_H3_EXCESSIVE_LOAD);
    assert_int_equal(f->rig.metrics.http[TRI_METRICS_H3].floods[TRI_FLOOD_RESET], 1);
    assert_int_equal(f->rig.metrics.http[TRI_METRICS_H3].floods[TRI_FLOOD_OTHER], 0);
    scene_h3_note(f, "H3_EXCESSIVE_LOAD");
    scene_h3_free(f);
}

/* ---- the table */

static const struct attack list[] = {
    {"h3 TLS KeyUpdate in 1-RTT CRYPTO", N2_a_key_update_of_tls_ends_the_connection_alone, NULL},
    {"h3 CRYPTO flood in 1-RTT", crypto_that_waits_for_its_beginning_is_bounded, NULL},
    {"h3 CRYPTO flood in first packets", crypto_of_first_packets_is_bounded, NULL},
    {"h3 PATH_CHALLENGE flood", path_challenges_are_not_all_answered, NULL},
    {"h3 amplification by PATH_CHALLENGE", path_challenges_from_elsewhere_are_not_amplified, NULL},
    {"h3 connection ids without end", more_ids_than_we_keep_end_the_connection, NULL},
    {"h3 connection ids that retire others", ids_that_retire_one_another_end_the_connection, NULL},
    {"h3 RETIRE_CONNECTION_ID flood", ids_that_are_ended_do_not_pile_up, NULL},
    {"h3 a stream past the limit", a_stream_past_the_limit, NULL},
    {"h3 bytes past the window", bytes_past_the_window, NULL},
    {"h3 header lists over the limit", long_lists, NULL},
    {"h3 rapid reset", streams_that_come_to_nothing, &resets},
    {"h3 rapid STOP_SENDING", streams_that_come_to_nothing, &stops},
    {"h3 resets provoked from the server", streams_that_come_to_nothing, &provoked},
};

struct attacks attacks_h3(void)
{
    return (struct attacks){.list = list, .len = sizeof list / sizeof list[0]};
}
