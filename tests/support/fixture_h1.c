/*
 * HTTP/1.1 under test: a plain byte peer in memory that writes requests, reads responses one after
 * the other, and, after 101, lets the bytes of the tunnel through.
 */
#include "fixture.h"

#include "base_buf.h"
#include "base_timeout.h"
#include "h1_conn.h"

#include <assert.h>
#include <stdlib.h>

#define PEER_BYTES_MAX ((size_t)(64 * 1024 * 1024))
#define PIECE_BYTES ((size_t)700) /* so that edges fall inside heads and frames */
#define UNTIL_CLOSE UINT64_MAX

/* One request of the peer and what came back. */
struct h1_stream {
    bool is_head_method;
    int status;
    struct tri_buf text, body;
    uint64_t body_left; /* of the response, bytes still to come */
};

struct fixture {
    struct tri_conn *conn;
    uint64_t now_ns;
    size_t piece_bytes;
    struct tri_buf to_server, from_server;
    bool paused, fin_asked, fin_told, torn, closed, tunnel_asked;
    struct h1_stream streams[FIXTURE_STREAMS_MAX];
    size_t streams_len;
    size_t reading; /* the stream whose response comes next */
};

static void append(struct tri_buf *b, const void *data, size_t len)
{
    enum tri_err err = tri_buf_append(b, data, len);
    assert(err == TRI_OK);
}

static void append_text(struct tri_buf *b, const char *text)
{
    append(b, text, strlen(text));
}

static struct fixture *h1_open(const struct tri_alloc *alloc, const struct tri_limits *limits,
                               const struct tri_exchange_events *events, void *user)
{
    struct fixture *f = calloc(1, sizeof *f);
    assert(f);
    f->now_ns = 1;
    f->piece_bytes = PIECE_BYTES;
    tri_buf_init(&f->to_server, tri_alloc_heap(), PEER_BYTES_MAX);
    tri_buf_init(&f->from_server, tri_alloc_heap(), PEER_BYTES_MAX);
    const struct tri_conn_config config = {
        .alloc = alloc,
        .limits = limits,
        .events = events,
        .user = user,
        .carrier = {.conn_id = 1,
                    .http = "http/1.1",
                    .remote = "127.0.0.1:1",
                    .tls_version = "TLS 1.3",
                    .tls_cipher = "",
                    .tls_group = ""},
    };
    if (tri_h1_conn_new(&f->conn, &config, f->now_ns) != TRI_OK) {
        free(f);
        return NULL;
    }
    return f;
}

static void h1_shutdown(struct fixture *f)
{
    f->conn->ops->shutdown(f->conn, f->now_ns);
}

static void h1_close(struct fixture *f)
{
    f->conn->ops->free(f->conn);
    for (size_t i = 0; i < f->streams_len; i++) {
        tri_buf_deinit(&f->streams[i].text);
        tri_buf_deinit(&f->streams[i].body);
    }
    tri_buf_deinit(&f->to_server);
    tri_buf_deinit(&f->from_server);
    free(f);
}

/* ---- responses */

static uint8_t to_lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + ('a' - 'A')) : c;
}

/* "Name: value" becomes "name: value\n". */
static void read_field(struct h1_stream *s, struct tri_slice line)
{
    const uint8_t *colon = memchr(line.data, ':', line.len);
    assert(colon && colon > line.data);
    for (const uint8_t *p = line.data; p < colon; p++) {
        const uint8_t c = to_lower(*p);
        append(&s->text, &c, 1);
    }
    append(&s->text, colon, line.len - (size_t)(colon - line.data));
    append_text(&s->text, "\n");
    static const char length[] = "content-length: ";
    if (line.len > strlen(length) && tri_slice_equal_nocase(tri_slice_of(line.data, strlen(length)),
                                                            tri_slice_of_string(length))) {
        s->body_left = 0;
        for (size_t i = strlen(length); i < line.len; i++) {
            assert(line.data[i] >= '0' && line.data[i] <= '9');
            s->body_left = s->body_left * 10 + (uint64_t)(line.data[i] - '0');
        }
    }
}

static struct tri_slice take_line(struct tri_slice *rest)
{
    const uint8_t *lf = memchr(rest->data, '\n', rest->len);
    assert(lf && lf > rest->data && lf[-1] == '\r');
    const struct tri_slice line = tri_slice_of(rest->data, (size_t)(lf - rest->data) - 1);
    rest->data += line.len + 2;
    rest->len -= line.len + 2;
    return line;
}

static void read_head(struct fixture *f, struct tri_slice head)
{
    assert(f->reading < f->streams_len); /* no response without a request */
    struct h1_stream *s = &f->streams[f->reading];
    const struct tri_slice line = take_line(&head);
    assert(line.len >= 13 && memcmp(line.data, "HTTP/1.1 ", 9) == 0 && line.data[12] == ' ');
    s->status = (line.data[9] - '0') * 100 + (line.data[10] - '0') * 10 + (line.data[11] - '0');
    s->body_left = UNTIL_CLOSE;
    while (head.len > 2) {
        read_field(s, take_line(&head));
    }
    if (s->is_head_method || s->status == 204 || s->status == 304) {
        s->body_left = 0;
    }
}

static size_t find_head_end(struct tri_slice bytes)
{
    for (size_t i = 4; i <= bytes.len; i++) {
        if (memcmp(bytes.data + i - 4, "\r\n\r\n", 4) == 0) {
            return i;
        }
    }
    return 0;
}

/* Returns whether something was read. */
static bool read_response(struct fixture *f)
{
    const struct tri_slice bytes = tri_buf_peek(&f->from_server);
    if (bytes.len == 0) {
        return false;
    }
    struct h1_stream *s = &f->streams[f->reading];
    if (s->status == 0) {
        const size_t len = find_head_end(bytes);
        if (len > 0) {
            read_head(f, tri_slice_of(bytes.data, len));
            tri_buf_consume(&f->from_server, len);
        }
        if (len == 0 || s->body_left > 0) {
            return len > 0;
        }
    } else {
        const size_t len = bytes.len < s->body_left ? bytes.len : (size_t)s->body_left;
        append(&s->body, bytes.data, len);
        tri_buf_consume(&f->from_server, len);
        s->body_left -= s->body_left == UNTIL_CLOSE ? 0 : len;
    }
    if (s->body_left == 0) {
        f->reading++;
    }
    return true;
}

/* ---- moving */

static bool give_input(struct fixture *f)
{
    const struct tri_conn_ops *ops = f->conn->ops;
    if (f->torn && !f->closed) {
        ops->recv_eof(f->conn, false, f->now_ns);
        f->closed = true;
        return true;
    }
    if (!ops->wants_read(f->conn)) {
        return false; /* what comes, its end too, waits in the socket */
    }
    const struct tri_slice bytes = tri_buf_peek(&f->to_server);
    if (bytes.len > 0) {
        const size_t len = bytes.len < f->piece_bytes ? bytes.len : f->piece_bytes;
        (void)ops->recv(f->conn, bytes.data, len, f->now_ns);
        tri_buf_consume(&f->to_server, len);
        return true;
    }
    if (f->fin_asked && !f->fin_told) {
        f->fin_told = true;
        ops->recv_eof(f->conn, true, f->now_ns);
        return true;
    }
    return false;
}

static bool take_output(struct fixture *f)
{
    struct tri_slice slices[16];
    bool moved = false;
    size_t count;
    while ((count = f->conn->ops->send(f->conn, slices, 16, f->now_ns)) > 0) {
        for (size_t i = 0; i < count; i++) {
            append(&f->from_server, slices[i].data, slices[i].len);
        }
        moved = true;
    }
    return moved;
}

static void h1_run(struct fixture *f)
{
    const struct tri_conn_ops *ops = f->conn->ops;
    bool moved = true;
    while (moved && !f->closed) {
        moved = give_input(f);
        moved = (!f->paused && take_output(f)) || moved;
        while (read_response(f)) {}
        if (ops->is_aborted(f->conn)) {
            ops->expire(f->conn, f->now_ns); /* drives it even if nothing can be sent */
        }
        f->closed = f->closed || ops->is_done(f->conn) || ops->is_aborted(f->conn);
    }
}

static void h1_advance(struct fixture *f, uint64_t ms)
{
    const uint64_t end_ns = f->now_ns + ms * TRI_NS_PER_MS;
    h1_run(f);
    while (!f->closed && f->conn->ops->deadline_ns(f->conn) <= end_ns) {
        f->now_ns = f->conn->ops->deadline_ns(f->conn);
        f->conn->ops->expire(f->conn, f->now_ns);
        h1_run(f);
    }
    f->now_ns = end_ns;
}

static uint64_t h1_now_ns(const struct fixture *f)
{
    return f->now_ns;
}

static void h1_pieces(struct fixture *f, size_t len)
{
    f->piece_bytes = len;
}

/* ---- requests */

static void write_line(struct fixture *f, const char *name, const char *value)
{
    append_text(&f->to_server, name);
    append_text(&f->to_server, ": ");
    append_text(&f->to_server, value);
    append_text(&f->to_server, "\r\n");
}

static void write_request_line(struct fixture *f, const struct fixture_request *r)
{
    append_text(&f->to_server, r->method ? r->method : "GET");
    append_text(&f->to_server, " ");
    if (r->scheme) {
        append_text(&f->to_server, r->scheme);
        append_text(&f->to_server, "://");
        append_text(&f->to_server, r->authority ? r->authority : "localhost");
    }
    append_text(&f->to_server, r->path ? r->path : "/echo");
    append_text(&f->to_server, " HTTP/1.1\r\n");
}

static int h1_request(struct fixture *f, const struct fixture_request *r)
{
    if (f->closed || f->tunnel_asked || f->fin_asked || f->streams_len == FIXTURE_STREAMS_MAX) {
        return -1;
    }
    const bool is_websocket = r->protocol && strcmp(r->protocol, "websocket") == 0;
    struct h1_stream *s = &f->streams[f->streams_len];
    s->is_head_method = r->method && strcmp(r->method, "HEAD") == 0;
    tri_buf_init(&s->text, tri_alloc_heap(), PEER_BYTES_MAX);
    tri_buf_init(&s->body, tri_alloc_heap(), PEER_BYTES_MAX);
    f->tunnel_asked = is_websocket;
    write_request_line(f, r);
    if (!r->authority || *r->authority) {
        write_line(f, "Host", r->authority ? r->authority : "localhost");
    }
    if (r->protocol) {
        write_line(f, "Upgrade", r->protocol);
        write_line(f, "Connection", "Upgrade");
    }
    if (is_websocket) {
        write_line(f, "Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==");
    }
    const char *version = r->version ? r->version : is_websocket ? "13" : "";
    if (*version) {
        write_line(f, "Sec-WebSocket-Version", version);
    }
    for (const struct tri_header *h = r->headers; h && h->name; h++) {
        write_line(f, h->name, h->value);
    }
    append_text(&f->to_server, "\r\n");
    return (int)f->streams_len++;
}

static void h1_send(struct fixture *f, int stream, const void *data, size_t len)
{
    assert((size_t)stream + 1 == f->streams_len); /* only the last request can have bytes behind */
    append(&f->to_server, data, len);
}

static void h1_fin(struct fixture *f, int stream)
{
    (void)stream;
    f->fin_asked = true;
}

static void h1_reset(struct fixture *f, int stream)
{
    (void)stream;
    f->torn = true;
}

static void h1_pause(struct fixture *f, int stream, bool paused)
{
    (void)stream;
    f->paused = paused;
}

static void h1_lose(struct fixture *f)
{
    f->torn = true;
}

static void h1_seen(const struct fixture *f, int stream, struct fixture_seen *out)
{
    const struct h1_stream *s = &f->streams[stream];
    const bool is_done = f->conn->ops->is_done(f->conn);
    *out = (struct fixture_seen){.status = s->status,
                                 .head = tri_buf_peek(&s->text),
                                 .body = tri_buf_peek(&s->body),
                                 .fin = is_done && s->status == 101,
                                 .reset = f->conn->ops->is_aborted(f->conn),
                                 .conn_closed = f->closed};
}

static void h1_forget(struct fixture *f, int stream, size_t len)
{
    tri_buf_consume(&f->streams[stream].body, len);
}

static size_t h1_unsent(const struct fixture *f, int stream)
{
    (void)stream;
    return tri_buf_peek(&f->to_server).len;
}

const struct fixture_ops fixture_h1 = {
    .name = "http/1.1",
    .many_streams = false,
    .half_close = false,
    .late_release = false,
    .stream_windows = false,
    .held_bytes_max = TRI_H1_UNCONSUMED_BYTES_MAX + PIECE_BYTES,
    .open = h1_open,
    .close = h1_close,
    .shutdown = h1_shutdown,
    .run = h1_run,
    .advance = h1_advance,
    .now_ns = h1_now_ns,
    .pieces = h1_pieces,
    .request = h1_request,
    .send = h1_send,
    .fin = h1_fin,
    .reset = h1_reset,
    .stop = h1_reset,
    .pause = h1_pause,
    .lose = h1_lose,
    .seen = h1_seen,
    .forget = h1_forget,
    .unsent = h1_unsent,
};
