/*
 * A whole HTTP/2 connection, client side: the input is a script of steps for a hostile server, the
 * owner of the calls, their tenants, the clock and the allocator. With the first bit of the first
 * byte the rest is taken for bytes of a server instead.
 *
 * What the client sends is read back: it must be whole frames, and DATA must hold exactly the
 * tenants' bytes, in order. Each call must end once, and be forgotten then.
 */
#include "base_timeout.h"
#include "frames_h2.h"
#include "h2_client.h"
#include "pattern_tenant.h"
#include "test_alloc.h"

#include <assert.h>
#include <stdlib.h>

#define CALLS_MAX ((size_t)64)
#define SENDS_MAX ((size_t)100000) /* more would be an endless loop */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

struct one {
    struct pattern_tenant tenant;
    struct tri_call *call;     /* NULL once it has ended, or is the tenant's */
    struct tri_stream *stream; /* the tenant's, while it is bound */
};

struct world {
    struct test_alloc alloc;
    struct tri_conn *conn;
    uint64_t now_ns;
    struct tri_slice script;
    struct one *calls[CALLS_MAX];
    size_t calls_len;
    size_t bound, closed;
    size_t readies;
    bool connect, is_raw;
    struct bytes_h2 out; /* what the client sent and was not read yet */
};

static uint8_t take_byte(struct world *w)
{
    if (w->script.len == 0) {
        return 0;
    }
    const uint8_t byte = w->script.data[0];
    w->script = tri_slice_of(w->script.data + 1, w->script.len - 1);
    return byte;
}

static struct tri_slice take_bytes(struct world *w, size_t max)
{
    const size_t len = max < w->script.len ? max : w->script.len;
    const struct tri_slice got = tri_slice_of(w->script.data, len);
    w->script = tri_slice_of(w->script.data + len, w->script.len - len);
    return got;
}

/* ---- the owner */

static void open_call(struct world *w)
{
    if (!w->connect || w->calls_len == CALLS_MAX || tri_h2_client_calls.room(w->conn) == 0) {
        return;
    }
    static const struct tri_field fields[] = {
        {TRI_SLICE("sec-websocket-version"), TRI_SLICE("13")}};
    const struct tri_call_request request = {.authority = TRI_SLICE("localhost"),
                                             .path = TRI_SLICE("/echo"),
                                             .fields = fields,
                                             .fields_len = 1};
    struct one *one = calloc(1, sizeof *one);
    assert(one);
    if (tri_h2_client_calls.open(w->conn, &request, one, &one->call) != TRI_OK) {
        free(one);
        return;
    }
    one->tenant.closed = &w->closed;
    one->tenant.stream_id = (uint32_t)one->call->carrier->stream_id;
    w->calls[w->calls_len++] = one;
}

static void on_ready(void *user, bool connect)
{
    struct world *w = user;
    w->readies++;
    assert(w->readies == 1);
    w->connect = connect;
    if (w->is_raw) {
        open_call(w);
    }
}

static void on_answer(void *user, struct tri_call *call, const struct tri_call_answer *answer)
{
    struct world *w = user;
    struct one *one = call->owner;
    assert(one->call == call && answer->status >= 200 && answer->status <= 999);
    assert(answer->is_accepted == (answer->status / 100 == 2));
    for (size_t i = 0; i < answer->fields_len; i++) {
        assert(answer->fields[i].name.len > 0 && answer->fields[i].name.data[0] != ':');
    }
    one->call = NULL;
    if (answer->is_accepted && answer->status != 299) {
        call->stream.events = &pattern_tenant_events;
        call->stream.session = &one->tenant;
        one->tenant.is_bound = true;
        one->stream = &call->stream;
        w->bound++;
    }
}

static void on_fail(void *user, struct tri_call *call, const struct tri_call_end *end)
{
    (void)user;
    struct one *one = call->owner;
    assert(one->call == call && end->fault != TRI_FAULT_NONE && end->text);
    one->call = NULL;
}

static void on_room(void *user)
{
    const struct world *w = user;
    assert(tri_h2_client_calls.room(w->conn) > 0);
}

static void on_wake(void *user)
{
    (void)user;
}

static const struct tri_call_events call_events = {
    .on_ready = on_ready,
    .on_answer = on_answer,
    .on_fail = on_fail,
    .on_room = on_room,
    .on_wake = on_wake,
};

/* ---- what the client sends */

static const struct pattern_tenant *find_tenant(const struct world *w, uint32_t stream_id,
                                                size_t *at)
{
    for (size_t i = 0; i < w->calls_len; i++) {
        if (w->calls[i]->tenant.stream_id == stream_id) {
            *at = i;
            return &w->calls[i]->tenant;
        }
    }
    return NULL;
}

/* |seen| counts the DATA bytes of each tenant. */
static void check_output(const struct world *w)
{
    if (w->out.len == 0) {
        return;
    }
    assert(w->out.len >= NGHTTP2_CLIENT_MAGIC_LEN);
    assert(memcmp(w->out.data, NGHTTP2_CLIENT_MAGIC, NGHTTP2_CLIENT_MAGIC_LEN) == 0);
    size_t seen[CALLS_MAX] = {0};
    struct tri_slice rest =
        tri_slice_of(w->out.data + NGHTTP2_CLIENT_MAGIC_LEN, w->out.len - NGHTTP2_CLIENT_MAGIC_LEN);
    struct frame_h2 frame;
    while (frames_h2_next(&rest, &frame)) {
        assert(frame.type <= NGHTTP2_CONTINUATION && frame.stream_id % 2 <= 1);
        size_t at = 0;
        const struct pattern_tenant *t = find_tenant(w, frame.stream_id, &at);
        if (frame.type != NGHTTP2_DATA) {
            continue;
        }
        assert(t);
        for (size_t i = 0; i < frame.payload.len; i++) {
            assert(frame.payload.data[i] == pattern_tenant_byte(t->stream_id, seen[at] + i));
        }
        seen[at] += frame.payload.len;
        assert(seen[at] <= t->sent);
    }
    assert(rest.len == 0);
}

static void drain(struct world *w, size_t max)
{
    struct tri_slice slices[16 + 31];
    for (size_t turns = 0;; turns++) {
        assert(turns < SENDS_MAX);
        const size_t n = w->conn->ops->send(w->conn, slices, max, w->now_ns);
        assert(n <= max);
        for (size_t i = 0; i < n; i++) {
            assert(slices[i].len > 0);
            bytes_h2_append(&w->out, slices[i].data, slices[i].len);
        }
        if (n == 0) {
            break;
        }
    }
    for (size_t i = 0; i < w->calls_len; i++) { /* when send yields nothing, all is released */
        const struct pattern_tenant *t = &w->calls[i]->tenant;
        assert(!t->is_bound || t->released == t->sent);
    }
}

/* ---- steps */

static void give(struct world *w, const void *data, size_t len)
{
    uint8_t *copy = malloc(len + 1); /* its end is where a sanitizer looks */
    assert(copy);
    if (len > 0) {
        memcpy(copy + 1, data, len);
    }
    (void)!w->conn->ops->recv(w->conn, copy + 1, len, w->now_ns);
    free(copy);
}

static void give_frames(struct world *w, struct bytes_h2 *frames)
{
    give(w, frames->data, frames->len);
    bytes_h2_free(frames);
}

/* A frame of any type on one of the streams, with a length that fits. */
static void step_frame(struct world *w)
{
    const uint8_t type = take_byte(w);
    const uint8_t flags = take_byte(w);
    const uint32_t id = take_byte(w);
    const struct tri_slice payload = take_bytes(w, take_byte(w));
    struct bytes_h2 frames = {.len = 0};
    frames_h2_frame(&frames, type, flags, id, payload.data, payload.len);
    give_frames(w, &frames);
}

static void step_answer(struct world *w, uint8_t how)
{
    static const char *const statuses[] = {"200", "103", "404", "204", "299", "101", "503", "20"};
    const struct tri_header fields[] = {
        {":status", statuses[how & 7]}, {how & 8 ? "x-one" : "content-length", "7"}, {NULL, NULL}};
    struct bytes_h2 frames = {.len = 0};
    frames_h2_headers(&frames, take_byte(w), fields, (how & 16) != 0);
    give_frames(w, &frames);
}

/* Much DATA at once: what a window holds, or more. */
static void step_flood(struct world *w)
{
    static const uint8_t zeros[16384];
    const uint32_t id = take_byte(w);
    const size_t len = (size_t)take_byte(w) * 4096;
    for (size_t at = 0; at < len; at += sizeof zeros) {
        struct bytes_h2 frames = {.len = 0};
        const size_t part = len - at < sizeof zeros ? len - at : sizeof zeros;
        frames_h2_data(&frames, id, zeros, part, false);
        give_frames(w, &frames);
    }
}

static void step_tenant(struct world *w)
{
    const uint8_t which = take_byte(w);
    const uint8_t what = take_byte(w);
    struct one *one = w->calls_len > 0 ? w->calls[which % w->calls_len] : NULL;
    if (one && one->call && (what & 7) == 7) {
        tri_h2_client_calls.cancel(w->conn, one->call);
        one->call = NULL;
    }
    if (!one || !one->tenant.is_bound) {
        return;
    }
    struct pattern_tenant *t = &one->tenant;
    const struct tri_stream_ops *ops = one->stream->ops;
    switch (what & 3) {
    case 0:
        pattern_tenant_queue(t, (size_t)(what >> 2) * 300);
        break;
    case 1:
        t->fin = true;
        break;
    case 2: {
        const size_t len = what & 4 ? t->debt : t->debt / 2;
        t->debt -= len;
        ops->consume(one->stream, len);
        return;
    }
    default:
        if (what & 4) {
            ops->abort(one->stream);
        } else {
            ops->set_urgency(one->stream, what >> 5);
        }
        return;
    }
    ops->wake_write(one->stream);
}

static void step_time(struct world *w, uint8_t how)
{
    w->now_ns += (uint64_t)(how >> 4) * 1500 * TRI_NS_PER_MS;
    if (how & 8 || w->conn->ops->deadline_ns(w->conn) <= w->now_ns) {
        w->conn->ops->expire(w->conn, w->now_ns);
    }
}

static void step_end(struct world *w, uint8_t how)
{
    if ((how >> 3) == 1) {
        w->conn->ops->recv_eof(w->conn, (how & 1) != 0, w->now_ns);
    } else if ((how >> 3) == 2) {
        w->conn->ops->shutdown(w->conn, w->now_ns);
    } else {
        step_flood(w);
    }
}

static void step(struct world *w)
{
    const uint8_t what = take_byte(w);
    switch (what & 7) {
    case 0: {
        const struct tri_slice raw = take_bytes(w, (size_t)(what >> 3) * 8 + 1);
        give(w, raw.data, raw.len);
        return;
    }
    case 1:
        drain(w, 16 + (what >> 3) % 32);
        return;
    case 2:
        step_frame(w);
        return;
    case 3:
        step_answer(w, what >> 3);
        return;
    case 4:
        for (size_t i = 0; i <= what >> 3; i++) {
            open_call(w);
        }
        return;
    case 5:
        step_tenant(w);
        return;
    case 6:
        step_time(w, what);
        return;
    default:
        step_end(w, what);
        return;
    }
}

/* ---- a run */

static bool open_world(struct world *w, struct tri_limits *limits)
{
    tri_limits_default(limits);
    const struct tri_call_config config = {.alloc = &w->alloc.alloc,
                                           .limits = limits,
                                           .events = &call_events,
                                           .user = w,
                                           .carrier = {.conn_id = 1, .http = "h2"}};
    return tri_h2_client_new(&w->conn, &config, w->now_ns) == TRI_OK;
}

static void run_script(struct world *w, uint8_t options)
{
    const uint8_t entries[12] = {
        0, NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 0, 0, 0, (options & 2) == 0,
        0, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS,  0, 0, 0, options >> 2};
    struct bytes_h2 frames = {.len = 0};
    frames_h2_frame(&frames, NGHTTP2_SETTINGS, 0, 0, entries, sizeof entries);
    frames_h2_frame(&frames, NGHTTP2_SETTINGS, NGHTTP2_FLAG_ACK, 0, NULL, 0);
    drain(w, 16);
    give_frames(w, &frames);
    while (w->script.len > 0) {
        step(w);
    }
}

static void close_world(struct world *w)
{
    if (w->conn) {
        drain(w, 32);
        check_output(w);
        w->conn->ops->free(w->conn);
    }
    assert(w->closed == w->bound);
    assert(w->alloc.live == 0);
    for (size_t i = 0; i < w->calls_len; i++) {
        assert(!w->calls[i]->tenant.is_bound && !w->calls[i]->call);
        free(w->calls[i]);
    }
    bytes_h2_free(&w->out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct world w = {.script = tri_slice_of(data, len)};
    struct tri_limits limits;
    test_alloc_init(&w.alloc);
    const uint8_t options = take_byte(&w);
    w.is_raw = (options & 1) != 0;
    w.alloc.fail_at = take_byte(&w);
    if (open_world(&w, &limits)) {
        if (w.is_raw) {
            drain(&w, 16);
            give(&w, w.script.data, w.script.len);
        } else {
            run_script(&w, options);
        }
    }
    close_world(&w);
    return 0;
}
