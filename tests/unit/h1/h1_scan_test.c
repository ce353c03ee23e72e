#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base_limits.h"
#include "h1_scan.h"

#define FIRST "GET / HTTP/1.1\r\n"

/* Feeds |len| bytes in pieces of |step|; the result, and in *used the bytes taken in all. */
static enum tri_err scan(struct tri_h1_scan *s, const char *data, size_t len, size_t step,
                         size_t *used)
{
    *s = (struct tri_h1_scan){.len = 0};
    *used = 0;
    for (size_t at = 0; at < len; at += step) {
        const size_t part = len - at < step ? len - at : step;
        size_t some;
        const enum tri_err err = tri_h1_scan_feed(s, (const uint8_t *)data + at, part, &some);
        *used += some;
        if (err != TRI_PARTIAL) {
            return err;
        }
        assert_int_equal(some, part);
    }
    return TRI_PARTIAL;
}

static void check_refused(const char *data, size_t len, enum tri_err want, int status)
{
    for (size_t step = 1; step <= len; step++) {
        struct tri_h1_scan s;
        size_t used;
        assert_int_equal(scan(&s, data, len, step, &used), want);
        assert_int_equal(s.status, status);
    }
}

static void finds_the_end_of_a_head_however_it_is_split(void **state)
{
    (void)state;
    const char head[] = FIRST "Host: a\r\nX:\t\x80y \r\n\r\nbehind";
    const size_t end = sizeof head - 1 - strlen("behind");
    for (size_t step = 1; step < sizeof head; step++) {
        struct tri_h1_scan s;
        size_t used;
        assert_int_equal(scan(&s, head, sizeof head - 1, step, &used), TRI_OK);
        assert_int_equal(used, end);
        assert_int_equal(s.len, end);
        assert_int_equal(s.lines, 3);
    }
}

static void every_shorter_part_of_a_head_is_partial(void **state)
{
    (void)state;
    const char head[] = FIRST "Host: a\r\n\r\n";
    for (size_t len = 0; len < sizeof head - 1; len++) {
        struct tri_h1_scan s;
        size_t used;
        assert_int_equal(scan(&s, head, len, 100, &used), TRI_PARTIAL);
        assert_int_equal(used, len);
        assert_int_equal(tri_h1_scan_has_begun(&s), len > 0);
    }
}

static void one_empty_line_in_front_is_passed_over(void **state)
{
    (void)state;
    const char head[] = "\r\n" FIRST "\r\n";
    struct tri_h1_scan s;
    size_t used;
    assert_int_equal(scan(&s, head, 2, 1, &used), TRI_PARTIAL);
    assert_false(tri_h1_scan_has_begun(&s));
    assert_int_equal(scan(&s, head, sizeof head - 1, 1, &used), TRI_OK);
    assert_int_equal(used, sizeof head - 1);
    check_refused("\r\n\r\n", 4, TRI_ERR_PROTOCOL, 400);
}

static void U7_bare_LF_and_bare_CR_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "\n",         "GET / HTTP/1.1\n", FIRST "Host: a\n",  FIRST "Host: a\r\n\n",
        "\rG",        "GET\r/ HTTP/1.1",  FIRST "Host: a\rb", FIRST "Host: a\r\r\n",
        FIRST "\r\r",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        check_refused(bad[i], strlen(bad[i]), TRI_ERR_PROTOCOL, 400);
    }
}

static void U7_control_bytes_are_refused_wherever_they_stand(void **state)
{
    (void)state;
    for (unsigned c = 0; c < 256; c++) {
        const bool is_line_end = c == '\r' || c == '\n';
        const bool is_control = (c < ' ' && c != '\t' && !is_line_end) || c == 0x7f;
        if (is_line_end) {
            continue;
        }
        const char first[] = {(char)c, '\0'};
        char field[] = FIRST "Host: a?b";
        field[sizeof field - 3] = (char)c;
        struct tri_h1_scan s;
        size_t used;
        const enum tri_err want = is_control ? TRI_ERR_PROTOCOL : TRI_PARTIAL;
        assert_int_equal(scan(&s, first, 1, 1, &used), want);
        assert_int_equal(scan(&s, field, sizeof field - 1, 1, &used), want);
        assert_int_equal(s.status, is_control ? 400 : 0);
    }
}

static void U7_a_request_line_may_be_as_long_as_its_limit_and_no_longer(void **state)
{
    (void)state;
    const size_t max = TRI_REQUEST_LINE_BYTES_MAX;
    char *line = malloc(max + 1);
    assert_non_null(line);
    memset(line, 'a', max + 1);
    struct tri_h1_scan s;
    size_t used;
    assert_int_equal(scan(&s, line, max, 1000, &used), TRI_PARTIAL);
    assert_int_equal(scan(&s, line, max + 1, 1000, &used), TRI_ERR_LIMIT);
    assert_int_equal(s.status, 414);
    free(line);
}

static void U7_a_head_may_be_as_long_as_its_limit_and_no_longer(void **state)
{
    (void)state;
    static const char first_line[] = {'G', 'E', 'T', '\r', '\n'};
    static const char end[] = {'\r', '\n', '\r', '\n'};
    const size_t max = TRI_REQUEST_HEAD_BYTES_MAX;
    char *head = malloc(max + 1);
    assert_non_null(head);
    memset(head, 'a', max + 1);
    memcpy(head, first_line, sizeof first_line);
    memcpy(head + max - sizeof end, end, sizeof end);
    struct tri_h1_scan s;
    size_t used;
    assert_int_equal(scan(&s, head, max, 777, &used), TRI_OK);
    assert_int_equal(used, max);
    head[max - sizeof end] = 'a';
    memcpy(head + max + 1 - sizeof end, end, sizeof end);
    assert_int_equal(scan(&s, head, max + 1, 777, &used), TRI_ERR_LIMIT);
    assert_int_equal(s.status, 431);
    free(head);
}

static void U7_there_may_be_as_many_fields_as_the_limit_and_no_more(void **state)
{
    (void)state;
    for (size_t over = 0; over < 2; over++) {
        struct tri_h1_scan s = {.len = 0};
        size_t used;
        assert_int_equal(tri_h1_scan_feed(&s, (const uint8_t *)FIRST, strlen(FIRST), &used),
                         TRI_PARTIAL);
        enum tri_err err = TRI_PARTIAL;
        for (size_t i = 0; i < TRI_REQUEST_FIELDS_MAX + over; i++) {
            assert_int_equal(err, TRI_PARTIAL);
            err = tri_h1_scan_feed(&s, (const uint8_t *)"a:\r\n", 4, &used);
        }
        assert_int_equal(err, over ? TRI_ERR_LIMIT : TRI_PARTIAL);
        assert_int_equal(s.status, over ? 431 : 0);
    }
}

static enum tri_err scan_response(struct tri_h1_scan *s, const char *data, size_t len)
{
    *s = (struct tri_h1_scan){.is_response = true};
    size_t used;
    return tri_h1_scan_feed(s, (const uint8_t *)data, len, &used);
}

static void a_response_has_limits_of_its_own(void **state)
{
    (void)state;
    const size_t max = TRI_RESPONSE_HEAD_BYTES_MAX;
    char *line = malloc(max + 1);
    assert_non_null(line);
    memset(line, 'a', max + 1);
    struct tri_h1_scan s;
    assert_int_equal(scan_response(&s, line, max), TRI_PARTIAL); /* none for its first line */
    assert_int_equal(scan_response(&s, line, max + 1), TRI_ERR_LIMIT);
    free(line);
    for (size_t over = 0; over < 2; over++) {
        char text[4 * (TRI_ANSWER_FIELDS_MAX + 2)];
        const size_t len = 4 * (1 + TRI_ANSWER_FIELDS_MAX + over);
        for (size_t i = 0; i < len; i++) {
            text[i] = "a:\r\n"[i % 4];
        }
        assert_int_equal(scan_response(&s, text, len), over ? TRI_ERR_LIMIT : TRI_PARTIAL);
    }
}

static void nothing_is_passed_over_in_front_of_a_response(void **state)
{
    (void)state;
    struct tri_h1_scan s;
    assert_int_equal(scan_response(&s, "\r\n", 2), TRI_ERR_PROTOCOL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_the_end_of_a_head_however_it_is_split),
        cmocka_unit_test(every_shorter_part_of_a_head_is_partial),
        cmocka_unit_test(one_empty_line_in_front_is_passed_over),
        cmocka_unit_test(U7_bare_LF_and_bare_CR_are_refused),
        cmocka_unit_test(U7_control_bytes_are_refused_wherever_they_stand),
        cmocka_unit_test(U7_a_request_line_may_be_as_long_as_its_limit_and_no_longer),
        cmocka_unit_test(U7_a_head_may_be_as_long_as_its_limit_and_no_longer),
        cmocka_unit_test(U7_there_may_be_as_many_fields_as_the_limit_and_no_more),
        cmocka_unit_test(a_response_has_limits_of_its_own),
        cmocka_unit_test(nothing_is_passed_over_in_front_of_a_response),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
