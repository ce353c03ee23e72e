/* Calls: what is asked, and what comes of it at the server's own adapter. */
#include "call_rig_h2.h"

#include <stdlib.h>

/* ---- asking */

static void the_request_is_an_extended_CONNECT_as_it_was_asked_for(void **state)
{
    (void)state;
    struct call_rig_h2 r;
    call_rig_h2_join(&r);
    (void)call_rig_h2_open(&r);
    call_rig_h2_run(&r);
    assert_string_equal((const char *)r.server.last.data,
                        "CONNECT https localhost:8443 /echo?a=b websocket\n"
                        "sec-websocket-version: 13\n");
    call_rig_h2_deinit(&r);
}

static void a_head_that_is_too_large_is_not_sent(void **state)
{
    (void)state;
    struct call_rig_h2 r;
    call_rig_h2_join(&r);
    char *value = calloc(1, 20000);
    assert_non_null(value);
    memset(value, 'v', 20000);
    const struct tri_field field = {TRI_SLICE("x-large"), tri_slice_of(value, 20000)};
    struct tri_call_request request = call_rig_h2_request;
    request.fields = &field;
    request.fields_len = 1;
    enum tri_err err;
    const size_t room = call_rig_h2_room(&r);
    assert_null(call_rig_h2_try(&r, &request, &err)); /* the server's MAX_HEADER_LIST_SIZE */
    assert_int_equal(err, TRI_ERR_LIMIT);
    assert_int_equal(call_rig_h2_room(&r), room);
    free(value);
    call_rig_h2_deinit(&r);
}

static void many_fields_take_the_way_of_memory(void **state)
{
    (void)state;
    struct call_rig_h2 r;
    call_rig_h2_join(&r);
    struct tri_field fields[60];
    for (size_t i = 0; i < 60; i++) {
        fields[i] = (struct tri_field){TRI_SLICE("x-many"), TRI_SLICE("1")};
    }
    struct tri_call_request request = call_rig_h2_request;
    request.fields = fields;
    request.fields_len = 60;
    enum tri_err err;
    assert_non_null(call_rig_h2_try(&r, &request, &err));
    call_rig_h2_run(&r);
    assert_true(r.calls[0]->is_accepted);
    assert_int_equal(rig_h2_tenant(&r.server, 0)->in_len, 0);
    call_rig_h2_deinit(&r);
}

/* ---- refusals */

static int refusal;

static void refuse(struct rig_h2 *server, struct tenant *t)
{
    (void)server;
    tenant_refuse(t, refusal);
}

static void a_refusal_is_answered_with_its_status_and_ends_without_a_reset(void **state)
{
    (void)state;
    static const int statuses[] = {301, 400, 403, 404, 429, 500, 503};
    struct call_rig_h2 r;
    call_rig_h2_join(&r);
    r.server.on_request = refuse;
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
        refusal = statuses[i];
        const struct call_h2 *one = call_rig_h2_open(&r);
        call_rig_h2_run(&r);
        assert_int_equal(one->answers, 1);
        assert_false(one->is_accepted);
        assert_int_equal(one->status, statuses[i]);
        assert_int_equal(call_rig_h2_count(&r, NGHTTP2_RST_STREAM, (uint32_t)(2 * i + 1)), 0);
    }
    assert_int_equal(call_rig_h2_room(&r), r.server.limits.streams_max);
    call_rig_h2_deinit(&r);
}

static void refuse_with_body(struct rig_h2 *server, struct tenant *t)
{
    (void)server;
    static const struct tri_field field = {TRI_SLICE("x-why"), TRI_SLICE("full")};
    const struct tri_response response = {
        .status = 503, .fields = &field, .fields_len = 1, .content_length = TRI_LENGTH_NONE};
    assert_int_equal(rig_h2_reply(t, &response), TRI_OK);
    tenant_room(t, 600000);
    char chunk[1000] = {'x'};
    for (size_t i = 0; i < 600; i++) {
        tenant_send(t, chunk, sizeof chunk);
    }
    tenant_end(t);
}

static void the_body_of_a_refusal_is_dropped_with_its_credit(void **state)
{
    (void)state;
    struct call_rig_h2 r;
    call_rig_h2_join(&r);
    r.server.on_request = refuse_with_body;
    const struct call_h2 *one = call_rig_h2_open(&r);
    call_rig_h2_run(&r);
    assert_int_equal(one->status, 503);
    assert_int_equal(one->fields.len, strlen("x-why: full\n"));
    assert_memory_equal(one->fields.data, "x-why: full\n", one->fields.len);
    assert_int_equal(rig_h2_tenant(&r.server, 0)->released, 600000); /* over two stream windows */
    assert_int_equal(rig_h2_tenant(&r.server, 0)->closes, 1);
    assert_int_equal(call_rig_h2_room(&r), r.server.limits.streams_max);
    call_rig_h2_deinit(&r);
}

static void an_accepted_call_that_is_not_bound_is_reset(void **state)
{
    (void)state;
    struct call_rig_h2 r;
    call_rig_h2_join(&r);
    r.binds_not = true;
    const struct call_h2 *one = call_rig_h2_open(&r);
    call_rig_h2_run(&r);
    assert_true(one->is_accepted);
    assert_int_equal(call_rig_h2_reset(&r, 1), NGHTTP2_CANCEL);
    assert_int_equal(rig_h2_tenant(&r.server, 0)->cause, TRI_STREAM_RESET);
    call_rig_h2_deinit(&r);
}

/* ---- ends of streams */

static void each_side_may_end_first_and_both_have_finished(void **state)
{
    (void)state;
    for (int ours_first = 0; ours_first < 2; ours_first++) {
        struct call_rig_h2 r;
        call_rig_h2_join(&r);
        struct call_h2 *one = call_rig_h2_open(&r);
        call_rig_h2_run(&r);
        struct tenant *first = ours_first ? &one->tenant : rig_h2_tenant(&r.server, 0);
        struct tenant *second = ours_first ? rig_h2_tenant(&r.server, 0) : &one->tenant;
        tenant_send(first, "last", 4);
        tenant_end(first);
        call_rig_h2_run(&r);
        assert_int_equal(second->fins, 1);
        assert_memory_equal(second->in, "last", 4);
        assert_int_equal(first->closes + second->closes, 0);
        tenant_send(second, "more", 4);
        tenant_end(second);
        call_rig_h2_run(&r);
        assert_memory_equal(first->in, "more", 4);
        assert_int_equal(first->cause, TRI_STREAM_FINISHED);
        assert_int_equal(second->cause, TRI_STREAM_FINISHED);
        assert_int_equal(first->closes + second->closes, 2);
        assert_int_equal(call_rig_h2_room(&r), r.server.limits.streams_max);
        call_rig_h2_deinit(&r);
    }
}

static void each_side_may_abort_and_the_other_is_told(void **state)
{
    (void)state;
    for (int ours = 0; ours < 2; ours++) {
        struct call_rig_h2 r;
        call_rig_h2_join(&r);
        struct call_h2 *one = call_rig_h2_open(&r);
        call_rig_h2_run(&r);
        struct tenant *theirs = rig_h2_tenant(&r.server, 0);
        tenant_abort(ours ? &one->tenant : theirs);
        call_rig_h2_run(&r);
        assert_int_equal(one->tenant.cause, ours ? TRI_STREAM_ABORTED : TRI_STREAM_RESET);
        assert_int_equal(theirs->cause, ours ? TRI_STREAM_RESET : TRI_STREAM_ABORTED);
        assert_int_equal(one->tenant.closes, 1);
        call_rig_h2_deinit(&r);
    }
}

static void keep(struct rig_h2 *server, struct tenant *t)
{
    (void)server;
    (void)t; /* never answered */
}

static void a_call_that_is_given_up_is_reset_and_nothing_is_told(void **state)
{
    (void)state;
    struct call_rig_h2 r;
    call_rig_h2_join(&r);
    r.server.on_request = keep;
    for (int is_sent = 0; is_sent < 2; is_sent++) {
        struct call_h2 *one = call_rig_h2_open(&r);
        if (is_sent) {
            call_rig_h2_run(&r);
            assert_int_equal(r.server.tenants_len, 1);
        }
        tri_h2_client_calls.cancel(r.conn, one->call);
        call_rig_h2_run(&r);
        assert_int_equal(one->answers + one->fails, 0);
        assert_int_equal(call_rig_h2_room(&r), r.server.limits.streams_max);
    }
    assert_int_equal(r.server.cancels, 1);
    assert_int_equal(r.server.tenants_len, 1); /* what was not sent was never asked */
    call_rig_h2_deinit(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_request_is_an_extended_CONNECT_as_it_was_asked_for),
        cmocka_unit_test(a_head_that_is_too_large_is_not_sent),
        cmocka_unit_test(many_fields_take_the_way_of_memory),
        cmocka_unit_test(a_refusal_is_answered_with_its_status_and_ends_without_a_reset),
        cmocka_unit_test(the_body_of_a_refusal_is_dropped_with_its_credit),
        cmocka_unit_test(an_accepted_call_that_is_not_bound_is_reset),
        cmocka_unit_test(each_side_may_end_first_and_both_have_finished),
        cmocka_unit_test(each_side_may_abort_and_the_other_is_told),
        cmocka_unit_test(a_call_that_is_given_up_is_reset_and_nothing_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
