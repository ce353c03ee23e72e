/* See contract_sockets.h. */
#include "contract_sockets.h"

#include "base_random.h"
#include "base_timeout.h"

#include <stdlib.h>

static void on_request(struct contract *c, struct tri_exchange *x,
                       const struct tri_request_head *head)
{
    (void)head;
    struct contract_sockets *s = c->extra;
    assert_true(s->len < FIXTURE_STREAMS_MAX);
    struct contract_socket *socket = &s->all[s->len++];
    s->worker.now_ns = c->t->now_ns(c->f);
    const struct tri_session_setup setup = {
        .role = TRI_SESSION_SERVER, .stream = &x->stream, .events = s->events, .owner = socket};
    assert_int_equal(tri_session_new(&socket->session, &s->worker, &setup), TRI_OK);
    const struct tri_response response = {.answer = TRI_ANSWER_WEBSOCKET,
                                          .content_length = TRI_LENGTH_NONE,
                                          .events = &tri_session_stream_events,
                                          .session = socket->session};
    assert_int_equal(x->ops->respond(x, &response), TRI_OK);
}

void contract_sockets_init(struct contract_sockets *s, struct contract *c,
                           const struct tri_session_events *events)
{
    *s = (struct contract_sockets){.c = c, .events = events};
    c->limits.ping_interval_ms = 0;
    c->limits.idle_timeout_ms = 0;
    enum tri_err err =
        tri_session_worker_init(&s->worker, &c->alloc.alloc, &c->limits, tri_random_system());
    assert_int_equal(err, TRI_OK);
    c->extra = s;
    c->on_request = on_request;
}

void contract_sockets_deinit(struct contract_sockets *s)
{
    struct contract *c = s->c;
    c->t->close(c->f);
    c->f = NULL;
    for (size_t i = 0; i < s->len; i++) {
        assert_int_equal(s->all[i].closes, 1);
    }
    tri_session_worker_deinit(&s->worker);
}

void contract_socket_on_close(void *owner, const struct tri_ws_end *end)
{
    struct contract_socket *socket = owner;
    socket->session = NULL;
    socket->closes++;
    socket->end = *end;
    socket->end.reason = NULL;
}

struct contract_socket *contract_sockets_open(struct contract_sockets *s)
{
    struct contract *c = s->c;
    const size_t before = s->len;
    int stream = c->t->request(c->f, &(struct fixture_request){.protocol = "websocket"});
    assert_true(stream >= 0);
    c->t->run(c->f);
    assert_int_equal(s->len, before + 1);
    s->all[before].stream = stream;
    return &s->all[before];
}

void contract_sockets_run(struct contract_sockets *s)
{
    struct contract *c = s->c;
    c->t->run(c->f);
    while (tri_session_worker_deadline_ns(&s->worker) == 0) {
        tri_session_worker_expire(&s->worker, c->t->now_ns(c->f));
        c->t->run(c->f);
    }
}

/* ---- the peer */

void contract_socket_send_header(struct contract_sockets *s, struct contract_socket *socket,
                                 enum tri_opcode opcode, bool fin, uint64_t payload_len)
{
    const struct tri_frame frame = {
        .opcode = opcode, .fin = fin, .masked = true, .payload_len = payload_len};
    uint8_t header[TRI_FRAME_HEADER_MAX];
    contract_socket_send(s, socket, header, tri_frame_encode(&frame, header));
}

void contract_socket_send(struct contract_sockets *s, struct contract_socket *socket,
                          const void *data, size_t len)
{
    if (len > 0) {
        s->c->t->send(s->c->f, socket->stream, data, len);
    }
}

size_t contract_socket_unsent(const struct contract_sockets *s,
                              const struct contract_socket *socket)
{
    return s->c->t->unsent(s->c->f, socket->stream);
}

/* Returns the bytes used; 0: a header is not whole. */
static size_t read_header(struct contract_socket *socket, struct tri_slice data)
{
    size_t used = 0;
    enum tri_err err = tri_frame_decode(data.data, data.len, &socket->frame, &used);
    assert_true(err == TRI_OK || err == TRI_PARTIAL);
    if (err == TRI_OK) {
        assert_false(socket->frame.masked);
        socket->frame_left = socket->frame.payload_len;
    }
    return used;
}

void contract_socket_read(struct contract_sockets *s, struct contract_socket *socket,
                          contract_socket_payload *take, void *user)
{
    struct contract *c = s->c;
    const struct tri_slice body = contract_seen(c, socket->stream).body;
    size_t at = 0;
    while (at < body.len) {
        if (socket->frame_left == 0) {
            size_t used = read_header(socket, tri_slice_of(body.data + at, body.len - at));
            if (used == 0) {
                break;
            }
            at += used;
        }
        size_t len = body.len - at;
        len = len < socket->frame_left ? len : (size_t)socket->frame_left;
        socket->frame_left -= len;
        take(user, &socket->frame, socket->frame_left, tri_slice_of(body.data + at, len));
        at += len;
    }
    c->t->forget(c->f, socket->stream, at);
}
