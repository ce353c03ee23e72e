/*
 * Floods of QUIC frames and datagrams: the one who sends them is stopped, or gets no more than its
 * share; somebody else's WebSocket echoes throughout; and the memory comes back. RFC 9000 section
 * 5.1, 6, 7.5, 8.1, 8.2, 10.3, 21; RFC 9001 section 6.
 */
#include "bare_h3.h"
#include "bystander_h3.h"

#include "base_limits.h"
#include "base_timeout.h"
#include "h3_cid.h"
#include "h3_stray.h"
#include "seal_h3.h"

#include <stdlib.h>

/* What the books of the endpoint and of the bystander's connection may grow by. */
#define SLACK_BYTES ((size_t)4096)

/* More than a connection with one socket takes, and less than a flood would. */
#define CONN_BYTES_MAX ((size_t)200 * 1000)

struct flood {
    struct rig_h3 rig;
    struct bystander_h3 bystander;
    struct bare_h3 bare;
    size_t level;            /* bytes of memory before the attacker came */
    size_t datagrams, bytes; /* that the endpoint sent to the attacker */
    size_t elsewhere;        /* what the rig had sent to others when it came */
    unsigned hits;
};

static struct flood *begin(void)
{
    struct flood *f = calloc(1, sizeof *f);
    assert_non_null(f);
    assert_true(rig_h3_init(&f->rig, &(struct rig_h3_options){.lossy = false}));
    bystander_h3_init(&f->bystander, &f->rig);
    bystander_h3_assert_echo(&f->bystander, &f->rig);
    f->level = f->rig.alloc.bytes;
    f->elsewhere = f->rig.elsewhere_bytes;
    return f;
}

static struct flood *begin_connected(void)
{
    struct flood *f = begin();
    f->rig.options.peer.is_bare = true;
    bare_h3_init(&f->bare, &f->rig, true);
    f->elsewhere = f->rig.elsewhere_bytes;
    return f;
}

static void drain_endpoint(struct flood *f)
{
    struct tri_h3_run run;
    while (tri_h3_endpoint_send(f->rig.endpoint, &run, f->rig.now_ns)) {
        if (tri_addr_equal(&run.remote, &f->bystander.client)) {
            continue; /* lost: it stands aside */
        }
        f->datagrams += (run.len + run.segment - 1) / run.segment;
        f->bytes += run.len;
    }
}

static void pass_time(struct flood *f, uint64_t ms)
{
    f->rig.now_ns += ms * TRI_NS_PER_MS;
    if (tri_h3_endpoint_deadline_ns(f->rig.endpoint) <= f->rig.now_ns) {
        tri_h3_endpoint_expire(f->rig.endpoint, f->rig.now_ns);
    }
    drain_endpoint(f);
}

/* The attacker hears nothing of what comes of it. */
static void hit(struct flood *f, const void *frames, size_t len)
{
    bare_h3_inject(&f->bare, frames, len);
    drain_endpoint(f);
    assert_true(f->rig.alloc.bytes <= f->level + CONN_BYTES_MAX);
    if (++f->hits % 32 == 0) {
        bystander_h3_assert_echo(&f->bystander, &f->rig);
    }
}

/* What went to it, also while the rig served the bystander. */
static size_t bytes_out(const struct flood *f)
{
    return f->bytes + f->rig.elsewhere_bytes - f->elsewhere;
}

static bool is_stopped(const struct flood *f)
{
    return f->rig.closes > 0;
}

/* It is stopped with this code: the close is said again to a packet that comes late. */
static void assert_stopped(struct flood *f, uint64_t code)
{
    assert_int_equal(f->rig.closes, 1);
    for (int i = 0; i < 3; i++) {
        bare_h3_inject(&f->bare, "\x01", 1);
    }
    rig_h3_run(&f->rig);
    rig_h3_assert_closed(&f->rig, NGTCP2_CCERR_TYPE_TRANSPORT, code);
}

/* The attacker is gone: nothing is left of it. */
static void end(struct flood *f)
{
    rig_h3_hang_up(&f->rig);
    bystander_h3_assert_echo(&f->bystander, &f->rig);
    bystander_h3_swap(&f->bystander, &f->rig);
    rig_h3_advance(&f->rig, f->rig.limits.idle_timeout_ms + 60 * (uint64_t)1000);
    bystander_h3_swap(&f->bystander, &f->rig);
    bystander_h3_assert_echo(&f->bystander, &f->rig);
    assert_true(f->rig.alloc.bytes <= f->level + SLACK_BYTES);
    assert_int_equal(f->rig.closes + 1, f->rig.accepts);
    bystander_h3_deinit(&f->bystander, &f->rig);
    rig_h3_deinit(&f->rig);
    free(f);
}

/* ---- CRYPTO */

static void N2_a_key_update_of_tls_ends_the_connection_alone(void **state)
{
    (void)state;
    struct flood *f = begin_connected();
    hit(f, "\x06\x00\x05\x18\x00\x00\x01\x00", 8);
    assert_stopped(f, 0x10a);
    end(f);
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
static void crypto_that_waits_for_its_beginning_is_bounded(void **state)
{
    (void)state;
    struct flood *f = begin_connected();
    for (uint32_t at = 1; at < 1000 * 1000 && !is_stopped(f); at += 1300) {
        uint8_t frame[7 + 1152];
        put_crypto(frame, at);
        hit(f, frame, sizeof frame);
    }
    assert_stopped(f, NGTCP2_CRYPTO_BUFFER_EXCEEDED);
    end(f);
}

/* The same before the handshake has begun, in first packets. */
static void crypto_of_first_packets_is_bounded(void **state)
{
    (void)state;
    struct flood *f = begin();
    const ngtcp2_cid dcid = {.datalen = 8, .data = {1, 2, 3, 4, 5, 6, 7, 8}};
    const ngtcp2_cid scid = {.datalen = 4, .data = {9, 9, 9, 9}};
    struct seal_h3 seal;
    seal_h3_init_first(&seal, &dcid);
    uint32_t number = 0;
    for (uint32_t at = 1; at < 1000 * 1000 && !is_stopped(f); at += 1300) {
        uint8_t frames[1200] = {0};
        put_crypto(frames, at);
        uint8_t packet[sizeof frames + SEAL_H3_OVERHEAD];
        size_t len = seal_h3_long(&seal, packet, 0, &dcid, &scid, number++,
                                  tri_slice_of(frames, sizeof frames));
        rig_h3_inject(&f->rig, packet, len);
        drain_endpoint(f);
        assert_true(f->rig.alloc.bytes <= f->level + CONN_BYTES_MAX);
    }
    seal_h3_deinit(&seal);
    assert_int_equal(f->rig.closes, 1);
    assert_true(number < 100);
    end(f);
}

/* ---- paths */

/* A challenge is answered, but not each of a hundred in a packet: RFC 9000 section 8.2, 21.9. */
static void path_challenges_are_not_all_answered(void **state)
{
    (void)state;
    struct flood *f = begin_connected();
    uint8_t frames[100 * 9];
    for (size_t i = 0; i < sizeof frames; i++) {
        frames[i] = i % 9 == 0 ? 0x1a : (uint8_t)i;
    }
    size_t hits = 0;
    for (; hits < 500 && !is_stopped(f); hits++) {
        hit(f, frames, sizeof frames);
        f->rig.now_ns += TRI_NS_PER_MS / 10;
    }
    assert_true(f->datagrams <= 2 * hits);
    assert_true(bytes_out(f) <= hits * (sizeof frames + 100));
    end(f);
}

/* From addresses that are not its own, it gets three times what it sent: section 8.1, 9.3. */
static void path_challenges_from_elsewhere_are_not_amplified(void **state)
{
    (void)state;
    struct flood *f = begin_connected();
    struct tri_addr home = f->rig.client;
    size_t sent = 0;
    for (uint16_t port = 1000; port < 1200 && !is_stopped(f); port++) {
        tri_addr_set_port(&f->rig.client, port);
        hit(f,
            "\x1a"
            "datadata",
            9);
        sent += 1 + 18 + 4 + 9 + 16;
        f->rig.now_ns += TRI_NS_PER_MS / 10;
    }
    assert_true(bytes_out(f) <= 3 * sent);
    f->rig.client = home;
    end(f);
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

static void more_ids_than_we_keep_end_the_connection(void **state)
{
    (void)state;
    struct flood *f = begin_connected();
    uint8_t frame[64];
    uint32_t n = 100;
    for (; n < 1000 && !is_stopped(f); n++) {
        hit(f, frame, put_new_id(frame, n, 0));
    }
    assert_true(n < 110);
    assert_stopped(f, NGTCP2_CONNECTION_ID_LIMIT_ERROR);
    end(f);
}

/* Each new one retires the last, and we are to say so again and again: section 5.1.2. */
static void ids_that_retire_one_another_end_the_connection(void **state)
{
    (void)state;
    struct flood *f = begin_connected();
    uint8_t frame[64];
    uint32_t n = 100;
    for (; n < 100000 && !is_stopped(f); n++) {
        hit(f, frame, put_new_id(frame, n, n));
    }
    assert_true(n < 1000); /* the close goes to the last of the ids, which its QUIC does not know */
    assert_int_equal(f->rig.closes, 1);
    end(f);
}

/* A client that ends each of our ids makes us give out new ones. */
static void ids_that_are_ended_do_not_pile_up(void **state)
{
    (void)state;
    struct flood *f = begin_connected();
    for (uint32_t n = 1; n < 5000 && !is_stopped(f); n++) {
        uint8_t frame[5] = {0x19, (uint8_t)(0x80 | n >> 24), (uint8_t)(n >> 16), (uint8_t)(n >> 8),
                            (uint8_t)n};
        hit(f, frame, sizeof frame);
        f->rig.now_ns += TRI_NS_PER_MS / 10;
    }
    assert_stopped(f, NGTCP2_PROTOCOL_VIOLATION); /* one that was not given out yet */
    end(f);
}

/* ---- datagrams for nobody */

static void datagrams_for_unknown_connections_get_few_resets(void **state)
{
    (void)state;
    struct flood *f = begin();
    for (unsigned i = 0; i < 20000; i++) {
        uint8_t packet[60] = {0x40, (uint8_t)i, (uint8_t)(i >> 8), 'n', 'o', 'b', 'o', 'd', 'y'};
        rig_h3_inject(&f->rig, packet, sizeof packet);
        drain_endpoint(f);
        if (i % 5000 == 0) {
            bystander_h3_assert_echo(&f->bystander, &f->rig);
        }
    }
    assert_true(f->datagrams > 0 && f->datagrams <= TRI_H3_RESETS_PER_SECOND);
    assert_true(f->rig.alloc.bytes <= f->level + SLACK_BYTES);
    end(f);
}

static void unknown_versions_get_few_answers_at_a_time_and_short_ones_none(void **state)
{
    (void)state;
    struct flood *f = begin();
    uint8_t packet[1200] = {0xc0, 0x1a, 0x2a, 0x3a, 0x4a, 8, 'u', 'n', 'k', 'n', 'o', 'w', 'n'};
    for (unsigned i = 0; i < 5000; i++) {
        rig_h3_inject(&f->rig, packet, sizeof packet - 1);
    }
    drain_endpoint(f);
    assert_int_equal(f->datagrams, 0);
    for (unsigned i = 0; i < 5000; i++) {
        rig_h3_inject(&f->rig, packet, sizeof packet);
    }
    drain_endpoint(f);
    assert_int_equal(f->datagrams, TRI_H3_STRAYS_MAX);
    assert_true(f->bytes < TRI_H3_STRAYS_MAX * sizeof packet);
    end(f);
}

/* What a client sends before it hears anything. Returns its bytes. */
static size_t inject_first_flight(struct flood *f)
{
    uint8_t packet[1500];
    uint8_t ecn = 0;
    size_t sent = 0;
    struct peer_h3 *p = peer_h3_new(&(struct peer_h3_options){.version = 0}, f->rig.now_ns);
    for (size_t len; (len = peer_h3_send(p, packet, sizeof packet, &ecn, f->rig.now_ns)) > 0;) {
        rig_h3_inject(&f->rig, packet, len);
        drain_endpoint(f);
        sent += len;
    }
    peer_h3_free(p);
    return sent;
}

/* Handshakes that never go on: each gets three times what it sent, and is forgotten in time. */
static void half_open_connections_get_no_more_than_their_share(void **state)
{
    (void)state;
    enum { CLIENTS = 20 };
    struct flood *f = begin();
    size_t sent = 0;
    for (unsigned i = 0; i < CLIENTS; i++) {
        tri_addr_set_port(&f->rig.client, (uint16_t)(2000 + i));
        sent += inject_first_flight(f);
    }
    assert_int_equal(f->rig.accepts, 1 + CLIENTS);
    bystander_h3_assert_echo(&f->bystander, &f->rig);
    for (uint64_t ms = 0; ms < f->rig.limits.handshake_timeout_ms; ms += 100) {
        pass_time(f, 100);
    }
    assert_true(bytes_out(f) > 2 * sent && bytes_out(f) <= 3 * sent);
    end(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(N2_a_key_update_of_tls_ends_the_connection_alone),
        cmocka_unit_test(crypto_that_waits_for_its_beginning_is_bounded),
        cmocka_unit_test(crypto_of_first_packets_is_bounded),
        cmocka_unit_test(path_challenges_are_not_all_answered),
        cmocka_unit_test(path_challenges_from_elsewhere_are_not_amplified),
        cmocka_unit_test(more_ids_than_we_keep_end_the_connection),
        cmocka_unit_test(ids_that_retire_one_another_end_the_connection),
        cmocka_unit_test(ids_that_are_ended_do_not_pile_up),
        cmocka_unit_test(datagrams_for_unknown_connections_get_few_resets),
        cmocka_unit_test(unknown_versions_get_few_answers_at_a_time_and_short_ones_none),
        cmocka_unit_test(half_open_connections_get_no_more_than_their_share),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
