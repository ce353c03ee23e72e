/* Making, driving and ending a client's connection; and a pair of both ends in memory. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base_timeout.h"
#include "h1_call_rig.h"
#include "h1_rig.h"

static size_t room(const struct h1_call_rig *r)
{
    return tri_h1_client_calls.room(r->conn);
}

static void a_call_can_be_opened_from_the_first_send_and_only_one(void **state)
{
    (void)state;
    struct h1_call_rig r;
    h1_call_rig_init(&r);
    r.waits = true;
    assert_true(h1_call_rig_open_as(&r));
    assert_int_equal(r.readies, 1);
    assert_true(r.connect);
    assert_int_equal(room(&r), 1);
    assert_int_equal(r.out_len, 0);
    h1_call_rig_ask(&r);
    assert_int_equal(r.open_err, TRI_OK);
    assert_true(r.wakes > 0);
    assert_int_equal(room(&r), 0);
    h1_call_rig_drain(&r);
    assert_string_equal(r.out, H1_CALL_REQUEST);
    h1_call_rig_drain(&r);
    assert_int_equal(r.readies, 1);
    assert_string_equal(r.out, H1_CALL_REQUEST);
    h1_call_rig_close(&r);
}

static void there_is_no_room_before_the_first_send(void **state)
{
    (void)state;
    struct h1_call_rig r;
    h1_call_rig_init(&r);
    const struct tri_call_config config = {.alloc = &r.alloc.alloc};
    assert_int_equal(tri_h1_client_new(&r.conn, &config, 1), TRI_OK);
    assert_int_equal(room(&r), 0);
    r.conn->ops->free(r.conn);
    assert_int_equal(r.alloc.live, 0);
}

static void it_has_no_deadline(void **state)
{
    (void)state;
    struct h1_call_rig r;
    h1_call_rig_open(&r);
    assert_true(r.conn->ops->deadline_ns(r.conn) == TRI_NEVER_NS);
    r.conn->ops->expire(r.conn, 1000000);
    h1_call_rig_text(&r, H1_CALL_101);
    assert_true(r.conn->ops->deadline_ns(r.conn) == TRI_NEVER_NS);
    h1_call_rig_close(&r);
}

static void a_request_of_more_than_64_KiB_is_not_sent(void **state)
{
    (void)state;
    struct h1_call_rig r;
    h1_call_rig_init(&r);
    r.waits = true;
    assert_true(h1_call_rig_open_as(&r));
    uint8_t *value = malloc(TRI_RESPONSE_HEAD_BYTES_MAX);
    assert_non_null(value);
    memset(value, 'x', TRI_RESPONSE_HEAD_BYTES_MAX);
    const struct tri_field cookie = {.name = TRI_SLICE("cookie"),
                                     .value = tri_slice_of(value, TRI_RESPONSE_HEAD_BYTES_MAX)};
    const struct tri_call_request request = {
        .authority = TRI_SLICE("a"), .path = TRI_SLICE("/"), .fields = &cookie, .fields_len = 1};
    struct tri_call *call;
    assert_int_equal(tri_h1_client_calls.open(r.conn, &request, &r, &call), TRI_ERR_LIMIT);
    free(value);
    assert_int_equal(room(&r), 1);
    h1_call_rig_drain(&r);
    assert_int_equal(r.out_len, 0); /* nor is a part of it */
    h1_call_rig_ask(&r);
    h1_call_rig_drain(&r);
    assert_string_equal(r.out, H1_CALL_REQUEST);
    h1_call_rig_close(&r);
}

static void cancel_cuts_the_connection_and_tells_nothing(void **state)
{
    (void)state;
    for (int is_driven = 0; is_driven < 2; is_driven++) {
        struct h1_call_rig r;
        h1_call_rig_open(&r);
        tri_h1_client_calls.cancel(r.conn, r.call);
        assert_true(h1_call_rig_is_aborted(&r)); /* at once */
        if (is_driven) {
            h1_call_rig_text(&r, H1_CALL_101);
            assert_true(h1_call_rig_is_aborted(&r));
        }
        assert_false(h1_call_rig_is_done(&r));
        assert_int_equal(tri_h1_client_calls.end(r.conn).fault, TRI_FAULT_NONE);
        h1_call_rig_close(&r);
        assert_int_equal(r.answers + r.fails, 0);
    }
}

static void a_torn_connection_behind_cancel_tells_nothing(void **state)
{
    (void)state;
    struct h1_call_rig r;
    h1_call_rig_open(&r);
    tri_h1_client_calls.cancel(r.conn, r.call);
    h1_call_rig_eof(&r, false);
    h1_call_rig_close(&r);
    assert_int_equal(r.answers + r.fails, 0);
}

static void an_accepted_call_without_a_tenant_is_cut(void **state)
{
    (void)state;
    struct h1_call_rig r;
    h1_call_rig_init(&r);
    r.binds_not = true;
    assert_true(h1_call_rig_open_as(&r));
    h1_call_rig_text(&r, H1_CALL_101 "frames");
    assert_int_equal(r.answers, 1);
    assert_true(h1_call_rig_is_aborted(&r));
    h1_call_rig_close(&r);
}

static void a_tenant_may_abort_when_it_is_bound(void **state)
{
    (void)state;
    struct h1_call_rig r;
    h1_call_rig_init(&r);
    r.cuts = true;
    assert_true(h1_call_rig_open_as(&r));
    h1_call_rig_text(&r, H1_CALL_101 "frames");
    assert_int_equal(r.tenant.in_len, 0);
    assert_int_equal(r.tenant.cause, TRI_STREAM_ABORTED);
    h1_call_rig_close(&r);
}

static void shut_down(struct h1_call_rig *r)
{
    r->conn->ops->shutdown(r->conn, 1);
    h1_call_rig_drain(r);
}

static void shutdown_ends_a_connection_without_a_call_at_once(void **state)
{
    (void)state;
    struct h1_call_rig r;
    h1_call_rig_init(&r);
    r.waits = true;
    assert_true(h1_call_rig_open_as(&r));
    assert_false(tri_h1_client_calls.is_going(r.conn));
    shut_down(&r);
    assert_true(h1_call_rig_is_done(&r));
    assert_int_equal(room(&r), 0);
    assert_true(tri_h1_client_calls.is_going(r.conn));
    h1_call_rig_ask(&r);
    assert_int_equal(r.open_err, TRI_ERR_CLOSED);
    shut_down(&r);
    h1_call_rig_close(&r);
}

static void shutdown_leaves_a_call_and_its_tunnel_to_end_by_themselves(void **state)
{
    (void)state;
    struct h1_call_rig r;
    h1_call_rig_open(&r);
    shut_down(&r);
    assert_false(h1_call_rig_is_done(&r));
    h1_call_rig_text(&r, H1_CALL_101);
    assert_true(r.is_accepted);
    shut_down(&r);
    assert_false(h1_call_rig_is_done(&r));
    tenant_end(&r.tenant);
    h1_call_rig_drain(&r);
    assert_true(h1_call_rig_is_done(&r));
    h1_call_rig_close(&r);
}

static void a_connection_that_the_server_closes_unused_has_no_fault(void **state)
{
    (void)state;
    for (int orderly = 0; orderly < 2; orderly++) {
        struct h1_call_rig r;
        h1_call_rig_init(&r);
        r.waits = true;
        assert_true(h1_call_rig_open_as(&r));
        h1_call_rig_eof(&r, orderly);
        assert_int_equal(h1_call_rig_is_done(&r), orderly);
        assert_int_equal(h1_call_rig_is_aborted(&r), !orderly);
        assert_int_equal(tri_h1_client_calls.end(r.conn).fault, TRI_FAULT_NONE);
        assert_int_equal(room(&r), 0);
        h1_call_rig_close(&r);
    }
}

static void free_tells_whoever_is_there(void **state)
{
    (void)state;
    for (int is_tunnel = 0; is_tunnel < 2; is_tunnel++) {
        struct h1_call_rig r;
        h1_call_rig_open(&r);
        h1_call_rig_text(&r, is_tunnel ? H1_CALL_101 : "HTTP/1.1 1");
        r.conn->ops->free(r.conn);
        assert_int_equal(r.fails, !is_tunnel);
        assert_int_equal(r.end.fault, is_tunnel ? TRI_FAULT_NONE : TRI_FAULT_LOST);
        assert_int_equal(r.tenant.closes, is_tunnel);
        assert_true(!is_tunnel || r.tenant.cause == TRI_STREAM_CONN_LOST);
        tenant_deinit(&r.tenant);
        free(r.out);
        assert_int_equal(r.alloc.live, 0);
    }
}

/* One life: asked, answered, a message each way, an end. Returns the allocations asked for. */
static size_t live(size_t fail_at)
{
    struct h1_call_rig r;
    h1_call_rig_init(&r);
    r.alloc.fail_at = fail_at;
    if (!h1_call_rig_open_as(&r)) {
        assert_int_equal(fail_at, 1);
        return r.alloc.calls;
    }
    if (r.open_err == TRI_OK) {
        h1_call_rig_drip(&r, H1_CALL_101 "hello", strlen(H1_CALL_101) + 5, 20);
    } else {
        assert_int_equal(r.open_err, TRI_ERR_NOMEM);
        assert_int_equal(r.out_len, 0);
        assert_int_equal(room(&r), 1); /* it may be tried again */
    }
    if (r.fails > 0) {
        assert_int_equal(r.end.fault, TRI_FAULT_MEMORY);
        assert_int_equal(r.err, TRI_ERR_NOMEM);
        assert_true(h1_call_rig_is_aborted(&r));
    }
    if (r.answers > 0) {
        assert_int_equal(r.tenant.in_len, 5);
        tenant_end(&r.tenant);
        h1_call_rig_drain(&r);
        assert_true(h1_call_rig_is_done(&r));
    }
    assert_true(r.answers + r.fails == 1 || r.open_err != TRI_OK);
    h1_call_rig_close(&r);
    return r.alloc.calls;
}

static void each_allocation_of_a_life_may_fail(void **state)
{
    (void)state;
    size_t n = 1;
    while (live(n) >= n) {
        n++;
    }
    assert_true(n > 4);
}

/* ---- both ends in memory */

/* Hands over what each has sent, in pieces of |step|, until nothing moves. */
static void pass(struct h1_call_rig *client, struct h1_rig *server, size_t step)
{
    size_t up = 1, down = 1;
    while (up + down > 0) {
        up = client->out_len;
        h1_rig_drip(server, client->out, up, step);
        h1_call_rig_forget(client);
        down = server->out_len;
        h1_call_rig_drip(client, server->out, down, step);
        server->out_len = 0;
    }
}

static void open_pair(struct h1_call_rig *client, struct h1_rig *server, size_t step)
{
    h1_rig_open(server);
    h1_call_rig_open(client);
    pass(client, server, step);
}

static void close_pair(struct h1_call_rig *client, struct h1_rig *server)
{
    h1_call_rig_close(client);
    h1_rig_close(server);
}

static void both_ends_agree_on_a_handshake_and_pass_bytes(void **state)
{
    (void)state;
    for (size_t step = 1; step < 300; step = step * 3 + 1) {
        struct h1_call_rig client;
        struct h1_rig server;
        open_pair(&client, &server, step);
        assert_true(client.is_accepted);
        assert_string_equal(server.lines[0], "GET https localhost:8443 /echo?a websocket");
        tenant_send(&client.tenant, "up", 2);
        tenant_send(&server.tenants[0], "down", 4);
        h1_call_rig_drain(&client);
        h1_rig_drain(&server);
        pass(&client, &server, step);
        assert_memory_equal(server.tenants[0].in, "up", 2);
        assert_memory_equal(client.tenant.in, "down", 4);
        close_pair(&client, &server);
    }
}

static void the_server_ends_first_and_both_are_done(void **state)
{
    (void)state;
    struct h1_call_rig client;
    struct h1_rig server;
    open_pair(&client, &server, 1000);
    tenant_send(&server.tenants[0], "bye", 3);
    tenant_end(&server.tenants[0]);
    h1_rig_drain(&server);
    assert_true(h1_rig_is_done(&server));
    pass(&client, &server, 1000);
    h1_call_rig_eof(&client, true);
    assert_int_equal(client.tenant.in_len, 3);
    assert_int_equal(client.tenant.fins, 1);
    tenant_end(&client.tenant);
    h1_call_rig_drain(&client);
    assert_true(h1_call_rig_is_done(&client));
    assert_int_equal(client.tenant.cause, TRI_STREAM_FINISHED);
    close_pair(&client, &server);
}

static void each_refusal_of_the_server_is_understood(void **state)
{
    (void)state;
    static const int statuses[] = {400, 403, 404, 503};
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
        struct h1_call_rig client;
        struct h1_rig server;
        h1_rig_open(&server);
        server.answer = H1_RIG_LATER;
        h1_call_rig_open(&client);
        pass(&client, &server, 1);
        tenant_refuse(&server.tenants[0], statuses[i]);
        h1_rig_drain(&server);
        pass(&client, &server, 1);
        assert_int_equal(client.answers, 1);
        assert_int_equal(client.status, statuses[i]);
        assert_false(client.is_accepted);
        assert_true(h1_call_rig_is_done(&client));
        assert_true(h1_rig_is_done(&server));
        close_pair(&client, &server);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_can_be_opened_from_the_first_send_and_only_one),
        cmocka_unit_test(there_is_no_room_before_the_first_send),
        cmocka_unit_test(it_has_no_deadline),
        cmocka_unit_test(a_request_of_more_than_64_KiB_is_not_sent),
        cmocka_unit_test(cancel_cuts_the_connection_and_tells_nothing),
        cmocka_unit_test(a_torn_connection_behind_cancel_tells_nothing),
        cmocka_unit_test(an_accepted_call_without_a_tenant_is_cut),
        cmocka_unit_test(a_tenant_may_abort_when_it_is_bound),
        cmocka_unit_test(shutdown_ends_a_connection_without_a_call_at_once),
        cmocka_unit_test(shutdown_leaves_a_call_and_its_tunnel_to_end_by_themselves),
        cmocka_unit_test(a_connection_that_the_server_closes_unused_has_no_fault),
        cmocka_unit_test(free_tells_whoever_is_there),
        cmocka_unit_test(each_allocation_of_a_life_may_fail),
        cmocka_unit_test(both_ends_agree_on_a_handshake_and_pass_bytes),
        cmocka_unit_test(the_server_ends_first_and_both_are_done),
        cmocka_unit_test(each_refusal_of_the_server_is_understood),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
