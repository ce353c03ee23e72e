/* The client of one conformance case: see the header. */
#include "conformance_socket.h"

#include "conformance_transcript.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define RECORD_BYTES ((size_t)(16 * 1024))
#define WHY_MAX ((size_t)2048)

static const char offer_default[] = "permessage-deflate; client_max_window_bits";

/* --- faults */

static const char *delivery_name(enum conformance_delivery delivery)
{
    static const char *const names[] = {"whole", "byte by byte", "in records"};
    return names[delivery];
}

/* |format|: one line about what went wrong. */
void conformance_socket_blame(const struct conformance_batch *b, struct conformance_socket *s,
                              const char *format, ...)
{
    struct conformance_result *r = s->result;
    const struct conformance_variant *v = b->v;
    char text[512];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    r->failures++;
    const size_t used = r->why ? strlen(r->why) : 0;
    if (used + sizeof text + 200 > WHY_MAX) {
        return;
    }
    r->why = r->why ? r->why : calloc(1, WHY_MAX);
    assert(r->why);
    (void)snprintf(r->why + used, WHY_MAX - used, "%s, %s, %s%s%s: %s\n", v->transport->name,
                   conformance_mode_name(v->mode), delivery_name(v->delivery),
                   v->squeezes ? ", compressed" : "", v->in_pieces ? ", in pieces" : "", text);
}

/* --- a socket's life */

void conformance_socket_request(struct conformance_batch *b, size_t i)
{
    const struct fixture_ops *t = b->v->transport;
    struct conformance_socket *s = &b->sockets[i];
    char number[4];
    (void)snprintf(number, sizeof number, "%03zu", i % 1000);
    const char *offer = s->result->one->offer ? s->result->one->offer : offer_default;
    const struct tri_header headers[] = {
        {CONFORMANCE_CASE_FIELD, number},
        {b->v->mode != TRI_DEFLATE_OFF ? "sec-websocket-extensions" : NULL, offer},
        {NULL, NULL},
    };
    s->stream =
        t->request(b->f, &(struct fixture_request){.protocol = "websocket", .headers = headers});
    assert(s->stream >= 0);
}

/* The value of the field |name| in the lines of a response's head; "" if it is not there. */
static void read_field(struct tri_slice head, const char *name, char *out, size_t out_max)
{
    const size_t name_len = strlen(name);
    out[0] = '\0';
    while (head.len > 0) {
        const uint8_t *end = memchr(head.data, '\n', head.len);
        assert(end);
        const size_t len = (size_t)(end - head.data);
        if (len > name_len + 2 && memcmp(head.data, name, name_len) == 0) {
            (void)snprintf(out, out_max, "%.*s", (int)(len - name_len - 2),
                           (const char *)head.data + name_len + 2);
        }
        head = tri_slice_of(end + 1, head.len - len - 1);
    }
}

static const char *choose_expect(const struct conformance_socket *s)
{
    const struct conformance_case *one = s->result->one;
    if (s->answer[0] != '\0') {
        return one->expect;
    }
    if (one->expect_off) {
        return one->expect_off;
    }
    /* RFC 6455 section 5.2: RSV1 without an extension */
    return (one->flags & CASE_DEFLATE) ? "close:1002;fin;" : one->expect;
}

/* Whether a Close of the client follows what the script has. */
static bool is_closed_by_peer(const struct conformance_socket *s, const char *expect)
{
    return (s->result->one->flags & CASE_OPEN) == 0 && !strstr(expect, "close");
}

void conformance_socket_prepare(struct conformance_batch *b, struct conformance_socket *s)
{
    struct fixture_seen seen;
    b->v->transport->seen(b->f, s->stream, &seen);
    read_field(seen.head, "sec-websocket-extensions", s->answer, sizeof s->answer);
    const char *answer = s->answer[0] != '\0' ? s->answer : NULL;
    const char *offer = s->result->one->offer ? s->result->one->offer : offer_default;
    const char *fault = conformance_codec_blame(offer, answer);
    if (fault || (seen.status != 101 && seen.status != 200)) {
        conformance_socket_blame(b, s, "the handshake: %d, %s", seen.status,
                                 fault ? fault : "refused");
    }
    conformance_codec_init(&s->codec, answer);
    conformance_wire_init(&s->wire);
    conformance_compile(s->result->one->script, &s->codec, b->v->squeezes && answer, &s->wire);
    const char *expect = choose_expect(s);
    char whole[4096];
    const bool closes = is_closed_by_peer(s, expect);
    const int n = snprintf(whole, sizeof whole, "%s%s", expect, closes ? "close:1000;fin;" : "");
    assert(n >= 0 && (size_t)n < sizeof whole);
    s->expect = conformance_expand(whole);
    if (closes) {
        conformance_compile("X1000", &s->codec, false, &s->wire);
    }
}

static size_t piece_len(const struct conformance_batch *b, const struct conformance_socket *s)
{
    static const size_t piece_max[] = {SIZE_MAX, 1, RECORD_BYTES}; /* by delivery */
    const size_t left = tri_buf_peek(&s->wire.bytes).len - s->at;
    const size_t max = piece_max[b->v->delivery];
    return left < max ? left : max;
}

/* The client's next piece, or the owner's close. False: nothing is left. */
bool conformance_socket_step(struct conformance_batch *b, struct conformance_socket *s)
{
    if (s->at == s->wire.close_at) {
        s->wire.close_at = SIZE_MAX;
        const enum tri_err err = tri_session_close(s->echo.session, 1001, TRI_SLICE("going"));
        if (err != TRI_OK) {
            conformance_socket_blame(b, s, "the owner could not close: %s", tri_err_text(err));
        }
        return true;
    }
    size_t len = piece_len(b, s);
    if (s->wire.close_at != SIZE_MAX && len > s->wire.close_at - s->at) {
        len = s->wire.close_at - s->at;
    }
    if (len == 0) {
        return false;
    }
    b->v->transport->send(b->f, s->stream, tri_buf_peek(&s->wire.bytes).data + s->at, len);
    s->at += len;
    return true;
}

/* Pieces are only compressed by a compressor of the socket's own: one that remembers. */
static bool must_be_squeezed(const struct conformance_batch *b, const struct conformance_socket *s)
{
    return (s->result->one->flags & CASE_SQUEEZED) != 0 && s->codec.is_agreed &&
           !(b->v->in_pieces && s->codec.server_forgets);
}

void conformance_socket_compare(struct conformance_batch *b, struct conformance_socket *s)
{
    struct fixture_seen seen;
    struct conformance_transcript got;
    b->v->transport->seen(b->f, s->stream, &seen);
    conformance_transcribe(&got, seen.body, &s->codec, seen.fin, seen.reset);
    if (strcmp(got.text, s->expect) != 0) {
        conformance_socket_blame(b, s, "expected %s got %s", s->expect, got.text);
    }
    if (must_be_squeezed(b, s) && !got.is_squeezed) {
        conformance_socket_blame(b, s, "an echo was not compressed");
    }
    free(got.text);
}

/* The code that on_close must tell: by default that of the server's Close, an echo or for a fault. */
static unsigned expected_code(const struct conformance_socket *s)
{
    if (s->result->one->end_code != 0) {
        return s->result->one->end_code;
    }
    const char *close = strstr(s->expect, "close");
    if (!close) {
        return TRI_CLOSE_ABNORMAL;
    }
    return close[5] == ':' ? (unsigned)strtoul(close + 6, NULL, 10) : TRI_CLOSE_NO_STATUS;
}

void conformance_socket_end(struct conformance_batch *b, struct conformance_socket *s)
{
    const struct conformance_echo *e = &s->echo;
    if (e->closes != 1) {
        conformance_socket_blame(b, s, "on_close came %u times", e->closes);
    } else if (e->code != expected_code(s)) {
        conformance_socket_blame(b, s, "on_close told %u, not %u", e->code, expected_code(s));
    }
    if (e->fault) {
        conformance_socket_blame(b, s, "%s", e->fault);
    }
    conformance_codec_deinit(&s->codec);
    conformance_wire_deinit(&s->wire);
    free(s->expect);
}
