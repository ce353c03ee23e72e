#include "rig_h2.h"

#include "base_list.h"
#include "base_timeout.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

const struct tri_header rig_h2_websocket_fields[] = {
    {":method", "CONNECT"}, {":protocol", "websocket"},
    {":scheme", "https"},   {":authority", "localhost"},
    {":path", "/echo"},     {"sec-websocket-version", "13"},
    {NULL, NULL},
};

const struct tri_header rig_h2_get_fields[] = {
    {":method", "GET"}, {":scheme", "https"}, {":authority", "localhost"},
    {":path", "/"},     {NULL, NULL},
};

/* ---- the handler */

static void append_word(struct bytes_h2 *b, struct tri_slice word, const char *end)
{
    bytes_h2_append(b, word.data, word.len);
    bytes_h2_append(b, end, strlen(end));
}

static void record_head(struct rig_h2 *r, const struct tri_request_head *head)
{
    r->last.len = 0;
    append_word(&r->last, head->method, " ");
    append_word(&r->last, head->scheme, " ");
    append_word(&r->last, head->authority, " ");
    append_word(&r->last, head->path, " ");
    append_word(&r->last, head->protocol, "\n");
    for (size_t i = 0; i < head->fields_len; i++) {
        append_word(&r->last, head->fields[i].name, ": ");
        append_word(&r->last, head->fields[i].value, "\n");
    }
    bytes_h2_append(&r->last, "", 1);
}

static void on_request(void *user, struct tri_exchange *x, const struct tri_request_head *head)
{
    struct rig_h2 *r = user;
    record_head(r, head);
    if (r->tenants_len == r->tenants_cap) {
        r->tenants_cap = r->tenants_cap * 2 + 16;
        r->tenants = realloc(r->tenants, r->tenants_cap * sizeof(struct tenant *));
        assert(r->tenants);
    }
    struct tenant *t = malloc(sizeof *t);
    assert(t);
    tenant_init(t, x, head);
    x->owner = t;
    r->tenants[r->tenants_len++] = t;
    if (r->on_request) {
        r->on_request(r, t);
    } else if (head->protocol.len > 0) {
        tenant_accept(t);
    } else {
        tenant_refuse(t, 200);
    }
}

static void on_cancel(void *user, struct tri_exchange *x)
{
    struct rig_h2 *r = user;
    struct tenant *t = x->owner;
    assert(!t->bound && !t->canceled);
    t->canceled = true;
    r->cancels++;
}

static void on_wake(void *user)
{
    struct rig_h2 *r = user;
    r->wakes++;
}

static void on_refuse(void *user, const struct tri_carrier *carrier, enum tri_refused why,
                      int status)
{
    struct rig_h2 *r = user;
    assert_string_equal(carrier->http, "h2");
    r->refusals++;
    r->why = why;
    r->refused_status = status;
}

static const struct tri_exchange_events exchange_events = {
    .on_request = on_request,
    .on_cancel = on_cancel,
    .on_wake = on_wake,
    .on_refuse = on_refuse,
};

/* ---- life */

void rig_h2_init_with(struct rig_h2 *r, const struct tri_limits *limits, bool extended_connect)
{
    *r = (struct rig_h2){.now_ns = 1000 * TRI_NS_PER_MS, .slices_max = 32, .limits = *limits};
    test_alloc_init(&r->alloc);
    const struct tri_conn_config config = {
        .alloc = &r->alloc.alloc,
        .limits = &r->limits,
        .events = &exchange_events,
        .user = r,
        .carrier = {.conn_id = 7, .http = "h2", .remote = "[::1]:50321"},
        .extended_connect = extended_connect,
        .metrics = &r->metrics,
    };
    enum tri_err err = tri_h2_conn_new(&r->conn, &config, r->now_ns);
    assert_int_equal(err, TRI_OK);
    peer_h2_init(&r->peer);
}

void rig_h2_init(struct rig_h2 *r)
{
    struct tri_limits limits;
    tri_limits_default(&limits);
    rig_h2_init_with(r, &limits, true);
}

void rig_h2_deinit(struct rig_h2 *r)
{
    r->conn->ops->free(r->conn);
    for (size_t i = 0; i < r->tenants_len; i++) {
        struct tenant *t = r->tenants[i];
        assert_int_equal(t->closes, t->bound ? 1 : 0); /* contract line 8 */
        tenant_deinit(t);
        free(t);
    }
    free(r->tenants);
    bytes_h2_free(&r->out);
    bytes_h2_free(&r->last);
    peer_h2_deinit(&r->peer);
    assert_int_equal(r->alloc.live, 0);
}

/* ---- bytes */

static void give(struct rig_h2 *r, const uint8_t *data, size_t len)
{
    const size_t piece_max = r->piece_max > 0 ? r->piece_max : len;
    for (size_t at = 0; at < len;) {
        const size_t part = len - at < piece_max ? len - at : piece_max;
        /* A copy of exactly this size, so that a sanitizer sees a byte read too far. */
        uint8_t *copy = malloc(part);
        assert(copy);
        memcpy(copy, data + at, part);
        r->recv_err = r->conn->ops->recv(r->conn, copy, part, r->now_ns);
        free(copy);
        at += part;
    }
}

void rig_h2_output(struct rig_h2 *r)
{
    struct tri_slice slices[64];
    assert(r->slices_max <= 64);
    for (;;) {
        size_t n = r->conn->ops->send(r->conn, slices, r->slices_max, r->now_ns);
        if (n == 0) {
            return;
        }
        assert(n <= r->slices_max);
        for (size_t i = 0; i < n; i++) {
            assert(slices[i].len > 0);
            bytes_h2_append(&r->out, slices[i].data, slices[i].len);
        }
    }
}

void rig_h2_input(struct rig_h2 *r, const void *data, size_t len)
{
    give(r, data, len);
    rig_h2_output(r);
}

void rig_h2_bytes(struct rig_h2 *r, struct bytes_h2 *in)
{
    rig_h2_input(r, in->data, in->len);
    bytes_h2_free(in);
}

void rig_h2_run(struct rig_h2 *r)
{
    bool moved = true;
    while (moved) {
        const uint8_t *data;
        moved = false;
        for (size_t n = peer_h2_take(&r->peer, &data); n > 0; n = peer_h2_take(&r->peer, &data)) {
            give(r, data, n);
            moved = true;
        }
        const size_t before = r->out.len;
        rig_h2_output(r);
        moved = moved || r->out.len > before;
        peer_h2_feed(&r->peer, r->out.data + before, r->out.len - before);
        assert(!r->peer.is_broken);
    }
}

void rig_h2_pass(struct rig_h2 *r, uint64_t ms)
{
    const uint64_t end_ns = r->now_ns + ms * TRI_NS_PER_MS;
    for (uint64_t next_ns = r->conn->ops->deadline_ns(r->conn); next_ns <= end_ns;
         next_ns = r->conn->ops->deadline_ns(r->conn)) {
        r->now_ns = next_ns > r->now_ns ? next_ns : r->now_ns;
        r->conn->ops->expire(r->conn, r->now_ns);
        rig_h2_output(r);
    }
    r->now_ns = end_ns;
    rig_h2_output(r);
}

/* ---- requests */

int rig_h2_open(struct rig_h2 *r, const struct fixture_request *request)
{
    int stream = peer_h2_request(&r->peer, request);
    assert_true(stream >= 0);
    rig_h2_run(r);
    return stream;
}

int rig_h2_websocket(struct rig_h2 *r)
{
    return rig_h2_open(r, &(struct fixture_request){.protocol = "websocket"});
}

struct tenant *rig_h2_tenant(struct rig_h2 *r, size_t index)
{
    assert_true(index < r->tenants_len);
    return r->tenants[index];
}

void rig_h2_handshake(struct rig_h2 *r, uint32_t stream_id)
{
    struct bytes_h2 in = {.len = 0};
    frames_h2_preface(&in);
    frames_h2_headers(&in, stream_id, rig_h2_websocket_fields, false);
    rig_h2_bytes(r, &in);
}

/* An exchange that only looks at how a tenant binds itself. */
struct probe {
    struct tri_exchange exchange;
    const struct tri_stream_events *events;
};

static enum tri_err probe_respond(struct tri_exchange *x, const struct tri_response *response)
{
    struct probe *p = TRI_CONTAINER_OF(x, struct probe, exchange);
    p->events = response->events;
    return TRI_OK;
}

static const struct tri_stream_events *tenant_table(void)
{
    static const struct tri_exchange_ops probe_ops = {.respond = probe_respond};
    struct probe p = {.exchange = {.ops = &probe_ops}};
    struct tenant t;
    tenant_init(&t, &p.exchange, NULL);
    tenant_accept(&t);
    tenant_deinit(&t);
    return p.events;
}

enum tri_err rig_h2_reply(struct tenant *t, const struct tri_response *response)
{
    struct tri_response bound = *response;
    bound.events = tenant_table();
    bound.session = t;
    enum tri_err err = t->exchange->ops->respond(t->exchange, &bound);
    t->bound = err == TRI_OK;
    return err;
}

/* ---- what came back */

size_t rig_h2_count(const struct rig_h2 *r, uint8_t type, uint32_t stream_id)
{
    struct tri_slice rest = tri_slice_of(r->out.data, r->out.len);
    struct frame_h2 frame;
    size_t count = 0;
    while (frames_h2_next(&rest, &frame)) {
        count += frame.type == type && frame.stream_id == stream_id;
    }
    assert_int_equal(rest.len, 0);
    return count;
}

struct frame_h2 rig_h2_frame(const struct rig_h2 *r, uint8_t type, uint32_t stream_id, size_t nth)
{
    struct tri_slice rest = tri_slice_of(r->out.data, r->out.len);
    struct frame_h2 frame;
    while (frames_h2_next(&rest, &frame)) {
        if (frame.type == type && frame.stream_id == stream_id && nth-- == 0) {
            return frame;
        }
    }
    fail_msg("no such frame");
    return (struct frame_h2){.type = type};
}

void rig_h2_assert_reset(const struct rig_h2 *r, uint32_t stream_id, uint32_t code)
{
    assert_int_equal(rig_h2_count(r, NGHTTP2_GOAWAY, 0), 0);
    assert_int_equal(rig_h2_count(r, NGHTTP2_RST_STREAM, stream_id), 1);
    const struct frame_h2 frame = rig_h2_frame(r, NGHTTP2_RST_STREAM, stream_id, 0);
    assert_int_equal(frames_h2_read_u32(frame.payload.data), code);
}

void rig_h2_assert_goaway(const struct rig_h2 *r, uint32_t code)
{
    const size_t count = rig_h2_count(r, NGHTTP2_GOAWAY, 0);
    assert_true(count > 0);
    const struct frame_h2 frame = rig_h2_frame(r, NGHTTP2_GOAWAY, 0, count - 1);
    assert_true(frame.payload.len >= 8);
    assert_int_equal(frames_h2_read_u32(frame.payload.data + 4), code);
}

static void append_field(struct bytes_h2 *b, const nghttp2_nv *nv)
{
    bytes_h2_append(b, nv->name, nv->namelen);
    bytes_h2_append(b, ": ", 2);
    bytes_h2_append(b, nv->value, nv->valuelen);
    bytes_h2_append(b, "\n", 1);
}

static int read_head(nghttp2_hd_inflater *inflater, struct tri_slice block, struct bytes_h2 *fields)
{
    int status = 0;
    int flags = 0;
    while (!(flags & NGHTTP2_HD_INFLATE_FINAL)) {
        nghttp2_nv nv;
        flags = 0;
        nghttp2_ssize used =
            nghttp2_hd_inflate_hd3(inflater, &nv, &flags, block.data, block.len, 1);
        assert(used >= 0);
        block = tri_slice_of(block.data + used, block.len - (size_t)used);
        if (!(flags & NGHTTP2_HD_INFLATE_EMIT)) {
            continue;
        }
        if (nv.namelen == 7 && memcmp(nv.name, ":status", 7) == 0) {
            status = (nv.value[0] - '0') * 100 + (nv.value[1] - '0') * 10 + (nv.value[2] - '0');
        } else if (fields) {
            append_field(fields, &nv);
        }
    }
    nghttp2_hd_inflate_end_headers(inflater);
    return status;
}

int rig_h2_head(const struct rig_h2 *r, uint32_t stream_id, struct bytes_h2 *fields)
{
    nghttp2_hd_inflater *inflater;
    int rv = nghttp2_hd_inflate_new(&inflater);
    assert(rv == 0);
    (void)rv;
    struct tri_slice rest = tri_slice_of(r->out.data, r->out.len);
    struct frame_h2 frame;
    int found = 0;
    while (frames_h2_next(&rest, &frame)) {
        if (frame.type == NGHTTP2_HEADERS) {
            const bool is_it = frame.stream_id == stream_id;
            const int status = read_head(inflater, frame.payload, is_it ? fields : NULL);
            found = is_it ? status : found;
        }
    }
    nghttp2_hd_inflate_del(inflater);
    return found;
}

int rig_h2_status(const struct rig_h2 *r, uint32_t stream_id)
{
    return rig_h2_head(r, stream_id, NULL);
}
