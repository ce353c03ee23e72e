/*
 * ws_utf8: against the set of all code points. A byte string may be begun by valid UTF-8 exactly
 * if it is a prefix of the encoding of some code point.
 */
#include "ws_utf8.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

/* Bit sets of the prefixes of one, two and three bytes that some code point's encoding has. */
static uint8_t prefix1[256 / 8];
static uint8_t prefix2[65536 / 8];
static uint8_t *prefix3; /* 2^24 bits */

static void set_bit(uint8_t *bits, uint32_t i)
{
    bits[i / 8] |= (uint8_t)(1u << (i % 8));
}

static bool has_bit(const uint8_t *bits, uint32_t i)
{
    return (bits[i / 8] >> (i % 8) & 1) != 0;
}

/* RFC 3629 section 3 */
static size_t encode(uint32_t cp, uint8_t out[4])
{
    if (cp < 0x80) {
        out[0] = (uint8_t)cp;
        return 1;
    }
    if (cp < 0x800) {
        out[0] = (uint8_t)(0xc0 | cp >> 6);
        out[1] = (uint8_t)(0x80 | (cp & 0x3f));
        return 2;
    }
    if (cp < 0x10000) {
        out[0] = (uint8_t)(0xe0 | cp >> 12);
        out[1] = (uint8_t)(0x80 | (cp >> 6 & 0x3f));
        out[2] = (uint8_t)(0x80 | (cp & 0x3f));
        return 3;
    }
    out[0] = (uint8_t)(0xf0 | cp >> 18);
    out[1] = (uint8_t)(0x80 | (cp >> 12 & 0x3f));
    out[2] = (uint8_t)(0x80 | (cp >> 6 & 0x3f));
    out[3] = (uint8_t)(0x80 | (cp & 0x3f));
    return 4;
}

static bool is_surrogate(uint32_t cp)
{
    return cp >= 0xd800 && cp <= 0xdfff;
}

static int mark_prefixes(void **state)
{
    (void)state;
    prefix3 = calloc(1, (1u << 24) / 8);
    for (uint32_t cp = 0; cp <= 0x10ffff; cp++) {
        uint8_t b[4] = {0};
        if (is_surrogate(cp)) {
            continue;
        }
        const size_t len = encode(cp, b);
        set_bit(prefix1, b[0]);
        if (len >= 2) {
            set_bit(prefix2, (uint32_t)b[0] << 8 | b[1]);
        }
        if (len >= 3) {
            set_bit(prefix3, (uint32_t)b[0] << 16 | (uint32_t)b[1] << 8 | b[2]);
        }
    }
    return prefix3 ? 0 : -1;
}

static int free_prefixes(void **state)
{
    (void)state;
    free(prefix3);
    return 0;
}

static void W2_every_code_point_is_valid_and_no_surrogate_is(void **state)
{
    (void)state;
    for (uint32_t cp = 0; cp <= 0x10ffff; cp++) {
        uint8_t b[4];
        const size_t len = encode(cp, b);
        assert_int_equal(tri_utf8_is_valid(b, len), !is_surrogate(cp));
    }
}

static void W2_a_code_point_cut_short_is_valid_but_not_complete(void **state)
{
    (void)state;
    for (uint32_t cp = 0x80; cp <= 0x10ffff; cp += 37) {
        uint8_t b[4];
        const size_t len = encode(cp, b);
        for (size_t cut = 1; cut < len && !is_surrogate(cp); cut++) {
            struct tri_utf8 u;
            tri_utf8_init(&u);
            assert_true(tri_utf8_feed(&u, b, cut));
            assert_false(tri_utf8_is_complete(&u));
            assert_false(tri_utf8_is_valid(b, cut));
            assert_true(tri_utf8_feed(&u, b + cut, len - cut));
            assert_true(tri_utf8_is_complete(&u));
        }
    }
}

static void W2_every_first_byte_is_judged_at_once(void **state)
{
    (void)state;
    for (unsigned b = 0; b < 256; b++) {
        const uint8_t byte = (uint8_t)b;
        struct tri_utf8 u;
        tri_utf8_init(&u);
        assert_int_equal(tri_utf8_feed(&u, &byte, 1), has_bit(prefix1, b));
    }
}

/* All pairs and triples that begin a sequence: the first byte that cannot belong fails. */
static void W2_pairs_and_triples_fail_at_the_first_bad_byte(void **state)
{
    (void)state;
    for (uint32_t first = 0xc0; first < 256; first++) {
        if (!has_bit(prefix1, first)) {
            continue;
        }
        for (uint32_t second = 0; second < 256; second++) {
            const uint8_t pair[2] = {(uint8_t)first, (uint8_t)second};
            struct tri_utf8 after2;
            tri_utf8_init(&after2);
            const bool fine2 = tri_utf8_feed(&after2, pair, 2);
            assert_int_equal(fine2, has_bit(prefix2, first << 8 | second));
            if (!fine2 || tri_utf8_is_complete(&after2)) {
                continue;
            }
            for (uint32_t third = 0; third < 256; third++) {
                const uint8_t byte = (uint8_t)third;
                struct tri_utf8 u = after2;
                assert_int_equal(tri_utf8_feed(&u, &byte, 1),
                                 has_bit(prefix3, first << 16 | second << 8 | third));
            }
        }
    }
}

static void W2_fourth_bytes_must_be_continuations(void **state)
{
    (void)state;
    for (unsigned fourth = 0; fourth < 256; fourth++) {
        const uint8_t b[4] = {0xf0, 0x9f, 0x98, (uint8_t)fourth};
        assert_int_equal(tri_utf8_is_valid(b, 4), fourth >= 0x80 && fourth <= 0xbf);
    }
}

static void W2_text_split_anywhere_gives_the_same_verdict(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "plain ASCII that is longer than one word of eight bytes, and then some",
        "gr\xc3\xbc\xc3\x9f\x20\x31\x32\x33\x34\x35\x36\x37\xe2\x82\xac 2345\xf0\x9f\x98\x80 2345678901",
        "12345678\xc0\xaf rest",
        "1234567890\xed\xa0\x80",
        "\xf4\x90\x80\x80",
        "1234\x80",
        "12345678901234567890\xff",
        "caf\xc3",
    };
    static const bool valid[] = {true, true, false, false, false, false, false, false};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        const uint8_t *text = (const uint8_t *)texts[i];
        const size_t len = strlen(texts[i]);
        assert_int_equal(tri_utf8_is_valid(text, len), valid[i]);
        for (size_t a = 0; a <= len; a++) {
            for (size_t b = a; b <= len; b++) {
                struct tri_utf8 u;
                tri_utf8_init(&u);
                const bool fine = tri_utf8_feed(&u, text, a) &&
                                  tri_utf8_feed(&u, text + a, b - a) &&
                                  tri_utf8_feed(&u, text + b, len - b);
                assert_int_equal(fine && tri_utf8_is_complete(&u), valid[i]);
            }
        }
    }
}

/* A bad byte is found at every place relative to the eight that are looked at together. */
static void W2_a_bad_byte_is_found_at_every_place(void **state)
{
    (void)state;
    uint8_t text[40];
    for (size_t len = 1; len <= sizeof text; len++) {
        for (size_t at = 0; at < len; at++) {
            memset(text, 'a', len);
            assert_true(tri_utf8_is_valid(text, len));
            text[at] = 0x80;
            assert_false(tri_utf8_is_valid(text, len));
            struct tri_utf8 u;
            tri_utf8_init(&u);
            assert_true(tri_utf8_feed(&u, text, at));
            assert_false(tri_utf8_feed(&u, text + at, 1));
        }
    }
}

static void W2_the_empty_text_is_valid(void **state)
{
    (void)state;
    assert_true(tri_utf8_is_valid(NULL, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(W2_every_code_point_is_valid_and_no_surrogate_is),
        cmocka_unit_test(W2_a_code_point_cut_short_is_valid_but_not_complete),
        cmocka_unit_test(W2_every_first_byte_is_judged_at_once),
        cmocka_unit_test(W2_pairs_and_triples_fail_at_the_first_bad_byte),
        cmocka_unit_test(W2_fourth_bytes_must_be_continuations),
        cmocka_unit_test(W2_text_split_anywhere_gives_the_same_verdict),
        cmocka_unit_test(W2_a_bad_byte_is_found_at_every_place),
        cmocka_unit_test(W2_the_empty_text_is_valid),
    };
    return cmocka_run_group_tests(tests, mark_prefixes, free_prefixes);
}
