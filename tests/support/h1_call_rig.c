#include "h1_call_rig.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

static void fill(void *user, uint8_t *out, size_t len)
{
    (void)user;
    static const char sample[] = "the sample nonce";
    assert(len == sizeof sample - 1);
    memcpy(out, sample, len);
}

void h1_call_rig_ask(struct h1_call_rig *r)
{
    static const struct tri_field version = {.name = TRI_SLICE("sec-websocket-version"),
                                             .value = TRI_SLICE("13")};
    const struct tri_call_request request = {.authority = TRI_SLICE("localhost:8443"),
                                             .path = TRI_SLICE("/echo?a"),
                                             .fields = &version,
                                             .fields_len = 1};
    r->open_err = tri_h1_client_calls.open(r->conn, &request, r, &r->call);
}

static void on_ready(void *user, bool connect)
{
    struct h1_call_rig *r = user;
    r->readies++;
    r->connect = connect;
    if (!r->waits) {
        h1_call_rig_ask(r);
    }
}

static void note_fields(struct h1_call_rig *r, const struct tri_call_answer *answer)
{
    size_t at = 0;
    for (size_t i = 0; i < answer->fields_len && at < sizeof r->fields; i++) {
        const struct tri_field *f = &answer->fields[i];
        at += (size_t)snprintf(r->fields + at, sizeof r->fields - at, "%.*s: %.*s\n",
                               (int)f->name.len, (const char *)f->name.data, (int)f->value.len,
                               (const char *)f->value.data);
    }
}

static void on_answer(void *user, struct tri_call *call, const struct tri_call_answer *answer)
{
    struct h1_call_rig *r = user;
    assert(call == r->call && call->owner == r && call->carrier->conn_id == 7);
    assert(strcmp(call->stream.ops->name, "http/1.1") == 0);
    r->answers++;
    r->is_accepted = answer->is_accepted;
    r->status = answer->status;
    note_fields(r, answer);
    if (answer->is_accepted && !r->binds_not) {
        tenant_bind(&r->tenant, &call->stream);
        if (r->cuts) {
            tenant_abort(&r->tenant);
        }
    }
}

static void on_fail(void *user, struct tri_call *call, const struct tri_call_end *end)
{
    struct h1_call_rig *r = user;
    assert(call == r->call && end->text);
    r->fails++;
    r->end = *end;
}

static void on_wake(void *user)
{
    ((struct h1_call_rig *)user)->wakes++;
}

static const struct tri_call_events rig_events = {
    .on_ready = on_ready, .on_answer = on_answer, .on_fail = on_fail, .on_wake = on_wake};

void h1_call_rig_init(struct h1_call_rig *r)
{
    *r = (struct h1_call_rig){.random = {.fill = fill}};
    test_alloc_init(&r->alloc);
    tri_limits_default(&r->limits);
}

bool h1_call_rig_open_as(struct h1_call_rig *r)
{
    const struct tri_call_config config = {
        .alloc = &r->alloc.alloc,
        .limits = &r->limits,
        .random = &r->random,
        .events = &rig_events,
        .user = r,
        .carrier = {.conn_id = 7, .http = "http/1.1", .tls_version = "TLS 1.3"},
    };
    if (tri_h1_client_new(&r->conn, &config, 1) != TRI_OK) {
        return false;
    }
    r->out = calloc(1, 1);
    assert(r->out);
    tenant_init_call(&r->tenant);
    h1_call_rig_drain(r);
    return true;
}

void h1_call_rig_open(struct h1_call_rig *r)
{
    h1_call_rig_init(r);
    const bool is_open = h1_call_rig_open_as(r);
    assert(is_open);
}

void h1_call_rig_close(struct h1_call_rig *r)
{
    r->conn->ops->free(r->conn);
    assert(!r->tenant.bound || r->tenant.closes == 1);
    assert(r->answers + r->fails <= 1);
    tenant_deinit(&r->tenant);
    free(r->out);
    assert(r->alloc.live == 0);
}

static void collect(struct h1_call_rig *r, struct tri_slice slice)
{
    r->out = realloc(r->out, r->out_len + slice.len + 1);
    assert(r->out);
    memcpy(r->out + r->out_len, slice.data, slice.len);
    r->out_len += slice.len;
    r->out[r->out_len] = '\0';
}

void h1_call_rig_drain(struct h1_call_rig *r)
{
    struct tri_slice slices[16];
    size_t count;
    while ((count = r->conn->ops->send(r->conn, slices, 16, 1)) > 0) {
        assert(count <= 16);
        for (size_t i = 0; i < count; i++) {
            assert(slices[i].len > 0);
            collect(r, slices[i]);
        }
    }
}

void h1_call_rig_drip(struct h1_call_rig *r, const void *data, size_t len, size_t step)
{
    const uint8_t *p = data;
    for (size_t at = 0; at < len; at += step) {
        const size_t part = len - at < step ? len - at : step;
        /* Memory of its own: a look beyond its end, or after the call, is seen. */
        uint8_t *copy = malloc(part);
        assert(copy);
        memcpy(copy, p + at, part);
        const enum tri_err err = r->conn->ops->recv(r->conn, copy, part, 1);
        free(copy);
        r->err = r->err == TRI_OK ? err : r->err;
        h1_call_rig_drain(r);
    }
}

void h1_call_rig_text(struct h1_call_rig *r, const char *text)
{
    const size_t len = strlen(text);
    h1_call_rig_drip(r, text, len, len > 0 ? len : 1);
}

void h1_call_rig_eof(struct h1_call_rig *r, bool orderly)
{
    r->conn->ops->recv_eof(r->conn, orderly, 1);
    h1_call_rig_drain(r);
}

bool h1_call_rig_is_done(const struct h1_call_rig *r)
{
    return r->conn->ops->is_done(r->conn);
}

bool h1_call_rig_is_aborted(const struct h1_call_rig *r)
{
    return r->conn->ops->is_aborted(r->conn);
}

void h1_call_rig_forget(struct h1_call_rig *r)
{
    r->out_len = 0;
    r->out[0] = '\0';
}
