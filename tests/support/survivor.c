/* See survivor.h. */
#include "survivor.h"

#include "base_random.h"
#include "http_body.h"

#include <assert.h>
#include <stdlib.h>

uint8_t survivor_page_byte(size_t at)
{
    return (uint8_t)('a' + at % 26);
}

/* ---- sockets */

static void echo(void *owner, enum tri_type type, const uint8_t *data, size_t len)
{
    const struct survivor_socket *socket = owner;
    if (tri_session_send(socket->session, type, data, len) == TRI_ERR_NOMEM) {
        tri_session_abort(socket->session);
    }
}

static void end(void *owner, const struct tri_ws_end *how)
{
    (void)how;
    struct survivor_socket *socket = owner;
    assert(socket->session);
    socket->session = NULL;
    socket->owner->closes++;
}

static const struct tri_session_events session_events = {.on_message = echo, .on_close = end};

/* For want of memory; and if there is none for this either, the stream ends by itself. */
static void refuse(struct tri_exchange *x)
{
    const struct tri_response response = {
        .answer = TRI_ANSWER_PLAIN, .status = 503, .content_length = 0};
    const enum tri_err err = x->ops->respond(x, &response);
    assert(err == TRI_OK || err == TRI_ERR_NOMEM);
    (void)err;
}

static void accept_socket(struct survivor *s, struct tri_exchange *x)
{
    assert(s->sockets_len < SURVIVOR_REQUESTS_MAX);
    struct survivor_socket *socket = &s->sockets[s->sockets_len++];
    *socket = (struct survivor_socket){.owner = s};
    const struct tri_session_setup setup = {.role = TRI_SESSION_SERVER,
                                            .stream = &x->stream,
                                            .events = &session_events,
                                            .owner = socket};
    if (tri_session_new(&socket->session, &s->worker, &setup) != TRI_OK) {
        socket->session = NULL;
        refuse(x);
        return;
    }
    const struct tri_response response = {.answer = TRI_ANSWER_WEBSOCKET,
                                          .content_length = TRI_LENGTH_NONE,
                                          .events = &tri_session_stream_events,
                                          .session = socket->session};
    if (x->ops->respond(x, &response) != TRI_OK) {
        tri_session_discard(socket->session);
        socket->session = NULL;
        return;
    }
    s->opens++;
}

/* ---- pages */

static void give_page(struct survivor *s, struct tri_exchange *x)
{
    uint8_t page[SURVIVOR_PAGE_BYTES];
    for (size_t i = 0; i < sizeof page; i++) {
        page[i] = survivor_page_byte(i);
    }
    struct tri_http_body *body;
    if (tri_http_body_new_copy(&body, &s->alloc.alloc, &x->stream, page, sizeof page) != TRI_OK) {
        refuse(x);
        return;
    }
    const struct tri_response response = {.answer = TRI_ANSWER_PLAIN,
                                          .status = 200,
                                          .content_length = sizeof page,
                                          .events = &tri_http_body_stream_events,
                                          .session = body};
    if (x->ops->respond(x, &response) != TRI_OK) {
        tri_http_body_discard(body);
    }
}

/* ---- what the connection tells */

static void on_request(void *user, struct tri_exchange *x, const struct tri_request_head *head)
{
    struct survivor *s = user;
    if (head->protocol.len > 0) {
        accept_socket(s, x);
    } else if (tri_slice_equal(head->path, TRI_SLICE("/late"))) {
        assert(!s->late);
        s->late = x;
    } else {
        give_page(s, x);
    }
}

static void on_cancel(void *user, struct tri_exchange *x)
{
    struct survivor *s = user;
    s->late = s->late == x ? NULL : s->late;
}

static void on_wake(void *user)
{
    (void)user;
}

const struct tri_exchange_events survivor_events = {
    .on_request = on_request, .on_cancel = on_cancel, .on_wake = on_wake};

/* ---- life */

bool survivor_init(struct survivor *s, size_t fail_at)
{
    *s = (struct survivor){.late = NULL};
    test_alloc_init(&s->alloc);
    s->alloc.fail_at = fail_at;
    tri_limits_default(&s->limits);
    if (tri_session_worker_init(&s->worker, &s->alloc.alloc, &s->limits, tri_random_system()) ==
        TRI_OK) {
        return true;
    }
    assert(s->alloc.live == 0);
    return false;
}

void survivor_deinit(struct survivor *s)
{
    assert(!s->late);
    assert(s->opens == s->closes);
    tri_session_worker_deinit(&s->worker);
    assert(s->alloc.live == 0);
}

void survivor_turn(struct survivor *s, uint64_t now_ns)
{
    if (s->late) {
        struct tri_exchange *x = s->late;
        s->late = NULL;
        give_page(s, x);
    }
    tri_session_worker_expire(&s->worker, now_ns);
}

void survivor_close_all(struct survivor *s)
{
    for (size_t i = 0; i < s->sockets_len; i++) {
        struct tri_session *session = s->sockets[i].session;
        if (session && tri_session_close(session, 1001, TRI_SLICE("")) != TRI_OK) {
            tri_session_abort(session);
        }
    }
}
