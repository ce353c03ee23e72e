/*
 * Sockets that a program opens: tri_client_open of trisock.h. The opening handshake is a call
 * (client_call.h), its fields and answer are http_offer's, and what comes of it is a struct tri_ws
 * (socket_ws.h) in the client's role.
 */
#include "client_conn.h"
#include "http_offer.h"

#include <assert.h>
#include <stdio.h>

/* What was asked for, until there is an answer. */
struct opening {
    struct tri_client_call call; /* first */
    struct tri_offer offer;      /* its string is a copy */
    enum tri_slow slow;
    const struct tri_ws_handler *handler;
    void (*on_fail)(void *user, const struct tri_failure *why);
    void *user;
    struct tri_slice path; /* a copy, as the fields are */
    size_t fields_len;     /* the program's, Origin among them; the offer's come behind */
    struct tri_field fields[TRI_OFFER_FIELDS_MAX + 1 + TRI_OFFER_OWN_FIELDS_MAX];
    char strings[];
};

static struct opening *opening_of(struct tri_client_call *call)
{
    return TRI_CONTAINER_OF(call, struct opening, call);
}

static struct tri_client *client_of(const struct opening *o)
{
    return o->call.conn->client;
}

/* The program is told last: it may do anything. */
static void end_by(struct opening *o, const struct tri_failure *why)
{
    void (*on_fail)(void *, const struct tri_failure *) = o->on_fail;
    void *user = o->user;
    tri_alloc_release(client_of(o)->config.alloc, o);
    if (on_fail) {
        on_fail(user, why);
    }
}

static void end_by_text(struct opening *o, enum tri_fault fault, const char *text)
{
    const struct tri_failure why = {.fault = fault, .text = text};
    end_by(o, &why);
}

/* ------------------------------------------------------------------------ what the call tells */

/* A used-up budget costs a socket its memory, not its life. */
static void take_ask(struct tri_client_call *call, struct tri_call_request *out)
{
    struct opening *o = opening_of(call);
    if (o->offer.deflate == TRI_DEFLATE_DEDICATED &&
        !tri_deflate_worker_has_room(&client_of(o)->sessions.deflate)) {
        o->offer.deflate = TRI_DEFLATE_SHARED;
    }
    out->path = o->path;
    out->fields = o->fields;
    out->fields_len = o->fields_len + tri_offer_fields(&o->offer, o->fields + o->fields_len);
}

static void take_fail(struct tri_client_call *call, const struct tri_failure *why)
{
    end_by(opening_of(call), why);
}

static void refuse(struct opening *o, int status)
{
    char text[96];
    (void)snprintf(text, sizeof text, "the server refused the opening handshake with status %d",
                   status);
    const struct tri_failure why = {.fault = TRI_FAULT_STATUS, .status = status, .text = text};
    end_by(o, &why);
}

static struct tri_ws *make_ws(struct opening *o, struct tri_call *stream,
                              const struct tri_offer_answer *agreed)
{
    struct tri_client_conn *c = o->call.conn;
    const struct tri_ws_setup setup = {
        .role = TRI_SESSION_CLIENT,
        .stream = &stream->stream,
        .metrics = tri_client_conn_metrics(c),
        .carrier = stream->carrier,
        .handler = o->handler,
        .user = o->user,
        .owner = c,
        .slow = o->slow,
        .deflate = agreed->deflate,
        .subprotocol = agreed->subprotocol,
    };
    return tri_ws_new(&c->client->ws_host, &setup);
}

static void open_ws(struct opening *o, struct tri_call *stream, struct tri_ws *ws)
{
    struct tri_client_conn *c = o->call.conn;
    stream->stream.events = &tri_session_stream_events;
    stream->stream.session = ws->session;
    ws->id = ++c->client->sockets_made;
    tri_list_append(&c->sockets, &ws->node);
    ws->metrics->sockets_opened++;
    tri_ws_log_open(ws, o->path);
    tri_alloc_release(c->client->config.alloc, o);
    if (ws->handler->on_open) {
        ws->handler->on_open(ws->user, ws);
    }
}

/* Where nothing is bound the stream is reset. */
static void take_answer(struct tri_client_call *call, struct tri_call *stream,
                        const struct tri_call_answer *answer)
{
    struct opening *o = opening_of(call);
    struct tri_session_worker *sessions = &client_of(o)->sessions;
    if (!answer->is_accepted) {
        refuse(o, answer->status);
        return;
    }
    struct tri_offer_answer agreed;
    const char *text = NULL;
    const unsigned window_bits = sessions->limits->deflate_window_bits;
    if (tri_offer_read_answer(&o->offer, window_bits, answer, &agreed, &text) != TRI_OK) {
        end_by_text(o, TRI_FAULT_HANDSHAKE, text);
        return;
    }
    if (agreed.deflate.mode == TRI_DEFLATE_DEDICATED &&
        !tri_deflate_worker_has_room(&sessions->deflate)) {
        end_by_text(o, TRI_FAULT_MEMORY, "the memory of dedicated compressors is used up");
        return;
    }
    struct tri_ws *ws = make_ws(o, stream, &agreed);
    if (!ws) {
        end_by_text(o, TRI_FAULT_MEMORY, "memory is short");
        return;
    }
    open_ws(o, stream, ws);
}

static const struct tri_client_call_events call_events = {
    .on_ask = take_ask, .on_answer = take_answer, .on_fail = take_fail};

static void take_ws_closed(struct tri_ws *ws)
{
    struct tri_client_conn *c = ws->owner;
    tri_list_remove(&ws->node);
    tri_client_conn_mark_dirty(c); /* the last socket lets a connection end that is closing */
}

void tri_client_ws_host_init(struct tri_ws_host *host, struct tri_client *client)
{
    *host = (struct tri_ws_host){
        .alloc = client->config.alloc,
        .log = &client->config.log,
        .sessions = &client->sessions,
        .loop = client->loop,
        .on_closed = take_ws_closed,
    };
}

/* ------------------------------------------------------------------------------------- asking */

static const char *check(const struct tri_client_ws_setup *setup)
{
    if (!setup->handler || (setup->handler->on_message && setup->handler->on_fragment)) {
        return "there is no handler, or it has both on_message and on_fragment";
    }
    const char *text = tri_offer_check_path(setup->path);
    text = text ? text : tri_offer_check_headers(setup->headers, setup->headers_len);
    text = text ? text : tri_offer_check_subprotocols(setup->subprotocols);
    return text || !setup->origin ? text : tri_offer_check_value(setup->origin);
}

static size_t strings_len(const struct tri_client_ws_setup *setup)
{
    size_t len = strlen(setup->path) + 1;
    len += setup->origin ? strlen(setup->origin) + 1 : 0;
    len += setup->subprotocols ? strlen(setup->subprotocols) + 1 : 0;
    for (size_t i = 0; i < setup->headers_len; i++) {
        len += strlen(setup->headers[i].name) + strlen(setup->headers[i].value) + 2;
    }
    return len;
}

/* Copies |text| to |*at|, which moves on. */
static const char *put(char **at, const char *text)
{
    const size_t len = strlen(text) + 1;
    char *copy = memcpy(*at, text, len);
    *at += len;
    return copy;
}

static void put_field(struct opening *o, char **at, const char *name, const char *value)
{
    o->fields[o->fields_len++] = (struct tri_field){.name = tri_slice_of_string(put(at, name)),
                                                    .value = tri_slice_of_string(put(at, value))};
}

static struct opening *make_opening(const struct tri_alloc *alloc,
                                    const struct tri_client_ws_setup *setup)
{
    static const char origin[] = "origin";
    struct opening *o = tri_alloc_get(alloc, sizeof *o + strings_len(setup) + sizeof origin);
    if (!o) {
        return NULL;
    }
    *o = (struct opening){
        .call = {.events = &call_events},
        .offer = {.deflate = setup->deflate},
        .slow = setup->slow,
        .handler = setup->handler,
        .on_fail = setup->on_fail,
        .user = setup->user,
    };
    char *at = o->strings;
    o->path = tri_slice_of_string(put(&at, setup->path));
    o->offer.subprotocols = setup->subprotocols ? put(&at, setup->subprotocols) : NULL;
    if (setup->origin) {
        put_field(o, &at, origin, setup->origin);
    }
    for (size_t i = 0; i < setup->headers_len; i++) {
        put_field(o, &at, setup->headers[i].name, setup->headers[i].value);
    }
    return o;
}

static const char *text_of(enum tri_err err)
{
    switch (err) {
    case TRI_ERR_LIMIT:
        return "the connection takes no more sockets";
    case TRI_ERR_CLOSED:
        return "the connection is ending";
    default:
        return "memory is short";
    }
}

enum tri_err tri_client_open(struct tri_client_conn *c, const struct tri_client_ws_setup *setup,
                             char *error, size_t error_max)
{
    assert(c && setup);
    const struct tri_alloc *alloc = c->client->config.alloc;
    const char *text = check(setup);
    enum tri_err err = text ? TRI_ERR_INVALID : TRI_OK;
    if (!text) {
        struct opening *o = make_opening(alloc, setup);
        err = o ? tri_client_call_open(c, &o->call) : TRI_ERR_NOMEM;
        if (err != TRI_OK) {
            tri_alloc_release(alloc, o);
            text = text_of(err);
        }
    }
    if (error && error_max > 0) {
        (void)snprintf(error, error_max, "%s", text ? text : "");
    }
    return err;
}
