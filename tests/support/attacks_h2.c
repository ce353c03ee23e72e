/*
 * HTTP/2: attacks that need no bandwidth. RFC 9113 section 10.5. Those on the connection end it with
 * ENHANCE_YOUR_CALM or the RFC's own code; those on a stream leave its siblings alone.
 */
#include "attacks.h"

#include "base_limits.h"
#include "base_timeout.h"
#include "scene_h2.h"

#include <stdio.h>
#include <stdlib.h>

#define ROUND_FRAMES 100u
#define FIRST_ID 1001u /* of the attack's streams */
#define BOMB_FIELD_BYTES ((size_t)3900)

/* One step of an attack; |n| counts from 0. */
typedef void step(struct bytes_h2 *in, uint32_t n);

struct how {
    step *step;
    uint32_t code;        /* of the GOAWAY that ends it */
    uint32_t round;       /* steps between two echoes */
    uint32_t most;        /* steps that it may take, and a round more */
    uint32_t streams_max; /* 0: the default */
};

static size_t memory_of(const struct scene_h2 *s)
{
    return s->attacker.alloc.bytes + s->bystander.alloc.bytes;
}

static void echo(struct scene_h2 *s, struct attack_report *r)
{
    scene_h2_assert_echoes(&s->bystander);
    r->echoes++;
    if (!scene_h2_is_done(&s->attacker)) {
        scene_h2_assert_echoes(&s->attacker);
        r->echoes_beside++;
    }
}

static void begin(struct scene_h2 *s, const struct how *how, struct attack_report *r)
{
    struct tri_limits limits;
    tri_limits_default(&limits);
    limits.streams_max = how && how->streams_max > 0 ? how->streams_max : limits.streams_max;
    scene_h2_init_with(s, &limits);
    echo(s, r);
}

/* The attacker is gone, by itself or with its connection. */
static void end(struct scene_h2 *s, struct attack_report *r)
{
    assert_true(s->attacker.alloc.bytes_peak < s->bytes_before + SCENE_H2_PEAK_BYTES_MAX);
    echo(s, r);
    rig_h2_deinit(&s->attacker); /* asserts that its memory is back */
    scene_h2_assert_echoes(&s->bystander);
    r->after = r->after > 0 ? r->after : memory_of(s);
    rig_h2_deinit(&s->bystander);
}

/* ---- on the connection: repeated until it ends */

static void flood(const struct attack *a, struct attack_report *r)
{
    const struct how *how = a->how;
    struct scene_h2 s;
    begin(&s, how, r);
    r->before = s.bystander.alloc.bytes;
    const uint32_t round = how->round;
    uint32_t n = 0;
    while (n < how->most + round && !scene_h2_is_done(&s.attacker)) {
        struct bytes_h2 in = {.len = 0};
        for (uint32_t last = n + round; n < last; n++) {
            how->step(&in, n);
        }
        rig_h2_bytes(&s.attacker, &in);
        echo(&s, r);
    }
    assert_true(scene_h2_is_done(&s.attacker));
    rig_h2_assert_goaway(&s.attacker, how->code);
    assert_int_equal(rig_h2_tenant(&s.attacker, 0)->closes, 1);
    (void)snprintf(r->stopped_by, sizeof r->stopped_by, "GOAWAY %s",
                   nghttp2_http2_strerror(how->code));
    end(&s, r);
}

static uint32_t id_of(uint32_t n)
{
    return FIRST_ID + 2 * n;
}

static void reset_at_once(struct bytes_h2 *in, uint32_t n)
{
    frames_h2_headers(in, id_of(n), rig_h2_websocket_fields, false);
    frames_h2_number(in, NGHTTP2_RST_STREAM, id_of(n), NGHTTP2_CANCEL);
}

/* RFC 9113 section 8.5: in a WebSocket there are no trailers. */
static void provoke_by_trailers(struct bytes_h2 *in, uint32_t n)
{
    static const struct tri_header trailers[] = {{"x", "y"}, {NULL, NULL}};
    frames_h2_headers(in, id_of(n), rig_h2_websocket_fields, false);
    frames_h2_headers(in, id_of(n), trailers, true);
}

/* Section 6.9.1: a stream's window over 2^31 - 1. */
static void provoke_by_window(struct bytes_h2 *in, uint32_t n)
{
    frames_h2_headers(in, id_of(n), rig_h2_websocket_fields, false);
    frames_h2_number(in, NGHTTP2_WINDOW_UPDATE, id_of(n), 0x7fffffff);
}

/* Section 8.2.1: a field name in upper case. */
static void provoke_by_malformed(struct bytes_h2 *in, uint32_t n)
{
    static const struct tri_header fields[] = {{":method", "GET"}, {"Upper", "case"}, {NULL, NULL}};
    frames_h2_headers(in, id_of(n), fields, true);
}

/* Section 8.1.1: more content than was promised. */
static void provoke_by_length(struct bytes_h2 *in, uint32_t n)
{
    static const struct tri_header post[] = {{":method", "POST"},         {":scheme", "https"},
                                             {":authority", "localhost"}, {":path", "/"},
                                             {"content-length", "1"},     {NULL, NULL}};
    frames_h2_headers(in, id_of(n), post, false);
    frames_h2_data(in, id_of(n), "two", 3, false);
}

static void open_one_more(struct bytes_h2 *in, uint32_t n)
{
    frames_h2_headers(in, id_of(n), rig_h2_websocket_fields, false);
}

static void ping(struct bytes_h2 *in, uint32_t n)
{
    (void)n;
    frames_h2_frame(in, NGHTTP2_PING, 0, 0, "12345678", 8);
}

static void settings(struct bytes_h2 *in, uint32_t n)
{
    /* SETTINGS_INITIAL_WINDOW_SIZE, another each time: all streams are visited */
    const uint8_t entry[] = {0, 4, 0, 0, 255, (uint8_t)n};
    frames_h2_frame(in, NGHTTP2_SETTINGS, 0, 0, entry, sizeof entry);
}

static void priority(struct bytes_h2 *in, uint32_t n)
{
    frames_h2_frame(in, NGHTTP2_PRIORITY, 0, id_of(n), "\0\0\0\0\x0f", 5);
}

/* RFC 9218 section 7.1: for a socket that is open */
static void priority_update(struct bytes_h2 *in, uint32_t n)
{
    const uint8_t payload[] = {0, 0, 0, 1, 'u', '=', (uint8_t)('0' + n % 8)};
    frames_h2_frame(in, 0x10, 0, 0, payload, sizeof payload);
}

/* The same for streams that may come one day: section 7.1. */
static void priority_update_ahead(struct bytes_h2 *in, uint32_t n)
{
    const uint32_t id = id_of(n);
    const uint8_t payload[] = {
        (uint8_t)(id >> 24), (uint8_t)(id >> 16), (uint8_t)(id >> 8), (uint8_t)id, 'u', '=', '1'};
    frames_h2_frame(in, 0x10, 0, 0, payload, sizeof payload);
}

static void empty_data(struct bytes_h2 *in, uint32_t n)
{
    (void)n;
    frames_h2_frame(in, NGHTTP2_DATA, 0, 1, NULL, 0);
}

static void padding(struct bytes_h2 *in, uint32_t n)
{
    (void)n;
    frames_h2_frame(in, NGHTTP2_DATA, NGHTTP2_FLAG_PADDED, 1, "\x03\0\0\0", 4);
}

static void unknown(struct bytes_h2 *in, uint32_t n)
{
    frames_h2_frame(in, (uint8_t)(0x20 + n % 64), 0, 0, NULL, 0);
}

static void widen(struct bytes_h2 *in, uint32_t n)
{
    frames_h2_number(in, NGHTTP2_WINDOW_UPDATE, n % 2, 1);
}

static void overflow(struct bytes_h2 *in, uint32_t n)
{
    (void)n;
    frames_h2_number(in, NGHTTP2_WINDOW_UPDATE, 0, 0x7fffffff);
}

static void continuation(struct bytes_h2 *in, uint32_t n)
{
    if (n == 0) {
        frames_h2_frame(in, NGHTTP2_HEADERS, 0, FIRST_ID, "\x82", 1);
    }
    frames_h2_frame(in, NGHTTP2_CONTINUATION, 0, FIRST_ID, "\x00\x01x\x01y", 5);
}

static void empty_continuation(struct bytes_h2 *in, uint32_t n)
{
    if (n == 0) {
        frames_h2_frame(in, NGHTTP2_HEADERS, 0, FIRST_ID, "\x82", 1);
    }
    frames_h2_frame(in, NGHTTP2_CONTINUATION, 0, FIRST_ID, NULL, 0);
}

/* A field that fills the table (RFC 7541 section 6.2.1), and then one byte for each repetition. */
static void append_bomb(struct bytes_h2 *block, size_t repetitions)
{
    static const uint8_t name[] = {0x40, 1, 'x', 0x7f, 0xbd, 0x1d}; /* a value of 3,900 bytes */
    uint8_t value[BOMB_FIELD_BYTES];
    memset(value, 'v', sizeof value);
    bytes_h2_append(block, name, sizeof name);
    bytes_h2_append(block, value, sizeof value);
    for (size_t i = 0; i < repetitions; i++) {
        bytes_h2_append(block, "\xbe", 1);
    }
}

static void bomb(struct bytes_h2 *in, uint32_t n)
{
    struct bytes_h2 block = {.len = 0};
    for (const struct tri_header *h = rig_h2_get_fields; h->name; h++) {
        frames_h2_field(&block, h->name, strlen(h->name), h->value, strlen(h->value));
    }
    append_bomb(&block, 12000); /* 46 MB */
    frames_h2_frame(in, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS | NGHTTP2_FLAG_END_STREAM,
                    id_of(n), block.data, block.len);
    bytes_h2_free(&block);
}

/* ---- on streams: the connection lives on */

static void bomb_once(const struct attack *a, struct attack_report *r)
{
    (void)a;
    struct scene_h2 s;
    begin(&s, NULL, r);
    r->before = memory_of(&s);
    struct bytes_h2 in = {.len = 0};
    bomb(&in, 0);
    rig_h2_bytes(&s.attacker, &in);
    rig_h2_assert_reset(&s.attacker, FIRST_ID, NGHTTP2_ENHANCE_YOUR_CALM);
    echo(&s, r);
    r->after = memory_of(&s);
    (void)snprintf(r->stopped_by, sizeof r->stopped_by, "RST_STREAM ENHANCE_YOUR_CALM");
    end(&s, r);
}

/* More fields than a request may have, in literals: 431. */
static void long_lists(const struct attack *a, struct attack_report *r)
{
    (void)a;
    struct scene_h2 s;
    begin(&s, NULL, r);
    r->before = memory_of(&s);
    char value[4001] = {0};
    memset(value, 'v', sizeof value - 1);
    for (uint32_t n = 0; n < 50; n++) {
        struct bytes_h2 in = {.len = 0};
        struct bytes_h2 block = {.len = 0};
        for (const struct tri_header *h = rig_h2_get_fields; h->name; h++) {
            frames_h2_field(&block, h->name, strlen(h->name), h->value, strlen(h->value));
        }
        frames_h2_frame(&in, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_STREAM, id_of(n), block.data,
                        block.len);
        for (int i = 0; i < 6; i++) { /* 24,000 bytes */
            block.len = 0;
            frames_h2_field(&block, "x-long", 6, value, sizeof value - 1);
            frames_h2_frame(&in, NGHTTP2_CONTINUATION, i == 5 ? NGHTTP2_FLAG_END_HEADERS : 0,
                            id_of(n), block.data, block.len);
        }
        bytes_h2_free(&block);
        rig_h2_bytes(&s.attacker, &in);
        assert_int_equal(rig_h2_status(&s.attacker, id_of(n)), 431);
        echo(&s, r);
    }
    assert_int_equal(s.attacker.tenants_len, 1);
    r->after = memory_of(&s);
    (void)snprintf(r->stopped_by, sizeof r->stopped_by, "status 431");
    end(&s, r);
}

/* ---- windows that stay shut, or nearly */

#define SOCKETS 50u
#define QUEUED_BYTES ((size_t)50000)

static void set_window(struct rig_h2 *r, uint32_t bytes)
{
    const uint8_t entry[] = {0,
                             NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE,
                             (uint8_t)(bytes >> 24),
                             (uint8_t)(bytes >> 16),
                             (uint8_t)(bytes >> 8),
                             (uint8_t)bytes};
    struct bytes_h2 in = {.len = 0};
    frames_h2_frame(&in, NGHTTP2_SETTINGS, 0, 0, entry, sizeof entry);
    frames_h2_number(&in, NGHTTP2_WINDOW_UPDATE, 1, 65535 - bytes); /* the bystander's */
    rig_h2_bytes(r, &in);
}

static struct tenant *open_stuck_socket(struct rig_h2 *r, uint32_t id)
{
    static const char data[QUEUED_BYTES];
    struct bytes_h2 in = {.len = 0};
    frames_h2_headers(&in, id, rig_h2_websocket_fields, false);
    rig_h2_bytes(r, &in);
    struct tenant *t = rig_h2_tenant(r, r->tenants_len - 1);
    tenant_room(t, sizeof data);
    tenant_send(t, data, sizeof data);
    rig_h2_output(r);
    return t;
}

/* The window of each is |how|'s round, in bytes; the attacker gives each one byte at a time. */
static void hold_windows(const struct attack *a, struct attack_report *r)
{
    const struct how *how = a->how;
    struct scene_h2 s;
    begin(&s, NULL, r);
    set_window(&s.attacker, how->round);
    echo(&s, r);
    r->before = memory_of(&s);
    for (uint32_t n = 0; n < SOCKETS; n++) {
        const struct tenant *t = open_stuck_socket(&s.attacker, id_of(n));
        assert_int_equal(t->sent, how->round);
        echo(&s, r);
    }
    rig_h2_pass(&s.attacker, 30000);
    assert_true(memory_of(&s) < r->before + (size_t)SOCKETS * 4096);
    for (uint32_t n = 0; n < SOCKETS; n++) { /* as the clock of each does: no pong comes */
        tenant_abort(rig_h2_tenant(&s.attacker, 1 + n));
        rig_h2_output(&s.attacker);
        rig_h2_assert_reset(&s.attacker, id_of(n), NGHTTP2_CANCEL);
        echo(&s, r);
    }
    r->after = memory_of(&s);
    (void)snprintf(r->stopped_by, sizeof r->stopped_by, "its own window, then RST_STREAM CANCEL");
    end(&s, r);
}

/* ---- the table */

#define CALM NGHTTP2_ENHANCE_YOUR_CALM
#define HOW(act, why, ...) (&(const struct how){.step = (act), .code = (why), __VA_ARGS__})

static const struct attack list[] = {
    {"h2 rapid reset (CVE-2023-44487)", flood,
     HOW(reset_at_once, CALM, .most = TRI_RESETS_BURST, .round = ROUND_FRAMES)},
    {"h2 resets provoked by trailers (CVE-2025-8671)", flood,
     HOW(provoke_by_trailers, CALM, .most = TRI_RESETS_BURST, .round = ROUND_FRAMES)},
    {"h2 resets provoked by a window (CVE-2025-8671)", flood,
     HOW(provoke_by_window, CALM, .most = TRI_RESETS_BURST, .round = ROUND_FRAMES)},
    {"h2 resets provoked by bad fields (CVE-2025-8671)", flood,
     HOW(provoke_by_malformed, CALM, .most = TRI_RESETS_BURST, .round = ROUND_FRAMES)},
    {"h2 resets provoked by a length (CVE-2025-8671)", flood,
     HOW(provoke_by_length, CALM, .most = TRI_RESETS_BURST, .round = ROUND_FRAMES)},
    {"h2 CONTINUATION flood (CVE-2024-27316)", flood, HOW(continuation, CALM, .round = 20)},
    {"h2 empty CONTINUATION flood", flood, HOW(empty_continuation, CALM, .round = 20)},
    {"h2 SETTINGS flood", flood,
     HOW(settings, CALM, .most = TRI_H2_ACKS_BURST, .round = ROUND_FRAMES)},
    {"h2 PING flood", flood, HOW(ping, CALM, .most = TRI_H2_ACKS_BURST, .round = ROUND_FRAMES)},
    {"h2 PRIORITY flood", flood,
     HOW(priority, CALM, .most = 2 * TRI_H2_GLITCHES_BURST, .round = ROUND_FRAMES)},
    {"h2 PRIORITY_UPDATE flood", flood,
     HOW(priority_update, CALM, .most = 2 * TRI_H2_GLITCHES_BURST, .round = ROUND_FRAMES)},
    {"h2 PRIORITY_UPDATE flood ahead", flood,
     HOW(priority_update_ahead, NGHTTP2_PROTOCOL_ERROR, .most = TRI_RESETS_BURST + 100,
         .round = ROUND_FRAMES, .streams_max = 100)},
    {"h2 empty DATA flood", flood,
     HOW(empty_data, CALM, .most = 2 * TRI_H2_GLITCHES_BURST, .round = ROUND_FRAMES)},
    {"h2 flood of DATA that is padding", flood,
     HOW(padding, CALM, .most = 2 * TRI_H2_GLITCHES_BURST, .round = ROUND_FRAMES)},
    {"h2 flood of unknown frames", flood,
     HOW(unknown, CALM, .most = 2 * TRI_H2_GLITCHES_BURST, .round = ROUND_FRAMES)},
    {"h2 WINDOW_UPDATE flood", flood,
     HOW(widen, CALM, .most = 2 * TRI_H2_WINDOWS_BURST, .round = ROUND_FRAMES)},
    {"h2 WINDOW_UPDATE overflow", flood, HOW(overflow, NGHTTP2_FLOW_CONTROL_ERROR, .round = 1)},
    {"h2 streams past the limit", flood,
     HOW(open_one_more, CALM, .most = TRI_RESETS_BURST, .round = 50, .streams_max = 10)},
    {"h2 HPACK bombs", flood, HOW(bomb, CALM, .most = TRI_RESETS_BURST, .round = 10)},
    {"h2 HPACK bomb, one", bomb_once, NULL},
    {"h2 header lists over the limit", long_lists, NULL},
    {"h2 zero windows held open", hold_windows, HOW(NULL, 0, .round = 0)},
    {"h2 windows of one byte", hold_windows, HOW(NULL, 0, .round = 1)},
};

struct attacks attacks_h2(void)
{
    return (struct attacks){.list = list, .len = sizeof list / sizeof list[0]};
}
