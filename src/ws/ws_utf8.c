/* UTF-8 checked as it arrives, with or without vectors: RFC 3629 section 4. */
#include "ws_utf8_impl.h"

#include <string.h>

#define CONTINUATION_MIN 0x80u
#define CONTINUATION_MAX 0xbfu

/* Bytes below which vectors gain nothing. */
#define WIDE_MIN 16u

#define HIGH_BITS UINT64_C(0x8080808080808080)

void tri_utf8_init(struct tri_utf8 *u)
{
    *u = (struct tri_utf8){.lower = CONTINUATION_MIN, .upper = CONTINUATION_MAX};
}

/* Opens the sequence that |first|, which is not ASCII, announces. */
static bool begin_sequence(struct tri_utf8 *u, uint8_t first)
{
    if (first >= 0xc2 && first <= 0xdf) { /* 0xc0 and 0xc1 would be overlong */
        u->needed = 1;
    } else if (first >= 0xe0 && first <= 0xef) {
        u->needed = 2;
        u->lower = first == 0xe0 ? 0xa0 : CONTINUATION_MIN; /* overlong below */
        u->upper = first == 0xed ? 0x9f : CONTINUATION_MAX; /* surrogates above */
    } else if (first >= 0xf0 && first <= 0xf4) {
        u->needed = 3;
        u->lower = first == 0xf0 ? 0x90 : CONTINUATION_MIN; /* overlong below */
        u->upper = first == 0xf4 ? 0x8f : CONTINUATION_MAX; /* above U+10FFFF */
    } else {
        return false;
    }
    return true;
}

static bool continue_sequence(struct tri_utf8 *u, uint8_t byte)
{
    if (byte < u->lower || byte > u->upper) {
        return false;
    }
    u->needed--;
    u->lower = CONTINUATION_MIN; /* only the second byte is special */
    u->upper = CONTINUATION_MAX;
    return true;
}

/* How many bytes at the front are ASCII, counted in eights but for the last ones. */
static size_t count_ascii(const uint8_t *data, size_t len)
{
    size_t i = 0;
    for (; len - i >= sizeof(uint64_t); i += sizeof(uint64_t)) {
        uint64_t word;
        memcpy(&word, data + i, sizeof word);
        if ((word & HIGH_BITS) != 0) {
            return i;
        }
    }
    while (i < len && data[i] < 0x80) {
        i++;
    }
    return i;
}

bool tri_utf8_feed_scalar(struct tri_utf8 *u, const uint8_t *data, size_t len)
{
    size_t i = 0;
    while (i < len) {
        if (u->needed > 0) {
            if (!continue_sequence(u, data[i])) {
                return false;
            }
            i++;
        } else if (data[i] >= 0x80) {
            if (!begin_sequence(u, data[i])) {
                return false;
            }
            i++;
        } else {
            i += 1 + count_ascii(data + i + 1, len - i - 1);
        }
    }
    return true;
}

bool tri_utf8_feed_with(size_t (*pass)(const uint8_t *, size_t), struct tri_utf8 *u,
                        const uint8_t *data, size_t len)
{
    size_t i = 0;
    for (; u->needed > 0 && i < len; i++) {
        if (!continue_sequence(u, data[i])) {
            return false;
        }
    }
    i += pass(data + i, len - i);
    return tri_utf8_feed_scalar(u, data + i, len - i);
}

bool tri_utf8_feed(struct tri_utf8 *u, const uint8_t *data, size_t len)
{
    return len < WIDE_MIN ? tri_utf8_feed_scalar(u, data, len)
                          : tri_utf8_feed_with(tri_utf8_pass_best, u, data, len);
}

size_t tri_utf8_pass_none(const uint8_t *data, size_t len)
{
    (void)data;
    (void)len;
    return 0;
}

bool tri_utf8_is_complete(const struct tri_utf8 *u)
{
    return u->needed == 0;
}

bool tri_utf8_is_valid(const uint8_t *data, size_t len)
{
    struct tri_utf8 u;
    tri_utf8_init(&u);
    return tri_utf8_feed(&u, data, len) && tri_utf8_is_complete(&u);
}
