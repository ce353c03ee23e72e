/* Faults in the frames of a client's streams, and how much of them nghttp3 may have. Rows E3,
 * E4. */
#include "h3_guard.h"

#include <nghttp3/nghttp3.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define NONE NGHTTP3_H3_NO_ERROR
#define BYTES(text) tri_slice_of((const uint8_t *)(text), sizeof(text) - 1)
#define SECTION "\x00\x00\xd1\xd7\xc1"

/* ---- a request's stream */

static void a_piece_ends_with_each_HEADERS(void **state)
{
    (void)state;
    struct tri_h3_guard g = {.fields = 0};
    uint64_t code;
    const struct tri_slice in =
        BYTES("\x21\x01z\x01\x05" SECTION "\x00\x02hi\x01\x03\x00\x00\xd1\x00");
    assert_int_equal(tri_h3_guard_next(&g, in, &code), 10);
    assert_int_equal(g.section.lines, 3);
    assert_int_equal(code, NONE);
    g.fields = 3;
    assert_false(tri_h3_guard_lost_fields(&g));
    const struct tri_slice rest = tri_slice_of(in.data + 10, in.len - 10);
    assert_int_equal(tri_h3_guard_next(&g, rest, &code), 9);
    assert_int_equal(g.section.lines, 1);
    assert_true(tri_h3_guard_lost_fields(&g)); /* none was told of */
    assert_int_equal(tri_h3_guard_next(&g, BYTES("\x00"), &code), 1);
    assert_int_equal(code, NONE);
}

static void HEADERS_in_pieces_are_counted_together(void **state)
{
    (void)state;
    static const char in[] = "\x01\x05" SECTION;
    struct tri_h3_guard g = {.fields = 0};
    for (size_t i = 0; i < sizeof in - 1; i++) {
        uint64_t code;
        assert_int_equal(tri_h3_guard_next(&g, tri_slice_of((const uint8_t *)in + i, 1), &code), 1);
        assert_int_equal(code, NONE);
    }
    assert_int_equal(g.section.lines, 3);
    assert_true(g.has_headers);
}

static void empty_HEADERS_are_kept_from_nghttp3(void **state)
{
    (void)state;
    struct tri_h3_guard g = {.fields = 0};
    uint64_t code;
    assert_int_equal(tri_h3_guard_next(&g, BYTES("\x21\x00\x01\x00\x00\x00"), &code), 3);
    assert_int_equal(code, NGHTTP3_QPACK_DECOMPRESSION_FAILED);
}

static void the_end_of_a_stream_says_what_is_missing(void **state)
{
    (void)state;
    static const struct {
        struct tri_slice in;
        uint64_t code;
    } rows[] = {
        {{NULL, 0}, NGHTTP3_H3_REQUEST_INCOMPLETE},
        {{(const uint8_t *)"\x21\x00", 2}, NGHTTP3_H3_REQUEST_INCOMPLETE},
        {{(const uint8_t *)"\x40", 1}, NGHTTP3_H3_FRAME_ERROR},
        {{(const uint8_t *)"\x21", 1}, NONE}, /* nghttp3 has the code for these */
        {{(const uint8_t *)"\x01\x05\x00", 3}, NONE},
        {{(const uint8_t *)"\x01\x05" SECTION, 7}, NONE},
        {{(const uint8_t *)"\x01\x05" SECTION "\x80", 8}, NGHTTP3_H3_FRAME_ERROR},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct tri_h3_guard g = {.fields = 0};
        for (size_t at = 0; at < rows[i].in.len;) {
            const struct tri_slice rest = tri_slice_of(rows[i].in.data + at, rows[i].in.len - at);
            uint64_t code;
            at += tri_h3_guard_next(&g, rest, &code);
            assert_int_equal(code, NONE);
        }
        assert_int_equal(tri_h3_guard_end(&g), rows[i].code);
    }
}

/* ---- kinds of streams */

static bool take_kind(struct tri_h3_unis *u, int64_t id, struct tri_slice in, size_t *len)
{
    struct tri_h3_kind *k = tri_h3_guard_kind(u, id);
    uint8_t bytes[8];
    k = k ? k : tri_h3_guard_kind_new(u, id);
    assert_non_null(k);
    return tri_h3_guard_kind_take(u, k, &in, bytes, len);
}

static void a_kind_is_held_until_it_is_whole(void **state)
{
    (void)state;
    struct tri_h3_unis u = {.control_id = 0};
    size_t len;
    assert_false(take_kind(&u, 2, BYTES("\x80"), &len));
    assert_non_null(tri_h3_guard_kind(&u, 2));
    assert_false(take_kind(&u, 2, BYTES("\x00\x00"), &len));
    assert_int_equal(u.control_id, 0);
    assert_true(take_kind(&u, 2, BYTES("\x00\x04"), &len));
    assert_int_equal(len, 4);
    assert_int_equal(u.control_id, 2);
    assert_null(tri_h3_guard_kind(&u, 2));
    assert_true(take_kind(&u, 6, BYTES("\x00"), &len));
    assert_int_equal(u.control_id, 2); /* a second one is nghttp3's matter */
}

static void so_many_kinds_are_held_and_no_more(void **state)
{
    (void)state;
    struct tri_h3_unis u = {.control_id = 0};
    size_t len;
    for (size_t i = 0; i < TRI_H3_GUARD_KINDS_MAX; i++) {
        assert_false(take_kind(&u, (int64_t)(2 + 4 * i), BYTES("\xc0"), &len));
    }
    assert_null(tri_h3_guard_kind_new(&u, 102));
    tri_h3_guard_kind_drop(&u, 6);
    tri_h3_guard_kind_drop(&u, 6); /* nothing there any more */
    assert_non_null(tri_h3_guard_kind_new(&u, 102));
}

/* ---- the control stream */

/* What becomes of |in| behind SETTINGS, however it is cut: the code, and what nghttp3 gets in
 * all. */
static void assert_control(struct tri_slice in, uint64_t want, size_t good)
{
    for (size_t piece = 1; piece <= in.len; piece++) {
        struct tri_h3_unis u = {.control_id = 2};
        uint64_t code;
        size_t given = 0;
        assert_int_equal(tri_h3_guard_control(&u, BYTES("\x04\x00"), &code), 2);
        assert_int_equal(code, NONE);
        for (size_t at = 0; at < in.len && code == NONE; at += piece) {
            const size_t n = in.len - at < piece ? in.len - at : piece;
            given += tri_h3_guard_control(&u, tri_slice_of(in.data + at, n), &code);
        }
        assert_int_equal(code, want);
        assert_true(given <= good);
        assert_true(code != NONE || given == in.len);
    }
}

static void what_is_right_goes_on(void **state)
{
    (void)state;
    static const char right[] = "\x07\x01\x00\x0d\x01\x03\x0d\x02\x40\x03\x0d\x01\x09\x21\x02xy"
                                "\x80\x0f\x07\x00\x04\x00u=1\x40\x40\x00";
    assert_control(tri_slice_of((const uint8_t *)right, sizeof right - 1), NONE, sizeof right - 1);
}

static void what_is_wrong_is_kept_from_nghttp3(void **state)
{
    (void)state;
    static const struct {
        const char *in;
        size_t len;
        uint64_t code;
        size_t good;
    } rows[] = {
#define ROW(text, code, good) {text, sizeof(text) - 1, NGHTTP3_H3_##code, good}
        ROW("\x03\x01\x00", ID_ERROR, 1),
        ROW("\x21\x00\x03\x02\x40\x00", ID_ERROR, 3),
        ROW("\x03\x00", FRAME_ERROR, 1),
        ROW("\x03\x01\x40", FRAME_ERROR, 1),
        ROW("\x03\x02\x00\x00", FRAME_ERROR, 1),
        ROW("\x07\x02\x00\x00", FRAME_ERROR, 2),
        ROW("\x07\x01\x40", FRAME_ERROR, 2),
        ROW("\x07\x09\xc0\x00\x00\x00\x00\x00\x00\x00\x00", FRAME_ERROR, 2),
        ROW("\x0d\x02\x00\x00", FRAME_ERROR, 2),
        ROW("\x0d\x01\x09\x0d\x01\x08", ID_ERROR, 5),
        ROW("\x0d\x02\x41\x00\x0d\x02\x40\xff", ID_ERROR, 7),
        ROW("\x80\x0f\x07\x01\x02\x00x", ID_ERROR, 4),
        ROW("\x80\x0f\x07\x01\x00", FRAME_ERROR, 4),
        ROW("\x80\x0f\x07\x01\x01\x40", FRAME_ERROR, 4),
#undef ROW
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_control(tri_slice_of((const uint8_t *)rows[i].in, rows[i].len), rows[i].code,
                       rows[i].good);
    }
}

static void before_SETTINGS_all_is_nghttp3s(void **state)
{
    (void)state;
    struct tri_h3_unis u = {.control_id = 2};
    uint64_t code;
    assert_int_equal(tri_h3_guard_control(&u, BYTES("\x03\x00"), &code), 2);
    assert_int_equal(code, NONE);
}

/* The limit: TRI_H3_SETTINGS_BYTES_MAX. */
static void SETTINGS_are_so_long_and_no_longer(void **state)
{
    (void)state;
    struct tri_h3_unis u = {.control_id = 2};
    uint64_t code;
    assert_int_equal(tri_h3_guard_control(&u, BYTES("\x04\x50\x00"), &code), 3);
    assert_int_equal(code, NONE);
    u = (struct tri_h3_unis){.control_id = 2};
    assert_int_equal(tri_h3_guard_control(&u, BYTES("\x04\x50\x01"), &code), 2);
    assert_int_equal(code, NGHTTP3_H3_EXCESSIVE_LOAD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_piece_ends_with_each_HEADERS),
        cmocka_unit_test(HEADERS_in_pieces_are_counted_together),
        cmocka_unit_test(empty_HEADERS_are_kept_from_nghttp3),
        cmocka_unit_test(the_end_of_a_stream_says_what_is_missing),
        cmocka_unit_test(a_kind_is_held_until_it_is_whole),
        cmocka_unit_test(so_many_kinds_are_held_and_no_more),
        cmocka_unit_test(what_is_right_goes_on),
        cmocka_unit_test(what_is_wrong_is_kept_from_nghttp3),
        cmocka_unit_test(before_SETTINGS_all_is_nghttp3s),
        cmocka_unit_test(SETTINGS_are_so_long_and_no_longer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
