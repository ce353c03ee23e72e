#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base_limits.h"
#include "h1_body.h"

static enum tri_err feed(struct tri_h1_body *b, const char *data, size_t len, size_t step,
                         size_t *used)
{
    *used = 0;
    for (size_t at = 0; at < len; at += step) {
        const size_t part = len - at < step ? len - at : step;
        size_t some;
        const enum tri_err err = tri_h1_body_feed(b, (const uint8_t *)data + at, part, &some);
        *used += some;
        if (err != TRI_PARTIAL) {
            return err;
        }
        assert_int_equal(some, part);
    }
    return TRI_PARTIAL;
}

/* Feeds chunked |text| in every step; all but the last |behind| bytes belong to it. */
static void check_chunked(const char *text, size_t behind)
{
    for (size_t step = 1; step <= strlen(text); step++) {
        struct tri_h1_body b;
        size_t used;
        tri_h1_body_init_chunked(&b);
        assert_int_equal(feed(&b, text, strlen(text), step, &used), TRI_OK);
        assert_int_equal(used, strlen(text) - behind);
    }
}

static void check_refused(const char *text)
{
    for (size_t step = 1; step <= strlen(text); step++) {
        struct tri_h1_body b;
        size_t used;
        tri_h1_body_init_chunked(&b);
        const enum tri_err err = feed(&b, text, strlen(text), step, &used);
        if (err != TRI_ERR_PROTOCOL) {
            print_error("%s\n", text);
        }
        assert_int_equal(err, TRI_ERR_PROTOCOL);
        assert_int_equal(b.status, 400);
    }
}

static void a_body_of_a_length_ends_there(void **state)
{
    (void)state;
    for (size_t step = 1; step <= 8; step++) {
        struct tri_h1_body b;
        size_t used;
        tri_h1_body_init_length(&b, 5);
        assert_int_equal(feed(&b, "helloGET", 8, step, &used), TRI_OK);
        assert_int_equal(used, 5);
    }
}

static void chunks_end_with_the_last_one_and_its_trailers(void **state)
{
    (void)state;
    check_chunked("0\r\n\r\n", 0);
    check_chunked("0\r\n\r\nGET", 3);
    check_chunked("5\r\nhello\r\n0\r\n\r\nx", 1);
    check_chunked("1\r\na\r\n0002\r\n\r\n\r\n000\r\n\r\n", 0);
    check_chunked("a;x=y;z\r\n0123456789\r\nA;\"q\t\x80\"\r\n0123456789\r\n0;end\r\n\r\n", 0);
    check_chunked("0\r\nDigest: x\r\nEmpty:\r\n\r\nGET", 3);
}

static void every_shorter_part_of_chunks_is_partial(void **state)
{
    (void)state;
    const char text[] = "3;x\r\nabc\r\n0\r\na: b\r\n\r\n";
    for (size_t len = 0; len < sizeof text - 1; len++) {
        struct tri_h1_body b;
        size_t used;
        tri_h1_body_init_chunked(&b);
        assert_int_equal(feed(&b, text, len, 100, &used), TRI_PARTIAL);
        assert_int_equal(used, len);
    }
}

static void U7_malformed_chunks_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "\r\n",
        "g\r\n",
        "-1\r\n",
        "+1\r\n",
        "0x1\r\n",
        " 1\r\n",
        "1 \r\n",
        "1 ;x\r\n",
        ";x\r\n",
        "1\n",
        "1\r1",
        "1;x\n",
        "1;\x01\r\n",
        "1;\x7f\r\n",
        "1;x\rx",
        "1\r\nab",
        "1\r\na\n",
        "1\r\na\rb",
        "1\r\na\r\n\r\n",
        "0\r\n\n",
        "0\r\n\rX",
        "0\r\nname\r\n",
        "0\r\nname : x\r\n",
        "0\r\n: x\r\n",
        "0\r\n fold\r\n",
        "0\r\nname: x\n",
        "0\r\nname: x\rx",
        "0\r\nname: \x02",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        /* Where all of it is still the beginning of something good, one byte more is not. */
        char text[64];
        snprintf(text, sizeof text, "%s?", bad[i]);
        check_refused(text);
    }
}

/* Returns what came of a chunk of |size| bytes and its end. */
static enum tri_err feed_chunk(struct tri_h1_body *b, size_t size)
{
    char line[32];
    size_t used;
    snprintf(line, sizeof line, "%zx\r\n", size);
    enum tri_err err = feed(b, line, strlen(line), 100, &used);
    char *data = calloc(1, size);
    assert_non_null(data);
    if (err == TRI_PARTIAL) {
        err = feed(b, data, size, size, &used);
    }
    free(data);
    return err == TRI_PARTIAL ? feed(b, "\r\n", 2, 2, &used) : err;
}

static void U7_a_chunked_body_may_be_as_long_as_the_limit_and_no_longer(void **state)
{
    (void)state;
    struct tri_h1_body b;
    tri_h1_body_init_chunked(&b);
    assert_int_equal(feed_chunk(&b, TRI_REQUEST_BODY_BYTES_MAX - 10), TRI_PARTIAL);
    assert_int_equal(feed_chunk(&b, 10), TRI_PARTIAL);
    struct tri_h1_body over = b;
    assert_int_equal(feed_chunk(&over, 1), TRI_ERR_LIMIT);
    assert_int_equal(over.status, 413);
    size_t used;
    assert_int_equal(feed(&b, "0\r\n\r\n", 5, 5, &used), TRI_OK);
}

static void U7_a_size_of_many_digits_does_not_wrap_around(void **state)
{
    (void)state;
    static const char *const sizes[] = {"100001\r\n", "FFFFFFFFFFFFFFFF\r\n",
                                        "10000000000000001\r\n", "100000000000000000000000005\r\n"};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct tri_h1_body b;
        size_t used;
        tri_h1_body_init_chunked(&b);
        assert_int_equal(feed(&b, sizes[i], strlen(sizes[i]), 1, &used), TRI_ERR_LIMIT);
        assert_int_equal(b.status, 413);
    }
}

static void U7_endless_framing_is_refused(void **state)
{
    (void)state;
    static const char *const begins[] = {"1;", "0\r\na:", "0"};
    for (size_t i = 0; i < sizeof begins / sizeof begins[0]; i++) {
        struct tri_h1_body b;
        size_t used;
        tri_h1_body_init_chunked(&b);
        enum tri_err err = feed(&b, begins[i], strlen(begins[i]), 100, &used);
        char more[1024];
        memset(more, '0', sizeof more);
        size_t fed = 0;
        while (err == TRI_PARTIAL) {
            err = feed(&b, more, sizeof more, sizeof more, &used);
            fed += sizeof more;
            assert_true(fed <= TRI_REQUEST_BODY_BYTES_MAX + sizeof more);
        }
        assert_int_equal(err, TRI_ERR_LIMIT);
        assert_int_equal(b.status, 413);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_body_of_a_length_ends_there),
        cmocka_unit_test(chunks_end_with_the_last_one_and_its_trailers),
        cmocka_unit_test(every_shorter_part_of_chunks_is_partial),
        cmocka_unit_test(U7_malformed_chunks_are_refused),
        cmocka_unit_test(U7_a_chunked_body_may_be_as_long_as_the_limit_and_no_longer),
        cmocka_unit_test(U7_a_size_of_many_digits_does_not_wrap_around),
        cmocka_unit_test(U7_endless_framing_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
