/* ws_mask: against masking byte by byte. RFC 6455 section 5.3 */
#include "ws_mask.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#define LEN_MAX 80u

static const uint8_t key[4] = {0x37, 0xfa, 0x21, 0x3d};

static void check_one(size_t len, uint64_t offset, size_t at)
{
    uint8_t src[LEN_MAX + 16], dst[LEN_MAX + 16], want[LEN_MAX + 1];
    for (size_t i = 0; i < sizeof src; i++) {
        src[i] = (uint8_t)(i * 37 + 5);
    }
    for (size_t i = 0; i < len; i++) {
        want[i] = src[at + i] ^ key[(offset + i) % 4];
    }
    want[len] = 0xee;
    memset(dst, 0xee, sizeof dst);
    const size_t to = at * 3 % 8;
    tri_mask_apply(dst + to, src + at, len, key, offset);
    assert_memory_equal(dst + to, want, len + 1);
}

static void W1_every_length_offset_and_alignment_agrees_with_the_plain_way(void **state)
{
    (void)state;
    for (size_t len = 0; len <= LEN_MAX; len++) {
        for (uint64_t offset = 0; offset < 9; offset++) {
            for (size_t at = 0; at < 8; at++) {
                check_one(len, offset, at);
            }
        }
    }
}

static void W1_masking_in_place_twice_gives_the_bytes_back(void **state)
{
    (void)state;
    uint8_t bytes[53], copy[53];
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = copy[i] = (uint8_t)(i * 11);
    }
    tri_mask_apply(bytes + 1, bytes + 1, sizeof bytes - 1, key, 3);
    assert_memory_not_equal(bytes, copy, sizeof bytes);
    tri_mask_apply(bytes + 1, bytes + 1, sizeof bytes - 1, key, 3);
    assert_memory_equal(bytes, copy, sizeof bytes);
}

static void W1_pieces_masked_apart_are_the_whole(void **state)
{
    (void)state;
    uint8_t src[61], whole[61], pieces[61];
    for (size_t i = 0; i < sizeof src; i++) {
        src[i] = (uint8_t)(200 - i);
    }
    tri_mask_apply(whole, src, sizeof src, key, 0);
    for (size_t a = 0; a <= sizeof src; a++) {
        for (size_t b = a; b <= sizeof src; b++) {
            tri_mask_apply(pieces, src, a, key, 0);
            tri_mask_apply(pieces + a, src + a, b - a, key, a);
            tri_mask_apply(pieces + b, src + b, sizeof src - b, key, b);
            assert_memory_equal(pieces, whole, sizeof whole);
        }
    }
}

static void W1_offsets_beyond_32_bits_turn_the_key_too(void **state)
{
    (void)state;
    const uint8_t src[2] = {0, 0};
    uint8_t dst[2];
    tri_mask_apply(dst, src, 2, key, (UINT64_C(1) << 40) + 3);
    assert_int_equal(dst[0], key[3]);
    assert_int_equal(dst[1], key[0]);
}

static void W1_the_example_of_the_rfc_unmasks(void **state)
{
    (void)state;
    uint8_t text[5];
    tri_mask_apply(text, (const uint8_t *)"\x7f\x9f\x4d\x51\x58", 5, key, 0);
    assert_memory_equal(text, "Hello", 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(W1_every_length_offset_and_alignment_agrees_with_the_plain_way),
        cmocka_unit_test(W1_masking_in_place_twice_gives_the_bytes_back),
        cmocka_unit_test(W1_pieces_masked_apart_are_the_whole),
        cmocka_unit_test(W1_offsets_beyond_32_bits_turn_the_key_too),
        cmocka_unit_test(W1_the_example_of_the_rfc_unmasks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
