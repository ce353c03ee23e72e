/* See bench_content.h. */
#include "bench_content.h"

#include <assert.h>
#include <endian.h>
#include <stdlib.h>
#include <string.h>

/* More than the longest history of a compressor (32 KiB): it meets no message again soon. */
#define PIECES_MAX ((size_t)(256 * 1024))

#define WORDS_LEN 512u
#define WORD_BYTES_MAX 9u

/* Every bit of |x| moves half of the bits of the result (the finaliser of splitmix64). */
static uint64_t mix(uint64_t x)
{
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

static uint64_t mix_message(const struct bench_content *c, uint32_t socket, uint64_t number)
{
    return mix(mix(c->seed ^ socket) ^ number);
}

/* ----------------------------------------------------------------------------------- the text */

struct words {
    char bytes[WORDS_LEN][WORD_BYTES_MAX];
    size_t lens[WORDS_LEN]; /* 2 to WORD_BYTES_MAX, a space behind each */
};

static void draw_words(struct words *w, uint64_t *state)
{
    for (size_t i = 0; i < WORDS_LEN; i++) {
        w->lens[i] = 2 + (size_t)(mix(++*state) % (WORD_BYTES_MAX - 1));
        for (size_t j = 0; j + 1 < w->lens[i]; j++) {
            w->bytes[i][j] = (char)('a' + mix(++*state) % 26);
        }
        w->bytes[i][w->lens[i] - 1] = ' ';
    }
}

/* The lower of two draws: some words are frequent, as in a language. */
static size_t draw_index(uint64_t *state)
{
    size_t a = (size_t)(mix(++*state) % WORDS_LEN);
    size_t b = (size_t)(mix(++*state) % WORDS_LEN);
    return a < b ? a : b;
}

static void write_text(uint8_t *text, size_t len, uint64_t seed)
{
    struct words w;
    uint64_t state = mix(seed);
    draw_words(&w, &state);
    size_t at = 0;
    while (at < len) {
        size_t i = draw_index(&state);
        size_t part = w.lens[i] < len - at ? w.lens[i] : len - at;
        memcpy(text + at, w.bytes[i], part);
        at += part;
    }
}

enum tri_err bench_content_init(struct bench_content *c, const struct bench_options *options)
{
    bool is_own = options->verify || options->deflate != TRI_DEFLATE_OFF;
    *c = (struct bench_content){
        .sizes = options->sizes, .seed = options->seed, .pieces = is_own ? PIECES_MAX : 1};
    size_t len = c->pieces - 1 + c->sizes.max;
    c->text = malloc(len + sizeof c->original);
    if (!c->text) {
        return TRI_ERR_NOMEM;
    }
    write_text(c->text, len + sizeof c->original, c->seed);
    return TRI_OK;
}

void bench_content_deinit(struct bench_content *c)
{
    free(c->text);
    c->text = NULL;
}

/* -------------------------------------------------------------------------------- the messages */

size_t bench_content_len(const struct bench_content *c, uint32_t socket, uint64_t number)
{
    const struct bench_sizes *s = &c->sizes;
    if (s->min == s->max) {
        return s->min;
    }
    uint64_t drawn = mix_message(c, socket, number);
    if (s->list_len > 0) {
        return s->list[drawn % s->list_len];
    }
    return s->min + (size_t)(drawn % (s->max - s->min + 1));
}

static uint8_t *piece_of(const struct bench_content *c, uint32_t socket, uint64_t number)
{
    /* Other bits than those that chose the length. */
    return c->pieces == 1 ? c->text : c->text + (mix_message(c, socket, number) >> 20) % c->pieces;
}

/* A multiplication for each part: every message has it done twice. */
static uint64_t check_of(const struct bench_content *c, uint64_t socket_and_number, size_t len)
{
    return ((c->seed ^ socket_and_number) * 0x9e3779b97f4a7c15u + len * 0xd6e8feb86659fd93u) >> 48;
}

/* Big-endian, the last |len| < 8 bytes of |value|. */
static void put_bytes(uint8_t *out, uint64_t value, size_t len)
{
    for (size_t i = len; i > 0; i--) {
        out[i - 1] = (uint8_t)value;
        value >>= 8;
    }
}

static uint64_t get_bytes(const uint8_t *data, size_t len)
{
    uint64_t value = 0;
    for (size_t i = 0; i < len; i++) {
        value = value << 8 | data[i];
    }
    return value;
}

static void put_header(const struct bench_content *c, uint8_t *out, uint32_t socket,
                       uint64_t number, size_t len)
{
    if (len < BENCH_HEADED_MIN) {
        put_bytes(out, number, len);
        return;
    }
    uint64_t both = (uint64_t)(uint16_t)socket << 32 | (uint32_t)number;
    uint64_t header = htobe64(check_of(c, both, len) << 48 | both);
    memcpy(out, &header, sizeof header);
}

static void restore(struct bench_content *c)
{
    if (c->patched) {
        memcpy(c->patched, c->original, sizeof c->original);
        c->patched = NULL;
    }
}

const uint8_t *bench_content_make(struct bench_content *c, uint32_t socket, uint64_t number,
                                  size_t len)
{
    assert(len <= c->sizes.max);
    restore(c);
    uint8_t *message = piece_of(c, socket, number);
    if (c->pieces > 1) { /* the one piece that all share can stay as the last left it */
        memcpy(c->original, message, sizeof c->original);
        c->patched = message;
    }
    put_header(c, message, socket, number, len);
    return message;
}

/* What is closest to |near| of the numbers that end in the |bits| bits of |value|. */
static uint64_t nearest(uint64_t value, unsigned bits, uint64_t near)
{
    if (bits == 0) {
        return near;
    }
    unsigned unused = 64 - bits;
    uint64_t apart = (value - near) << unused;
    return near + (uint64_t)((int64_t)apart >> unused);
}

enum bench_label bench_content_read(const struct bench_content *c, uint32_t socket, uint64_t near,
                                    const uint8_t *data, size_t len, uint64_t *number)
{
    if (len < BENCH_HEADED_MIN) {
        *number = nearest(get_bytes(data, len), (unsigned)(8 * len), near);
        return BENCH_LABEL_OWN;
    }
    uint64_t header = 0;
    memcpy(&header, data, sizeof header);
    header = be64toh(header);
    uint64_t both = header & UINT64_C(0xffffffffffff);
    if (header >> 48 != check_of(c, both, len)) {
        return BENCH_LABEL_NONE;
    }
    *number = nearest(both & UINT32_MAX, 32, near);
    return both >> 32 == (uint16_t)socket ? BENCH_LABEL_OWN : BENCH_LABEL_OTHER;
}

bool bench_content_is_same(struct bench_content *c, uint32_t socket, uint64_t number,
                           const uint8_t *data, size_t len)
{
    if (len != bench_content_len(c, socket, number)) {
        return false;
    }
    return len == 0 || memcmp(bench_content_make(c, socket, number, len), data, len) == 0;
}
