/* Calls that wait, are refused, and fail: on a connection whose adapter is a script. */
#include "client_conn.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>

/* The adapter, and whoever called. */
struct rig {
    struct tri_client client;
    struct tri_client_conn conn;
    struct tri_client_link link;
    struct tri_conn adapter;
    struct tri_call asked[4];
    unsigned opens, cancels; /* of the adapter */
    size_t room;
    bool is_going;
    enum tri_err open_error;
};

struct caller {
    struct tri_client_call call; /* first */
    struct rig *r;
    unsigned asks, fails;
    unsigned again; /* opens itself this often when it is told that it failed */
    enum tri_fault fault;
    char text[128];
};

static struct rig *the_rig; /* an adapter has no user */

static enum tri_err open_scripted(struct tri_conn *c, const struct tri_call_request *request,
                                  void *owner, struct tri_call **out)
{
    (void)c;
    (void)request;
    struct rig *r = the_rig;
    struct tri_call *asked = &r->asked[r->opens++ % 4];
    if (r->open_error == TRI_OK) {
        r->room--;
        asked->owner = owner;
        *out = asked;
    }
    return r->open_error;
}

static size_t room_scripted(const struct tri_conn *c)
{
    (void)c;
    return the_rig->is_going ? 0 : the_rig->room;
}

static bool is_going_scripted(const struct tri_conn *c)
{
    (void)c;
    return the_rig->is_going;
}

static void cancel_scripted(struct tri_conn *c, struct tri_call *call)
{
    (void)c;
    assert_ptr_equal(call, &the_rig->asked[(the_rig->opens - 1) % 4]);
    the_rig->cancels++;
}

static const struct tri_call_ops scripted = {.open = open_scripted,
                                             .cancel = cancel_scripted,
                                             .room = room_scripted,
                                             .is_going = is_going_scripted};

static void take_ask(struct tri_client_call *call, struct tri_call_request *out)
{
    (void)out;
    ((struct caller *)call)->asks++;
}

static void take_answer(struct tri_client_call *call, struct tri_call *stream,
                        const struct tri_call_answer *answer)
{
    (void)call;
    (void)stream;
    (void)answer;
    fail_msg("there is no answer");
}

static void take_fail(struct tri_client_call *call, const struct tri_failure *why)
{
    struct caller *caller = (struct caller *)call;
    caller->fails++;
    caller->fault = why->fault;
    (void)snprintf(caller->text, sizeof caller->text, "%s", why->text);
    if (caller->again > 0) {
        caller->again--;
        assert_int_equal(tri_client_call_open(&caller->r->conn, call), TRI_OK);
    }
}

static const struct tri_client_call_events events = {
    .on_ask = take_ask, .on_answer = take_answer, .on_fail = take_fail};

static void set_up(struct rig *r)
{
    *r = (struct rig){.room = 1};
    the_rig = r;
    r->link =
        (struct tri_client_link){.conn = &r->conn, .adapter = &r->adapter, .calls = &scripted};
    r->conn = (struct tri_client_conn){.client = &r->client,
                                       .state = TRI_CLIENT_CONN_READY,
                                       .link = &r->link,
                                       .carrier = {.http = "h2"}};
    tri_list_init(&r->client.dirty);
    tri_list_init(&r->conn.dirty);
    tri_list_init(&r->conn.waiting);
    tri_list_init(&r->conn.asked);
    tri_timeout_list_init(&r->client.answers, 1000);
}

static void call(struct rig *r, struct caller *caller)
{
    caller->r = r;
    caller->call.events = &events;
    assert_int_equal(tri_client_call_open(&r->conn, &caller->call), TRI_OK);
}

/* The adapter tells that the call that was asked last has ended. */
static void end_last(struct rig *r, bool is_retryable)
{
    const struct tri_call_end end = {
        .fault = TRI_FAULT_LOST, .is_retryable = is_retryable, .text = "refused"};
    r->room++;
    tri_client_conn_call_events.on_fail(&r->conn, &r->asked[(r->opens - 1) % 4], &end);
}

static void what_is_refused_unlooked_at_is_asked_once_more_before_the_others(void **state)
{
    (void)state;
    struct rig r;
    struct caller first = {.asks = 0}, second = {.asks = 0};
    set_up(&r);
    call(&r, &first);
    tri_client_calls_pump(&r.conn);
    call(&r, &second);
    end_last(&r, true);
    assert_int_equal(first.fails, 0);
    assert_int_equal(r.conn.waiting_len, 2);
    assert_true(tri_list_is_linked(&r.conn.dirty)); /* the turn's end looks at it */
    tri_client_calls_pump(&r.conn);
    assert_int_equal(first.asks, 2);
    assert_int_equal(second.asks, 0);
    end_last(&r, true); /* twice is enough */
    assert_int_equal(first.fails, 1);
    assert_int_equal(first.fault, TRI_FAULT_LOST);
    tri_client_calls_pump(&r.conn);
    end_last(&r, false); /* it was looked at */
    assert_int_equal(second.asks, 1);
    assert_int_equal(second.fails, 1);
    assert_int_equal(r.conn.waiting_len, 0);
    assert_true(tri_timeout_list_deadline_ns(&r.client.answers) == UINT64_MAX);
}

static void behind_goaway_nothing_is_asked_again_and_nothing_waits(void **state)
{
    (void)state;
    struct rig r;
    struct caller asked = {.asks = 0}, waiting = {.asks = 0}, late = {.call = {.events = &events}};
    set_up(&r);
    call(&r, &asked);
    tri_client_calls_pump(&r.conn);
    call(&r, &waiting);
    tri_client_calls_pump(&r.conn);
    assert_int_equal(waiting.fails, 0); /* there may be room again */
    r.is_going = true;
    end_last(&r, true);
    assert_int_equal(asked.fails, 1);
    tri_client_calls_pump(&r.conn);
    assert_int_equal(waiting.fails, 1);
    assert_int_equal(waiting.fault, TRI_FAULT_LOST);
    assert_non_null(strstr(waiting.text, "GOAWAY"));
    assert_int_equal(tri_client_call_open(&r.conn, &late.call), TRI_ERR_CLOSED);
}

/* A server that takes no head, and a program that does not give up: the others have their turn. */
static void who_opens_again_at_each_failure_waits_for_the_next_round(void **state)
{
    (void)state;
    static const char *const https[] = {"h2", "http/1.1"};
    for (size_t i = 0; i < 2; i++) {
        struct rig r;
        struct caller stubborn = {.again = 1000};
        set_up(&r);
        r.conn.carrier.http = https[i];
        r.open_error = TRI_ERR_LIMIT;
        call(&r, &stubborn);
        tri_client_calls_pump(&r.conn);
        assert_int_equal(stubborn.asks, 1);
        assert_int_equal(stubborn.fails, 1);
        assert_int_equal(stubborn.fault, TRI_FAULT_URL);
        assert_int_equal(r.conn.waiting_len, 1);
        assert_true(tri_list_is_linked(&r.conn.dirty));
    }
}

static void room_and_the_answer_are_waited_for_as_long(void **state)
{
    (void)state;
    struct rig r;
    struct caller early = {.asks = 0}, late = {.asks = 0};
    set_up(&r);
    r.room = 0;
    r.conn.state = TRI_CLIENT_CONN_OPENING;
    call(&r, &early);
    assert_true(tri_timeout_list_deadline_ns(&r.client.answers) == TRI_NEVER_NS);
    r.conn.state = TRI_CLIENT_CONN_READY; /* and now it is room that is lacking */
    r.client.sessions.now_ns = 5000;
    tri_client_calls_pump(&r.conn);
    call(&r, &late); /* between turns, when the time is an old one */
    r.client.sessions.now_ns = 5500;
    tri_client_calls_pump(&r.conn);
    tri_client_calls_expire(&r.client, 5999);
    assert_int_equal(early.fails, 0);
    tri_client_calls_expire(&r.client, 6000);
    assert_int_equal(early.fails, 1);
    assert_int_equal(early.fault, TRI_FAULT_TIMEOUT);
    assert_non_null(strstr(early.text, "no room"));
    assert_int_equal(r.conn.waiting_len, 1);
    tri_client_calls_expire(&r.client, 6499);
    assert_int_equal(late.fails, 0);
    r.room = 1;
    r.client.sessions.now_ns = 6400;
    tri_client_calls_pump(&r.conn);
    assert_int_equal(late.asks, 1);
    tri_client_calls_expire(&r.client, 7399); /* from when it was asked */
    assert_int_equal(late.fails, 0);
    tri_client_calls_expire(&r.client, 7400);
    assert_int_equal(late.fault, TRI_FAULT_TIMEOUT);
    assert_non_null(strstr(late.text, "did not answer"));
    assert_int_equal(r.cancels, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_refused_unlooked_at_is_asked_once_more_before_the_others),
        cmocka_unit_test(behind_goaway_nothing_is_asked_again_and_nothing_waits),
        cmocka_unit_test(who_opens_again_at_each_failure_waits_for_the_next_round),
        cmocka_unit_test(room_and_the_answer_are_waited_for_as_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
