/*
 * The client's end of an HTTP/1.1 connection against any bytes of a server in any pieces, with an
 * owner that asks, waits or gives up, a tenant that echoes, ends or aborts, allocations that fail,
 * and ends of every kind, as the input says:
 *
 *   byte 0   bit 0 nothing is asked; bit 1 the call is given up half-way; bits 2-3 the end: none,
 *            orderly, torn, free; bit 4 shutdown half-way; bit 5 an accepted call gets no tenant
 *   byte 1   bytes of one piece; 0: all at once
 *   byte 2   the allocation that fails; 0: none
 *   byte 3   the tenant: bit 0 echoes; bit 1 gives fin, bit 2 aborts after as many bytes as bits 3
 *            to 7 say
 *   rest     what the server sends. The key is that of RFC 6455 section 1.3
 */
#include "base_limits.h"
#include "base_random.h"
#include "base_timeout.h"
#include "h1_client.h"
#include "test_alloc.h"

#include <assert.h>
#include <stdlib.h>

#define SCRIPT_LEN ((size_t)4)
#define ECHO_MAX ((size_t)4096)

struct owner {
    struct test_alloc alloc;
    struct tri_limits limits;
    struct tri_random random;
    struct tri_conn *conn;
    const uint8_t *script;
    struct tri_call *waiting; /* asked, without an answer */
    bool is_ready;

    /* the tenant */
    struct tri_stream *stream; /* NULL: none, or closed */
    uint8_t text[ECHO_MAX];
    size_t queued, sent, released, received;
    bool fin, fin_told;
};

/* ---- the tenant */

static void tenant_data(void *session, const uint8_t *data, size_t len)
{
    struct owner *o = session;
    struct tri_stream *s = o->stream;
    assert(s && !o->fin_told && len > 0);
    s->ops->consume(s, len);
    o->received += len;
    const uint8_t how = o->script[3];
    const size_t room = ECHO_MAX - o->queued;
    if ((how & 1) && !o->fin) {
        const size_t part = len < room ? len : room;
        memcpy(o->text + o->queued, data, part);
        o->queued += part;
        s->ops->wake_write(s);
    }
    if ((how & 2) && o->received > (size_t)(how >> 3)) {
        o->fin = true;
        s->ops->wake_write(s);
    }
    if ((how & 4) && o->received > (size_t)(how >> 3)) {
        s->ops->abort(s);
    }
}

static void tenant_fin(void *session)
{
    struct owner *o = session;
    assert(o->stream && !o->fin_told);
    o->fin_told = true;
    o->fin = true;
    o->stream->ops->wake_write(o->stream);
}

static size_t tenant_peek(void *session, struct tri_slice *out, size_t out_max, bool *fin)
{
    const struct owner *o = session;
    assert(o->stream && out_max > 0);
    *fin = o->fin;
    if (o->sent == o->queued) {
        return 0;
    }
    out[0] = tri_slice_of(o->text + o->sent, o->queued - o->sent);
    return 1;
}

static void tenant_sent(void *session, size_t len)
{
    struct owner *o = session;
    o->sent += len;
    assert(o->stream && o->sent <= o->queued);
}

static void tenant_released(void *session, size_t len)
{
    struct owner *o = session;
    o->released += len;
    assert(o->stream && o->released <= o->sent);
}

static void tenant_closed(void *session, enum tri_stream_cause cause)
{
    (void)cause;
    struct owner *o = session;
    assert(o->stream);
    o->stream = NULL;
}

static const struct tri_stream_events tenant_events = {.on_data = tenant_data,
                                                       .on_fin = tenant_fin,
                                                       .peek = tenant_peek,
                                                       .on_sent = tenant_sent,
                                                       .on_released = tenant_released,
                                                       .on_closed = tenant_closed};

/* ---- the owner */

static void on_ready(void *user, bool connect)
{
    struct owner *o = user;
    assert(connect && !o->is_ready && tri_h1_client_calls.room(o->conn) == 1);
    o->is_ready = true;
    if (o->script[0] & 1) {
        return;
    }
    static const struct tri_field version = {.name = TRI_SLICE("sec-websocket-version"),
                                             .value = TRI_SLICE("13")};
    const struct tri_call_request request = {
        .authority = TRI_SLICE("a"), .path = TRI_SLICE("/"), .fields = &version, .fields_len = 1};
    if (tri_h1_client_calls.open(o->conn, &request, o, &o->waiting) != TRI_OK) {
        o->waiting = NULL;
    }
}

static void look_at(const struct tri_call_answer *answer)
{
    volatile uint8_t sum = 0;
    for (size_t i = 0; i < answer->fields_len; i++) {
        const struct tri_field *f = &answer->fields[i];
        assert(f->name.len > 0);
        for (size_t n = 0; n < f->name.len; n++) {
            assert(f->name.data[n] < 'A' || f->name.data[n] > 'Z');
        }
        for (size_t n = 0; n < f->value.len; n++) {
            assert(f->value.data[n] != '\r' && f->value.data[n] != '\n');
            sum = (uint8_t)(sum + f->value.data[n]);
        }
    }
}

static void on_answer(void *user, struct tri_call *call, const struct tri_call_answer *answer)
{
    struct owner *o = user;
    assert(o->waiting == call && call->owner == o);
    assert(answer->status >= 101 && answer->status <= 599);
    assert(answer->is_accepted == (answer->status == 101));
    o->waiting = NULL;
    look_at(answer);
    if (answer->is_accepted && !(o->script[0] & 0x20)) {
        o->stream = &call->stream;
        call->stream.events = &tenant_events;
        call->stream.session = o;
    }
}

static void on_fail(void *user, struct tri_call *call, const struct tri_call_end *end)
{
    struct owner *o = user;
    assert(o->waiting == call && end->fault != TRI_FAULT_NONE && end->text[0] != '\0');
    o->waiting = NULL;
}

static void on_wake(void *user)
{
    (void)user;
}

static const struct tri_call_events owner_events = {
    .on_ready = on_ready, .on_answer = on_answer, .on_fail = on_fail, .on_wake = on_wake};

static void fill(void *user, uint8_t *out, size_t len)
{
    (void)user;
    assert(len == 16);
    memcpy(out, "the sample nonce", len);
}

/* ---- the run */

static void drain(struct owner *o)
{
    struct tri_slice out[16];
    volatile uint8_t sum = 0; /* every byte is looked at, so that a sanitizer sees a stale one */
    size_t count;
    while ((count = o->conn->ops->send(o->conn, out, 16, 1)) > 0) {
        assert(count <= 16 && !o->conn->ops->is_done(o->conn));
        for (size_t i = 0; i < count; i++) {
            assert(out[i].len > 0);
            for (size_t n = 0; n < out[i].len; n++) {
                sum = (uint8_t)(sum + out[i].data[n]);
            }
        }
    }
    assert(!(o->conn->ops->is_done(o->conn) && o->conn->ops->is_aborted(o->conn)));
    assert(o->conn->ops->wants_read(o->conn)); /* no tenant here holds its credit */
    assert(o->conn->ops->deadline_ns(o->conn) == TRI_NEVER_NS);
}

static void feed(struct owner *o, const uint8_t *data, size_t len)
{
    const size_t step = o->script[1] > 0 ? o->script[1] : len + 1;
    for (size_t at = 0; at < len; at += step) {
        const size_t part = len - at < step ? len - at : step;
        (void)!o->conn->ops->recv(o->conn, data + at, part, 1);
        drain(o);
    }
}

static void change_half_way(struct owner *o)
{
    if ((o->script[0] & 2) && o->waiting) {
        tri_h1_client_calls.cancel(o->conn, o->waiting);
        o->waiting = NULL;
    }
    if (o->script[0] & 0x10) {
        o->conn->ops->shutdown(o->conn, 1);
    }
}

static void end(struct owner *o)
{
    const unsigned how = (o->script[0] >> 2) & 3;
    if (how == 1 || how == 2) {
        o->conn->ops->recv_eof(o->conn, how == 1, 1);
    }
    if (how != 3) {
        drain(o);
    }
    assert(tri_h1_client_calls.end(o->conn).text);
    o->conn->ops->free(o->conn);
    assert(!o->waiting && !o->stream);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static struct owner o;
    if (len < SCRIPT_LEN) {
        return 0;
    }
    o = (struct owner){.script = data, .random = {.fill = fill}};
    test_alloc_init(&o.alloc);
    o.alloc.fail_at = data[2];
    tri_limits_default(&o.limits);
    const struct tri_call_config config = {
        .alloc = &o.alloc.alloc,
        .limits = &o.limits,
        .random = &o.random,
        .events = &owner_events,
        .user = &o,
        .carrier = {.http = "http/1.1", .tls_version = ""},
    };
    if (tri_h1_client_new(&o.conn, &config, 1) == TRI_OK) {
        drain(&o);
        const size_t half = (len - SCRIPT_LEN) / 2;
        feed(&o, data + SCRIPT_LEN, half);
        change_half_way(&o);
        feed(&o, data + SCRIPT_LEN + half, len - SCRIPT_LEN - half);
        end(&o);
    }
    assert(o.alloc.live == 0);
    return 0;
}
