/* base_random: the system generator fills all it is asked for. */
#include "base_random.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

static void fills_every_byte_of_a_large_buffer(void **state)
{
    (void)state;
    static uint8_t bytes[4096];
    static uint8_t seen[sizeof bytes];
    const struct tri_random *r = tri_random_system();
    /* Each byte is zero 8 times in a row with a chance of 2^-64. */
    for (int round = 0; round < 8; round++) {
        r->fill(r->user, bytes, sizeof bytes);
        for (size_t i = 0; i < sizeof bytes; i++) {
            seen[i] |= bytes[i];
        }
    }
    for (size_t i = 0; i < sizeof seen; i++) {
        assert_int_not_equal(seen[i], 0);
    }
}

static void two_keys_differ_and_nothing_is_written_beyond(void **state)
{
    (void)state;
    uint8_t a[17] = {0}, b[17] = {0};
    const struct tri_random *r = tri_random_system();
    r->fill(r->user, a, 16);
    r->fill(r->user, b, 16);
    r->fill(r->user, a, 0);
    assert_memory_not_equal(a, b, 16);
    assert_int_equal(a[16], 0);
    assert_int_equal(b[16], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fills_every_byte_of_a_large_buffer),
        cmocka_unit_test(two_keys_differ_and_nothing_is_written_beyond),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
