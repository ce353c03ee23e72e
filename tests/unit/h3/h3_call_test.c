/* Calls of a client, against our own endpoint. */
#include "h3_call.h"

#include "h3_conn.h"
#include "pair_h3.h"

#include <stdlib.h>

static struct pair_h3 *make_pair(void)
{
    return pair_h3_new(&(struct pair_h3_options){.host = NULL});
}

static void stay_silent(struct rig_h3 *r, struct tenant *t)
{
    (void)r;
    (void)t;
}

/* The server's stream of the |n|-th tenant. */
static struct tri_h3_stream *server_stream(struct pair_h3 *p, size_t n)
{
    return TRI_CONTAINER_OF(rig_h3_tenant(&p->rig, n)->exchange, struct tri_h3_stream, x);
}

static void fill(uint8_t *out, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        out[i] = (uint8_t)(i * 7 + i / 251);
    }
}

/* ---- asking */

static void a_call_is_answered_and_carries_bytes_both_ways(void **state)
{
    (void)state;
    struct pair_h3 *p = make_pair();
    struct caller *c = pair_h3_open(p);
    assert_int_equal(c->status, 200);
    assert_int_equal(c->call->carrier->stream_id, 0);
    assert_int_equal(c->call->carrier->conn_id, 5);
    assert_non_null(strstr(p->rig.last, "CONNECT https localhost /echo websocket"));
    assert_non_null(strstr(p->rig.last, "sec-websocket-version: 13"));
    struct tenant *t = rig_h3_tenant(&p->rig, 0);
    caller_send(c, "hello", 5);
    tenant_send(t, "world!", 6);
    pair_h3_run(p);
    assert_int_equal(t->in_len, 5);
    assert_memory_equal(t->in, "hello", 5);
    assert_int_equal(c->in_len, 6);
    assert_memory_equal(c->in, "world!", 6);
    assert_int_equal(c->released, 5);
    pair_h3_free(p);
}

static void a_hundred_calls_at_once_are_answered(void **state)
{
    (void)state;
    struct pair_h3 *p = make_pair();
    for (size_t i = 0; i < 100; i++) {
        (void)pair_h3_ask(p);
    }
    pair_h3_run(p);
    assert_int_equal(p->rig.tenants_len, 100);
    for (size_t i = 0; i < 100; i++) {
        caller_send(&p->callers[i], &i, sizeof i);
        tenant_send(rig_h3_tenant(&p->rig, i), &i, sizeof i);
    }
    pair_h3_run(p);
    for (size_t i = 0; i < 100; i++) {
        const struct caller *c = &p->callers[i];
        assert_int_equal(c->call->carrier->stream_id, 4 * i);
        assert_int_equal(c->in_len, sizeof i);
        assert_memory_equal(c->in, &i, sizeof i);
        assert_int_equal(rig_h3_tenant(&p->rig, i)->in_len, sizeof i);
    }
    pair_h3_free(p);
}

static void a_call_may_be_opened_as_soon_as_it_is_ready(void **state)
{
    (void)state;
    struct pair_h3 *p = calloc(1, sizeof *p);
    assert_non_null(p);
    assert_true(pair_h3_init(p, &(struct pair_h3_options){.host = NULL}));
    p->opens_in_ready = true;
    assert_true(pair_h3_dial(p));
    assert_int_equal(p->callers_len, 1);
    assert_true(p->callers[0].is_bound);
    pair_h3_free(p);
}

static void E1_without_extended_connect_there_is_no_room(void **state)
{
    (void)state;
    struct pair_h3 *p =
        pair_h3_new(&(struct pair_h3_options){.rig = {.no_extended_connect = true}});
    assert_int_equal(p->readies, 1);
    assert_false(p->connect);
    assert_int_equal(pair_h3_room(p), 0);
    enum tri_err err;
    assert_null(pair_h3_try(p, &pair_h3_request, &err));
    assert_int_equal(err, TRI_ERR_CLOSED);
    pair_h3_free(p);
}

static void room_is_what_the_server_has_streams_for(void **state)
{
    (void)state;
    struct tri_limits limits;
    tri_limits_default(&limits);
    limits.streams_max = 3;
    struct pair_h3 *p = pair_h3_new(&(struct pair_h3_options){.rig = {.limits = &limits}});
    for (size_t i = 3; i > 0; i--) {
        assert_int_equal(pair_h3_room(p), i);
        (void)pair_h3_open(p);
    }
    assert_int_equal(pair_h3_room(p), 0);
    enum tri_err err;
    assert_null(pair_h3_try(p, &pair_h3_request, &err));
    assert_int_equal(err, TRI_ERR_LIMIT);
    assert_int_equal(p->rooms, 0);
    caller_abort(&p->callers[1]);
    pair_h3_run(p);
    assert_true(p->rooms > 0);
    assert_int_equal(pair_h3_room(p), 1);
    assert_int_equal(pair_h3_open(p)->status, 200);
    pair_h3_free(p);
}

static void a_head_that_is_too_large_is_not_sent(void **state)
{
    (void)state;
    static const uint8_t path[TRI_REQUEST_HEAD_BYTES_MAX + 4000] = "/";
    struct tri_field many[TRI_REQUEST_FIELDS_MAX + 1];
    for (size_t i = 0; i < TRI_REQUEST_FIELDS_MAX + 1; i++) {
        many[i] = (struct tri_field){.name = TRI_SLICE("a"), .value = TRI_SLICE("b")};
    }
    struct pair_h3 *p = make_pair();
    enum tri_err err;
    struct tri_call_request r = pair_h3_request;
    r.path = tri_slice_of(path, sizeof path);
    assert_null(pair_h3_try(p, &r, &err));
    assert_int_equal(err, TRI_ERR_LIMIT);
    r = pair_h3_request;
    r.fields = many;
    r.fields_len = TRI_REQUEST_FIELDS_MAX + 1;
    assert_null(pair_h3_try(p, &r, &err));
    assert_int_equal(err, TRI_ERR_LIMIT);
    r.fields_len = TRI_REQUEST_FIELDS_MAX;
    assert_non_null(pair_h3_try(p, &r, &err));
    pair_h3_run(p);
    assert_int_equal(p->callers[0].status, 200);
    pair_h3_free(p);
}

static void a_head_keeps_to_what_the_server_takes(void **state)
{
    (void)state;
    /* A control stream, and SETTINGS with ENABLE_CONNECT_PROTOCOL and MAX_FIELD_SECTION_SIZE: the
     * six fields of a request have 32 bytes each, and 96 of their own. */
    static const uint8_t least[] = {0x00, 0x04, 0x05, 0x08, 0x01, 0x06, 0x41, 0x1f};
    static const uint8_t enough[] = {0x00, 0x04, 0x05, 0x08, 0x01, 0x06, 0x41, 0x20};
    static const struct bare_server_h3_options options = {.alpn = NULL};
    for (int has_room = 0; has_room <= 1; has_room++) {
        struct pair_h3 *p = pair_h3_new(&(struct pair_h3_options){.bare = &options});
        bare_server_h3_write(p->bare, bare_server_h3_open(p->bare, true), has_room ? enough : least,
                             sizeof least, false);
        pair_h3_run(p);
        enum tri_err err;
        (void)pair_h3_try(p, &pair_h3_request, &err);
        assert_int_equal(err, has_room ? TRI_OK : TRI_ERR_LIMIT);
        pair_h3_free(p);
    }
}

static void a_head_has_a_limit_where_the_server_names_none(void **state)
{
    (void)state;
    static const uint8_t path[TRI_REQUEST_HEAD_BYTES_MAX + 4000] = "/";
    int64_t control;
    struct pair_h3 *p = pair_h3_new_bare(&control);
    struct tri_call_request r = pair_h3_request;
    enum tri_err err;
    r.path = tri_slice_of(path, sizeof path);
    assert_null(pair_h3_try(p, &r, &err));
    assert_int_equal(err, TRI_ERR_LIMIT);
    pair_h3_free(p);
}

static void a_call_that_is_cancelled_is_never_heard_of(void **state)
{
    (void)state;
    struct pair_h3 *p = make_pair();
    p->rig.on_request = stay_silent;
    struct caller *asked = pair_h3_ask(p);
    pair_h3_run(p);
    struct caller *unsent = pair_h3_ask(p);
    tri_h3_client_calls.cancel(p->client, asked->call);
    tri_h3_client_calls.cancel(p->client, unsent->call);
    pair_h3_run(p);
    assert_int_equal(p->rig.cancels, 1);
    assert_int_equal(asked->fails + unsent->fails, 0);
    assert_int_equal(asked->status + unsent->status, 0);
    p->rig.on_request = NULL;
    assert_int_equal(pair_h3_open(p)->status, 200);
    pair_h3_free(p);
}

/* ---- answers */

static int answer_status;

static void answer_so(struct rig_h3 *r, struct tenant *t)
{
    (void)r;
    tenant_refuse(t, answer_status);
}

static void a_status_other_than_2xx_refuses_the_call(void **state)
{
    (void)state;
    static const int statuses[] = {301, 400, 401, 403, 404, 426, 500, 503};
    struct pair_h3 *p = make_pair();
    p->rig.on_request = answer_so;
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
        answer_status = statuses[i];
        struct caller *c = pair_h3_ask(p);
        pair_h3_run(p);
        assert_int_equal(c->status, statuses[i]);
        assert_false(c->is_accepted);
        assert_int_equal(c->fails, 0);
    }
    p->rig.on_request = NULL;
    assert_int_equal(pair_h3_open(p)->status, 200);
    pair_h3_free(p);
}

static void who_wants_nobody_on_it_has_it_reset(void **state)
{
    (void)state;
    struct pair_h3 *p = pair_h3_new(&(struct pair_h3_options){.rejects = true});
    struct caller *c = pair_h3_ask(p);
    pair_h3_run(p);
    assert_true(c->is_accepted);
    assert_int_equal(c->fails, 0);
    assert_int_equal(rig_h3_tenant(&p->rig, 0)->cause, TRI_STREAM_RESET);
    pair_h3_free(p);
}

struct reset_row {
    uint64_t code;
    bool is_retryable;
    const char *text;
};

static void a_reset_before_the_answer_fails_the_call(void **state)
{
    (void)state;
    static const struct reset_row rows[] = {
        {NGHTTP3_H3_REQUEST_REJECTED, true, "ended with H3_REQUEST_REJECTED"},
        {NGHTTP3_H3_REQUEST_CANCELLED, false, "ended with H3_REQUEST_CANCELLED"},
        {NGHTTP3_H3_INTERNAL_ERROR, false, "ended with H3_INTERNAL_ERROR"},
        {0x12345, false, ""},
    };
    struct pair_h3 *p = make_pair();
    p->rig.on_request = stay_silent;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct caller *c = pair_h3_ask(p);
        pair_h3_run(p);
        tri_h3_stream_fail(server_stream(p, i), TRI_STREAM_ABORTED, rows[i].code);
        pair_h3_run(p);
        assert_int_equal(c->fails, 1);
        assert_int_equal(c->end.fault, TRI_FAULT_LOST);
        assert_int_equal(c->end.code, rows[i].code);
        assert_int_equal(c->end.is_retryable, rows[i].is_retryable);
        assert_string_equal(c->end.text, rows[i].text);
    }
    assert_false(p->client->ops->is_done(p->client));
    pair_h3_free(p);
}

/* Opened, and reset by the server, before it was answered or afterwards. */
static void reset_one(struct pair_h3 *p, bool is_answered)
{
    p->rig.tenants_len = 0;
    p->callers_len = 0;
    p->rig.on_request = is_answered ? NULL : stay_silent;
    const struct caller *c = pair_h3_ask(p);
    pair_h3_advance(p, 3);
    tri_h3_stream_fail(server_stream(p, 0), TRI_STREAM_ABORTED, NGHTTP3_H3_REQUEST_CANCELLED);
    pair_h3_advance(p, 3);
    assert_int_equal(c->fails, !is_answered);
    assert_int_equal(c->closes, is_answered);
    tenant_deinit(rig_h3_tenant(&p->rig, 0));
    p->rig.tenants_len = 0;
}

/* For a server it would be a flood. Some are answered, because nghttp3 takes no more than 4 KiB of
 * QPACK's cancellations without having encoded a head in between. */
static void a_server_may_reset_thousands_of_calls(void **state)
{
    (void)state;
    struct pair_h3 *p = make_pair();
    for (size_t i = 0; i < 1500; i++) {
        reset_one(p, i % 500 == 0);
    }
    assert_false(p->client->ops->is_done(p->client));
    pair_h3_free(p);
}

/* ---- what passes */

static void a_megabyte_passes_both_ways_through_the_windows(void **state)
{
    (void)state;
    const size_t len = 1024 * 1024;
    uint8_t *data = malloc(len);
    assert_non_null(data);
    fill(data, len);
    for (int lossy = 0; lossy <= 1; lossy++) {
        struct pair_h3 *p = pair_h3_new(&(struct pair_h3_options){.rig = {.lossy = lossy}});
        struct caller *c = pair_h3_open(p);
        struct tenant *t = rig_h3_tenant(&p->rig, 0);
        tenant_room(t, len);
        caller_send(c, data, len);
        tenant_send(t, data, len);
        pair_h3_advance(p, 60000);
        assert_int_equal(t->in_len, len);
        assert_memory_equal(t->in, data, len);
        assert_int_equal(c->in_len, len);
        assert_memory_equal(c->in, data, len);
        assert_int_equal(c->released, len);
        pair_h3_free(p);
    }
    free(data);
}

static void credit_that_is_held_back_stops_the_sender_alone(void **state)
{
    (void)state;
    const size_t len = 1024 * 1024;
    uint8_t *data = calloc(1, len);
    assert_non_null(data);
    struct pair_h3 *p = make_pair();
    struct caller *slow = pair_h3_open(p);
    struct caller *fast = pair_h3_open(p);
    slow->hold_credit = true;
    for (size_t i = 0; i < 2; i++) {
        tenant_room(rig_h3_tenant(&p->rig, i), len);
        tenant_send(rig_h3_tenant(&p->rig, i), data, len);
    }
    pair_h3_run(p);
    assert_true(slow->in_len <= TRI_STREAM_WINDOW_BYTES);
    assert_true(slow->in_len > TRI_STREAM_WINDOW_BYTES - 1000); /* frames have heads */
    assert_int_equal(fast->in_len, len);
    slow->hold_credit = false;
    caller_consume(slow, slow->unconsumed);
    pair_h3_run(p);
    assert_int_equal(slow->in_len, len);
    pair_h3_free(p);
    free(data);
}

static void a_server_that_holds_credit_back_stops_us(void **state)
{
    (void)state;
    const size_t len = 1024 * 1024;
    uint8_t *data = calloc(1, len);
    assert_non_null(data);
    struct pair_h3 *p = make_pair();
    struct caller *c = pair_h3_open(p);
    struct tenant *t = rig_h3_tenant(&p->rig, 0);
    t->hold_credit = true;
    caller_send(c, data, len);
    pair_h3_run(p);
    assert_true(t->in_len <= TRI_STREAM_WINDOW_BYTES);
    assert_true(c->released <= t->in_len);
    t->hold_credit = false;
    tenant_consume(t, t->unconsumed);
    pair_h3_run(p);
    assert_int_equal(t->in_len, len);
    pair_h3_free(p);
    free(data);
}

static void either_side_may_end_first(void **state)
{
    (void)state;
    for (int ours_first = 0; ours_first <= 1; ours_first++) {
        struct pair_h3 *p = make_pair();
        struct caller *c = pair_h3_open(p);
        struct tenant *t = rig_h3_tenant(&p->rig, 0);
        caller_send(c, "abc", 3);
        tenant_send(t, "defg", 4);
        if (ours_first) {
            caller_end(c);
        } else {
            tenant_end(t);
        }
        pair_h3_run(p);
        assert_int_equal(c->fins, !ours_first);
        assert_int_equal(t->fins, ours_first);
        assert_int_equal(c->closes + t->closes, 0);
        if (ours_first) {
            tenant_send(t, "more", 4);
            tenant_end(t);
        } else {
            caller_send(c, "more", 4);
            caller_end(c);
        }
        pair_h3_run(p);
        assert_int_equal(c->cause, TRI_STREAM_FINISHED);
        assert_int_equal(t->cause, TRI_STREAM_FINISHED);
        assert_int_equal(c->closes + t->closes, 2);
        assert_int_equal(c->in_len, ours_first ? 8 : 4);
        assert_int_equal(t->in_len, ours_first ? 3 : 7);
        pair_h3_free(p);
    }
}

static void either_side_may_abort(void **state)
{
    (void)state;
    struct pair_h3 *p = make_pair();
    for (size_t i = 0; i < 2; i++) {
        struct caller *c = pair_h3_open(p);
        struct tenant *t = rig_h3_tenant(&p->rig, i);
        caller_send(c, "abc", 3);
        if (i == 0) {
            caller_abort(c);
        } else {
            tenant_abort(t);
        }
        pair_h3_run(p);
        assert_int_equal(c->closes + t->closes, 2);
        assert_int_equal(c->cause, i == 0 ? TRI_STREAM_ABORTED : TRI_STREAM_RESET);
        assert_int_equal(t->cause, i == 0 ? TRI_STREAM_RESET : TRI_STREAM_ABORTED);
    }
    pair_h3_free(p);
}

static void urgency_is_not_for_what_a_client_sends(void **state)
{
    (void)state;
    struct pair_h3 *p = make_pair();
    struct caller *c = pair_h3_open(p);
    c->call->stream.ops->set_urgency(&c->call->stream, 0);
    caller_send(c, "abc", 3);
    pair_h3_run(p);
    assert_int_equal(rig_h3_tenant(&p->rig, 0)->in_len, 3);
    pair_h3_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_is_answered_and_carries_bytes_both_ways),
        cmocka_unit_test(a_hundred_calls_at_once_are_answered),
        cmocka_unit_test(a_call_may_be_opened_as_soon_as_it_is_ready),
        cmocka_unit_test(E1_without_extended_connect_there_is_no_room),
        cmocka_unit_test(room_is_what_the_server_has_streams_for),
        cmocka_unit_test(a_head_that_is_too_large_is_not_sent),
        cmocka_unit_test(a_head_keeps_to_what_the_server_takes),
        cmocka_unit_test(a_head_has_a_limit_where_the_server_names_none),
        cmocka_unit_test(a_call_that_is_cancelled_is_never_heard_of),
        cmocka_unit_test(a_status_other_than_2xx_refuses_the_call),
        cmocka_unit_test(who_wants_nobody_on_it_has_it_reset),
        cmocka_unit_test(a_reset_before_the_answer_fails_the_call),
        cmocka_unit_test(a_server_may_reset_thousands_of_calls),
        cmocka_unit_test(a_megabyte_passes_both_ways_through_the_windows),
        cmocka_unit_test(credit_that_is_held_back_stops_the_sender_alone),
        cmocka_unit_test(a_server_that_holds_credit_back_stops_us),
        cmocka_unit_test(either_side_may_end_first),
        cmocka_unit_test(either_side_may_abort),
        cmocka_unit_test(urgency_is_not_for_what_a_client_sends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
