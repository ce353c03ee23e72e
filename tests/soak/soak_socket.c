/* See soak_socket.h. */
#include "soak_socket.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOISE_BYTES ((size_t)2 * 1024 * 1024)
#define SLOW_MS_MAX 1500
#define MILLISECOND_NS UINT64_C(1000000)
#define HEAD_BYTES_MAX 14

enum { TEXT = 0x81, BINARY = 0x82, CLOSE = 0x88, PING = 0x89, PONG = 0x8a };

/* ---- the account */

void soak_account_close(struct soak_account *a, unsigned code)
{
    size_t i = 0;
    while (a->closed[i].times > 0 && a->closed[i].code != code) {
        i++;
        assert(i < SOAK_CODES_MAX);
    }
    a->closed[i].code = code;
    a->closed[i].times++;
}

__attribute__((format(printf, 2, 3))) static void fail(struct soak_socket *s, const char *format,
                                                       ...)
{
    va_list args;
    va_start(args, format);
    (void)vsnprintf(s->account->fault, sizeof s->account->fault, format, args);
    va_end(args);
    s->state = SOAK_SOCKET_DONE;
}

/* ---- what it says */

/* The byte of messages at |i|, binary or text of ASCII. */
static uint8_t noise(uint8_t opcode, size_t i)
{
    uint32_t x = (uint32_t)i * 2654435761u;
    uint8_t byte = (uint8_t)(x >> 24);
    return opcode == TEXT ? (uint8_t)(' ' + byte % 95) : byte;
}

static size_t write_head(uint8_t *out, uint8_t opcode, size_t len)
{
    out[0] = opcode;
    if (len < 126) {
        out[1] = (uint8_t)(0x80 | len);
        return 2;
    }
    size_t bytes = len < 65536 ? 2 : 8;
    out[1] = bytes == 2 ? 0xfe : 0xff;
    for (size_t i = 0; i < bytes; i++) {
        out[2 + i] = (uint8_t)((uint64_t)len >> (8 * (bytes - 1 - i)));
    }
    return 2 + bytes;
}

static void send_message(struct soak_socket *s, struct soak_message m, uint32_t key)
{
    uint8_t *frame = malloc(HEAD_BYTES_MAX + m.len);
    assert(frame);
    size_t at = write_head(frame, m.opcode, m.len);
    uint8_t mask[4];
    memcpy(mask, &key, sizeof mask);
    memcpy(frame + at, mask, sizeof mask);
    at += sizeof mask;
    for (size_t i = 0; i < m.len; i++) {
        frame[at + i] = noise(m.opcode, m.at + i) ^ mask[i % 4];
    }
    peer_h3_data(s->peer, s->stream, frame, at + m.len);
    free(frame);
}

/* Mostly few bytes, sometimes very many. */
static size_t choose_len(struct soak_random *r, size_t max)
{
    static const size_t limits[] = {125, 125, 125, 2000, 2000, 65535};
    size_t which = soak_random_below(r, sizeof limits / sizeof limits[0] + 1);
    size_t limit = which < sizeof limits / sizeof limits[0] ? limits[which] : max;
    return soak_random_below(r, (limit < max ? limit : max) + 1);
}

static void say(struct soak_socket *s, struct soak_random *r)
{
    struct soak_message m = {.opcode = soak_random_chance(r, 50) ? TEXT : BINARY,
                             .at = soak_random_below(r, NOISE_BYTES),
                             .len = choose_len(r, s->scene->bytes_max)};
    assert(s->waiting_len < SOAK_MESSAGES_MAX);
    s->waiting[s->waiting_len++] = m;
    s->left--;
    s->account->sent++;
    s->account->sent_bytes += m.len;
    send_message(s, m, (uint32_t)soak_random_below(r, UINT32_MAX));
}

/* A control frame; its mask is zeros. */
static void send_control(struct soak_socket *s, uint8_t opcode, const uint8_t *data, size_t len)
{
    const struct peer_h3_stream *stream = s->peer->streams[s->stream];
    if (stream->closed || stream->fin) {
        return;
    }
    assert(len <= 125);
    uint8_t frame[6 + 125] = {opcode, (uint8_t)(0x80 | len)};
    if (len > 0) {
        memcpy(frame + 6, data, len);
    }
    peer_h3_data(s->peer, s->stream, frame, 6 + len);
}

static void end_stream(struct soak_socket *s)
{
    const struct peer_h3_stream *stream = s->peer->streams[s->stream];
    if (!stream->closed && !stream->fin) {
        peer_h3_fin(s->peer, s->stream);
    }
}

static void send_close(struct soak_socket *s, unsigned code)
{
    const uint8_t payload[2] = {(uint8_t)(code >> 8), (uint8_t)code};
    send_control(s, CLOSE, payload, sizeof payload);
}

/* RFC 6455 sections 5.1, 5.2, 5.5, 7.4.1 and 8.1 forbid these. */
static void send_bad_frame(struct soak_socket *s, struct soak_random *r)
{
    static const struct {
        unsigned code;
        uint8_t bytes[16];
        size_t len;
    } bad[] = {
        {1002, {0x81, 0x01, 'x'}, 3},                        /* not masked */
        {1002, {0xa1, 0x80}, 6},                             /* RSV2 */
        {1002, {0x83, 0x80}, 6},                             /* an unknown opcode */
        {1002, {0x80, 0x80}, 6},                             /* a continuation of nothing */
        {1002, {0x09, 0x80}, 6},                             /* a fragmented ping */
        {1002, {0x88, 0x81}, 7},                             /* a Close of one byte */
        {1007, {0x81, 0x82, 0, 0, 0, 0, 0xc0, 0xaf}, 8},     /* not UTF-8 */
        {1009, {0x82, 0xff, 0, 0, 0xff, 0, 0, 0, 0, 0}, 14}, /* a length above any limit */
    };
    size_t which = soak_random_below(r, sizeof bad / sizeof bad[0]);
    s->code = bad[which].code;
    peer_h3_data(s->peer, s->stream, bad[which].bytes, bad[which].len);
}

/* ---- what it hears */

static void take_message(struct soak_socket *s, const uint8_t *frame, size_t head, size_t len)
{
    if (s->waiting_len == 0) {
        fail(s, "a message that nobody sent");
        return;
    }
    struct soak_message m = s->waiting[0];
    bool is_same = frame[0] == m.opcode && len == m.len;
    for (size_t i = 0; i < len && is_same; i++) {
        is_same = frame[head + i] == noise(m.opcode, m.at + i);
    }
    if (!is_same) {
        fail(s, "an echo of %zu bytes came back changed, with %zu", m.len, len);
        return;
    }
    s->account->echoed++;
    s->account->echoed_bytes += len;
    s->waiting_len--;
    memmove(s->waiting, s->waiting + 1, s->waiting_len * sizeof s->waiting[0]);
}

static void take_close(struct soak_socket *s, const uint8_t *payload, size_t len)
{
    unsigned code = len >= 2 ? (unsigned)(payload[0] << 8 | payload[1]) : 1005;
    if (code != s->code) {
        fail(s, "closed with %u instead of %u", code, s->code);
        return;
    }
    if (s->scene->end == SOAK_BAD_FRAME) {
        send_close(s, code);
    }
    soak_account_close(s->account, code);
    s->code = 0;
    end_stream(s);
}

static void take_frame(struct soak_socket *s, const uint8_t *frame, size_t head, size_t len)
{
    switch (frame[0]) {
    case TEXT:
    case BINARY:
        take_message(s, frame, head, len);
        return;
    case CLOSE:
        take_close(s, frame + head, len);
        return;
    case PING:
        send_control(s, PONG, frame + head, len);
        return;
    case PONG:
        return;
    default:
        fail(s, "a frame that starts %02x", frame[0]);
    }
}

/* One frame of what has arrived; false: there is no whole one. */
static bool hear(struct soak_socket *s)
{
    struct tri_buf *body = &s->peer->streams[s->stream]->body;
    struct tri_slice in = tri_buf_peek(body);
    if (in.len < 2) {
        return false;
    }
    size_t bytes = in.data[1] < 126 ? 0 : in.data[1] == 126 ? 2 : 8;
    if (in.len < 2 + bytes) {
        return false;
    }
    size_t len = bytes == 0 ? in.data[1] : 0;
    for (size_t i = 0; i < bytes; i++) {
        len = len << 8 | in.data[2 + i];
    }
    if (in.len - 2 - bytes < len) {
        return false;
    }
    take_frame(s, in.data, 2 + bytes, len);
    tri_buf_consume(body, 2 + bytes + len);
    return true;
}

/* ---- its life */

static nghttp3_nv field(const char *name, const char *value)
{
    return (nghttp3_nv){.name = (const uint8_t *)name,
                        .value = (const uint8_t *)value,
                        .namelen = strlen(name),
                        .valuelen = strlen(value)};
}

bool soak_socket_open(struct soak_socket *s, struct soak_random *r, uint64_t now_ns)
{
    const struct soak_scene *scene = s->scene;
    const nghttp3_nv fields[] = {
        field(":method", "CONNECT"),
        field(":protocol", scene->protocol ? scene->protocol : "websocket"),
        field(":scheme", "https"),
        field(":authority", "localhost"),
        field(":path", scene->path ? scene->path : "/echo"),
        field("sec-websocket-version", scene->version ? scene->version : "13"),
    };
    s->stream = peer_h3_request(s->peer, fields, sizeof fields / sizeof fields[0], false);
    if (s->stream < 0) {
        return false;
    }
    s->state = SOAK_SOCKET_ASKED;
    s->left = scene->status > 0 ? 0 : 1 + soak_random_below(r, scene->messages_max);
    if (scene->is_slow) {
        peer_h3_pause(s->peer, s->stream, true);
        s->resume_ns = now_ns + (1 + soak_random_below(r, SLOW_MS_MAX)) * MILLISECOND_NS;
    }
    return true;
}

static void take_answer(struct soak_socket *s)
{
    int status = s->peer->streams[s->stream]->status;
    if (status == 0) {
        return;
    }
    if (status != (s->scene->status > 0 ? s->scene->status : 200)) {
        fail(s, "a handshake got %d", status);
    } else if (s->scene->status > 0) {
        s->account->refused++;
        s->state = SOAK_SOCKET_DONE;
        end_stream(s);
    } else {
        s->account->opened++;
        s->state = SOAK_SOCKET_OPEN;
    }
}

/* All is said and heard; what then? */
static void begin_end(struct soak_socket *s, struct soak_random *r)
{
    static const unsigned codes[] = {1000, 1001, 3000, 4999};
    s->state = SOAK_SOCKET_ENDING;
    switch (s->scene->end) {
    case SOAK_CLOSE:
        s->code = codes[soak_random_below(r, sizeof codes / sizeof codes[0])];
        send_close(s, s->code);
        return;
    case SOAK_BAD_FRAME:
        send_bad_frame(s, r);
        return;
    case SOAK_FIN:
        peer_h3_fin(s->peer, s->stream);
        break;
    case SOAK_RESET:
        peer_h3_reset(s->peer, s->stream, NGHTTP3_H3_REQUEST_CANCELLED);
        break;
    case SOAK_STOP:
        peer_h3_stop(s->peer, s->stream, NGHTTP3_H3_REQUEST_CANCELLED);
        break;
    case SOAK_VANISH:
        s->state = SOAK_SOCKET_SAID;
        s->account->vanished++;
        return;
    case SOAK_HANG_UP:
        s->state = SOAK_SOCKET_SAID;
        break;
    }
    soak_account_close(s->account, 1006);
}

static void talk(struct soak_socket *s, struct soak_random *r)
{
    while (s->left > 0 && (s->waiting_len == 0 || s->scene->is_slow)) {
        say(s, r);
    }
    if (s->left == 0 && s->waiting_len == 0) {
        begin_end(s, r);
    }
}

/* The server's side of the stream is over. */
static bool is_over(const struct peer_h3_stream *stream)
{
    return stream->closed || stream->fin_seen || stream->reset_seen || stream->stop_seen;
}

void soak_socket_step(struct soak_socket *s, struct soak_random *r, uint64_t now_ns)
{
    const struct peer_h3_stream *stream = s->peer->streams[s->stream];
    if (s->state == SOAK_SOCKET_DONE) {
        return;
    }
    if (s->resume_ns > 0 && now_ns >= s->resume_ns) {
        s->resume_ns = 0;
        peer_h3_pause(s->peer, s->stream, false);
    }
    if (s->state == SOAK_SOCKET_ASKED) {
        take_answer(s);
    }
    bool was_over = is_over(stream);
    while (s->state != SOAK_SOCKET_DONE && hear(s)) {}
    if (s->state == SOAK_SOCKET_OPEN && !was_over) {
        talk(s, r);
    } else if (was_over && s->state == SOAK_SOCKET_ENDING && s->code == 0) {
        s->state = SOAK_SOCKET_DONE;
    } else if (was_over && s->state != SOAK_SOCKET_DONE) {
        fail(s, "the stream ended in state %d, and %zu echoes had not come", (int)s->state,
             s->waiting_len);
    }
}
