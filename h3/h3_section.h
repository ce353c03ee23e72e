/*
 * Counts the field lines of an encoded field section (RFC 9204 section 4.5) without decoding any.
 *
 * nghttp3 leaves out a field whose name or value holds what no field may, and tells nobody; a
 * request with such a field is malformed (RFC 9114 section 10.3). So what it tells of is compared
 * with what was there. A section that cannot be decoded is nghttp3's to refuse: the count means
 * nothing then.
 */
#ifndef TRI_H3_SECTION_H
#define TRI_H3_SECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum tri_h3_section_step {
    TRI_H3_SECTION_COUNT, /* the Required Insert Count */
    TRI_H3_SECTION_BASE,
    TRI_H3_SECTION_LINE,
    TRI_H3_SECTION_VALUE, /* a string that ends a line */
};

/* All zero is a new one. */
struct tri_h3_section {
    uint64_t value; /* of the integer that arrives; then bytes of the string to skip */
    uint32_t lines;
    uint8_t step;    /* enum tri_h3_section_step: what begins next */
    uint8_t shift;   /* of the integer's next byte */
    bool is_integer; /* an integer goes on */
    bool is_length;  /* and is a string's length */
};

void tri_h3_section_read(struct tri_h3_section *s, const uint8_t *data, size_t len);

#endif
