/* Scripts to bytes: see the header. A script that makes no sense ends the program. */
#include "conformance_script.h"

#include <assert.h>
#include <stdlib.h>

#define BYTES_MAX ((size_t)(256 * 1024 * 1024))

static void put(struct tri_buf *b, const void *data, size_t len)
{
    const enum tri_err err = tri_buf_append(b, data, len);
    assert(err == TRI_OK);
    (void)err;
}

static void put_byte(struct tri_buf *b, unsigned byte)
{
    const uint8_t one = (uint8_t)byte;
    put(b, &one, 1);
}

void conformance_wire_init(struct conformance_wire *w)
{
    tri_buf_init(&w->bytes, tri_alloc_heap(), BYTES_MAX);
    w->close_at = SIZE_MAX;
}

void conformance_wire_deinit(struct conformance_wire *w)
{
    tri_buf_deinit(&w->bytes);
}

/* --- payloads */

static unsigned read_digit(char c)
{
    assert((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'));
    return (unsigned)(c >= 'a' ? c - 'a' + 10 : c - '0');
}

static size_t read_number(const char **at)
{
    char *end;
    const unsigned long value = strtoul(*at, &end, 10);
    assert(end > *at);
    *at = end;
    return value;
}

static void put_hex(const char **at, struct tri_buf *out)
{
    for ((*at)++; **at != '>'; *at += 2) {
        put_byte(out, read_digit((*at)[0]) << 4 | read_digit((*at)[1]));
    }
    (*at)++;
}

static void put_quoted(const char **at, struct tri_buf *out)
{
    const char *end = strchr(*at + 1, '"');
    assert(end);
    put(out, *at + 1, (size_t)(end - *at) - 1);
    *at = end + 1;
}

/* Letters in no order that a short window could guess. */
static void put_letters(size_t len, bool varied, struct tri_buf *out)
{
    enum tri_err err;
    uint8_t *p = tri_buf_reserve(out, len + 1, &err);
    assert(p);
    uint32_t seed = 1;
    for (size_t i = 0; i < len; i++) {
        seed = seed * 1664525u + 1013904223u;
        p[i] = (uint8_t)('a' + (varied ? (seed >> 24) % 26 : 0));
    }
    tri_buf_commit(out, len);
}

void conformance_read_payload(const char **at, struct tri_buf *out)
{
    for (;;) {
        switch (**at) {
        case '"':
            put_quoted(at, out);
            break;
        case '<':
            put_hex(at, out);
            break;
        case '*':
        case '%': {
            const bool varied = *(*at)++ == '*';
            put_letters(read_number(at), varied, out);
            break;
        }
        default:
            return;
        }
    }
}

/* --- items */

struct item {
    unsigned first; /* FIN, RSV and opcode */
    bool is_unmasked, has_zero_mask, is_header_only, is_squeezed, is_final, has_pings;
    bool is_spoilt; /* by RSV bits or as a header alone: never compressed unasked */
    char length;    /* as 'w', 'q' or 'Q' in the script; 0: minimal */
    size_t frames;  /* to be cut into */
};

struct compiler {
    struct conformance_codec *codec;
    struct conformance_wire *out;
    bool squeezes;
    bool in_squeezed; /* within a message that is compressed */
};

static unsigned read_opcode(const char **at)
{
    static const char letters[] = "CTBXPO";
    static const uint8_t opcodes[] = {0, 1, 2, 8, 9, 10};
    if (**at == '#') {
        const unsigned byte = read_digit((*at)[1]) << 4 | read_digit((*at)[2]);
        *at += 3;
        return byte;
    }
    const char c = *(*at)++;
    const bool fin = c >= 'A' && c <= 'Z';
    const char *found = strchr(letters, fin ? c : c - 'a' + 'A');
    assert(found && *found);
    return (fin ? 0x80u : 0u) | opcodes[found - letters];
}

static void read_flag(const char **at, struct item *item)
{
    const char flag = *(*at)++;
    switch (flag) {
    case '1':
    case '2':
    case '3':
        item->first |= 0x80u >> (flag - '0');
        item->is_spoilt = true;
        break;
    case 'u':
        item->is_unmasked = true;
        break;
    case '0':
        item->has_zero_mask = true;
        break;
    case 'w':
    case 'q':
    case 'Q':
        item->length = flag;
        break;
    case 'h':
        item->is_header_only = true;
        item->is_spoilt = true;
        break;
    case 'f':
        item->is_final = true;
        item->is_squeezed = true;
        break;
    case 'z':
        item->is_squeezed = true;
        break;
    case 's':
        item->frames = read_number(at);
        break;
    case 'i':
        item->has_pings = true;
        break;
    default:
        assert(!"a flag that there is not");
    }
}

static void put_length(struct tri_buf *b, const struct item *item, uint64_t len)
{
    const unsigned mask = item->is_unmasked ? 0 : 0x80;
    if (item->length == 0 && len < 126) {
        put_byte(b, mask | (unsigned)len);
        return;
    }
    const bool is_long = len > 65535 || item->length == 'q' || item->length == 'Q';
    put_byte(b, mask | (is_long ? 127 : 126));
    for (unsigned left = is_long ? 8 : 2; left > 0; left--) {
        const unsigned byte = (unsigned)(len >> (8 * (left - 1))) & 0xff;
        put_byte(b, byte | (left == 8 && item->length == 'Q' ? 0x80 : 0));
    }
}

static void put_frame(struct tri_buf *b, const struct item *item, struct tri_slice payload)
{
    static const uint8_t keys[2][4] = {{0x37, 0xfa, 0x21, 0x3d}, {0}};
    const uint8_t *key = keys[item->has_zero_mask];
    put_byte(b, item->first);
    put_length(b, item, payload.len);
    if (!item->is_unmasked) {
        put(b, key, 4);
    }
    if (item->is_header_only || payload.len == 0) {
        return;
    }
    enum tri_err err;
    uint8_t *p = tri_buf_reserve(b, payload.len, &err);
    assert(p);
    for (size_t i = 0; i < payload.len; i++) {
        p[i] = item->is_unmasked ? payload.data[i] : payload.data[i] ^ key[i % 4];
    }
    tri_buf_commit(b, payload.len);
}

static void put_cut_frame(struct tri_buf *b, const struct item *item, struct tri_slice payload)
{
    static const struct item ping = {.first = 0x89};
    struct item part = *item;
    const size_t each = payload.len / item->frames;
    for (size_t i = 0; i < item->frames; i++) {
        const bool is_last = i + 1 == item->frames;
        const size_t len = is_last ? payload.len : each;
        part.first = is_last ? part.first | (item->first & 0x80u) : part.first & 0x7fu;
        put_frame(b, &part, tri_slice_of(payload.data, len));
        payload = tri_slice_of(payload.data + len, payload.len - len);
        part.first = 0; /* what follows is a continuation */
        if (item->has_pings && !is_last) {
            put_frame(b, &ping, TRI_SLICE("i"));
        }
    }
}

/* Compresses the payload, if it is to be, and marks the message's first frame with RSV1. */
static void squeeze(struct compiler *c, struct item *item, struct tri_buf *payload)
{
    const unsigned opcode = item->first & 0x0fu;
    if (opcode > 2) {
        return;
    }
    if (opcode != 0) {
        c->in_squeezed = item->is_squeezed || (c->squeezes && !item->is_spoilt);
        if (c->in_squeezed) {
            conformance_codec_begin(c->codec);
            item->first |= 0x40;
        } else if (item->first & 0x40) {
            conformance_codec_forget(c->codec); /* compressed by hand */
        }
    }
    if (c->in_squeezed && !item->is_header_only) {
        struct tri_buf plain = *payload;
        tri_buf_init(payload, tri_alloc_heap(), BYTES_MAX);
        const enum conformance_piece piece = !(item->first & 0x80) ? PIECE_MIDDLE
                                             : item->is_final      ? PIECE_FINAL
                                                                   : PIECE_LAST;
        conformance_codec_deflate(c->codec, tri_buf_peek(&plain), piece, payload);
        tri_buf_deinit(&plain);
    }
}

static void compile_item(struct compiler *c, const char **at)
{
    struct tri_buf payload;
    struct item item = {.frames = 1};
    tri_buf_init(&payload, tri_alloc_heap(), BYTES_MAX);
    item.first = read_opcode(at);
    while (**at == '/') {
        (*at)++;
        read_flag(at, &item);
    }
    if (**at >= '0' && **at <= '9') {
        const size_t code = read_number(at);
        put_byte(&payload, (unsigned)(code >> 8));
        put_byte(&payload, (unsigned)(code & 0xff));
    }
    conformance_read_payload(at, &payload);
    squeeze(c, &item, &payload);
    const struct tri_slice all = tri_buf_peek(&payload);
    put_cut_frame(&c->out->bytes, &item, all.len > 0 ? all : TRI_SLICE(""));
    tri_buf_deinit(&payload);
}

void conformance_compile(const char *script, struct conformance_codec *codec, bool squeezes,
                         struct conformance_wire *out)
{
    struct compiler c = {.codec = codec, .out = out, .squeezes = squeezes};
    const char *at = script;
    while (*at != '\0') {
        if (*at == '!') {
            assert(out->close_at == SIZE_MAX);
            out->close_at = tri_buf_peek(&out->bytes).len;
            at++;
        } else if (*at == '=') {
            at++;
            conformance_read_payload(&at, &out->bytes);
        } else {
            compile_item(&c, &at);
        }
        assert(*at == ' ' || *at == '\0');
        at += *at == ' ';
    }
}
