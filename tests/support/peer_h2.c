#include "peer_h2.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#define PEER_CONN_WINDOW (64 * 1024 * 1024) /* so that only streams ever stop the server */
#define PEER_FIELDS_MAX ((size_t)32)

void bytes_h2_append(struct bytes_h2 *b, const void *data, size_t len)
{
    if (b->len + len > b->cap) {
        b->cap = (b->len + len) * 2;
        b->data = realloc(b->data, b->cap);
        assert(b->data);
    }
    if (len > 0) {
        memcpy(b->data + b->len, data, len);
        b->len += len;
    }
}

void bytes_h2_forget(struct bytes_h2 *b, size_t len)
{
    assert(len <= b->len);
    b->len -= len;
    if (b->len > 0) {
        memmove(b->data, b->data + len, b->len);
    }
}

void bytes_h2_free(struct bytes_h2 *b)
{
    free(b->data);
    *b = (struct bytes_h2){.len = 0};
}

/* ---- what nghttp2 tells */

static struct peer_h2_stream *stream_of(nghttp2_session *session, int32_t id)
{
    return nghttp2_session_get_stream_user_data(session, id);
}

static void append_rcbuf(struct bytes_h2 *b, nghttp2_rcbuf *bytes)
{
    const nghttp2_vec vec = nghttp2_rcbuf_get_buf(bytes);
    bytes_h2_append(b, vec.base, vec.len);
}

static bool is_status(nghttp2_rcbuf *name)
{
    const nghttp2_vec vec = nghttp2_rcbuf_get_buf(name);
    return vec.len == 7 && memcmp(vec.base, ":status", 7) == 0;
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, nghttp2_rcbuf *name,
                     nghttp2_rcbuf *value, uint8_t flags, void *user)
{
    (void)flags;
    (void)user;
    struct peer_h2_stream *s = stream_of(session, frame->hd.stream_id);
    if (!s) {
        return 0;
    }
    if (is_status(name)) {
        const nghttp2_vec vec = nghttp2_rcbuf_get_buf(value);
        assert(vec.len == 3);
        s->status = (vec.base[0] - '0') * 100 + (vec.base[1] - '0') * 10 + (vec.base[2] - '0');
        return 0;
    }
    append_rcbuf(&s->text, name);
    bytes_h2_append(&s->text, ": ", 2);
    append_rcbuf(&s->text, value);
    bytes_h2_append(&s->text, "\n", 1);
    return 0;
}

static int on_frame_recv(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
    struct peer_h2 *p = user;
    struct peer_h2_stream *s = stream_of(session, frame->hd.stream_id);
    if (frame->hd.type == NGHTTP2_GOAWAY) {
        p->is_goaway = true;
        p->goaway_code = frame->goaway.error_code;
        p->goaway_last_id = frame->goaway.last_stream_id;
    }
    if (s && frame->hd.type == NGHTTP2_RST_STREAM) {
        s->is_reset = true;
        s->reset_code = frame->rst_stream.error_code;
    }
    if (s && (frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA) &&
        (frame->hd.flags & NGHTTP2_FLAG_END_STREAM)) {
        s->fin = true;
    }
    return 0;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *data,
                   size_t len, void *user)
{
    (void)flags;
    (void)user;
    struct peer_h2_stream *s = stream_of(session, id);
    assert(s);
    bytes_h2_append(&s->body, data, len);
    int rv = nghttp2_session_consume_connection(session, len);
    assert(rv == 0);
    if (s->is_paused) {
        s->unconsumed += len;
    } else {
        rv = nghttp2_session_consume_stream(session, id, len);
        assert(rv == 0);
    }
    (void)rv;
    return 0;
}

static int on_stream_close(nghttp2_session *session, int32_t id, uint32_t error_code, void *user)
{
    (void)error_code;
    (void)user;
    struct peer_h2_stream *s = stream_of(session, id);
    if (s) {
        s->is_closed = true;
    }
    return 0;
}

/* NOLINTNEXTLINE(readability-function-size): the engine's type */
static nghttp2_ssize read_data(nghttp2_session *session, int32_t id, uint8_t *buf, size_t length,
                               uint32_t *flags, nghttp2_data_source *source, void *user)
{
    (void)session;
    (void)id;
    (void)user;
    struct peer_h2_stream *s = source->ptr;
    size_t len = s->to_send.len - s->sent;
    if (len == 0 && !s->wants_fin) {
        s->is_deferred = true;
        return NGHTTP2_ERR_DEFERRED;
    }
    len = len < length ? len : length;
    if (len > 0) {
        memcpy(buf, s->to_send.data + s->sent, len);
        s->sent += len;
    }
    if (s->wants_fin && s->sent == s->to_send.len) {
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    }
    return (nghttp2_ssize)len;
}

/* ---- life */

static void make_session(struct peer_h2 *p)
{
    nghttp2_session_callbacks *callbacks;
    nghttp2_option *option;
    int rv = nghttp2_session_callbacks_new(&callbacks);
    assert(rv == 0);
    rv = nghttp2_option_new(&option);
    assert(rv == 0);
    nghttp2_option_set_no_auto_window_update(option, 1);
    nghttp2_session_callbacks_set_on_header_callback2(callbacks, on_header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame_recv);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_close);
    rv = nghttp2_session_client_new2(&p->session, callbacks, p, option);
    assert(rv == 0);
    (void)rv;
    nghttp2_session_callbacks_del(callbacks);
    nghttp2_option_del(option);
}

void peer_h2_init(struct peer_h2 *p)
{
    *p = (struct peer_h2){.session = NULL};
    make_session(p);
    int rv = nghttp2_submit_settings(p->session, NGHTTP2_FLAG_NONE, NULL, 0);
    assert(rv == 0);
    rv = nghttp2_session_set_local_window_size(p->session, NGHTTP2_FLAG_NONE, 0, PEER_CONN_WINDOW);
    assert(rv == 0);
    (void)rv;
}

void peer_h2_deinit(struct peer_h2 *p)
{
    nghttp2_session_del(p->session);
    for (size_t i = 0; i < p->streams_len; i++) {
        struct peer_h2_stream *s = p->streams[i];
        bytes_h2_free(&s->text);
        bytes_h2_free(&s->body);
        bytes_h2_free(&s->to_send);
        free(s);
    }
    free(p->streams);
}

/* ---- requests */

static struct peer_h2_stream *add_stream(struct peer_h2 *p)
{
    if (p->streams_len == p->streams_cap) {
        p->streams_cap = p->streams_cap * 2 + 16;
        p->streams = realloc(p->streams, p->streams_cap * sizeof(struct peer_h2_stream *));
        assert(p->streams);
    }
    struct peer_h2_stream *s = calloc(1, sizeof *s);
    assert(s);
    p->streams[p->streams_len++] = s;
    return s;
}

int peer_h2_submit(struct peer_h2 *p, const nghttp2_nv *fields, size_t len, bool fin)
{
    struct peer_h2_stream *s = add_stream(p);
    const nghttp2_data_provider2 provider = {.source = {.ptr = s}, .read_callback = read_data};
    s->wants_fin = fin;
    s->id = nghttp2_submit_request2(p->session, NULL, fields, len, fin ? NULL : &provider, s);
    if (s->id < 0) {
        free(s);
        p->streams_len--;
        return -1;
    }
    return (int)p->streams_len - 1;
}

struct fields {
    nghttp2_nv list[PEER_FIELDS_MAX];
    size_t len;
};

static void add_field(struct fields *f, const char *name, const char *value)
{
    assert(f->len < PEER_FIELDS_MAX);
    f->list[f->len++] = (nghttp2_nv){
        .name = (uint8_t *)(uintptr_t)name,
        .namelen = strlen(name),
        .value = (uint8_t *)(uintptr_t)value,
        .valuelen = strlen(value),
    };
}

/* |value|, or |otherwise| for NULL; "" leaves the field out. */
static void add_or(struct fields *f, const char *name, const char *value, const char *otherwise)
{
    const char *text = value ? value : otherwise;
    if (*text) {
        add_field(f, name, text);
    }
}

int peer_h2_request(struct peer_h2 *p, const struct fixture_request *r)
{
    struct fields f = {.len = 0};
    bool websocket = r->protocol && strcmp(r->protocol, "websocket") == 0;
    add_or(&f, ":method", r->method, r->protocol ? "CONNECT" : "GET");
    add_or(&f, ":protocol", r->protocol, "");
    add_or(&f, ":scheme", r->scheme, "https");
    add_or(&f, ":authority", r->authority, "localhost");
    add_or(&f, ":path", r->path, "/echo");
    add_or(&f, "sec-websocket-version", r->version, websocket ? "13" : "");
    for (const struct tri_header *h = r->headers; h && h->name; h++) {
        add_field(&f, h->name, h->value);
    }
    return peer_h2_submit(p, f.list, f.len, r->fin);
}

/* ---- streams */

static void resume(struct peer_h2 *p, struct peer_h2_stream *s)
{
    if (s->is_deferred && !s->is_closed) {
        s->is_deferred = false;
        int rv = nghttp2_session_resume_data(p->session, s->id);
        assert(rv == 0);
        (void)rv;
    }
}

void peer_h2_send(struct peer_h2 *p, int stream, const void *data, size_t len)
{
    struct peer_h2_stream *s = p->streams[stream];
    assert(!s->wants_fin);
    if (s->sent > s->to_send.len / 2) { /* so that one can send without end */
        bytes_h2_forget(&s->to_send, s->sent);
        s->sent = 0;
    }
    bytes_h2_append(&s->to_send, data, len);
    resume(p, s);
}

void peer_h2_fin(struct peer_h2 *p, int stream)
{
    p->streams[stream]->wants_fin = true;
    resume(p, p->streams[stream]);
}

void peer_h2_reset(struct peer_h2 *p, int stream, uint32_t error_code)
{
    int rv = nghttp2_submit_rst_stream(p->session, NGHTTP2_FLAG_NONE, p->streams[stream]->id,
                                       error_code);
    assert(rv == 0);
    (void)rv;
}

void peer_h2_pause(struct peer_h2 *p, int stream, bool paused)
{
    struct peer_h2_stream *s = p->streams[stream];
    s->is_paused = paused;
    if (!paused && s->unconsumed > 0) {
        int rv = nghttp2_session_consume_stream(p->session, s->id, s->unconsumed);
        assert(rv == 0);
        (void)rv;
        s->unconsumed = 0;
    }
}

size_t peer_h2_unsent(const struct peer_h2 *p, int stream)
{
    return p->streams[stream]->to_send.len - p->streams[stream]->sent;
}

/* ---- bytes */

void peer_h2_feed(struct peer_h2 *p, const uint8_t *data, size_t len)
{
    if (!p->is_broken) {
        nghttp2_ssize used = nghttp2_session_mem_recv2(p->session, data, len);
        p->is_broken = used < 0;
    }
}

size_t peer_h2_take(struct peer_h2 *p, const uint8_t **data)
{
    nghttp2_ssize len = nghttp2_session_mem_send2(p->session, data);
    assert(len >= 0);
    return (size_t)len;
}
