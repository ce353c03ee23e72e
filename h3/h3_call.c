/* See h3_call.h. */
#include "h3_call.h"

#include "h3_client_end.h"
#include "h3_client_internal.h"
#include "h3_output.h"
#include "h3_priority.h"

#include <assert.h>

#define OWN_FIELDS 5u /* :method, :protocol, :scheme, :authority, :path */
#define FIELDS_MAX ((size_t)TRI_REQUEST_FIELDS_MAX)
#define FIELD_OVERHEAD_BYTES 32u /* RFC 9114 section 4.2.2 */

/* As much as our own server takes; nghttp3 holds it until the server has acknowledged it. */
#define HEAD_BYTES_MAX                                                                             \
    (TRI_REQUEST_HEAD_BYTES_MAX + (OWN_FIELDS + FIELDS_MAX) * FIELD_OVERHEAD_BYTES)

static const struct tri_call_config *config_of(const struct tri_h3_stream *s)
{
    return &s->conn->shared->client->config;
}

/* ---- asking */

struct head {
    nghttp3_nv nva[OWN_FIELDS + FIELDS_MAX];
    size_t len;
    uint64_t bytes; /* as SETTINGS count them */
};

static void add_field(struct head *h, struct tri_slice name, struct tri_slice value)
{
    assert(h->len < sizeof h->nva / sizeof *h->nva);
    h->nva[h->len++] = (nghttp3_nv){
        .name = name.data,
        .value = value.data,
        .namelen = name.len,
        .valuelen = value.len,
        .flags = NGHTTP3_NV_FLAG_NONE, /* nghttp3 copies */
    };
    h->bytes += name.len + value.len + FIELD_OVERHEAD_BYTES;
}

/* RFC 9220 section 3, RFC 8441 section 4 */
static void fill_head(struct head *h, const struct tri_call_request *r)
{
    h->len = 0;
    h->bytes = 0;
    add_field(h, TRI_SLICE(":method"), TRI_SLICE("CONNECT"));
    add_field(h, TRI_SLICE(":protocol"), TRI_SLICE("websocket"));
    add_field(h, TRI_SLICE(":scheme"), TRI_SLICE("https"));
    add_field(h, TRI_SLICE(":authority"), r->authority);
    add_field(h, TRI_SLICE(":path"), r->path);
    for (size_t i = 0; i < r->fields_len; i++) {
        add_field(h, r->fields[i].name, r->fields[i].value);
    }
}

static bool may_open(const struct tri_h3_client *client)
{
    return client->is_ready && client->has_connect && !client->is_going &&
           client->conn->state < TRI_H3_NOTICED;
}

/* QUIC's stream is there, but nghttp3 has no memory for it, or not for all of it. */
static void take_back(struct tri_h3_stream *s, int64_t id)
{
    ngtcp2_conn *quic = s->conn->quic;
    (void)nghttp3_conn_close_stream(s->conn->http, id, NGHTTP3_H3_REQUEST_CANCELLED);
    (void)ngtcp2_conn_set_stream_user_data(quic, id, NULL);
    (void)ngtcp2_conn_shutdown_stream(quic, 0, id, NGHTTP3_H3_REQUEST_CANCELLED);
    tri_h3_conn_wake(s->conn);
    tri_h3_stream_drop(s);
}

static enum tri_err submit(struct tri_h3_stream *s, const struct head *head)
{
    struct tri_h3_conn *c = s->conn;
    const nghttp3_data_reader reader = {.read_data = tri_h3_output_read};
    int64_t id;
    int rv = ngtcp2_conn_open_bidi_stream(c->quic, &id, s);
    if (rv != 0) {
        tri_h3_stream_drop(s);
        return rv == NGTCP2_ERR_STREAM_ID_BLOCKED ? TRI_ERR_LIMIT : TRI_ERR_NOMEM;
    }
    if (nghttp3_conn_submit_request(c->http, id, head->nva, head->len, &reader, s) != 0) {
        take_back(s, id);
        return TRI_ERR_NOMEM;
    }
    tri_h3_stream_register(s, id);
    tri_h3_conn_wake(c);
    return TRI_OK;
}

static enum tri_err open_call(struct tri_conn *conn, const struct tri_call_request *request,
                              void *owner, struct tri_call **out)
{
    struct tri_h3_client *client = tri_h3_client_of(conn);
    struct head head;
    if (!may_open(client)) {
        return TRI_ERR_CLOSED;
    }
    if (request->fields_len > FIELDS_MAX) {
        return TRI_ERR_LIMIT;
    }
    fill_head(&head, request);
    if (head.bytes > client->section_bytes_max || head.bytes > HEAD_BYTES_MAX) {
        return TRI_ERR_LIMIT;
    }
    struct tri_h3_stream *s = tri_h3_stream_new(client->conn);
    if (!s) {
        return TRI_ERR_NOMEM;
    }
    s->call.call.carrier = &s->carrier;
    s->call.call.owner = owner;
    enum tri_err err = submit(s, &head);
    if (err == TRI_OK) {
        *out = &s->call.call;
    }
    return err;
}

static void cancel(struct tri_conn *conn, struct tri_call *call)
{
    struct tri_h3_stream *s = TRI_CONTAINER_OF(call, struct tri_h3_stream, call.call);
    assert(s->conn->shared->client == tri_h3_client_of(conn) && s->phase == TRI_H3_HEAD);
    s->call.is_forgotten = true;
    tri_h3_stream_fail(s, TRI_STREAM_ABORTED, NGHTTP3_H3_REQUEST_CANCELLED);
}

static size_t room(const struct tri_conn *conn)
{
    const struct tri_h3_client *client = tri_h3_client_of((struct tri_conn *)(uintptr_t)conn);
    if (!may_open(client)) {
        return 0;
    }
    const uint64_t left = ngtcp2_conn_get_streams_bidi_left2(client->conn->quic);
    return left < SIZE_MAX ? (size_t)left : SIZE_MAX;
}

static bool is_going(const struct tri_conn *conn)
{
    const struct tri_h3_client *client = tri_h3_client_of((struct tri_conn *)(uintptr_t)conn);
    return client->is_going || client->conn->state >= TRI_H3_NOTICED;
}

static struct tri_call_end end(const struct tri_conn *conn)
{
    return tri_h3_client_of((struct tri_conn *)(uintptr_t)conn)->end;
}

const struct tri_call_ops tri_h3_client_calls = {
    .open = open_call,
    .cancel = cancel,
    .room = room,
    .is_going = is_going,
    .end = end,
};

/* ---- the answer */

void tri_h3_call_status(struct tri_h3_stream *s, struct tri_slice value)
{
    uint16_t status = 0;
    for (size_t i = 0; i < value.len && i < 3; i++) {
        status = (uint16_t)(status * 10 + (value.data[i] - '0') % 10);
    }
    s->call.status = status;
}

/* RFC 9110 section 15.2: it means nothing to us, and the next head follows. */
static void pass_over(struct tri_h3_stream *s)
{
    s->call.interims++;
    if (s->call.interims > TRI_H3_INTERIMS_MAX) {
        tri_h3_stream_fail(s, TRI_STREAM_RESET, NGHTTP3_H3_EXCESSIVE_LOAD);
        return;
    }
    tri_h3_request_empty(s->request);
    s->request->err = TRI_OK;
}

static void bind_call(struct tri_h3_stream *s)
{
    s->is_websocket = true;
    s->conn->sockets_len++;
    tri_h3_stream_set_phase(s, TRI_H3_WAITING);
    tri_h3_stream_set_phase(s, TRI_H3_BOUND); /* whoever is bound may use it at once */
    tri_h3_priority_apply(s);
    tri_h3_stream_mark(s);
}

/* The owner wants nothing more of it, or may not have it. */
static void leave(struct tri_h3_stream *s)
{
    s->call.is_forgotten = true;
    s->x.stream.events = NULL;
    tri_h3_stream_fail(s, TRI_STREAM_ABORTED, NGHTTP3_H3_REQUEST_CANCELLED);
}

static void tell_answer(struct tri_h3_stream *s)
{
    const struct tri_call_config *config = config_of(s);
    const struct tri_call_answer answer = {
        .is_accepted = s->call.status / 100 == 2,
        .status = s->call.status,
        .fields = s->request->head.fields,
        .fields_len = s->request->head.fields_len,
    };
    if (answer.is_accepted) {
        bind_call(s);
    }
    config->events->on_answer(config->user, &s->call.call, &answer);
    if (!answer.is_accepted || !s->x.stream.events) {
        leave(s);
    } else if (s->call.was_stopped) {
        tri_h3_stream_fail(s, TRI_STREAM_RESET, NGHTTP3_H3_REQUEST_CANCELLED);
    }
}

void tri_h3_call_head(struct tri_h3_stream *s)
{
    if (s->call.status / 100 == 1) {
        pass_over(s);
        return;
    }
    const enum tri_err err = tri_h3_request_finish(s->request);
    if (err == TRI_OK) {
        tell_answer(s);
    } else if (err == TRI_ERR_LIMIT) {
        tri_h3_stream_fail(s, TRI_STREAM_RESET, NGHTTP3_H3_EXCESSIVE_LOAD);
    } else {
        tri_h3_stream_fail(s, TRI_STREAM_ABORTED, NGHTTP3_H3_INTERNAL_ERROR);
    }
}

/* ---- the end without one */

static struct tri_call_end lost(uint64_t code, bool is_retryable, const char *text)
{
    return (struct tri_call_end){
        .fault = TRI_FAULT_LOST, .code = code, .is_retryable = is_retryable, .text = text};
}

static struct tri_call_end end_with_conn(const struct tri_h3_stream *s)
{
    const struct tri_call_end *end = &s->conn->shared->client->end;
    return end->fault != TRI_FAULT_NONE ? *end
                                        : lost(end->code, false, "the connection was closed");
}

static struct tri_call_end end_of(const struct tri_h3_stream *s, enum tri_stream_cause cause)
{
    const struct tri_h3_call *call = &s->call;
    if (call->is_refused) { /* RFC 9114 section 5.2 */
        return lost(0, true, "the server is going away");
    }
    if (cause == TRI_STREAM_CONN_LOST) {
        return end_with_conn(s);
    }
    if (call->was_reset) { /* RFC 9114 section 4.1.1 */
        return lost(call->peer_code, call->peer_code == NGHTTP3_H3_REQUEST_REJECTED,
                    tri_h3_client_code_text(call->peer_code));
    }
    if (s->ending && cause == TRI_STREAM_ABORTED) {
        return (struct tri_call_end){.fault = TRI_FAULT_MEMORY, .text = ""};
    }
    if (s->ending) {
        return (struct tri_call_end){.fault = TRI_FAULT_PROTOCOL,
                                     .text = "its answer is no answer of HTTP/3"};
    }
    return lost(0, false, "the stream ended without an answer");
}

void tri_h3_call_end(struct tri_h3_stream *s, enum tri_stream_cause cause)
{
    if (!s->call.is_forgotten) {
        const struct tri_call_config *config = config_of(s);
        const struct tri_call_end end = end_of(s, cause);
        s->call.is_forgotten = true;
        config->events->on_fail(config->user, &s->call.call, &end);
    }
}

/* ---- what the server says of the connection */

void tri_h3_call_settings(struct tri_h3_conn *c, const nghttp3_proto_settings *settings)
{
    struct tri_h3_client *client = c->shared->client;
    client->is_ready = true;
    client->has_connect = settings->enable_connect_protocol != 0;
    client->section_bytes_max = settings->max_field_section_size;
    client->config.events->on_ready(client->config.user, client->has_connect);
}

/* RFC 9114 section 5.2: those from |id| on were not and will not be looked at. */
void tri_h3_call_goaway(struct tri_h3_conn *c, int64_t id)
{
    c->shared->client->is_going = true;
    for (struct tri_list *node = c->streams.next; node != &c->streams; node = node->next) {
        struct tri_h3_stream *s = TRI_CONTAINER_OF(node, struct tri_h3_stream, node);
        if (s->id >= id && !s->ending) {
            s->call.is_refused = true;
            tri_h3_stream_fail(s, TRI_STREAM_RESET, NGHTTP3_H3_REQUEST_CANCELLED);
        }
    }
}

void tri_h3_call_room(struct tri_h3_conn *c)
{
    const struct tri_call_config *config = &c->shared->client->config;
    if (c->shared->client->is_ready && config->events->on_room) {
        config->events->on_room(config->user);
    }
}
