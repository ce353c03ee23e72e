/*
 * The floor of HTTP/2: an echo on epoll, wolfSSL and nghttp2, RFC 8441. What was found to be cheapest is
 * in it: DATA frames are built from where the payload lies (NGHTTP2_DATA_FLAG_NO_COPY), and data is
 * submitted anew for each burst of a stream and ends without END_STREAM, so that an idle stream holds no
 * item in nghttp2 and no memory but its own.
 */
#include "floor_tcp.h"

#include <nghttp2/nghttp2.h>

#include <stdlib.h>
#include <string.h>

#define STREAMS_MAX 1000
#define STREAM_WINDOW (16 << 20)
#define CONN_WINDOW (1 << 30)
#define FRAME_HEAD ((size_t)9)

struct h2_server {
    struct floor_tcp tcp;
    nghttp2_session_callbacks *callbacks;
    nghttp2_option *option;
};

struct h2_conn {
    struct floor_tcp_conn tcp;
    nghttp2_session *session;
    struct h2_stream *changed; /* those that have something to send since the last turn */
};

enum stream_state {
    STREAM_REQUEST, /* its fields are being read */
    STREAM_IDLE,    /* nothing is submitted */
    STREAM_SENDING,
    STREAM_ENDED, /* END_STREAM is sent or on its way */
};

struct h2_stream {
    struct h2_conn *conn;
    struct h2_stream *next_changed;
    struct floor_bytes *out; /* NULL: nothing waits */
    size_t sent, ready;      /* of |out|: sent <= ready <= its length */
    struct floor_echo echo;
    int32_t id;
    enum stream_state state;
    bool is_websocket; /* :protocol says so */
    bool is_changed;   /* is in its connection's list */
    bool is_ending;    /* after what is ready, END_STREAM */
};

/* -------------------------------------------------------------------------------------- streams */

static void set_changed(struct h2_stream *s)
{
    if (!s->is_changed) {
        s->is_changed = true;
        s->next_changed = s->conn->changed;
        s->conn->changed = s;
    }
}

static void unlink_changed(struct h2_stream *s)
{
    struct h2_stream **at = &s->conn->changed;
    while (*at && *at != s) {
        at = &(*at)->next_changed;
    }
    if (*at) {
        *at = s->next_changed;
    }
}

/* An idle stream holds no memory. */
static void note_sent(struct h2_stream *s, size_t len)
{
    s->sent += len;
    if (s->sent == s->out->len) {
        free(s->out);
        s->out = NULL;
        s->sent = s->ready = 0;
    }
}

/* -------------------------------------------------------------------------- sending, for nghttp2 */

/* NOLINTNEXTLINE(readability-function-size): the signature is the library's. */
static nghttp2_ssize tell_length(nghttp2_session *session, int32_t id, uint8_t *buf, size_t max,
                                 uint32_t *flags, nghttp2_data_source *source, void *user)
{
    struct h2_stream *s = source->ptr;
    const size_t left = s->ready - s->sent;
    *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
    if (left > max) {
        return (nghttp2_ssize)max;
    }
    *flags |= NGHTTP2_DATA_FLAG_EOF;
    if (s->is_ending) {
        s->state = STREAM_ENDED;
    } else {
        *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
        s->state = STREAM_IDLE;
    }
    return (nghttp2_ssize)left;
}

static int send_data(nghttp2_session *session, nghttp2_frame *frame, const uint8_t *head,
                     size_t len, nghttp2_data_source *source, void *user)
{
    struct h2_conn *c = user;
    struct h2_stream *s = source->ptr;
    bool is_written = floor_tcp_write(&c->tcp, head, FRAME_HEAD);
    if (len > 0) {
        is_written = floor_tcp_write(&c->tcp, s->out->data + s->sent, len) && is_written;
        note_sent(s, len);
    }
    return is_written ? 0 : NGHTTP2_ERR_CALLBACK_FAILURE;
}

static void submit_changed(struct h2_conn *c)
{
    struct h2_stream *next = NULL;
    for (struct h2_stream *s = c->changed; s; s = next) {
        next = s->next_changed;
        s->is_changed = false;
        if (s->state == STREAM_IDLE) {
            nghttp2_data_provider2 provider = {.source.ptr = s, .read_callback = tell_length};
            s->state = STREAM_SENDING;
            (void)nghttp2_submit_data2(c->session, NGHTTP2_FLAG_END_STREAM, s->id, &provider);
        }
    }
    c->changed = NULL;
}

static bool on_turn(struct floor_tcp_conn *conn)
{
    struct h2_conn *c = (struct h2_conn *)conn;
    const uint8_t *data = NULL;
    nghttp2_ssize len = 0;
    submit_changed(c);
    while ((len = nghttp2_session_mem_send2(c->session, &data)) > 0) {
        if (!floor_tcp_write(conn, data, (size_t)len)) {
            return false;
        }
    }
    return len == 0 &&
           (nghttp2_session_want_read(c->session) || nghttp2_session_want_write(c->session));
}

/* ------------------------------------------------------------------------ receiving, for nghttp2 */

static int begin_headers(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
    if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST) {
        return 0;
    }
    struct h2_stream *s = calloc(1, sizeof *s);
    if (!s) {
        return NGHTTP2_ERR_CALLBACK_FAILURE;
    }
    s->conn = user;
    s->id = frame->hd.stream_id;
    return nghttp2_session_set_stream_user_data(session, s->id, s);
}

/* NOLINTNEXTLINE(readability-function-size): the signature is the library's. */
static int take_field(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
                      size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags,
                      void *user)
{
    struct h2_stream *s = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
    if (s && name_len == 9 && memcmp(name, ":protocol", 9) == 0) {
        s->is_websocket = value_len == 9 && memcmp(value, "websocket", 9) == 0;
    }
    return 0;
}

/* What opens no WebSocket is answered with 404. */
static int respond(nghttp2_session *session, struct h2_stream *s)
{
    uint8_t name[] = ":status", ok[] = "200", missing[] = "404";
    const nghttp2_nv status = {
        .name = name, .value = s->is_websocket ? ok : missing, .namelen = 7, .valuelen = 3};
    uint8_t flags = s->is_websocket ? NGHTTP2_FLAG_NONE : NGHTTP2_FLAG_END_STREAM;
    s->state = s->is_websocket ? STREAM_IDLE : STREAM_ENDED;
    int result = nghttp2_submit_headers(session, flags, s->id, NULL, &status, 1, NULL);
    return result < 0 ? NGHTTP2_ERR_CALLBACK_FAILURE : 0;
}

static int end_frame(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
    if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA) {
        return 0;
    }
    struct h2_stream *s = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
    if (s && s->state == STREAM_REQUEST && respond(session, s) != 0) {
        return NGHTTP2_ERR_CALLBACK_FAILURE;
    }
    if (s && frame->hd.flags & NGHTTP2_FLAG_END_STREAM) {
        s->is_ending = true;
        set_changed(s);
    }
    return 0;
}

static int take_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *data,
                     size_t len, void *user)
{
    struct h2_stream *s = nghttp2_session_get_stream_user_data(session, id);
    if (!s || s->is_ending) {
        return 0;
    }
    const size_t ready = floor_echo_feed(&s->echo, &s->out, s->ready, data, len);
    s->is_ending = s->echo.is_closed;
    if (ready != s->ready) {
        s->ready = ready;
        set_changed(s);
    }
    return 0;
}

static int end_stream(nghttp2_session *session, int32_t id, uint32_t error, void *user)
{
    struct h2_stream *s = nghttp2_session_get_stream_user_data(session, id);
    if (s) {
        if (s->is_changed) {
            unlink_changed(s);
        }
        free(s->out);
        free(s);
    }
    return 0;
}

/* ----------------------------------------------------------------------------------- connection */

static bool on_open(struct floor_tcp_conn *conn)
{
    struct h2_conn *c = (struct h2_conn *)conn;
    struct h2_server *s = (struct h2_server *)conn->server;
    const nghttp2_settings_entry settings[] = {
        {NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1},
        {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, STREAMS_MAX},
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, STREAM_WINDOW},
    };
    return nghttp2_session_server_new2(&c->session, s->callbacks, c, s->option) == 0 &&
           nghttp2_submit_settings(c->session, NGHTTP2_FLAG_NONE, settings, 3) == 0 &&
           nghttp2_session_set_local_window_size(c->session, NGHTTP2_FLAG_NONE, 0, CONN_WINDOW) ==
               0;
}

static bool on_data(struct floor_tcp_conn *conn, const uint8_t *data, size_t len)
{
    struct h2_conn *c = (struct h2_conn *)conn;
    return nghttp2_session_mem_recv2(c->session, data, len) == (nghttp2_ssize)len;
}

/* The session tells the end of streams only when they end by themselves: the rest is left to the system. */
static void on_end(struct floor_tcp_conn *conn)
{
    struct h2_conn *c = (struct h2_conn *)conn;
    nghttp2_session_del(c->session);
}

static const struct floor_tcp_calls calls = {
    .alpn = "h2",
    .conn_size = sizeof(struct h2_conn),
    .on_open = on_open,
    .on_data = on_data,
    .on_turn = on_turn,
    .on_end = on_end,
};

static void set_callbacks(struct h2_server *s)
{
    if (nghttp2_session_callbacks_new(&s->callbacks) != 0 || nghttp2_option_new(&s->option) != 0) {
        floor_die("memory is short");
    }
    nghttp2_session_callbacks_set_on_begin_headers_callback(s->callbacks, begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(s->callbacks, take_field);
    nghttp2_session_callbacks_set_on_frame_recv_callback(s->callbacks, end_frame);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(s->callbacks, take_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(s->callbacks, end_stream);
    nghttp2_session_callbacks_set_send_data_callback(s->callbacks, send_data);
    nghttp2_option_set_no_closed_streams(s->option, 1);
}

int main(int argc, char **argv)
{
    struct h2_server server = {.callbacks = NULL};
    struct floor_options options;
    floor_options_read(&options, argc, argv);
    set_callbacks(&server);
    floor_tcp_run(&server.tcp, &options, &calls);
}
