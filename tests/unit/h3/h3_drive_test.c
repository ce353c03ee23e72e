/* One turn of a connection: what it may send, and when it goes on. */
#include "rig_h3.h"

#include "base_timeout.h"

#include <stdlib.h>

enum { LEN = 32 * 1024 * 1024 };

static struct rig_h3 *new_sending(uint8_t **bytes)
{
    struct rig_h3 *r =
        rig_h3_new(&(struct rig_h3_options){.peer = {.stream_window = 64 * 1024 * 1024}});
    rig_h3_websocket(r);
    struct tenant *t = rig_h3_tenant(r, 0);
    *bytes = calloc(1, LEN);
    assert_non_null(*bytes);
    tenant_room(t, LEN);
    t->slice_max = 16384;
    tenant_send(t, *bytes, LEN);
    return r;
}

static void a_turn_has_an_end_and_another_follows_soon(void **state)
{
    (void)state;
    uint8_t *bytes;
    struct rig_h3 *r = new_sending(&bytes);
    while (rig_h3_tenant(r, 0)->sent < LEN) {
        rig_h3_advance(r, 1);
        assert_true(tri_h3_endpoint_deadline_ns(r->endpoint) < r->now_ns + 100 * TRI_NS_PER_MS);
    }
    assert_true(r->turn_bytes_max > 2 * TRI_H3_RUN_BYTES_MAX);
    assert_true(r->turn_bytes_max <= 5 * TRI_H3_RUN_BYTES_MAX);
    rig_h3_run(r);
    assert_int_equal(rig_h3_tenant(r, 0)->released, LEN);
    free(bytes);
    rig_h3_free(r);
}

/* A caller whose socket is full just stops, and goes on later. */
static void nothing_is_lost_when_the_caller_pauses(void **state)
{
    (void)state;
    uint8_t *bytes;
    struct rig_h3 *r = new_sending(&bytes);
    struct tri_h3_run run;
    for (int i = 0; i < 50; i++) {
        if (tri_h3_endpoint_send(r->endpoint, &run, r->now_ns)) { /* one, then the socket is full */
            for (size_t at = 0; at < run.len; at += run.segment) {
                size_t len = run.len - at < run.segment ? run.len - at : run.segment;
                link_h3_push(&r->down, run.data + at, len, run.ecn, r->now_ns);
            }
        }
        r->now_ns += TRI_NS_PER_MS;
    }
    rig_h3_run(r);
    assert_int_equal(rig_h3_tenant(r, 0)->released, LEN);
    free(bytes);
    rig_h3_free(r);
}

static void a_silent_connection_wants_no_turns(void **state)
{
    (void)state;
    struct rig_h3 *r = rig_h3_new(&(struct rig_h3_options){.lossy = false});
    rig_h3_websocket(r);
    rig_h3_advance(r, 10 * 1000);
    size_t packets = r->packets;
    rig_h3_advance(r, 15 * 1000);
    assert_int_equal(r->packets, packets);
    struct tri_h3_run run;
    assert_false(tri_h3_endpoint_send(r->endpoint, &run, r->now_ns));
    rig_h3_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_turn_has_an_end_and_another_follows_soon),
        cmocka_unit_test(nothing_is_lost_when_the_caller_pauses),
        cmocka_unit_test(a_silent_connection_wants_no_turns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
