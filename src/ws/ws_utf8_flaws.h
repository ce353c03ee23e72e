/*
 * What can be wrong with two neighbouring bytes of UTF-8: RFC 3629 sections 3 and 4.
 *
 * The idea is that of "Validating UTF-8 in less than one instruction per byte" (Software: Practice
 * and Experience 51, 2021): but for the length of the longer sequences, all that can be wrong shows
 * in two neighbours. Three nibbles of such a pair (both of the first byte, the high one of the
 * second) choose a set of flaws each, from tables of 16 that fit into a vector; what is in all
 * three sets is wrong with the pair.
 */
#ifndef TRI_WS_UTF8_FLAWS_H
#define TRI_WS_UTF8_FLAWS_H

#include <stdint.h>

/* A bit for each flaw, then sets that the tables repeat. */
enum {
    TRI_FLAW_SHORT = 0x01,     /* a first byte, and no continuation */
    TRI_FLAW_STRAY = 0x02,     /* ASCII, and a continuation */
    TRI_FLAW_LONG_2 = 0x04,    /* 0xc0 or 0xc1: overlong */
    TRI_FLAW_LONG_3 = 0x08,    /* 0xe0, then below 0xa0: overlong */
    TRI_FLAW_SURROGATE = 0x10, /* 0xed, then 0xa0 or more */
    TRI_FLAW_BEYOND_8 = 0x20,  /* then below 0x90: overlong behind 0xf0, too large above 0xf4 */
    TRI_FLAW_BEYOND_9 = 0x40,  /* 0xf4 or more, then 0x90 or more: above U+10FFFF */
    TRI_FLAW_PAIR = 0x80,      /* two continuations: right or wrong by what stands before them */

    TRI_FLAWS_BEYOND = TRI_FLAW_BEYOND_8 | TRI_FLAW_BEYOND_9,
    TRI_FLAWS_LOW = TRI_FLAW_SHORT | TRI_FLAW_STRAY | TRI_FLAW_PAIR, /* by any low nibble */
    TRI_FLAWS_LOW_0 = TRI_FLAWS_LOW | TRI_FLAW_LONG_2 | TRI_FLAW_LONG_3 | TRI_FLAW_BEYOND_8,
    TRI_FLAWS_LOW_1 = TRI_FLAWS_LOW | TRI_FLAW_LONG_2,
    TRI_FLAWS_LOW_4 = TRI_FLAWS_LOW | TRI_FLAW_BEYOND_9,
    TRI_FLAWS_LOW_5 = TRI_FLAWS_LOW | TRI_FLAWS_BEYOND, /* and higher ones */
    TRI_FLAWS_LOW_D = TRI_FLAWS_LOW_5 | TRI_FLAW_SURROGATE,
    TRI_FLAWS_HIGH_C = TRI_FLAW_SHORT | TRI_FLAW_LONG_2,
    TRI_FLAWS_HIGH_E = TRI_FLAW_SHORT | TRI_FLAW_LONG_3 | TRI_FLAW_SURROGATE,
    TRI_FLAWS_HIGH_F = TRI_FLAW_SHORT | TRI_FLAWS_BEYOND,
    TRI_FLAWS_NEXT = TRI_FLAW_STRAY | TRI_FLAW_PAIR | TRI_FLAW_LONG_2, /* by any continuation */
    TRI_FLAWS_NEXT_8 = TRI_FLAWS_NEXT | TRI_FLAW_LONG_3 | TRI_FLAW_BEYOND_8,
    TRI_FLAWS_NEXT_9 = TRI_FLAWS_NEXT | TRI_FLAW_LONG_3 | TRI_FLAW_BEYOND_9,
    TRI_FLAWS_NEXT_A = TRI_FLAWS_NEXT | TRI_FLAW_SURROGATE | TRI_FLAW_BEYOND_9, /* 0xb too */
};

/* By the high nibble of the first byte: eight of ASCII, four of continuations, four of leads. */
static const uint8_t tri_utf8_by_first_high[16] = {
    TRI_FLAW_STRAY,   TRI_FLAW_STRAY, TRI_FLAW_STRAY,   TRI_FLAW_STRAY,
    TRI_FLAW_STRAY,   TRI_FLAW_STRAY, TRI_FLAW_STRAY,   TRI_FLAW_STRAY,
    TRI_FLAW_PAIR,    TRI_FLAW_PAIR,  TRI_FLAW_PAIR,    TRI_FLAW_PAIR,
    TRI_FLAWS_HIGH_C, TRI_FLAW_SHORT, TRI_FLAWS_HIGH_E, TRI_FLAWS_HIGH_F};

static const uint8_t tri_utf8_by_first_low[16] = {
    TRI_FLAWS_LOW_0, TRI_FLAWS_LOW_1, TRI_FLAWS_LOW,   TRI_FLAWS_LOW,
    TRI_FLAWS_LOW_4, TRI_FLAWS_LOW_5, TRI_FLAWS_LOW_5, TRI_FLAWS_LOW_5,
    TRI_FLAWS_LOW_5, TRI_FLAWS_LOW_5, TRI_FLAWS_LOW_5, TRI_FLAWS_LOW_5,
    TRI_FLAWS_LOW_5, TRI_FLAWS_LOW_D, TRI_FLAWS_LOW_5, TRI_FLAWS_LOW_5};

static const uint8_t tri_utf8_by_second_high[16] = {
    TRI_FLAW_SHORT,   TRI_FLAW_SHORT,   TRI_FLAW_SHORT,   TRI_FLAW_SHORT,
    TRI_FLAW_SHORT,   TRI_FLAW_SHORT,   TRI_FLAW_SHORT,   TRI_FLAW_SHORT,
    TRI_FLAWS_NEXT_8, TRI_FLAWS_NEXT_9, TRI_FLAWS_NEXT_A, TRI_FLAWS_NEXT_A,
    TRI_FLAW_SHORT,   TRI_FLAW_SHORT,   TRI_FLAW_SHORT,   TRI_FLAW_SHORT};

#endif
