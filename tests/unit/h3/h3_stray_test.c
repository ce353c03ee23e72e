/* Answers to packets that belong to no connection. RFC 9000 section 5.2, 6, 10.3. */
#include "rig_h3.h"

#include "h3_stray.h"

#include <stdlib.h>

static struct rig_h3 *new_alone(void)
{
    struct rig_h3 *r = calloc(1, sizeof *r);
    assert_non_null(r);
    assert_true(rig_h3_init(r, &(struct rig_h3_options){.lossy = false}));
    return r;
}

/* The next run that the endpoint sends; length 0: none. */
static struct tri_h3_run next_run(struct rig_h3 *r)
{
    struct tri_h3_run run = {.len = 0};
    if (!tri_h3_endpoint_send(r->endpoint, &run, r->now_ns)) {
        run.len = 0;
    }
    return run;
}

static void make_unknown_version(uint8_t packet[1200])
{
    memset(packet, 0, 1200);
    packet[0] = 0xc0;
    static const uint8_t rest[] = {0x1a, 0x2a, 0x3a, 0x4a, 8,   't', 'o', '-', 's', 'e',
                                   'r',  'v',  'e',  5,    'c', 'l', '-', 'i', 'd'};
    memcpy(packet + 1, rest, sizeof rest);
}

static void N1_an_unknown_version_is_told_ours(void **state)
{
    (void)state;
    struct rig_h3 *r = new_alone();
    uint8_t packet[1200];
    make_unknown_version(packet);
    rig_h3_inject(r, packet, sizeof packet);
    struct tri_h3_run run = next_run(r);
    const uint8_t *p = run.data;
    assert_int_equal(run.len, 7 + 8 + 5 + 3 * 4);
    assert_int_equal(run.segment, run.len);
    assert_true(tri_addr_equal(&run.remote, &r->client));
    assert_true(tri_addr_equal(&run.local, &r->server));
    assert_true(p[0] & 0x80);
    assert_memory_equal(p + 1, "\0\0\0\0", 4);
    assert_int_equal(p[5], 5); /* the ids, swapped */
    assert_memory_equal(p + 6, "cl-id", 5);
    assert_memory_equal(p + 12, "to-serve", 8);
    for (size_t i = 20; i < 24; i++) {
        assert_int_equal(p[i] & 0x0f, 0x0a); /* a reserved version: RFC 9000 section 15 */
    }
    assert_memory_equal(p + 24, "\x6b\x33\x43\xcf\x00\x00\x00\x01", 8); /* RFC 9369, RFC 9000 */
    assert_int_equal(next_run(r).len, 0);
    rig_h3_free(r);
}

static void a_short_packet_of_unknown_version_is_not_answered(void **state)
{
    (void)state;
    struct rig_h3 *r = new_alone();
    uint8_t packet[1200];
    make_unknown_version(packet);
    rig_h3_inject(r, packet, 1199); /* RFC 9000 section 14.1: it could be a spoofed one */
    assert_int_equal(next_run(r).len, 0);
    assert_int_equal(tri_h3_endpoint_counters(r->endpoint).dropped, 1);
    rig_h3_free(r);
}

static void long_ids_of_an_unknown_version_come_back(void **state)
{
    (void)state;
    struct rig_h3 *r = new_alone();
    uint8_t packet[1200];
    make_unknown_version(packet);
    packet[5] = 255;
    packet[6 + 255] = 255;
    rig_h3_inject(r, packet, sizeof packet);
    assert_int_equal(next_run(r).len, 7 + 255 + 255 + 12);
    rig_h3_free(r);
}

static void so_many_answers_wait_and_no_more(void **state)
{
    (void)state;
    struct rig_h3 *r = new_alone();
    uint8_t packet[1200];
    make_unknown_version(packet);
    for (unsigned i = 0; i < 3 * TRI_H3_STRAYS_MAX; i++) {
        rig_h3_inject(r, packet, sizeof packet);
    }
    for (unsigned i = 0; i < TRI_H3_STRAYS_MAX; i++) {
        assert_false(tri_h3_endpoint_is_idle(r->endpoint));
        assert_true(next_run(r).len > 0);
    }
    assert_int_equal(next_run(r).len, 0);
    assert_true(tri_h3_endpoint_is_idle(r->endpoint));
    rig_h3_inject(r, packet, sizeof packet);
    assert_true(next_run(r).len > 0);
    rig_h3_free(r);
}

static void an_unknown_connection_is_reset_with_its_token(void **state)
{
    (void)state;
    struct rig_h3 *r = rig_h3_new(&(struct rig_h3_options){.lossy = false});
    rig_h3_websocket(r);
    /* The client speaks to the server, which has closed, without a word that arrived. */
    r->down.cut = true;
    int64_t id = peer_h3_raw_open(r->peer, false);
    peer_h3_raw_send(r->peer, id, "\x04\x00", 2, false);
    rig_h3_run(r);
    assert_int_equal(r->closes, 1);
    rig_h3_advance(r, 10 * 1000);
    r->down.cut = false;
    rig_h3_advance(r, 20 * 1000); /* its next probe */
    assert_true(r->peer->closed);
    assert_true(r->peer->reset_by_token);
    rig_h3_free(r);
}

static void a_reset_is_shorter_than_what_it_answers(void **state)
{
    (void)state;
    struct rig_h3 *r = new_alone();
    uint8_t packet[200] = {0x40, 'u', 'n', 'k', 'n', 'o', 'w', 'n', '!'};
    for (size_t len = 1; len < sizeof packet; len++) {
        rig_h3_inject(r, packet, len);
        size_t answer = next_run(r).len;
        assert_true(answer == 0 || (answer < len && answer >= 21 && answer <= 42));
        assert_int_equal(answer > 0, len > 21);
        r->now_ns += UINT64_C(1000000000); /* not to reach the limit a second */
    }
    rig_h3_free(r);
}

static void resets_are_limited_in_number(void **state)
{
    (void)state;
    struct rig_h3 *r = new_alone();
    uint8_t packet[60] = {0x40, 'u', 'n', 'k', 'n', 'o', 'w', 'n', '!'};
    size_t answers = 0;
    for (int i = 0; i < 1000; i++) {
        rig_h3_inject(r, packet, sizeof packet);
        answers += next_run(r).len > 0;
    }
    assert_int_equal(answers, TRI_H3_RESETS_PER_SECOND);
    r->now_ns += UINT64_C(1000000000);
    rig_h3_inject(r, packet, sizeof packet);
    assert_true(next_run(r).len > 0);
    rig_h3_free(r);
}

static void a_reset_looks_like_any_packet(void **state)
{
    (void)state;
    struct rig_h3 *r = new_alone();
    uint8_t packet[100] = {0x40, 'u', 'n', 'k', 'n', 'o', 'w', 'n', '!'};
    uint8_t first[42];
    rig_h3_inject(r, packet, sizeof packet);
    struct tri_h3_run run = next_run(r);
    assert_int_equal(run.len, 42);
    assert_int_equal(run.data[0] & 0xc0, 0x40); /* a short header, with its fixed bit */
    memcpy(first, run.data, sizeof first);
    rig_h3_inject(r, packet, sizeof packet);
    run = next_run(r);
    assert_memory_not_equal(first, run.data, 26);       /* noise */
    assert_memory_equal(first + 26, run.data + 26, 16); /* the token of that id */
    packet[1] = 'x';
    rig_h3_inject(r, packet, sizeof packet);
    run = next_run(r);
    assert_memory_not_equal(first + 26, run.data + 26, 16); /* another id's */
    rig_h3_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(N1_an_unknown_version_is_told_ours),
        cmocka_unit_test(a_short_packet_of_unknown_version_is_not_answered),
        cmocka_unit_test(long_ids_of_an_unknown_version_come_back),
        cmocka_unit_test(so_many_answers_wait_and_no_more),
        cmocka_unit_test(an_unknown_connection_is_reset_with_its_token),
        cmocka_unit_test(a_reset_is_shorter_than_what_it_answers),
        cmocka_unit_test(resets_are_limited_in_number),
        cmocka_unit_test(a_reset_looks_like_any_packet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
