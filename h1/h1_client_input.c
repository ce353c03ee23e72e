#include <assert.h>

#include "base_limits.h"
#include "h1_client_state.h"

/* The final answer, which is not the one that was hoped for; its body is not read. */
static void refuse(struct tri_h1_client *c)
{
    const struct tri_call_answer answer = {
        .status = c->answer.status,
        .fields = c->answer.fields,
        .fields_len = c->answer.fields_len,
    };
    tri_h1_client_set_state(c, TRI_H1_CLIENT_DONE);
    c->config.events->on_answer(c->config.user, &c->call, &answer);
    tri_h1_client_finish(c);
}

static void accept(struct tri_h1_client *c)
{
    const char *text = tri_h1_answer_check(&c->answer, tri_slice_of(c->key, sizeof c->key));
    if (text) {
        tri_h1_client_fail(c, TRI_ERR_PROTOCOL, TRI_FAULT_HANDSHAKE, text);
        return;
    }
    const struct tri_call_answer answer = {
        .is_accepted = true,
        .status = c->answer.status,
        .fields = c->answer.fields,
        .fields_len = c->answer.fields_len,
    };
    tri_h1_client_set_state(c, TRI_H1_CLIENT_TUNNEL);
    c->config.events->on_answer(c->config.user, &c->call, &answer);
    tri_h1_answer_reset(&c->answer); /* nobody may look at the head any more */
    if (!c->call.stream.events) {
        tri_h1_client_cut(c, TRI_STREAM_ABORTED);
    }
}

/* RFC 9110 section 15.2: a client MUST be able to take these in front of the final response. */
static void pass_over(struct tri_h1_client *c)
{
    c->interims++;
    if (c->interims > TRI_ANSWER_INTERIM_MAX) {
        tri_h1_client_fail(c, TRI_ERR_LIMIT, TRI_FAULT_PROTOCOL,
                           "there are more than 16 interim responses in front of the answer");
        return;
    }
    tri_h1_answer_reset(&c->answer);
}

static void judge(struct tri_h1_client *c)
{
    if (c->answer.status == 101) {
        accept(c);
    } else if (c->answer.status < 200) {
        pass_over(c);
    } else {
        refuse(c);
    }
}

static size_t take_head(struct tri_h1_client *c, const uint8_t *data, size_t len)
{
    size_t used;
    const enum tri_err err = tri_h1_answer_feed(&c->answer, data, len, &used);
    if (err == TRI_ERR_NOMEM) {
        c->is_aborted = true;
        tri_h1_client_fail(c, err, TRI_FAULT_MEMORY, "there was no memory for the answer");
        return len;
    }
    if (err == TRI_ERR_PROTOCOL || err == TRI_ERR_LIMIT) {
        tri_h1_client_fail(c, err, TRI_FAULT_PROTOCOL, c->answer.text);
        return len;
    }
    if (err == TRI_OK) {
        judge(c);
    }
    return used;
}

static size_t give_to_tenant(struct tri_h1_client *c, const uint8_t *data, size_t len)
{
    if (!c->abort_asked) {
        c->unconsumed += len;
        if (c->unconsumed >= TRI_H1_UNCONSUMED_BYTES_MAX) {
            c->is_choked = true;
        }
        c->call.stream.events->on_data(c->call.stream.session, data, len);
    }
    return len;
}

static size_t take_some(struct tri_h1_client *c, const uint8_t *data, size_t len)
{
    switch (c->state) {
    case TRI_H1_CLIENT_IDLE:
        tri_h1_client_fail(c, TRI_ERR_PROTOCOL, TRI_FAULT_PROTOCOL,
                           "the server spoke before it was asked anything");
        return len;
    case TRI_H1_CLIENT_ASKED:
        return take_head(c, data, len);
    case TRI_H1_CLIENT_TUNNEL:
        return give_to_tenant(c, data, len);
    case TRI_H1_CLIENT_DONE:
        return len;
    }
    assert(false);
    return len;
}

void tri_h1_client_input_take(struct tri_h1_client *c, const uint8_t *data, size_t len)
{
    assert(!c->is_eof);
    for (size_t at = 0; at < len;) {
        at += take_some(c, data + at, len - at);
        assert(at <= len);
    }
}

/* ---- the peer's end */

/* A torn TCP connection is, for the one stream on it, the peer's abort. */
static void tear(struct tri_h1_client *c)
{
    c->end = (struct tri_call_end){.fault = TRI_FAULT_LOST, .text = "the connection broke"};
    tri_h1_client_cut(c, TRI_STREAM_RESET);
}

static void tell_fin(struct tri_h1_client *c)
{
    if (!c->is_fin_told && !c->abort_asked) {
        c->is_fin_told = true;
        c->call.stream.events->on_fin(c->call.stream.session);
    }
}

void tri_h1_client_input_end(struct tri_h1_client *c, bool orderly)
{
    c->is_eof = true;
    switch (c->state) {
    case TRI_H1_CLIENT_IDLE:
        c->is_aborted = !orderly;
        tri_h1_client_finish(c);
        return;
    case TRI_H1_CLIENT_ASKED:
        c->is_aborted = !orderly;
        tri_h1_client_fail(c, TRI_OK, TRI_FAULT_LOST,
                           orderly ? "the server closed the connection without an answer"
                                   : "the connection broke before there was an answer");
        return;
    case TRI_H1_CLIENT_TUNNEL:
        if (orderly) {
            tell_fin(c);
        } else {
            tear(c);
        }
        return;
    case TRI_H1_CLIENT_DONE:
        return;
    }
    assert(false);
}
