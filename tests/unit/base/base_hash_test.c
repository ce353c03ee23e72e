/* base_hash: the keyed hash. */
#include "base_hash.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

static const uint64_t key[2] = {UINT64_C(0x0706050403020100), UINT64_C(0x0f0e0d0c0b0a0908)};

static void the_same_words_have_the_same_hash_under_one_key(void **state)
{
    (void)state;
    const uint64_t words[2] = {1, 2};
    const uint64_t other_key[2] = {key[0], key[1] ^ 1};
    assert_int_equal(tri_hash_words(key, words, 2), tri_hash_words(key, words, 2));
    assert_int_not_equal(tri_hash_words(key, words, 2), tri_hash_words(other_key, words, 2));
}

static void each_bit_of_each_word_changes_the_hash(void **state)
{
    (void)state;
    const uint64_t none[2] = {0, 0};
    const uint64_t before = tri_hash_words(key, none, 2);
    for (unsigned bit = 0; bit < 128; bit++) {
        uint64_t words[2] = {0, 0};
        words[bit / 64] = UINT64_C(1) << bit % 64;
        assert_int_not_equal(tri_hash_words(key, words, 2), before);
    }
}

static void neighbours_spread_over_the_buckets_of_a_table(void **state)
{
    (void)state;
    unsigned buckets[64] = {0};
    for (uint64_t word = 0; word < 6400; word++) {
        buckets[tri_hash_words(key, &word, 1) % 64]++;
    }
    for (size_t i = 0; i < 64; i++) {
        assert_in_range(buckets[i], 50, 150);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_words_have_the_same_hash_under_one_key),
        cmocka_unit_test(each_bit_of_each_word_changes_the_hash),
        cmocka_unit_test(neighbours_spread_over_the_buckets_of_a_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
