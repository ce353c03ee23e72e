/* The tunnel of a client: bytes both ways, credit, and its ends (rows E6, E7, from the other side). */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "h1_call_rig.h"

/* A tunnel, from which nothing was sent yet. */
static void open_tunnel(struct h1_call_rig *r)
{
    h1_call_rig_open(r);
    h1_call_rig_text(r, H1_CALL_101);
    assert_true(r->is_accepted);
    h1_call_rig_forget(r);
}

static void give(struct h1_call_rig *r, size_t len)
{
    uint8_t *bytes = calloc(1, len);
    assert_non_null(bytes);
    h1_call_rig_drip(r, bytes, len, len);
    free(bytes);
}

static bool wants_read(const struct h1_call_rig *r)
{
    return r->conn->ops->wants_read(r->conn);
}

static void bytes_pass_both_ways(void **state)
{
    (void)state;
    struct h1_call_rig r;
    open_tunnel(&r);
    tenant_send(&r.tenant, "ping", 4);
    assert_int_equal(r.out_len, 0); /* contract line 7: nothing is peeked in an op */
    h1_call_rig_drain(&r);
    assert_string_equal(r.out, "ping");
    assert_int_equal(r.tenant.released, 4);
    h1_call_rig_text(&r, "pong");
    assert_int_equal(r.tenant.in_len, 4);
    h1_call_rig_close(&r);
}

static void yielded_bytes_are_settled_by_the_next_send(void **state)
{
    (void)state;
    struct h1_call_rig r;
    open_tunnel(&r);
    tenant_send(&r.tenant, "hello", 5);
    struct tri_slice out[16];
    assert_int_equal(r.conn->ops->send(r.conn, out, 16, 1), 1);
    assert_ptr_equal(out[0].data, r.tenant.out); /* no copy */
    assert_int_equal(r.tenant.sent, 0);
    assert_int_equal(r.conn->ops->send(r.conn, out, 16, 1), 0);
    assert_int_equal(r.tenant.sent, 5);
    assert_int_equal(r.tenant.released, 5);
    h1_call_rig_close(&r);
}

static void many_slices_pass_in_order(void **state)
{
    (void)state;
    struct h1_call_rig r;
    open_tunnel(&r);
    r.tenant.slice_max = 3;
    char text[1001] = "";
    for (size_t i = 0; i < 1000; i++) {
        text[i] = (char)('a' + i % 26);
    }
    tenant_send(&r.tenant, text, 1000);
    h1_call_rig_drain(&r);
    assert_string_equal(r.out, text);
    h1_call_rig_close(&r);
}

static void what_a_tenant_says_at_once_stands_behind_the_request(void **state)
{
    (void)state;
    struct h1_call_rig r;
    h1_call_rig_init(&r);
    r.waits = true;
    assert_true(h1_call_rig_open_as(&r));
    h1_call_rig_ask(&r);
    /* The answer comes before the request was taken: no server can, and yet order is kept. */
    (void)!r.conn->ops->recv(r.conn, (const uint8_t *)H1_CALL_101, strlen(H1_CALL_101), 1);
    tenant_send(&r.tenant, "frames", 6);
    h1_call_rig_drain(&r);
    assert_string_equal(r.out, H1_CALL_REQUEST "frames");
    h1_call_rig_close(&r);
}

static void E6_a_tenant_that_holds_its_credit_stops_the_reading(void **state)
{
    (void)state;
    struct h1_call_rig r;
    open_tunnel(&r);
    r.tenant.hold_credit = true;
    give(&r, TRI_H1_UNCONSUMED_BYTES_MAX - 1);
    assert_true(wants_read(&r));
    give(&r, 1);
    assert_false(wants_read(&r));
    give(&r, 10); /* what comes all the same is taken */
    assert_int_equal(r.tenant.in_len, TRI_H1_UNCONSUMED_BYTES_MAX + 10);
    const unsigned wakes = r.wakes;
    tenant_consume(&r.tenant, TRI_H1_UNCONSUMED_BYTES_MAX / 2 + 9);
    assert_false(wants_read(&r));
    assert_int_equal(r.wakes, wakes);
    tenant_consume(&r.tenant, 1);
    assert_true(wants_read(&r));
    assert_int_equal(r.wakes, wakes + 1);
    h1_call_rig_close(&r);
}

static void reading_goes_on_when_the_tenant_is_gone(void **state)
{
    (void)state;
    struct h1_call_rig r;
    open_tunnel(&r);
    r.tenant.hold_credit = true;
    give(&r, TRI_H1_UNCONSUMED_BYTES_MAX);
    assert_false(wants_read(&r));
    tenant_abort(&r.tenant);
    assert_true(wants_read(&r));
    h1_call_rig_close(&r);
}

static void E7_fin_ends_the_connection_in_order_behind_the_last_bytes(void **state)
{
    (void)state;
    struct h1_call_rig r;
    open_tunnel(&r);
    tenant_send(&r.tenant, "bye", 3);
    tenant_end(&r.tenant);
    assert_int_equal(r.tenant.closes, 0);
    h1_call_rig_drain(&r);
    assert_string_equal(r.out, "bye");
    assert_int_equal(r.tenant.fins, 1);
    assert_int_equal(r.tenant.closes, 1);
    assert_int_equal(r.tenant.cause, TRI_STREAM_FINISHED);
    assert_true(h1_call_rig_is_done(&r));
    assert_false(h1_call_rig_is_aborted(&r));
    assert_int_equal(tri_h1_client_calls.end(r.conn).fault, TRI_FAULT_NONE);
    h1_call_rig_text(&r, "late"); /* behind the end nobody is there */
    h1_call_rig_close(&r);
}

static void E7_the_servers_orderly_end_leaves_our_direction_open(void **state)
{
    (void)state;
    struct h1_call_rig r;
    open_tunnel(&r);
    h1_call_rig_eof(&r, true);
    assert_int_equal(r.tenant.fins, 1);
    assert_int_equal(r.tenant.closes, 0);
    tenant_send(&r.tenant, "still", 5);
    h1_call_rig_drain(&r);
    assert_string_equal(r.out, "still");
    tenant_end(&r.tenant);
    h1_call_rig_drain(&r);
    assert_int_equal(r.tenant.cause, TRI_STREAM_FINISHED);
    assert_int_equal(r.tenant.fins, 1);
    assert_true(h1_call_rig_is_done(&r));
    h1_call_rig_close(&r);
}

static void E7_a_torn_connection_is_a_reset(void **state)
{
    (void)state;
    for (int is_behind_fin = 0; is_behind_fin < 2; is_behind_fin++) {
        struct h1_call_rig r;
        open_tunnel(&r);
        if (is_behind_fin) {
            h1_call_rig_eof(&r, true);
        }
        h1_call_rig_eof(&r, false);
        assert_int_equal(r.tenant.fins, is_behind_fin);
        assert_int_equal(r.tenant.closes, 1);
        assert_int_equal(r.tenant.cause, TRI_STREAM_RESET);
        assert_true(h1_call_rig_is_aborted(&r));
        assert_int_equal(tri_h1_client_calls.end(r.conn).fault, TRI_FAULT_LOST);
        h1_call_rig_close(&r);
    }
}

static void E7_abort_cuts_the_connection(void **state)
{
    (void)state;
    struct h1_call_rig r;
    open_tunnel(&r);
    tenant_send(&r.tenant, "never", 5);
    tenant_abort(&r.tenant);
    assert_int_equal(r.tenant.closes, 0);
    assert_true(h1_call_rig_is_aborted(&r)); /* at once */
    h1_call_rig_text(&r, "late");
    assert_int_equal(r.tenant.in_len, 0);
    assert_int_equal(r.out_len, 0);
    assert_int_equal(r.tenant.closes, 1);
    assert_int_equal(r.tenant.cause, TRI_STREAM_ABORTED);
    assert_false(h1_call_rig_is_done(&r));
    h1_call_rig_close(&r);
}

static void an_abort_that_nothing_drives_any_more_is_told_by_free(void **state)
{
    (void)state;
    struct h1_call_rig r;
    open_tunnel(&r);
    tenant_abort(&r.tenant);
    r.conn->ops->free(r.conn);
    assert_int_equal(r.tenant.closes, 1);
    assert_int_equal(r.tenant.cause, TRI_STREAM_ABORTED);
    tenant_deinit(&r.tenant);
    free(r.out);
    assert_int_equal(r.alloc.live, 0);
}

static void an_urgency_changes_nothing_where_a_socket_is_alone(void **state)
{
    (void)state;
    struct h1_call_rig r;
    open_tunnel(&r);
    r.call->stream.ops->set_urgency(&r.call->stream, 7);
    h1_call_rig_drain(&r);
    assert_int_equal(r.out_len, 0);
    h1_call_rig_close(&r);
}

static void an_idle_tunnel_owns_no_buffer(void **state)
{
    (void)state;
    struct h1_call_rig r;
    open_tunnel(&r);
    assert_int_equal(r.alloc.live, 1); /* the connection itself */
    const size_t calls = r.alloc.calls;
    tenant_send(&r.tenant, "ping", 4);
    h1_call_rig_drain(&r);
    h1_call_rig_text(&r, "pong");
    assert_int_equal(r.alloc.calls, calls); /* nor does a message cost one */
    h1_call_rig_close(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_pass_both_ways),
        cmocka_unit_test(yielded_bytes_are_settled_by_the_next_send),
        cmocka_unit_test(many_slices_pass_in_order),
        cmocka_unit_test(what_a_tenant_says_at_once_stands_behind_the_request),
        cmocka_unit_test(E6_a_tenant_that_holds_its_credit_stops_the_reading),
        cmocka_unit_test(reading_goes_on_when_the_tenant_is_gone),
        cmocka_unit_test(E7_fin_ends_the_connection_in_order_behind_the_last_bytes),
        cmocka_unit_test(E7_the_servers_orderly_end_leaves_our_direction_open),
        cmocka_unit_test(E7_a_torn_connection_is_a_reset),
        cmocka_unit_test(E7_abort_cuts_the_connection),
        cmocka_unit_test(an_abort_that_nothing_drives_any_more_is_told_by_free),
        cmocka_unit_test(an_urgency_changes_nothing_where_a_socket_is_alone),
        cmocka_unit_test(an_idle_tunnel_owns_no_buffer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
