/* ws_close: the payload of a Close frame. */
#include "ws_close.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

static void W1_only_the_registered_codes_may_be_sent(void **state)
{
    (void)state;
    /* RFC 6455 section 7.4.1, 7.4.2, and 1012 to 1014 of the IANA registry. */
    static const uint16_t fine[] = {1000, 1001, 1002, 1003, 1007, 1008,
                                    1009, 1010, 1011, 1012, 1013, 1014};
    for (uint32_t code = 0; code <= 65535; code++) {
        bool want = code >= 3000 && code <= 4999;
        for (size_t i = 0; i < sizeof fine / sizeof fine[0]; i++) {
            want = want || fine[i] == code;
        }
        assert_int_equal(tri_close_code_is_sendable((uint16_t)code), want);
        const uint8_t wire[2] = {(uint8_t)(code >> 8), (uint8_t)code};
        struct tri_close close = {.code = 1};
        const enum tri_err err = tri_close_decode(wire, 2, &close);
        assert_int_equal(err, want ? TRI_OK : TRI_ERR_PROTOCOL);
        assert_int_equal(close.code, want ? code : 1);
    }
}

static void W1_an_empty_payload_is_1005(void **state)
{
    (void)state;
    struct tri_close close;
    uint8_t out[TRI_CONTROL_PAYLOAD_MAX];
    assert_int_equal(tri_close_decode(NULL, 0, &close), TRI_OK);
    assert_int_equal(close.code, 1005);
    assert_int_equal(close.reason_len, 0);
    assert_string_equal(close.reason, "");
    assert_int_equal(tri_close_encode(&close, out), 0);
}

static void W1_one_byte_is_an_error(void **state)
{
    (void)state;
    struct tri_close close;
    assert_int_equal(tri_close_decode((const uint8_t *)"\x03", 1, &close), TRI_ERR_PROTOCOL);
}

static void W2_the_reason_must_be_utf8(void **state)
{
    (void)state;
    struct tri_close close;
    const char good[] = "\x03\xe8gr\xc3\xbc\xc3\x9f";
    assert_int_equal(tri_close_decode((const uint8_t *)good, 8, &close), TRI_OK);
    assert_string_equal(close.reason, "gr\xc3\xbc\xc3\x9f");
    assert_int_equal(tri_close_decode((const uint8_t *)good, 7, &close), TRI_ERR_UTF8);
    assert_int_equal(tri_close_decode((const uint8_t *)"\x03\xe8\xff", 3, &close), TRI_ERR_UTF8);
    /* A bad code weighs more than a bad reason. */
    assert_int_equal(tri_close_decode((const uint8_t *)"\x03\xed\xff", 3, &close),
                     TRI_ERR_PROTOCOL);
}

static void W1_every_length_of_reason_survives_the_round_trip(void **state)
{
    (void)state;
    for (size_t len = 0; len <= TRI_CLOSE_REASON_MAX; len++) {
        struct tri_close close = {.code = 4999, .reason_len = (uint8_t)len}, back;
        uint8_t out[TRI_CONTROL_PAYLOAD_MAX];
        memset(close.reason, 'r', len);
        assert_int_equal(tri_close_encode(&close, out), len + 2);
        assert_int_equal(tri_close_decode(out, len + 2, &back), TRI_OK);
        assert_int_equal(back.code, 4999);
        assert_int_equal(back.reason_len, len);
        assert_string_equal(back.reason, close.reason);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(W1_only_the_registered_codes_may_be_sent),
        cmocka_unit_test(W1_an_empty_payload_is_1005),
        cmocka_unit_test(W1_one_byte_is_an_error),
        cmocka_unit_test(W2_the_reason_must_be_utf8),
        cmocka_unit_test(W1_every_length_of_reason_survives_the_round_trip),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
