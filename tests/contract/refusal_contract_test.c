/*
 * E10: what an adapter refuses by itself, whatever its HTTP, it tells once, with the reason; and a
 * flood that it ends is counted by its kind.
 */
#include "bare_h3.h"
#include "fixture.h"
#include "h1_rig.h"
#include "rig_h2.h"
#include "rig_h3.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

/* ---- the same on all */

struct told {
    const char *http;
    unsigned requests, refusals;
    enum tri_refused why;
    int status;
};

static void take_request(void *user, struct tri_exchange *x, const struct tri_request_head *head)
{
    (void)head;
    struct told *told = user;
    told->requests++;
    const struct tri_response answer = {.answer = TRI_ANSWER_PLAIN, .status = 204};
    assert_int_equal(x->ops->respond(x, &answer), TRI_OK);
}

static void take_cancel(void *user, struct tri_exchange *x)
{
    (void)user;
    (void)x;
    fail_msg("every request is answered at once");
}

static void ignore_wake(void *user)
{
    (void)user;
}

static void take_refusal(void *user, const struct tri_carrier *carrier, enum tri_refused why,
                         int status)
{
    struct told *told = user;
    assert_string_equal(carrier->http, told->http);
    told->refusals++;
    told->why = why;
    told->status = status;
}

static const struct tri_exchange_events events = {
    .on_request = take_request,
    .on_cancel = take_cancel,
    .on_wake = ignore_wake,
    .on_refuse = take_refusal,
};

static void check_long_head(const struct fixture_ops *t)
{
    static char value[TRI_REQUEST_HEAD_BYTES_MAX];
    memset(value, 'v', sizeof value - 1);
    static const struct tri_header fields[] = {{"x-long", value}, {NULL, NULL}};
    struct told told = {.http = t->name};
    struct tri_limits limits;
    tri_limits_default(&limits);
    struct fixture *f = t->open(tri_alloc_heap(), &limits, &events, &told);
    const int fine = t->request(f, &(struct fixture_request){.path = "/"});
    t->run(f);
    struct fixture_seen seen;
    t->seen(f, fine, &seen);
    assert_int_equal(seen.status, 204);
    assert_int_equal(told.refusals, 0);
    const int long_one = t->request(f, &(struct fixture_request){.path = "/", .headers = fields});
    t->run(f);
    t->seen(f, long_one, &seen);
    assert_int_equal(seen.status, 431);
    assert_int_equal(told.requests, 1);
    assert_int_equal(told.refusals, 1);
    assert_int_equal(told.why, TRI_REFUSED_MALFORMED);
    assert_int_equal(told.status, 431);
    t->close(f);
}

static void E10_a_head_over_its_limit_is_told(void **state)
{
    (void)state;
    check_long_head(&fixture_h1);
    check_long_head(&fixture_h2);
    check_long_head(&fixture_h3);
}

/* ---- each in its own way */

static void a_malformed_head_is_told_on_h1(void **state)
{
    (void)state;
    struct h1_rig r;
    h1_rig_open(&r);
    h1_rig_text(&r, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_int_equal(r.refusals, 0);
    h1_rig_text(&r, "GET / HTTP/1.1\r\nHost : a\r\n\r\n");
    assert_int_equal(r.refusals, 1);
    assert_int_equal(r.why, TRI_REFUSED_MALFORMED);
    assert_int_equal(r.refused_status, 400);
    h1_rig_close(&r);
}

static const struct tri_header no_path[] = {
    {":method", "GET"}, {":scheme", "https"}, {":authority", "localhost"}, {NULL, NULL}};

static void a_malformed_head_is_told_on_h2(void **state)
{
    (void)state;
    struct rig_h2 r;
    struct bytes_h2 in = {.len = 0};
    rig_h2_init(&r);
    frames_h2_preface(&in);
    frames_h2_headers(&in, 1, rig_h2_get_fields, true);
    frames_h2_headers(&in, 3, no_path, true);
    rig_h2_bytes(&r, &in);
    assert_int_equal(r.tenants_len, 1);
    assert_int_equal(r.refusals, 1);
    assert_int_equal(r.why, TRI_REFUSED_MALFORMED);
    assert_int_equal(r.refused_status, 0);
    rig_h2_deinit(&r);
}

static void a_malformed_head_is_told_on_h3(void **state)
{
    (void)state;
    struct rig_h3 *r = rig_h3_new(&(struct rig_h3_options){.lossy = false});
    rig_h3_assert_alive(r);
    assert_int_equal(r->refusals, 0);
    const size_t before = r->tenants_len;
    assert_true(rig_h3_request(r, no_path, true) >= 0);
    rig_h3_run(r);
    assert_int_equal(r->tenants_len, before);
    assert_int_equal(r->refusals, 1);
    assert_int_equal(r->why, TRI_REFUSED_MALFORMED);
    assert_int_equal(r->refused_status, 0);
    rig_h3_free(r);
}

static void a_request_behind_goaway_is_told_on_h2(void **state)
{
    (void)state;
    struct rig_h2 r;
    struct bytes_h2 in = {.len = 0};
    rig_h2_init(&r);
    rig_h2_handshake(&r, 1);
    r.conn->ops->shutdown(r.conn, r.now_ns);
    rig_h2_output(&r);
    frames_h2_headers(&in, 3, rig_h2_get_fields, true);
    rig_h2_bytes(&r, &in);
    assert_int_equal(r.refusals, 1);
    assert_int_equal(r.why, TRI_REFUSED_STOPPING);
    rig_h2_deinit(&r);
}

/* ---- floods */

static void a_flood_that_ends_a_connection_is_counted_by_its_kind(void **state)
{
    (void)state;
    struct rig_h2 r;
    rig_h2_init(&r);
    struct bytes_h2 in = {.len = 0};
    frames_h2_preface(&in);
    for (uint32_t i = 0; i < 2 * TRI_H2_ACKS_BURST; i++) {
        frames_h2_frame(&in, NGHTTP2_PING, 0, 0, "12345678", 8);
        if (i % 100 == 0) { /* the answers are taken, so that it is our count that ends it */
            rig_h2_bytes(&r, &in);
            in = (struct bytes_h2){.len = 0};
        }
    }
    rig_h2_bytes(&r, &in);
    struct tri_http_metrics want = {.requests = 0};
    want.floods[TRI_FLOOD_ACK] = 1;
    assert_memory_equal(&r.metrics, &want, sizeof want);
    rig_h2_deinit(&r);
}

static void the_limits_of_nghttp2_are_counted_too(void **state)
{
    (void)state;
    struct rig_h2 r;
    rig_h2_init(&r);
    struct bytes_h2 in = {.len = 0};
    frames_h2_preface(&in);
    for (uint32_t i = 0; i < 2 * TRI_H2_GLITCHES_BURST; i++) { /* PRIORITY: RFC 9113 section 5.3 */
        frames_h2_frame(&in, NGHTTP2_PRIORITY, 0, 1, "\0\0\0\3\20", 5);
    }
    rig_h2_bytes(&r, &in);
    struct tri_http_metrics want = {.requests = 0};
    want.floods[TRI_FLOOD_OTHER] = 1;
    assert_memory_equal(&r.metrics, &want, sizeof want);
    rig_h2_deinit(&r);
}

/* CRYPTO with 1,152 bytes of a TLS message whose beginning never comes: RFC 9000 section 7.5. */
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

static void the_limits_of_quic_are_counted_too(void **state)
{
    (void)state;
    static struct rig_h3 r;
    static struct bare_h3 bare;
    assert_true(rig_h3_init(&r, &(struct rig_h3_options){.peer = {.is_bare = true}}));
    bare_h3_init(&bare, &r, true);
    for (uint32_t at = 1; at < 1000 * 1000 && r.closes == 0; at += 1300) {
        uint8_t frame[7 + 1152];
        put_crypto(frame, at);
        bare_h3_inject(&bare, frame, sizeof frame);
    }
    assert_int_equal(r.closes, 1);
    assert_int_equal(r.metrics.http[TRI_METRICS_H3].floods[TRI_FLOOD_OTHER], 1);
    rig_h3_deinit(&r);
}

static void an_error_of_quic_is_no_flood(void **state)
{
    (void)state;
    static struct rig_h3 r;
    static struct bare_h3 bare;
    assert_true(rig_h3_init(&r, &(struct rig_h3_options){.peer = {.is_bare = true}}));
    bare_h3_init(&bare, &r, true);
    bare_h3_inject(&bare, "\x06\x00\x05\x18\x00\x00\x01\x00", 8); /* KeyUpdate of TLS */
    assert_int_equal(r.closes, 1);
    assert_int_equal(r.metrics.http[TRI_METRICS_H3].floods[TRI_FLOOD_OTHER], 0);
    rig_h3_deinit(&r);
}

static void what_is_no_flood_is_not_counted(void **state)
{
    (void)state;
    struct rig_h2 r;
    rig_h2_init(&r);
    struct bytes_h2 in = {.len = 0};
    frames_h2_preface(&in);
    frames_h2_frame(&in, NGHTTP2_PING, 0, 0, "1234", 4); /* FRAME_SIZE_ERROR */
    rig_h2_bytes(&r, &in);
    const struct tri_http_metrics none = {.requests = 0};
    assert_memory_equal(&r.metrics, &none, sizeof none);
    rig_h2_deinit(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(E10_a_head_over_its_limit_is_told),
        cmocka_unit_test(a_malformed_head_is_told_on_h1),
        cmocka_unit_test(a_malformed_head_is_told_on_h2),
        cmocka_unit_test(a_malformed_head_is_told_on_h3),
        cmocka_unit_test(a_request_behind_goaway_is_told_on_h2),
        cmocka_unit_test(a_flood_that_ends_a_connection_is_counted_by_its_kind),
        cmocka_unit_test(the_limits_of_nghttp2_are_counted_too),
        cmocka_unit_test(the_limits_of_quic_are_counted_too),
        cmocka_unit_test(an_error_of_quic_is_no_flood),
        cmocka_unit_test(what_is_no_flood_is_not_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
