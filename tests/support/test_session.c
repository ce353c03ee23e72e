/* A session on a played stream: see the header. */
#include "test_session.h"

#include "ws_mask.h"

#include <assert.h>
#include <stdio.h>

#define RECORD_BYTES_MAX ((size_t)64 * 1024 * 1024)
#define TOLD_PAYLOAD_MAX ((size_t)64) /* longer messages are told by their length alone */

/* --- the stream */

static struct test_session *of_stream(struct tri_stream *s)
{
    return TRI_CONTAINER_OF(s, struct test_session, stream);
}

static void count_wake(struct tri_stream *s)
{
    of_stream(s)->wakes++;
}

static void count_credit(struct tri_stream *s, size_t len)
{
    struct test_session *t = of_stream(s);
    t->consumed += len;
    assert(t->consumed <= t->fed);
}

static void count_abort(struct tri_stream *s)
{
    of_stream(s)->aborts++;
}

static void note_urgency(struct tri_stream *s, unsigned urgency)
{
    of_stream(s)->urgencies++;
    of_stream(s)->urgency = urgency;
}

static const struct tri_stream_ops played_ops = {.name = "played",
                                                 .wake_write = count_wake,
                                                 .consume = count_credit,
                                                 .abort = count_abort,
                                                 .set_urgency = note_urgency};

/* --- the owner */

static void put(struct tri_buf *b, const void *data, size_t len)
{
    const enum tri_err err = tri_buf_append(b, data, len);
    assert(err == TRI_OK);
    (void)err;
}

static void put_string(struct tri_buf *b, const char *s)
{
    put(b, s, strlen(s));
}

static void put_payload(struct tri_buf *b, const uint8_t *data, size_t len)
{
    if (len > 0 && len <= TOLD_PAYLOAD_MAX) {
        put(b, ":", 1);
        put(b, data, len);
    }
}

/* |marks|: "" or "z"; |end|: ";" or "+;" */
static void put_message(struct tri_buf *b, char kind, const char *marks, struct tri_slice data,
                        const char *end)
{
    char text[32];
    (void)snprintf(text, sizeof text, "%c%zu%s", kind, data.len, marks);
    put_string(b, text);
    put_payload(b, data.data, data.len);
    put_string(b, end);
}

static const char *end_text(struct tri_buf *b)
{
    enum tri_err err;
    uint8_t *end = tri_buf_reserve(b, 1, &err);
    assert(end);
    *end = '\0'; /* not committed */
    return (const char *)tri_buf_peek(b).data;
}

static void tell_message(void *owner, enum tri_type type, const uint8_t *data, size_t len)
{
    struct test_session *t = owner;
    assert(data);
    put_message(&t->told, type == TRI_TEXT ? 'T' : 'B', "", tri_slice_of(data, len), ";");
    if (t->on_message) {
        t->on_message(t, type, data, len);
    }
}

static void tell_piece(void *owner, const struct tri_fragment *f)
{
    struct test_session *t = owner;
    assert(f->data);
    const char kind = f->type == TRI_TEXT ? 'T' : 'B';
    put_message(&t->told, f->first ? kind : '-', "", tri_slice_of(f->data, f->len),
                f->last ? ";" : "+;");
    if (t->on_message) {
        t->on_message(t, f->type, f->data, f->len);
    }
}

static void tell_drain(void *owner)
{
    struct test_session *t = owner;
    put_string(&t->told, "drain;");
    if (t->on_drain) {
        t->on_drain(t, TRI_TEXT, NULL, 0);
    }
}

static void tell_close(void *owner, const struct tri_ws_end *end)
{
    struct test_session *t = owner;
    char text[200];
    const int n = snprintf(text, sizeof text, "close(%u %s%s%s);", end->code, end->reason,
                           end->reason[0] != '\0' ? " " : "", end->clean ? "clean" : "unclean");
    assert(n > 0 && (size_t)n < sizeof text);
    put_string(&t->told, text);
    t->end = *end;
    t->end.reason = NULL;
    t->closes++;
    t->session = NULL;
}

static const struct tri_session_events telling_events = {
    .on_message = tell_message, .on_drain = tell_drain, .on_close = tell_close};

static const struct tri_session_events piecewise_events = {
    .on_fragment = tell_piece, .on_drain = tell_drain, .on_close = tell_close};

/* --- life */

static void fill_counting(void *user, uint8_t *out, size_t len)
{
    struct test_session *t = user;
    for (size_t i = 0; i < len; i++) {
        out[i] = ++t->random_next;
    }
}

void test_session_init(struct test_session *t, enum tri_session_role role)
{
    *t = (struct test_session){.role = role, .stream = {.ops = &played_ops}};
    test_alloc_init(&t->heap);
    tri_limits_default(&t->limits);
    t->limits.ping_interval_ms = 0;
    t->random = (struct tri_random){.fill = fill_counting, .user = t};
    tri_buf_init(&t->out, tri_alloc_heap(), RECORD_BYTES_MAX);
    tri_buf_init(&t->told, tri_alloc_heap(), RECORD_BYTES_MAX);
    tri_buf_init(&t->sent_text, tri_alloc_heap(), RECORD_BYTES_MAX);
}

enum tri_err test_session_try_open(struct test_session *t)
{
    enum tri_err err = tri_session_worker_init(&t->worker, &t->heap.alloc, &t->limits, &t->random);
    if (err != TRI_OK) {
        return err;
    }
    t->worker.now_ns = 1000 * TRI_NS_PER_MS;
    const struct tri_session_setup setup = {
        .role = t->role,
        .stream = &t->stream,
        .events = t->pieces ? &piecewise_events : &telling_events,
        .owner = t,
        .slow = t->slow,
        .deflate = t->deflate,
    };
    err = tri_session_new(&t->session, &t->worker, &setup);
    if (err != TRI_OK) {
        tri_session_worker_deinit(&t->worker);
        return err;
    }
    t->stream.events = &tri_session_stream_events;
    t->stream.session = t->session;
    return TRI_OK;
}

void test_session_open(struct test_session *t)
{
    const enum tri_err err = test_session_try_open(t);
    assert(err == TRI_OK);
    (void)err;
}

void test_session_deinit(struct test_session *t)
{
    if (t->stream.events) {
        if (t->session) {
            test_session_end(t, TRI_STREAM_CONN_LOST);
        }
        assert(t->closes == 1);
        tri_session_worker_deinit(&t->worker);
    }
    assert(t->consumed == t->fed || t->holds_credit);
    assert(t->heap.live == 0);
    tri_buf_deinit(&t->out);
    tri_buf_deinit(&t->told);
    tri_buf_deinit(&t->sent_text);
}

/* --- the moves */

void test_session_feed(struct test_session *t, const void *data, size_t len)
{
    t->fed += len;
    t->stream.events->on_data(t->session, data, len);
    assert(t->consumed == t->fed || t->holds_credit);
}

void test_session_feed_bytewise(struct test_session *t, const void *data, size_t len)
{
    const uint8_t *bytes = data;
    for (size_t i = 0; i < len; i++) {
        test_session_feed(t, bytes + i, 1);
    }
}

/* Takes at most |max| bytes from the front of what there is; returns how many. */
static size_t take_some(struct test_session *t, size_t max)
{
    struct tri_slice out[3], again[3];
    bool fin = false;
    const size_t count = t->stream.events->peek(t->session, out, 3, &fin);
    size_t offered = 0, taken = 0;
    /* Contract line 1: the same bytes at the same address. */
    bool fin_again = false;
    const size_t count_again = t->stream.events->peek(t->session, again, 3, &fin_again);
    assert(count == count_again && fin == fin_again);
    for (size_t i = 0; i < count; i++) {
        assert(out[i].data == again[i].data && out[i].len == again[i].len);
        const size_t left = max - taken;
        const size_t now = out[i].len < left ? out[i].len : left;
        const enum tri_err err = tri_buf_append(&t->out, out[i].data, now);
        assert(err == TRI_OK);
        (void)err;
        offered += out[i].len;
        taken += now;
    }
    if (taken > 0) {
        t->unreleased += taken;
        t->stream.events->on_sent(t->session, taken);
        if (!t->keeps_bytes) {
            test_session_release(t, taken);
        }
    }
    t->fin = t->fin || (fin && taken == offered);
    return taken;
}

void test_session_take(struct test_session *t, size_t max)
{
    while (max > 0 && t->session && !t->fin) {
        const size_t taken = take_some(t, max);
        if (taken == 0) {
            return;
        }
        max -= taken;
    }
}

void test_session_drain(struct test_session *t)
{
    test_session_take(t, SIZE_MAX);
}

void test_session_release(struct test_session *t, size_t len)
{
    assert(len <= t->unreleased);
    t->unreleased -= len;
    t->stream.events->on_released(t->session, len);
}

void test_session_end(struct test_session *t, enum tri_stream_cause cause)
{
    t->stream.events->on_closed(t->session, cause);
    assert(!t->session);
}

void test_session_advance(struct test_session *t, uint64_t ms)
{
    const uint64_t until_ns = t->worker.now_ns + ms * TRI_NS_PER_MS;
    for (;;) {
        const uint64_t deadline_ns = tri_session_worker_deadline_ns(&t->worker);
        if (deadline_ns > until_ns) {
            break;
        }
        const uint64_t now_ns = t->worker.now_ns; /* 0 means at once */
        tri_session_worker_expire(&t->worker, deadline_ns > now_ns ? deadline_ns : now_ns);
    }
    tri_session_worker_expire(&t->worker, until_ns);
}

/* --- transcripts */

const char *test_session_told(struct test_session *t)
{
    return end_text(&t->told);
}

static void put_close(struct tri_buf *b, const uint8_t *data, size_t len)
{
    struct tri_close close;
    char text[200];
    const enum tri_err err = tri_close_decode(data, len, &close);
    assert(err == TRI_OK);
    (void)err;
    put_string(b, "close");
    if (len > 0) {
        (void)snprintf(text, sizeof text, ":%u%s%s", close.code, len > 2 ? " " : "", close.reason);
        put_string(b, text);
    }
    put(b, ";", 1);
}

/* What the peer makes of the frames it gets. */
struct reader {
    struct tri_buf *text;
    struct tri_deflate_worker worker;
    struct tri_deflate_socket *deflate; /* NULL: off */
    bool is_compressed;                 /* the message */
    struct tri_buf inflated;
};

static void inflate(struct reader *r, struct tri_slice data, bool last)
{
    uint8_t out[4096];
    size_t len = 0;
    bool done = !last;
    enum tri_err err = TRI_OK;
    do {
        err = tri_deflate_socket_inflate(r->deflate, &data, out, sizeof out, &len);
        assert(err == TRI_OK);
        put(&r->inflated, out, len);
    } while (data.len > 0 || len == sizeof out);
    while (!done) {
        err = tri_deflate_socket_end(r->deflate, out, sizeof out, &len, &done);
        assert(err == TRI_OK);
        put(&r->inflated, out, len);
    }
    (void)err;
}

static void put_data_frame(struct reader *r, const struct tri_frame *f, struct tri_slice data)
{
    static const char kinds[] = {'-', 'T', 'B'};
    if (f->opcode != TRI_OP_CONTINUATION) {
        r->is_compressed = f->rsv1;
        assert(!f->rsv1 || r->deflate);
        if (f->rsv1) {
            const enum tri_err err = tri_deflate_socket_begin(r->deflate);
            assert(err == TRI_OK);
            (void)err;
        }
    }
    if (r->is_compressed) {
        inflate(r, data, f->fin);
        data = tri_buf_peek(&r->inflated);
    }
    put_message(r->text, kinds[f->opcode], r->is_compressed ? "z" : "", data, f->fin ? ";" : "+;");
    tri_buf_deinit(&r->inflated);
}

static void put_frame_text(struct reader *r, const struct tri_frame *f, struct tri_slice data)
{
    switch (f->opcode) {
    case TRI_OP_TEXT:
    case TRI_OP_BINARY:
    case TRI_OP_CONTINUATION:
        put_data_frame(r, f, data);
        break;
    case TRI_OP_CLOSE:
        put_close(r->text, data.data, data.len);
        break;
    case TRI_OP_PING:
    case TRI_OP_PONG:
        put_string(r->text, f->opcode == TRI_OP_PING ? "ping" : "pong");
        put_payload(r->text, data.data, data.len);
        put(r->text, ";", 1);
        break;
    }
}

/* Puts the first frame of |rest|; returns its length. */
static size_t put_first_frame(const struct test_session *t, struct reader *r, struct tri_slice rest)
{
    struct tri_frame f;
    size_t used;
    const enum tri_err err = tri_frame_decode(rest.data, rest.len, &f, &used);
    assert(err == TRI_OK && f.payload_len <= rest.len - used);
    (void)err;
    assert(f.masked == (t->role == TRI_SESSION_CLIENT));
    const size_t len = (size_t)f.payload_len;
    struct tri_buf plain;
    tri_buf_init(&plain, tri_alloc_heap(), RECORD_BYTES_MAX);
    put(&plain, rest.data + used, len);
    uint8_t *payload = plain.data ? plain.data : (uint8_t[]){0};
    if (f.masked) {
        tri_mask_apply(payload, payload, len, f.mask, 0);
    }
    put_frame_text(r, &f, tri_slice_of(payload, len));
    tri_buf_deinit(&plain);
    return used + len;
}

const char *test_session_sent(struct test_session *t)
{
    struct tri_slice rest = tri_buf_peek(&t->out);
    struct reader r = {.text = &t->sent_text};
    tri_buf_deinit(&t->sent_text);
    tri_buf_init(&r.inflated, tri_alloc_heap(), RECORD_BYTES_MAX);
    tri_deflate_worker_init(&r.worker, tri_alloc_heap(), &t->limits);
    if (t->deflate.mode != TRI_DEFLATE_OFF) {
        const bool is_server = t->role != TRI_SESSION_SERVER; /* the peer is what we are not */
        r.deflate = tri_deflate_socket_new(&r.worker, &t->deflate, is_server);
        assert(r.deflate);
    }
    while (rest.len > 0) {
        const size_t len = put_first_frame(t, &r, rest);
        rest = tri_slice_of(rest.data + len, rest.len - len);
    }
    tri_deflate_socket_free(r.deflate);
    tri_deflate_worker_deinit(&r.worker);
    if (t->fin) {
        put_string(&t->sent_text, "fin;");
    }
    return end_text(&t->sent_text);
}

/* --- the peer */

static uint8_t *put_length(uint8_t *p, uint8_t mask_bit, size_t len)
{
    if (len < 126) {
        *p++ = (uint8_t)(mask_bit | len);
        return p;
    }
    const unsigned bytes = len < 65536 ? 2 : 8;
    *p++ = (uint8_t)(mask_bit | (bytes == 2 ? 126 : 127));
    for (unsigned i = bytes; i > 0; i--) {
        *p++ = (uint8_t)((uint64_t)len >> (8 * (i - 1)));
    }
    return p;
}

void test_put_frame(struct tri_buf *b, unsigned first, const void *payload, size_t len, bool masked)
{
    static const uint8_t key[4] = {0x37, 0xfa, 0x21, 0x3d};
    enum tri_err err;
    uint8_t *room = tri_buf_reserve(b, len + TRI_FRAME_HEADER_MAX, &err);
    assert(room);
    uint8_t *p = room;
    *p++ = (uint8_t)first;
    p = put_length(p, masked ? 0x80 : 0, len);
    if (masked) {
        memcpy(p, key, sizeof key);
        p += sizeof key;
    }
    for (size_t i = 0; i < len; i++) {
        const uint8_t byte = ((const uint8_t *)payload)[i];
        *p++ = masked ? byte ^ key[i % 4] : byte;
    }
    tri_buf_commit(b, (size_t)(p - room));
}
