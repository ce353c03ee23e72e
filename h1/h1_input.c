#include <assert.h>

#include "base_timeout.h"
#include "h1_state.h"
#include "http_upgrade.h"

/* A WebSocket was asked for and the handler has not decided: what comes may be frames. */
static bool is_upgrade_pending(const struct tri_h1_conn *c)
{
    return c->state == TRI_H1_WAIT && c->reader.head.request.protocol.len > 0;
}

static void arm_request_timeout(struct tri_h1_conn *c)
{
    c->deadline_ns = c->now_ns + c->config.limits->request_timeout_ms * TRI_NS_PER_MS;
}

static void announce_request(struct tri_h1_conn *c)
{
    tri_h1_conn_set_state(c, TRI_H1_WAIT);
    c->config.carrier.stream_id = c->requests++;
    c->is_answered = false;
    c->exchange.status = 0;
    c->is_fin_told = false;
    c->is_fin_seen = false;
    c->unconsumed = 0;
    c->is_choked = false;
    c->exchange = (struct tri_exchange){
        .stream = {.ops = &tri_h1_stream_ops},
        .ops = &tri_h1_exchange_ops,
        .carrier = &c->config.carrier,
    };
    c->config.events->on_request(c->config.user, &c->exchange, &c->reader.head.request);
}

static void send_continue(struct tri_h1_conn *c)
{
    const struct tri_slice text = TRI_SLICE("HTTP/1.1 100 Continue\r\n\r\n");
    if (tri_buf_append(&c->out, text.data, text.len) != TRI_OK) {
        tri_h1_conn_cut(c, TRI_ERR_NOMEM, TRI_STREAM_ABORTED);
        return;
    }
    tri_h1_conn_wake(c);
}

/* The handler hears of a request when its body is gone, so that it never has to take it back. */
static void drop_body(struct tri_h1_conn *c)
{
    const struct tri_h1_head *head = &c->reader.head;
    if (!head->is_chunked && head->body_len > TRI_REQUEST_BODY_BYTES_MAX) {
        tri_h1_conn_fail(c, TRI_ERR_LIMIT, 413);
        return;
    }
    if (head->is_chunked) {
        tri_h1_body_init_chunked(&c->body);
    } else {
        tri_h1_body_init_length(&c->body, head->body_len);
    }
    tri_h1_conn_set_state(c, TRI_H1_DROP);
    arm_request_timeout(c);
    if (head->expects_continue) {
        send_continue(c); /* RFC 9110 section 10.1.1 */
    }
}

/* The head is complete: what is it that is asked for? */
static void begin_request(struct tri_h1_conn *c)
{
    struct tri_h1_head *head = &c->reader.head;
    if (head->request.scheme.len == 0) {
        const bool is_tls = c->config.carrier.tls_version[0] != '\0';
        head->request.scheme = is_tls ? TRI_SLICE("https") : TRI_SLICE("http");
    }
    const enum tri_err err = tri_upgrade_normalise(&head->request, &c->key);
    const bool is_upgrade = head->request.protocol.len > 0;
    /* RFC 6455 section 4.2.1: HTTP/1.1 or higher. */
    if (err != TRI_OK || (is_upgrade && head->minor == 0)) {
        tri_h1_conn_fail(c, TRI_ERR_PROTOCOL, 400);
        return;
    }
    /* RFC 9931: what stands behind an upgrade that is not accepted was never meant as a request, so
     * such a response is the last one. An accepted one is none. */
    if (!head->keeps_alive || is_upgrade) {
        c->is_closing = true;
    }
    if (head->is_chunked || head->body_len > 0) {
        drop_body(c);
        return;
    }
    announce_request(c);
}

static size_t take_head(struct tri_h1_conn *c, const uint8_t *data, size_t len)
{
    const bool had_begun = tri_h1_reader_has_begun(&c->reader);
    size_t used;
    const enum tri_err err = tri_h1_reader_feed(&c->reader, data, len, &used);
    if (err == TRI_ERR_NOMEM) {
        tri_h1_conn_cut(c, err, TRI_STREAM_ABORTED);
        return len;
    }
    if (err == TRI_ERR_PROTOCOL || err == TRI_ERR_LIMIT) {
        tri_h1_conn_fail(c, err, c->reader.status);
        return len;
    }
    if (!had_begun && tri_h1_reader_has_begun(&c->reader)) {
        arm_request_timeout(c);
    }
    if (err == TRI_OK) {
        begin_request(c);
    }
    return used;
}

static size_t take_body(struct tri_h1_conn *c, const uint8_t *data, size_t len)
{
    size_t used;
    const enum tri_err err = tri_h1_body_feed(&c->body, data, len, &used);
    if (err == TRI_ERR_PROTOCOL || err == TRI_ERR_LIMIT) {
        tri_h1_conn_fail(c, err, c->body.status);
        return len;
    }
    if (err == TRI_OK) {
        announce_request(c);
    }
    return used;
}

static size_t give_to_tenant(struct tri_h1_conn *c, const uint8_t *data, size_t len)
{
    if (!c->abort_asked) {
        c->unconsumed += len;
        if (c->unconsumed >= TRI_H1_UNCONSUMED_BYTES_MAX) {
            c->is_choked = true;
        }
        c->exchange.stream.events->on_data(c->exchange.stream.session, data, len);
    }
    return len;
}

/* Takes what the state is ready for off the front; 0: it is not its turn yet. */
static size_t take_some(struct tri_h1_conn *c, const uint8_t *data, size_t len)
{
    switch (c->state) {
    case TRI_H1_HEAD:
        return take_head(c, data, len);
    case TRI_H1_DROP:
        return take_body(c, data, len);
    case TRI_H1_WAIT:
    case TRI_H1_BODY:
        /* Row U6: behind the last request there is nothing to parse. */
        return c->is_closing && !is_upgrade_pending(c) ? len : 0;
    case TRI_H1_TUNNEL:
        return give_to_tenant(c, data, len);
    case TRI_H1_FAIL:
    case TRI_H1_DONE:
        return len;
    }
    assert(false);
    return len;
}

static size_t take_all(struct tri_h1_conn *c, const uint8_t *data, size_t len)
{
    size_t used = 0;
    while (used < len) {
        const size_t part = take_some(c, data + used, len - used);
        if (part == 0) {
            break;
        }
        used += part;
    }
    assert(used <= len);
    return used;
}

/* Over the limit, frames that nobody may read yet end the request, while a pipelined request is
 * only dropped: RFC 9112 section 9.3.2 lets its client send it again on another connection. */
static void refuse_to_hold(struct tri_h1_conn *c)
{
    if (is_upgrade_pending(c)) {
        tri_h1_conn_fail(c, TRI_ERR_LIMIT, 400);
        return;
    }
    c->is_closing = true;
    tri_buf_deinit(&c->held);
}

static void hold(struct tri_h1_conn *c, const uint8_t *data, size_t len)
{
    const enum tri_err err = tri_buf_append(&c->held, data, len);
    if (err == TRI_ERR_NOMEM) {
        tri_h1_conn_cut(c, err, TRI_STREAM_ABORTED);
    } else if (err == TRI_ERR_LIMIT) {
        refuse_to_hold(c);
    }
}

void tri_h1_input_take(struct tri_h1_conn *c, const uint8_t *data, size_t len)
{
    assert(!c->is_eof);
    size_t used = 0;
    if (tri_buf_peek(&c->held).len == 0) {
        used = take_all(c, data, len);
    }
    if (used < len) {
        hold(c, data + used, len - used);
    }
}

/* The peer's orderly end, when all that came before it has been used. */
static void take_eof(struct tri_h1_conn *c)
{
    if (c->state == TRI_H1_HEAD || c->state == TRI_H1_DROP) {
        tri_h1_conn_finish(c); /* what has begun will never be complete */
    } else if (c->state == TRI_H1_TUNNEL && !c->is_fin_told && !c->abort_asked) {
        c->is_fin_told = true;
        c->exchange.stream.events->on_fin(c->exchange.stream.session);
    }
}

void tri_h1_input_resume(struct tri_h1_conn *c)
{
    const struct tri_slice held = tri_buf_peek(&c->held);
    if (held.len > 0) {
        const size_t used = take_all(c, held.data, held.len);
        /* Whoever ended the connection meanwhile has emptied it. */
        if (tri_buf_peek(&c->held).len > 0) {
            tri_buf_consume(&c->held, used);
        }
    }
    if (c->is_eof && tri_buf_peek(&c->held).len == 0) {
        take_eof(c);
    }
}
