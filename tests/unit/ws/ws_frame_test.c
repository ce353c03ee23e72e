/* ws_frame: the header of a frame, against the rules of RFC 6455 section 5.2 spelled out. */
#include "ws_frame.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

/* What the first two bytes alone allow. */
static bool are_two_bytes_fine(unsigned first, unsigned second)
{
    const unsigned opcode = first & 0x0f;
    const bool is_known = opcode <= 2 || (opcode >= 8 && opcode <= 10);
    if (!is_known || (first & 0x30) != 0) {
        return false;
    }
    if (opcode >= 8) {
        return (first & 0xc0) == 0x80 && (second & 0x7f) <= 125;
    }
    return true;
}

static void W1_every_pair_of_first_bytes_is_taken_or_refused_by_the_rules(void **state)
{
    (void)state;
    /* Length 0x1234 or 0x1234567890abcdef where a longer form is announced. */
    uint8_t wire[14] = {0, 0, 0x12, 0x34, 0x56, 0x78, 0x90, 0xab, 0xcd, 0xef, 1, 2, 3, 4};
    for (unsigned first = 0; first < 256; first++) {
        for (unsigned second = 0; second < 256; second++) {
            struct tri_frame f = {.payload_len = 77};
            size_t used = 99;
            wire[0] = (uint8_t)first;
            wire[1] = (uint8_t)second;
            const enum tri_err err = tri_frame_decode(wire, sizeof wire, &f, &used);
            if (!are_two_bytes_fine(first, second)) {
                assert_int_equal(err, TRI_ERR_PROTOCOL);
                assert_int_equal(used, 0);
                assert_int_equal(f.payload_len, 77);
                continue;
            }
            const unsigned len7 = second & 0x7f;
            const size_t more = len7 == 126 ? 2 : len7 == 127 ? 8 : 0;
            const uint64_t len = len7 == 126 ? 0x1234 : len7 == 127 ? 0x1234567890abcdef : len7;
            assert_int_equal(err, TRI_OK);
            assert_int_equal(used, 2 + more + (second >= 128 ? 4 : 0));
            assert_int_equal(f.opcode, first & 0x0f);
            assert_int_equal(f.fin, first >= 128);
            assert_int_equal(f.rsv1, (first & 0x40) != 0);
            assert_int_equal(f.masked, second >= 128);
            assert_int_equal(f.payload_len, len);
            if (f.masked) {
                assert_memory_equal(f.mask, wire + 2 + more, 4);
            }
        }
    }
}

static void W1_a_header_cut_anywhere_is_partial_until_it_is_whole(void **state)
{
    (void)state;
    static const struct {
        uint8_t bytes[14];
        size_t len;
    } wires[] = {
        {{0x81, 0x05}, 2},
        {{0x82, 0x85, 1, 2, 3, 4}, 6},
        {{0x02, 126, 0, 126}, 4},
        {{0x01, 0xfe, 0xff, 0xff, 1, 2, 3, 4}, 8},
        {{0x80, 127, 0, 0, 0, 0, 0, 1, 0, 0}, 10},
        {{0x82, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4}, 14},
        {{0x88, 0x80, 1, 2, 3, 4}, 6},
    };
    for (size_t i = 0; i < sizeof wires / sizeof wires[0]; i++) {
        struct tri_frame f;
        size_t used;
        for (size_t len = 0; len < wires[i].len; len++) {
            assert_int_equal(tri_frame_decode(wires[i].bytes, len, &f, &used), TRI_PARTIAL);
            assert_int_equal(used, 0);
        }
        assert_int_equal(tri_frame_decode(wires[i].bytes, wires[i].len, &f, &used), TRI_OK);
        assert_int_equal(used, wires[i].len);
    }
    assert_int_equal(tri_frame_decode(NULL, 0, &(struct tri_frame){.fin = true}, &(size_t){0}),
                     TRI_PARTIAL);
}

/* The number of bytes after which |wire| is refused. */
static size_t find_refusal(const uint8_t *wire, size_t len)
{
    for (size_t n = 0; n <= len; n++) {
        struct tri_frame f;
        size_t used;
        const enum tri_err err = tri_frame_decode(wire, n, &f, &used);
        if (err == TRI_ERR_PROTOCOL) {
            return n;
        }
        assert_int_equal(err, TRI_PARTIAL);
    }
    fail_msg("never refused");
    return 0;
}

static void W1_an_error_shows_with_the_byte_that_causes_it(void **state)
{
    (void)state;
    static const struct {
        uint8_t bytes[10];
        size_t at;
    } wires[] = {
        {{0xa1}, 1},                        /* RSV2 */
        {{0x91}, 1},                        /* RSV3 */
        {{0x83}, 1},                        /* reserved data opcode */
        {{0x8b}, 1},                        /* reserved control opcode */
        {{0x09}, 1},                        /* fragmented ping */
        {{0xc9}, 1},                        /* RSV1 on a ping */
        {{0x89, 126}, 2},                   /* a long ping */
        {{0x88, 0xff}, 2},                  /* a longer Close */
        {{0x82, 126, 0, 125}, 4},           /* 125 in two bytes */
        {{0x82, 126, 0, 0}, 4},             /* 0 in two bytes */
        {{0x82, 127, 0x80}, 3},             /* the top bit */
        {{0x82, 127, 0, 0, 0, 0, 0, 0}, 8}, /* six zeros: two bytes would do */
    };
    for (size_t i = 0; i < sizeof wires / sizeof wires[0]; i++) {
        assert_int_equal(find_refusal(wires[i].bytes, sizeof wires[i].bytes), wires[i].at);
    }
}

static void W1_what_is_encoded_is_minimal_and_decodes_to_itself(void **state)
{
    (void)state;
    static const struct {
        uint64_t len;
        size_t header_len;
    } sizes[] = {
        {0, 2},     {1, 2},      {125, 2},         {126, 4},        {127, 4},
        {65535, 4}, {65536, 10}, {UINT32_MAX, 10}, {INT64_MAX, 10},
    };
    static const enum tri_opcode opcodes[] = {TRI_OP_CONTINUATION, TRI_OP_TEXT, TRI_OP_BINARY,
                                              TRI_OP_CLOSE,        TRI_OP_PING, TRI_OP_PONG};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        for (unsigned variant = 0; variant < 6 * 8; variant++) {
            const enum tri_opcode opcode = opcodes[variant / 8];
            const struct tri_frame f = {.opcode = opcode,
                                        .fin = (variant & 1) != 0,
                                        .rsv1 = (variant & 2) != 0,
                                        .masked = (variant & 4) != 0,
                                        .mask = {1, 2, 3, 4},
                                        .payload_len = sizes[i].len};
            if (tri_opcode_is_control(opcode) && (!f.fin || f.rsv1 || f.payload_len > 125)) {
                continue;
            }
            uint8_t wire[TRI_FRAME_HEADER_MAX];
            const size_t len = tri_frame_encode(&f, wire);
            assert_int_equal(len, sizes[i].header_len + (f.masked ? 4 : 0));
            assert_int_equal(len, tri_frame_header_len(&f));
            struct tri_frame back;
            size_t used;
            assert_int_equal(tri_frame_decode(wire, len, &back, &used), TRI_OK);
            assert_int_equal(used, len);
            assert_int_equal(back.opcode, f.opcode);
            assert_int_equal(back.fin, f.fin);
            assert_int_equal(back.rsv1, f.rsv1);
            assert_int_equal(back.masked, f.masked);
            assert_int_equal(back.payload_len, f.payload_len);
            if (f.masked) {
                assert_memory_equal(back.mask, f.mask, 4);
            }
        }
    }
}

static void W1_the_examples_of_the_rfc_come_out_to_the_byte(void **state)
{
    (void)state;
    uint8_t wire[TRI_FRAME_HEADER_MAX];
    /* RFC 6455 section 5.7 */
    const struct tri_frame hello = {.opcode = TRI_OP_TEXT, .fin = true, .payload_len = 5};
    assert_int_equal(tri_frame_encode(&hello, wire), 2);
    assert_memory_equal(wire, "\x81\x05", 2);
    const struct tri_frame masked = {.opcode = TRI_OP_TEXT,
                                     .fin = true,
                                     .masked = true,
                                     .mask = {0x37, 0xfa, 0x21, 0x3d},
                                     .payload_len = 5};
    assert_int_equal(tri_frame_encode(&masked, wire), 6);
    assert_memory_equal(wire, "\x81\x85\x37\xfa\x21\x3d", 6);
    const struct tri_frame big = {.opcode = TRI_OP_BINARY, .fin = true, .payload_len = 65536};
    assert_int_equal(tri_frame_encode(&big, wire), 10);
    assert_memory_equal(wire, "\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00", 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(W1_every_pair_of_first_bytes_is_taken_or_refused_by_the_rules),
        cmocka_unit_test(W1_a_header_cut_anywhere_is_partial_until_it_is_whole),
        cmocka_unit_test(W1_an_error_shows_with_the_byte_that_causes_it),
        cmocka_unit_test(W1_what_is_encoded_is_minimal_and_decodes_to_itself),
        cmocka_unit_test(W1_the_examples_of_the_rfc_come_out_to_the_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
