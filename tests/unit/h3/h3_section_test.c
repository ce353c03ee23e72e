/* Lines of field sections, counted and not decoded: RFC 9204 section 4.5. */
#include "h3_section.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void assert_lines(const char *data, size_t len, uint32_t lines)
{
    const uint8_t *p = (const uint8_t *)data;
    for (size_t split = 0; split <= len; split++) {
        struct tri_h3_section s = {.lines = 0};
        tri_h3_section_read(&s, p, split);
        tri_h3_section_read(&s, p + split, len - split);
        assert_int_equal(s.lines, lines);
    }
    struct tri_h3_section s = {.lines = 0};
    for (size_t i = 0; i < len; i++) {
        tri_h3_section_read(&s, p + i, 1);
    }
    assert_int_equal(s.lines, lines);
}

#define ASSERT_LINES(data, lines) assert_lines(data, sizeof(data) - 1, lines)

static void each_kind_of_line_counts_once(void **state)
{
    (void)state;
    ASSERT_LINES("\x00\x00", 0);
    ASSERT_LINES("\x00\x00\xd1\xd7\xc1", 3);         /* entries of the static table */
    ASSERT_LINES("\x00\x00\xff\x24\xd1", 2);         /* one with a longer index */
    ASSERT_LINES("\x00\x00\x80\x10\x1f\x03\xd1", 4); /* of the dynamic, two behind the base */
    ASSERT_LINES("\x00\x00\x50\x01"
                 "a\xd1",
                 2); /* a name of the static table */
    ASSERT_LINES("\x00\x00\x5f\x10\x01"
                 "a\xd1",
                 2); /* with a longer index */
    ASSERT_LINES("\x00\x00\x40\x00\x00\x00\x07\x05\x01"
                 "a\xd1",
                 4);                                     /* of the dynamic, behind the base */
    ASSERT_LINES("\x00\x00\x21x\x01y\xd1", 2);           /* a name spelled out */
    ASSERT_LINES("\x00\x00\x20\x00\x20\x01y\xd1", 3);    /* of no bytes */
    ASSERT_LINES("\x00\x00\x29\x9f\x81\x1f\xd1", 2);     /* both in Huffman code */
    ASSERT_LINES("\x00\x00\x27\x00seven77\x01v\xd1", 2); /* a name of just 7 bytes */
    ASSERT_LINES("\xff\x07\xff\x01\xd1", 1);             /* longer numbers in the prefix */
}

static void the_bytes_of_strings_are_no_lines(void **state)
{
    (void)state;
    char section[2 + 1 + 2 + 300 + 3 + 300 + 1];
    memset(section, 0xd1, sizeof section);
    memcpy(section, "\x00\x00\x27\xa5\x02", 5); /* a name of 300 bytes */
    memcpy(section + 305, "\x7f\xad\x01", 3);   /* a value of 300 */
    assert_lines(section, sizeof section, 2);
}

/* nghttp3 ends the connection for these: there is nothing to count, and nothing to break. */
static void a_section_that_is_none_does_no_harm(void **state)
{
    (void)state;
    uint8_t bytes[64];
    memset(bytes, 0xff, sizeof bytes);
    struct tri_h3_section s = {.lines = 0};
    tri_h3_section_read(&s, bytes, sizeof bytes);
    memcpy(bytes, "\x00\x00\x27\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f", 15);
    s = (struct tri_h3_section){.lines = 0};
    tri_h3_section_read(&s, bytes, sizeof bytes);
    assert_int_equal(s.lines, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_kind_of_line_counts_once),
        cmocka_unit_test(the_bytes_of_strings_are_no_lines),
        cmocka_unit_test(a_section_that_is_none_does_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
