/* server_peers: connections of each address. */
#include "server_peers.h"

#include "test_alloc.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>

struct rig {
    struct test_alloc heap;
    struct tri_peers peers;
};

static void set_up(struct rig *r)
{
    test_alloc_init(&r->heap);
    tri_peers_init(&r->peers, &r->heap.alloc, tri_random_system());
}

static void tear_down(struct rig *r)
{
    assert_int_equal(r->peers.len, 0);
    tri_peers_deinit(&r->peers);
    assert_int_equal(r->heap.live, 0);
}

static enum tri_err enter(struct rig *r, const char *text, uint32_t max, struct tri_peer **out)
{
    struct tri_addr addr;
    assert_int_equal(tri_addr_parse(&addr, text), TRI_OK);
    return tri_peers_enter(&r->peers, &addr, max, out);
}

static struct tri_peer *must_enter(struct rig *r, const char *text, uint32_t max)
{
    struct tri_peer *peer = NULL;
    assert_int_equal(enter(r, text, max, &peer), TRI_OK);
    assert_non_null(peer);
    return peer;
}

static void an_address_has_so_many_connections_and_no_more(void **state)
{
    (void)state;
    struct rig r;
    set_up(&r);
    struct tri_peer *first = must_enter(&r, "192.0.2.1:1000", 2);
    struct tri_peer *second = must_enter(&r, "192.0.2.1:2000", 2);
    struct tri_peer *none = first;
    assert_int_equal(enter(&r, "192.0.2.1:3000", 2, &none), TRI_ERR_LIMIT);
    assert_null(none);
    tri_peers_leave(&r.peers, first);
    tri_peers_leave(&r.peers, must_enter(&r, "192.0.2.1:3000", 2));
    tri_peers_leave(&r.peers, second);
    tri_peers_leave(&r.peers, NULL);
    tear_down(&r);
}

static void another_address_is_not_kept_out(void **state)
{
    (void)state;
    struct rig r;
    set_up(&r);
    struct tri_peer *one = must_enter(&r, "192.0.2.1:1000", 1);
    struct tri_peer *other = must_enter(&r, "192.0.2.2:1000", 1);
    struct tri_peer *third = must_enter(&r, "[2001:db8::1]:1000", 1);
    tri_peers_leave(&r.peers, one);
    tri_peers_leave(&r.peers, other);
    tri_peers_leave(&r.peers, third);
    tear_down(&r);
}

static void an_ipv6_address_counts_with_its_64(void **state)
{
    (void)state;
    struct rig r;
    set_up(&r);
    struct tri_peer *one = must_enter(&r, "[2001:db8:1:2::1]:1000", 1);
    struct tri_peer *none;
    assert_int_equal(enter(&r, "[2001:db8:1:2:ffff::9]:1000", 1, &none), TRI_ERR_LIMIT);
    struct tri_peer *other = must_enter(&r, "[2001:db8:1:3::1]:1000", 1);
    tri_peers_leave(&r.peers, one);
    tri_peers_leave(&r.peers, other);
    tear_down(&r);
}

static void a_mapped_address_counts_as_the_ipv4_address_that_it_is(void **state)
{
    (void)state;
    struct rig r;
    set_up(&r);
    struct tri_peer *one = must_enter(&r, "192.0.2.1:1000", 1);
    struct tri_peer *none;
    assert_int_equal(enter(&r, "[::ffff:192.0.2.1]:1000", 1, &none), TRI_ERR_LIMIT);
    struct tri_peer *other = must_enter(&r, "[::ffff:192.0.2.2]:1000", 1);
    tri_peers_leave(&r.peers, one);
    tri_peers_leave(&r.peers, other);
    tear_down(&r);
}

static void without_a_limit_nobody_counts(void **state)
{
    (void)state;
    struct rig r;
    set_up(&r);
    struct tri_peer *peer;
    assert_int_equal(enter(&r, "192.0.2.1:1000", 0, &peer), TRI_OK);
    assert_null(peer);
    assert_int_equal(r.heap.calls, 0);
    tear_down(&r);
}

static void the_table_is_as_large_as_the_addresses_that_are_there(void **state)
{
    (void)state;
    enum { MANY = 3000 };
    static struct tri_peer *peers[MANY];
    struct rig r;
    set_up(&r);
    tri_peers_leave(&r.peers, must_enter(&r, "192.0.2.1:1", 1));
    const size_t before = r.heap.bytes;
    for (unsigned i = 0; i < MANY; i++) {
        char text[32];
        (void)snprintf(text, sizeof text, "10.0.%u.%u:1", i / 250, i % 250);
        peers[i] = must_enter(&r, text, 1);
    }
    assert_int_equal(r.peers.len, MANY);
    assert_in_range(r.peers.buckets_len, MANY, 2 * 4096);
    for (unsigned i = 0; i < MANY; i++) {
        tri_peers_leave(&r.peers, peers[i]);
    }
    assert_int_equal(r.heap.bytes, before);
    tear_down(&r);
}

static void short_of_memory_nothing_is_counted_and_nothing_lost(void **state)
{
    (void)state;
    for (size_t fail_at = 1;; fail_at++) {
        struct rig r;
        set_up(&r);
        r.heap.fail_at = fail_at;
        struct tri_peer *peers[100];
        for (unsigned i = 0; i < 100; i++) {
            char text[32];
            (void)snprintf(text, sizeof text, "10.0.0.%u:1", i);
            const enum tri_err err = enter(&r, text, 1, &peers[i]);
            assert_true(err == TRI_OK || (err == TRI_ERR_NOMEM && !peers[i]));
        }
        for (unsigned i = 0; i < 100; i++) {
            tri_peers_leave(&r.peers, peers[i]);
        }
        const bool has_failed = test_alloc_has_failed(&r.heap);
        tear_down(&r);
        if (!has_failed) {
            assert_true(fail_at > 100);
            return;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_has_so_many_connections_and_no_more),
        cmocka_unit_test(another_address_is_not_kept_out),
        cmocka_unit_test(an_ipv6_address_counts_with_its_64),
        cmocka_unit_test(a_mapped_address_counts_as_the_ipv4_address_that_it_is),
        cmocka_unit_test(without_a_limit_nobody_counts),
        cmocka_unit_test(the_table_is_as_large_as_the_addresses_that_are_there),
        cmocka_unit_test(short_of_memory_nothing_is_counted_and_nothing_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
