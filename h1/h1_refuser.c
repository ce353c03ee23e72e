#include "h1_refuser.h"

#include <assert.h>

#include "base_buf.h"
#include "base_timeout.h"
#include "h1_reader.h"
#include "h1_response.h"

#define HTTPS_PORT 443u

struct refuser {
    struct tri_conn conn; /* first */
    struct tri_conn_config config;
    uint16_t redirect_port; /* 0: answer 426 */
    struct tri_h1_reader reader;
    struct tri_buf out;
    size_t out_yielded;
    uint64_t deadline_ns; /* for the whole head; TRI_NEVER_NS once it is answered */
    bool is_answered;     /* the response is in |out|, or was sent */
    bool is_done;
    bool is_aborted;
};

static struct refuser *refuser_of(struct tri_conn *c)
{
    return (struct refuser *)c;
}

static const struct refuser *refuser_of_const(const struct tri_conn *c)
{
    return (const struct refuser *)c;
}

static void drop_buffers(struct refuser *r)
{
    tri_h1_reader_reset(&r->reader);
    tri_buf_deinit(&r->out);
    r->out_yielded = 0;
}

static void cut(struct refuser *r)
{
    r->is_aborted = true;
    r->deadline_ns = TRI_NEVER_NS;
    drop_buffers(r);
}

/* Every response is the last: Connection: close. */
static enum tri_err answer(struct refuser *r, struct tri_h1_response *response,
                           struct tri_slice body)
{
    assert(!r->is_answered);
    const bool is_head = tri_slice_equal(r->reader.head.request.method, TRI_SLICE("HEAD"));
    response->closes = true;
    response->content_length = body.len;
    enum tri_err err = tri_h1_response_write(response, &r->out);
    if (err == TRI_OK && !is_head) {
        err = tri_buf_append(&r->out, body.data, body.len);
    }
    r->is_answered = true;
    r->deadline_ns = TRI_NEVER_NS;
    tri_h1_reader_reset(&r->reader);
    if (err != TRI_OK) {
        cut(r);
        return TRI_ERR_NOMEM;
    }
    r->config.events->on_wake(r->config.user);
    return TRI_OK;
}

/* After the answer, which is there. */
static void tell_refusal(const struct refuser *r, enum tri_refused why, int status)
{
    if (!r->is_aborted && r->config.events->on_refuse) {
        r->config.events->on_refuse(r->config.user, &r->config.carrier, why, status);
    }
}

static enum tri_err answer_error(struct refuser *r, int status)
{
    struct tri_h1_response response = {.status = status};
    const enum tri_err err = answer(r, &response, TRI_SLICE(""));
    tell_refusal(r, TRI_REFUSED_MALFORMED, status);
    return err;
}

/* RFC 9110 section 15.5.22, RFC 2817 section 4.2 */
static enum tri_err answer_upgrade(struct refuser *r)
{
    const struct tri_field type = {TRI_SLICE("content-type"),
                                   TRI_SLICE("text/plain; charset=utf-8")};
    struct tri_h1_response response = {
        .status = 426, .fields = &type, .fields_len = 1, .upgrade = "TLS/1.2, HTTP/1.1"};
    const enum tri_err err =
        answer(r, &response, TRI_SLICE("This port takes no plain HTTP. Use https.\n"));
    tell_refusal(r, TRI_REFUSED_CLEARTEXT, response.status);
    return err;
}

/* A name or an address in brackets: what may stand in a URL that others will follow. */
static bool is_safe_host(struct tri_slice host)
{
    for (size_t i = 0; i < host.len; i++) {
        const uint8_t c = host.data[i];
        const bool is_alnum =
            (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!is_alnum && (c == '\0' || !strchr("-._[]:", c))) {
            return false;
        }
    }
    return host.len > 0;
}

/* The authority without its port. */
static struct tri_slice get_host(struct tri_slice authority)
{
    size_t len = authority.len;
    if (len > 0 && authority.data[0] == '[') {
        const uint8_t *end = memchr(authority.data, ']', len);
        len = end ? (size_t)(end - authority.data) + 1 : 0;
    } else {
        const uint8_t *colon = len > 0 ? memchr(authority.data, ':', len) : NULL;
        len = colon ? (size_t)(colon - authority.data) : len;
    }
    return tri_slice_of(authority.data, len);
}

static enum tri_err write_url(const struct refuser *r, struct tri_slice host, struct tri_buf *url)
{
    enum tri_err err = tri_buf_printf(url, "https://");
    if (err == TRI_OK) {
        err = tri_buf_append(url, host.data, host.len);
    }
    if (err == TRI_OK && r->redirect_port != HTTPS_PORT) {
        err = tri_buf_printf(url, ":%u", (unsigned)r->redirect_port);
    }
    if (err == TRI_OK) {
        const struct tri_slice path = r->reader.head.request.path;
        err = tri_buf_append(url, path.data, path.len);
    }
    return err;
}

/* RFC 9110 section 15.4.9 */
static enum tri_err answer_redirect(struct refuser *r, struct tri_slice host)
{
    struct tri_buf url;
    tri_buf_init(&url, r->config.alloc, 2 * TRI_REQUEST_HEAD_BYTES_MAX);
    enum tri_err err = write_url(r, host, &url);
    if (err == TRI_OK) {
        const struct tri_field location = {TRI_SLICE("location"), tri_buf_peek(&url)};
        struct tri_h1_response response = {.status = 308, .fields = &location, .fields_len = 1};
        err = answer(r, &response, TRI_SLICE(""));
    } else {
        cut(r);
    }
    tri_buf_deinit(&url);
    return err;
}

static enum tri_err answer_request(struct refuser *r)
{
    const struct tri_request_head *request = &r->reader.head.request;
    const struct tri_slice host = get_host(request->authority);
    const bool has_path = request->path.len > 0 && request->path.data[0] == '/';
    if (r->redirect_port != 0 && has_path && is_safe_host(host)) {
        return answer_redirect(r, host);
    }
    return answer_upgrade(r);
}

/* ---- tri_conn_ops */

static enum tri_err recv_bytes(struct tri_conn *conn, const uint8_t *data, size_t len,
                               uint64_t now_ns)
{
    (void)now_ns;
    struct refuser *r = refuser_of(conn);
    if (r->is_answered || r->is_done || r->is_aborted) {
        return TRI_OK; /* discarded: what stands behind the first head was never a request for us */
    }
    size_t used;
    const enum tri_err err = tri_h1_reader_feed(&r->reader, data, len, &used);
    if (err == TRI_OK) {
        return answer_request(r);
    }
    if (err == TRI_ERR_NOMEM) {
        cut(r);
        return err;
    }
    if (err == TRI_PARTIAL) {
        return TRI_OK;
    }
    const enum tri_err answered = answer_error(r, r->reader.status);
    return answered == TRI_OK ? err : answered;
}

static void recv_eof(struct tri_conn *conn, bool orderly, uint64_t now_ns)
{
    (void)now_ns;
    struct refuser *r = refuser_of(conn);
    if (!orderly) {
        cut(r);
    } else if (!r->is_answered) {
        r->is_done = true;
    }
}

static size_t send_slices(struct tri_conn *conn, struct tri_slice *out, size_t max, uint64_t now_ns)
{
    (void)now_ns;
    struct refuser *r = refuser_of(conn);
    assert(max > 0);
    if (r->out_yielded > 0) {
        tri_buf_consume(&r->out, r->out_yielded);
    }
    const struct tri_slice rest = tri_buf_peek(&r->out);
    r->out_yielded = rest.len;
    if (rest.len == 0) {
        r->is_done = r->is_done || r->is_answered;
        return 0;
    }
    out[0] = rest;
    return 1;
}

static uint64_t get_deadline(const struct tri_conn *conn)
{
    const struct refuser *r = refuser_of_const(conn);
    return r->is_done ? TRI_NEVER_NS : r->deadline_ns;
}

static void expire(struct tri_conn *conn, uint64_t now_ns)
{
    struct refuser *r = refuser_of(conn);
    if (now_ns < get_deadline(conn)) {
        return;
    }
    if (tri_h1_reader_has_begun(&r->reader)) {
        (void)answer_error(r, 408);
    } else {
        r->is_done = true;
    }
}

static void start_shutdown(struct tri_conn *conn, uint64_t now_ns)
{
    (void)now_ns;
    struct refuser *r = refuser_of(conn);
    if (!r->is_answered && !tri_h1_reader_has_begun(&r->reader)) {
        r->is_done = true;
    }
}

static bool is_done(const struct tri_conn *conn)
{
    const struct refuser *r = refuser_of_const(conn);
    return r->is_done && !r->is_aborted;
}

static bool is_aborted(const struct tri_conn *conn)
{
    return refuser_of_const(conn)->is_aborted;
}

/* It has no tenants. */
static bool wants_read(const struct tri_conn *conn)
{
    (void)conn;
    return true;
}

static void free_refuser(struct tri_conn *conn)
{
    struct refuser *r = refuser_of(conn);
    drop_buffers(r);
    tri_alloc_release(r->config.alloc, r);
}

static const struct tri_conn_ops refuser_ops = {
    .recv = recv_bytes,
    .recv_eof = recv_eof,
    .send = send_slices,
    .wants_read = wants_read,
    .deadline_ns = get_deadline,
    .expire = expire,
    .shutdown = start_shutdown,
    .is_done = is_done,
    .is_aborted = is_aborted,
    .free = free_refuser,
};

enum tri_err tri_h1_refuser_new(struct tri_conn **out, const struct tri_conn_config *config,
                                uint16_t redirect_port, uint64_t now_ns)
{
    struct refuser *r = tri_alloc_zero(config->alloc, sizeof *r);
    if (!r) {
        return TRI_ERR_NOMEM;
    }
    r->conn.ops = &refuser_ops;
    r->config = *config;
    r->redirect_port = redirect_port;
    tri_h1_reader_init(&r->reader, config->alloc);
    tri_buf_init(&r->out, config->alloc, TRI_RESPONSE_HEAD_BYTES_MAX);
    r->deadline_ns = now_ns + config->limits->request_timeout_ms * TRI_NS_PER_MS;
    *out = &r->conn;
    return TRI_OK;
}
