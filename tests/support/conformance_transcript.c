/* A server's bytes to words: see the header. RFC 6455 section 5, RFC 7692 section 6. */
#include "conformance_transcript.h"

#include "conformance_script.h"

#include <assert.h>
#include <stdlib.h>

#define TEXT_MAX ((size_t)(64 * 1024 * 1024))
#define SHOWN_MAX ((size_t)64)

struct reader {
    struct tri_buf text; /* the transcript */
    struct tri_buf message;
    struct conformance_codec *codec;
    struct conformance_transcript *out;
    unsigned type; /* of the message in progress; 0: none */
    bool is_deflated;
    size_t squeezed, unsqueezed; /* messages of 64 bytes or more */
};

static void put_text(struct tri_buf *b, const char *s)
{
    const enum tri_err err = tri_buf_append(b, s, strlen(s));
    assert(err == TRI_OK);
    (void)err;
}

static void put_shown(struct tri_buf *b, struct tri_slice data)
{
    put_text(b, ":");
    for (size_t i = 0; i < data.len; i++) {
        const uint8_t c = data.data[i];
        const bool is_plain = c >= ' ' && c < 0x7f && !strchr(";\\<*%\"", c);
        const enum tri_err err = tri_buf_printf(b, is_plain ? "%c" : "\\x%02x", c);
        assert(err == TRI_OK);
        (void)err;
    }
}

static void put_payload(struct tri_buf *b, struct tri_slice data)
{
    if (data.len > SHOWN_MAX) {
        const unsigned long sum = crc32(0, data.data, (uInt)data.len);
        const enum tri_err err = tri_buf_printf(b, "#%08lx", sum);
        assert(err == TRI_OK);
        (void)err;
    } else if (data.len > 0) {
        put_shown(b, data);
    }
}

static void put_message(struct tri_buf *b, char kind, struct tri_slice data)
{
    const enum tri_err err = tri_buf_printf(b, "%c%zu", kind, data.len);
    assert(err == TRI_OK);
    (void)err;
    put_payload(b, data);
    put_text(b, ";");
}

static char *take_text(struct tri_buf *b)
{
    const struct tri_slice all = tri_buf_peek(b);
    char *text = malloc(all.len + 1);
    assert(text);
    if (all.len > 0) {
        memcpy(text, all.data, all.len);
    }
    text[all.len] = '\0';
    tri_buf_deinit(b);
    return text;
}

/* --- frames */

struct frame {
    unsigned first;
    struct tri_slice payload;
};

/* NULL, or what is wrong with the frame at the front of |rest|. */
static const char *take_frame(struct tri_slice *rest, struct frame *f)
{
    if (rest->len < 2) {
        return "half a header";
    }
    const uint8_t *p = rest->data;
    unsigned more = (p[1] & 0x7f) == 127 ? 8 : (p[1] & 0x7f) == 126 ? 2 : 0;
    if (p[1] & 0x80) {
        return "a mask from a server"; /* RFC 6455 section 5.1 */
    }
    if (rest->len < 2u + more) {
        return "half a header";
    }
    uint64_t len = more > 0 ? 0 : p[1];
    for (unsigned i = 0; i < more; i++) {
        len = len << 8 | p[2 + i];
    }
    if ((more == 2 && len < 126) || (more == 8 && len < 65536)) {
        return "a length that is not minimal"; /* RFC 6455 section 5.2 */
    }
    if (len > rest->len - 2 - more) {
        return "half a frame";
    }
    *f = (struct frame){.first = p[0], .payload = tri_slice_of(p + 2 + more, (size_t)len)};
    *rest = tri_slice_of(p + 2 + more + len, rest->len - 2 - more - (size_t)len);
    return NULL;
}

/* Codes with which the server ends a socket by itself. */
static bool is_fault(unsigned code)
{
    return code == 1002 || code == 1003 || (code >= 1007 && code <= 1011);
}

static const char *take_close(struct reader *r, struct tri_slice payload)
{
    struct conformance_transcript *out = r->out;
    out->has_close = true;
    out->code = 1005;
    put_text(&r->text, "close");
    if (payload.len == 1) {
        return "a Close of one byte";
    }
    if (payload.len > 1) {
        out->code = (unsigned)payload.data[0] << 8 | payload.data[1];
        const enum tri_err err = tri_buf_printf(&r->text, ":%u", out->code);
        assert(err == TRI_OK);
        (void)err;
        if (!is_fault(out->code)) {
            put_payload(&r->text, tri_slice_of(payload.data + 2, payload.len - 2));
        }
    }
    put_text(&r->text, ";");
    return NULL;
}

static const char *take_control(struct reader *r, const struct frame *f)
{
    if ((f->first & 0xf0) != 0x80 || f->payload.len > 125) {
        return "a control frame cut, too long or with RSV"; /* RFC 6455 section 5.5 */
    }
    if (f->first == 0x88) {
        return take_close(r, f->payload);
    }
    if (f->first != 0x89 && f->first != 0x8a) {
        return "a reserved opcode";
    }
    put_text(&r->text, f->first == 0x89 ? "ping" : "pong");
    put_payload(&r->text, f->payload);
    put_text(&r->text, ";");
    return NULL;
}

static const char *end_message(struct reader *r)
{
    const char *why = NULL;
    const struct tri_slice raw = tri_buf_peek(&r->message);
    struct tri_buf plain;
    tri_buf_init(&plain, tri_alloc_heap(), TEXT_MAX);
    if (r->is_deflated && !conformance_codec_inflate(r->codec, raw, &plain)) {
        why = "a message that cannot be decompressed";
    }
    const struct tri_slice data = r->is_deflated ? tri_buf_peek(&plain) : raw;
    if (data.len >= SHOWN_MAX) {
        r->squeezed += r->is_deflated;
        r->unsqueezed += !r->is_deflated;
    }
    put_message(&r->text, r->type == 1 ? 'T' : 'B', data);
    tri_buf_deinit(&plain);
    tri_buf_deinit(&r->message);
    r->type = 0;
    return why;
}

static const char *take_data(struct reader *r, const struct frame *f)
{
    const unsigned opcode = f->first & 0x0f;
    if ((f->first & 0x30) != 0 || opcode > 2 || (opcode == 0) != (r->type != 0)) {
        return "a data frame that may not be here"; /* RFC 6455 section 5.2, 5.4 */
    }
    if ((f->first & 0x40) && (opcode == 0 || !r->codec->is_agreed)) {
        return "RSV1 where it may not be"; /* RFC 7692 section 6.1 */
    }
    if (opcode != 0) {
        r->type = opcode;
        r->is_deflated = (f->first & 0x40) != 0;
    }
    const enum tri_err err = tri_buf_append(&r->message, f->payload.data, f->payload.len);
    assert(err == TRI_OK);
    (void)err;
    return (f->first & 0x80) ? end_message(r) : NULL;
}

static const char *take_any(struct reader *r, struct tri_slice *rest)
{
    struct frame f;
    const char *why = take_frame(rest, &f);
    if (why) {
        return why;
    }
    if (r->out->has_close) {
        return "a frame after the Close"; /* RFC 6455 section 5.5.1 */
    }
    return (f.first & 0x08) ? take_control(r, &f) : take_data(r, &f);
}

void conformance_transcribe(struct conformance_transcript *out, struct tri_slice bytes,
                            struct conformance_codec *codec, bool is_ended, bool is_reset)
{
    struct reader r = {.codec = codec, .out = out};
    const char *why = NULL;
    *out = (struct conformance_transcript){.code = 1006};
    tri_buf_init(&r.text, tri_alloc_heap(), TEXT_MAX);
    tri_buf_init(&r.message, tri_alloc_heap(), TEXT_MAX);
    while (bytes.len > 0 && !why) {
        why = take_any(&r, &bytes);
    }
    if (why) {
        put_text(&r.text, "?");
        put_text(&r.text, why);
        put_text(&r.text, ";");
    }
    put_text(&r.text, is_ended ? "fin;" : "");
    put_text(&r.text, is_reset ? "reset;" : "");
    out->is_squeezed = r.squeezed > 0 && r.unsqueezed == 0;
    tri_buf_deinit(&r.message);
    out->text = take_text(&r.text);
}

/* --- what is expected */

/* One word of it, up to its ";". */
static void expand_word(const char **at, struct tri_buf *out)
{
    const size_t len = strcspn(*at, ";*%<\"");
    struct tri_buf payload;
    tri_buf_init(&payload, tri_alloc_heap(), TEXT_MAX);
    const char *word = *at;
    const enum tri_err err = tri_buf_append(out, word, len);
    assert(err == TRI_OK);
    (void)err;
    *at += len;
    if (**at != ';') {
        conformance_read_payload(at, &payload);
        if (len == 1 && (*word == 'T' || *word == 'B')) {
            const enum tri_err sized = tri_buf_printf(out, "%zu", tri_buf_peek(&payload).len);
            assert(sized == TRI_OK);
            (void)sized;
        }
        put_payload(out, tri_buf_peek(&payload));
    }
    assert(**at == ';');
    (*at)++;
    put_text(out, ";");
    tri_buf_deinit(&payload);
}

char *conformance_expand(const char *expect)
{
    struct tri_buf out;
    tri_buf_init(&out, tri_alloc_heap(), TEXT_MAX);
    while (*expect != '\0') {
        expand_word(&expect, &out);
    }
    return take_text(&out);
}
