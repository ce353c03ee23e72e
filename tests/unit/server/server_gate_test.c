/* server_gate: who is let in, and what is said of the others. */
#include "server_gate.h"

#include "test_hub.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

struct rig {
    struct test_hub hub;
    struct tri_addr remote;
};

static void set_up(struct rig *r)
{
    test_hub_init(&r->hub);
    assert_int_equal(tri_addr_parse(&r->remote, "192.0.2.1:1000"), TRI_OK);
}

static size_t count_lines(const struct rig *r)
{
    size_t lines = 0;
    for (const char *at = r->hub.log; (at = strchr(at, '\n')); at++) {
        lines++;
    }
    return lines;
}

static void connections_are_numbered_from_one_and_counted(void **state)
{
    (void)state;
    struct rig r;
    set_up(&r);
    struct tri_peer *peer = NULL;
    assert_int_equal(tri_gate_enter(&r.hub.hub, &r.remote), 1);
    assert_int_equal(tri_gate_enter(&r.hub.hub, &r.remote), 2);
    assert_int_equal(atomic_load(&r.hub.shared.conns_open), 2);
    assert_true(tri_gate_admit(&r.hub.hub, &r.remote, &peer));
    tri_gate_leave(&r.hub.hub, peer);
    tri_gate_leave(&r.hub.hub, NULL); /* never admitted */
    assert_int_equal(atomic_load(&r.hub.shared.conns_open), 0);
    test_hub_deinit(&r.hub);
}

static void E10_a_flood_of_refusals_is_counted_and_logged_a_line_a_second(void **state)
{
    (void)state;
    struct rig r;
    set_up(&r);
    struct tri_hub *hub = &r.hub.hub;
    r.hub.shared.config.limits.connections_max = 1;
    assert_int_equal(tri_gate_enter(hub, &r.remote), 1);
    for (unsigned i = 0; i < 1000; i++) {
        assert_int_equal(tri_gate_enter(hub, &r.remote), 0);
    }
    assert_int_equal(hub->metrics.conns_refused[TRI_CONN_REFUSED_LIMIT], 1000);
    assert_int_equal(count_lines(&r), 1);
    r.hub.now_ns += 999 * TRI_NS_PER_MS;
    assert_int_equal(tri_gate_enter(hub, &r.remote), 0);
    assert_int_equal(count_lines(&r), 1);
    r.hub.now_ns += 1 * TRI_NS_PER_MS;
    assert_int_equal(tri_gate_enter(hub, &r.remote), 0);
    assert_int_equal(count_lines(&r), 2);
    assert_non_null(
        strstr(r.hub.log, "warn conn.refuse reason=limit refused=1001 remote=192.0.2.1:1000\n"));
    tri_gate_leave(hub, NULL);
    test_hub_deinit(&r.hub);
}

static void each_reason_has_its_own_line(void **state)
{
    (void)state;
    struct rig r;
    set_up(&r);
    struct tri_hub *hub = &r.hub.hub;
    r.hub.shared.config.limits.connections_max = 2;
    r.hub.shared.config.limits.connections_address_max = 1;
    struct tri_peer *first = NULL;
    struct tri_peer *second = NULL;
    assert_int_equal(tri_gate_enter(hub, &r.remote), 1);
    assert_true(tri_gate_admit(hub, &r.remote, &first));
    assert_int_equal(tri_gate_enter(hub, &r.remote), 2);
    assert_false(tri_gate_admit(hub, &r.remote, &second));
    assert_null(second);
    assert_int_equal(tri_gate_enter(hub, &r.remote), 0);
    assert_non_null(strstr(r.hub.log, "reason=address refused=1 "));
    assert_non_null(strstr(r.hub.log, "reason=limit refused=1 "));
    assert_int_equal(hub->metrics.conns_refused[TRI_CONN_REFUSED_ADDRESS], 1);
    tri_gate_leave(hub, second);
    tri_gate_leave(hub, first);
    test_hub_deinit(&r.hub);
}

static void E10_near_the_limit_of_memory_no_connection_is_taken(void **state)
{
    (void)state;
    struct rig r;
    set_up(&r);
    struct tri_hub *hub = &r.hub.hub;
    r.hub.shared.budget.max = 1600;
    r.hub.shared.budget.bytes = 1399;
    assert_int_equal(tri_gate_enter(hub, &r.remote), 1);
    r.hub.shared.budget.bytes = 1400;
    assert_int_equal(tri_gate_enter(hub, &r.remote), 0);
    assert_int_equal(hub->metrics.conns_refused[TRI_CONN_REFUSED_MEMORY], 1);
    assert_non_null(strstr(r.hub.log, "warn conn.refuse reason=memory refused=1 "));
    assert_int_equal(atomic_load(&r.hub.shared.conns_open), 1);
    r.hub.shared.budget.bytes = 0;
    tri_gate_leave(hub, NULL);
    test_hub_deinit(&r.hub);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(connections_are_numbered_from_one_and_counted),
        cmocka_unit_test(E10_a_flood_of_refusals_is_counted_and_logged_a_line_a_second),
        cmocka_unit_test(each_reason_has_its_own_line),
        cmocka_unit_test(E10_near_the_limit_of_memory_no_connection_is_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
