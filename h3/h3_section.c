/* See h3_section.h. */
#include "h3_section.h"

/* A longer integer than any that may be there: RFC 9204 section 4.1.1. */
#define SHIFT_MAX 63

static void end_integer(struct tri_h3_section *s)
{
    s->is_integer = false;
    s->value = s->is_length ? s->value : 0;
}

/* RFC 7541 section 5.1 */
static void begin_integer(struct tri_h3_section *s, uint8_t byte, unsigned prefix_bits,
                          bool is_length)
{
    const uint8_t mask = (uint8_t)((1u << prefix_bits) - 1);
    s->value = byte & mask;
    s->is_length = is_length;
    s->shift = 0;
    s->is_integer = true;
    if (s->value < mask) {
        end_integer(s);
    }
}

static void go_on(struct tri_h3_section *s, uint8_t byte)
{
    if (s->shift < SHIFT_MAX) {
        s->value += (uint64_t)(byte & 0x7fu) << s->shift;
        s->shift = (uint8_t)(s->shift + 7);
    }
    if ((byte & 0x80u) == 0) {
        end_integer(s);
    }
}

/* RFC 9204 sections 4.5.2 to 4.5.6, in the order of their first bits */
static void begin_line(struct tri_h3_section *s, uint8_t byte)
{
    s->lines++;
    if (byte & 0x80u) {
        begin_integer(s, byte, 6, false); /* an indexed line */
        return;
    }
    if ((byte & 0xf0u) == 0x10u) {
        begin_integer(s, byte, 4, false); /* an indexed line behind the base */
        return;
    }
    s->step = TRI_H3_SECTION_VALUE;
    if (byte & 0x40u) {
        begin_integer(s, byte, 4, false); /* the name of an entry */
    } else if (byte & 0x20u) {
        begin_integer(s, byte, 3, true); /* a name spelled out */
    } else {
        begin_integer(s, byte, 3, false); /* the name of an entry behind the base */
    }
}

static void begin(struct tri_h3_section *s, uint8_t byte)
{
    switch ((enum tri_h3_section_step)s->step) {
    case TRI_H3_SECTION_COUNT:
        s->step = TRI_H3_SECTION_BASE;
        begin_integer(s, byte, 8, false);
        return;
    case TRI_H3_SECTION_BASE:
        s->step = TRI_H3_SECTION_LINE;
        begin_integer(s, byte, 7, false);
        return;
    case TRI_H3_SECTION_LINE:
        begin_line(s, byte);
        return;
    case TRI_H3_SECTION_VALUE:
        s->step = TRI_H3_SECTION_LINE;
        begin_integer(s, byte, 7, true);
        return;
    }
}

void tri_h3_section_read(struct tri_h3_section *s, const uint8_t *data, size_t len)
{
    for (size_t at = 0; at < len;) {
        if (s->is_integer) {
            go_on(s, data[at++]);
        } else if (s->value > 0) { /* inside a string */
            const size_t n = s->value < len - at ? (size_t)s->value : len - at;
            s->value -= n;
            at += n;
        } else {
            begin(s, data[at++]);
        }
    }
}
