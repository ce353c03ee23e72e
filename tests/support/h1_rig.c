#include "h1_rig.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "base_timeout.h"
#include "http_body.h"

static void note_request(struct h1_rig *r, const struct tri_request_head *head)
{
    snprintf(r->lines[r->requests_len], H1_RIG_LINE_MAX, "%.*s %.*s %.*s %.*s %.*s",
             (int)head->method.len, (const char *)head->method.data, (int)head->scheme.len,
             (const char *)head->scheme.data, (int)head->authority.len,
             (const char *)head->authority.data, (int)head->path.len, (const char *)head->path.data,
             (int)head->protocol.len, (const char *)head->protocol.data);
}

static void answer_path(struct h1_rig *r, struct tri_exchange *x,
                        const struct tri_request_head *head)
{
    struct tri_http_body *body = NULL;
    struct tri_response response = {
        .answer = TRI_ANSWER_PLAIN, .status = 200, .content_length = head->path.len};
    if (!tri_slice_equal(head->method, TRI_SLICE("HEAD"))) {
        if (tri_http_body_new_copy(&body, &r->alloc.alloc, &x->stream, head->path.data,
                                   head->path.len) != TRI_OK) {
            x->stream.ops->abort(&x->stream);
            return;
        }
        response.events = &tri_http_body_stream_events;
        response.session = body;
    }
    if (x->ops->respond(x, &response) != TRI_OK) {
        r->nomems++;
        if (body) {
            tri_http_body_discard(body);
        }
    }
}

static void on_request(void *user, struct tri_exchange *x, const struct tri_request_head *head)
{
    struct h1_rig *r = user;
    assert(r->requests_len < H1_RIG_REQUESTS_MAX);
    assert(x->carrier->stream_id == (int64_t)r->requests_len);
    note_request(r, head);
    struct tenant *t = &r->tenants[r->requests_len++];
    tenant_init(t, x, head);
    x->owner = t;
    if (r->on_request) {
        r->on_request(r, t);
        return;
    }
    if (r->answer == H1_RIG_LATER) {
        return;
    }
    if (r->answer == H1_RIG_NOT_FOUND) {
        const struct tri_response response = {
            .answer = TRI_ANSWER_PLAIN, .status = 404, .content_length = 0};
        r->nomems += x->ops->respond(x, &response) == TRI_OK ? 0 : 1;
    } else if (head->protocol.len > 0 && r->alloc.fail_at == 0) {
        tenant_accept(t);
    } else {
        answer_path(r, x, head);
    }
}

static void on_cancel(void *user, struct tri_exchange *x)
{
    struct h1_rig *r = user;
    struct tenant *t = x->owner;
    assert(t && !t->bound && !t->canceled);
    t->canceled = true;
    r->cancels++;
}

static void on_wake(void *user)
{
    struct h1_rig *r = user;
    r->wakes++;
}

static void on_refuse(void *user, const struct tri_carrier *carrier, enum tri_refused why,
                      int status)
{
    struct h1_rig *r = user;
    assert(strcmp(carrier->http, "http/1.1") == 0);
    r->refusals++;
    r->why = why;
    r->refused_status = status;
}

static const struct tri_exchange_events rig_events = {
    .on_request = on_request, .on_cancel = on_cancel, .on_wake = on_wake, .on_refuse = on_refuse};

bool h1_rig_open_failing(struct h1_rig *r, size_t fail_at)
{
    *r = (struct h1_rig){.now_ns = 1000 * TRI_NS_PER_MS};
    test_alloc_init(&r->alloc);
    r->alloc.fail_at = fail_at;
    tri_limits_default(&r->limits);
    r->out = calloc(1, 1);
    assert(r->out);
    const struct tri_conn_config config = {
        .alloc = &r->alloc.alloc,
        .limits = &r->limits,
        .events = &rig_events,
        .user = r,
        .carrier = {.conn_id = 7,
                    .http = "http/1.1",
                    .remote = "127.0.0.1:1",
                    .tls_version = "TLS 1.3",
                    .tls_cipher = "",
                    .tls_group = ""},
    };
    if (tri_h1_conn_new(&r->conn, &config, r->now_ns) != TRI_OK) {
        free(r->out);
        return false;
    }
    return true;
}

void h1_rig_open(struct h1_rig *r)
{
    const bool is_open = h1_rig_open_failing(r, 0);
    assert(is_open);
}

void h1_rig_close(struct h1_rig *r)
{
    r->conn->ops->free(r->conn);
    for (size_t i = 0; i < r->requests_len; i++) {
        assert(!r->tenants[i].bound || r->tenants[i].closes == 1);
        tenant_deinit(&r->tenants[i]);
    }
    free(r->out);
    assert(r->alloc.live == 0);
}

static void collect(struct h1_rig *r, struct tri_slice slice)
{
    r->out = realloc(r->out, r->out_len + slice.len + 1);
    assert(r->out);
    memcpy(r->out + r->out_len, slice.data, slice.len);
    r->out_len += slice.len;
    r->out[r->out_len] = '\0';
}

void h1_rig_drain(struct h1_rig *r)
{
    struct tri_slice slices[16];
    const size_t max = r->is_chunky ? 2 : 16;
    size_t count;
    while ((count = r->conn->ops->send(r->conn, slices, max, r->now_ns)) > 0) {
        assert(count <= max);
        for (size_t i = 0; i < count; i++) {
            assert(slices[i].len > 0);
            collect(r, slices[i]);
        }
    }
}

void h1_rig_drip(struct h1_rig *r, const void *data, size_t len, size_t step)
{
    const uint8_t *p = data;
    for (size_t at = 0; at < len; at += step) {
        const size_t part = len - at < step ? len - at : step;
        /* Memory of its own: a look beyond its end, or after the call, is seen. */
        uint8_t *copy = malloc(part);
        assert(copy);
        memcpy(copy, p + at, part);
        const enum tri_err err = r->conn->ops->recv(r->conn, copy, part, r->now_ns);
        free(copy);
        r->err = r->err == TRI_OK ? err : r->err;
        if (r->is_chunky) {
            h1_rig_drain(r);
        }
    }
    h1_rig_drain(r);
}

void h1_rig_feed(struct h1_rig *r, const void *data, size_t len)
{
    h1_rig_drip(r, data, len, len > 0 ? len : 1);
}

void h1_rig_text(struct h1_rig *r, const char *text)
{
    h1_rig_feed(r, text, strlen(text));
}

void h1_rig_eof(struct h1_rig *r, bool orderly)
{
    r->conn->ops->recv_eof(r->conn, orderly, r->now_ns);
    h1_rig_drain(r);
}

void h1_rig_advance(struct h1_rig *r, uint64_t ms)
{
    r->now_ns += ms * TRI_NS_PER_MS;
    if (r->conn->ops->deadline_ns(r->conn) <= r->now_ns) {
        r->conn->ops->expire(r->conn, r->now_ns);
    }
    h1_rig_drain(r);
}

bool h1_rig_is_done(const struct h1_rig *r)
{
    return r->conn->ops->is_done(r->conn);
}

bool h1_rig_is_aborted(const struct h1_rig *r)
{
    return r->conn->ops->is_aborted(r->conn);
}

/* The place behind the |index|-th "HTTP/1.1 " in what was sent, or NULL. */
static const char *find_status(const struct h1_rig *r, size_t index)
{
    const char *at = r->out;
    for (size_t i = 0; at; i++) {
        at = strstr(at, "HTTP/1.1 ");
        if (at) {
            at += strlen("HTTP/1.1 ");
        }
        if (i == index) {
            return at;
        }
    }
    return NULL;
}

int h1_rig_status(const struct h1_rig *r, size_t index)
{
    const char *at = find_status(r, index);
    return at ? (int)strtol(at, NULL, 10) : 0;
}

size_t h1_rig_statuses(const struct h1_rig *r)
{
    size_t count = 0;
    while (find_status(r, count)) {
        count++;
    }
    return count;
}

bool h1_rig_sent(const struct h1_rig *r, const char *text)
{
    return strstr(r->out, text) != NULL;
}
