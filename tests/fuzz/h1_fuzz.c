/*
 * An HTTP/1.1 connection, or a cleartext port, against any bytes in any pieces, with a handler that
 * accepts, refuses or answers late, allocations that fail, and ends of every kind, as the input
 * says:
 *
 *   byte 0   bit 0 cleartext port, bit 1 redirecting; bits 2-3 the end: none, orderly, torn, time
 *            passes; bit 4 shutdown half-way; bit 7 a late answer at the end
 *   byte 1   two bits for each request in turn: a body, no body, late, a body cut short
 *   byte 2   bytes of one piece; 0: all at once
 *   byte 3   the allocation that fails; 0: none
 *   byte 4   the tenant of a tunnel: bit 0 echoes; bit 1 gives fin, bit 2 aborts after as many
 *            bytes as bits 3 to 7 say
 *   rest     what the peer sends
 */
#include "base_timeout.h"
#include "h1_conn.h"
#include "h1_refuser.h"
#include "test_alloc.h"

#include <assert.h>
#include <stdlib.h>

#define SCRIPT_LEN ((size_t)5)
#define ECHO_MAX ((size_t)4096)

struct tenant {
    struct tri_exchange *exchange;
    uint8_t text[ECHO_MAX];
    size_t queued, sent, released, received;
    bool is_open, fin, fin_told;
    uint8_t script;
};

struct peer {
    struct test_alloc alloc;
    struct tri_limits limits;
    struct tri_conn *conn;
    uint64_t now_ns;
    const uint8_t *script;
    size_t requests;
    struct tri_exchange *waiting; /* an unanswered request */
    bool is_upgrade;
    struct tenant tenant; /* one at a time lives on an h1 connection */
};

static void tenant_data(void *session, const uint8_t *data, size_t len)
{
    struct tenant *t = session;
    struct tri_stream *s = &t->exchange->stream;
    assert(t->is_open && !t->fin_told && len > 0);
    s->ops->consume(s, len);
    t->received += len;
    const size_t threshold = t->script >> 3;
    const size_t room = ECHO_MAX - t->queued;
    if ((t->script & 1) && !t->fin) {
        const size_t part = len < room ? len : room;
        memcpy(t->text + t->queued, data, part);
        t->queued += part;
        s->ops->wake_write(s);
    }
    if ((t->script & 2) && t->received > threshold) {
        t->fin = true;
        s->ops->wake_write(s);
    }
    if ((t->script & 4) && t->received > threshold) {
        s->ops->abort(s);
    }
}

static void tenant_fin(void *session)
{
    struct tenant *t = session;
    assert(t->is_open && !t->fin_told);
    t->fin_told = true;
    t->fin = true;
    t->exchange->stream.ops->wake_write(&t->exchange->stream);
}

static size_t tenant_peek(void *session, struct tri_slice *out, size_t out_max, bool *fin)
{
    const struct tenant *t = session;
    assert(t->is_open && out_max > 0);
    *fin = t->fin;
    if (t->sent == t->queued) {
        return 0;
    }
    out[0] = tri_slice_of(t->text + t->sent, t->queued - t->sent);
    return 1;
}

static void tenant_sent(void *session, size_t len)
{
    struct tenant *t = session;
    t->sent += len;
    assert(t->is_open && t->sent <= t->queued);
}

static void tenant_released(void *session, size_t len)
{
    struct tenant *t = session;
    t->released += len;
    assert(t->is_open && t->released <= t->sent);
}

static void tenant_closed(void *session, enum tri_stream_cause cause)
{
    (void)cause;
    struct tenant *t = session;
    assert(t->is_open);
    t->is_open = false;
}

static const struct tri_stream_events tenant_events = {.on_data = tenant_data,
                                                       .on_fin = tenant_fin,
                                                       .peek = tenant_peek,
                                                       .on_sent = tenant_sent,
                                                       .on_released = tenant_released,
                                                       .on_closed = tenant_closed};

/* ---- the handler */

static void respond(struct peer *p, const struct tri_response *r)
{
    struct tri_exchange *x = p->waiting;
    p->waiting = NULL;
    p->tenant = (struct tenant){.exchange = x, .script = p->script[4]};
    p->tenant.is_open = r->events != NULL;
    if (r->answer == TRI_ANSWER_PLAIN && r->events) {
        memcpy(p->tenant.text, "hello", 5);
        p->tenant.queued = 5;
        p->tenant.fin = true;
    }
    if (x->ops->respond(x, r) != TRI_OK) {
        p->tenant.is_open = false;
    }
}

static void answer(struct peer *p, unsigned how)
{
    struct tri_response r = {.answer = TRI_ANSWER_PLAIN, .status = 404, .content_length = 0};
    if (p->is_upgrade && how != 1) {
        r.answer = TRI_ANSWER_WEBSOCKET;
        r.events = &tenant_events;
    } else if (how != 1) {
        r.status = 200;
        r.content_length = how == 3 ? 6 : 5;
        r.events = &tenant_events;
    }
    r.session = &p->tenant;
    respond(p, &r);
}

static void on_request(void *user, struct tri_exchange *x, const struct tri_request_head *head)
{
    struct peer *p = user;
    assert(!p->waiting && !p->tenant.is_open);
    assert(head->method.len > 0 && head->authority.len > 0 && head->path.len > 0);
    p->waiting = x;
    p->is_upgrade = head->protocol.len > 0;
    const unsigned how = (p->script[1] >> (p->requests % 4 * 2)) & 3;
    p->requests++;
    if (how != 2) {
        answer(p, how);
    }
}

static void on_cancel(void *user, struct tri_exchange *x)
{
    struct peer *p = user;
    assert(p->waiting == x);
    p->waiting = NULL;
}

static void on_wake(void *user)
{
    (void)user;
}

static const struct tri_exchange_events peer_events = {
    .on_request = on_request, .on_cancel = on_cancel, .on_wake = on_wake};

/* ---- the run */

static void drain(struct peer *p)
{
    struct tri_slice out[16];
    volatile uint8_t sum = 0; /* every byte is looked at, so that a sanitizer sees a stale one */
    size_t count;
    while ((count = p->conn->ops->send(p->conn, out, 16, p->now_ns)) > 0) {
        assert(count <= 16 && !p->conn->ops->is_done(p->conn));
        for (size_t i = 0; i < count; i++) {
            assert(out[i].len > 0);
            for (size_t n = 0; n < out[i].len; n++) {
                sum = (uint8_t)(sum + out[i].data[n]);
            }
        }
    }
    assert(!(p->conn->ops->is_done(p->conn) && p->conn->ops->is_aborted(p->conn)));
    assert(p->conn->ops->wants_read(p->conn)); /* no tenant here holds its credit */
}

static void feed(struct peer *p, const uint8_t *data, size_t len)
{
    const size_t step = p->script[2] > 0 ? p->script[2] : len + 1;
    for (size_t at = 0; at < len; at += step) {
        const size_t part = len - at < step ? len - at : step;
        (void)!p->conn->ops->recv(p->conn, data + at, part, p->now_ns);
        drain(p);
        if (p->waiting && at / step % 3 == 2) {
            answer(p, 0);
            drain(p);
        }
    }
}

static void end(struct peer *p)
{
    const unsigned how = (p->script[0] >> 2) & 3;
    if (how == 1 || how == 2) {
        p->conn->ops->recv_eof(p->conn, how == 1, p->now_ns);
    } else if (how == 3) {
        const uint64_t deadline_ns = p->conn->ops->deadline_ns(p->conn);
        p->now_ns = deadline_ns == TRI_NEVER_NS ? p->now_ns : deadline_ns;
        p->conn->ops->expire(p->conn, p->now_ns);
    }
    drain(p);
    if (p->waiting && (p->script[0] & 0x80)) {
        answer(p, 0);
        drain(p);
    }
}

static enum tri_err open_conn(struct peer *p)
{
    const struct tri_conn_config config = {.alloc = &p->alloc.alloc,
                                           .limits = &p->limits,
                                           .events = &peer_events,
                                           .user = p,
                                           .carrier = {.http = "http/1.1", .tls_version = ""}};
    if (p->script[0] & 1) {
        return tri_h1_refuser_new(&p->conn, &config, p->script[0] & 2 ? 8443 : 0, p->now_ns);
    }
    return tri_h1_conn_new(&p->conn, &config, p->now_ns);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static struct peer p;
    if (len < SCRIPT_LEN) {
        return 0;
    }
    p = (struct peer){.script = data, .now_ns = TRI_NS_PER_MS};
    test_alloc_init(&p.alloc);
    p.alloc.fail_at = data[3];
    tri_limits_default(&p.limits);
    if (open_conn(&p) == TRI_OK) {
        const size_t half = (len - SCRIPT_LEN) / 2;
        feed(&p, data + SCRIPT_LEN, half);
        if (data[0] & 0x10) {
            p.conn->ops->shutdown(p.conn, p.now_ns);
        }
        feed(&p, data + SCRIPT_LEN + half, len - SCRIPT_LEN - half);
        end(&p);
        p.conn->ops->free(p.conn);
    }
    assert(!p.waiting && !p.tenant.is_open);
    assert(p.alloc.live == 0);
    return 0;
}
