/* base_cursor: wire integers, read and written. */
#include "base_cursor.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

static const uint8_t wire[] = {0x01, 0x02, 0x83, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a, 0x0b};

static void integers_are_big_endian(void **state)
{
    (void)state;
    struct tri_cursor c = tri_cursor_of(wire, sizeof wire);
    uint8_t v8 = 0;
    uint16_t v16 = 0;
    uint64_t v64 = 0;
    assert_true(tri_cursor_u8(&c, &v8));
    assert_int_equal(v8, 1);
    assert_true(tri_cursor_u16(&c, &v16));
    assert_int_equal(v16, 0x0283);
    assert_true(tri_cursor_u64(&c, &v64));
    assert_int_equal(v64, 0x0405060708090a0b);
    assert_int_equal(c.len, 0);
}

static void a_read_that_fails_consumes_nothing(void **state)
{
    (void)state;
    uint8_t v8 = 9;
    uint16_t v16 = 9;
    uint64_t v64 = 9;
    struct tri_slice s;
    for (size_t len = 0; len < 8; len++) {
        struct tri_cursor c = tri_cursor_of(wire, len);
        assert_false(tri_cursor_u64(&c, &v64));
        assert_false(tri_cursor_bytes(&c, len + 1, &s));
        if (len < 2) {
            assert_false(tri_cursor_u16(&c, &v16));
        }
        if (len < 1) {
            assert_false(tri_cursor_u8(&c, &v8));
        }
        assert_ptr_equal(c.data, wire);
        assert_int_equal(c.len, len);
    }
    assert_int_equal(v8 + v16 + v64, 27);
}

static void bytes_are_borrowed_in_place(void **state)
{
    (void)state;
    struct tri_cursor c = tri_cursor_of(wire, sizeof wire);
    struct tri_slice s;
    assert_true(tri_cursor_bytes(&c, 3, &s));
    assert_ptr_equal(s.data, wire);
    assert_int_equal(s.len, 3);
    assert_true(tri_cursor_bytes(&c, sizeof wire - 3, &s));
    assert_ptr_equal(s.data, wire + 3);
    assert_true(tri_cursor_bytes(&c, 0, &s));
    assert_int_equal(s.len, 0);
    struct tri_cursor none = tri_cursor_of(NULL, 0);
    assert_true(tri_cursor_bytes(&none, 0, &s));
    assert_false(tri_cursor_bytes(&none, 1, &s));
}

static void what_is_put_is_what_is_read(void **state)
{
    (void)state;
    uint8_t out[sizeof wire];
    uint8_t *p = tri_put_u8(out, 0x01);
    p = tri_put_u16(p, 0x0283);
    p = tri_put_u64(p, 0x0405060708090a0b);
    assert_ptr_equal(p, out + sizeof out);
    assert_memory_equal(out, wire, sizeof wire);
    p = tri_put_bytes(out, "xy", 2);
    assert_ptr_equal(p, out + 2);
    assert_memory_equal(out, "xy", 2);
    assert_ptr_equal(tri_put_bytes(p, NULL, 0), p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers_are_big_endian),
        cmocka_unit_test(a_read_that_fails_consumes_nothing),
        cmocka_unit_test(bytes_are_borrowed_in_place),
        cmocka_unit_test(what_is_put_is_what_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
