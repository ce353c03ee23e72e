/* The echo of the conformance suite: see the header. */
#include "conformance_echo.h"

#include "http_extensions.h"

#include <assert.h>

static void blame(struct conformance_echo *e, const char *fault)
{
    e->fault = e->fault ? e->fault : fault;
}

static void expect_ok(struct conformance_echo *e, enum tri_err err)
{
    if (err != TRI_OK) {
        blame(e, "the session refused to send");
    }
}

static void echo_message(void *owner, enum tri_type type, const uint8_t *data, size_t len)
{
    struct conformance_echo *e = owner;
    expect_ok(e, tri_session_send(e->session, type, data, len));
}

static void echo_fragment(void *owner, const struct tri_fragment *f)
{
    struct conformance_echo *e = owner;
    if (f->first == e->in_message || (e->in_message && f->type != e->type)) {
        blame(e, "pieces of messages are mixed");
        return;
    }
    if (f->len == 0 && !f->last) {
        blame(e, "an empty piece that is not the last");
    }
    if (f->first) {
        expect_ok(e, tri_session_send_begin(e->session, f->type));
    }
    if (f->len > 0) {
        expect_ok(e, tri_session_send_append(e->session, f->data, f->len));
    }
    if (f->last) {
        expect_ok(e, tri_session_send_end(e->session));
    }
    e->in_message = !f->last;
    e->type = f->type;
}

static void note_close(void *owner, const struct tri_ws_end *end)
{
    struct conformance_echo *e = owner;
    e->session = NULL;
    e->closes++;
    e->code = end->code;
}

static const struct tri_session_events whole_events = {
    .on_message = echo_message,
    .on_close = note_close,
};

static const struct tri_session_events piece_events = {
    .on_fragment = echo_fragment,
    .on_close = note_close,
};

static void agree(const struct conformance_echo_options *options,
                  const struct tri_request_head *head, struct tri_deflate_params *params)
{
    struct tri_deflate_offers offers;
    const enum tri_err err = tri_deflate_offers_parse(&offers, head);
    assert(err == TRI_OK);
    (void)err;
    tri_deflate_agree(&offers, options->mode, options->worker->limits->deflate_window_bits, params);
}

void conformance_echo_accept(struct conformance_echo *e, struct tri_exchange *x,
                             const struct tri_request_head *head,
                             const struct conformance_echo_options *options)
{
    char answer[TRI_DEFLATE_ANSWER_MAX];
    struct tri_session_setup setup = {
        .role = TRI_SESSION_SERVER,
        .stream = &x->stream,
        .events = options->in_pieces ? &piece_events : &whole_events,
        .owner = e,
    };
    agree(options, head, &setup.deflate);
    const bool is_agreed = setup.deflate.mode != TRI_DEFLATE_OFF;
    struct tri_field field = {.name = TRI_SLICE("sec-websocket-extensions")};
    if (is_agreed) {
        field.value = tri_slice_of(answer, tri_deflate_answer(&setup.deflate, answer));
    }
    enum tri_err err = tri_session_new(&e->session, options->worker, &setup);
    assert(err == TRI_OK);
    err = x->ops->respond(x, &(struct tri_response){.answer = TRI_ANSWER_WEBSOCKET,
                                                    .fields = &field,
                                                    .fields_len = is_agreed,
                                                    .content_length = TRI_LENGTH_NONE,
                                                    .events = &tri_session_stream_events,
                                                    .session = e->session});
    assert(err == TRI_OK);
    (void)err;
}
