/*
 * UTF-8 checked as it arrives: RFC 3629, RFC 6455 section 8.1. A sequence may be split between
 * calls at any byte. Fails at the first byte that cannot be part of valid UTF-8: overlong forms,
 * surrogates, values above U+10FFFF and stray continuation bytes included.
 */
#ifndef TRI_WS_UTF8_H
#define TRI_WS_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tri_utf8 {
    uint8_t needed;       /* continuation bytes still expected, 0..3 */
    uint8_t lower, upper; /* range allowed for the next one */
};

void tri_utf8_init(struct tri_utf8 *u);

/* False at the first bad byte; the state is then of no use. len may be 0. */
bool tri_utf8_feed(struct tri_utf8 *u, const uint8_t *data, size_t len);

/* Whether the text may end here: no sequence is open. */
bool tri_utf8_is_complete(const struct tri_utf8 *u);

/* A whole text at once. */
bool tri_utf8_is_valid(const uint8_t *data, size_t len);

#endif
