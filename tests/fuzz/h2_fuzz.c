/*
 * A whole HTTP/2 connection, server side: the input is a script of steps for the peer, the handler,
 * the tenants, the clock and the allocator. Input that starts as a client's preface does is taken
 * for bytes of a connection instead.
 *
 * What the server sends is read back: it must be whole frames, and DATA must hold exactly the
 * tenant's bytes, in order. Released bytes are overwritten, so reading one again shows.
 */
#include "base_timeout.h"
#include "frames_h2.h"
#include "h2_conn.h"
#include "pattern_tenant.h"
#include "test_alloc.h"

#include <assert.h>
#include <stdlib.h>

#define TENANTS_MAX ((size_t)64)
#define SENDS_MAX ((size_t)100000) /* more would be an endless loop */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

struct world {
    struct test_alloc alloc;
    struct tri_conn *conn;
    uint64_t now_ns;
    struct tri_slice script;
    struct pattern_tenant *tenants[TENANTS_MAX];
    size_t tenants_len;
    size_t bound, closed;
    struct bytes_h2 out; /* what the server sent and was not read yet */
    uint32_t next_stream_id;
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

/* ---- the handler */

static void answer(struct world *w, struct pattern_tenant *t, uint8_t how)
{
    static const struct tri_field fields[] = {{TRI_SLICE("x-one"), TRI_SLICE("1")},
                                              {TRI_SLICE("x-two"), TRI_SLICE("")}};
    struct tri_response r = {.status = 200 + how % 400,
                             .fields = fields,
                             .fields_len = how % 3,
                             .content_length = how & 4 ? how : TRI_LENGTH_NONE};
    r.answer = (enum tri_answer)(how % 4);
    if (how & 8 || r.answer == TRI_ANSWER_WEBSOCKET) {
        r.events = &pattern_tenant_events;
        r.session = t;
    }
    t->is_waiting = false;
    struct tri_exchange *x = t->exchange;
    if (!r.events) {
        t->exchange = NULL;
    }
    t->is_bound = r.events != NULL;
    if (x->ops->respond(x, &r) != TRI_OK) {
        t->is_bound = false;
        t->exchange = NULL;
    }
    w->bound += t->is_bound;
}

static void on_request(void *user, struct tri_exchange *x, const struct tri_request_head *head)
{
    struct world *w = user;
    assert(head->method.len > 0);
    for (size_t i = 0; i < head->fields_len; i++) {
        assert(head->fields[i].name.len > 0 && head->fields[i].name.data[0] != ':');
    }
    if (w->tenants_len == TENANTS_MAX) {
        return; /* never answered: on_cancel comes some day */
    }
    struct pattern_tenant *t = calloc(1, sizeof *t);
    assert(t);
    *t = (struct pattern_tenant){.closed = &w->closed, .exchange = x, .is_waiting = true};
    t->stream_id = (uint32_t)x->carrier->stream_id;
    x->owner = t;
    w->tenants[w->tenants_len++] = t;
    const uint8_t how = take_byte(w);
    if (how < 0xc0) {
        answer(w, t, how);
    }
}

static void on_cancel(void *user, struct tri_exchange *x)
{
    (void)user;
    struct pattern_tenant *t = x->owner;
    if (t) {
        assert(t->is_waiting && t->exchange == x);
        t->is_waiting = false;
        t->exchange = NULL;
    }
}

static void on_wake(void *user)
{
    (void)user;
}

static const struct tri_exchange_events exchange_events = {
    .on_request = on_request,
    .on_cancel = on_cancel,
    .on_wake = on_wake,
};

/* ---- what the server sends */

static const struct pattern_tenant *find_tenant(const struct world *w, uint32_t stream_id,
                                                size_t *at)
{
    for (size_t i = 0; i < w->tenants_len; i++) {
        if (w->tenants[i]->stream_id == stream_id) {
            *at = i;
            return w->tenants[i];
        }
    }
    return NULL;
}

/* |seen| counts the DATA bytes of each tenant. */
static void check_output(const struct world *w)
{
    size_t seen[TENANTS_MAX] = {0};
    struct tri_slice rest = tri_slice_of(w->out.data, w->out.len);
    struct frame_h2 frame;
    while (frames_h2_next(&rest, &frame)) {
        assert(frame.type <= NGHTTP2_CONTINUATION && frame.payload.len <= 16384);
        size_t at = 0;
        const struct pattern_tenant *t = find_tenant(w, frame.stream_id, &at);
        if (frame.type != NGHTTP2_DATA || !t || t->queued == 0) {
            continue;
        }
        for (size_t i = 0; i < frame.payload.len; i++) {
            assert(frame.payload.data[i] == pattern_tenant_byte(t->stream_id, seen[at] + i));
        }
        seen[at] += frame.payload.len;
        assert(seen[at] <= t->sent);
    }
    assert(rest.len == 0);
}

/* When send yields nothing, all that was sent is released. */
static void check_settled(const struct world *w)
{
    for (size_t i = 0; i < w->tenants_len; i++) {
        const struct pattern_tenant *t = w->tenants[i];
        assert(!t->is_bound || t->released == t->sent);
    }
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
            check_settled(w);
            return;
        }
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

static void step_request(struct world *w, uint8_t how)
{
    const struct tri_header fields[] = {
        {":method", how & 1 ? "CONNECT" : "POST"},
        {how & 1 ? ":protocol" : "x-none", "websocket"},
        {":scheme", "https"},
        {":authority", "localhost"},
        {":path", "/echo"},
        {"sec-websocket-version", "13"},
        {NULL, NULL},
    };
    const struct tri_header plain[] = {{":method", how & 4 ? "HEAD" : "GET"},
                                       {":scheme", "https"},
                                       {":authority", "localhost"},
                                       {":path", "/"},
                                       {NULL, NULL}};
    struct bytes_h2 frames = {.len = 0};
    frames_h2_headers(&frames, w->next_stream_id, how & 1 ? fields : plain, (how & 2) != 0);
    w->next_stream_id += 2;
    give_frames(w, &frames);
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
    struct pattern_tenant *t = w->tenants_len > 0 ? w->tenants[which % w->tenants_len] : NULL;
    if (!t || !t->exchange) {
        return;
    }
    if (t->is_waiting) {
        answer(w, t, what);
        return;
    }
    struct tri_stream *seam = &t->exchange->stream;
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
        seam->ops->consume(seam, len);
        return;
    }
    default:
        seam->ops->abort(seam);
        return;
    }
    seam->ops->wake_write(seam);
}

static void step_time(struct world *w, uint8_t how)
{
    w->now_ns += (uint64_t)(how >> 4) * 1500 * TRI_NS_PER_MS;
    if (how & 1 || w->conn->ops->deadline_ns(w->conn) <= w->now_ns) {
        w->conn->ops->expire(w->conn, w->now_ns);
    }
}

static void step_end(struct world *w, uint8_t how)
{
    if ((how >> 3) == 1) {
        w->conn->ops->recv_eof(w->conn, false, w->now_ns);
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
        step_request(w, what >> 3);
        return;
    case 4:
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

static bool open_world(struct world *w, struct tri_limits *limits, bool extended_connect)
{
    tri_limits_default(limits);
    limits->streams_max = 20;
    const struct tri_conn_config config = {.alloc = &w->alloc.alloc,
                                           .limits = limits,
                                           .events = &exchange_events,
                                           .user = w,
                                           .carrier = {.conn_id = 1, .http = "h2"},
                                           .extended_connect = extended_connect};
    w->next_stream_id = 1;
    return tri_h2_conn_new(&w->conn, &config, w->now_ns) == TRI_OK;
}

static void run_script(struct world *w)
{
    struct bytes_h2 preface = {.len = 0};
    frames_h2_preface(&preface);
    give_frames(w, &preface);
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
    for (size_t i = 0; i < w->tenants_len; i++) {
        assert(!w->tenants[i]->is_bound && !w->tenants[i]->is_waiting);
        free(w->tenants[i]);
    }
    bytes_h2_free(&w->out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct world w = {.script = tri_slice_of(data, len)};
    struct tri_limits limits;
    const bool is_raw = len >= 3 && memcmp(data, "PRI", 3) == 0;
    test_alloc_init(&w.alloc);
    const uint8_t options = is_raw ? 0 : take_byte(&w);
    w.alloc.fail_at = is_raw ? 0 : (size_t)take_byte(&w) * (1 + options / 2);
    if (open_world(&w, &limits, (options & 1) == 0)) {
        if (is_raw) {
            give(&w, data, len);
        } else {
            run_script(&w);
        }
    }
    close_world(&w);
    return 0;
}
