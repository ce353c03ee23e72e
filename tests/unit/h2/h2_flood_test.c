/*
 * Attacks that need no bandwidth: the connection that tries one ends with ENHANCE_YOUR_CALM or the
 * RFC's own code, holds little memory until then and none after, and another connection echoes all
 * the while. RFC 9113 section 10.5; row E5.
 */
#include "h2_flood.h"

#include "base_limits.h"
#include "base_timeout.h"
#include "scene_h2.h"

#define ROUND_FRAMES 100u
#define ROUNDS_MAX 200u

/* ---- the counters */

static void a_burst_is_free_and_then_a_rate(void **state)
{
    (void)state;
    struct tri_h2_flood f = {.buckets = {{.used = 0}}};
    uint64_t now_ns = 5000 * TRI_NS_PER_MS;
    for (uint32_t i = 0; i < TRI_RESETS_BURST; i++) {
        assert_true(tri_h2_flood_count(&f, TRI_H2_FLOOD_RESET, now_ns));
    }
    assert_false(tri_h2_flood_count(&f, TRI_H2_FLOOD_RESET, now_ns));
    now_ns += 1000 * TRI_NS_PER_MS;
    for (uint32_t i = 0; i < TRI_RESETS_PER_SECOND; i++) {
        assert_true(tri_h2_flood_count(&f, TRI_H2_FLOOD_RESET, now_ns));
    }
    assert_false(tri_h2_flood_count(&f, TRI_H2_FLOOD_RESET, now_ns));
}

static void each_kind_is_counted_by_itself(void **state)
{
    (void)state;
    struct tri_h2_flood f = {.buckets = {{.used = 0}}};
    for (uint32_t i = 0; i < TRI_H2_ACKS_BURST; i++) {
        assert_true(tri_h2_flood_count(&f, TRI_H2_FLOOD_ACK, 1));
    }
    assert_false(tri_h2_flood_count(&f, TRI_H2_FLOOD_ACK, 1));
    assert_true(tri_h2_flood_count(&f, TRI_H2_FLOOD_RESET, 1));
}

static void what_stays_below_the_rate_goes_on_for_ever(void **state)
{
    (void)state;
    struct tri_h2_flood f = {.buckets = {{.used = 0}}};
    const uint64_t step_ns = 1000 * TRI_NS_PER_MS / TRI_H2_ACKS_PER_SECOND;
    for (uint64_t i = 1; i < 20 * (uint64_t)TRI_H2_ACKS_BURST; i++) {
        assert_true(tri_h2_flood_count(&f, TRI_H2_FLOOD_ACK, i * step_ns));
    }
}

static void twice_the_rate_empties_the_burst_at_half_the_pace(void **state)
{
    (void)state;
    struct tri_h2_flood f = {.buckets = {{.used = 0}}};
    const uint64_t step_ns = 1000 * TRI_NS_PER_MS / TRI_H2_ACKS_PER_SECOND / 2;
    uint64_t i = 1;
    while (tri_h2_flood_count(&f, TRI_H2_FLOOD_ACK, i * step_ns)) {
        i++;
    }
    assert_in_range(i, 2 * (uint64_t)TRI_H2_ACKS_BURST - 2, 2 * (uint64_t)TRI_H2_ACKS_BURST + 2);
}

static void what_had_a_reason_is_taken_off_again(void **state)
{
    (void)state;
    struct tri_h2_flood f = {.buckets = {{.used = 0}}};
    tri_h2_flood_forgive(&f, TRI_H2_FLOOD_WINDOW, 5); /* nothing to take off */
    for (uint32_t i = 0; i < TRI_H2_WINDOWS_BURST; i++) {
        assert_true(tri_h2_flood_count(&f, TRI_H2_FLOOD_WINDOW, 1));
    }
    assert_false(tri_h2_flood_count(&f, TRI_H2_FLOOD_WINDOW, 1));
    tri_h2_flood_forgive(&f, TRI_H2_FLOOD_WINDOW, 1);
    assert_true(tri_h2_flood_count(&f, TRI_H2_FLOOD_WINDOW, 1));
    assert_false(tri_h2_flood_count(&f, TRI_H2_FLOOD_WINDOW, 1));
}

/* ---- attacks */

/* One step of an attack; |n| counts from 0. */
typedef void attack(struct bytes_h2 *in, uint32_t n);

/* Repeats |step| until the connection ends, with |code|: after |least| steps and within |most|, a
 * round more or less. */
static void flood(attack *step, uint32_t code, uint32_t least, uint32_t most)
{
    struct scene_h2 s;
    scene_h2_init(&s);
    uint32_t n = 0;
    while (n < ROUNDS_MAX * ROUND_FRAMES && !scene_h2_is_done(&s.attacker)) {
        struct bytes_h2 in = {.len = 0};
        for (uint32_t end = n + ROUND_FRAMES; n < end; n++) {
            step(&in, n);
        }
        rig_h2_bytes(&s.attacker, &in);
        scene_h2_assert_echoes(&s.bystander);
    }
    assert_true(scene_h2_is_done(&s.attacker));
    rig_h2_assert_goaway(&s.attacker, code);
    assert_int_equal(rig_h2_count(&s.attacker, NGHTTP2_GOAWAY, 0), 1);
    assert_in_range(n, least, most + ROUND_FRAMES);
    assert_int_equal(rig_h2_tenant(&s.attacker, 0)->closes, 1);
    scene_h2_deinit(&s);
}

static uint32_t id_of(uint32_t n)
{
    return 3 + 2 * n; /* the socket is on stream 1 */
}

/* ---- streams */

static void reset_at_once(struct bytes_h2 *in, uint32_t n)
{
    frames_h2_headers(in, id_of(n), rig_h2_websocket_fields, false);
    frames_h2_number(in, NGHTTP2_RST_STREAM, id_of(n), NGHTTP2_CANCEL);
}

static void rapid_reset_ends_the_connection(void **state)
{
    (void)state; /* CVE-2023-44487 */
    flood(reset_at_once, NGHTTP2_ENHANCE_YOUR_CALM, TRI_RESETS_BURST, TRI_RESETS_BURST);
}

/* RFC 9113 section 8.5: in a WebSocket there are no trailers. */
static void provoke_reset(struct bytes_h2 *in, uint32_t n)
{
    static const struct tri_header trailers[] = {{"x", "y"}, {NULL, NULL}};
    frames_h2_headers(in, id_of(n), rig_h2_websocket_fields, false);
    frames_h2_headers(in, id_of(n), trailers, true);
}

static void resets_provoked_from_the_server_end_the_connection(void **state)
{
    (void)state; /* CVE-2025-8671 */
    flood(provoke_reset, NGHTTP2_ENHANCE_YOUR_CALM, TRI_RESETS_BURST, TRI_RESETS_BURST);
}

static void ask_malformed(struct bytes_h2 *in, uint32_t n)
{
    static const struct tri_header fields[] = {{":method", "GET"}, {"Upper", "case"}, {NULL, NULL}};
    frames_h2_headers(in, id_of(n), fields, true);
}

static void malformed_requests_without_end_end_the_connection(void **state)
{
    (void)state;
    flood(ask_malformed, NGHTTP2_ENHANCE_YOUR_CALM, TRI_RESETS_BURST, TRI_RESETS_BURST);
}

/* No reset of ours goes out, and is counted, while all of it is read. */
static void malformed_requests_all_at_once_end_the_connection(void **state)
{
    (void)state;
    struct scene_h2 s;
    struct tri_limits limits;
    tri_limits_default(&limits);
    limits.streams_max = 10;
    scene_h2_init_with(&s, &limits);
    struct bytes_h2 in = {.len = 0};
    for (uint32_t n = 0; n < 2 * TRI_RESETS_BURST; n++) {
        ask_malformed(&in, n);
    }
    rig_h2_bytes(&s.attacker, &in);
    assert_true(scene_h2_is_done(&s.attacker));
    rig_h2_assert_goaway(&s.attacker, NGHTTP2_ENHANCE_YOUR_CALM);
    scene_h2_assert_echoes(&s.bystander);
    scene_h2_deinit(&s);
}

static void take_back_half(struct bytes_h2 *in, uint32_t n)
{
    if (n % 2 == 0) {
        reset_at_once(in, n);
    } else {
        provoke_reset(in, n);
    }
}

static void resets_of_both_kinds_count_together(void **state)
{
    (void)state;
    flood(take_back_half, NGHTTP2_ENHANCE_YOUR_CALM, TRI_RESETS_BURST, TRI_RESETS_BURST);
}

static void sockets_closed_one_after_another_are_no_flood(void **state)
{
    (void)state;
    struct scene_h2 s;
    scene_h2_init(&s);
    for (uint32_t n = 0; n < 2 * TRI_RESETS_BURST; n++) {
        struct bytes_h2 in = {.len = 0};
        reset_at_once(&in, n);
        s.attacker.now_ns += 1000 * TRI_NS_PER_MS / TRI_RESETS_PER_SECOND;
        rig_h2_bytes(&s.attacker, &in);
        assert_int_equal(s.attacker.recv_err, TRI_OK);
    }
    assert_int_equal(rig_h2_count(&s.attacker, NGHTTP2_GOAWAY, 0), 0);
    scene_h2_assert_echoes(&s.attacker);
    scene_h2_deinit(&s);
}

/* ---- frames that cost nothing */

static void ping(struct bytes_h2 *in, uint32_t n)
{
    (void)n;
    frames_h2_frame(in, NGHTTP2_PING, 0, 0, "12345678", 8);
}

static void pings_without_end_end_the_connection(void **state)
{
    (void)state;
    flood(ping, NGHTTP2_ENHANCE_YOUR_CALM, TRI_H2_ACKS_BURST, TRI_H2_ACKS_BURST);
}

static void ping_acks(struct bytes_h2 *in, uint32_t n)
{
    (void)n;
    frames_h2_frame(in, NGHTTP2_PING, NGHTTP2_FLAG_ACK, 0, "12345678", 8);
}

static void answers_to_no_ping_end_the_connection(void **state)
{
    (void)state;
    flood(ping_acks, NGHTTP2_ENHANCE_YOUR_CALM, TRI_H2_ACKS_BURST, TRI_H2_ACKS_BURST);
}

static void settings(struct bytes_h2 *in, uint32_t n)
{
    /* SETTINGS_INITIAL_WINDOW_SIZE, another each time: all streams are visited */
    const uint8_t entry[] = {0, 4, 0, 0, 255, (uint8_t)n};
    frames_h2_frame(in, NGHTTP2_SETTINGS, 0, 0, entry, sizeof entry);
}

static void settings_without_end_end_the_connection(void **state)
{
    (void)state;
    flood(settings, NGHTTP2_ENHANCE_YOUR_CALM, TRI_H2_ACKS_BURST - ROUND_FRAMES, TRI_H2_ACKS_BURST);
}

static void priority(struct bytes_h2 *in, uint32_t n)
{
    frames_h2_frame(in, NGHTTP2_PRIORITY, 0, id_of(n), "\0\0\0\0\x0f", 5);
}

static void priorities_without_end_end_the_connection(void **state)
{
    (void)state;
    flood(priority, NGHTTP2_ENHANCE_YOUR_CALM, TRI_H2_GLITCHES_BURST, 2 * TRI_H2_GLITCHES_BURST);
}

static void send_nothing(struct bytes_h2 *in, uint32_t n)
{
    (void)n;
    frames_h2_frame(in, NGHTTP2_DATA, 0, 1, NULL, 0);
}

static void empty_data_without_end_ends_the_connection(void **state)
{
    (void)state;
    flood(send_nothing, NGHTTP2_ENHANCE_YOUR_CALM, TRI_H2_GLITCHES_BURST,
          2 * TRI_H2_GLITCHES_BURST);
}

static void send_padding(struct bytes_h2 *in, uint32_t n)
{
    (void)n;
    frames_h2_frame(in, NGHTTP2_DATA, NGHTTP2_FLAG_PADDED, 1, "\x03\0\0\0", 4);
}

static void padding_without_end_ends_the_connection(void **state)
{
    (void)state;
    flood(send_padding, NGHTTP2_ENHANCE_YOUR_CALM, TRI_H2_GLITCHES_BURST,
          2 * TRI_H2_GLITCHES_BURST);
}

static void widen(struct bytes_h2 *in, uint32_t n)
{
    frames_h2_number(in, NGHTTP2_WINDOW_UPDATE, n % 2, 1);
}

static void window_updates_without_end_end_the_connection(void **state)
{
    (void)state;
    flood(widen, NGHTTP2_ENHANCE_YOUR_CALM, TRI_H2_WINDOWS_BURST, TRI_H2_WINDOWS_BURST);
}

/* Two for each message that comes: twice the burst in no time. */
static void window_updates_of_a_reader_are_no_flood(void **state)
{
    (void)state;
    struct scene_h2 s;
    scene_h2_init(&s);
    for (uint32_t n = 0; n < TRI_H2_WINDOWS_BURST; n++) {
        struct bytes_h2 in = {.len = 0};
        widen(&in, 0);
        widen(&in, 1);
        rig_h2_bytes(&s.attacker, &in);
        assert_int_equal(s.attacker.recv_err, TRI_OK);
        assert_false(scene_h2_is_done(&s.attacker));
        tenant_send(rig_h2_tenant(&s.attacker, 0), "x", 1);
        rig_h2_output(&s.attacker);
        s.attacker.out.len = 0; /* nobody looks at it */
    }
    scene_h2_assert_echoes(&s.attacker);
    scene_h2_deinit(&s);
}

static void unknown(struct bytes_h2 *in, uint32_t n)
{
    frames_h2_frame(in, (uint8_t)(0x20 + n % 64), 0, 0, NULL, 0);
}

static void unknown_frames_without_end_end_the_connection(void **state)
{
    (void)state;
    flood(unknown, NGHTTP2_ENHANCE_YOUR_CALM, TRI_H2_GLITCHES_BURST, 2 * TRI_H2_GLITCHES_BURST);
}

/* A peer that reads nothing: its pings come in one piece, before anything is sent. */
static void pings_of_a_peer_that_does_not_read_hold_little(void **state)
{
    (void)state;
    struct scene_h2 s;
    scene_h2_init(&s);
    struct bytes_h2 in = {.len = 0};
    for (uint32_t n = 0; n < TRI_H2_ACKS_QUEUED_MAX + 1; n++) {
        ping(&in, n);
    }
    rig_h2_bytes(&s.attacker, &in);
    assert_true(scene_h2_is_done(&s.attacker));
    rig_h2_assert_goaway(&s.attacker, NGHTTP2_ENHANCE_YOUR_CALM);
    scene_h2_deinit(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_burst_is_free_and_then_a_rate),
        cmocka_unit_test(each_kind_is_counted_by_itself),
        cmocka_unit_test(what_stays_below_the_rate_goes_on_for_ever),
        cmocka_unit_test(twice_the_rate_empties_the_burst_at_half_the_pace),
        cmocka_unit_test(what_had_a_reason_is_taken_off_again),
        cmocka_unit_test(rapid_reset_ends_the_connection),
        cmocka_unit_test(resets_provoked_from_the_server_end_the_connection),
        cmocka_unit_test(malformed_requests_without_end_end_the_connection),
        cmocka_unit_test(malformed_requests_all_at_once_end_the_connection),
        cmocka_unit_test(resets_of_both_kinds_count_together),
        cmocka_unit_test(sockets_closed_one_after_another_are_no_flood),
        cmocka_unit_test(pings_without_end_end_the_connection),
        cmocka_unit_test(answers_to_no_ping_end_the_connection),
        cmocka_unit_test(settings_without_end_end_the_connection),
        cmocka_unit_test(priorities_without_end_end_the_connection),
        cmocka_unit_test(empty_data_without_end_ends_the_connection),
        cmocka_unit_test(padding_without_end_ends_the_connection),
        cmocka_unit_test(window_updates_without_end_end_the_connection),
        cmocka_unit_test(window_updates_of_a_reader_are_no_flood),
        cmocka_unit_test(unknown_frames_without_end_end_the_connection),
        cmocka_unit_test(pings_of_a_peer_that_does_not_read_hold_little),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
