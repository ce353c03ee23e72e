/* Frames in a stream's bytes, however these are cut: RFC 9114 section 7.1, RFC 9000 section 16. */
#include "h3_walk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct log {
    char text[512];
    size_t len;
    uint64_t payload; /* of the frame that arrives */
};

static void note(struct log *l, const struct tri_h3_walk *w, enum tri_h3_walk_event event, size_t n)
{
    char line[64] = "";
    if (event == TRI_H3_WALK_HEAD) {
        l->payload = 0;
        (void)snprintf(line, sizeof line, "%llx:", (unsigned long long)w->type);
    } else if (event == TRI_H3_WALK_DATA) {
        l->payload += n;
    }
    if (event != TRI_H3_WALK_MORE && w->left == 0) {
        (void)snprintf(line + strlen(line), sizeof line - strlen(line), "%llu ",
                       (unsigned long long)l->payload);
    }
    l->len += (size_t)snprintf(l->text + l->len, sizeof l->text - l->len, "%s", line);
}

static void walk(struct tri_h3_walk *w, struct log *l, const char *data, size_t len)
{
    for (size_t at = 0; at < len;) {
        enum tri_h3_walk_event event;
        const size_t n = tri_h3_walk_next(w, (const uint8_t *)data + at, len - at, &event);
        assert_in_range(n, 1, len - at);
        note(l, w, event, n);
        at += n;
    }
}

static void assert_frames(const char *data, size_t len, const char *frames)
{
    for (size_t split = 0; split <= len; split++) {
        struct tri_h3_walk w = {.left = 0};
        struct log l = {.len = 0};
        walk(&w, &l, data, split);
        walk(&w, &l, data + split, len - split);
        assert_string_equal(l.text, frames);
    }
    struct tri_h3_walk w = {.left = 0};
    struct log l = {.len = 0};
    for (size_t i = 0; i < len; i++) {
        walk(&w, &l, data + i, 1);
    }
    assert_string_equal(l.text, frames);
}

#define ASSERT_FRAMES(data, frames) assert_frames(data, sizeof(data) - 1, frames)

static void frames_are_found_wherever_they_are_cut(void **state)
{
    (void)state;
    ASSERT_FRAMES("", "");
    ASSERT_FRAMES("\x00\x00", "0:0 ");
    ASSERT_FRAMES("\x01\x02xy\x00\x01z\x07\x00", "1:2 0:1 7:0 ");
    ASSERT_FRAMES("\x40\x01\x80\x00\x00\x02xy\x21\x00", "1:2 21:0 ");
    ASSERT_FRAMES("\x80\x0f\x07\x00\x04\x00u=1", "f0700:4 ");
    ASSERT_FRAMES("\xff\xff\xff\xff\xff\xff\xff\xff\xc0\x00\x00\x00\x00\x00\x00\x01x\x04\x00",
                  "3fffffffffffffff:1 4:0 ");
}

static void what_is_not_whole_is_told_apart(void **state)
{
    (void)state;
    static const struct {
        const char *data;
        size_t len;
        bool is_between, is_in_type;
    } rows[] = {
        {"", 0, true, false},           {"\x01", 1, false, false},
        {"\x40", 1, false, true},       {"\x40\x01\x40", 3, false, false},
        {"\x01\x02x", 3, false, false}, {"\x01\x02xy", 4, true, false},
        {"\x01\x00", 2, true, false},   {"\x01\x00\xc0\x00", 4, false, true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct tri_h3_walk w = {.left = 0};
        struct log l = {.len = 0};
        walk(&w, &l, rows[i].data, rows[i].len);
        assert_int_equal(tri_h3_walk_is_between(&w), rows[i].is_between);
        assert_int_equal(tri_h3_walk_is_in_type(&w), rows[i].is_in_type);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_are_found_wherever_they_are_cut),
        cmocka_unit_test(what_is_not_whole_is_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
