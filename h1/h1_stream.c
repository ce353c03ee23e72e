#include <assert.h>

#include "base_list.h"
#include "h1_response.h"
#include "h1_state.h"
#include "http_status.h"
#include "http_upgrade.h"

static struct tri_h1_conn *conn_of(struct tri_stream *s)
{
    return TRI_CONTAINER_OF(s, struct tri_h1_conn, exchange.stream);
}

static void wake_write(struct tri_stream *s)
{
    tri_h1_conn_wake(conn_of(s));
}

/*
 * There is no window to open on HTTP/1.1: the socket is read, or it is not. Once it is not, half of
 * what stopped it must be gone, so that reading does not stop and go with every message.
 */
static void consume(struct tri_stream *s, size_t len)
{
    struct tri_h1_conn *c = conn_of(s);
    assert(len <= c->unconsumed);
    c->unconsumed -= len;
    if (c->is_choked && c->unconsumed <= TRI_H1_UNCONSUMED_BYTES_MAX / 2) {
        c->is_choked = false;
        tri_h1_conn_wake(c);
    }
}

static void abort_stream(struct tri_stream *s)
{
    struct tri_h1_conn *c = conn_of(s);
    c->abort_asked = true;
    tri_h1_conn_wake(c);
}

/* RFC 9218: there is nobody to share the connection with. */
static void set_urgency(struct tri_stream *s, unsigned urgency)
{
    (void)s;
    (void)urgency;
}

const struct tri_stream_ops tri_h1_stream_ops = {
    .name = "http/1.1",
    .wake_write = wake_write,
    .consume = consume,
    .abort = abort_stream,
    .set_urgency = set_urgency,
};

/* ---- respond */

static bool is_head_request(const struct tri_h1_conn *c)
{
    return tri_slice_equal(c->reader.head.request.method, TRI_SLICE("HEAD"));
}

static int choose_status(const struct tri_response *r)
{
    switch (r->answer) {
    case TRI_ANSWER_PLAIN:
        assert(r->status >= 200 && r->status <= 599);
        return r->status;
    case TRI_ANSWER_WEBSOCKET:
        return 101;
    case TRI_ANSWER_UPGRADE_NEEDED:
    case TRI_ANSWER_VERSION_NEEDED:
        return 426;
    }
    assert(false);
    return 500;
}

/* RFC 9110 section 6.4.1: these end with their head, whatever they tell. */
static bool is_bodiless(const struct tri_h1_conn *c, const struct tri_response *r)
{
    return is_head_request(c) || tri_status_is_bodiless(choose_status(r));
}

/* The length to tell, and how many bytes the tenant may send. */
static uint64_t choose_length(struct tri_h1_conn *c, const struct tri_response *r)
{
    const int status = choose_status(r);
    if (status == 101) {
        c->body_left = UINT64_MAX;
        return TRI_LENGTH_NONE;
    }
    if (is_bodiless(c, r)) {
        c->body_left = 0;
        return status == 204 ? TRI_LENGTH_NONE : r->content_length; /* RFC 9110 section 8.6 */
    }
    if (!r->events) {
        assert(r->content_length == 0 || r->content_length == TRI_LENGTH_NONE);
        c->body_left = 0;
        return 0; /* RFC 9112 section 6.3: without it the body would end with the connection */
    }
    c->body_left = r->content_length;
    if (r->content_length == TRI_LENGTH_NONE) {
        c->is_closing = true; /* and then it does: RFC 9112 section 6.3, rule 8 */
    }
    return r->content_length;
}

static enum tri_err write_head(struct tri_h1_conn *c, const struct tri_response *r)
{
    char accept[TRI_ACCEPT_LEN];
    const bool is_tunnel = r->answer == TRI_ANSWER_WEBSOCKET;
    struct tri_h1_response response = {
        .status = choose_status(r),
        .fields = r->fields,
        .fields_len = r->fields_len,
        .content_length = choose_length(c, r),
        .closes = c->is_closing && !is_tunnel,
        /* RFC 9110 section 15.5.22: a 426 names the protocol, also when the version was wrong. */
        .upgrade = r->answer == TRI_ANSWER_PLAIN ? NULL : "websocket",
        .tells_version = r->answer == TRI_ANSWER_VERSION_NEEDED, /* RFC 6455 section 4.2.2 */
    };
    if (is_tunnel) {
        assert(c->key.len > 0);
        tri_upgrade_accept(c->key, accept);
        response.accept = tri_slice_of(accept, sizeof accept);
    }
    return tri_h1_response_write(&response, &c->out);
}

static enum tri_err respond(struct tri_exchange *x, const struct tri_response *r)
{
    struct tri_h1_conn *c = conn_of(&x->stream);
    assert(c->state == TRI_H1_WAIT && !c->is_answered);
    c->is_answered = true;
    if (write_head(c, r) != TRI_OK) {
        c->abort_asked = true;
        tri_h1_conn_wake(c);
        return TRI_ERR_NOMEM;
    }
    x->status = choose_status(r);
    x->stream.events = r->events;
    x->stream.session = r->session;
    const bool is_tunnel = r->answer == TRI_ANSWER_WEBSOCKET;
    assert(!is_tunnel || r->events);
    tri_h1_conn_set_state(c, is_tunnel ? TRI_H1_TUNNEL : TRI_H1_BODY);
    tri_h1_reader_reset(&c->reader); /* nobody may look at the head any more */
    tri_h1_conn_wake(c);
    return TRI_OK;
}

const struct tri_exchange_ops tri_h1_exchange_ops = {
    .respond = respond,
};
