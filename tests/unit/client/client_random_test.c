/* Random bytes: nothing comes twice, whatever is asked for, and two have nothing in common. */
#include "client_random.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#define BLOCKS 4096u

static int compare(const void *a, const void *b)
{
    return memcmp(a, b, 16);
}

static void no_block_comes_twice_whatever_is_asked_for(void **state)
{
    (void)state;
    static uint8_t blocks[2 * BLOCKS][16];
    struct tri_client_random a, b;
    assert_int_equal(tri_client_random_init(&a), TRI_OK);
    assert_int_equal(tri_client_random_init(&b), TRI_OK);
    for (unsigned i = 0; i < BLOCKS; i += 64) {
        a.random.fill(a.random.user, blocks[i], sizeof blocks[0] * 64);
    }
    for (unsigned i = BLOCKS; i < 2 * BLOCKS; i++) {
        b.random.fill(b.random.user, blocks[i], sizeof blocks[0]);
    }
    unsigned ones = 0;
    for (unsigned i = 0; i < 2 * BLOCKS; i++) {
        for (unsigned k = 0; k < 16; k++) {
            ones += (unsigned)__builtin_popcount(blocks[i][k]);
        }
    }
    assert_in_range(ones, 2 * BLOCKS * 64 - 5000, 2 * BLOCKS * 64 + 5000); /* of a million bits */
    qsort(blocks, 2 * BLOCKS, sizeof blocks[0], compare);
    for (unsigned i = 1; i < 2 * BLOCKS; i++) {
        assert_int_not_equal(compare(blocks[i - 1], blocks[i]), 0);
    }
    tri_client_random_deinit(&a);
    tri_client_random_deinit(&b);
}

static void exactly_as_many_bytes_are_written_as_were_asked_for(void **state)
{
    (void)state;
    struct tri_client_random r;
    assert_int_equal(tri_client_random_init(&r), TRI_OK);
    for (size_t len = 0; len < 40; len++) {
        uint8_t bytes[42];
        memset(bytes, 0xee, sizeof bytes);
        r.random.fill(r.random.user, bytes + 1, len);
        assert_int_equal(bytes[0], 0xee);
        assert_int_equal(bytes[1 + len], 0xee);
    }
    tri_client_random_deinit(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_block_comes_twice_whatever_is_asked_for),
        cmocka_unit_test(exactly_as_many_bytes_are_written_as_were_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
