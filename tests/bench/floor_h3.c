/*
 * The floor of HTTP/3: an echo on epoll, wolfSSL, ngtcp2 and nghttp3, RFC 9220. What was found to be
 * cheapest is in it: nghttp3 is asked again while a stream that it asked had nothing, so that packets are
 * full; and packets are padded, without which they cannot be sent many at a time.
 */
#include "floor_quic.h"

#include <nghttp3/nghttp3.h>

#include <stdlib.h>
#include <string.h>

#define STREAMS_MAX 1000
#define PIECES_MAX 16
#define QPACK_TABLE_BYTES 4096
#define QPACK_BLOCKED_MAX 100

struct h3_conn {
    struct floor_quic_conn quic;
    nghttp3_conn *http; /* NULL before the handshake */
    struct h3_stream *changed;
    size_t payload;         /* bytes of DATA in what is being read */
    bool has_asked_in_vain; /* a stream that nghttp3 asked had nothing to send */
};

struct h3_stream {
    struct h3_conn *conn;
    struct h3_stream *next_changed;
    struct floor_bytes *out;              /* being written; NULL: nothing */
    size_t ready;                         /* of it: whole frames */
    struct floor_bytes *unacked, *newest; /* list of what nghttp3 has */
    size_t acked;                         /* of the first of them */
    struct floor_echo echo;
    int64_t id;
    bool is_websocket; /* :protocol says so */
    bool is_answered;
    bool is_waiting; /* nghttp3 does not ask until it is told to */
    bool is_changed; /* is in its connection's list */
    bool is_ending;  /* after what is ready, the stream's end */
};

/* --------------------------------------------------------------------------------------- streams */

static void set_changed(struct h3_stream *s)
{
    if (!s->is_changed) {
        s->is_changed = true;
        s->next_changed = s->conn->changed;
        s->conn->changed = s;
    }
}

static void unlink_changed(struct h3_stream *s)
{
    struct h3_stream **at = &s->conn->changed;
    while (*at && *at != s) {
        at = &(*at)->next_changed;
    }
    if (*at) {
        *at = s->next_changed;
    }
}

/* What is ready moves to the list, where it stays in its place until it is acknowledged. */
static struct floor_bytes *hand_over(struct h3_stream *s)
{
    struct floor_bytes *b = s->out, *rest = NULL;
    if (b->len > s->ready) {
        floor_bytes_append(&rest, b->data + s->ready, b->len - s->ready);
        floor_bytes_reserve(&rest, (size_t)s->echo.left);
    }
    b->len = s->ready;
    if (s->unacked) {
        s->newest->next = b;
    } else {
        s->unacked = b;
    }
    s->newest = b;
    s->out = rest;
    s->ready = 0;
    return b;
}

static void free_stream(struct h3_stream *s)
{
    if (s->is_changed) {
        unlink_changed(s);
    }
    while (s->unacked) {
        struct floor_bytes *b = s->unacked;
        s->unacked = b->next;
        free(b);
    }
    free(s->out);
    free(s);
}

/* ------------------------------------------------------------------------------------ of nghttp3 */

/* NOLINTNEXTLINE(readability-function-size): the signature is the library's. */
static nghttp3_ssize read_out(nghttp3_conn *http, int64_t id, nghttp3_vec *pieces,
                              size_t pieces_max, uint32_t *flags, void *user, void *stream)
{
    struct h3_stream *s = stream;
    if (s->ready == 0 && !s->is_ending) {
        s->is_waiting = true;
        s->conn->has_asked_in_vain = true;
        return NGHTTP3_ERR_WOULDBLOCK;
    }
    if (s->is_ending) {
        *flags |= NGHTTP3_DATA_FLAG_EOF;
    }
    if (s->ready == 0) {
        return 0;
    }
    struct floor_bytes *b = hand_over(s);
    pieces[0] = (nghttp3_vec){.base = b->data, .len = b->len};
    return 1;
}

static int free_acked(nghttp3_conn *http, int64_t id, uint64_t len, void *user, void *stream)
{
    struct h3_stream *s = stream;
    if (!s) {
        return 0;
    }
    s->acked += (size_t)len;
    while (s->unacked && s->acked >= s->unacked->len) {
        struct floor_bytes *b = s->unacked;
        s->acked -= b->len;
        s->unacked = b->next;
        free(b);
    }
    return 0;
}

static int begin_headers(nghttp3_conn *http, int64_t id, void *user, void *stream)
{
    struct h3_conn *c = user;
    struct h3_stream *s = calloc(1, sizeof *s);
    if (!s) {
        return NGHTTP3_ERR_CALLBACK_FAILURE;
    }
    s->conn = c;
    s->id = id;
    (void)ngtcp2_conn_set_stream_user_data(c->quic.quic, id, s);
    return nghttp3_conn_set_stream_user_data(http, id, s) == 0 ? 0 : NGHTTP3_ERR_CALLBACK_FAILURE;
}

/* NOLINTNEXTLINE(readability-function-size): the signature is the library's. */
static int take_field(nghttp3_conn *http, int64_t id, int32_t token, nghttp3_rcbuf *name,
                      nghttp3_rcbuf *value, uint8_t flags, void *user, void *stream)
{
    struct h3_stream *s = stream;
    if (s && token == NGHTTP3_QPACK_TOKEN__PROTOCOL) {
        nghttp3_vec text = nghttp3_rcbuf_get_buf(value);
        s->is_websocket = text.len == 9 && memcmp(text.base, "websocket", 9) == 0;
    }
    return 0;
}

/* What opens no WebSocket is answered with 404. */
static int respond(nghttp3_conn *http, int64_t id, int fin, void *user, void *stream)
{
    struct h3_stream *s = stream;
    if (!s || s->is_answered) {
        return 0; /* trailers */
    }
    uint8_t name[] = ":status", ok[] = "200", missing[] = "404";
    const nghttp3_nv status = {
        .name = name, .value = s->is_websocket ? ok : missing, .namelen = 7, .valuelen = 3};
    const nghttp3_data_reader reader = {.read_data = read_out};
    s->is_answered = true;
    int result =
        nghttp3_conn_submit_response(http, id, &status, 1, s->is_websocket ? &reader : NULL);
    return result == 0 ? 0 : NGHTTP3_ERR_CALLBACK_FAILURE;
}

static int take_data(nghttp3_conn *http, int64_t id, const uint8_t *data, size_t len, void *user,
                     void *stream)
{
    struct h3_stream *s = stream;
    ((struct h3_conn *)user)->payload += len;
    if (!s || !s->is_websocket || s->is_ending) {
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

static int end_sending(struct h3_stream *s)
{
    if (s && s->is_websocket) {
        s->is_ending = true;
        set_changed(s);
    }
    return 0;
}

static int end_stream(nghttp3_conn *http, int64_t id, void *user, void *stream)
{
    return end_sending(stream);
}

static void extend(ngtcp2_conn *quic, int64_t id, size_t len)
{
    (void)ngtcp2_conn_extend_max_stream_offset(quic, id, len);
    ngtcp2_conn_extend_max_offset(quic, len);
}

static int consume_late(nghttp3_conn *http, int64_t id, size_t len, void *user, void *stream)
{
    extend(((struct h3_conn *)user)->quic.quic, id, len);
    return 0;
}

static int close_stream(nghttp3_conn *http, int64_t id, uint64_t error, void *user, void *stream)
{
    if (stream) {
        (void)ngtcp2_conn_set_stream_user_data(((struct h3_conn *)user)->quic.quic, id, NULL);
        free_stream(stream);
    }
    return 0;
}

static int stop_sending(nghttp3_conn *http, int64_t id, uint64_t error, void *user, void *stream)
{
    (void)ngtcp2_conn_shutdown_stream_read(((struct h3_conn *)user)->quic.quic, 0, id, error);
    return 0;
}

static int reset_stream(nghttp3_conn *http, int64_t id, uint64_t error, void *user, void *stream)
{
    (void)ngtcp2_conn_shutdown_stream_write(((struct h3_conn *)user)->quic.quic, 0, id, error);
    return 0;
}

static const nghttp3_callbacks of_http = {
    .acked_stream_data = free_acked,
    .stream_close = close_stream,
    .recv_data = take_data,
    .deferred_consume = consume_late,
    .begin_headers = begin_headers,
    .recv_header = take_field,
    .end_headers = respond,
    .stop_sending = stop_sending,
    .end_stream = end_stream,
    .reset_stream = reset_stream,
    .rand = floor_quic_random,
};

/* ------------------------------------------------------------------------------------- of ngtcp2 */

static int fail(struct h3_conn *c, int error)
{
    ngtcp2_ccerr_set_application_error(&c->quic.error, nghttp3_err_infer_quic_app_error_code(error),
                                       NULL, 0);
    return NGTCP2_ERR_CALLBACK_FAILURE;
}

static int bind_streams(struct h3_conn *c)
{
    int64_t control = 0, encoder = 0, decoder = 0;
    ngtcp2_conn *quic = c->quic.quic;
    bool is_bound = ngtcp2_conn_open_uni_stream(quic, &control, NULL) == 0 &&
                    ngtcp2_conn_open_uni_stream(quic, &encoder, NULL) == 0 &&
                    ngtcp2_conn_open_uni_stream(quic, &decoder, NULL) == 0 &&
                    nghttp3_conn_bind_control_stream(c->http, control) == 0 &&
                    nghttp3_conn_bind_qpack_streams(c->http, encoder, decoder) == 0;
    return is_bound ? 0 : NGTCP2_ERR_CALLBACK_FAILURE;
}

/* HTTP begins as soon as its keys are there. */
static int start_http(ngtcp2_conn *quic, ngtcp2_encryption_level level, void *user)
{
    struct h3_conn *c = user;
    if (level != NGTCP2_ENCRYPTION_LEVEL_1RTT || c->http) {
        return 0;
    }
    nghttp3_settings settings;
    nghttp3_settings_default(&settings);
    settings.enable_connect_protocol = 1;
    settings.qpack_max_dtable_capacity = QPACK_TABLE_BYTES;
    settings.qpack_blocked_streams = QPACK_BLOCKED_MAX;
    if (nghttp3_conn_server_new(&c->http, &of_http, &settings, NULL, c) != 0) {
        return NGTCP2_ERR_CALLBACK_FAILURE;
    }
    nghttp3_conn_set_max_client_streams_bidi(c->http, STREAMS_MAX);
    return bind_streams(c);
}

/* NOLINTNEXTLINE(readability-function-size): the signature is the library's. */
static int receive(ngtcp2_conn *quic, uint32_t flags, int64_t id, uint64_t offset,
                   const uint8_t *data, size_t len, void *user, void *stream)
{
    struct h3_conn *c = user;
    c->payload = 0;
    nghttp3_ssize read = nghttp3_conn_read_stream2(c->http, id, data, len,
                                                   (flags & NGTCP2_STREAM_DATA_FLAG_FIN) != 0,
                                                   ngtcp2_conn_get_timestamp(quic));
    if (read < 0) {
        return fail(c, (int)read);
    }
    extend(quic, id, (size_t)read + c->payload);
    return 0;
}

static int note_acked(ngtcp2_conn *quic, int64_t id, uint64_t offset, uint64_t len, void *user,
                      void *stream)
{
    struct h3_conn *c = user;
    int result = nghttp3_conn_add_ack_offset(c->http, id, len);
    return result == 0 ? 0 : fail(c, result);
}

static int note_closed(ngtcp2_conn *quic, uint32_t flags, int64_t id, uint64_t error, void *user,
                       void *stream)
{
    struct h3_conn *c = user;
    if (!(flags & NGTCP2_STREAM_CLOSE_FLAG_APP_ERROR_CODE_SET)) {
        error = NGHTTP3_H3_NO_ERROR;
    }
    if (ngtcp2_is_bidi_stream(id)) {
        ngtcp2_conn_extend_max_streams_bidi(quic, 1);
    }
    int result = c->http ? nghttp3_conn_close_stream(c->http, id, error) : 0;
    return result == 0 || result == NGHTTP3_ERR_STREAM_NOT_FOUND ? 0 : fail(c, result);
}

static int note_stopped(ngtcp2_conn *quic, int64_t id, uint64_t error, void *user, void *stream)
{
    struct h3_conn *c = user;
    int result = c->http ? nghttp3_conn_shutdown_stream_read(c->http, id) : 0;
    return result == 0 ? 0 : fail(c, result);
}

static int note_reset(ngtcp2_conn *quic, int64_t id, uint64_t final_size, uint64_t error,
                      void *user, void *stream)
{
    return note_stopped(quic, id, error, user, stream) == 0 ? end_sending(stream)
                                                            : NGTCP2_ERR_CALLBACK_FAILURE;
}

static int unblock(ngtcp2_conn *quic, int64_t id, uint64_t max, void *user, void *stream)
{
    struct h3_conn *c = user;
    int result = c->http ? nghttp3_conn_unblock_stream(c->http, id) : 0;
    return result == 0 ? 0 : fail(c, result);
}

/* --------------------------------------------------------------------------------------- writing */

/* What nghttp3 wants to send next: of stream |*id|, or -1. */
static nghttp3_ssize next_pieces(struct h3_conn *c, int64_t *id, int *fin, nghttp3_vec *pieces)
{
    nghttp3_ssize count = 0;
    if (!c->http || ngtcp2_conn_get_max_data_left2(c->quic.quic) == 0) {
        return 0;
    }
    do {
        c->has_asked_in_vain = false;
        count = nghttp3_conn_writev_stream(c->http, id, fin, pieces, PIECES_MAX);
    } while (count == 0 && *id == -1 && c->has_asked_in_vain);
    return count;
}

/* What ngtcp2 did with them. True: the packet has room, or the stream was passed over. */
static bool note_written(struct h3_conn *c, int64_t id, ngtcp2_ssize result, ngtcp2_ssize taken)
{
    if (result == NGTCP2_ERR_STREAM_DATA_BLOCKED) {
        nghttp3_conn_block_stream(c->http, id);
        return true;
    }
    if (result == NGTCP2_ERR_STREAM_SHUT_WR || result == NGTCP2_ERR_STREAM_NOT_FOUND) {
        nghttp3_conn_shutdown_stream_write(c->http, id);
        return true;
    }
    if (taken >= 0) {
        (void)nghttp3_conn_add_write_offset(c->http, id, (size_t)taken);
    }
    return result == NGTCP2_ERR_WRITE_MORE;
}

/* NOLINTNEXTLINE(readability-function-size): the signature is the library's. */
static ngtcp2_ssize write_packet(ngtcp2_conn *quic, ngtcp2_path *path, ngtcp2_pkt_info *info,
                                 uint8_t *out, size_t max, ngtcp2_tstamp now, void *user)
{
    struct h3_conn *c = user;
    nghttp3_vec pieces[PIECES_MAX];
    ngtcp2_ssize result = 0, taken = -1;
    int64_t id = -1;
    do {
        int fin = 0;
        id = -1;
        nghttp3_ssize count = next_pieces(c, &id, &fin, pieces);
        if (count < 0) {
            return fail(c, (int)count);
        }
        /* Without a stream padding would fill packets that have nothing but an ACK. */
        const uint32_t flags = NGTCP2_WRITE_STREAM_FLAG_MORE |
                               (id == -1 ? 0 : NGTCP2_WRITE_STREAM_FLAG_PADDING) |
                               (fin ? NGTCP2_WRITE_STREAM_FLAG_FIN : 0);
        taken = -1;
        result = ngtcp2_conn_writev_stream(quic, path, info, out, max, &taken, flags, id,
                                           (const ngtcp2_vec *)pieces, (size_t)count, now);
    } while (note_written(c, id, result, taken));
    return result;
}

static void on_turn(struct floor_quic_conn *conn)
{
    struct h3_conn *c = (struct h3_conn *)conn;
    struct h3_stream *next = NULL;
    for (struct h3_stream *s = c->changed; s; s = next) {
        next = s->next_changed;
        s->is_changed = false;
        if (s->is_waiting) {
            s->is_waiting = false;
            (void)nghttp3_conn_resume_stream(c->http, s->id);
        }
    }
    c->changed = NULL;
}

/* Streams that are open go with the process: ngtcp2 and nghttp3 do not tell of them. */
static void on_end(struct floor_quic_conn *conn)
{
    nghttp3_conn_del(((struct h3_conn *)conn)->http);
}

static const struct floor_quic_calls calls = {
    .conn_size = sizeof(struct h3_conn),
    .of_quic = {.recv_stream_data = receive,
                .acked_stream_data_offset = note_acked,
                .stream_close = note_closed,
                .stream_reset = note_reset,
                .stream_stop_sending = note_stopped,
                .extend_max_stream_data = unblock,
                .recv_tx_key = start_http},
    .write_pkt = write_packet,
    .on_turn = on_turn,
    .on_end = on_end,
};

int main(int argc, char **argv)
{
    struct floor_options options;
    floor_options_read(&options, argc, argv);
    floor_quic_run(&options, &calls);
}
