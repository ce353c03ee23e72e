/* See client_call.h, and client_conn.h for what the connection itself calls. */
#include "client_conn.h"

#include <assert.h>

#define GOING_TEXT                                                                                 \
    "the server takes no more sockets on this connection (GOAWAY): open a new connection"

static struct tri_client_call *call_of(struct tri_list *node)
{
    return TRI_CONTAINER_OF(node, struct tri_client_call, node);
}

static size_t room_of(const struct tri_client_conn *c)
{
    const bool is_up = c->state == TRI_CLIENT_CONN_READY && c->link && !c->close_asked;
    return is_up ? c->link->calls->room(c->link->adapter) : 0;
}

size_t tri_client_conn_room(const struct tri_client_conn *c)
{
    const size_t room = room_of(c);
    return room > c->waiting_len ? room - c->waiting_len : 0;
}

/* On HTTP/1.1 a connection has one socket, and no other ever comes. */
static bool is_h1(const struct tri_client_conn *c)
{
    return c->state == TRI_CLIENT_CONN_READY && strcmp(c->carrier.http, "http/1.1") == 0;
}

/* It is up, but will not take another call. */
static bool is_going(const struct tri_client_conn *c)
{
    return c->state == TRI_CLIENT_CONN_READY &&
           (!c->link || !c->link->adapter || c->link->calls->is_going(c->link->adapter));
}

enum tri_err tri_client_call_open(struct tri_client_conn *c, struct tri_client_call *call)
{
    assert(call->events && call->events->on_ask && call->events->on_answer);
    if (c->state >= TRI_CLIENT_CONN_CLOSING || c->close_asked || c->abort_asked ||
        (is_going(c) && !is_h1(c))) {
        return TRI_ERR_CLOSED;
    }
    const bool has_its_socket = is_h1(c) && tri_client_conn_room(c) == 0;
    const bool will_have = c->http == TRI_HTTP_1_1 && c->waiting_len > 0;
    if (has_its_socket || will_have || c->waiting_len >= TRI_CLIENT_WAITING_MAX) {
        return TRI_ERR_LIMIT;
    }
    call->conn = c;
    call->asked = NULL;
    call->was_refused = false;
    tri_timeout_init(&call->timeout);
    tri_list_init(&call->node);
    tri_list_append(&c->waiting, &call->node);
    c->waiting_len++;
    tri_client_conn_mark_dirty(c);
    return TRI_OK;
}

/* Off all lists: nothing knows of it any more. */
static void forget(struct tri_client_call *call)
{
    assert(tri_list_is_linked(&call->node));
    tri_list_remove(&call->node);
    tri_timeout_disarm(&call->timeout);
    call->conn->waiting_len -= call->asked == NULL;
    call->asked = NULL;
}

static void fail(struct tri_client_call *call, const struct tri_failure *why)
{
    forget(call);
    call->events->on_fail(call, why);
}

static void cancel_asked(struct tri_client_call *call)
{
    const struct tri_client_link *link = call->conn->link;
    assert(call->asked && link && link->adapter);
    link->calls->cancel(link->adapter, call->asked);
    tri_client_conn_mark_dirty(call->conn);
}

void tri_client_call_cancel(struct tri_client_call *call)
{
    if (call->asked) {
        cancel_asked(call);
    }
    forget(call);
}

/* ------------------------------------------------------------------------------------- asking */

static void fail_by(struct tri_client_call *call, enum tri_fault fault, const char *text)
{
    const struct tri_failure why = {.fault = fault, .text = text};
    fail(call, &why);
}

static void start_timeout(struct tri_client_call *call)
{
    struct tri_client *client = call->conn->client;
    tri_timeout_arm(&client->answers, &call->timeout, client->sessions.now_ns);
}

static void ask(struct tri_client_conn *c, struct tri_client_call *call)
{
    struct tri_call_request request = {.authority = tri_slice_of_string(c->url.authority)};
    call->events->on_ask(call, &request);
    struct tri_call *asked = NULL;
    const enum tri_err err = c->link->calls->open(c->link->adapter, &request, call, &asked);
    if (err == TRI_OK) {
        tri_list_remove(&call->node);
        c->waiting_len--;
        call->asked = asked;
        tri_list_append(&c->asked, &call->node);
        start_timeout(call);
    } else if (err == TRI_ERR_LIMIT) {
        fail_by(call, TRI_FAULT_URL, "the path and fields are more than the connection takes");
    } else if (err == TRI_ERR_CLOSED) {
        fail_by(call, TRI_FAULT_LOST, "the connection is ending");
    } else {
        fail_by(call, TRI_FAULT_MEMORY, "memory is short");
    }
}

/* Over HTTP/1.1 whoever waits missed the one place; elsewhere the server has said GOAWAY. */
static void fail_late(struct tri_client_conn *c)
{
    if (room_of(c) > 0) {
        return;
    }
    if (is_h1(c)) {
        const struct tri_failure why = {
            .fault = TRI_FAULT_STREAMS,
            .text = "over HTTP/1.1 a connection carries one socket, and this one has it"};
        tri_client_calls_fail_waiting(c, &why);
    } else if (is_going(c)) {
        const struct tri_failure why = {.fault = TRI_FAULT_LOST, .text = GOING_TEXT};
        tri_client_calls_fail_waiting(c, &why);
    }
}

/* A server may take no streams, or none for long. The new ones are the last, and time is right only
 * within a turn: the program may have been elsewhere when it opened them. */
static void start_timeouts(struct tri_client_conn *c)
{
    for (struct tri_list *at = c->waiting.prev; at != &c->waiting; at = at->prev) {
        if (tri_list_is_linked(&call_of(at)->timeout.node)) {
            return;
        }
        start_timeout(call_of(at));
    }
}

/* Those that wait now: whoever opens another one when he is told that one failed has the next round,
 * or a server that takes no head, however small, would keep us here. */
void tri_client_calls_pump(struct tri_client_conn *c)
{
    for (size_t left = c->waiting_len; left > 0 && c->waiting_len > 0 && room_of(c) > 0; left--) {
        ask(c, call_of(c->waiting.next));
    }
    fail_late(c);
    start_timeouts(c);
}

void tri_client_calls_fail_waiting(struct tri_client_conn *c, const struct tri_failure *why)
{
    while (!tri_list_is_empty(&c->waiting)) {
        fail(call_of(c->waiting.next), why);
    }
}

void tri_client_calls_fail_asked(struct tri_client_conn *c, const struct tri_failure *why)
{
    while (!tri_list_is_empty(&c->asked)) {
        struct tri_client_call *call = call_of(c->asked.next);
        if (c->link && c->link->adapter) {
            cancel_asked(call);
        }
        fail(call, why);
    }
}

void tri_client_calls_expire(struct tri_client *client, uint64_t now_ns)
{
    for (struct tri_timeout *t = tri_timeout_list_pop(&client->answers, now_ns); t;
         t = tri_timeout_list_pop(&client->answers, now_ns)) {
        struct tri_client_call *call = TRI_CONTAINER_OF(t, struct tri_client_call, timeout);
        if (call->asked) {
            cancel_asked(call);
            fail_by(call, TRI_FAULT_TIMEOUT,
                    "the server did not answer the opening handshake in time");
        } else {
            fail_by(call, TRI_FAULT_TIMEOUT,
                    "the server had no room for another socket on this connection in time");
        }
    }
}

/* --------------------------------------------------------------------- what an adapter tells */

/* RFC 7838 section 3: on any answer, whatever its status. HTTP/3 need not be told of HTTP/3. */
static void learn_services(struct tri_client_conn *c, const struct tri_call_answer *answer)
{
    for (size_t i = 0; i < answer->fields_len; i++) {
        if (tri_slice_equal(answer->fields[i].name, TRI_SLICE("alt-svc"))) {
            tri_client_services_learn(&c->client->services, &c->url, answer->fields[i].value,
                                      c->client->sessions.now_ns);
        }
    }
}

static void take_answer(void *user, struct tri_call *asked, const struct tri_call_answer *answer)
{
    struct tri_client_conn *c = user;
    struct tri_client_call *call = asked->owner;
    assert(call->asked == asked && call->conn == c);
    learn_services(c, answer);
    forget(call);
    tri_client_conn_mark_dirty(c);
    call->events->on_answer(call, asked, answer);
}

/* To the front of those that wait: it was before them. */
static void ask_again(struct tri_client_call *call)
{
    struct tri_client_conn *c = call->conn;
    tri_list_remove(&call->node);
    call->asked = NULL;
    call->was_refused = true;
    start_timeout(call);
    tri_list_append(c->waiting.next, &call->node);
    c->waiting_len++;
}

static void take_fail(void *user, struct tri_call *asked, const struct tri_call_end *end)
{
    struct tri_client_conn *c = user;
    struct tri_client_call *call = asked->owner;
    assert(call->asked == asked && call->conn == c);
    tri_client_conn_mark_dirty(c);
    if (end->is_retryable && !call->was_refused && !is_going(c) && !c->close_asked &&
        c->state == TRI_CLIENT_CONN_READY) {
        ask_again(call);
        return;
    }
    struct tri_client_fault fault;
    tri_client_fault_of_end(&fault, end, "the opening handshake", c->url.authority);
    if (fault.fault == TRI_FAULT_NONE) {
        fault.fault = TRI_FAULT_LOST;
    }
    const struct tri_failure why = tri_client_fault_tell(&fault);
    fail(call, &why);
}

static void take_ready(void *user, bool connect)
{
    struct tri_client_conn *c = user;
    assert(c->state == TRI_CLIENT_CONN_OPENING);
    c->link->ops->progress(c->link);
    tri_client_conn_mark_dirty(c);
    if (connect) {
        tri_client_conn_up(c);
    } else {
        c->lacks_connect = true;
    }
}

static void take_wake(void *user)
{
    tri_client_conn_mark_dirty(user);
}

const struct tri_call_events tri_client_conn_call_events = {
    .on_ready = take_ready,
    .on_answer = take_answer,
    .on_fail = take_fail,
    .on_room = take_wake,
    .on_wake = take_wake,
};
