/* The client's control stream, cut in pieces: what nghttp3 gets, and the updates in it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "h3_control.h"

struct reading {
    struct tri_h3_control control;
    uint8_t bytes[512]; /* that nghttp3 would get */
    size_t len;
    char updates[512]; /* "element=value;" each */
};

static void note_update(struct reading *r, const struct tri_h3_control_piece *p)
{
    const size_t used = strlen(r->updates);
    (void)snprintf(r->updates + used, sizeof r->updates - used, "%llu=%.*s;",
                   (unsigned long long)p->stream_id, (int)p->value.len,
                   (const char *)p->value.data);
}

static void feed(struct reading *r, const uint8_t *data, size_t len)
{
    for (size_t at = 0; at < len;) {
        struct tri_h3_control_piece piece;
        tri_h3_control_next(&r->control, data + at, len - at, &piece);
        assert_in_range(piece.used, 1, len - at);
        assert_true(r->len + piece.bytes.len <= sizeof r->bytes);
        memcpy(r->bytes + r->len, piece.bytes.data ? piece.bytes.data : data, piece.bytes.len);
        r->len += piece.bytes.len;
        if (piece.is_update) {
            note_update(r, &piece);
        }
        at += piece.used;
    }
}

/* Whole, split at every point, and a byte at a time. */
static void assert_reads(const uint8_t *in, const uint8_t *out, size_t len, const char *updates)
{
    for (size_t split = 0; split <= len; split++) {
        struct reading r = {.len = 0};
        feed(&r, in, split);
        feed(&r, in + split, len - split);
        assert_int_equal(r.len, len);
        assert_memory_equal(r.bytes, out, len);
        assert_string_equal(r.updates, updates);
    }
    struct reading r = {.len = 0};
    for (size_t i = 0; i < len; i++) {
        feed(&r, in + i, 1);
    }
    assert_memory_equal(r.bytes, out, len);
    assert_string_equal(r.updates, updates);
}

#define READS(text, updates)                                                                       \
    assert_reads((const uint8_t *)(text), (const uint8_t *)(text), sizeof(text) - 1, updates)

#define BECOMES(text, other, updates)                                                              \
    do {                                                                                           \
        assert_int_equal(sizeof(text), sizeof(other));                                             \
        assert_reads((const uint8_t *)(text), (const uint8_t *)(other), sizeof(text) - 1,          \
                     updates);                                                                     \
    } while (0)

#define START "\x04\0" /* SETTINGS */
#define UPDATE "\x80\x0f\x07\0"

static void E8_updates_are_found_between_other_frames(void **state)
{
    (void)state;
    READS(START, "");
    READS(START UPDATE "\x04\0u=1", "0=u=1;");
    READS("\x04\x02\x06\0" UPDATE "\x07\x04u=1, i"
          "\x0d\x01\x05\x21\0" UPDATE "\x05\x40\x84u=7",
          "4=u=1, i;132=u=7;");
    READS(START "\x21\x05junk!" UPDATE "\x05\x40\x84u=7", "132=u=7;");
}

static void E8_an_update_may_have_no_value(void **state)
{
    (void)state;
    READS(START UPDATE "\x01\x08" UPDATE "\x02\x40\x0c\x21\0" UPDATE "\x04\0u=5", "8=;12=;0=u=5;");
}

static void E8_an_illegible_value_reaches_nobody(void **state)
{
    (void)state;
    BECOMES(START UPDATE "\x04\0u=9" UPDATE "\x04\0u=2",
            START UPDATE "\x04\0   " UPDATE "\x04\0u=2", "0=u=9;0=u=2;");
    BECOMES(START UPDATE "\x03\x04((", START UPDATE "\x03\x04  ", "4=((;");
}

static void E8_a_long_value_is_not_looked_at(void **state)
{
    (void)state;
    READS(START UPDATE "\x1d\0u=1, x=\"0123456789012345678\"", "0=u=1, x=\"0123456789012345678\";");
    READS(START UPDATE "\x1e\0u=1, x=\"01234567890123456789\"" UPDATE "\x04\0u=2", "0=u=2;");
}

/* nghttp3 ends the connection for these; until it does, nothing may go wrong. */
static void a_frame_that_ends_within_its_element_is_no_update(void **state)
{
    (void)state;
    READS(START UPDATE "\x01\x40", "");
    READS(START UPDATE "\x03\xc0\0\0" UPDATE "\x04\0u=2", "0=u=2;");
    READS(START UPDATE "\0" UPDATE "\x04\0u=2", "0=u=2;");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(E8_updates_are_found_between_other_frames),
        cmocka_unit_test(E8_an_update_may_have_no_value),
        cmocka_unit_test(E8_an_illegible_value_reaches_nobody),
        cmocka_unit_test(E8_a_long_value_is_not_looked_at),
        cmocka_unit_test(a_frame_that_ends_within_its_element_is_no_update),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
