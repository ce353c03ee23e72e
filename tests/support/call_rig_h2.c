#include "call_rig_h2.h"

#include "base_timeout.h"

#include <assert.h>
#include <stdlib.h>

static const struct tri_field request_fields[] = {
    {TRI_SLICE("sec-websocket-version"), TRI_SLICE("13")}};

const struct tri_call_request call_rig_h2_request = {
    .authority = TRI_SLICE("localhost:8443"),
    .path = TRI_SLICE("/echo?a=b"),
    .fields = request_fields,
    .fields_len = 1,
};

/* ---- the owner */

struct call_h2 *call_rig_h2_try(struct call_rig_h2 *r, const struct tri_call_request *request,
                                enum tri_err *err)
{
    struct call_h2 *one = calloc(1, sizeof *one);
    assert(one);
    tenant_init_call(&one->tenant);
    const size_t wakes = r->wakes;
    *err = tri_h2_client_calls.open(r->conn, request, one, &one->call);
    if (*err != TRI_OK) {
        assert_null(one->call);
        assert_int_equal(r->wakes, wakes);
        tenant_deinit(&one->tenant);
        free(one);
        return NULL;
    }
    assert_ptr_equal(one->call->owner, one);
    assert_true(one->call->carrier->stream_id > 0);
    if (r->calls_len == r->calls_cap) {
        r->calls_cap = r->calls_cap * 2 + 16;
        r->calls = realloc(r->calls, r->calls_cap * sizeof(struct call_h2 *));
        assert(r->calls);
    }
    r->calls[r->calls_len++] = one;
    return one;
}

struct call_h2 *call_rig_h2_open(struct call_rig_h2 *r)
{
    enum tri_err err;
    struct call_h2 *one = call_rig_h2_try(r, &call_rig_h2_request, &err);
    assert_int_equal(err, TRI_OK);
    return one;
}

static void on_ready(void *user, bool connect)
{
    struct call_rig_h2 *r = user;
    r->readies++;
    r->connect = connect;
    if (r->opens_in_ready) {
        enum tri_err err;
        (void)call_rig_h2_try(r, &call_rig_h2_request, &err);
    }
}

static void on_answer(void *user, struct tri_call *call, const struct tri_call_answer *answer)
{
    struct call_rig_h2 *r = user;
    struct call_h2 *one = call->owner;
    assert_ptr_equal(one->call, call);
    assert_int_equal(one->answers + one->fails, 0);
    one->answers++;
    one->is_accepted = answer->is_accepted;
    one->status = answer->status;
    for (size_t i = 0; i < answer->fields_len; i++) {
        const struct tri_field *f = &answer->fields[i];
        bytes_h2_append(&one->fields, f->name.data, f->name.len);
        bytes_h2_append(&one->fields, ": ", 2);
        bytes_h2_append(&one->fields, f->value.data, f->value.len);
        bytes_h2_append(&one->fields, "\n", 1);
    }
    if (answer->is_accepted && !r->binds_not) {
        tenant_bind(&one->tenant, &call->stream);
    } else {
        one->call = NULL;
    }
}

static void on_fail(void *user, struct tri_call *call, const struct tri_call_end *end)
{
    (void)user;
    struct call_h2 *one = call->owner;
    assert_ptr_equal(one->call, call);
    assert_int_equal(one->answers + one->fails, 0);
    assert_int_not_equal(end->fault, TRI_FAULT_NONE);
    assert_non_null(end->text);
    one->fails++;
    one->end = *end;
    one->call = NULL;
}

static void on_room(void *user)
{
    struct call_rig_h2 *r = user;
    r->rooms++;
    assert_true(call_rig_h2_room(r) > 0);
    while (r->opens_in_room && call_rig_h2_room(r) > 0) {
        (void)call_rig_h2_open(r);
    }
}

static void on_wake(void *user)
{
    struct call_rig_h2 *r = user;
    r->wakes++;
}

static const struct tri_call_events call_events = {
    .on_ready = on_ready,
    .on_answer = on_answer,
    .on_fail = on_fail,
    .on_room = on_room,
    .on_wake = on_wake,
};

/* ---- life */

bool call_rig_h2_init_as(struct call_rig_h2 *r)
{
    const size_t fail_at = r->alloc.fail_at;
    test_alloc_init(&r->alloc);
    r->alloc.fail_at = fail_at;
    r->now_ns = 1000 * TRI_NS_PER_MS; /* as rig_h2 */
    tri_limits_default(&r->limits);
    const struct tri_call_config config = {
        .alloc = &r->alloc.alloc,
        .limits = &r->limits,
        .events = &call_events,
        .user = r,
        .carrier = {.conn_id = 3, .http = "h2", .remote = "[::1]:8443"},
    };
    return tri_h2_client_new(&r->conn, &config, r->now_ns) == TRI_OK;
}

void call_rig_h2_init(struct call_rig_h2 *r)
{
    *r = (struct call_rig_h2){.has_server = false};
    assert_true(call_rig_h2_init_as(r));
    call_rig_h2_output(r);
}

void call_rig_h2_join_with(struct call_rig_h2 *r, const struct tri_limits *server_limits,
                           bool extended_connect)
{
    *r = (struct call_rig_h2){.has_server = true};
    assert_true(call_rig_h2_init_as(r));
    rig_h2_init_with(&r->server, server_limits, extended_connect);
    call_rig_h2_run(r);
}

void call_rig_h2_join(struct call_rig_h2 *r)
{
    struct tri_limits limits;
    tri_limits_default(&limits);
    call_rig_h2_join_with(r, &limits, true);
    assert_int_equal(r->readies, 1);
    assert_true(r->connect);
}

void call_rig_h2_deinit(struct call_rig_h2 *r)
{
    if (r->conn) {
        r->conn->ops->free(r->conn);
    }
    for (size_t i = 0; i < r->calls_len; i++) {
        struct call_h2 *one = r->calls[i];
        assert_int_equal(one->tenant.closes, one->tenant.bound ? 1 : 0); /* contract line 8 */
        tenant_deinit(&one->tenant);
        bytes_h2_free(&one->fields);
        free(one);
    }
    free(r->calls);
    bytes_h2_free(&r->out);
    if (r->has_server) {
        rig_h2_deinit(&r->server);
    }
    assert_int_equal(r->alloc.live, 0);
}

/* ---- bytes */

void call_rig_h2_output(struct call_rig_h2 *r)
{
    struct tri_slice slices[32];
    for (;;) {
        const size_t n = r->conn->ops->send(r->conn, slices, 32, r->now_ns);
        assert_true(n <= 32);
        for (size_t i = 0; i < n; i++) {
            assert_true(slices[i].len > 0);
            bytes_h2_append(&r->out, slices[i].data, slices[i].len);
        }
        if (n == 0) {
            return;
        }
    }
}

static void give(struct call_rig_h2 *r, const uint8_t *data, size_t len)
{
    const size_t piece_max = r->piece_max > 0 ? r->piece_max : len;
    for (size_t at = 0; at < len;) {
        const size_t part = len - at < piece_max ? len - at : piece_max;
        uint8_t *copy = malloc(part); /* its end is where a sanitizer looks */
        assert(copy);
        memcpy(copy, data + at, part);
        r->recv_err = r->conn->ops->recv(r->conn, copy, part, r->now_ns);
        free(copy);
        at += part;
    }
}

void call_rig_h2_input(struct call_rig_h2 *r, const void *data, size_t len)
{
    give(r, data, len);
    call_rig_h2_output(r);
}

void call_rig_h2_bytes(struct call_rig_h2 *r, struct bytes_h2 *in)
{
    call_rig_h2_input(r, in->data, in->len);
    bytes_h2_free(in);
}

void call_rig_h2_run(struct call_rig_h2 *r)
{
    for (bool moved = true; moved;) {
        const size_t before = r->out.len;
        call_rig_h2_output(r);
        moved = r->out.len > before;
        if (moved) {
            rig_h2_input(&r->server, r->out.data + before, r->out.len - before);
        } else {
            rig_h2_output(&r->server);
        }
        moved = moved || r->server.out.len > r->taken;
        const size_t from = r->taken;
        r->taken = r->server.out.len;
        give(r, r->server.out.data + from, r->taken - from);
    }
}

void call_rig_h2_setting(struct bytes_h2 *out, uint16_t id, uint32_t value)
{
    const uint8_t entry[6] = {(uint8_t)(id >> 8),     (uint8_t)id,           (uint8_t)(value >> 24),
                              (uint8_t)(value >> 16), (uint8_t)(value >> 8), (uint8_t)value};
    bytes_h2_append(out, entry, sizeof entry);
}

void call_rig_h2_settings(struct call_rig_h2 *r)
{
    struct bytes_h2 in = {.len = 0};
    struct bytes_h2 entries = {.len = 0};
    call_rig_h2_setting(&entries, NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1);
    frames_h2_frame(&in, NGHTTP2_SETTINGS, 0, 0, entries.data, entries.len);
    frames_h2_frame(&in, NGHTTP2_SETTINGS, NGHTTP2_FLAG_ACK, 0, NULL, 0);
    bytes_h2_free(&entries);
    call_rig_h2_bytes(r, &in);
}

void call_rig_h2_answer(struct call_rig_h2 *r, uint32_t id, const char *status, bool fin)
{
    const struct tri_header fields[] = {{":status", status}, {NULL, NULL}};
    struct bytes_h2 in = {.len = 0};
    frames_h2_headers(&in, id, fields, fin);
    call_rig_h2_bytes(r, &in);
}

void call_rig_h2_pass(struct call_rig_h2 *r, uint64_t ms)
{
    r->now_ns += ms * TRI_NS_PER_MS;
    if (r->conn->ops->deadline_ns(r->conn) <= r->now_ns) {
        r->conn->ops->expire(r->conn, r->now_ns);
    }
    call_rig_h2_output(r);
}

/* ---- what the client said */

static uint32_t read_last(const struct call_rig_h2 *r, uint8_t type, uint32_t stream_id, size_t at,
                          size_t *count)
{
    assert_true(r->out.len >= NGHTTP2_CLIENT_MAGIC_LEN);
    struct tri_slice rest =
        tri_slice_of(r->out.data + NGHTTP2_CLIENT_MAGIC_LEN, r->out.len - NGHTTP2_CLIENT_MAGIC_LEN);
    struct frame_h2 frame;
    uint32_t last = UINT32_MAX;
    *count = 0;
    while (frames_h2_next(&rest, &frame)) {
        if (frame.type == type && frame.stream_id == stream_id) {
            ++*count;
            last = frame.payload.len >= at + 4 ? frames_h2_read_u32(frame.payload.data + at) : last;
        }
    }
    assert_int_equal(rest.len, 0);
    return last;
}

size_t call_rig_h2_count(const struct call_rig_h2 *r, uint8_t type, uint32_t stream_id)
{
    size_t count;
    (void)read_last(r, type, stream_id, 0, &count);
    return count;
}

uint32_t call_rig_h2_goaway(const struct call_rig_h2 *r)
{
    size_t count;
    return read_last(r, NGHTTP2_GOAWAY, 0, 4, &count);
}

uint32_t call_rig_h2_reset(const struct call_rig_h2 *r, uint32_t stream_id)
{
    size_t count;
    return read_last(r, NGHTTP2_RST_STREAM, stream_id, 0, &count);
}

struct tri_call_end call_rig_h2_end(const struct call_rig_h2 *r)
{
    return tri_h2_client_calls.end(r->conn);
}

bool call_rig_h2_is_done(const struct call_rig_h2 *r)
{
    return r->conn->ops->is_done(r->conn);
}

size_t call_rig_h2_room(const struct call_rig_h2 *r)
{
    return tri_h2_client_calls.room(r->conn);
}
